//! Everything that can go wrong at run time, a variant per cause.

mod words;

use std::path::{Path, PathBuf};

use crate::state::safetensors::Report;

/// What went wrong, with what was expected and what was found.
///
/// An error changes nothing: parameters, gradients and counters are as they were before the call,
/// unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// An array whose shape is not what the model declares.
    Shape {
        /// The input, target or parameter.
        name: String,
        /// The expected shape, `batch` standing for any number of samples the workspace holds.
        expected: String,
        /// The shape that came.
        found: Vec<usize>,
    },
    /// Inputs and targets that disagree about the number of samples.
    Batch {
        /// The input or target that disagrees.
        name: String,
        /// The batch of the first input.
        expected: usize,
        /// The batch that came.
        found: usize,
    },
    /// A batch of none, or of more samples than the workspace holds.
    BatchSize {
        /// The most samples the workspace holds.
        capacity: usize,
        /// The batch that came.
        found: usize,
    },
    /// A workspace made for inference was given to a call that needs gradients.
    InferenceWorkspace {
        /// The call.
        call: &'static str,
    },
    /// A call that takes more memory than its workspace has: `forward` in one for training, where it has all of outputs
    /// that training never has as a whole.
    Room {
        /// The call.
        call: &'static str,
        /// The batch that came.
        batch: usize,
        /// The bytes that it takes.
        bytes: usize,
        /// Those of the workspace.
        room: usize,
        /// The most samples for which there is room; it may be none.
        most: usize,
    },
    /// An output that the workspace does not hold.
    NoOutput {
        /// The output.
        name: String,
        /// Why it is not there, and what to do.
        why: &'static str,
    },
    /// An id (or class) outside the table it indexes.
    IdOutOfRange {
        /// The input or target.
        name: String,
        /// Its position: an index for each axis.
        index: Vec<usize>,
        /// The number of rows (classes) there are.
        limit: usize,
        /// The id that came.
        found: u32,
    },
    /// Every position of a target is the ignored class: the mean over none is undefined.
    AllIgnored {
        /// The target.
        name: String,
        /// The ignored class.
        ignore_index: u32,
    },
    /// A name that the model (or the workspace) has not.
    UnknownName {
        /// What was looked for: a parameter, an output, a group.
        what: &'static str,
        /// The name that came.
        found: String,
        /// The nearest that exist.
        nearest: Vec<String>,
    },
    /// A number outside what it may be.
    Argument {
        /// The argument.
        name: String,
        /// What it may be.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// An optimizer, gradients or workspace of another model, or of a model of another shape.
    Mismatch {
        /// What does not fit.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What came.
        found: String,
    },
    /// Memory that can't be had.
    OutOfMemory {
        /// Bytes asked for.
        bytes: usize,
        /// What for.
        what: &'static str,
    },
    /// Memory of a GPU that can't be had.
    GpuMemory {
        /// Bytes asked for.
        bytes: usize,
        /// What for.
        what: &'static str,
        /// Bytes that were free.
        free: usize,
        /// Bytes of the GPU.
        total: usize,
    },
    /// A library that a GPU needs can't be loaded.
    Library {
        /// Which.
        library: String,
        /// Where it was looked for, in order; with what the system said of a file that is there.
        looked: Vec<String>,
    },
    /// There is no such GPU.
    NoGpu {
        /// The number asked for, from 0.
        ordinal: usize,
        /// How many there are.
        count: usize,
    },
    /// Kernels that can't be compiled.
    KernelBuild {
        /// Whose.
        kernel: &'static str,
        /// The architecture.
        arch: String,
        /// What the compiler said.
        log: String,
    },
    /// A GPU that does not do what it was asked for.
    Gpu {
        /// What.
        action: String,
        /// What the driver said.
        message: String,
    },
    /// A size that does not fit in the address space.
    Overflow {
        /// What was being sized.
        what: &'static str,
        /// The batch asked for.
        batch: usize,
    },
    /// Worker threads that could not be started.
    Threads {
        /// How many were asked for.
        asked: usize,
        /// What the system said.
        message: String,
    },
    /// A worker thread panicked; the buffers the call was writing hold unspecified numbers.
    WorkerPanic {
        /// The panic's message.
        message: String,
    },
    /// A step whose loss or gradient is not finite. It has changed no parameter.
    NotFinite {
        /// Which, counted from 1.
        step: u64,
        /// Its loss.
        loss: f64,
        /// What in it is not finite first: a parameter, an input, the value of a layer, or a gradient.
        first: String,
    },
    /// Samples that can't be used.
    Data {
        /// Which, and where they are.
        place: String,
        /// What they should be.
        expected: String,
        /// What they are.
        found: String,
    },
    /// A file that can't be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// What was tried: `read`, `write` or `remove`.
        action: &'static str,
        /// What the system said.
        message: String,
    },
    /// A file that does not begin as a state does.
    NotState {
        /// Which.
        path: PathBuf,
        /// What it begins with.
        found: String,
    },
    /// A state of a version that this library does not read.
    StateVersion {
        /// Of which file.
        path: PathBuf,
        /// The latest that is read.
        supported: u32,
        /// The file's.
        found: u32,
    },
    /// A state whose numbers have their bytes in another order.
    StateByteOrder {
        /// Of which file.
        path: PathBuf,
        /// What it says of the order.
        found: u8,
    },
    /// The state of another model.
    StateModel {
        /// Of which file.
        path: PathBuf,
        /// The model that was to be loaded.
        expected: String,
        /// The file's.
        found: String,
    },
    /// A state of parameters of another type.
    StateDtype {
        /// Of which file.
        path: PathBuf,
        /// The type of the model's.
        expected: &'static str,
        /// That of the file's.
        found: String,
    },
    /// A state of other parameters: another name, shape, order or number of them.
    StateLayout {
        /// Of which file.
        path: PathBuf,
        /// The first that differs, in the model.
        expected: String,
        /// The same, in the file.
        found: String,
    },
    /// The state of another optimizer.
    StateOptimizer {
        /// Of which file.
        path: PathBuf,
        /// The optimizer that was to be loaded, and what it keeps.
        expected: String,
        /// The file's.
        found: String,
    },
    /// The state of a run over more samples than there are.
    StateData {
        /// Of which file.
        path: PathBuf,
        /// The sample that it goes on at, counted from 0.
        position: u64,
        /// How many samples there are.
        samples: usize,
    },
    /// A state of a step behind the one that a run is at, in the folder that it saves into: that of another run.
    StateBehind {
        /// The state's file.
        path: PathBuf,
        /// The step that the run is at.
        step: u64,
        /// The state's.
        found: u64,
    },
    /// A file that does not begin as safetensors do.
    NotWeights {
        /// Which.
        path: PathBuf,
        /// What it begins with.
        found: String,
    },
    /// Weights that are not those of the model.
    Weights {
        /// In which file.
        path: PathBuf,
        /// What does not fit.
        report: Box<Report>,
    },
    /// A state, or weights, that are cut off or changed.
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where it is.
        section: String,
        /// What is wrong there.
        what: String,
    },
    /// A defect of this library: please report it.
    Internal {
        /// What did not hold.
        message: String,
    },
}

impl Error {
    /// What the system said when a file was to be read, written or removed.
    pub(crate) fn file(path: &Path, action: &'static str, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), action, message: error.to_string() }
    }

    /// A number, or a word, outside what it may be.
    pub(crate) fn argument(name: &str, expected: &'static str, found: impl ToString) -> Self {
        Self::Argument { name: name.to_owned(), expected, found: found.to_string() }
    }

    /// The same, if it says that memory can't be had, with what it was for.
    pub(crate) fn wanted_for(mut self, purpose: &'static str) -> Self {
        if let Self::OutOfMemory { what, .. } | Self::GpuMemory { what, .. } = &mut self {
            *what = purpose;
        }
        self
    }

    /// That there is one of something, or more.
    pub(crate) fn unless_at_least_1(name: &str, number: u64) -> Result<(), Self> {
        if number > 0 { Ok(()) } else { Err(Self::argument(name, "at least 1", number)) }
    }

    /// A defect of this library, described.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::Internal { message: message.into() }
    }
}

impl std::error::Error for Error {}

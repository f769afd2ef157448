//! Everything that can go wrong at run time, a variant per cause.

use std::fmt;
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
        library: &'static str,
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { name, expected, found } => {
                write!(f, "`{name}` must have shape {expected} but has {found:?}")
            }
            Self::Batch { name, expected, found } => write!(
                f,
                "`{name}` holds {found} samples but the first input holds {expected} -- give every array the same first axis"
            ),
            Self::BatchSize { found: 0, .. } => f.write_str("the batch must be at least 1 sample but is 0"),
            Self::BatchSize { capacity, found } => write!(
                f,
                "the batch must be at most {capacity} samples, the workspace's size, but is {found} -- make a larger workspace or split the batch"
            ),
            Self::InferenceWorkspace { call } => write!(
                f,
                "`{call}` needs a workspace to train in, but this one was made for `forward` alone -- make it with `workspace(batch)`"
            ),
            Self::NoOutput { name, why } => {
                write!(f, "the workspace does not hold the output `{name}`: {why}")
            }
            Self::IdOutOfRange { name, index, limit, found } => {
                write!(f, "`{name}` holds {found} at {index:?} but ids must be below {limit}")
            }
            Self::AllIgnored { name, ignore_index } => write!(
                f,
                "every position of `{name}` is the ignored class {ignore_index}, so there is no mean loss -- leave such a batch out"
            ),
            Self::UnknownName { what, found, nearest } => {
                write!(f, "there is no {what} `{found}`")?;
                match nearest.as_slice() {
                    [] => Ok(()),
                    names => write!(f, " -- did you mean `{}`?", names.join("`, `")),
                }
            }
            Self::Argument { name, expected, found } => {
                write!(f, "`{name}` must be {expected} but is {found}")
            }
            Self::Mismatch { what, expected, found } => {
                write!(f, "{what} must be of {expected} but is of {found}")
            }
            Self::OutOfMemory { bytes, what } => write!(
                f,
                "could not get {bytes} bytes for {what} -- use a smaller batch, or a plan that keeps less"
            ),
            Self::GpuMemory { bytes, what, free, total } => write!(
                f,
                "could not get {bytes} bytes for {what} on the GPU, of whose {total} bytes {free} are free -- use a smaller batch, or a plan that keeps less"
            ),
            Self::Library { library, looked } => write!(
                f,
                "could not load {library}, looked for as {} -- install it, name its folder in `REMAT_CUDA_LIB_DIR`, or train on the CPU",
                looked.join(", ")
            ),
            Self::NoGpu { ordinal, count } => {
                write!(f, "there is no GPU {ordinal}: there are {count}, counted from 0")
            }
            Self::KernelBuild { kernel, arch, log } => {
                write!(f, "could not compile the kernels of `{kernel}` for {arch}: {log}")
            }
            Self::Gpu { action, message } => write!(f, "the GPU failed {action}: {message}"),
            Self::Overflow { what, batch } => {
                write!(f, "the size of {what} for a batch of {batch} overflows -- use a smaller batch")
            }
            Self::Threads { asked, message } => {
                write!(f, "could not start {asked} worker threads: {message} -- ask for fewer")
            }
            Self::WorkerPanic { message } => write!(f, "a worker thread panicked: {message}"),
            Self::NotFinite { step, loss, first } => {
                write!(
                    f,
                    "step {step} has the loss {loss}: the first in it that is not finite is {first} -- "
                )?;
                // No rate mends data.
                f.write_str(if first.starts_with("the input ") {
                    "look at the data, which has numbers there that are not finite"
                } else {
                    "lower the learning rate, clip with `clip_norm`"
                })?;
                f.write_str(", or leave such steps out with `skip_not_finite`")
            }
            Self::Data { place, expected, found } => {
                write!(f, "{place} must be {expected} but is {found} -- mend it, or give other data")
            }
            Self::File { path, action, message } => {
                write!(f, "could not {action} {}: {message}", path.display())?;
                match *action {
                    "write" => f.write_str(" -- choose a file that can be written"),
                    "read" => f.write_str(" -- choose a file that can be read"),
                    _ => Ok(()),
                }
            }
            Self::NotState { path, found } => write!(
                f,
                "{} is no state of a model: it begins with {found} -- load a file that `state::save` wrote",
                path.display()
            ),
            Self::StateVersion { path, supported, found } => {
                write!(
                    f,
                    "{} is of version {found} but versions 1 to {supported} are read -- ",
                    path.display()
                )?;
                f.write_str(if found > supported {
                    "load it with a newer remat"
                } else {
                    "no remat writes such a state, so load another"
                })
            }
            Self::StateByteOrder { path, found } => write!(
                f,
                "{} should hold its numbers with the lowest byte first, which `<` stands for, but says {found:#04x} -- save it anew",
                path.display()
            ),
            Self::StateModel { path, expected, found } => write!(
                f,
                "{} is the state of a `{found}` but was loaded into a `{expected}` -- load one of that model",
                path.display()
            ),
            Self::StateDtype { path, expected, found } => write!(
                f,
                "the parameters in {} are {found} but those of the model are {expected} -- load it on a device of that type",
                path.display()
            ),
            Self::StateLayout { path, expected, found } => write!(
                f,
                "{} holds {found} where the model has {expected} -- declare the model as it was when this was saved",
                path.display()
            ),
            Self::StateOptimizer { path, expected, found } => write!(
                f,
                "{} holds the state of {found} but was loaded into {expected} -- make the optimizer as it was made then",
                path.display()
            ),
            Self::StateData { path, position, samples } => write!(
                f,
                "{} goes on at sample {position}, which must be below the number of samples but is not below {samples} -- train on the dataset of that run, or begin in another folder",
                path.display()
            ),
            Self::StateBehind { path, step, found } => write!(
                f,
                "the folder of a run must hold no state behind the step that it is at, {step}, but {} is of step {found} of another run -- go on from it with `resume`, save into another folder, or remove it",
                path.display()
            ),
            Self::NotWeights { path, found } => write!(
                f,
                "{} is no safetensors file: it begins with {found} -- save the weights with `safetensors.torch.save_file`",
                path.display()
            ),
            Self::Weights { path, report } => {
                write!(f, "the weights in {} are not those of the model: {report}", path.display())?;
                f.write_str(" -- rename them, or load what fits with `safetensors::load_partial`")
            }
            Self::Damaged { path, section, what } => write!(
                f,
                "{} is damaged: {section} {what} -- load another state, or copy this one again",
                path.display()
            ),
            Self::Internal { message } => {
                write!(f, "internal error: {message} -- this is a defect of remat, please report it")
            }
        }
    }
}

impl std::error::Error for Error {}

//! What each error says: what was expected, what came, and the fix.

use std::fmt;

use super::Error;

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
            Self::Room { call, batch, bytes, room, most } => {
                write!(
                    f,
                    "`{call}` of {batch} samples takes {bytes} bytes, and this workspace has {room}, what training takes -- make one for it with `inference_workspace({batch})`"
                )?;
                if *most > 0 { write!(f, ", or bring at most {most} samples at once") } else { Ok(()) }
            }
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

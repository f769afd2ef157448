#![doc = include_str!("becomes.md")]

mod accumulator;
mod frame;
mod grads;
#[doc(hidden)]
pub mod init;
pub(crate) mod names;
mod output;
mod params;
mod probe;
#[cfg(any(test, kani))]
mod proofs;
#[cfg(test)]
pub(crate) mod toy;
mod training;
mod workspace;

use std::fmt;

use crate::device::{Device, Report};
use crate::error::Error;
use crate::plan::Plan;

pub use accumulator::Accumulator;
pub(crate) use accumulator::{of_batch, of_samples};
pub use frame::Frame;
pub use grads::{Grads, GradsMut};
pub(crate) use grads::{spans, trained};
pub use output::{Output, OutputSpec};
pub(crate) use params::Param;
pub use params::{Params, ParamsMut};
pub use probe::Seen;
pub(crate) use probe::{Probe, first_not_finite};
pub use training::{After, Trained};
pub use workspace::{Call, check_batch, check_ids, check_shape};

/// What the generated code knows about a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamSpec {
    /// Its path, as in PyTorch's `state_dict`: `blocks.0.attn.qkv.weight`.
    pub path: &'static str,
    /// Its axes.
    pub shape: &'static [usize],
    /// Where it starts, in elements from the start of the parameters; a multiple of 64.
    pub offset: usize,
    /// How it is drawn.
    pub init: Init,
    /// `#[frozen]`: never trained, so it has no gradient.
    pub frozen: bool,
    /// Other paths of the same parameter (weight tying).
    pub aliases: &'static [&'static str],
}

impl ParamSpec {
    /// What a table of them is made of before it is filled.
    pub(crate) const EMPTY: Self =
        Self { path: "", shape: &[], offset: 0, init: Init::Constant(0.0), frozen: false, aliases: &[] };
}

/// How a parameter is drawn from the seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Every element the same.
    Constant(f64),
    /// Even in [-bound, bound).
    Uniform(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
}

/// A model that `model!` generated.
pub trait Model: Sized + Send + Sync {
    /// Where it runs.
    type Device: Device;
    /// The name it was declared with.
    const NAME: &'static str;
    /// Its parameters, in order of declaration; aliases are not repeated.
    const PARAMS: &'static [ParamSpec];
    /// Its plan, in the layout of its device.
    const PLAN: Plan;
    /// Its outputs, in order of declaration.
    #[doc(hidden)]
    const OUTPUTS: &'static [OutputSpec];
    /// The state that generated code works on.
    #[doc(hidden)]
    fn core(&self) -> &Core<Self::Device>;
    /// The state that generated code works on.
    #[doc(hidden)]
    fn core_mut(&mut self) -> &mut Core<Self::Device>;

    /// Its parameters, by name.
    fn params(&self) -> Params<'_, Self> {
        Params::new(self)
    }

    /// Its parameters, by name, to change.
    fn params_mut(&mut self) -> ParamsMut<'_, Self> {
        ParamsMut::new(self)
    }

    /// Memory to train in, for batches of 1 to `batch` samples.
    ///
    /// # Errors
    /// [`Error::BatchSize`] for 0, [`Error::Overflow`], [`Error::OutOfMemory`].
    fn workspace(&self, batch: usize) -> Result<Workspace<Self>, Error> {
        Workspace::new(self, batch, true)
    }

    /// Memory for `forward` alone, for batches of 1 to `batch` samples.
    ///
    /// # Errors
    /// As [`workspace`](Self::workspace).
    fn inference_workspace(&self, batch: usize) -> Result<Workspace<Self>, Error> {
        Workspace::new(self, batch, false)
    }
}

/// A model whose inputs and targets come as one value: what loops are written for that know no model, as
/// [`Trainer`](crate::train::Trainer). Every model that `model!` generates is one.
pub trait Trainable: Model {
    /// Its inputs, then its targets, in the order of the methods' arguments: a tuple of arrays whose first axis is the
    /// batch. `(Array2<f32>, Array1<u32>)` for `input x: f32[4]; target label: u32;`; of one array alone it is `(x,)`.
    type Batch: Send;

    /// What the generated `forward_backward` does.
    ///
    /// # Errors
    /// Its own.
    fn train_batch(
        &mut self,
        ws: &mut Workspace<Self>,
        batch: &Self::Batch,
    ) -> Result<<Self::Device as Device>::Scalar, Error>;

    /// The same, and `after` behind it: see [`train::step`](crate::train::step).
    #[doc(hidden)]
    fn train_batch_then(
        &mut self,
        ws: &mut Workspace<Self>,
        batch: &Self::Batch,
        after: &mut dyn After<Self>,
    ) -> Result<Report, Error>;

    /// What the generated `evaluate` does.
    ///
    /// # Errors
    /// Its own.
    fn evaluate_batch(
        &self,
        ws: &mut Workspace<Self>,
        batch: &Self::Batch,
    ) -> Result<<Self::Device as Device>::Scalar, Error>;

    /// How many samples the first array of `batch` holds.
    fn samples(batch: &Self::Batch) -> usize;
}

/// The state of a model.
#[doc(hidden)]
pub struct Core<D: Device> {
    /// Where the parameters are.
    pub device: D,
    /// All parameters, each at its [`ParamSpec::offset`].
    pub params: D::Buf,
    /// What parameters and random layers are drawn from.
    pub seed: u64,
    /// Training calls that succeeded.
    pub steps: u64,
}

/// Numbers, not the parameters.
impl<D: Device> fmt::Debug for Core<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("seed", &self.seed).field("steps", &self.steps).finish_non_exhaustive()
    }
}

impl<D: Device> Core<D> {
    /// Parameters drawn from `seed`.
    pub fn new(device: &D, specs: &[ParamSpec], seed: u64) -> Result<Self, Error> {
        let elements = specs.last().map_or(0, |s| s.offset + s.elements().next_multiple_of(64));
        let mut params = device.alloc(elements * size_of::<D::Param>())?;
        init::draw(device, specs, &mut params, seed)?;
        Ok(Self { device: device.clone(), params, seed, steps: 0 })
    }
}

/// The one allocation that a model computes in.
pub struct Workspace<M: Model> {
    pub(crate) arena: <M::Device as Device>::Buf,
    pub(crate) capacity: usize,
    pub(crate) device: M::Device,
    /// Whether there is room for gradients (`workspace`), or for `forward` alone.
    pub(crate) training: bool,
    pub(crate) bytes: usize,
    /// The memory of the host for what waits there.
    pub(crate) host: <M::Device as Device>::Host,
    /// The batch whose training buffers it holds, if that was the last call.
    pub(crate) trained: Option<usize>,
    /// What the device keeps of the programs that ran in it.
    pub(crate) graphs: <M::Device as Device>::Graphs,
    /// What watches the calls that run in it, while someone looks.
    pub(crate) probe: Option<Probe>,
}

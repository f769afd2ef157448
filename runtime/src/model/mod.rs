//! What every generated model is: parameters on a device, a plan, and workspaces to train in.

mod grads;
#[doc(hidden)]
pub mod init;
pub(crate) mod names;
mod params;
#[cfg(test)]
pub(crate) mod toy;

use crate::device::Device;
use crate::plan::Plan;

pub(crate) use grads::trained;
pub use grads::{Grads, GradsMut};
pub(crate) use params::Param;
pub use params::{Params, ParamsMut};

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

/// The one allocation that a model computes in.
pub struct Workspace<M: Model> {
    pub(crate) arena: <M::Device as Device>::Buf,
    pub(crate) capacity: usize,
    pub(crate) device: M::Device,
    /// Whether there is room for gradients (`workspace`), or for `forward` alone.
    pub(crate) training: bool,
}

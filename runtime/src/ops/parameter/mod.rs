//! Parameter: a learned tensor, the same for each sample.

use crate::device::{Device, ParamGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Elements.
    pub len: usize,
}

/// `y[sample]` = weight
pub struct Forward<'a, D: Device> {
    /// [batch, len] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// `[len]`
    pub weight: D::View<'a, D::Param>,
}

/// dweight = sum of dy over the samples, in order
pub struct Backward<'a, D: Device> {
    /// `[len]` = or +=
    pub dweight: Option<ParamGrad<'a, D>>,
    /// [batch, len]
    pub dy: D::View<'a, D::Elem>,
}

/// The kernels of `Parameter`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Parameter`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// `y[sample]` = weight
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dweight = sum of dy over the samples, in order
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

//! Softmax over one axis: y = exp(x - max x) / sum of exp(x - max x).

use crate::device::{Device, ElemGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
pub(crate) mod row;
#[cfg(test)]
mod tests;

/// The shape of one sample: [outer, len, inner], softmax over `len`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// The product of the axes before the axis.
    pub outer: usize,
    /// The length of the axis.
    pub len: usize,
    /// The product of the axes after it.
    pub inner: usize,
}

/// y = softmax(x)
pub struct Forward<'a, D: Device> {
    /// [batch, outer, len, inner] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, outer, len, inner]
    pub x: D::View<'a, D::Elem>,
}

/// dx = y (dy - sum of y dy over the axis)
pub struct Backward<'a, D: Device> {
    /// [batch, outer, len, inner] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [batch, outer, len, inner]
    pub dy: D::View<'a, D::Elem>,
    /// [batch, outer, len, inner]
    pub y: D::View<'a, D::Elem>,
}

/// The kernels of Softmax.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Softmax`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = softmax(x)
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx = y (dy - sum of y dy)
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

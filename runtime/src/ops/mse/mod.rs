//! Mean squared error over all elements of the batch: loss = mean of (x - target)^2.

use crate::device::{Device, ElemGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Elements.
    pub len: usize,
}

/// loss = mean of (x - target)^2
pub struct Forward<'a, D: Device> {
    /// `[1]` =
    pub loss: D::ViewMut<'a, D::Scalar>,
    /// `[batch]` =, each sample's sum of squares.
    pub scratch: D::ViewMut<'a, D::Scalar>,
    /// [batch, len]
    pub x: D::View<'a, D::Elem>,
    /// [batch, len]
    pub target: D::View<'a, D::Elem>,
}

/// dx = 2 dloss (x - target) / (batch len), dtarget = -dx
pub struct Backward<'a, D: Device> {
    /// [batch, len] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [batch, len] = or +=
    pub dtarget: Option<ElemGrad<'a, D>>,
    /// `[1]`
    pub dloss: D::View<'a, D::Scalar>,
    /// [batch, len]; `None`: the last of the gradients that are there holds it, and is overwritten. Then its `add` is false.
    pub x: Option<D::View<'a, D::Elem>>,
    /// [batch, len]
    pub target: D::View<'a, D::Elem>,
}

/// The kernels of Mse.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Mse`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// loss = mean of (x - target)^2
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx = 2 dloss (x - target) / (batch len), dtarget = -dx
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

//! A weighted sum of losses: loss = w_0 x_0 + w_1 x_1 + ..., in that order.

use crate::device::{Device, Grad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

/// The arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// A weight for each loss that is read.
    pub weights: &'static [f64],
}

/// The gradient of a loss on device `D`.
pub type ScalarGrad<'a, D> = Grad<<D as Device>::ViewMut<'a, <D as Device>::Scalar>>;

/// loss = sum of w_i x_i
pub struct Forward<'a, D: Device> {
    /// `[1]` =
    pub loss: D::ViewMut<'a, D::Scalar>,
    /// As many as the weights, each `[1]`.
    pub xs: &'a [D::View<'a, D::Scalar>],
}

/// dx_i = w_i dloss
pub struct Backward<'a, 'g, D: Device> {
    /// As many as the weights, each `[1]` = or +=
    pub dxs: &'g mut [Option<ScalarGrad<'a, D>>],
    /// `[1]`
    pub dloss: D::View<'a, D::Scalar>,
}

/// The kernels of Sum.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Sum`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// loss = sum of w_i x_i
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx_i = w_i dloss
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, '_, Self>) -> Result<(), Error>;
}

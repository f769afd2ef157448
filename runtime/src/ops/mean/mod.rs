//! Mean: the mean along an axis, which goes.

use crate::device::{Device, ElemGrad};
use crate::error::Error;

mod cpu;

/// The shape of one sample: [outer, len, inner].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// The product of the axes before.
    pub outer: usize,
    /// The axis.
    pub len: usize,
    /// The product of the axes after.
    pub inner: usize,
}

/// y[o, i] = the mean of x[o, .., i]
pub struct Forward<'a, D: Device> {
    /// [batch, outer, inner] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, outer, len, inner]
    pub x: D::View<'a, D::Elem>,
}

/// dx[o, l, i] = dy[o, i] / len
pub struct Backward<'a, D: Device> {
    /// [batch, outer, len, inner] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [batch, outer, inner]
    pub dy: D::View<'a, D::Elem>,
}

/// The kernels of Mean.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Mean`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y[o, i] = the mean of x[o, .., i]
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx[o, l, i] = dy[o, i] / len
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

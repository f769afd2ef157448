//! Mean over an axis.

use crate::device::{Device, ElemGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// The product of the axes before it.
    pub outer: usize,
    /// Its size.
    pub len: usize,
    /// The product of the axes after it.
    pub inner: usize,
}

/// y = sum of x over the axis / len
pub struct Forward<'a, D: Device> {
    /// [batch, outer, inner] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, outer, len, inner]
    pub x: D::View<'a, D::Elem>,
}

/// dx = dy / len, at each position of the axis
pub struct Backward<'a, D: Device> {
    /// [batch, outer, len, inner] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [batch, outer, inner]
    pub dy: D::View<'a, D::Elem>,
}

/// The kernels of `Mean`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Mean`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = sum of x over the axis / len
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx = dy / len, at each position of the axis
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

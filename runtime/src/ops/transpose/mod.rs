//! Transpose: two axes swapped.

use crate::device::{Device, ElemGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// The product of the axes before both.
    pub outer: usize,
    /// The first of the two.
    pub a: usize,
    /// The product of the axes between them.
    pub mid: usize,
    /// The second of the two.
    pub b: usize,
    /// The product of the axes after both.
    pub inner: usize,
}

/// y[b, mid, a] = x[a, mid, b]
pub struct Forward<'a, D: Device> {
    /// [batch, outer, b, mid, a, inner] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, outer, a, mid, b, inner]
    pub x: D::View<'a, D::Elem>,
}

/// dx[a, mid, b] = dy[b, mid, a]
pub struct Backward<'a, D: Device> {
    /// [batch, outer, a, mid, b, inner] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [batch, outer, b, mid, a, inner]
    pub dy: D::View<'a, D::Elem>,
}

/// The kernels of `Transpose`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Transpose`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y[b, mid, a] = x[a, mid, b]
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx[a, mid, b] = dy[b, mid, a]
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

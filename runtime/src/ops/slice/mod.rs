//! Slice: some of an axis.

use crate::device::{Device, ElemGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// The product of the axes before the sliced one.
    pub outer: usize,
    /// Its size.
    pub len: usize,
    /// The product of the axes after it.
    pub inner: usize,
    /// The first position taken.
    pub start: usize,
    /// How many are taken.
    pub take: usize,
}

/// y = x[start..start + take]
pub struct Forward<'a, D: Device> {
    /// [batch, outer, take, inner] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, outer, len, inner]
    pub x: D::View<'a, D::Elem>,
}

/// dx[start..start + take] = dy
pub struct Backward<'a, D: Device> {
    /// [batch, outer, len, inner] = (0 where nothing was taken) or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [batch, outer, take, inner]
    pub dy: D::View<'a, D::Elem>,
}

/// The kernels of `Slice`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Slice`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = x[start..start + take]
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx[start..start + take] = dy
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

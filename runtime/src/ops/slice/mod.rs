//! Slice: a run of an axis.

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
    /// Where the run begins.
    pub start: usize,
    /// How long it is.
    pub take: usize,
}

/// y = x[.., start..start + take, ..]
pub struct Forward<'a, D: Device> {
    /// [batch, outer, take, inner] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, outer, len, inner]
    pub x: D::View<'a, D::Elem>,
}

/// dx = dy in the run, 0 elsewhere
pub struct Backward<'a, D: Device> {
    /// [batch, outer, len, inner] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [batch, outer, take, inner]
    pub dy: D::View<'a, D::Elem>,
}

/// The kernels of Slice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Slice`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = x[.., start..start + take, ..]
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx = dy in the run, 0 elsewhere
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

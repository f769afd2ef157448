//! Concat: several values one after the other along an axis.

use crate::device::{Device, ElemGrad};
use crate::error::Error;

mod cpu;

/// The shape of one sample: [outer, axis, inner].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// The product of the axes before.
    pub outer: usize,
    /// The product of the axes after.
    pub inner: usize,
    /// The size of each value along the axis.
    pub parts: &'static [usize],
}

/// y = the values side by side
pub struct Forward<'a, D: Device> {
    /// [batch, outer, sum of parts, inner] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, outer, part, inner] each
    pub xs: &'a [D::View<'a, D::Elem>],
}

/// dx = its part of dy
pub struct Backward<'a, 'g, D: Device> {
    /// [batch, outer, part, inner] each = or +=
    pub dxs: &'g mut [Option<ElemGrad<'a, D>>],
    /// [batch, outer, sum of parts, inner]
    pub dy: D::View<'a, D::Elem>,
}

/// The kernels of Concat.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Concat`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = the values side by side
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx = its part of dy
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, '_, Self>) -> Result<(), Error>;
}

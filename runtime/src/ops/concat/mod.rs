//! Concat: several values joined along an axis.

use crate::device::{Device, ElemGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// The product of the axes before the joined one.
    pub outer: usize,
    /// The product of the axes after it.
    pub inner: usize,
    /// Each input's size along it.
    pub parts: &'static [usize],
}

impl Spec {
    /// The elements of a row of y.
    fn width(&self) -> usize {
        self.parts.iter().sum::<usize>() * self.inner
    }
}

/// y = the xs side by side
pub struct Forward<'a, D: Device> {
    /// [batch, outer, sum of parts, inner] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, outer, `parts[k]`, inner] for each k
    pub xs: &'a [D::View<'a, D::Elem>],
}

/// `dxs[k]` = the part of dy that `x[k]` became
pub struct Backward<'a, 'g, D: Device> {
    /// [batch, outer, `parts[k]`, inner] for each k, = or +=
    pub dxs: &'g mut [Option<ElemGrad<'a, D>>],
    /// [batch, outer, sum of parts, inner]
    pub dy: D::View<'a, D::Elem>,
}

/// The kernels of `Concat`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Concat`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = the xs side by side
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// `dxs[k]` = the part of dy that `x[k]` became
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, '_, Self>) -> Result<(), Error>;
}

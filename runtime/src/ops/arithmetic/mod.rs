//! `Add`, `Sub` and `Mul` of two values of one shape, of which the first may be dropped out in the same call.

use super::dropout::Mask;
use crate::device::{Device, ElemGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

/// What is done to the two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// a + b
    Add,
    /// a - b
    Sub,
    /// a b, elementwise
    Mul,
}

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Elements.
    pub len: usize,
    /// What is done.
    pub op: Arithmetic,
}

/// y = a + b, a - b or a b; with a `mask`, a is dropped out first, rounded to elements.
pub struct Forward<'a, D: Device> {
    /// [batch, len] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, len] =: a as it is dropped out; absent without a `mask`, and if nothing else reads it.
    pub dropped: Option<D::ViewMut<'a, D::Elem>>,
    /// [batch, len]; `None`: `y` holds it, and is overwritten.
    pub a: Option<D::View<'a, D::Elem>>,
    /// [batch, len]; may be the same elements as `a`, unless `y` holds that.
    pub b: D::View<'a, D::Elem>,
    /// By what a is dropped out, if it is.
    pub mask: Option<Mask>,
}

/// da = dy, db = dy; for Sub db = -dy; for Mul da = dy b, db = dy a
pub struct Backward<'a, D: Device> {
    /// [batch, len] = or +=
    pub da: Option<ElemGrad<'a, D>>,
    /// [batch, len] = or +=; written after `da`.
    pub db: Option<ElemGrad<'a, D>>,
    /// [batch, len]; `None`: the last of `da` and `db` that is there holds it, and is overwritten, after the other is
    /// computed. Then there is one, and the last one's `add` is false.
    pub dy: Option<D::View<'a, D::Elem>>,
    /// [batch, len]; read by `Mul` for `db`.
    pub a: Option<D::View<'a, D::Elem>>,
    /// [batch, len]; read by `Mul` for `da`.
    pub b: Option<D::View<'a, D::Elem>>,
}

/// The kernels of `Add`, `Sub` and `Mul`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Add`, `Sub` and `Mul`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = a + b, a - b or a b, a dropped out first if there is a mask
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// da = dy, db = dy; for Sub db = -dy; for Mul da = dy b, db = dy a
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

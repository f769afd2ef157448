//! LayerNorm: y = (x - mean) rstd weight + bias, over rows of `dim` elements; of a sum too, which is made in the same call, and
//! of which the first may be dropped out in it.
//!
//! rstd = 1 / sqrt(variance + eps), the variance with 1/dim as in PyTorch. With g = dy weight and
//! n = (x - mean) rstd: dx = rstd (g - mean(g) - n mean(g n)), dweight = sum of dy n, dbias = sum of dy.

use super::dropout::Mask;
use crate::device::{Device, ElemGrad, ParamGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Rows of a sample.
    pub rows: usize,
    /// Elements of a row.
    pub dim: usize,
    /// Added to the variance.
    pub eps: f64,
}

/// y = (x - mean) rstd weight + bias; with `plus`, s = x + plus is normalized instead of x, as it is rounded to
/// elements; with a `mask`, x is dropped out before, and that rounded too.
pub struct Forward<'a, D: Device> {
    /// [batch, rows, dim] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, rows] =; absent if no backward reads it.
    pub mean: Option<D::ViewMut<'a, D::Scalar>>,
    /// [batch, rows] =; absent if no backward reads it.
    pub rstd: Option<D::ViewMut<'a, D::Scalar>>,
    /// [batch, rows, dim] =: s; absent without `plus`, and if nothing else reads it.
    pub sum: Option<D::ViewMut<'a, D::Elem>>,
    /// [batch, rows, dim] =: x as it is dropped out; absent without a `mask`, and if nothing else reads it.
    pub dropped: Option<D::ViewMut<'a, D::Elem>>,
    /// [batch, rows, dim]; `None`: `y` holds it, and is overwritten. Then `plus` is there.
    pub x: Option<D::View<'a, D::Elem>>,
    /// [batch, rows, dim]: what is added to x before; may be the same elements, unless `y` holds x.
    pub plus: Option<D::View<'a, D::Elem>>,
    /// By what x is dropped out, if it is. Then `plus` is there.
    pub mask: Option<Mask>,
    /// `[dim]`; 1 if absent.
    pub weight: Option<D::View<'a, D::Param>>,
    /// `[dim]`; 0 if absent.
    pub bias: Option<D::View<'a, D::Param>>,
}

impl<D: Device> Forward<'_, D> {
    /// That what is there goes together.
    ///
    /// # Errors
    /// If it does not.
    pub fn check(&self) -> Result<(), Error> {
        match (&self.plus, &self.x, &self.sum, &self.mask) {
            (None, None, ..) => Err(Error::internal("a norm without what is normalized")),
            (None, _, Some(_), _) => Err(Error::internal("a norm with a sum of one")),
            (None, _, _, Some(_)) => Err(Error::internal("a norm with a dropout and no sum")),
            _ => Ok(()),
        }
    }
}

/// dx, dweight and dbias, by the formulas of the module
pub struct Backward<'a, D: Device> {
    /// [batch, rows, dim] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// `[dim]` = or +=
    pub dweight: Option<ParamGrad<'a, D>>,
    /// `[dim]` = or +=
    pub dbias: Option<ParamGrad<'a, D>>,
    /// [batch, rows, dim]; `None`: `dx` holds it, and is written when all else is computed. Then `dx` is there, and its
    /// `add` is false.
    pub dy: Option<D::View<'a, D::Elem>>,
    /// [batch, rows, dim]
    pub x: D::View<'a, D::Elem>,
    /// [batch, rows], from forward.
    pub mean: D::View<'a, D::Scalar>,
    /// [batch, rows], from forward.
    pub rstd: D::View<'a, D::Scalar>,
    /// `[dim]`; 1 if absent.
    pub weight: Option<D::View<'a, D::Param>>,
}

/// The kernels of `LayerNorm`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `LayerNorm`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = (x - mean) rstd weight + bias, or that of x + plus, x dropped out first if there is a mask
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx, dweight and dbias, by the formulas of the module
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

//! PositionEmbedding: `y[t]` = `x[t]` + `weight[t]`.

use crate::device::{Device, ElemGrad, ParamGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Positions of a sample, at most `table`.
    pub len: usize,
    /// Rows of the weight.
    pub table: usize,
    /// Features.
    pub dim: usize,
}

/// `y[t]` = `x[t]` + `weight[t]`
pub struct Forward<'a, D: Device> {
    /// [batch, len, dim] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, len, dim]
    pub x: D::View<'a, D::Elem>,
    /// [table, dim]
    pub weight: D::View<'a, D::Param>,
}

/// dx = dy, `dweight[t]` = sum of `dy[t]` over the samples, in order
pub struct Backward<'a, D: Device> {
    /// [batch, len, dim] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [table, dim] = or +=; the rows from `len` on get 0.
    pub dweight: Option<ParamGrad<'a, D>>,
    /// [batch, len, dim]
    pub dy: D::View<'a, D::Elem>,
}

/// The kernels of `PositionEmbedding`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `PositionEmbedding`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// `y[t]` = `x[t]` + `weight[t]`
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx = dy, `dweight[t]` = sum of `dy[t]` over the samples, in order
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

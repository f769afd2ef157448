//! Embedding: `y[i]` = weight[`ids[i]`].

use crate::device::{Device, ParamGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Ids of a sample.
    pub rows: usize,
    /// Rows of the weight: ids are below it.
    pub vocab: usize,
    /// Features.
    pub dim: usize,
}

/// `y[i]` = weight[`ids[i]`]
pub struct Forward<'a, D: Device> {
    /// [batch, rows, dim] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, rows]
    pub ids: D::View<'a, u32>,
    /// [vocab, dim]
    pub weight: D::View<'a, D::Param>,
}

/// `dweight[id]` = sum of `dy[i]` over the i with `ids[i]` = id, in order
pub struct Backward<'a, D: Device> {
    /// [vocab, dim] = or +=
    pub dweight: Option<ParamGrad<'a, D>>,
    /// [batch, rows, dim]
    pub dy: D::View<'a, D::Elem>,
    /// [batch, rows]
    pub ids: D::View<'a, u32>,
}

/// The kernels of `Embedding`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Embedding`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// `y[i]` = weight[`ids[i]`]
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// `dweight[id]` = sum of `dy[i]` over the i with `ids[i]` = id, in order
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

//! Scaled dot-product attention per head: y = softmax(q k^T / sqrt(dim)) v.
//!
//! No device holds the [queries, keys] scores: they are made in blocks under a running softmax, and
//! made again in backward from the log-sum-exp of each row (FlashAttention, Dao et al. 2022;
//! FlashAttention-2, Dao 2023).

use crate::device::{Device, ElemGrad};
use crate::error::Error;

mod backward;
pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod forward;
mod product;
mod rows;
#[cfg(test)]
mod tests;
mod tile;
mod transpose;
mod vector;
mod wide;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Tokens that ask.
    pub queries: usize,
    /// Tokens that answer.
    pub keys: usize,
    /// Heads.
    pub heads: usize,
    /// Features of a head.
    pub dim: usize,
    /// Query i sees the keys up to i alone; needs as many keys as queries.
    pub causal: bool,
    /// q, k and v stand in one input, [queries, 3 heads dim]: per token q, then k, then v.
    pub packed: bool,
}

/// y = softmax(q k^T / sqrt(dim)) v
pub struct Forward<'a, D: Device> {
    /// [batch, queries, heads dim] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, heads, queries] =, the log-sum-exp of the scaled scores.
    pub lse: Option<D::ViewMut<'a, D::Scalar>>,
    /// [batch, queries, 3 heads dim] alone if packed, else q [batch, queries, heads dim] and
    /// k, v [batch, keys, heads dim].
    pub xs: &'a [D::View<'a, D::Elem>],
}

/// With p = softmax(q k^T / sqrt(dim)): dv = p^T dy, and of dp = dy v^T the gradient of the scores
/// is ds = p (dp - sum of y dy), dq = ds k / sqrt(dim), dk = ds^T q / sqrt(dim).
pub struct Backward<'a, 'g, D: Device> {
    /// As many as `xs`, and of their shapes, each = or +=.
    pub dxs: &'g mut [Option<ElemGrad<'a, D>>],
    /// [batch, queries, heads dim]
    pub dy: D::View<'a, D::Elem>,
    /// As in forward.
    pub xs: &'g [D::View<'a, D::Elem>],
    /// [batch, queries, heads dim]
    pub y: D::View<'a, D::Elem>,
    /// [batch, heads, queries]
    pub lse: D::View<'a, D::Scalar>,
}

/// The kernels of Attention and CausalAttention.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Attention` and `CausalAttention`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = softmax(q k^T / sqrt(dim)) v
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dq, dk and dv, each where it is asked for
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, '_, Self>) -> Result<(), Error>;
}

//! Dropout: y = x / (1 - p), or 0 with probability p; what an activation makes, and the first of what a sum or a norm reads,
//! may be dropped out in the same call.
//!
//! The mask is not kept: it is a function of the key and the element's index (see [`rng`](crate::rng)),
//! and is drawn again in backward. What is dropped is multiplied by 0, so that NaN stays.

use crate::device::{Device, ElemGrad, ParamGrad};
use crate::error::Error;
use crate::rng::Key;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Elements.
    pub len: usize,
    /// The probability that an element is dropped, in [0, 1).
    pub p: f64,
}

/// What decides which elements are dropped, and what the others are multiplied by. Kernels of other ops are given one on
/// devices that have the [`Kernel`] of `Dropout`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mask {
    /// What decides the words of the elements.
    pub key: Key,
    /// The probability that an element is dropped, in [0, 1).
    pub p: f64,
}

impl Mask {
    /// An element is dropped if its word, one of 2^32, is below the first; what is kept is multiplied by the second.
    fn drawn(&self) -> (u32, f64) {
        ((self.p * 2.0_f64.powi(32)).round() as u32, 1.0 / (1.0 - self.p))
    }
}

fn without_mask() -> Error {
    Error::internal("what is dropped out without a mask")
}

/// y = x mask / (1 - p)
pub struct Forward<'a, D: Device> {
    /// [batch, len] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, len]
    pub x: D::View<'a, D::Elem>,
    /// What decides the mask.
    pub key: Key,
}

/// dx = dy mask / (1 - p)
pub struct Backward<'a, D: Device> {
    /// [batch, len] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// `[outputs]` = or +=, the sum of dx over rows as long as this, which are whole: the gradient of the bias that was added
    /// right before. Then `dx` is there, and its `add` is false.
    pub dbias: Option<ParamGrad<'a, D>>,
    /// [batch, len]; `None`: `dx` holds it, and is overwritten. Then `dx` is there, and its `add` is false.
    pub dy: Option<D::View<'a, D::Elem>>,
    /// The one that forward was given.
    pub key: Key,
}

/// The kernels of `Dropout`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Dropout`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = x mask / (1 - p)
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx = dy mask / (1 - p), and its sums
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

//! Store: an activation rounded to two bytes, as `store = bf16` and `store = f16` hold a boundary.

use crate::device::Device;
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

/// How a rounded value is held. Rounding is to the nearest, of two as near to the even one; what is too large becomes
/// infinite, and NaN stays NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Format {
    /// bfloat16: the upper half of an f32, so its range, and 8 bits of significand: a relative error of up to 2^-8.
    Bf16,
    /// IEEE 754 binary16: 11 bits of significand, a relative error of up to 2^-11 from 6.1e-5 to 65504; below it
    /// the error is up to 2^-25, above it is infinite.
    F16,
}

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Elements.
    pub len: usize,
    /// What they are rounded to.
    pub format: Format,
}

/// y = round(x)
pub struct Forward<'a, D: Device> {
    /// [batch, len] =
    pub y: D::ViewMut<'a, u16>,
    /// [batch, len]
    pub x: D::View<'a, D::Elem>,
}

/// The kernel that rounds. It has no backward: gradients pass as they are (a straight-through estimator: Bengio,
/// Léonard and Courville 2013).
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `store` in `#[checkpoint(…)]`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = round(x)
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;
}

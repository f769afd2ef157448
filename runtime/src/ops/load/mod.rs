//! Load: an activation of what [`store`](super::store) holds.

use crate::device::Device;
use crate::error::Error;

pub(crate) mod cpu;

pub use super::store::Spec;

/// y = x
pub struct Forward<'a, D: Device> {
    /// [batch, len] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, len]
    pub x: D::View<'a, u16>,
}

/// The kernel that widens. It has no backward, as that of [`store`](super::store) has none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel to load what `store` in `#[checkpoint(…)]` holds",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = x, exactly
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;
}

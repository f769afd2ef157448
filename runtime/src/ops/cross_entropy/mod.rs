//! Cross-entropy of logits against class numbers, as `torch.nn.functional.cross_entropy` with
//! reduction='mean': with s = `label_smoothing` and C classes, a row's loss is
//! (1 - s) (lse - x_target) + s / C * sum over c of (lse - x_c), lse = ln of the sum of exp(x_c),
//! and the loss is the mean over the rows whose target is not `ignore_index`.
//!
//! Backward reads each row twice, for lse and then for its gradient, while it is near; so it knows the loss, and where it runs
//! instead of forward too, the logits come from memory once, and lse is kept nowhere.

use crate::device::{Device, ElemGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

/// The shape of one sample, and the arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Positions: the product of all axes but the class axis.
    pub rows: usize,
    /// Classes.
    pub classes: usize,
    /// How much of a target's weight is spread evenly over all classes, 0 to 1.
    pub label_smoothing: f64,
    /// Rows with this target have no loss and no gradient.
    pub ignore_index: Option<u32>,
}

/// loss = mean over the unignored rows of all samples
pub struct Forward<'a, D: Device> {
    /// `[1]` =
    pub loss: D::ViewMut<'a, D::Scalar>,
    /// Scratch, [batch, rows]: the rows' losses.
    pub losses: D::ViewMut<'a, D::Scalar>,
    /// [batch, rows, classes]
    pub logits: D::View<'a, D::Elem>,
    /// [batch, rows]
    pub target: D::View<'a, u32>,
}

/// dlogits = dloss / unignored rows * (softmax(logits) - smoothed target), and the loss as forward has it. Each that is absent
/// is not computed.
pub struct Backward<'a, D: Device> {
    /// `[1]` =
    pub loss: Option<D::ViewMut<'a, D::Scalar>>,
    /// [batch, rows, classes] = or +=; ignored rows are written (as 0) too.
    pub dlogits: Option<ElemGrad<'a, D>>,
    /// Scratch, [batch, rows]: the rows' losses.
    pub losses: D::ViewMut<'a, D::Scalar>,
    /// `[1]`
    pub dloss: D::View<'a, D::Scalar>,
    /// [batch, rows, classes]; `None`: `dlogits` holds them, and is overwritten. Then `dlogits` is there, and its
    /// `add` is false.
    pub logits: Option<D::View<'a, D::Elem>>,
    /// [batch, rows]
    pub target: D::View<'a, u32>,
}

/// The kernels of CrossEntropy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `CrossEntropy`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// loss = mean cross-entropy
    ///
    /// # Errors
    /// [`Error::IdOutOfRange`] and [`Error::AllIgnored`], naming `target`; the device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// The gradient, and the loss.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

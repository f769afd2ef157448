//! Linear and cross-entropy in one, some rows at a time: the logits of all rows are never there at once.
//!
//! It is what `CrossEntropy(chunks = n)` becomes in training and in evaluation: the loss is
//! [`cross_entropy`] of `x` weight^T + bias, and each of `n` chunks takes the same room for its
//! logits. Backward computes them anew, chunk by chunk, so that it can give the loss too; where it runs instead of
//! forward, nothing is computed twice (as in Liger Kernel: Hsu et al. 2024; and Wijmans et al. 2024, "Cut your losses in
//! large-vocabulary language models").

use super::{cross_entropy, linear};
use crate::device::{Device, ElemGrad, ParamGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

/// The shape of one sample, and the arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Positions: the product of all axes of `x` but the last.
    pub rows: usize,
    /// The last axis of `x`.
    pub inputs: usize,
    /// Classes.
    pub classes: usize,
    /// In how many pieces the rows of all samples are taken; divides `rows`.
    pub chunks: usize,
    /// How much of a target's weight is spread evenly over all classes, 0 to 1.
    pub label_smoothing: f64,
    /// Rows with this target have no loss and no gradient.
    pub ignore_index: Option<u32>,
}

impl Spec {
    /// Rows of a chunk for each sample.
    fn chunk_rows(&self) -> usize {
        self.rows / self.chunks.max(1)
    }

    /// The product of a chunk.
    fn linear(&self) -> linear::Spec {
        let Self { inputs, classes, .. } = *self;
        linear::Spec { rows: self.chunk_rows(), inputs, outputs: classes, activation: None }
    }

    /// The loss of a chunk's rows.
    fn cross_entropy(&self) -> cross_entropy::Spec {
        let Self { classes, label_smoothing, ignore_index, .. } = *self;
        cross_entropy::Spec { rows: self.chunk_rows(), classes, label_smoothing, ignore_index }
    }

    /// Rows of a chunk of `batch` samples, if the chunks are all rows.
    fn chunk(&self, batch: usize) -> Result<usize, Error> {
        let rows = self.chunk_rows();
        if rows * self.chunks != self.rows {
            let Self { rows, chunks, .. } = self;
            return Err(Error::internal(format!("{rows} rows in {chunks} equal chunks")));
        }
        Ok(batch * rows)
    }
}

/// loss = mean cross-entropy of x weight^T + bias over the unignored rows of all samples
pub struct Forward<'a, D: Device> {
    /// `[1]` =
    pub loss: D::ViewMut<'a, D::Scalar>,
    /// Scratch, [batch, rows]: the rows' losses.
    pub losses: D::ViewMut<'a, D::Scalar>,
    /// Scratch, [batch, rows / chunks, classes]: the logits of a chunk.
    pub logits: D::ViewMut<'a, D::Elem>,
    /// Scratch for the weight and the bias rounded to activations, as
    /// [`linear::Forward::rounded`](super::linear::Forward::rounded).
    pub rounded: D::ViewMut<'a, D::Elem>,
    /// [batch, rows, inputs]
    pub x: D::View<'a, D::Elem>,
    /// [batch, rows]
    pub target: D::View<'a, u32>,
    /// [classes, inputs]
    pub weight: D::View<'a, D::Param>,
    /// `[classes]`
    pub bias: Option<D::View<'a, D::Param>>,
}

/// The gradients, and the loss as forward has it. Each that is absent is not computed.
pub struct Backward<'a, D: Device> {
    /// `[1]` =
    pub loss: Option<D::ViewMut<'a, D::Scalar>>,
    /// [batch, rows, inputs] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [classes, inputs] = or +=
    pub dweight: Option<ParamGrad<'a, D>>,
    /// `[classes]` = or +=
    pub dbias: Option<ParamGrad<'a, D>>,
    /// Scratch, [batch, rows]: the rows' losses.
    pub losses: D::ViewMut<'a, D::Scalar>,
    /// Scratch, [batch, rows / chunks, classes]: the logits of a chunk, then their gradients.
    pub logits: D::ViewMut<'a, D::Elem>,
    /// As in [`Forward`].
    pub rounded: D::ViewMut<'a, D::Elem>,
    /// `[1]`
    pub dloss: D::View<'a, D::Scalar>,
    /// [batch, rows, inputs]; `None`: `dx` holds it, and is overwritten. Then `dx` is there, and its `add` is false.
    pub x: Option<D::View<'a, D::Elem>>,
    /// [batch, rows]
    pub target: D::View<'a, u32>,
    /// [classes, inputs]
    pub weight: D::View<'a, D::Param>,
    /// `[classes]`
    pub bias: Option<D::View<'a, D::Param>>,
}

/// The kernels of CrossEntropy in chunks.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `CrossEntropy(chunks = …)`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// loss = mean cross-entropy
    ///
    /// # Errors
    /// [`Error::IdOutOfRange`] and [`Error::AllIgnored`], naming `target`; the device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// The gradients, and the loss.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

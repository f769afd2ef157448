//! A step: forward, backward, clipping and the optimizer, given to the device at once.

use crate::device::Report;
use crate::error::Error;
use crate::model::{Accumulator, After, Model, Trainable, Trained, Workspace, spans};
use crate::optim::{Kernel, NO_LIMIT, Of, Optimizer, Update, clip, not_negative};

/// A training step: what `forward_backward`, `clip_norm` and the optimizer's `step` do one after another, with the same
/// bits, but given to the device at once. On a GPU it is one launch when it comes again, and the host waits once, for the
/// report.
///
/// A loss or gradient that is not finite changes no parameter and counts no step of the optimizer: the report says so.
///
/// ```
/// use remat::ndarray::{Array2, array};
/// use remat::prelude::*;
/// use remat::train;
///
/// model! {
///     Net { input x: f32[4]; target label: u32; fc: Linear(3); loss: CrossEntropy <- (fc, label); }
/// }
///
/// fn main() -> Result<(), Error> {
///     let mut net = Net::new(&Cpu::new()?, 42)?;
///     let mut ws = net.workspace(2)?;
///     let mut opt = AdamW::new(&net, AdamWConfig::default())?;
///     let batch = (Array2::ones((2, 4)), array![0, 1]);
///     let report = train::step(&mut net, &mut opt, &mut ws, &batch, Some(1.0))?;
///     assert!(report.is_finite() && report.loss > 0.0 && report.norm > 0.0);
///     assert_eq!(opt.steps(), 1);
///     Ok(())
/// }
/// ```
///
/// # Errors
/// [`Error::Argument`] unless `max_norm` is 0 or more; those of `forward_backward`; the device's own.
pub fn step<M: Trainable<Device: Kernel>, O: Optimizer<M> + ?Sized>(
    model: &mut M,
    optimizer: &mut O,
    ws: &mut Workspace<M>,
    batch: &M::Batch,
    max_norm: Option<f64>,
) -> Result<Report, Error> {
    let limit = max_norm.unwrap_or(NO_LIMIT);
    not_negative("max_norm", limit)?;
    let report = model.train_batch_then(ws, batch, &mut Ending { optimizer, limit, part: None })?;
    count(optimizer, &report);
    Ok(report)
}

/// Counts a step of the optimizer, if its end was reported and is finite.
pub(super) fn count<M: Model, O: Optimizer<M> + ?Sized>(optimizer: &mut O, report: &Report) {
    if report.is_finite() {
        *optimizer.moments_mut().steps += 1;
    }
}

/// What follows on forward and backward of a batch.
pub(super) struct Ending<'a, M: Model, O: ?Sized> {
    pub(super) optimizer: &'a mut O,
    /// The largest norm of the gradient of a step.
    pub(super) limit: f64,
    /// What of the step the batch is, if it may have several.
    pub(super) part: Option<Part<'a, M>>,
}

/// A batch of a step that may have several.
pub(super) struct Part<'a, M: Model> {
    pub(super) sum: &'a mut Accumulator<M>,
    /// Whether it is the first.
    pub(super) first: bool,
    /// What its gradient counts in the sum.
    pub(super) counts: f64,
    /// What makes the sum the gradient of the step, if it is the last.
    pub(super) last: Option<f64>,
}

impl<M: Model<Device: Kernel>, O: Optimizer<M> + ?Sized> After<M> for Ending<'_, M, O> {
    fn after(
        &mut self,
        device: &M::Device,
        trained: Trained<'_, M::Device>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let Self { ref mut optimizer, limit, ref mut part } = *self;
        let Trained { params, arena, loss } = trained;
        let Some(Part { sum, first, counts, last }) = part else {
            clip::<M>(device, report, arena, Some(loss), (Of::Batch, limit))?;
            return optimizer.update(device, Update { params, grads: arena, report: Some(report) });
        };
        // Whole batches are added as they are.
        let scale = |arena: &mut _, factor: f64| {
            if factor == 1.0 { Ok(()) } else { device.scale(arena, &mut spans::<M>(), factor) }
        };
        scale(arena, *counts)?;
        clip::<M>(device, report, arena, Some(loss), (Of::Batch, NO_LIMIT))?;
        let sum = sum.buffer_mut();
        if *first {
            Accumulator::<M>::empty(device, sum)?;
        }
        device.add(sum, arena, &mut spans::<M>())?;
        let Some(factor) = *last else { return Ok(()) };
        scale(sum, factor)?;
        clip::<M>(device, report, sum, None, (Of::Sum, limit))?;
        optimizer.update(device, Update { params, grads: sum, report: Some(report) })
    }
}

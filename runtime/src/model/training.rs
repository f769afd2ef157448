//! Training calls: forward and backward, and what is done behind them as part of the same program.

use super::{Call, Frame, Model, Workspace};
use crate::device::{Device, Real, Report, Span, Work};
use crate::error::Error;

/// What a training call does behind backward: with the gradients, by the kernels of [`optim`](crate::optim) alone. It may
/// be called more often than it is done, see [`Work::after`].
#[doc(hidden)]
pub trait After<M: Model> {
    /// Behind backward.
    ///
    /// # Errors
    /// Those of the device.
    fn after(
        &mut self,
        device: &M::Device,
        trained: Trained<'_, M::Device>,
        report: &mut Report,
    ) -> Result<(), Error>;
}

/// What forward and backward leave.
#[doc(hidden)]
#[allow(missing_debug_implementations, reason = "whole arrays, for one call")]
pub struct Trained<'a, D: Device> {
    /// All parameters.
    pub params: &'a mut D::Buf,
    /// The workspace, which begins with their gradients.
    pub arena: &'a mut D::Buf,
    /// Where in it the loss is.
    pub loss: Span,
}

/// A training call under way.
struct Training<'a, 'w, M: Model, B> {
    model: &'a mut M,
    ws: &'a mut Workspace<M>,
    batch: usize,
    loss: Span,
    body: B,
    after: Option<&'a mut (dyn After<M> + 'w)>,
}

impl<M: Model, B> Work<M::Device> for Training<'_, '_, M, B>
where
    B: FnMut(&mut Frame<'_, M::Device>) -> Result<(), Error>,
{
    fn params(&self) -> &<M::Device as Device>::Buf {
        &self.model.core().params
    }

    fn program(&mut self, device: &M::Device) -> Result<(), Error> {
        (self.body)(&mut self.ws.frame(device, self.model.core(), Call::Train, self.batch))
    }

    fn given_up(&mut self, device: &M::Device) -> Result<(), Error> {
        device.settle(&mut self.ws.host)
    }

    fn after(&mut self, device: &M::Device, report: &mut Report) -> Result<(), Error> {
        let Some(after) = &mut self.after else { return Ok(()) };
        let (params, arena) = (&mut self.model.core_mut().params, &mut self.ws.arena);
        after.after(device, Trained { params, arena, loss: self.loss }, report)
    }
}

impl<M: Model> Workspace<M> {
    /// Runs `body` on the inputs of `batch` samples that are there, and `after` behind it, and says what that has come to:
    /// the loss, which is in this buffer, and what `after` measures.
    #[doc(hidden)]
    pub fn train(
        &mut self,
        model: &mut M,
        batch: usize,
        loss: u32,
        after: Option<&mut dyn After<M>>,
        body: impl FnMut(&mut Frame<'_, M::Device>) -> Result<(), Error>,
    ) -> Result<Report, Error> {
        let device = model.core().device.clone();
        let frame = self.frame(&device, model.core(), Call::Train, batch);
        let (program, span) = (frame.repeat(), frame.scalar(loss));
        // Whoever looks at each call wants each to run.
        let mut graphs = std::mem::take(&mut self.graphs);
        let kept = self.probe.is_none().then_some(&mut graphs);
        let (mut report, alone) = (Report::default(), after.is_none());
        let mut training = Training { model: &mut *model, ws: &mut *self, batch, loss: span, body, after };
        let result = device.repeat(kept, &program, &mut report, &mut training);
        self.graphs = graphs;
        super::frame::settled(&device, &mut self.host, result)?;
        if alone {
            let mut frame = self.frame(&device, model.core(), Call::Train, batch);
            report.loss = frame.loss(loss)?.to_f64();
        }
        self.trained = Some(batch);
        model.core_mut().steps += 1;
        Ok(report)
    }
}

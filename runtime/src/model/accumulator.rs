//! Gradients of several batches, added up.

use std::fmt;

use crate::device::{Device, Real, fill};
use crate::error::Error;
use crate::model::params::Param;
use crate::model::{Grads, GradsMut, Model, spans};
use crate::optim::Kernel;

/// The sum of the gradients of several batches, in a buffer of its own: what makes one step of a batch that does not fit.
///
/// ```
/// use remat::model::Accumulator;
/// use remat::ndarray::{Array2, Axis};
/// use remat::prelude::*;
///
/// model! {
///     Net { input x: f32[4]; target y: f32[2]; fc: Linear(2); loss: Mse <- (fc, y); }
/// }
///
/// fn main() -> Result<(), Error> {
///     let mut net = Net::new(&Cpu::new()?, 42)?;
///     let mut ws = net.workspace(2)?;
///     let mut sum = Accumulator::new(&net)?;
///     let mut opt = Sgd::new(&net, SgdConfig { lr: 0.1, ..Default::default() })?;
///     let (x, y) = (Array2::from_shape_fn((6, 4), |(i, j)| (i + j) as f32), Array2::ones((6, 2)));
///     // One step on 6 samples, 2 at a time.
///     for (x, y) in x.axis_chunks_iter(Axis(0), 2).zip(y.axis_chunks_iter(Axis(0), 2)) {
///         net.forward_backward(&mut ws, x, y)?;
///         sum.add(&ws.grads())?;
///     }
///     sum.grads_mut().scale(1.0 / 3.0)?;          // a loss is the mean over its batch
///     opt.step(&mut net, sum.grads())?;
///     sum.clear()?;
///     Ok(())
/// }
/// ```
pub struct Accumulator<M: Model> {
    device: M::Device,
    arena: <M::Device as Device>::Buf,
}

/// No numbers.
impl<M: Model> fmt::Debug for Accumulator<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accumulator")
            .field("model", &M::NAME)
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

impl<M: Model<Device: Kernel>> Accumulator<M> {
    /// A sum of none.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(model: &M) -> Result<Self, Error> {
        let device = model.core().device.clone();
        let arena = device
            .alloc(M::PLAN.gradient_bytes)
            .map_err(|error| error.wanted_for("the sum of gradients of several batches"))?;
        let mut sum = Self { device, arena };
        sum.clear()?;
        Ok(sum)
    }

    /// Adds the gradients of one more batch, element by element.
    ///
    /// # Errors
    /// [`Error::InferenceWorkspace`]; the device's own.
    pub fn add(&mut self, grads: &Grads<'_, M>) -> Result<(), Error> {
        self.grads_mut().add(grads)
    }

    /// A sum of none again.
    ///
    /// # Errors
    /// The device's own.
    pub fn clear(&mut self) -> Result<(), Error> {
        Self::empty(&self.device, &mut self.arena)
    }

    /// Makes what is here a sum of none.
    pub(crate) fn empty(device: &M::Device, arena: &mut <M::Device as Device>::Buf) -> Result<(), Error> {
        // What is added to -0.0 stays as it is, bit for bit; 0.0 would turn -0.0.
        let mut spans = spans::<M>();
        spans.try_for_each(|span| fill(device, arena, span, Param::<M>::from_f64(-0.0)))
    }
}

impl<M: Model> Accumulator<M> {
    /// The sum.
    pub fn grads(&self) -> Grads<'_, M> {
        Grads { device: &self.device, arena: Some(&self.arena) }
    }

    /// The sum, to be scaled or clipped.
    pub fn grads_mut(&mut self) -> GradsMut<'_, M> {
        GradsMut { device: &self.device, arena: Some(&mut self.arena) }
    }

    /// What holds the sum.
    pub(crate) fn buffer_mut(&mut self) -> &mut <M::Device as Device>::Buf {
        &mut self.arena
    }

    /// The bytes it holds: as many as the gradients of parameters take in a workspace.
    pub fn bytes(&self) -> usize {
        M::PLAN.gradient_bytes
    }
}

/// What the gradient of a batch of `samples` counts in a sum where that of a whole `batch` counts as 1: a loss is the mean
/// over its batch.
pub(crate) fn of_batch(samples: usize, batch: usize) -> f64 {
    samples as f64 / batch as f64
}

/// What makes such a sum the gradient of the mean over all its `samples`.
pub(crate) fn of_samples(samples: usize, batch: usize) -> f64 {
    batch as f64 / samples as f64
}

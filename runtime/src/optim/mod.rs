//! Optimizers, with PyTorch's formulas and defaults; and the kernels that they and clipping need.
//!
//! An optimizer is made for a model, holds its moments in one buffer on the model's device, and
//! changes the model's parameters by the gradients in a workspace:
//!
//! ```
//! use remat::ndarray::{Array2, array};
//! use remat::optim::Group;
//! use remat::prelude::*;
//!
//! model! {
//!     Net {
//!         input  x: f32[4];
//!         target label: u32;
//!         fc: Linear(8);
//!         norm: LayerNorm;
//!         head: Linear(3);
//!         loss: CrossEntropy <- (head, label);
//!     }
//! }
//!
//! fn main() -> Result<(), Error> {
//!     let mut net = Net::new(&Cpu::new()?, 42)?;
//!     let mut ws = net.workspace(3)?;
//!     let (x, label) = (Array2::from_shape_fn((3, 4), |(i, j)| (i * j) as f32), array![0, 1, 2]);
//!
//!     // No decay for biases and norms, and a tenth of the rate for the first layer's weight.
//!     let no_decay = Group::of(["*.bias", "*norm*"]).weight_decay(0.0);
//!     let slow = Group::of(["fc.weight"]).lr_scale(0.1);
//!     let config = AdamWConfig { lr: 0.05, groups: vec![no_decay, slow], ..Default::default() };
//!     let mut opt = AdamW::new(&net, config)?;
//!
//!     let first = net.evaluate(&mut ws, x.view(), label.view())?;
//!     for step in 0..100 {
//!         opt.set_lr(0.05 * (1.0 - f64::from(step) / 100.0))?;       // a group's rate keeps its ratio
//!         net.forward_backward(&mut ws, x.view(), label.view())?;
//!         ws.grads_mut().clip_norm(1.0)?;
//!         opt.step(&mut net, ws.grads())?;
//!     }
//!     assert_eq!(opt.steps(), 100);
//!     assert!(net.evaluate(&mut ws, x.view(), label.view())? < first / 2.0);
//!     Ok(())
//! }
//! ```
//!
//! [`Sgd`], [`Adam`] and [`AdamW`] differ in their formula alone: `state` says which parameter has
//! which rate and where its moments are, and a [`Kernel`] does the arithmetic. The type of an
//! optimizer names its model, so that one made for another model does not compile.

mod adam;
mod clip;
mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod goldens;
mod group;
mod jobs;
mod norm;
#[cfg(any(test, kani))]
mod proofs;
mod schedule;
mod sgd;
mod state;
#[cfg(test)]
mod tests;

use crate::device::{Device, Report, Span};
use crate::error::Error;
use crate::model::{Core, Grads, Model};

pub(crate) use clip::{clip, not_negative};
pub(crate) use norm::NO_LIMIT;

pub use adam::{Adam, AdamConfig, AdamStep, AdamW, AdamWConfig};
pub use group::Group;
pub use norm::{Measure, Of, measure};
pub use schedule::Schedule;
pub use sgd::{Sgd, SgdConfig, SgdStep};

/// What a training loop asks of an optimizer of the model `M`.
pub trait Optimizer<M: Model> {
    /// Changes every trained parameter by its gradient, unless what is reported of the step so far is not finite. It
    /// counts no step, and may be called more often than it is done: see [`Work::after`](crate::device::Work::after).
    ///
    /// # Errors
    /// The device's own.
    fn update(&mut self, device: &M::Device, step: Update<'_, M::Device>) -> Result<(), Error>;

    /// Changes every trained parameter by its gradient.
    ///
    /// Gradients are zeros in a workspace where no `forward_backward` has run, unless others were added: a
    /// step by them is one like any other, in which weight decay and momentum act alone.
    ///
    /// # Errors
    /// [`Error::InferenceWorkspace`] if the workspace holds no gradients, which changes nothing; the
    /// device's own.
    fn step(&mut self, model: &mut M, grads: Grads<'_, M>) -> Result<(), Error> {
        let grads = grads.buffer()?;
        let Core { device, params, .. } = model.core_mut();
        self.update(device, Update { params, grads, report: None })?;
        *self.moments_mut().steps += 1;
        Ok(())
    }

    /// The learning rate; a group's is this times its `lr_scale`.
    fn lr(&self) -> f64;

    /// Sets the learning rate; each group's keeps its ratio to it.
    ///
    /// # Errors
    /// [`Error::Argument`] unless it is finite, and 0 or more.
    fn set_lr(&mut self, lr: f64) -> Result<(), Error>;

    /// How many steps succeeded.
    fn steps(&self) -> u64;

    /// The bytes that it holds, whatever its groups: its moments on the device, behind them what that keeps
    /// of each trained parameter ([`Kernel::NUMBERS`]), and on the host what it knows of it, fewer than a
    /// hundred bytes. It allocates them when it is made and nothing after that.
    fn bytes(&self) -> usize;

    /// What it keeps from step to step, for a [state file](crate::state).
    fn moments(&self) -> Moments<'_, M::Device>;

    /// The same, to be set.
    fn moments_mut(&mut self) -> MomentsMut<'_, M::Device>;
}

/// What a step of an optimizer works on, beside what it keeps.
#[allow(missing_debug_implementations, reason = "whole arrays, for one call")]
pub struct Update<'a, D: Device> {
    /// What holds the parameters.
    pub params: &'a mut D::Buf,
    /// What holds their gradients.
    pub grads: &'a D::Buf,
    /// What the step has come to so far, if that decides whether anything changes.
    pub report: Option<&'a Report>,
}

/// What an optimizer keeps from step to step.
#[allow(missing_debug_implementations, reason = "whole arrays, for one call")]
pub struct Moments<'a, D: Device> {
    /// Its name: `AdamW`.
    pub optimizer: &'static str,
    /// How many steps succeeded.
    pub steps: u64,
    /// The learning rate.
    pub lr: f64,
    /// What holds the moments.
    pub buf: &'a D::Buf,
    /// Each moment of each parameter, in an order that depends on the model and the optimizer alone.
    pub list: Vec<Moment>,
}

/// A moment of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What PyTorch calls it: `exp_avg`.
    pub name: &'static str,
    /// The parameter, as an index of [`Model::PARAMS`]. It has as many numbers, of the same type.
    pub param: usize,
    /// Where it is.
    pub span: Span,
}

/// What an optimizer keeps from step to step, to be set. Where each moment is does not change.
#[allow(missing_debug_implementations, reason = "whole arrays, for one call")]
pub struct MomentsMut<'a, D: Device> {
    /// How many steps succeeded.
    pub steps: &'a mut u64,
    /// The learning rate.
    pub lr: &'a mut f64,
    /// What holds the moments.
    pub buf: &'a mut D::Buf,
}

/// Where the numbers of a trained parameter are, for an optimizer of `N` moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor<const N: usize> {
    /// The parameter, among the model's.
    pub param: Span,
    /// Its moments; of no bytes those that are not kept.
    pub moments: [Span; N],
    /// Its gradient.
    pub grad: Span,
}

/// The buffers that a step of an optimizer works on.
#[allow(missing_debug_implementations, reason = "whole arrays, for one call")]
pub struct Buffers<'a, D: Device> {
    /// What holds the parameters.
    pub params: &'a mut D::Buf,
    /// What holds their moments.
    pub moments: &'a mut D::Buf,
    /// What holds their gradients.
    pub grads: &'a D::Buf,
    /// Where among the moments a device keeps by what each parameter changes: [`Kernel::NUMBERS`] bytes of each.
    pub numbers: Span,
    /// What the step has come to so far: if that is not finite, nothing changes.
    pub report: Option<&'a Report>,
}

/// A parameter with its moments and its gradient.
#[allow(missing_debug_implementations, reason = "whole arrays, for one call")]
pub struct Part<'a, D: Device, const N: usize> {
    /// The parameter.
    pub param: D::ViewMut<'a, D::Param>,
    /// Its moments; no numbers in those that are not kept.
    pub moments: [D::ViewMut<'a, D::Param>; N],
    /// Its gradient.
    pub grad: D::View<'a, D::Param>,
}

impl<D: Device> Buffers<'_, D> {
    /// The numbers of one parameter.
    ///
    /// # Errors
    /// [`Error::Internal`] if they are not in the buffers.
    pub fn part<const N: usize>(&mut self, tensor: &Tensor<N>) -> Result<Part<'_, D, N>, Error> {
        let ([], [param]) = D::split(self.params, [], [tensor.param])?;
        let ([], moments) = D::split(self.moments, [], tensor.moments)?;
        let grad = D::view(D::region(self.grads, tensor.grad)?);
        Ok(Part { param: D::view_mut(param), moments: moments.map(D::view_mut), grad })
    }

    /// Runs `work` on one parameter after another, for a device that works on one at once, and while the host waits. If the
    /// step so far is not finite, on none.
    ///
    /// # Errors
    /// As [`part`](Self::part), and those of `work`.
    pub fn each<S, const N: usize>(
        mut self,
        tensors: &mut dyn Iterator<Item = (S, Tensor<N>)>,
        work: impl Fn(&S, Part<'_, D, N>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.report.is_some_and(|report| !report.is_finite()) {
            return Ok(());
        }
        for (step, tensor) in tensors {
            work(&step, self.part(&tensor)?)?;
        }
        Ok(())
    }
}

/// Runs `work` on the numbers at one span after another, for a device that works on one at once.
///
/// # Errors
/// [`Error::Internal`] if a span is not in the buffer; those of `work`.
pub fn each<D: Device>(
    buf: &mut D::Buf,
    spans: &mut dyn Iterator<Item = Span>,
    work: impl Fn(D::ViewMut<'_, D::Param>, Span) -> Result<(), Error>,
) -> Result<(), Error> {
    for span in spans {
        let ([], [x]) = D::split(buf, [], [span])?;
        work(D::view_mut(x), span)?;
    }
    Ok(())
}

/// The kernels that optimizers and clipping need. Each is given all that it works on at once, is one pass over it, and
/// gives the same bits for any number of threads. Numbers are of the parameters' type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernels for optimizers and for clipping gradients",
    label = "this device cannot train"
)]
pub trait Kernel: Device {
    /// The bytes, of whole words, in which the device keeps by what a step changes a parameter: none if it is told in time.
    const NUMBERS: usize = 0;

    /// A step of SGD: see [`SgdStep`]. A parameter has a momentum buffer if and only if its momentum is not 0.
    ///
    /// # Errors
    /// [`Error::Internal`] if a parameter is not in the buffers, or is as long as what belongs to it is not; the device's
    /// own.
    fn sgd(
        &self,
        buffers: Buffers<'_, Self>,
        tensors: &mut dyn Iterator<Item = (SgdStep, Tensor<1>)>,
    ) -> Result<(), Error>;

    /// A step of Adam or AdamW: see [`AdamStep`]. The moments are `exp_avg` and `exp_avg_sq`, the running means of the
    /// gradient and of its square.
    ///
    /// # Errors
    /// As [`sgd`](Self::sgd).
    fn adam(
        &self,
        buffers: Buffers<'_, Self>,
        tensors: &mut dyn Iterator<Item = (AdamStep, Tensor<2>)>,
    ) -> Result<(), Error>;

    /// Reports the L2 norm of the numbers at `spans`, summed in f64 and in a fixed order, and what brings them to a limit.
    /// A device whose host waits for it has [`measure`] do so.
    ///
    /// # Errors
    /// [`Error::Internal`] if a span is not in the buffer; the device's own.
    fn measure(
        &self,
        report: &mut Report,
        measure: &Measure<'_, Self>,
        buf: &Self::Buf,
        spans: impl Iterator<Item = Span> + Clone,
    ) -> Result<(), Error>;

    /// Brings the numbers at `spans` to the limit that they were measured by last, each product rounded once. If one of
    /// them, or the loss, is not finite, they stay.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    fn shorten(
        &self,
        report: &Report,
        buf: &mut Self::Buf,
        spans: impl Iterator<Item = Span> + Clone,
    ) -> Result<(), Error> {
        let mut factors = report.factors.into_iter().filter(|factor| *factor != 1.0);
        factors.try_for_each(|factor| self.scale(buf, &mut spans.clone(), factor))
    }

    /// x = factor x for the numbers at `spans`, multiplied in f64 and rounded once.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    fn scale(
        &self,
        buf: &mut Self::Buf,
        spans: &mut dyn Iterator<Item = Span>,
        factor: f64,
    ) -> Result<(), Error>;

    /// x = min(max(x, -limit), limit) for the numbers at `spans`; NaN stays.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    fn clamp(
        &self,
        buf: &mut Self::Buf,
        spans: &mut dyn Iterator<Item = Span>,
        limit: f64,
    ) -> Result<(), Error>;

    /// x += y for the numbers at the same `spans` of two buffers.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    fn add(
        &self,
        to: &mut Self::Buf,
        from: &Self::Buf,
        spans: &mut dyn Iterator<Item = Span>,
    ) -> Result<(), Error>;
}

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
#[cfg(any(test, kani))]
mod proofs;
mod schedule;
mod sgd;
mod state;
#[cfg(test)]
mod tests;

use crate::device::{Device, Span};
use crate::error::Error;
use crate::model::{Grads, Model};

pub(crate) use clip::not_negative;

pub use adam::{Adam, AdamConfig, AdamStep, AdamW, AdamWConfig};
pub use group::Group;
pub use schedule::Schedule;
pub use sgd::{Sgd, SgdConfig, SgdStep};

/// What a training loop asks of an optimizer of the model `M`.
pub trait Optimizer<M: Model> {
    /// Changes every trained parameter by its gradient.
    ///
    /// Gradients are zeros in a workspace where no `forward_backward` has run, unless others were added: a
    /// step by them is one like any other, in which weight decay and momentum act alone.
    ///
    /// # Errors
    /// [`Error::InferenceWorkspace`] if the workspace holds no gradients, which changes nothing; the
    /// device's own.
    fn step(&mut self, model: &mut M, grads: Grads<'_, M>) -> Result<(), Error>;

    /// The learning rate; a group's is this times its `lr_scale`.
    fn lr(&self) -> f64;

    /// Sets the learning rate; each group's keeps its ratio to it.
    ///
    /// # Errors
    /// [`Error::Argument`] unless it is finite, and 0 or more.
    fn set_lr(&mut self, lr: f64) -> Result<(), Error>;

    /// How many steps succeeded.
    fn steps(&self) -> u64;

    /// The bytes that it holds, whatever its groups: its moments on the device, and on the host what
    /// it knows of each trained parameter, fewer than a hundred bytes. It allocates them when it is made
    /// and nothing after that.
    fn bytes(&self) -> usize;

    /// What it keeps from step to step, for a [state file](crate::state).
    fn moments(&self) -> Moments<'_, M::Device>;

    /// The same, to be set.
    fn moments_mut(&mut self) -> MomentsMut<'_, M::Device>;
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

    /// Runs `work` on one parameter after another, for a device that works on one at once.
    ///
    /// # Errors
    /// As [`part`](Self::part), and those of `work`.
    pub fn each<S, const N: usize>(
        mut self,
        tensors: &mut dyn Iterator<Item = (S, Tensor<N>)>,
        work: impl Fn(&S, Part<'_, D, N>) -> Result<(), Error>,
    ) -> Result<(), Error> {
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

    /// The sum of (factor x)^2 over the numbers at `spans`, in f64 and in a fixed order.
    ///
    /// # Errors
    /// [`Error::Internal`] if a span is not in the buffer; the device's own.
    fn sum_of_squares(
        &self,
        buf: &Self::Buf,
        spans: &mut dyn Iterator<Item = Span>,
        factor: f64,
    ) -> Result<f64, Error>;

    /// The largest |x| over the numbers at `spans`; NaN if there is one, 0 if there are none.
    ///
    /// # Errors
    /// As [`sum_of_squares`](Self::sum_of_squares).
    fn max_abs(&self, buf: &Self::Buf, spans: &mut dyn Iterator<Item = Span>) -> Result<f64, Error>;

    /// x = factor x for the numbers at `spans`, multiplied in f64 and rounded once.
    ///
    /// # Errors
    /// As [`sum_of_squares`](Self::sum_of_squares).
    fn scale(
        &self,
        buf: &mut Self::Buf,
        spans: &mut dyn Iterator<Item = Span>,
        factor: f64,
    ) -> Result<(), Error>;

    /// x = min(max(x, -limit), limit) for the numbers at `spans`; NaN stays.
    ///
    /// # Errors
    /// As [`sum_of_squares`](Self::sum_of_squares).
    fn clamp(
        &self,
        buf: &mut Self::Buf,
        spans: &mut dyn Iterator<Item = Span>,
        limit: f64,
    ) -> Result<(), Error>;

    /// x += y for the numbers at the same `spans` of two buffers.
    ///
    /// # Errors
    /// As [`sum_of_squares`](Self::sum_of_squares).
    fn add(
        &self,
        to: &mut Self::Buf,
        from: &Self::Buf,
        spans: &mut dyn Iterator<Item = Span>,
    ) -> Result<(), Error>;
}

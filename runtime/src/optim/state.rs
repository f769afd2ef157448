//! What all optimizers hold: a rate, a count of steps, and moments in one buffer.

use std::fmt;

use crate::device::{Device, Span};
use crate::error::Error;
use crate::model::{Core, Grads, Model, Param, trained};
use crate::optim::group::{self, Group, Rates};
use crate::optim::{Moment, Moments, MomentsMut};

/// The state of an optimizer that keeps at most `N` moments of each parameter.
pub(crate) struct State<M: Model, const N: usize> {
    /// The learning rate.
    pub(crate) lr: f64,
    /// How many steps succeeded.
    pub(crate) steps: u64,
    /// The trained parameters, in order of declaration.
    slots: Box<[Slot<N>]>,
    /// The moments, of the parameters' type.
    moments: <M::Device as Device>::Buf,
    /// How many bytes the moments are.
    moment_bytes: usize,
}

/// A trained parameter, as an optimizer sees it.
pub(crate) struct Slot<const N: usize> {
    /// Which parameter of the model it is.
    pub(crate) index: usize,
    /// What it trains with.
    pub(crate) rates: Rates,
    /// Where it is among the model's parameters.
    pub(crate) param: Span,
    /// Where its gradient is in a workspace.
    pub(crate) grad: Span,
    /// Where its moments are; no bytes for those that are not kept.
    pub(crate) moments: [Span; N],
}

/// One parameter's part of a step, on device `D`.
pub(crate) struct Part<'a, D: Device, const N: usize> {
    /// Where it runs.
    pub(crate) device: &'a D,
    /// The parameter's learning rate.
    pub(crate) lr: f64,
    /// The parameter's weight decay.
    pub(crate) weight_decay: f64,
    /// Steps that succeeded before this one.
    pub(crate) steps: u64,
    /// The parameter.
    pub(crate) param: D::ViewMut<'a, D::Param>,
    /// Its moments.
    pub(crate) moments: [D::ViewMut<'a, D::Param>; N],
    /// Its gradient.
    pub(crate) grad: D::View<'a, D::Param>,
}

/// Numbers, not the moments.
impl<M: Model, const N: usize> fmt::Debug for State<M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("lr", &self.lr)
            .field("steps", &self.steps)
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

impl<M: Model, const N: usize> State<M, N> {
    /// Before the first step; `kept` of the `N` moments have memory.
    pub(crate) fn new(
        model: &M,
        lr: f64,
        weight_decay: f64,
        groups: &[Group],
        kept: usize,
    ) -> Result<Self, Error> {
        lr_in_range("lr", lr)?;
        weight_decay_in_range(weight_decay)?;
        group::check(groups, M::PARAMS)?;
        let line = M::Device::LAYOUT.line;
        let mut moment_bytes = 0usize;
        let slots = trained::<M>().map(|(index, spec, grad)| Slot {
            index,
            rates: group::rates(groups, weight_decay, spec),
            param: spec.span::<Param<M>>(),
            grad,
            moments: std::array::from_fn(|i| {
                let span = Span::of::<Param<M>>(moment_bytes, if i < kept { spec.elements() } else { 0 });
                // Saturated, the sum is more than can be had, which is what `alloc` says.
                moment_bytes = span.start.saturating_add(span.bytes.div_ceil(line).saturating_mul(line));
                span
            }),
        });
        let slots = slots.collect();
        let moments = model.core().device.alloc(moment_bytes)?;
        Ok(Self { lr, steps: 0, slots, moments, moment_bytes })
    }

    /// The bytes of the moments and of the slots.
    pub(crate) fn bytes(&self) -> usize {
        self.moment_bytes + size_of_val(&*self.slots)
    }

    /// What is kept, each moment under its name.
    pub(crate) fn moments(
        &self,
        optimizer: &'static str,
        names: [&'static str; N],
    ) -> Moments<'_, M::Device> {
        let of = |slot: &Slot<N>| {
            let (param, moments) = (slot.index, names.into_iter().zip(slot.moments));
            let kept = moments.filter(|(_, span)| span.bytes > 0);
            kept.map(move |(name, span)| Moment { name, param, span }).collect::<Vec<_>>()
        };
        let list = self.slots.iter().flat_map(of).collect();
        Moments { optimizer, steps: self.steps, lr: self.lr, buf: &self.moments, list }
    }

    /// The same, to be set.
    pub(crate) fn moments_mut(&mut self) -> MomentsMut<'_, M::Device> {
        MomentsMut { steps: &mut self.steps, lr: &mut self.lr, buf: &mut self.moments }
    }

    /// Sets the rate.
    pub(crate) fn set_lr(&mut self, lr: f64) -> Result<(), Error> {
        lr_in_range("lr", lr)?;
        self.lr = lr;
        Ok(())
    }

    /// Runs `update` for each trained parameter, then counts the step.
    pub(crate) fn step(
        &mut self,
        model: &mut M,
        grads: Grads<'_, M>,
        update: impl Fn(Part<'_, M::Device, N>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let from = grads.buffer()?;
        let Core { device, params, .. } = model.core_mut();
        // All that can be known to be wrong is found before anything changes.
        for slot in &self.slots {
            M::Device::region(from, slot.grad)?;
            M::Device::split(params, [], [slot.param])?;
            M::Device::split(&mut self.moments, [], slot.moments)?;
        }
        for slot in &self.slots {
            let ([], [param]) = M::Device::split(params, [], [slot.param])?;
            let ([], moments) = M::Device::split(&mut self.moments, [], slot.moments)?;
            update(Part {
                device,
                lr: self.lr * slot.rates.lr_scale,
                weight_decay: slot.rates.weight_decay,
                steps: self.steps,
                param: M::Device::view_mut(param),
                moments: moments.map(M::Device::view_mut),
                grad: M::Device::view(M::Device::region(from, slot.grad)?),
            })?;
        }
        self.steps += 1;
        Ok(())
    }
}

/// That a learning rate, or a factor of one, is finite and not negative.
pub(crate) fn lr_in_range(name: &str, lr: f64) -> Result<(), Error> {
    in_range(name, lr, lr.is_finite() && lr >= 0.0, "a finite number of 0 or more")
}

/// That a weight decay is finite and not negative.
pub(crate) fn weight_decay_in_range(weight_decay: f64) -> Result<(), Error> {
    let fine = weight_decay.is_finite() && weight_decay >= 0.0;
    in_range("weight_decay", weight_decay, fine, "a finite number of 0 or more")
}

/// An error unless `fine`.
pub(crate) fn in_range(name: &str, value: f64, fine: bool, expected: &'static str) -> Result<(), Error> {
    if fine { Ok(()) } else { Err(Error::argument(name, expected, value)) }
}

//! What all optimizers hold: a rate, a count of steps, and moments in one buffer.

use std::fmt;

use crate::device::{Device, Span};
use crate::error::Error;
use crate::model::{Model, Param, trained};
use crate::optim::group::{self, Group, Rates};
use crate::optim::{Buffers, Kernel, Moment, Moments, MomentsMut, Tensor, Update};

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
    /// How many bytes the moments are, and what stands behind them.
    moment_bytes: usize,
    /// Where a device keeps by what a step changes each parameter: see [`Kernel::NUMBERS`].
    numbers: Span,
}

/// A trained parameter, as an optimizer sees it.
pub(crate) struct Slot<const N: usize> {
    /// Which parameter of the model it is.
    pub(crate) index: usize,
    /// What it trains with.
    pub(crate) rates: Rates,
    /// Where it and what belongs to it are.
    pub(crate) tensor: Tensor<N>,
}

/// What a step does to a parameter by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// The parameter's learning rate.
    pub(crate) lr: f64,
    /// The parameter's weight decay.
    pub(crate) weight_decay: f64,
    /// Steps that succeeded before this one.
    pub(crate) steps: u64,
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

impl<M: Model<Device: Kernel>, const N: usize> State<M, N> {
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
            tensor: Tensor {
                param: spec.span::<Param<M>>(),
                moments: std::array::from_fn(|i| {
                    let span = Span::of::<Param<M>>(moment_bytes, if i < kept { spec.elements() } else { 0 });
                    // Saturated, the sum is more than can be had, which is what `alloc` says.
                    moment_bytes = span.start.saturating_add(span.bytes.div_ceil(line).saturating_mul(line));
                    span
                }),
                grad,
            },
        });
        let slots: Box<[_]> = slots.collect();
        let bytes = slots.len().saturating_mul(M::Device::NUMBERS);
        let numbers = Span { start: moment_bytes, bytes };
        let moment_bytes = moment_bytes.saturating_add(bytes);
        let moments = model.core().device.alloc(moment_bytes)?;
        Ok(Self { lr, steps: 0, slots, moments, moment_bytes, numbers })
    }
}

impl<M: Model, const N: usize> State<M, N> {
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
            let (param, moments) = (slot.index, names.into_iter().zip(slot.tensor.moments));
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

    /// Runs `change` on all trained parameters, for each of which `step` says what it does.
    pub(crate) fn update<S>(
        &mut self,
        device: &M::Device,
        update: Update<'_, M::Device>,
        step: impl Fn(Now) -> S,
        change: impl FnOnce(
            &M::Device,
            Buffers<'_, M::Device>,
            &mut dyn Iterator<Item = (S, Tensor<N>)>,
        ) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Self { lr, steps, numbers, .. } = *self;
        let Update { params, grads, report } = update;
        // All that can be known to be wrong is found before anything changes.
        let mut buffers = Buffers { params, moments: &mut self.moments, grads, numbers, report };
        for slot in &self.slots {
            buffers.part(&slot.tensor)?;
        }
        let mut tensors = self.slots.iter().map(|Slot { rates, tensor, .. }| {
            (step(Now { lr: lr * rates.lr_scale, weight_decay: rates.weight_decay, steps }), *tensor)
        });
        change(device, buffers, &mut tensors)
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

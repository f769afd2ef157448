//! Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), as `torch.optim.Adam` and `AdamW`.

use std::fmt;

use crate::error::Error;
use crate::model::Model;
use crate::optim::state::{Now, State, in_range};
use crate::optim::{Group, Kernel, Moments, MomentsMut, Optimizer, Update};

/// The arguments of [`Adam`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamConfig {
    /// The learning rate; 1e-3 by default.
    pub lr: f64,
    /// How much of the running means of the gradient and of its square a step keeps; (0.9, 0.999) by
    /// default.
    pub betas: (f64, f64),
    /// What keeps the divisor from 0; 1e-8 by default.
    pub eps: f64,
    /// The penalty on the parameters: this times the parameter is added to its gradient; 0 by default.
    pub weight_decay: f64,
    /// Parameters with values of their own; the first that has a parameter decides.
    pub groups: Vec<Group>,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { lr: 1e-3, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.0, groups: Vec::new() }
    }
}

/// The arguments of [`AdamW`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamWConfig {
    /// The learning rate; 1e-3 by default.
    pub lr: f64,
    /// How much of the running means of the gradient and of its square a step keeps; (0.9, 0.999) by
    /// default.
    pub betas: (f64, f64),
    /// What keeps the divisor from 0; 1e-8 by default.
    pub eps: f64,
    /// How much a step shrinks the parameters: by this times the learning rate; 1e-2 by default.
    pub weight_decay: f64,
    /// Parameters with values of their own; the first that has a parameter decides.
    pub groups: Vec<Group>,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { lr: 1e-3, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 1e-2, groups: Vec::new() }
    }
}

/// What step number `t`, from 1, of Adam does to a parameter:
///
/// ```text
/// param = (1 - lr weight_decay) param                                  decoupled (AdamW)
/// grad = grad + weight_decay param                                     not decoupled (Adam)
/// exp_avg = beta1 exp_avg + (1 - beta1) grad
/// exp_avg_sq = beta2 exp_avg_sq + (1 - beta2) grad^2
/// param = param - lr/(1 - beta1^t) exp_avg / (sqrt(exp_avg_sq) / sqrt(1 - beta2^t) + eps)
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// The parameter's learning rate.
    pub lr: f64,
    /// See the formula.
    pub betas: (f64, f64),
    /// See the formula.
    pub eps: f64,
    /// The parameter's weight decay.
    pub weight_decay: f64,
    /// Whether the decay stays out of the moments.
    pub decoupled: bool,
    /// The number of the step, from 1.
    pub t: u64,
}

impl AdamStep {
    /// What a step multiplies `exp_avg` by: lr/(1 - beta1^t).
    pub(crate) fn step_size(&self) -> f64 {
        self.lr / (1.0 - self.betas.0.powf(self.t as f64))
    }

    /// What a step divides the root of `exp_avg_sq` by: sqrt(1 - beta2^t).
    pub(crate) fn root_correction(&self) -> f64 {
        (1.0 - self.betas.1.powf(self.t as f64)).sqrt()
    }
}

/// Adam, as `torch.optim.Adam`; [`AdamStep`] is its formula.
pub struct Adam<M: Model> {
    betas: (f64, f64),
    eps: f64,
    decoupled: bool,
    pub(crate) state: State<M, 2>,
}

impl<M: Model> fmt::Debug for Adam<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { betas, eps, decoupled, state } = self;
        f.debug_struct(if *decoupled { "AdamW" } else { "Adam" })
            .field("betas", betas)
            .field("eps", eps)
            .field("state", state)
            .finish()
    }
}

impl<M: Model<Device: Kernel>> Adam<M> {
    /// An optimizer of the trained parameters of `model`.
    ///
    /// # Errors
    /// [`Error::Argument`] for numbers out of range, [`Error::UnknownName`] for a pattern that no
    /// parameter has, [`Error::OutOfMemory`] if there is no room for the moments.
    pub fn new(model: &M, config: AdamConfig) -> Result<Self, Error> {
        Self::with_decay(model, config, false)
    }

    fn with_decay(model: &M, config: AdamConfig, decoupled: bool) -> Result<Self, Error> {
        let AdamConfig { lr, betas, eps, weight_decay, groups } = config;
        for (name, beta) in [("betas.0", betas.0), ("betas.1", betas.1)] {
            in_range(name, beta, (0.0..1.0).contains(&beta), "in [0, 1)")?;
        }
        in_range("eps", eps, eps.is_finite() && eps >= 0.0, "a finite number of 0 or more")?;
        let state = State::new(model, lr, weight_decay, &groups, 2)?;
        Ok(Self { betas, eps, decoupled, state })
    }
}

impl<M: Model<Device: Kernel>> Optimizer<M> for Adam<M> {
    fn update(&mut self, device: &M::Device, step: Update<'_, M::Device>) -> Result<(), Error> {
        let Self { betas, eps, decoupled, ref mut state } = *self;
        let of = |Now { lr, weight_decay, steps }: Now| AdamStep {
            lr,
            betas,
            eps,
            weight_decay,
            decoupled,
            t: steps + 1,
        };
        state.update(device, step, of, |device, buffers, tensors| device.adam(buffers, tensors))
    }

    fn lr(&self) -> f64 {
        self.state.lr
    }

    fn set_lr(&mut self, lr: f64) -> Result<(), Error> {
        self.state.set_lr(lr)
    }

    fn steps(&self) -> u64 {
        self.state.steps
    }

    fn bytes(&self) -> usize {
        self.state.bytes()
    }

    fn moments(&self) -> Moments<'_, M::Device> {
        self.state.moments(if self.decoupled { "AdamW" } else { "Adam" }, ["exp_avg", "exp_avg_sq"])
    }

    fn moments_mut(&mut self) -> MomentsMut<'_, M::Device> {
        self.state.moments_mut()
    }
}

/// AdamW: Adam whose weight decay stays out of its moments, as `torch.optim.AdamW`.
pub struct AdamW<M: Model>(pub(crate) Adam<M>);

impl<M: Model> fmt::Debug for AdamW<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<M: Model<Device: Kernel>> AdamW<M> {
    /// An optimizer of the trained parameters of `model`.
    ///
    /// # Errors
    /// As [`Adam::new`].
    pub fn new(model: &M, config: AdamWConfig) -> Result<Self, Error> {
        let AdamWConfig { lr, betas, eps, weight_decay, groups } = config;
        Adam::with_decay(model, AdamConfig { lr, betas, eps, weight_decay, groups }, true).map(Self)
    }
}

impl<M: Model<Device: Kernel>> Optimizer<M> for AdamW<M> {
    fn update(&mut self, device: &M::Device, step: Update<'_, M::Device>) -> Result<(), Error> {
        self.0.update(device, step)
    }

    fn lr(&self) -> f64 {
        self.0.lr()
    }

    fn set_lr(&mut self, lr: f64) -> Result<(), Error> {
        self.0.set_lr(lr)
    }

    fn steps(&self) -> u64 {
        self.0.steps()
    }

    fn bytes(&self) -> usize {
        self.0.bytes()
    }

    fn moments(&self) -> Moments<'_, M::Device> {
        self.0.moments()
    }

    fn moments_mut(&mut self) -> MomentsMut<'_, M::Device> {
        self.0.moments_mut()
    }
}

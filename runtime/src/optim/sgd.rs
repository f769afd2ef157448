//! Stochastic gradient descent, as `torch.optim.SGD`.

use std::fmt;

use crate::error::Error;
use crate::model::Model;
use crate::optim::state::{Now, State, in_range};
use crate::optim::{Group, Kernel, Moments, MomentsMut, Optimizer, Update};

/// The arguments of [`Sgd`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct SgdConfig {
    /// The learning rate; 1e-3 by default.
    pub lr: f64,
    /// How much of the momentum buffer a step keeps; 0 by default, which keeps no buffer.
    pub momentum: f64,
    /// How much of the gradient does not enter the momentum buffer, but for the first; 0 by default.
    pub dampening: f64,
    /// The penalty on the parameters: this times the parameter is added to its gradient; 0 by default.
    pub weight_decay: f64,
    /// Nesterov's momentum, which needs momentum and no dampening; off by default.
    pub nesterov: bool,
    /// Parameters with values of their own; the first that has a parameter decides.
    pub groups: Vec<Group>,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            momentum: 0.0,
            dampening: 0.0,
            weight_decay: 0.0,
            nesterov: false,
            groups: Vec::new(),
        }
    }
}

/// What one step of SGD does to a parameter:
///
/// ```text
/// d = grad + weight_decay param
/// momentum_buffer = d                                                  the first time
/// momentum_buffer = momentum momentum_buffer + (1 - dampening) d       after that
/// d = d + momentum momentum_buffer                                     with nesterov
/// d = momentum_buffer                                                  without
/// param = param - lr d
/// ```
///
/// Without momentum the three lines in the middle fall away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// The parameter's learning rate.
    pub lr: f64,
    /// See the formula.
    pub momentum: f64,
    /// See the formula.
    pub dampening: f64,
    /// The parameter's weight decay.
    pub weight_decay: f64,
    /// See the formula.
    pub nesterov: bool,
    /// Whether the momentum buffer holds nothing yet.
    pub first: bool,
}

/// Stochastic gradient descent with momentum, as `torch.optim.SGD`; [`SgdStep`] is its formula.
pub struct Sgd<M: Model> {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    pub(crate) state: State<M, 1>,
}

impl<M: Model> fmt::Debug for Sgd<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { momentum, dampening, nesterov, state } = self;
        f.debug_struct("Sgd")
            .field("momentum", momentum)
            .field("dampening", dampening)
            .field("nesterov", nesterov)
            .field("state", state)
            .finish()
    }
}

impl<M: Model<Device: Kernel>> Sgd<M> {
    /// An optimizer of the trained parameters of `model`.
    ///
    /// # Errors
    /// [`Error::Argument`] for numbers out of range, [`Error::UnknownName`] for a pattern that no
    /// parameter has, [`Error::OutOfMemory`] if there is no room for the momentum.
    pub fn new(model: &M, config: SgdConfig) -> Result<Self, Error> {
        let SgdConfig { lr, momentum, dampening, weight_decay, nesterov, groups } = config;
        let fine = momentum.is_finite() && momentum >= 0.0;
        in_range("momentum", momentum, fine, "a finite number of 0 or more")?;
        in_range("dampening", dampening, dampening.is_finite(), "a finite number")?;
        if nesterov {
            in_range("momentum", momentum, momentum > 0.0, "above 0 with nesterov")?;
            in_range("dampening", dampening, dampening == 0.0, "0 with nesterov")?;
        }
        let kept = usize::from(momentum != 0.0);
        let state = State::new(model, lr, weight_decay, &groups, kept)?;
        Ok(Self { momentum, dampening, nesterov, state })
    }
}

impl<M: Model<Device: Kernel>> Optimizer<M> for Sgd<M> {
    fn update(&mut self, device: &M::Device, step: Update<'_, M::Device>) -> Result<(), Error> {
        let Self { momentum, dampening, nesterov, ref mut state } = *self;
        let of = |Now { lr, weight_decay, steps }: Now| SgdStep {
            lr,
            momentum,
            dampening,
            weight_decay,
            nesterov,
            first: steps == 0,
        };
        state.update(device, step, of, |device, buffers, tensors| device.sgd(buffers, tensors))
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
        self.state.moments("Sgd", ["momentum_buffer"])
    }

    fn moments_mut(&mut self) -> MomentsMut<'_, M::Device> {
        self.state.moments_mut()
    }
}

//! What a training run computes, bit by bit.

use remat::model::{Grads, Params};
use remat::ndarray::Array2;
use remat::rng::{self, Key};
use remat::{Cpu, Model};

/// Losses, gradients and parameters of a run, as bits.
#[derive(Default, PartialEq, Clone)]
pub struct Trace {
    /// The loss of each step.
    pub losses: Vec<u32>,
    /// Each gradient of the first and the last step, with its name.
    pub grads: Vec<(String, Vec<u32>)>,
    /// Each parameter after the last step.
    pub params: Vec<(String, Vec<u32>)>,
}

impl Trace {
    /// Adds all gradients.
    pub fn add_grads<M: Model<Device = Cpu>>(&mut self, grads: Grads<'_, M>) {
        for (name, grad) in grads.iter().map(Result::unwrap) {
            self.grads.push((name.to_owned(), grad.iter().map(|g| g.to_bits()).collect()));
        }
    }

    /// Adds all parameters.
    pub fn add_params<M: Model<Device = Cpu>>(&mut self, params: Params<'_, M>) {
        for (name, param) in params.iter().map(Result::unwrap) {
            self.params.push((name.to_owned(), param.iter().map(|p| p.to_bits()).collect()));
        }
    }

    /// Panics at the first thing that differs from `other`.
    pub fn assert_same(&self, other: &Self, what: &str) {
        for (step, (a, b)) in self.losses.iter().zip(&other.losses).enumerate() {
            let (x, y) = (f32::from_bits(*a), f32::from_bits(*b));
            assert_eq!(a, b, "{what}: the loss of step {step} is {x} instead of {y}");
        }
        for (kind, own, others) in
            [("gradient", &self.grads, &other.grads), ("parameter", &self.params, &other.params)]
        {
            assert_eq!(own.len(), others.len(), "{what}: another number of {kind}s");
            for ((name, a), (other, b)) in own.iter().zip(others) {
                assert_eq!(name, other, "{what}: another order of {kind}s");
                let differing = a.iter().zip(b).position(|(a, b)| a != b);
                assert_eq!((a.len(), differing), (b.len(), None), "{what}: {kind} `{name}` differs");
            }
        }
        assert_eq!(self.losses.len(), other.losses.len());
    }
}

/// Numbers in [-1, 1).
pub fn numbers(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let key = Key { seed, step: 0, node: 0 };
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        (2.0 * rng::uniform(key, (i * columns + j) as u64) - 1.0) as f32
    })
}

/// Ids below `limit`.
pub fn ids(rows: usize, columns: usize, limit: usize, seed: u64) -> Array2<u32> {
    let key = Key { seed, step: 1, node: 0 };
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        (rng::uniform(key, (i * columns + j) as u64) * limit as f64) as u32
    })
}

/// Trains `$model` for 20 steps of AdamW on `$cpu` and gives its [`Trace`]. `$before` is done to the
/// workspace before each step.
#[macro_export]
macro_rules! trace {
    ($model:ty, $cpu:expr, [$($input:expr),*]) => {
        $crate::trace!($model, $cpu, [$($input),*], |_ws: &mut ::remat::model::Workspace<$model>| {})
    };
    ($model:ty, $cpu:expr, [$($input:expr),*], $before:expr) => {{
        const STEPS: usize = 20;
        let mut trace = $crate::trace::Trace::default();
        let mut model = <$model>::new($cpu, 5).unwrap();
        let mut ws = model.workspace(6).unwrap();
        let config = ::remat::optim::AdamWConfig { lr: 1e-2, ..Default::default() };
        let mut opt = ::remat::optim::AdamW::new(&model, config).unwrap();
        for step in 0..STEPS {
            ($before)(&mut ws);
            let loss = model.forward_backward(&mut ws, $($input.view()),*).unwrap();
            trace.losses.push(loss.to_bits());
            if step == 0 || step + 1 == STEPS {
                trace.add_grads(ws.grads());
            }
            opt.step(&mut model, ws.grads()).unwrap();
        }
        trace.add_params(model.params());
        trace
    }};
}

//! What the CPU does to a chunk: elementwise, so that neither chunks nor vectors change a bit.
//!
//! Numbers of f64 are rounded to the parameters' type first, as PyTorch does. Checked against PyTorch
//! (`goldens.rs`) and against plain loops in f64 (`cpu.rs`).

use crate::cpu::simd::{Float, Job, Simd};
use crate::optim::{AdamStep, SgdStep};

/// [`SgdStep`], with or without momentum.
pub(super) struct Sgd<'a, E> {
    pub(super) step: &'a SgdStep,
    pub(super) param: &'a mut [E],
    pub(super) momentum_buffer: Option<&'a mut [E]>,
    pub(super) grad: &'a [E],
}

impl<E: Float> Job for Sgd<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let SgdStep { momentum, dampening, nesterov, first, .. } = *self.step;
        let minus_lr = E::from_f64(-self.step.lr);
        let decay = E::from_f64(self.step.weight_decay);
        // Left out at 0, so that a parameter that is infinite does not become NaN.
        let decays = decay != E::ZERO;
        let grad = |d: E, p: E| if decays { S::mul_add(decay, p, d) } else { d };
        let Some(buffer) = self.momentum_buffer else {
            for (p, &d) in self.param.iter_mut().zip(self.grad) {
                *p = S::mul_add(minus_lr, grad(d, *p), *p);
            }
            return;
        };
        let (keep, take) = if first { (0.0, 1.0) } else { (momentum, 1.0 - dampening) };
        let (keep, take, momentum) = (E::from_f64(keep), E::from_f64(take), E::from_f64(momentum));
        for ((p, b), &d) in self.param.iter_mut().zip(buffer).zip(self.grad) {
            let d = grad(d, *p);
            *b = S::mul_add(take, d, keep * *b);
            let d = if nesterov { S::mul_add(momentum, *b, d) } else { *b };
            *p = S::mul_add(minus_lr, d, *p);
        }
    }
}

/// [`AdamStep`].
pub(super) struct Adam<'a, E> {
    pub(super) step: &'a AdamStep,
    pub(super) param: &'a mut [E],
    pub(super) exp_avg: &'a mut [E],
    pub(super) exp_avg_sq: &'a mut [E],
    pub(super) grad: &'a [E],
}

impl<E: Float> Job for Adam<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let AdamStep { lr, betas: (beta1, beta2), weight_decay, decoupled, .. } = *self.step;
        let minus_step_size = E::from_f64(-self.step.step_size());
        let root_correction = E::from_f64(self.step.root_correction());
        let eps = E::from_f64(self.step.eps);
        let keep = E::from_f64(if decoupled { 1.0 - lr * weight_decay } else { 1.0 });
        let decay = E::from_f64(if decoupled { 0.0 } else { weight_decay });
        let decays = decay != E::ZERO;
        // The mean moves from its nearer end, as PyTorch's `lerp`: with beta1 = 0 it is the gradient.
        let from_grad = 1.0 - beta1 >= 0.5;
        let toward = E::from_f64(if from_grad { beta1 } else { 1.0 - beta1 });
        let (keep_sq, take_sq) = (E::from_f64(beta2), E::from_f64(1.0 - beta2));
        let elements = self.param.iter_mut().zip(self.exp_avg).zip(self.exp_avg_sq).zip(self.grad);
        for (((p, m), v), &g) in elements {
            let g = if decays { S::mul_add(decay, *p, g) } else { g };
            let (start, end) = if from_grad { (g, *m) } else { (*m, g) };
            *m = S::mul_add(toward, end - start, start);
            *v = S::mul_add(take_sq * g, g, keep_sq * *v);
            let divisor = v.sqrt() / root_correction + eps;
            *p = S::mul_add(minus_step_size, *m / divisor, *p * keep);
        }
    }
}

/// How many partial results run side by side, the same at every level, so that for f32 (whose squares
/// are exact in f64) all levels give the same bits. So many that the loop over them is not unrolled,
/// which is what keeps the compiler from vectorising it.
const LANES: usize = 256;

/// Folds `step` over the elements in lanes, then `join` over the lanes.
#[inline(always)]
fn reduce<E: Float, T: Copy>(x: &[E], zero: T, step: impl Fn(T, E) -> T, join: impl Fn(T, T) -> T) -> T {
    let mut lanes = [zero; LANES];
    for block in x.chunks(LANES) {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = step(*lane, x);
        }
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        let (low, high) = lanes.split_at_mut(width);
        for (low, &mut high) in low.iter_mut().zip(high) {
            *low = join(*low, high);
        }
    }
    lanes[0]
}

/// The sum of (factor x)^2, in f64.
pub(super) struct SumOfSquares<'a, E> {
    pub(super) x: &'a [E],
    pub(super) factor: f64,
}

impl<E: Float> Job for SumOfSquares<'_, E> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        let square = |sum: f64, x: E| {
            let x = x.to_f64() * self.factor;
            S::mul_add(x, x, sum)
        };
        reduce(self.x, 0.0, square, |a, b| a + b)
    }
}

/// The largest |x|; NaN if there is one.
pub(super) struct MaxAbs<'a, E> {
    pub(super) x: &'a [E],
}

impl<E: Float> Job for MaxAbs<'_, E> {
    type Output = E;

    #[inline(always)]
    fn run<S: Simd>(self) -> E {
        reduce(self.x, E::ZERO, |most, x| most.max(x.max(-x)), E::max)
    }
}

/// x = factor x, in f64.
pub(super) struct Scale<'a, E> {
    pub(super) x: &'a mut [E],
    pub(super) factor: f64,
}

impl<E: Float> Job for Scale<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for x in self.x {
            *x = E::from_f64(x.to_f64() * self.factor);
        }
    }
}

/// x = min(max(x, -limit), limit); NaN stays.
pub(super) struct Clamp<'a, E> {
    pub(super) x: &'a mut [E],
    pub(super) limit: f64,
}

impl<E: Float> Job for Clamp<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let limit = E::from_f64(self.limit);
        for x in self.x {
            let below = if *x > limit { limit } else { *x };
            *x = if below < -limit { -limit } else { below };
        }
    }
}

/// x += y
pub(super) struct Add<'a, E> {
    pub(super) x: &'a mut [E],
    pub(super) y: &'a [E],
}

impl<E: Float> Job for Add<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (x, &y) in self.x.iter_mut().zip(self.y) {
            *x += y;
        }
    }
}

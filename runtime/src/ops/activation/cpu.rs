//! Activations on the CPU.

use super::{Activation, Backward, Forward, Kernel, Spec, check_dropped};
use crate::cpu::Cpu;
use crate::cpu::columns::sum_columns;
use crate::cpu::elementwise::{Apply, CHUNK, Function, check_lengths, elementwise_over};
use crate::cpu::math;
use crate::cpu::parts::chunks;
use crate::cpu::pool::Pool;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::{Grad, check_given_or_held, check_summed};
use crate::error::Error;
use crate::ops::dropout::Mask;
use crate::ops::dropout::cpu::{Factors, Masked};
use crate::rng::GROUP;

/// 0.044715
const CUBIC: f64 = 0.044_715;
/// 2 sqrt(2/pi): 0.5 (1 + tanh u) = 1 / (1 + exp(-2u))
const TWICE_ROOT: f64 = 1.595_769_121_605_730_8;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x, mask } = args;
        check_lengths(&[(y.len(), batch * spec.len), (x.len(), batch * spec.len)])?;
        check_dropped(spec.activation, mask)?;
        let (pool, activation) = (self.pool(), spec.activation);
        pool.run_parts(chunks(y, CHUNK), |task, y, _| {
            let x = &x[task * CHUNK..][..y.len()];
            pool.level().run(Activated { activation, y, x });
            if let Some(mask) = mask {
                let factors = Factors::of_chunk(mask, task);
                pool.level().run(Masked { to: y, add: false, from: None, factors });
            }
        })
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dbias, dy, saved, mask } = args;
        let n = batch * spec.len;
        check_given_or_held(&dy, dx.as_ref())?;
        check_dropped(spec.activation, mask)?;
        if let Some(dbias) = &dbias {
            check_summed(dx.as_ref().map(|dx| dx.add), n, dbias.to.len())?;
        }
        let Some(Grad { to, add }) = dx else { return Ok(()) };
        check_lengths(&[(to.len(), n), (dy.map_or(n, <[E]>::len), n), (saved.len(), n)])?;
        let (pool, dx) = (self.pool(), Grad { to: &mut *to, add });
        match spec.activation {
            Activation::Relu => differentiate(pool, Relu, dx, dy, saved, mask),
            Activation::Gelu => differentiate(pool, Gelu, dx, dy, saved, mask),
            Activation::GeluTanh => differentiate(pool, GeluTanh, dx, dy, saved, mask),
            Activation::Silu => differentiate(pool, Silu, dx, dy, saved, mask),
            Activation::Sigmoid => differentiate(pool, Sigmoid, dx, dy, saved, mask),
            Activation::Tanh => differentiate(pool, Tanh, dx, dy, saved, mask),
        }?;
        // Not as it is written: tasks are cut for the one by elements, for the other by columns, of which there may be few.
        dbias.map_or(Ok(()), |dbias| sum_columns(pool, dbias, to))
    }
}

/// y = f(x) over slices of one length.
struct Activated<'a, E> {
    activation: Activation,
    y: &'a mut [E],
    x: &'a [E],
}

impl<E: Float> Job for Activated<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        apply::<S, E>(self.activation, self.y, self.x);
    }
}

/// dx = or += f'(dy, saved), of dy as it is dropped out, if it is; without `dy`, `dx` holds it, and is overwritten
fn differentiate<E: Float, F: Function<E, 2>>(
    pool: &Pool,
    f: F,
    dx: Grad<&mut [E]>,
    dy: Option<&[E]>,
    saved: &[E],
    mask: Option<Mask>,
) -> Result<(), Error> {
    let Some(mask) = mask else { return elementwise_over(pool, f, dx, [dy, Some(saved)]) };
    let Grad { to, add } = dx;
    pool.run_parts(chunks(to, CHUNK), |task, dx, _| {
        let start = task * CHUNK;
        let (dy, saved) = (dy.map(|dy| &dy[start..][..dx.len()]), &saved[start..][..dx.len()]);
        let factors = Factors::of_chunk(mask, task);
        pool.level().run(DroppedGradient { f, dx, add, dy, saved, factors });
    })
}

struct DroppedGradient<'a, E, F> {
    f: F,
    dx: &'a mut [E],
    add: bool,
    dy: Option<&'a [E]>,
    saved: &'a [E],
    factors: Factors<E>,
}

impl<E: Float, F: Function<E, 2>> Job for DroppedGradient<'_, E, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { f, dx, add, dy, saved, factors } = self;
        for (i, (dx, saved)) in dx.chunks_mut(GROUP).zip(saved.chunks(GROUP)).enumerate() {
            let dy = dy.map_or(&*dx, |dy| &dy[i * GROUP..][..dx.len()]);
            let mut left = factors.of_group(i);
            for (left, dy) in left.iter_mut().zip(dy) {
                *left = *dy * *left;
            }
            let left = &left[..dx.len()];
            Apply { f, to: dx, add, from: [left, saved] }.run::<S>();
        }
    }
}

/// y = f(x) over slices of one length: what another op runs on a tile that it has just made.
#[inline(always)]
pub(crate) fn apply<S: Simd, E: Float>(activation: Activation, y: &mut [E], x: &[E]) {
    let (to, add, from) = (y, false, [x]);
    match activation {
        Activation::Relu => Apply { f: Relu, to, add, from }.run::<S>(),
        Activation::Gelu => Apply { f: Gelu, to, add, from }.run::<S>(),
        Activation::GeluTanh => Apply { f: GeluTanh, to, add, from }.run::<S>(),
        Activation::Silu => Apply { f: Silu, to, add, from }.run::<S>(),
        Activation::Sigmoid => Apply { f: Sigmoid, to, add, from }.run::<S>(),
        Activation::Tanh => Apply { f: Tanh, to, add, from }.run::<S>(),
    }
}

/// A function of x, with its derivative as a function of dy and what is saved (x or y).
macro_rules! activation {
    ($name:ident, $s:ident, $x:ident => $y:expr, ($dy:ident, $saved:ident) => $dx:expr) => {
        #[derive(Clone, Copy)]
        struct $name;

        impl<E: Float> Function<E, 1> for $name {
            #[inline(always)]
            fn at<$s: Simd>(self, [$x]: [E; 1]) -> E {
                $y
            }
        }

        impl<E: Float> Function<E, 2> for $name {
            #[inline(always)]
            fn at<$s: Simd>(self, [$dy, $saved]: [E; 2]) -> E {
                $dx
            }
        }
    };
}

// Comparisons are the ones that NaN fails, and a derivative of 0 multiplies, so that NaN passes.
activation!(Relu, S,
    x => if x <= E::ZERO { E::ZERO } else { x },
    (dy, y) => {
        let slope = if y > E::ZERO { E::ONE } else { y };
        dy * slope
    }
);
activation!(Sigmoid, S, x => math::sigmoid::<S, E>(x), (dy, y) => dy * (y * (E::ONE - y)));
activation!(Tanh, S, x => math::tanh::<S, E>(x), (dy, y) => dy * ((E::ONE - y) * (E::ONE + y)));
activation!(Silu, S,
    x => x * math::sigmoid::<S, E>(x),
    (dy, x) => {
        let s = math::sigmoid::<S, E>(x);
        dy * (s * S::mul_add(x, E::ONE - s, E::ONE))
    }
);
activation!(Gelu, S,
    x => x * math::normal::<S, E>(x).0,
    (dy, x) => {
        let (cdf, density) = math::normal::<S, E>(x);
        dy * S::mul_add(math::clamp(x, -E::NORMAL_MAX, E::NORMAL_MAX), density, cdf)
    }
);
activation!(GeluTanh, S,
    x => {
        let u = x * S::mul_add(E::from_f64(TWICE_ROOT * CUBIC), x * x, E::from_f64(TWICE_ROOT));
        x * math::sigmoid::<S, E>(u)
    },
    (dy, x) => {
        // Beyond, the derivative is 0 or 1, and a square that overflows would make it NaN.
        let x = math::clamp(x, -E::NORMAL_MAX, E::NORMAL_MAX);
        let square = x * x;
        let u = x * S::mul_add(E::from_f64(TWICE_ROOT * CUBIC), square, E::from_f64(TWICE_ROOT));
        let slope = S::mul_add(E::from_f64(3.0 * TWICE_ROOT * CUBIC), square, E::from_f64(TWICE_ROOT));
        let s = math::sigmoid::<S, E>(u);
        dy * (s * S::mul_add(x * slope, E::ONE - s, E::ONE))
    }
);

#[cfg(test)]
mod tests;

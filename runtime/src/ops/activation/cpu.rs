//! Activations on the CPU.

use super::{Activation, Backward, Forward, Kernel, Spec, check_summed};
use crate::cpu::Cpu;
use crate::cpu::columns::sum_columns;
use crate::cpu::elementwise::{Apply, Function, check_lengths, elementwise, elementwise_over};
use crate::cpu::math;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::{Grad, check_given_or_held};
use crate::error::Error;

/// 0.044715
const CUBIC: f64 = 0.044_715;
/// 2 sqrt(2/pi): 0.5 (1 + tanh u) = 1 / (1 + exp(-2u))
const TWICE_ROOT: f64 = 1.595_769_121_605_730_8;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        check_lengths(&[(y.len(), batch * spec.len), (x.len(), batch * spec.len)])?;
        let (pool, to) = (self.pool(), Grad { to: y, add: false });
        match spec.activation {
            Activation::Relu => elementwise(pool, Relu, to, [x]),
            Activation::Gelu => elementwise(pool, Gelu, to, [x]),
            Activation::GeluTanh => elementwise(pool, GeluTanh, to, [x]),
            Activation::Silu => elementwise(pool, Silu, to, [x]),
            Activation::Sigmoid => elementwise(pool, Sigmoid, to, [x]),
            Activation::Tanh => elementwise(pool, Tanh, to, [x]),
        }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dbias, dy, saved } = args;
        let n = batch * spec.len;
        check_given_or_held(&dy, dx.as_ref())?;
        if let Some(dbias) = &dbias {
            check_summed(dx.as_ref().map(|dx| dx.add), n, dbias.to.len())?;
        }
        let Some(Grad { to, add }) = dx else { return Ok(()) };
        check_lengths(&[(to.len(), n), (dy.map_or(n, <[E]>::len), n), (saved.len(), n)])?;
        let (pool, dx, from) = (self.pool(), Grad { to: &mut *to, add }, [dy, Some(saved)]);
        match spec.activation {
            Activation::Relu => elementwise_over(pool, Relu, dx, from),
            Activation::Gelu => elementwise_over(pool, Gelu, dx, from),
            Activation::GeluTanh => elementwise_over(pool, GeluTanh, dx, from),
            Activation::Silu => elementwise_over(pool, Silu, dx, from),
            Activation::Sigmoid => elementwise_over(pool, Sigmoid, dx, from),
            Activation::Tanh => elementwise_over(pool, Tanh, dx, from),
        }?;
        // Not as it is written: tasks are cut for the one by elements, for the other by columns, of which there may be few.
        dbias.map_or(Ok(()), |dbias| sum_columns(pool, dbias, to))
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

//! `Add`, `Sub` and `Mul` on the CPU.

use super::{Arithmetic, Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{Add, Function, Identity, check_lengths, elementwise};
use crate::cpu::simd::{Float, Simd};
use crate::device::Grad;
use crate::error::Error;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, a, b } = args;
        check_lengths(&[(y.len(), batch * spec.len)])?;
        let to = Grad { to: y, add: false };
        match spec.op {
            Arithmetic::Add => elementwise(self.pool(), Add, to, [a, b]),
            Arithmetic::Sub => elementwise(self.pool(), Sub, to, [a, b]),
            Arithmetic::Mul => elementwise(self.pool(), Mul, to, [a, b]),
        }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { da, db, dy, a, b } = args;
        check_lengths(&[(dy.len(), batch * spec.len)])?;
        if let Some(da) = da {
            match spec.op {
                Arithmetic::Add | Arithmetic::Sub => elementwise(self.pool(), Identity, da, [dy])?,
                Arithmetic::Mul => elementwise(self.pool(), Mul, da, [dy, read(b)?])?,
            }
        }
        if let Some(db) = db {
            match spec.op {
                Arithmetic::Add => elementwise(self.pool(), Identity, db, [dy])?,
                Arithmetic::Sub => elementwise(self.pool(), Negative, db, [dy])?,
                Arithmetic::Mul => elementwise(self.pool(), Mul, db, [dy, read(a)?])?,
            }
        }
        Ok(())
    }
}

fn read<T>(factor: Option<T>) -> Result<T, Error> {
    factor.ok_or_else(|| Error::internal("the gradient of a product without its other factor"))
}

macro_rules! function {
    ($name:ident, $x:pat => $y:expr, $n:literal) => {
        #[derive(Clone, Copy)]
        struct $name;

        impl<E: Float> Function<E, $n> for $name {
            #[inline(always)]
            fn at<S: Simd>(self, $x: [E; $n]) -> E {
                $y
            }
        }
    };
}
function!(Sub, [a, b] => a - b, 2);
function!(Mul, [a, b] => a * b, 2);
function!(Negative, [x] => -x, 1);

#[cfg(test)]
mod tests;

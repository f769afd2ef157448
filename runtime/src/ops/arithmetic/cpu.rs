//! `Add`, `Sub` and `Mul` on the CPU.

use super::{Arithmetic, Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{Add, Function, Identity, check_lengths, elementwise, elementwise_over};
use crate::cpu::pool::Pool;
use crate::cpu::simd::{Float, Simd};
use crate::device::{Grad, check_given_or_held};
use crate::error::Error;
use crate::ops::dropout::cpu::drop_out_first;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, dropped, a, b, mask } = args;
        check_lengths(&[(y.len(), batch * spec.len)])?;
        let from = [drop_out_first(self, mask, y, dropped, a)?, Some(b)];
        let to = Grad { to: y, add: false };
        match spec.op {
            Arithmetic::Add => elementwise_over(self.pool(), Add, to, from),
            Arithmetic::Sub => elementwise_over(self.pool(), Sub, to, from),
            Arithmetic::Mul => elementwise_over(self.pool(), Mul, to, from),
        }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { da, db, dy, a, b } = args;
        let last = db.as_ref().or(da.as_ref());
        check_given_or_held(&dy, last)?;
        let (pool, n) = (self.pool(), batch * spec.len);
        check_lengths(&[(dy.or(last.map(|last| &*last.to)).map_or(n, <[E]>::len), n)])?;
        if let Some(da) = da {
            let dy = dy.or(db.as_ref().map(|db| &*db.to));
            match spec.op {
                Arithmetic::Add | Arithmetic::Sub => copy(pool, da, dy)?,
                Arithmetic::Mul => elementwise_over(pool, Mul, da, [dy, Some(read(b)?)])?,
            }
        }
        if let Some(db) = db {
            match spec.op {
                Arithmetic::Add => copy(pool, db, dy)?,
                Arithmetic::Sub => elementwise_over(pool, Negative, db, [dy])?,
                Arithmetic::Mul => elementwise_over(pool, Mul, db, [dy, Some(read(a)?)])?,
            }
        }
        Ok(())
    }
}

/// to = or += dy, which it holds already if it is not given.
fn copy<E: Float>(pool: &Pool, to: Grad<&mut [E]>, dy: Option<&[E]>) -> Result<(), Error> {
    dy.map_or(Ok(()), |dy| elementwise(pool, Identity, to, [dy]))
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

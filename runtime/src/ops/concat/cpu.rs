//! Concat on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::check_lengths;
use crate::cpu::runs::{Columns, join_columns, take_columns};
use crate::cpu::simd::Float;
use crate::device::Grad;
use crate::error::Error;

compiled!(Backward<'_, '_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, xs } = args;
        let rows = batch * spec.outer;
        check_lengths(&[(xs.len(), spec.parts.len()), (y.len(), rows * spec.width())])?;
        for (x, part) in xs.iter().zip(spec.parts) {
            check_lengths(&[(x.len(), rows * part * spec.inner)])?;
        }
        join_columns(self.pool(), y, xs.len(), |k| (spec.parts[k] * spec.inner, Some(xs[k])))
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, '_, Self>) -> Result<(), Error> {
        let Backward { dxs, dy } = args;
        let (rows, of) = (batch * spec.outer, spec.width());
        check_lengths(&[(dxs.len(), spec.parts.len()), (dy.len(), rows * of)])?;
        let mut first = 0;
        for (dx, part) in dxs.iter_mut().zip(spec.parts) {
            let width = part * spec.inner;
            if let Some(dx) = dx {
                check_lengths(&[(dx.to.len(), rows * width)])?;
                let to = Grad { to: &mut *dx.to, add: dx.add };
                take_columns(self.pool(), to, dy, Columns { first, width, of })?;
            }
            first += width;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

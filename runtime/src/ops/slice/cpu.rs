//! Slice on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::check_lengths;
use crate::cpu::runs::{Columns, add_columns, join_columns, take_columns};
use crate::cpu::simd::Float;
use crate::device::Grad;
use crate::error::Error;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        let columns = columns(spec)?;
        let rows = batch * spec.outer;
        check_lengths(&[(y.len(), rows * columns.width), (x.len(), rows * columns.of)])?;
        take_columns(self.pool(), Grad { to: y, add: false }, x, columns)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy } = args;
        let Some(Grad { to, add }) = dx else { return Ok(()) };
        let columns = columns(spec)?;
        let Columns { first, width, of } = columns;
        let rows = batch * spec.outer;
        check_lengths(&[(to.len(), rows * of), (dy.len(), rows * width)])?;
        if add {
            return add_columns(self.pool(), to, dy, columns);
        }
        let blocks = [(first, None), (width, Some(dy)), (of - first - width, None)];
        join_columns(self.pool(), to, blocks.len(), |k| blocks[k])
    }
}

/// What is taken, as columns of rows that hold the whole axis.
fn columns(spec: &Spec) -> Result<Columns, Error> {
    if spec.start + spec.take > spec.len {
        return Err(Error::internal(format!("{} elements from {} of {}", spec.take, spec.start, spec.len)));
    }
    let Spec { len, inner, start, take, .. } = *spec;
    Ok(Columns { first: start * inner, width: take * inner, of: len * inner })
}

#[cfg(test)]
mod tests;

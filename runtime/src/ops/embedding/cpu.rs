//! Embedding on the CPU.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{CHUNK, check_lengths};
use crate::cpu::parts::{Grid, Tile, chunks, tiles};
use crate::cpu::simd::{Float, Job, Simd};
use crate::error::Error;

/// Columns that a task of backward adds up: whole lines, few enough that narrow tables still give
/// several tasks.
const COLUMNS: usize = 64;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, ids, weight } = args;
        let dim = spec.dim;
        check_lengths(&[(y.len(), ids.len() * dim), (weight.len(), spec.vocab * dim)])?;
        check_ids(spec, batch, ids)?;
        let rows = (CHUNK / dim.max(1)).max(1);
        self.pool().run_parts(chunks(y, rows * dim), |task, y, _| {
            for (y, id) in y.chunks_exact_mut(dim).zip(&ids[task * rows..]) {
                y.copy_from_slice(&weight[*id as usize * dim..][..dim]);
            }
        })
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dweight, dy, ids } = args;
        let Some(dweight) = dweight else { return Ok(()) };
        let dim = spec.dim;
        check_lengths(&[(dy.len(), ids.len() * dim), (dweight.to.len(), spec.vocab * dim)])?;
        check_ids(spec, batch, ids)?;
        let pool = self.pool();
        if !dweight.add {
            pool.run_parts(chunks(&mut *dweight.to, CHUNK), |_, to, _| to.fill(E::ZERO))?;
        }
        let grid = Grid { rows: spec.vocab, columns: dim, tile_rows: spec.vocab, tile_columns: COLUMNS };
        pool.run_parts(tiles(dweight.to, grid), |task, dweight, _| {
            pool.level().run(AddRows { dweight, dy, ids, dim, first: task * COLUMNS });
        })
    }
}

/// The caller has checked the ids; a kernel must not read outside its table whatever it is given.
fn check_ids(spec: &Spec, batch: usize, ids: &[u32]) -> Result<(), Error> {
    check_lengths(&[(ids.len(), batch * spec.rows)])?;
    match ids.iter().position(|id| *id as usize >= spec.vocab) {
        None => Ok(()),
        Some(index) => Err(Error::IdOutOfRange {
            name: "ids".into(),
            index: vec![index],
            limit: spec.vocab,
            found: ids[index],
        }),
    }
}

/// `dweight[id]` += `dy[i]`, for some columns.
struct AddRows<'a, E> {
    dweight: Tile<'a, E>,
    dy: &'a [E],
    ids: &'a [u32],
    dim: usize,
    first: usize,
}

impl<E: Float> Job for AddRows<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        for (dy, id) in self.dy.chunks_exact(self.dim).zip(self.ids) {
            for (sum, dy) in self.dweight.row(*id as usize).iter_mut().zip(&dy[self.first..]) {
                *sum += *dy;
            }
        }
    }
}

#[cfg(test)]
mod tests;

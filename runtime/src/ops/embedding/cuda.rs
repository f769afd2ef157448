//! Embedding on a GPU. y: =; dweight: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cuda::elementwise::check;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Source};
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "embedding", text: include_str!("kernel.cu") };
static FORWARD: Function = Function { source: &SOURCE, name: "embedding_forward" };
static BACKWARD: Function = Function { source: &SOURCE, name: "embedding_backward" };

/// Features of a block of backward, as in the kernel.
const COLUMNS: usize = 128;
/// Blocks of backward that keep a GPU at work; each looks through all ids, so not many more.
const BLOCKS: usize = 1024;
/// The most rows of a block: 32 KiB of sums.
const ROWS: usize = 64;

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, ids, weight } = args;
        let Spec { vocab, dim, .. } = *spec;
        let rows = batch * spec.rows;
        check(&y, rows * dim)?;
        check(&ids, rows)?;
        check(&weight, vocab * dim)?;
        let threads = dim.div_ceil(16 / size_of::<E>()).next_multiple_of(32).min(256) as u32;
        let grid = Grid::of(rows.min(1 << 16), threads)?;
        let (y, ids, weight) = (y.address(), ids.address(), weight.address());
        let [rows, vocab, dim] = [rows, vocab, dim].map(|size| size as i64);
        // SAFETY: their lengths were looked at; the kernel looks at the ids.
        unsafe { self.launch(&FORWARD, grid, &[&y, &ids, &weight, &rows, &vocab, &dim]) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dweight, dy, ids } = args;
        let Some(dweight) = dweight else { return Ok(()) };
        let Spec { vocab, dim, .. } = *spec;
        let rows = batch * spec.rows;
        check(&dweight, vocab * dim)?;
        check(&dy, rows * dim)?;
        check(&ids, rows)?;
        let per_block = vocab.div_ceil(BLOCKS).min(ROWS);
        let mut grid = Grid::of(vocab.div_ceil(per_block.max(1)), COLUMNS as u32)?;
        grid.blocks.1 = dim.div_ceil(COLUMNS).max(1) as u32;
        grid.shared = (per_block * COLUMNS * size_of::<f32>()) as u32;
        let (add, per_block) = (i32::from(dweight.add), per_block as i32);
        let (dweight, dy, ids) = (dweight.address(), dy.address(), ids.address());
        let [rows, vocab, dim] = [rows, vocab, dim].map(|size| size as i64);
        // SAFETY: their lengths were looked at; the kernel looks at the ids.
        unsafe { self.launch(&BACKWARD, grid, &[&dweight, &dy, &ids, &rows, &vocab, &dim, &per_block, &add]) }
    }
}

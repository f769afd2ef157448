//! Transpose on a GPU. y: =; dx: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cuda::elementwise::check;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Source};
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "transpose", text: include_str!("kernel.cu") };
static ELEMENTS: Function = Function { source: &SOURCE, name: "transpose_elements" };
static RUNS: Function = Function { source: &SOURCE, name: "transpose_runs" };

/// The sides of a block's tile, and the rows of it that are moved at once, as in the kernel.
const TILE: usize = 32;
const ROWS: u32 = 8;

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        transpose(self, spec, batch, (&args.y, false), &args.x)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy } = args;
        // The axes swapped back.
        let spec = Spec { a: spec.b, b: spec.a, ..*spec };
        dx.map_or(Ok(()), |dx| transpose(self, &spec, batch, (&dx.to, dx.add), &dy))
    }
}

/// to[b, mid, a] = or += from[a, mid, b]
fn transpose<E: Elem>(
    cuda: &Cuda<E>,
    spec: &Spec,
    batch: usize,
    (to, add): (&impl Address, bool),
    from: &impl Address,
) -> Result<(), Error> {
    let Spec { outer, a, mid, b, inner } = *spec;
    let outer = batch * outer;
    check(to, outer * a * mid * b * inner)?;
    check(from, outer * a * mid * b * inner)?;
    let (to, from, add) = (to.address(), from.address(), i32::from(add));
    let matrices = outer * mid;
    let [outer, a_axis, mid, b_axis, inner_axis] = [outer, a, mid, b, inner].map(|size| size as i64);
    if inner == 1 {
        let mut grid = Grid::of(a.div_ceil(TILE) * b.div_ceil(TILE), TILE as u32)?;
        (grid.threads.1, grid.blocks.1) = (ROWS, matrices.clamp(1, 1 << 12) as u32);
        // SAFETY: both have so many elements.
        return unsafe { cuda.launch(&ELEMENTS, grid, &[&to, &from, &outer, &a_axis, &mid, &b_axis, &add]) };
    }
    let mut grid = Grid::of((matrices * a * b).div_ceil(ROWS as usize).min(1 << 16), TILE as u32)?;
    grid.threads.1 = ROWS;
    // SAFETY: both have so many elements.
    unsafe { cuda.launch(&RUNS, grid, &[&to, &from, &outer, &a_axis, &mid, &b_axis, &inner_axis, &add]) }
}

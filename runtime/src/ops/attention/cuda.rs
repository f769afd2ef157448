//! Attention on a GPU. y, lse: =; dq, dk, dv: = or +=.

use half::bf16;

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Argument, Cuda, Elem, Function, Grid, SCRATCH, Source, View};
use crate::device::ElemGrad;
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "attention", text: include_str!("kernel.cu") };

/// Threads of a block, as in `head.cuh`.
const THREADS: u32 = 128;

/// What a kernel computes.
#[derive(Clone, Copy, Debug)]
enum Pass {
    /// y and lse.
    Forward,
    /// dq.
    BackwardQ,
    /// dk and dv.
    BackwardKv,
}

/// Blocks own `rows` rows, and `passing` of the others pass by at once: R and C in `kernel.cu`.
#[derive(Clone, Copy, Debug)]
struct Tile {
    rows: usize,
    passing: usize,
}

/// A kernel for heads of at most `columns` features; or, of any number, for as many at once.
#[derive(Debug)]
struct Blocked {
    pass: Pass,
    columns: usize,
    /// Where products are of f32.
    single: Tile,
    /// Where they are of elements of bf16, and made by tensor cores. None: they are of f32 even so, and heads are of any
    /// number of features.
    half: Option<Tile>,
    function: Function,
}

const fn blocked(
    pass: Pass,
    columns: usize,
    single: [usize; 2],
    half: [usize; 2],
    name: &'static str,
) -> Blocked {
    let half = Some(Tile { rows: half[0], passing: half[1] });
    Blocked { half, ..wide(pass, columns, single, name) }
}

const fn wide(pass: Pass, columns: usize, single: [usize; 2], name: &'static str) -> Blocked {
    let single = Tile { rows: single[0], passing: single[1] };
    Blocked { pass, columns, single, half: None, function: Function { source: &SOURCE, name } }
}

/// The kernels of a pass, those for more features behind those for fewer, and last the one for any number.
type Kernels = [Blocked; 5];

static FORWARD: Kernels = [
    blocked(Pass::Forward, 32, [64, 64], [128, 64], "attention_forward_32"),
    blocked(Pass::Forward, 64, [64, 64], [128, 64], "attention_forward_64"),
    blocked(Pass::Forward, 128, [64, 32], [128, 32], "attention_forward_128"),
    blocked(Pass::Forward, 256, [32, 16], [64, 32], "attention_forward_256"),
    wide(Pass::Forward, WIDE, [64, 32], "attention_forward_wide"),
];
static BACKWARD_Q: Kernels = [
    blocked(Pass::BackwardQ, 32, [64, 64], [128, 64], "attention_backward_q_32"),
    blocked(Pass::BackwardQ, 64, [64, 32], [128, 32], "attention_backward_q_64"),
    blocked(Pass::BackwardQ, 128, [32, 32], [64, 32], "attention_backward_q_128"),
    blocked(Pass::BackwardQ, 256, [16, 16], [64, 16], "attention_backward_q_256"),
    wide(Pass::BackwardQ, WIDE, [32, 32], "attention_backward_q_wide"),
];
static BACKWARD_KV: Kernels = [
    blocked(Pass::BackwardKv, 32, [64, 64], [128, 32], "attention_backward_kv_32"),
    blocked(Pass::BackwardKv, 64, [64, 32], [128, 32], "attention_backward_kv_64"),
    blocked(Pass::BackwardKv, 128, [32, 32], [64, 32], "attention_backward_kv_128"),
    blocked(Pass::BackwardKv, 256, [16, 16], [64, 16], "attention_backward_kv_256"),
    wide(Pass::BackwardKv, WIDE, [32, 32], "attention_backward_kv_wide"),
];

/// The most columns of dk and dv that a block sums by tensor cores, as in `tensor.cuh`.
const MOST_COLUMNS: usize = 128;

/// The one for heads of `dim` features.
fn chosen(kernels: &'static Kernels, dim: usize) -> &'static Blocked {
    let [fits @ .., wide] = kernels;
    fits.iter().find(|kernel| dim <= kernel.columns).unwrap_or(wide)
}

impl Blocked {
    /// For `heads` heads of `dim` features, each of which has `rows` rows that blocks own.
    fn grid<E: Elem>(&self, heads: usize, rows: usize, dim: usize) -> Result<Grid, Error> {
        let (shape, shared, parts) = match self.half {
            Some(half) if size_of::<E>() == 2 => {
                let parts = if matches!(self.pass, Pass::BackwardKv) {
                    self.columns.div_ceil(MOST_COLUMNS)
                } else {
                    1
                };
                (half, self.half_shared(half), parts)
            }
            Some(_) => (self.single, self.single_shared(), 1),
            None => (self.single, self.single_shared(), dim.div_ceil(self.columns)),
        };
        if parts > MOST_PARTS {
            const { assert!(MOST_PARTS * WIDE == 8_388_480) };
            return Err(Error::argument(
                "the features of a head of attention on a GPU",
                "at most 8388480",
                dim,
            ));
        }
        let mut grid = Grid::of(heads * rows.div_ceil(shape.rows), THREADS)?;
        (grid.shared, grid.blocks.1) = (shared as u32, parts as u32);
        Ok(grid)
    }

    /// Rows of which a block holds its own, all the time: of q, or of two inputs; or a part of one.
    fn own(&self, tile: Tile) -> usize {
        if matches!(self.pass, Pass::Forward) || self.half.is_none() { tile.rows } else { 2 * tile.rows }
    }

    /// Bytes of its own rows and of two tiles of those that pass by, or three, which are padded as `tile.cuh` says, of a
    /// tile of weights, and of two numbers of each row that passes by.
    fn single_shared(&self) -> usize {
        let Tile { rows, passing } = self.single;
        let held = self.own(self.single) + if self.half.is_none() { 3 } else { 2 } * passing;
        size_of::<f32>() * (held * (self.columns + 4) + rows * (passing + 8) + 2 * passing)
    }

    /// Bytes of its own rows and of two tiles of those that pass by and of the next two, which are padded as
    /// `tensor_tile.cuh` says.
    fn half_shared(&self, half: Tile) -> usize {
        let held = self.own(half) + 4 * half.passing;
        size_of::<bf16>() * held * (self.columns + 8)
    }
}

/// Columns that a block sums of heads of any number of features, as in `kernel.cu`.
const WIDE: usize = 128;
/// The most blocks down a grid.
const MOST_PARTS: usize = 65_535;

/// What all kernels are given, as they are given it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Shape {
    q: u64,
    k: u64,
    v: u64,
    stride: i64,
    first: i64,
    queries: i32,
    keys: i32,
    heads: i32,
    dim: i32,
    scale: f32,
    causal: i32,
}

// SAFETY: words of 8 bytes, and behind them an even number of words of 4: there is no gap.
unsafe impl Argument for Shape {}

/// Bytes of what backward knows of a query, as in `head.cuh`.
const KNOWN: usize = 2 * size_of::<f32>();

impl Shape {
    fn new<E: Elem>(spec: &Spec, batch: usize, xs: &[View<'_, E>]) -> Result<Self, Error> {
        let &Spec { queries, keys, heads, dim, causal, packed } = spec;
        if (causal || packed) && queries != keys {
            return Err(Error::internal("attention of one sequence with two lengths"));
        }
        check_lengths(&[(xs.len(), if packed { 1 } else { 3 })])?;
        xs.iter().zip(lens(spec, batch)).try_for_each(|(x, len)| check_lengths(&[(x.len(), len)]))?;
        let [q, k, v] = parts::<E>(spec, std::array::from_fn(|i| xs.get(i).map_or(0, View::address)));
        let scale = (1.0 / (dim as f64).sqrt()) as f32;
        let stride = (if packed { 3 } else { 1 } * heads * dim) as i64;
        let (queries, keys, heads, dim) = (count(queries)?, count(keys)?, count(heads)?, count(dim)?);
        Ok(Self { q, k, v, stride, first: 0, queries, keys, heads, dim, scale, causal: i32::from(causal) })
    }
}

/// How many elements each input has.
fn lens(spec: &Spec, batch: usize) -> [usize; 3] {
    let Spec { queries, keys, heads, dim, packed, .. } = *spec;
    let (q, k) = (batch * queries * heads * dim, batch * keys * heads * dim);
    if packed { [3 * q, 0, 0] } else { [q, k, k] }
}

/// Where q, k and v are, or their gradients, in `starts`, the addresses of what holds them: 0 for none.
fn parts<E>(spec: &Spec, starts: [u64; 3]) -> [u64; 3] {
    let row = (size_of::<E>() * spec.heads * spec.dim) as u64;
    match (spec.packed, starts[0]) {
        (false, _) => starts,
        (true, 0) => [0; 3],
        (true, start) => [start, start + row, start + 2 * row],
    }
}

/// A count that kernels add small numbers to.
fn count(n: usize) -> Result<i32, Error> {
    let count = i32::try_from(n).ok().filter(|count| *count < 1 << 30);
    count.ok_or_else(|| Error::internal("attention of more than 2^30 tokens"))
}

/// Where the gradients of q, k and v go, and whether each is added to.
fn gradients<E: Elem>(
    spec: &Spec,
    batch: usize,
    dxs: &[Option<ElemGrad<'_, Cuda<E>>>],
) -> Result<[(u64, i32); 3], Error> {
    check_lengths(&[(dxs.len(), if spec.packed { 1 } else { 3 })])?;
    let wanted = || dxs.iter().zip(lens(spec, batch)).filter_map(|(dx, len)| Some((dx.as_ref()?, len)));
    wanted().try_for_each(|(dx, len)| check_lengths(&[(dx.len(), len)]))?;
    let starts = parts::<E>(spec, std::array::from_fn(|i| dxs.get(i).map_or(0, Address::address)));
    Ok(std::array::from_fn(|i| {
        let dx = dxs.get(if spec.packed { 0 } else { i }).and_then(Option::as_ref);
        (starts[i], i32::from(dx.is_some_and(|dx| dx.add)))
    }))
}

/// Of how many of `heads` heads there is room for what backward knows of each query: at least 1.
fn heads_at_once(heads: usize, queries: usize) -> Result<usize, Error> {
    const MOST: usize = SCRATCH / KNOWN;
    const { assert!(MOST == 4_194_304) };
    match MOST / queries.max(1) {
        0 => Err(Error::argument("the queries of a head of attention on a GPU", "at most 4194304", queries)),
        most => Ok(most.min(heads).max(1)),
    }
}

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, lse, xs } = args;
        let shape = Shape::new(spec, batch, xs)?;
        let rows = batch * spec.heads * spec.queries;
        check_lengths(&[(y.len(), rows * spec.dim)])?;
        if let Some(lse) = &lse {
            check_lengths(&[(lse.len(), rows)])?;
        }
        if rows == 0 {
            return Ok(());
        }
        let kernel = chosen(&FORWARD, spec.dim);
        let grid = kernel.grid::<E>(batch * spec.heads, spec.queries, spec.dim)?;
        let (y, lse) = (y.address(), lse.address());
        // SAFETY: all lengths are those of the shapes; where there is no lse, 0 is given.
        unsafe { self.launch(&kernel.function, grid, &[&y, &lse, &shape]) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, '_, Self>) -> Result<(), Error> {
        let Backward { dxs, dy, xs, y, lse } = args;
        let mut shape = Shape::new(spec, batch, xs)?;
        let rows = batch * spec.heads * spec.queries;
        check_lengths(&[(y.len(), rows * spec.dim), (dy.len(), rows * spec.dim), (lse.len(), rows)])?;
        let [(dq, add_q), (dk, add_k), (dv, add_v)] = gradients(spec, batch, dxs)?;
        let (dy, y, lse) = (dy.address(), y.address(), lse.address());
        let heads = batch * spec.heads;
        let of_keys = (dk != 0 || dv != 0) && heads * spec.keys > 0;
        let of_queries = (dq != 0 || of_keys) && rows > 0;
        let (for_q, for_kv) = (chosen(&BACKWARD_Q, spec.dim), chosen(&BACKWARD_KV, spec.dim));
        // What the first kernel tells the second needs room; of more heads, they go in turn.
        let most = if of_keys { heads_at_once(heads, spec.queries)? } else { heads.max(1) };
        let scratch = of_keys.then(|| self.gpu().scratch(most * KNOWN * spec.queries)).transpose()?;
        let known = scratch.as_ref().map_or(0, |scratch| scratch.address());
        for first in (0..heads).step_by(most) {
            shape.first = first as i64;
            let heads = most.min(heads - first);
            if of_queries {
                let grid = for_q.grid::<E>(heads, spec.queries, spec.dim)?;
                // SAFETY: all lengths are those of the shapes, and scratch has room for what is known of as many heads;
                // for what is not asked for, 0 is given.
                unsafe {
                    self.launch(&for_q.function, grid, &[&dq, &add_q, &known, &dy, &y, &lse, &shape])?;
                }
            }
            if of_keys {
                let grid = for_kv.grid::<E>(heads, spec.keys, spec.dim)?;
                // SAFETY: as above; scratch is held until all are launched.
                unsafe {
                    self.launch(&for_kv.function, grid, &[&dk, &dv, &add_k, &add_v, &known, &dy, &shape])?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = &'static Blocked> {
        [&FORWARD, &BACKWARD_Q, &BACKWARD_KV].into_iter().flatten()
    }

    #[test]
    fn the_smallest_gpus_have_the_shared_memory_of_every_kernel() {
        for kernel in all() {
            for shared in [Some(kernel.single_shared()), kernel.half.map(|half| kernel.half_shared(half))]
                .into_iter()
                .flatten()
            {
                assert!(shared <= 99 << 10, "{shared} bytes: {kernel:?}");
            }
        }
    }

    #[test]
    fn as_many_heads_go_at_once_as_there_is_room_for() {
        for (heads, queries, at_once) in [
            (0, 0, Some(1)),
            (0, 7, Some(1)),
            (768, 1024, Some(768)),
            (4097, 1024, Some(4096)),
            (5, 3 << 20, Some(1)),
            (5, 1 << 22, Some(1)),
            (5, (1 << 22) + 1, None),
        ] {
            assert_eq!(heads_at_once(heads, queries).ok(), at_once, "{heads} heads of {queries} queries");
        }
    }

    #[test]
    fn a_head_has_the_first_kernel_that_is_wide_enough() {
        for (dim, columns) in [(1, 32), (32, 32), (33, 64), (64, 64), (96, 128), (128, 128), (129, 256)] {
            let kernel = chosen(&FORWARD, dim);
            assert!(kernel.columns == columns && kernel.half.is_some(), "{dim}: {kernel:?}");
        }
        assert!([257, 4096].map(|dim| chosen(&BACKWARD_KV, dim).half.is_none()) == [true; 2]);
    }

    #[test]
    fn blocks_cover_all_rows_and_all_columns() {
        for kernel in all() {
            let blocks = |grid: Result<Grid, Error>| grid.map(|grid| grid.blocks).ok();
            let (dim, [single, half]) = match (kernel.half, kernel.pass) {
                (None, _) => (300, [3, 3]),
                (_, Pass::BackwardKv) if kernel.columns == 256 => (256, [1, 2]),
                _ => (kernel.columns, [1, 1]),
            };
            let Tile { rows, .. } = kernel.half.unwrap_or(kernel.single);
            assert_eq!(blocks(kernel.grid::<bf16>(3, 2 * rows, dim)), Some((6, half, 1)), "{kernel:?}");
            assert_eq!(blocks(kernel.grid::<bf16>(3, 2 * rows + 1, dim)), Some((9, half, 1)), "{kernel:?}");
            let Tile { rows, .. } = kernel.single;
            assert_eq!(blocks(kernel.grid::<f32>(3, 2 * rows + 1, dim)), Some((9, single, 1)), "{kernel:?}");
        }
        assert!(chosen(&FORWARD, 1 << 23).grid::<f32>(1, 1, 1 << 23).is_err());
    }
}

//! Products of matrices, in the manner of Goto and BLIS: panels of A and B are packed into the lane of
//! the thread that needs them, and a tile of C small enough for the registers is summed over a block
//! of k before it goes to memory.
//!
//! What decides the bits of an element: for each block of k, in order, a chain of (fused) multiply-adds
//! from 0, over k in order, is added to what is there. The blocks are a function of k alone.
//! So the cut of C into tasks, the number of threads and the size of tiles may follow what is
//! fast. The tests compare with plain loops in f64.

mod block;
mod pack;
mod portable;
#[cfg(test)]
mod tests;
mod tile;
#[cfg(target_arch = "x86_64")]
mod x86;

use super::pool::{LANE_BYTES, Pool};
use super::simd::{Float, Level, Simd};
use crate::error::Error;
use block::Region;
use tile::Kernels;

/// An element that products have kernels for.
pub(crate) trait Product: Float {
    /// The kernels of a level.
    fn kernels(level: Level) -> &'static Kernels<Self>;
}

macro_rules! product {
    ($t:ident, $portable:ident, $avx2:ident, $avx512:ident) => {
        impl Product for $t {
            fn kernels(level: Level) -> &'static Kernels<Self> {
                match level {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => &x86::$avx512,
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => &x86::$avx2,
                    _ => &portable::$portable,
                }
            }
        }
    };
}
product!(f32, F32, AVX2_F32, AVX512_F32);
product!(f64, F64, AVX2_F64, AVX512_F64);

/// A matrix to read: element (i, j) is `data[i * row_step + j * col_step]`, and one step is 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, E> {
    data: &'a [E],
    row_step: usize,
    col_step: usize,
}

impl<'a, E> Matrix<'a, E> {
    /// Rows one after another, `step` elements from one to the next.
    pub(crate) fn rows(data: &'a [E], step: usize) -> Self {
        Self { data, row_step: step, col_step: 1 }
    }

    /// The transpose.
    pub(crate) fn t(self) -> Self {
        Self { row_step: self.col_step, col_step: self.row_step, ..self }
    }

    /// Whether `rows` x `cols` elements are there.
    fn holds(&self, rows: usize, cols: usize) -> bool {
        holds(self.data, rows, cols, self.row_step, self.col_step)
    }
}

fn holds<E>(data: &[E], rows: usize, cols: usize, row_step: usize, col_step: usize) -> bool {
    let last = || (rows - 1).checked_mul(row_step)?.checked_add((cols - 1).checked_mul(col_step)?);
    rows == 0 || cols == 0 || last().is_some_and(|last| last < data.len())
}

/// What the product is added to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Init<'a, E> {
    /// Nothing: C = A B.
    Zero,
    /// What C holds: C += A B.
    C,
    /// A number per column: C = A B + row.
    Row(&'a [E]),
}

/// What C becomes: `init` + A B.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a, E> {
    /// What the product is added to.
    pub(crate) init: Init<'a, E>,
    /// A, [m, k].
    pub(crate) a: Matrix<'a, E>,
    /// B, [k, n].
    pub(crate) b: Matrix<'a, E>,
}

/// What is done with elements of C once they are complete and while they are in the cache.
pub(crate) trait Epilogue<E>: Sync {
    /// `c` is C[row, col..]; each element of C comes once. Must be `#[inline(always)]`.
    fn finish<S: Simd>(&self, c: &mut [E], row: usize, col: usize);
}

/// Nothing more.
pub(crate) struct Done;

impl<E> Epilogue<E> for Done {
    #[inline(always)]
    fn finish<S: Simd>(&self, _: &mut [E], _: usize, _: usize) {}
}

/// The sizes of a product: C is [m, n], A [m, k], B [k, n].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Rows of C.
    pub(crate) m: usize,
    /// Columns of C.
    pub(crate) n: usize,
    /// Terms of each sum.
    pub(crate) k: usize,
}

/// C = init + A B, then `epilogue`; C's rows are `step` elements apart.
///
/// # Errors
/// [`Error::Internal`] if the slices do not hold the matrices; those of [`Pool::run`].
pub(crate) fn product<E: Product>(
    pool: &Pool,
    level: Level,
    shape: Shape,
    (c, step): (&mut [E], usize),
    Terms { init, a, b }: Terms<'_, E>,
    epilogue: &impl Epilogue<E>,
) -> Result<(), Error> {
    let Shape { m, n, k } = shape;
    let row_holds = !matches!(init, Init::Row(row) if row.len() < n);
    let c_holds = n <= step && holds(c, m, n, step, 1);
    if !(row_holds && c_holds && a.holds(m, k) && b.holds(k, n)) {
        return Err(Error::internal(format!("a product of {shape:?} with matrices of other sizes")));
    }
    if m == 0 || n == 0 {
        return Ok(());
    }
    let kernels = E::kernels(level);
    let c = c.as_mut_ptr();
    let (init, init_step) = match init {
        Init::Zero => (std::ptr::null(), 0),
        Init::C => (c.cast_const(), step),
        Init::Row(row) => (row.as_ptr(), 0),
    };
    let cut = Cut::new(shape, pool.threads(), kernels);
    let region = Region { kernels, shape, a, b, c, step, init, init_step, epilogue };
    pool.run(cut.rows * cut.cols, &|task, lane| {
        let (i, j) = (task / cut.cols, task % cut.cols);
        let part = block::Part {
            region: &region,
            rows: part(m, kernels.rows, cut.rows, i),
            cols: part(n, kernels.cols(), cut.cols, j),
            memory: lane.memory,
        };
        level.run(part);
    })
}

/// How C is cut into tasks.
struct Cut {
    rows: usize,
    cols: usize,
}

/// Multiply-adds below which waking a thread costs more than it brings.
const WORTH_A_TASK: usize = 1 << 18;

impl Cut {
    /// As many tasks as threads; or several for each, which lets a thread that others keep busy do less,
    /// where what is packed again for that is little beside the product.
    fn new<E>(shape: Shape, threads: usize, kernels: &Kernels<E>) -> Self {
        let Shape { m, n, k } = shape;
        let most = (m.saturating_mul(n).saturating_mul(k) / WORTH_A_TASK).max(1);
        if threads == 1 || most == 1 {
            return Self { rows: 1, cols: 1 };
        }
        let few = Self::into(threads.min(most), shape, kernels);
        let many = Self::into((TASKS * threads).min(most), shape, kernels);
        let more = many.packed(shape).saturating_sub(few.packed(shape));
        if more.saturating_mul(PACKING * WORTH_MORE_TASKS) <= m.saturating_mul(n) { many } else { few }
    }

    /// At most this many tasks: the cut into the most of them, then that which packs least.
    fn into<E>(tasks: usize, shape: Shape, kernels: &Kernels<E>) -> Self {
        let (max_rows, max_cols) = (shape.m.div_ceil(kernels.rows), shape.n.div_ceil(kernels.cols()));
        let cuts = (1..=tasks.min(max_rows)).map(|rows| Self { rows, cols: (tasks / rows).min(max_cols) });
        // There is always the cut into one row.
        cuts.min_by_key(|cut| (tasks - cut.rows * cut.cols, cut.packed(shape)))
            .unwrap_or(Self { rows: 1, cols: 1 })
    }

    /// How many elements are packed for each k: each column of tasks packs A again, and each row B.
    fn packed(&self, Shape { m, n, .. }: Shape) -> usize {
        m.saturating_mul(self.cols).saturating_add(n.saturating_mul(self.rows))
    }
}

/// Tasks for each thread, where there are several.
const TASKS: usize = 2;

/// Multiply-adds in the time in which an element is packed, as measured.
const PACKING: usize = 30;

/// More tasks are worth this part of the product, one in so many.
const WORTH_MORE_TASKS: usize = 20;

/// The `i`-th of `count` parts of `len`, cut at multiples of `unit` as evenly as that allows.
fn part(len: usize, unit: usize, count: usize, i: usize) -> std::ops::Range<usize> {
    let units = len.div_ceil(unit);
    let at = |i: usize| (units * i / count * unit).min(len);
    at(i)..at(i + 1)
}

//! The innermost loop: a tile of C held in registers, over one block of k.

use super::pack::Source;

/// A vector register of some level. Every function needs that level's instructions.
pub(super) trait Vector: Copy {
    /// What it holds.
    type Elem: Copy;
    /// How many.
    const LANES: usize;

    /// Zeros.
    unsafe fn zero() -> Self;
    /// One element in every lane.
    unsafe fn splat(from: *const Self::Elem) -> Self;
    /// `LANES` elements.
    unsafe fn load(from: *const Self::Elem) -> Self;
    /// `count` elements, then zeros; no other memory is touched.
    unsafe fn load_first(from: *const Self::Elem, count: usize) -> Self;
    /// `LANES` elements.
    unsafe fn store(self, to: *mut Self::Elem);
    /// The first `count` elements; no other memory is touched.
    unsafe fn store_first(self, to: *mut Self::Elem, count: usize);
    /// Lane by lane.
    unsafe fn add(self, other: Self) -> Self;
    /// self x + y
    unsafe fn mul_add(self, x: Self, y: Self) -> Self;
    /// `to[j * to_step + i] = from[min(i, rows - 1) * from_step + j]` for i, j below `LANES`, stored
    /// in the order of j.
    unsafe fn transpose(
        to: *mut Self::Elem,
        to_step: usize,
        from: *const Self::Elem,
        from_step: usize,
        rows: usize,
    );
    /// Asks for a line of the cache.
    unsafe fn prefetch(at: *const Self::Elem);
}

/// C = init + A B for a tile.
pub(super) struct Tile<E> {
    /// The length of the block of k.
    pub(super) k: usize,
    /// A's element (0, 0).
    pub(super) a: *const E,
    /// From a row of A to the next, if it is not packed.
    pub(super) a_step: usize,
    /// B's element (0, 0); whole vectors are read.
    pub(super) b: *const E,
    /// From a row of B to the next.
    pub(super) b_k: usize,
    /// The tile's first element.
    pub(super) c: *mut E,
    /// From a row of C to the next.
    pub(super) c_step: usize,
    /// What is added, null for nothing.
    pub(super) init: *const E,
    /// From a row of it to the next.
    pub(super) init_step: usize,
    /// Columns in the last vector.
    pub(super) last: usize,
}

/// A kernel for one size of tile.
pub(super) type TileFn<E> = unsafe fn(&Tile<E>);

/// Packs a block: see [`pack`](super::pack).
pub(super) type PackFn<E> = unsafe fn(*mut E, &Kernels<E>, Source<E>);

/// Steps of k that the loop over it takes at once.
const UNROLL: usize = 4;

/// The kernels of a level and a type.
pub(crate) struct Kernels<E: 'static> {
    /// Rows of the largest tile.
    pub(super) rows: usize,
    /// Vectors of the largest tile.
    pub(super) vectors: usize,
    /// Columns of a vector.
    pub(super) lanes: usize,
    /// For each number of rows, from 1, and of vectors, from 1: A is packed.
    pub(super) packed: &'static [TileFn<E>],
    /// The same, for A where it is, its columns adjacent.
    pub(super) direct: &'static [TileFn<E>],
    /// Packs A.
    pub(super) pack_a: PackFn<E>,
    /// Packs B.
    pub(super) pack_b: PackFn<E>,
}

impl<E> Kernels<E> {
    /// Columns of the largest tile.
    pub(super) fn cols(&self) -> usize {
        self.vectors * self.lanes
    }

    /// Where the kernel for tiles of that size stands in `packed` and `direct`.
    pub(super) fn index(&self, rows: usize, vectors: usize) -> usize {
        (rows - 1) * self.vectors + vectors - 1
    }
}

/// See [`Tile`]; A is packed, or (`ROWS`) its columns are adjacent.
///
/// # Safety
/// The level's instructions are there, and the pointers reach what the tile says.
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const M: usize, const N: usize, const ROWS: bool>(t: &Tile<V::Elem>) {
    // SAFETY: the pointers stay inside the packed panels and the tile; the rest is the caller's.
    unsafe {
        let mut sum = [[V::zero(); N]; M];
        let (mut a, mut b) = (t.a, t.b);
        // C comes into the cache row by row meanwhile: all at once, its lines would hold up A and B.
        for i in 0..M {
            for j in 0..N {
                V::prefetch(t.c.wrapping_add(i * t.c_step + j * V::LANES));
            }
            for _ in 0..t.k / (M * UNROLL) {
                steps::<V, M, N, UNROLL, ROWS>(&mut sum, &mut a, &mut b, t);
            }
        }
        for _ in 0..t.k % (M * UNROLL) {
            steps::<V, M, N, 1, ROWS>(&mut sum, &mut a, &mut b, t);
        }
        for (i, sum) in sum.into_iter().enumerate() {
            for (j, v) in sum.into_iter().enumerate() {
                let (at, init) = (i * t.c_step + j * V::LANES, i * t.init_step + j * V::LANES);
                finish(t, v, t.c.wrapping_add(at), t.init.wrapping_add(init), j + 1 == N);
            }
        }
    }
}

/// Some of k: the sums += columns of A times rows of B.
#[inline(always)]
unsafe fn steps<V: Vector, const M: usize, const N: usize, const K: usize, const ROWS: bool>(
    sum: &mut [[V; N]; M],
    a: &mut *const V::Elem,
    b: &mut *const V::Elem,
    t: &Tile<V::Elem>,
) {
    let (a_step, a_k) = if ROWS { (t.a_step, 1) } else { (1, M) };
    for p in 0..K {
        // SAFETY: as in `tile`.
        unsafe {
            let row: [V; N] = std::array::from_fn(|j| V::load(b.add(p * t.b_k + j * V::LANES)));
            for (i, sum) in sum.iter_mut().enumerate() {
                let x = V::splat(a.add(i * a_step + p * a_k));
                for (sum, v) in sum.iter_mut().zip(row) {
                    *sum = x.mul_add(v, *sum);
                }
            }
        }
    }
    (*a, *b) = (a.wrapping_add(K * a_k), b.wrapping_add(K * t.b_k));
}

/// Adds what the sum starts from, and stores.
#[inline(always)]
unsafe fn finish<V: Vector>(t: &Tile<V::Elem>, v: V, c: *mut V::Elem, init: *const V::Elem, last: bool) {
    // SAFETY: as in `tile`; a vector that leaves the tile is cut off at its edge.
    unsafe {
        if last && t.last < V::LANES {
            let v = if t.init.is_null() { v } else { v.add(V::load_first(init, t.last)) };
            v.store_first(c, t.last);
        } else {
            let v = if t.init.is_null() { v } else { v.add(V::load(init)) };
            v.store(c);
        }
    }
}

//! The loops around the tiles: one task's part of C, block by block.

use std::ops::Range;

use super::pack::{Panel, Source, column_panels, row_panels};
use super::tile::{Kernels, Tile};
use super::{Epilogue, LANE_BYTES, Matrix, Product, Shape, part};
use crate::cpu::simd::{Job, Simd};

/// The longest block of k. Each block reads and writes C once more; but a block of A must stay in a
/// second-level cache, and shorter chains of sums are more exact.
const BLOCK_K: usize = 384;
/// Rows of A in a block.
const BLOCK_ROWS: usize = 192;

/// Tiles in a row of C for which packing A costs more than it brings.
const FEW_TILES: usize = 8;

/// Panels of B in a block, where each is used once.
const FEW_PANELS: usize = 4;

/// Everything that the tasks of a product share.
pub(super) struct Region<'a, E: 'static, F> {
    /// Those of the level that the tasks run at.
    pub(super) kernels: &'static Kernels<E>,
    /// The whole product's sizes.
    pub(super) shape: Shape,
    /// [m, k]
    pub(super) a: Matrix<'a, E>,
    /// [k, n]
    pub(super) b: Matrix<'a, E>,
    /// [m, n]
    pub(super) c: *mut E,
    /// From a row of C to the next.
    pub(super) step: usize,
    /// What the product is added to, null for nothing.
    pub(super) init: *const E,
    /// From a row of it to the next.
    pub(super) init_step: usize,
    /// Run on each row of a block that is complete.
    pub(super) epilogue: &'a F,
}

impl<E, F> Region<'_, E, F> {
    /// Whether tiles read A where it is: each element is needed for a few of them, and its rows lie in
    /// lines of the cache as those of a panel do.
    fn direct_a(&self) -> bool {
        self.shape.n <= FEW_TILES * self.kernels.cols() && self.a.col_step == 1
    }

    /// Whether tiles read B where it is: each element is needed for one or two of them.
    fn direct_b(&self, panel: &Panel) -> bool {
        self.shape.m <= 2 * self.kernels.rows && self.b.col_step == 1 && panel.width == panel.step
    }
}

// SAFETY: `c` is borrowed exclusively while the product runs, and each task touches its own part of
// it; `init` is shared, or C itself.
unsafe impl<E: Sync, F: Sync> Sync for Region<'_, E, F> {}

/// One task.
pub(super) struct Part<'a, 'b, E: 'static, F> {
    /// The product.
    pub(super) region: &'a Region<'b, E, F>,
    /// Its rows of C.
    pub(super) rows: Range<usize>,
    /// Its columns of C.
    pub(super) cols: Range<usize>,
    /// Room for packing.
    pub(super) memory: &'a mut [u8],
}

impl<E: Product, F: Epilogue<E>> Job for Part<'_, '_, E, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Region { kernels, shape: Shape { k, .. }, .. } = *self.region;
        let blocks = k.div_ceil(BLOCK_K).max(1);
        let longest = k.div_ceil(blocks);
        let packed = Packed::new(self.memory, longest, kernels);
        let row_blocks = self.rows.len().div_ceil(BLOCK_ROWS);
        // A single block of rows uses each panel of B once: better while it is in the cache.
        let most = if row_blocks == 1 { packed.cols.min(FEW_PANELS * kernels.cols()) } else { packed.cols };
        let column_blocks = self.cols.len().div_ceil(most);
        for block in 0..blocks {
            let ks = part(k, 1, blocks, block);
            for j in 0..column_blocks {
                let cols = shift(part(self.cols.len(), kernels.cols(), column_blocks, j), self.cols.start);
                packed.pack_b(self.region, &ks, &cols);
                for i in 0..row_blocks {
                    let rows = shift(part(self.rows.len(), kernels.rows, row_blocks, i), self.rows.start);
                    if row_blocks > 1 || j == 0 {
                        packed.pack_a(self.region, &ks, &rows);
                    }
                    packed.multiply(self.region, &ks, &rows, &cols);
                    if block + 1 == blocks {
                        self.finish::<S>(rows, &cols);
                    }
                }
            }
        }
    }
}

impl<E: Product, F: Epilogue<E>> Part<'_, '_, E, F> {
    #[inline(always)]
    fn finish<S: Simd>(&self, rows: Range<usize>, cols: &Range<usize>) {
        let Region { c, step, epilogue, .. } = *self.region;
        for row in rows {
            // SAFETY: this part of C is this task's, and `product` saw that C holds it.
            let c = unsafe { std::slice::from_raw_parts_mut(c.add(row * step + cols.start), cols.len()) };
            epilogue.finish::<S>(c, row, cols.start);
        }
    }
}

fn shift(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// Panels of A and B in a lane.
struct Packed<E> {
    a: *mut E,
    b: *mut E,
    /// Columns of B that there is room for.
    cols: usize,
}

impl<E: Product> Packed<E> {
    /// Room for blocks of `k`.
    fn new(memory: &mut [u8], k: usize, kernels: &Kernels<E>) -> Self {
        // A line behind A, for what packing writes beyond it.
        let a_bytes = (BLOCK_ROWS * k * size_of::<E>()).next_multiple_of(64) + 64;
        let panel_bytes = (k * kernels.cols() * size_of::<E>()).max(1);
        let b_bytes = memory.len().min(LANE_BYTES).saturating_sub(a_bytes);
        let a = memory.as_mut_ptr();
        Self { a: a.cast(), b: a.wrapping_add(a_bytes).cast(), cols: b_bytes / panel_bytes * kernels.cols() }
    }

    fn pack_b<F>(&self, region: &Region<'_, E, F>, ks: &Range<usize>, cols: &Range<usize>) {
        let (kernels, b) = (region.kernels, region.b);
        let source = |first: usize, width: usize| Source {
            from: at(b, ks.start, cols.start + first),
            w_step: b.col_step,
            k_step: b.row_step,
            width,
            k: ks.len(),
        };
        // Only the last panel may have to be packed where the others are read where they are.
        let packed = column_panels(cols.len(), kernels).find(|panel| !region.direct_b(panel));
        if let Some(Panel { from, .. }) = packed {
            // SAFETY: `new` made room for these panels, whole vectors each, and `product` saw that B
            // holds the source; the level is the pool's.
            unsafe {
                let to = self.b.add(from * ks.len());
                (kernels.pack_b)(to, kernels, source(from, cols.len() - from));
            }
        }
    }

    fn pack_a<F>(&self, region: &Region<'_, E, F>, ks: &Range<usize>, rows: &Range<usize>) {
        let (kernels, a) = (region.kernels, region.a);
        if !region.direct_a() {
            let source = Source {
                from: at(a, rows.start, ks.start),
                w_step: a.row_step,
                k_step: a.col_step,
                width: rows.len(),
                k: ks.len(),
            };
            // SAFETY: as in `pack_b`, with a line of room behind the last panel.
            unsafe { (kernels.pack_a)(self.a, kernels, source) };
        }
    }

    fn multiply<F>(
        &self,
        region: &Region<'_, E, F>,
        ks: &Range<usize>,
        rows: &Range<usize>,
        cols: &Range<usize>,
    ) {
        let Region { kernels, a, b, .. } = *region;
        // After the first block of k, what is there is added to.
        let first = ks.start == 0;
        let (init, init_step) =
            if first { (region.init, region.init_step) } else { (region.c.cast_const(), region.step) };
        for wide in column_panels(cols.len(), kernels) {
            let col = cols.start + wide.from;
            let (b, b_k) = if region.direct_b(&wide) {
                (at(b, ks.start, col), b.row_step)
            } else {
                (self.b.wrapping_add(wide.from * ks.len()).cast_const(), wide.step)
            };
            let vectors = wide.step / kernels.lanes;
            for high in row_panels(rows.len(), kernels) {
                let row = rows.start + high.from;
                let (tiles, a, a_step) = if region.direct_a() {
                    (kernels.direct, at(a, row, ks.start), a.row_step)
                } else {
                    (kernels.packed, self.a.wrapping_add(high.from * ks.len()).cast_const(), 0)
                };
                let tile = Tile {
                    k: ks.len(),
                    a,
                    a_step,
                    b,
                    b_k,
                    c: region.c.wrapping_add(row * region.step + col),
                    c_step: region.step,
                    init: if init.is_null() { init } else { init.wrapping_add(row * init_step + col) },
                    init_step,
                    last: wide.width - (vectors - 1) * kernels.lanes,
                };
                // SAFETY: the panels were packed with these very sizes, or A and B hold what is read
                // of them, as C does its tile: `product` saw to it.
                unsafe { tiles[kernels.index(high.width, vectors)](&tile) };
            }
        }
    }
}

/// The address of element (i, j).
fn at<E>(m: Matrix<'_, E>, i: usize, j: usize) -> *const E {
    m.data.as_ptr().wrapping_add(i * m.row_step + j * m.col_step)
}

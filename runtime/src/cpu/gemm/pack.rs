//! Packing: blocks of A and B, wherever their elements are, as panels of [k][step].

use super::part;
use super::tile::{Kernels, Vector};

/// A block to pack: element (w, p) is at `from[w * w_step + p * k_step]`; one step is 1.
#[derive(Clone, Copy)]
pub(super) struct Source<E> {
    /// Element (0, 0).
    pub(super) from: *const E,
    /// From a row of A, or a column of B, to the next.
    pub(super) w_step: usize,
    /// From one k to the next.
    pub(super) k_step: usize,
    /// Rows of A, or columns of B.
    pub(super) width: usize,
    /// The length of the block of k.
    pub(super) k: usize,
}

/// Rows of A, or columns of B, that are packed together: element (w, p) of the block goes to
/// `to[from * k + p * step + w - from]`.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    /// The first, from the start of the block.
    pub(super) from: usize,
    /// How many.
    pub(super) width: usize,
    /// Room for each k: `width` for rows of A, whole vectors for columns of B.
    pub(super) step: usize,
}

/// Rows of A in panels as high as tiles are, of even sizes.
pub(super) fn row_panels<E>(
    rows: usize,
    kernels: &Kernels<E>,
) -> impl Iterator<Item = Panel> + Clone + use<E> {
    let count = rows.div_ceil(kernels.rows);
    (0..count).map(move |i| {
        let panel = part(rows, 1, count, i);
        Panel { from: panel.start, width: panel.len(), step: panel.len() }
    })
}

/// Columns of B in panels as wide as tiles are, but the last two of even sizes rather than one of a
/// single vector: such a tile waits for its own sums.
pub(super) fn column_panels<E>(
    cols: usize,
    kernels: &Kernels<E>,
) -> impl Iterator<Item = Panel> + Clone + use<E> {
    let (lanes, most) = (kernels.lanes, kernels.vectors);
    let mut from = 0;
    std::iter::from_fn(move || {
        let left = (cols - from).div_ceil(lanes);
        let vectors = if left == most + 1 { left.div_ceil(2) } else { left.min(most) };
        let panel = Panel { from, width: (cols - from).min(vectors * lanes), step: vectors * lanes };
        from += panel.width;
        (vectors > 0).then_some(panel)
    })
}

/// Packs rows of A. Up to `LANES` - 1 elements behind the last panel may be written.
///
/// # Safety
/// The level's instructions are there, and the pointers reach what is said.
#[inline(always)]
pub(super) unsafe fn pack_a<V: Vector>(
    to: *mut V::Elem,
    kernels: &Kernels<V::Elem>,
    source: Source<V::Elem>,
) {
    // SAFETY: the caller's.
    unsafe { pack::<V, AHEAD>(to, row_panels(source.width, kernels), source) }
}

/// Packs columns of B.
///
/// # Safety
/// The level's instructions are there, and the pointers reach what is said; `V` has the lanes that
/// the kernels have.
#[inline(always)]
pub(super) unsafe fn pack_b<V: Vector>(
    to: *mut V::Elem,
    kernels: &Kernels<V::Elem>,
    source: Source<V::Elem>,
) {
    // SAFETY: the caller's.
    unsafe { pack::<V, 0>(to, column_panels(source.width, kernels), source) }
}

/// # Safety
/// That of [`pack_b`].
#[inline(always)]
unsafe fn pack<V: Vector, const AHEAD: usize>(
    to: *mut V::Elem,
    panels: impl Iterator<Item = Panel> + Clone,
    s: Source<V::Elem>,
) {
    // SAFETY: the caller's.
    unsafe {
        if s.w_step == 1 {
            copy::<V, AHEAD>(to, panels, s);
        } else {
            for panel in panels {
                transpose::<V>(to.add(panel.from * s.k), panel, s);
            }
        }
    }
}

/// How many k ahead lines of A are asked for: a block has few rows, so its lines are short and far
/// apart, unlike those of B.
const AHEAD: usize = 8;

/// Lines of the source that are copied together: each panel then gets whole lines of the cache.
const TOGETHER: usize = 4;

/// Line by line, as they are in memory, rather than panel by panel: each line is read from end to end.
///
/// # Safety
/// That of [`pack_b`].
#[inline(always)]
unsafe fn copy<V: Vector, const AHEAD: usize>(
    to: *mut V::Elem,
    panels: impl Iterator<Item = Panel> + Clone,
    s: Source<V::Elem>,
) {
    for start in (0..s.k).step_by(TOGETHER) {
        for panel in panels.clone() {
            for p in start..s.k.min(start + TOGETHER) {
                // SAFETY: the caller's.
                unsafe {
                    let from = s.from.add(panel.from + p * s.k_step);
                    if AHEAD > 0 {
                        V::prefetch(from.wrapping_add(AHEAD * s.k_step));
                    }
                    copy_line::<V>(to.add(panel.from * s.k + p * panel.step), from, panel);
                }
            }
        }
    }
}

/// # Safety
/// That of [`pack_b`], of one line of a panel: `width` numbers are at `from`, and `step` may be written at `to`.
#[inline(always)]
unsafe fn copy_line<V: Vector>(to: *mut V::Elem, from: *const V::Elem, Panel { width, step, .. }: Panel) {
    let mut w = 0;
    // SAFETY: the caller's; what is stored stays inside the panel's line.
    unsafe {
        while w + V::LANES <= width {
            V::load(from.add(w)).store(to.add(w));
            w += V::LANES;
        }
        if w < width {
            let v = V::load_first(from.add(w), width - w);
            v.store_first(to.add(w), (step - w).min(V::LANES));
        }
    }
}

/// One panel, from a source whose k are adjacent.
///
/// # Safety
/// That of [`pack_b`].
#[inline(always)]
unsafe fn transpose<V: Vector>(to: *mut V::Elem, panel: Panel, s: Source<V::Elem>) {
    // From the last rows to the first: what a square writes beyond its rows is then in the same line,
    // or where a later square or panel goes, or behind the last panel.
    for w in (0..panel.width).step_by(V::LANES).rev() {
        let rows = V::LANES.min(panel.width - w);
        // SAFETY: the caller's, and as above.
        unsafe {
            let (to, from) = (to.add(w), s.from.add((panel.from + w) * s.w_step));
            if s.k < V::LANES {
                for (p, i) in (0..s.k).flat_map(|p| (0..rows).map(move |i| (p, i))) {
                    *to.add(p * panel.step + i) = *from.add(i * s.w_step + p);
                }
                continue;
            }
            for p in (0..s.k).step_by(V::LANES) {
                // The last square reaches back over the one before it, not beyond the block.
                let p = p.min(s.k - V::LANES);
                V::transpose(to.add(p * panel.step), panel.step, from.add(p), s.w_step, rows);
            }
        }
    }
}

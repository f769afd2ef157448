//! Packing: a panel of A or B, wherever its elements are, as `[k][width]`.

use super::tile::Vector;

/// Where a panel comes from: element (w, p) is at `from[w * w_step + p * k_step]`; one step is 1.
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

/// `to[p * step + w]` = element (w, p). Up to `LANES` - 1 elements behind each line of `step` may be
/// written with any number: if they belong to the next line they are overwritten, behind the last
/// there must be room.
///
/// # Safety
/// The level's instructions are there, and the pointers reach what is said; `step` is at least `width`
/// rounded up to `LANES`, or `width` is at most `LANES`.
#[inline(always)]
pub(super) unsafe fn pack<V: Vector>(to: *mut V::Elem, step: usize, s: Source<V::Elem>) {
    // SAFETY: the caller's.
    unsafe {
        if s.w_step == 1 {
            copy::<V>(to, step, &s);
        } else if s.k >= V::LANES {
            transpose::<V>(to, step, &s);
        } else {
            for p in 0..s.k {
                for w in 0..s.width {
                    *to.add(p * step + w) = *s.from.add(w * s.w_step + p * s.k_step);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn copy<V: Vector>(to: *mut V::Elem, step: usize, s: &Source<V::Elem>) {
    let whole = s.width / V::LANES * V::LANES;
    for p in 0..s.k {
        // SAFETY: the caller's.
        unsafe {
            let (to, from) = (to.add(p * step), s.from.add(p * s.k_step));
            for w in (0..whole).step_by(V::LANES) {
                V::load(from.add(w)).store(to.add(w));
            }
            if whole < s.width {
                V::load_first(from.add(whole), s.width - whole).store(to.add(whole));
            }
        }
    }
}

#[inline(always)]
unsafe fn transpose<V: Vector>(to: *mut V::Elem, step: usize, s: &Source<V::Elem>) {
    let mut p = 0;
    while p < s.k {
        // The last square reaches back over the one before it, rather than beyond the block.
        p = p.min(s.k - V::LANES);
        for w in (0..s.width).step_by(V::LANES) {
            // SAFETY: the caller's.
            unsafe {
                let (to, from) = (to.add(p * step + w), s.from.add(w * s.w_step + p));
                V::transpose(to, step, from, s.w_step, V::LANES.min(s.width - w));
            }
        }
        p += V::LANES;
    }
}

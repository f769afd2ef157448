//! One head's rows inside inputs and gradients that hold all heads.

use crate::cpu::parts::Tile;
use crate::cpu::simd::Float;

/// Rows to read: row i is `dim` elements from `start + i * stride` on.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, E> {
    pub(super) data: &'a [E],
    pub(super) start: usize,
    pub(super) stride: usize,
    pub(super) dim: usize,
}

impl<'a, E> Rows<'a, E> {
    #[inline(always)]
    pub(super) fn row(&self, i: usize) -> &'a [E] {
        let start = self.start + i * self.stride;
        &self.data[start..start + self.dim]
    }
}

/// What a row is part of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    Q,
    K,
    V,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Q, Self::K, Self::V];
}

/// The gradients of a head.
pub(super) struct Grads<'a, E> {
    /// Those of q, k and v; or only the first, whose rows are q, k and v of a token in turn.
    pub(super) tiles: [Option<Tile<'a, E>>; 3],
    pub(super) packed: bool,
    /// Whether each tile is added to.
    pub(super) add: [bool; 3],
}

impl<E: Float> Grads<'_, E> {
    fn index(&self, part: Part) -> usize {
        if self.packed { 0 } else { part as usize }
    }

    /// Whether the gradient of `part` is asked for.
    pub(super) fn wants(&self, part: Part) -> bool {
        self.tiles[self.index(part)].is_some()
    }

    /// Whether the gradient of `part` is added to.
    pub(super) fn adds(&self, part: Part) -> bool {
        self.add[self.index(part)]
    }

    /// Row `i` of the gradient of `part`, if it is asked for.
    #[inline(always)]
    pub(super) fn row(&mut self, part: Part, i: usize) -> Option<&mut [E]> {
        let i = if self.packed { 3 * i + part as usize } else { i };
        Some(self.tiles[self.index(part)].as_mut()?.row(i))
    }
}

//! Products without any particular instructions: the compiler makes what vectors it can of arrays.

use super::pack::{Source, pack_a, pack_b};
use super::tile::{Kernels, Tile, TileFn, Vector, tile};
use crate::cpu::simd::Float;

/// A register's worth of elements.
#[derive(Clone, Copy)]
struct Lanes<E, const L: usize>([E; L]);

impl<E: Float, const L: usize> Vector for Lanes<E, L> {
    type Elem = E;
    const LANES: usize = L;

    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([E::ZERO; L])
    }
    #[inline(always)]
    unsafe fn splat(from: *const E) -> Self {
        // SAFETY: the caller's, here and below.
        Self([unsafe { *from }; L])
    }
    #[inline(always)]
    unsafe fn load(from: *const E) -> Self {
        // SAFETY: as above; an array of E is aligned as E is.
        Self(unsafe { *from.cast() })
    }
    #[inline(always)]
    unsafe fn load_first(from: *const E, count: usize) -> Self {
        // SAFETY: as above.
        Self(std::array::from_fn(|i| if i < count { unsafe { *from.add(i) } } else { E::ZERO }))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut E) {
        // SAFETY: as above.
        unsafe { *to.cast() = self.0 };
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut E, count: usize) {
        for (i, v) in self.0.into_iter().take(count).enumerate() {
            // SAFETY: as above.
            unsafe { *to.add(i) = v };
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }
    #[inline(always)]
    unsafe fn mul_add(self, x: Self, y: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * x.0[i] + y.0[i]))
    }
    #[inline(always)]
    unsafe fn transpose(to: *mut E, to_step: usize, from: *const E, from_step: usize, rows: usize) {
        for j in 0..L {
            for i in 0..L {
                // SAFETY: as above.
                unsafe { *to.add(j * to_step + i) = *from.add(i.min(rows - 1) * from_step + j) };
            }
        }
    }
    #[inline(always)]
    unsafe fn prefetch(_: *const E) {}
}

unsafe fn tile_of<E: Float, const L: usize, const M: usize, const N: usize, const R: bool>(t: &Tile<E>) {
    // SAFETY: the caller's.
    unsafe { tile::<Lanes<E, L>, M, N, R>(t) }
}

unsafe fn pack_a_of<E: Float, const L: usize>(to: *mut E, kernels: &Kernels<E>, source: Source<E>) {
    // SAFETY: the caller's.
    unsafe { pack_a::<Lanes<E, L>>(to, kernels, source) }
}

unsafe fn pack_b_of<E: Float, const L: usize>(to: *mut E, kernels: &Kernels<E>, source: Source<E>) {
    // SAFETY: the caller's.
    unsafe { pack_b::<Lanes<E, L>>(to, kernels, source) }
}

type Tiles<E> = &'static [TileFn<E>; 12];

/// Tiles of 4 x 3 vectors of 16 bytes: 12 sums in 16 registers; B is multiplied from memory.
const fn kernels<E: Float, const L: usize>((packed, direct): (Tiles<E>, Tiles<E>)) -> Kernels<E> {
    let (pack_a, pack_b) = (pack_a_of::<E, L>, pack_b_of::<E, L>);
    Kernels { rows: 4, vectors: 3, lanes: L, packed, direct, pack_a, pack_b }
}

macro_rules! tiles {
    ($t:ident, $l:literal, $rows:literal: $($m:literal)*) => {
        &[$(tile_of::<$t, $l, $m, 1, $rows>, tile_of::<$t, $l, $m, 2, $rows>, tile_of::<$t, $l, $m, 3, $rows>),*]
    };
    ($t:ident, $l:literal) => {
        (tiles!($t, $l, false: 1 2 3 4), tiles!($t, $l, true: 1 2 3 4))
    };
}

pub(super) static F32: Kernels<f32> = kernels::<f32, 4>(tiles!(f32, 4));
pub(super) static F64: Kernels<f64> = kernels::<f64, 2>(tiles!(f64, 2));

//! Products with AVX-512 and AVX2.
//!
//! SAFETY: every function here needs the instructions of its level and the memory that [`Vector`],
//! [`tile`] and [`pack`] name, and is unsafe for just these reasons; it hands both on to the intrinsics.
#![allow(unsafe_op_in_unsafe_fn)]

use std::arch::x86_64::*;

use super::pack::{Source, pack_a, pack_b};
use super::tile::{Kernels, Tile, TileFn, Vector, tile};

/// What every vector does, given the names of its instructions. Lane masks and transposes differ.
macro_rules! common {
    ($t:ident, $lanes:literal, $zero:ident, $splat:ident, $load:ident, $store:ident, $add:ident, $fma:ident) => {
        type Elem = $t;
        const LANES: usize = $lanes;
        #[inline(always)]
        unsafe fn zero() -> Self {
            $zero()
        }
        #[inline(always)]
        unsafe fn splat(from: *const $t) -> Self {
            $splat(*from)
        }
        #[inline(always)]
        unsafe fn load(from: *const $t) -> Self {
            $load(from)
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut $t) {
            $store(to, self)
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            $add(self, other)
        }
        #[inline(always)]
        unsafe fn mul_add(self, x: Self, y: Self) -> Self {
            $fma(self, x, y)
        }
        #[inline(always)]
        unsafe fn prefetch(at: *const $t) {
            _mm_prefetch::<_MM_HINT_T0>(at.cast())
        }
    };
}

impl Vector for __m512 {
    common!(
        f32,
        16,
        _mm512_setzero_ps,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_fmadd_ps
    );
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        _mm512_maskz_loadu_ps(((1u32 << count) - 1) as u16, from)
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        _mm512_mask_storeu_ps(to, ((1u32 << count) - 1) as u16, self)
    }
    #[inline(always)]
    unsafe fn transpose(to: *mut f32, to_step: usize, from: *const f32, from_step: usize, rows: usize) {
        // Whole lines are read, so that rows a power of two apart do not push each other out.
        let mut v: [Self; 16] =
            std::array::from_fn(|i| _mm512_loadu_ps(from.add(i.min(rows - 1) * from_step)));
        for v in v.chunks_exact_mut(4) {
            let ab = [_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1])];
            let cd = [_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3])];
            for h in 0..2 {
                let (ab, cd) = (_mm512_castps_pd(ab[h]), _mm512_castps_pd(cd[h]));
                v[2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
                v[2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
            }
        }
        // Lane l of v[4 r + c] is column 4 l + c of rows 4 r to 4 r + 3: now the lanes.
        for c in 0..4 {
            let even = [
                _mm512_shuffle_f32x4::<0x88>(v[c], v[4 + c]),
                _mm512_shuffle_f32x4::<0x88>(v[8 + c], v[12 + c]),
            ];
            let odd = [
                _mm512_shuffle_f32x4::<0xdd>(v[c], v[4 + c]),
                _mm512_shuffle_f32x4::<0xdd>(v[8 + c], v[12 + c]),
            ];
            v[c] = _mm512_shuffle_f32x4::<0x88>(even[0], even[1]);
            v[8 + c] = _mm512_shuffle_f32x4::<0xdd>(even[0], even[1]);
            v[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd[0], odd[1]);
            v[12 + c] = _mm512_shuffle_f32x4::<0xdd>(odd[0], odd[1]);
        }
        for (j, v) in v.into_iter().enumerate() {
            v.store(to.add(j * to_step));
        }
    }
}

impl Vector for __m512d {
    common!(
        f64,
        8,
        _mm512_setzero_pd,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_add_pd,
        _mm512_fmadd_pd
    );
    #[inline(always)]
    unsafe fn load_first(from: *const f64, count: usize) -> Self {
        _mm512_maskz_loadu_pd(((1u32 << count) - 1) as u8, from)
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f64, count: usize) {
        _mm512_mask_storeu_pd(to, ((1u32 << count) - 1) as u8, self)
    }
    #[inline(always)]
    unsafe fn transpose(to: *mut f64, to_step: usize, from: *const f64, from_step: usize, rows: usize) {
        for q in 0..4 {
            // Lane l of v[r] is row 2 l + r.
            let mut v = [_mm512_setzero_pd(); 2];
            for (r, v) in v.iter_mut().enumerate() {
                let at = |l: usize| _mm_loadu_pd(from.add((2 * l + r).min(rows - 1) * from_step + 2 * q));
                *v = _mm512_castpd128_pd512(at(0));
                *v = _mm512_insertf64x2::<1>(*v, at(1));
                *v = _mm512_insertf64x2::<2>(*v, at(2));
                *v = _mm512_insertf64x2::<3>(*v, at(3));
            }
            _mm512_storeu_pd(to.add(2 * q * to_step), _mm512_unpacklo_pd(v[0], v[1]));
            _mm512_storeu_pd(to.add((2 * q + 1) * to_step), _mm512_unpackhi_pd(v[0], v[1]));
        }
    }
}

/// The first `count` lanes of 8.
#[inline(always)]
unsafe fn mask_ps(count: usize) -> __m256i {
    _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
}

/// The first `count` lanes of 4.
#[inline(always)]
unsafe fn mask_pd(count: usize) -> __m256i {
    _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), _mm256_setr_epi64x(0, 1, 2, 3))
}

impl Vector for __m256 {
    common!(
        f32,
        8,
        _mm256_setzero_ps,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_fmadd_ps
    );
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        _mm256_maskload_ps(from, mask_ps(count))
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        _mm256_maskstore_ps(to, mask_ps(count), self)
    }
    #[inline(always)]
    unsafe fn transpose(to: *mut f32, to_step: usize, from: *const f32, from_step: usize, rows: usize) {
        for q in 0..2 {
            // Lane l of v[r] is row 4 l + r.
            let mut v = [_mm256_setzero_ps(); 4];
            for (r, v) in v.iter_mut().enumerate() {
                let at = |l: usize| _mm_loadu_ps(from.add((4 * l + r).min(rows - 1) * from_step + 4 * q));
                *v = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(at(0)), at(1));
            }
            let ab = [_mm256_unpacklo_ps(v[0], v[1]), _mm256_unpackhi_ps(v[0], v[1])];
            let cd = [_mm256_unpacklo_ps(v[2], v[3]), _mm256_unpackhi_ps(v[2], v[3])];
            for h in 0..2 {
                let (ab, cd) = (_mm256_castps_pd(ab[h]), _mm256_castps_pd(cd[h]));
                let to = to.add((4 * q + 2 * h) * to_step);
                _mm256_storeu_pd(to.cast(), _mm256_unpacklo_pd(ab, cd));
                _mm256_storeu_pd(to.add(to_step).cast(), _mm256_unpackhi_pd(ab, cd));
            }
        }
    }
}

impl Vector for __m256d {
    common!(
        f64,
        4,
        _mm256_setzero_pd,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_fmadd_pd
    );
    #[inline(always)]
    unsafe fn load_first(from: *const f64, count: usize) -> Self {
        _mm256_maskload_pd(from, mask_pd(count))
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f64, count: usize) {
        _mm256_maskstore_pd(to, mask_pd(count), self)
    }
    #[inline(always)]
    unsafe fn transpose(to: *mut f64, to_step: usize, from: *const f64, from_step: usize, rows: usize) {
        for q in 0..2 {
            // Lane l of v[r] is row 2 l + r.
            let mut v = [_mm256_setzero_pd(); 2];
            for (r, v) in v.iter_mut().enumerate() {
                let at = |l: usize| _mm_loadu_pd(from.add((2 * l + r).min(rows - 1) * from_step + 2 * q));
                *v = _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(at(0)), at(1));
            }
            _mm256_storeu_pd(to.add(2 * q * to_step), _mm256_unpacklo_pd(v[0], v[1]));
            _mm256_storeu_pd(to.add((2 * q + 1) * to_step), _mm256_unpackhi_pd(v[0], v[1]));
        }
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
unsafe fn tile512<V: Vector, const M: usize, const N: usize, const R: bool>(t: &Tile<V::Elem>) {
    tile::<V, M, N, R>(t)
}

#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
unsafe fn pack_a512<V: Vector>(to: *mut V::Elem, kernels: &Kernels<V::Elem>, source: Source<V::Elem>) {
    pack_a::<V>(to, kernels, source)
}

#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
unsafe fn pack_b512<V: Vector>(to: *mut V::Elem, kernels: &Kernels<V::Elem>, source: Source<V::Elem>) {
    pack_b::<V>(to, kernels, source)
}

#[target_feature(enable = "avx2,fma")]
unsafe fn tile256<V: Vector, const M: usize, const N: usize, const R: bool>(t: &Tile<V::Elem>) {
    tile::<V, M, N, R>(t)
}

#[target_feature(enable = "avx2,fma")]
unsafe fn pack_a256<V: Vector>(to: *mut V::Elem, kernels: &Kernels<V::Elem>, source: Source<V::Elem>) {
    pack_a::<V>(to, kernels, source)
}

#[target_feature(enable = "avx2,fma")]
unsafe fn pack_b256<V: Vector>(to: *mut V::Elem, kernels: &Kernels<V::Elem>, source: Source<V::Elem>) {
    pack_b::<V>(to, kernels, source)
}

type Tiles<V, const N: usize> = &'static [TileFn<<V as Vector>::Elem>; N];

/// Tiles of 8 x 3 vectors: 24 sums, 3 vectors of B and one of A in 32 registers. Wider and lower than
/// most, because a machine whose cores are shared has loads to spare least of all.
const fn avx512<V: Vector, A: Vector<Elem = V::Elem>>(
    (packed, direct): (Tiles<V, 24>, Tiles<V, 24>),
) -> Kernels<V::Elem> {
    let (pack_a, pack_b) = (pack_a512::<A>, pack_b512::<V>);
    Kernels { rows: 8, vectors: 3, lanes: V::LANES, packed, direct, pack_a, pack_b }
}

/// Tiles of 6 x 2 vectors: 12 sums, 2 vectors of B and one or two of A in 16 registers.
const fn avx2<V: Vector>((packed, direct): (Tiles<V, 12>, Tiles<V, 12>)) -> Kernels<V::Elem> {
    let (pack_a, pack_b) = (pack_a256::<V>, pack_b256::<V>);
    Kernels { rows: 6, vectors: 2, lanes: V::LANES, packed, direct, pack_a, pack_b }
}

macro_rules! tiles512 {
    ($v:ident, $rows:literal: $($m:literal)*) => {
        &[$(tile512::<$v, $m, 1, $rows>, tile512::<$v, $m, 2, $rows>, tile512::<$v, $m, 3, $rows>),*]
    };
    ($v:ident) => {
        (tiles512!($v, false: 1 2 3 4 5 6 7 8), tiles512!($v, true: 1 2 3 4 5 6 7 8))
    };
}

macro_rules! tiles256 {
    ($v:ident, $rows:literal: $($m:literal)*) => {
        &[$(tile256::<$v, $m, 1, $rows>, tile256::<$v, $m, 2, $rows>),*]
    };
    ($v:ident) => {
        (tiles256!($v, false: 1 2 3 4 5 6), tiles256!($v, true: 1 2 3 4 5 6))
    };
}

pub(super) static AVX512_F32: Kernels<f32> = avx512::<__m512, __m256>(tiles512!(__m512));
pub(super) static AVX512_F64: Kernels<f64> = avx512::<__m512d, __m512d>(tiles512!(__m512d));
pub(super) static AVX2_F32: Kernels<f32> = avx2::<__m256>(tiles256!(__m256));
pub(super) static AVX2_F64: Kernels<f64> = avx2::<__m256d>(tiles256!(__m256d));

//! Vectors of each level, for the one loop whose sums must not leave the registers.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use crate::cpu::simd::Float;

/// A register of elements `E`.
pub(super) trait Vector<E>: Copy {
    /// How many elements it holds.
    const LANES: usize;

    /// All `x`.
    ///
    /// # Safety
    /// This, and the other functions: the machine has the register's instructions.
    unsafe fn splat(x: E) -> Self;

    /// The elements from `from` on.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load(from: *const E) -> Self;

    /// Puts its elements to `to` on.
    ///
    /// # Safety
    /// They can be written.
    unsafe fn store(self, to: *mut E);

    /// self a + b, rounded once where the level can.
    ///
    /// # Safety
    /// As [`splat`](Self::splat).
    unsafe fn mul_add(self, a: Self, b: Self) -> Self;
}

/// Four elements, for whatever the compiler makes of them.
impl<E: Float> Vector<E> for [E; 4] {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: E) -> Self {
        [x; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const E) -> Self {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<Self>().read() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut E) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<Self>().write(self) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, a: Self, b: Self) -> Self {
        std::array::from_fn(|l| self[l] * a[l] + b[l])
    }
}

/// A register of either type: the `Float` of four bytes is f32, the other f64.
macro_rules! vector {
    ($register:ident: $splat:ident $load:ident $store:ident $fused:ident,
     f64: $wide_splat:ident $wide_fused:ident $widen:ident $narrow:ident) => {
        #[cfg(target_arch = "x86_64")]
        impl<E: Float> Vector<E> for $register {
            const LANES: usize = size_of::<Self>() / size_of::<E>();

            #[inline(always)]
            unsafe fn splat(x: E) -> Self {
                let x = std::ptr::from_ref(&x);
                // SAFETY: the type is told by its size; the rest is the caller's promise.
                unsafe {
                    match size_of::<E>() {
                        4 => $splat(x.cast::<f32>().read()),
                        _ => $narrow($wide_splat(x.cast::<f64>().read())),
                    }
                }
            }

            #[inline(always)]
            unsafe fn load(from: *const E) -> Self {
                // SAFETY: the caller's promise.
                unsafe { $load(from.cast()) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut E) {
                // SAFETY: the caller's promise.
                unsafe { $store(to.cast(), self) }
            }

            #[inline(always)]
            unsafe fn mul_add(self, a: Self, b: Self) -> Self {
                // SAFETY: as in `splat`.
                unsafe {
                    match size_of::<E>() {
                        4 => $fused(self, a, b),
                        _ => $narrow($wide_fused($widen(self), $widen(a), $widen(b))),
                    }
                }
            }
        }
    };
}

vector!(__m512: _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_fmadd_ps,
        f64: _mm512_set1_pd _mm512_fmadd_pd _mm512_castps_pd _mm512_castpd_ps);
vector!(__m256: _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_fmadd_ps,
        f64: _mm256_set1_pd _mm256_fmadd_pd _mm256_castps_pd _mm256_castpd_ps);

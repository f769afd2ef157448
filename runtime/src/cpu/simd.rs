//! SIMD levels: found at run time, so that a default release build is a fast build.
//!
//! A kernel is written once, as a [`Job`] over plain slices; [`Level::run`] compiles it once per level
//! with that level's instructions, and the compiler vectorises it. A level decides the bits (fused
//! multiply-add, the width of partial sums); the number of threads does not.

use std::ffi::OsString;
use std::sync::OnceLock;

use crate::device::Real;
use crate::error::Error;

/// The instructions to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// What every machine of the target has.
    Portable,
    /// AVX2 and FMA: 8 f32 at once.
    Avx2,
    /// AVX-512 (F, VL, DQ, BW): 16 f32 at once.
    Avx512,
}

impl Level {
    /// The best that this machine has, at most what `REMAT_SIMD` says; decided once in a process.
    ///
    /// # Errors
    /// [`Error::Argument`] if it says what is no level.
    pub(crate) fn detect() -> Result<Self, Error> {
        static LEVEL: OnceLock<Result<Level, Error>> = OnceLock::new();
        LEVEL.get_or_init(|| Ok(Self::available().min(Self::most(std::env::var_os("REMAT_SIMD"))?))).clone()
    }

    /// The level that an environment variable asks for; the highest if it is not set, or empty.
    fn most(asked: Option<OsString>) -> Result<Self, Error> {
        match asked.as_ref().map(|asked| asked.to_string_lossy()).as_deref() {
            None | Some("" | "avx512") => Ok(Self::Avx512),
            Some("avx2") => Ok(Self::Avx2),
            Some("portable") => Ok(Self::Portable),
            Some(other) => Err(Error::Argument {
                name: String::from("REMAT_SIMD"),
                expected: "`portable`, `avx2` or `avx512`",
                found: format!("`{other}`"),
            }),
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn available() -> Self {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw");
        match (avx2, avx512) {
            (true, true) => Self::Avx512,
            (true, false) => Self::Avx2,
            _ => Self::Portable,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn available() -> Self {
        Self::Portable
    }

    /// Runs `job` compiled for this level.
    #[inline]
    pub(crate) fn run<J: Job>(self, job: J) -> J::Output {
        #[cfg(target_arch = "x86_64")]
        match self {
            // SAFETY: levels above `Portable` come from `detect` alone, which saw the features.
            Self::Avx512 => return unsafe { avx512(job) },
            // SAFETY: as above.
            Self::Avx2 => return unsafe { avx2(job) },
            Self::Portable => {}
        }
        job.run::<Portable>()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
fn avx512<J: Job>(job: J) -> J::Output {
    job.run::<Fused>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<J: Job>(job: J) -> J::Output {
    job.run::<Fused>()
}

/// Work over slices. `run` must be `#[inline(always)]`, as must be what it calls in its inner loops:
/// only then is it compiled with the level's instructions.
pub(crate) trait Job {
    /// What it gives.
    type Output;
    /// Does it.
    fn run<S: Simd>(self) -> Self::Output;
}

/// What differs between levels in the source of a kernel.
pub(crate) trait Simd: Copy {
    /// a b + c, rounded once where the level has an instruction for it.
    fn mul_add<E: Float>(a: E, b: E, c: E) -> E;
}

/// No fused multiply-add: the same bits on every machine.
#[derive(Clone, Copy)]
pub(crate) struct Portable;
impl Simd for Portable {
    #[inline(always)]
    fn mul_add<E: Float>(a: E, b: E, c: E) -> E {
        a * b + c
    }
}

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Fused;
#[cfg(target_arch = "x86_64")]
impl Simd for Fused {
    #[inline(always)]
    fn mul_add<E: Float>(a: E, b: E, c: E) -> E {
        a.fused(b, c)
    }
}

/// The arithmetic that CPU kernels are written in: f32 or f64.
pub(crate) trait Float:
    Real
    + super::math::Math
    + crate::ops::Compiled
    + crate::ops::store::cpu::Narrow
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
    + std::ops::AddAssign
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// a b + c rounded once; slow without the instruction, so reached through [`Simd::mul_add`].
    fn fused(self, b: Self, c: Self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The larger; either NaN gives NaN.
    fn max(self, other: Self) -> Self;
}

macro_rules! float {
    ($t:ident) => {
        impl Float for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            #[inline(always)]
            fn fused(self, b: Self, c: Self) -> Self {
                $t::mul_add(self, b, c)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if self > other || self.is_nan() { self } else { other }
            }
        }
    };
}
float!(f32);
float!(f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_asked_for_by_name_and_what_is_no_level_is_an_error() {
        let most = |asked: Option<&str>| Level::most(asked.map(OsString::from));
        assert_eq!([None, Some(""), Some("avx512")].map(most), [(); 3].map(|()| Ok(Level::Avx512)));
        assert_eq!([Some("avx2"), Some("portable")].map(most), [Ok(Level::Avx2), Ok(Level::Portable)]);
        for wrong in ["AVX2", "avx3", " avx2"] {
            let error = most(Some(wrong)).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("`REMAT_SIMD` must be `portable`, `avx2` or `avx512` but is `{wrong}`")
            );
        }
    }
}

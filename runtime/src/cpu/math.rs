//! exp, ln, tanh and the normal distribution, for loops that the compiler vectorises.
//!
//! Each is one expression without branches or tables: both sides of a choice are computed and one is
//! selected, so that a [`Job`](super::simd::Job) over slices runs 16 (AVX-512) or 8 (AVX2) at once.
//! NaN gives NaN; what is too large gives infinity, and what is too small gives 0, as in IEEE 754.
//! Largest errors seen by the tests (which print them), in units of the last place:
//!
//! |     | `exp` | `ln` | `tanh` | `sigmoid` | `normal`: cdf, density      |
//! |-----|-------|------|--------|-----------|-----------------------------|
//! | f32 | 1.0   | 0.7  | 2.4    | 2.0       | 2.1 above 0, 6 below 0; 1.9 |
//! | f64 | 1     | 1    | 3      | 2         | 3e-15; 1e-15 relative       |
//!
//! The polynomials interpolate their function at Chebyshev nodes (mpmath, 60 digits), of the degree at
//! which the error is a small part of the last place.

use super::simd::{Float, Simd};

/// What the functions need to know of a type.
pub(crate) trait Math: Copy + 'static {
    /// 1 / ln 2
    const LOG2_E: Self;
    /// The leading bits of ln 2, few enough that a whole number of them is exact.
    const LN_2_HI: Self;
    /// ln 2 - LN_2_HI
    const LN_2_LO: Self;
    /// exp of this is infinite.
    const EXP_MAX: Self;
    /// exp of this is 0.
    const EXP_MIN: Self;
    /// From here on exp is a normal number.
    const EXP_NORMAL: Self;
    /// 1 + exp of this is 1.
    const EXP_EPS: Self;
    /// Adding it rounds to a whole number n, and leaves n in the low bits, offset to be positive.
    const ROUND: Self;
    /// (exp r - 1 - r) / r^2 on |r| <= ln 2 / 2
    const EXP: &'static [Self];
    /// (ln((1+s)/(1-s)) - 2s) / s^3 in s^2, on 1/sqrt 2 <= (1+s)/(1-s) <= sqrt 2
    const LN: &'static [Self];
    /// The smallest normal number.
    const TINY: Self;
    /// A power of two that makes every subnormal number normal, and its exponent.
    const LIFT: (Self, Self);
    /// Beyond it, the normal density is 0.
    const NORMAL_MAX: Self;
    /// Where on the way from 0 to infinity the middle of the polynomial's argument lies.
    const NORMAL_SCALE: Self;
    /// P with exp(a^2/2) (1 - Phi(a)) = (1 - v) P(v), v = a/(NORMAL_SCALE + a), on 0 <= a <= NORMAL_MAX
    const NORMAL: &'static [Self];
    /// Infinity.
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;

    /// 2^i and 2^j, i + j the whole number that adding [`ROUND`](Self::ROUND) has left in the low bits:
    /// two factors, because 2^n alone leaves the exponent's range before the result does.
    fn powers(rounded: Self) -> (Self, Self);
    /// 2^n, where it is a normal number.
    fn power(rounded: Self) -> Self;
    /// e and m with self = m 2^e and 1/sqrt 2 <= m < sqrt 2, for a normal number above 0.
    fn exponent(self) -> (Self, Self);
    /// The leading half of the digits: its square is exact.
    fn leading(self) -> Self;
    /// |self|
    fn abs(self) -> Self;
    /// |self| with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
}

macro_rules! bit_tricks {
    ($t:ident, $u:ident, mantissa = $mantissa:literal) => {
        #[inline(always)]
        fn powers(rounded: Self) -> (Self, Self) {
            // ROUND leaves n + 2 BIAS in the low bits; half of it is an exponent with its bias.
            let both = rounded.to_bits() & (4 * ($t::MAX_EXP as $u) - 1);
            let i = both >> 1;
            ($t::from_bits(i << $mantissa), $t::from_bits((both - i) << $mantissa))
        }

        #[inline(always)]
        fn power(rounded: Self) -> Self {
            // ROUND leaves n + 2 BIAS in the low bits; what is above them is shifted out.
            $t::from_bits(rounded.to_bits().wrapping_sub($t::MAX_EXP as $u - 1) << $mantissa)
        }

        #[inline(always)]
        fn exponent(self) -> (Self, Self) {
            const ROOT: $u = (std::f64::consts::FRAC_1_SQRT_2 as $t).to_bits();
            const BIAS: $t = ($t::MAX_EXP - 1) as $t;
            const WHOLE: $t = ((1 as $u) << $mantissa) as $t;
            // Carries into the exponent what is above sqrt 2, so that m is around 1.
            let bits = self.to_bits().wrapping_add((1.0 as $t).to_bits() - ROOT);
            let m = $t::from_bits((bits & ((1 << $mantissa) - 1)) + ROOT);
            // A small integer in the low bits of 2^mantissa is that number: no conversion needed.
            (m, $t::from_bits(WHOLE.to_bits() | (bits >> $mantissa)) - WHOLE - BIAS)
        }

        #[inline(always)]
        fn leading(self) -> Self {
            $t::from_bits(self.to_bits() & !((1 << ($t::MANTISSA_DIGITS / 2 + 1)) - 1))
        }

        #[inline(always)]
        fn abs(self) -> Self {
            $t::abs(self)
        }

        #[inline(always)]
        fn copysign(self, sign: Self) -> Self {
            $t::copysign(self, sign)
        }
    };
}

impl Math for f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const LN_2_HI: f32 = 355.0 / 512.0;
    const LN_2_LO: f32 = -2.121_944_4e-4;
    const EXP_MAX: f32 = 89.0;
    const EXP_MIN: f32 = -104.0;
    const EXP_NORMAL: f32 = -87.0;
    const EXP_EPS: f32 = -20.0;
    const ROUND: f32 = 12_582_912.0 + 254.0;
    const EXP: &'static [f32] = &[0.5, 0.166_665_77, 0.041_666_556, 0.008_363_233, 0.001_392_625_1];
    const LN: &'static [f32] = &[0.666_666_7, 0.400_001_23, 0.285_507_8, 0.233_316_14];
    const TINY: f32 = f32::MIN_POSITIVE;
    const LIFT: (f32, f32) = (33_554_432.0, 25.0);
    const NORMAL_MAX: f32 = 15.0;
    const NORMAL_SCALE: f32 = 3.0;
    const NORMAL: &'static [f32] = &[
        0.5,
        -0.696_827,
        0.356_353_34,
        0.068_905_81,
        -0.085_429_48,
        -0.046_724_726,
        0.039_844_546,
        -0.039_943_006,
        0.089_814_13,
        -0.071_952_17,
        0.018_941_225,
    ];
    const INFINITY: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    bit_tricks!(f32, u32, mantissa = 23);
}

impl Math for f64 {
    const LOG2_E: f64 = std::f64::consts::LOG2_E;
    const LN_2_HI: f64 = 0.693_147_180_558_298_7;
    const LN_2_LO: f64 = 1.646_594_958_289_708_2e-12;
    const EXP_MAX: f64 = 710.0;
    const EXP_MIN: f64 = -746.0;
    const EXP_NORMAL: f64 = -708.0;
    const EXP_EPS: f64 = -40.0;
    const ROUND: f64 = 6_755_399_441_055_744.0 + 2046.0;
    const EXP: &'static [f64] = &[
        0.5,
        1.666_666_666_666_667_5e-1,
        4.166_666_666_662_382e-2,
        8.333_333_333_330_038e-3,
        1.388_888_891_736_708e-3,
        1.984_126_986_317_155_6e-4,
        2.480_152_105_786_820_6e-5,
        2.755_726_827_090_569_6e-6,
        2.762_020_159_103_155e-7,
        2.510_047_250_569_499_7e-8,
    ];
    const LN: &'static [f64] = &[
        6.666_666_666_666_67e-1,
        3.999_999_999_989_889e-1,
        2.857_142_862_625_383_7e-1,
        2.222_221_108_937_949_6e-1,
        1.818_289_243_253_687e-1,
        1.533_161_172_205_500_8e-1,
        1.461_780_715_341_732_5e-1,
    ];
    const TINY: f64 = f64::MIN_POSITIVE;
    const LIFT: (f64, f64) = (18_014_398_509_481_984.0, 54.0);
    const NORMAL_MAX: f64 = 39.0;
    const NORMAL_SCALE: f64 = 4.0;
    const NORMAL: &'static [f64] = &[
        0.5,
        -1.095_769_121_605_726,
        1.308_461_756_787_625_6,
        -0.798_076_013_310_926_8,
        0.073_848_916_466_064_4,
        0.179_008_302_105_054_58,
        -0.030_080_272_237_191_386,
        -0.054_452_641_149_694_31,
        -0.000_608_616_545_471_684_2,
        0.018_409_171_879_882_39,
        0.002_203_336_062_447_956,
        0.012_346_079_910_810_461,
        -0.054_136_278_019_165_24,
        0.124_240_395_815_264_47,
        -0.246_054_761_976_622_1,
        0.387_928_253_803_795,
        -0.474_664_995_505_207,
        0.448_808_762_492_890_2,
        -0.318_896_549_732_776_6,
        0.162_266_044_654_963_66,
        -0.055_206_663_360_183_63,
        0.011_172_698_589_386_756,
        -0.001_012_235_021_344_152_4,
    ];
    const INFINITY: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    bit_tricks!(f64, u64, mantissa = 52);
}

/// c0 + c1 x + c2 x^2 + …
#[inline(always)]
fn polynomial<S: Simd, E: Float>(x: E, c: &[E]) -> E {
    let mut sum = c[c.len() - 1];
    for i in (0..c.len() - 1).rev() {
        sum = S::mul_add(sum, x, c[i]);
    }
    sum
}

/// x, but at least `low` and at most `high`; NaN stays.
#[inline(always)]
pub(crate) fn clamp<E: Float>(x: E, low: E, high: E) -> E {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// x + rest = n ln 2 + r with whole n and |r| <= ln 2 / 2: `n`'s powers (see [`Math::powers`]), and r.
#[inline(always)]
fn reduce<S: Simd, E: Float>(x: E, rest: E) -> ((E, E), E) {
    let rounded = S::mul_add(x + rest, E::LOG2_E, E::ROUND);
    let n = rounded - E::ROUND;
    let r = S::mul_add(-n, E::LN_2_HI, x) + rest;
    (E::powers(rounded), S::mul_add(-n, E::LN_2_LO, r))
}

/// A rest that costs nothing: the compiler drops what adds -0, which changes no number.
#[inline(always)]
fn no_rest<E: Float>() -> E {
    -E::ZERO
}

/// exp r - 1 for |r| <= ln 2 / 2
#[inline(always)]
fn exp_m1_reduced<S: Simd, E: Float>(r: E) -> E {
    S::mul_add(r * r, polynomial::<S, E>(r, E::EXP), r)
}

/// exp x
#[inline(always)]
pub(crate) fn exp<S: Simd, E: Float>(x: E) -> E {
    let ((i, j), r) = reduce::<S, E>(clamp(x, E::EXP_MIN, E::EXP_MAX), no_rest());
    (exp_m1_reduced::<S, E>(r) + E::ONE) * i * j
}

/// exp x for the weight of one among many, x at most a little above 0: 0 where exp x is subnormal.
///
/// Beside a weight near 1 that is nothing, and subnormal numbers take the processor a hundred times as
/// long. It is also less work than [`exp`].
#[inline(always)]
pub(crate) fn weight<S: Simd, E: Float>(x: E) -> E {
    let within = if x < E::EXP_NORMAL { E::EXP_NORMAL } else { x };
    let rounded = S::mul_add(within, E::LOG2_E, E::ROUND);
    let n = rounded - E::ROUND;
    let r = S::mul_add(-n, E::LN_2_LO, S::mul_add(-n, E::LN_2_HI, within));
    let y = (exp_m1_reduced::<S, E>(r) + E::ONE) * E::power(rounded);
    if x < E::EXP_NORMAL { E::ZERO } else { y }
}

/// ln x: -infinity at 0, NaN below.
#[inline(always)]
pub(crate) fn ln<S: Simd, E: Float>(x: E) -> E {
    let subnormal = x < E::TINY;
    let lifted = if subnormal { x * E::LIFT.0 } else { x };
    let (m, e) = lifted.exponent();
    let e = if subnormal { e - E::LIFT.1 } else { e };
    // ln m = 2s + s^3 LN(s^2) with s = f / (2 + f), written so that f, the largest term, is exact.
    let f = m - E::ONE;
    let s = f / (f + E::ONE + E::ONE);
    let half = f * f * E::EXP[0];
    let z = s * s;
    let small = S::mul_add(e, E::LN_2_LO, s * S::mul_add(z, polynomial::<S, E>(z, E::LN), half));
    let finite = S::mul_add(e, E::LN_2_HI, f - (half - small));
    let outside = if x > E::ZERO { E::INFINITY } else { E::NAN };
    let outside = if x == E::ZERO { -E::INFINITY } else { outside };
    if x > E::ZERO && x < E::INFINITY { finite } else { outside }
}

/// tanh x
#[inline(always)]
pub(crate) fn tanh<S: Simd, E: Float>(x: E) -> E {
    let minus = -x.abs();
    let ((i, j), r) = reduce::<S, E>(clamp(minus + minus, E::EXP_EPS, E::ZERO), no_rest());
    // exp(-2|x|) - 1 = 2^n (exp r - 1) + (2^n - 1): nothing cancels, since n <= 0.
    let power = i * j;
    let exp_m1 = S::mul_add(power, exp_m1_reduced::<S, E>(r), power - E::ONE);
    (-exp_m1 / (exp_m1 + E::ONE + E::ONE)).copysign(x)
}

/// 1 / (1 + exp(-x))
#[inline(always)]
pub(crate) fn sigmoid<S: Simd, E: Float>(x: E) -> E {
    // exp of what is negative cannot overflow, and keeps the digits of a result near 0.
    let e = exp::<S, E>(-x.abs());
    (if x < E::ZERO { e } else { E::ONE }) / (E::ONE + e)
}

/// The normal distribution at x: Phi(x), and the density phi(x) = exp(-x^2/2) / sqrt(2 pi).
///
/// Both tails are accurate, which 0.5 (1 + erf(x / sqrt 2)) is not below 0.
#[inline(always)]
pub(crate) fn normal<S: Simd, E: Float>(x: E) -> (E, E) {
    let a = clamp(x.abs(), E::ZERO, E::NORMAL_MAX);
    // a^2 in two parts: rounded to one, its error would be multiplied by the exponential.
    let lead = a.leading();
    let half = E::EXP[0];
    let rest = (lead - a) * (lead + a) * half;
    let ((i, j), r) = reduce::<S, E>(clamp(-(lead * lead * half), E::EXP_MIN, E::ZERO), rest);
    let gauss = (exp_m1_reduced::<S, E>(r) + E::ONE) * i * j;
    let inverse = E::ONE / (E::NORMAL_SCALE + a);
    let tail = gauss * (E::NORMAL_SCALE * inverse * polynomial::<S, E>(a * inverse, E::NORMAL));
    let cdf = if x > E::ZERO { E::ONE - tail } else { tail };
    (cdf, gauss * E::from_f64(0.398_942_280_401_432_7))
}

#[cfg(test)]
mod tests;

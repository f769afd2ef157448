use super::*;
use crate::cpu::simd::{Job, Level};

/// Applies a function at a SIMD level, as kernels do.
struct Map<'a, E, F>(&'a [E], &'a mut [E], F);

/// A function of this module, whatever the level.
trait Function<E: Float>: Copy {
    fn at<S: Simd>(self, x: E) -> E;
}

macro_rules! function {
    ($name:ident, $x:ident => $value:expr) => {
        #[derive(Clone, Copy)]
        struct $name;
        impl<E: Float> Function<E> for $name {
            #[inline(always)]
            fn at<S: Simd>(self, $x: E) -> E {
                $value
            }
        }
    };
}
function!(Exp, x => exp::<S, E>(x));
function!(Weight, x => weight::<S, E>(x));
function!(Ln, x => ln::<S, E>(x));
function!(Tanh, x => tanh::<S, E>(x));
function!(Sigmoid, x => sigmoid::<S, E>(x));
function!(Cdf, x => normal::<S, E>(x).0);
function!(Density, x => normal::<S, E>(x).1);

impl<E: Float, F: Function<E>> Job for Map<'_, E, F> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        for (y, x) in self.1.iter_mut().zip(self.0) {
            *y = self.2.at::<S>(*x);
        }
    }
}

fn levels() -> impl Iterator<Item = Level> {
    [Level::Portable, Level::Avx2, Level::Avx512].into_iter().filter(|l| *l <= Level::detect().unwrap())
}

fn map<E: Float, F: Function<E>>(level: Level, x: &[E], f: F) -> Vec<E> {
    let mut y = vec![E::ZERO; x.len()];
    level.run(Map(x, &mut y, f));
    y
}

/// The distance of `got` from `want`, in units of the last place that a type with `digits` binary
/// digits and smallest exponent `least` has there.
fn ulps(got: f64, want: f64, digits: i32, least: i32) -> f64 {
    if got == want || (got.is_nan() && want.is_nan()) {
        return 0.0;
    }
    let last = want.abs().log2().floor().max(f64::from(least)) as i32 - digits + 1;
    (got - want).abs() / f64::from(last).exp2()
}

/// The larger, NaN counting as the largest.
fn worse(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// Over every 20011th f32 there is (all exponents, both signs, infinities, NaN), at every level.
fn worst_f32<F: Function<f32>>(f: F, want: impl Fn(f64) -> f64) -> f64 {
    let xs: Vec<f32> = (0..=u32::MAX).step_by(20_011).map(f32::from_bits).chain(SPECIAL).collect();
    let mut worst = 0.0;
    for level in levels() {
        for (y, x) in map(level, &xs, f).into_iter().zip(&xs) {
            let want = want(f64::from(*x));
            // What rounds to the same f32, infinity for instance, is right.
            if y != want as f32 {
                worst = worse(worst, ulps(f64::from(y), want, 24, -126));
            }
        }
    }
    worst
}

/// Over f64 of all signs and exponents, at every level.
fn worst_f64<F: Function<f64>>(f: F, want: impl Fn(f64) -> f64) -> f64 {
    let all = (0..=u64::MAX).step_by((u64::MAX / 200_003) as usize).map(f64::from_bits);
    let near = (-100_000..100_000).map(|i| f64::from(i) * 0.008_017);
    let xs: Vec<f64> = all.chain(near).chain(SPECIAL.map(f64::from)).collect();
    let mut worst = 0.0;
    for level in levels() {
        for (y, x) in map(level, &xs, f).into_iter().zip(&xs) {
            worst = worse(worst, ulps(y, want(*x), 53, -1022));
        }
    }
    worst
}

const SPECIAL: [f32; 6] = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MIN_POSITIVE];

fn logistic(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

/// The limits are what was measured (in the table of the module), rounded up a little.
#[test]
fn f32_functions_are_within_a_few_units_in_the_last_place_of_f64() {
    let measured = [
        ("exp", worst_f32(Exp, f64::exp), 1.1),
        ("ln", worst_f32(Ln, f64::ln), 1.0),
        ("tanh", worst_f32(Tanh, f64::tanh), 2.6),
        ("sigmoid", worst_f32(Sigmoid, logistic), 2.5),
        ("normal cdf", worst_f32(Cdf, |x| map(Level::Portable, &[x], Cdf)[0]), 7.0),
        ("normal density", worst_f32(Density, |x| map(Level::Portable, &[x], Density)[0]), 2.5),
    ];
    println!("{measured:?}");
    assert!(measured.iter().all(|(_, worst, limit)| worst <= limit), "{measured:?}");
}

/// Oracle: the standard library's functions, themselves within one unit.
#[test]
fn f64_functions_are_within_a_few_units_in_the_last_place() {
    let measured = [
        ("exp", worst_f64(Exp, f64::exp), 2.0),
        ("ln", worst_f64(Ln, f64::ln), 2.0),
        ("tanh", worst_f64(Tanh, f64::tanh), 4.0),
        ("sigmoid", worst_f64(Sigmoid, logistic), 4.0),
    ];
    println!("{measured:?}");
    assert!(measured.iter().all(|(_, worst, limit)| worst <= limit), "{measured:?}");
}

/// (x, Phi(x), phi(x)), by mpmath with 40 digits: `erfc(-x/sqrt(2))/2`, `exp(-x*x/2)/sqrt(2*pi)`.
const NORMAL: [(f64, f64, f64); 14] = [
    (-37.5, 4.605353009581955e-308, 1.7282337322841054e-306),
    (-20.0, 2.7536241186062337e-89, 5.520948362159764e-88),
    (-8.25, 7.919726314642477e-17, 6.627137455968751e-16),
    (-5.0, 2.866515718791939e-07, 1.4867195147342977e-06),
    (-3.125, 0.000889025299108432, 0.003022258035198756),
    (-1.5, 0.06680720126885807, 0.12951759566589172),
    (-0.75, 0.2266273523768682, 0.30113743215480443),
    (-0.0625, 0.47508233097075275, 0.3981638566868866),
    (0.0, 0.5, 0.3989422804014327),
    (0.03125, 0.5124649174343772, 0.3987475319159667),
    (0.5, 0.6914624612740131, 0.35206532676429947),
    (1.25, 0.8943502263331448, 0.18264908538902191),
    (2.5, 0.9937903346742238, 0.017528300493568537),
    (6.0, 0.9999999990134123, 6.075882849823285e-09),
];

#[test]
fn the_f64_normal_distribution_is_accurate_in_both_tails() {
    for level in levels() {
        for (x, cdf, density) in NORMAL {
            // A polynomial of degree 22 at one unit of error, amplified up to 20 times where it cancels.
            assert!((map(level, &[x], Cdf)[0] / cdf - 1.0).abs() < 3e-15, "Phi({x})");
            assert!((map(level, &[x], Density)[0] / density - 1.0).abs() < 1e-15, "phi({x})");
        }
    }
}

#[test]
fn infinities_zeros_and_nan_come_out_as_in_ieee_754() {
    fn check<E: Float>() {
        for level in levels() {
            let big = [E::INFINITY, -E::INFINITY, E::from_f64(1e30), E::from_f64(-1e30)];
            let (zero, one, inf) = (E::ZERO, E::ONE, E::INFINITY);
            assert_eq!(map(level, &big, Exp), [inf, zero, inf, zero]);
            assert_eq!(map(level, &big, Tanh), [one, -one, one, -one]);
            assert_eq!(map(level, &big, Sigmoid), [one, zero, one, zero]);
            assert_eq!(map(level, &big, Cdf), [one, zero, one, zero]);
            assert_eq!(map(level, &big, Density), [zero; 4]);
            assert_eq!(map(level, &[zero, -zero, inf], Ln), [-inf, -inf, inf]);
            assert!(map(level, &[-one, -inf], Ln).iter().all(|y| y.to_f64().is_nan()));
            assert!(map(level, &[-zero], Tanh)[0].to_f64().is_sign_negative());
            assert_eq!(map(level, &[zero], Exp), [one]);
            let nan = [E::NAN, -E::NAN];
            for y in [map(level, &nan, Exp), map(level, &nan, Ln), map(level, &nan, Tanh)] {
                assert!(y.iter().all(|y| y.to_f64().is_nan()));
            }
            for y in [map(level, &nan, Sigmoid), map(level, &nan, Cdf), map(level, &nan, Density)] {
                assert!(y.iter().all(|y| y.to_f64().is_nan()));
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn weight_is_exp_without_subnormal_numbers() {
    for level in levels() {
        let xs: Vec<f32> = (0..87_000).map(|i| -0.001 * i as f32).chain([0.5, -0.0, f32::NAN]).collect();
        for ((weight, exp), x) in map(level, &xs, Weight).into_iter().zip(map(level, &xs, Exp)).zip(&xs) {
            // Both scale the same number by a power of two, which is exact.
            assert_eq!(weight.to_bits(), exp.to_bits(), "at {x}");
        }
        let xs: Vec<f64> = (0..70_700).map(|i| -0.01 * f64::from(i)).chain([0.5, -0.0, f64::NAN]).collect();
        for ((weight, exp), x) in map(level, &xs, Weight).into_iter().zip(map(level, &xs, Exp)).zip(&xs) {
            assert_eq!(weight.to_bits(), exp.to_bits(), "at {x}");
        }
        assert_eq!(map(level, &[-88.0_f32, -1e30, f32::NEG_INFINITY], Weight), [0.0; 3]);
        assert_eq!(map(level, &[-709.0, -1e300, f64::NEG_INFINITY], Weight), [0.0; 3]);
    }
}

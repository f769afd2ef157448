//! What the tests of all ops share: numbers to compute with, finite differences, and equality of bits.

use crate::Cpu;
use crate::device::{Grad, Real};
use crate::error::Error;
use crate::rng::{Key, fill_normal};

/// `n` normal numbers; other numbers for each `which`.
pub(crate) fn numbers<E: Real>(which: u32, n: usize) -> Vec<E> {
    let mut to = vec![E::default(); n];
    fill_normal(Key { seed: 42, step: 0, node: which }, 0, 0.0, 1.0, &mut to);
    to
}

/// The same numbers in another precision.
pub(crate) fn cast<A: Real, B: Real>(from: &[A]) -> Vec<B> {
    from.iter().map(|x| B::from_f64(x.to_f64())).collect()
}

/// The f64 device that gradients are checked on, with two threads.
pub(crate) fn double() -> Cpu<f64> {
    Cpu::with_threads(2).expect("two threads").double()
}

/// A loss that weighs all elements of `y` differently: its gradient is `weights`.
pub(crate) fn weighted(y: &[f64], weights: &[f64]) -> f64 {
    y.iter().zip(weights).map(|(y, w)| y * w).sum()
}

/// `gradient` is that of `loss` at `x`, by central differences, to 1e-6 of its typical size.
///
/// A step of 2e-5 leaves an error of about 1e-10 for third derivatives around 1, and rounding another
/// 1e-11 times the loss: 1e-6 is far above both, and far below what any wrong formula would leave.
pub(crate) fn assert_gradient(what: &str, x: &[f64], gradient: &[f64], mut loss: impl FnMut(&[f64]) -> f64) {
    assert_eq!(x.len(), gradient.len(), "{what}");
    let typical = gradient.iter().map(|g| g.abs()).sum::<f64>() / x.len() as f64;
    let mut at = x.to_vec();
    for i in 0..x.len() {
        let mut moved = |by: f64| {
            at[i] = x[i] + by;
            loss(&at)
        };
        let want = (moved(2e-5) - moved(-2e-5)) / 4e-5;
        at[i] = x[i];
        let error = (gradient[i] - want).abs();
        assert!(
            error <= 1e-6 * (want.abs() + typical),
            "{what}[{i}] is {} but should be {want}",
            gradient[i]
        );
    }
}

/// `got` is `want` to `tolerance` of the larger of 1 and `want`.
pub(crate) fn assert_close<A: Real>(what: &str, got: &[A], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let error = (got.to_f64() - want).abs();
        assert!(error <= tolerance * want.abs().max(1.0), "{what}[{i}] is {got:?} but should be {want}");
    }
}

/// Runs with 1, 2 and 3 threads, twice each: all must give the same bits, which are returned.
pub(crate) fn same_bits_for_any_threads(run: impl Fn(&Cpu<f32>) -> Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let bits = |all: &[Vec<f32>]| -> Vec<Vec<u32>> {
        all.iter().map(|x| x.iter().map(|x| x.to_bits()).collect()).collect()
    };
    let mut first = None;
    for threads in 1..=3 {
        let cpu = Cpu::with_threads(threads).expect("threads");
        for time in 0..2 {
            let got = run(&cpu);
            let want = first.get_or_insert_with(|| got.clone());
            assert!(bits(&got) == bits(want), "{threads} threads, run {time}");
        }
    }
    first.unwrap_or_default()
}

/// A buffer that a kernel must overwrite: every element is NaN, which shows if it stays or is added to.
pub(crate) fn unwritten<E: Real>(n: usize) -> Vec<E> {
    vec![E::from_f64(f64::NAN); n]
}

/// `added` must be what was there (`before`) plus `written`.
pub(crate) fn assert_added<E: Real>(what: &str, before: &[E], written: &[E], added: &[E]) {
    let want: Vec<f64> = before.iter().zip(written).map(|(a, b)| a.to_f64() + b.to_f64()).collect();
    // What differs is where a few numbers were rounded, in one type or the other.
    let tolerance = if size_of::<E>() == size_of::<f32>() { 1e-6 } else { 1e-13 };
    assert_close(what, added, &want, tolerance);
}

/// The same with NaN, infinities and zeros among them, at other places for each `which`.
pub(crate) fn numbers_of_all_kinds<E: Real>(which: u32, n: usize) -> Vec<E> {
    let mut to = numbers(which, n);
    let kinds = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0].map(E::from_f64);
    let places = (0..n).skip(which as usize % 7).step_by(7 + which as usize);
    places.zip(kinds.into_iter().cycle()).for_each(|(at, kind)| to[at] = kind);
    to
}

/// That both are the same bits, but for those of NaN: where two meet, the compiler chooses which of them stays.
pub(crate) fn assert_same<E: Real>(what: &str, got: &[E], want: &[E]) {
    let bits = |x: E| (x.to_f64().is_nan(), if x.to_f64().is_nan() { 0 } else { x.to_f64().to_bits() });
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert_eq!(bits(*got), bits(*want), "{what}[{i}] is {got:?} but should be {want:?}");
    }
}

/// That a kernel refuses what it was given, and has changed nothing of a gradient that was 7 everywhere.
pub(crate) fn assert_refused(result: Result<(), Error>, gradient: &[f32]) {
    assert!(matches!(result, Err(Error::Internal { .. })), "{result:?}");
    assert!(gradient.iter().all(|x| *x == 7.0), "{gradient:?}");
}

/// A gradient to be written, or to be added to what is there.
pub(crate) fn grad<E>(to: &mut [E], add: bool) -> Grad<&mut [E]> {
    Grad { to, add }
}

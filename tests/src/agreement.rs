//! How what came out is compared: by its bits, to a tolerance, or as what is rounded once.

use std::fmt::Debug;

use remat::arena::bytes_of;
use remat::device::Element;

use crate::devices::{Numbers, bf16, widened};

/// That two runs gave the same bits.
pub fn assert_bits<T: Element + Debug>(what: &str, got: &[T], want: &[T]) {
    assert_eq!(got.len(), want.len(), "{what}");
    let at = (0..got.len()).find(|at| bytes_of(&got[*at..*at + 1]) != bytes_of(&want[*at..*at + 1]));
    assert!(
        at.is_none(),
        "{what}{at:?} is {:?} but should be {:?}",
        got[at.unwrap_or(0)],
        want[at.unwrap_or(0)]
    );
}

/// That `got` is `want` to `tolerance` of the larger of 1 and `want`; NaN where and only where that is.
pub fn assert_close(what: &str, got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (at, (got, want)) in got.iter().zip(want).enumerate() {
        let near = (got - want).abs() <= tolerance * want.abs().max(1.0);
        let same = got == want || got.is_nan() && want.is_nan();
        assert!(near || same, "{what}[{at}] is {got:?} but should be {want:?}");
    }
}

/// That each of `got` is one rounding to bf16 of a number that is `want` to `tolerance` of the larger of 1 and `want`;
/// NaN where and only where that is.
///
/// Rounding keeps the order of numbers. So it is between what the least and the largest of these numbers round to, which
/// are the same but where a tie is as near: no number that was rounded twice, with a tie in between, passes.
pub fn assert_rounded(what: &str, got: &[f32], want: &[f32], tolerance: f32) {
    assert_rounded_within(what, got, want, tolerance, &vec![0.0; want.len()]);
}

/// The same, where the number that is rounded may be farther from each of `want`, by one of `apart`.
pub fn assert_rounded_within(what: &str, got: &[f32], want: &[f32], tolerance: f32, apart: &[f32]) {
    assert_eq!((got.len(), apart.len()), (want.len(), want.len()), "{what}");
    for (at, ((got, want), apart)) in got.iter().zip(want).zip(apart).enumerate() {
        let apart = if want.is_finite() { apart + tolerance * want.abs().max(1.0) } else { 0.0 };
        let [low, high] = [want - apart, want + apart].map(|x| widened(bf16(x)));
        let same = low.to_bits() == got.to_bits() || got.is_nan() && want.is_nan();
        let between = tolerance > 0.0 && low <= *got && *got <= high;
        assert!(
            same || between,
            "{what}[{at}] is {got:?} but should be {want:?} rounded, {low:?} to {high:?}"
        );
    }
}

/// That a GPU wrote the same bits twice, and what the CPU wrote to a tolerance, rounded where it was on the GPU; 0 is for
/// the same bits, but for those of a NaN.
pub fn assert_agree(what: &str, got: &[Numbers], again: &[Numbers], want: &[Numbers], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (array, ((got, again), want)) in got.iter().zip(again).zip(want).enumerate() {
        assert_near(&format!("{what}, result {array}"), got, again, want, tolerance);
    }
}

/// That two devices gave the same bits, but for those of a NaN: which NaN it is, each decides for itself.
pub fn assert_numbers(what: &str, got: &[f32], want: &[f32]) {
    assert_bits(what, &one_nan(got), &one_nan(want));
}

/// These numbers, with one NaN for all.
fn one_nan(numbers: &[f32]) -> Vec<f32> {
    numbers.iter().map(|x| if x.is_nan() { f32::NAN } else { *x }).collect()
}

/// The same of one array.
pub fn assert_near(what: &str, got: &Numbers, again: &Numbers, want: &Numbers, tolerance: f32) {
    assert_bits(what, got, again);
    match (got.narrow, tolerance) {
        (true, _) => assert_rounded(what, got, want, tolerance),
        (false, 0.0) => assert_numbers(what, got, want),
        (false, _) => assert_close(what, got, want, tolerance),
    }
}

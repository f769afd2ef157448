//! What is proved of clipping: see [`choices`](crate::choices).
//!
//! It is the arithmetic of [`norm`](super::norm) on two numbers, as the kernels do it one by one; what vectors and
//! threads make of it is tested there. A number is one of three mantissas at any exponent, subnormals included.

use super::norm::{Norm, smallest_norm};
use crate::choices::{Choices, bounded};
use crate::device::Real;

bounded! {
    two_numbers_of_f32_keep_their_limit, 4;
    two_numbers_of_f64_keep_their_limit, 4;
}

/// From none to no limit.
const LIMITS: [f64; 16] = [
    0.0,
    5e-324,
    f64::MIN_POSITIVE,
    1e-300,
    1e-45,
    1e-38,
    f32::MIN_POSITIVE as f64 * std::f64::consts::SQRT_2,
    1e-30,
    1e-6,
    0.3,
    1.0,
    1e10,
    f32::MAX as f64,
    1e200,
    f64::MAX,
    f64::INFINITY,
];

fn two_numbers_of_f32_keep_their_limit(choices: &mut Choices) {
    let mantissas = [0, 0x2a_aaaa, 0x7f_ffff];
    let one = (choices.below(255) as u32) << 23 | choices.one_of(&mantissas);
    let other = choices.one_of(&[0, 1, 24, 64, 127, 190, 254]) << 23 | choices.one_of(&mantissas);
    keep([one, other].map(f32::from_bits), choices.one_of(&LIMITS));
}

fn two_numbers_of_f64_keep_their_limit(choices: &mut Choices) {
    let mantissas = [0, 0x5_5555_5555_5555, 0xf_ffff_ffff_ffff];
    let one = (choices.below(2047) as u64) << 52 | choices.one_of(&mantissas);
    let other = choices.one_of(&[0, 1, 53, 500, 1023, 1540, 2046]) << 52 | choices.one_of(&mantissas);
    keep([one, other].map(f64::from_bits), choices.one_of(&LIMITS));
}

/// Clipped, the norm of these is at most the limit, but for what the last place of each can't say.
fn keep<E: Real>(numbers: [E; 2], limit: f64) {
    let squares = |factor: f64| {
        let squares = numbers.map(|x| (factor * x.to_f64()) * (factor * x.to_f64()));
        Ok(squares[0] + squares[1])
    };
    let largest = || Ok(numbers[0].to_f64().max(numbers[1].to_f64()));
    let Ok(norm) = Norm::of(squares, largest) else { panic!("neither failed") };
    let factors = norm.factors(limit, smallest_norm::<E>(2));
    let clipped = numbers.map(|x| factors.iter().fold(x, |x, factor| E::from_f64(x.to_f64() * factor)));
    if limit == 0.0 {
        assert!(clipped.iter().all(|x| x.to_f64() == 0.0), "{numbers:?}: {clipped:?}");
    } else {
        // In limits, so that the check does not overflow.
        let [one, other] = clipped.map(|x| x.to_f64() / limit);
        let norm = (one * one + other * other).sqrt();
        assert!(norm <= 1.0 + 1e-6, "{numbers:?} to {limit:e}: {norm} limits");
    }
}

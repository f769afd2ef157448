//! Random numbers from a counter: Philox4x32-10 (Salmon et al. 2011), so that a number depends on its
//! place alone and a recompute draws the same ones again.
//!
//! Philox maps a key (the seed) and a counter (block, node, step) to a block of 4 words. What is drawn
//! is the same on every machine: integers, or f64 arithmetic without fused operations and without the
//! system's math library.

use std::f64::consts::FRAC_PI_2;

use crate::cpu::math;
use crate::cpu::simd::Portable;
use crate::device::Real;

/// What, besides the element's index, decides a random number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The model's seed.
    pub seed: u64,
    /// Training calls before this one.
    pub step: u64,
    /// The layer's index in the unrolled model's order of declaration.
    pub node: u32,
}

/// Elements that [`words`] gives at once.
pub(crate) const GROUP: usize = 64;
/// Blocks of a group; word w of block b belongs to element w * LANES + b, so that a vector of blocks
/// gives vectors of neighbouring elements.
const LANES: usize = GROUP / 4;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

impl Key {
    #[inline(always)]
    fn words(self) -> [u32; 2] {
        [self.seed as u32, (self.seed >> 32) as u32]
    }

    /// The counter of block `index`. Distinct for less than 2^48 blocks and steps: what an index has
    /// above 32 bits shares a word with the step's upper half.
    #[inline(always)]
    fn counter(self, index: u64) -> [u32; 4] {
        let high = ((self.step >> 32) as u32) ^ (((index >> 32) as u32) << 16);
        [index as u32, self.node, self.step as u32, high]
    }
}

/// One round of Philox.
#[inline(always)]
fn round(c: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let a = u64::from(c[0]) * u64::from(MULTIPLIERS[0]);
    let b = u64::from(c[2]) * u64::from(MULTIPLIERS[1]);
    [(b >> 32) as u32 ^ c[1] ^ key[0], b as u32, (a >> 32) as u32 ^ c[3] ^ key[1], a as u32]
}

#[inline(always)]
fn next(key: [u32; 2]) -> [u32; 2] {
    [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])]
}

/// Philox4x32-10.
#[inline(always)]
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        counter = round(counter, key);
        key = next(key);
    }
    counter
}

/// The words of elements `group * GROUP` to `(group + 1) * GROUP`, vectorised over the blocks.
#[inline(always)]
pub(crate) fn words(key: Key, group: u64) -> [u32; GROUP] {
    let mut words = [0; GROUP];
    let (a, rest) = words.split_at_mut(LANES);
    let (b, rest) = rest.split_at_mut(LANES);
    let (c, d) = rest.split_at_mut(LANES);
    // A group starts at a multiple of LANES: its blocks differ in the first word alone.
    let first = key.counter(group * LANES as u64);
    for lane in 0..LANES {
        let counter = [first[0] + lane as u32, first[1], first[2], first[3]];
        [a[lane], b[lane], c[lane], d[lane]] = philox(counter, key.words());
    }
    words
}

/// Two numbers uniform in [0, 1) with 53 bits: elements 2 * pair and 2 * pair + 1.
fn uniform_pair(key: Key, pair: u64) -> [f64; 2] {
    let w = philox(key.counter(pair), key.words());
    [[w[0], w[1]], [w[2], w[3]]].map(|[low, high]| {
        let bits = u64::from(high) << 32 | u64::from(low);
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// Two standard normal numbers, elements 2 * pair and 2 * pair + 1, by Box and Muller.
fn normal_pair(key: Key, pair: u64) -> [f64; 2] {
    let [u, turn] = uniform_pair(key, pair);
    let radius = (-2.0 * math::ln::<Portable, f64>(1.0 - u)).sqrt();
    let (sin, cos) = sin_cos(turn);
    [radius * cos, radius * sin]
}

/// sin and cos of 2 pi `turn`, for a turn in [0, 1): Taylor series on a quarter turn, from -1/2 to 1/2.
fn sin_cos(turn: f64) -> (f64, f64) {
    let quarter = (4.0 * turn).round();
    let x = (4.0 * turn - quarter) * FRAC_PI_2;
    let (mut sin, mut cos) = (0.0, 0.0);
    // pi/4 to the power 20 over 20 factorial is below 1e-20.
    for n in (0..10).rev() {
        let n = 2.0 * f64::from(n);
        cos = 1.0 - x * x / ((n + 1.0) * (n + 2.0)) * cos;
        sin = 1.0 - x * x / ((n + 2.0) * (n + 3.0)) * sin;
    }
    sin *= x;
    match quarter as u32 % 4 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// Element `index` of numbers uniform in [0, 1), with 53 bits.
pub fn uniform(key: Key, index: u64) -> f64 {
    uniform_pair(key, index / 2)[(index % 2) as usize]
}

/// Element `index` of standard normal numbers.
pub fn normal(key: Key, index: u64) -> f64 {
    normal_pair(key, index / 2)[(index % 2) as usize]
}

/// Element i of `to` = low + (high - low) [`uniform`]`(key, 2 * pair + i)`, rounded.
pub fn fill_uniform<E: Real>(key: Key, pair: u64, low: f64, high: f64, to: &mut [E]) {
    fill(pair, to, |pair| uniform_pair(key, pair).map(|u| low + (high - low) * u));
}

/// Element i of `to` = mean + std [`normal`]`(key, 2 * pair + i)`, rounded.
pub fn fill_normal<E: Real>(key: Key, pair: u64, mean: f64, std: f64, to: &mut [E]) {
    fill(pair, to, |pair| normal_pair(key, pair).map(|z| mean + std * z));
}

fn fill<E: Real>(first: u64, to: &mut [E], numbers: impl Fn(u64) -> [f64; 2]) {
    for (pair, to) in (first..).zip(to.chunks_mut(2)) {
        to.iter_mut().zip(numbers(pair)).for_each(|(to, from)| *to = E::from_f64(from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { seed: 0x0123_4567_89ab_cdef, step: 3, node: 5 };

    /// From `kat_vectors` of Random123, the authors' implementation.
    #[test]
    fn philox_gives_the_known_answers() {
        let answers = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([!0; 4], [!0; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, want) in answers {
            assert_eq!(philox(counter, key), want);
        }
    }

    #[test]
    fn a_group_of_words_is_philox_of_its_blocks() {
        for group in [0, 7, u64::from(u32::MAX)] {
            let words = words(KEY, group);
            for (i, word) in words.into_iter().enumerate() {
                let block = group * LANES as u64 + (i % LANES) as u64;
                assert_eq!(word, philox(KEY.counter(block), KEY.words())[i / LANES]);
            }
        }
    }

    #[test]
    fn every_part_of_the_key_and_the_index_changes_the_numbers() {
        let all = [
            words(KEY, 0),
            words(KEY, 1),
            words(KEY, 1 << 30),
            words(Key { seed: KEY.seed ^ 1 << 40, ..KEY }, 0),
            words(Key { step: KEY.step ^ 1 << 40, ..KEY }, 0),
            words(Key { node: 6, ..KEY }, 0),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a.iter().zip(b).all(|(a, b)| a != b)));
        }
    }

    #[test]
    fn a_filled_slice_holds_the_elements_rounded() {
        let (mut u, mut z) = ([0_f32; 7], [0_f64; 7]);
        fill_uniform(KEY, 0, -2.0, 4.0, &mut u);
        fill_normal(KEY, 5, 1.0, 0.5, &mut z);
        for i in 0..7 {
            assert_eq!(u[i], (-2.0 + 6.0 * uniform(KEY, i as u64)) as f32);
            assert_eq!(z[i], 1.0 + 0.5 * normal(KEY, 10 + i as u64));
        }
    }

    #[test]
    fn sine_and_cosine_are_those_of_the_standard_library() {
        for i in 0..10_000 {
            let turn = f64::from(i) / 10_000.0;
            let (sin, cos) = sin_cos(turn);
            let (want_sin, want_cos) = (turn * std::f64::consts::TAU).sin_cos();
            // The oracle rounds its argument, at most 2 pi, by 4.4e-16.
            assert!((sin - want_sin).abs() < 1e-15 && (cos - want_cos).abs() < 1e-15, "{turn}");
        }
    }

    /// Limits of five standard deviations of what is estimated, from 200 000 draws.
    #[test]
    fn moments_are_those_of_the_distributions() {
        let n = 200_000;
        let mean = |f: &dyn Fn(u64) -> f64| (0..n).map(f).sum::<f64>() / n as f64;
        let near = |got: f64, want: f64, deviation: f64| {
            assert!((got - want).abs() < 5.0 * deviation / (n as f64).sqrt(), "{got} is not {want}");
        };
        near(mean(&|i| uniform(KEY, i)), 0.5, (1.0_f64 / 12.0).sqrt());
        near(mean(&|i| uniform(KEY, i).powi(2)), 1.0 / 3.0, (4.0_f64 / 45.0).sqrt());
        near(mean(&|i| normal(KEY, i)), 0.0, 1.0);
        near(mean(&|i| normal(KEY, i).powi(2)), 1.0, 2.0_f64.sqrt());
        near(mean(&|i| normal(KEY, i).powi(4)), 3.0, 96.0_f64.sqrt());
        near(mean(&|i| normal(KEY, i) * normal(KEY, i + 1)), 0.0, 1.0);
        near(mean(&|i| f64::from(u8::from(normal(KEY, i) < 1.0))), 0.841_344_746, 0.37);
    }
}

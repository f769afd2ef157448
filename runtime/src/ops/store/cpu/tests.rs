use super::*;
use crate::cpu::simd::Level;
use crate::ops::load::cpu::tests::number;
use crate::rng::{Key, fill_normal};

const FORMATS: [(Format, u32); 2] = [(Format::Bf16, 8), (Format::F16, 5)];

/// The bits of the number of a format that is nearest, found by looking through all of them.
struct Nearest {
    /// Every finite number that is not negative, in order: its bits are its place.
    all: Vec<f64>,
}

impl Nearest {
    fn new(exponent_bits: u32) -> Self {
        let finite = |bits: &u16| number(*bits, exponent_bits).is_finite();
        Self { all: (0..0x8000).take_while(finite).map(|bits| number(bits, exponent_bits)).collect() }
    }

    fn of(&self, x: f64) -> u16 {
        let sign = if x.is_sign_negative() { 0x8000 } else { 0 };
        let (x, infinite) = (x.abs(), self.all.len() as u16);
        // As if one more followed the largest.
        let last = self.all.len() - 1;
        let beyond = 2.0 * self.all[last] - self.all[last - 1];
        let above = self.all.partition_point(|y| *y < x);
        let at = |place: usize| self.all.get(place).copied().unwrap_or(beyond);
        let below = above.saturating_sub(1);
        let nearest = match (x - at(below)).partial_cmp(&(at(above) - x)) {
            _ if x > beyond => infinite,
            Some(std::cmp::Ordering::Less) => below as u16,
            Some(std::cmp::Ordering::Greater) => above as u16,
            _ if below % 2 == 0 => below as u16,
            _ => above as u16,
        };
        sign | nearest.min(infinite)
    }
}

fn store<E: Float>(cpu: &Cpu<E>, format: Format, x: &[E]) -> Vec<u16> {
    let mut y = vec![1; x.len()];
    Kernel::forward(cpu, &Spec { len: x.len(), format }, 1, Forward { y: &mut y, x }).unwrap();
    y
}

/// Numbers of every size, and each number of a format with what is right beside it and half way to the next.
fn hard(exponent_bits: u32) -> Vec<f64> {
    let mut found = vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e-300, f64::MIN_POSITIVE];
    for bits in 0..0x7fff {
        let (x, next) = (number(bits, exponent_bits), number(bits + 1, exponent_bits));
        if x.is_finite() {
            let half = if next.is_finite() { (x + next) / 2.0 } else { x * (1.0 + (2f64).powi(-12)) };
            found.extend([x, -x, half, -half, half.next_up(), -half.next_down(), x.next_up()]);
        }
    }
    let mut random = vec![0.0; 100_000];
    fill_normal(Key { seed: 1, step: 0, node: 0 }, 0, 0.0, 1.0, &mut random);
    found
        .extend(random.iter().enumerate().map(|(i, x): (usize, &f64)| x * (2f64).powi(i as i32 % 300 - 150)));
    found
}

#[test]
fn what_is_stored_is_the_nearest_number_of_the_format() {
    let cpu = Cpu::with_threads(2).unwrap();
    for (format, exponent_bits) in FORMATS {
        let nearest = Nearest::new(exponent_bits);
        let double = hard(exponent_bits);
        let single: Vec<f32> = double.iter().map(|x| *x as f32).collect();
        for (got, x) in store(&cpu.double(), format, &double).into_iter().zip(&double) {
            assert_eq!(got, nearest.of(*x), "{format:?} of {x:e} in f64");
        }
        for (got, x) in store(&cpu, format, &single).into_iter().zip(&single) {
            assert_eq!(got, nearest.of(f64::from(*x)), "{format:?} of {x:e}");
        }
    }
}

#[test]
fn nan_stays_nan() {
    let cpu = Cpu::with_threads(1).unwrap();
    for (format, exponent_bits) in FORMATS {
        let bits = [0x7fc0_0000, 0x7f80_0001, 0xffff_ffff, 0x7f80_0000 + (1 << 12)];
        let single = bits.map(f32::from_bits);
        let double = [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)];
        let stored = [store(&cpu, format, &single), store(&cpu.double(), format, &double)].concat();
        assert!(stored.iter().all(|bits| number(*bits, exponent_bits).is_nan()), "{format:?} {stored:x?}");
    }
}

#[test]
fn every_level_and_any_number_of_threads_round_alike() {
    let x: Vec<f32> = hard(5).into_iter().map(|x| x as f32).collect();
    for (format, _) in FORMATS {
        let expected = store(&Cpu::with_threads(1).unwrap(), format, &x);
        for threads in [2, 3] {
            assert!(store(&Cpu::with_threads(threads).unwrap(), format, &x) == expected);
        }
        let mut portable = vec![0; x.len()];
        Level::Portable.run(Round { to: &mut portable, from: &x, format });
        assert!(portable == expected);
    }
}

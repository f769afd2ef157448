//! Rounding on the CPU: without branches, so that the compiler makes vectors of it.

use super::{Format, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{CHUNK, check_lengths};
use crate::cpu::parts::chunks;
use crate::cpu::simd::{Float, Job, Simd};
use crate::error::Error;

compiled!(forward alone);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        check_lengths(&[(y.len(), batch * spec.len), (x.len(), batch * spec.len)])?;
        let pool = self.pool();
        pool.run_parts(chunks(y, CHUNK), |task, to, _| {
            let from = &x[task * CHUNK..][..to.len()];
            pool.level().run(Round { to, from, format: spec.format });
        })
    }
}

struct Round<'a, E> {
    to: &'a mut [u16],
    from: &'a [E],
    format: Format,
}

impl<E: Float> Job for Round<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let each = self.to.iter_mut().zip(self.from);
        match self.format {
            Format::Bf16 => each.for_each(|(to, x)| *to = bf16(x.sticky())),
            Format::F16 => each.for_each(|(to, x)| *to = f16(x.sticky())),
        }
    }
}

/// The bits of the nearest bf16: the upper half of `x`, to which a carry from the lower half is added.
#[inline(always)]
fn bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    // More than half of the last place, or half and an odd last place, carries.
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    let quiet = bits >> 16 | 0x40;
    (if x.is_nan() { quiet } else { rounded }) as u16
}

/// The bits of the nearest f16.
#[inline(always)]
fn f16(x: f32) -> u16 {
    /// 2^-14, below which an f16 has fewer digits.
    const NORMAL: u32 = (127 - 14) << 23;
    /// 65520, half way from the largest f16 to what would follow.
    const OVERFLOW: u32 = 0x477f_f000;
    let bits = x.to_bits();
    let (sign, bits) = (bits >> 16 & 0x8000, bits & 0x7fff_ffff);
    // As bf16, with the exponent of an f16.
    let normal = bits.wrapping_add(0xfff + (bits >> 13 & 1)).wrapping_sub((127 - 15) << 23) >> 13;
    // In a sum with 1/2 the last place is 2^-24, that of a small f16: the addition rounds.
    let small = (f32::from_bits(bits) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
    let finite = if bits < NORMAL { small } else { normal };
    let huge = if bits > f32::INFINITY.to_bits() { 0x7e00 } else { 0x7c00 };
    (sign | if bits < OVERFLOW { finite } else { huge }) as u16
}

/// A number on its way to a format of two bytes.
pub(crate) trait Narrow {
    /// It as f32, so that rounding that again is as rounding once: what does not fit sets the last bit (round to odd:
    /// Boldo and Melquiond 2005).
    fn sticky(self) -> f32;
    /// Exactly this f32.
    fn widened(x: f32) -> Self;
}

impl Narrow for f32 {
    #[inline(always)]
    fn sticky(self) -> f32 {
        self
    }
    #[inline(always)]
    fn widened(x: f32) -> Self {
        x
    }
}

impl Narrow for f64 {
    #[inline(always)]
    fn sticky(self) -> f32 {
        let nearest = self as f32;
        let (bits, there) = (nearest.to_bits(), f64::from(nearest));
        // Towards zero, then odd unless it is exact.
        let cut = bits - u32::from(there.abs() > self.abs());
        f32::from_bits(cut | u32::from(there != self))
    }
    #[inline(always)]
    fn widened(x: f32) -> Self {
        x.into()
    }
}

#[cfg(test)]
mod tests;

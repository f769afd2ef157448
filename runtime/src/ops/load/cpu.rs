//! Widening on the CPU: without branches, so that the compiler makes vectors of it.

use super::{Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::{CHUNK, check_lengths};
use crate::cpu::parts::chunks;
use crate::cpu::simd::{Float, Job, Simd};
use crate::error::Error;
use crate::ops::store::Format;

compiled!(forward alone);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        check_lengths(&[(y.len(), batch * spec.len), (x.len(), batch * spec.len)])?;
        let pool = self.pool();
        pool.run_parts(chunks(y, CHUNK), |task, to, _| {
            let from = &x[task * CHUNK..][..to.len()];
            pool.level().run(Widen { to, from, format: spec.format });
        })
    }
}

struct Widen<'a, E> {
    to: &'a mut [E],
    from: &'a [u16],
    format: Format,
}

impl<E: Float> Job for Widen<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let each = self.to.iter_mut().zip(self.from);
        match self.format {
            Format::Bf16 => each.for_each(|(to, x)| *to = E::widened(bf16(*x))),
            Format::F16 => each.for_each(|(to, x)| *to = E::widened(f16(*x))),
        }
    }
}

/// The number that a bf16 is.
#[inline(always)]
pub(crate) fn bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// The number that an f16 is.
#[inline(always)]
pub(crate) fn f16(bits: u16) -> f32 {
    let (sign, bits) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7fff));
    // The same digits, with the exponent of an f32.
    let normal = (bits << 13) + ((127 - 15) << 23);
    let small = (bits as f32 * f32::from_bits((127 - 24) << 23)).to_bits();
    let special = bits << 13 | f32::INFINITY.to_bits();
    let finite = if bits < 0x400 { small } else { normal };
    f32::from_bits(sign | if bits < 0x7c00 { finite } else { special })
}

#[cfg(test)]
pub(crate) mod tests;

use super::*;

/// The number of these bits, by the definition of IEEE 754: sign, exponent, fraction.
pub(crate) fn number(bits: u16, exponent_bits: u32) -> f64 {
    let fraction_bits = 15 - exponent_bits;
    let (exponent, fraction) =
        ((bits & 0x7fff) >> fraction_bits, f64::from(bits & ((1 << fraction_bits) - 1)));
    let bias = (1 << (exponent_bits - 1)) - 1;
    let unit = (2f64).powi(-(fraction_bits as i32));
    let magnitude = match exponent {
        0 => fraction * unit * (2f64).powi(1 - bias),
        e if u32::from(e) == (1 << exponent_bits) - 1 => {
            if fraction == 0.0 {
                f64::INFINITY
            } else {
                f64::NAN
            }
        }
        e => (1.0 + fraction * unit) * (2f64).powi(i32::from(e) - bias),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

fn load<E: Float>(cpu: &Cpu<E>, format: Format, x: &[u16]) -> Vec<E> {
    let mut y = vec![E::ONE; x.len()];
    Kernel::forward(cpu, &Spec { len: x.len() / 2, format }, 2, Forward { y: &mut y, x }).unwrap();
    y
}

#[test]
fn every_number_of_two_bytes_is_what_its_bits_say() {
    let all: Vec<u16> = (0..=u16::MAX).collect();
    for threads in 1..=3 {
        let cpu = Cpu::with_threads(threads).unwrap();
        for (format, exponent_bits) in [(Format::Bf16, 8), (Format::F16, 5)] {
            let (single, double) = (load(&cpu, format, &all), load(&cpu.double(), format, &all));
            for bits in &all {
                let (single, double) = (f64::from(single[usize::from(*bits)]), double[usize::from(*bits)]);
                let want = number(*bits, exponent_bits);
                let same = |got: f64| got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
                assert!(same(single) && same(double), "{format:?} {bits:#06x}: {single} {double} {want}");
            }
        }
    }
}

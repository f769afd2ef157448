//! How a model's parameters are drawn from its seed.

use ndarray::ArrayView1;

use crate::device::{Device, Real, Span};
use crate::error::Error;
use crate::model::{Init, ParamSpec};
use crate::rng::{self, Key};

/// Elements that are drawn, then copied to the device, at once: whole lines of every device, so that
/// each copy starts on one.
const CHUNK: usize = 1 << 12;

/// The step of the keys that parameters are drawn with. No training call has this number, so no layer
/// draws the same numbers again.
const BEFORE_ALL_STEPS: u64 = u64::MAX;

/// Draws every parameter into its place. An element depends on the seed, on its index in its parameter,
/// and on the parameter's index alone; it is drawn in f64, then rounded.
///
/// # Errors
/// [`Error::Internal`] if `params` has no room for them; the device's own.
pub fn draw<D: Device>(device: &D, specs: &[ParamSpec], params: &mut D::Buf, seed: u64) -> Result<(), Error> {
    let mut numbers = [D::Param::default(); CHUNK];
    for (node, spec) in (0..).zip(specs) {
        let key = Key { seed, step: BEFORE_ALL_STEPS, node };
        let elements = spec.elements();
        for first in (0..elements).step_by(CHUNK) {
            let numbers = &mut numbers[..CHUNK.min(elements - first)];
            let pair = first as u64 / 2;
            match spec.init {
                Init::Constant(value) => numbers.fill(D::Param::from_f64(value)),
                Init::Uniform(bound) => rng::fill_uniform(key, pair, -bound, bound, numbers),
                Init::Normal(std) => rng::fill_normal(key, pair, 0.0, std, numbers),
            }
            let span = Span::of::<D::Param>((spec.offset + first) * size_of::<D::Param>(), numbers.len());
            let ([], [to]) = D::split(params, [], [span])?;
            device.upload(D::view_mut(to), ArrayView1::from(&*numbers))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;

    const SHAPES: [&[usize]; 3] = [&[200, 300], &[10], &[7]];

    fn spec(shape: &'static [usize], offset: usize, init: Init) -> ParamSpec {
        ParamSpec { path: "weight", shape, offset, init, frozen: false, aliases: &[] }
    }

    /// Parameters of these shapes and kinds, as they come from the seed.
    fn drawn<D: Device>(device: &D, seed: u64, kinds: &[(&'static [usize], Init)]) -> Vec<Vec<f64>> {
        let mut end = 0usize;
        let specs: Vec<_> = kinds
            .iter()
            .map(|&(shape, init)| {
                let spec = spec(shape, end.next_multiple_of(64), init);
                end = spec.offset + spec.elements();
                spec
            })
            .collect();
        let mut params = device.alloc(end * size_of::<D::Param>()).unwrap();
        draw(device, &specs, &mut params, seed).unwrap();
        let read = |spec: &ParamSpec| {
            let mut numbers = vec![D::Param::default(); spec.elements()];
            let region = D::region(&params, spec.span::<D::Param>()).unwrap();
            device.download(&mut numbers, D::view(region)).unwrap();
            numbers.into_iter().map(Real::to_f64).collect()
        };
        specs.iter().map(read).collect()
    }

    fn cpu() -> Cpu {
        Cpu::with_threads(1).unwrap()
    }

    #[test]
    fn an_element_depends_on_seed_parameter_and_index_alone() {
        let normal = Init::Normal(0.5);
        let all = drawn(&cpu().double(), 3, &SHAPES.map(|shape| (shape, normal)));
        for (node, numbers) in (0..).zip(&all) {
            let key = Key { seed: 3, step: u64::MAX, node };
            let expected: Vec<_> = (0..numbers.len() as u64).map(|i| 0.5 * rng::normal(key, i)).collect();
            assert_eq!(*numbers, expected, "parameter {node}, over all its chunks");
        }
        let others = drawn(&cpu().double(), 3, &[(&[1], normal), (&[10], normal), (&[20_000], normal)]);
        assert_eq!(others[1], all[1], "other sizes before it, same numbers");
        assert_eq!(others[2][..7], all[2], "a longer parameter starts the same");
        assert_ne!(drawn(&cpu().double(), 4, &[(&[10], normal)])[0], all[0][..10]);
    }

    #[test]
    fn f32_is_f64_rounded() {
        let kinds = [(SHAPES[0], Init::Uniform(0.1)), (SHAPES[1], Init::Normal(2.0))];
        let (single, double) = (drawn(&cpu(), 5, &kinds), drawn(&cpu().double(), 5, &kinds));
        for (single, double) in single.iter().flatten().zip(double.iter().flatten()) {
            assert_eq!(*single, f64::from(*double as f32));
        }
    }

    #[test]
    fn each_kind_has_its_distribution() {
        let kinds = [
            (SHAPES[0], Init::Uniform(0.1)),
            (SHAPES[0], Init::Normal(0.02)),
            (SHAPES[0], Init::Constant(1.5)),
        ];
        let [uniform, normal, constant] = &drawn(&cpu().double(), 6, &kinds)[..] else { unreachable!() };
        assert!(uniform.iter().all(|x| (-0.1..0.1).contains(x)));
        assert!(constant.iter().all(|&x| x == 1.5));
        for (numbers, std) in [(uniform, 0.1 / 3f64.sqrt()), (normal, 0.02)] {
            let n = numbers.len() as f64;
            let mean = numbers.iter().sum::<f64>() / n;
            let found = (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            // Five standard deviations of either estimate over 60 000 draws.
            assert!(mean.abs() < 5.0 * std / n.sqrt(), "{mean}");
            assert!((found / std - 1.0).abs() < 5.0 / (2.0 * n).sqrt(), "{found}");
        }
    }
}

//! Gradients measured and clipped, as `torch.nn.utils.clip_grad_norm_` and `clip_grad_value_`.

use crate::device::{Device, Repeat, Report, Span, Work};
use crate::error::Error;
use crate::model::{Grads, GradsMut, Model, spans};
use crate::optim::Kernel;
use crate::optim::norm::{Measure, NO_LIMIT, Of};
use crate::optim::state::in_range;

/// Measures the gradients that `arena` begins with, and brings them to `limit`; reports a loss that is there too.
pub(crate) fn clip<M: Model<Device: Kernel>>(
    device: &M::Device,
    report: &mut Report,
    arena: &mut Buf<M>,
    loss: Option<Span>,
    (of, limit): (Of, f64),
) -> Result<(), Error> {
    let loss = loss.map(|span| M::Device::region(arena, span).map(M::Device::view)).transpose()?;
    let measure = Measure { loss, ..Measure::of::<M>(of, limit) };
    device.measure(report, &measure, arena, spans::<M>())?;
    if limit < NO_LIMIT { device.shorten(report, arena, spans::<M>()) } else { Ok(()) }
}

/// What holds gradients.
type Buf<M> = <<M as Model>::Device as Device>::Buf;

/// Measures gradients by themselves.
struct Measuring<'a, M: Model>(&'a Buf<M>);

impl<M: Model<Device: Kernel>> Work<M::Device> for Measuring<'_, M> {
    fn params(&self) -> &Buf<M> {
        self.0
    }

    fn program(&mut self, _: &M::Device) -> Result<(), Error> {
        Ok(())
    }

    fn after(&mut self, device: &M::Device, report: &mut Report) -> Result<(), Error> {
        device.measure(report, &Measure::of::<M>(Of::Batch, NO_LIMIT), self.0, spans::<M>())
    }
}

/// Clips gradients by themselves.
struct Clipping<'a, M: Model> {
    arena: &'a mut Buf<M>,
    limit: f64,
}

impl<M: Model<Device: Kernel>> Work<M::Device> for Clipping<'_, M> {
    fn params(&self) -> &Buf<M> {
        self.arena
    }

    fn program(&mut self, _: &M::Device) -> Result<(), Error> {
        Ok(())
    }

    fn after(&mut self, device: &M::Device, report: &mut Report) -> Result<(), Error> {
        clip::<M>(device, report, self.arena, None, (Of::Batch, self.limit))
    }
}

/// The norm that work reports which is part of no program.
fn norm_by<D: Device>(device: &D, work: &mut dyn Work<D>) -> Result<f64, Error> {
    let mut report = Report::default();
    device.repeat(None, &Repeat::default(), &mut report, work)?;
    Ok(report.norm)
}

impl<M: Model<Device: Kernel>> Grads<'_, M> {
    /// The L2 norm of all gradients together, summed in f64; neither huge nor tiny gradients overflow
    /// on the way.
    ///
    /// # Errors
    /// [`Error::InferenceWorkspace`]; the device's own.
    pub fn norm(&self) -> Result<f64, Error> {
        norm_by(self.device(), &mut Measuring::<M>(self.buffer()?))
    }
}

impl<M: Model<Device: Kernel>> GradsMut<'_, M> {
    /// Scales all gradients by `max_norm / (norm + 1e-6)` if that is below 1, as PyTorch's
    /// `clip_grad_norm_`, and returns the norm before. A norm that is not finite is returned and
    /// leaves the gradients as they are.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `max_norm` is 0 or more, [`Error::InferenceWorkspace`]; the device's
    /// own.
    pub fn clip_norm(&mut self, max_norm: f64) -> Result<f64, Error> {
        not_negative("max_norm", max_norm)?;
        let (device, arena) = self.whole()?;
        norm_by(device, &mut Clipping::<M> { arena, limit: max_norm })
    }

    /// Brings every element into `[-limit, limit]`, as PyTorch's `clip_grad_value_`; NaN stays.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `limit` is 0 or more, [`Error::InferenceWorkspace`]; the device's own.
    pub fn clip_value(&mut self, limit: f64) -> Result<(), Error> {
        not_negative("limit", limit)?;
        let (device, arena) = self.whole()?;
        device.clamp(arena, &mut spans::<M>(), limit)
    }
}

/// That a limit is a number, and not negative.
pub(crate) fn not_negative(name: &str, value: f64) -> Result<(), Error> {
    in_range(name, value, value >= 0.0, "a number of 0 or more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::device::{Element, Real};
    use crate::model::Workspace;
    use crate::model::toy::Toy;
    use crate::optim::norm::smallest_norm;

    /// Zeros.
    fn fresh() -> Workspace<Toy> {
        Toy::new(&Cpu::with_threads(2).unwrap(), 7).unwrap().workspace(true).unwrap()
    }

    /// A workspace whose gradients are 1, 2, 3, … 28 in order of declaration.
    fn counted() -> Workspace<Toy> {
        let (mut ws, mut numbers) = (fresh(), (1..).map(f64::from));
        Toy::set_grads(&mut ws, || numbers.next().unwrap()).unwrap();
        ws
    }

    fn numbers<M: Model>(ws: &Workspace<M>) -> Vec<f64> {
        let grads = ws.grads().iter().map(|grad| grad.unwrap().1);
        grads.flat_map(|grad| grad.into_iter().map(Real::to_f64)).collect()
    }

    #[test]
    fn the_norm_is_that_of_all_gradients_together() {
        // 1^2 + … + 28^2 = 7714, exact in f64.
        assert_eq!(counted().grads().norm().unwrap(), 7714f64.sqrt());
        assert_eq!(fresh().grads().norm().unwrap(), 0.0);
    }

    #[test]
    fn clipping_scales_as_pytorch_does_and_returns_the_norm_before() {
        let mut ws = counted();
        assert_eq!(ws.grads_mut().clip_norm(1000.0).unwrap(), 7714f64.sqrt());
        assert_eq!(numbers(&ws)[27], 28.0, "shorter than the limit: as it was");
        assert_eq!(ws.grads_mut().clip_norm(2.0).unwrap(), 7714f64.sqrt());
        let factor = 2.0 / (7714f64.sqrt() + 1e-6);
        let expected: Vec<_> = (1..=28).map(|i| f64::from((f64::from(i) * factor) as f32)).collect();
        assert_eq!(numbers(&ws), expected);
    }

    /// Gradients from the smallest to the largest, limits likewise: the clipped norm is at most
    /// 1 + 1e-6 limits, measured in limits so that the test itself does not overflow.
    fn clipped_norms_keep_their_limit<D: Kernel>(device: &D, magnitudes: &[f64]) {
        let mut ws = Toy::new(device, 7).unwrap().workspace(true).unwrap();
        let mut state = 1u64;
        for &magnitude in magnitudes {
            for &limit in magnitudes {
                let random = || {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    magnitude * ((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
                };
                Toy::set_grads(&mut ws, random).unwrap();
                ws.grads_mut().clip_norm(limit).unwrap();
                let squares: f64 = numbers(&ws).iter().map(|x| (x / limit).powi(2)).sum();
                let norm = squares.sqrt();
                assert!(norm <= 1.0 + 1e-6, "{}: {magnitude:e} to {limit:e}: {norm} limits", D::Param::NAME);
            }
        }
    }

    #[test]
    fn clipped_norms_keep_their_limit_however_huge_or_tiny() {
        let cpu = Cpu::with_threads(1).unwrap();
        let ordinary = [1e-30, 1e-9, 1e-6, 0.1, 1.0, 3.0, 1e9, 1e19, 1e30];
        let of_f32 = [1e-45, 1e-44, 1e-40, 1e-38, 1e-37, 3.4e38];
        let of_f64 = [5e-324, 1e-310, 1e-300, 1e-160, 1e-150, 1e150, 1e160, 1e300, f64::MAX];
        clipped_norms_keep_their_limit(&cpu, &[&ordinary[..], &of_f32].concat());
        clipped_norms_keep_their_limit(&cpu.double(), &[&ordinary[..], &of_f64].concat());
    }

    /// Numbers in no order (an LCG; its upper half is good).
    struct Draw(u64);

    impl Draw {
        fn next(&mut self) -> u64 {
            let mut half = || {
                self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                self.0 >> 32
            };
            half() << 32 | half()
        }

        fn below(&mut self, count: usize) -> usize {
            (self.next() % count as u64) as usize
        }

        /// Any finite number of the type, so that every exponent is as frequent.
        fn finite<E: Real>(&mut self) -> f64 {
            loop {
                let bits = self.next();
                let x = if size_of::<E>() == 4 {
                    f64::from(f32::from_bits(bits as u32))
                } else {
                    f64::from_bits(bits)
                };
                if x.is_finite() {
                    return x;
                }
            }
        }

        /// Gradients of as many kinds as there are ways to lose digits.
        fn gradients<E: Real>(&mut self) -> [f64; 28] {
            let [largest, normal, smallest] = if size_of::<E>() == 4 {
                [f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1)].map(f64::from)
            } else {
                [f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1)]
            };
            let (one, at, kind) = (self.finite::<E>(), self.below(28), self.below(6));
            std::array::from_fn(|i| match kind {
                // Each of any magnitude.
                0 => self.finite::<E>(),
                // One, and either nothing else or others on the grid of subnormals.
                1 | 2 if i == at => one,
                1 => 0.0,
                2 => smallest * self.below(100) as f64,
                // Of one magnitude.
                3 => one * (self.below(1000) as f64 / 1000.0),
                // All the same.
                4 => one,
                // From the ends.
                _ => [largest, -largest, smallest, normal, 0.0, -0.0][self.below(6)],
            })
        }

        /// Any limit, or one at the end of something.
        fn limit<E: Real>(&mut self, norm: f64) -> f64 {
            let near = 1.0 + (self.below(2001) as f64 - 1000.0) * 1e-9;
            let limits = [
                self.finite::<E>().abs(),
                f64::from_bits(self.next()).abs(),
                norm * near,
                smallest_norm::<E>(28) * near,
                0.0,
                f64::from_bits(1),
                f64::MAX,
                f64::INFINITY,
            ];
            let limit = limits[self.below(limits.len())];
            if limit.is_nan() { 1.0 } else { limit }
        }
    }

    /// Measured in a unit that neither overflows nor vanishes.
    fn norm_in(unit: f64, numbers: &[f64]) -> f64 {
        numbers.iter().map(|x| (x / unit).powi(2)).sum::<f64>().sqrt()
    }

    fn every_limit_is_kept<D: Kernel>(device: &D) {
        let mut ws = Toy::new(device, 7).unwrap().workspace(true).unwrap();
        let mut draw = Draw(1);
        for case in 0..30_000 {
            let mut gradients = draw.gradients::<D::Param>().into_iter();
            Toy::set_grads(&mut ws, || gradients.next().unwrap()).unwrap();
            let before = numbers(&ws);
            let largest = before.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let exact = if largest > 0.0 { norm_in(largest, &before) * largest } else { 0.0 };
            let limit = draw.limit::<D::Param>(exact);
            let said = ws.grads_mut().clip_norm(limit).unwrap();
            let after = numbers(&ws);
            let what = || format!("{}, case {case}: {before:?} to {limit:e}", D::Param::NAME);
            // Both may be beyond f64; among the subnormals, one unit of the last place.
            let close = (said - exact).abs() <= 1e-14 * exact + f64::from_bits(1);
            assert!(said == exact || close, "{}: {said:e} is said, {exact:e} is right", what());
            let kept = if limit == 0.0 {
                after.iter().all(|x| *x == 0.0)
            } else {
                norm_in(limit, &after) <= 1.0 + 1e-6
            };
            assert!(kept, "{}: {after:?}", what());
            let same = before.iter().zip(&after).all(|(x, y)| x.to_bits() == y.to_bits());
            assert!(same || said + 1e-6 > limit, "{}: it was short enough", what());
        }
    }

    #[test]
    fn every_finite_gradient_keeps_every_limit_and_one_that_is_shorter_stays() {
        let cpu = Cpu::with_threads(1).unwrap();
        every_limit_is_kept(&cpu);
        every_limit_is_kept(&cpu.double());
    }

    #[test]
    fn neither_huge_nor_tiny_gradients_leave_the_range_on_the_way_to_the_norm() {
        let mut ws = Toy::new(&Cpu::with_threads(1).unwrap().double(), 7).unwrap().workspace(true).unwrap();
        for size in [1e-320, 1e-200, 1e200, 1e307] {
            Toy::set_grads(&mut ws, || size).unwrap();
            let (norm, exact) = (ws.grads().norm().unwrap(), size * 28f64.sqrt());
            // A few roundings; among the subnormals, one unit of the last place.
            assert!((norm - exact).abs() <= 1e-15 * exact + f64::from_bits(1), "{norm:e} and {exact:e}");
        }
    }

    #[test]
    fn a_norm_that_is_not_finite_is_returned_and_changes_nothing() {
        for (bad, norm) in [(f64::NAN, f64::NAN), (f64::INFINITY, f64::INFINITY)] {
            let mut ws = counted();
            Toy::set_grad(&mut ws, "fc.bias", &[1.0, bad, -1.0]).unwrap();
            let before = numbers(&ws);
            assert_eq!(ws.grads_mut().clip_norm(1.0).unwrap().to_bits(), norm.to_bits());
            let same = numbers(&ws).iter().zip(&before).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "{bad}");
        }
    }

    #[test]
    fn clipping_by_value_bounds_each_element_and_keeps_nan() {
        let mut ws = counted();
        Toy::set_grad(&mut ws, "norm.weight", &[f64::NAN, f64::NEG_INFINITY, -0.5, 2.0]).unwrap();
        ws.grads_mut().clip_value(1.5).unwrap();
        assert_eq!(ws.grads().get("fc.bias").unwrap().as_slice().unwrap(), [1.5; 3]);
        let norm = ws.grads().get("norm.weight").unwrap();
        assert!(norm[0].is_nan());
        assert_eq!(norm.as_slice().unwrap()[1..], [-1.5, -0.5, 1.5]);
    }

    #[test]
    fn numbers_that_mean_nothing_are_refused() {
        let mut ws = counted();
        let mut grads = ws.grads_mut();
        for error in [
            grads.clip_norm(-1.0).unwrap_err(),
            grads.clip_norm(f64::NAN).unwrap_err(),
            grads.clip_value(-1.0).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Argument { .. }), "{error}");
        }
        assert_eq!(grads.clip_norm(f64::INFINITY).unwrap(), 7714f64.sqrt(), "no limit measures only");
    }
}

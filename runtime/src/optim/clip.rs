//! The norm of gradients, and clipping, as `torch.nn.utils.clip_grad_norm_` and `clip_grad_value_`.

use crate::error::Error;
use crate::model::{Grads, GradsMut, Model, Param, trained};
use crate::optim::Kernel;
use crate::optim::state::in_range;

impl<M: Model<Device: Kernel>> Grads<'_, M> {
    /// The L2 norm of all gradients together, summed in f64; neither huge nor tiny gradients overflow
    /// on the way.
    ///
    /// # Errors
    /// [`Error::InferenceWorkspace`]; the device's own.
    pub fn norm(&self) -> Result<f64, Error> {
        Ok(self.measure()?.value())
    }

    fn measure(&self) -> Result<Norm, Error> {
        let (device, buf) = (self.device(), self.buffer()?);
        let spans = || trained::<M>().map(|(.., span)| span);
        let sum = device.sum_of_squares(buf, &mut spans(), 1.0)?;
        // Above this floor, squares too small for f64 are too small to matter.
        if sum.is_nan() || (sum.is_finite() && sum > 1e-250) {
            return Ok(Norm { root: sum.sqrt(), unit: 1.0 });
        }
        let largest = device.max_abs(buf, &mut spans())?;
        if largest == 0.0 || !largest.is_finite() {
            return Ok(Norm { root: largest, unit: 1.0 });
        }
        // In a unit near the largest, no square overflows and those that vanish don't matter; a power
        // of two makes the change of unit exact. Its inverse is finite too.
        let unit = 2f64.powi(largest.log2().clamp(-1000.0, 1000.0) as i32);
        let sum = device.sum_of_squares(buf, &mut spans(), 1.0 / unit)?;
        Ok(Norm { root: sum.sqrt(), unit })
    }
}

/// A norm that may itself be too large for f64.
struct Norm {
    /// The norm in that unit.
    root: f64,
    /// A power of two.
    unit: f64,
}

impl Norm {
    fn value(&self) -> f64 {
        self.root * self.unit
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
        let norm = self.as_ref().measure()?;
        if !norm.root.is_finite() || norm.value() + 1e-6 <= max_norm {
            return Ok(norm.value());
        }
        if max_norm < smallest_norm::<M>() {
            // So small that rounding each element may exceed it: of the norms allowed, 0 is exact.
            self.each(|device, x| device.scale(x, 0.0))?;
        } else {
            let factor = max_norm / (norm.value() + 1e-6);
            // A factor that f64 can't hold in full is taken in steps that it can.
            let steps = [1.0 / norm.unit, 1.0 / norm.root, max_norm];
            let steps = if factor.is_normal() { &[factor][..] } else { &steps };
            for &factor in steps {
                self.each(|device, x| device.scale(x, factor))?;
            }
        }
        Ok(norm.value())
    }

    /// Brings every element into `[-limit, limit]`, as PyTorch's `clip_grad_value_`; NaN stays.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `limit` is 0 or more, [`Error::InferenceWorkspace`]; the device's own.
    pub fn clip_value(&mut self, limit: f64) -> Result<(), Error> {
        not_negative("limit", limit)?;
        self.each(|device, x| device.clamp(x, limit))
    }
}

/// The norm of gradients that are all the smallest number of full precision. A shorter vector can't be
/// rounded to a given norm: its elements lie on the grid of subnormals.
fn smallest_norm<M: Model>() -> f64 {
    let smallest = if size_of::<Param<M>>() == 4 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    let elements: usize = trained::<M>().map(|(_, spec, _)| spec.elements()).sum();
    smallest * (elements as f64).sqrt()
}

fn not_negative(name: &str, value: f64) -> Result<(), Error> {
    in_range(name, value, value >= 0.0, "a number of 0 or more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::device::{Element, Real};
    use crate::model::Workspace;
    use crate::model::toy::Toy;

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

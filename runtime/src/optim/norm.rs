//! The norm of gradients, and by what it is brought to a limit.

use crate::device::{Device, Real, Report};
use crate::error::Error;
use crate::model::{Model, trained};

/// Of which gradients a norm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those of a batch: [`Report::norm`].
    Batch,
    /// The sum of those of several: [`Report::norm_of_sum`].
    Sum,
}

/// What [`Kernel::measure`](crate::optim::Kernel::measure) measures by.
#[allow(missing_debug_implementations, reason = "a view, for one call")]
pub struct Measure<'a, D: Device> {
    /// A loss, to be reported too.
    pub loss: Option<D::View<'a, D::Scalar>>,
    /// Of what the norm is.
    pub of: Of,
    /// The largest norm that they may have; infinite if they may have any.
    pub limit: f64,
    /// Below this limit they become 0: rounding each element may exceed it.
    pub smallest: f64,
}

/// A limit that is none.
pub(crate) const NO_LIMIT: f64 = f64::INFINITY;

impl<'a, D: Device> Measure<'a, D> {
    /// For the gradients of a model.
    pub(crate) fn of<M: Model<Device = D>>(of: Of, limit: f64) -> Self {
        let elements = trained::<M>().map(|(_, spec, _)| spec.elements()).sum();
        Self { loss: None, of, limit, smallest: smallest_norm::<D::Param>(elements) }
    }
}

/// What [`Kernel::measure`](crate::optim::Kernel::measure) does on a device whose host waits for it: `sum_of_squares` gives
/// the sum of (factor x)^2 over the numbers, in f64 and in a fixed order, `max_abs` the largest |x|; NaN if there is one, 0 if
/// there are none.
///
/// # Errors
/// Those of the closures, and of copying the loss.
pub fn measure<D: Device>(
    device: &D,
    report: &mut Report,
    measure: &Measure<'_, D>,
    sum_of_squares: impl Fn(f64) -> Result<f64, Error>,
    max_abs: impl Fn() -> Result<f64, Error>,
) -> Result<(), Error> {
    if let Some(from) = measure.loss {
        let mut loss = [D::Scalar::default()];
        device.download(&mut loss, from)?;
        report.loss = loss[0].to_f64();
    }
    let norm = Norm::of(sum_of_squares, max_abs)?;
    *match measure.of {
        Of::Batch => &mut report.norm,
        Of::Sum => &mut report.norm_of_sum,
    } = norm.value();
    // Behind a loss that is not finite, nothing is to change.
    let finite = report.loss.is_finite();
    report.factors = if finite { norm.factors(measure.limit, measure.smallest) } else { [1.0; 3] };
    Ok(())
}

/// A norm that may itself be too large for f64.
pub(super) struct Norm {
    /// The norm in that unit.
    root: f64,
    /// A power of two.
    unit: f64,
}

impl Norm {
    /// That of numbers of which these give the sum of (factor x)^2 and the largest |x|.
    pub(super) fn of(
        sum_of_squares: impl Fn(f64) -> Result<f64, Error>,
        max_abs: impl Fn() -> Result<f64, Error>,
    ) -> Result<Self, Error> {
        let sum = sum_of_squares(1.0)?;
        // Above this floor, squares too small for f64 are too small to matter.
        if sum.is_nan() || (sum.is_finite() && sum > 1e-250) {
            return Ok(Self { root: sum.sqrt(), unit: 1.0 });
        }
        let largest = max_abs()?;
        if largest == 0.0 || !largest.is_finite() {
            return Ok(Self { root: largest, unit: 1.0 });
        }
        // In a unit near the largest, no square overflows and those that vanish don't matter; a power
        // of two makes the change of unit exact: that of the largest, from 2^-1000 to 2^1000, so that
        // its inverse is finite too.
        let unit = f64::from_bits((largest.to_bits() >> 52).clamp(23, 2023) << 52);
        Ok(Self { root: sum_of_squares(1.0 / unit)?.sqrt(), unit })
    }

    fn value(&self) -> f64 {
        self.root * self.unit
    }

    /// What the numbers are to be multiplied by, one after another, for their norm to be at most `limit`.
    /// Those that are 1 change nothing.
    pub(super) fn factors(&self, limit: f64, smallest: f64) -> [f64; 3] {
        if !self.root.is_finite() || self.value() + 1e-6 <= limit {
            return [1.0; 3];
        }
        if limit < smallest {
            // So small that rounding each element may exceed it: of the norms allowed, 0 is exact.
            return [0.0, 1.0, 1.0];
        }
        let factor = limit / (self.value() + 1e-6);
        // A factor that f64 can't hold in full is taken in steps that it can.
        if factor.is_normal() { [factor, 1.0, 1.0] } else { [1.0 / self.unit, 1.0 / self.root, limit] }
    }
}

/// The norm of so many elements that are all the smallest number of full precision. A shorter vector can't
/// be rounded to a given norm: its elements lie on the grid of subnormals.
pub(super) fn smallest_norm<E: Real>(elements: usize) -> f64 {
    let smallest = if size_of::<E>() == 4 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    smallest * (elements as f64).sqrt()
}

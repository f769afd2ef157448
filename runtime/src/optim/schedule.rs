//! Learning rates over a run, with PyTorch's formulas.

use std::f64::consts::PI;

use crate::error::Error;
use crate::optim::state::{in_range, lr_in_range};

/// The learning rate of each step of a run. It is a function of the step alone, so a run that is resumed goes on where it
/// was: the step is all that is to be saved.
///
/// ```
/// use remat::optim::Schedule;
///
/// fn main() -> Result<(), remat::Error> {
///     // 100 steps up to 3e-4, then half a cosine down to a tenth of it at step 2000.
///     let schedule = Schedule::cosine(3e-4, 1900, 3e-5)?.warm_up(100)?;
///     assert_eq!([49, 99, 100, 2000, 5000].map(|step| schedule.lr(step)), [1.5e-4, 3e-4, 3e-4, 3e-5, 3e-5]);
///     Ok(())
/// }
/// ```
///
/// In a loop it is `opt.set_lr(schedule.lr(step))?` before each step; groups keep their ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    kind: Kind,
    /// Steps of a rise before it.
    warm_up: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Constant { lr: f64 },
    Step { lr: f64, every: u64, factor: f64 },
    Cosine { lr: f64, steps: u64, least: f64 },
    OneCycle { lr: f64, steps: u64 },
}

impl Schedule {
    /// The same rate for all steps.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `lr` is finite, and 0 or more.
    pub fn constant(lr: f64) -> Result<Self, Error> {
        lr_in_range("lr", lr)?;
        Ok(Self { kind: Kind::Constant { lr }, warm_up: 0 })
    }

    /// Times `factor` after each `every` steps, as `StepLR`. It is no more than `f64::MAX`.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `lr` and `factor` are finite, and 0 or more, and `every` is positive.
    pub fn step(lr: f64, every: u64, factor: f64) -> Result<Self, Error> {
        lr_in_range("lr", lr)?;
        lr_in_range("factor", factor)?;
        positive("every", every)?;
        Ok(Self { kind: Kind::Step { lr, every, factor }, warm_up: 0 })
    }

    /// Half a cosine from `lr` down to `least` after `steps` steps, as `CosineAnnealingLR` (Loshchilov and Hutter
    /// 2017); it stays there.
    ///
    /// # Errors
    /// [`Error::Argument`] unless the rates are finite, and 0 or more, and `steps` is positive.
    pub fn cosine(lr: f64, steps: u64, least: f64) -> Result<Self, Error> {
        lr_in_range("lr", lr)?;
        lr_in_range("least", least)?;
        positive("steps", steps)?;
        Ok(Self { kind: Kind::Cosine { lr, steps, least }, warm_up: 0 })
    }

    /// Up from a 25th of `lr` over the first 30 % of `steps`, then down to a 250 000th, by cosines: `OneCycleLR` (Smith
    /// and Topin 2018) with its defaults. It stays there.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `lr` is finite, and 0 or more, and there are at least 10 steps.
    pub fn one_cycle(lr: f64, steps: u64) -> Result<Self, Error> {
        lr_in_range("lr", lr)?;
        if steps < 10 {
            let (expected, found) = ("at least 10", steps.to_string());
            return Err(Error::Argument { name: String::from("steps"), expected, found });
        }
        Ok(Self { kind: Kind::OneCycle { lr, steps }, warm_up: 0 })
    }

    /// The same behind `steps` steps in which the rate rises to that of its first, by the same each time.
    ///
    /// # Errors
    /// [`Error::Argument`] for 0 steps.
    pub fn warm_up(self, steps: u64) -> Result<Self, Error> {
        positive("steps", steps)?;
        Ok(Self { warm_up: steps, ..self })
    }

    /// The rate of a step, counted from 0.
    pub fn lr(&self, step: u64) -> f64 {
        match step.checked_sub(self.warm_up) {
            Some(step) => self.kind.lr(step),
            None => self.kind.lr(0) * ((step + 1) as f64 / self.warm_up as f64),
        }
    }
}

impl Kind {
    fn lr(self, step: u64) -> f64 {
        match self {
            Self::Constant { lr } => lr,
            // A power that is infinite makes no rate of nothing.
            Self::Step { lr: 0.0, .. } => 0.0,
            Self::Step { lr, every, factor } => (lr * factor.powf((step / every) as f64)).min(f64::MAX),
            Self::Cosine { lr, steps, least } => between(lr, least, step.min(steps) as f64 / steps as f64),
            Self::OneCycle { lr, steps } => {
                let (top, end) = (0.3 * steps as f64 - 1.0, (steps - 1) as f64);
                let (step, first) = (step.min(steps - 1) as f64, lr / 25.0);
                if step <= top {
                    between(first, lr, step / top)
                } else {
                    between(lr, first / 1e4, (step - top) / (end - top))
                }
            }
        }
    }
}

/// From `a` to `b` along half a cosine, of which `part` is behind.
fn between(a: f64, b: f64, part: f64) -> f64 {
    // At its ends exactly what they are.
    match part {
        0.0 => a,
        1.0 => b,
        part => b + (a - b) * ((1.0 + (PI * part).cos()) / 2.0),
    }
}

fn positive(name: &str, number: u64) -> Result<(), Error> {
    in_range(name, number as f64, number > 0, "positive")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schedules of `goldens/schedules.py`, which wrote `goldens/schedules.txt`.
    fn named(name: &str) -> Schedule {
        let schedule = match name {
            "constant" => Schedule::constant(0.1),
            "step" => Schedule::step(0.1, 7, 0.3),
            "cosine" => Schedule::cosine(0.1, 24, 0.01),
            "one_cycle" => Schedule::one_cycle(0.1, 30),
            "warm_up_cosine" => Schedule::cosine(0.1, 20, 0.001).and_then(|cosine| cosine.warm_up(5)),
            other => panic!("{other}"),
        };
        schedule.unwrap()
    }

    #[test]
    fn rates_are_those_of_pytorch() {
        let mut count = 0;
        for line in include_str!("goldens/schedules.txt").lines() {
            let mut words = line.split_whitespace();
            let schedule = named(words.next().unwrap());
            for (step, word) in (0..).zip(words) {
                let (got, want) = (schedule.lr(step), word.parse::<f64>().unwrap());
                // PyTorch multiplies from step to step, which rounds each time.
                assert!((got - want).abs() <= 1e-12 * want, "{line}: {got} at {step}");
                count += 1;
            }
        }
        assert_eq!(count, 5 * 25);
    }

    #[test]
    fn a_schedule_that_is_over_stays_where_it_is() {
        for (name, last) in [("cosine", 0.01), ("warm_up_cosine", 0.001), ("one_cycle", 0.1 / 25.0 / 1e4)] {
            assert_eq!(named(name).lr(1000), last, "{name}");
            assert_eq!(named(name).lr(u64::MAX), last, "{name}");
        }
        assert_eq!(named("step").lr(u64::MAX), 0.0);
    }

    #[test]
    fn every_rate_is_finite_whatever_a_schedule_is_made_of() {
        const MOST: f64 = f64::MAX;
        let schedules = [
            Schedule::step(0.0, 1, 2.0),
            Schedule::step(1.0, 1, 2.0),
            Schedule::step(MOST, 1, MOST),
            Schedule::cosine(0.0, u64::MAX, MOST),
            Schedule::cosine(MOST, u64::MAX, 0.0),
            Schedule::cosine(MOST, 3, MOST),
            Schedule::one_cycle(MOST, 10),
            Schedule::one_cycle(MOST, u64::MAX),
            Schedule::cosine(MOST, 9, 0.0).and_then(|cosine| cosine.warm_up(u64::MAX)),
        ];
        for schedule in schedules.map(Result::unwrap) {
            for step in [0, 1, 2, 5, 5000, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
                let lr = schedule.lr(step);
                assert!(lr.is_finite() && lr >= 0.0, "{schedule:?}: {lr} at {step}");
            }
        }
        assert_eq!(Schedule::step(0.0, 1, 2.0).unwrap().lr(5000), 0.0);
    }

    #[test]
    fn numbers_out_of_range_are_errors() {
        for wrong in [
            Schedule::constant(f64::NAN),
            Schedule::step(0.1, 0, 0.5),
            Schedule::step(0.1, 1, -0.5),
            Schedule::cosine(0.1, 0, 0.0),
            Schedule::cosine(0.1, 9, f64::INFINITY),
            Schedule::one_cycle(0.1, 9),
            Schedule::constant(0.1).and_then(|constant| constant.warm_up(0)),
        ] {
            assert!(matches!(wrong, Err(Error::Argument { .. })), "{wrong:?}");
        }
    }
}

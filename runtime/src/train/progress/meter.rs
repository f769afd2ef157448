//! What is shown of a run.

use std::time::{Duration, Instant};

use crate::train::words::{self, number};
use crate::train::{Ended, Step};

/// How many lines a run prints at most, if it is not said how often, and it takes no hours.
const LINES: u64 = 20;
/// What a step's loss counts in the mean of the last.
const NEW: f64 = 0.05;

/// What is known of a run.
pub(super) struct Meter {
    /// The step that it goes on from.
    pub(super) first: u64,
    pub(super) step: u64,
    pub(super) steps: u64,
    pub(super) began: Instant,
    /// Of this run.
    samples: u64,
    /// The sum of losses, each worth less with every step after it, and of what they are worth.
    loss: (f64, f64),
    skipped: u64,
    pub(super) validation: Option<f64>,
}

impl Meter {
    pub(super) fn new(first: u64, steps: u64) -> Self {
        let began = Instant::now();
        Self { first, step: first, steps, began, samples: 0, loss: (0.0, 0.0), skipped: 0, validation: None }
    }

    pub(super) fn add(&mut self, number: u64, step: &Step) {
        self.step = number;
        self.samples += step.samples as u64;
        if step.skipped || !step.loss.is_finite() {
            self.skipped += 1;
        } else {
            let (sum, worth) = self.loss;
            self.loss = (sum * (1.0 - NEW) + step.loss * NEW, worth * (1.0 - NEW) + NEW);
        }
    }

    /// Whether nobody has said how many steps there will be.
    pub(super) fn is_endless(&self) -> bool {
        self.steps == u64::MAX
    }

    /// Steps from line to line: 1, 2 or 5 and zeros.
    pub(super) fn pace(&self) -> u64 {
        let exact = self.steps.saturating_sub(self.first).div_ceil(LINES);
        let tens = 10_u64.pow(exact.checked_ilog10().unwrap_or(0));
        [1, 2, 5]
            .map(|digit| digit * tens)
            .into_iter()
            .find(|pace| *pace >= exact)
            .unwrap_or(tens.saturating_mul(10))
    }

    pub(super) fn place(&self) -> String {
        let Self { step, steps, .. } = self;
        if self.is_endless() { format!("step {step}") } else { format!("step {step}/{steps}") }
    }

    /// After a time in which this run came so far.
    pub(super) fn message(
        &self,
        spent: Duration,
        unit: &str,
        in_sample: u64,
        ended: Option<Ended>,
    ) -> String {
        let mut parts = vec![];
        let (sum, worth) = self.loss;
        if worth > 0.0 {
            parts.push(format!("loss {}", number(sum / worth)));
        }
        if let Some(loss) = self.validation {
            parts.push(format!("validation {}", number(loss)));
        }
        if self.skipped > 0 {
            parts.push(format!("{} skipped", self.skipped));
        }
        let (seconds, steps) = (spent.as_secs_f64(), self.step - self.first);
        if steps > 0 && seconds > 0.0 {
            let rate = self.samples as f64 * in_sample as f64 / seconds;
            let digits = if rate < 100.0 { number(rate) } else { format!("{rate:.0}") };
            parts.push(format!("{digits} {unit}/s"));
        }
        let left = self.steps.saturating_sub(self.step) as f64 * seconds / steps as f64;
        match ended {
            Some(ended) => {
                let how = if ended == Ended::Done { "in" } else { "after" };
                parts.push(format!("{} {how} {}", words::ended(ended), words::time(spent)));
            }
            None if self.is_endless() => {}
            // Unless no step is over, or it takes ages.
            None => parts.extend(
                Duration::try_from_secs_f64(left).ok().map(|left| format!("{} left", words::time(left))),
            ),
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Step =
        Step { loss: 2.0, grad_norm: 1.0, lr: 0.1, samples: 8, skipped: false, evaluation: None };

    #[test]
    fn a_run_prints_neither_thousands_of_lines_nor_two() {
        for (from, count) in [(0, 3), (0, 20), (0, 21), (0, 1000), (0, 99_999), (500, 1000), (0, 2_000_000)] {
            let mut meter = Meter::new(from, from + count);
            let pace = meter.pace();
            let lines = (from + 1..from + count).filter(|step| step.is_multiple_of(pace)).count() as u64;
            assert!((count.min(LINES) / 3..=LINES).contains(&(lines + 1)), "{lines} of {count}");
            meter.step = from;
            assert_eq!(meter.message(Duration::ZERO, "samples", 1, None), "");
        }
    }

    #[test]
    fn the_loss_is_a_mean_over_the_last_steps() {
        let mut meter = Meter::new(0, 1000);
        let loss = |meter: &Meter| meter.loss.0 / meter.loss.1;
        meter.add(1, &Step { loss: 10.0, ..STEP });
        assert!((loss(&meter) - 10.0).abs() < 1e-12);
        (2..200).for_each(|step| meter.add(step, &STEP));
        assert!((loss(&meter) - 2.0).abs() < 0.01);
    }
}

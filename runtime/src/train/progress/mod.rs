//! How far a run is, on a terminal or in lines.

mod meter;

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar as Bar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use meter::Meter;

use super::words::number;
use super::{At, Callback, Ended, Evaluation, Every, Flow, Step};
use crate::error::Error;
use crate::model::Trainable;
use crate::state::Resumed;

/// A line comes after this time at the latest, or after this part of the run's, if that is longer.
const MINUTE: Duration = Duration::from_secs(60);
const PART: u32 = 100;
/// How long the bar stays as it is.
const REDRAW: Duration = Duration::from_millis(50);

/// Shows how far a run is on standard error: a bar on a terminal, else a line every so many steps and for each evaluation.
///
/// Both have the loss, a running mean over the last twenty steps or so, the samples for each second, and how long it will
/// take. After a resume it says from which state, and which damaged ones were passed over; the bar begins where the run goes
/// on, and only the steps of this run count for its rate.
///
/// Feature `terminal`, which is on by default, has it.
///
/// ```
/// use remat::data::Arrays;
/// use remat::ndarray::Array2;
/// use remat::prelude::*;
/// use remat::train::ProgressBar;
///
/// model! {
///     Net { input x: f32[2]; target y: f32[2]; fc: Linear(2); loss: Mse <- (fc, y); }
/// }
///
/// fn main() -> Result<(), Error> {
///     let mut net = Net::new(&Cpu::new()?, 42)?;
///     let mut opt = Sgd::new(&net, SgdConfig { lr: 0.5, ..Default::default() })?;
///     let data = Arrays::new((Array2::eye(2), Array2::ones((2, 2))))?;
///     // As `step 100/1000: loss 0.1234, 5678 numbers/s, 2m 03s left`.
///     let progress = ProgressBar::new().lines_every(100).rate_in("numbers", 2);
///     Trainer::steps(300).callback(progress).run(&mut net, &mut opt, &data)?;
///     Ok(())
/// }
/// ```
pub struct ProgressBar {
    every: Option<u64>,
    unit: String,
    /// Of the unit, in a sample.
    in_sample: u64,
    out: Out,
    meter: Meter,
    /// When it was shown last.
    shown: Option<Instant>,
}

/// Where it is shown.
enum Out {
    /// Standard error, until it is known what that is.
    Undecided,
    Bar(Bar),
    Lines(Box<dyn Write>),
}

impl fmt::Debug for ProgressBar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgressBar")
            .field("every", &self.every)
            .field("unit", &self.unit)
            .finish_non_exhaustive()
    }
}

impl Default for ProgressBar {
    fn default() -> Self {
        Self::new()
    }
}

impl ProgressBar {
    /// On standard error.
    pub fn new() -> Self {
        let (unit, meter) = (String::from("samples"), Meter::new(0, 0));
        Self { every: None, unit, in_sample: 1, out: Out::Undecided, meter, shown: None }
    }

    /// Prints lines into this, on a terminal too.
    #[must_use]
    pub fn lines_to(self, out: impl Write + 'static) -> Self {
        Self { out: Out::Lines(Box::new(out)), ..self }
    }

    /// Prints a line after so many steps. Without it, there are up to twenty lines, and more if the run is long.
    #[must_use]
    pub fn lines_every(self, steps: u64) -> Self {
        Self { every: Some(steps), ..self }
    }

    /// Gives the rate in this unit, of which each sample has so many: `rate_in("tokens", 256)`. `samples` if it is not said.
    #[must_use]
    pub fn rate_in(self, unit: &str, in_sample: u64) -> Self {
        Self { unit: unit.to_owned(), in_sample, ..self }
    }

    fn begin(&mut self, step: u64, steps: u64, target: ProgressDrawTarget) -> Result<(), Error> {
        self.every.map_or(Ok(()), |steps| Every::Steps(steps).check())?;
        self.meter = Meter::new(step, steps);
        self.shown = Some(self.meter.began);
        if let Out::Undecided = &self.out {
            let steps = (!self.meter.is_endless()).then_some(steps);
            let bar = Bar::with_draw_target(steps, target).with_style(style(steps.is_none()));
            // A run that fails leaves it as it is.
            let bar = bar.with_position(step).with_finish(ProgressFinish::Abandon);
            bar.tick();
            self.out = if bar.is_hidden() { Out::Lines(Box::new(io::stderr())) } else { Out::Bar(bar) };
        }
        Ok(())
    }

    /// Shows it, if it is time to.
    fn show(&mut self, now: Instant) {
        let meter = &self.meter;
        let waited = self.shown.map_or(Duration::MAX, |shown| now - shown);
        let spent = now - meter.began;
        match &mut self.out {
            Out::Undecided => return,
            Out::Bar(bar) => {
                if waited < REDRAW && meter.step > meter.first + 1 {
                    return;
                }
                bar.set_position(meter.step);
                bar.set_message(meter.message(spent, &self.unit, self.in_sample, None));
            }
            Out::Lines(out) => {
                let late = self.every.is_none() && waited >= MINUTE.max(spent / PART);
                let due = meter.step.is_multiple_of(self.every.unwrap_or(meter.pace()));
                // The last is printed when the run ends.
                if !(due || late) || meter.step == meter.steps {
                    return;
                }
                let message = meter.message(spent, &self.unit, self.in_sample, None);
                print(&mut **out, &format!("{}: {message}", meter.place()));
            }
        }
        self.shown = Some(now);
    }

    fn resumed(&mut self, Resumed { path, progress, skipped }: &Resumed) {
        let passed = skipped.iter().map(|(path, error)| format!("passed over {}: {error}", path.display()));
        let from = format!("resumed from {}, after step {}", path.display(), progress.step);
        for line in passed.chain([from]) {
            match &mut self.out {
                Out::Undecided => {}
                Out::Bar(bar) => bar.println(line),
                Out::Lines(out) => print(&mut **out, &line),
            }
        }
    }

    fn evaluated(&mut self, evaluation: Evaluation) {
        match &mut self.out {
            Out::Undecided | Out::Bar(_) => self.meter.validation = Some(evaluation.loss),
            Out::Lines(out) => {
                let lowest = if evaluation.improved { ", the lowest so far" } else { "" };
                let (place, loss) = (self.meter.place(), number(evaluation.loss));
                print(&mut **out, &format!("{place}: validation loss {loss}{lowest}"));
            }
        }
    }

    fn end(&mut self, now: Instant, ended: Ended) {
        let meter = &self.meter;
        let message = meter.message(now - meter.began, &self.unit, self.in_sample, Some(ended));
        match &mut self.out {
            Out::Undecided => {}
            Out::Bar(bar) => {
                bar.set_position(meter.step);
                bar.abandon_with_message(message);
            }
            Out::Lines(out) => print(&mut **out, &format!("{}: {message}", meter.place())),
        }
    }
}

impl<M: Trainable> Callback<M> for ProgressBar {
    fn start(&mut self, at: &At<'_, M>) -> Result<(), Error> {
        self.begin(at.progress.step, at.steps, ProgressDrawTarget::stderr())?;
        if let Some(resumed) = at.resumed {
            self.resumed(resumed);
        }
        Ok(())
    }

    fn step(&mut self, at: &At<'_, M>, step: &Step) -> Result<Flow, Error> {
        self.meter.add(at.progress.step, step);
        if let Some(evaluation) = step.evaluation {
            self.evaluated(evaluation);
        }
        self.show(Instant::now());
        Ok(Flow::Continue)
    }

    fn end(&mut self, _at: &At<'_, M>, ended: Ended) -> Result<(), Error> {
        self.end(Instant::now(), ended);
        Ok(())
    }
}

/// That a line can't be printed, as nobody reads them any more, is no reason to end a run.
fn print(out: &mut dyn Write, line: &str) {
    // In one piece, so that nothing stands in its middle.
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}

fn style(endless: bool) -> ProgressStyle {
    let template = if endless { "{spinner} {pos} {msg}" } else { "{wide_bar} {pos}/{len} {msg}" };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// What was printed.
    #[derive(Clone, Debug, Default)]
    struct Printed(Arc<Mutex<String>>);

    impl Printed {
        fn take(&self) -> String {
            std::mem::take(&mut *self.0.lock().unwrap())
        }
    }

    impl Write for Printed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A terminal on which each picture is a line.
    impl TermLike for Printed {
        fn width(&self) -> u16 {
            100
        }

        fn move_cursor_up(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(line)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.clone().write_all(text.as_bytes())
        }

        fn clear_line(&self) -> io::Result<()> {
            self.write_str("\n")
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    const STEP: Step =
        Step { loss: 2.0, grad_norm: 1.0, lr: 0.1, samples: 8, skipped: false, evaluation: None };

    /// Takes the steps behind `first`, one in each tenth of a second.
    fn steps(bar: &mut ProgressBar, first: u64, last: u64) -> Instant {
        let time = |bar: &ProgressBar, step: u64| {
            bar.meter.began + Duration::from_millis(100) * (step - first) as u32
        };
        for step in first + 1..=last {
            bar.meter.add(step, &STEP);
            bar.show(time(bar, step));
        }
        time(bar, last)
    }

    #[test]
    fn lines_come_every_so_many_steps_for_evaluations_and_in_the_end() {
        let printed = Printed::default();
        let mut bar = ProgressBar::new().lines_to(printed.clone()).lines_every(5);
        bar.begin(0, 20, ProgressDrawTarget::hidden()).unwrap();
        let now = steps(&mut bar, 0, 10);
        bar.evaluated(Evaluation { loss: 2.5, improved: true });
        bar.evaluated(Evaluation { loss: f64::NAN, improved: false });
        bar.end(now, Ended::Interrupted);
        let expected = "\
step 5/20: loss 2.000, 80.00 samples/s, 1.5s left
step 10/20: loss 2.000, 80.00 samples/s, 1.0s left
step 10/20: validation loss 2.500, the lowest so far
step 10/20: validation loss NaN
step 10/20: loss 2.000, 80.00 samples/s, interrupted after 1.0s
";
        assert_eq!(printed.take(), expected);
    }

    #[test]
    fn only_steps_of_this_run_count_for_the_rate() {
        let printed = Printed::default();
        let mut bar = ProgressBar::new().lines_to(printed.clone()).rate_in("tokens", 100);
        bar.begin(1_000_000, 1_000_010, ProgressDrawTarget::hidden()).unwrap();
        let now = steps(&mut bar, 1_000_000, 1_000_001);
        assert_eq!(printed.take(), "step 1000001/1000010: loss 2.000, 8000 tokens/s, 0.9s left\n");
        let now = now + Duration::from_secs(3600);
        bar.meter.add(1_000_002, &Step { skipped: true, loss: f64::NAN, ..STEP });
        bar.end(now, Ended::Done);
        let line = "step 1000002/1000010: loss 2.000, 1 skipped, 0.4444 tokens/s, done in 1h 00m\n";
        assert_eq!(printed.take(), line);
    }

    #[test]
    fn a_run_of_a_week_prints_some_hundreds_of_lines() {
        // Nobody knows how many steps there will be.
        let printed = Printed::default();
        let mut bar = ProgressBar::new().lines_to(printed.clone());
        bar.begin(0, u64::MAX, ProgressDrawTarget::hidden()).unwrap();
        for seconds in 1..=7 * 86400 {
            bar.meter.add(seconds, &STEP);
            bar.show(bar.meter.began + Duration::from_secs(seconds));
        }
        let text = printed.take();
        assert_eq!(text.lines().next(), Some("step 60: loss 2.000, 8.000 samples/s"));
        assert!((100..1000).contains(&text.lines().count()), "{}", text.lines().count());
    }

    #[test]
    fn a_bar_begins_where_the_run_goes_on_and_stays_in_the_end() {
        let printed = Printed::default();
        let mut bar = ProgressBar::new();
        let target = ProgressDrawTarget::term_like(Box::new(printed.clone()));
        bar.begin(50, 100, target).unwrap();
        let drawn = printed.take();
        assert!(drawn.trim_end().ends_with(" 50/100") && drawn.matches('/').count() == 1, "{drawn}");
        steps(&mut bar, 50, 60);
        bar.evaluated(Evaluation { loss: 2.5, improved: true });
        let now = steps(&mut bar, 60, 61);
        bar.end(now, Ended::Done);
        let drawn = printed.take();
        let last = drawn.trim_end().lines().last().unwrap().trim_end();
        let expected = " 61/100 loss 2.000, validation 2.500, ";
        assert!(last.contains(expected) && last.contains(" samples/s, done in 0."), "{last}");
        drop(bar);
        assert_eq!(printed.take(), "");
    }

    #[test]
    fn lines_every_0_steps_are_an_error() {
        assert!(ProgressBar::new().lines_every(0).begin(0, 10, ProgressDrawTarget::hidden()).is_err());
    }
}

//! Axes with round numbers.

/// What the losses may span on a linear axis.
const LINEAR: f64 = 30.0;
/// Lines across the picture, about.
const LINES: f64 = 5.0;

/// From which number to which, and what is written where.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Of losses from `low` to `high`: logarithmic if these are too far apart.
    pub(super) fn of_losses(low: f64, high: f64) -> Self {
        if low > 0.0 && high / LINEAR > low { Self::logarithmic(low, high) } else { Self::linear(low, high) }
    }

    fn linear(low: f64, high: f64) -> Self {
        // Losses that are all the same, but for roundings, are a line in the middle.
        let largest = low.abs().max(high.abs());
        let margin = if largest > 0.0 { largest * 0.1 } else { 1.0 };
        let (low, high) =
            if high - low <= largest * 1e-6 { (low - margin, high + margin) } else { (low, high) };
        let (step, exponent) = round((high - low) / LINES);
        let (from, to) = ((low / step).floor(), (high / step).ceil());
        let digits = (-exponent).max(0) as usize;
        let count = (to - from).max(1.0) as usize;
        let ticks = (0..=count).map(|i| (from + i as f64) * step);
        let ticks = ticks.map(|x| (x, if x.abs() < 1e7 { fixed(x, digits) } else { format!("{x:.2e}") }));
        Self { low: from * step, high: to * step, log: false, ticks: ticks.collect() }
    }

    fn logarithmic(low: f64, high: f64) -> Self {
        let margin = (0.03 * (high.ln() - low.ln())).exp();
        let (low, high) = ((low / margin).max(f64::from_bits(1)), high * margin);
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let decades = high.log10() - low.log10();
        let digits: &[i32] = if decades < 2.0 * LINES / 3.0 { &[1, 2, 5] } else { &[1] };
        let stride = (decades / (1.5 * LINES)).ceil().max(1.0) as i32;
        let exponents = (first..=last).filter(|exponent| exponent.rem_euclid(stride) == 0);
        let ticks = exponents.flat_map(|exponent| {
            digits.iter().map(move |digit| {
                let x = f64::from(*digit) * 10_f64.powi(exponent);
                let plain = (-4..6).contains(&exponent);
                (x, if plain { fixed(x, (-exponent).max(0) as usize) } else { format!("{digit}e{exponent}") })
            })
        });
        Self { low, high, log: true, ticks: ticks.filter(|(x, _)| (low..=high).contains(x)).collect() }
    }

    /// Of the steps from `first` to `last`, on so many units of width.
    pub(super) fn of_steps(first: u64, last: u64, width: f64) -> Self {
        let before = first.saturating_sub(1);
        let label = grouped(last).chars().count() as f64 * 7.0 + 32.0;
        let exact = (last - before) as f64 / (width / label).clamp(1.0, 8.0);
        let step = round(exact).0.max(1.0) as u64;
        let ticks = before.div_ceil(step)..=last / step;
        let ticks = ticks.map(|i| (i * step) as f64).map(|x| (x, grouped(x as u64)));
        Self { low: before as f64, high: last as f64, log: false, ticks: ticks.collect() }
    }

    /// Where a number is: from 0 at the low end to 1 at the high one.
    pub(super) fn place(&self, x: f64) -> f64 {
        let (x, low, high) = match self.log {
            true => (x.ln(), self.low.ln(), self.high.ln()),
            false => (x, self.low, self.high),
        };
        if high > low { (x - low) / (high - low) } else { 0.5 }
    }
}

/// The next number that is 1, 2 or 5 and zeros, and how many zeros; fewer than none are places behind the point.
fn round(x: f64) -> (f64, i32) {
    let exponent = x.log10().floor() as i32;
    let power = 10_f64.powi(exponent);
    for digit in [1.0, 2.0, 5.0] {
        // Nor is 0.1 + 0.2 more than 0.3.
        if digit * power >= x * (1.0 - 1e-9) {
            return (digit * power, exponent);
        }
    }
    (10_f64.powi(exponent + 1), exponent + 1)
}

/// With so many digits behind the point; there is no zero below zero.
fn fixed(x: f64, digits: usize) -> String {
    let text = format!("{x:.digits$}");
    if text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) { text } else { text.replace('-', "") }
}

/// With a thin space before each three digits.
pub(super) fn grouped(x: u64) -> String {
    let digits = x.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn losses_have_round_lines_around_them() {
        assert_eq!(labels(&Axis::of_losses(0.31, 2.3)), ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
        assert_eq!(labels(&Axis::of_losses(-0.3, 0.3)), ["-0.4", "-0.2", "0.0", "0.2", "0.4"]);
        assert_eq!(labels(&Axis::of_losses(0.0, 100.0)), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(&Axis::of_losses(2.5, 2.5)), ["2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8"]);
        assert_eq!(labels(&Axis::of_losses(0.0, 0.0)), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        assert!(labels(&Axis::of_losses(-1e290, 1e290)).contains(&"0"));
    }

    #[test]
    fn losses_far_apart_have_a_logarithmic_axis() {
        assert!(!Axis::of_losses(0.1, 3.0).log);
        assert_eq!(labels(&Axis::of_losses(0.03, 2.3)), ["0.05", "0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(
            labels(&Axis::of_losses(1e-6, 2.3)),
            ["1e-6", "1e-5", "0.0001", "0.001", "0.01", "0.1", "1"]
        );
        assert!(!Axis::of_losses(0.0, 2.3).log);
        for (low, high) in [(1e-300, 1e290), (f64::MIN_POSITIVE, 1.0), (1.0, 31.0), (9.9, 1e6)] {
            let axis = Axis::of_losses(low, high);
            assert!((2..=9).contains(&axis.ticks.len()), "{low} {high}: {:?}", axis.ticks);
            assert!(axis.ticks.iter().all(|(x, _)| (0.0..=1.0).contains(&axis.place(*x))));
        }
    }

    #[test]
    fn every_number_has_an_axis_of_few_lines() {
        for exponent in -200..280 {
            for (low, high) in [(1.0, 1.1), (1.0, 29.0), (-3.0, 7.0), (1.0, 1.0 + 1e-9), (0.0, 1.0)] {
                let [low, high] = [low, high].map(|x| x * 10_f64.powi(exponent));
                let axis = Axis::of_losses(low, high);
                assert!((2..=8).contains(&axis.ticks.len()), "{low} {high}: {:?}", axis.ticks);
                for x in [low, high] {
                    assert!((-1e-6..=1.0 + 1e-6).contains(&axis.place(x)), "{low} {high}: {:?}", axis);
                }
            }
        }
    }

    #[test]
    fn steps_have_round_numbers() {
        let labels =
            |first, last| Axis::of_steps(first, last, 840.0).ticks.into_iter().map(|(_, label)| label);
        assert!(labels(1, 1).eq(["0", "1"]));
        assert!(labels(1, 1200).eq(["0", "200", "400", "600", "800", "1000", "1200"]));
        assert!(labels(501, 620).eq(["500", "520", "540", "560", "580", "600", "620"]));
        let million = labels(1, 1_000_000).collect::<Vec<_>>();
        assert_eq!(million.last().unwrap(), "1\u{2009}000\u{2009}000");
        assert!((4..=9).contains(&million.len()));
        assert!((2..=9).contains(&labels(1, u64::MAX).count()));
    }
}

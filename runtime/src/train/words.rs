//! Numbers as people read them, and as programs do.

use std::fmt;
#[cfg(feature = "terminal")]
use std::time::Duration;

use super::Ended;

/// Why a run ended.
pub(super) fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Done => "done",
        Ended::EarlyStopped => "stopped early",
        Ended::Interrupted => "interrupted",
        Ended::Stopped => "stopped",
        Ended::Failed => "failed",
    }
}

/// Four digits of a number, or a few more.
pub(super) fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let exponent = x.abs().log10().floor();
    if !(-4.0..7.0).contains(&exponent) {
        return format!("{x:.3e}");
    }
    format!("{x:.*}", (3.0 - exponent).max(0.0) as usize)
}

/// The two largest units of a time.
#[cfg(feature = "terminal")]
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match () {
        () if days > 0 => format!("{days}d {:02}h", hours % 24),
        () if hours > 0 => format!("{hours}h {:02}m", minutes % 60),
        () if minutes > 0 => format!("{minutes}m {:02}s", seconds % 60),
        () if seconds > 9 => format!("{seconds}s"),
        () => format!("{:.1}s", time.as_secs_f64()),
    }
}

/// The fewest digits that no other number has, with an exponent where zeros would be many.
pub(super) struct Shortest(pub(super) f64);

impl fmt::Display for Shortest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size == 0.0 || !size.is_finite() || (1e-5..1e16).contains(&size) {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{:e}", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_four_digits() {
        let cases = [
            (0.0, "0"),
            (2.34567, "2.346"),
            (-0.0123456, "-0.01235"),
            (12345.6, "12346"),
            (1.5e-7, "1.500e-7"),
            (3e9, "3.000e9"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ];
        for (x, text) in cases {
            assert_eq!(number(x), text);
        }
    }

    #[cfg(feature = "terminal")]
    #[test]
    fn a_time_has_two_units_at_most() {
        let cases = [
            (0.04, "0.0s"),
            (9.34, "9.3s"),
            (59.9, "59s"),
            (61.0, "1m 01s"),
            (3700.0, "1h 01m"),
            (200_000.0, "2d 07h"),
        ];
        for (seconds, text) in cases {
            assert_eq!(time(Duration::from_secs_f64(seconds)), text);
        }
    }

    #[test]
    fn the_shortest_digits_are_read_as_the_same_number() {
        let cases = [
            (0.1, "0.1"),
            (1.0, "1"),
            (f64::from(0.1_f32), "0.10000000149011612"),
            (1e-5, "0.00001"),
            (1.25e-7, "1.25e-7"),
            (1e300, "1e300"),
            (-0.0, "-0"),
            (f64::MIN_POSITIVE / 3.0, "7.41691286169067e-309"),
        ];
        for (x, text) in cases {
            assert_eq!(Shortest(x).to_string(), text);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits());
        }
    }
}

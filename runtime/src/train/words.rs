//! Numbers as programs read them.

use std::fmt;

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

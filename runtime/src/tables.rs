//! Tables that `model!` writes: bytes and one string each, so that to the compiler a table is a few
//! tokens, however deep the model is.

use crate::model::ParamSpec;
use crate::plan::{Kept, Segment};

/// Numbers below 2^32, each in four bytes, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers(&'static [u8]);

impl Numbers {
    /// None.
    pub const EMPTY: Self = Self(&[]);

    /// The numbers in `bytes`.
    pub const fn new(bytes: &'static [u8]) -> Self {
        Self(bytes)
    }

    /// How many there are.
    pub const fn len(self) -> usize {
        self.0.len() / 4
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The one at `index`.
    pub fn get(self, index: usize) -> Option<u32> {
        Some(u32::from_le_bytes(*self.0.get(4 * index..)?.first_chunk()?))
    }

    /// The first `N`, and those behind them.
    pub fn take<const N: usize>(self) -> Option<([u32; N], Self)> {
        let (first, rest) = self.0.split_at_checked(4 * N)?;
        let (numbers, _) = first.as_chunks::<4>();
        let mut out = [0; N];
        out.iter_mut().zip(numbers).for_each(|(out, bytes)| *out = u32::from_le_bytes(*bytes));
        Some((out, Self(rest)))
    }

    /// The one at `index`, while compiling, where one that is not there is an error.
    const fn at(self, index: usize) -> usize {
        let at = 4 * index;
        u32::from_le_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]]) as usize
    }
}

/// The name of each row, one after another in `names`, which ends at the row's first number.
const fn name(names: &'static str, rows: Numbers, width: usize, row: usize) -> &'static str {
    let start = if row == 0 { 0 } else { rows.at(width * (row - 1)) };
    names.split_at(rows.at(width * row)).0.split_at(start).1
}

/// Parameters: rows of where the name ends, which of `kinds` it is, and its offset in units of 64 elements.
pub const fn params<const N: usize>(
    names: &'static str,
    rows: Numbers,
    kinds: &[ParamSpec],
) -> [ParamSpec; N] {
    let mut out = [ParamSpec::EMPTY; N];
    let mut row = 0;
    while row < N {
        let (path, offset) = (name(names, rows, 3, row), 64 * rows.at(3 * row + 2));
        out[row] = ParamSpec { path, offset, ..kinds[rows.at(3 * row + 1)] };
        row += 1;
    }
    out
}

/// Kept values: rows of where the name ends, and which of `kinds` it is.
pub const fn kept<const N: usize>(names: &'static str, rows: Numbers, kinds: &[Kept]) -> [Kept; N] {
    let mut out = [Kept::EMPTY; N];
    let mut row = 0;
    while row < N {
        out[row] = Kept { name: name(names, rows, 2, row), ..kinds[rows.at(2 * row + 1)] };
        row += 1;
    }
    out
}

/// Segments: rows as of [`kept`].
pub const fn segments<const N: usize>(names: &'static str, rows: Numbers, kinds: &[Segment]) -> [Segment; N] {
    let mut out = [Segment::EMPTY; N];
    let mut row = 0;
    while row < N {
        out[row] = Segment { name: name(names, rows, 2, row), ..kinds[rows.at(2 * row + 1)] };
        row += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Numbers = Numbers::new(&[1, 0, 0, 0, 0, 1, 0, 0, 255, 255, 255, 255]);

    #[test]
    fn numbers_come_one_by_one_or_several_at_a_time_until_there_are_no_more() {
        assert_eq!([0, 1, 2, 3].map(|i| THREE.get(i)), [Some(1), Some(256), Some(u32::MAX), None]);
        assert_eq!(THREE.get(usize::MAX / 4), None);
        let (two, rest) = THREE.take().unwrap();
        assert_eq!((two, rest.len()), ([1, 256], 1));
        assert!(rest.take::<2>().is_none());
        assert_eq!(rest.take(), Some(([u32::MAX], Numbers::EMPTY)));
    }

    #[test]
    fn a_row_is_its_kind_under_its_own_name() {
        const KINDS: [Segment; 2] =
            [Segment { recomputed: 3, ..Segment::EMPTY }, Segment { last: true, ..Segment::EMPTY }];
        const ROWS: Numbers = Numbers::new(&[5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0]);
        let rows =
            segments::<2>("firstß", Numbers::new(&[5, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0]), &KINDS);
        assert_eq!(rows, [Segment { name: "first", ..KINDS[0] }, Segment { name: "ß", ..KINDS[1] }]);
        assert_eq!(segments::<2>("first2", ROWS, &KINDS)[1].name, "2");
    }
}

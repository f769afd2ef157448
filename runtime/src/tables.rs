//! Tables that `model!` writes: bytes and one string each, so that to the compiler a table is a few
//! tokens, however deep the model is.

use crate::model::ParamSpec;
use crate::plan::{Kept, Recomputed, Segment, Stage};

/// Numbers below 2^32, each in four bytes, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers(&'static [u8]);

/// Rows with a number below this one are what their names here say; the others call a kernel.
pub const BUILT_IN: u32 = 5;
/// A buffer that grows with the batch holds nothing of use any more.
pub const FREE_SAMPLE: u32 = 0;
/// The same of one that does not.
pub const FREE_FIXED: u32 = 1;
/// A copy begins from a buffer of the device to one of the host.
pub const COPY_OUT: u32 = 2;
/// A copy begins to a buffer of the device from one of the host.
pub const COPY_BACK: u32 = 3;
/// The copy to or from a buffer of the host has ended.
pub const COPIED: u32 = 4;
/// A call's number has this bit where the call computes again what forward had computed.
pub const RECOMPUTE: u32 = 1 << 31;

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

/// What a row is, but for its name.
pub trait Kind: Copy + 'static {
    /// It under this name.
    fn named(self, name: &'static str) -> Self;
}

impl Kind for Kept {
    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Kind for Recomputed {
    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Kind for Stage {
    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Kind for Segment {
    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

/// Rows that are put together when they are asked for: while compiling, hundreds would take a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Table<T: 'static> {
    /// The names, one after another.
    names: &'static str,
    /// Of each row, where its name ends, and which of `kinds` it is.
    rows: Numbers,
    kinds: &'static [T],
}

impl<T: Kind> Table<T> {
    /// No rows.
    pub const EMPTY: Self = Self::new("", Numbers::EMPTY, &[]);

    /// These rows.
    pub const fn new(names: &'static str, rows: Numbers, kinds: &'static [T]) -> Self {
        Self { names, rows, kinds }
    }

    /// The rows, in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = T> + Clone {
        (0..self.rows.len() / 2).map(move |row| {
            let number = |index| self.rows.get(index).unwrap_or_default() as usize;
            let start = row.checked_sub(1).map_or(0, |before| number(2 * before));
            let name = self.names.get(start..number(2 * row)).unwrap_or_default();
            self.kinds[number(2 * row + 1)].named(name)
        })
    }
}

/// Parameters: rows of where the name ends, which of `kinds` it is, and its offset in units of 64 elements.
pub const fn params<const N: usize>(
    names: &'static str,
    rows: Numbers,
    kinds: &[ParamSpec],
) -> [ParamSpec; N] {
    let mut out = [ParamSpec::EMPTY; N];
    let (mut row, mut start) = (0, 0);
    while row < N {
        let (end, kind, offset) = (rows.at(3 * row), rows.at(3 * row + 1), rows.at(3 * row + 2));
        let path = names.split_at(end).0.split_at(start).1;
        out[row] = ParamSpec { path, offset: 64 * offset, ..kinds[kind] };
        (row, start) = (row + 1, end);
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
        const KINDS: [Segment; 2] = [
            Segment { name: "", recomputed: 3, flops: 9, last: false },
            Segment { name: "", recomputed: 0, flops: 0, last: true },
        ];
        const ROWS: Numbers = Numbers::new(&[5, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0]);
        let rows = Table::new("firstß", ROWS, &KINDS).iter();
        assert!(rows.eq([Segment { name: "first", ..KINDS[0] }, Segment { name: "ß", ..KINDS[1] }]));
        assert_eq!(Table::<Segment>::EMPTY.iter().len(), 0);
    }

    #[test]
    fn parameters_have_an_offset_too() {
        const ROWS: Numbers =
            Numbers::new(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
        const KIND: ParamSpec = ParamSpec { shape: &[3], ..ParamSpec::EMPTY };
        const PARAMS: [ParamSpec; 2] = params("abc", ROWS, &[KIND]);
        assert_eq!(PARAMS[0], ParamSpec { path: "a", ..KIND });
        assert_eq!(PARAMS[1], ParamSpec { path: "bc", offset: 128, ..KIND });
    }
}

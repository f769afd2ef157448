//! What the calls of a training step are.

use std::fmt;

use crate::tables::Numbers;

/// What a training step copies, then what each of its kernel calls runs, in order.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ran {
    /// Names, one after another.
    names: &'static str,
    /// Where each ends.
    ends: Numbers,
    /// For each call, four times the number of its name, and its kind.
    rows: Numbers,
}

/// One call: what stands first is not finite because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    kind: Kind,
    name: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Forward,
    Recompute,
    Backward,
    Input,
}

impl Ran {
    /// None.
    pub const EMPTY: Self = Self::new("", Numbers::EMPTY, Numbers::EMPTY);

    /// These names, where they end, and what runs.
    pub const fn new(names: &'static str, ends: Numbers, rows: Numbers) -> Self {
        Self { names, ends, rows }
    }

    /// The call at this place.
    pub(crate) fn call(self, at: usize) -> Option<Call> {
        let row = self.rows.get(at)?;
        let name = (row / 4) as usize;
        let end = |name: usize| self.ends.get(name).map(|end| end as usize);
        let start = name.checked_sub(1).map_or(Some(0), end)?;
        let kind = match row % 4 {
            0 => Kind::Forward,
            1 => Kind::Recompute,
            2 => Kind::Backward,
            _ => Kind::Input,
        };
        Some(Call { kind, name: self.names.get(start..end(name)?)? })
    }
}

/// What it gives, in words.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name } = self;
        match kind {
            Kind::Forward => write!(f, "the value of `{name}`"),
            Kind::Recompute => write!(f, "the value of `{name}`, computed again,"),
            Kind::Backward => write!(f, "a gradient that `{name}` gives in backward"),
            Kind::Input => write!(f, "the input `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_a_kind_and_a_name_that_others_may_share() {
        const ENDS: Numbers = Numbers::new(&[1, 0, 0, 0, 3, 0, 0, 0]);
        const ROWS: Numbers = Numbers::new(&[3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 9, 0, 0, 0]);
        let ran = Ran::new("xfc", ENDS, ROWS);
        let told: Vec<String> = (0..4).filter_map(|at| Some(ran.call(at)?.to_string())).collect();
        assert_eq!(
            told,
            [
                "the input `x`",
                "the value of `fc`",
                "the value of `fc`, computed again,",
                "a gradient that `fc` gives in backward"
            ]
        );
        assert_eq!([4, 5].map(|at| ran.call(at)), [None; 2], "a name that there is not, and no more calls");
    }
}

//! Groups of parameters, by name.

use crate::error::Error;
use crate::model::{ParamSpec, names};
use crate::optim::state::{lr_in_range, weight_decay_in_range};

/// Parameters that have their own learning rate or weight decay, chosen by patterns over their names.
///
/// In a pattern `*` stands for any run of characters, none and dots included; everything else stands
/// for itself. A pattern also chooses a parameter by its aliases. Of several groups that choose a
/// parameter the first has it; a parameter that none chooses has the optimizer's own values.
///
/// ```
/// use remat::optim::Group;
///
/// let no_decay = Group::of(["*.bias", "*norm*"]).weight_decay(0.0);
/// let backbone = Group::of(["blocks.*"]).lr_scale(0.1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    patterns: Vec<String>,
    lr_scale: f64,
    weight_decay: Option<f64>,
}

impl Group {
    /// The parameters that one of these patterns chooses.
    pub fn of<P: Into<String>>(patterns: impl IntoIterator<Item = P>) -> Self {
        Self { patterns: patterns.into_iter().map(Into::into).collect(), lr_scale: 1.0, weight_decay: None }
    }

    /// Their learning rate, as a multiple of the optimizer's: a ratio, so that it follows a schedule.
    #[must_use]
    pub fn lr_scale(self, lr_scale: f64) -> Self {
        Self { lr_scale, ..self }
    }

    /// Their weight decay, instead of the optimizer's.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay: Some(weight_decay), ..self }
    }

    /// Whether a pattern chooses this parameter.
    fn has(&self, spec: &ParamSpec) -> bool {
        self.patterns.iter().any(|pattern| chooses(pattern, spec))
    }
}

/// The values that a parameter trains with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    /// Its learning rate, as a multiple of the optimizer's.
    pub(crate) lr_scale: f64,
    /// Its weight decay.
    pub(crate) weight_decay: f64,
}

/// That every group has patterns, each of which chooses a parameter, and every number is one that may be.
pub(crate) fn check(groups: &[Group], specs: &[ParamSpec]) -> Result<(), Error> {
    for group in groups {
        lr_in_range("lr_scale", group.lr_scale)?;
        if let Some(weight_decay) = group.weight_decay {
            weight_decay_in_range(weight_decay)?;
        }
        if group.patterns.is_empty() {
            return Err(Error::Argument {
                name: String::from("groups"),
                expected: "groups of at least one pattern",
                found: String::from("a group without any"),
            });
        }
        for pattern in &group.patterns {
            if !specs.iter().any(|spec| chooses(pattern, spec)) {
                return Err(names::unknown(specs, "parameter that matches", pattern));
            }
        }
    }
    Ok(())
}

/// The values of one parameter: those of the first group that has it, else the optimizer's own.
pub(crate) fn rates(groups: &[Group], weight_decay: f64, spec: &ParamSpec) -> Rates {
    match groups.iter().find(|group| group.has(spec)) {
        Some(group) => {
            Rates { lr_scale: group.lr_scale, weight_decay: group.weight_decay.unwrap_or(weight_decay) }
        }
        None => Rates { lr_scale: 1.0, weight_decay },
    }
}

fn chooses(pattern: &str, spec: &ParamSpec) -> bool {
    names::names(spec).any(|name| matches(pattern, name))
}

/// Whether `name` is `pattern` with each `*` replaced by some run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    // Each part is taken where it first occurs, which leaves the most for those after it.
    let rest = parts.try_fold(rest, |rest, part| rest.split_once(part).map(|(_, after)| after));
    rest.is_some_and(|rest| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::model::Model;
    use crate::model::toy::Toy;

    const SPECS: &[ParamSpec] = <Toy<Cpu> as Model>::PARAMS;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, name) in [
            ("*", "fc.bias"),
            ("*", ""),
            ("fc.bias", "fc.bias"),
            ("*.bias", "blocks.0.fc.bias"),
            ("blocks.*", "blocks.0.fc.bias"),
            ("*norm*", "norm.weight"),
            ("blocks.*.ln_*.bias", "blocks.10.ln_1.bias"),
            ("a*b*b", "abb"),
            ("a*b*b", "a.b.b.b"),
            ("**s", "fc.bias"),
        ] {
            assert!(matches(pattern, name), "`{pattern}` and `{name}`");
        }
        for (pattern, name) in [
            ("", "fc.bias"),
            ("bias", "fc.bias"),
            ("*.bia", "fc.bias"),
            ("c.*", "fc.bias"),
            ("fc.bias*.bias", "fc.bias"),
            ("aba*aba", "aba"),
            ("a*b*b", "ab"),
        ] {
            assert!(!matches(pattern, name), "`{pattern}` and `{name}`");
        }
    }

    #[test]
    fn the_first_group_that_has_a_parameter_decides() {
        let groups = [
            Group::of(["*.bias", "norm.*"]).weight_decay(0.0),
            Group::of(["*.weight", "fc.*"]).lr_scale(0.1),
        ];
        let of = |path: &str| rates(&groups, 0.5, &SPECS[names::find(SPECS, path).unwrap()]);
        assert_eq!(of("fc.bias"), Rates { lr_scale: 1.0, weight_decay: 0.0 });
        assert_eq!(of("norm.weight"), Rates { lr_scale: 1.0, weight_decay: 0.0 });
        assert_eq!(of("embed.weight"), Rates { lr_scale: 0.1, weight_decay: 0.5 });
    }

    #[test]
    fn a_tied_parameter_is_chosen_by_its_other_name_too() {
        let groups = [Group::of(["head.*"]).weight_decay(0.0)];
        assert_eq!(check(&groups, SPECS), Ok(()));
        assert_eq!(rates(&groups, 0.5, &SPECS[0]).weight_decay, 0.0);
    }

    #[test]
    fn a_pattern_that_chooses_nothing_is_an_error_with_what_may_have_been_meant() {
        let groups = [Group::of(["*.bias", "*.biass"])];
        assert_eq!(
            check(&groups, SPECS).unwrap_err(),
            Error::UnknownName {
                what: "parameter that matches",
                found: "*.biass".into(),
                nearest: vec!["fc.bias".into()]
            }
        );
    }

    #[test]
    fn numbers_out_of_range_are_errors() {
        for group in [
            Group::of(["*"]).lr_scale(-0.1),
            Group::of(["*"]).lr_scale(f64::NAN),
            Group::of(["*"]).weight_decay(-0.1),
            Group::of(["*"]).weight_decay(f64::INFINITY),
        ] {
            assert!(matches!(check(&[group], SPECS), Err(Error::Argument { .. })));
        }
    }
}

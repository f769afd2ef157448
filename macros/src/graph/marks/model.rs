//! What `#[checkpoint(…)]` on the model asks for.

use proc_macro2::Span;

use super::size::{nearly_size, size};
use super::width::width;
use super::{argument, positive, store};
use crate::graph::Stored;
use crate::graph::num::{Vars, eval};
use crate::plan::budget::Bounds;
use crate::report::{Errors, did_you_mean};
use crate::syntax::{Arg, Checkpoint, Value};

/// A plan for the whole model.
pub(crate) struct Asked {
    pub(crate) strategy: Strategy,
    pub(crate) max: Option<(usize, Span)>,
    pub(crate) min_interval: Option<(usize, Span)>,
    /// What layers took, if that was measured.
    pub(crate) profile: Option<Profile>,
    /// How boundaries are held, if not as they are made.
    pub(crate) store: Option<Stored>,
    /// The mark.
    pub(crate) span: Span,
}

/// A file of times.
pub(crate) struct Profile {
    /// Relative to the manifest of the model's crate.
    pub(crate) path: String,
    pub(crate) span: Span,
}

/// Who says where boundaries are.
pub(crate) enum Strategy {
    /// Every ceil(n / ceil(sqrt(n))) of n stages.
    Sqrt,
    /// Every so many; and where that is written.
    Every(usize, Span),
    /// The planner.
    Planned(Budget),
}

/// What a planned model must fit into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) limit: Limit,
    /// The layout that it is about, one of [`WIDTHS`](crate::planned::WIDTHS).
    pub(crate) width: usize,
    /// Where it is written.
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Limit {
    /// Bytes of a workspace for this batch.
    Bytes { bytes: u64, batch: u64 },
    /// A part of what store-all takes for each sample.
    Fraction(f64),
}

/// The arguments: those that say where boundaries are, and those that say more about one of them.
const KNOWN: [&str; 11] = [
    "sqrt",
    "every",
    "budget",
    "fraction",
    "batch",
    "device",
    "dtype",
    "profile",
    "max",
    "min_interval",
    "store",
];
const STRATEGIES: usize = 4;
/// Those that stand nowhere else.
pub(crate) const ON_MODEL: [&str; 9] =
    ["sqrt", "budget", "fraction", "batch", "device", "dtype", "profile", "max", "min_interval"];

fn form(word: &str) -> &'static str {
    match word {
        "sqrt" => "`sqrt` alone",
        "every" => "`every = 2`",
        "budget" => "`budget = \"64 MiB\", batch = 32`",
        "fraction" => "`fraction = 0.3`",
        "batch" => "`batch = 32`",
        "device" => "`device = cuda`",
        "dtype" => "`dtype = f64`",
        "profile" => "`profile = \"remat.profile\"`",
        "max" => "`max = 4`",
        "store" => "`store = bf16`",
        _ => "`min_interval = 2`",
    }
}

/// What the mark on the model asks for; mistakes in it are reported and ask for nothing.
pub(crate) fn asked(checkpoint: &Checkpoint, vars: &Vars, errors: &mut Errors) -> Option<Asked> {
    let before = errors.count();
    if checkpoint.args.is_empty() {
        let fix = "write `checkpoint(sqrt)`, `checkpoint(every = 2)`, `checkpoint(fraction = 0.3)` or `checkpoint(budget = \"64 MiB\", batch = 32)`, or mark a layer or scope";
        errors.error(checkpoint.span, format!("`checkpoint` on the model needs to know where -- {fix}"));
    }
    let mut given = Given::default();
    for arg in &checkpoint.args {
        given.take(arg, errors);
    }
    let store = store::asked(checkpoint, errors);
    let asked = given.read(checkpoint, vars, errors).map(|asked| Asked { store, ..asked });
    asked.filter(|_| errors.count() == before)
}

/// The arguments that are there, by their place in [`KNOWN`].
#[derive(Default)]
struct Given<'a> {
    args: [Option<(&'a Arg, Span)>; KNOWN.len()],
    /// Also those that are written wrong.
    named: [bool; KNOWN.len()],
}

impl<'a> Given<'a> {
    fn take(&mut self, arg: &'a Arg, errors: &mut Errors) {
        let (word, span) = argument(arg);
        let otherwise =
            format!("write {}, {}, {} or {}", form("sqrt"), form("every"), form("fraction"), form("budget"));
        let Some(word) = word else {
            errors.error(span, format!("this is no argument of `checkpoint` on the model -- {otherwise}"));
            return;
        };
        let Some(index) = KNOWN.iter().position(|known| *known == word) else {
            let message = match word.as_str() {
                "at" => String::from("`at` stands on a `repeat` -- write `every = 2` here"),
                _ => {
                    let hint = did_you_mean(&word, KNOWN, &otherwise);
                    format!("`{word}` is no argument of `checkpoint` on the model{hint}")
                }
            };
            errors.error(span, message);
            return;
        };
        let again = std::mem::replace(&mut self.named[index], true);
        if word == "store" {
            self.args[index] = Some((arg, span));
            return;
        }
        let bare = arg.name.is_none() && matches!(arg.value, Value::Expr(_));
        if bare != (word == "sqrt") || matches!(arg.value, Value::Call(..)) {
            errors.error(span, format!("`{word}` is written another way -- write {}", form(&word)));
        } else if again {
            errors.error(span, format!("`{word}` is given twice -- remove one"));
        } else {
            self.args[index] = Some((arg, span));
        }
    }

    fn get(&self, word: &str) -> Option<(&'a Value, Span)> {
        let index = KNOWN.iter().position(|known| *known == word)?;
        self.args[index].map(|(arg, span)| (&arg.value, span))
    }

    fn is_named(&self, word: &str) -> bool {
        KNOWN.iter().zip(self.named).any(|(known, named)| named && *known == word)
    }

    fn read(&self, checkpoint: &Checkpoint, vars: &Vars, errors: &mut Errors) -> Option<Asked> {
        let strategies = self.args[..STRATEGIES].iter().flatten().map(|(arg, _)| argument(arg));
        let strategies: Vec<(String, Span)> =
            strategies.filter_map(|(word, span)| Some((word?, span))).collect();
        if let [(a, at), (b, span), ..] = &strategies[..] {
            super::both("the boundaries are", a, *at, b, *span, errors);
        }
        self.refuse_idle(errors);
        let width = self.width(errors);
        let bound = |word: &str, errors: &mut Errors| {
            let (value, span) = self.get(word)?;
            Some((positive(value, word, vars, errors)?, span))
        };
        let (max, min_interval) = (bound("max", errors), bound("min_interval", errors));
        let strategy = if let Some((_, span)) = self.get("budget") {
            let limit = self.bytes(vars, errors)?;
            Strategy::Planned(Budget { limit, width, span })
        } else if let Some((value, span)) = self.get("fraction") {
            let limit = Limit::Fraction(fraction(value, vars, errors)?);
            Strategy::Planned(Budget { limit, width, span })
        } else if let Some((value, _)) = self.get("every") {
            Strategy::Every(positive(value, "every", vars, errors)?, value.span())
        } else {
            self.get("sqrt").map(|_| Strategy::Sqrt)?
        };
        let profile = self.profile(errors);
        Some(Asked { strategy, max, min_interval, profile, store: None, span: checkpoint.span })
    }

    /// Arguments about what is not there.
    fn refuse_idle(&self, errors: &mut Errors) {
        let nothing = !self.named[..STRATEGIES].contains(&true);
        if let Some((_, span)) = self.get("batch").filter(|_| !self.is_named("budget")) {
            let fix = format!("write {}, or remove it", form("budget"));
            errors.error(span, format!("`batch` is what a `budget` is for, and there is none -- {fix}"));
        }
        for (word, what) in [
            ("device", "what a `budget` is for"),
            ("dtype", "what a `budget` counts in"),
            ("profile", "what a `budget` is planned by"),
        ] {
            let planned = self.is_named("budget") || self.is_named("fraction");
            if let Some((_, span)) = self.get(word).filter(|_| !planned) {
                let fix = format!("write {}, or remove it", form("budget"));
                errors.error(span, format!("`{word}` is {what}, and there is none -- {fix}"));
            }
        }
        if let Some((_, span)) = self.get("store").filter(|_| nothing) {
            let message = "`store` says how boundaries are held, and nothing places any";
            let fix = "write `sqrt`, `every = 2`, `fraction = 0.3` or `budget = \"64 MiB\", batch = 32` beside it, or `store` in the mark on a layer or scope";
            errors.error(span, format!("{message} -- {fix}"));
        }
        for word in ["max", "min_interval"] {
            if let Some((_, span)) = self.get(word).filter(|_| nothing) {
                let message = format!("`{word}` bounds boundaries that are placed, and nothing places any");
                let fix = "write `sqrt`, `every = 2`, `fraction = 0.3` or `budget = \"64 MiB\", batch = 32` beside it";
                errors.error(span, format!("{message} -- {fix}"));
            }
        }
    }

    fn bytes(&self, vars: &Vars, errors: &mut Errors) -> Option<Limit> {
        let (value, span) = self.get("budget")?;
        let bytes = match value {
            Value::Str(said, span) => size(said).or_else(|| {
                let fix =
                    "write a number and `B`, `KiB`, `MiB`, `GiB`, `TiB`, `kB`, `MB` or `GB`, such as \"64 MiB\"";
                let meant = nearly_size(said);
                let fix = meant.map_or_else(|| String::from(fix), |meant| format!("did you mean \"{meant}\"?"));
                errors.error(*span, format!("\"{said}\" is no size in bytes above 0 -- {fix}"));
                None
            }),
            other => {
                errors
                    .error(other.span(), "`budget` must be a size in quotes -- write `budget = \"64 MiB\"`");
                None
            }
        };
        let Some((batch, _)) = self.get("batch") else {
            errors.error(
                span,
                "a `budget` is for some batch, and there is none -- write `batch = 32` beside it",
            );
            return None;
        };
        let batch = positive(batch, "batch", vars, errors)?;
        Some(Limit::Bytes { bytes: bytes?, batch: batch as u64 })
    }

    fn profile(&self, errors: &mut Errors) -> Option<Profile> {
        match self.get("profile")? {
            (Value::Str(path, span), _) => Some(Profile { path: path.clone(), span: *span }),
            (other, _) => {
                let fix = format!("write {}", form("profile"));
                errors
                    .error(other.span(), format!("`profile` must be the path of a file in quotes -- {fix}"));
                None
            }
        }
    }

    /// The layout of the device, and of the type of its activations.
    fn width(&self, errors: &mut Errors) -> usize {
        let [device, dtype] = ["device", "dtype"].map(|word| self.get(word).map(|(value, _)| value));
        // Without a device that is written wrong, another mistake would seem to be one.
        let known = device.is_some() || !self.is_named("device");
        if known { width(device, dtype, errors) } else { 0 }
    }
}

fn fraction(value: &Value, vars: &Vars, errors: &mut Errors) -> Option<f64> {
    let fix = "write 0.3 for three tenths of what store-all takes";
    let Value::Expr(expr) = value else {
        errors.error(value.span(), format!("`fraction` must be a number -- {fix}"));
        return None;
    };
    let number = eval(expr, vars, errors)?;
    let fraction = number.to_f64();
    let found = (fraction > 0.0 && fraction <= 1.0).then_some(fraction);
    if found.is_none() {
        let message = format!("`fraction` must be above 0 and at most 1 but is {number}");
        errors.error(expr.span(), format!("{message} -- {fix}"));
    }
    found
}

impl Asked {
    /// What the planner may do.
    pub(crate) fn bounds(&self) -> Bounds {
        let number = |bound: Option<(usize, Span)>| bound.map(|(number, _)| number);
        Bounds { max: number(self.max), min_interval: number(self.min_interval) }
    }

    /// The planner's budget, if it plans.
    pub(crate) fn budget(&self) -> Option<Budget> {
        if let Strategy::Planned(budget) = self.strategy { Some(budget) } else { None }
    }

    /// Stages before which the model is cut, of so many; none if a planner cuts.
    pub(super) fn cuts(&self, stages: usize, errors: &mut Errors) -> Vec<usize> {
        let interval = match self.strategy {
            Strategy::Every(_, span) => Some(span),
            Strategy::Sqrt | Strategy::Planned(_) => None,
        };
        if stages == 0
            && let Some(span) = interval.or(self.min_interval.map(|(_, span)| span))
        {
            let message = "the model has no stages: all its layers stand in the loss";
            errors.error(span, format!("{message} -- mark a layer or scope there, or move them out of it"));
            return vec![];
        }
        let noun = if stages == 1 { "stage" } else { "stages" };
        if let Some((interval, span)) = self.min_interval.filter(|(interval, _)| *interval > stages) {
            let message =
                format!("`min_interval = {interval}` is more than the {stages} {noun} of the model");
            errors.error(span, format!("{message} -- write at most {stages}"));
            return vec![];
        }
        let interval = match self.strategy {
            Strategy::Planned(_) => return vec![],
            Strategy::Sqrt => self.sqrt_interval(stages),
            Strategy::Every(k, span) if k > stages => {
                let message = format!("`every = {k}` is more than the {stages} {noun} of the model");
                errors.error(span, format!("{message} -- write at most {stages}"));
                return vec![];
            }
            Strategy::Every(k, span) => {
                self.refuse_bounds(k, span, stages, errors);
                k
            }
        };
        (1..).map(|i| i * interval).take_while(|cut| *cut < stages).collect()
    }

    /// ceil(n / ceil(sqrt(n))), the interval of Chen et al. 2016, or what the bounds make of it.
    fn sqrt_interval(&self, stages: usize) -> usize {
        let floor = stages.isqrt();
        let root = if floor * floor == stages { floor } else { floor + 1 };
        let Bounds { max, min_interval } = self.bounds();
        let least = max.map_or(1, |max| stages.div_ceil(max.saturating_add(1)));
        stages.div_ceil(root.max(1)).max(min_interval.unwrap_or(1)).max(least).max(1)
    }

    /// Refuses bounds that `every = k` does not hold.
    fn refuse_bounds(&self, k: usize, span: Span, stages: usize, errors: &mut Errors) {
        let mut refuse = |bound: Span, message: String, fix: String| {
            errors.error(span, format!("{message} -- {fix}"));
            errors.error(bound, format!("{message} -- {fix}"));
        };
        if let Some((interval, bound)) = self.min_interval.filter(|(interval, _)| *interval > k) {
            let message =
                format!("`every = {k}` places boundaries {k} apart but `min_interval` is {interval}");
            refuse(bound, message, format!("write `every = {interval}`, or remove `min_interval`"));
        }
        let placed = (stages - 1) / k;
        if let Some((max, bound)) = self.max.filter(|(max, _)| *max < placed) {
            let message = format!("`every = {k}` places {placed} boundaries but `max` is {max}");
            refuse(bound, message, format!("write `every = {}`, or remove `max`", stages.div_ceil(max + 1)));
        }
    }
}

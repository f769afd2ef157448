//! A budget picks a plan.

use crate::defect::{Defect, Failure};
use crate::graph::Graph;
use crate::graph::lower::Lowered;
use crate::graph::marks::model::{Budget, Limit};
use crate::plan::budget::Offer;
use crate::plan::fullest::fullest;
use crate::plan::layout::{Layout, Region};
use crate::plan::problem::Problem;
use crate::plan::program::Run;
use crate::plan::schedule;
use crate::planned::{Planned, WIDTHS, is_marked, place};

/// What evaluation takes, which shares the workspace, and store-all.
pub(crate) struct Beside<'a> {
    pub(crate) evaluate: &'a [Layout],
    pub(crate) store_all: &'a [Layout],
}

/// Writes the fastest of `offers` that fits into `training`, and gives its program.
pub(crate) fn fit(
    graph: &Graph,
    training: &mut Lowered,
    offers: &[Offer],
    budget: Budget,
    beside: &Beside<'_>,
) -> Result<Planned, Defect> {
    let measure = Measure { budget, beside };
    let allowed = measure.allowed();
    let unchosen = training.problem.clone();
    for offer in offers {
        if measure.at_least(offer) > allowed {
            continue;
        }
        let planned = choose(training, offer).map_err(|failure| failure.of(graph, training))?;
        if measure.of(&planned.layouts) <= allowed {
            return Ok(planned);
        }
        unchoose(training, offer, &unchosen);
    }
    // None fits: the error says which takes the least.
    let mut best: Option<(u64, usize)> = None;
    for (index, offer) in offers.iter().enumerate() {
        let planned = choose(training, offer).map_err(|failure| failure.of(graph, training))?;
        let takes = measure.of(&planned.layouts);
        if best.is_none_or(|(least, _)| takes < least) {
            best = Some((takes, index));
        }
        unchoose(training, offer, &unchosen);
    }
    let Some((least, index)) = best else { return Err(String::from("no plan is on offer").into()) };
    let by_hand = is_marked(&training.problem);
    let planned = choose(training, &offers[index]).map_err(|failure| failure.of(graph, training))?;
    Err(measure.too_small(graph, training, &planned, least, by_hand))
}

/// Writes an offer into a problem and plans it.
fn choose(training: &mut Lowered, offer: &Offer) -> Result<Planned, Failure> {
    let by_hand = training.problem.segments.len();
    offer.choice.apply(&mut training.problem, 0);
    for segment in by_hand..training.problem.segments.len() {
        let label = training.label(&training.problem.segments[segment].nodes);
        training.segments.push(label);
    }
    place(&training.problem, schedule::train(&training.problem))
}

/// Makes it again what it was before an offer was written into it.
fn unchoose(training: &mut Lowered, offer: &Offer, unchosen: &Problem) {
    offer.choice.undo(&mut training.problem, unchosen);
    training.segments.truncate(unchosen.segments.len());
}

/// What is held against the budget.
struct Measure<'a> {
    budget: Budget,
    beside: &'a Beside<'a>,
}

impl Measure<'_> {
    /// Bytes that a training program with these layouts makes a workspace take.
    fn of(&self, train: &[Layout]) -> u64 {
        let width = self.budget.width;
        let line = WIDTHS[width].line;
        let own = &train[width];
        let all = [own, &self.beside.evaluate[width]];
        match self.budget.limit {
            Limit::Bytes { batch, .. } => {
                let bytes = |layout: &Layout| {
                    let fixed = layout.fixed.peak - layout.param_lines;
                    layout.per_sample.peak.saturating_mul(batch).saturating_add(fixed)
                };
                let most = all.into_iter().map(bytes).max().unwrap_or(0);
                most.saturating_add(own.param_lines).saturating_mul(line)
            }
            Limit::Fraction(_) => {
                all.into_iter().map(|layout| layout.per_sample.peak).max().unwrap_or(0).saturating_mul(line)
            }
        }
    }

    /// A bound below what an offer takes, known before it is laid out.
    fn at_least(&self, offer: &Offer) -> u64 {
        match self.budget.limit {
            Limit::Bytes { batch, .. } => offer.live.saturating_mul(batch),
            Limit::Fraction(_) => offer.live,
        }
    }

    fn allowed(&self) -> u64 {
        match self.budget.limit {
            Limit::Bytes { bytes, .. } => bytes,
            Limit::Fraction(fraction) => (self.of(self.beside.store_all) as f64 * fraction) as u64,
        }
    }

    /// What to say if even this plan, which takes the least, takes too much.
    fn too_small(
        &self,
        graph: &Graph,
        training: &Lowered,
        planned: &Planned,
        least: u64,
        by_hand: bool,
    ) -> Defect {
        let facts = &planned.program.facts;
        let again: usize = facts.recomputed.iter().map(|&(node, _)| training.nodes[node].layers()).sum();
        let segments = training.problem.segments.len();
        let again = format!("{again} {}", if again == 1 { "layer" } else { "layers" });
        let segments = format!("{segments} {}", if segments == 1 { "segment" } else { "segments" });
        let plan = match facts.recomputed[..] {
            [] => String::from("with nothing recomputed"),
            _ => format!("with {segments} and {again} recomputed"),
        };
        let [allowed, takes] = apart(self.allowed(), least);
        let (message, fix) = match self.budget.limit {
            Limit::Bytes { batch, .. } => {
                let gradients =
                    planned.layouts[self.budget.width].param_lines * WIDTHS[self.budget.width].line;
                let parameters = match gradients {
                    0 => String::new(),
                    _ => format!(", {} of it for the gradients of parameters", Rounded(gradients)),
                };
                let message = format!(
                    "`budget` is {allowed} but a step of batch {batch} takes at least {takes}{parameters}: {plan}",
                );
                (message, format!("write `budget = \"{}\"`, or a smaller batch", Rounded(least)))
            }
            Limit::Fraction(fraction) => {
                let all = self.of(self.beside.store_all);
                // Rounded up, so that following the fix helps.
                let least_fraction = (least as f64 / all as f64 * 1e3).floor() / 1e3 + 1e-3;
                let message = format!(
                    "`fraction = {fraction:?}` of what store-all takes is {allowed} for each sample but a step takes at least {takes}: {plan}",
                );
                let fix = if least == all && !by_hand {
                    String::from("write `fraction = 1`")
                } else if least_fraction > 1.0 {
                    String::from(
                        "remove the marks by hand, which keep what a planner would not, or the `fraction`",
                    )
                } else {
                    format!("write `fraction = {least_fraction:.3}`")
                };
                (message, fix)
            }
        };
        let asked = graph.asked.as_ref();
        let mut fix = fix;
        for (bound, more) in [
            (asked.is_some_and(|asked| asked.max.is_some()), "a larger `max`"),
            (asked.is_some_and(|asked| asked.min_interval.is_some()), "a smaller `min_interval`"),
            (by_hand && !fix.contains("marks by hand"), "fewer marks by hand"),
        ] {
            if bound {
                fix = format!("{fix}, or {more}");
            }
        }
        let also = self.fullest(planned).map(|run| {
            let (node, kind) = (&graph.nodes[training.nodes[run.node].layer], run.kind.word());
            (node.span, format!("the least that a step can take is set by the {kind} of `{}` -- see the mark on the model", node.path))
        });
        Defect { message, fix: Some(fix), span: Some(self.budget.span), also }
    }

    /// The kernel call in which a program takes the most.
    fn fullest<'p>(&self, planned: &'p Planned) -> Option<&'p Run> {
        let own = planned.layouts[self.budget.width].buffers.iter();
        let own = own.filter(|placed| placed.region == Region::PerSample);
        let (_, at) = fullest(own.map(|placed| (placed.first, placed.last, placed.lines)));
        planned.program.run_at(at)
    }
}

/// What is allowed, and what is more than that, for people: to the byte where rounding would hide that they differ.
fn apart(allowed: u64, more: u64) -> [String; 2] {
    let rounded = [allowed, more].map(|bytes| Rounded(bytes).to_string());
    if rounded[0] == rounded[1] { [allowed, more].map(|bytes| format!("{bytes} B")) } else { rounded }
}

/// Bytes for people, rounded up, as a budget can be written.
struct Rounded(u64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.0;
        let (unit, name) = match bytes {
            0..1024 => return write!(f, "{bytes} B"),
            1024..1_048_576 => (1u64 << 10, "KiB"),
            1_048_576..1_073_741_824 => (1 << 20, "MiB"),
            _ => (1 << 30, "GiB"),
        };
        let (whole, rest) = (bytes / unit, bytes % unit);
        // Hundredths, and one more for what is left.
        let hundredths = (rest * 100).div_ceil(unit);
        let (whole, hundredths) = if hundredths == 100 { (whole + 1, 0) } else { (whole, hundredths) };
        match hundredths {
            0 => write!(f, "{whole} {name}"),
            _ => write!(f, "{whole}.{hundredths:02} {name}"),
        }
    }
}

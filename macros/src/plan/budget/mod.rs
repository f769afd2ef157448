//! Plans for a budget: which boundaries and which dropped values make a step fit, in the least time.
//!
//! ```text
//! Problem ─units, ways→ Chain ─solve→ Schedules ┐
//!                    boundaries every k stages ─┴→ Choices ─schedule→ Offers ─layout→ the fastest that fits
//! ```
//!
//! The offers do not depend on the budget, and of two neither takes more memory and more time than the other.
//! So less budget never takes more memory, and more budget never takes more time.

pub(crate) mod chain;
pub(crate) mod choice;
mod part;
mod search;
mod units;
mod ways;

use std::ops::Range;

use super::layout::Widths;
use super::problem::{NodeId, Problem};
use super::schedule::Training;
use choice::Choice;
use part::{last_readers, peaks, recompute_time};
use search::{insert, search};
use units::{Gaps, join};
use ways::{Chains, FEW, MANY};

/// How many nodes are scheduled in all to find the offers of a large model; of a small one there are [`MOST`].
const NODES: usize = 120_000;
/// The most choices that are scheduled, and the fewest.
const MOST: usize = 160;
const FEWEST: usize = 16;

/// What a planner may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The most boundaries.
    pub(crate) max: Option<usize>,
    /// The fewest stages between two.
    pub(crate) min_interval: Option<usize>,
}

/// A plan to choose.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) choice: Choice,
    /// Bytes per sample that are live at once.
    pub(crate) live: u64,
    /// Time of what is recomputed.
    pub(crate) time: u64,
}

/// The plans on offer, from the fastest to the one that takes the least memory.
pub(crate) fn offers(problem: &Problem, bounds: Bounds, widths: Widths) -> Vec<Offer> {
    let most = (NODES / problem.nodes.len().max(1)).clamp(FEWEST, MOST);
    let mut choices = vec![Choice::default()];
    let last = last_readers(problem);
    let stages = stages(problem);
    let mut chains = Chains::new(widths);
    let gaps = Gaps::new(problem, &last, widths);
    let units = join(gaps.refine(stages.clone(), FEW), MANY);
    let mut uniform = uniform(&stages, most / 4);
    choices.append(&mut uniform);
    choices.extend(chains.plans(problem, &units, most - choices.len().min(most / 2)));
    let mut offers = Vec::new();
    for choice in choices {
        insert(&mut offers, offer(problem, choice, widths));
    }
    if bounds == Bounds::default() {
        search(problem, &mut offers, widths);
    }
    offers
}

/// What a choice comes to.
pub(crate) fn offer(problem: &Problem, choice: Choice, widths: Widths) -> Offer {
    let mut chosen = problem.clone();
    choice.apply(&mut chosen, 0);
    let program = Training::new(&chosen, true).best();
    let (_, live) = peaks(&chosen, &program, widths);
    Offer { choice, live, time: recompute_time(&chosen, &program) }
}

/// The stages; the whole, if there are none.
fn stages(problem: &Problem) -> Vec<Range<NodeId>> {
    if problem.stages.is_empty() { vec![0..problem.nodes.len()] } else { problem.stages.clone() }
}

/// A boundary every k stages, for up to `most` k.
fn uniform(stages: &[Range<NodeId>], most: usize) -> Vec<Choice> {
    let mut choices = Vec::new();
    let mut interval = 1;
    while interval < stages.len() {
        let segments = stages.chunks(interval).map(|run| run[0].start..run[run.len() - 1].end);
        choices.push(Choice { segments: segments.collect(), ..Choice::default() });
        interval += interval.div_ceil(most.max(1)).max(1);
    }
    choices
}

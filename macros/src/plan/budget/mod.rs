//! Plans for a budget: which boundaries and which dropped values make a step fit, in the least time.
//!
//! ```text
//! Problem ─units, ways→ Chain ─solve→ Schedules ┐
//!                    boundaries every k stages ─┴→ Choices ─schedule→ Offers ─layout→ the fastest that fits
//! ```
//!
//! The offers do not depend on the budget, and of two neither takes more memory and more time than the other.
//! So less budget never takes more memory, and more budget never takes more time.

mod bounds;
pub(crate) mod chain;
pub(crate) mod choice;
mod marks;
mod part;
mod search;
mod units;
mod ways;

use std::ops::Range;

use super::layout::Widths;
use super::problem::{NodeId, Problem, ValueId};
use super::schedule::Training;
use crate::beside::beside;
pub(crate) use bounds::Bounds;
use choice::Choice;
use marks::Marks;
use part::{Last, peaks, recompute_time};
use search::{insert, search};
use units::{Gaps, join};
use ways::{Chains, FEW, MANY};

/// How many nodes are scheduled in all to find the offers of a large model; of a small one there are [`MOST`].
const NODES: usize = 120_000;
/// The most choices that are scheduled, and the fewest.
const MOST: usize = 160;
const FEWEST: usize = 10;
/// The most nodes of a model of which more is tried.
const SMALL: usize = 200;

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
///
/// # Errors
/// If a thread of its own panics.
pub(crate) fn offers(problem: &Problem, bounds: Bounds, widths: Widths) -> Result<Vec<Offer>, String> {
    let most = (NODES / problem.nodes.len().max(1)).clamp(FEWEST, MOST);
    let stages = stages(problem);
    let gaps = Gaps::new(problem, &Last::new(problem), widths);
    let mut choices = uniform(&stages, most / 4);
    choices.push(Choice::default());
    if bounds == Bounds::default() {
        let units = join(gaps.refine(stages.clone(), FEW), MANY);
        choices.extend(Chains::new(widths, false).plans(problem, &units, most - choices.len()));
        if problem.nodes.len() <= SMALL {
            choices.extend(between_stages(problem, &stages, &gaps, widths, MOST));
        }
    } else {
        let mut chains = Chains::new(widths, true);
        let partitions = bounds.partitions(&stages, &gaps);
        let each = most / partitions.len().max(1);
        for units in partitions {
            choices.extend(chains.plans(problem, &join(units, MANY), each.max(4)));
        }
        choices.retain(|choice| bounds.hold(choice, &stages));
    }
    let marks = Marks::new(problem);
    choices.retain(|choice| marks.allow(choice));
    let (front, back) = choices.split_at(choices.len() / 2);
    let offer_each = |choices: &[Choice]| -> Vec<Offer> {
        let mut trial = Trial::new(problem, widths);
        choices.iter().filter_map(|choice| trial.offer(choice.clone())).collect()
    };
    let (front, back) = beside(|| offer_each(front), || offer_each(back))?;
    let mut offers = Vec::new();
    front.into_iter().chain(back).for_each(|offer| insert(&mut offers, offer));
    if bounds == Bounds::default() {
        search(problem, &marks, &mut offers, widths);
    }
    Ok(offers)
}

/// Tries choices on one problem.
pub(crate) struct Trial<'a> {
    problem: &'a Problem,
    chosen: Problem,
    widths: Widths,
    /// Values that marks by hand drop.
    marked: Vec<ValueId>,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(problem: &'a Problem, widths: Widths) -> Self {
        let training = Training::new(problem, true);
        let marked = problem.nodes.iter().filter(|node| node.recompute).filter_map(|node| node.makes.first());
        let marked = marked.copied().filter(|&value| !training.keeps(value)).collect();
        Self { problem, chosen: problem.clone(), widths, marked }
    }

    /// What a choice comes to; nothing if it keeps what a mark by hand drops and would drop without it.
    pub(crate) fn offer(&mut self, mut choice: Choice) -> Option<Offer> {
        choice.segments.sort_by_key(|run| (run.start, std::cmp::Reverse(run.end)));
        choice.apply(&mut self.chosen, 0);
        let training = Training::new(&self.chosen, true);
        let overrules = self.marked.iter().any(|&value| training.keeps(value));
        let offer = (!overrules).then(|| {
            let program = training.best();
            let (_, live) = peaks(&self.chosen, &program, self.widths);
            Offer { live, time: recompute_time(&self.chosen, &program), choice: choice.clone() }
        });
        choice.undo(&mut self.chosen, self.problem);
        offer
    }
}

/// The stages; the whole, if there are none.
fn stages(problem: &Problem) -> Vec<Range<NodeId>> {
    if problem.stages.is_empty() {
        std::iter::once(0..problem.nodes.len()).collect()
    } else {
        problem.stages.clone()
    }
}

/// Up to `most` plans whose boundaries all stand between stages, most of them of few: what a chain of finer units does
/// not get to.
fn between_stages(
    problem: &Problem,
    stages: &[Range<NodeId>],
    gaps: &Gaps,
    widths: Widths,
    most: usize,
) -> Vec<Choice> {
    /// How many boundaries.
    const BOUNDARIES: [usize; 4] = [1, 2, 3, 5];
    let bounds = BOUNDARIES.map(|max| Bounds { max: Some(max), ..Bounds::default() });
    let mut partitions: Vec<_> = bounds.iter().flat_map(|bounds| bounds.partitions(stages, gaps)).collect();
    partitions.sort_by_key(|units| units.iter().map(|unit| unit.start).collect::<Vec<_>>());
    partitions.dedup();
    let each = most / partitions.len().max(1);
    if each == 0 {
        return vec![];
    }
    let mut chains = Chains::new(widths, true);
    partitions.iter().flat_map(|units| chains.plans(problem, units, each)).collect()
}

/// A boundary every k stages, for up to `most` k: all, or about as many in each doubling of k.
fn uniform(stages: &[Range<NodeId>], most: usize) -> Vec<Choice> {
    let last = stages.len().saturating_sub(1);
    let growth = (last as f64).powf(1.0 / most.max(1) as f64);
    let mut intervals: Vec<usize> = if last <= most {
        (1..=last).collect()
    } else {
        (0..most).map(|i| growth.powf(i as f64) as usize).collect()
    };
    intervals.dedup();
    let choice = |interval| {
        let segments = stages.chunks(interval).map(|run| run[0].start..run[run.len() - 1].end);
        Choice { segments: segments.collect(), ..Choice::default() }
    };
    intervals.into_iter().map(choice).collect()
}

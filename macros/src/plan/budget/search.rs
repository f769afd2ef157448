//! Plans near other plans: what a chain of units does not see.
//!
//! A Pareto local search (Paquete, Chiarandini, Stützle 2004): of the plans that no other beats, each is changed in
//! every single way, and what is not beaten then joins them, until all are tried or the work is done. First come those
//! where the plans are furthest apart.

use super::choice::Choice;
use super::marks::Marks;
use super::{Offer, Trial};
use crate::plan::layout::Widths;
use crate::plan::problem::{NodeId, Problem};

/// How many nodes are scheduled in all, about, to try changes.
const NODES: usize = 20_000;

/// Improves `offers`, of which none beats another.
pub(crate) fn search(problem: &Problem, marks: &Marks, offers: &mut Vec<Offer>, widths: Widths) {
    let mut left = NODES / problem.nodes.len().max(1);
    let mut tried: Vec<Choice> = Vec::new();
    let droppable = droppable(problem);
    // A large model has too many plans to change any.
    if left < 8 * droppable.len() {
        return;
    }
    let mut trial = Trial::new(problem, widths);
    while let Some(next) = widest(offers, &tried).cloned() {
        tried.push(next.choice.clone());
        let changes = changes(&next.choice, &droppable, problem);
        for change in changes.into_iter().filter(|change| marks.allow(change)) {
            if left == 0 {
                return;
            }
            left -= 1;
            trial.offer(change).into_iter().for_each(|offer| insert(offers, offer));
        }
    }
}

/// Of the offers that were not tried, the one at the largest step, in memory times time, to one beside it: for a budget
/// between the two a better plan would gain the most.
fn widest<'a>(offers: &'a [Offer], tried: &[Choice]) -> Option<&'a Offer> {
    let step = |[one, other]: &[Offer; 2]| {
        u128::from(one.time.abs_diff(other.time)) * u128::from(one.live.abs_diff(other.live))
    };
    let steps: Vec<u128> = offers.array_windows().map(step).collect();
    let beside = |at: usize| {
        let before = at.checked_sub(1).map_or(0, |before| steps[before]);
        before.max(steps.get(at).copied().unwrap_or(0))
    };
    let untried = (0..offers.len()).filter(|&at| !tried.contains(&offers[at].choice));
    untried.max_by_key(|&at| (beside(at), std::cmp::Reverse(at))).map(|at| &offers[at])
}

/// Adds an offer unless one beats it, and removes those that it beats.
pub(crate) fn insert(offers: &mut Vec<Offer>, new: Offer) {
    if offers.iter().any(|offer| offer.time <= new.time && offer.live <= new.live) {
        return;
    }
    offers.retain(|offer| offer.time < new.time || offer.live < new.live);
    let at = offers.partition_point(|offer| offer.time < new.time);
    offers.insert(at, new);
}

/// Nodes whose value a plan may drop or keep: others or its own backward read it.
fn droppable(problem: &Problem) -> Vec<NodeId> {
    let free = |&id: &NodeId| {
        let node = &problem.nodes[id];
        !node.recompute && !node.restores && !node.makes.contains(&problem.loss)
    };
    (0..problem.nodes.len()).filter(free).collect()
}

/// Every plan that differs in one thing.
fn changes(choice: &Choice, droppable: &[NodeId], problem: &Problem) -> Vec<Choice> {
    let nodes = problem.nodes.len();
    let is_joined = |at: usize| at < nodes && problem.is_joined(at);
    let mut changes = Vec::new();
    for &id in droppable {
        for stored in [false, true] {
            let mut change = choice.clone();
            let list = if stored { &mut change.stored } else { &mut change.dropped };
            match list.iter().position(|&other| other == id) {
                Some(at) => drop(list.remove(at)),
                None => list.push(id),
            }
            changes.push(change);
        }
    }
    for index in 0..choice.segments.len() {
        let mut without = choice.clone();
        let run = without.segments.remove(index);
        let mut moved = vec![
            (run.start.checked_sub(1), Some(run.end)),
            (Some(run.start + 1), Some(run.end)),
            (Some(run.start), run.end.checked_sub(1)),
            (Some(run.start), Some(run.end + 1)),
        ];
        // Over the one before it, which is recomputed again inside it then; or behind that, if it is there.
        for other in &without.segments {
            moved.extend((other.end == run.start).then_some((Some(other.start), Some(run.end))));
            let inside = other.start == run.start && other.end < run.end;
            moved.extend(inside.then_some((Some(other.end), Some(run.end))));
        }
        for (start, end) in moved {
            let (Some(start), Some(end)) = (start, end.filter(|end| *end <= nodes)) else { continue };
            let fits = |other: &std::ops::Range<NodeId>| {
                other.end <= start
                    || end <= other.start
                    || (start <= other.start && other.end <= end)
                    || (other.start <= start && end <= other.end)
            };
            if start < end && !is_joined(start) && !is_joined(end) && without.segments.iter().all(fits) {
                let mut change = without.clone();
                change.segments.push(start..end);
                changes.push(change);
            }
        }
        changes.push(without);
    }
    changes
}

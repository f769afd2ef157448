//! The ways to run a part: what of its inside is kept.

use std::rc::Rc;

use super::chain::{self, Chain, Schedule, Unit, Way};
use super::choice::Choice;
use super::part::{Last, Part, bytes};
use super::units::{Gaps, join};
use crate::plan::layout::Widths;
use crate::plan::problem::{NodeId, Problem, ValueId};

/// The most nodes of a part whose values are looked at one by one.
const SMALL: usize = 16;
/// The most values that may be dropped or not in all combinations.
const COMBINED: usize = 6;
/// The most ways of a unit that a chain chooses from.
const WAYS: usize = 8;
/// The most recomputes of a plan, unless a model needs more to run again a few times: each is a row of its tables.
const STEPS: usize = 50_000;
/// How many units a chain has if it can: fewer are cut, more are joined.
pub(crate) const FEW: usize = 24;
pub(crate) const MANY: usize = 100;

/// What is known of a unit of a chain.
pub(crate) struct Known {
    part: Part,
    unit: Unit,
    choices: Vec<Choice>,
}

/// Builds chains, and remembers the units it has seen.
pub(crate) struct Chains {
    widths: Widths,
    /// Units have no boundaries inside.
    flat: bool,
    known: Vec<Rc<Known>>,
}

impl Chains {
    pub(crate) fn new(widths: Widths, flat: bool) -> Self {
        Self { widths, flat, known: Vec::new() }
    }

    /// Up to `most` plans for `problem`, from the one that takes the least memory to the fastest, whose
    /// boundaries stand between `units`.
    pub(crate) fn plans(
        &mut self,
        problem: &Problem,
        units: &[std::ops::Range<NodeId>],
        most: usize,
    ) -> Vec<Choice> {
        let last = Last::new(problem);
        let known: Vec<Rc<Known>> =
            units.iter().map(|unit| self.known(Part::new(problem, unit.clone(), &last))).collect();
        let chain = Chain {
            units: known.iter().map(|known| known.unit.clone()).collect(),
            crossing: self.crossing(problem, units, &last.reads),
            gradient: self.gradients(problem, units, &last.grads),
            fixed: fixed(problem, units),
        };
        let solved = chain::solve(&chain);
        let schedules = solved.points.iter().map(|point| solved.schedule(point));
        let steps = |schedule: &Schedule| -> usize {
            schedule.segments.iter().map(|run| units[run.end - 1].end - units[run.start].start).sum()
        };
        let schedules: Vec<Schedule> =
            schedules.filter(|schedule| steps(schedule) <= STEPS.max(4 * problem.nodes.len())).collect();
        let plan = |schedule: &Schedule| {
            let mut choice = Choice::default();
            for run in &schedule.segments {
                choice.segments.push(units[run.start].start..units[run.end - 1].end);
            }
            for ((unit, known), way) in units.iter().zip(&known).zip(&schedule.ways) {
                choice.extend(&known.choices[*way], unit.start);
            }
            choice
        };
        spread(&schedules, most).map(plan).collect()
    }

    fn crossing(
        &self,
        problem: &Problem,
        units: &[std::ops::Range<NodeId>],
        last: &[NodeId],
    ) -> Vec<Vec<u64>> {
        let end = units.last().map_or(0, |unit| unit.end);
        let unit_at = |node: NodeId| units.partition_point(|unit| unit.end <= node);
        // For each unit, what it makes by the unit that is the last to read it.
        let mut made = vec![vec![0u64; units.len() + 1]; units.len()];
        for (value, &last) in problem.values.iter().zip(last) {
            if let Some(maker) = value.made_by.filter(|&maker| maker < end) {
                made[unit_at(maker)][unit_at(last.max(1) - 1).min(units.len())] +=
                    bytes(self.widths, value.size);
            }
        }
        // What unit s makes and a unit from j on reads, for each s and j; then its sum over s.
        for made in &mut made {
            for j in (0..units.len()).rev() {
                made[j] += made[j + 1];
            }
        }
        let mut crossing = Vec::with_capacity(units.len());
        for first in 0..units.len() {
            let sums = (first + 1..=units.len()).map(|j| made[first..j].iter().map(|made| made[j]).sum());
            crossing.push(sums.collect());
        }
        crossing
    }

    /// Bytes of the gradients of what crosses the end of each unit.
    fn gradients(&self, problem: &Problem, units: &[std::ops::Range<NodeId>], last: &[NodeId]) -> Vec<u64> {
        let crosses = |value: ValueId, end: NodeId| {
            problem.values[value].made_by.is_some_and(|maker| maker < end) && last[value] > end
        };
        let mut live: Vec<ValueId> = Vec::new();
        let mut gradients = Vec::with_capacity(units.len());
        for unit in units {
            let made = problem.nodes[unit.clone()].iter().filter_map(|node| node.makes.first());
            live.extend(made.filter(|&&value| problem.values[value].grad));
            live.retain(|&value| crosses(value, unit.end));
            gradients.push(live.iter().map(|&value| bytes(self.widths, problem.values[value].size)).sum());
        }
        gradients
    }

    /// What is known of a unit that is this part.
    fn known(&mut self, part: Part) -> Rc<Known> {
        if let Some(known) = self.known.iter().find(|known| known.part == part) {
            return known.clone();
        }
        let mut ways: Vec<(Choice, Way)> = Vec::new();
        for choice in self.choices(&part) {
            let way = part.way(&choice, self.widths);
            ways.push((choice, way));
        }
        let ways = best(ways);
        let (pass, over) = part.pass(self.widths);
        let (choices, ways) = ways.into_iter().unzip();
        let known = Rc::new(Known { part, unit: Unit { pass, over, ways }, choices });
        self.known.push(known.clone());
        known
    }

    /// What may be dropped of a part.
    fn choices(&mut self, part: &Part) -> Vec<Choice> {
        let droppable = part.droppable();
        if part.nodes > SMALL {
            let units = match part.problem.stages.len() {
                _ if self.flat => vec![],
                0 | 1 => {
                    let gaps = Gaps::new(&part.problem, &Last::new(&part.problem), self.widths);
                    let whole = 0..part.nodes;
                    gaps.refine(vec![whole], FEW)
                }
                _ => join(part.problem.stages.clone(), FEW),
            };
            // Where it may not be cut, it is one thing.
            if units.len() < 2 {
                return self.ladder(part, merged(&part.problem, alike(&part.problem, droppable)));
            }
            let mut choices = self.plans(&part.problem, &units, 4 * WAYS);
            choices.push(Choice::default());
            return choices;
        }
        if droppable.len() <= COMBINED {
            let subset = |bits: usize| Choice {
                dropped: droppable
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| bits >> i & 1 == 1)
                    .map(|(_, &id)| id)
                    .collect(),
                ..Choice::default()
            };
            return (0..1 << droppable.len()).map(subset).collect();
        }
        self.ladder(part, droppable.into_iter().map(|id| vec![id]).collect())
    }

    /// From keeping all, drops some values after others, each time those that save the most for their time.
    fn ladder(&self, part: &Part, mut droppable: Vec<Vec<NodeId>>) -> Vec<Choice> {
        let mut ladder = vec![Choice::default()];
        let mut now = part.way(&ladder[0], self.widths);
        while !droppable.is_empty() {
            let mut best: Option<(u128, usize, Choice, Way)> = None;
            for (index, nodes) in droppable.iter().enumerate() {
                let mut choice = ladder[ladder.len() - 1].clone();
                choice.dropped.extend(nodes);
                let way = part.way(&choice, self.widths);
                let saved = u128::from(now.kept.saturating_sub(way.kept)) << 32;
                let worth = saved / (1 + u128::from(way.time.saturating_sub(now.time)));
                if best.as_ref().is_none_or(|(most, ..)| worth > *most) {
                    best = Some((worth, index, choice, way));
                }
            }
            let Some((worth, index, choice, way)) = best else { break };
            if worth == 0 {
                break;
            }
            droppable.swap_remove(index);
            ladder.push(choice);
            now = way;
        }
        ladder
    }
}

/// The most groups of values that are dropped one after another in every order.
const GROUPS: usize = 16;

/// Joins groups until there are few, those together that save about as much for their time.
fn merged(problem: &Problem, groups: Vec<Vec<NodeId>>) -> Vec<Vec<NodeId>> {
    if groups.len() <= GROUPS {
        return groups;
    }
    let worth = |group: &Vec<NodeId>| {
        let node = &problem.nodes[group[0]];
        let saved = node.makes.first().map_or(0, |&value| problem.values[value].size.f32_bytes());
        (u128::from(saved) << 32) / (1 + u128::from(node.time))
    };
    let mut sorted = groups;
    sorted.sort_by_key(|group| std::cmp::Reverse(worth(group)));
    sorted.chunks(sorted.len().div_ceil(GROUPS)).map(<[_]>::concat).collect()
}

/// Nodes by what dropping one saves and costs.
fn alike(problem: &Problem, nodes: Vec<NodeId>) -> Vec<Vec<NodeId>> {
    let mut alike: Vec<Vec<NodeId>> = Vec::new();
    for id in nodes {
        let same = |other: NodeId| {
            let (a, b) = (&problem.nodes[id], &problem.nodes[other]);
            let size = |values: &[ValueId]| values.first().map(|&value| problem.values[value].size);
            a.time == b.time && size(&a.makes) == size(&b.makes)
        };
        match alike.iter_mut().find(|group| same(group[0])) {
            Some(group) => group.push(id),
            None => alike.push(vec![id]),
        }
    }
    alike
}

/// Hand-placed segments that begin and end between `units`, as runs of them.
fn fixed(problem: &Problem, units: &[std::ops::Range<NodeId>]) -> Vec<std::ops::Range<usize>> {
    let run = |segment: &crate::plan::problem::Segment| {
        let first = units.iter().position(|unit| unit.start == segment.nodes.start)?;
        let last = units.iter().position(|unit| unit.end == segment.nodes.end)?;
        Some(first..last + 1)
    };
    problem.segments.iter().filter_map(run).collect()
}

/// Those that no other beats, at most [`WAYS`], the fastest first.
fn best(mut ways: Vec<(Choice, Way)>) -> Vec<(Choice, Way)> {
    ways.sort_by_key(|(choice, way)| (way.time, way.kept, way.kept + way.over, choice.dropped.len()));
    let mut best: Vec<(Choice, Way)> = Vec::new();
    let (mut kept, mut peak) = (u64::MAX, u64::MAX);
    for (choice, way) in ways {
        let whole = way.kept.saturating_add(way.over);
        if way.kept < kept || whole < peak {
            (kept, peak) = (kept.min(way.kept), peak.min(whole));
            best.push((choice, way));
        }
    }
    if best.len() > WAYS {
        let hull = hull(&best);
        let chosen: Vec<usize> = spread(&hull, WAYS).copied().collect();
        let mut index = 0;
        best.retain(|_| {
            index += 1;
            chosen.contains(&(index - 1))
        });
    }
    best
}

/// Those that save the most for their time, whatever that is worth: the lower convex hull of what is kept over time.
fn hull(ways: &[(Choice, Way)]) -> Vec<usize> {
    let mut hull: Vec<usize> = Vec::new();
    let point = |at: usize| (i128::from(ways[at].1.time), i128::from(ways[at].1.kept));
    for next in 0..ways.len() {
        while let [.., a, b] = hull[..] {
            let ((xa, ya), (xb, yb), (xn, yn)) = (point(a), point(b), point(next));
            if (xb - xa) * (yn - ya) > (yb - ya) * (xn - xa) {
                break;
            }
            hull.pop();
        }
        hull.push(next);
    }
    hull
}

/// At most `most` of these, the first and the last among them.
fn spread<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let count = all.len().min(most.max(2));
    (0..count).map(move |i| if count > 1 { &all[i * (all.len() - 1) / (count - 1)] } else { &all[i] })
}

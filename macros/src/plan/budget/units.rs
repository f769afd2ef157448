//! Where a planner may place boundaries.

use std::ops::Range;

use super::part::{Last, bytes};
use crate::plan::layout::Widths;
use crate::plan::problem::{NodeId, Problem};

/// What crosses the gaps between nodes.
pub(crate) struct Gaps {
    /// Bytes made before each node and read at it or later.
    crossing: Vec<u64>,
    /// Bytes made by the nodes before each, and by all.
    made: Vec<u64>,
    /// Segments by hand, which are not cut in two.
    by_hand: Vec<Range<NodeId>>,
    /// Nodes before which no boundary stands.
    joined: Vec<NodeId>,
}

impl Gaps {
    /// Of all nodes.
    pub(crate) fn new(problem: &Problem, last: &Last, widths: Widths) -> Self {
        let count = problem.nodes.len();
        let mut change = vec![(0u64, 0u64); count + 1];
        let mut made = vec![0; count + 1];
        for (id, node) in problem.nodes.iter().enumerate() {
            made[id + 1] = made[id];
            for &value in &node.makes {
                let size = bytes(widths, problem.values[value].size);
                made[id + 1] += size;
                if last.reads[value] > id + 1 {
                    change[id + 1].0 += size;
                    change[last.reads[value]].1 += size;
                }
            }
        }
        let mut live = 0;
        let crossing = change.iter().map(|(born, gone)| {
            live = live + born - gone;
            live
        });
        let joined = (0..count).filter(|&id| problem.is_joined(id)).collect();
        let by_hand = problem.segments.iter().map(|segment| segment.nodes.clone()).collect();
        Self { crossing: crossing.collect(), made, by_hand, joined }
    }

    /// Cuts the longest of `units` where little crosses, until there are about `wanted` or each is a node.
    pub(crate) fn refine(&self, mut units: Vec<Range<NodeId>>, wanted: usize) -> Vec<Range<NodeId>> {
        loop {
            let most = units.iter().map(|unit| self.inside(unit)).max().unwrap_or(0);
            // Equal units are cut together, so that they stay equal.
            let cut = |unit: &Range<NodeId>| most > 0 && self.inside(unit) == most;
            let longest = units.iter().filter(|unit| cut(unit)).count();
            if longest == 0 || (units.len() + longest > wanted && units.len() > 1) {
                return units;
            }
            units = units
                .into_iter()
                .flat_map(|unit| {
                    let at = if cut(&unit) { self.best_cut(&unit) } else { unit.end };
                    [unit.start..at, at..unit.end].into_iter().filter(|part| !part.is_empty())
                })
                .collect();
        }
    }

    /// Bytes that some nodes make.
    pub(crate) fn made(&self, nodes: Range<NodeId>) -> u64 {
        self.made[nodes.end] - self.made[nodes.start]
    }

    /// What weighs in a unit: bytes, if there is more than a node to cut between.
    fn inside(&self, unit: &Range<NodeId>) -> u64 {
        if self.between(unit).next().is_none() { 0 } else { 1 + self.made(unit.clone()) }
    }

    /// Nodes before which a unit may be cut.
    fn between(&self, unit: &Range<NodeId>) -> impl Iterator<Item = NodeId> {
        let inside = |run: &&Range<NodeId>| {
            run.start < unit.end && unit.start < run.end && !(run.start <= unit.start && unit.end <= run.end)
        };
        let whole: Vec<&Range<NodeId>> = self.by_hand.iter().filter(inside).collect();
        let apart = move |&at: &NodeId| whole.iter().all(|run| at <= run.start || run.end <= at);
        (unit.start + 1..unit.end).filter(apart).filter(|at| self.joined.binary_search(at).is_err())
    }

    /// Of the gaps that little crosses, the one that leaves equal halves.
    fn best_cut(&self, unit: &Range<NodeId>) -> NodeId {
        let gaps: Vec<NodeId> = self.between(unit).collect();
        let least = gaps.iter().map(|&at| self.crossing[at]).min().unwrap_or(0);
        let few = gaps.into_iter().filter(|&at| self.crossing[at] <= least.saturating_add(least / 4));
        let uneven = |at: &NodeId| self.made(unit.start..*at).abs_diff(self.made(*at..unit.end));
        few.min_by_key(uneven).unwrap_or(unit.end)
    }
}

/// Joins neighbours so that there are at most `most`, those that look alike first.
pub(crate) fn join(units: Vec<Range<NodeId>>, most: usize) -> Vec<Range<NodeId>> {
    let mut joined = units;
    while joined.len() > most.max(1) {
        let mut runs: Vec<Vec<Range<NodeId>>> = Vec::new();
        for unit in joined {
            match runs.last_mut() {
                Some(run) if run[0].len() == unit.len() => run.push(unit),
                _ => runs.push(vec![unit]),
            }
        }
        let longest = runs.iter().map(Vec::len).max().unwrap_or(1);
        joined = if longest == 1 {
            pairs(runs.concat())
        } else {
            runs.into_iter().flat_map(|run| if run.len() * 2 > longest { pairs(run) } else { run }).collect()
        };
    }
    joined
}

fn pairs(units: Vec<Range<NodeId>>) -> Vec<Range<NodeId>> {
    units.chunks(2).map(|pair| pair[0].start..pair[pair.len() - 1].end).collect()
}

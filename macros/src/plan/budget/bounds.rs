//! `max` and `min_interval`: what a planner may place.

use std::ops::Range;

use super::choice::Choice;
use super::units::Gaps;
use crate::plan::problem::NodeId;

/// How many ways of dividing the stages a chain is solved for, to hold a smallest interval.
const OFFSETS: usize = 4;

/// What a planner may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The most boundaries.
    pub(crate) max: Option<usize>,
    /// The fewest stages between two.
    pub(crate) min_interval: Option<usize>,
}

impl Bounds {
    /// Whether a choice keeps to them: its boundaries are where its segments begin and end.
    pub(crate) fn hold(self, choice: &Choice, stages: &[Range<NodeId>]) -> bool {
        let end = stages.last().map_or(0, |stage| stage.end);
        let mut cuts: Vec<NodeId> = choice.segments.iter().flat_map(|run| [run.start, run.end]).collect();
        cuts.retain(|&cut| cut != 0 && cut != end);
        cuts.sort_unstable();
        cuts.dedup();
        let stage = |cut: NodeId| stages.partition_point(|stage| stage.end <= cut);
        let interval = self.min_interval.unwrap_or(1);
        cuts.len() <= self.max.unwrap_or(usize::MAX)
            && cuts.windows(2).all(|pair| stage(pair[1]) - stage(pair[0]) >= interval)
    }

    /// Ways to divide the stages so that boundaries between the parts are far enough apart; some with so few
    /// parts that there are few enough.
    pub(crate) fn partitions(self, stages: &[Range<NodeId>], gaps: &Gaps) -> Vec<Vec<Range<NodeId>>> {
        let interval = self.min_interval.unwrap_or(1);
        let mut ends: Vec<Vec<usize>> = Vec::new();
        for offset in 0..interval.min(OFFSETS) {
            ends.push((1..).map(|i| i * interval + offset).take_while(|end| *end < stages.len()).collect());
        }
        if let Some(max) = self.max.filter(|max| *max < stages.len()) {
            let total = gaps.made(stages[0].start..stages[stages.len() - 1].end).max(1);
            let by_bytes = |part: usize| {
                let made = |end: &usize| gaps.made(stages[0].start..stages[*end].start);
                let wanted = u128::from(total) * part as u128 / (max as u128 + 1);
                (1..stages.len()).find(|end| u128::from(made(end)) >= wanted)
            };
            ends.push((1..=max).filter_map(by_bytes).collect());
            ends.push((1..=max).map(|part| part * stages.len() / (max + 1)).collect());
        }
        let partition = |ends: Vec<usize>| {
            let mut first = 0;
            let mut parts = Vec::new();
            for end in ends.into_iter().filter(|end| *end < stages.len()) {
                if end >= first + interval && (first > 0 || end > 0) {
                    parts.push(stages[first].start..stages[end - 1].end);
                    first = end;
                }
            }
            parts.push(stages[first].start..stages[stages.len() - 1].end);
            parts
        };
        ends.into_iter().map(partition).collect()
    }
}

//! What a planner decides.

use std::ops::Range;

use crate::plan::problem::{NodeId, Problem, Segment};

/// What is recomputed as one, and which values are dropped or kept apart from that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Runs of nodes, nested.
    pub(crate) segments: Vec<Range<NodeId>>,
    /// Nodes whose first value is not kept for a Backward.
    pub(crate) dropped: Vec<NodeId>,
    /// Nodes whose first value is kept for a recompute.
    pub(crate) stored: Vec<NodeId>,
}

impl Choice {
    /// Writes it into a problem whose node `first` is the first that it speaks of.
    pub(crate) fn apply(&self, problem: &mut Problem, first: NodeId) {
        let segments = self.segments.iter().map(|run| run.start + first..run.end + first);
        for nodes in segments {
            if !problem.segments.iter().any(|segment| segment.nodes == nodes) {
                problem.segments.push(Segment { nodes });
            }
        }
        self.dropped.iter().for_each(|&id| problem.nodes[id + first].recompute = true);
        self.stored.iter().for_each(|&id| problem.nodes[id + first].stored = true);
    }

    /// Makes `problem` again what `original` is, to which this was applied.
    pub(crate) fn undo(&self, problem: &mut Problem, original: &Problem) {
        problem.segments.truncate(original.segments.len());
        self.dropped.iter().for_each(|&id| problem.nodes[id].recompute = original.nodes[id].recompute);
        self.stored.iter().for_each(|&id| problem.nodes[id].stored = original.nodes[id].stored);
    }

    /// Adds another, whose node 0 is `first`.
    pub(crate) fn extend(&mut self, other: &Self, first: NodeId) {
        self.segments.extend(other.segments.iter().map(|run| run.start + first..run.end + first));
        self.dropped.extend(other.dropped.iter().map(|id| id + first));
        self.stored.extend(other.stored.iter().map(|id| id + first));
    }
}

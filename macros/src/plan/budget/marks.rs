//! Marks by hand, which a planner leaves as they are.

use std::ops::Range;

use super::choice::Choice;
use crate::plan::problem::{NodeId, Problem};

/// Segments by hand.
pub(crate) struct Marks {
    /// Those that begin and end between stages: their ends are boundaries that are kept, so nothing spans one.
    stages: Vec<Range<NodeId>>,
    /// Those inside of a stage, which may be recomputed with what is around them.
    inner: Vec<Range<NodeId>>,
}

impl Marks {
    pub(crate) fn new(problem: &Problem) -> Self {
        let stage = |run: &Range<NodeId>| {
            problem.stages.iter().any(|stage| stage.start == run.start)
                && problem.stages.iter().any(|stage| stage.end == run.end)
        };
        let runs = problem.segments.iter().map(|segment| segment.nodes.clone());
        let (stages, inner) = runs.partition(stage);
        Self { stages, inner }
    }

    /// Whether a choice has each segment inside or outside of each mark.
    pub(crate) fn allow(&self, choice: &Choice) -> bool {
        let apart = |a: &Range<NodeId>, b: &Range<NodeId>| a.end <= b.start || b.end <= a.start;
        let inside = |a: &Range<NodeId>, b: &Range<NodeId>| b.start <= a.start && a.end <= b.end;
        choice.segments.iter().all(|run| {
            self.stages.iter().all(|mark| apart(run, mark) || inside(run, mark))
                && self.inner.iter().all(|mark| apart(run, mark) || inside(run, mark) || inside(mark, run))
        })
    }
}

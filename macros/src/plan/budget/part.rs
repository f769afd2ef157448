//! A run of nodes as a problem of its own, and what it costs to run it one way or another.

use std::ops::Range;

use super::chain::Way;
use super::choice::Choice;
use crate::plan::layout::Widths;
use crate::plan::problem::{
    Backward, Class, Extent, Node, NodeId, Over, Problem, Segment, Size, Value, ValueId,
};
use crate::plan::program::{Kind, Program, Step};
use crate::plan::schedule::{self, Training};

/// Bytes per sample of what a plan is judged by; what is fixed takes none.
pub(crate) fn bytes(widths: Widths, size: Size) -> u64 {
    if size.is_per_sample() { widths.lines(size).unwrap_or(0).saturating_mul(widths.line) } else { 0 }
}

/// For each value, one past the last node that has to do with it; 0 if none has.
pub(crate) struct Last {
    /// Whose forward or backward reads it.
    pub(crate) reads: Vec<NodeId>,
    /// Whose backward gives its gradient.
    pub(crate) grads: Vec<NodeId>,
}

impl Last {
    pub(crate) fn new(problem: &Problem) -> Self {
        let none = vec![0; problem.values.len()];
        let mut last = Self { reads: none.clone(), grads: none };
        for (id, node) in problem.nodes.iter().enumerate() {
            let backward = node.backward.iter();
            for &value in node.reads.iter().chain(backward.clone().flat_map(|backward| &backward.reads)) {
                last.reads[value] = id + 1;
            }
            backward.flat_map(Backward::gives).for_each(|value| last.grads[value] = id + 1);
        }
        for &value in problem.outputs.iter().chain([&problem.loss]) {
            last.reads[value] = problem.nodes.len();
        }
        last
    }
}

/// Some consecutive nodes, alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// What they read comes from outside; if others read what they make, a last node reads all of that, and
    /// its backward makes the gradients.
    pub(crate) problem: Problem,
    /// How many nodes are its own.
    pub(crate) nodes: usize,
    /// Values that nodes after it read.
    pub(crate) crossing: Vec<ValueId>,
}

impl Part {
    /// The nodes in `range`.
    pub(crate) fn new(problem: &Problem, range: Range<NodeId>, last: &Last) -> Self {
        let mut known = vec![None; problem.values.len()];
        let mut part = Problem::default();
        // A value of which only the gradient is made comes from nowhere.
        let mut take = |part: &mut Problem, value: ValueId, is_read: bool| {
            *known[value].get_or_insert_with(|| {
                let Value { size, made_by, grad, .. } = problem.values[value].clone();
                let made_by = made_by.filter(|maker| range.contains(maker)).map(|maker| maker - range.start);
                if made_by.is_none() && is_read {
                    part.inputs.push(part.values.len());
                }
                // A part is looked at for what it takes on the device.
                part.values.push(Value { size, made_by, grad, host: false });
                part.values.len() - 1
            })
        };
        let (mut crossing, mut grads) = (Vec::new(), Vec::new());
        for id in range.clone() {
            let node = &problem.nodes[id];
            let mut all = |values: &[ValueId], is_read| -> Vec<ValueId> {
                values.iter().map(|&value| take(&mut part, value, is_read)).collect()
            };
            let (reads, makes) = (all(&node.reads, true), all(&node.makes, true));
            let backward = node.backward.as_ref().map(|backward| Backward {
                reads: all(&backward.reads, true),
                // What is lent may cross parts, and only takes memory off each plan.
                grads: all(&backward.gives().collect::<Vec<_>>(), false),
                over: backward.over.map(|over| match over {
                    Over::Value(value) => Over::Value(all(&[value], true)[0]),
                    Over::Grad => Over::Grad,
                }),
                whole: backward.whole,
                scratch: backward.scratch.clone(),
                ..Backward::default()
            });
            for (&value, own) in node.makes.iter().zip(&makes) {
                crossing.extend((last.reads[value] > range.end).then_some(own));
                let outside = problem.values[value].grad && last.grads[value] > range.end;
                grads.extend(outside.then_some(own));
            }
            let epilogue = node.epilogue && id > range.start;
            let over = node.over && epilogue;
            part.nodes.push(Node { reads, makes, backward, epilogue, over, ..node.clone() });
        }
        let inside = |segment: &&Segment| {
            let Range { start, end } = segment.nodes;
            range.start <= start && end <= range.end && segment.nodes != range
        };
        let own = |nodes: &Range<NodeId>| nodes.start - range.start..nodes.end - range.start;
        part.segments =
            problem.segments.iter().filter(inside).map(|s| Segment { nodes: own(&s.nodes) }).collect();
        let stages = problem.stages.iter().filter(|s| range.start <= s.start && s.end <= range.end);
        part.stages = stages.map(own).collect();
        let nodes = part.nodes.len();
        match known[problem.loss] {
            Some(loss) if crossing.is_empty() => part.loss = loss,
            _ => close(&mut part, &crossing, grads),
        }
        Self { problem: part, nodes, crossing }
    }

    /// What it comes to to run it with `choice`.
    pub(crate) fn way(&self, choice: &Choice, widths: Widths) -> Way {
        let mut problem = self.problem.clone();
        choice.apply(&mut problem, 0);
        let sum = |values: &[ValueId]| -> u64 {
            values.iter().map(|&value| bytes(widths, problem.values[value].size)).sum()
        };
        let (outside, output) = (sum(&problem.inputs), sum(&self.crossing));
        let training = Training::new(&problem, true);
        let program = training.program(&training.asked());
        let (kept, peak) = peaks(&problem, &program, widths);
        let kept = kept.saturating_sub(outside);
        let time = self.forward_time().saturating_add(recompute_time(&problem, &program));
        let time_as_last = if self.crossing.is_empty() {
            time
        } else {
            // As one recomputed segment, it makes only what its backward reads.
            problem.segments.insert(0, Segment { nodes: 0..self.nodes });
            let training = Training::new(&problem, true);
            recompute_time(&problem, &training.program(&training.asked()))
        };
        let over = peak.saturating_sub(outside).saturating_sub(kept);
        Way { kept, kept_as_last: kept.saturating_sub(output), over, time, time_as_last }
    }

    /// Time of a forward that makes only what others read, and the bytes that it takes on top of that and of
    /// what it reads.
    pub(crate) fn pass(&self, widths: Widths) -> (u64, u64) {
        let program = schedule::forward(&self.problem, &self.crossing);
        let sum = |values: &mut dyn Iterator<Item = ValueId>| -> u64 {
            values.map(|value| bytes(widths, self.problem.values[value].size)).sum()
        };
        let around = sum(&mut self.problem.inputs.iter().chain(&self.crossing).copied());
        let nodes = program.runs().flat_map(|run| run.nodes());
        let time = nodes.fold(0u64, |sum, id| sum.saturating_add(self.problem.nodes[id].time));
        (time, peaks(&self.problem, &program, widths).1.saturating_sub(around))
    }

    /// Nodes whose value it keeps and might recompute from what it keeps.
    pub(crate) fn droppable(&self) -> Vec<NodeId> {
        let training = Training::new(&self.problem, true);
        let kept = |&id: &NodeId| {
            let node = &self.problem.nodes[id];
            !node.recompute
                && !node.restores
                && node
                    .makes
                    .first()
                    .is_some_and(|&value| training.keeps(value) && !self.crossing.contains(&value))
        };
        (0..self.nodes).filter(kept).collect()
    }

    fn forward_time(&self) -> u64 {
        self.problem.nodes.iter().fold(0, |sum, node| sum.saturating_add(node.time))
    }
}

/// Ends a part whose values are read outside with a node that reads them, and gives these gradients.
fn close(part: &mut Problem, crossing: &[ValueId], grads: Vec<ValueId>) {
    let size = Size { class: Class::Scalar, extent: Extent::Fixed(1) };
    part.loss = part.values.len();
    let (made_by, grad) = (Some(part.nodes.len()), !grads.is_empty());
    part.values.push(Value { size, made_by, grad, host: false });
    part.nodes.push(Node {
        reads: crossing.to_vec(),
        makes: vec![part.loss],
        scratch: Vec::new(),
        backward: Some(Backward { reads: crossing.to_vec(), grads, ..Backward::default() }),
        epilogue: false,
        over: false,
        recompute: false,
        stored: false,
        restores: false,
        flops: 0,
        time: 0,
        passes: 0,
    });
}

/// The time of all recomputes.
pub(crate) fn recompute_time(problem: &Problem, program: &Program) -> u64 {
    schedule::sum(problem, program, Kind::Recompute, |node| node.time)
}

/// Bytes per sample that live when forward ends, and at most.
pub(crate) fn peaks(problem: &Problem, program: &Program, widths: Widths) -> (u64, u64) {
    let (mut kept, mut peak) = (0, 0);
    let mut forward = true;
    schedule::live(
        problem,
        program,
        |size| bytes(widths, size),
        |step, live, most| {
            forward &= !matches!(step, Some(Step::Run(run)) if run.kind != Kind::Forward);
            peak = peak.max(most);
            if forward {
                kept = live;
            }
        },
    );
    let bytes = |bytes: u128| u64::try_from(bytes).unwrap_or(u64::MAX);
    (bytes(kept), bytes(peak))
}

//! Checks a program and its layout against the problem, by replaying the steps.
//!
//! Shares nothing with what made them but their form: it derives from the problem alone what every
//! step reads, how often each gradient is added to, and how large each buffer is.

use std::fmt;

use super::layout::{Layout, What, Widths};
use super::problem::{Class, Extent, NodeId, Over, Problem, Size, Value, ValueId};
use super::program::{Kind, Program, Run, Step, Way};
use memory::Memory;

mod backward;
mod memory;
mod stretched;

/// What did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The step at which it shows; none if only at the start or the end.
    pub(crate) step: Option<usize>,
    /// The node that runs there.
    pub(crate) node: Option<NodeId>,
    /// In words.
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.step, self.node) {
            (Some(step), Some(node)) => write!(f, "step {step} (node {node}): {}", self.what),
            (Some(step), None) => write!(f, "step {step}: {}", self.what),
            _ => f.write_str(&self.what),
        }
    }
}

type Check = Result<(), String>;

/// Fails with a message unless a condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+));
        }
    };
}
use ensure;

/// Checks a training program.
pub(crate) fn train(
    problem: &Problem,
    program: &Program,
    layout: &Layout,
    widths: Widths,
) -> Result<(), Violation> {
    let mut wanted = problem.outputs.clone();
    wanted.push(problem.loss);
    replay(Replay::new(problem, layout, widths, true), program, &wanted)
}

/// Checks a program that makes `wanted` and no gradient.
pub(crate) fn forward(
    problem: &Problem,
    wanted: &[ValueId],
    program: &Program,
    layout: &Layout,
    widths: Widths,
) -> Result<(), Violation> {
    replay(Replay::new(problem, layout, widths, false), program, wanted)
}

/// Checks that two layouts of a program have the same buffers at the same steps, wherever these stand: code is the same
/// for both.
pub(crate) fn alike(base: &Layout, layout: &Layout) -> Result<(), Violation> {
    let outside = |what| Violation { step: None, node: None, what };
    stretched::alike(base, layout).map_err(outside)
}

/// Checks a layout that was made by stretching `base`, which a replay accepted.
pub(crate) fn stretched(base: &Layout, layout: &Layout, widths: Widths) -> Result<(), Violation> {
    let outside = |what| Violation { step: None, node: None, what };
    stretched::check(base, layout, widths).map_err(outside)
}

fn replay(mut replay: Replay<'_>, program: &Program, wanted: &[ValueId]) -> Result<(), Violation> {
    let outside = |what| Violation { step: None, node: None, what };
    replay.start(program).map_err(outside)?;
    for (at, step) in program.steps.iter().enumerate() {
        replay.step(at, step).map_err(|what| {
            let node = if let Step::Run(run) = step { Some(run.node) } else { None };
            Violation { step: Some(at), node, what }
        })?;
    }
    replay.end(wanted, program.steps.len()).map_err(outside)
}

struct Replay<'a> {
    problem: &'a Problem,
    memory: Memory<'a>,
    /// Nodes whose Backward must run.
    trains: Vec<bool>,
    ran: Vec<bool>,
    /// The node whose Backward ran last; the number of nodes before the first.
    backward: NodeId,
    /// Values whose gradient some Backward reads.
    grad_is_read: Vec<bool>,
    /// How many contributions each value's gradient is to have, and has.
    due: Vec<usize>,
    grads: Vec<usize>,
    /// What each value's gradient holds, or is if it is lent: two are equal if and only if their numbers are.
    holds: Vec<usize>,
    /// How many of these numbers there are.
    contents: usize,
    /// How many contributions each parameter's gradient has.
    params: Vec<usize>,
    /// Values that are being copied between the device and the host, and to where.
    moving: Vec<Option<Way>>,
}

impl<'a> Replay<'a> {
    fn new(problem: &'a Problem, layout: &'a Layout, widths: Widths, train: bool) -> Self {
        let mut replay = Self {
            problem,
            memory: Memory::new(problem, layout, widths),
            trains: vec![false; problem.nodes.len()],
            ran: vec![false; problem.nodes.len()],
            backward: problem.nodes.len(),
            grad_is_read: vec![false; problem.values.len()],
            due: vec![0; problem.values.len()],
            grads: vec![0; problem.values.len()],
            holds: (0..problem.values.len()).collect(),
            contents: problem.values.len(),
            params: vec![0; problem.params.len()],
            moving: vec![None; problem.values.len()],
        };
        if train {
            replay.follow_gradients();
        }
        replay
    }

    /// From the loss back: a node whose value's gradient something contributes to must run its Backward.
    fn follow_gradients(&mut self) {
        for node in &self.problem.nodes {
            if let (Some(_), Some(&value)) = (&node.backward, node.makes.first()) {
                self.grad_is_read[value] = true;
            }
        }
        for (id, node) in self.problem.nodes.iter().enumerate().rev() {
            let (Some(backward), Some(&value)) = (&node.backward, node.makes.first()) else { continue };
            self.trains[id] = value == self.problem.loss || self.due[value] > 0;
            if self.trains[id] {
                backward.gives().for_each(|value| self.due[value] += 1);
            }
        }
    }

    fn start(&mut self, program: &Program) -> Check {
        let trains = self.trains.contains(&true);
        let seed = program.seed;
        ensure!(seed == trains.then_some(self.problem.loss), "the gradient of {seed:?} is given");
        self.memory.check_ids(self.problem, &program.steps)?;
        for (param, elements) in self.problem.params.iter().enumerate() {
            if let &Some(elements) = elements {
                let size = Size { class: Class::Scalar, extent: Extent::Fixed(elements) };
                self.memory.begin_given(What::Param(param), size)?;
            }
        }
        for &value in &program.inputs {
            ensure!(self.problem.inputs.contains(&value), "value {value} is given but is no input");
            self.memory.begin_given(What::Value(value), self.problem.values[value].size)?;
        }
        if let Some(loss) = seed {
            self.memory.begin_given(What::Grad(loss), self.problem.values[loss].size)?;
            self.due[loss] += 1;
            self.grads[loss] += 1;
        }
        Ok(())
    }

    fn step(&mut self, at: usize, step: &Step) -> Check {
        self.memory.enter(at);
        match step {
            Step::Run(run) if run.kind == Kind::Backward => self.run_backward(run)?,
            Step::Run(run) => self.run_forward(run)?,
            Step::Free(value) => {
                let moving = self.moving[*value];
                ensure!(moving.is_none(), "value {value} is freed while it is copied {moving:?}");
                self.memory.free(What::Value(*value))?;
            }
            Step::FreeGrad(value) => self.memory.free(What::Grad(*value))?,
            Step::Copy(way, value) => self.begin_copy(*way, *value)?,
            Step::Copied(way, value) => self.end_copy(*way, *value)?,
        }
        self.memory.leave()
    }

    /// A step reads a value, which is there.
    fn read(&mut self, value: ValueId) -> Check {
        ensure!(self.moving[value] != Some(Way::Back), "value {value} is read while it is copied back");
        self.memory.touch(What::Value(value))
    }

    fn begin_copy(&mut self, way: Way, value: ValueId) -> Check {
        let moving = self.moving[value].replace(way);
        ensure!(moving.is_none(), "value {value} is copied {way:?} while it is copied {moving:?}");
        let Value { size, host, .. } = self.problem.values[value];
        ensure!(host && size.is_per_sample(), "value {value} is not to be on the host");
        let (from, to) = match way {
            Way::Out => (What::Value(value), What::Host(value)),
            Way::Back => (What::Host(value), What::Value(value)),
        };
        self.memory.touch(from)?;
        self.memory.begin(to, size)
    }

    fn end_copy(&mut self, way: Way, value: ValueId) -> Check {
        let moving = self.moving[value].take();
        ensure!(moving == Some(way), "a copy {way:?} of value {value} ends, and {moving:?} is under way");
        self.memory.touch(What::Value(value))?;
        match way {
            Way::Out => self.memory.touch(What::Host(value)),
            Way::Back => self.memory.free(What::Host(value)),
        }
    }

    fn run_forward(&mut self, run: &Run) -> Check {
        ensure!(run.grads.is_empty() && run.params.is_empty(), "it makes gradients");
        ensure!(run.node + run.epilogues < self.problem.nodes.len(), "it has too many epilogues");
        // What the node before makes for each.
        let mut handed_over = None;
        for id in run.nodes() {
            let node = &self.problem.nodes[id];
            let reads = |value: &ValueId| node.reads.contains(value);
            ensure!(
                id == run.node || node.epilogue && handed_over.as_ref().is_some_and(reads),
                "node {id} is no epilogue of it"
            );
            let again = std::mem::replace(&mut self.ran[id], true);
            match run.kind {
                Kind::Forward => ensure!(!again, "node {id} runs forward twice"),
                _ => ensure!(again, "node {id} is recomputed before it ran"),
            }
            for &value in node.reads.iter().filter(|&&read| run.over != Some(Over::Value(read))) {
                if Some(value) != handed_over {
                    self.read(value)?;
                }
            }
            handed_over = node.makes.first().copied();
            self.memory.scratch(id, &node.scratch)?;
        }
        let over = self.value_over(run)?;
        for &value in &run.makes {
            let maker = self.problem.values[value].made_by;
            ensure!(run.nodes().any(|id| maker == Some(id)), "value {value} is not made here");
            match over {
                Some((last, over)) if last == value => self.turn_value(over, What::Value(value), value)?,
                _ => self.memory.begin(What::Value(value), self.problem.values[value].size)?,
            }
        }
        ensure!(
            over.is_none_or(|(last, _)| run.makes.contains(&last)),
            "nothing is written over what it reads"
        );
        for id in run.nodes() {
            let first = self.problem.nodes[id].makes.first();
            let is_last = id == run.node + run.epilogues;
            let stored = first.is_none_or(|value| run.makes.contains(value) || !is_last);
            ensure!(stored, "the first value of node {id} is not stored");
        }
        Ok(())
    }

    /// What a call that makes no gradients writes over a value: the first value of the last epilogue, if that may, over
    /// one that the first node reads, and nothing else, and once.
    fn value_over(&self, run: &Run) -> Result<Option<(ValueId, ValueId)>, String> {
        let Some(over) = run.over else { return Ok(None) };
        let nodes = &self.problem.nodes[run.node..=run.node + run.epilogues];
        let (Some((last, [first, ..])), Over::Value(read)) = (nodes.split_last(), over) else {
            return Err(format!("it must not write over {over:?}"));
        };
        ensure!(last.over && first.reads.contains(&read), "it must not write over value {read}");
        let reads = nodes.iter().flat_map(|node| &node.reads).filter(|&&value| value == read).count();
        ensure!(reads == 1, "value {read}, which is written over, is read {reads} times");
        Ok(Some((last.makes[0], read)))
    }

    /// The current step makes `to`, of value `of`, in the place of a value.
    fn turn_value(&mut self, read: ValueId, to: What, of: ValueId) -> Check {
        let moving = self.moving[read];
        ensure!(moving.is_none(), "value {read} is written over while it is copied {moving:?}");
        self.turn((What::Value(read), read), (to, of))
    }

    /// The same, in the place of what is of another value.
    fn turn(&mut self, (from, read): (What, ValueId), (to, of): (What, ValueId)) -> Check {
        let size = self.problem.values[of].size;
        ensure!(size == self.problem.values[read].size, "{to:?} is not of the size of {from:?}");
        self.memory.turn(from, to, size)
    }

    fn end(&mut self, wanted: &[ValueId], steps: usize) -> Check {
        if let Some(node) = self.trains.iter().position(|&waits| waits) {
            return Err(format!("the backward of node {node} never runs"));
        }
        if let Some(value) = self.moving.iter().position(Option::is_some) {
            return Err(format!("nobody waits for the copy of value {value}"));
        }
        self.memory.end(wanted, steps)
    }
}

//! What planning ends in: steps in order, each saying what it runs, stores and frees.
//!
//! Every strategy ends here, so what comes after knows none. A value may be made several times
//! (recomputed); each production lives from the step that makes it to its own `Free`.

use std::ops::RangeInclusive;

use super::layout::What;
use super::problem::{NodeId, Over, ParamId, Problem, ValueId};

/// What a step computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The values of a node, for the first time: random draws and running statistics happen here.
    Forward,
    /// The same values again, bit for bit, without effects.
    Recompute,
    /// The gradients of what a node read.
    Backward,
}

impl Kind {
    /// What messages and pictures call it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Recompute => "recompute",
            Self::Backward => "backward",
        }
    }
}

/// How a gradient is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Overwrites: the first contribution.
    Write,
    /// Adds to what is there: every other.
    Add,
}

/// One kernel call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// What it computes.
    pub(crate) kind: Kind,
    /// The node that runs.
    pub(crate) node: NodeId,
    /// How many of the nodes right after it run in the same call: its epilogues.
    pub(crate) epilogues: usize,
    /// Values it stores, in the nodes' order: those that something reads later, and each node's first
    /// value even so, unless it is handed to an epilogue. For Backward the node's first, if it runs instead of Forward
    /// too, and else none.
    pub(crate) makes: Vec<ValueId>,
    /// Gradients of values that it writes or adds to, in the node's order. Empty but for Backward.
    pub(crate) grads: Vec<(ValueId, Mode)>,
    /// What the last thing that it makes ([`last`](Self::last)) is written over, if it is: that is gone then, without
    /// being freed.
    pub(crate) over: Option<Over>,
    /// Gradients of parameters that it writes or adds to, in the node's order. Empty but for Backward.
    pub(crate) params: Vec<(ParamId, Mode)>,
}

impl Run {
    /// The node, then its epilogues.
    pub(crate) fn nodes(&self) -> RangeInclusive<NodeId> {
        self.node..=self.node + self.epilogues
    }

    /// Values that its nodes hand to the next, which may not be stored: the first of each but the last.
    pub(crate) fn handed_over<'p>(
        &self,
        problem: &'p Problem,
    ) -> impl Iterator<Item = ValueId> + Clone + use<'p> {
        let before = &problem.nodes[self.node..self.node + self.epilogues];
        before.iter().filter_map(|node| node.makes.first().copied())
    }

    /// Whether it runs instead of its node's Forward too.
    pub(crate) fn is_whole(&self) -> bool {
        self.kind == Kind::Backward && !self.makes.is_empty()
    }

    /// Values that it reads, also what a node makes for its epilogue.
    pub(crate) fn reads<'p>(&self, problem: &'p Problem) -> impl Iterator<Item = ValueId> + use<'p> {
        let kind = self.kind;
        self.nodes().flat_map(move |node| {
            let node = &problem.nodes[node];
            let backward = node.backward.as_ref().filter(|_| kind == Kind::Backward);
            backward.map_or(&node.reads, |backward| &backward.reads).iter().copied()
        })
    }

    /// What may be written over something: of a Backward the last of its gradients, else the first value of the last
    /// node.
    pub(crate) fn last(&self, problem: &Problem) -> Option<What> {
        if self.kind == Kind::Backward {
            return self.grads.last().map(|&(value, _)| What::Grad(value));
        }
        problem.nodes[*self.nodes().end()].makes.first().map(|&value| What::Value(value))
    }

    /// Values and gradients of values that begin their lives here, and take memory of their own.
    pub(crate) fn begun(&self, problem: &Problem) -> impl Iterator<Item = What> {
        let over = self.last(problem).filter(|_| self.over.is_some());
        let written = self.grads.iter().filter(|(_, mode)| *mode == Mode::Write);
        let grads = written.map(|&(value, _)| What::Grad(value));
        let values = self.makes.iter().map(|&value| What::Value(value));
        values.chain(grads).filter(move |what| Some(*what) != over)
    }

    /// What is written over, and so gone: a value, or the gradient of one.
    pub(crate) fn written_over(&self, problem: &Problem) -> Option<What> {
        Some(match self.over? {
            Over::Value(value) => What::Value(value),
            Over::Grad => What::Grad(problem.nodes[self.node].gradient()?),
        })
    }
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A kernel runs.
    Run(Run),
    /// The value's memory may be reused: the step before was the last to touch it.
    Free(ValueId),
    /// The memory of the value's gradient may be reused.
    FreeGrad(ValueId),
    /// A copy of the value begins, between the device and the host, behind what runs from here on. What is copied to is
    /// there from now on, but holds nothing yet; what is copied from stays as it is.
    Copy(Way, ValueId),
    /// That copy has ended: the device waits for it here.
    Copied(Way, ValueId),
}

/// From where to where a value is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// From the device to the host.
    Out,
    /// From the host to the device. The host's memory of it may be reused when it has ended.
    Back,
}

/// A whole training or inference call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    /// What happens, in order.
    pub(crate) steps: Vec<Step>,
    /// Inputs and targets that it reads: there before the first step.
    pub(crate) inputs: Vec<ValueId>,
    /// The value to differentiate, if anything is trained: its gradient, 1, is there before the first step.
    pub(crate) seed: Option<ValueId>,
    /// Values that are there after the last step.
    pub(crate) outputs: Vec<ValueId>,
    /// What a report says of it.
    pub(crate) facts: Facts,
}

impl Program {
    /// The kernel call at a step or, if something is freed there, before it.
    pub(crate) fn run_at(&self, step: usize) -> Option<&Run> {
        let until = self.steps.len().min(step + 1);
        self.steps[..until]
            .iter()
            .rev()
            .find_map(|step| if let Step::Run(run) = step { Some(run) } else { None })
    }

    /// The step of the first kernel call that is not of forward.
    pub(crate) fn turn(&self) -> Option<usize> {
        self.steps.iter().position(|step| matches!(step, Step::Run(run) if run.kind != Kind::Forward))
    }

    /// The kernel calls, in order.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.steps.iter().filter_map(|step| if let Step::Run(run) = step { Some(run) } else { None })
    }
}

/// What a report says of a program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Values alive when the loss has been computed and read afterwards, in order of declaration.
    pub(crate) kept: Vec<Kept>,
    /// Nodes whose forward runs again, ascending, and how often it does; but for those that are no layers.
    pub(crate) recomputed: Vec<(NodeId, usize)>,
    /// Segments that nothing separates from their backward, so that they are not recomputed.
    pub(crate) resident: Vec<usize>,
    /// Those of them that end the model; the others end a segment that is recomputed.
    pub(crate) tail: Vec<usize>,
    /// `#[recompute]` nodes whose value is kept all the same, because it is read outside their segment.
    pub(crate) overruled: Vec<NodeId>,
    /// `#[recompute]` nodes whose value would not be kept without the mark either.
    pub(crate) idle: Vec<NodeId>,
    /// Segments that lead to no recompute, though they could: nothing is saved by them either.
    pub(crate) idle_segments: Vec<usize>,
    /// Floating-point operations of all Forward steps, per sample.
    pub(crate) forward_flops: u64,
    /// Operations that backward takes without what is recomputed in it.
    pub(crate) backward_flops: u64,
    /// Floating-point operations of all Recompute steps, per sample.
    pub(crate) recompute_flops: u64,
    /// What all Forward steps, all Backward steps and all Recompute steps cost in time: see
    /// [`time`](super::problem::time).
    pub(crate) forward_time: u64,
    pub(crate) backward_time: u64,
    pub(crate) recompute_time: u64,
}

/// A value that lives from forward into backward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The value.
    pub(crate) value: ValueId,
    /// Why it is kept.
    pub(crate) why: Why,
    /// Whether that is in the memory of the host.
    pub(crate) host: bool,
}

/// Why a value is kept. A value counts once, under the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// An input or target that is read again.
    Given,
    /// The output of this recomputed segment.
    Boundary(usize),
    /// Made inside this recomputed segment, and read after it.
    Frontier(usize),
    /// Read by this recomputed segment.
    InputOf(usize),
    /// Read by the backward of this node.
    Backward(NodeId),
    /// Read when this `#[recompute]` node, or a node before it, is recomputed.
    Recompute(NodeId),
    /// The loss, or an output: it is there when the step ends.
    Output,
}

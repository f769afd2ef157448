//! The graph as planning sees it: dependencies and sizes, no layers, no shapes, no names.

use std::ops::Range;

use super::program::Kind;

pub(crate) type NodeId = usize;
pub(crate) type ValueId = usize;
pub(crate) type ParamId = usize;

/// What a buffer's elements are; a layout says how many bytes each takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// An activation.
    Elem,
    /// A statistic, a loss, scratch.
    Scalar,
    /// A `u32` id.
    Index,
    /// An activation rounded to two bytes: bf16 or f16.
    Half,
    /// A parameter rounded to an activation, where activations are narrower than parameters; elsewhere it is used as
    /// it is, and takes no bytes.
    Rounded,
}

/// How many elements a buffer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// This many for each sample: it stands in the region that scales with the batch.
    PerSample(u64),
    /// This many whatever the batch: it stands in the fixed region.
    Fixed(u64),
}

/// Class and count: what decides a buffer's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) class: Class,
    pub(crate) extent: Extent,
}

impl Size {
    /// So many scalars for each sample.
    pub(crate) const fn scalars(elements: u64) -> Self {
        Self { class: Class::Scalar, extent: Extent::PerSample(elements) }
    }

    /// So many elements of activations for each sample.
    pub(crate) const fn elems(elements: u64) -> Self {
        Self { class: Class::Elem, extent: Extent::PerSample(elements) }
    }

    /// Bytes for each sample where activations are f32; at most `u64::MAX`.
    pub(crate) fn f32_bytes(self) -> u64 {
        let width = if self.class == Class::Half { 2 } else { 4 };
        match self.extent {
            Extent::PerSample(elements) => elements.saturating_mul(width),
            Extent::Fixed(_) => 0,
        }
    }

    /// Whether it grows with the batch.
    pub(crate) fn is_per_sample(self) -> bool {
        matches!(self.extent, Extent::PerSample(_))
    }
}

/// A tensor that a node makes, or that comes from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) size: Size,
    /// The node that makes it; none for inputs and targets.
    pub(crate) made_by: Option<NodeId>,
    /// Whether its gradient is wanted (a trained parameter stands before it, the loss after it).
    pub(crate) grad: bool,
    /// Where a plan keeps it for backward, it is to wait for that in the memory of the host.
    pub(crate) host: bool,
}

/// What a node's backward does. It always reads the gradient of the node's first value, or the one that this borrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backward {
    /// Values of the forward pass that it reads.
    pub(crate) reads: Vec<ValueId>,
    /// Values whose gradients it writes or adds to; no duplicates.
    pub(crate) grads: Vec<ValueId>,
    /// Those of `grads` and `lends` to which it gives the gradient that it reads, as it is.
    pub(crate) copies: Vec<ValueId>,
    /// Values whose gradient is what it reads and nothing else, and has no memory of its own: see
    /// [`lend`](super::lend).
    pub(crate) lends: Vec<ValueId>,
    /// The value whose gradient holds that of the node's first value until this has read it, if that is lent.
    pub(crate) borrows: Option<ValueId>,
    /// Parameters whose gradients it writes or adds to; no duplicates.
    pub(crate) params: Vec<ParamId>,
    /// What it may write the last of `grads` over, having read it, if that is of the same size and nothing reads it
    /// later.
    pub(crate) over: Option<Over>,
    /// It computes what forward does once more, and can give the node's first value too: where only the end of a step
    /// reads that, forward need not run.
    pub(crate) whole: bool,
    /// Memory used only while it runs.
    pub(crate) scratch: Vec<Size>,
}

impl Backward {
    /// Values to whose gradient it contributes: `grads` and `lends`.
    pub(crate) fn gives(&self) -> impl Iterator<Item = ValueId> {
        self.grads.iter().chain(&self.lends).copied()
    }
}

/// What a gradient is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The gradient that the node's backward reads.
    Grad,
    /// A value that the node's backward reads.
    Value(ValueId),
}

/// One op, in order of declaration of the unrolled model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Values its forward reads; may name one twice.
    pub(crate) reads: Vec<ValueId>,
    /// Values it makes: first the one that other layers see, then statistics that only its own backward reads.
    pub(crate) makes: Vec<ValueId>,
    /// Memory used only while its forward runs.
    pub(crate) scratch: Vec<Size>,
    /// Absent if nothing before it is trained.
    pub(crate) backward: Option<Backward>,
    /// It can run in one call with the node just before it, whose first value it reads, and with those that run in one
    /// call with that.
    pub(crate) epilogue: bool,
    /// Where it does, its first value may be written over one that the first node of the call reads, having read that, if
    /// it is of the same size, and nothing else in the call and nothing later reads it.
    pub(crate) over: bool,
    /// `#[recompute]`: its first value is not kept.
    pub(crate) recompute: bool,
    /// Where a recompute reads its first value and no segment is around it, that is kept for it rather than
    /// recomputed as well.
    pub(crate) stored: bool,
    /// What it makes is another form of what it reads: it is never kept, whatever the plan, and made on demand.
    pub(crate) restores: bool,
    /// Floating-point operations of its forward, per sample.
    pub(crate) flops: u64,
    /// What its forward costs in time, per sample: see [`time`].
    pub(crate) time: u64,
    /// How many times that its backward costs: once for what it read, and once for its parameters; twice where there are
    /// none. A product's is that exactly.
    pub(crate) passes: u64,
}

/// How many operations a core does in the time in which it moves a byte from or to memory. Current server cores
/// do 130 to 270 GFLOP/s and move 40 GB/s; what stays in a cache moves a few times faster.
const OPERATIONS_A_BYTE: u64 = 3;

/// The time of a kernel call in units of a floating-point operation at full speed: its operations, and the
/// bytes that it reads and writes (a roofline whose two parts do not overlap: Williams et al. 2009).
pub(crate) fn time(flops: u64, bytes: u64) -> u64 {
    flops.saturating_add(bytes.saturating_mul(OPERATIONS_A_BYTE))
}

/// A run of nodes whose inside is not kept; segments nest, and never overlap otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) nodes: Range<NodeId>,
}

/// What is to be planned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) nodes: Vec<Node>,
    pub(crate) values: Vec<Value>,
    /// Inputs and targets: there from the start; kept while anything still reads them.
    pub(crate) inputs: Vec<ValueId>,
    /// Elements of each parameter's gradient; none if it is frozen. Gradients stand at the front of the fixed region.
    pub(crate) params: Vec<Option<u64>>,
    /// The scalar to differentiate.
    pub(crate) loss: ValueId,
    /// Values to be there when the step ends (the loss is, always).
    pub(crate) outputs: Vec<ValueId>,
    /// From `#[checkpoint]` marks, then the planner's.
    pub(crate) segments: Vec<Segment>,
    /// What backward costs in time, for each sample, if it was measured; else it is what the nodes' passes cost.
    pub(crate) backward_time: Option<u64>,
    /// What a planner places boundaries between (R4): consecutive, from the first node to the last.
    pub(crate) stages: Vec<Range<NodeId>>,
}

impl Node {
    /// The value whose gradient its backward reads: its first, or the one that this borrows.
    pub(crate) fn gradient(&self) -> Option<ValueId> {
        let borrowed = self.backward.as_ref().and_then(|backward| backward.borrows);
        borrowed.or_else(|| self.makes.first().copied())
    }

    /// Memory used only while it runs as `kind`.
    pub(crate) fn scratch(&self, kind: Kind) -> &[Size] {
        match &self.backward {
            Some(backward) if kind == Kind::Backward => &backward.scratch,
            _ => &self.scratch,
        }
    }

    /// How many times what forward costs a Backward does.
    pub(crate) fn backward_passes(&self) -> u64 {
        self.passes + u64::from(self.backward.as_ref().is_some_and(|backward| backward.whole))
    }
}

impl Problem {
    /// Whether a node stores a value rounded: so it stands right behind what makes that.
    pub(crate) fn rounds(&self, node: NodeId) -> bool {
        let made = self.nodes[node].makes.first();
        made.is_some_and(|&value| self.values[value].size.class == Class::Half)
    }

    /// Whether a boundary before a node says no more than one elsewhere: it rounds what the node before it makes, or
    /// that restores a value.
    pub(crate) fn is_joined(&self, node: NodeId) -> bool {
        self.rounds(node) || node.checked_sub(1).is_some_and(|before| self.nodes[before].restores)
    }
}

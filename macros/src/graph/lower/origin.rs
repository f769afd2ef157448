//! What a node of the problem is in the graph.

use std::borrow::Cow;

use crate::graph::{Graph, NodeId};
use crate::ops::Resolved;
use crate::ops::store::Format;

/// Where a node of the problem is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The graph's node.
    pub(crate) layer: NodeId,
    pub(crate) role: Role,
}

impl Origin {
    /// What it does.
    pub(super) fn op(self, graph: &Graph) -> Option<Cow<'_, Resolved>> {
        let op = graph.nodes[self.layer].resolved.as_ref()?;
        Some(match self.role {
            Role::Layer => Cow::Borrowed(&**op),
            Role::Dropped(dropout) => {
                let flops = op.flops.saturating_add(graph.nodes[dropout].resolved.as_ref()?.flops);
                Cow::Owned(Resolved { flops, ..Resolved::clone(op) })
            }
            Role::Store(format) => Cow::Owned(format.store(&op.output)),
            Role::Load(format) => Cow::Owned(format.load(&op.output)),
        })
    }

    /// The graph's node whose output the problem's makes, or another form of it.
    pub(crate) fn maker(self) -> NodeId {
        match self.role {
            Role::Dropped(dropout) => dropout,
            Role::Layer | Role::Store(_) | Role::Load(_) => self.layer,
        }
    }

    /// How many layers of the model run when it does, or what is counted as one.
    pub(crate) fn layers(self) -> usize {
        if matches!(self.role, Role::Dropped(_)) { 2 } else { 1 }
    }
}

/// What a node of the problem does for a node of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Runs it.
    Layer,
    /// Runs it, an activation, and drops out what it makes as this dropout does, whose output the node's is.
    Dropped(NodeId),
    /// Rounds its output.
    Store(Format),
    /// Makes of that what its readers read.
    Load(Format),
}

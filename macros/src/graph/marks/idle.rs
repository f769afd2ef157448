//! Marks that mean nothing are errors.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::Span;

use crate::graph::{Checkpoint, Frozen, Graph, NodeId};
use crate::ops::Field;
use crate::report::Errors;

/// Refuses marks that mean nothing in any of their places.
pub(super) fn refuse(graph: &Graph, errors: &mut Errors) {
    let idle = Idle::new(graph);
    let mut marks = Marks::default();
    let mut scopes = vec![&graph.root];
    while let Some(scope) = scopes.pop() {
        for repeat in &scope.repeats {
            for run in &repeat.runs {
                let nodes = scope.items[run.clone()].last().map_or(0..0, |item| item.nodes.clone());
                marks.place("checkpoint", repeat.mark.span, nodes, |node| idle.unplanned(node, false));
            }
        }
        for item in &scope.items {
            let plain = item.scope.is_none();
            if let Some(Checkpoint { span, .. }) = item.checkpoint {
                marks.place("checkpoint", span, item.nodes.clone(), |node| idle.unplanned(node, plain));
            }
            let recompute = graph.nodes.get(item.nodes.start).and_then(|node| node.recompute);
            if let Some(span) = recompute.filter(|_| plain) {
                marks.place("recompute", span, item.nodes.clone(), |node| idle.unplanned(node, true));
            }
            scopes.extend(&item.scope);
        }
    }
    for Frozen { nodes, label, span } in &graph.frozen {
        let why = || format!("{label} has no parameters and nothing random");
        marks.place("frozen", *span, nodes.clone(), |_| nodes.clone().all(|id| idle.unfrozen(id)).then(why));
    }
    for mark in marks.list {
        if let Some((node, why)) = mark.idle.first().filter(|_| mark.idle.len() == mark.places) {
            let message = format!("{why}, so `{}` means nothing here -- remove it", mark.word);
            errors.error_in(&graph.nodes[*node].around, mark.span, message);
        }
    }
}

/// A mark: one in a `repeat` or a block stands in several places.
struct Mark {
    word: &'static str,
    span: Span,
    places: usize,
    /// Where it means nothing, and why.
    idle: Vec<(NodeId, String)>,
}

/// Every mark of the model, by where it is written.
#[derive(Default)]
struct Marks {
    list: Vec<Mark>,
    index: BTreeMap<String, usize>,
}

impl Marks {
    fn place(
        &mut self,
        word: &'static str,
        span: Span,
        nodes: Range<NodeId>,
        idle: impl FnOnce(NodeId) -> Option<String>,
    ) {
        let Some(last) = nodes.last() else { return };
        let at = *self.index.entry(format!("{span:?}")).or_insert(self.list.len());
        if at == self.list.len() {
            self.list.push(Mark { word, span, places: 0, idle: vec![] });
        }
        let mark = &mut self.list[at];
        mark.places += 1;
        mark.idle.extend(idle(last).map(|why| (last, why)));
    }
}

/// What is asked of each place.
struct Idle<'a> {
    graph: &'a Graph,
    loss: Option<NodeId>,
    /// The nodes that read each value, as it is or through views, which are no steps.
    readers: Vec<Vec<NodeId>>,
}

impl<'a> Idle<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut readers: Vec<Vec<NodeId>> = vec![vec![]; graph.values.len()];
        for (id, node) in graph.nodes.iter().enumerate().rev() {
            let through = if node.is_view() { readers[node.output].clone() } else { vec![id] };
            for source in &node.sources {
                readers[source.value].extend(&through);
            }
        }
        Self { graph, loss: graph.loss.and_then(|l| graph.values[l].node), readers }
    }

    /// Why a plan has nothing to do on what ends with the node `id`, if so; `plain` for a layer.
    fn unplanned(&self, id: NodeId, plain: bool) -> Option<String> {
        let node = &self.graph.nodes[id];
        let readers = &self.readers[node.output];
        if Some(id) == self.loss {
            return None; // told while building
        }
        if plain && !readers.is_empty() && readers.iter().all(|reader| Some(*reader) == self.loss) {
            return Some(format!("only the loss reads {}, at once", node.label));
        }
        if let Some(by) = self.graph.absorbed.get(&id).filter(|_| plain) {
            let by = &self.graph.nodes[*by].label;
            return Some(format!("{by} does the work of {} itself", node.label));
        }
        let reached = self.graph.values[node.output].trained;
        (!reached).then(|| format!("nothing is trained at or before {}", node.label))
    }

    /// Whether the node `id` is the same frozen.
    fn unfrozen(&self, id: NodeId) -> bool {
        let node = &self.graph.nodes[id];
        let random = node.resolved.iter().flat_map(|op| &op.forward).any(|f| matches!(f, Field::Key(_)));
        node.params.is_empty() && !random
    }
}

//! Layers that do the work of the one before them: from here on they read what that reads, and have its parameters.
//!
//! The layer before stays, for outputs that need what it makes; nothing that is trained reads it.

use std::rc::Rc;

use super::shape::each_node;
use super::{Graph, NodeId, Source, ValueId};
use crate::ops::{Absorbs, Resolved};
use crate::report::Errors;

/// Rewires every layer that absorbs the one before it.
pub(crate) fn absorb(graph: &mut Graph, errors: &mut Errors) {
    let unsaid = each_node(graph, errors, rewire);
    if errors.is_empty() {
        errors.append(unsaid);
    }
}

/// Rewires a layer, if it absorbs the one before it and all that it reads is known.
fn rewire(graph: &mut Graph, id: NodeId, errors: &mut Errors) -> Option<()> {
    let own = graph.nodes[id].resolved.clone()?;
    let absorbs = own.absorbs.as_ref()?;
    let read = graph.nodes[id].sources.first()?.value;
    let before = maker(graph, id, absorbs, read, errors)?;
    check_read_once(graph, id, absorbs, read, errors)?;
    let both = (absorbs.both)(&own, graph.nodes[before].resolved.as_ref()?, absorbs.number)?;
    let (value, params) = (graph.nodes[before].sources.first()?.value, graph.nodes[before].params.clone());
    let node = &mut graph.nodes[id];
    node.sources[0] = Source { value, ..node.sources[0].clone() };
    node.params = params;
    node.resolved = Some(Rc::new(both));
    node.alike = id;
    graph.absorbed.insert(before, id);
    Some(())
}

/// The layer before, if it is of the right kind.
fn maker(graph: &Graph, id: NodeId, absorbs: &Absorbs, read: ValueId, errors: &mut Errors) -> Option<NodeId> {
    let (node, value) = (&graph.nodes[id], &graph.values[read]);
    let made: Option<(NodeId, &Rc<Resolved>)> = match value.node {
        Some(maker) => Some((maker, graph.nodes[maker].resolved.as_ref()?)),
        None => None,
    };
    if let Some((maker, _)) = made.filter(|(_, made)| made.module == absorbs.module) {
        return Some(maker);
    }
    let Absorbs { kind, argument, span, .. } = absorbs;
    let what =
        made.map_or_else(|| "an input".to_owned(), |(maker, _)| format!("`{}`", graph.nodes[maker].line()));
    let (label, read) = (&node.label, &value.label);
    let message =
        format!("{label} with `{argument}` does the work of the `{kind}` before it, but {read} is {what}");
    let fix = format!("give it a `{kind}`, or remove `{argument}`");
    errors.error_in(&node.around, *span, format!("{message} -- {fix}"));
    errors.error(value.span, format!("{read} is {what}"));
    None
}

/// What is absorbed is never there as a whole in training, so nothing else may read it there.
fn check_read_once(
    graph: &Graph,
    id: NodeId,
    absorbs: &Absorbs,
    read: ValueId,
    errors: &mut Errors,
) -> Option<()> {
    let (node, value) = (&graph.nodes[id], &graph.values[read].label);
    let Absorbs { argument, span, .. } = absorbs;
    let mut others = graph.nodes.iter().enumerate().filter(|(other, _)| *other != id);
    let other = others.find_map(|(_, other)| {
        let source = other.sources.iter().find(|source| source.value == read)?;
        Some((source.span, &other.label))
    });
    let output = graph.outputs.iter().find(|output| output.train && output.value == read);
    let (there, who) = match (other, output) {
        (Some((span, other)), _) => (span, format!("{other} reads it too")),
        (None, Some(output)) => (output.span, String::from("it is an output of training")),
        (None, None) => return Some(()),
    };
    let message = format!("{} with `{argument}` never has all of {value} in training, but {who}", node.label);
    errors.error_in(&node.around, *span, format!("{message} -- remove `{argument}`"));
    errors.error(there, format!("{value} is needed as a whole here"));
    None
}

//! What the model gives: its loss and its outputs; and that everything declared is used.

use std::collections::BTreeSet;

use super::Builder;
use super::frame::Unread;
use crate::graph::{NodeId, Output, ValueId};
use crate::syntax::{self, Layer, LayerKind, Name, text};

impl Builder<'_, '_> {
    /// The last layer, which must be called `loss`.
    pub(super) fn loss(&mut self) {
        let model = self.model;
        let is_loss = |layer: &Layer| layer.name.as_ref().is_some_and(|n| n.text == "loss");
        let Some(at) = model.layers.iter().position(is_loss) else {
            let unread = model.layers.iter().any(|l| l.name.is_none() && matches!(l.kind, LayerKind::Broken));
            if model.lost.is_empty() && !unread {
                let fix = "call its last layer `loss`: `loss: CrossEntropy <- (…, …);`";
                self.error(model.name.span(), format!("`{}` has no loss -- {fix}", model.name));
            }
            return;
        };
        let layer = &model.layers[at];
        if let Some(after) = model.layers.get(at + 1) {
            let span = layer.name.as_ref().map_or(layer.span, |n| n.span);
            self.error(span, "`loss` must be the last layer -- move it to the end");
            let span = after.name.as_ref().map_or(after.span, |n| n.span);
            self.error(span, format!("{} stands behind the loss", super::frame::label(after)));
            return;
        }
        let checkpoint = layer.marks.checkpoint.as_ref().map(|c| c.span);
        for (word, span) in [("checkpoint", checkpoint), ("recompute", layer.marks.recompute)] {
            if let Some(span) = span {
                let message = "means nothing on the loss, whose value is always kept -- remove it";
                self.error(span, format!("`{word}` {message}"));
            }
        }
        self.graph.loss = self.top.names.get("loss").and_then(|n| n.value);
    }

    /// What `forward` returns.
    pub(super) fn outputs(&mut self) {
        let model = self.model;
        for output in &model.outputs {
            let (name, span) = (text(&output.layer.name), output.layer.name.span());
            if let Some(first) = self.graph.outputs.iter().find(|o| o.name == name).map(|o| o.span) {
                self.twice("output", &name, span, first);
                continue;
            }
            let field =
                model.outputs.len() == 1 || !matches!(name.as_str(), "self" | "Self" | "super" | "crate");
            if !field {
                self.error(
                    span,
                    format!(
                        "several outputs become a struct, and Rust has no field `{name}` -- rename the layer"
                    ),
                );
                continue;
            }
            // Beside errors any value will do, but the signature of `forward` names all outputs.
            let value = self.output_value(output).unwrap_or_default();
            self.graph.outputs.push(Output { name, span, value, train: output.train });
        }
        if model.outputs.is_empty()
            && let Some(node) = self.graph.loss.and_then(|l| self.graph.values[l].node)
        {
            self.default_output(node);
        }
    }

    fn output_value(&mut self, output: &syntax::Output) -> Option<ValueId> {
        let (name, span) = (text(&output.layer.name), output.layer.name.span());
        let found = self.source(&output.layer, "output")?;
        let value = &self.graph.values[found.value];
        if value.node.is_none() {
            let kind = if value.on_target { "a target" } else { "an input" };
            self.error(span, format!("`{name}` is {kind}, which no layer computes -- name a layer"));
            return None;
        }
        if value.on_target {
            let fix = "name a layer before the loss";
            self.error(
                span,
                format!("the output `{name}` depends on a target, which `forward` is not given -- {fix}"),
            );
            return None;
        }
        Some(found.value)
    }

    /// The first value that the loss reads and a layer computes from inputs alone, looking through
    /// sums of losses.
    fn default_output(&mut self, loss: NodeId) {
        if let Some(id) = self.first_output(loss) {
            let value = &self.graph.values[id];
            let name = value.label.trim_matches('`').to_owned();
            self.graph.outputs.push(Output { name, span: value.span, value: id, train: false });
        } else {
            let fix = "give it a layer that reads an input";
            let message = "everything that the loss reads depends on a target, so `forward` has no output";
            self.error(self.graph.nodes[loss].span, format!("{message} -- {fix}"));
        }
    }

    fn first_output(&self, loss: NodeId) -> Option<ValueId> {
        let mut seen = vec![false; self.graph.nodes.len()];
        let mut ahead = vec![loss];
        while let Some(node) = ahead.pop() {
            if !self.graph.values[self.graph.nodes[node].output].on_target {
                return Some(self.graph.nodes[node].output);
            }
            if !std::mem::replace(&mut seen[node], true) {
                let sources = self.graph.nodes[node].sources.iter().rev();
                ahead.extend(sources.filter_map(|source| self.graph.values[source.value].node));
            }
        }
        None
    }

    /// Every value has a reader, every block a use; told only where no reader can be among what failed.
    pub(super) fn check_all_read(&mut self) {
        if !self.errors.is_empty() || !self.unsaid.is_empty() {
            return;
        }
        self.check_blocks_used();
        // What a layer is given too little of is a value that nobody reads yet.
        if self.graph.nodes.iter().any(|node| !node.op.arity.fits(node.sources.len())) {
            return;
        }
        let given = self.refuse_unread_sources();
        let mut read = vec![false; self.graph.values.len()];
        for source in self.graph.nodes.iter().flat_map(|n| &n.sources) {
            read[source.value] = true;
        }
        for value in self.graph.outputs.iter().map(|o| o.value).chain(self.graph.loss) {
            read[value] = true;
        }
        for (id, value) in
            self.graph.values.iter().enumerate().filter(|(id, _)| !read[*id] && !given.contains(id))
        {
            let around = value.node.map_or(&[][..], |node| &self.graph.nodes[node].around);
            let (span, message) = match (self.shown.get(&id), value.node) {
                (Some(Name { text, span }), _) => {
                    (*span, format!("nobody reads `{text}` -- remove it, or read it: `<- {text}`"))
                }
                (None, Some(_)) => {
                    let fix = "remove it, or give it a name to read it by";
                    (value.span, format!("nobody reads {} -- {fix}", value.label))
                }
                (None, None) => {
                    let name = value.label.trim_matches('`');
                    (value.span, format!("nobody reads `{name}` -- remove it, or read it: `<- {name}`"))
                }
            };
            if value.node.is_none() && value.on_target {
                self.graph.unread_targets.push((span, message));
            } else {
                self.errors.error_in(around, span, message);
            }
        }
    }

    /// Sources of blocks that those do not read; the values that are given for them.
    fn refuse_unread_sources(&mut self) -> BTreeSet<ValueId> {
        let mut given = BTreeSet::new();
        for Unread { span, message, around, value } in std::mem::take(&mut self.unread) {
            self.errors.error_in(&around, span, message);
            given.insert(value);
        }
        given
    }
}

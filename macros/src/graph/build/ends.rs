//! What the model gives: its loss and its outputs; and that every value is read.

use super::Builder;
use crate::graph::Output;
use crate::syntax;

impl<'a> Builder<'a, '_> {
    pub(super) fn loss(&mut self) {
        let last = self.model.layers.last();
        let named = last.and_then(|l| l.name.as_ref());
        if let Some(early) =
            self.model.layers.iter().rev().skip(1).find(|l| l.name.as_ref().is_some_and(|n| n.text == "loss"))
        {
            self.errors.error(early.span, "`loss` must be the last layer -- move it to the end");
            return;
        }
        match named {
            Some(name) if name.text == "loss" => {
                if let Some(checkpoint) = last.and_then(|l| l.marks.checkpoint.as_ref()) {
                    self.errors.error(
                        checkpoint.span,
                        "`checkpoint` means nothing on the loss, whose value is always kept -- remove it",
                    );
                }
                if let Some(span) = last.and_then(|l| l.marks.recompute) {
                    self.errors.error(
                        span,
                        "`recompute` means nothing on the loss, whose value is always kept -- remove it",
                    );
                }
                self.graph.loss = self.frame().names.get("loss").and_then(|n| n.value);
            }
            _ => {
                let name = &self.model.name;
                self.errors.error(
                    name.span(),
                    format!(
                        "`{name}` has no loss -- end it with `loss: CrossEntropy <- (…, …);` or another loss"
                    ),
                );
            }
        }
    }

    pub(super) fn outputs(&mut self) {
        let model = self.model;
        for output in &model.outputs {
            let source = syntax::Source { name: output.name.clone(), port: None };
            let Some(found) = self.source(&source) else { continue };
            if self.graph.values[found.value].on_target {
                self.errors.error(found.span, format!("the output `{}` depends on a target, which `forward` is not given -- name a layer before the loss", output.name));
                continue;
            }
            if self.graph.outputs.iter().any(|o| o.name == output.name.to_string()) {
                self.errors.error(found.span, format!("`{}` is an output twice -- remove one", output.name));
                continue;
            }
            self.graph.outputs.push(Output {
                name: output.name.to_string(),
                span: found.span,
                value: found.value,
                train: output.train,
            });
        }
        if model.outputs.is_empty()
            && let Some(node) = self.graph.loss.and_then(|l| self.graph.values[l].node)
        {
            // The default output: what the loss reads first, looking through sums of losses.
            let mut source = self.graph.nodes[node].sources.first();
            while let Some(node) = source.and_then(|s| self.graph.values[s.value].node) {
                if !self.graph.values[self.graph.nodes[node].output].on_target {
                    break;
                }
                source = self.graph.nodes[node].sources.first();
            }
            if let Some(source) = source {
                let value = &self.graph.values[source.value];
                self.graph.outputs.push(Output {
                    name: value.label.clone(),
                    span: value.span,
                    value: source.value,
                    train: false,
                });
            }
        }
    }

    pub(super) fn check_all_read(&mut self) {
        let mut read = vec![false; self.graph.values.len()];
        for source in self.graph.nodes.iter().flat_map(|n| &n.sources) {
            read[source.value] = true;
        }
        for value in self.graph.outputs.iter().map(|o| o.value).chain(self.graph.loss) {
            read[value] = true;
        }
        if !self.errors.is_empty() {
            return; // a reader may be among what failed
        }
        for (value, read) in self.graph.values.iter().zip(read) {
            if !read {
                self.errors.error(
                    value.span,
                    format!("nobody reads `{}` -- remove it, or read it: `<- {}`", value.label, value.label),
                );
            }
        }
    }
}

//! Scopes of R1: groups, residuals, and what iterations and blocks have in common with them.

use std::rc::Rc;

use proc_macro2::Span;

use super::Builder;
use super::frame::{Frame, FrameExtra, Given, Hidden, Last, NO_MARKS, Outer, Place, join};
use crate::graph::marks::model::ON_MODEL;
use crate::graph::marks::store::{self, is_store};
use crate::graph::{Checkpoint, Item, Scope, Source};
use crate::ops;
use crate::report::{Errors, did_you_mean};
use crate::syntax::{self, Layer, Marks};

impl<'a> Builder<'a, '_> {
    /// `{ … }`
    pub(super) fn group(
        &mut self,
        body: &'a [Layer],
        given: Given,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        self.scope(body, given, at, FrameExtra::default(), into)
    }

    /// A group, a main path, an iteration, a block's inside: a scope of R1.
    pub(super) fn scope(
        &mut self,
        body: &'a [Layer],
        given: Given,
        at: Place<'a>,
        extra: FrameExtra<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        self.refuse_recompute(at.marks, &at.label);
        if body.is_empty() {
            self.error(at.span, format!("{} is empty -- put a layer into it", at.label));
            return None;
        }
        let around = self.top.around.iter().cloned().chain(at.applied).chain(extra.around);
        let frame = Frame {
            names: extra.names,
            last: None,
            vars: extra.vars.unwrap_or_else(|| Rc::clone(&self.top.vars)),
            path: at.path.clone(),
            params_at: at.params_at.clone(),
            frozen: at.frozen,
            around: Rc::new(around.collect()),
            repeated: extra.repeated || self.top.repeated,
            outer: (!extra.opaque).then(|| Outer { names: usize::MAX, ..self.here() }),
            input: match given {
                Given::Unsaid(several) => Given::Several(several),
                given => given,
            },
        };
        let label = match &extra.block {
            _ if at.path != self.top.path => at.path,
            block => join(&at.path, block.as_deref().unwrap_or("group")),
        };
        let first = self.graph.nodes.len();
        let mut scope = Scope::default();
        let ((), frame) = self.within(frame, |builder| builder.layers(body, &mut scope));
        for (name, named) in &frame.names {
            let path = named.layer.as_ref().map(|layer| layer.params_at.clone());
            self.hidden.insert(name.clone(), Hidden { scope: at.label.clone(), path });
        }
        let checkpoint = self.plain_checkpoint(at.marks);
        into.items.push(Item { nodes: first..self.graph.nodes.len(), label, checkpoint, scope: Some(scope) });
        match frame.last {
            Some(Last::Value(source)) => Some(source),
            _ => None,
        }
    }

    pub(super) fn refuse_recompute(&mut self, marks: &Marks, label: &str) {
        if let Some(span) = marks.recompute {
            let fix = "write `#[checkpoint]` to recompute its inside";
            self.error(
                span,
                format!("`recompute` drops the value of one layer, but {label} is a scope -- {fix}"),
            );
        }
    }

    /// A `#[checkpoint]` that says nothing of where here.
    pub(super) fn plain_checkpoint(&mut self, marks: &Marks) -> Option<Checkpoint> {
        let checkpoint = marks.checkpoint.as_ref()?;
        for arg in checkpoint.args.iter().filter(|arg| !is_store(arg)) {
            let (word, span) = crate::graph::marks::argument(arg);
            let forms = "write `#[checkpoint]` alone here, or `#[checkpoint(store = bf16)]`";
            let hint = match word.as_deref() {
                Some("every") => String::from(" -- it stands on a `repeat` or on the model"),
                Some("at") => String::from(" -- it stands on a `repeat`"),
                Some(word) if ON_MODEL.contains(&word) => String::from(" -- it stands on the model"),
                Some(word) => did_you_mean(word, ["store"], forms),
                None => format!(" -- {forms}"),
            };
            let word = word.map_or_else(|| String::from("this"), |word| format!("`{word}`"));
            self.error(span, format!("{word} is no argument of `checkpoint` on a layer or scope{hint}"));
        }
        self.checkpoint(marks)
    }

    /// A `#[checkpoint]`, and how it says that is held what is kept for it.
    pub(super) fn checkpoint(&mut self, marks: &Marks) -> Option<Checkpoint> {
        let checkpoint = marks.checkpoint.as_ref()?;
        let mut found = Errors::default();
        let store = store::asked(checkpoint, &mut found);
        for (span, message) in found.messages() {
            self.error(span, message);
        }
        Some(Checkpoint { span: checkpoint.span, store })
    }

    pub(super) fn residual(
        &mut self,
        given: Given,
        body: &'a [Layer],
        shortcut: Option<&'a syntax::Shortcut>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        self.refuse_recompute(at.marks, &at.label);
        let source = self.one(&given, "a residual", &at);
        let first = self.graph.nodes.len();
        let mut inside = Scope::default();
        let part = |label: &str, span| Place {
            marks: NO_MARKS,
            path: at.path.clone(),
            params_at: at.params_at.clone(),
            named: at.named,
            frozen: at.frozen,
            label: label.to_owned(),
            applied: at.applied.clone(),
            declared: at.declared,
            span,
        };
        let given = if source.is_some() { given } else { Given::Broken };
        let main = part("the main path of the residual", at.span);
        let main = self.scope(body, given.clone(), main, FrameExtra::default(), &mut inside);
        let side = match shortcut {
            Some(s) => {
                let side = part("the shortcut of the residual", s.span);
                self.scope(&s.body, given, side, FrameExtra::default(), &mut inside)
            }
            None => source,
        };
        let checkpoint = self.plain_checkpoint(at.marks);
        let (main, side) = (main?, side?);
        let mut add = part("the sum of the residual", at.span);
        add.path = join(&at.path, "Add");
        let sum = self.node(ops::residual_sum(), &[], vec![main, side], add, &mut inside);
        let label = if at.path == self.top.path { join(&at.path, "residual") } else { at.path };
        let nodes = first..self.graph.nodes.len();
        into.items.push(Item { nodes, label, checkpoint, scope: Some(inside) });
        Some(sum)
    }

    /// The one value that `what` reads; a report if it is given several.
    pub(super) fn one(&mut self, given: &Given, what: &str, at: &Place<'a>) -> Option<Source> {
        match given {
            Given::One(source) => Some(source.clone()),
            Given::Several(list) => {
                let n = list.len();
                self.error(at.span, format!("{what} reads 1 value but is given {n} -- name one: `<- name`"));
                None
            }
            Given::Unsaid(choice) => self.refuse_unsaid(&at.label, at.span, choice),
            Given::Broken => None,
        }
    }

    /// Reports that a line does not say which of several inputs it reads.
    pub(super) fn refuse_unsaid<T>(&mut self, label: &str, span: Span, choice: &[Source]) -> Option<T> {
        let names: Vec<&str> = choice.iter().map(|s| self.graph.values[s.value].label.as_str()).collect();
        let (names, first) =
            (names.join(" or "), names.first().map_or("in", |n| n.trim_matches('`')).to_owned());
        self.error(span, format!("{label} could read {names} -- say which: `<- {first}`"));
        None
    }
}

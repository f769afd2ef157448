//! A line of a scope: a layer of the library, a block, a scope, or an earlier one applied again.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::{Ident, Span};

use super::Builder;
use super::frame::{Frame, Given, Last, Named, Place, label};
use crate::graph::num::Vars;
use crate::graph::{Item, Node, NodeId, Scope, Source, Value};
use crate::ops;
use crate::report::did_you_mean;
use crate::syntax::{self, Layer, LayerKind, Marks};

impl<'a> Builder<'a, '_> {
    pub(super) fn layers(&mut self, layers: &'a [Layer], into: &mut Scope) {
        for layer in layers {
            let last = self.layer(layer, into);
            self.frame().last = Some(last.map_or(Last::Broken, Last::Value));
        }
    }

    /// One line: its value, or nothing if it failed.
    pub(super) fn layer(&mut self, layer: &'a Layer, into: &mut Scope) -> Option<Source> {
        let (path, params_at) = self.paths(layer);
        let vars = Rc::clone(&self.frame().vars);
        if let Some(name) = layer.name.as_ref() {
            let existing = self.frame().names.get(&name.text).map(|n| n.span);
            if existing.is_some() {
                self.errors.error(
                    name.span,
                    format!("`{}` is declared twice in this scope -- rename one", name.text),
                );
            }
        }
        let value = self.instantiate(
            layer,
            layer.marks.frozen.is_some(),
            &layer.marks,
            path,
            params_at.clone(),
            into,
        );
        if let Some(name) = &layer.name {
            let named = Named {
                value: value.as_ref().map(|s| s.value),
                span: name.span,
                layer: Some((layer, vars, params_at)),
            };
            if name.is_source || !matches!(layer.kind, LayerKind::Use { .. }) {
                self.frame().names.insert(name.text.clone(), named);
            }
        }
        value.map(|s| Source { span: layer.name.as_ref().map_or(layer.span, |n| n.span), ..s })
    }

    pub(super) fn paths(&mut self, layer: &Layer) -> (String, String) {
        let frame = self.frame();
        let join =
            |base: &str, name: &str| if base.is_empty() { name.to_owned() } else { format!("{base}.{name}") };
        match &layer.name {
            Some(name) => (join(&frame.path, &name.text), join(&frame.params_at, &name.text)),
            None => (frame.path.clone(), frame.params_at.clone()),
        }
    }

    pub(super) fn instantiate(
        &mut self,
        layer: &'a Layer,
        frozen: bool,
        marks: &'a Marks,
        path: String,
        params_at: String,
        into: &mut Scope,
    ) -> Option<Source> {
        let frozen = frozen || self.frame().frozen;
        let at = Place { marks, path, params_at, frozen, label: label(layer), span: layer.span };
        match &layer.kind {
            LayerKind::Use { kind, args, sources } => {
                self.use_of(layer, kind, args, sources.as_deref(), at, into)
            }
            LayerKind::Group { sources, body } => {
                let given = self.given(sources.as_deref(), at.span);
                self.scope(body, given, at, None, into)
            }
            LayerKind::Repeat { count, sources, body } => {
                let given = self.given(sources.as_deref(), at.span);
                self.repeat(count, given, body, at, into)
            }
            LayerKind::Residual { source, body, shortcut } => {
                let given = self.given(source.as_deref(), at.span);
                self.residual(given, body, shortcut.as_ref(), at, into)
            }
        }
    }

    pub(super) fn use_of(
        &mut self,
        layer: &'a Layer,
        kind: &'a Ident,
        args: &'a [syntax::Arg],
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let word = kind.to_string();
        if let Some(op) = ops::find(&word) {
            return self.op(op, layer, args, sources, at, into);
        }
        let model = self.model;
        if let Some(block) = model.blocks.iter().find(|b| b.name == word) {
            return self.block(block, args, sources, at, into);
        }
        if let Some((earlier, vars, params_at)) = self.lookup(&word).and_then(|n| n.layer.clone()) {
            if let Some(arg) = args.first() {
                self.errors.error(
                    arg.value.span(),
                    format!("`{word}` is applied again as it is -- leave out the arguments"),
                );
            }
            return self.again(earlier, vars, params_at, sources, at, into);
        }
        let known: Vec<String> =
            ops::names().map(str::to_owned).chain(model.blocks.iter().map(|b| b.name.to_string())).collect();
        let hint = did_you_mean(
            &word,
            known.iter().map(String::as_str),
            "the README lists the layers; a block must be declared with `block`",
        );
        self.errors.error(kind.span(), format!("there is no layer `{word}`{hint}"));
        None
    }

    /// An earlier layer or scope once more, with its parameters.
    pub(super) fn again(
        &mut self,
        earlier: &'a Layer,
        vars: Rc<Vars>,
        params_at: String,
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let given = self.given(sources, at.span);
        let frozen = at.frozen || earlier.marks.frozen.is_some();
        let uses = self.frame().uses.clone();
        let iteration = self.frame().iteration;
        // Names stand where this line stands: what differs from them is the place of the parameters.
        let (path, names_at) = (self.frame().path.clone(), self.frame().params_at.clone());
        self.frames.push(Frame {
            names: BTreeMap::new(),
            last: None,
            vars,
            path,
            params_at: names_at,
            frozen,
            uses,
            iteration,
            opaque: false,
            input: given.clone(),
        });
        let again = Place { params_at, frozen, ..at };
        let value = match &earlier.kind {
            LayerKind::Use { kind, args, .. } => {
                let word = kind.to_string();
                if let Some(op) = ops::find(&word) {
                    let sources = self.all_given(&given);
                    sources.and_then(|sources| self.node(op, args, sources, again, into))
                } else if let Some(block) = self.model.blocks.iter().find(|b| b.name == word) {
                    self.block_given(block, args, given, again, into)
                } else if let Some((deeper, vars, params_at)) =
                    self.lookup(&word).and_then(|n| n.layer.clone())
                {
                    self.again(deeper, vars, params_at, None, again, into)
                } else {
                    None
                }
            }
            LayerKind::Group { body, .. } => self.scope(body, given, again, None, into),
            LayerKind::Repeat { count, body, .. } => self.repeat(count, given, body, again, into),
            LayerKind::Residual { body, shortcut, .. } => {
                self.residual(given, body, shortcut.as_ref(), again, into)
            }
        };
        self.frames.pop();
        value
    }

    pub(super) fn all_given(&mut self, given: &Given) -> Option<Vec<Source>> {
        match given {
            Given::One(s) => Some(vec![s.clone()]),
            Given::Several(s) => Some(s.clone()),
            Given::Broken => None,
        }
    }

    pub(super) fn op(
        &mut self,
        op: &'static ops::OpDef,
        layer: &'a Layer,
        args: &'a [syntax::Arg],
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let sources = if op.reads_nothing() && sources.is_none() {
            vec![]
        } else {
            let given = self.given(sources, layer.span);
            if sources.is_none()
                && let Given::Several(_) = given
            {
                self.errors.error(
                    layer.span,
                    format!("{} could read several inputs -- say which: `<- name`", at.label),
                );
                return None;
            }
            self.all_given(&given)?
        };
        self.node(op, args, sources, at, into)
    }

    pub(super) fn node(
        &mut self,
        op: &'static ops::OpDef,
        args: &'a [syntax::Arg],
        sources: Vec<Source>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let args = args.iter().map(|a| self.arg(a)).collect();
        let id: NodeId = self.graph.nodes.len();
        let output = self.graph.values.len();
        let on_target = sources.iter().any(|s| self.graph.values[s.value].on_target);
        self.graph.values.push(Value {
            label: at.label.trim_matches('`').to_owned(),
            span: at.span,
            node: Some(id),
            shape: None,
            on_target,
            trained: false,
            grad: false,
        });
        let (uses, iteration) = (Rc::clone(&self.frame().uses), self.frame().iteration);
        let named_here = at.path != self.frame().path;
        let named = named_here || at.params_at != self.frame().params_at;
        let kind_path =
            if at.path.is_empty() { op.name.to_owned() } else { format!("{}.{}", at.path, op.name) };
        self.graph.nodes.push(Node {
            op,
            label: at.label.clone(),
            path: if named_here { at.path } else { kind_path },
            span: at.span,
            uses,
            iteration,
            args,
            sources,
            params_at: named.then_some(at.params_at),
            frozen: at.frozen,
            recompute: at.marks.recompute,
            output,
            resolved: None,
            params: vec![],
        });
        into.items.push(Item {
            nodes: id..id + 1,
            label: self.graph.nodes[id].path.clone(),
            checkpoint: self.plain_checkpoint(at.marks),
            scope: None,
        });
        Some(Source { value: output, span: at.span })
    }

    /// The span of a `#[checkpoint]` that takes no arguments here.
    pub(super) fn plain_checkpoint(&mut self, marks: &Marks) -> Option<Span> {
        let checkpoint = marks.checkpoint.as_ref()?;
        for arg in &checkpoint.args {
            let (word, span) = match (&arg.name, &arg.value) {
                (Some(name), _) => (name.to_string(), name.span()),
                (None, syntax::Value::Expr(syntax::Expr::Name(name))) => (name.to_string(), name.span()),
                (None, value) => (String::from("this argument"), value.span()),
            };
            let fix = match word.as_str() {
                "every" => "it stands on a `repeat` or on the model",
                "at" => "it stands on a `repeat`",
                "sqrt" => "it stands on the model",
                _ => "write `#[checkpoint]` alone here",
            };
            self.errors.error(
                span,
                format!(
                    "`{}` is no argument of `checkpoint` on a layer or scope -- {fix}",
                    word.trim_matches('`')
                ),
            );
        }
        Some(checkpoint.span)
    }
}

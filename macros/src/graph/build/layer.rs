//! A line of a scope: a layer of the library, a block, a scope, or an earlier one applied again.

use std::rc::Rc;

use proc_macro2::{Ident, Span};

use super::Builder;
use super::frame::{Earlier, Frame, Given, Last, Named, Place, join, label};
use crate::graph::{Frozen, Item, Node, NodeId, Scope, Source, Value};
use crate::ops::{self, OpDef, elsewhere};
use crate::report::{Around, did_you_mean};
use crate::syntax::{self, Layer, LayerKind, Name, text};

/// Lines that a model may unroll to: far more than any network has, few enough to plan.
const MOST_LINES: usize = 100_000;

/// How deep scopes may nest, blocks and scopes applied again included.
const MOST_DEPTH: usize = 100;

impl<'a> Builder<'a, '_> {
    pub(super) fn layers(&mut self, layers: &'a [Layer], into: &mut Scope) {
        for layer in layers {
            let last = self.line(layer, into);
            self.top.last = Some(last.map_or(Last::Broken, Last::Value));
        }
    }

    /// One line: its value, or nothing if it failed.
    fn line(&mut self, layer: &'a Layer, into: &mut Scope) -> Option<Source> {
        if self.is_full() || self.is_too_deep(layer) {
            return None;
        }
        let Some(name) = &layer.name else {
            let (path, params_at) = (self.top.path.clone(), self.top.params_at.clone());
            return self.instantiate(layer, path, params_at, into);
        };
        let mut part = name.text.clone();
        if let Some(first) = self.top.names.get_mut(&name.text) {
            let first = std::mem::replace(first, Named { value: None, layer: None, ..*first });
            self.twice("name", &name.text, name.span, first.span);
            part.push_str(" again"); // so that its parameters do not collide too
        }
        let (path, params_at) = (join(&self.top.path, &part), join(&self.top.params_at, &part));
        let earlier = self.earlier(layer, &params_at);
        self.open.push(&name.text);
        let value = self.instantiate(layer, path, params_at, into);
        self.open.pop();
        if let Some(source) = &value {
            self.shown.insert(source.value, name);
        }
        let (id, order) = (value.as_ref().map(|s| s.value), self.top.names.len());
        let named = Named { value: id, span: name.span, order, layer: Some(earlier) };
        self.top.names.entry(name.text.clone()).or_insert(named);
        value.map(|s| Source { span: name.span, ..s })
    }

    /// What applying `layer` again applies: for one that applies an earlier one itself, that.
    fn earlier(&self, layer: &'a Layer, params_at: &str) -> Earlier<'a> {
        let frozen = layer.marks.frozen.is_some();
        if let LayerKind::Use { kind, .. } = &layer.kind
            && let Some(Named { layer: Some(deeper), .. }) = self.applies(&text(kind))
        {
            return Earlier { frozen: frozen || deeper.frozen, ..deeper.clone() };
        }
        let (vars, params_at) = (Rc::clone(&self.top.vars), params_at.to_owned());
        Earlier { layer, vars, params_at, frozen, outer: self.here() }
    }

    /// What stands above under a name that is neither a layer of the library nor a block.
    fn applies(&self, kind: &str) -> Option<&Named<'a>> {
        let known = ops::find(kind).is_some() || self.model.blocks.iter().any(|b| text(&b.name) == kind);
        if known { None } else { self.lookup(kind) }
    }

    /// Whether scopes nest too deep here: blocks in blocks, or scopes that apply earlier ones.
    fn is_too_deep(&mut self, layer: &Layer) -> bool {
        let too_deep = self.outer.len() > MOST_DEPTH;
        if too_deep {
            self.error(layer.span, format!("more than {MOST_DEPTH} scopes nest here -- nest less deep"));
        }
        too_deep
    }

    /// Counts a line; whether there are too many, which is told once.
    fn is_full(&mut self) -> bool {
        self.lines += 1;
        if self.lines == MOST_LINES + 1 {
            let name = &self.model.name;
            let message =
                format!("`{name}` unrolls to more than {MOST_LINES} layers and scopes -- repeat less");
            self.errors.error(name.span(), message);
        }
        self.lines > MOST_LINES
    }

    fn instantiate(
        &mut self,
        layer: &'a Layer,
        path: String,
        params_at: String,
        into: &mut Scope,
    ) -> Option<Source> {
        let first = self.graph.nodes.len();
        let at = Place {
            marks: &layer.marks,
            path,
            params_at,
            named: layer.name.is_some(),
            frozen: self.top.frozen || layer.marks.frozen.is_some(),
            label: label(layer),
            applied: None,
            declared: layer.name.as_ref().map_or(layer.span, |n| n.span),
            span: layer.span,
        };
        let label = at.label.clone();
        let value = match &layer.kind {
            LayerKind::Use { kind, inside: Some(inside), .. } => self.refuse_path(kind, inside),
            LayerKind::Use { kind, args, sources, .. } => {
                self.use_of(kind, args, sources.as_deref(), at, into)
            }
            LayerKind::Group { sources, .. } | LayerKind::Repeat { sources, .. } => {
                let given = self.given(sources.as_deref(), at.span);
                self.scope_of(layer, given, at, into)
            }
            LayerKind::Residual { source, .. } => {
                let given = self.given(source.as_deref(), at.span);
                self.scope_of(layer, given, at, into)
            }
            LayerKind::Broken => None,
        };
        if let Some(span) = layer.marks.frozen {
            let nodes = first..self.graph.nodes.len();
            self.graph.frozen.push(Frozen { nodes, label, span });
        }
        value
    }

    /// The scope that `layer` is, at `at`.
    fn scope_of(
        &mut self,
        layer: &'a Layer,
        given: Given,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        match &layer.kind {
            LayerKind::Group { body, .. } => self.group(body, given, at, into),
            LayerKind::Repeat { count, body, .. } => self.repeat(count, given, body, at, into),
            LayerKind::Residual { body, shortcut, .. } => {
                self.residual(given, body, shortcut.as_ref(), at, into)
            }
            LayerKind::Use { .. } | LayerKind::Broken => None,
        }
    }

    fn use_of(
        &mut self,
        kind: &'a Ident,
        args: &'a [syntax::Arg],
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let word = text(kind);
        if let Some(op) = ops::find(&word) {
            let given = self.op_given(op, sources, at.span);
            return self.op(op, args, given, at, into);
        }
        let model = self.model;
        if let Some(block) = model.blocks.iter().find(|b| text(&b.name) == word) {
            let given = self.given(sources, at.span);
            return self.block(block, args, given, at, into);
        }
        match self.applies(&word).map(|named| named.layer.clone()) {
            Some(Some(earlier)) => {
                if let Some(arg) = args.first() {
                    let message = format!("`{word}` is applied again as it is -- leave out the arguments");
                    self.error(arg.value.span(), message);
                }
                return self.again(&earlier, sources, at, into);
            }
            Some(None) => return self.refuse_value(&word, kind.span()),
            None => self.unknown_layer(&word, kind.span()),
        }
        None
    }

    fn refuse_value<T>(&mut self, word: &str, span: Span) -> Option<T> {
        let fix = format!("to read it, write `Layer(…) <- {word}`");
        self.error(span, format!("`{word}` is a value, not a layer that can be applied -- {fix}"));
        None
    }

    /// Reports a path where a layer is named.
    fn refuse_path<T>(&mut self, kind: &Ident, inside: &Name) -> Option<T> {
        let (word, rest) = (text(kind), &inside.text);
        let last = rest.rsplit('.').next().unwrap_or(rest);
        if let Some(named) = self.applies(&word) {
            let message = match &named.layer {
                None => return self.refuse_value(&word, kind.span()),
                Some(earlier) if earlier.is_scope() => {
                    let fix = format!("apply `{word}`, or move this line into it");
                    format!("`{rest}` stands inside `{word}`, which shows only its last value -- {fix}")
                }
                Some(_) => format!("`{word}` is a layer, with no `{rest}` inside -- apply `{word}`"),
            };
            self.error(inside.span, message);
        } else if ops::find(&word).is_some() || self.model.blocks.iter().any(|b| text(&b.name) == word) {
            self.error(inside.span, format!("`{word}` has no `{rest}` -- leave it out"));
        } else if ops::find(last).is_some() {
            self.error(kind.span(), format!("layers have no path here -- write `{last}`"));
        } else if let Some(own) = elsewhere::layer(last) {
            self.error(kind.span(), format!("layers have no path here, and none is `{last}` -- write {own}"));
        } else {
            self.unknown_layer(&word, kind.span());
        }
        None
    }

    fn unknown_layer(&mut self, word: &str, span: Span) {
        if self.model.lost.contains(word) {
            return;
        }
        if let "repeat" | "residual" = word {
            self.error(span, format!("`{word}` is a scope -- put the layers in it into braces"));
            return;
        }
        if self.open.contains(&word) {
            self.error(
                span,
                format!("`{word}` is not finished here -- apply it after its end, or use `repeat`"),
            );
            return;
        }
        if let Some(message) = self.in_finished_scope(word, "apply")
            && !ops::names().any(|own| own.eq_ignore_ascii_case(word))
        {
            self.error(span, message);
            return;
        }
        if let Some(own) = elsewhere::layer(word) {
            self.error(span, format!("there is no layer `{word}` -- write {own}"));
            return;
        }
        let known: Vec<String> = ops::names().map(str::to_owned).collect();
        let otherwise = format!("declare it with `block`, or write one of `{}`", known.join("`, `"));
        let own = self.model.blocks.iter().map(|b| text(&b.name)).chain(self.visible(|n| n.layer.is_some()));
        let mut near: Vec<String> = own.collect();
        if !elsewhere::missing(word) {
            near.extend(known);
        }
        let hint = did_you_mean(word, near.iter().map(String::as_str), &otherwise);
        self.error(span, format!("there is no layer `{word}`{hint}"));
    }

    /// An earlier layer or scope once more, with its parameters.
    fn again(
        &mut self,
        earlier: &Earlier<'a>,
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let layer = earlier.layer;
        let op = match &layer.kind {
            LayerKind::Use { kind, .. } => ops::find(&text(kind)),
            _ => None,
        };
        let given = match op {
            Some(op) => self.op_given(op, sources, at.span),
            None => self.given(sources, at.span),
        };
        // What it reads besides, and the numbers in it, are those of where it is declared.
        let frame = Frame {
            vars: Rc::clone(&earlier.vars),
            path: self.top.path.clone(),
            params_at: self.top.params_at.clone(),
            around: Rc::clone(&self.top.around),
            repeated: self.top.repeated,
            outer: Some(earlier.outer),
            input: given.clone(),
            ..Frame::root()
        };
        // What is wrong inside is told at this line too; a layer alone stands at this line itself.
        let words = layer.name.as_ref().map(|name| format!("where `{}` is applied again", name.text));
        let applied = words.map(|words| Around { words, span: at.span, renamed: None, always: true });
        let frozen = at.frozen || earlier.frozen;
        let at = Place { params_at: earlier.params_at.clone(), named: true, frozen, applied, ..at };
        let walk = |builder: &mut Self| match (&layer.kind, op) {
            (LayerKind::Use { args, .. }, Some(op)) => builder.op(op, args, given, at, into),
            (LayerKind::Use { kind, args, .. }, None) => {
                let model = builder.model;
                let block = model.blocks.iter().find(|b| text(&b.name) == text(kind))?;
                builder.block(block, args, given, at, into)
            }
            _ => builder.scope_of(layer, given, at, into),
        };
        self.within(frame, walk).0
    }

    /// What a layer of the library reads.
    fn op_given(&mut self, op: &OpDef, sources: Option<&'a [syntax::Source]>, span: Span) -> Given {
        if op.reads_nothing() && sources.is_none() {
            Given::Several(vec![])
        } else {
            self.given(sources, span)
        }
    }

    fn op(
        &mut self,
        op: &'static OpDef,
        args: &'a [syntax::Arg],
        given: Given,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let sources = match given {
            Given::One(source) => vec![source],
            Given::Several(sources) => sources,
            Given::Unsaid(choice) => return self.refuse_unsaid(&at.label, at.span, &choice),
            Given::Broken => {
                // What it reads is unknown, but what is wrong with its arguments is told now.
                args.iter().for_each(|a| drop(self.arg(a)));
                return None;
            }
        };
        Some(self.node(op, args, sources, at, into))
    }

    pub(super) fn node(
        &mut self,
        op: &'static OpDef,
        args: &'a [syntax::Arg],
        sources: Vec<Source>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Source {
        let args = args.iter().map(|a| self.arg(a)).collect();
        let id: NodeId = self.graph.nodes.len();
        let output = self.graph.values.len();
        let on_target = sources.iter().any(|s| self.graph.values[s.value].on_target);
        self.graph.values.push(Value {
            label: at.label.clone(),
            span: at.declared,
            node: Some(id),
            shape: None,
            on_target,
            trained: false,
            grad: false,
        });
        let path = if at.path == self.top.path { join(&at.path, op.name) } else { at.path };
        let checkpoint = self.plain_checkpoint(at.marks);
        let item = Item { nodes: id..id + 1, label: path.clone(), checkpoint, scope: None };
        self.graph.nodes.push(Node {
            op,
            label: at.label,
            path,
            span: at.span,
            around: Rc::clone(&self.top.around),
            repeated: self.top.repeated,
            args,
            sources,
            params_at: at.named.then_some(at.params_at),
            frozen: at.frozen,
            recompute: at.marks.recompute,
            output,
            twin: None,
            resolved: None,
            alike: self.graph.nodes.len(),
            params: vec![],
        });
        into.items.push(item);
        Source { value: output, span: at.span }
    }
}

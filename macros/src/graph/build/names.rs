//! What names mean: sources, arguments, and layers whose weight is shared.

use std::rc::Rc;

use proc_macro2::{Ident, Span};

use super::Builder;
use super::frame::{Given, Last, Named};
use crate::graph::num::eval;
use crate::graph::{Arg, ArgValue, Source};
use crate::report::did_you_mean;
use crate::syntax::{self, Layer, LayerKind};

impl<'a> Builder<'a, '_> {
    pub(super) fn lookup(&self, name: &str) -> Option<&Named<'a>> {
        for frame in self.frames.iter().rev() {
            if let Some(named) = frame.names.get(name) {
                return Some(named);
            }
            if frame.opaque {
                return None;
            }
        }
        None
    }

    /// What a line reads: its sources, or the line before, or the scope's input.
    pub(super) fn given(&mut self, sources: Option<&[syntax::Source]>, span: Span) -> Given {
        let Some(list) = sources else {
            return match self.frame().last.clone() {
                Some(Last::Value(source)) => Given::One(Source { span, ..source }),
                Some(Last::Broken) => Given::Broken,
                None => self.frame().input.clone(),
            };
        };
        let found: Vec<Option<Source>> = list.iter().map(|s| self.source(s)).collect();
        match found.into_iter().collect::<Option<Vec<Source>>>() {
            Some(mut one) if one.len() == 1 => Given::One(one.remove(0)),
            Some(several) => Given::Several(several),
            None => Given::Broken,
        }
    }

    pub(super) fn source(&mut self, source: &syntax::Source) -> Option<Source> {
        let (name, span) = (source.name.to_string(), source.name.span());
        if let Some(port) = &source.port {
            self.errors.error(
                port.span(),
                format!("`{name}` has no further output `{port}` -- write `{name}` alone"),
            );
            return None;
        }
        if name == "in" {
            return match self.frame().input.clone() {
                Given::One(s) => Some(Source { span, ..s }),
                Given::Several(_) => {
                    self.errors
                        .error(span, "this scope has several inputs, so `in` is none of them -- name one");
                    None
                }
                Given::Broken => None,
            };
        }
        if let Some(named) = self.lookup(&name) {
            return named.value.map(|value| Source { value, span });
        }
        let message = if let Some(scope) = self.hidden.get(&name) {
            format!(
                "`{name}` stands inside {scope}, which is finished and shows only its last value -- read the scope, or move this line into it"
            )
        } else if declared_later(&self.model.layers, &name) {
            format!("`{name}` is declared further down -- a layer reads only what stands above it")
        } else {
            let known: Vec<String> = self.frames.iter().flat_map(|f| f.names.keys().cloned()).collect();
            let hint =
                did_you_mean(&name, known.iter().map(String::as_str), "name an input or a layer above");
            format!("there is no `{name}` here{hint}")
        };
        self.errors.error(span, message);
        None
    }

    pub(super) fn arg(&mut self, arg: &syntax::Arg) -> Arg {
        let value = self.arg_value(&arg.value, arg.name.as_ref());
        Arg { name: arg.name.clone(), value, span: arg.value.span() }
    }

    pub(super) fn arg_value(&mut self, value: &syntax::Value, name: Option<&Ident>) -> ArgValue {
        match value {
            syntax::Value::Expr(syntax::Expr::Name(word)) => {
                if let Some(num) = self.frame().vars.get(&word.to_string()) {
                    return ArgValue::Num(*num);
                }
                if name.is_some_and(|n| n == "weight") {
                    return self.tie(std::slice::from_ref(word));
                }
                ArgValue::Word(word.clone())
            }
            syntax::Value::Expr(expr) => {
                let vars = Rc::clone(&self.frame().vars);
                eval(expr, &vars, self.errors).map_or(ArgValue::Broken, ArgValue::Num)
            }
            syntax::Value::Str(s, _) => ArgValue::Str(s.clone()),
            syntax::Value::Call(word, args) => {
                ArgValue::Call(word.clone(), args.iter().map(|a| self.arg_value(a, None)).collect())
            }
            syntax::Value::Tuple(list, _) => {
                ArgValue::Tuple(list.iter().map(|a| self.arg_value(a, None)).collect())
            }
            syntax::Value::List(list, _) => {
                ArgValue::List(list.iter().map(|a| self.arg_value(a, None)).collect())
            }
            syntax::Value::Path(path) if name.is_some_and(|n| n == "weight") => self.tie(path),
            syntax::Value::Path(path) => ArgValue::Path(path.clone()),
        }
    }

    /// `weight = layer`: the path of that layer's `weight`.
    pub(super) fn tie(&mut self, path: &[Ident]) -> ArgValue {
        let Some(first) = path.first() else { return ArgValue::Broken };
        let name = first.to_string();
        let Some(base) = self.lookup(&name).and_then(|n| n.layer.as_ref().map(|(_, _, at)| at.clone()))
        else {
            let known: Vec<String> = self.frames.iter().flat_map(|f| f.names.keys().cloned()).collect();
            let hint = did_you_mean(
                &name,
                known.iter().map(String::as_str),
                "name a layer above whose weight is shared",
            );
            self.errors
                .error(first.span(), format!("there is no layer `{name}` to share a weight with{hint}"));
            return ArgValue::Broken;
        };
        let mut full = base;
        for part in &path[1..] {
            full.push('.');
            full.push_str(&part.to_string());
        }
        ArgValue::Param(format!("{full}.weight"))
    }
}

/// Whether a layer of this name stands anywhere.
fn declared_later(layers: &[Layer], name: &str) -> bool {
    layers.iter().any(|layer| {
        layer.name.as_ref().is_some_and(|n| n.text == name)
            || match &layer.kind {
                LayerKind::Use { .. } => false,
                LayerKind::Group { body, .. } | LayerKind::Repeat { body, .. } => declared_later(body, name),
                LayerKind::Residual { body, shortcut, .. } => {
                    declared_later(body, name)
                        || shortcut.as_ref().is_some_and(|s| declared_later(&s.body, name))
                }
            }
    })
}

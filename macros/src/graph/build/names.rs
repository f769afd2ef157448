//! What names mean: sources, arguments, and layers whose weight is shared.

use proc_macro2::{Ident, Span};

use super::Builder;
use super::frame::{Earlier, Given, Hidden, Last, Named, Outer};
use crate::graph::{Arg, ArgValue, Source};
use crate::report::{did_you_mean, nearest};
use crate::syntax::{self, Layer, LayerKind, Name, text};

impl<'a> Builder<'a, '_> {
    pub(super) fn lookup(&self, name: &str) -> Option<&Named<'a>> {
        self.find(name).map(|(_, named)| named)
    }

    /// What a name means, and the number of the frame that holds it.
    fn find(&self, name: &str) -> Option<(usize, &Named<'a>)> {
        let mut outer = Some(self.here());
        while let Some(Outer { frame: number, names }) = outer {
            let frame = self.frame_at(number);
            if let Some(named) = frame.names.get(name).filter(|named| named.order < names) {
                return Some((number, named));
            }
            outer = frame.outer;
        }
        None
    }

    /// What to say of a name inside a finished scope to one who wants to `verb` it.
    pub(super) fn in_finished_scope(&self, name: &str, verb: &str) -> Option<String> {
        let scope = &self.hidden.get(name)?.scope;
        let fix = format!("{verb} the scope, or move this line into it");
        let message = "which is finished and shows only its last value";
        Some(format!("`{name}` stands inside {scope}, {message} -- {fix}"))
    }

    /// What to write here for the layer `name` inside a finished scope, where only parameters are named.
    fn path_to(&self, name: &str) -> Option<String> {
        let path = self.hidden.get(name)?.path.as_ref()?;
        let mut outer = Some(self.here());
        while let Some(Outer { frame, .. }) = outer {
            let frame = self.frame_at(frame);
            let rest = match frame.params_at.as_str() {
                "" => Some(path.as_str()),
                at => path.strip_prefix(at).and_then(|rest| rest.strip_prefix('.')),
            };
            if let Some((first, _)) = rest.and_then(|rest| rest.split_once('.'))
                && self.is_layer(first)
            {
                return rest.map(str::to_owned);
            }
            outer = frame.outer;
        }
        None
    }

    /// The names that can be written here, of what `which` accepts.
    pub(super) fn visible(&self, which: fn(&Named<'a>) -> bool) -> Vec<String> {
        let (mut outer, mut found) = (Some(self.here()), vec![]);
        while let Some(Outer { frame, names }) = outer {
            let frame = self.frame_at(frame);
            let seen = |named: &Named<'a>| named.order < names && which(named);
            let names = frame.names.iter().filter(|(_, named)| seen(named)).map(|(name, _)| name);
            found.extend(names.filter(|name| !name.starts_with(|c: char| c.is_ascii_digit())).cloned());
            outer = frame.outer;
        }
        found
    }

    /// What a line reads: its sources, or the line before, or the scope's input.
    pub(super) fn given(&mut self, sources: Option<&[syntax::Source]>, span: Span) -> Given {
        let Some(list) = sources else {
            return match &self.top.last {
                Some(Last::Value(source)) => Given::One(Source { span, ..source.clone() }),
                Some(Last::Broken) => Given::Broken,
                None => match &self.top.input {
                    Given::One(source) => Given::One(Source { span, ..source.clone() }),
                    Given::Several(several) => Given::Unsaid(several.clone()),
                    other => other.clone(),
                },
            };
        };
        let found: Vec<Option<Source>> = list.iter().map(|s| self.source(s, "<-")).collect();
        match found.into_iter().collect::<Option<Vec<Source>>>() {
            Some(mut one) if one.len() == 1 => Given::One(one.remove(0)),
            Some(several) => Given::Several(several),
            None => Given::Broken,
        }
    }

    /// The value that a source means, behind `reader`: `<-` or `output`.
    pub(super) fn source(&mut self, source: &syntax::Source, reader: &str) -> Option<Source> {
        let (name, span) = (text(&source.name), source.name.span());
        let value = if name == "in" {
            match self.top.input.clone() {
                Given::One(s) => Some(s.value),
                Given::Several(list) | Given::Unsaid(list) => {
                    let n = list.len();
                    self.error(
                        span,
                        format!("this scope has {n} inputs, so `in` is none of them -- name one"),
                    );
                    None
                }
                Given::Broken => None,
            }
        } else if let Some((frame, named)) = self.find(&name) {
            let value = named.value;
            self.read.insert((frame, name.clone()));
            value
        } else {
            self.unknown_source(&name, span);
            return None;
        };
        if let Some(inside) = &source.inside {
            self.refuse_inside(&name, inside, reader);
            return None;
        }
        value.map(|value| Source { value, span })
    }

    /// Reports that `reader name.inside` names no value.
    fn refuse_inside(&mut self, name: &str, inside: &Name, reader: &str) {
        let rest = &inside.text;
        let is_scope =
            self.lookup(name).and_then(|named| named.layer.as_ref()).is_some_and(Earlier::is_scope);
        let message = if is_scope {
            let fix = match reader {
                "output" => format!("move `{rest}` out of it"),
                _ => String::from("move this line into it"),
            };
            let message = format!("`{rest}` stands inside `{name}`, which shows only its last value");
            format!("{message} -- write `{reader} {name}` for that, or {fix}")
        } else {
            format!("`{name}` has no output `{rest}`, it is one value -- write `{reader} {name}`")
        };
        self.error(inside.span, message);
    }

    fn unknown_source(&mut self, name: &str, span: Span) {
        if self.model.lost.contains(name) {
            return;
        }
        let block = self.blocks.last().map(|b| text(&b.name));
        let message = if self.open.contains(&name) {
            let fix = "read what stands above it, or `in`, the input of the scope";
            format!("`{name}` is not finished here -- {fix}")
        } else if let Some(block) = block
            && self.outer.iter().any(|frame| frame.names.contains_key(name))
        {
            let fix = format!("make it a source: `block {block}(…) <- ({name})`");
            format!("`{name}` stands outside of block `{block}`, which sees only its own names -- {fix}")
        } else if let Some(message) = self.in_finished_scope(name, "read") {
            message
        } else if declared_in(&self.model.layers, name) {
            format!("`{name}` is declared further down -- a layer reads only what stands above it")
        } else {
            let known = self.visible(|_| true);
            let hint = did_you_mean(name, known.iter().map(String::as_str), "name an input or a layer above");
            format!("there is no `{name}` here{hint}")
        };
        self.error(span, message);
    }

    pub(super) fn arg(&mut self, arg: &syntax::Arg) -> Arg {
        let value = self.arg_value(&arg.value, arg.name.as_ref());
        let word = match &arg.value {
            syntax::Value::Expr(syntax::Expr::Name(word)) => Some(word.clone()),
            _ => None,
        };
        Arg { name: arg.name.clone(), value, text: arg.to_string(), word, span: arg.value.span() }
    }

    fn arg_value(&mut self, value: &syntax::Value, name: Option<&Ident>) -> ArgValue {
        let is_weight = name.is_some_and(|n| n == "weight");
        match value {
            // A weight is no number, so a layer is meant even where a number has the same name.
            syntax::Value::Expr(syntax::Expr::Name(word)) if is_weight && self.is_layer(&text(word)) => {
                self.tie(word, &[])
            }
            syntax::Value::Expr(syntax::Expr::Name(word)) => {
                if let Some(num) = self.top.vars.get(&text(word)) {
                    return num.map_or(ArgValue::Broken, ArgValue::Num);
                }
                if is_weight {
                    return self.tie(word, &[]);
                }
                if !self.is_above(word) {
                    return ArgValue::Broken;
                }
                let known = self.top.vars.iter().filter(|(_, value)| value.is_some());
                let hint = nearest(&text(word), known.map(|(name, _)| name.as_str()))
                    .first()
                    .map(|s| (*s).to_owned());
                ArgValue::Word(word.clone(), hint)
            }
            syntax::Value::Expr(expr) => self.eval(expr).map_or(ArgValue::Broken, ArgValue::Num),
            syntax::Value::Str(said, _) => ArgValue::Str(said.clone()),
            syntax::Value::Call(word, args) => {
                ArgValue::Call(word.clone(), args.iter().map(|a| self.arg_value(a, None)).collect())
            }
            syntax::Value::Tuple(list, _) | syntax::Value::List(list, _) => {
                ArgValue::List(list.iter().map(|a| self.arg_value(a, None)).collect())
            }
            syntax::Value::Path(first, rest) if is_weight => self.tie(first, rest),
            syntax::Value::Path(..) => ArgValue::Path,
        }
    }

    fn is_layer(&self, name: &str) -> bool {
        self.lookup(name).is_some_and(|named| named.layer.is_some())
    }

    /// `weight = layer`: the path of that layer's `weight`.
    fn tie(&mut self, first: &Ident, rest: &[String]) -> ArgValue {
        let name = text(first);
        let found = self.lookup(&name).map(|named| named.layer.as_ref().map(|e| e.params_at.clone()));
        let Some(Some(mut path)) = found else {
            if found.is_none() && self.model.lost.contains(&name) {
                return ArgValue::Broken;
            }
            let known = self.visible(|named| named.layer.is_some());
            let hint = match (self.hidden.get(&name), self.path_to(&name)) {
                (Some(Hidden { scope, .. }), Some(path)) => {
                    format!(" -- it stands inside {scope}: write `weight = {path}`")
                }
                (Some(Hidden { scope, path: Some(_) }), None) => {
                    format!(
                        " -- it stands inside {scope}, which has no name to write before it: name the scope"
                    )
                }
                _ => {
                    let otherwise = "name a layer above that has a weight";
                    did_you_mean(&name, known.iter().map(String::as_str), otherwise)
                }
            };
            self.error(first.span(), format!("there is no layer `{name}` to share a weight with{hint}"));
            return ArgValue::Broken;
        };
        for part in rest {
            path.push('.');
            path.push_str(part);
        }
        path.push_str(".weight");
        ArgValue::Param(path)
    }
}

/// Whether a layer of this name stands anywhere in `layers`.
pub(super) fn declared_in(layers: &[Layer], name: &str) -> bool {
    layers.iter().any(|layer| {
        layer.name.as_ref().is_some_and(|n| n.text == name)
            || match &layer.kind {
                LayerKind::Use { .. } | LayerKind::Broken => false,
                LayerKind::Group { body, .. } | LayerKind::Repeat { body, .. } => declared_in(body, name),
                LayerKind::Residual { body, shortcut, .. } => {
                    declared_in(body, name) || shortcut.as_ref().is_some_and(|s| declared_in(&s.body, name))
                }
            }
    })
}

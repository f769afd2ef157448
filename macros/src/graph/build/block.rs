//! Uses of blocks: a scope of their own with numbers and sources for parameters.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::{Ident, Span};

use super::Builder;
use super::frame::{FrameExtra, Given, Named, Place};
use crate::graph::num::{Num, Vars, eval};
use crate::graph::{Scope, Source};
use crate::report::did_you_mean;
use crate::syntax::{self, Block};

impl<'a> Builder<'a, '_> {
    pub(super) fn block(
        &mut self,
        block: &'a Block,
        args: &'a [syntax::Arg],
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let given = self.given(sources, at.span);
        self.block_given(block, args, given, at, into)
    }

    pub(super) fn block_given(
        &mut self,
        block: &'a Block,
        args: &'a [syntax::Arg],
        given: Given,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        if self.blocks.iter().any(|b| b.name == block.name) {
            self.errors.error(
                at.span,
                format!("block `{}` uses itself -- a block must end; use `repeat`", block.name),
            );
            return None;
        }
        let vars = self.block_vars(block, args, at.span)?;
        let mut names = BTreeMap::new();
        if !block.sources.is_empty() {
            let list = self.all_given(&given)?;
            if list.len() != block.sources.len() {
                self.errors.error(
                    at.span,
                    format!(
                        "block `{}` reads {} values but is given {} -- write `<- ({})`",
                        block.name,
                        block.sources.len(),
                        list.len(),
                        names_of(&block.sources)
                    ),
                );
                self.errors.error(block.span, format!("`{}` declares its sources here", block.name));
                return None;
            }
            for (name, source) in block.sources.iter().zip(&list) {
                names.insert(
                    name.to_string(),
                    Named { value: Some(source.value), span: name.span(), layer: None },
                );
            }
        } else if let Given::Several(list) = &given {
            self.errors.error(at.span, format!("block `{}` reads 1 value but is given {} -- declare sources: `block {}(…) <- (a, b) {{ … }}`", block.name, list.len(), block.name));
            return None;
        }
        let mut uses = vec![(at.label.clone(), at.span)];
        uses.extend(self.frame().uses.iter().cloned());
        self.blocks.push(block);
        let extra = FrameExtra {
            names,
            vars: Some(Rc::new(vars)),
            uses: Some(Rc::new(uses)),
            iteration: None,
            opaque: true,
        };
        let value = self.scope(&block.layers, given, at, Some(extra), into);
        self.blocks.pop();
        value
    }

    pub(super) fn block_vars(
        &mut self,
        block: &'a Block,
        args: &'a [syntax::Arg],
        span: Span,
    ) -> Option<Vars> {
        let mut vars: Vars = self.graph.consts.iter().map(|c| (c.name.to_string(), c.value)).collect();
        let mut given: BTreeMap<String, Num> = BTreeMap::new();
        let mut positional = block.params.iter();
        let mut whole = true;
        for arg in args {
            let param = match &arg.name {
                Some(name) => block.params.iter().find(|p| *p == name),
                None => positional.next(),
            };
            let Some(param) = param else {
                let hint = format!("its parameters are `({})`", names_of(&block.params));
                let hint = arg.name.as_ref().map_or(format!(" -- {hint}"), |n| {
                    let known: Vec<String> = block.params.iter().map(Ident::to_string).collect();
                    did_you_mean(&n.to_string(), known.iter().map(String::as_str), &hint)
                });
                let at = arg.name.as_ref().map_or_else(|| arg.value.span(), Ident::span);
                self.errors.error(at, format!("block `{}` takes no such argument{hint}", block.name));
                whole = false;
                continue;
            };
            let syntax::Value::Expr(expr) = &arg.value else {
                self.errors
                    .error(arg.value.span(), format!("`{param}` must be a number -- write an expression"));
                whole = false;
                continue;
            };
            let caller = Rc::clone(&self.frame().vars);
            match eval(expr, &caller, self.errors) {
                Some(value) if given.insert(param.to_string(), value).is_none() => {}
                Some(_) => {
                    self.errors.error(arg.value.span(), format!("`{param}` is given twice -- remove one"));
                    whole = false;
                }
                None => whole = false,
            }
        }
        for param in &block.params {
            if whole && !given.contains_key(&param.to_string()) {
                self.errors.error(
                    span,
                    format!(
                        "block `{}` needs `{param}` -- write `{}({})`",
                        block.name,
                        block.name,
                        names_of(&block.params)
                    ),
                );
                whole = false;
            }
        }
        vars.extend(given);
        whole.then_some(vars)
    }
}

fn names_of(names: &[Ident]) -> String {
    names.iter().map(Ident::to_string).collect::<Vec<_>>().join(", ")
}

//! Uses of blocks: a scope of their own with numbers and sources for parameters.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::{Ident, Span};

use super::Builder;
use super::frame::{FrameExtra, Given, Named, Place};
use crate::graph::num::{Num, Vars};
use crate::graph::{Scope, Source};
use crate::report::{Around, did_you_mean};
use crate::syntax::{self, Block, text};

impl<'a> Builder<'a, '_> {
    pub(super) fn block(
        &mut self,
        block: &'a Block,
        args: &'a [syntax::Arg],
        given: Given,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        if !block.known || block.layers.is_empty() {
            return None; // reported where it is declared
        }
        let name = text(&block.name);
        if self.blocks.iter().any(|b| text(&b.name) == name) {
            let message = format!("block `{name}` uses itself, without an end -- use `repeat`");
            self.error(at.span, message);
            return None;
        }
        let vars = self.block_vars(block, args, at.span);
        let names = self.block_sources(block, &given, &at);
        let (vars, names) = (vars?, names?);
        let words = format!("in this use of block `{name}`");
        let around = Around { words, span: at.span, always: true };
        let at = Place { applied: None, ..at };
        let extra = FrameExtra {
            names,
            vars: Some(Rc::new(vars)),
            around: Some(around),
            repeated: false,
            opaque: true,
            block: Some(name),
        };
        self.blocks.push(block);
        let value = self.scope(&block.layers, given, at, extra, into);
        self.blocks.pop();
        value
    }

    /// The names of what a use gives to the block.
    fn block_sources(
        &mut self,
        block: &'a Block,
        given: &Given,
        at: &Place<'a>,
    ) -> Option<BTreeMap<String, Named<'a>>> {
        let mut names = BTreeMap::new();
        let name = text(&block.name);
        if block.sources.is_empty() {
            if let Given::Several(list) = given {
                let message = format!("block `{name}` reads 1 value but is given {}", list.len());
                let fix = format!("declare sources: `block {name}(…) <- (a, b) {{ … }}`");
                self.error(at.span, format!("{message} -- {fix}"));
                return None;
            }
            return Some(names);
        }
        let list = match given {
            Given::One(source) => vec![source.clone()],
            Given::Several(list) => list.clone(),
            Given::Unsaid(choice) => return self.refuse_unsaid(&at.label, at.span, choice),
            Given::Broken => vec![],
        };
        let wanted = block.sources.len();
        if list.len() != wanted && !matches!(given, Given::Broken) {
            let values = if wanted == 1 { "value" } else { "values" };
            let message = format!("block `{name}` reads {wanted} {values} but is given {}", list.len());
            self.error(at.span, format!("{message} -- write `<- ({})`", names_of(&block.sources)));
            self.error(block.name.span(), format!("`{name}` reads `({})`", names_of(&block.sources)));
            return None;
        }
        for (i, source) in block.sources.iter().enumerate() {
            let value = list.get(i).map(|s| s.value);
            names.insert(text(source), Named { value, span: source.span(), order: 0, layer: None });
        }
        Some(names)
    }

    fn block_vars(&mut self, block: &'a Block, args: &'a [syntax::Arg], span: Span) -> Option<Vars> {
        let mut given: BTreeMap<String, Option<Num>> = BTreeMap::new();
        let mut positional = block.params.iter();
        let mut whole = true;
        for arg in args {
            let param = match &arg.name {
                Some(name) => block.params.iter().find(|p| text(p) == text(name)),
                None => positional.next(),
            };
            let Some(param) = param.map(text) else {
                self.unknown_param(block, arg);
                whole = false;
                continue;
            };
            let value = if let syntax::Value::Expr(expr) = &arg.value {
                self.eval(expr)
            } else {
                self.error(arg.value.span(), format!("`{param}` must be a number -- write an expression"));
                None
            };
            if given.insert(param.clone(), value).is_some() {
                self.error(arg.value.span(), format!("`{param}` is given twice -- remove one"));
                whole = false;
            }
        }
        for param in block.params.iter().map(text) {
            if whole && !given.contains_key(&param) {
                let (name, all) = (text(&block.name), names_of(&block.params));
                self.error(
                    span,
                    format!("block `{name}` needs `{param}` -- write `{name}({all})` with numbers"),
                );
                whole = false;
            }
        }
        // Constants are seen in a block, the numbers around its use are not.
        let mut vars = self.constants.as_ref().clone();
        vars.extend(given);
        whole.then_some(vars)
    }

    fn unknown_param(&mut self, block: &Block, arg: &syntax::Arg) {
        let block_name = text(&block.name);
        let takes = match block.params.len() {
            0 => String::from("it takes no numbers"),
            _ => format!("it takes `({})`", names_of(&block.params)),
        };
        match &arg.name {
            Some(name) => {
                let known: Vec<String> = block.params.iter().map(text).collect();
                let hint = did_you_mean(&text(name), known.iter().map(String::as_str), &takes);
                self.error(name.span(), format!("block `{block_name}` has no number `{name}`{hint}"));
            }
            None => {
                let message = format!("block `{block_name}` has no number left for this -- {takes}");
                self.error(arg.value.span(), message);
            }
        }
    }
}

fn names_of(names: &[Ident]) -> String {
    names.iter().map(text).collect::<Vec<_>>().join(", ")
}

//! Uses of blocks: a scope of their own with numbers and sources for parameters.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::{Ident, Span};

use super::Builder;
use super::frame::{FrameExtra, Given, Named, Place, Unread};
use super::names::declared_in;
use crate::graph::num::{Num, Vars};
use crate::graph::{Scope, Source, ValueId};
use crate::report::{Around, did_you_mean};
use crate::syntax::{self, Block, comma_separated, text};

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
        let renamed = match (at.named, self.top.repeated) {
            (_, true) => None,
            (true, false) => Some(String::from("name it or its scope differently")),
            (false, false) => Some(format!("name it: `{}`", self.line_with_name(&name, args))),
        };
        let around = Around { words, span: at.span, renamed, always: true };
        let at = Place { applied: None, ..at };
        let extra = FrameExtra {
            names,
            vars: Some(Rc::new(vars)),
            around: Some(around),
            repeated: false,
            opaque: true,
            block: Some(name.clone()),
        };
        let outside: Vec<Around> = self.top.around.iter().cloned().chain(extra.around.clone()).collect();
        let values = match &given {
            Given::One(source) => vec![source.value],
            Given::Several(list) => list.iter().map(|source| source.value).collect(),
            Given::Unsaid(_) | Given::Broken => vec![],
        };
        // The frame of its inside, whose names an earlier use may have read under the same number.
        let inside = self.outer.len() + 1;
        self.read.retain(|(frame, _)| *frame != inside);
        let first = self.graph.nodes.len();
        self.blocks.push(block);
        let value = self.scope(&block.layers, given, at, extra, into);
        self.blocks.pop();
        let nodes = &self.graph.nodes[first..];
        let is_read = |value: ValueId| nodes.iter().any(|n| n.sources.iter().any(|s| s.value == value));
        for (source, value) in block.sources.iter().zip(&values) {
            let word = text(source);
            // What is given alone is read by the first line too, and as `in`.
            let alone = values.len() == 1 && is_read(*value);
            if !alone && !self.read.contains(&(inside, word.clone())) {
                let message = format!("block `{name}` does not read its source `{word}`");
                let fix = format!("remove it, or read it: `<- {word}`");
                let message = format!("{message} -- {fix}");
                let (span, around, value) = (source.span(), outside.clone(), *value);
                self.unread.push(Unread { span, message, around, value });
            }
        }
        value
    }

    /// An unnamed use of the block `name`, with a name that nothing has.
    fn line_with_name(&mut self, name: &str, args: &[syntax::Arg]) -> String {
        let count = self.unnamed_uses.entry((self.top.path.clone(), name.to_owned())).or_default();
        *count += 1;
        let (base, mut number) = (name.to_lowercase(), *count);
        let is_taken = |word: &str| {
            let ports = self.model.ports.iter().any(|port| text(&port.name) == word);
            let blocks =
                self.model.blocks.iter().any(|b| declared_in(&b.layers, word) || text(&b.name) == word);
            word == "in" || ports || blocks || declared_in(&self.model.layers, word)
        };
        let named = |number: usize| if number == 1 { base.clone() } else { format!("{base}{number}") };
        while is_taken(&named(number)) {
            number += 1;
        }
        let args = if args.is_empty() { String::new() } else { format!("({})", comma_separated(args)) };
        format!("{}: {name}{args}", named(number))
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
        let mut vars = self.constants_above(block.consts_above).as_ref().clone();
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

//! What stands before the layers: constants, inputs and targets, definitions of blocks.

use std::collections::BTreeSet;
use std::rc::Rc;

use proc_macro2::{Ident, Span};

use super::Builder;
use super::frame::{Given, Named};
use crate::graph::num::{Num, Vars, dim};
use crate::graph::shape::check_size;
use crate::graph::{Const, Port, Shape, Source, Value};
use crate::ops;
use crate::plan::problem::Class;
use crate::syntax::{self, Dtype, Expr, Layer, LayerKind, text};

/// What every model has beside its constants.
const TAKEN: [&str; 9] = [
    "PLAN",
    "new",
    "workspace",
    "inference_workspace",
    "params",
    "params_mut",
    "forward_backward",
    "evaluate",
    "forward",
];

impl<'a> Builder<'a, '_> {
    pub(super) fn consts(&mut self) {
        // What may have been declared on a line that did not parse has a number that is unknown.
        let mut vars: Vars = self.model.lost.iter().map(|word| (word.clone(), None)).collect();
        let mut seen: Vec<&syntax::Const> = vec![];
        for c in &self.model.consts {
            self.constants.push(Rc::new(vars.clone()));
            let name = text(&c.name);
            if TAKEN.contains(&name.as_str()) {
                self.error(
                    c.name.span(),
                    format!("every model has a `{name}` of its own -- rename this constant"),
                );
                vars.insert(name, None);
                continue;
            }
            if let Some(first) = seen.iter().find(|other| text(&other.name) == name) {
                self.twice("constant", &name, c.name.span(), first.name.span());
                continue;
            }
            seen.push(c);
            self.top.vars = Rc::new(vars.clone());
            let value = c.value.as_ref().filter(|expr| !self.reads_itself(expr, &name));
            let value = value.and_then(|expr| self.eval(expr));
            vars.insert(name, value);
            // Beside errors, a number that lets other code compile.
            let value = value.unwrap_or(Num::Int(1));
            self.graph.consts.push(Const { name: c.name.clone(), docs: c.docs.clone(), value });
        }
        self.constants.push(Rc::new(vars));
    }

    /// The constants that are seen below the first `count`.
    pub(super) fn constants_above(&self, count: usize) -> Rc<Vars> {
        self.constants.get(count).or(self.constants.last()).map(Rc::clone).unwrap_or_default()
    }

    /// Whether the value `expr` of the constant `name` reads that; reports it.
    fn reads_itself(&mut self, expr: &Expr, name: &str) -> bool {
        let found = expr.names().into_iter().find(|word| text(word) == name);
        if let Some(word) = found {
            self.error(word.span(), format!("the constant `{name}` reads itself -- write a number"));
        }
        found.is_some()
    }

    /// Whether `expr` reads no constant that is declared further down; reports those.
    pub(super) fn reads_above(&mut self, expr: &Expr) -> bool {
        expr.names().into_iter().filter(|word| !self.is_above(word)).count() == 0
    }

    /// The same of an argument.
    pub(super) fn value_reads_above(&mut self, value: &syntax::Value) -> bool {
        match value {
            syntax::Value::Expr(expr) => self.reads_above(expr),
            syntax::Value::List(items, _) | syntax::Value::Tuple(items, _) => {
                items.iter().filter(|item| !self.value_reads_above(item)).count() == 0
            }
            syntax::Value::Str(..) | syntax::Value::Call(..) | syntax::Value::Path(..) => true,
        }
    }

    /// Whether `word` is no constant that is declared further down; reports it at both places.
    pub(super) fn is_above(&mut self, word: &Ident) -> bool {
        let name = text(word);
        let below = self.model.consts.iter().find(|c| text(&c.name) == name);
        let Some(below) = below.filter(|_| !self.top.vars.contains_key(&name)) else { return true };
        let span = below.name.span();
        self.error(
            word.span(),
            format!("`{name}` is declared further down -- move `const {name}` above this"),
        );
        self.errors().error(span, format!("`{name}` is declared here, below a line that reads it"));
        false
    }

    pub(super) fn ports(&mut self) {
        let mut inputs = vec![];
        for port in &self.model.ports {
            let (name, span) = (text(&port.name), port.name.span());
            self.top.vars = self.constants_above(port.consts_above);
            let source = self.port(port);
            if let Some(first) = self.top.names.get_mut(&name) {
                first.value = None;
                let first = first.span;
                self.twice("name", &name, span, first);
                continue;
            }
            self.top.names.insert(name, Named { value: Some(source.value), span, order: 0, layer: None });
            if !port.target {
                inputs.push(source);
            }
        }
        if inputs.is_empty() && self.model.lost.is_empty() {
            let name = &self.model.name;
            self.error(name.span(), format!("`{name}` has no input -- declare one: `input x: f32[64];`"));
        }
        self.top.input = match inputs.len() {
            0 => Given::Broken,
            1 => Given::One(inputs.remove(0)),
            _ => Given::Several(inputs),
        };
    }

    /// An input or target; beside errors one without a shape.
    fn port(&mut self, port: &syntax::Port) -> Source {
        let (name, span) = (text(&port.name), port.name.span());
        let mut sizes = vec![];
        for (i, expr) in port.form.iter().flat_map(|(_, dims)| dims).enumerate() {
            sizes.push(
                self.eval(expr)
                    .and_then(|n| dim(n, expr.span(), &format!("axis {i} of `{name}`"), self.errors)),
            );
        }
        let dims: Option<Vec<u64>> = sizes.iter().copied().collect();
        let dims =
            dims.filter(|dims| check_size(dims, span, &format!("`{name}`"), &[], self.errors).is_some());
        let dtype = port.form.as_ref().map(|(dtype, _)| *dtype);
        let class = match dtype {
            Some(Dtype::F32) | None => Class::Elem,
            Some(Dtype::U32) => Class::Index,
        };
        let shape = dtype.and(dims.as_ref()).map(|dims| Shape { dims: dims.clone(), class, batched: true });
        let value = self.graph.values.len();
        self.graph.values.push(Value {
            label: format!("`{name}`"),
            span,
            node: None,
            shape,
            on_target: port.target,
            trained: false,
            grad: false,
        });
        // A second port of one name stays an argument of the signatures that stand beside errors.
        let twice = self.graph.ports.iter().any(|p| p.name == port.name);
        self.graph.ports.push(Port {
            name: if twice { quote::format_ident!("{}_{value}", port.name) } else { port.name.clone() },
            target: port.target,
            dtype: dtype.unwrap_or(Dtype::F32),
            known: dtype.is_some(),
            dims: dims.unwrap_or_else(|| vec![1; sizes.len()]),
            value,
        });
        Source { value, span }
    }

    pub(super) fn check_blocks(&mut self) {
        for (i, block) in self.model.blocks.iter().enumerate() {
            let (name, span) = (text(&block.name), block.name.span());
            if let Some(first) = self.model.blocks[..i].iter().find(|b| text(&b.name) == name) {
                self.twice("block", &name, span, first.name.span());
            } else if ops::find(&name).is_some() {
                self.error(
                    span,
                    format!("`{name}` is a layer of the library -- give the block another name"),
                );
            } else if block.known && block.layers.is_empty() {
                self.error(span, format!("block `{name}` is empty -- put a layer into it"));
            }
            let above = self.constants_above(block.consts_above);
            for param in &block.params {
                let number = text(param);
                if above.get(&number).is_some_and(Option::is_some) {
                    let message =
                        format!("the number `{number}` of block `{name}` hides the constant `{number}`");
                    self.error(param.span(), format!("{message} -- rename it"));
                }
            }
        }
    }

    /// A block is checked where it is used, so one that nobody uses is a mistake.
    pub(super) fn check_blocks_used(&mut self) {
        let mut used = BTreeSet::new();
        self.uses_of_blocks(&self.model.layers, &mut used);
        for block in &self.model.blocks {
            let name = text(&block.name);
            if !used.contains(&name) {
                let fix = format!("use it: `x: {name}(…);`, or remove it");
                self.error(
                    block.name.span(),
                    format!("nobody uses block `{name}`, so it is not checked -- {fix}"),
                );
            }
        }
    }

    /// The names of all blocks that `layers` come to use.
    fn uses_of_blocks(&self, layers: &'a [Layer], used: &mut BTreeSet<String>) {
        for layer in layers {
            match &layer.kind {
                LayerKind::Use { kind, .. } => {
                    let block = self.model.blocks.iter().find(|b| text(&b.name) == text(kind));
                    if let Some(block) = block
                        && used.insert(text(kind))
                    {
                        self.uses_of_blocks(&block.layers, used);
                    }
                }
                LayerKind::Group { body, .. } | LayerKind::Repeat { body, .. } => {
                    self.uses_of_blocks(body, used);
                }
                LayerKind::Residual { body, shortcut, .. } => {
                    self.uses_of_blocks(body, used);
                    self.uses_of_blocks(shortcut.as_ref().map_or(&[], |s| &s.body), used);
                }
                LayerKind::Broken => {}
            }
        }
    }

    /// Reports that `name` is declared at two places.
    pub(super) fn twice(&mut self, what: &str, name: &str, second: Span, first: Span) {
        self.error(second, format!("the {what} `{name}` is declared twice -- rename one"));
        self.error(first, format!("`{name}` is declared here first"));
    }
}

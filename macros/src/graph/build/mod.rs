//! Names to ids: scopes are walked, `repeat` is unrolled, blocks and shared layers are instantiated.

mod block;
mod ends;
mod frame;
mod layer;
mod names;
mod ports;
mod repeat;
mod scope;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::rc::Rc;

use proc_macro2::Span;

use super::num::{self, Num, Vars};
use super::{Graph, Scope, ValueId, marks};
use crate::report::{Around, Errors};
use crate::syntax::{Block, Expr, Model, Name};
use frame::{Frame, Hidden, Outer, Unread};

/// The graph of `model`.
pub(crate) fn build(model: &Model, errors: &mut Errors) -> Graph {
    let mut builder = Builder {
        model,
        errors,
        unsaid: Errors::default(),
        graph: Graph::default(),
        outer: vec![],
        top: Frame::root(),
        blocks: vec![],
        open: vec![],
        hidden: BTreeMap::new(),
        constants: vec![],
        read: BTreeSet::new(),
        unnamed_uses: BTreeMap::new(),
        unread: vec![],
        shown: BTreeMap::new(),
        lines: 0,
    };
    builder.run();
    let Builder { errors, unsaid, graph, .. } = builder;
    if errors.is_empty() {
        errors.append(unsaid);
    }
    graph
}

struct Builder<'a, 'e> {
    model: &'a Model,
    errors: &'e mut Errors,
    /// Mistakes of later iterations: told only if the first has none.
    unsaid: Errors,
    graph: Graph,
    /// The frames around `top`, outermost first.
    outer: Vec<Frame<'a>>,
    top: Frame<'a>,
    /// Blocks being instantiated, outermost first.
    blocks: Vec<&'a Block>,
    /// Names of the lines being walked, outermost first.
    open: Vec<&'a str>,
    /// Names inside finished scopes, with the scope: to say why they can't be read.
    hidden: BTreeMap<String, Hidden>,
    /// The model's constants; none has a number that is unknown after an error.
    ///
    /// At each number, those that stand above that many of them; so the last are all.
    constants: Vec<Rc<Vars>>,
    /// Names that were read, with the numbers of the frames that hold them.
    read: BTreeSet<(usize, String)>,
    /// How often a block was used without a name, for each scope and block.
    unnamed_uses: BTreeMap<(String, String), usize>,
    /// Sources that their block does not read.
    unread: Vec<Unread>,
    /// The name by which each value is read from farthest outside.
    shown: BTreeMap<ValueId, &'a Name>,
    /// Lines walked so far.
    lines: usize,
}

impl<'a> Builder<'a, '_> {
    fn run(&mut self) {
        self.consts();
        self.ports();
        self.check_blocks();
        if let Some(checkpoint) = &self.model.marks.checkpoint {
            self.graph.asked =
                marks::model::asked(checkpoint, &self.constants_above(usize::MAX), self.errors);
        }
        let mut root = Scope::default();
        for (i, layer) in self.model.layers.iter().enumerate() {
            let above = self.model.consts_above.get(i).copied().unwrap_or(usize::MAX);
            self.top.vars = self.constants_above(above);
            self.layers(std::slice::from_ref(layer), &mut root);
        }
        self.graph.root = root;
        self.loss();
        self.outputs();
        self.check_all_read();
    }

    /// Reports a mistake of the line being walked.
    fn error(&mut self, span: Span, message: impl Display) {
        let around: Rc<Vec<Around>> = Rc::clone(&self.top.around);
        self.errors().error_in(&around, span, message);
    }

    fn errors(&mut self) -> &mut Errors {
        if self.top.repeated { &mut self.unsaid } else { self.errors }
    }

    fn eval(&mut self, expr: &Expr) -> Option<Num> {
        if !self.reads_above(expr) {
            return None;
        }
        let (vars, mut found) = (Rc::clone(&self.top.vars), Errors::default());
        let value = num::eval(expr, &vars, &mut found);
        for (span, message) in found.messages() {
            self.error(span, message);
        }
        value
    }

    /// Walks on in `frame`; what it was when the walk there ended.
    fn within<T>(&mut self, frame: Frame<'a>, walk: impl FnOnce(&mut Self) -> T) -> (T, Frame<'a>) {
        let outer = std::mem::replace(&mut self.top, frame);
        self.outer.push(outer);
        let result = walk(self);
        let outer = self.outer.pop().unwrap_or_else(Frame::root);
        (result, std::mem::replace(&mut self.top, outer))
    }

    /// The frame of a number: those around first, then the one being walked.
    fn frame_at(&self, number: usize) -> &Frame<'a> {
        self.outer.get(number).unwrap_or(&self.top)
    }

    /// The frame being walked, as what stands in it now sees it.
    fn here(&self) -> Outer {
        Outer { frame: self.outer.len(), names: self.top.names.len() }
    }
}

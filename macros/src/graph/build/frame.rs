//! The state of the walk: frames of names, and where a line stands.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::Span;

use crate::graph::num::Vars;
use crate::graph::{Source, ValueId};
use crate::ops;
use crate::report::Around;
use crate::syntax::{Layer, LayerKind, Marks, text};

/// The names of a scope while it is being walked.
pub(super) struct Frame<'a> {
    pub(super) names: BTreeMap<String, Named<'a>>,
    /// What the scope was given.
    pub(super) input: Given,
    /// The line before; none in front of the first.
    pub(super) last: Option<Last>,
    pub(super) vars: Rc<Vars>,
    /// The path that names in it are appended to.
    pub(super) path: String,
    /// Where parameters are named: the same, but inside a layer that is applied again.
    pub(super) params_at: String,
    pub(super) frozen: bool,
    pub(super) around: Rc<Vec<Around>>,
    /// A second or later iteration of a `repeat(n)`, whose mistakes are those of the first.
    pub(super) repeated: bool,
    /// Where names are looked for next; nowhere for a block, which sees only its own.
    pub(super) outer: Option<Outer>,
}

/// The frame around another, as that sees it.
#[derive(Clone, Copy)]
pub(super) struct Outer {
    /// Its number.
    pub(super) frame: usize,
    /// How many of its names are seen: those that stood above.
    pub(super) names: usize,
}

impl Frame<'_> {
    /// The model's own frame.
    pub(super) fn root() -> Self {
        Self {
            names: BTreeMap::new(),
            input: Given::Broken,
            last: None,
            vars: Rc::default(),
            path: String::new(),
            params_at: String::new(),
            frozen: false,
            around: Rc::new(vec![]),
            repeated: false,
            outer: None,
        }
    }
}

/// What a line or a scope reads.
#[derive(Clone)]
pub(super) enum Given {
    One(Source),
    Several(Vec<Source>),
    /// The scope has several inputs, and the line does not say which it reads.
    Unsaid(Vec<Source>),
    /// Its source failed; reported already.
    Broken,
}

/// What the line before gives.
#[derive(Clone)]
pub(super) enum Last {
    Value(Source),
    /// It failed; reported already.
    Broken,
}

/// What a name means.
#[derive(Clone)]
pub(super) struct Named<'a> {
    /// None if it failed; reported already.
    pub(super) value: Option<ValueId>,
    pub(super) span: Span,
    /// How many names of its scope stand above it.
    pub(super) order: usize,
    /// For applying it again.
    pub(super) layer: Option<Earlier<'a>>,
}

/// A source that its block does not read.
pub(super) struct Unread {
    /// Where it is declared.
    pub(super) span: Span,
    pub(super) message: String,
    /// The use of the block, and what that stands in.
    pub(super) around: Vec<Around>,
    /// What the use gave.
    pub(super) value: ValueId,
}

/// What a name means inside a finished scope.
pub(super) struct Hidden {
    /// What messages call the scope.
    pub(super) scope: String,
    /// Where its parameters are named, if it is a layer or a scope.
    pub(super) path: Option<String>,
}

/// A layer or scope that can be applied again, as it stands where it is declared.
#[derive(Clone)]
pub(super) struct Earlier<'a> {
    pub(super) layer: &'a Layer,
    pub(super) vars: Rc<Vars>,
    pub(super) params_at: String,
    pub(super) frozen: bool,
    /// What it sees.
    pub(super) outer: Outer,
}

impl Earlier<'_> {
    /// Whether something stands inside: it is no layer of the library.
    pub(super) fn is_scope(&self) -> bool {
        match &self.layer.kind {
            LayerKind::Use { kind, .. } => ops::find(&text(kind)).is_none(),
            _ => true,
        }
    }
}

/// Where a line stands, and what is said of it.
pub(super) struct Place<'a> {
    pub(super) marks: &'a Marks,
    pub(super) path: String,
    /// Where its parameters are named.
    pub(super) params_at: String,
    /// It has a name, or applies something that has.
    pub(super) named: bool,
    pub(super) frozen: bool,
    /// What messages call it: a name in backticks, or a description.
    pub(super) label: String,
    /// A scope that is applied again: that mistakes inside are told at this line too.
    pub(super) applied: Option<Around>,
    /// Its name, if it has one.
    pub(super) declared: Span,
    /// Its kind.
    pub(super) span: Span,
}

/// What a scope's frame has besides what it takes from its parent.
#[derive(Default)]
pub(super) struct FrameExtra<'a> {
    pub(super) names: BTreeMap<String, Named<'a>>,
    pub(super) vars: Option<Rc<Vars>>,
    pub(super) around: Option<Around>,
    pub(super) repeated: bool,
    /// A block: outer names are not seen.
    pub(super) opaque: bool,
    /// What plans call it where it has no name: a group, or this block.
    pub(super) block: Option<String>,
}

pub(super) const NO_MARKS: &Marks = &Marks { checkpoint: None, recompute: None, frozen: None, train: None };

/// What messages call a line.
pub(super) fn label(layer: &Layer) -> String {
    match (&layer.name, &layer.kind) {
        (Some(name), _) => format!("`{}`", name.text),
        (None, LayerKind::Use { kind, .. }) => format!("`{kind}`"),
        (None, LayerKind::Group { .. }) => String::from("this scope"),
        (None, LayerKind::Repeat { .. }) => String::from("this `repeat`"),
        (None, LayerKind::Residual { .. }) => String::from("this `residual`"),
        (None, LayerKind::Broken) => String::from("this line"),
    }
}

/// `name` below `path`.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

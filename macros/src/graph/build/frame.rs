//! The state of the walk: frames of names, and where a line stands.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::Span;

use crate::graph::num::Vars;
use crate::graph::{Source, ValueId};
use crate::syntax::{Layer, LayerKind, Marks};

/// The names of a scope while it is being walked.
pub(super) struct Frame<'a> {
    pub(super) names: BTreeMap<String, Named<'a>>,
    /// What the scope was given.
    pub(super) input: Given,
    /// The value of the line before; `None` after a line that failed.
    pub(super) last: Option<Last>,
    pub(super) vars: Rc<Vars>,
    /// The path that names in it are appended to.
    pub(super) path: String,
    /// Where parameters are named: the same, but inside a layer that is applied again.
    pub(super) params_at: String,
    pub(super) frozen: bool,
    pub(super) uses: Rc<Vec<(String, Span)>>,
    pub(super) iteration: Option<u64>,
    /// Names of outer scopes end here (a block sees only its own).
    pub(super) opaque: bool,
}

#[derive(Clone)]
pub(super) enum Given {
    One(Source),
    /// Several sources: a layer must say which it reads.
    Several(Vec<Source>),
    /// Its source failed; reported already.
    Broken,
}

#[derive(Clone)]
pub(super) enum Last {
    Value(Source),
    Broken,
}

#[derive(Clone)]
pub(super) struct Named<'a> {
    pub(super) value: Option<ValueId>,
    pub(super) span: Span,
    /// For applying it again.
    pub(super) layer: Option<(&'a Layer, Rc<Vars>, String)>,
}

/// Where a line stands, and what is said of it.
pub(super) struct Place<'a> {
    pub(super) marks: &'a Marks,
    pub(super) path: String,
    pub(super) params_at: String,
    pub(super) frozen: bool,
    pub(super) label: String,
    pub(super) span: Span,
}

/// What a scope's frame has besides what it takes from its parent.
#[derive(Default)]
pub(super) struct FrameExtra<'a> {
    pub(super) names: BTreeMap<String, Named<'a>>,
    pub(super) vars: Option<Rc<Vars>>,
    pub(super) uses: Option<Rc<Vec<(String, Span)>>>,
    pub(super) iteration: Option<u64>,
    pub(super) opaque: bool,
}

pub(super) const NO_MARKS: &Marks = &Marks { checkpoint: None, recompute: None, frozen: None, train: None };

pub(super) fn label(layer: &Layer) -> String {
    match (&layer.name, &layer.kind) {
        (Some(name), _) => format!("`{}`", name.text),
        (None, LayerKind::Use { kind, .. }) => format!("`{kind}`"),
        (None, LayerKind::Group { .. }) => String::from("this scope"),
        (None, LayerKind::Repeat { .. }) => String::from("`repeat`"),
        (None, LayerKind::Residual { .. }) => String::from("`residual`"),
    }
}

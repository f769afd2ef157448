//! What was written: the tokens of `model!` as a tree.
//!
//! AFTER parse: the tree has the grammar's form; nothing is known of what its names mean.

mod expr;
mod flatten;
mod layer;
mod marks;
mod parse;
mod tokens;
mod written;

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream};

pub(crate) use parse::parse;
pub(crate) use written::comma_separated;

/// A whole `model! { … }`.
pub(crate) struct Model {
    /// Outer attributes for the generated struct (docs, derives, `cfg`).
    pub(crate) attrs: TokenStream,
    /// Those of them that say whether there is a model at all, for everything else that is generated.
    pub(crate) cfg: TokenStream,
    /// `#[checkpoint(…)]` on the model.
    pub(crate) marks: Marks,
    /// Visibility of the struct.
    pub(crate) vis: TokenStream,
    pub(crate) name: Ident,
    pub(crate) consts: Vec<Const>,
    pub(crate) ports: Vec<Port>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) layers: Vec<Layer>,
    /// How many constants stand above each of them.
    pub(crate) consts_above: Vec<usize>,
    pub(crate) outputs: Vec<Output>,
    /// Words of items that did not parse, not even to their names: they may have declared any of them.
    pub(crate) lost: BTreeSet<String>,
}

/// What a word says, without the `r#` of a raw one.
pub(crate) fn text(word: &Ident) -> String {
    let text = word.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

/// `const NAME = expr;`
pub(crate) struct Const {
    pub(crate) docs: TokenStream,
    pub(crate) name: Ident,
    /// None if it did not parse.
    pub(crate) value: Option<Expr>,
}

/// What an input or a target holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dtype {
    F32,
    U32,
}

/// `input name: dtype[dims];` or `target …`.
pub(crate) struct Port {
    pub(crate) target: bool,
    /// A Rust identifier: raw if it is a keyword.
    pub(crate) name: Ident,
    /// Type and axes; none if they did not parse.
    pub(crate) form: Option<(Dtype, Vec<Expr>)>,
    /// How many constants stand above it.
    pub(crate) consts_above: usize,
}

/// `block NAME(params) <- (sources) { layers }`
pub(crate) struct Block {
    pub(crate) name: Ident,
    pub(crate) params: Vec<Ident>,
    pub(crate) sources: Vec<Ident>,
    pub(crate) layers: Vec<Layer>,
    /// False if only its name could be read.
    pub(crate) known: bool,
    /// How many constants stand above it.
    pub(crate) consts_above: usize,
}

/// `output name;`
pub(crate) struct Output {
    /// `#[train]`: kept in training too.
    pub(crate) train: bool,
    pub(crate) layer: Source,
}

/// A layer or a scope.
pub(crate) struct Layer {
    pub(crate) marks: Marks,
    pub(crate) name: Option<Name>,
    pub(crate) kind: LayerKind,
    /// Where to point when the layer as a whole is meant: its kind, or the scope's keyword.
    pub(crate) span: Span,
}

/// The name of a layer: an identifier, or an integer that is only part of a path.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

pub(crate) enum LayerKind {
    /// A layer of the library, a block, or an earlier layer applied again.
    Use { kind: Ident, inside: Option<Name>, args: Vec<Arg>, sources: Option<Vec<Source>> },
    /// `{ … }`
    Group { sources: Option<Vec<Source>>, body: Vec<Layer> },
    /// `repeat(…) { … }`
    Repeat { count: Count, sources: Option<Vec<Source>>, body: Vec<Layer> },
    /// `residual { … } shortcut { … }`
    Residual { source: Option<Vec<Source>>, body: Vec<Layer>, shortcut: Option<Shortcut> },
    /// It did not parse.
    Broken,
}

pub(crate) struct Shortcut {
    pub(crate) body: Vec<Layer>,
    pub(crate) span: Span,
}

/// How often, and over what, a `repeat` runs.
pub(crate) enum Count {
    /// `repeat(n)`
    Times(Expr),
    /// `repeat(i in a..b)`
    Range { var: Ident, from: Expr, to: Expr },
    /// `repeat(d in [64, 128])`
    Each { var: Ident, items: Vec<Expr> },
}

/// What a layer reads.
#[derive(Clone)]
pub(crate) struct Source {
    /// `in` for the innermost scope's own input.
    pub(crate) name: Ident,
    /// What follows behind a `.`: no layer has further outputs yet.
    pub(crate) inside: Option<Name>,
}

/// An argument of a layer or an attribute.
pub(crate) struct Arg {
    pub(crate) name: Option<Ident>,
    pub(crate) value: Value,
}

/// What an argument may be, as written.
pub(crate) enum Value {
    Expr(Expr),
    /// `"64 MiB"`
    Str(String, Span),
    /// `normal(0.02)`
    Call(Ident, Vec<Value>),
    /// `(1, 2)`
    Tuple(Vec<Value>, Span),
    /// `[1, 2]`
    List(Vec<Value>, Span),
    /// `a.0.b`
    Path(Ident, Vec<String>),
}

impl Value {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Expr(e) => e.span(),
            Self::Str(_, s) | Self::Tuple(_, s) | Self::List(_, s) => *s,
            Self::Call(first, _) | Self::Path(first, _) => first.span(),
        }
    }
}

/// Arithmetic over numbers and names.
pub(crate) enum Expr {
    Int(i64, Span),
    Float(f64, Span),
    Name(Ident),
    Neg(Box<Expr>, Span),
    Binary(Box<Expr>, char, Box<Expr>, Span),
}

impl Expr {
    /// The names in it, from left to right.
    pub(crate) fn names(&self) -> Vec<&Ident> {
        match self {
            Self::Int(..) | Self::Float(..) => vec![],
            Self::Name(name) => vec![name],
            Self::Neg(inner, _) => inner.names(),
            Self::Binary(a, _, b, _) => [a.names(), b.names()].concat(),
        }
    }

    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Int(_, s) | Self::Float(_, s) | Self::Neg(_, s) => *s,
            Self::Name(i) => i.span(),
            Self::Binary(a, _, b, _) => join(a.span(), b.span()),
        }
    }
}

/// From the start of `a` to the end of `b`, where the compiler can say so.
pub(crate) fn join(a: Span, b: Span) -> Span {
    a.join(b).unwrap_or(a)
}

/// The attributes of an item that plan or freeze it.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) recompute: Option<Span>,
    pub(crate) frozen: Option<Span>,
    pub(crate) train: Option<Span>,
}

/// `#[checkpoint]` or `#[checkpoint(…)]`
pub(crate) struct Checkpoint {
    pub(crate) span: Span,
    pub(crate) args: Vec<Arg>,
}

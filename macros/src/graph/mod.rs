//! The network: nodes and values instead of names.
//!
//! AFTER build: no names, only ids; acyclic; nodes stand in order of declaration, `repeat` unrolled.
//! AFTER shape: every value has a concrete per-sample shape and dtype, and knows if it has a gradient; a layer that does
//! the work of the one before it reads what that reads.
//! AFTER marks: every mark has become a segment or a flag on its node.
//! AFTER lower: what planning sees, with views resolved and fusable neighbours found.

pub(crate) mod absorb;
pub(crate) mod build;
pub(crate) mod lower;
pub(crate) mod marks;
pub(crate) mod num;
pub(crate) mod shape;

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use proc_macro2::{Ident, Span, TokenStream};

use crate::ops::store::Format;
use crate::ops::{OpDef, Resolved};
use crate::plan::problem::Class;
use crate::report::Around;
use crate::syntax::Dtype;
use marks::model::Asked;
use marks::store::Held;
use num::Num;

pub(crate) type NodeId = usize;
pub(crate) type ValueId = usize;
pub(crate) type ParamId = usize;

/// A network.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) consts: Vec<Const>,
    pub(crate) ports: Vec<Port>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) values: Vec<Value>,
    pub(crate) params: Vec<Param>,
    /// The model's scope.
    pub(crate) root: Scope,
    pub(crate) loss: Option<ValueId>,
    pub(crate) outputs: Vec<Output>,
    /// Runs of nodes whose inside is not kept.
    pub(crate) segments: Vec<Segment>,
    /// What must keep its shape.
    pub(crate) repeats: Vec<Repeat>,
    /// Where `#[frozen]` stands.
    pub(crate) frozen: Vec<Frozen>,
    /// What `#[checkpoint(…)]` on the model asks for.
    pub(crate) asked: Option<Asked>,
    /// After marks: every `#[checkpoint]` as it is written.
    pub(crate) marks: Vec<Mark>,
    /// After shape: of each layer whose work another does itself, that one.
    pub(crate) absorbed: BTreeMap<NodeId, NodeId>,
    /// Targets that nobody reads: a mistake, unless the loss that should read them has one itself.
    pub(crate) unread_targets: Vec<(Span, String)>,
    /// After marks: of each value, the one whose memory it is: views share one.
    pub(crate) roots: Vec<ValueId>,
    /// After marks: what is held in another form or place, by its root.
    pub(crate) held: Held,
    /// Parameters by path, aliases too.
    pub(crate) param_index: BTreeMap<String, ParamId>,
}

/// A `repeat(n)`: what its first iteration receives and gives.
pub(crate) struct Repeat {
    pub(crate) input: ValueId,
    pub(crate) output: ValueId,
    pub(crate) span: Span,
    pub(crate) around: Rc<Vec<Around>>,
}

/// A `#[frozen]` and the nodes it is about.
pub(crate) struct Frozen {
    pub(crate) nodes: Range<NodeId>,
    /// What messages call its line.
    pub(crate) label: String,
    pub(crate) span: Span,
}

/// A constant of the model.
pub(crate) struct Const {
    pub(crate) name: Ident,
    pub(crate) docs: TokenStream,
    pub(crate) value: Num,
}

/// An input or a target.
pub(crate) struct Port {
    pub(crate) name: Ident,
    pub(crate) target: bool,
    pub(crate) dtype: Dtype,
    pub(crate) dims: Vec<u64>,
    pub(crate) value: ValueId,
    /// Whether type and number of axes are those declared: false beside errors in that line.
    pub(crate) known: bool,
}

/// What `forward` returns.
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) value: ValueId,
    /// Kept in training too.
    pub(crate) train: bool,
}

/// The shape of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    pub(crate) dims: Vec<u64>,
    pub(crate) class: Class,
    /// Whether there is one for each sample (a loss is one for the whole batch).
    pub(crate) batched: bool,
}

impl Shape {
    /// An activation.
    pub(crate) fn elem(dims: Vec<u64>) -> Self {
        Self { dims, class: Class::Elem, batched: true }
    }

    /// One number for the whole batch.
    pub(crate) fn scalar() -> Self {
        Self { dims: vec![], class: Class::Scalar, batched: false }
    }

    /// Elements of a sample.
    pub(crate) fn len(&self) -> u64 {
        self.dims.iter().product()
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.batched, self.class) {
            (false, _) => f.write_str("one number for the batch"),
            (true, Class::Index) if self.dims.is_empty() => f.write_str("u32"),
            (true, Class::Index) => write!(f, "u32{:?}", self.dims),
            (true, _) => write!(f, "{:?}", self.dims),
        }
    }
}

/// A tensor.
pub(crate) struct Value {
    /// What messages call it: a name in backticks, or a description.
    pub(crate) label: String,
    /// Where it is declared.
    pub(crate) span: Span,
    /// The node that makes it; none for inputs and targets.
    pub(crate) node: Option<NodeId>,
    /// After shape.
    pub(crate) shape: Option<Shape>,
    /// It depends on a target.
    pub(crate) on_target: bool,
    /// After shape: a trained parameter stands before it.
    pub(crate) trained: bool,
    /// After shape: trained, and the loss depends on it.
    pub(crate) grad: bool,
}

/// A use of a value.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) value: ValueId,
    pub(crate) span: Span,
}

/// A layer of the library, once for each time it runs.
pub(crate) struct Node {
    pub(crate) op: &'static OpDef,
    /// What messages call it: its name or its kind in backticks, or a description.
    pub(crate) label: String,
    /// The path of its name, or of its kind in its scope.
    pub(crate) path: String,
    pub(crate) span: Span,
    /// Uses of blocks and iterations over lists that it stands in, outermost first.
    pub(crate) around: Rc<Vec<Around>>,
    /// Whether it stands in a second or later iteration of a `repeat(n)`.
    pub(crate) repeated: bool,
    pub(crate) args: Vec<Arg>,
    pub(crate) sources: Vec<Source>,
    /// Where its parameters are named: that of the layer it applies again.
    pub(crate) params_at: Option<String>,
    pub(crate) frozen: bool,
    /// `#[recompute]`
    pub(crate) recompute: Option<Span>,
    pub(crate) output: ValueId,
    /// The node that stands here in the first iteration, in a later one of a `repeat(n)`.
    pub(crate) twin: Option<NodeId>,
    /// After shape: shared by nodes that differ in nothing but what they read and their parameters.
    pub(crate) resolved: Option<Rc<Resolved>>,
    /// After shape: the first of those that share `resolved`.
    pub(crate) alike: NodeId,
    /// After shape: its parameters, in the order of the op's declarations.
    pub(crate) params: Vec<ParamId>,
}

impl Node {
    /// Whether it is no step in any program: a Reshape, say.
    pub(crate) fn is_view(&self) -> bool {
        self.resolved.as_ref().is_some_and(|op| op.view)
    }

    /// Its kind and its arguments, as written.
    pub(crate) fn line(&self) -> String {
        let args: Vec<&str> = self.args.iter().map(|arg| arg.text.as_str()).collect();
        if args.is_empty() {
            self.op.name.to_owned()
        } else {
            format!("{}({})", self.op.name, args.join(", "))
        }
    }
}

/// A parameter.
pub(crate) struct Param {
    pub(crate) path: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) shape: Vec<u64>,
    pub(crate) init: Init,
    pub(crate) frozen: bool,
    pub(crate) span: Span,
    /// What it is declared in.
    pub(crate) around: Rc<Vec<Around>>,
}

/// How a parameter is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Init {
    Constant(f64),
    Uniform(f64),
    Normal(f64),
}

impl ArgValue {
    /// The word it is; a string is one too, as PyTorch writes them.
    pub(crate) fn as_word(&self) -> Option<String> {
        match self {
            Self::Word(word, _) => Some(word.to_string()),
            Self::Str(said) => Some(said.clone()),
            _ => None,
        }
    }
}

/// An argument whose expressions are numbers now.
#[derive(Clone)]
pub(crate) struct Arg {
    pub(crate) name: Option<Ident>,
    pub(crate) value: ArgValue,
    /// As it is written, with its name.
    pub(crate) text: String,
    /// The word that its value is, if it is one.
    pub(crate) word: Option<Ident>,
    pub(crate) span: Span,
}

#[derive(Clone)]
pub(crate) enum ArgValue {
    Num(Num),
    /// A word that is no constant, and the constant it may be a slip of.
    Word(Ident, Option<String>),
    Str(String),
    Call(Ident, Vec<ArgValue>),
    /// `[a, b]` or `(a, b)`
    List(Vec<ArgValue>),
    Path,
    /// The parameter with this path (a `weight = layer` argument).
    Param(String),
    /// An expression that could not be evaluated; reported already.
    Broken,
}

/// A scope of R1, with everything in it seen from outside as one item.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) items: Vec<Item>,
    /// Each `repeat` in it that a `#[checkpoint]` stands on.
    pub(crate) repeats: Vec<MarkedRepeat>,
}

/// A `#[checkpoint]` on a `repeat`.
pub(crate) struct MarkedRepeat {
    pub(crate) label: String,
    pub(crate) mark: Checkpoint,
    /// The iterations of each segment, as items of the scope around.
    pub(crate) runs: Vec<Range<usize>>,
}

/// A layer or a scope in a scope.
pub(crate) struct Item {
    /// The nodes of it.
    pub(crate) nodes: Range<NodeId>,
    pub(crate) label: String,
    /// `#[checkpoint]` on it.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// What is inside, if it is a scope.
    pub(crate) scope: Option<Scope>,
}

/// A `#[checkpoint]` on a layer or a scope.
#[derive(Clone, Copy)]
pub(crate) struct Checkpoint {
    pub(crate) span: Span,
    pub(crate) store: Option<Stored>,
}

/// A `store = …`.
#[derive(Clone, Copy)]
pub(crate) struct Stored {
    /// What is rounded to, if anything is.
    pub(crate) format: Option<Format>,
    /// `host`
    pub(crate) host: bool,
    pub(crate) span: Span,
}

/// A `#[checkpoint]` as it is written.
pub(crate) struct Mark {
    /// What it stands on; of several places, in the first.
    pub(crate) on: String,
    /// In how many it stands: more than one in a `repeat` or a block.
    pub(crate) places: usize,
    /// The segments that it makes, or bounds.
    pub(crate) segments: Vec<usize>,
    /// It says how what is kept for it is held, which saves something whatever else it does.
    pub(crate) holds: bool,
}

/// A run of nodes that is recomputed.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) nodes: Range<NodeId>,
    pub(crate) label: String,
}

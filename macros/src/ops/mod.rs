//! What an op is: its arguments, its shape rule, its parameters, and what its kernels are given.
//!
//! An op is one function from arguments and input shapes to a [`Resolved`], which is data: no later
//! pass knows any op. What a kernel does stands in the folder of the same name in the runtime.

mod activation;
pub(crate) mod args;
mod arithmetic;
mod attention;
pub(crate) mod context;
mod cross_entropy;
mod dropout;
pub(crate) mod elsewhere;
mod embedding;
mod given;
mod layer_norm;
mod linear;
mod mean;
mod mse;
mod parameter;
mod position_embedding;
mod reshape;
mod select;
mod softmax;
pub(crate) mod store;
mod sum;
mod transpose;
mod values;

use proc_macro2::Span;

use crate::graph::{Init, Shape};
use crate::plan::problem::Size;
pub(crate) use args::Args;
pub(crate) use context::Context;

/// A layer of the library.
pub(crate) struct OpDef {
    /// Its name in the language.
    pub(crate) name: &'static str,
    /// How many values it reads.
    pub(crate) arity: Arity,
    /// What stands in its parentheses.
    pub(crate) args: Args,
    /// Its shape rule; mistakes are reported, and give none.
    pub(crate) resolve: fn(&mut Context<'_>) -> Option<Resolved>,
}

/// How many values an op reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arity {
    Exactly(usize),
    AtLeast(usize),
    OneOf(usize, usize),
}

impl Arity {
    /// Whether `n` values are as many as it reads.
    pub(crate) fn fits(self, n: usize) -> bool {
        match self {
            Self::Exactly(k) => n == k,
            Self::AtLeast(k) => n >= k,
            Self::OneOf(a, b) => n == a || n == b,
        }
    }
}

impl OpDef {
    /// Whether it stands at the start of a path (`Parameter`).
    pub(crate) fn reads_nothing(&self) -> bool {
        self.arity == Arity::Exactly(0)
    }
}

/// Every layer of the library, in the order in which messages list them.
static OPS: &[&[OpDef]] = &[
    linear::OPS,
    embedding::OPS,
    position_embedding::OPS,
    layer_norm::OPS,
    activation::OPS,
    softmax::OPS,
    dropout::OPS,
    attention::OPS,
    arithmetic::OPS,
    select::OPS,
    reshape::OPS,
    transpose::OPS,
    mean::OPS,
    parameter::OPS,
    cross_entropy::OPS,
    mse::OPS,
    sum::OPS,
];

/// The layer called `name`.
pub(crate) fn find(name: &str) -> Option<&'static OpDef> {
    OPS.iter().copied().flatten().find(|op| op.name == name)
}

/// The layer at the end of a residual.
pub(crate) fn residual_sum() -> &'static OpDef {
    &arithmetic::RESIDUAL_SUM
}

/// The names of all layers.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    OPS.iter().copied().flatten().map(|op| op.name)
}

/// Everything that later passes need to know of a node's op.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// The module of `remat::ops` with its kernel.
    pub(crate) module: &'static str,
    /// The fields of its `Spec`.
    pub(crate) spec: Vec<(&'static str, SpecValue)>,
    /// The value that other layers see.
    pub(crate) output: Shape,
    /// Statistics (scalars, per sample) that only its own backward reads.
    pub(crate) stats: Vec<u64>,
    /// Its parameters.
    pub(crate) params: Vec<ParamDecl>,
    /// The fields of the kernel's `Forward`.
    pub(crate) forward: Vec<Field>,
    /// The fields of the kernel's `Backward`: also what backward reads, so what a plan keeps.
    pub(crate) backward: Vec<Field>,
    /// Floating-point operations of forward, per sample.
    pub(crate) flops: u64,
    /// No step and no buffer: the output is the input under another shape.
    pub(crate) view: bool,
    /// The same, in evaluation mode alone.
    pub(crate) view_in_evaluation: bool,
    /// The pair that it can be the first of, and the one that it can be the second of.
    pub(crate) leads: Option<Pair>,
    pub(crate) follows: Option<Pair>,
    /// A dropout right behind it that alone reads it can be its own work: backward needs nothing of what is between them.
    pub(crate) drops: bool,
    /// What must hold of the ids it reads, checked before a step.
    pub(crate) ids: Option<Ids>,
    /// It does the work of the layer that makes its first input itself.
    pub(crate) absorbs: Option<Absorbs>,
}

impl Resolved {
    /// A whole number of its `Spec`.
    pub(crate) fn int(&self, name: &str) -> Option<u64> {
        self.spec.iter().find_map(|(field, value)| match value {
            SpecValue::Int(int) if *field == name => Some(*int),
            _ => None,
        })
    }

    /// A number of its `Spec`.
    pub(crate) fn float(&self, name: &str) -> Option<f64> {
        self.spec.iter().find_map(|(field, value)| match value {
            SpecValue::Float(float) if *field == name => Some(*float),
            _ => None,
        })
    }

    /// A path of its `Spec`.
    pub(crate) fn path(&self, name: &str) -> Option<&'static str> {
        self.spec.iter().find_map(|(field, value)| match value {
            SpecValue::Path(path) if *field == name => Some(*path),
            _ => None,
        })
    }

    /// An op with one output and nothing else; the rest is filled in by struct update.
    pub(crate) fn new(module: &'static str, output: Shape) -> Self {
        Self {
            module,
            spec: vec![],
            output,
            stats: vec![],
            params: vec![],
            forward: vec![],
            backward: vec![],
            flops: 0,
            view: false,
            view_in_evaluation: false,
            leads: None,
            follows: None,
            drops: false,
            ids: None,
            absorbs: None,
        }
    }
}

/// Two neighbours that can run in one call: the second reads what the first makes, once. One can be the second of a pair
/// and the first of the next, whose call is that of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pair {
    /// A product and an activation of it that is its only reader: the call is the product's, whose `Spec` names the
    /// `activation`.
    Activated,
    /// A sum of two values and a norm of it: the call is the norm's, which is given the two.
    Normalized,
    /// A dropout and a sum of what it makes and another value: the call is the sum's, which is given what the dropout
    /// reads, and the mask.
    Dropped,
}

/// That a layer does the work of the one before it itself, which then runs only where an output needs what it makes.
#[derive(Clone, Debug)]
pub(crate) struct Absorbs {
    /// The kind of that layer, and its module.
    pub(crate) kind: &'static str,
    pub(crate) module: &'static str,
    /// The argument that asks for it.
    pub(crate) argument: &'static str,
    pub(crate) span: Span,
    /// What that says.
    pub(crate) number: u64,
    /// What both are, by that number: it reads what the layer before reads instead of its first input, and has the
    /// parameters of that.
    pub(crate) both: fn(&Resolved, &Resolved, u64) -> Option<Resolved>,
}

/// The ids an op reads must be below a limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    /// Which input holds them.
    pub(crate) input: usize,
    pub(crate) limit: u64,
    /// This one is allowed too, but not everywhere.
    pub(crate) ignore: Option<u32>,
}

/// A value of a `Spec`'s field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SpecValue {
    Int(u64),
    Float(f64),
    Bool(bool),
    /// A path under `remat::ops`.
    Path(&'static str),
    OptId(Option<u32>),
    Ints(Vec<u64>),
    Floats(Vec<f64>),
}

/// A parameter that an op declares.
#[derive(Clone, Debug)]
pub(crate) struct ParamDecl {
    pub(crate) name: &'static str,
    pub(crate) shape: Vec<u64>,
    pub(crate) init: Init,
    /// The path of the parameter that it shares.
    pub(crate) tied: Option<(String, Span)>,
}

/// A field of a kernel's arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field {
    /// The output, written.
    Out(&'static str),
    /// The output, where anything but the activation in the same call reads it.
    OutIfRead(&'static str),
    /// Backward: the output, if it runs instead of forward too: it computes all that forward does, and reads what that
    /// reads.
    OutIfWhole(&'static str),
    /// The output of the activation in the same call, if there is one.
    Activated(&'static str),
    /// The first of what is read: the first input, of this op or of the one that makes its sum in the same call; or, if
    /// one of that one's inputs is dropped out in the same call, or written over, that. Absent where the output is
    /// written over it.
    FirstTerm(&'static str),
    /// The other; absent where there is none.
    OtherTerm(&'static str),
    /// The same where there always is one.
    SecondTerm(&'static str),
    /// That sum, where anything but this op reads it.
    SumIfRead(&'static str),
    /// What the first becomes when it is dropped out in the same call, where anything but the sum reads it.
    DroppedIfRead(&'static str),
    /// What decides which elements are dropped, if any are: of the first term, or of what an activation makes.
    Mask(&'static str),
    /// Statistic `n`, written where backward reads it.
    Stat(&'static str, usize),
    /// Input `n`.
    In(&'static str, usize),
    /// All inputs as a slice.
    Ins(&'static str),
    /// Parameter `n`.
    Param(&'static str, usize),
    /// Parameter `n` or none.
    OptParam(&'static str, Option<usize>),
    /// Scratch: memory that holds nothing before and after.
    Scratch(&'static str, Size),
    /// Scratch for parameters of so many elements rounded to activations, on devices whose activations are narrower.
    Rounded(&'static str, u64),
    /// Backward: the same, if the gradient of an input is wanted.
    RoundedForIn(&'static str, u64),
    /// The key of a random layer.
    Key(&'static str),
    /// Backward: the gradient of input `n`.
    GradIn(&'static str, usize),
    /// Backward: the same, which is that of the output as it is. It is absent where nobody needs it a second time.
    GradCopy(&'static str, usize),
    /// Backward: the gradients of all inputs as a slice.
    GradIns(&'static str),
    /// Backward: the gradient of parameter `n`, if there is one.
    GradParam(&'static str, Option<usize>),
    /// Backward: the same of a bias, whose gradient is the sum of the output's over rows as long as it is; absent where
    /// what gives the output's gives this too.
    GradBias(&'static str, Option<usize>),
    /// Backward: that gradient of the bias of the layer before, where this gives it instead of that layer.
    GradBiasBefore(&'static str),
    /// Backward: the gradient of the output.
    GradOut(&'static str),
    /// Backward: the same, unless the last of the gradients of inputs that are wanted is written over it, element by
    /// element: then the kernel finds it there.
    OverGradOut(&'static str),
    /// Backward: input `n`, unless that gradient is written over it.
    OverIn(&'static str, usize),
    /// Backward: the same, if the gradient of parameter `m` is wanted, which then reads all of it before the other is
    /// written.
    OverInForParam(&'static str, usize, usize),
    /// Backward: the output of forward.
    SavedOut(&'static str),
    /// Backward: statistic `n`.
    SavedStat(&'static str, usize),
    /// Backward: input `n`, if the gradient of input `m` is wanted.
    InForIn(&'static str, usize, usize),
}

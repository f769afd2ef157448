//! What an op's shape rule works with: input shapes, and messages that name the layer.

use proc_macro2::Span;

use super::OpDef;
use crate::graph::{Arg, Shape, Value};
use crate::report::{Around, Errors};

/// An input as a shape rule sees it.
pub(crate) struct Input {
    pub(crate) shape: Shape,
    /// Its name in backticks, or a description.
    pub(crate) label: String,
    /// Where it is declared.
    pub(crate) declared: Span,
    /// Where it is read.
    pub(crate) read: Span,
    /// Whether it is declared with its type, and as what.
    pub(crate) port: Option<Port>,
}

/// What a line of the model declares with a type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Input,
    Target,
}

/// The node whose shape is asked for.
pub(crate) struct Context<'a> {
    pub(crate) errors: &'a mut Errors,
    pub(crate) op: &'static OpDef,
    /// The layer's name or kind in backticks, or a description.
    pub(crate) label: String,
    pub(crate) span: Span,
    /// Uses of blocks, and iterations over lists, around it.
    pub(crate) around: &'a [Around],
    pub(crate) inputs: Vec<Input>,
    pub(crate) args: Vec<(Arg, bool)>,
    pub(crate) frozen: bool,
    /// All values: what an argument may be a name of.
    pub(crate) values: &'a [Value],
}

impl Context<'_> {
    /// Reports a mistake of this layer: at `span`, and at every use of a block it stands in.
    pub(crate) fn error(&mut self, span: Span, message: impl std::fmt::Display) {
        self.errors.error_in(self.around, span, message);
    }

    /// Reports a conflict with input `n`: where it is read, and where it is declared.
    pub(crate) fn conflict(
        &mut self,
        n: usize,
        message: impl std::fmt::Display,
        there: impl std::fmt::Display,
    ) {
        self.conflict_at(self.inputs[n].read, n, message, there);
    }

    /// Reports a conflict between what stands at `span` and input `n`, there and where that is declared.
    pub(crate) fn conflict_at(
        &mut self,
        span: Span,
        n: usize,
        message: impl std::fmt::Display,
        there: impl std::fmt::Display,
    ) {
        self.error(span, message);
        self.also(n, there);
    }

    /// How to give input `n`, which has no axis, one.
    pub(crate) fn give_axis(&self, n: usize) -> &'static str {
        match self.inputs[n].port {
            Some(_) => "give it one: `f32[n]`",
            None => "put `Reshape(1)` before it",
        }
    }

    /// Says what input `n` is where that is declared, for a conflict reported elsewhere.
    pub(crate) fn also(&mut self, n: usize, there: impl std::fmt::Display) {
        self.errors.error(self.inputs[n].declared, there);
    }

    /// The shape of input `n`.
    pub(crate) fn shape(&self, n: usize) -> Shape {
        self.inputs[n].shape.clone()
    }

    /// The axis of input 0 that `name` means, negative from the end.
    pub(crate) fn axis(&mut self, name: &'static str, dims: &[u64], default: i128) -> Option<usize> {
        let (value, span) = self.int(name)?.unwrap_or((default, self.inputs[0].read));
        self.as_axis(name, value, span, dims)
    }

    /// The axis of input 0, of shape `dims`, that `value` means.
    pub(crate) fn as_axis(&mut self, name: &str, value: i128, span: Span, dims: &[u64]) -> Option<usize> {
        let rank = dims.len() as i128;
        let at = if value < 0 { value + rank } else { value };
        if (0..rank).contains(&at) {
            return usize::try_from(at).ok();
        }
        let (label, input) = (self.label.clone(), self.inputs[0].label.clone());
        let axes = if rank == 1 { "axis" } else { "axes" };
        let fix = match rank {
            0 => format!("{}; the batch is not counted", self.give_axis(0)),
            1 => String::from("write 0 or -1; the batch is not counted"),
            _ => format!("write {} to {}; the batch is not counted", -rank, rank - 1),
        };
        let message =
            format!("`{name}` of {label} is {value} but {input} is {dims:?}, {rank} {axes} -- {fix}");
        self.conflict_at(span, 0, message, format!("{input} is {dims:?}"));
        None
    }
}

/// (product before, size of, product after) an axis.
pub(crate) fn around(dims: &[u64], axis: usize) -> (u64, u64, u64) {
    (dims[..axis].iter().product(), dims[axis], dims[axis + 1..].iter().product())
}

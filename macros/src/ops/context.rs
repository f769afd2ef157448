//! What an op's shape rule works with: arguments, input shapes, and messages that name the layer.

use proc_macro2::{Ident, Span};

use super::args::is_value;
use super::{OpDef, ParamDecl};
use crate::graph::num::{self, Num};
use crate::graph::{Arg, ArgValue, Init, Shape, Value};
use crate::report::{Around, Errors, nearest};
use crate::syntax::text;

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

    fn take(&mut self, name: &'static str) -> Option<Arg> {
        let mut found: Option<usize> = None;
        for i in 0..self.args.len() {
            let (arg, used) = &self.args[i];
            if !used && arg.name.as_ref().is_some_and(|n| n == name) {
                if found.is_some() {
                    let span = self.args[i].0.span;
                    self.error(span, format!("`{name}` is given twice -- remove one"));
                    self.args[i].1 = true;
                    continue;
                }
                found = Some(i);
                self.args[i].1 = true;
            }
        }
        if found.is_none() && self.op.args.unnamed.contains(&name) {
            found = self.args.iter().position(|(a, used)| a.name.is_none() && !used);
        }
        let i = found?;
        self.args[i].1 = true;
        Some(self.args[i].0.clone())
    }

    /// Reports an argument that is something else than `expected`; `words` are those it may be a slip of.
    fn wrong_kind(&mut self, name: &str, arg: &Arg, expected: &str, words: &[&str]) {
        let mut near = vec![];
        let found = match &arg.value {
            ArgValue::Broken => return,
            ArgValue::Num(n) => format!("{n}"),
            ArgValue::Word(word, constant) => {
                near = nearest(&word.to_string(), words.iter().copied().chain(constant.as_deref()));
                format!("`{word}`{}", if words.is_empty() { ", which is no number" } else { "" })
            }
            ArgValue::Str => String::from("a string"),
            ArgValue::Call(word, _) => {
                near = nearest(&word.to_string(), words.iter().copied().filter(|known| word != known));
                format!("`{word}(…)`")
            }
            ArgValue::List(_) => String::from("a list"),
            ArgValue::Path | ArgValue::Param(_) => String::from("a path"),
        };
        let fix = match near.first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => match &arg.value {
                // Where a number is wanted, a word was meant as the name of one.
                ArgValue::Word(word, _) if words.is_empty() && is_value(self.values, &text(word)) => {
                    let word = text(word);
                    format!("what a layer reads stands behind its arguments: `<- {word}`")
                }
                ArgValue::Word(word, _) if words.is_empty() => {
                    let example = match expected {
                        "a positive integer" | "integers" => "64",
                        "a number" => "0.1",
                        _ => "0",
                    };
                    num::undeclared(&text(word), example)
                }
                _ => format!("write {expected}"),
            },
        };
        let label = self.label.clone();
        self.error(arg.span, format!("`{name}` of {label} must be {expected} but is {found} -- {fix}"));
    }

    /// A size that must be given: by name, or as the next unnamed argument. If it is not, the line to write
    /// has `example`.
    pub(crate) fn need_dim(&mut self, name: &'static str, example: u64) -> Option<u64> {
        Some(self.need_dim_at(name, example)?.0)
    }

    /// The same, with its place.
    pub(crate) fn need_dim_at(&mut self, name: &'static str, example: u64) -> Option<(u64, Span)> {
        let Some(arg) = self.take(name) else {
            self.missing(example);
            return None;
        };
        let ArgValue::Num(n) = arg.value else {
            self.wrong_kind(name, &arg, "a positive integer", &[]);
            return None;
        };
        let what = format!("`{name}` of {}", self.label);
        Some((self.as_dim(&what, n, arg.span)?, arg.span))
    }

    /// `n` as a size, which messages call `what`.
    pub(crate) fn as_dim(&mut self, what: &str, n: Num, span: Span) -> Option<u64> {
        let mut found = Errors::default();
        let value = num::dim(n, span, what, &mut found);
        for (span, message) in found.messages() {
            self.error(span, message);
        }
        value
    }

    /// An integer of any sign.
    pub(crate) fn int(&mut self, name: &'static str) -> Option<Option<(i128, Span)>> {
        let Some(arg) = self.take(name) else { return Some(None) };
        if let ArgValue::Num(Num::Int(i)) = arg.value {
            return Some(Some((i, arg.span)));
        }
        self.wrong_kind(name, &arg, "an integer", &[]);
        None
    }

    /// Integers: `(a, b)`, `[a, b]`, or the unnamed arguments one after the other.
    pub(crate) fn ints(&mut self, name: &'static str) -> Option<Vec<(i128, Span)>> {
        let mut list = vec![];
        while let Some(arg) = self.take(name) {
            match &arg.value {
                ArgValue::Num(Num::Int(i)) => list.push((*i, arg.span)),
                ArgValue::List(inner) => {
                    for value in inner {
                        let ArgValue::Num(Num::Int(i)) = value else {
                            self.wrong_kind(name, &arg, "integers", &[]);
                            return None;
                        };
                        list.push((*i, arg.span));
                    }
                }
                _ => {
                    self.wrong_kind(name, &arg, "integers", &[]);
                    return None;
                }
            }
            if arg.name.is_some() {
                break;
            }
        }
        Some(list)
    }

    /// Floats, unnamed, one after the other.
    pub(crate) fn reals(&mut self, name: &'static str) -> Option<Vec<f64>> {
        let mut list = vec![];
        while let Some(arg) = self.take(name) {
            let ArgValue::Num(n) = arg.value else {
                self.wrong_kind(name, &arg, "a number", &[]);
                return None;
            };
            list.push(n.to_f64());
        }
        Some(list)
    }

    /// A number, where it is given.
    pub(crate) fn real(&mut self, name: &'static str) -> Option<Option<(f64, Span)>> {
        let Some(arg) = self.take(name) else { return Some(None) };
        let ArgValue::Num(n) = arg.value else {
            self.wrong_kind(name, &arg, "a number", &[]);
            return None;
        };
        Some(Some((n.to_f64(), arg.span)))
    }

    /// A probability in [0, 1), or `default`.
    pub(crate) fn probability(&mut self, name: &'static str, default: f64) -> Option<f64> {
        let Some((p, span)) = self.real(name)? else { return Some(default) };
        if (0.0..1.0).contains(&p) {
            return Some(p);
        }
        let fix = if p < 0.0 { "write 0 or more" } else { "write a probability below 1" };
        let label = self.label.clone();
        self.error(span, format!("`{name}` of {label} must be in [0, 1) but is {p} -- {fix}"));
        None
    }

    /// A number above 0, or `default`.
    pub(crate) fn positive(&mut self, name: &'static str, default: f64) -> Option<f64> {
        let Some((x, span)) = self.real(name)? else { return Some(default) };
        if x > 0.0 {
            return Some(x);
        }
        let label = self.label.clone();
        self.error(
            span,
            format!("`{name}` of {label} must be above 0 but is {x} -- write a small positive number"),
        );
        None
    }

    /// `true` or `false`, or `default`.
    pub(crate) fn flag(&mut self, name: &'static str, default: bool) -> Option<bool> {
        let Some(arg) = self.take(name) else { return Some(default) };
        if let ArgValue::Word(w, _) = &arg.value {
            if w == "true" {
                return Some(true);
            }
            if w == "false" {
                return Some(false);
            }
        }
        self.wrong_kind(name, &arg, "`true` or `false`", &["true", "false"]);
        None
    }

    /// One of `words`: where it stands among them, or `default`.
    pub(crate) fn word(&mut self, name: &'static str, words: &[&str], default: usize) -> Option<usize> {
        let Some(arg) = self.take(name) else { return Some(default) };
        if let ArgValue::Word(w, _) = &arg.value
            && let Some(i) = words.iter().position(|word| w == word)
        {
            return Some(i);
        }
        self.wrong_kind(name, &arg, &format!("`{}`", words.join("` or `")), words);
        None
    }

    /// An initialisation, or `default`.
    pub(crate) fn init(&mut self, name: &'static str, default: Init) -> Option<Init> {
        let Some(arg) = self.take(name) else { return Some(default) };
        let init = match &arg.value {
            ArgValue::Word(w, _) if w == "zeros" => Some(Init::Constant(0.0)),
            ArgValue::Word(w, _) if w == "ones" => Some(Init::Constant(1.0)),
            ArgValue::Call(w, values) => match (w.to_string().as_str(), values.as_slice()) {
                ("constant", [ArgValue::Num(c)]) => Some(Init::Constant(c.to_f64())),
                ("normal" | "uniform", [ArgValue::Num(width)]) if width.to_f64() < 0.0 => {
                    let message = format!("`{w}` of {} must be 0 or more but is {width}", self.label);
                    self.error(arg.span, format!("{message} -- write a deviation or bound of 0 or more"));
                    return None;
                }
                ("normal", [ArgValue::Num(std)]) => Some(Init::Normal(std.to_f64())),
                ("uniform", [ArgValue::Num(bound)]) => Some(Init::Uniform(bound.to_f64())),
                _ => None,
            },
            _ => None,
        };
        if init.is_none() {
            let forms = "`normal(std)`, `uniform(bound)`, `constant(c)`, `zeros` or `ones`";
            self.wrong_kind(name, &arg, forms, &["normal", "uniform", "constant", "zeros", "ones"]);
        }
        init
    }

    /// A parameter called `weight`, which `weight = layer` may tie to an earlier one.
    pub(crate) fn weight(&mut self, shape: Vec<u64>, default: Init) -> Option<ParamDecl> {
        let tied = match self.take("weight") {
            Some(Arg { value: ArgValue::Param(path), span, .. }) => Some((path, span)),
            Some(arg) => {
                self.no_layer(&arg);
                return None;
            }
            None => None,
        };
        let asked =
            self.args.iter().find(|(a, _)| a.name.as_ref().is_some_and(|n| n == "init")).map(|(a, _)| a.span);
        let init = self.init("init", default)?;
        if let Some(span) = asked.filter(|_| tied.is_some()) {
            let label = self.label.clone();
            self.error(
                span,
                format!("{label} shares its weight, which is drawn where it is declared -- remove `init`"),
            );
            return None;
        }
        Some(ParamDecl { name: "weight", shape, init, tied })
    }

    /// Reports a `weight` that names no layer.
    fn no_layer(&mut self, arg: &Arg) {
        if let (ArgValue::Num(n), Some(word)) = (&arg.value, &arg.word) {
            let message = format!("`weight` of {} must be the name of an earlier layer", self.label);
            let fix = format!("name a layer, or write `init = constant({word})`");
            self.error(arg.span, format!("{message} but `{word}` is the number {n} -- {fix}"));
        } else {
            self.wrong_kind("weight", arg, "the name of an earlier layer", &[]);
        }
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

    /// An id that may be left out.
    pub(crate) fn id(&mut self, name: &'static str) -> Option<Option<u32>> {
        let Some(arg) = self.take(name) else { return Some(None) };
        if let ArgValue::Num(Num::Int(i)) = arg.value
            && let Ok(id) = u32::try_from(i)
        {
            return Some(Some(id));
        }
        self.wrong_kind(name, &arg, "an integer from 0 to 4294967295", &[]);
        None
    }

    /// Reports arguments that nothing asked for: those that mean nothing beside the others.
    pub(crate) fn finish(&mut self) -> Option<()> {
        let mut whole = true;
        for (arg, _) in std::mem::take(&mut self.args).iter().filter(|(_, used)| !used) {
            whole = false;
            let what = arg.name.as_ref().map_or_else(|| arg.text.clone(), text);
            let message = format!("`{what}` of {} means nothing beside its other arguments", self.label);
            let span = arg.name.as_ref().map_or(arg.span, Ident::span);
            self.error(span, format!("{message} -- remove it"));
        }
        whole.then_some(())
    }
}

/// (product before, size of, product after) an axis.
pub(crate) fn around(dims: &[u64], axis: usize) -> (u64, u64, u64) {
    (dims[..axis].iter().product(), dims[axis], dims[axis + 1..].iter().product())
}

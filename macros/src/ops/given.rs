//! What is given in a layer's parentheses, asked for by name and kind.

use proc_macro2::{Ident, Span};

use super::args::is_value;
use super::{Context, ParamDecl};
use crate::graph::num::{self, Num};
use crate::graph::{Arg, ArgValue, Init};
use crate::report::{Errors, nearest};
use crate::syntax::text;

impl Context<'_> {
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
            ArgValue::Str(said) if !words.is_empty() => {
                near = nearest(said, words.iter().copied());
                format!("{said:?}")
            }
            ArgValue::Str(_) => String::from("a string"),
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
        let said = arg.value.as_word();
        if let Some(i) = words.iter().position(|word| said.as_deref() == Some(word)) {
            return Some(i);
        }
        self.wrong_kind(name, &arg, &format!("`{}`", words.join("` or `")), words);
        None
    }

    /// An initialisation, or `default`.
    pub(crate) fn init(&mut self, name: &'static str, default: Init) -> Option<Init> {
        let Some(arg) = self.take(name) else { return Some(default) };
        let init = match &arg.value {
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
            value => match value.as_word().as_deref() {
                Some("zeros") => Some(Init::Constant(0.0)),
                Some("ones") => Some(Init::Constant(1.0)),
                _ => None,
            },
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

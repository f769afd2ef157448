//! The arguments of a layer, as data: names and number are checked before its shape rule asks for any,
//! so that a misspelt one is never reported as missing.

use proc_macro2::Span;

use super::elsewhere;
use super::{Context, OpDef};
use crate::graph::{Arg, ArgValue, Node, Value};
use crate::report::{Errors, did_you_mean};
use crate::syntax::{comma_separated, text};

/// The arguments that a layer takes.
pub(crate) struct Args {
    /// Those that may stand without their names, in this order.
    pub(crate) unnamed: &'static [&'static str],
    /// Whether the last of them takes all that are left.
    pub(crate) list: bool,
    /// Those that are always named.
    pub(crate) named: &'static [&'static str],
    /// The order in which other libraries take them, where they ask for a size that is read from the
    /// source here.
    pub(crate) elsewhere: &'static [&'static str],
}

impl Args {
    pub(crate) const NONE: Self = Self { unnamed: &[], list: false, named: &[], elsewhere: &[] };

    /// All names.
    fn names(&self) -> Vec<&'static str> {
        [self.unnamed, self.named].concat()
    }

    /// Whether other libraries ask for `name`, which is read from the source here.
    fn is_read(&self, name: &str) -> bool {
        self.elsewhere.contains(&name) && !self.unnamed.contains(&name)
    }
}

/// Reports what the arguments of `node` can't be, whatever it reads: unknown ones, and too many.
pub(crate) fn check(node: &Node, values: &[Value], errors: &mut Errors) -> Option<()> {
    let check = Check { node, op: node.op, values };
    let found: Vec<(Span, String)> = check.unknown().into_iter().chain(check.left_over()).collect();
    let whole = found.is_empty();
    for (span, message) in found {
        errors.error_in(&node.around, span, message);
    }
    whole.then_some(())
}

struct Check<'a> {
    node: &'a Node,
    op: &'static OpDef,
    values: &'a [Value],
}

impl Check<'_> {
    /// Names that the layer does not have.
    fn unknown(&self) -> Vec<(Span, String)> {
        let known = self.op.args.names();
        let mut found = vec![];
        for arg in &self.node.args {
            let Some(name) = &arg.name else { continue };
            let (word, span) = (text(name), name.span());
            if known.contains(&word.as_str()) {
                continue;
            }
            let elsewhere = [&known, self.op.args.elsewhere].concat();
            let own = elsewhere::argument(&word, &elsewhere);
            if own.is_some_and(|own| self.op.args.is_read(own)) {
                found.push((span, format!("{} -- remove it", self.is_read(&word))));
                continue;
            }
            let message = format!("`{}` has no argument `{word}`", self.op.name);
            if let Some(why) = elsewhere::needless(&word).filter(|_| own.is_none()) {
                found.push((span, format!("{message}: {why} -- remove it")));
                continue;
            }
            let hint = match own {
                Some(own) => format!(" -- did you mean `{own}`?"),
                None if known.is_empty() => String::from(" -- it takes none"),
                None => {
                    let all = format!("it takes `{}`", known.join("`, `"));
                    did_you_mean(&word, known.iter().copied(), &all)
                }
            };
            found.push((span, format!("{message}{hint}")));
        }
        found
    }

    /// "`in_features` of `fc` is read from `x`, which is [8]"
    fn is_read(&self, name: &str) -> String {
        let mut message = format!("`{name}` of {} is read from its source", self.node.label);
        if let [source] = self.node.sources.as_slice() {
            let value = &self.values[source.value];
            message = format!("`{name}` of {} is read from {}", self.node.label, value.label);
            if let Some(shape) = &value.shape {
                message += &format!(", which is {shape}");
            }
        }
        message
    }

    /// Unnamed arguments that no name is left for.
    fn left_over(&self) -> Vec<(Span, String)> {
        let (args, op) = (&self.op.args, self.op.name);
        let given = |name: &&&str| {
            self.node.args.iter().any(|arg| arg.name.as_ref().is_some_and(|n| text(n) == ***name))
        };
        let unnamed: Vec<&Arg> = self.node.args.iter().filter(|arg| arg.name.is_none()).collect();
        let places = args.unnamed.iter().filter(|name| !given(name)).count();
        if args.list || unnamed.len() <= places {
            return vec![];
        }
        let elsewhere: Vec<&&str> = args.elsewhere.iter().filter(|name| !given(name)).collect();
        let numbers = unnamed.iter().copied().filter(|arg| matches!(arg.value, ArgValue::Num(_)));
        let numbers: Vec<&Arg> = numbers.collect();
        let mut found = vec![];
        let mut left = unnamed[places..].to_vec();
        if numbers.len() == elsewhere.len() {
            let read: Vec<_> = numbers.iter().zip(elsewhere).filter(|(_, name)| args.is_read(name)).collect();
            let is_read = |arg: &Arg| read.iter().any(|(read, _)| std::ptr::eq(**read, arg));
            let line = self.node.args.iter().filter(|arg| !is_read(arg)).map(|arg| self.written(arg));
            let line = format!("{op}({})", comma_separated(&line.collect::<Vec<_>>()));
            for (arg, name) in &read {
                found.push((arg.span, format!("{} -- remove this one: `{line}`", self.is_read(name))));
            }
            left.retain(|arg| !matches!(arg.value, ArgValue::Num(_)));
        }
        found.extend(left.into_iter().map(|arg| (arg.span, self.too_many(arg))));
        found
    }

    /// An argument as it is to be written: a flag has a name.
    fn written(&self, arg: &Arg) -> String {
        match &arg.name {
            None if is_flag(arg) && self.op.args.named.contains(&"bias") => format!("bias = {}", arg.text),
            _ => arg.text.clone(),
        }
    }

    fn too_many(&self, arg: &Arg) -> String {
        let (args, label) = (&self.op.args, &self.node.label);
        if let ArgValue::Word(word, _) = &arg.value
            && is_value(self.values, &text(word))
        {
            return format!("`{}` is a value, not an argument -- {}", text(word), self.behind_arrow());
        }
        let takes = match args.unnamed {
            [] if args.named.is_empty() => return format!("{label} takes no arguments -- remove this one"),
            [] => String::from("no argument without its name"),
            names => format!("no more than `{}` without their names", names.join("`, `")),
        };
        let fix = match args.named {
            [] => String::from("remove this one"),
            named if is_flag(arg) && named.contains(&"bias") => format!("write `{}`", self.written(arg)),
            named => format!("remove this one, or name it: it takes `{}`", named.join("`, `")),
        };
        format!("{label} takes {takes} -- {fix}")
    }
}

impl Check<'_> {
    /// The line whose values stand where they belong.
    fn behind_arrow(&self) -> String {
        let is_source = |arg: &&Arg| {
            arg.name.is_none()
                && matches!(&arg.value, ArgValue::Word(word, _) if is_value(self.values, &text(word)))
        };
        let (sources, rest): (Vec<&Arg>, Vec<&Arg>) = self.node.args.iter().partition(is_source);
        let texts = |args: Vec<&Arg>| comma_separated(&args.iter().map(|arg| &arg.text).collect::<Vec<_>>());
        let (one, op) = (sources.len() == 1, self.op.name);
        let (sources, rest) = (texts(sources), texts(rest));
        let head = if rest.is_empty() { op.to_owned() } else { format!("{op}({rest})") };
        let sources = if one { sources } else { format!("({sources})") };
        format!("write `{head} <- {sources}`")
    }
}

fn is_flag(arg: &Arg) -> bool {
    matches!(&arg.value, ArgValue::Word(word, _) if word == "true" || word == "false")
}

/// Whether messages call one of `values` by this name.
pub(super) fn is_value(values: &[Value], name: &str) -> bool {
    values.iter().any(|value| value.label.trim_matches('`') == name && value.label.starts_with('`'))
}

impl Context<'_> {
    /// Reports that `name` is missing, with the whole line to write: `example` for each missing size.
    pub(super) fn missing(&mut self, example: u64) {
        let args = &self.op.args;
        let named =
            |name: &str| self.args.iter().any(|(arg, _)| arg.name.as_ref().is_some_and(|n| text(n) == name));
        let (unnamed, rest): (Vec<&Arg>, Vec<&Arg>) =
            self.args.iter().map(|(arg, _)| arg).partition(|arg| arg.name.is_none());
        let missing: Vec<&str> =
            args.unnamed.iter().copied().filter(|name| !named(name)).skip(unnamed.len()).collect();
        let mut line: Vec<String> = unnamed.iter().map(|arg| arg.text.clone()).collect();
        line.extend(missing.iter().map(|_| example.to_string()));
        line.extend(rest.iter().map(|arg| arg.text.clone()));
        let needs = missing.join("` and `");
        let message =
            format!("{} needs `{needs}` -- write `{}({})`", self.label, self.op.name, comma_separated(&line));
        self.error(self.span, message);
    }
}

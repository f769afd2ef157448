//! Attributes: the marks of the language, and those that go to generated code as they stand.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::ParseStream;
use syn::{Token, bracketed, parenthesized, token};

use super::expr::arg;
use super::tokens::{Reader, expected, list, nothing_more, word};
use super::{Arg, Checkpoint, Marks};
use crate::report::{did_you_mean, nearest};

/// What an attribute stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    Model,
    Const,
    Input,
    Target,
    Output,
    Block,
    Layer,
}

impl On {
    fn name(self) -> &'static str {
        match self {
            Self::Model => "the model",
            Self::Const => "a `const`",
            Self::Input => "an `input`",
            Self::Target => "a `target`",
            Self::Output => "an `output`",
            Self::Block => "a `block`'s definition",
            Self::Layer => "a layer or scope",
        }
    }

    fn fix(self) -> &'static str {
        match self {
            Self::Block => "mark its uses",
            Self::Model => "mark a layer or a scope",
            _ => "mark a layer or a scope that is computed",
        }
    }

    fn fix_frozen(self) -> &'static str {
        match self {
            Self::Block => self.fix(),
            _ => "mark a layer or a scope that has parameters",
        }
    }

    /// The marks that mean something here.
    fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Model => &["checkpoint"],
            Self::Layer => &["checkpoint", "recompute", "frozen"],
            Self::Output => &["train"],
            Self::Const | Self::Input | Self::Target | Self::Block => &[],
        }
    }
}

/// The attributes ahead: marks, and the rest as they stand.
pub(super) fn attributes(
    input: ParseStream<'_>,
    on: On,
    reader: &mut Reader<'_>,
) -> syn::Result<(Marks, TokenStream)> {
    let (mut marks, mut rest) = (Marks::default(), TokenStream::new());
    while input.peek(Token![#]) {
        let hash = input.parse::<Token![#]>()?;
        if !input.peek(token::Bracket) {
            return Err(expected(input, "`[`", "an attribute stands before its item: `#[…]`"));
        }
        let inside;
        let bracket = bracketed!(inside in input);
        match attribute(&inside, on, &mut marks, reader) {
            Ok(None) => {}
            Ok(Some(foreign)) => {
                let mut attr = Group::new(Delimiter::Bracket, foreign);
                attr.set_span(bracket.span.join());
                rest.extend(quote!(#hash #attr));
            }
            Err(error) => reader.errors.push(error),
        }
    }
    refuse_misplaced(&marks, on, reader);
    Ok((marks, rest))
}

/// Those of `attrs`, each a `#` and its brackets, that are a `cfg`.
pub(super) fn conditions(attrs: &TokenStream) -> TokenStream {
    let trees: Vec<TokenTree> = attrs.clone().into_iter().collect();
    let is_cfg = |attr: &TokenTree| {
        let TokenTree::Group(group) = attr else { return false };
        matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(word)) if word == "cfg")
    };
    trees.chunks(2).filter(|attr| attr.last().is_some_and(is_cfg)).flatten().cloned().collect()
}

/// One attribute: into `marks`, or given back.
fn attribute(
    inside: ParseStream<'_>,
    on: On,
    marks: &mut Marks,
    reader: &mut Reader<'_>,
) -> syn::Result<Option<TokenStream>> {
    let name = word(inside, "an attribute", "write `#[checkpoint]`, or remove the `#[]`")?;
    let (text, span) = (name.to_string(), name.span());
    let seen = match text.as_str() {
        "checkpoint" => {
            let args = checkpoint_args(inside)?;
            if inside.peek(Token![=]) {
                let fix = "write `checkpoint(every = 2)`, say";
                let message = "the arguments of `checkpoint` stand in parentheses";
                return Err(syn::Error::new(inside.span(), format!("{message} -- {fix}")));
            }
            let seen = marks.checkpoint.is_some();
            marks.checkpoint.get_or_insert(Checkpoint { span, args });
            seen
        }
        "recompute" => twice(&mut marks.recompute, span),
        "frozen" => twice(&mut marks.frozen, span),
        "train" => twice(&mut marks.train, span),
        _ => return foreign(inside, &name, on, reader),
    };
    if seen {
        reader.errors.error(span, format!("`{text}` stands here twice -- remove one"));
    }
    nothing_more(inside, "`]`", &format!("`{text}` takes nothing more"))?;
    Ok(None)
}

/// Notes a mark at `span`, unless there is one; whether there was.
fn twice(mark: &mut Option<Span>, span: Span) -> bool {
    let seen = mark.is_some();
    mark.get_or_insert(span);
    seen
}

fn checkpoint_args(inside: ParseStream<'_>) -> syn::Result<Vec<Arg>> {
    if !inside.peek(token::Paren) {
        return Ok(vec![]);
    }
    let given;
    parenthesized!(given in inside);
    list(&given, arg)
}

/// An attribute that is none of ours: docs and lints may stand anywhere, any may stand on the model.
fn foreign(
    inside: ParseStream<'_>,
    name: &Ident,
    on: On,
    reader: &mut Reader<'_>,
) -> syn::Result<Option<TokenStream>> {
    let (text, rest) = (name.to_string(), inside.parse::<TokenStream>()?);
    let ours = on.marks();
    let allowed = matches!(text.as_str(), "doc" | "allow" | "expect" | "warn" | "deny" | "cfg_attr");
    let slip = on == On::Model && !nearest(&text, ours.iter().copied()).is_empty();
    if slip || (on != On::Model && !allowed) {
        let otherwise = match ours {
            [] => String::from("remove it"),
            _ => format!("write {}", quoted(ours)),
        };
        let hint = did_you_mean(&text, ours.iter().copied(), &otherwise);
        reader.errors.error(name.span(), format!("`{text}` is no attribute of {}{hint}", on.name()));
        return Ok(None);
    }
    Ok(Some(quote!(#name #rest)))
}

/// "`a`, `b` or `c`"
fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match words.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => words.concat(),
    }
}

fn refuse_misplaced(marks: &Marks, on: On, reader: &mut Reader<'_>) {
    let checkpoint = marks.checkpoint.as_ref().map(|c| c.span);
    let found: [(Option<Span>, &str, &str); 4] = [
        (checkpoint, "checkpoint", on.fix()),
        (marks.recompute, "recompute", on.fix()),
        (marks.frozen, "frozen", on.fix_frozen()),
        (marks.train, "train", "write it on an `output`"),
    ];
    for (span, word, fix) in found {
        if let Some(span) = span.filter(|_| !on.marks().contains(&word)) {
            reader.errors.error(span, format!("`{word}` means nothing on {} -- {fix}", on.name()));
        }
    }
    if on == On::Layer
        && let (Some(keeps), Some(drops)) = (checkpoint, marks.recompute)
    {
        let message = "`checkpoint` keeps what `recompute` drops -- remove one of them";
        reader.errors.error(keeps, message);
        reader.errors.error(drops, message);
    }
}

//! Reading single tokens and lists, with messages that say what to write; and where to go on after a mistake.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Ident, Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Token, token};

use super::text;
use crate::report::Errors;

/// What parsing leaves beside the tree.
pub(super) struct Reader<'e> {
    pub(super) errors: &'e mut Errors,
    /// The words of items that were given up: what they declare is unknown, but not missing.
    pub(super) lost: BTreeSet<String>,
}

impl Reader<'_> {
    /// The `;` of an item, or a report that it is missing; goes on at what looks like the next item.
    pub(super) fn semicolon(&mut self, input: ParseStream<'_>) {
        if input.peek(Token![;]) {
            let _ = input.parse::<Token![;]>();
            return;
        }
        self.errors.error(input.span(), "expected `;` -- every item but a scope ends with one");
        if !starts_item(input) {
            skip_item(input);
        }
    }

    /// Ends an item whose name is known: `rest` is what followed it, nothing if that did not parse.
    pub(super) fn rest<T>(&mut self, input: ParseStream<'_>, rest: syn::Result<T>) -> Option<T> {
        match rest {
            Ok(rest) => {
                self.semicolon(input);
                Some(rest)
            }
            Err(error) => {
                self.give_up(None, input, error);
                None
            }
        }
    }

    /// Gives up an item; if not even its name is known, it began at `start`, and its words are remembered.
    pub(super) fn give_up(
        &mut self,
        start: Option<ParseStream<'_>>,
        input: ParseStream<'_>,
        error: syn::Error,
    ) {
        self.errors.push(error);
        skip_item(input);
        let Some(start) = start else { return };
        while start.cursor() != input.cursor() {
            match start.parse::<TokenTree>() {
                Ok(TokenTree::Ident(word)) => {
                    self.lost.insert(text(&word));
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}

/// Past the next `;`, or past the next braces: to where the next item may stand.
fn skip_item(input: ParseStream<'_>) {
    while let Ok(tree) = input.parse::<TokenTree>() {
        let ends = match &tree {
            TokenTree::Punct(p) => p.as_char() == ';',
            TokenTree::Group(g) => {
                g.delimiter() == Delimiter::Brace && !input.peek(Token![;]) && !peek_word(input, "shortcut")
            }
            _ => false,
        };
        if ends {
            return;
        }
    }
}

/// Whether the next tokens look like the start of an item: then only a `;` is missing before them.
fn starts_item(input: ParseStream<'_>) -> bool {
    let named = input.peek2(Token![:]);
    input.is_empty()
        || input.peek(Token![#])
        || input.peek(token::Brace)
        || (input.peek(syn::LitInt) && named)
        || (input.peek(Ident::peek_any)
            && (named
                || input.peek2(Ident::peek_any)
                || input.peek2(token::Paren)
                || input.peek2(token::Brace)
                || input.peek2(Token![;])
                || input.peek2(Token![<-])))
}

/// Whether the next token is `word`.
pub(super) fn peek_word(input: ParseStream<'_>, word: &str) -> bool {
    input.fork().call(Ident::parse_any).is_ok_and(|next| next == word)
}

/// "expected `what` -- `fix`" at the next token, or where the tokens end.
pub(super) fn expected(input: ParseStream<'_>, what: &str, fix: &str) -> syn::Error {
    syn::Error::new(input.span(), format!("expected {what} -- {fix}"))
}

/// Any word, keywords too.
pub(super) fn word(input: ParseStream<'_>, what: &str, fix: &str) -> syn::Result<Ident> {
    if !input.peek(Ident::peek_any) || peek_word(input, "_") {
        return Err(expected(input, what, fix));
    }
    input.call(Ident::parse_any)
}

/// A name that becomes a Rust identifier: keywords become raw.
pub(super) fn rust_name(input: ParseStream<'_>, what: &str, fix: &str) -> syn::Result<Ident> {
    let name = word(input, what, fix)?;
    let (text, span) = (text(&name), name.span());
    match text.as_str() {
        "self" | "Self" | "super" | "crate" => {
            Err(syn::Error::new(span, format!("Rust has no variable `{text}` -- choose another name")))
        }
        "in" => Err(in_is_taken(span)),
        _ if syn::parse_str::<Ident>(&text).is_err() => Ok(Ident::new_raw(&text, span)),
        _ => Ok(name),
    }
}

/// `in` can't be declared.
pub(super) fn in_is_taken(span: Span) -> syn::Error {
    syn::Error::new(span, "`in` is the input of the scope it stands in -- choose another name")
}

/// Comma-separated `one`s to the end of `input`.
pub(super) fn list<T>(
    input: ParseStream<'_>,
    one: fn(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<Vec<T>> {
    let mut items = vec![];
    while !input.is_empty() {
        items.push(one(input)?);
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(expected(input, "`,`", "a comma stands between two of a list"));
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(items)
}

/// An error if tokens are left.
pub(super) fn nothing_more(input: ParseStream<'_>, what: &str, fix: &str) -> syn::Result<()> {
    if input.is_empty() { Ok(()) } else { Err(expected(input, what, fix)) }
}

//! Expressions and arguments.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Lit, Token, bracketed, parenthesized, token};

use super::{Arg, Expr, Value, join};

impl Parse for Expr {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut left = term(input)?;
        loop {
            let op = if input.peek(Token![+]) {
                '+'
            } else if input.peek(Token![-]) {
                '-'
            } else {
                return Ok(left);
            };
            left = binary(left, op, input, term)?;
        }
    }
}

fn term(input: ParseStream<'_>) -> syn::Result<Expr> {
    let mut left = factor(input)?;
    loop {
        let op = if input.peek(Token![*]) {
            '*'
        } else if input.peek(Token![/]) {
            '/'
        } else if input.peek(Token![%]) {
            '%'
        } else {
            return Ok(left);
        };
        left = binary(left, op, input, factor)?;
    }
}

fn binary(
    left: Expr,
    op: char,
    input: ParseStream<'_>,
    right: fn(ParseStream<'_>) -> syn::Result<Expr>,
) -> syn::Result<Expr> {
    let span = input.span();
    input.parse::<proc_macro2::Punct>()?;
    Ok(Expr::Binary(Box::new(left), op, Box::new(right(input)?), span))
}

fn factor(input: ParseStream<'_>) -> syn::Result<Expr> {
    if input.peek(Token![-]) {
        let minus = input.parse::<Token![-]>()?;
        let inner = factor(input)?;
        let span = join(minus.span, inner.span());
        return Ok(Expr::Neg(Box::new(inner), span));
    }
    if input.peek(token::Paren) {
        let inner;
        parenthesized!(inner in input);
        let expr = inner.parse()?;
        nothing_more(&inner, "an operator or `)`")?;
        return Ok(expr);
    }
    if input.peek(syn::Ident::peek_any) && !input.peek(syn::LitBool) {
        return Ok(Expr::Name(input.call(Ident::parse_any)?));
    }
    let lit: Lit = input.parse().map_err(|e| {
        syn::Error::new(e.span(), "expected a number, a constant's name or `(` -- write an expression here")
    })?;
    match &lit {
        Lit::Int(i) => {
            no_suffix(i.suffix(), i.span())?;
            let n = i.base10_parse().map_err(|_| {
                syn::Error::new(i.span(), format!("`{i}` does not fit in 64 bits -- write a smaller number"))
            })?;
            Ok(Expr::Int(n, i.span()))
        }
        Lit::Float(f) => {
            no_suffix(f.suffix(), f.span())?;
            Ok(Expr::Float(f.base10_parse()?, f.span()))
        }
        Lit::Bool(b) => Ok(Expr::Name(Ident::new(if b.value { "true" } else { "false" }, b.span))),
        other => Err(syn::Error::new(
            other.span(),
            "expected a number or a constant's name here -- write an expression",
        )),
    }
}

fn no_suffix(suffix: &str, span: proc_macro2::Span) -> syn::Result<()> {
    if suffix.is_empty() {
        Ok(())
    } else {
        Err(syn::Error::new(span, format!("numbers here have no type -- leave out `{suffix}`")))
    }
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(syn::LitStr) {
            let s: syn::LitStr = input.parse()?;
            return Ok(Self::Str(s.value(), s.span()));
        }
        if input.peek(token::Bracket) {
            let inner;
            let bracket = bracketed!(inner in input);
            return Ok(Self::List(values(&inner)?, bracket.span.join()));
        }
        if input.peek(token::Paren) && is_tuple(input) {
            let inner;
            let paren = parenthesized!(inner in input);
            return Ok(Self::Tuple(values(&inner)?, paren.span.join()));
        }
        if input.peek(syn::Ident::peek_any) && input.peek2(token::Paren) {
            let word = input.call(Ident::parse_any)?;
            let inner;
            parenthesized!(inner in input);
            return Ok(Self::Call(word, values(&inner)?));
        }
        if input.peek(syn::Ident::peek_any) && input.peek2(Token![.]) {
            let mut path = vec![input.call(Ident::parse_any)?];
            while input.peek(Token![.]) {
                input.parse::<Token![.]>()?;
                path.push(input.call(Ident::parse_any)?);
            }
            return Ok(Self::Path(path));
        }
        Ok(Self::Expr(input.parse()?))
    }
}

/// Whether the parentheses ahead hold a comma, and nothing follows them that makes them an operand.
fn is_tuple(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let inside = || -> syn::Result<bool> {
        let inner;
        parenthesized!(inner in ahead);
        let tokens: proc_macro2::TokenStream = inner.parse()?;
        Ok(tokens.into_iter().any(|t| matches!(t, proc_macro2::TokenTree::Punct(p) if p.as_char() == ',')))
    };
    inside().unwrap_or(false)
}

fn values(input: ParseStream<'_>) -> syn::Result<Vec<Value>> {
    Ok(Punctuated::<Value, Token![,]>::parse_terminated(input)?.into_iter().collect())
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = if input.peek(syn::Ident::peek_any) && input.peek2(Token![=]) {
            let name = input.call(Ident::parse_any)?;
            input.parse::<Token![=]>()?;
            Some(name)
        } else {
            None
        };
        Ok(Self { name, value: input.parse()? })
    }
}

/// The comma-separated arguments in `input`, to its end.
pub(super) fn args(input: ParseStream<'_>) -> syn::Result<Vec<Arg>> {
    Ok(Punctuated::<Arg, Token![,]>::parse_terminated(input)?.into_iter().collect())
}

/// An error if tokens are left.
pub(super) fn nothing_more(input: ParseStream<'_>, expected: &str) -> syn::Result<()> {
    if input.is_empty() { Ok(()) } else { Err(input.error(format!("expected {expected} here"))) }
}

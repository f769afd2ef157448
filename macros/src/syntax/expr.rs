//! Expressions and arguments.

use proc_macro2::{Ident, Punct, Span};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Lit, Token, bracketed, parenthesized, token};

use super::tokens::{expected, list, nothing_more, word};
use super::{Arg, Expr, Name, Value, join, text};

/// How many operators of a kind may stand in a row: an expression is evaluated recursively.
const MOST_OPERATORS: usize = 100;

impl Parse for Expr {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        chain(input, &['+', '-'], |input| chain(input, &['*', '/', '%'], factor))
    }
}

/// `operand op operand op …`, from left to right.
fn chain(
    input: ParseStream<'_>,
    operators: &[char],
    operand: fn(ParseStream<'_>) -> syn::Result<Expr>,
) -> syn::Result<Expr> {
    let mut left = operand(input)?;
    let mut count = 0;
    while let Some(op) = operators.iter().copied().find(|op| peek_punct(input, *op)) {
        let span = input.span();
        input.parse::<Punct>()?;
        count += 1;
        check_length(count, span)?;
        left = Expr::Binary(Box::new(left), op, Box::new(operand(input)?), span);
    }
    Ok(left)
}

fn peek_punct(input: ParseStream<'_>, op: char) -> bool {
    input.fork().parse::<Punct>().is_ok_and(|punct| punct.as_char() == op)
}

fn check_length(operators: usize, span: Span) -> syn::Result<()> {
    if operators <= MOST_OPERATORS {
        return Ok(());
    }
    Err(syn::Error::new(span, "this expression is too long -- name parts of it: `const PART = …;`"))
}

fn factor(input: ParseStream<'_>) -> syn::Result<Expr> {
    let mut minuses: Vec<Span> = vec![];
    while input.peek(Token![-]) {
        minuses.push(input.parse::<Token![-]>()?.span);
        check_length(minuses.len(), input.span())?;
    }
    let mut expr = operand(input)?;
    if input.peek(Token![as]) {
        return Err(syn::Error::new(
            input.span(),
            "numbers here have no type -- leave out this `as` and what follows",
        ));
    }
    while let Some(minus) = minuses.pop() {
        let span = join(minus, expr.span());
        expr = Expr::Neg(Box::new(expr), span);
    }
    Ok(expr)
}

fn operand(input: ParseStream<'_>) -> syn::Result<Expr> {
    if input.peek(token::Paren) {
        let inner;
        parenthesized!(inner in input);
        let expr = inner.parse()?;
        nothing_more(&inner, "an operator or `)`", "operators are `+`, `-`, `*`, `/` and `%`")?;
        return Ok(expr);
    }
    if input.peek(Ident::peek_any) {
        let name = word(input, "a number or the name of a constant", "write an expression")?;
        if input.peek(Token![::]) {
            let fix = "declare it in the model: `const N = 64;`";
            return Err(syn::Error::new(name.span(), format!("paths of Rust are not visible here -- {fix}")));
        }
        return Ok(Expr::Name(name));
    }
    match input.fork().parse::<Lit>() {
        Ok(Lit::Int(int)) => {
            input.parse::<Lit>()?;
            no_suffix(int.suffix(), int.span())?;
            let n = int.base10_parse::<i64>().map_err(|_| {
                let most = i64::MAX;
                syn::Error::new(
                    int.span(),
                    format!("`{int}` is above the largest integer, {most} -- write a smaller one"),
                )
            })?;
            Ok(Expr::Int(n, int.span()))
        }
        Ok(Lit::Float(float)) => {
            input.parse::<Lit>()?;
            no_suffix(float.suffix(), float.span())?;
            let found = float.base10_parse::<f64>().ok().filter(|x| x.is_finite());
            let x = found.ok_or_else(|| {
                let most = f64::MAX;
                syn::Error::new(
                    float.span(),
                    format!("`{float}` is above the largest float, {most:e} -- write a smaller one"),
                )
            })?;
            Ok(Expr::Float(x, float.span()))
        }
        _ => Err(expected(input, "a number or the name of a constant", "write an expression")),
    }
}

fn no_suffix(suffix: &str, span: Span) -> syn::Result<()> {
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
            return Ok(Self::List(list(&inner, Self::parse)?, bracket.span.join()));
        }
        if input.peek(token::Paren) && is_tuple(input) {
            let inner;
            let paren = parenthesized!(inner in input);
            return Ok(Self::Tuple(list(&inner, Self::parse)?, paren.span.join()));
        }
        if input.peek(Ident::peek_any) && input.peek2(token::Paren) {
            let word = input.call(Ident::parse_any)?;
            let inner;
            parenthesized!(inner in input);
            return Ok(Self::Call(word, list(&inner, Self::parse)?));
        }
        if input.peek(Ident::peek_any) && input.peek2(Token![.]) {
            let first = input.call(Ident::parse_any)?;
            return Ok(Self::Path(first, path(input)?));
        }
        Ok(Self::Expr(input.parse()?))
    }
}

/// What follows the first name of a path: names, and the numbers of iterations.
fn path(input: ParseStream<'_>) -> syn::Result<Vec<String>> {
    let mut parts = vec![];
    while input.peek(Token![.]) {
        input.parse::<Token![.]>()?;
        if input.peek(syn::LitInt) || input.peek(syn::LitFloat) {
            // `blocks.0.1` is `blocks`, `.` and the number 0.1.
            parts.extend(input.parse::<Lit>()?.to_token_stream().to_string().split('.').map(str::to_owned));
        } else {
            parts.push(text(&word(input, "a name", "a path is names with `.` between them")?));
        }
    }
    Ok(parts)
}

/// What stands behind the name of a layer and a `.`: the rest of a path, and where it begins.
pub(super) fn inside(input: ParseStream<'_>) -> syn::Result<Option<Name>> {
    if !input.peek(Token![.]) {
        return Ok(None);
    }
    let ahead = input.fork();
    ahead.parse::<Token![.]>()?;
    let span = ahead.span();
    Ok(Some(Name { text: path(input)?.join("."), span }))
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

/// An argument of a layer or an attribute.
pub(super) fn arg(input: ParseStream<'_>) -> syn::Result<Arg> {
    let mut name = None;
    if input.peek(Ident::peek_any) && input.peek2(Token![=]) {
        name = Some(input.call(Ident::parse_any)?);
        input.parse::<Token![=]>()?;
    } else if input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]) {
        let name = input.call(Ident::parse_any)?;
        let message = format!("an argument has `=` behind its name -- write `{name} = …`");
        return Err(input.error(message));
    }
    Ok(Arg { name, value: input.parse()? })
}

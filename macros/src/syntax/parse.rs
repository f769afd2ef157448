//! Tokens to tree. An item that does not parse is reported and skipped, and the rest is still read.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Token, braced, bracketed, parenthesized, token};

use super::expr::inside;
use super::flatten::{flatten, too_deep};
use super::marks::{On, attributes, conditions};
use super::tokens::{Reader, expected, in_is_taken, list, rust_name, word};
use super::{Block, Const, Dtype, Expr, Model, Output, Port, Source, text};
use crate::report::{Errors, did_you_mean};

/// The tree of a whole invocation; nothing if not even the model's name could be read.
pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Option<Model> {
    if let Some(span) = too_deep(&tokens) {
        errors.error(
            span,
            "brackets nest too deep here -- give what is inside a name, as a block or a constant",
        );
        return None;
    }
    let tokens = flatten(tokens);
    let mut found = None;
    let parser = |input: ParseStream<'_>| {
        let mut reader = Reader { errors, lost: BTreeSet::new() };
        match model(input, &mut reader) {
            Ok(mut model) => {
                model.lost = reader.lost;
                found = Some(model);
            }
            Err(error) => reader.errors.push(error),
        }
        Ok(())
    };
    // What the parser itself has to say of tokens that are left over was said above, in our words.
    if parser.parse2(tokens).is_err() && errors.is_empty() {
        errors.error(proc_macro2::Span::call_site(), "expected a model -- write `model! { pub Net { … } }`");
    }
    found
}

fn model(input: ParseStream<'_>, reader: &mut Reader<'_>) -> syn::Result<Model> {
    let (marks, attrs) = attributes(input, On::Model, reader)?;
    let vis = visibility(input)?;
    let fix = "write `model! { pub Net { … } }`";
    if !input.peek(syn::Ident) {
        return Err(expected(input, "the model's name", fix));
    }
    let name: Ident = input.parse()?;
    if name == "D" {
        return Err(syn::Error::new(
            name.span(),
            "`D` is the device in generated code -- choose another name",
        ));
    }
    let mut model = Model {
        cfg: conditions(&attrs),
        attrs,
        marks,
        vis,
        name,
        consts: vec![],
        ports: vec![],
        blocks: vec![],
        layers: vec![],
        consts_above: vec![],
        outputs: vec![],
        lost: BTreeSet::new(),
    };
    if !input.peek(token::Brace) {
        reader.lost.insert(text(&model.name));
        let error = if input.is_empty() {
            syn::Error::new(model.name.span(), format!("expected `{{` behind the model's name -- {fix}"))
        } else {
            expected(input, "`{`", fix)
        };
        reader.errors.push(error);
        return Ok(model);
    }
    let body;
    braced!(body in input);
    while !body.is_empty() {
        let start = body.fork();
        if let Err(error) = item(&body, &mut model, reader) {
            reader.give_up(Some(&start), &body, error);
        }
    }
    if !input.is_empty() {
        reader.errors.push(expected(input, "nothing after the model", "write a `model!` for each model"));
    }
    Ok(model)
}

fn visibility(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    if !input.peek(Token![pub]) {
        return Ok(TokenStream::new());
    }
    let public = input.parse::<Token![pub]>()?;
    if input.peek(token::Paren) {
        let restriction: TokenTree = input.parse()?;
        return Ok(quote!(#public #restriction));
    }
    Ok(public.to_token_stream())
}

/// Whether `input` begins an item of the kind `keyword`: `input x` does, `input: …` is a layer.
fn is_item(input: ParseStream<'_>, keyword: &str) -> bool {
    let ahead = input.fork();
    let word = ahead.call(Ident::parse_any).is_ok_and(|i| i == keyword);
    let layer = ahead.peek(Token![:])
        || ahead.peek(Token![;])
        || ahead.peek(Token![<-])
        || ahead.peek(token::Paren)
        || ahead.peek(token::Brace);
    word && !layer
}

/// An item of the model. An error means that not even its name is known.
fn item(input: ParseStream<'_>, model: &mut Model, reader: &mut Reader<'_>) -> syn::Result<()> {
    let ahead = input.fork();
    let kind = ahead.call(skip_attributes).ok().and_then(|()| {
        ["const", "input", "target", "output", "block"].into_iter().find(|keyword| is_item(&ahead, keyword))
    });
    let on = match kind {
        Some("const") => On::Const,
        Some("input") => On::Input,
        Some("target") => On::Target,
        Some("output") => On::Output,
        Some("block") => On::Block,
        _ => {
            let line = reader.line(input);
            model.layers.push(line);
            model.consts_above.push(model.consts.len());
            return Ok(());
        }
    };
    let (marks, attrs) = attributes(input, on, reader)?;
    input.call(Ident::parse_any)?;
    let above = model.consts.len();
    match on {
        On::Const => model.consts.push(constant(input, attrs, reader)?),
        On::Block => model.blocks.push(Block { consts_above: above, ..block(input, reader)? }),
        On::Output => {
            let name = word(input, "the name of a layer", "write `output head;`")?;
            let layer = Source { name, inside: inside(input)? };
            reader.semicolon(input);
            model.outputs.push(Output { train: marks.train.is_some(), layer });
        }
        _ => model.ports.push(Port { consts_above: above, ..port(input, on == On::Target, reader)? }),
    }
    Ok(())
}

fn skip_attributes(input: ParseStream<'_>) -> syn::Result<()> {
    while input.peek(Token![#]) {
        input.parse::<Token![#]>()?;
        let inside;
        bracketed!(inside in input);
        inside.parse::<TokenStream>()?;
    }
    Ok(())
}

fn constant(input: ParseStream<'_>, docs: TokenStream, reader: &mut Reader<'_>) -> syn::Result<Const> {
    let fix = "write `const N = 64;`";
    let name = rust_name(input, "the constant's name", fix)?;
    let value = || {
        if !input.peek(Token![=]) {
            return Err(expected(input, "`=`", fix));
        }
        input.parse::<Token![=]>()?;
        input.parse::<Expr>()
    };
    Ok(Const { docs, name, value: reader.rest(input, value()) })
}

fn port(input: ParseStream<'_>, target: bool, reader: &mut Reader<'_>) -> syn::Result<Port> {
    let fix = if target { "write `target y: f32[64];`" } else { "write `input x: f32[64];`" };
    let name = rust_name(input, "a name", fix)?;
    Ok(Port { target, name, form: reader.rest(input, form(input, fix)), consts_above: 0 })
}

fn form(input: ParseStream<'_>, fix: &str) -> syn::Result<(Dtype, Vec<Expr>)> {
    if !input.peek(Token![:]) {
        return Err(expected(input, "`:` and a type", fix));
    }
    input.parse::<Token![:]>()?;
    let word = word(input, "a type", "write `f32` or `u32`")?;
    let dtype = match text(&word).as_str() {
        "f32" => Dtype::F32,
        "u32" => Dtype::U32,
        other => {
            let hint = did_you_mean(other, ["f32", "u32"], "write `f32`, or `u32` for ids and labels");
            return Err(syn::Error::new(
                word.span(),
                format!("inputs and targets have no type `{other}`{hint}"),
            ));
        }
    };
    if !input.peek(token::Bracket) {
        return Ok((dtype, vec![]));
    }
    let inside;
    bracketed!(inside in input);
    Ok((dtype, list(&inside, Expr::parse)?))
}

fn block(input: ParseStream<'_>, reader: &mut Reader<'_>) -> syn::Result<Block> {
    let name = word(input, "the block's name", "write `block Name(n) { … }`")?;
    let mut block =
        Block { name, params: vec![], sources: vec![], layers: vec![], known: false, consts_above: 0 };
    let head = || {
        let fix =
            format!("write `block {}() {{ … }}`, with the numbers it takes in the parentheses", block.name);
        if !input.peek(token::Paren) {
            return Err(expected(input, "`(`", &fix));
        }
        let params = names(input, "the name of a number")?;
        let mut sources = vec![];
        if input.peek(Token![<-]) {
            input.parse::<Token![<-]>()?;
            if !input.peek(token::Paren) {
                return Err(expected(
                    input,
                    "`(`",
                    "the sources of a block stand in parentheses: `<- (a, b)`",
                ));
            }
            sources = names(input, "the name of a source")?;
        }
        Ok((params, sources))
    };
    let parsed = head().and_then(|head| Ok((head, reader.body(input)?)));
    match parsed {
        Ok(((params, sources), layers)) => block = Block { params, sources, layers, known: true, ..block },
        Err(error) => reader.give_up(None, input, error),
    }
    Ok(block)
}

/// `(a, b)`, all different.
fn names(input: ParseStream<'_>, what: &'static str) -> syn::Result<Vec<Ident>> {
    let inside;
    parenthesized!(inside in input);
    let mut found: Vec<Ident> = vec![];
    while !inside.is_empty() {
        let name = word(&inside, what, "separate names with commas")?;
        if name == "in" {
            return Err(in_is_taken(name.span()));
        }
        if found.iter().any(|other| text(other) == text(&name)) {
            return Err(syn::Error::new(
                name.span(),
                format!("`{}` stands here twice -- rename one", text(&name)),
            ));
        }
        found.push(name);
        if !inside.is_empty() && !inside.peek(Token![,]) {
            return Err(expected(&inside, "`,` or `)`", "a parameter is a name alone"));
        }
        inside.parse::<Option<Token![,]>>()?;
    }
    Ok(found)
}

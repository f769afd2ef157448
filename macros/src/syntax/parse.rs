//! Tokens to tree. An item that does not parse is reported and skipped, and the rest is still read.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Token, braced, bracketed, parenthesized, token};

use super::expr::{args, nothing_more};
use super::{
    Block, Checkpoint, Const, Count, Dtype, Expr, Layer, LayerKind, Marks, Model, Name, Output, Port,
    Shortcut, Source,
};
use crate::report::{Errors, did_you_mean};

/// The tree of a whole invocation; nothing if not even the model's name could be read.
pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Option<Model> {
    let mut found = None;
    let parser = |input: ParseStream<'_>| {
        found = Some(model(input, errors)?);
        if !input.is_empty() {
            errors.push(input.error("expected nothing after the model -- write one model for each `model!`"));
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        errors.push(error);
    }
    found
}

fn model(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Model> {
    let (marks, attrs) = attributes(input, On::Model, errors)?;
    let vis = visibility(input)?;
    let name: Ident = input.parse().map_err(|e| {
        syn::Error::new(e.span(), "expected the model's name -- write `model! { pub Net { … } }`")
    })?;
    let mut model = Model {
        attrs,
        marks,
        vis,
        name,
        consts: vec![],
        ports: vec![],
        blocks: vec![],
        layers: vec![],
        outputs: vec![],
    };
    let body;
    braced!(body in input);
    while !body.is_empty() {
        if let Err(error) = item(&body, &mut model, errors) {
            errors.push(error);
            skip_item(&body);
        }
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

/// What follows `ahead`'s first identifier decides what an item is: `input x` is an input, `input:` a layer.
fn is_keyword(input: ParseStream<'_>, word: &str) -> bool {
    let ahead = input.fork();
    ahead.call(Ident::parse_any).is_ok_and(|i| i == word) && ahead.peek(syn::Ident::peek_any)
}

fn item(input: ParseStream<'_>, model: &mut Model, errors: &mut Errors) -> syn::Result<()> {
    let attrs_at = input.fork();
    if attrs_at.call(skip_attributes).is_ok() {
        if is_keyword(&attrs_at, "const") {
            let (_, docs) = attributes(input, On::Const, errors)?;
            input.call(Ident::parse_any)?;
            let name = input.parse()?;
            input.parse::<Token![=]>()?;
            let value = input.parse()?;
            semicolon(input)?;
            model.consts.push(Const { docs, name, value });
            return Ok(());
        }
        for (word, target) in [("input", false), ("target", true)] {
            if is_keyword(&attrs_at, word) {
                attributes(input, if target { On::Target } else { On::Input }, errors)?;
                input.call(Ident::parse_any)?;
                model.ports.push(port(input, target)?);
                return semicolon(input);
            }
        }
        if is_keyword(&attrs_at, "output") {
            let (marks, _) = attributes(input, On::Output, errors)?;
            input.call(Ident::parse_any)?;
            let name = input.call(Ident::parse_any)?;
            semicolon(input)?;
            model.outputs.push(Output { train: marks.train.is_some(), name });
            return Ok(());
        }
        if is_keyword(&attrs_at, "block") {
            attributes(input, On::Block, errors)?;
            input.call(Ident::parse_any)?;
            model.blocks.push(block(input, errors)?);
            return Ok(());
        }
    }
    model.layers.push(layer(input, errors)?);
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

/// Past the next `;`, or past the next braces: to where the next item may stand.
fn skip_item(input: ParseStream<'_>) {
    while let Ok(tree) = input.parse::<TokenTree>() {
        let ends = match &tree {
            TokenTree::Punct(p) => p.as_char() == ';',
            TokenTree::Group(g) => g.delimiter() == proc_macro2::Delimiter::Brace && !input.peek(Token![;]),
            _ => false,
        };
        if ends {
            return;
        }
    }
}

fn semicolon(input: ParseStream<'_>) -> syn::Result<()> {
    input
        .parse::<Token![;]>()
        .map(|_| ())
        .map_err(|e| syn::Error::new(e.span(), "expected `;` -- every item but a scope ends with one"))
}

fn port(input: ParseStream<'_>, target: bool) -> syn::Result<Port> {
    let name: Ident = input.parse()?;
    input.parse::<Token![:]>()?;
    let word: Ident = input.parse()?;
    let dtype = match word.to_string().as_str() {
        "f32" => Dtype::F32,
        "u32" => Dtype::U32,
        other => {
            let hint = did_you_mean(other, ["f32", "u32"], "write `f32` or `u32`");
            return Err(syn::Error::new(word.span(), format!("`{other}` is no type of an input{hint}")));
        }
    };
    let mut dims = vec![];
    if input.peek(token::Bracket) {
        let inside;
        bracketed!(inside in input);
        dims = Punctuated::<Expr, Token![,]>::parse_terminated(&inside)?.into_iter().collect();
    }
    Ok(Port { target, name, dtype, dims })
}

fn block(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Block> {
    let name: Ident = input.parse()?;
    let inside;
    parenthesized!(inside in input);
    let params = Punctuated::<Ident, Token![,]>::parse_terminated(&inside)?.into_iter().collect();
    let mut sources = vec![];
    if input.peek(Token![<-]) {
        input.parse::<Token![<-]>()?;
        let inside;
        parenthesized!(inside in input);
        sources = Punctuated::<Ident, Token![,]>::parse_terminated(&inside)?.into_iter().collect();
    }
    let span = name.span();
    Ok(Block { name, params, sources, layers: body(input, errors)?, span })
}

fn body(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<Layer>> {
    let inside;
    braced!(inside in input);
    let mut layers = vec![];
    while !inside.is_empty() {
        match layer(&inside, errors) {
            Ok(layer) => layers.push(layer),
            Err(error) => {
                errors.push(error);
                skip_item(&inside);
            }
        }
    }
    Ok(layers)
}

fn layer(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Layer> {
    let (marks, _) = attributes(input, On::Layer, errors)?;
    let name = name(input)?;
    let span = input.span();
    if input.peek(token::Brace) || input.peek(Token![<-]) {
        let sources = sources(input)?;
        let kind = LayerKind::Group { sources, body: body(input, errors)? };
        let span = name.as_ref().map_or(span, |n| n.span);
        return Ok(Layer { marks, name, kind, span });
    }
    let kind: Ident = input.call(Ident::parse_any).map_err(|e| {
        syn::Error::new(e.span(), "expected a layer or a scope -- write `name: Layer(…);`, `{ … }`, `repeat(n) { … }` or `residual { … }`")
    })?;
    for word in ["const", "input", "target", "output", "block"] {
        if kind == word && input.peek(syn::Ident::peek_any) {
            return Err(syn::Error::new(
                kind.span(),
                format!("`{word}` stands only at the top of the model -- move it out of this scope"),
            ));
        }
    }
    let kind = if kind == "repeat" && input.peek(token::Paren) {
        let count = count(input)?;
        LayerKind::Repeat { count, sources: sources(input)?, body: body(input, errors)? }
    } else if kind == "residual" && (input.peek(token::Brace) || input.peek(Token![<-])) {
        let source = sources(input)?;
        let body_layers = body(input, errors)?;
        let shortcut_at = input.span();
        let shortcut = if input.peek(syn::Ident) && input.fork().parse::<Ident>()? == "shortcut" {
            input.parse::<Ident>()?;
            Some(Shortcut { body: body(input, errors)?, span: shortcut_at })
        } else {
            None
        };
        LayerKind::Residual { source, body: body_layers, shortcut }
    } else {
        let mut given = vec![];
        if input.peek(token::Paren) {
            let inside;
            parenthesized!(inside in input);
            given = args(&inside)?;
        }
        let sources = sources(input)?;
        semicolon(input)?;
        LayerKind::Use { kind, args: given, sources }
    };
    Ok(Layer { marks, name, kind, span })
}

fn name(input: ParseStream<'_>) -> syn::Result<Option<Name>> {
    if input.peek(syn::Ident::peek_any) && input.peek2(Token![:]) {
        let ident = input.call(Ident::parse_any)?;
        input.parse::<Token![:]>()?;
        if ident == "in" {
            return Err(syn::Error::new(
                ident.span(),
                "`in` is the scope's own input -- choose another name",
            ));
        }
        return Ok(Some(Name { text: ident.unraw().to_string(), span: ident.span(), is_source: true }));
    }
    if input.peek(syn::LitInt) && input.peek2(Token![:]) {
        let int: syn::LitInt = input.parse()?;
        input.parse::<Token![:]>()?;
        return Ok(Some(Name { text: int.to_string(), span: int.span(), is_source: false }));
    }
    Ok(None)
}

fn sources(input: ParseStream<'_>) -> syn::Result<Option<Vec<Source>>> {
    if !input.peek(Token![<-]) {
        return Ok(None);
    }
    input.parse::<Token![<-]>()?;
    if input.peek(token::Paren) {
        let inside;
        let paren = parenthesized!(inside in input);
        let list: Vec<Source> =
            Punctuated::<Source, Token![,]>::parse_terminated_with(&inside, source)?.into_iter().collect();
        if list.is_empty() {
            return Err(syn::Error::new(
                paren.span.join(),
                "expected at least one source -- name what this layer reads",
            ));
        }
        return Ok(Some(list));
    }
    Ok(Some(vec![source(input)?]))
}

fn source(input: ParseStream<'_>) -> syn::Result<Source> {
    if input.peek(syn::LitInt) {
        return Err(input.error(
            "an integer is only part of a parameter's path, never a source -- give the layer a name",
        ));
    }
    let name = input.call(Ident::parse_any).map_err(|e| {
        syn::Error::new(e.span(), "expected a source -- write the name of an input, a layer or `in`")
    })?;
    let mut port = None;
    if input.peek(Token![.]) {
        input.parse::<Token![.]>()?;
        port = Some(input.call(Ident::parse_any)?);
    }
    Ok(Source { name, port })
}

fn count(input: ParseStream<'_>) -> syn::Result<Count> {
    let inside;
    parenthesized!(inside in input);
    let count = if inside.peek(syn::Ident) && inside.peek2(Token![in]) {
        let var = inside.parse()?;
        inside.parse::<Token![in]>()?;
        if inside.peek(token::Bracket) {
            let list;
            bracketed!(list in inside);
            let items = Punctuated::<Expr, Token![,]>::parse_terminated(&list)?.into_iter().collect();
            Count::Each { var, items }
        } else {
            let from = inside.parse()?;
            inside.parse::<Token![..]>()?;
            Count::Range { var, from, to: inside.parse()? }
        }
    } else {
        Count::Times(inside.parse()?)
    };
    nothing_more(&inside, "`)`")?;
    Ok(count)
}

/// What an attribute stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
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
            Self::Layer => "a layer",
        }
    }

    fn fix(self) -> &'static str {
        match self {
            Self::Block => "mark its uses",
            Self::Model => "mark a layer or a scope",
            _ => "mark a layer or a scope that is computed",
        }
    }
}

/// The attributes ahead: marks, and the rest as they stand.
fn attributes(input: ParseStream<'_>, on: On, errors: &mut Errors) -> syn::Result<(Marks, TokenStream)> {
    let mut marks = Marks::default();
    let mut rest = TokenStream::new();
    while input.peek(Token![#]) {
        let hash = input.parse::<Token![#]>()?;
        let inside;
        let bracket = bracketed!(inside in input);
        let word = inside.call(Ident::parse_any)?;
        let span = word.span();
        let mut twice = |seen: bool| {
            if seen {
                errors.error(span, format!("`{word}` stands here twice -- remove one"));
            }
        };
        match word.to_string().as_str() {
            "checkpoint" => {
                twice(marks.checkpoint.is_some());
                let mut given = vec![];
                if inside.peek(token::Paren) {
                    let list;
                    parenthesized!(list in inside);
                    given = args(&list)?;
                }
                marks.checkpoint = Some(Checkpoint { span, args: given });
            }
            "recompute" => {
                twice(marks.recompute.is_some());
                marks.recompute = Some(span);
            }
            "frozen" => {
                twice(marks.frozen.is_some());
                marks.frozen = Some(span);
            }
            "train" => {
                twice(marks.train.is_some());
                marks.train = Some(span);
            }
            other => {
                let tokens: TokenStream = inside.parse()?;
                let known = ["checkpoint", "recompute", "frozen", "train"];
                let foreign = on != On::Model && !matches!(other, "doc" | "allow" | "expect" | "cfg_attr");
                if foreign {
                    let hint =
                        did_you_mean(other, known, "layers take `checkpoint`, `recompute` and `frozen`");
                    errors.error(span, format!("`{other}` is no attribute of {}{hint}", on.name()));
                }
                let mut attr =
                    proc_macro2::Group::new(proc_macro2::Delimiter::Bracket, quote!(#word #tokens));
                attr.set_span(bracket.span.join());
                rest.extend(quote!(#hash #attr));
                continue;
            }
        }
        nothing_more(&inside, "`]`")?;
    }
    refuse_misplaced(&marks, on, errors);
    Ok((marks, rest))
}

fn refuse_misplaced(marks: &Marks, on: On, errors: &mut Errors) {
    let mut refuse = |span: Option<Span>, word: &str, allowed: &[On], fix: &str| {
        if let Some(span) = span.filter(|_| !allowed.contains(&on)) {
            errors.error(span, format!("`{word}` means nothing on {} -- {fix}", on.name()));
        }
    };
    let checkpoint = marks.checkpoint.as_ref().map(|c| c.span);
    refuse(checkpoint, "checkpoint", &[On::Model, On::Layer], on.fix());
    refuse(marks.recompute, "recompute", &[On::Layer], on.fix());
    refuse(marks.frozen, "frozen", &[On::Layer], "mark a layer or a scope that has parameters");
    refuse(marks.train, "train", &[On::Output], "write it on an `output`");
    if let (Some(_), Some(span)) = (checkpoint, marks.recompute) {
        errors.error(span, "`checkpoint` keeps this value and `recompute` drops it -- remove one of them");
    }
}

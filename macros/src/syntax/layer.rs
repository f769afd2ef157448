//! Lines of a scope: layers, and scopes with their lines.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Token, braced, bracketed, parenthesized, token};

use super::expr::{arg, inside};
use super::marks::{On, attributes};
use super::tokens::{Reader, expected, in_is_taken, list, nothing_more, peek_word, word};
use super::{Count, Expr, Layer, LayerKind, Marks, Name, Shortcut, Source, text};
use crate::report::{did_you_mean, nearest};

impl Reader<'_> {
    /// One line. What does not parse is reported, and stands in the tree as broken.
    pub(super) fn line(&mut self, input: ParseStream<'_>) -> Layer {
        let start = input.fork();
        let mut layer =
            Layer { marks: Marks::default(), name: None, kind: LayerKind::Broken, span: input.span() };
        let mut read = || -> syn::Result<()> {
            layer.marks = attributes(input, On::Layer, self)?.0;
            layer.name = name(input)?;
            layer.span = input.span();
            let scope = input.peek(token::Brace) || input.peek(Token![<-]);
            if let Some(name) = layer.name.as_ref().filter(|_| scope) {
                layer.span = name.span;
            }
            layer.kind = self.kind(input)?;
            Ok(())
        };
        if let Err(error) = read() {
            let start = layer.name.is_none().then_some(&start);
            self.give_up(start, input, error);
        }
        layer
    }

    /// The lines between braces.
    pub(super) fn body(&mut self, input: ParseStream<'_>) -> syn::Result<Vec<Layer>> {
        if !input.peek(token::Brace) {
            return Err(expected(input, "`{`", "the layers of a scope stand in braces"));
        }
        let inside;
        braced!(inside in input);
        let mut layers = vec![];
        while !inside.is_empty() {
            layers.push(self.line(&inside));
        }
        Ok(layers)
    }

    fn kind(&mut self, input: ParseStream<'_>) -> syn::Result<LayerKind> {
        if input.peek(token::Brace) || input.peek(Token![<-]) {
            let sources = sources(input)?;
            let body = self.body(input)?;
            self.no_semicolon(input);
            return Ok(LayerKind::Group { sources, body });
        }
        let kind = word(
            input,
            "a layer or a scope",
            "write `name: Layer(…);`, `{ … }`, `repeat(n) { … }` or `residual { … }`",
        )?;
        match kind.to_string().as_str() {
            "repeat" if input.peek(token::Paren) => {
                let (count, sources) = (count(input)?, sources(input)?);
                let body = self.body(input)?;
                self.no_semicolon(input);
                Ok(LayerKind::Repeat { count, sources, body })
            }
            "residual" if input.peek(token::Brace) || input.peek(Token![<-]) => {
                let source = sources(input)?;
                if input.peek(Token![;]) {
                    input.parse::<Token![;]>()?;
                    return Ok(LayerKind::Use { kind, inside: None, args: vec![], sources: source });
                }
                let body = self.body(input)?;
                let shortcut = self.shortcut(input)?;
                self.no_semicolon(input);
                Ok(LayerKind::Residual { source, body, shortcut })
            }
            _ => self.layer(kind, input),
        }
    }

    fn shortcut(&mut self, input: ParseStream<'_>) -> syn::Result<Option<Shortcut>> {
        if !peek_word(input, "shortcut") || is_line(input) {
            return Ok(None);
        }
        let word = input.call(Ident::parse_any)?;
        Ok(Some(Shortcut { body: self.body(input)?, span: word.span() }))
    }

    fn no_semicolon(&mut self, input: ParseStream<'_>) {
        if input.peek(Token![;]) {
            self.errors.error(input.span(), "a scope ends with its `}` -- remove this `;`");
            let _ = input.parse::<Token![;]>();
        }
    }

    /// What stands behind the name of a layer.
    fn layer(&mut self, kind: Ident, input: ParseStream<'_>) -> syn::Result<LayerKind> {
        let inside = inside(input)?;
        refuse_misread(&kind, input)?;
        let mut args = vec![];
        if input.peek(token::Paren) {
            let given;
            parenthesized!(given in input);
            args = list(&given, arg)?;
        } else if input.peek(syn::Lit) {
            return Err(expected(input, "`(`", &format!("arguments stand in parentheses: `{kind}(…)`")));
        }
        let sources = sources(input)?;
        if input.peek(token::Brace) {
            return Err(syn::Error::new(kind.span(), no_scope(&kind.to_string())));
        }
        if input.peek(Token![->]) {
            return Err(expected(input, "`<-`", "a layer names what it reads behind `<-`"));
        }
        self.semicolon(input);
        Ok(LayerKind::Use { kind, inside, args, sources })
    }
}

/// Whether the word ahead begins a line of its own: it names a layer, or applies one again.
fn is_line(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let applied = |ahead| sources(ahead).is_ok() && ahead.peek(Token![;]);
    ahead.call(Ident::parse_any).is_ok() && (ahead.peek(Token![:]) || applied(&ahead))
}

/// Words that look like layers to the grammar, but were meant for something else.
fn refuse_misread(kind: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    const ITEMS: [&str; 5] = ["const", "input", "target", "output", "block"];
    let text = kind.to_string();
    let word_follows = input.peek(Ident::peek_any);
    let message = if ITEMS.contains(&text.as_str()) && (word_follows || input.peek(syn::Lit)) {
        format!("`{text}` stands only at the top of the model -- move it out of this scope")
    } else if word_follows && !nearest(&text, ITEMS).is_empty() {
        format!("there is no item `{text}`{}", did_you_mean(&text, ITEMS, "write a layer or a scope"))
    } else if input.peek(Token![=]) {
        format!("expected `:` after the name `{text}` -- write `{text}: Layer(…);`")
    } else if input.peek(token::Brace) || (text == "repeat" && (word_follows || input.peek(syn::Lit))) {
        no_scope(&text)
    } else {
        return Ok(());
    };
    Err(syn::Error::new(kind.span(), message))
}

/// What to say of a layer that is written like a scope.
fn no_scope(kind: &str) -> String {
    match kind {
        "repeat" => String::from("`repeat` needs its count in parentheses -- write `repeat(6) { … }`"),
        "residual" => String::from("`residual` takes no arguments -- write `residual { … }`"),
        "block" => String::from("`block` needs a name -- write `block Name(n) { … }`"),
        "shortcut" => String::from("`shortcut` belongs to a `residual` -- write it right after its braces"),
        _ => {
            let otherwise = "a layer ends with `;`, and a group is `name: { … }`";
            let hint = did_you_mean(kind, ["repeat", "residual", "shortcut"], otherwise);
            format!("`{kind}` is no scope{hint}")
        }
    }
}

fn name(input: ParseStream<'_>) -> syn::Result<Option<Name>> {
    if !input.peek2(Token![:]) {
        return Ok(None);
    }
    let named = if input.peek(syn::LitInt) {
        let int: syn::LitInt = input.parse()?;
        if int.to_string() != int.base10_digits() {
            let message =
                format!("`{int}` is no part of a parameter's path -- write `{}:`", int.base10_digits());
            return Err(syn::Error::new(int.span(), message));
        }
        Name { text: int.to_string(), span: int.span() }
    } else if input.peek(Ident::peek_any) {
        let ident =
            word(input, "a name", "leave it out, with its `:`, where nobody reads the layer by name")?;
        let text = text(&ident);
        if text == "in" {
            return Err(in_is_taken(ident.span()));
        }
        Name { text, span: ident.span() }
    } else {
        return Err(expected(input, "a name", "an identifier, or an integer as part of a parameter's path"));
    };
    input.parse::<Token![:]>()?;
    Ok(Some(named))
}

fn sources(input: ParseStream<'_>) -> syn::Result<Option<Vec<Source>>> {
    if !input.peek(Token![<-]) {
        return Ok(None);
    }
    input.parse::<Token![<-]>()?;
    if !input.peek(token::Paren) {
        return Ok(Some(vec![source(input)?]));
    }
    let inside;
    let paren = parenthesized!(inside in input);
    let found = list(&inside, source)?;
    if found.is_empty() {
        let message = "expected a source -- write the name of an input, a layer or `in`";
        return Err(syn::Error::new(paren.span.join(), message));
    }
    Ok(Some(found))
}

pub(super) fn source(input: ParseStream<'_>) -> syn::Result<Source> {
    if input.peek(syn::LitInt) {
        let message =
            "an integer is only part of a parameter's path, never a source -- give the layer a name";
        return Err(syn::Error::new(input.span(), message));
    }
    let name = word(input, "a source", "write the name of an input, a layer or `in`")?;
    Ok(Source { name, inside: inside(input)? })
}

fn count(input: ParseStream<'_>) -> syn::Result<Count> {
    let forms = "write `repeat(6)`, `repeat(i in 0..6)` or `repeat(d in [64, 128])`";
    let inside;
    parenthesized!(inside in input);
    if inside.is_empty() {
        return Err(expected(&inside, "how often", forms));
    }
    let count = if inside.peek(Ident::peek_any) && inside.peek2(Token![in]) {
        let var = inside.call(Ident::parse_any)?;
        inside.parse::<Token![in]>()?;
        if inside.peek(token::Bracket) {
            let items;
            bracketed!(items in inside);
            Count::Each { var, items: list(&items, Expr::parse)? }
        } else {
            let from = inside.parse()?;
            if !inside.peek(Token![..]) {
                return Err(expected(&inside, "`..`", forms));
            }
            if inside.peek(Token![..=]) {
                return Err(expected(&inside, "`..`", "the end stands one past the last: write `a..b`"));
            }
            inside.parse::<Token![..]>()?;
            Count::Range { var, from, to: inside.parse()? }
        }
    } else {
        Count::Times(inside.parse()?)
    };
    nothing_more(&inside, "`)`", forms)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use crate::catalogue::mistakes;

    /// What is wrong with two lines behind a layer called `shortcut`.
    fn behind(lines: &str) -> Vec<String> {
        let net = format!(
            "Net {{ input x: f32[3]; target y: f32[3]; shortcut: Linear(3); {lines} last: Linear(3); \
             loss: Mse <- (last, y); }}"
        );
        mistakes(net.parse().unwrap())
    }

    #[test]
    fn a_layer_called_shortcut_may_follow_a_residual() {
        for line in ["shortcut;", "shortcut <- first;", "shortcut <- (first);"] {
            let mistakes = behind(&format!("first: residual {{ fc: Linear(3); }} {line}"));
            assert_eq!(mistakes, [] as [String; 0], "{line}");
        }
    }

    #[test]
    fn a_shortcut_without_its_braces_is_told_to_have_some() {
        for word in ["shortcut(3);", "shortcut fc: Linear(3);", "shortcut <- shortcut { fc: Linear(3); }"] {
            let mistakes = behind(&format!("residual {{ fc: Linear(3); }} {word}"));
            let fix = "expected `{` -- the layers of a scope stand in braces";
            assert!(mistakes.iter().any(|m| m.ends_with(fix)), "{word}: {mistakes:?}");
        }
    }
}

//! Fragments of a surrounding `macro_rules!` arrive inside invisible groups: they are spliced in, and
//! an expression of several tokens gets visible parentheses, so that it stays one operand.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

/// How deep brackets may nest: far deeper than any model, far less than what fills a stack.
const MOST_DEPTH: usize = 100;

/// Where brackets nest too deep, if they do.
pub(super) fn too_deep(tokens: &TokenStream) -> Option<Span> {
    let mut ahead = vec![(tokens.clone(), 0)];
    while let Some((tokens, depth)) = ahead.pop() {
        for tree in tokens {
            if let TokenTree::Group(group) = tree {
                if depth == MOST_DEPTH {
                    return Some(group.span());
                }
                ahead.push((group.stream(), depth + 1));
            }
        }
    }
    None
}

/// The same tokens without invisible groups.
pub(super) fn flatten(tokens: TokenStream) -> TokenStream {
    if !holds_invisible(&tokens) {
        // As they are: a group that is made anew has no closing bracket of its own to point at.
        return tokens;
    }
    tokens
        .into_iter()
        .flat_map(|tree| match tree {
            TokenTree::Group(group) => {
                if group.delimiter() != Delimiter::None && !holds_invisible(&group.stream()) {
                    return TokenTree::Group(group).into();
                }
                let inner = flatten(group.stream());
                if group.delimiter() != Delimiter::None {
                    let mut same = Group::new(group.delimiter(), inner);
                    same.set_span(group.span());
                    return TokenTree::from(same).into();
                }
                if is_compound_expression(&inner) {
                    let mut operand = Group::new(Delimiter::Parenthesis, inner);
                    operand.set_span(group.span());
                    return TokenTree::from(operand).into();
                }
                inner
            }
            other => TokenStream::from(other),
        })
        .collect()
}

fn holds_invisible(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|tree| {
        let TokenTree::Group(group) = tree else { return false };
        group.delimiter() == Delimiter::None || holds_invisible(&group.stream())
    })
}

fn is_compound_expression(tokens: &TokenStream) -> bool {
    tokens
        .clone()
        .into_iter()
        .any(|tree| matches!(tree, TokenTree::Punct(p) if matches!(p.as_char(), '+' | '-' | '*' | '/' | '%')))
}

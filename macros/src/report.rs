//! Errors: report and go on, stop only at a barrier.

use std::collections::BTreeSet;
use std::fmt::Display;

use proc_macro2::{Span, TokenStream};

/// Every mistake found so far. A pass that finds one reports it here and goes on, so that several
/// mistakes are told in one compile.
#[derive(Default)]
pub(crate) struct Errors {
    list: Vec<syn::Error>,
    /// Places and messages told already: what stands in a `repeat` or a block is met several times.
    told: BTreeSet<String>,
}

/// Something that a line stands in, and that the mistakes of the line are told at too.
#[derive(Clone)]
pub(crate) struct Around {
    /// "in this use of block `Mlp`"
    pub(crate) words: String,
    pub(crate) span: Span,
    /// For a use of a block: how what it declares gets other paths.
    pub(crate) renamed: Option<String>,
    /// Told even if the line's mistake was told before: for another use of the same block.
    pub(crate) always: bool,
}

impl Errors {
    /// Reports `message` at `span`; false if that was told before.
    pub(crate) fn error(&mut self, span: Span, message: impl Display) -> bool {
        self.add(syn::Error::new(span, message))
    }

    /// Reports a mistake of a line that stands in `around`: at `span`, and at all those.
    pub(crate) fn error_in(&mut self, around: &[Around], span: Span, message: impl Display) {
        let new = self.error(span, &message);
        for place in around.iter().filter(|place| new || place.always) {
            self.error(place.span, format!("{}: {message}", place.words));
        }
    }

    /// Takes over an error of the parser.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.add(error);
    }

    fn add(&mut self, error: syn::Error) -> bool {
        let new = self.told.insert(format!("{:?} {error}", error.span()));
        if new {
            self.list.push(error);
        }
        new
    }

    /// Takes over all of `other`.
    pub(crate) fn append(&mut self, other: Errors) {
        for error in other.list {
            self.push(error);
        }
    }

    /// Places and messages.
    pub(crate) fn messages(self) -> impl Iterator<Item = (Span, String)> {
        self.list.into_iter().map(|error| (error.span(), error.to_string()))
    }

    /// How many were reported.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing was reported.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them as `compile_error!` calls.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.list.into_iter().map(syn::Error::into_compile_error).collect()
    }
}

/// The names among `known` that `found` may be a slip of, best first, at most two.
pub(crate) fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let fold = |s: &str| s.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect::<String>();
    let target = fold(found);
    let mut ranked: Vec<(usize, &str)> = known
        .into_iter()
        .map(|name| (distance(&target, &fold(name)), name))
        .filter(|(d, name)| *d <= 1.max(name.len().min(found.len()) / 3))
        .collect();
    ranked.sort();
    ranked.dedup();
    // The same word in another case is no guess.
    ranked.truncate(if ranked.first().is_some_and(|(d, _)| *d == 0) { 1 } else { 2 });
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// " -- did you mean `a` or `b`?", or `otherwise` if nothing is near.
pub(crate) fn did_you_mean<'a>(
    found: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    match nearest(found, known).as_slice() {
        [] => format!(" -- {otherwise}"),
        names => format!(" -- did you mean `{}`?", names.join("` or `")),
    }
}

/// The edit distance of Levenshtein (1966), with a swap of neighbours counted as one edit.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["LayerNorm", "Linear", "Gelu", "Relu"];
        assert_eq!(nearest("Layer_norm", known), ["LayerNorm"]);
        assert_eq!(nearest("Linaer", known), ["Linear"]);
        assert_eq!(nearest("GELU", known), ["Gelu"]);
        assert!(nearest("Conv2d", known).is_empty());
    }
}

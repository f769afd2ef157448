//! Errors: report and go on, stop only at a barrier.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};

/// Every mistake found so far. A pass that finds one reports it here and goes on, so that several
/// mistakes are told in one compile.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// Reports `message` at `span`.
    pub(crate) fn error(&mut self, span: Span, message: impl Display) {
        self.0.push(syn::Error::new(span, message));
    }

    /// Takes over an error of the parser.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    /// The messages, without their places.
    pub(crate) fn take(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|error| error.to_string())
    }

    /// Whether nothing was reported.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them as `compile_error!` calls. A mistake inside a `repeat` is told once.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        let mut told: Vec<String> = Vec::new();
        self.0
            .into_iter()
            .filter(|error| {
                let key = format!("{:?} {error}", error.span());
                let new = !told.contains(&key);
                if new {
                    told.push(key);
                }
                new
            })
            .map(|error| error.into_compile_error())
            .collect()
    }
}

/// The names among `known` that `found` may be a slip of, best first, at most two.
pub(crate) fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let fold = |s: &str| s.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect::<String>();
    let target = fold(found);
    let mut ranked: Vec<(usize, &str)> = known
        .into_iter()
        .map(|name| (distance(&target, &fold(name)), name))
        .filter(|(d, name)| *d <= 1 + name.len().min(found.len()) / 3)
        .collect();
    ranked.sort();
    ranked.dedup();
    ranked.truncate(2);
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
        assert_eq!(nearest("GELU", known), ["Gelu", "Relu"]);
        assert!(nearest("Conv2d", known).is_empty());
    }
}

//! Parameters by name, and the names that someone may have meant.

use crate::error::Error;
use crate::model::ParamSpec;

/// How many names an error suggests.
const SUGGESTIONS: usize = 3;

/// The index of the parameter that has this path, or this alias.
///
/// # Errors
/// [`Error::UnknownName`] with the nearest paths.
pub(crate) fn find(specs: &[ParamSpec], name: &str) -> Result<usize, Error> {
    specs
        .iter()
        .position(|spec| names(spec).any(|n| n == name))
        .ok_or_else(|| unknown(specs, "parameter", name))
}

/// The error for a name that no parameter has, or for a pattern with `*`, as `what` says.
pub(crate) fn unknown(specs: &[ParamSpec], what: &'static str, name: &str) -> Error {
    let nearest = nearest(name.trim_matches('*'), specs.iter().flat_map(names));
    Error::UnknownName { what, found: name.to_owned(), nearest }
}

/// Every name of a parameter, its path first.
pub(crate) fn names(spec: &ParamSpec) -> impl Iterator<Item = &'static str> {
    std::iter::once(spec.path).chain(spec.aliases.iter().copied())
}

/// The candidates nearest to what was written, best first: those that contain it, but for a typing
/// error per three letters.
pub(crate) fn nearest<'a>(found: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let found: Vec<char> = found.chars().collect();
    let mut near: Vec<(usize, usize, &str)> = candidates
        .map(|name| (distance(&found, name), name.chars().count().abs_diff(found.len()), name))
        .filter(|&(distance, ..)| distance <= found.len() / 3)
        .collect();
    // Stable, so that equally near names stay in order of declaration.
    near.sort_by_key(|&(distance, longer, _)| (distance, longer));
    near.into_iter().take(SUGGESTIONS).map(|(.., name)| name.to_owned()).collect()
}

/// The fewest letters to insert, delete or replace that make `found` a part of `name` (Sellers 1980).
fn distance(found: &[char], name: &str) -> usize {
    // costs[i]: of making the first i letters end at the letter of `name` just seen.
    let mut costs: Vec<usize> = (0..=found.len()).collect();
    let mut best = found.len();
    for letter in name.chars() {
        // A part may start anywhere, so no letters cost nothing at every place.
        let mut diagonal = 0;
        for (i, &wanted) in found.iter().enumerate() {
            let replace = diagonal + usize::from(wanted != letter);
            diagonal = costs[i + 1];
            costs[i + 1] = replace.min(costs[i] + 1).min(costs[i + 1] + 1);
        }
        best = best.min(costs[found.len()]);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const NAMES: [&str; 6] = [
        "embed.weight",
        "blocks.0.attn.qkv.weight",
        "blocks.1.attn.qkv.weight",
        "blocks.1.ln_1.bias",
        "norm.bias",
        "head.weight",
    ];

    fn suggest(found: &str) -> Vec<String> {
        nearest(found, NAMES.into_iter())
    }

    #[test]
    fn a_typing_error_finds_its_name_first() {
        assert_eq!(suggest("blocks.1.atn.qkv.wieght")[0], "blocks.1.attn.qkv.weight");
        assert_eq!(suggest("haed.weight")[0], "head.weight");
    }

    #[test]
    fn a_part_of_a_path_finds_the_paths_that_have_it_in_order_of_declaration() {
        assert_eq!(suggest("attn.qkv.weight"), ["blocks.0.attn.qkv.weight", "blocks.1.attn.qkv.weight"]);
        assert_eq!(suggest(".biass"), ["norm.bias", "blocks.1.ln_1.bias"]);
    }

    #[test]
    fn nothing_near_is_no_suggestion() {
        assert!(suggest("conv.running_mean").is_empty());
        assert_eq!(suggest("").len(), 3, "every name contains nothing; a few are shown");
    }
}

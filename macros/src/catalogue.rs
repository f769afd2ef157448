//! The catalogue of what must not compile, without a compiler: what `tests/ui/err` says of each model is
//! what is reported, at that line and column, and nothing else is.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use crate::expand::understand;
use crate::report::Errors;
use crate::{planned, syntax};

/// Every mistake in the body of a `model!`, as "line:column message".
pub(crate) fn mistakes(body: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    if let Some(model) = syntax::parse(body, &mut errors) {
        let graph = understand(&model, &mut errors);
        if errors.is_empty()
            && let Err(defect) = planned::plan(&graph, &syntax::text(&model.name))
        {
            defect.report(model.name.span(), &mut errors);
        }
    }
    let place = |span: proc_macro2::Span| format!("{}:{}", span.start().line, span.start().column + 1);
    errors.messages().map(|(span, message)| format!("{} {message}", place(span))).collect()
}

/// The bodies of every `model! { … }` that is written out in `tokens`.
fn models(tokens: TokenStream) -> Vec<TokenStream> {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = vec![];
    for window in trees.windows(3) {
        if let [TokenTree::Ident(word), TokenTree::Punct(bang), TokenTree::Group(body)] = window
            && word == "model"
            && bang.as_char() == '!'
        {
            found.push(body.stream());
        }
    }
    found
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(cases(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn each_case_reports_what_it_says_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/err");
    let mut wrong = String::new();
    for case in cases(&folder) {
        let text = fs::read_to_string(&case).unwrap();
        let bodies = models(text.parse().unwrap());
        // Only the compiler expands a `macro_rules!`, and knows where an empty `model!` stands.
        if bodies.is_empty() || bodies.iter().any(TokenStream::is_empty) || text.contains("macro_rules!") {
            continue;
        }
        let mut expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("//~ ")).collect();
        let mut found: Vec<String> = bodies.into_iter().flat_map(mistakes).collect();
        expected.sort_unstable();
        found.sort_unstable();
        if found != expected {
            wrong += &format!("\n{}\n", case.display());
            let missing = expected.iter().filter(|line| !found.iter().any(|f| f == *line));
            missing.for_each(|line| wrong += &format!("  - {line}\n"));
            let extra = found.iter().filter(|line| !expected.contains(&line.as_str()));
            extra.for_each(|line| wrong += &format!("  + {line}\n"));
        }
    }
    assert!(wrong.is_empty(), "said (-) and reported (+) differ:\n{wrong}");
}

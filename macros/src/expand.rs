//! The pipeline, one line a stage.

use proc_macro2::{TokenStream, TokenTree};

use crate::beside::beside;
use crate::codegen::{self, Paths};
use crate::defect::Defect;
use crate::dump;
use crate::graph::{Graph, build, marks, shape};
use crate::planned;
use crate::report::Errors;
use crate::syntax;

/// What `model!` becomes: the model, or every mistake in it and its signatures.
///
/// `tokens` begin with `[$crate]`, the path of the runtime.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let (paths, tokens) = paths(tokens);
    let mut errors = Errors::default();
    let Some(model) = syntax::parse(tokens, &mut errors) else {
        return errors.into_compile_errors();
    };
    let graph = understand(&model, &mut errors);
    if !errors.is_empty() {
        return with_signatures(errors, &model, &graph, &paths);
    }
    emit(&model, &graph, &paths).unwrap_or_else(|defect| {
        defect.report(model.name.span(), &mut errors);
        with_signatures(errors, &model, &graph, &paths)
    })
}

/// From a graph without mistakes to code.
fn emit(model: &syntax::Model, graph: &Graph, paths: &Paths) -> Result<TokenStream, Defect> {
    let plans = planned::plan(graph, &syntax::text(&model.name))?;
    let (tokens, verdict) =
        beside(|| codegen::emit(model, graph, &plans, paths), || planned::verify(&plans))?;
    verdict.map_err(|(lowered, failure)| failure.of(graph, lowered))?;
    let tokens = tokens?;
    dump::dump(&syntax::text(&model.name), graph, &plans, &tokens);
    Ok(tokens)
}

/// From tree to a graph with shapes and segments.
pub(crate) fn understand(model: &syntax::Model, errors: &mut Errors) -> Graph {
    let mut graph = build::build(model, errors);
    shape::shape(&mut graph, errors);
    if errors.is_empty() {
        marks::segments(&mut graph, errors);
    }
    graph
}

fn with_signatures(errors: Errors, model: &syntax::Model, graph: &Graph, paths: &Paths) -> TokenStream {
    let mut out = errors.into_compile_errors();
    out.extend(codegen::emit_signatures(model, graph, paths));
    out
}

/// Splits off the `[$crate]` that the `macro_rules!` in the runtime puts in front.
fn paths(tokens: TokenStream) -> (Paths, TokenStream) {
    let mut rest = tokens.into_iter();
    let krate = match rest.next() {
        Some(TokenTree::Group(group)) => group.stream(),
        other => other.into_iter().collect(),
    };
    (Paths { krate }, rest.collect())
}

//! The pipeline, one line a stage.

use proc_macro2::{TokenStream, TokenTree};

use crate::codegen::{self, Paths};
use crate::graph::{Graph, build, marks, shape};
use crate::report::Errors;
use crate::syntax;

/// What `model!` becomes: the model, or every mistake in it and its signatures.
///
/// `tokens` begin with `[$crate]`, the path of the runtime.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let (paths, tokens) = paths(tokens);
    let mut errors = Errors::default();
    let Some(model) = syntax::parse(syntax::flatten(tokens), &mut errors) else {
        return errors.into_compile_errors();
    };
    let graph = understand(&model, &mut errors);
    if !errors.is_empty() {
        return with_signatures(errors, &model, &graph, &paths);
    }
    let emitted = codegen::plan(&graph).and_then(|plans| codegen::emit(&model, &graph, &plans, &paths));
    emitted.unwrap_or_else(|defect| {
        errors.error(
            model.name.span(),
            format!("internal error: {defect} -- this is a defect of remat, please report it"),
        );
        with_signatures(errors, &model, &graph, &paths)
    })
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
#[cfg(test)]
mod timing {
    use std::time::Instant;
    #[test]
    fn time() {
        for n in [12, 96] {
            let t = format!("Gpt {{ const VOCAB = 256; const T = 256; const D = 384;
        input  tokens: u32[T]; target next:   u32[T];
        embed: Embedding(VOCAB, D);
        pos:   PositionEmbedding(T);
        #[checkpoint]
        blocks: repeat({n}) {{
            residual {{ ln_1: LayerNorm; attn: {{ qkv: Linear(3 * D); CausalAttention(heads = 6); proj: Linear(D); }} }}
            residual {{ ln_2: LayerNorm; mlp: {{ up: Linear(4 * D); #[recompute] Gelu; down: Linear(D); }} Dropout(0.1); }}
        }}
        norm: LayerNorm;
        head: Linear(VOCAB, bias = false);
        loss: CrossEntropy <- (head, next); }}");
            let tokens: proc_macro2::TokenStream = t.parse().unwrap();
            let s = Instant::now();
            let mut e = super::Errors::default();
            let m = super::syntax::parse(super::syntax::flatten(tokens), &mut e).unwrap();
            let mut g = super::build::build(&m, &mut e);
            println!("build {:?}", s.elapsed());
            super::shape::shape(&mut g, &mut e);
            println!("shape {:?}", s.elapsed());
            super::marks::segments(&mut g, &mut e);
            println!("marks {:?}", s.elapsed());
            let l = crate::graph::lower::lower(&g, crate::graph::lower::Mode::Train);
            println!("lower {:?}", s.elapsed());
            let p = crate::plan::schedule::train(&l.problem);
            println!("schedule {:?} {}", s.elapsed(), p.steps.len());
            for w in [4, 8] {
                let _ = crate::plan::layout::layout(
                    &l.problem,
                    &p,
                    crate::plan::layout::Widths { line: 64, elem: w, scalar: w },
                );
                println!("layout {:?}", s.elapsed());
            }
            let plans = crate::codegen::plan(&g).unwrap();
            println!("plan all {:?}", s.elapsed());
            let o = crate::codegen::emit(&m, &g, &plans, &super::Paths { krate: quote::quote!(x) }).unwrap();
            println!("emit {:?}", s.elapsed());
            println!("{} bytes", o.to_string().len());
        }
    }
}

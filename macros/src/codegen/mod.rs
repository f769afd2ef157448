//! The plan as Rust: decides nothing.
//!
//! Each distinct kernel call (op, shapes, which operands are there) becomes one function. A program is
//! a static table: for each step, the number of its call and the numbers of its operands. Depth and
//! irregular plans change rows, never code.

mod api;
mod batch;
mod calls;
mod lists;
mod plan;
mod programs;
mod rows;
mod tables;
mod timeline;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::graph::Graph;
use crate::planned::Plans;
use crate::profile;
use crate::syntax::Model;

/// Where the runtime is: `$crate` of the macro that called.
pub(crate) struct Paths {
    pub(crate) krate: TokenStream,
}

/// Everything that `model!` becomes.
pub(crate) fn emit(
    model: &Model,
    graph: &Graph,
    plans: &Plans,
    paths: &Paths,
) -> Result<TokenStream, String> {
    let mut calls = calls::Calls::default();
    let programs = programs::emit(graph, plans, &mut calls)?;
    let (krate, cfg) = (&paths.krate, &model.cfg);
    let declaration = api::declaration(model, graph, krate);
    let methods = api::methods(model, graph, plans, &calls)?;
    let trainable = batch::emit(&model.name, graph, &calls.bounds());
    let model_impl = plan::model_impl(&model.name, graph, plans)?;
    let timeline = timeline::emit(plans)?;
    let watched = graph.asked.as_ref().and_then(|asked| asked.profile.as_ref()).map(profile::watch);
    let functions = calls.functions();
    let run = calls.run();
    Ok(quote! {
        #declaration
        #cfg
        #[allow(non_local_definitions, missing_docs, non_snake_case, clippy::all, clippy::pedantic, clippy::restriction, clippy::nursery)]
        const _: () = {
            use #krate::__private as __remat;
            use __remat::{Device as __Device, ops as __ops};
            #programs
            #timeline
            #watched
            #functions
            #run
            #model_impl
            #methods
            #trainable
        };
    })
}

/// What is emitted beside errors: the struct and its signatures, so that nothing else goes wrong.
pub(crate) fn emit_signatures(model: &Model, graph: &Graph, paths: &Paths) -> TokenStream {
    let (krate, cfg) = (&paths.krate, &model.cfg);
    let declaration = api::declaration(model, graph, krate);
    let methods = api::signatures(model, graph);
    let trainable = batch::emit_signatures(&model.name, graph);
    let name = &model.name;
    let model_impl = plan::empty_model_impl(name);
    quote! {
        #declaration
        #cfg
        #[allow(non_local_definitions, missing_docs, non_snake_case, unused_variables, clippy::all, clippy::pedantic, clippy::restriction, clippy::nursery)]
        const _: () = {
            use #krate::__private as __remat;
            use __remat::Device as __Device;
            #model_impl
            #methods
            #trainable
        };
    }
}

/// The type of the outputs of a model that has several.
fn outputs_type(name: &Ident) -> Ident {
    quote::format_ident!("{name}Outputs", span = name.span())
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenTree;

    use crate::expand::expand;

    /// How often each of `words` stands in what a model becomes.
    fn count<const N: usize>(model: &str, words: [&str; N]) -> [usize; N] {
        let mut found = [0; N];
        let mut ahead = vec![expand(format!("[krate] {model}").parse().unwrap())];
        while let Some(tokens) = ahead.pop() {
            for tree in tokens {
                let text = tree.to_string();
                match tree {
                    TokenTree::Group(group) => ahead.push(group.stream()),
                    _ => (0..N).for_each(|i| found[i] += usize::from(text == words[i])),
                }
            }
        }
        found
    }

    #[test]
    fn a_condition_on_the_model_stands_on_everything_it_becomes() {
        let layers = "input x: f32[3]; target y: f32[3]; a: Linear(3); b: Linear(3);";
        for (loss, items) in [("loss: Mse <- (b, y);", 3), ("loss: Mse <- (b, z);", 3)] {
            let net = format!("#[cfg(CONDITION)] Net {{ {layers} output a; output b; {loss} }}");
            assert_eq!(count(&net, ["CONDITION"]), [items], "the struct, that of its outputs, the rest");
        }
    }

    #[test]
    fn names_that_are_keywords_are_told_without_their_prefix() {
        let net = "r#struct { input r#match: f32[3]; target loop: u32[3]; r#if: Linear(9); s: Reshape(3, 3); \
                   loss: CrossEntropy <- (s, r#loop); }";
        let pair = |word: &str| [format!("\"{word}\""), format!("\"r#{word}\"")];
        // Names of parameters stand one after another in their table.
        let paths = [String::from("\"if.weightif.bias\""), String::from("\"r#if.weightr#if.bias\"")];
        for [plain, raw] in [pair("struct"), pair("match"), pair("loop"), paths] {
            let [found, wrong] = count(net, [&plain, &raw]);
            assert!(found > 0 && wrong == 0, "{plain} stands {found} times, {raw} {wrong} times");
        }
    }

    #[test]
    fn a_product_has_room_for_what_it_rounds_where_a_layout_has_any() {
        let net =
            "Net { input x: f32[3]; target y: f32[3]; a: Linear(3); b: Linear(3); loss: Mse <- (b, y); }";
        // One function for both forwards, and two backwards, of which one has no gradient to give to what it reads.
        let [rounded, nothing, narrow] = count(net, ["rounded", "nothing", "__REMAT_TIMELINE_2"]);
        if cfg!(feature = "cuda") {
            assert_eq!((rounded, nothing), (3 + 2, 1));
            assert_eq!(narrow, 2, "the picture of another layout, where it stands and where it is used");
        } else {
            assert_eq!((rounded, nothing, narrow), (3, 3, 0));
        }
    }

    #[test]
    fn gradients_that_no_step_writes_are_cleared_and_no_others() {
        let net = |probe| {
            format!("Net {{ input x: f32[3]; target y: f32[3]; a: Linear(3); {probe} loss: Mse <- (a, y); }}")
        };
        assert_eq!(count(&net(""), ["clear_gradient"]), [0]);
        let probe = "b: Linear(3); #[frozen] c: Linear(3) <- a; output a; output b; output c;";
        assert_eq!(count(&net(probe), ["clear_gradient"]), [2], "the weight and the bias of `b`");
    }
}

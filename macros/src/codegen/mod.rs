//! The plan as Rust: decides nothing.
//!
//! Each distinct kernel call (op, shapes, which operands are there) becomes one function. A program is
//! a static table: for each step, the number of its call and the numbers of its operands. Depth and
//! irregular plans change rows, never code.

mod api;
mod calls;
mod plan;
mod programs;
mod tables;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::graph::Graph;
use crate::planned::Plans;
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
    let krate = &paths.krate;
    let declaration = api::declaration(model, graph, krate);
    let methods = api::methods(model, graph, plans, &calls)?;
    let model_impl = plan::model_impl(&model.name, graph, plans)?;
    let functions = calls.functions();
    let run = calls.run();
    Ok(quote! {
        #declaration
        #[allow(non_local_definitions, missing_docs, clippy::all, clippy::pedantic, clippy::restriction, clippy::nursery)]
        const _: () = {
            use #krate::__private as __remat;
            use __remat::{Device as __Device, ops as __ops};
            #programs
            #functions
            #run
            #model_impl
            #methods
        };
    })
}

/// What is emitted beside errors: the struct and its signatures, so that nothing else goes wrong.
pub(crate) fn emit_signatures(model: &Model, graph: &Graph, paths: &Paths) -> TokenStream {
    let krate = &paths.krate;
    let declaration = api::declaration(model, graph, krate);
    let methods = api::signatures(model, graph);
    let name = &model.name;
    let model_impl = plan::empty_model_impl(name);
    quote! {
        #declaration
        #[allow(non_local_definitions, missing_docs, unused_variables, clippy::all, clippy::pedantic, clippy::restriction, clippy::nursery)]
        const _: () = {
            use #krate::__private as __remat;
            use __remat::Device as __Device;
            #model_impl
            #methods
        };
    }
}

/// The type of the outputs of a model that has several.
fn outputs_type(name: &Ident) -> Ident {
    quote::format_ident!("{name}Outputs", span = name.span())
}

//! The `model!` macro of the `remat` crate; use it from there.
#![allow(dead_code)]

mod graph;
mod ops;
mod plan;
mod report;
mod syntax;

use proc_macro::TokenStream;

/// Declares a network: see the documentation of the `remat` crate.
#[proc_macro]
pub fn model(input: TokenStream) -> TokenStream {
    let mut e = report::Errors::default();
    if let Some(m) = syntax::parse(syntax::flatten(input.into()), &mut e) {
        let mut g = graph::build::build(&m, &mut e);
        graph::shape::shape(&mut g, &mut e);
    }
    e.into_compile_errors().into()
}

//! The `model!` macro of the `remat` crate; use it from there.

mod beside;
#[cfg(test)]
mod catalogue;
#[cfg(any(test, kani))]
mod choices;
mod codegen;
mod defect;
mod dump;
mod expand;
mod fit;
#[cfg(test)]
mod fuzz;
mod graph;
mod notes;
mod ops;
mod plan;
mod planned;
mod profile;
mod report;
mod syntax;

use proc_macro::TokenStream;

/// Declares a network: see the documentation of the `remat` crate, whose macro of this name calls this.
#[doc(hidden)]
#[proc_macro]
pub fn model(input: TokenStream) -> TokenStream {
    expand::expand(input.into()).into()
}

//! The `Trainable` implementation: inputs and targets as one value, for loops that know no model.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use super::api::{element_and_dim, ports};
use crate::graph::Graph;

/// Local names, which no constant of the module around can be meant by.
struct Locals {
    ws: Ident,
    batch: Ident,
    after: Ident,
}

impl Default for Locals {
    fn default() -> Self {
        let local = |name| Ident::new(name, Span::mixed_site());
        Self { ws: local("ws"), batch: local("batch"), after: local("after") }
    }
}

/// `impl Trainable`, for every device that has the kernels.
pub(super) fn emit(name: &Ident, graph: &Graph, bounds: &TokenStream) -> TokenStream {
    let Locals { ws, batch, after } = Locals::default();
    let fields: Vec<Literal> = (0..ports(graph, true).count()).map(Literal::usize_unsuffixed).collect();
    let call = |method: TokenStream| quote!(self.#method(#ws, #(#batch.#fields.view()),*));
    let (train, evaluate) = (call(quote!(forward_backward)), call(quote!(evaluate)));
    let then = quote! {
        self.__remat_train(#ws, #(#batch.#fields.view(),)* ::core::option::Option::Some(#after))
    };
    let samples = quote!(#batch.0.shape().first().copied().unwrap_or_default());
    implementation(name, graph, bounds, &[train, then, evaluate, samples])
}

/// The same beside errors.
pub(super) fn emit_signatures(name: &Ident, graph: &Graph) -> TokenStream {
    let error = quote!(::core::result::Result::Err(__remat::Error::Internal {
        message: ::std::string::String::new()
    }));
    implementation(name, graph, &quote!(__Device), &[error.clone(), error.clone(), error, quote!(0)])
}

fn implementation(
    name: &Ident,
    graph: &Graph,
    bounds: &TokenStream,
    bodies: &[TokenStream; 4],
) -> TokenStream {
    let Locals { ws, batch, after } = Locals::default();
    let arrays = ports(graph, true).map(|port| {
        let (element, dim) = element_and_dim(port);
        quote!(__remat::ndarray::Array<#element, #dim>,)
    });
    let [train, then, evaluate, samples] = bodies;
    let loss = quote!(::core::result::Result<<D as __Device>::Scalar, __remat::Error>);
    quote! {
        impl<D: #bounds> __remat::Trainable for #name<D> {
            type Batch = (#(#arrays)*);
            fn train_batch(&mut self, #ws: &mut __remat::Workspace<Self>, #batch: &Self::Batch) -> #loss { #train }
            fn train_batch_then(&mut self, #ws: &mut __remat::Workspace<Self>, #batch: &Self::Batch, #after: &mut dyn __remat::After<Self>) -> ::core::result::Result<__remat::Report, __remat::Error> { #then }
            fn evaluate_batch(&self, #ws: &mut __remat::Workspace<Self>, #batch: &Self::Batch) -> #loss { #evaluate }
            fn samples(#batch: &Self::Batch) -> ::core::primitive::usize { #samples }
        }
    }
}

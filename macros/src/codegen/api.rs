//! The struct, its constants, and the methods whose signatures depend on the model.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::calls::Calls;
use super::outputs_type;

use crate::graph::num::Num;
use crate::graph::{Graph, Output, Port};
use crate::plan::layout::What;
use crate::planned::{Planned, Plans};
use crate::syntax::{Dtype, Model, text};

/// The struct of the model, and of its outputs if there are several.
pub(super) fn declaration(model: &Model, graph: &Graph, krate: &TokenStream) -> TokenStream {
    let Model { attrs, cfg, vis, name, .. } = model;
    let outputs = (graph.outputs.len() > 1).then(|| {
        let (outputs, doc) = (outputs_type(name), format!("What `forward` of [`{name}`] returns."));
        let fields = graph.outputs.iter().map(|o| {
            let (field, doc) = (output_field(o), format!("The output `{}`.", o.name));
            quote!(#[doc = #doc] pub #field: #krate::model::Output<'a, D>)
        });
        quote! {
            #cfg
            #[doc = #doc]
            #[allow(non_snake_case)]
            #vis struct #outputs<'a, D: #krate::Device> { #(#fields),* }
        }
    });
    quote! {
        #attrs
        #vis struct #name<D: #krate::Device = #krate::Cpu> { core: #krate::__private::Core<D> }
        #outputs
    }
}

/// The field of an output in the struct of several.
fn output_field(output: &Output) -> Ident {
    Ident::new_raw_or_plain(&output.name, output.span)
}

/// Identifiers that may be keywords.
trait RawOrPlain {
    fn new_raw_or_plain(text: &str, span: proc_macro2::Span) -> Ident;
}

impl RawOrPlain for Ident {
    fn new_raw_or_plain(text: &str, span: proc_macro2::Span) -> Ident {
        let plain = syn::parse_str::<Ident>(text).is_ok();
        if plain { Ident::new(text, span) } else { Ident::new_raw(text, span) }
    }
}

fn consts(graph: &Graph) -> TokenStream {
    graph
        .consts
        .iter()
        .map(|c| {
            let (name, docs) = (&c.name, &c.docs);
            match c.value {
                Num::Int(n) if n >= 0 => {
                    let n = Literal::i128_unsuffixed(n);
                    quote!(#docs pub const #name: ::core::primitive::usize = #n;)
                }
                Num::Int(n) => {
                    let n = Literal::i128_unsuffixed(-n);
                    quote!(#docs pub const #name: ::core::primitive::i64 = -#n;)
                }
                Num::Float(x) => {
                    let (magnitude, sign) = (Literal::f64_suffixed(x.abs()), (x < 0.0).then(|| quote!(-)));
                    quote!(#docs pub const #name: ::core::primitive::f64 = #sign #magnitude;)
                }
            }
        })
        .collect()
}

fn array_type(port: &Port) -> TokenStream {
    if !port.known {
        return quote!(impl ::core::marker::Sized);
    }
    let (element, dim) = element_and_dim(port);
    quote!(__remat::ndarray::ArrayView<'_, #element, #dim>)
}

/// What the arrays of a port hold, and how many axes they have.
pub(super) fn element_and_dim(port: &Port) -> (TokenStream, TokenStream) {
    let element = match port.dtype {
        Dtype::F32 => quote!(<D as __Device>::Scalar),
        Dtype::U32 => quote!(::core::primitive::u32),
    };
    let rank = port.dims.len() + 1;
    let dim = if rank <= 6 && port.known { format_ident!("Ix{rank}") } else { format_ident!("IxDyn") };
    (element, quote!(__remat::ndarray::#dim))
}

/// `x: ArrayView…, y: ArrayView…`
fn signature(graph: &Graph, targets: bool) -> TokenStream {
    ports(graph, targets)
        .map(|p| {
            let (name, ty) = (argument(p), array_type(p));
            quote!(#name: #ty,)
        })
        .collect()
}

/// The ports in the order of arguments: all inputs, then the targets if they are wanted.
pub(super) fn ports(graph: &Graph, targets: bool) -> impl Iterator<Item = &Port> {
    let inputs = graph.ports.iter().filter(|p| !p.target);
    inputs.chain(graph.ports.iter().filter(move |p| p.target && targets))
}

/// The name of a port as an argument: its own, but it can't collide with ours.
fn argument(port: &Port) -> Ident {
    port.name.clone()
}

fn outputs_return(model: &Model, graph: &Graph) -> TokenStream {
    if graph.outputs.len() > 1 {
        let name = outputs_type(&model.name);
        quote!(#name<'w, D>)
    } else {
        quote!(__remat::Output<'w, D>)
    }
}

/// Local names of generated functions. They cannot collide with ports of the same name, which are
/// arguments: these resolve where the macro is defined. Nor is there a constant of such a name in the
/// module around, which a pattern would mean; `ws` and `path` are shown in the documentation.
struct Locals {
    ws: Ident,
    frame: Ident,
    batch: Ident,
    result: Ident,
    after: Ident,
    path: Ident,
}

impl Default for Locals {
    fn default() -> Self {
        let local = |name| Ident::new(name, proc_macro2::Span::mixed_site());
        Self {
            ws: local("ws"),
            frame: local("__remat_frame"),
            batch: local("__remat_batch"),
            result: local("__remat_result"),
            after: local("__remat_after"),
            path: local("path"),
        }
    }
}

/// `Debug` of the struct of several outputs.
fn outputs_debug(model: &Model, graph: &Graph) -> Option<TokenStream> {
    let name = outputs_type(&model.name);
    let text = name.to_string();
    let fields = graph.outputs.iter().map(|output| {
        let (field, text) = (output_field(output), &output.name);
        quote!(.field(#text, &self.#field))
    });
    (graph.outputs.len() > 1).then(|| {
        quote! {
            impl<D: __Device> ::core::fmt::Debug for #name<'_, D> {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.debug_struct(#text)#(#fields)*.finish()
                }
            }
        }
    })
}

/// The methods around those that depend on the plan.
fn common(model: &Model, graph: &Graph, bounds: &TokenStream, methods: &TokenStream) -> TokenStream {
    let name = &model.name;
    let consts = consts(graph);
    let text = text(name);
    let outputs = outputs_debug(model, graph);
    quote! {
        impl #name {
            #consts
            /// What the compiler decided.
            pub const PLAN: __remat::Plan = <Self as __remat::Model>::PLAN;
        }
        impl<D: __Device> #name<D> {
            /// A model whose parameters are drawn from `seed`.
            ///
            /// # Errors
            /// If memory for the parameters can't be had.
            pub fn new(device: &D, seed: ::core::primitive::u64) -> ::core::result::Result<Self, __remat::Error>
            where D: #bounds {
                ::core::result::Result::Ok(Self { core: __remat::Core::new(device, <Self as __remat::Model>::PARAMS, seed)? })
            }
            /// Memory to train in, for batches of 1 to `batch` samples.
            ///
            /// # Errors
            /// If `batch` is 0, its size overflows, or the memory can't be had.
            pub fn workspace(&self, batch: ::core::primitive::usize) -> ::core::result::Result<__remat::Workspace<Self>, __remat::Error> {
                <Self as __remat::Model>::workspace(self, batch)
            }
            /// Memory for `forward` alone, for batches of 1 to `batch` samples.
            ///
            /// # Errors
            /// As `workspace`.
            pub fn inference_workspace(&self, batch: ::core::primitive::usize) -> ::core::result::Result<__remat::Workspace<Self>, __remat::Error> {
                <Self as __remat::Model>::inference_workspace(self, batch)
            }
            /// The parameters.
            pub fn params(&self) -> __remat::Params<'_, Self> { <Self as __remat::Model>::params(self) }
            /// The parameters, to be set.
            pub fn params_mut(&mut self) -> __remat::ParamsMut<'_, Self> { <Self as __remat::Model>::params_mut(self) }
            #methods
        }
        impl<D: __Device> ::core::fmt::Debug for #name<D> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#text).field("steps", &self.core.steps).finish_non_exhaustive()
            }
        }
        #outputs
    }
}

fn plan_methods(model: &Model, graph: &Graph, bounds: &TokenStream, bodies: [TokenStream; 4]) -> TokenStream {
    let Locals { ws, path, result, after, .. } = Locals::default();
    let arguments = ports(graph, true).map(argument);
    let (all, inputs) = (signature(graph, true), signature(graph, false));
    let outputs = outputs_return(model, graph);
    let [train, evaluate, forward, profile] = bodies;
    quote! {
        /// The loss of a batch, and its gradients in `ws.grads()`, which are overwritten.
        ///
        /// # Errors
        /// If an array has the wrong shape, holds an id out of range, or does not fit in the workspace:
        /// then nothing has changed.
        pub fn forward_backward(&mut self, #ws: &mut __remat::Workspace<Self>, #all) -> ::core::result::Result<<D as __Device>::Scalar, __remat::Error>
        where D: #bounds {
            let #result = self.__remat_train(#ws, #(#arguments,)* ::core::option::Option::None)?;
            ::core::result::Result::Ok(#result.loss())
        }
        /// The same, and what is to be done behind it as part of the same program.
        #[doc(hidden)]
        fn __remat_train(&mut self, #ws: &mut __remat::Workspace<Self>, #all #after: ::core::option::Option<&mut dyn __remat::After<Self>>) -> ::core::result::Result<__remat::Report, __remat::Error>
        where D: #bounds { #train }
        /// The loss of a batch in evaluation mode; gradients and counters stay as they are.
        ///
        /// # Errors
        /// As `forward_backward`.
        pub fn evaluate(&self, #ws: &mut __remat::Workspace<Self>, #all) -> ::core::result::Result<<D as __Device>::Scalar, __remat::Error>
        where D: #bounds { #evaluate }
        /// The output of a batch in evaluation mode; gradients and counters stay as they are.
        ///
        /// # Errors
        /// As `forward_backward`.
        pub fn forward<'w>(&self, #ws: &'w mut __remat::Workspace<Self>, #inputs) -> ::core::result::Result<#outputs, __remat::Error>
        where D: #bounds { #forward }
        /// Measures what each layer takes in training steps of this batch, and writes it to a file, by which
        /// `#[checkpoint(…, profile = "…")]` on the model plans. Gradients are overwritten; parameters and
        /// counters stay as they are.
        ///
        /// # Errors
        /// As `forward_backward`, and if the file can't be written.
        pub fn profile(&mut self, #ws: &mut __remat::Workspace<Self>, #all #path: impl ::core::convert::AsRef<::std::path::Path>) -> ::core::result::Result<(), __remat::Error>
        where D: #bounds { #profile }
    }
}

/// The methods beside errors.
pub(super) fn signatures(model: &Model, graph: &Graph) -> TokenStream {
    let body = quote!(::core::result::Result::Err(__remat::Error::Internal {
        message: ::std::string::String::new()
    }));
    let bounds = quote!(__Device);
    let methods = plan_methods(model, graph, &bounds, std::array::from_fn(|_| body.clone()));
    common(model, graph, &bounds, &methods)
}

/// The methods.
pub(super) fn methods(
    model: &Model,
    graph: &Graph,
    plans: &Plans,
    calls: &Calls,
) -> Result<TokenStream, String> {
    let Locals { ws, frame, batch, after, .. } = Locals::default();
    let bounds = calls.bounds();
    let loss = |planned: &Planned, value: usize| planned.last(What::Value(value));
    let (train, evaluate) = (&plans.train, &plans.evaluate);
    let (trained, evaluated) = (plans.training.problem.loss, plans.evaluation.problem.loss);
    let seed = train.first(What::Grad(trained))?;
    let checks = checks(graph, true);
    let uploads = uploads(graph, train, &plans.training.values)?;
    let buffer = loss(train, trained)?;
    let clears = clears(graph, train)?;
    let train_body = quote! {
        #checks
        let mut #frame = #ws.begin(self, __remat::Call::Train, #batch)?;
        #uploads
        #ws.train(self, #batch, #buffer, #after, |#frame| {
            #clears
            #frame.seed_gradient(#seed)?;
            __remat_run(#frame, __REMAT_TRAIN)
        })
    };
    let uploads = self::uploads(graph, evaluate, &plans.evaluation.values)?;
    let buffer = loss(evaluate, evaluated)?;
    let evaluate_body = quote! {
        #checks
        let mut #frame = #ws.begin(self, __remat::Call::Evaluate, #batch)?;
        #uploads
        #frame.run(|#frame| __remat_run(#frame, __REMAT_EVALUATE))?;
        #frame.loss(#buffer)
    };
    let checks = self::checks(graph, false);
    let uploads = self::uploads(graph, &plans.forward, &plans.evaluation.values)?;
    let outputs = if graph.outputs.len() > 1 {
        let name = outputs_type(&model.name);
        let fields = graph.outputs.iter().enumerate().map(|(i, o)| {
            let field = output_field(o);
            quote!(#field: #ws.forward_output(#batch, #i)?)
        });
        quote!(let #ws = &*#ws; ::core::result::Result::Ok(#name { #(#fields),* }))
    } else {
        quote!(#ws.forward_output(#batch, 0))
    };
    let forward_body = quote! {
        #checks
        let mut #frame = #ws.begin(self, __remat::Call::Forward, #batch)?;
        #uploads
        #frame.run(|#frame| __remat_run(#frame, __REMAT_FORWARD))?;
        #outputs
    };
    let profile_body = profile_body(graph);
    let bodies = [train_body, evaluate_body, forward_body, profile_body];
    let methods = plan_methods(model, graph, &bounds, bodies);
    Ok(common(model, graph, &bounds, &methods))
}

/// Training steps that leave the counters as they are.
fn profile_body(graph: &Graph) -> TokenStream {
    let Locals { ws, frame, batch: steps, result, path, .. } = Locals::default();
    let inputs = ports(graph, true).map(argument);
    quote! {
        let #steps = self.core.steps;
        let #result = __remat::profile::write(#ws, #path.as_ref(), |#frame| {
            self.core.steps = #steps;
            self.forward_backward(#frame, #(#inputs.view()),*).map(|_| ())
        });
        self.core.steps = #steps;
        #result
    }
}

/// Shapes, batches and ids, before anything changes.
fn checks(graph: &Graph, targets: bool) -> TokenStream {
    let batch = Locals::default().batch;
    let mut out = TokenStream::new();
    let ports: Vec<&Port> = ports(graph, targets).collect();
    for (i, port) in ports.iter().enumerate() {
        let (name, text) = (argument(port), text(&port.name));
        let dims = port.dims.iter().map(|d| Literal::u64_unsuffixed(*d));
        let check = quote!(__remat::check_shape(#text, #name.shape(), &[#(#dims),*])?);
        out.extend(if i == 0 {
            quote!(let #batch = #check;)
        } else {
            quote!(__remat::check_batch(#text, #batch, #check)?;)
        });
    }
    let mut told: Vec<(usize, u64, Option<u32>)> = vec![];
    for node in &graph.nodes {
        let Some(ids) = node.resolved.as_ref().and_then(|op| op.ids) else { continue };
        let mut value = node.sources[ids.input].value;
        while let Some(view) = graph.values[value].node {
            value = graph.nodes[view].sources[0].value;
        }
        let check = (value, ids.limit, ids.ignore);
        let Some(port) = ports.iter().find(|p| p.value == value) else { continue };
        if told.contains(&check) {
            continue;
        }
        told.push(check);
        let (name, text, limit) = (argument(port), text(&port.name), Literal::u64_unsuffixed(ids.limit));
        let ignore = ids.ignore.map_or_else(
            || quote!(::core::option::Option::None),
            |i| quote!(::core::option::Option::Some(#i)),
        );
        out.extend(quote!(__remat::check_ids(#text, #name.view(), #limit, #ignore)?;));
    }
    out
}

/// Zeros for the gradients that no step writes: of parameters that only an output depends on.
fn clears(graph: &Graph, planned: &Planned) -> Result<TokenStream, String> {
    let frame = Locals::default().frame;
    let mut written = vec![false; graph.params.len()];
    for (param, _) in planned.program.runs().flat_map(|run| &run.params) {
        written[*param] = true;
    }
    let mut out = TokenStream::new();
    for (id, param) in graph.params.iter().enumerate().filter(|(id, p)| !p.frozen && !written[*id]) {
        let id = u32::try_from(id).map_err(|e| e.to_string())?;
        let len = Literal::u64_unsuffixed(param.shape.iter().product());
        out.extend(quote!(#frame.clear_gradient(#id, #len)?;));
    }
    Ok(out)
}

/// Copies into the buffers that the program reads.
fn uploads(graph: &Graph, planned: &Planned, values: &[usize]) -> Result<TokenStream, String> {
    let frame = Locals::default().frame;
    let mut out = TokenStream::new();
    for port in &graph.ports {
        let value = values[port.value];
        if !planned.program.inputs.contains(&value) {
            continue;
        }
        let (name, buffer) = (argument(port), planned.first(What::Value(value))?);
        out.extend(match port.dtype {
            Dtype::F32 => quote!(#frame.upload_elems(#buffer, #name)?;),
            Dtype::U32 => quote!(#frame.upload_ids(#buffer, #name)?;),
        });
    }
    Ok(out)
}

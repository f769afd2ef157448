//! The `Model` implementation: parameters and plans as constants.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use super::calls::float;
use super::lists;
use super::programs::{RAN, param_offsets, peak_bytes};
use super::tables::{Named, Numbers};
use super::timeline;
use crate::graph::{Graph, Init, Param};
use crate::notes::{BATCH, notes};
use crate::plan::fullest::fullest;
use crate::plan::layout::{Placed, Region, What, Widths};
use crate::plan::program::{Kind, Step};
use crate::planned::{Planned, Plans, WIDTHS};
use crate::syntax::text;

pub(super) fn int(n: u64) -> Literal {
    Literal::u64_unsuffixed(n)
}

pub(super) fn pair((per_sample, fixed): (u64, u64)) -> TokenStream {
    let (per_sample, fixed) = (int(per_sample), int(fixed));
    quote!(__remat::Bytes { per_sample: #per_sample, fixed: #fixed })
}

/// `impl Model`, for every device.
pub(super) fn model_impl(name: &Ident, graph: &Graph, plans: &Plans) -> Result<TokenStream, String> {
    let params = params(graph)?;
    let outputs = outputs(graph, plans)?;
    let mut arms = TokenStream::new();
    for (width, widths) in WIDTHS.iter().enumerate() {
        let plan = plan(name, graph, plans, width)?;
        let (line, elem, scalar) = (int(widths.line), int(widths.elem), int(widths.scalar));
        arms.extend(quote!((#line, #elem, #scalar) => #plan,));
    }
    let (text, unplanned) = (text(name), unplanned());
    Ok(quote! {
        impl<D: __Device> __remat::Model for #name<D> {
            type Device = D;
            const NAME: &'static ::core::primitive::str = #text;
            const PARAMS: &'static [__remat::ParamSpec] = #params;
            const OUTPUTS: &'static [__remat::OutputSpec] = #outputs;
            const PLAN: __remat::Plan = match (D::LAYOUT.line, D::LAYOUT.elem, D::LAYOUT.scalar) {
                #arms
                _ => ::core::panic!(#unplanned),
            };
            fn core(&self) -> &__remat::Core<D> { &self.core }
            fn core_mut(&mut self) -> &mut __remat::Core<D> { &mut self.core }
        }
    })
}

/// What is said of a device that no plan is for.
fn unplanned() -> String {
    let layout = |Widths { line, elem, scalar }: &Widths| format!("{line}, {elem}, {scalar}");
    let planned = WIDTHS.iter().map(layout).collect::<Vec<_>>().join("; ");
    let fix = if cfg!(feature = "cuda") {
        "give the device one of these"
    } else {
        "turn on the feature `cuda` of `remat`, which plans for 64, 2, 4 too, or give the device one of these"
    };
    format!(
        "this device's layout (bytes of a line, an element and a scalar) is none that `model!` plans for: {planned} -- {fix}"
    )
}

/// The same beside errors: nothing in it.
pub(super) fn empty_model_impl(name: &Ident) -> TokenStream {
    let text = text(name);
    quote! {
        impl<D: __Device> __remat::Model for #name<D> {
            type Device = D;
            const NAME: &'static ::core::primitive::str = #text;
            const PARAMS: &'static [__remat::ParamSpec] = &[];
            const OUTPUTS: &'static [__remat::OutputSpec] = &[];
            const PLAN: __remat::Plan = __remat::Plan::EMPTY;
            fn core(&self) -> &__remat::Core<D> { &self.core }
            fn core_mut(&mut self) -> &mut __remat::Core<D> { &mut self.core }
        }
    }
}

fn params(graph: &Graph) -> Result<TokenStream, String> {
    let mut table = Named::new();
    for (param, offset) in graph.params.iter().zip(param_offsets(graph)?) {
        let Param { path, aliases, shape, frozen, .. } = param;
        let (init, number) = match param.init {
            Init::Constant(c) => ("Constant", c),
            Init::Uniform(b) => ("Uniform", b),
            Init::Normal(s) => ("Normal", s),
        };
        let kind = (shape, init, number.to_bits(), *frozen, aliases);
        let describe = |_: &_| {
            let (init, number) = (Ident::new(init, Span::call_site()), float(number.to_bits()));
            let dims = shape.iter().map(|d| int(*d));
            quote!(__remat::ParamSpec {
                path: "",
                shape: &[#(#dims),*],
                offset: 0,
                init: __remat::Init::#init(#number),
                frozen: #frozen,
                aliases: &[#(#aliases),*],
            })
        };
        table.row(path, kind, describe, &[offset])?;
    }
    let (table, count) = (table.tokens(), graph.params.len());
    Ok(quote!(&__remat::tables::params::<#count>(#table)))
}

fn outputs(graph: &Graph, plans: &Plans) -> Result<TokenStream, String> {
    let mut rows = TokenStream::new();
    for output in &graph.outputs {
        let name = &output.name;
        let dims = graph.values[output.value].shape.iter().flat_map(|s| &s.dims).map(|d| int(*d));
        let forward = plans.forward.last(What::Value(plans.evaluation.output(graph, output.value)))?;
        let train = if output.train {
            let buffer = plans.train.last(What::Value(plans.training.output(graph, output.value)))?;
            quote!(::core::option::Option::Some(#buffer))
        } else {
            quote!(::core::option::Option::None)
        };
        rows.extend(quote!(__remat::OutputSpec { name: #name, dims: &[#(#dims),*], forward: #forward, train: #train },));
    }
    Ok(quote!(&[#rows]))
}

fn plan(name: &Ident, graph: &Graph, plans: &Plans, width: usize) -> Result<TokenStream, String> {
    let text = text(name);
    let layout = &plans.train.layouts[width];
    let line = WIDTHS[width].line;
    let facts = &plans.train.program.facts;
    let without = &plans.store_all.as_ref().unwrap_or(&plans.train.layouts)[width];
    let at_batch = |layout| {
        let (per_sample, fixed) = peak_bytes(layout, width);
        per_sample.saturating_mul(BATCH).saturating_add(fixed)
    };
    let notes = notes(graph, &plans.training, facts, (at_batch(layout), at_batch(without)));
    let lists = lists::emit(graph, plans, width)?;
    let peak = peak(&plans.train, width);
    let gradients = gradients(graph, plans, width)?;
    let timeline = timeline::of(width);
    let ran = Ident::new(RAN, Span::call_site());
    let program = |planned: &Planned| {
        let (buffers, bytes) = (planned.buffers(width)?, pair(peak_bytes(&planned.layouts[width], width)));
        Ok::<_, String>(quote!(__remat::Program { buffers: #buffers, bytes: #bytes }))
    };
    let (train, evaluate, forward) =
        (program(&plans.train)?, program(&plans.evaluate)?, program(&plans.forward)?);
    let store_all = pair(peak_bytes(without, width));
    let host = pair((layout.host.peak * line, 0));
    let marked = |(node, _): &&(usize, usize)| plans.training.problem.nodes[*node].recompute;
    let marks = facts.recomputed.iter().filter(marked).count();
    let is_store_all = plans.store_all.is_none();
    let gradient_bytes = int(layout.param_lines * line);
    let elements: u64 = graph.params.iter().map(|p| p.shape.iter().product::<u64>().div_ceil(64) * 64).sum();
    let parameter_bytes = int(elements * WIDTHS[width].scalar);
    let [forward_flops, backward_flops, recompute_flops] =
        [facts.forward_flops, facts.backward_flops, facts.recompute_flops].map(int);
    let (forward_time, backward_time, recompute_time) =
        (int(facts.forward_time), int(facts.backward_time), int(facts.recompute_time));
    let profile_key = int(plans.profile_key);
    Ok(quote! {
        __remat::Plan {
            name: #text,
            #lists
            peak: #peak,
            recompute_marks: #marks,
            notes: &[#(#notes),*],
            forward_flops: #forward_flops,
            backward_flops: #backward_flops,
            recompute_flops: #recompute_flops,
            forward_time: #forward_time,
            backward_time: #backward_time,
            profile_key: #profile_key,
            recompute_time: #recompute_time,
            gradient_bytes: #gradient_bytes,
            parameter_bytes: #parameter_bytes,
            is_store_all: #is_store_all,
            store_all: #store_all,
            host: #host,
            timeline: #timeline,
            ran: #ran,
            gradients: #gradients,
            train: #train,
            evaluate: #evaluate,
            forward: #forward,
        }
    })
}

fn gradients(graph: &Graph, plans: &Plans, width: usize) -> Result<TokenStream, String> {
    let mut starts = vec![u64::from(u32::MAX); graph.params.len()];
    for placed in &plans.train.layouts[width].buffers {
        if let What::Param(param) = placed.what {
            starts[param] = placed.offset;
        }
    }
    let mut table = Numbers::default();
    starts.into_iter().try_for_each(|line| table.push_wide(line))?;
    Ok(table.tokens())
}

/// What lives where each region is fullest, by kind, and the gaps between it.
fn peak(planned: &Planned, width: usize) -> TokenStream {
    let (layout, line) = (&planned.layouts[width], WIDTHS[width].line);
    let mut kinds = [[0u64; 2]; 6];
    for (column, region) in [Region::PerSample, Region::Fixed].into_iter().enumerate() {
        let own = layout.buffers.iter().filter(|b| b.region == region);
        let (_, at) = fullest(own.map(|b| (b.first, b.last, b.lines)));
        let live = |b: &&Placed| b.region == region && b.first <= at && at <= b.last;
        let mut taken = vec![];
        for b in layout.buffers.iter().filter(live) {
            taken.push((b.offset, b.offset + b.lines));
            let kind = match b.what {
                What::Param(_) => continue,
                What::Value(v) if planned.program.inputs.contains(&v) => 0,
                What::Value(_) => 1 + usize::from(made_again(planned, b.first)),
                What::Grad(_) => 3,
                What::Scratch(..) => 4,
                What::Host(_) => continue,
            };
            kinds[kind][column] += b.lines * line;
        }
        let used = if region == Region::PerSample { layout.per_sample } else { layout.fixed };
        kinds[5][column] = holes(taken, used.peak) * line;
    }
    let [inputs, activations, recomputed, gradients, scratch, gaps] = kinds.map(|k| pair((k[0], k[1])));
    quote! {
        __remat::Peak { inputs: #inputs, activations: #activations, recomputed: #recomputed, gradients: #gradients, scratch: #scratch, gaps: #gaps }
    }
}

/// How many lines below `end` none of these ranges takes.
fn holes(mut taken: Vec<(u64, u64)>, end: u64) -> u64 {
    taken.sort_unstable();
    taken.push((end, end));
    let (mut free, mut holes) = (0, 0);
    for (start, end) in taken {
        holes += start.saturating_sub(free);
        free = free.max(end);
    }
    holes
}

fn made_again(planned: &Planned, step: usize) -> bool {
    matches!(planned.program.steps.get(step), Some(Step::Run(run)) if run.kind == Kind::Recompute)
}

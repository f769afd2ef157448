//! What a plan lists: what is kept, what runs again, stages and segments.

use std::ops::Range;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::plan::{int, pair};
use super::tables::Named;
use crate::graph::Graph;
use crate::graph::lower::{Distinct, Lowered, Role};
use crate::ops::store::Format;
use crate::plan::problem::{NodeId, Problem};
use crate::plan::program::{Facts, Kind, Program, Run, Why};
use crate::planned::{Plans, bytes};

/// The lists, as fields of a `Plan` for one width.
pub(super) fn emit(graph: &Graph, plans: &Plans, width: usize) -> Result<TokenStream, String> {
    let lists = Lists {
        graph,
        lowered: &plans.training,
        facts: &plans.train.program.facts,
        costs: Costs::new(&plans.training.problem, &plans.train.program),
        width,
    };
    let (kept, recomputed, stages, segments) =
        (lists.kept()?, lists.recomputed()?, lists.stages()?, lists.segments()?);
    Ok(quote! { #kept #recomputed #stages #segments })
}

struct Lists<'a> {
    graph: &'a Graph,
    lowered: &'a Lowered,
    facts: &'a Facts,
    costs: Costs,
    width: usize,
}

/// Operations of the nodes before each, and of all.
struct Costs {
    forward: Vec<u64>,
    again: Vec<u64>,
}

impl Costs {
    fn new(problem: &Problem, program: &Program) -> Self {
        let mut costs =
            Self { forward: vec![0; problem.nodes.len() + 1], again: vec![0; problem.nodes.len() + 1] };
        for run in program.runs() {
            let into = match run.kind {
                Kind::Forward => &mut costs.forward,
                Kind::Recompute => &mut costs.again,
                Kind::Backward if run.is_whole() => &mut costs.forward,
                Kind::Backward => continue,
            };
            for node in Run::nodes(run) {
                into[node + 1] += problem.nodes[node].flops;
            }
        }
        for node in 0..problem.nodes.len() {
            costs.forward[node + 1] += costs.forward[node];
            costs.again[node + 1] += costs.again[node];
        }
        costs
    }
}

fn of(costs: &[u64], nodes: &Range<NodeId>) -> u64 {
    costs[nodes.end] - costs[nodes.start]
}

impl Lists<'_> {
    fn problem(&self) -> &Problem {
        &self.lowered.problem
    }

    fn kept(&self) -> Result<TokenStream, String> {
        let in_tail = |node: Option<usize>| {
            let inside = |s: &usize| node.is_some_and(|n| self.problem().segments[*s].nodes.contains(&n));
            self.facts.tail.iter().any(inside)
        };
        let mut table = Named::new();
        // On the device, what is neither an input nor in the last segment, inputs, and the last segment.
        let mut sums = [(0, 0); 3];
        for kept in &self.facts.kept {
            let value = &self.problem().values[kept.value];
            let reason = match kept.why {
                Why::Given => "Input",
                Why::Boundary(_) => "Boundary",
                Why::Frontier(_) => "Frontier",
                Why::InputOf(_) => "SegmentInput",
                Why::Backward(_) => "Backward",
                Why::Recompute(_) => "Recompute",
                Why::Output => "Output",
            };
            // What stores a value rounded stands right behind what makes it.
            let (maker, format) = match value.made_by.map(|maker| (maker, self.lowered.nodes[maker].role)) {
                Some((store, Role::Store(format))) => {
                    (self.problem().nodes[store].reads.first(), Some(format))
                }
                _ => (Some(&kept.value), None),
            };
            let name = maker.map_or("", |value| &self.lowered.labels[*value]);
            let maker = maker.and_then(|value| self.problem().values[*value].made_by);
            let flops = maker.map_or(0, |maker| self.problem().nodes[maker].flops);
            let (per_sample, fixed) = bytes(value.size, self.width);
            let last = in_tail(value.made_by);
            let host = kept.host;
            if !host {
                let sum = &mut sums[if kept.why == Why::Given { 1 } else { 2 * usize::from(last) }];
                *sum = (sum.0 + per_sample, sum.1 + fixed);
            }
            let describe = |_: &_| {
                let (reason, bytes) = (Ident::new(reason, Span::call_site()), pair((per_sample, fixed)));
                let (flops, format) = (int(flops), self::format(format));
                quote!(__remat::Kept {
                    name: "",
                    reason: __remat::Reason::#reason,
                    bytes: #bytes,
                    flops: #flops,
                    format: #format,
                    host: #host,
                    last_segment: #last,
                })
            };
            table.row(name, (reason, per_sample, fixed, flops, format, host, last), describe, &[])?;
        }
        let table = table.tokens();
        let [kept, inputs, last] = sums.map(pair);
        Ok(quote! {
            kept: __remat::Table::new(#table),
            kept_bytes: #kept,
            input_bytes: #inputs,
            last_segment_bytes: #last,
        })
    }

    fn recomputed(&self) -> Result<TokenStream, String> {
        let problem = self.problem();
        let mut in_segment = vec![false; problem.nodes.len()];
        for (index, segment) in problem.segments.iter().enumerate() {
            if !self.facts.resident.contains(&index) {
                in_segment[segment.nodes.clone()].fill(true);
            }
        }
        let mut table = Named::new();
        for &(id, times) in &self.facts.recomputed {
            let node = &problem.nodes[id];
            let cause = match self.graph.nodes[self.lowered.nodes[id].maker()].recompute {
                _ if in_segment[id] => "Segment",
                Some(_) => "Marked",
                None if node.recompute => "Planned",
                None => "Passed",
            };
            let Some(&value) = node.makes.first() else { continue };
            let (bytes, flops) = (bytes(problem.values[value].size, self.width), node.flops);
            let describe = |_: &_| {
                let (cause, bytes, flops) = (Ident::new(cause, Span::call_site()), pair(bytes), int(flops));
                quote!(__remat::Recomputed {
                    name: "",
                    cause: __remat::Cause::#cause,
                    times: #times,
                    bytes: #bytes,
                    flops: #flops,
                })
            };
            table.row(&self.lowered.labels[value], (cause, times, bytes, flops), describe, &[])?;
        }
        let table = table.tokens();
        Ok(quote!(recomputed: __remat::Table::new(#table),))
    }

    fn stages(&self) -> Result<TokenStream, String> {
        let mut kept = vec![(0, 0); self.problem().nodes.len() + 1];
        for value in &self.facts.kept {
            let value = &self.problem().values[value.value];
            if let Some(maker) = value.made_by {
                let (per_sample, fixed) = bytes(value.size, self.width);
                kept[maker] = (kept[maker].0 + per_sample, kept[maker].1 + fixed);
            }
        }
        let (mut table, mut names) = (Named::new(), Distinct::default());
        for (nodes, label) in self.problem().stages.iter().zip(&self.lowered.stages) {
            let kept = kept[nodes.clone()].iter().fold((0, 0), |sum, kept| (sum.0 + kept.0, sum.1 + kept.1));
            let (forward, again) = (of(&self.costs.forward, nodes), of(&self.costs.again, nodes));
            let describe = |_: &_| {
                let (kept, forward, again) = (pair(kept), int(forward), int(again));
                quote!(__remat::Stage { name: "", kept: #kept, forward_flops: #forward, recompute_flops: #again })
            };
            table.row(&names.next(label), (kept, forward, again), describe, &[])?;
        }
        let table = table.tokens();
        Ok(quote!(stages: __remat::Table::new(#table),))
    }

    fn segments(&self) -> Result<TokenStream, String> {
        let (mut table, mut names) = (Named::new(), Distinct::default());
        for (i, segment) in self.problem().segments.iter().enumerate() {
            let name = names.next(&self.lowered.segments[i]);
            let first = self.facts.recomputed.partition_point(|(node, _)| *node < segment.nodes.start);
            let end = self.facts.recomputed.partition_point(|(node, _)| *node < segment.nodes.end);
            let again = self.facts.recomputed[first..end].iter();
            let recomputed: usize = again.map(|&(node, _)| self.lowered.nodes[node].layers()).sum();
            let last = self.facts.resident.contains(&i);
            let flops = of(&self.costs.again, &segment.nodes);
            let describe = |_: &_| {
                let flops = int(flops);
                quote!(__remat::Segment { name: "", recomputed: #recomputed, flops: #flops, last: #last })
            };
            table.row(&name, (recomputed, flops, last), describe, &[])?;
        }
        let table = table.tokens();
        Ok(quote!(segments: __remat::Table::new(#table),))
    }
}

fn format(format: Option<Format>) -> TokenStream {
    match format {
        None => quote!(::core::option::Option::None),
        Some(format) => {
            let format = Ident::new(&format!("{format:?}"), Span::call_site());
            quote!(::core::option::Option::Some(__ops::store::Format::#format))
        }
    }
}

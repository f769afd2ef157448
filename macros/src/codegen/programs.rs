//! Programs: where their buffers are, and their tables of steps.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::calls::Calls;
use super::rows;
use super::tables::Numbers;
use crate::graph::Graph;
use crate::graph::lower::Lowered;
use crate::plan::layout::{Layout, Region, What};
use crate::plan::program::Run;
use crate::planned::{Planned, Plans, WIDTHS};

impl Planned {
    /// The number of the buffer that holds `what` before the first step.
    pub(super) fn first(&self, what: What) -> Result<u32, String> {
        let at = self.layouts[0].buffers.iter().position(|b| b.what == what);
        self.number(at, what)
    }

    /// The number of the buffer that holds `what` after the last step.
    pub(super) fn last(&self, what: What) -> Result<u32, String> {
        let at = self.layouts[0].buffers.iter().rposition(|b| b.what == what);
        self.number(at, what)
    }

    /// The number of the buffer in which `step` finds `what`.
    pub(super) fn at(&self, step: usize, what: What) -> Result<u32, String> {
        let layout = &self.layouts[0];
        for &at in layout.touches.at(step) {
            if layout.buffers[at].what == what {
                return self.number(Some(at), what);
            }
        }
        self.number(None, what)
    }

    /// Buffers are numbered behind the gradients of parameters, which have a table of their own.
    pub(super) fn number(&self, at: Option<usize>, what: What) -> Result<u32, String> {
        let at = at.and_then(|at| at.checked_sub(self.layouts[0].params));
        at.and_then(|at| u32::try_from(at).ok())
            .ok_or_else(|| format!("{what:?} has no buffer where it is used"))
    }

    /// Offset and lines of each buffer, for one width.
    pub(super) fn buffers(&self, width: usize) -> Result<TokenStream, String> {
        let layout = &self.layouts[width];
        let mut table = Numbers::default();
        for b in &layout.buffers[layout.params..] {
            let shift = if b.region == Region::Fixed { layout.param_lines } else { 0 };
            table.push_wide(b.offset - shift)?;
            table.push_wide(b.lines)?;
        }
        Ok(table.tokens())
    }
}

/// Bytes per sample, and fixed bytes without the parameter gradients, of a layout for one width.
pub(super) fn peak_bytes(layout: &Layout, width: usize) -> (u64, u64) {
    let line = WIDTHS[width].line;
    (layout.per_sample.peak * line, (layout.fixed.peak - layout.param_lines) * line)
}

/// The tables of the three programs.
pub(super) fn emit(graph: &Graph, plans: &Plans, calls: &mut Calls) -> Result<TokenStream, String> {
    let offsets = param_offsets(graph)?;
    let mut rows = |planned, lowered| rows::of(graph, lowered, planned, calls, &offsets);
    let (train, ran) = rows(&plans.train, &plans.training)?;
    let (evaluate, _) = rows(&plans.evaluate, &plans.evaluation)?;
    let (forward, _) = rows(&plans.forward, &plans.evaluation)?;
    let [train, evaluate, forward] = [train, evaluate, forward].map(|table| table.tokens());
    let ran = ran_in_training(graph, &plans.training, &plans.train, &ran)?;
    Ok(quote! {
        static __REMAT_TRAIN: __remat::Numbers = #train;
        static __REMAT_EVALUATE: __remat::Numbers = #evaluate;
        static __REMAT_FORWARD: __remat::Numbers = #forward;
        #ran
    })
}

/// The name of the constant of [`ran_in_training`].
pub(super) const RAN: &str = "__REMAT_RAN";

/// What a training step copies, then what each of its calls runs, by name.
fn ran_in_training(
    graph: &Graph,
    lowered: &Lowered,
    planned: &Planned,
    ran: &[&Run],
) -> Result<TokenStream, String> {
    const INPUT: u32 = 3;
    let (mut names, mut ends, mut rows) = (String::new(), Numbers::default(), Numbers::default());
    for port in &graph.ports {
        let value = lowered.values[port.value];
        if planned.program.inputs.contains(&value) {
            rows.push(4 * ends.len() as u32 + INPUT);
            names.push_str(&lowered.labels[value]);
            ends.push_wide(names.len() as u64)?;
        }
    }
    let mut known = BTreeMap::new();
    for run in ran {
        let nodes = (run.node, run.epilogues);
        let name = match known.get(&nodes) {
            Some(name) => *name,
            None => {
                let name = ends.len() as u32;
                for (n, node) in run.nodes().enumerate() {
                    names.push_str(if n > 0 { " + " } else { "" });
                    names.push_str(&lowered.ran(graph, node));
                }
                ends.push_wide(names.len() as u64)?;
                known.insert(nodes, name);
                name
            }
        };
        rows.push(4 * name + run.kind as u32);
    }
    let (ends, rows) = (ends.tokens(), rows.tokens());
    let constant = Ident::new(RAN, Span::call_site());
    Ok(quote!(const #constant: __remat::Ran = __remat::Ran::new(#names, #ends, #rows);))
}

/// Where each parameter starts, in units of 64 elements.
pub(super) fn param_offsets(graph: &Graph) -> Result<Vec<u32>, String> {
    let mut at = 0u64;
    let mut offsets = vec![];
    for param in &graph.params {
        offsets
            .push(u32::try_from(at).map_err(|_| String::from("the model has more than 256 Gi parameters"))?);
        at += param.shape.iter().product::<u64>().div_ceil(64);
    }
    Ok(offsets)
}

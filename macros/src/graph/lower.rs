//! The graph as planning sees it: views are gone, fusable neighbours found.

mod bias;
mod drops;
mod origin;
mod pairs;
#[cfg(test)]
mod testing;
mod walk;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::{Graph, NodeId, Shape, ValueId};
use crate::ops::{Field, Resolved};
use crate::plan::problem::{self, Backward, Extent, Over, Problem, Size};
use crate::planned::ROUNDS;
pub(crate) use origin::{Origin, Role};
pub(crate) use walk::{lower, lower_unmarked};

/// Which program is planned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Forward and backward.
    Train,
    /// Forward alone, in evaluation mode.
    Evaluate,
}

/// A problem, and what its ids mean in the graph.
pub(crate) struct Lowered {
    pub(crate) problem: Problem,
    /// Where each node is from.
    pub(crate) nodes: Vec<Origin>,
    /// The problem's value of each value of the graph, as it is made; views share one.
    pub(crate) values: Vec<usize>,
    /// Of the graph's values that are rounded, what their own backward and outputs read.
    restored: BTreeMap<ValueId, usize>,
    /// What each value that is restored was before it was rounded.
    sources: BTreeMap<usize, usize>,
    /// What messages and tables call each value: no two the same, but for what is restored and what that was.
    pub(crate) labels: Vec<String>,
    named: Distinct,
    /// The label of each of the problem's segments, and of its stages.
    pub(crate) segments: Vec<String>,
    pub(crate) stages: Vec<String>,
    /// The graph's segment of each of the first: those that are by hand.
    pub(crate) by_hand: Vec<usize>,
}

/// Names of which no two are the same: the second of one name is marked as such.
#[derive(Default)]
pub(crate) struct Distinct(BTreeMap<String, usize>);

impl Distinct {
    /// This name, or what it is called as one more of it.
    pub(crate) fn next(&mut self, name: &str) -> String {
        let count = self.0.entry(name.to_owned()).or_default();
        *count += 1;
        if *count == 1 { name.to_owned() } else { format!("{name} ({count})") }
    }
}

fn size(shape: &Shape) -> Size {
    let extent = if shape.batched { Extent::PerSample(shape.len()) } else { Extent::Fixed(shape.len()) };
    Size { class: shape.class, extent }
}

/// The scratch that a field is, if a layout has any for it; `gives`: a gradient of an input is wanted.
pub(crate) fn scratch(field: &Field, gives: bool) -> Option<Size> {
    match *field {
        Field::Scratch(_, size) => Some(size),
        Field::Rounded(_, len) => rounded(len),
        Field::RoundedForIn(_, len) if gives => rounded(len),
        _ => None,
    }
}

/// Room for parameters that are rounded, if there is a layout that has it.
fn rounded(len: u64) -> Option<Size> {
    ROUNDS.then_some(Size { class: problem::Class::Rounded, extent: Extent::Fixed(len) })
}

impl Lowered {
    fn value(&mut self, graph: &Graph, id: ValueId, made_by: Option<usize>) -> usize {
        let value = &graph.values[id];
        let size = value.shape.as_ref().map_or(Size::scalars(0), size);
        self.values[id] = self.problem.values.len();
        let name = value.node.map_or_else(|| value.label.trim_matches('`'), |n| &graph.nodes[n].path);
        self.labels.push(self.named.next(name));
        self.problem.values.push(problem::Value { size, made_by, grad: value.grad, host: false });
        self.values[id]
    }

    fn node(&mut self, graph: &Graph, origin: Origin, mode: Mode, reads: Vec<usize>) {
        let Some(op) = &origin.op(graph) else { return };
        let at = self.nodes.len();
        self.nodes.push(origin);
        let (node, maker) = (&graph.nodes[origin.layer], &graph.nodes[origin.maker()]);
        let mut makes = vec![self.value(graph, maker.output, Some(at))];
        self.values[node.output] = makes[0];
        let differentiated = mode == Mode::Train && graph.values[maker.output].grad;
        if differentiated {
            for (n, len) in op.stats.iter().enumerate() {
                makes.push(self.problem.values.len());
                self.labels.push(format!("{}.{}", self.labels[makes[0]], stat_name(op, n)));
                self.problem.values.push(problem::Value {
                    size: Size::scalars(*len),
                    made_by: Some(at),
                    grad: false,
                    host: false,
                });
            }
        }
        let of = |value: &usize| self.source(*value);
        let backward = differentiated.then(|| {
            let wanted = Wanted::of(graph, origin.layer);
            let sources = reads.iter().map(of).collect::<Vec<_>>();
            backward(op, &wanted, &reads, &sources, &makes, &node.params)
        });
        let passes = backward.as_ref().map_or(0, |backward| match node.params.is_empty() {
            true => 2,
            false => u64::from(!backward.grads.is_empty()) + u64::from(!backward.params.is_empty()),
        });
        let bytes = |values: &[usize]| -> u64 {
            values.iter().map(|&value| self.problem.values[value].size.f32_bytes()).sum()
        };
        let time = problem::time(op.flops, bytes(&reads) + bytes(&makes[..1]));
        self.problem.nodes.push(problem::Node {
            reads,
            makes,
            scratch: op.forward.iter().filter_map(|field| scratch(field, false)).collect(),
            backward,
            epilogue: false,
            over: false,
            recompute: mode == Mode::Train && maker.recompute.is_some(),
            stored: false,
            restores: false,
            flops: op.flops,
            time,
            passes,
        });
    }

    /// A node that makes another form of a value.
    fn convert(&mut self, origin: Origin, read: usize, op: &Resolved, label: String) -> usize {
        let made = self.problem.values.len();
        let made_by = Some(self.nodes.len());
        self.problem.values.push(problem::Value {
            size: size(&op.output),
            made_by,
            grad: false,
            host: false,
        });
        self.labels.push(label);
        self.nodes.push(origin);
        let bytes = |value: usize| self.problem.values[value].size.f32_bytes();
        let time = problem::time(op.flops, bytes(read) + bytes(made));
        // What drops a value drops it as it is stored.
        let maker = self.problem.nodes.last();
        let recompute = matches!(origin.role, Role::Store(_)) && maker.is_some_and(|maker| maker.recompute);
        self.problem.nodes.push(problem::Node {
            reads: vec![read],
            makes: vec![made],
            scratch: vec![],
            backward: None,
            epilogue: false,
            over: false,
            recompute,
            stored: false,
            restores: matches!(origin.role, Role::Load(_)),
            flops: op.flops,
            time,
            passes: 0,
        });
        made
    }

    /// The backward of what makes `made` reads `load` instead.
    fn read_own(&mut self, made: usize, load: usize) {
        let maker = self.problem.values[made].made_by;
        if let Some(backward) = maker.and_then(|maker| self.problem.nodes[maker].backward.as_mut()) {
            backward.reads.iter_mut().filter(|read| **read == made).for_each(|read| *read = load);
        }
    }

    /// The value whose gradient is that of `value`: itself, unless that restores one.
    pub(crate) fn source(&self, value: usize) -> usize {
        self.sources.get(&value).copied().unwrap_or(value)
    }

    /// What outputs and its own backward read of a value of the graph.
    pub(crate) fn output(&self, graph: &Graph, value: ValueId) -> usize {
        self.restored.get(&graph.roots[value]).copied().unwrap_or(self.values[value])
    }

    /// The op of a node.
    pub(crate) fn op<'a>(&self, graph: &'a Graph, node: usize) -> Option<Cow<'a, Resolved>> {
        self.nodes[node].op(graph)
    }

    /// What a listing of what runs calls a node.
    pub(crate) fn ran(&self, graph: &Graph, node: usize) -> String {
        let label = self.problem.nodes[node].makes.first().map_or("", |&value| &self.labels[value]);
        match self.nodes[node] {
            Origin { layer, role: Role::Dropped(_) } => format!("{} + {label}", graph.nodes[layer].path),
            _ => label.to_owned(),
        }
    }

    /// What only training has: parameters that are trained, segments, stages, outputs.
    fn training(&mut self, graph: &Graph, at: &[usize]) {
        self.problem.params =
            graph.params.iter().map(|p| (!p.frozen).then(|| p.shape.iter().product())).collect();
        for (index, segment) in graph.segments.iter().enumerate() {
            let nodes = at[segment.nodes.start]..at[segment.nodes.end];
            if !nodes.is_empty() {
                self.problem.segments.push(problem::Segment { nodes });
                self.segments.push(segment.label.clone());
                self.by_hand.push(index);
            }
        }
        self.stages(graph, at);
        let outputs = graph.outputs.iter().filter(|output| output.train);
        self.problem.outputs = outputs.map(|output| self.output(graph, output.value)).collect();
        self.problem.outputs.dedup();
    }

    /// The stages (R4); the loss, which is none, stands in the last.
    fn stages(&mut self, graph: &Graph, at: &[usize]) {
        let stages = &graph.root.items;
        for item in &stages[..stages.len().saturating_sub(1)] {
            let nodes = at[item.nodes.start]..at[item.nodes.end];
            if !nodes.is_empty() {
                self.problem.stages.push(nodes);
                self.stages.push(item.label.clone());
            }
        }
        if let Some(last) = self.problem.stages.last_mut() {
            last.end = self.problem.nodes.len();
        }
    }

    /// What a table calls a run of nodes.
    pub(crate) fn label(&self, nodes: &Range<usize>) -> String {
        let stages = self.problem.stages.iter().zip(&self.stages);
        if let Some((_, label)) = stages.clone().find(|(stage, _)| *stage == nodes) {
            return label.clone();
        }
        let node = |id: usize| {
            let node = &self.problem.nodes[id];
            let named = if self.problem.rounds(id) { &node.reads } else { &node.makes };
            named.first().map_or("", |&value| &self.labels[value])
        };
        let first = stages.clone().find(|(stage, _)| stage.start == nodes.start);
        let last = stages.clone().find(|(stage, _)| stage.end == nodes.end);
        let first = first.map_or_else(|| node(nodes.start), |(_, label)| label);
        let last = last.map_or_else(|| node(nodes.end.max(1) - 1), |(_, label)| label);
        // Before its only layer, a run may load what that reads.
        if first == last { first.to_owned() } else { format!("{first} … {last}") }
    }
}

/// Which gradients of a node's operands are wanted.
pub(crate) struct Wanted {
    pub(crate) inputs: Vec<bool>,
    pub(crate) params: Vec<bool>,
}

impl Wanted {
    /// Of a node of the graph.
    pub(crate) fn of(graph: &Graph, id: NodeId) -> Self {
        let node = &graph.nodes[id];
        Self {
            inputs: node.sources.iter().map(|s| graph.values[s.value].grad).collect(),
            params: node.params.iter().map(|p| !graph.params[*p].frozen).collect(),
        }
    }

    /// Whether a field of `Backward` that reads an input is given one.
    pub(crate) fn reads(&self, field: Field) -> Option<usize> {
        match field {
            Field::In(_, n) | Field::OverIn(_, n) => Some(n),
            Field::OverInForParam(_, n, m) => self.params[m].then_some(n),
            Field::InForIn(_, n, m) => self.inputs[m].then_some(n),
            _ => None,
        }
    }
}

/// What a node's backward does; `sources`: what the gradient of each of `reads` is that of.
fn backward(
    op: &Resolved,
    wanted: &Wanted,
    reads: &[usize],
    sources: &[usize],
    makes: &[usize],
    params: &[usize],
) -> Backward {
    let mut found = Backward::default();
    let add = |list: &mut Vec<usize>, id: usize| {
        if !list.contains(&id) {
            list.push(id);
        }
    };
    for field in &op.backward {
        match *field {
            Field::Ins(_) => reads.iter().for_each(|v| add(&mut found.reads, *v)),
            Field::SavedOut(_) => add(&mut found.reads, makes[0]),
            Field::SavedStat(_, n) => add(&mut found.reads, makes[1 + n]),
            Field::GradIn(_, n) if wanted.inputs[n] => add(&mut found.grads, sources[n]),
            Field::GradCopy(_, n) if wanted.inputs[n] => {
                add(&mut found.grads, sources[n]);
                add(&mut found.copies, sources[n]);
            }
            Field::GradIns(_) => {
                for (n, value) in sources.iter().enumerate() {
                    if wanted.inputs[n] {
                        add(&mut found.grads, *value);
                    }
                }
            }
            Field::GradParam(_, Some(n)) | Field::GradBias(_, Some(n)) if wanted.params[n] => {
                add(&mut found.params, params[n]);
            }
            other => {
                if let Some(n) = wanted.reads(other) {
                    add(&mut found.reads, reads[n]);
                }
            }
        }
    }
    // Of a value that is read twice, the gradient is computed twice, from what would be gone, and is no copy.
    let each_once = wanted.inputs.iter().filter(|wanted| **wanted).count() == found.grads.len();
    if !each_once {
        found.copies.clear();
    }
    found.over =
        op.backward.iter().filter(|_| each_once && !found.grads.is_empty()).find_map(|field| match *field {
            Field::OverGradOut(_) => Some(Over::Grad),
            Field::OverIn(..) | Field::OverInForParam(..) => {
                wanted.reads(*field).map(|n| Over::Value(reads[n]))
            }
            _ => None,
        });
    found.whole = op.backward.iter().any(|field| matches!(field, Field::OutIfWhole(_)));
    let gives = !found.grads.is_empty();
    found.scratch = op.backward.iter().filter_map(|field| scratch(field, gives)).collect();
    found
}

fn stat_name(op: &Resolved, n: usize) -> &'static str {
    let named = op.forward.iter().find_map(|f| match f {
        Field::Stat(name, m) if *m == n => Some(*name),
        _ => None,
    });
    named.unwrap_or("stat")
}

//! The graph as planning sees it: views are gone, fusable neighbours found.

use std::ops::Range;

use super::{Graph, NodeId, Shape, ValueId};
use crate::ops::{Field, Resolved};
use crate::plan::problem::{self, Backward, Extent, Problem, Size};

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
    /// The graph's node of each node.
    pub(crate) nodes: Vec<NodeId>,
    /// The problem's value of each value of the graph; views share one.
    pub(crate) values: Vec<usize>,
    /// What messages and tables call each value.
    pub(crate) labels: Vec<String>,
    /// The label of each of the problem's segments, and of its stages.
    pub(crate) segments: Vec<String>,
    pub(crate) stages: Vec<String>,
    /// The graph's segment of each of the first: those that are by hand.
    pub(crate) by_hand: Vec<usize>,
}

/// Lowers `graph` for `mode`.
pub(crate) fn lower(graph: &Graph, mode: Mode) -> Lowered {
    let mut lowered = Lowered {
        problem: Problem::default(),
        nodes: vec![],
        values: vec![usize::MAX; graph.values.len()],
        labels: vec![],
        segments: vec![],
        stages: vec![],
        by_hand: vec![],
    };
    for port in &graph.ports {
        let value = lowered.value(graph, port.value, None);
        lowered.problem.inputs.push(value);
    }
    // The problem's node at or after each of the graph's.
    let mut at = vec![0; graph.nodes.len() + 1];
    for (id, node) in graph.nodes.iter().enumerate() {
        at[id] = lowered.nodes.len();
        let Some(op) = &node.resolved else { continue };
        if op.view || (mode == Mode::Evaluate && op.view_in_evaluation) {
            lowered.values[node.output] = lowered.values[node.sources[0].value];
            let root = lowered.values[node.output];
            lowered.problem.values[root].grad |= graph.values[node.output].grad;
        } else {
            lowered.node(graph, id, op, mode);
        }
    }
    at[graph.nodes.len()] = lowered.nodes.len();
    if mode == Mode::Train {
        lowered.problem.params =
            graph.params.iter().map(|p| (!p.frozen).then(|| p.shape.iter().product())).collect();
        for (index, segment) in graph.segments.iter().enumerate() {
            let nodes = at[segment.nodes.start]..at[segment.nodes.end];
            if !nodes.is_empty() {
                lowered.problem.segments.push(problem::Segment { nodes });
                lowered.segments.push(segment.label.clone());
                lowered.by_hand.push(index);
            }
        }
        lowered.stages(graph, &at);
    } else {
        lowered.problem.params = vec![None; graph.params.len()];
    }
    lowered.problem.loss = graph.loss.map_or(0, |loss| lowered.values[loss]);
    if mode == Mode::Train {
        lowered.problem.outputs =
            graph.outputs.iter().filter(|o| o.train).map(|o| lowered.values[o.value]).collect();
        lowered.problem.outputs.dedup();
    }
    lowered.fuse(graph);
    lowered
}

fn size(shape: &Shape) -> Size {
    let extent = if shape.batched { Extent::PerSample(shape.len()) } else { Extent::Fixed(shape.len()) };
    Size { class: shape.class, extent }
}

fn scalars(len: u64) -> Size {
    Size { class: problem::Class::Scalar, extent: Extent::PerSample(len) }
}

impl Lowered {
    fn value(&mut self, graph: &Graph, id: ValueId, made_by: Option<usize>) -> usize {
        let value = &graph.values[id];
        let size = value.shape.as_ref().map_or(scalars(0), size);
        self.values[id] = self.problem.values.len();
        self.labels.push(
            value
                .node
                .map_or_else(|| value.label.trim_matches('`').to_owned(), |n| graph.nodes[n].path.clone()),
        );
        self.problem.values.push(problem::Value { size, made_by, grad: value.grad });
        self.values[id]
    }

    fn node(&mut self, graph: &Graph, id: NodeId, op: &Resolved, mode: Mode) {
        let node = &graph.nodes[id];
        let at = self.nodes.len();
        self.nodes.push(id);
        let reads: Vec<usize> = node.sources.iter().map(|s| self.values[s.value]).collect();
        let mut makes = vec![self.value(graph, node.output, Some(at))];
        let differentiated = mode == Mode::Train && graph.values[node.output].grad;
        if differentiated {
            for (n, len) in op.stats.iter().enumerate() {
                makes.push(self.problem.values.len());
                self.labels.push(format!("{}.{}", node.path, stat_name(op, n)));
                self.problem.values.push(problem::Value {
                    size: scalars(*len),
                    made_by: Some(at),
                    grad: false,
                });
            }
        }
        let backward =
            differentiated.then(|| backward(op, &Wanted::of(graph, id), &reads, &makes, &node.params));
        let bytes = |values: &[usize]| -> u64 {
            values.iter().map(|&value| self.problem.values[value].size.f32_bytes()).sum()
        };
        let time = problem::time(op.flops, bytes(&reads) + bytes(&makes[..1]));
        self.problem.nodes.push(problem::Node {
            reads,
            makes,
            scratch: op.scratch.map(scalars),
            backward,
            epilogue: false,
            recompute: mode == Mode::Train && node.recompute.is_some(),
            stored: false,
            flops: op.flops,
            time,
        });
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
        let node = |id: usize| self.problem.nodes[id].makes.first().map_or("", |&value| &self.labels[value]);
        let first = stages.clone().find(|(stage, _)| stage.start == nodes.start);
        let last = stages.clone().find(|(stage, _)| stage.end == nodes.end);
        let first = first.map_or_else(|| node(nodes.start), |(_, label)| label);
        let last = last.map_or_else(|| node(nodes.end.max(1) - 1), |(_, label)| label);
        format!("{first} … {last}")
    }

    /// A node whose op can run behind the one before it, as the only one that reads that one's value.
    fn fuse(&mut self, graph: &Graph) {
        let mut readers = vec![0usize; self.problem.values.len()];
        for value in self.problem.nodes.iter().flat_map(|n| &n.reads) {
            readers[*value] += 1;
        }
        for output in &graph.outputs {
            readers[self.values[output.value]] += 1;
        }
        for i in 1..self.nodes.len() {
            let op = |n: usize| graph.nodes[self.nodes[n]].resolved.as_ref();
            let (Some(before), Some(own)) = (op(i - 1), op(i)) else { continue };
            let between = self.problem.nodes[i - 1].makes[0];
            self.problem.nodes[i].epilogue = before.takes_epilogue
                && own.epilogue.is_some()
                && self.problem.nodes[i].reads == [between]
                && readers[between] == 1;
        }
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
            Field::In(_, n) => Some(n),
            Field::InForParam(_, n, m) => self.params[m].then_some(n),
            Field::InForIn(_, n, m) => self.inputs[m].then_some(n),
            _ => None,
        }
    }
}

fn backward(op: &Resolved, wanted: &Wanted, reads: &[usize], makes: &[usize], params: &[usize]) -> Backward {
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
            Field::GradIn(_, n) if wanted.inputs[n] => add(&mut found.grads, reads[n]),
            Field::GradIns(_) => {
                for (n, value) in reads.iter().enumerate() {
                    if wanted.inputs[n] {
                        add(&mut found.grads, *value);
                    }
                }
            }
            Field::GradParam(_, Some(n)) if wanted.params[n] => add(&mut found.params, params[n]),
            other => {
                if let Some(n) = wanted.reads(other) {
                    add(&mut found.reads, reads[n]);
                }
            }
        }
    }
    found
}

fn stat_name(op: &Resolved, n: usize) -> &'static str {
    let named = op.forward.iter().find_map(|f| match f {
        Field::Stat(name, m) if *m == n => Some(*name),
        _ => None,
    });
    named.unwrap_or("stat")
}

//! From the first node of a graph to the last: what each becomes, and where what is rounded is stored and loaded.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::{Distinct, Lowered, Mode, Origin, Role, drops};
use crate::graph::{Graph, NodeId, ValueId};
use crate::ops::store::Format;
use crate::plan::lend::lend;
use crate::plan::problem::Problem;

/// Lowers `graph` for `mode`.
pub(crate) fn lower(graph: &Graph, mode: Mode) -> Lowered {
    let dropped = if mode == Mode::Train { drops::dropped(graph) } else { BTreeSet::new() };
    run(graph, mode, &graph.held.rounded, dropped)
}

/// Lowers `graph` for training as it would be without its marks, if these round anything or keep apart what would be one node.
/// Its segments, and what is marked to be recomputed, are there all the same.
pub(crate) fn lower_unmarked(graph: &Graph) -> Option<Lowered> {
    let dropped = drops::without_marks(graph);
    let same = graph.held.rounded.is_empty() && dropped == drops::dropped(graph);
    (!same).then(|| run(graph, Mode::Train, &BTreeMap::new(), dropped))
}

fn run(graph: &Graph, mode: Mode, rounded: &BTreeMap<ValueId, Format>, dropped: BTreeSet<NodeId>) -> Lowered {
    let lowered = Lowered {
        problem: Problem::default(),
        nodes: vec![],
        values: vec![usize::MAX; graph.values.len()],
        restored: BTreeMap::new(),
        sources: BTreeMap::new(),
        labels: vec![],
        named: Distinct::default(),
        segments: vec![],
        stages: vec![],
        by_hand: vec![],
    };
    let (stored, loads) = Default::default();
    let mut lowering = Lowering { graph, mode, rounded, lowered, stored, loads, dropped };
    lowering.nodes();
    lowering.lowered
}

/// A lowering under way.
struct Lowering<'a> {
    graph: &'a Graph,
    mode: Mode,
    rounded: &'a BTreeMap<ValueId, Format>,
    lowered: Lowered,
    /// What each of them is rounded to.
    stored: BTreeMap<ValueId, usize>,
    /// What a stage reads of a value that is rounded. Each stage loads it anew, so that no more than the rounded
    /// value waits for a reader far away.
    loads: BTreeMap<(ValueId, usize), usize>,
    /// Dropouts that the activation right before each does itself.
    dropped: BTreeSet<NodeId>,
}

impl Lowering<'_> {
    fn nodes(&mut self) {
        let (graph, mode) = (self.graph, self.mode);
        for port in &graph.ports {
            let value = self.lowered.value(graph, port.value, None);
            self.lowered.problem.inputs.push(value);
        }
        // The problem's node at or after each of the graph's.
        let mut at = vec![0; graph.nodes.len() + 1];
        let mut stage = 0;
        for (id, node) in graph.nodes.iter().enumerate() {
            at[id] = self.lowered.nodes.len();
            while graph.root.items.get(stage).is_some_and(|item| item.nodes.end <= id) {
                stage += 1;
            }
            let Some(op) = &node.resolved else { continue };
            if op.view {
                let value = self.lowered.values[node.sources[0].value];
                self.lowered.values[node.output] = value;
                self.lowered.problem.values[value].grad |= graph.values[node.output].grad;
                continue;
            }
            // A dropout that an activation does itself is made already.
            if !self.dropped.contains(&id) {
                let reads: Vec<usize> =
                    node.sources.iter().map(|source| self.read(source.value, stage)).collect();
                if mode == Mode::Evaluate && op.view_in_evaluation {
                    self.lowered.values[node.output] = reads[0];
                } else {
                    let role =
                        if self.dropped.contains(&(id + 1)) { Role::Dropped(id + 1) } else { Role::Layer };
                    self.lowered.node(graph, Origin { layer: id, role }, mode, reads);
                }
            }
            let mut kept = self.lowered.values[node.output];
            if let Some(format) = self.rounded.get(&node.output) {
                kept = self.store(node.output, id, *format).unwrap_or(kept);
            }
            self.lowered.problem.values[kept].host |= graph.held.hosted.contains(&node.output);
        }
        at[graph.nodes.len()] = self.lowered.nodes.len();
        self.lowered.problem.loss = graph.loss.map_or(0, |loss| self.lowered.values[loss]);
        if mode == Mode::Train {
            self.lowered.training(graph, &at);
        } else {
            self.lowered.problem.params = vec![None; graph.params.len()];
        }
        self.lowered.fuse(graph);
        self.lowered.sum_biases(graph);
        lend(&mut self.lowered.problem);
    }

    /// What a node in a stage reads of a value of the graph.
    fn read(&mut self, value: ValueId, stage: usize) -> usize {
        let root = self.graph.roots[value];
        let made = self.lowered.values[value];
        let (Some(format), Some(stored)) = (self.rounded.get(&root), self.stored.get(&root)) else {
            return made;
        };
        let (Some(layer), Some(shape)) = (self.graph.values[root].node, &self.graph.values[root].shape)
        else {
            return made;
        };
        if let Some(load) = self.loads.get(&(root, stage)) {
            return *load;
        }
        let origin = Origin { layer, role: Role::Load(*format) };
        let label = self.lowered.labels[made].clone();
        let load = self.lowered.convert(origin, *stored, &format.load(shape), label);
        self.loads.insert((root, stage), load);
        self.lowered.sources.insert(load, made);
        if let Entry::Vacant(first) = self.lowered.restored.entry(root) {
            first.insert(load);
            self.lowered.read_own(made, load);
        }
        load
    }

    /// Rounds a value that a node has just made: gives what it is stored as.
    fn store(&mut self, value: ValueId, layer: NodeId, format: Format) -> Option<usize> {
        let made = self.lowered.values[value];
        let shape = self.graph.values[value].shape.as_ref()?;
        let label = format!("{} as {}", self.lowered.labels[made], format.name());
        let origin = Origin { layer, role: Role::Store(format) };
        let stored = self.lowered.convert(origin, made, &format.store(shape), label);
        self.stored.insert(value, stored);
        Some(stored)
    }
}

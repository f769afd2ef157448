//! The order of the steps: forward, then backward with the recompute that it needs.

use std::collections::BTreeSet;

use super::levels::{Levels, ROOT};
use super::lifetimes;
use super::problem::{NodeId, Problem, ValueId};
use super::program::{Facts, Kept, Kind, Mode, Program, Run, Step, Why};
use super::retain::Retained;

/// The steps of a training call: the loss, the outputs, and the gradient of every parameter.
pub(crate) fn train(problem: &Problem) -> Program {
    let mut outputs = problem.outputs.clone();
    outputs.push(problem.loss);
    outputs.sort_unstable();
    outputs.dedup();
    let needed = needed(problem, &outputs);
    let backward: Vec<bool> =
        needed.iter().zip(&problem.nodes).map(|(&needed, node)| needed && trains(problem, node)).collect();
    let levels = Levels::new(problem.nodes.len(), &problem.segments, &needed);
    let retained = Retained::new(problem, &levels, &backward);

    let mut order = Order::new(problem);
    order.forward(&needed);
    order.backward(&levels, &retained, &backward);
    let seed = backward.contains(&true).then_some(problem.loss);
    let mut program = lifetimes::close(problem, order.runs, outputs, seed);
    program.facts = facts(problem, &program, &levels, &retained);
    program
}

/// The steps that make `wanted`, and no others.
pub(crate) fn forward(problem: &Problem, wanted: &[ValueId]) -> Program {
    let mut outputs = wanted.to_vec();
    outputs.sort_unstable();
    outputs.dedup();
    let mut order = Order::new(problem);
    order.forward(&needed(problem, &outputs));
    let mut program = lifetimes::close(problem, order.runs, outputs, None);
    program.facts.forward_flops = flops(problem, &program, Kind::Forward);
    program
}

/// Whether each node stands before one of `wanted`, or makes it.
fn needed(problem: &Problem, wanted: &[ValueId]) -> Vec<bool> {
    let mut needed = vec![false; problem.nodes.len()];
    let ask = |needed: &mut Vec<bool>, value: ValueId| {
        if let Some(maker) = problem.values[value].made_by {
            needed[maker] = true;
        }
    };
    wanted.iter().for_each(|&value| ask(&mut needed, value));
    for (id, node) in problem.nodes.iter().enumerate().rev() {
        if needed[id] {
            node.reads.iter().for_each(|&value| ask(&mut needed, value));
        }
    }
    needed
}

/// Whether a node has a Backward that is wanted.
fn trains(problem: &Problem, node: &super::problem::Node) -> bool {
    node.backward.is_some() && node.makes.first().is_some_and(|&value| problem.values[value].grad)
}

/// Kernel calls as they are decided, one node each; nothing is said yet of what they store.
struct Order<'a> {
    problem: &'a Problem,
    runs: Vec<Run>,
    /// Values and parameters whose gradient has its first contribution.
    begun: (Vec<bool>, Vec<bool>),
}

impl<'a> Order<'a> {
    fn new(problem: &'a Problem) -> Self {
        let begun = (vec![false; problem.values.len()], vec![false; problem.params.len()]);
        Self { problem, runs: Vec::new(), begun }
    }

    fn push(&mut self, kind: Kind, node: NodeId) {
        let (makes, grads, params) = Default::default();
        self.runs.push(Run { kind, node, epilogue: None, makes, grads, params });
    }

    fn forward(&mut self, needed: &[bool]) {
        for node in (0..needed.len()).filter(|&n| needed[n]) {
            self.push(Kind::Forward, node);
        }
    }

    /// Backward of each node, last to first, and before it the recompute of what it lacks.
    fn backward(&mut self, levels: &Levels, retained: &Retained, backward: &[bool]) {
        self.begun.0[self.problem.loss] = true;
        let mut entered = vec![false; levels.len()];
        let mut made_on_demand = vec![false; self.problem.nodes.len()];
        for node in (0..backward.len()).rev().filter(|&n| backward[n]) {
            // All that is recomputed between two Backwards is one batch: no node is in it twice.
            let mut batch = BTreeSet::new();
            let mut level = levels.owner(node);
            while level != ROOT && !std::mem::replace(&mut entered[level], true) {
                batch.extend(&retained.entry[level]);
                level = levels.parent(level);
            }
            self.demand(node, retained, &mut batch, &mut made_on_demand);
            for again in batch {
                self.push(Kind::Recompute, again);
            }
            self.push_backward(node);
        }
    }

    /// Adds to `batch` the nodes that make what it or the Backward of `node` reads, and that is not there.
    fn demand(
        &self,
        node: NodeId,
        retained: &Retained,
        batch: &mut BTreeSet<NodeId>,
        made_on_demand: &mut [bool],
    ) {
        let nodes = &self.problem.nodes;
        let maker = |value: ValueId| self.problem.values[value].made_by.filter(|_| retained.on_demand[value]);
        let entry_reads = batch.iter().flat_map(|&n| &nodes[n].reads);
        let mut lacking: Vec<NodeId> =
            entry_reads.filter_map(|&value| maker(value)).filter(|maker| !batch.contains(maker)).collect();
        let reads = nodes[node].backward.iter().flat_map(|b| &b.reads);
        lacking.extend(reads.filter_map(|&value| maker(value)));
        while let Some(maker_of_lacking) = lacking.pop() {
            if !std::mem::replace(&mut made_on_demand[maker_of_lacking], true) {
                batch.insert(maker_of_lacking);
                lacking.extend(nodes[maker_of_lacking].reads.iter().filter_map(|&value| maker(value)));
            }
        }
    }

    fn push_backward(&mut self, node: NodeId) {
        self.push(Kind::Backward, node);
        let (Some(run), Some(backward)) = (self.runs.last_mut(), &self.problem.nodes[node].backward) else {
            return;
        };
        let mode = |begun: &mut bool| if std::mem::replace(begun, true) { Mode::Add } else { Mode::Write };
        for &value in backward.grads.iter().filter(|&&value| self.problem.values[value].grad) {
            run.grads.push((value, mode(&mut self.begun.0[value])));
        }
        for &param in backward.params.iter().filter(|&&param| self.problem.params[param].is_some()) {
            run.params.push((param, mode(&mut self.begun.1[param])));
        }
    }
}

fn facts(problem: &Problem, program: &Program, levels: &Levels, retained: &Retained) -> Facts {
    let mut again = vec![0; problem.nodes.len()];
    for run in program.runs().filter(|run| run.kind == Kind::Recompute) {
        run.nodes().for_each(|node| again[node] += 1);
    }
    let marked = |is: &dyn Fn(ValueId) -> bool| {
        let nodes = problem.nodes.iter().enumerate().filter(|(_, node)| node.recompute);
        nodes
            .filter(|(_, node)| node.makes.first().is_some_and(|&value| is(value)))
            .map(|(id, _)| id)
            .collect()
    };
    Facts {
        kept: kept(problem, program, levels, retained),
        recomputed: again.into_iter().enumerate().filter(|&(_, times)| times > 0).collect(),
        resident: levels.resident().to_vec(),
        overruled: marked(&|value| retained.at[value].is_some()),
        idle: marked(&|value| retained.at[value].is_none() && !retained.on_demand[value]),
        forward_flops: flops(problem, program, Kind::Forward),
        recompute_flops: flops(problem, program, Kind::Recompute),
    }
}

/// What is alive after the last Forward and what its end frees, and why.
fn kept(problem: &Problem, program: &Program, levels: &Levels, retained: &Retained) -> Vec<Kept> {
    let mut alive: BTreeSet<ValueId> = program.inputs.iter().copied().collect();
    for step in &program.steps {
        match step {
            Step::Run(run) if run.kind == Kind::Forward => alive.extend(&run.makes),
            Step::Free(value) => _ = alive.remove(value),
            Step::Run(_) | Step::FreeGrad(_) => break,
        }
    }
    let why = |value: ValueId| {
        let Some(maker) = problem.values[value].made_by else { return Why::Given };
        let Some(reader) = retained.reader[value] else { return Why::Output };
        let Some((segment, level)) =
            levels.outermost(maker).and_then(|level| Some((levels.segment(level)?, level)))
        else {
            return reader;
        };
        let output = problem.nodes[levels.nodes(level).end - 1].makes.first();
        if output == Some(&value) { Why::Boundary(segment) } else { Why::Frontier(segment) }
    };
    alive.into_iter().map(|value| Kept { value, why: why(value) }).collect()
}

fn flops(problem: &Problem, program: &Program, kind: Kind) -> u64 {
    let nodes = program.runs().filter(|run| run.kind == kind).flat_map(Run::nodes);
    nodes.fold(0, |sum, node| sum.saturating_add(problem.nodes[node].flops))
}

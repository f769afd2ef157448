//! The order of the steps: forward, then backward with the recompute that it needs.

use std::collections::BTreeSet;

use super::defer::{Batch, Peak, defer};
use super::layout::What;
use super::levels::{Levels, ROOT};
use super::lifetimes;
use super::offload::offload;
use super::problem::{Node, NodeId, Problem, Size, ValueId};
use super::program::{Facts, Kept, Kind, Mode, Program, Run, Step, Way, Why};
use super::retain::Retained;

/// The steps of a training call: the loss, the outputs, and the gradient of every parameter.
pub(crate) fn train(problem: &Problem) -> Program {
    let training = Training::new(problem, true);
    let mut program = training.best();
    program.facts = training.facts(&program);
    program
}

/// The steps of a training call as they would be without marks; no facts.
pub(crate) fn store_all(problem: &Problem) -> Program {
    Training::new(problem, false).best()
}
/// The steps that make `wanted`, and no others.
pub(crate) fn forward(problem: &Problem, wanted: &[ValueId]) -> Program {
    let outputs = each_once(wanted.to_vec());
    let mut order = Order::new(problem);
    order.forward(&needed(problem, &outputs));
    let mut program = lifetimes::close(problem, order.runs, outputs, None);
    program.facts.forward_flops = sum(problem, &program, Kind::Forward, |node| node.flops);
    program
}

fn each_once(mut values: Vec<ValueId>) -> Vec<ValueId> {
    values.sort_unstable();
    values.dedup();
    values
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
fn trains(problem: &Problem, node: &Node) -> bool {
    node.backward.is_some() && node.makes.first().is_some_and(|&value| problem.values[value].grad)
}

/// The node whose Backward runs instead of its Forward too: it may, and no node reads what it makes. So it makes the loss:
/// on the way to that, all else with a Backward is read.
fn whole(problem: &Problem, runs: &[bool], backward: &[bool]) -> Option<NodeId> {
    let may = |id: &NodeId| problem.nodes[*id].backward.as_ref().is_some_and(|backward| backward.whole);
    let mut running = problem.nodes.iter().zip(runs).filter(|(_, runs)| **runs);
    let is_read = running.any(|(node, _)| node.reads.contains(&problem.loss));
    problem.values[problem.loss].made_by.filter(|&id| backward[id] && !is_read).filter(may)
}

/// What is decided about a training call.
pub(super) struct Training<'a> {
    problem: &'a Problem,
    /// Values that are there when it ends.
    outputs: Vec<ValueId>,
    /// The marks count.
    marked: bool,
    /// Nodes that run, and whose Backward does.
    runs: Vec<bool>,
    backward: Vec<bool>,
    /// The node of those, if there is one, whose Backward runs instead of its Forward too.
    whole: Option<NodeId>,
    levels: Levels,
    retained: Retained,
}

impl<'a> Training<'a> {
    /// `marked`: the marks count.
    pub(super) fn new(problem: &'a Problem, marked: bool) -> Self {
        let mut outputs = problem.outputs.clone();
        outputs.push(problem.loss);
        let outputs = each_once(outputs);
        let runs = needed(problem, &outputs);
        let nodes = problem.nodes.iter().zip(&runs);
        let backward: Vec<bool> = nodes.map(|(node, &runs)| runs && trains(problem, node)).collect();
        let whole = whole(problem, &runs, &backward);
        let segments = if marked { &problem.segments[..] } else { &[] };
        let levels = Levels::new(segments, &runs);
        let retained = Retained::new(problem, &levels, marked, &backward, &outputs);
        Self { problem, outputs, marked, runs, backward, whole, levels, retained }
    }

    /// Each Backward, last to first, and before it the recompute that the plan asks for there: of the
    /// segments that it is the first to reach, and of what it reads that is made on demand. No node is in
    /// one batch twice: what is made in it is there for all of it.
    pub(super) fn asked(&self) -> Vec<Batch> {
        let mut batches = Vec::new();
        let mut entered = vec![false; self.levels.len()];
        let mut made_on_demand = vec![false; self.backward.len()];
        for node in (0..self.backward.len()).rev().filter(|&node| self.backward[node]) {
            let mut again = BTreeSet::new();
            let mut level = self.levels.owner(node);
            while level != ROOT && !std::mem::replace(&mut entered[level], true) {
                again.extend(&self.retained.entry[level]);
                level = self.levels.parent(level);
            }
            self.demand(node, &mut again, &mut made_on_demand);
            if self.whole == Some(node) {
                // It stands where its Forward would, and what that reads has just been made.
                again.clear();
            }
            batches.push(Batch { again, node });
        }
        batches
    }

    /// Adds to `again` what is made on demand, is not there, and is read by a node of it or by the
    /// Backward of `node`.
    fn demand(&self, node: NodeId, again: &mut BTreeSet<NodeId>, made: &mut [bool]) {
        let nodes = &self.problem.nodes;
        let maker =
            |&value: &ValueId| self.problem.values[value].made_by.filter(|_| self.retained.on_demand[value]);
        let reads = again.iter().flat_map(|&id| &nodes[id].reads);
        let mut lacking: Vec<NodeId> =
            reads.filter_map(maker).filter(|maker| !again.contains(maker)).collect();
        lacking.extend(nodes[node].backward.iter().flat_map(|backward| &backward.reads).filter_map(maker));
        while let Some(id) = lacking.pop() {
            // What is restored is not worth its room until it is read again.
            let is_there = std::mem::replace(&mut made[id], true) && !nodes[id].restores;
            if !is_there && again.insert(id) {
                lacking.extend(nodes[id].reads.iter().filter_map(maker));
            }
        }
    }

    /// Whether the root retains a value.
    pub(super) fn keeps(&self, value: ValueId) -> bool {
        self.retained.at[value] == Some(ROOT)
    }

    /// Forward and backward, with the recompute where the least is live at once.
    pub(super) fn best(&self) -> Program {
        defer(self.problem, &self.asked(), |batches| {
            let program = self.program(batches);
            (live_peak(self.problem, &program), program)
        })
    }

    /// Forward, then `batches`.
    pub(super) fn program(&self, batches: &[Batch]) -> Program {
        let mut order = Order::new(self.problem);
        let mut forward = self.runs.clone();
        if let Some(whole) = self.whole {
            forward[whole] = false;
        }
        order.forward(&forward);
        for batch in batches {
            batch.again.iter().for_each(|&node| order.push(Kind::Recompute, node));
            order.backward(batch.node, self.whole == Some(batch.node));
        }
        let seed = (!batches.is_empty()).then_some(self.problem.loss);
        let program = lifetimes::close(self.problem, order.runs, self.outputs.clone(), seed);
        if self.marked { offload(self.problem, &self.levels, program) } else { program }
    }

    fn facts(&self, program: &Program) -> Facts {
        let mut again = vec![0; self.problem.nodes.len()];
        for run in program.runs().filter(|run| run.kind == Kind::Recompute) {
            run.nodes().for_each(|node| again[node] += 1);
        }
        let Retained { at, on_demand, entry, .. } = &self.retained;
        let is_layer = |node: NodeId| !self.problem.nodes[node].restores && !self.problem.rounds(node);
        let idle_levels = entry.iter().enumerate().filter(|(_, nodes)| nodes.is_empty());
        let idle_segments =
            each_once(idle_levels.filter_map(|(level, _)| self.levels.segment(level)).collect());
        let marked = |is: &dyn Fn(ValueId) -> bool| {
            let nodes = self.problem.nodes.iter().enumerate().filter(|(_, node)| node.recompute);
            let nodes = nodes.filter(|(_, node)| node.makes.first().is_some_and(|&value| is(value)));
            nodes.map(|(id, _)| id).collect()
        };
        // What a Backward does instead of a Forward counts as that.
        let forward = |of: fn(&Node) -> u64| {
            let whole = program.runs().filter(|run| run.is_whole());
            let whole = whole.map(|run| of(&self.problem.nodes[run.node]));
            whole.fold(sum(self.problem, program, Kind::Forward, of), u64::saturating_add)
        };
        let backward = |of: fn(&Node) -> u64| {
            program.runs().filter(|run| run.kind == Kind::Backward).fold(0u64, |sum, run| {
                let node = &self.problem.nodes[run.node];
                let passes = if run.is_whole() { node.passes } else { node.backward_passes() };
                sum.saturating_add(passes.saturating_mul(of(node)))
            })
        };
        Facts {
            kept: self.kept(program),
            recomputed: again
                .into_iter()
                .enumerate()
                .filter(|(node, times)| *times > 0 && is_layer(*node))
                .collect(),
            resident: self.levels.resident().to_vec(),
            tail: self.levels.tail().to_vec(),
            overruled: marked(&|value| at[value].is_some()),
            idle: marked(&|value| at[value].is_none() && !on_demand[value]),
            idle_segments,
            forward_flops: forward(|node| node.flops),
            backward_flops: backward(|node| node.flops),
            recompute_flops: sum(self.problem, program, Kind::Recompute, |node| node.flops),
            forward_time: forward(|node| node.time),
            backward_time: self.problem.backward_time.unwrap_or_else(|| backward(|node| node.time)),
            recompute_time: sum(self.problem, program, Kind::Recompute, |node| node.time),
        }
    }

    /// What is alive after the last Forward and what its end frees, and why.
    fn kept(&self, program: &Program) -> Vec<Kept> {
        // On the device, and on the host.
        let mut alive = vec![[false; 2]; self.problem.values.len()];
        for &value in &program.inputs {
            alive[value][0] = true;
        }
        for step in &program.steps {
            match step {
                Step::Run(run) if run.kind == Kind::Forward => {
                    if let Some(What::Value(value)) = run.written_over(self.problem) {
                        alive[value][0] = false;
                    }
                    for &value in &run.makes {
                        alive[value][0] = true;
                    }
                }
                Step::Free(value) => alive[*value][0] = false,
                Step::Copy(Way::Out, value) => alive[*value][1] = true,
                Step::Copied(..) => {}
                Step::Run(_) | Step::FreeGrad(_) | Step::Copy(Way::Back, _) => break,
            }
        }
        let kept = alive.into_iter().enumerate().filter(|(_, [device, host])| *device || *host);
        kept.map(|(value, [device, _])| Kept { value, why: self.why(value), host: !device }).collect()
    }

    fn why(&self, value: ValueId) -> Why {
        let Some(maker) = self.problem.values[value].made_by else { return Why::Given };
        let Some(reader) = self.retained.reader[value] else { return Why::Output };
        let level = self.levels.outermost(maker);
        let Some((level, segment)) = level.and_then(|level| Some((level, self.levels.segment(level)?)))
        else {
            return reader;
        };
        let last = self.levels.nodes(level).end - 1;
        if self.problem.nodes[last].makes.first() == Some(&value) {
            Why::Boundary(segment)
        } else {
            Why::Frontier(segment)
        }
    }
}

/// Kernel calls as they are decided, one node each; nothing is said yet of what they store.
struct Order<'a> {
    problem: &'a Problem,
    runs: Vec<Run>,
    /// Values and parameters whose gradient has its first contribution.
    values: Vec<bool>,
    params: Vec<bool>,
}

impl<'a> Order<'a> {
    fn new(problem: &'a Problem) -> Self {
        let mut values = vec![false; problem.values.len()];
        values[problem.loss] = true;
        Self { problem, runs: Vec::new(), values, params: vec![false; problem.params.len()] }
    }

    fn push(&mut self, kind: Kind, node: NodeId) {
        let (makes, grads, params) = Default::default();
        self.runs.push(Run { kind, node, epilogues: 0, makes, grads, over: None, params });
    }

    fn forward(&mut self, needed: &[bool]) {
        for node in (0..needed.len()).filter(|&node| needed[node]) {
            self.push(Kind::Forward, node);
        }
    }

    /// `whole`: instead of the node's Forward too.
    fn backward(&mut self, node: NodeId, whole: bool) {
        self.push(Kind::Backward, node);
        let (Some(run), Some(backward)) = (self.runs.last_mut(), &self.problem.nodes[node].backward) else {
            return;
        };
        run.makes.extend(self.problem.nodes[node].makes.first().filter(|_| whole));
        let mode = |begun: &mut bool| if std::mem::replace(begun, true) { Mode::Add } else { Mode::Write };
        for &value in backward.grads.iter().filter(|&&value| self.problem.values[value].grad) {
            run.grads.push((value, mode(&mut self.values[value])));
        }
        for &param in backward.params.iter().filter(|&&param| self.problem.params[param].is_some()) {
            run.params.push((param, mode(&mut self.params[param])));
        }
    }
}

/// The most bytes per sample that are live at once: what schedules are compared by. The widths that
/// a layout knows hardly change which is lower.
fn live_peak(problem: &Problem, program: &Program) -> Peak {
    let mut peak = Peak { live: 0, batch: 0 };
    let mut batch = 0;
    live(problem, program, Size::f32_bytes, |step, _, most| {
        if most > peak.live {
            peak = Peak { live: most, batch };
        }
        batch += usize::from(matches!(step, Some(Step::Run(run)) if run.kind == Kind::Backward));
    });
    peak
}

/// Follows what is live, in the unit of `of`: tells `see` before the first step and at each how much there is after
/// it, and at most in it, scratch included.
pub(super) fn live(
    problem: &Problem,
    program: &Program,
    of: impl Fn(Size) -> u64,
    mut see: impl FnMut(Option<&Step>, u128, u128),
) {
    let size = |size: Size| u128::from(of(size));
    let value = |value: ValueId| size(problem.values[value].size);
    let begun = |what| if let What::Value(id) | What::Grad(id) = what { value(id) } else { 0 };
    let mut live: u128 = program.inputs.iter().map(|&input| value(input)).sum();
    see(None, live, live);
    for step in &program.steps {
        let mut most = live;
        match step {
            Step::Run(run) => {
                live += run.begun(problem).map(begun).sum::<u128>();
                let scratch = run.nodes().flat_map(|id| problem.nodes[id].scratch(run.kind));
                most = live + scratch.copied().map(size).sum::<u128>();
            }
            Step::Free(id) | Step::FreeGrad(id) => live = live.saturating_sub(value(*id)),
            Step::Copy(Way::Back, id) => {
                live += value(*id);
                most = live;
            }
            Step::Copy(Way::Out, _) | Step::Copied(..) => {}
        }
        see(Some(step), live, most);
    }
}

/// The sum of a figure over all nodes that run as `kind`.
pub(super) fn sum(problem: &Problem, program: &Program, kind: Kind, of: impl Fn(&Node) -> u64) -> u64 {
    let nodes = program.runs().filter(|run| run.kind == kind).flat_map(Run::nodes);
    nodes.fold(0, |sum, node| sum.saturating_add(of(&problem.nodes[node])))
}

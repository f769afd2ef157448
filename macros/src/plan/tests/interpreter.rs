//! Runs programs on symbolic memory, as slowly and as plainly as can be: the oracle.
//!
//! A line of memory holds a token: a hash of what was computed, from the tokens of what it was computed
//! from. Two runs that agree in their tokens do the same arithmetic on the same operands in the same
//! order, so their bits agree too.

use std::collections::HashMap;

use crate::plan::layout::{Layout, Placed, Region, What};
use crate::plan::problem::{Backward, Node, Problem, ValueId};
use crate::plan::program::{Kind, Mode, Program, Run, Step, Way};

/// What a call leaves behind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The loss, then the outputs.
    pub(super) outputs: Vec<u64>,
    /// The gradient of each parameter; none where nothing contributes, or where it is frozen.
    pub(super) params: Vec<Option<u64>>,
    /// What the forwards did to each node's running statistics.
    pub(super) effects: Vec<u64>,
}

fn hash(parts: &[u64]) -> u64 {
    parts.iter().fold(0x243f_6a88_85a3_08d3, |h, &part| {
        let mixed = (h ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(31)
    })
}

fn operands(tag: u64, node: usize, index: usize, tokens: &[u64]) -> u64 {
    let mut parts = vec![tag, node as u64, index as u64];
    parts.extend(tokens);
    hash(&parts)
}

fn value_token(node: usize, index: usize, reads: &[u64]) -> u64 {
    operands(1, node, index, reads)
}
fn effect_token(node: usize, before: u64, reads: &[u64]) -> u64 {
    hash(&[before, operands(2, node, 0, reads)])
}
/// The first of `reads` is the gradient that a node's backward reads.
fn value_share(node: usize, value: ValueId, backward: &Backward, reads: &[u64]) -> u64 {
    if backward.copies.contains(&value) { reads[0] } else { operands(3, node, value, reads) }
}
fn param_share(node: usize, param: usize, reads: &[u64]) -> u64 {
    operands(4, node, param, reads)
}
fn sum(a: u64, b: u64) -> u64 {
    hash(&[5, a, b])
}
fn input_token(value: ValueId) -> u64 {
    hash(&[6, value as u64])
}
const SEED: u64 = 7;
/// What a parameter's gradient holds before the first call.
const UNTOUCHED: u64 = 8;

/// The answer by storing everything: no plan, no memory, no program.
pub(super) fn store_everything(problem: &Problem, wanted: &[ValueId], train: bool) -> Answer {
    let mut values: HashMap<ValueId, u64> = problem.inputs.iter().map(|&v| (v, input_token(v))).collect();
    let mut effects = vec![0; problem.nodes.len()];
    let mut needed: Vec<ValueId> = wanted.to_vec();
    for node in problem.nodes.iter().rev() {
        if node.makes.iter().any(|made| needed.contains(made)) {
            needed.extend(&node.reads);
        }
    }
    for (id, node) in problem.nodes.iter().enumerate() {
        if node.makes.iter().any(|made| needed.contains(made)) {
            let reads: Vec<u64> = node.reads.iter().map(|read| values[read]).collect();
            effects[id] = effect_token(id, effects[id], &reads);
            for (index, &made) in node.makes.iter().enumerate() {
                values.insert(made, value_token(id, index, &reads));
            }
        }
    }
    let mut grads: HashMap<ValueId, u64> = HashMap::new();
    let mut params = vec![None; problem.params.len()];
    if train {
        grads.insert(problem.loss, SEED);
    }
    let add = |slot: &mut Option<u64>, share: u64| *slot = Some(slot.map_or(share, |old| sum(old, share)));
    for (id, node) in problem.nodes.iter().enumerate().rev() {
        let (Some(backward), Some(&grad)) = (&node.backward, grads.get(&node.makes[0])) else { continue };
        let mut reads = vec![grad];
        reads.extend(backward.reads.iter().map(|read| values[read]));
        for value in backward.gives() {
            let mut slot = grads.get(&value).copied();
            add(&mut slot, value_share(id, value, backward, &reads));
            grads.extend(slot.map(|token| (value, token)));
        }
        for &param in backward.params.iter().filter(|&&param| problem.params[param].is_some()) {
            add(&mut params[param], param_share(id, param, &reads));
        }
    }
    Answer { outputs: wanted.iter().map(|value| values[value]).collect(), params, effects }
}

/// Memory for batches of a given size: each line holds a token, and which line of a buffer it is.
struct Memory {
    batch: u64,
    per_sample: Vec<(u64, u64)>,
    fixed: Vec<(u64, u64)>,
    host: Vec<(u64, u64)>,
}

impl Memory {
    fn lines(&mut self, placed: Placed) -> &mut [(u64, u64)] {
        let (region, batch) = match placed.region {
            Region::PerSample => (&mut self.per_sample, self.batch),
            Region::Fixed => (&mut self.fixed, 1),
            Region::Host => (&mut self.host, self.batch),
        };
        let at = (placed.offset * batch) as usize..((placed.offset + placed.lines) * batch) as usize;
        if region.len() < at.end {
            region.resize(at.end, (0, 0));
        }
        &mut region[at]
    }

    /// The token written, if every line still holds its part of it; else one made of all that is there.
    fn read(&mut self, placed: Placed) -> u64 {
        let lines = self.lines(placed);
        let Some(&(token, _)) = lines.first() else { return 0 };
        if lines.iter().zip(0..).all(|(&line, part)| line == (token, part)) {
            return token;
        }
        hash(&lines.iter().flat_map(|&(token, part)| [token, part]).collect::<Vec<_>>())
    }

    fn write(&mut self, placed: Placed, token: u64) {
        self.lines(placed).iter_mut().zip(0..).for_each(|(line, part)| *line = (token, part));
    }
}

/// The answer of a program, executed at the addresses of its layout for a batch of `batch`.
pub(super) fn execute(
    problem: &Problem,
    program: &Program,
    layout: &Layout,
    wanted: &[ValueId],
    batch: u64,
) -> Answer {
    let mut machine = Machine {
        problem,
        layout,
        memory: Memory { batch, per_sample: Vec::new(), fixed: Vec::new(), host: Vec::new() },
        values: HashMap::new(),
        effects: vec![0; problem.nodes.len()],
        copies: HashMap::new(),
        poison: 1 << 40,
    };
    for placed in layout.buffers.iter().take_while(|placed| is_given(program, placed)) {
        match placed.what {
            What::Param(_) => machine.memory.write(*placed, UNTOUCHED),
            What::Grad(_) => machine.memory.write(*placed, SEED),
            What::Value(value) => machine.memory.write(*placed, input_token(value)),
            What::Scratch(..) | What::Host(_) => {}
        }
        if let What::Value(value) = placed.what {
            machine.values.insert(value, *placed);
        }
    }
    for (at, step) in program.steps.iter().enumerate() {
        match step {
            Step::Run(run) if run.kind == Kind::Backward => machine.backward(at, run),
            Step::Run(run) => machine.forward(at, run),
            Step::Free(_) | Step::FreeGrad(_) => {
                for &index in layout.touches.at(at) {
                    machine.spoil(layout.buffers[index]);
                }
            }
            Step::Copy(way, value) => machine.begin_copy(at, *way, *value),
            Step::Copied(way, value) => machine.end_copy(at, *way, *value),
        }
    }
    machine.answer(wanted)
}

struct Machine<'a> {
    problem: &'a Problem,
    layout: &'a Layout,
    memory: Memory,
    /// Where each value was made last.
    values: HashMap<ValueId, Placed>,
    effects: Vec<u64>,
    /// What is being copied, with what was there when that began, and to where.
    copies: HashMap<(Way, ValueId), (u64, Option<Placed>)>,
    poison: u64,
}

fn is_given(program: &Program, placed: &Placed) -> bool {
    match placed.what {
        What::Param(_) => true,
        What::Value(value) => program.inputs.contains(&value),
        What::Grad(value) => program.seed == Some(value),
        What::Scratch(..) | What::Host(_) => false,
    }
}

impl Machine<'_> {
    /// Fills a buffer with what nothing else holds.
    fn spoil(&mut self, placed: Placed) {
        self.poison += 1;
        self.memory.write(placed, hash(&[self.poison]));
    }

    /// Where the layout has `what` for a step.
    fn place(&self, at: usize, what: What) -> Option<Placed> {
        let touched = self.layout.touches.at(at).iter().map(|&index| self.layout.buffers[index]);
        touched.into_iter().find(|placed| placed.what == what)
    }

    /// What the step finds at the address that the layout gives it; something else if it gives none.
    fn read(&mut self, at: usize, what: What) -> u64 {
        self.poison += 1;
        self.place(at, what).map_or(hash(&[self.poison]), |placed| self.memory.read(placed))
    }

    /// A kernel may use its scratch, and begin to write, before it has read everything.
    fn spoil_before(&mut self, at: usize, run: &Run, node: &Node, id: usize) {
        let mut whats: Vec<What> = run.makes.iter().map(|&value| What::Value(value)).collect();
        let begun = run.grads.iter().filter(|(_, mode)| *mode == Mode::Write);
        whats.extend(begun.map(|&(v, _)| What::Grad(v)));
        // Of what is written over, each element is read before.
        let over = run.last(self.problem).filter(|_| run.over.is_some());
        whats.retain(|what| Some(*what) != over);
        whats
            .extend(run.params.iter().filter(|(_, mode)| *mode == Mode::Write).map(|&(p, _)| What::Param(p)));
        whats.extend((0..node.scratch(run.kind).len()).map(|number| What::Scratch(id, number)));
        for what in whats {
            if let Some(placed) = self.place(at, what) {
                self.spoil(placed);
            }
        }
    }

    /// From where to where a value is copied.
    fn way(&self, at: usize, way: Way, value: ValueId) -> [Option<Placed>; 2] {
        let [device, host] = [What::Value(value), What::Host(value)].map(|what| self.place(at, what));
        if way == Way::Out { [device, host] } else { [host, device] }
    }

    /// A copy may have begun to write at once, and may not have read.
    fn begin_copy(&mut self, at: usize, way: Way, value: ValueId) {
        let [from, to] = self.way(at, way, value);
        self.poison += 1;
        let token = from.map_or(self.poison, |placed| self.memory.read(placed));
        self.copies.insert((way, value), (token, to));
        if let Some(to) = to {
            self.spoil(to);
            if way == Way::Back {
                self.values.insert(value, to);
            }
        }
    }

    /// What is copied is what was there from the begin to the end, to where the copy began.
    fn end_copy(&mut self, at: usize, way: Way, value: ValueId) {
        let [from, _] = self.way(at, way, value);
        self.poison += 1;
        let now = from.map_or(self.poison, |placed| self.memory.read(placed));
        let Some((begun, Some(to))) = self.copies.remove(&(way, value)) else { return };
        self.memory.write(to, if begun == now { begun } else { hash(&[begun, now]) });
        if let (Way::Back, Some(from)) = (way, from) {
            self.spoil(from);
        }
    }

    fn forward(&mut self, at: usize, run: &Run) {
        for id in run.nodes() {
            self.spoil_before(at, run, &self.problem.nodes[id], id);
        }
        let mut handed_over = None;
        for id in run.nodes() {
            let node = &self.problem.nodes[id];
            let mut reads = Vec::new();
            for &value in &node.reads {
                reads.push(match handed_over {
                    Some((handed, token)) if handed == value => token,
                    _ => self.read_or_held(at, run, What::Value(value)),
                });
            }
            if run.kind == Kind::Forward {
                self.effects[id] = effect_token(id, self.effects[id], &reads);
            }
            for (index, &value) in node.makes.iter().enumerate() {
                let token = value_token(id, index, &reads);
                if index == 0 {
                    handed_over = Some((value, token));
                }
                if run.makes.contains(&value)
                    && let Some(placed) = self.place(at, What::Value(value))
                {
                    self.memory.write(placed, token);
                    self.values.insert(value, placed);
                }
            }
        }
    }

    /// What a call reads, which may be where it writes over it.
    fn read_or_held(&mut self, at: usize, run: &Run, what: What) -> u64 {
        let over = run.last(self.problem).filter(|_| run.written_over(self.problem) == Some(what));
        self.read(at, over.unwrap_or(what))
    }

    fn backward(&mut self, at: usize, run: &Run) {
        let node = &self.problem.nodes[run.node];
        self.spoil_before(at, run, node, run.node);
        let Some(backward) = &node.backward else { return };
        let mut reads = Vec::new();
        let values = backward.reads.iter().map(|&value| What::Value(value));
        for what in node.gradient().map(What::Grad).into_iter().chain(values) {
            reads.push(self.read_or_held(at, run, what));
        }
        if run.is_whole() {
            let own: Vec<u64> =
                node.reads.iter().map(|&value| self.read_or_held(at, run, What::Value(value))).collect();
            self.effects[run.node] = effect_token(run.node, self.effects[run.node], &own);
            for &value in &run.makes {
                if let Some(placed) = self.place(at, What::Value(value)) {
                    self.memory.write(placed, value_token(run.node, 0, &own));
                    self.values.insert(value, placed);
                }
            }
        }
        let grads = run
            .grads
            .iter()
            .map(|&(v, mode)| (What::Grad(v), mode, value_share(run.node, v, backward, &reads)));
        let params =
            run.params.iter().map(|&(p, mode)| (What::Param(p), mode, param_share(run.node, p, &reads)));
        for (what, mode, share) in grads.chain(params).collect::<Vec<_>>() {
            let token = if mode == Mode::Add { sum(self.read(at, what), share) } else { share };
            if let Some(placed) = self.place(at, what) {
                self.memory.write(placed, token);
            }
        }
    }

    fn answer(mut self, wanted: &[ValueId]) -> Answer {
        let mut outputs = Vec::new();
        for value in wanted {
            self.poison += 1;
            outputs.push(
                self.values.get(value).map_or(hash(&[self.poison]), |&placed| self.memory.read(placed)),
            );
        }
        let mut params = vec![None; self.problem.params.len()];
        for placed in &self.layout.buffers {
            if let What::Param(param) = placed.what {
                params[param] = Some(self.memory.read(*placed)).filter(|&token| token != UNTOUCHED);
            }
        }
        Answer { outputs, params, effects: self.effects }
    }
}

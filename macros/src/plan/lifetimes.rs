//! From kernel calls in order to steps: neighbours are fused, what nobody reads is not stored, and everything
//! is freed right after its last use, or written over in it.
//!
//! A production of a value lives until its last read before its next production, so this needs no
//! strategy: it walks the calls from last to first and remembers what is read later.

use super::problem::{Over, Problem, ValueId};
use super::program::{Kind, Mode, Program, Run, Step};

/// The program that makes `runs` (one node each, `makes` still empty but for Backward) and ends with `outputs` alive.
pub(crate) fn close(
    problem: &Problem,
    runs: Vec<Run>,
    outputs: Vec<ValueId>,
    seed: Option<ValueId>,
) -> Program {
    let runs = fuse(problem, useful(problem, runs, &outputs));
    let mut uses = Uses::new(problem, &outputs);
    let mut steps = Vec::with_capacity(3 * runs.len());
    for mut run in runs.into_iter().rev() {
        let mut frees = Vec::new();
        run.makes = uses.made_by(&run, &mut frees);
        uses.read_by(&run, &mut frees);
        write_over(problem, &mut run, &mut frees);
        steps.extend(frees.into_iter().rev());
        steps.push(Step::Run(run));
    }
    steps.reverse();
    let inputs = problem.inputs.iter().copied().filter(|&v| uses.value_later[v]).collect();
    Program { steps, inputs, seed, outputs, facts: Default::default() }
}

/// Writes the last that a call makes over what is freed behind the call, if its node may.
fn write_over(problem: &Problem, run: &mut Run, frees: &mut Vec<Step>) {
    let may = if run.kind == Kind::Backward { gradient_over(problem, run) } else { value_over(problem, run) };
    for (over, free) in may {
        if let Some(at) = frees.iter().position(|step| *step == free) {
            frees.remove(at);
            run.over = Some(over);
            return;
        }
    }
}

/// What a Backward may write the last gradient that it begins over, and what frees that.
fn gradient_over(problem: &Problem, run: &Run) -> Vec<(Over, Step)> {
    let node = &problem.nodes[run.node];
    let (Some(backward), Some(&(grad, Mode::Write))) = (&node.backward, run.grads.last()) else {
        return vec![];
    };
    let (over, value, free) = match (backward.over, node.gradient()) {
        (Some(over @ Over::Grad), Some(read)) => (over, read, Step::FreeGrad(read)),
        (Some(over @ Over::Value(value)), _) => (over, value, Step::Free(value)),
        _ => return vec![],
    };
    let same = problem.values[grad].size == problem.values[value].size;
    if same && backward.grads.last() == Some(&grad) { vec![(over, free)] } else { vec![] }
}

/// The same of the last of nodes that run in one call, and the value that it makes.
fn value_over(problem: &Problem, run: &Run) -> Vec<(Over, Step)> {
    let last = &problem.nodes[*run.nodes().end()];
    if run.epilogues == 0 || !last.over {
        return vec![];
    }
    let size = |value: ValueId| problem.values[value].size;
    // A value that is read twice can't be read where another is written over it.
    let once = |value: ValueId| run.reads(problem).filter(|&read| read == value).count() == 1;
    let reads = problem.nodes[run.node].reads.iter().copied();
    let may = reads.filter(|&read| size(read) == size(last.makes[0]) && once(read));
    may.map(|read| (Over::Value(read), Step::Free(read))).collect()
}

/// The same without recomputes of which nobody reads anything before it is made again.
fn useful(problem: &Problem, mut runs: Vec<Run>, outputs: &[ValueId]) -> Vec<Run> {
    let mut later = vec![false; problem.values.len()];
    outputs.iter().for_each(|&value| later[value] = true);
    let mut useful = vec![true; runs.len()];
    for (run, useful) in runs.iter().zip(&mut useful).rev() {
        let makes = if run.kind == Kind::Backward { &run.makes } else { &problem.nodes[run.node].makes };
        let read = makes.iter().filter(|&&value| std::mem::take(&mut later[value])).count() > 0;
        *useful = read || run.kind != Kind::Recompute;
        if *useful {
            run.reads(problem).for_each(|value| later[value] = true);
        }
    }
    let mut useful = useful.into_iter();
    runs.retain(|_| useful.next() == Some(true));
    runs
}

/// A node and its epilogues become one call where they stand side by side.
fn fuse(problem: &Problem, runs: Vec<Run>) -> Vec<Run> {
    let mut fused: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        let own = &problem.nodes[run.node];
        let follows = |last: &Run| {
            last.kind == run.kind
                && last.kind != Kind::Backward
                && last.nodes().end() + 1 == run.node
                && own.epilogue
                // Only what the last of them makes is handed to it.
                && !last.handed_over(problem).any(|value| own.reads.contains(&value))
        };
        match fused.last_mut() {
            Some(last) if follows(last) => last.epilogues += 1,
            _ => fused.push(run),
        }
    }
    fused
}

/// What the calls after the current one read.
struct Uses<'a> {
    problem: &'a Problem,
    /// The production of the value that stands here is read later.
    value_later: Vec<bool>,
    /// The gradient is read or added to later.
    grad_later: Vec<bool>,
}

impl<'a> Uses<'a> {
    fn new(problem: &'a Problem, outputs: &[ValueId]) -> Self {
        let count = problem.values.len();
        let mut uses = Self { problem, value_later: vec![false; count], grad_later: vec![false; count] };
        outputs.iter().for_each(|&value| uses.value_later[value] = true);
        uses
    }

    /// What a call stores; frees at once what nobody reads.
    fn made_by(&mut self, run: &Run, frees: &mut Vec<Step>) -> Vec<ValueId> {
        if run.kind == Kind::Backward {
            // It makes no more than it must: what the end of the step reads.
            run.makes.iter().for_each(|&value| self.value_later[value] = false);
            return run.makes.clone();
        }
        let mut handed_over = run.handed_over(self.problem);
        let mut stored = Vec::new();
        for id in run.nodes() {
            for (index, &value) in self.problem.nodes[id].makes.iter().enumerate() {
                let read = std::mem::replace(&mut self.value_later[value], false);
                let must = index == 0 && Some(value) != handed_over.next();
                if read || must {
                    stored.push(value);
                }
                if must && !read {
                    frees.push(Step::Free(value));
                }
            }
        }
        stored
    }

    /// Frees what a call is the last to use.
    fn read_by(&mut self, run: &Run, frees: &mut Vec<Step>) {
        if run.kind == Kind::Backward {
            let node = &self.problem.nodes[run.node];
            for &value in node.backward.iter().flat_map(|b| &b.reads) {
                self.read(value, frees);
            }
            let added = run.grads.iter().map(|&(value, _)| value);
            for value in node.gradient().into_iter().chain(added) {
                if !std::mem::replace(&mut self.grad_later[value], true) {
                    frees.push(Step::FreeGrad(value));
                }
            }
            for &(value, mode) in &run.grads {
                self.grad_later[value] = mode == Mode::Add;
            }
            return;
        }
        let handed_over = run.handed_over(self.problem);
        for &value in run.nodes().flat_map(|node| &self.problem.nodes[node].reads) {
            if !handed_over.clone().any(|handed| handed == value) {
                self.read(value, frees);
            }
        }
    }

    fn read(&mut self, value: ValueId, frees: &mut Vec<Step>) {
        if !std::mem::replace(&mut self.value_later[value], true) {
            frees.push(Step::Free(value));
        }
    }
}

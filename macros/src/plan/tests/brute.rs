//! The best order of a plan's recomputes, by trying them all: the oracle for when to recompute.
//!
//! Forward runs in order of declaration and Backward in reverse (R5), and what is recomputed from what is
//! the plan's. Free is when: before any Backward after backward has reached the segment that asks for it.
//! Between two Backwards recomputes run in order of declaration, as forward does.

use std::collections::HashMap;

use super::F32;
use crate::plan::defer::Batch;
use crate::plan::problem::{Class, Extent, NodeId, Problem, Size, ValueId};

/// One value made once.
struct Production {
    lines: u64,
    /// The recompute that makes it; none if forward does.
    by: Option<usize>,
    /// It stays until these recomputes have run ...
    recomputes: u64,
    /// ... and this many Backwards; all of them and more for an output.
    backwards: usize,
}

struct Search {
    productions: Vec<Production>,
    /// For each recompute: its node, how many Backwards stand before it at least, the recomputes before it.
    again: Vec<(NodeId, usize, u64)>,
    /// For each Backward, the recomputes before it.
    before: Vec<u64>,
    /// Lines of gradients between Backwards, from before the first, and during each, with scratch.
    between: Vec<u64>,
    during: Vec<u64>,
    /// Lines of scratch, and of a first value that is stored though nothing reads it, of each recompute.
    extra: Vec<u64>,
}

/// How many Backwards have run, which recomputes, and the lowest node that may be recomputed now.
type State = (usize, u64, NodeId);

/// The lowest peak of backward in lines per sample, recomputing what `asked` says or later.
pub(super) fn backward_peak(problem: &Problem, outputs: &[ValueId], asked: &[Batch]) -> u64 {
    let search = Search::new(problem, outputs, asked);
    // The lowest peak on the way to each state that so many steps lead to.
    let mut states: Vec<HashMap<State, u64>> = vec![HashMap::from([((0, 0, 0), 0)])];
    let steps = search.before.len() + search.again.len();
    for at in 0..steps {
        let mut next: HashMap<State, u64> = HashMap::new();
        for (&state, &peak) in &states[at] {
            for (state, lines) in search.next(state) {
                let reached = next.entry(state).or_insert(u64::MAX);
                *reached = (*reached).min(peak.max(lines));
            }
        }
        states.push(next);
    }
    states[steps].values().copied().min().unwrap_or(0)
}

impl Search {
    fn new(problem: &Problem, outputs: &[ValueId], asked: &[Batch]) -> Self {
        let size = |value: ValueId| lines(problem.values[value].size);
        let forward = (0..problem.values.len()).map(|v| Production {
            lines: size(v),
            by: None,
            recomputes: 0,
            backwards: 0,
        });
        let mut search = Self {
            productions: forward.collect(),
            again: Vec::new(),
            before: Vec::new(),
            between: vec![0],
            during: Vec::new(),
            extra: Vec::new(),
        };
        let mut latest: Vec<usize> = (0..problem.values.len()).collect();
        for (at, batch) in asked.iter().enumerate() {
            for &id in &batch.again {
                let (this, node) = (search.again.len(), &problem.nodes[id]);
                let reads = node.reads.iter().map(|&value| latest[value]);
                let mut after = 0;
                for read in reads {
                    search.productions[read].recomputes |= 1 << this;
                    after |= search.productions[read].by.map_or(0, |by| 1 << by);
                }
                search.again.push((id, at, after));
                search.extra.push(all_lines(&node.scratch));
                for &value in &node.makes {
                    latest[value] = search.productions.len();
                    search.productions.push(Production {
                        lines: size(value),
                        by: Some(this),
                        recomputes: 0,
                        backwards: 0,
                    });
                }
            }
            let mut before = 0;
            let backward = problem.nodes[batch.node].backward.as_ref();
            for &value in backward.iter().flat_map(|backward| &backward.reads) {
                let read = &mut search.productions[latest[value]];
                read.backwards = at + 1;
                before |= read.by.map_or(0, |by| 1 << by);
            }
            search.before.push(before);
        }
        outputs.iter().for_each(|&value| search.productions[latest[value]].backwards = usize::MAX);
        search.gradients(problem, asked);
        search
    }

    fn gradients(&mut self, problem: &Problem, asked: &[Batch]) {
        let mut live = vec![false; problem.values.len()];
        live[problem.loss] = !asked.is_empty();
        let sum = |live: &[bool]| {
            let sizes = live.iter().zip(&problem.values).filter(|(live, _)| **live);
            sizes.map(|(_, value)| lines(value.size)).sum::<u64>()
        };
        self.between[0] = sum(&live);
        let reads = |batch: &Batch| problem.nodes[batch.node].gradient();
        for (at, batch) in asked.iter().enumerate() {
            let Some(backward) = &problem.nodes[batch.node].backward else { continue };
            let wanted = backward.grads.iter().filter(|&&value| problem.values[value].grad);
            wanted.for_each(|&value| live[value] = true);
            self.during.push(sum(&live) + all_lines(&backward.scratch));
            // One that is lent is read again.
            let gone =
                reads(batch).filter(|_| !asked[at + 1..].iter().any(|later| reads(later) == reads(batch)));
            gone.into_iter().for_each(|value| live[value] = false);
            self.between.push(sum(&live));
        }
    }

    /// Every state one step on, and the lines that the step takes.
    fn next(&self, (done, run, lowest): State) -> Vec<(State, u64)> {
        let is_set = |set: u64, index: usize| set >> index & 1 == 1;
        // What is live in a step: made before it or by it, and read by it or after it, or stored in any case.
        let live = |made: u64| {
            let lives = |p: &&Production| {
                p.by.is_none_or(|by| is_set(made, by)) && (p.recomputes & !run != 0 || p.backwards > done)
            };
            self.productions.iter().filter(lives).map(|p| p.lines).sum::<u64>()
        };
        let mut next = Vec::new();
        for (this, &(node, from, after)) in self.again.iter().enumerate() {
            if !is_set(run, this) && from <= done && node >= lowest && after & !run == 0 {
                let with = run | 1 << this;
                let first = self.productions.iter().find(|p| p.by == Some(this));
                let unread = first.filter(|p| p.recomputes == 0 && p.backwards == 0).map_or(0, |p| p.lines);
                next.push((
                    (done, with, node + 1),
                    live(with) + unread + self.between[done] + self.extra[this],
                ));
            }
        }
        if done < self.before.len() && self.before[done] & !run == 0 {
            next.push(((done + 1, run, 0), live(run) + self.during[done]));
        }
        next
    }
}

/// Lines per sample; what is fixed takes none.
fn lines(size: Size) -> u64 {
    let Size { class, extent: Extent::PerSample(elements) } = size else { return 0 };
    let width = match class {
        Class::Elem => F32.elem,
        Class::Scalar => F32.scalar,
        Class::Index => 4,
        Class::Half => 2,
        Class::Rounded => 0,
    };
    (elements * width).div_ceil(F32.line)
}

fn all_lines(sizes: &[Size]) -> u64 {
    sizes.iter().map(|&size| lines(size)).sum()
}

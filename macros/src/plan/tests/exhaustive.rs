//! The least time of any schedule of a small problem in so much memory, by trying them all: the oracle for
//! what to keep and what to recompute.
//!
//! Forward runs in order of declaration and Backward in reverse (R5). Free is all else: what is dropped and
//! when, and what is recomputed before which Backward and how often. For problems without statistics and
//! scratch.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::F32;
use crate::plan::problem::{Problem, ValueId};

/// A problem as sets of values.
pub(super) struct Exhaustive {
    bytes: Vec<u64>,
    /// Of each step (Forwards, then Backwards): the values it reads, and the one that it makes.
    steps: Vec<(u32, u32)>,
    /// Bytes of gradients while each step runs, and before it.
    during: Vec<u64>,
    before: Vec<u64>,
    /// Of each node: what it reads, what it makes, its time.
    nodes: Vec<(u32, u32, u64)>,
    inputs: u32,
    /// What is there in the end.
    outputs: u32,
}

fn set(values: &[ValueId]) -> u32 {
    values.iter().fold(0, |set, value| set | 1 << value)
}

impl Exhaustive {
    pub(super) fn new(problem: &Problem) -> Self {
        let bytes = |value: ValueId| {
            let size = problem.values[value].size;
            if size.is_per_sample() { F32.lines(size).unwrap_or(0) * F32.line } else { 0 }
        };
        let nodes: Vec<(u32, u32, u64)> =
            problem.nodes.iter().map(|node| (set(&node.reads), set(&node.makes), node.time)).collect();
        let mut steps: Vec<(u32, u32)> = nodes.iter().map(|&(reads, makes, _)| (reads, makes)).collect();
        let (mut during, mut before) = (vec![0; steps.len()], vec![0; steps.len()]);
        let mut live = vec![false; problem.values.len()];
        live[problem.loss] = true;
        for node in problem.nodes.iter().rev() {
            let sum = |live: &[bool]| (0..live.len()).filter(|&v| live[v]).map(bytes).sum::<u64>();
            let Some(backward) = node.backward.as_ref().filter(|_| problem.values[node.makes[0]].grad) else {
                continue;
            };
            before.push(sum(&live));
            backward.grads.iter().for_each(|&value| live[value] = true);
            during.push(sum(&live));
            live[node.makes[0]] = false;
            steps.push((set(&backward.reads), 0));
        }
        Self {
            bytes: (0..problem.values.len()).map(bytes).collect(),
            steps,
            during,
            before,
            nodes,
            inputs: set(&problem.inputs),
            outputs: 1 << problem.loss,
        }
    }

    fn sum(&self, set: u32) -> u64 {
        self.bytes.iter().enumerate().filter(|(value, _)| set >> value & 1 == 1).map(|(_, bytes)| bytes).sum()
    }

    /// The least time of recomputes in `memory` bytes for each sample.
    pub(super) fn recompute_time(&self, memory: u64) -> Option<u64> {
        let width = self.bytes.len();
        let mut best = vec![u64::MAX; (self.steps.len() + 1) << width];
        let mut open = BinaryHeap::from([Reverse((0, 0, self.inputs))]);
        let forwards = self.nodes.len();
        while let Some(Reverse((time, step, live))) = open.pop() {
            let state = step << width | live as usize;
            if best[state] <= time {
                continue;
            }
            best[state] = time;
            let mut go = |time: u64, step: usize, live: u32| {
                if best[step << width | live as usize] > time {
                    open.push(Reverse((time, step, live)));
                }
            };
            if step == self.steps.len() {
                if self.outputs & !live == 0 {
                    return Some(time);
                }
                continue;
            }
            let (reads, makes) = self.steps[step];
            if reads & !live == 0 && self.sum(live | makes) + self.during[step] <= memory {
                go(time, step + 1, live | makes);
            }
            (0..width)
                .filter(|value| live >> value & 1 == 1)
                .for_each(|value| go(time, step, live & !(1 << value)));
            for &(reads, makes, more) in self.nodes.iter().filter(|_| step >= forwards) {
                let fits = self.sum(live | makes) + self.before[step] <= memory;
                if reads & !live == 0 && makes & !live != 0 && fits {
                    go(time + more, step, live | makes);
                }
            }
        }
        None
    }
}

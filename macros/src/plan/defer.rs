//! When to recompute.
//!
//! A plan asks for a recompute as soon as backward reaches its segment, but a value is only in the way
//! until something reads it. So each recompute may wait until the Backward before which it is first
//! read; yet while it waits, what it reads is in the way. Neither is best always: a few rules are tried
//! and the lowest peak wins. For small programs, where single values weigh most, that is then varied.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::problem::{NodeId, Problem, ValueId};

/// What is recomputed before one Backward, and the node of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Nodes to recompute, in order of declaration.
    pub(crate) again: BTreeSet<NodeId>,
    /// The node whose Backward follows.
    pub(crate) node: NodeId,
}

/// How many recomputes are looked at in all to vary a small program; a large one would take too long.
const VARIED: usize = 1024;

/// What is live at once at the most, and the first batch in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peak {
    pub(crate) live: u128,
    pub(crate) batch: usize,
}

/// What comes of the recomputes that `asked` asks for, each in the batch that asks or a later one; `of` says
/// what comes of some batches, and its peak.
pub(crate) fn defer<T>(problem: &Problem, asked: &[Batch], of: impl Fn(&[Batch]) -> (Peak, T)) -> T {
    let (peak, what) = of(asked);
    // What is made after the peak is not in its way.
    if asked.iter().take(peak.batch + 1).all(|batch| batch.again.is_empty()) {
        return what;
    }
    let flow = Flow::new(problem, asked);
    let slots = flow.asked();
    let latest = flow.put_off(|_, _| true);
    // A peak is lower only if something that is there by then comes after it.
    let may_gain = |(from, to): (&usize, &usize)| (*from..*to).contains(&peak.batch);
    if !slots.iter().zip(&latest).any(may_gain) {
        return what;
    }
    let of = |slots: &[usize]| of(&flow.batches(asked, slots));
    let mut best = Best { slots, peak: peak.live, what };
    for slots in [flow.put_off(|saved, cost| cost <= saved), latest] {
        if slots != best.slots {
            let (peak, what) = of(&slots);
            if peak.live < best.peak {
                best = Best { slots, peak: peak.live, what };
            }
        }
    }
    flow.vary(&mut best, of);
    best.what
}

/// The best slots so far, and what comes of them.
struct Best<T> {
    slots: Vec<usize>,
    peak: u128,
    what: T,
}

/// One value made once: by forward, or by a recompute.
struct Production {
    weight: u128,
    /// The recompute that makes it.
    by: Option<usize>,
    /// The recomputes that read it.
    again: Vec<usize>,
    /// The first and last batch whose Backward reads it.
    backward: Option<(usize, usize)>,
}

/// One recompute.
struct Again {
    node: NodeId,
    /// The batch that asks for it.
    asked: usize,
    /// Productions, each once.
    reads: Vec<usize>,
    makes: Vec<usize>,
}

/// Who makes what for whom. A recompute's place is a slot: the batch that it stands in.
struct Flow {
    productions: Vec<Production>,
    again: Vec<Again>,
}

impl Flow {
    fn new(problem: &Problem, asked: &[Batch]) -> Self {
        let production = |value: ValueId, by| {
            let weight = problem.values[value].size.f32_bytes().into();
            Production { weight, by, again: Vec::new(), backward: None }
        };
        let mut productions: Vec<_> =
            (0..problem.values.len()).map(|value| production(value, None)).collect();
        let mut latest: Vec<usize> = (0..productions.len()).collect();
        let mut again: Vec<Again> = Vec::new();
        for (slot, batch) in asked.iter().enumerate() {
            for &node in &batch.again {
                let id = again.len();
                let mut reads: Vec<_> =
                    problem.nodes[node].reads.iter().map(|&value| latest[value]).collect();
                reads.sort_unstable();
                reads.dedup();
                reads.iter().for_each(|&read| productions[read].again.push(id));
                let first = productions.len();
                for &value in &problem.nodes[node].makes {
                    latest[value] = productions.len();
                    productions.push(production(value, Some(id)));
                }
                again.push(Again { node, asked: slot, reads, makes: (first..productions.len()).collect() });
            }
            for &value in problem.nodes[batch.node].backward.iter().flat_map(|backward| &backward.reads) {
                let read = &mut productions[latest[value]].backward;
                *read = Some((read.map_or(slot, |(first, _)| first), slot));
            }
        }
        Self { productions, again }
    }

    fn asked(&self) -> Vec<usize> {
        self.again.iter().map(|again| again.asked).collect()
    }

    /// The slots that a recompute may have, the others being in theirs.
    fn range(&self, id: usize, slots: &[usize]) -> RangeInclusive<usize> {
        let again = &self.again[id];
        let makers = again.reads.iter().filter_map(|&read| self.productions[read].by);
        let first = makers.map(|maker| slots[maker]).max().unwrap_or(0).max(again.asked);
        let made = || again.makes.iter().map(|&made| &self.productions[made]);
        let recomputes = made().flat_map(|made| &made.again).map(|&reader| slots[reader]);
        let backwards = made().filter_map(|made| made.backward.map(|(first, _)| first));
        first..=recomputes.chain(backwards).min().unwrap_or(first)
    }

    /// Slots after each recompute, last to first, has moved down to its first reader if that is worth what
    /// it costs: what it makes is away for some batches, and what it reads stays for some.
    fn put_off(&self, worth: impl Fn(u128, u128) -> bool) -> Vec<usize> {
        let mut slots = self.asked();
        for id in (0..slots.len()).rev() {
            let (from, to) = (slots[id], *self.range(id, &slots).end());
            let saved: u128 = self.again[id].makes.iter().map(|&made| self.productions[made].weight).sum();
            let stays = self.again[id].reads.iter().map(|&read| {
                let read = &self.productions[read];
                let others = read.again.iter().filter(|&&other| other != id).map(|&other| slots[other]);
                let last = others.chain(read.backward.map(|(_, last)| last)).max().unwrap_or(0).max(from);
                read.weight * to.saturating_sub(last) as u128
            });
            if worth(saved * (to - from) as u128, stays.sum()) {
                slots[id] = to;
            }
        }
        slots
    }

    /// Moves single recomputes to where the peak is lower, or to where they were asked for at the same peak.
    fn vary<T>(&self, best: &mut Best<T>, of: impl Fn(&[usize]) -> (Peak, T)) {
        let mut slots = best.slots.clone();
        let mut left = VARIED / self.again.len();
        let mut moved = true;
        while std::mem::take(&mut moved) {
            for id in (0..slots.len()).rev() {
                for slot in self.range(id, &slots).rev() {
                    let was = slots[id];
                    if slot == was {
                        continue;
                    }
                    if left == 0 {
                        return;
                    }
                    left -= 1;
                    slots[id] = slot;
                    let (Peak { live: peak, .. }, what) = of(&slots);
                    if peak < best.peak || (peak == best.peak && slot < was) {
                        *best = Best { slots: slots.clone(), peak, what };
                        moved = true;
                    } else {
                        slots[id] = was;
                    }
                }
            }
        }
    }

    fn batches(&self, asked: &[Batch], slots: &[usize]) -> Vec<Batch> {
        let empty = |batch: &Batch| Batch { again: BTreeSet::new(), node: batch.node };
        let mut batches: Vec<Batch> = asked.iter().map(empty).collect();
        for (again, &slot) in self.again.iter().zip(slots) {
            batches[slot].again.insert(again.node);
        }
        batches
    }
}

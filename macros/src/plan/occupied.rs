//! Which addresses are taken at which times.
//!
//! A binary tree over the times. Each of its nodes stands for a run of times and holds two sets of
//! addresses: what is taken throughout, and what is taken at any of them. Buffers that touch merge into
//! one interval, so the sets stay short, and both questions cost about the depth of the tree.

use std::ops::Range;

/// Taken addresses over times `0..count`.
pub(crate) struct Occupied {
    count: usize,
    throughout: Vec<Set>,
    anywhere: Vec<Set>,
    found: Vec<Range<u64>>,
}

impl Occupied {
    /// Nothing is taken.
    pub(crate) fn new(count: usize) -> Self {
        let nodes = 2 * count.next_power_of_two();
        let sets = || vec![Set::default(); nodes];
        Self { count, throughout: sets(), anywhere: sets(), found: Vec::new() }
    }

    /// Takes `place` at all of `times`.
    pub(crate) fn take(&mut self, times: &Range<usize>, place: &Range<u64>) {
        self.take_below(1, 0..self.throughout.len() / 2, times, place);
    }

    fn take_below(&mut self, at: usize, run: Range<usize>, times: &Range<usize>, place: &Range<u64>) {
        self.anywhere[at].add(place);
        if times.start <= run.start && run.end <= times.end {
            self.throughout[at].add(place);
            return;
        }
        let middle = run.start.midpoint(run.end);
        if times.start < middle {
            self.take_below(2 * at, run.start..middle, times, place);
        }
        if middle < times.end {
            self.take_below(2 * at + 1, middle..run.end, times, place);
        }
    }

    /// The lowest offset from which `size` addresses are free at all of `times`.
    pub(crate) fn lowest_gap(&mut self, times: &Range<usize>, size: u64) -> u64 {
        self.found.clear();
        self.find(1, 0..self.throughout.len() / 2, times);
        self.found.sort_unstable_by_key(|taken| taken.start);
        let mut offset = 0;
        for taken in &self.found {
            if taken.start >= offset && taken.start - offset >= size {
                break;
            }
            offset = offset.max(taken.end);
        }
        offset
    }

    fn find(&mut self, at: usize, run: Range<usize>, times: &Range<usize>) {
        if times.start <= run.start && run.end.min(self.count) <= times.end {
            self.found.extend_from_slice(&self.anywhere[at].0);
            return;
        }
        self.found.extend_from_slice(&self.throughout[at].0);
        let middle = run.start.midpoint(run.end);
        if times.start < middle {
            self.find(2 * at, run.start..middle, times);
        }
        if middle < times.end {
            self.find(2 * at + 1, middle..run.end, times);
        }
    }
}

/// Addresses, as intervals in order that neither overlap nor touch.
#[derive(Clone, Default)]
struct Set(Vec<Range<u64>>);

impl Set {
    fn add(&mut self, new: &Range<u64>) {
        let from = self.0.partition_point(|old| old.end < new.start);
        let to = from + self.0[from..].partition_point(|old| old.start <= new.end);
        if from == to {
            self.0.insert(from, new.clone());
            return;
        }
        self.0[from].start = self.0[from].start.min(new.start);
        self.0[from].end = self.0[to - 1].end.max(new.end);
        self.0.drain(from + 1..to);
    }
}

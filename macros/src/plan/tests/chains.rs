//! The solver of chains against a search over all schedules, and against known values.

use std::collections::BTreeMap;

use super::random::Rng;
use crate::plan::budget::chain::{Chain, Point, Unit, Way, solve};

/// A chain as the paper has it: stage s maps x(s) to x(s + 1).
struct Plain {
    /// Bytes of x(s), and of all that the backward of stage s - 1 reads, x(s) included.
    x: Vec<u64>,
    saved: Vec<u64>,
    forward: Vec<u64>,
    backward: Vec<u64>,
    /// Bytes that a backward takes on top. A forward takes none here: the recurrence counts what it takes together
    /// with a gradient that is not there yet.
    over: Vec<u64>,
    /// Each stage can also be run so that less of it is saved, x(s + 1) at least; then its backward takes longer, and
    /// has the rest in memory too while it runs.
    thin: Vec<u64>,
    longer: Vec<u64>,
}

impl Plain {
    fn random(seed: u64, stages: usize) -> Self {
        let mut rng = Rng(seed);
        let mut draw = |count: usize, from: u64, below: usize| -> Vec<u64> {
            (0..count).map(|_| from + rng.below(below) as u64).collect()
        };
        let mut x = draw(stages + 1, 1, 4);
        // What enters the chain is held by others, and what leaves it is a loss.
        (x[0], x[stages]) = (0, 0);
        let more = draw(stages + 1, 0, 5);
        let saved: Vec<u64> = x.iter().zip(more).map(|(x, more)| x + more).collect();
        let (forward, backward) = (draw(stages, 1, 6), draw(stages, 1, 6));
        let (over, less, longer) = (draw(stages, 0, 3), draw(stages + 1, 0, 5), draw(stages + 1, 0, 4));
        let thin = (0..=stages).map(|s| saved[s].saturating_sub(less[s]).max(x[s])).collect();
        Self { x, saved, forward, backward, over, thin, longer }
    }

    fn len(&self) -> usize {
        self.forward.len()
    }

    fn chain(&self) -> Chain {
        let way = |s: usize, thin: bool| {
            let (kept, rest) = self.kept(s + 1, thin);
            let time = self.forward[s] + self.backward(s, thin);
            let over = self.x[s + 1] + self.over[s] + rest;
            Way { kept, kept_as_last: kept, over, time, time_as_last: time }
        };
        let ways = |s: usize| vec![way(s, false), way(s, true)];
        let units = (0..self.len()).map(|s| Unit { pass: self.forward[s], over: 0, ways: ways(s) });
        Chain {
            units: units.collect(),
            crossing: (0..self.len()).map(|s| self.x[s + 1..].to_vec()).collect(),
            gradient: self.x[1..].to_vec(),
            fixed: vec![],
        }
    }

    /// What is kept of what is saved with x(s), and the rest of it.
    fn kept(&self, s: usize, thin: bool) -> (u64, u64) {
        let kept = if thin { self.thin[s] } else { self.saved[s] };
        (kept, self.saved[s] - kept)
    }

    fn backward(&self, s: usize, thin: bool) -> u64 {
        self.backward[s] + if thin { self.longer[s + 1] } else { 0 }
    }

    /// The least time of every schedule in `memory`, by a search over what is in memory: the next backward,
    /// the x that are kept, what is saved, and the x that was made last, if it is only passing through.
    ///
    /// Schedules are persistent: what is kept stays until the backward that reads it.
    fn search(&self, memory: u64) -> Option<u64> {
        let stages = self.len();
        let mut done: BTreeMap<State, u64> = BTreeMap::new();
        let mut open = std::collections::BTreeSet::from([(
            0,
            State { next: stages, kept: 1, saved: 0, thin: 0, passing: None },
        )]);
        while let Some((time, state)) = open.pop_first() {
            if state.next == 0 {
                return Some(time);
            }
            if done.contains_key(&state) {
                continue;
            }
            done.insert(state, time);
            for (more, state, needs) in self.steps(state) {
                if needs <= memory && !done.contains_key(&state) {
                    open.insert((time + more, state));
                }
            }
        }
        None
    }

    /// Bytes of what is in memory.
    fn held(&self, state: State) -> u64 {
        let kept = (0..=self.len()).filter(|&s| has(state.kept, s)).map(|s| self.x[s]);
        let saved = (0..=self.len()).filter(|&s| has(state.saved, s));
        let saved = saved.map(|s| self.kept(s, has(state.thin, s)).0);
        kept.chain(saved).sum::<u64>() + state.passing.map_or(0, |s| self.x[s]) + self.x[state.next]
    }

    /// What can be done next: its time, what is in memory then, and the memory that it takes.
    fn steps(&self, state: State) -> Vec<(u64, State, u64)> {
        let mut steps = Vec::new();
        for s in 0..state.next {
            let there = has(state.kept, s) || has(state.saved, s) || state.passing == Some(s);
            if !there || has(state.saved, s + 1) {
                continue;
            }
            // What was passing stays only if it is kept from now on.
            let mut before = vec![State { passing: None, ..state }];
            if state.passing == Some(s) {
                before.push(State { passing: None, kept: state.kept | 1 << s, ..state });
            }
            for before in before {
                let dropped = state.passing == Some(s) && before.kept == state.kept && !has(state.saved, s);
                let input = if dropped { self.x[s] } else { 0 };
                let here = self.held(before) + input;
                let pass = State { passing: Some(s + 1), ..before };
                if s + 1 < state.next {
                    steps.push((self.forward[s], pass, here + self.x[s + 1]));
                }
                // What is saved is read with its input, which must therefore stay.
                for thin in [false, true].into_iter().filter(|_| !dropped) {
                    let saved = before.saved | 1 << (s + 1);
                    let save = State { saved, thin: before.thin | u32::from(thin) << (s + 1), ..before };
                    steps.push((self.forward[s], save, here + self.kept(s + 1, thin).0));
                }
            }
        }
        let s = state.next - 1;
        if has(state.saved, s + 1) && (has(state.kept, s) || has(state.saved, s)) {
            let thin = has(state.thin, s + 1);
            let after = State {
                next: s,
                kept: state.kept & !(1 << s),
                saved: state.saved & !(1 << (s + 1)),
                thin: state.thin & !(1 << (s + 1)),
                passing: None,
            };
            let rest = self.kept(s + 1, thin).1;
            steps.push((self.backward(s, thin), after, self.held(state) + self.over[s] + rest));
        }
        steps
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// One past the next stage whose backward runs.
    next: usize,
    kept: u32,
    saved: u32,
    /// Of what is saved, what is so in the way that takes less.
    thin: u32,
    passing: Option<usize>,
}

fn has(set: u32, index: usize) -> bool {
    set >> index & 1 == 1
}

/// The least time in so much memory.
fn within(points: &[Point], memory: u64) -> Option<u64> {
    points.iter().filter(|point| point.memory <= memory).map(|point| point.time).min()
}

#[test]
fn no_schedule_of_a_short_chain_is_better() {
    for seed in 0..120 {
        let plain = Plain::random(seed, 1 + seed as usize % 6);
        let solved = solve(&plain.chain());
        let most: u64 = plain.saved.iter().chain(&plain.x).sum::<u64>() + 8;
        for memory in 0..=most {
            let (found, best) = (within(&solved.points, memory), plain.search(memory));
            assert_eq!(found, best, "chain {seed} in {memory}");
        }
    }
}

/// Griewank and Walther 2000, "Algorithm 799: revolve": how often stages run forward to reverse `stages` of
/// them with `snaps` values kept at a time, the first among them. The last forward of a stage, which saves
/// what its backward reads, is not counted.
fn revolve(stages: usize, snaps: u64) -> Option<u64> {
    // Two values are always on the way, and saving takes as much. What a backward reads is no snap there.
    let way = Way { kept: 1 << 40, kept_as_last: 2, over: 0, time: 0, time_as_last: 0 };
    let unit = Unit { pass: 1, over: 0, ways: vec![way] };
    let chain = Chain {
        units: vec![unit; stages],
        crossing: (0..stages).map(|s| vec![1; stages - s]).collect(),
        gradient: vec![0; stages],
        fixed: vec![],
    };
    within(&solve(&chain).points, snaps + 2)
}

#[test]
fn equal_stages_run_as_often_as_with_revolve() {
    for (stages, snaps, times) in
        [(10, 3, 15), (12, 2, 28), (12, 3, 21), (24, 4, 51), (48, 6, 108), (100, 5, 316)]
    {
        assert_eq!(revolve(stages, snaps), Some(times), "{stages} stages, {snaps} snaps");
    }
}

#[test]
fn a_schedule_does_what_its_point_says() {
    for seed in 0..60 {
        let plain = Plain::random(seed, 6);
        let solved = solve(&plain.chain());
        for point in &solved.points {
            let schedule = solved.schedule(point);
            let passes = schedule.segments.iter().flat_map(|run| run.clone());
            let forward: u64 = passes.chain(0..plain.len()).map(|s| plain.forward[s]).sum();
            // Of each stage's two ways the second is the thin one.
            let backward: u64 =
                schedule.ways.iter().enumerate().map(|(s, way)| plain.backward(s, *way == 1)).sum();
            assert_eq!(forward + backward, point.time, "chain {seed}");
        }
    }
}

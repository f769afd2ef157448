//! The optimal persistent schedule of a chain (Beaumont, Eyraud-Dubois, Hermann, Joly, Shilova 2019, "Optimal
//! checkpointing for heterogeneous chains: how to train deep neural networks with limited memory", theorem 1).
//!
//! A chain is a row of units. With C(m, s, t) for the least time in which units s to t run forward and
//! backward in m bytes, what enters s being held outside of m:
//!
//! ```text
//! C(m, s, s) = min over ways of  time of s as the last of what is recomputed
//! C(m, s, t) = min of  over ways of s:  time of s + C(m - kept by s, s + 1, t)
//!                      over j in s+1..=t:  pass through s..j + C(m - made in s..j and read later, j, t) + C(m, s, j-1)
//! ```
//!
//! Three things are more general than in the paper. A unit has several ways to be run, which keep more or less
//! of its inside. The last unit of what is recomputed need not make its output again. And what a boundary
//! keeps is what was made since the last one and is read after it, so graphs whose values skip boundaries are
//! counted right.
//!
//! The paper tabulates C for each m; here C(·, s, t) is its list of steps, a [`Point`] where more memory
//! begins to save time, so no size is rounded. Ranges that look alike share a list, and a list keeps
//! one point in each of some geometric intervals of memory: exact for small integers, and elsewhere a plan may
//! take up to a 32nd more than the best one (a 16th for long chains).

use std::collections::BTreeMap;
use std::ops::Range;

/// One way to run a unit whose inside is not dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// Bytes that it keeps from its forward to its backward, of its output too.
    pub(crate) kept: u64,
    /// The same where something around it keeps its output.
    pub(crate) kept_as_last: u64,
    /// Bytes that its backward takes on top of either, the gradient of its output included.
    pub(crate) over: u64,
    /// Time of its forward, and of what it recomputes.
    pub(crate) time: u64,
    /// The same where nobody needs its output: at the end of what is recomputed.
    pub(crate) time_as_last: u64,
}

/// A link of the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Time of a forward that keeps nothing but the output.
    pub(crate) pass: u64,
    /// Bytes that such a forward takes on top of its input and output.
    pub(crate) over: u64,
    /// At least one.
    pub(crate) ways: Vec<Way>,
}

/// What is to be scheduled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    pub(crate) units: Vec<Unit>,
    /// `crossing[s][j - s - 1]`: bytes of what units `s..j` make and later ones read.
    pub(crate) crossing: Vec<Vec<u64>>,
    /// Bytes of the gradients of what crosses the end of each unit.
    pub(crate) gradient: Vec<u64>,
    /// Runs of units that are segments by hand, nested: each begins and ends at a boundary.
    pub(crate) fixed: Vec<Range<usize>>,
}

/// How a chain is run: in so much memory, in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) memory: u64,
    pub(crate) time: u64,
    plan: u32,
}

/// A plan for some units, from the first of them.
#[derive(Clone, Copy, Debug)]
enum Plan {
    /// One unit, run this way.
    Last(u32),
    /// The first unit keeps what this way keeps, then this plan for the others.
    Keep { way: u32, rest: u32 },
    /// So many units are dropped and, after the others, recomputed as `inner` has it.
    Segment { units: u32, inner: u32, rest: u32 },
}

/// What a plan does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Runs of units that are recomputed as one, outer ones first.
    pub(crate) segments: Vec<Range<usize>>,
    /// How each unit is run when its backward comes.
    pub(crate) ways: Vec<usize>,
}

/// The best plans of a chain.
pub(crate) struct Solved {
    plans: Vec<Plan>,
    units: usize,
    /// From the least memory to the least time.
    pub(crate) points: Vec<Point>,
}

impl Solved {
    /// What one of the points does.
    pub(crate) fn schedule(&self, point: &Point) -> Schedule {
        let mut schedule = Schedule { segments: Vec::new(), ways: vec![0; self.units] };
        let mut left = vec![(point.plan, 0)];
        while let Some((plan, first)) = left.pop() {
            match self.plans[plan as usize] {
                Plan::Last(way) => schedule.ways[first] = way as usize,
                Plan::Keep { way, rest } => {
                    schedule.ways[first] = way as usize;
                    left.push((rest, first + 1));
                }
                Plan::Segment { units, inner, rest } => {
                    let end = first + units as usize;
                    schedule.segments.push(first..end);
                    left.push((rest, end));
                    left.push((inner, first));
                }
            }
        }
        schedule
    }
}

/// The best plans of `chain`; none for an empty one.
pub(crate) fn solve(chain: &Chain) -> Solved {
    let count = chain.units.len();
    let mut table = Table::new(chain);
    for len in 1..=count {
        for first in 0..=count - len {
            table.range(first, len);
        }
    }
    let points = table.list(0, count).to_vec();
    Solved { plans: table.plans, units: count, points }
}

struct Table<'a> {
    chain: &'a Chain,
    plans: Vec<Plan>,
    lists: Vec<Vec<Point>>,
    /// Of the range of `len` units from `first`, its list: `of[len - 1][first]`.
    of: Vec<Vec<usize>>,
    /// Ranges by what tells them apart: those without their last and their first unit, and what they make for later.
    alike: BTreeMap<[u64; 5], usize>,
    /// Time of passing through all units before each.
    passed: Vec<u64>,
    buckets: Buckets,
}

impl<'a> Table<'a> {
    fn new(chain: &'a Chain) -> Self {
        let mut passed = vec![0u64];
        for unit in &chain.units {
            passed.push(passed[passed.len() - 1].saturating_add(unit.pass));
        }
        let bits = if chain.units.len() <= 48 { 5 } else { 4 };
        let (plans, lists, of) = Default::default();
        Self { chain, plans, lists, of, alike: BTreeMap::new(), passed, buckets: Buckets::new(bits) }
    }

    fn list(&self, first: usize, len: usize) -> &[Point] {
        self.of.get(len.wrapping_sub(1)).and_then(|of| of.get(first)).map_or(&[], |&list| &self.lists[list])
    }

    /// Finds the list of a range, the shorter ones being there.
    fn range(&mut self, first: usize, len: usize) {
        if len > self.of.len() {
            self.of.push(Vec::new());
        }
        let key = self.key(first, len);
        let known = key.and_then(|key| self.alike.get(&key).copied());
        let list = known.unwrap_or_else(|| {
            self.solve(first, len);
            let list = self.buckets.drain(&mut self.plans);
            self.lists.push(list);
            self.lists.len() - 1
        });
        if let Some(key) = key {
            self.alike.insert(key, list);
        }
        self.of[len - 1].push(list);
    }

    /// What tells a range from others; nothing where marks by hand make each its own.
    fn key(&self, first: usize, len: usize) -> Option<[u64; 5]> {
        let chain = self.chain;
        if !chain.fixed.is_empty() {
            return None;
        }
        let (crossing, gradient) = (chain.crossing[first][len - 1], chain.gradient[first + len - 1]);
        if len == 1 {
            let alike = chain.units.iter().position(|unit| *unit == chain.units[first]);
            return Some([1, alike.unwrap_or(first) as u64, 0, crossing, gradient]);
        }
        let (front, back) = (self.of[len - 2][first], self.of[len - 2][first + 1]);
        Some([len as u64, front as u64, back as u64, crossing, gradient])
    }

    fn solve(&mut self, first: usize, len: usize) {
        let chain = self.chain;
        let floor = self.floor(first, len);
        let unit = &chain.units[first];
        if len == 1 {
            for (index, way) in unit.ways.iter().enumerate() {
                let memory = way.kept_as_last.saturating_add(way.over).max(floor);
                self.buckets.offer(memory, way.time_as_last, Plan::Last(index as u32));
            }
            return;
        }
        let Splits { may_keep, ends } = self.splits(first, len);
        if may_keep {
            for (index, way) in unit.ways.iter().enumerate() {
                let least = way.kept.saturating_add(way.over).max(floor);
                for point in &self.lists[self.of[len - 2][first + 1]] {
                    let memory = point.memory.saturating_add(way.kept).max(least);
                    let plan = Plan::Keep { way: index as u32, rest: point.plan };
                    self.buckets.offer(memory, way.time.saturating_add(point.time), plan);
                }
            }
        }
        for units in ends {
            let boundary = chain.crossing[first][units - 1];
            let pass = self.passed[first + units] - self.passed[first];
            let rest = &self.lists[self.of[len - units - 1][first + units]];
            let inner = &self.lists[self.of[units - 1][first]];
            let (mut i, mut k) = (0, 0);
            if rest.is_empty() || inner.is_empty() {
                continue;
            }
            // Every memory at which one of the two gets faster.
            loop {
                let memory = rest[i].memory.saturating_add(boundary).max(inner[k].memory).max(floor);
                while i + 1 < rest.len() && rest[i + 1].memory.saturating_add(boundary) <= memory {
                    i += 1;
                }
                while k + 1 < inner.len() && inner[k + 1].memory <= memory {
                    k += 1;
                }
                let time = pass.saturating_add(rest[i].time).saturating_add(inner[k].time);
                let (inner_plan, rest_plan) = (inner[k].plan, rest[i].plan);
                let plan = Plan::Segment { units: units as u32, inner: inner_plan, rest: rest_plan };
                self.buckets.offer(memory, time, plan);
                let next_rest = rest.get(i + 1).map(|next| next.memory.saturating_add(boundary));
                let next_inner = inner.get(k + 1).map(|next| next.memory);
                match (next_rest, next_inner) {
                    (Some(a), Some(b)) if a <= b => i += 1,
                    (_, Some(_)) => k += 1,
                    (Some(_), None) => i += 1,
                    (None, None) => break,
                }
            }
        }
    }

    /// The memory that a forward to its last unit takes, whatever is kept.
    fn floor(&self, first: usize, len: usize) -> u64 {
        let chain = self.chain;
        let made = |from: usize, end: usize| {
            if end > from { chain.crossing[from][end - from - 1] } else { 0 }
        };
        let step = |at: usize| {
            let held = made(first, at).saturating_add(made(at, at + 1));
            held.saturating_add(chain.units[at].over)
        };
        let forward = (first..first + len - 1).map(step).max().unwrap_or(0);
        forward.saturating_add(chain.gradient[first + len - 1])
    }

    fn splits(&self, first: usize, len: usize) -> Splits {
        let end = first + len;
        // What ends the range is recomputed with it, so a segment that does is none.
        let inside = |run: &&Range<usize>| run.start >= first && run.end < end;
        let begins = self.chain.fixed.iter().filter(inside).filter(|run| run.start == first);
        if let Some(units) = begins.map(ExactSizeIterator::len).max() {
            return Splits { may_keep: false, ends: units..units + 1 };
        }
        let next =
            self.chain.fixed.iter().filter(|run| run.start > first && run.start < end && run.end <= end);
        let most = next.map(|run| run.start - first).min().unwrap_or(len - 1);
        Splits { may_keep: true, ends: 1..most + 1 }
    }
}

/// How a range may begin.
struct Splits {
    may_keep: bool,
    /// Lengths of a segment.
    ends: Range<usize>,
}

/// The best offer in each interval of memory.
struct Buckets {
    /// Intervals in each doubling, as a power of two.
    bits: u32,
    best: Vec<Option<(u64, u64, Plan)>>,
}

impl Buckets {
    fn new(bits: u32) -> Self {
        Self { bits, best: Vec::new() }
    }

    fn offer(&mut self, memory: u64, time: u64, plan: Plan) {
        let shift = (u64::BITS - memory.leading_zeros()).saturating_sub(self.bits + 1);
        let index = ((shift as usize) << self.bits) + (memory >> shift) as usize;
        if index >= self.best.len() {
            self.best.resize(index + 1, None);
        }
        if self.best[index].is_none_or(|(least, best, _)| (time, memory) < (best, least)) {
            self.best[index] = Some((memory, time, plan));
        }
    }

    /// The offers of which each is faster than all that take less; none is left.
    fn drain(&mut self, plans: &mut Vec<Plan>) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for (memory, time, plan) in self.best.iter_mut().filter_map(Option::take) {
            if points.last().is_none_or(|last| time < last.time) {
                points.push(Point { memory, time, plan: plans.len() as u32 });
                plans.push(plan);
            }
        }
        points
    }
}

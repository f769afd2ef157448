//! Offsets for buffers of known size and lifetime, so that little more is used than must be.
//!
//! One pass over time finds a perfect placement for nearly every network: see [`sweep`]. If it does not,
//! greedy: one buffer after another goes to the lowest gap that is free for its whole life. What that
//! gives depends on the order, so several are tried until one is perfect, and the best is kept. If none
//! is, the best is varied: what stood highest goes first.

use std::cmp::Reverse;
use std::ops::Range;

use super::occupied::Occupied;
use super::sweep::sweep;

/// What is to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buffer {
    /// The first time at which it is live.
    pub(crate) first: usize,
    /// The last time at which it is live; not before `first`.
    pub(crate) last: usize,
    /// How much it takes.
    pub(crate) size: u64,
}

/// Where everything stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Of each buffer.
    pub(crate) offsets: Vec<u64>,
    /// The end of the highest buffer.
    pub(crate) peak: u64,
    /// The largest sum of sizes live at one time: no placement has a lower peak.
    pub(crate) live: u64,
}

/// How many buffers are placed in all to vary an order: small problems, which are the ones that gain
/// by it, are varied often, and large ones cost no more than one attempt more.
const VARIED: usize = 4096;

/// As many buffers are searched for a placement sooner than time is swept.
const FEW: usize = 8;

/// Places `buffers`. The sum of their sizes must not overflow.
pub(crate) fn pack(buffers: &[Buffer]) -> Packed {
    if buffers.len() > FEW
        && let Some(packed) = sweep(buffers)
    {
        return packed;
    }
    let attempt = Attempt::new(buffers);
    let mut best = Packed { offsets: vec![0; buffers.len()], peak: u64::MAX, live: attempt.live() };
    let mut best_order = Vec::new();
    for rank in ORDERS {
        let mut order: Vec<usize> = (0..buffers.len()).collect();
        order.sort_by_cached_key(|&index| (rank(&attempt.traits(index)), index));
        let (offsets, peak) = attempt.place(&order);
        if peak < best.peak {
            (best.offsets, best.peak, best_order) = (offsets, peak, order);
        }
        if best.peak == best.live {
            return best;
        }
    }
    attempt.vary(best_order, &mut best);
    best
}

/// What an order may go by.
struct Traits {
    size: u64,
    first: usize,
    last: usize,
    duration: usize,
    /// The most that is live at any time of its life.
    crowd: u64,
}

type Rank = fn(&Traits) -> (Reverse<u64>, Reverse<u64>);

/// Orders, those first that are perfect most often. Buffers that live through the peak and are freed in
/// reverse order of birth, as a backward frees them, stack up without a gap if the longest goes first.
const ORDERS: [Rank; 7] = [
    |b| (Reverse(b.crowd), Reverse(b.duration as u64)),
    |b| (Reverse(b.duration as u64), Reverse(b.size)),
    |b| (Reverse(b.size), Reverse(b.duration as u64)),
    |b| (Reverse(b.crowd), Reverse(b.size)),
    |b| (Reverse(b.size.saturating_mul(b.duration as u64)), Reverse(b.size)),
    |b| (Reverse(u64::MAX - b.first as u64), Reverse(b.duration as u64)),
    |b| (Reverse(b.last as u64), Reverse(b.duration as u64)),
];

/// Buffers over the times at which any begins: two that share a time share one of these.
struct Attempt<'a> {
    buffers: &'a [Buffer],
    lives: Vec<Range<usize>>,
    /// At `[k][t]`, the most that is live at times `t..t + 2^k`.
    crowds: Vec<Vec<u64>>,
}

impl<'a> Attempt<'a> {
    fn new(buffers: &'a [Buffer]) -> Self {
        let mut begins: Vec<usize> = buffers.iter().map(|b| b.first).collect();
        begins.sort_unstable();
        begins.dedup();
        let index = |time: usize| begins.partition_point(|&begin| begin < time);
        let lives: Vec<_> = buffers.iter().map(|b| index(b.first)..index(b.last + 1)).collect();

        let mut change = vec![(0, 0); begins.len() + 1];
        for (buffer, life) in buffers.iter().zip(&lives) {
            change[life.start].0 += buffer.size;
            change[life.end].1 += buffer.size;
        }
        let mut live = 0;
        let sums = change.iter().take(begins.len()).map(|(born, gone)| {
            live = live + born - gone;
            live
        });
        let mut crowds = vec![sums.collect::<Vec<u64>>()];
        for k in 0..begins.len().checked_ilog2().unwrap_or(0) as usize {
            let (half, below) = (1 << k, &crowds[k]);
            crowds.push((half..below.len()).map(|t| below[t - half].max(below[t])).collect());
        }
        Self { buffers, lives, crowds }
    }

    fn live(&self) -> u64 {
        self.crowds[0].iter().copied().max().unwrap_or(0)
    }

    fn traits(&self, index: usize) -> Traits {
        let (Buffer { first, last, size }, life) = (self.buffers[index], &self.lives[index]);
        let k = life.len().ilog2();
        let crowds = &self.crowds[k as usize];
        let crowd = crowds[life.start].max(crowds[life.end - (1 << k)]);
        Traits { size, first, last, duration: life.len(), crowd }
    }

    /// Offsets and peak if the buffers are placed in this order.
    fn place(&self, order: &[usize]) -> (Vec<u64>, u64) {
        let mut occupied = Occupied::new(self.crowds[0].len());
        let mut offsets = vec![0; order.len()];
        let mut peak = 0;
        for &index in order.iter().filter(|&&index| self.buffers[index].size > 0) {
            let (size, life) = (self.buffers[index].size, &self.lives[index]);
            let offset = occupied.lowest_gap(life, size);
            occupied.take(life, &(offset..offset + size));
            offsets[index] = offset;
            peak = peak.max(offset + size);
        }
        (offsets, peak)
    }

    /// Moves the highest buffer, or one that it stands on, forward in the order, again and again, and
    /// keeps what is no worse.
    fn vary(&self, mut order: Vec<usize>, best: &mut Packed) {
        let mut random = 1_u64;
        let mut below = |end: usize| {
            // Knuth's MMIX generator: any that is the same every time will do.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % end
        };
        for _ in 0..VARIED / order.len().max(1) {
            let ends = |&position: &usize| best.offsets[order[position]] + self.buffers[order[position]].size;
            let Some(highest) = (0..order.len()).max_by_key(ends) else { return };
            let mut varied = order.clone();
            let from = if below(2) == 0 { highest } else { below(order.len()) };
            let to = below(from + 1);
            varied[to..=from].rotate_right(1);
            let (offsets, peak) = self.place(&varied);
            if peak <= best.peak {
                (best.offsets, best.peak, order) = (offsets, peak, varied);
            }
            if best.peak == best.live {
                return;
            }
        }
    }
}

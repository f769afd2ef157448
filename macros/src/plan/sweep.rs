//! Offsets in one pass over time, for what a perfect placement is easy.
//!
//! What is live at the peak fills all addresses below it, so it must pile up from the bottom without a
//! gap; whatever is gone by then or comes later must keep out of its way, so it hangs from the top. Taken
//! in order of birth, each buffer goes to the gap that is nearest to its end. A backward frees what forward
//! kept last to first, so this leaves no holes for nearly every network; where it does, the search of
//! [`pack`](super::pack) takes over.
//!
//! This is written with plain loops: users compile the macro without optimisation, and a deep model has
//! tens of thousands of buffers.

use super::fullest::fullest;
use super::pack::{Buffer, Packed};

/// A placement that takes no more than what is live at the peak; none if this does not find any.
pub(crate) fn sweep(buffers: &[Buffer]) -> Option<Packed> {
    let (live, peak) = fullest(buffers.iter().map(|b| (b.first, b.last, b.size)));
    let births = Buckets::new(buffers, |buffer| buffer.first);
    let deaths = Buckets::new(buffers, |buffer| buffer.last + 1);
    let mut offsets = vec![0; buffers.len()];
    let mut gaps = Gaps(vec![Gap { start: 0, end: live }]);
    for time in 0..births.times() {
        for &index in deaths.at(time) {
            gaps.give_back(offsets[index], buffers[index].size);
        }
        for &index in births.at(time) {
            let Buffer { first, last, size } = buffers[index];
            offsets[index] = if first <= peak && peak <= last {
                gaps.take_lowest(size)?
            } else {
                gaps.take_highest(size)?
            };
        }
    }
    Some(Packed { offsets, peak: live, live })
}

/// The buffers of positive size by a time.
struct Buckets {
    /// At each time, how many stand at earlier times.
    starts: Vec<usize>,
    order: Vec<usize>,
}

impl Buckets {
    fn new(buffers: &[Buffer], time: impl Fn(&Buffer) -> usize) -> Self {
        let mut starts: Vec<usize> = Vec::new();
        for buffer in buffers {
            let time = time(buffer);
            if buffer.size > 0 {
                if starts.len() < time + 2 {
                    starts.resize(time + 2, 0);
                }
                starts[time + 1] += 1;
            }
        }
        for time in 1..starts.len() {
            starts[time] += starts[time - 1];
        }
        let mut next = starts.clone();
        let mut order = vec![0; starts.last().copied().unwrap_or(0)];
        for (index, buffer) in buffers.iter().enumerate() {
            if buffer.size > 0 {
                let next = &mut next[time(buffer)];
                order[*next] = index;
                *next += 1;
            }
        }
        Self { starts, order }
    }

    /// One past the last time.
    fn times(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    fn at(&self, time: usize) -> &[usize] {
        if time < self.times() { &self.order[self.starts[time]..self.starts[time + 1]] } else { &[] }
    }
}

/// Free addresses.
#[derive(Clone, Copy)]
struct Gap {
    start: u64,
    end: u64,
}

/// Every gap, in order; none is empty and no two touch.
struct Gaps(Vec<Gap>);

impl Gaps {
    /// Takes the bottom of the lowest gap that has room.
    fn take_lowest(&mut self, size: u64) -> Option<u64> {
        let mut at = 0;
        while at < self.0.len() {
            let Gap { start, end } = self.0[at];
            if end - start >= size {
                self.0[at].start += size;
                self.drop_empty(at);
                return Some(start);
            }
            at += 1;
        }
        None
    }

    /// Takes the top of the highest gap that has room.
    fn take_highest(&mut self, size: u64) -> Option<u64> {
        let mut at = self.0.len();
        while at > 0 {
            at -= 1;
            let Gap { start, end } = self.0[at];
            if end - start >= size {
                self.0[at].end -= size;
                self.drop_empty(at);
                return Some(end - size);
            }
        }
        None
    }

    fn drop_empty(&mut self, at: usize) {
        if self.0[at].start == self.0[at].end {
            self.0.remove(at);
        }
    }

    fn give_back(&mut self, start: u64, size: u64) {
        let end = start + size;
        let mut at = 0;
        while at < self.0.len() && self.0[at].end < start {
            at += 1;
        }
        let touches_below = at < self.0.len() && self.0[at].end == start;
        let above = at + usize::from(touches_below);
        let touches_above = above < self.0.len() && self.0[above].start == end;
        match (touches_below, touches_above) {
            (false, false) => self.0.insert(at, Gap { start, end }),
            (true, false) => self.0[at].end = end,
            (false, true) => self.0[at].start = start,
            (true, true) => {
                self.0[at].end = self.0[above].end;
                self.0.remove(above);
            }
        }
    }
}

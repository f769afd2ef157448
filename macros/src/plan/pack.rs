use super::occupied::Occupied;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buffer {
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) size: u64,
}
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Packed {
    pub(crate) offsets: Vec<u64>,
    pub(crate) peak: u64,
    pub(crate) live: u64,
}

pub(crate) struct Times {
    pub(crate) count: usize,
    pub(crate) lives: Vec<Range<usize>>,
}
impl Times {
    pub(crate) fn new(buffers: &[Buffer]) -> Self {
        let mut starts: Vec<usize> = buffers.iter().map(|b| b.first).collect();
        starts.sort_unstable();
        starts.dedup();
        let lives = buffers
            .iter()
            .map(|b| starts.partition_point(|&s| s < b.first)..starts.partition_point(|&s| s <= b.last))
            .collect();
        Self { count: starts.len(), lives }
    }
    pub(crate) fn live(&self, buffers: &[Buffer]) -> Vec<u64> {
        let mut change = vec![(0u64, 0u64); self.count + 1];
        for (b, l) in buffers.iter().zip(&self.lives) {
            change[l.start].0 += b.size;
            change[l.end].1 += b.size;
        }
        let mut sum = 0;
        change
            .iter()
            .take(self.count)
            .map(|(up, down)| {
                sum = sum + up - down;
                sum
            })
            .collect()
    }
    pub(crate) fn place(&self, buffers: &[Buffer], order: &[usize]) -> (Vec<u64>, u64) {
        let mut occ = Occupied::new(self.count);
        let mut offsets = vec![0; buffers.len()];
        let mut peak = 0;
        for &i in order {
            if buffers[i].size == 0 {
                continue;
            }
            let o = occ.lowest_gap(&self.lives[i], buffers[i].size);
            let p = o..o + buffers[i].size;
            peak = peak.max(p.end);
            occ.take(&self.lives[i], &p);
            offsets[i] = o;
        }
        (offsets, peak)
    }
}

pub(crate) fn pack(buffers: &[Buffer]) -> Packed {
    let times = Times::new(buffers);
    let at = times.live(buffers);
    let live = at.iter().copied().max().unwrap_or(0);
    let n = buffers.len();
    let mut best = Packed { offsets: vec![0; n], peak: u64::MAX, live };
    let dur = |i: usize| times.lives[i].len() as u64;
    let maxlive = |i: usize| times.lives[i].clone().map(|t| at[t]).max().unwrap_or(0);
    let ml: Vec<u64> = if n < 5000 { (0..n).map(maxlive).collect() } else { vec![0; n] };
    let keys: Vec<(&str, Box<dyn Fn(usize) -> (u64, u64)>)> = vec![
        ("duration", Box::new(|i| (u64::MAX - dur(i), u64::MAX - buffers[i].size))),
        ("size", Box::new(|i| (u64::MAX - buffers[i].size, u64::MAX - dur(i)))),
        ("area", Box::new(|i| (u64::MAX - buffers[i].size * dur(i), 0))),
        ("start", Box::new(|i| (buffers[i].first as u64, u64::MAX - dur(i)))),
        ("end", Box::new(|i| (u64::MAX - buffers[i].last as u64, u64::MAX - dur(i)))),
        ("maxlive", Box::new(|i| (u64::MAX - ml[i], u64::MAX - buffers[i].size))),
        ("maxlive-dur", Box::new(|i| (u64::MAX - ml[i], u64::MAX - dur(i)))),
    ];
    for (name, key) in &keys {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_cached_key(|&i| (key(i), i));
        let t = std::time::Instant::now();
        let (offsets, peak) = times.place(buffers, &order);
        if n > 30 {
            println!("   {name}: {:.4} {:?}", peak as f64 / live as f64, t.elapsed());
        }
        if peak < best.peak {
            best = Packed { offsets, peak, live };
        }
    }
    best
}

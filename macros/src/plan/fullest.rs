//! When the most is live.

/// The largest sum of sizes live at one time, and the first such time; of each buffer the first and the last
/// time of its life, and its size.
pub(crate) fn fullest(lives: impl Iterator<Item = (usize, usize, u64)>) -> (u64, usize) {
    let (mut born, mut gone) = (vec![], vec![]);
    for (first, last, size) in lives {
        if born.len() < last + 2 {
            born.resize(last + 2, 0);
            gone.resize(last + 2, 0);
        }
        born[first] += size;
        gone[last + 1] += size;
    }
    let (mut live, mut most, mut at) = (0, 0, 0);
    for time in 0..born.len() {
        live = live + born[time] - gone[time];
        if live > most {
            (most, at) = (live, time);
        }
    }
    (most, at)
}

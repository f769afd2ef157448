//! A layout that is another, which a replay accepted, with its regions stretched for other widths.
//!
//! Its steps and lifetimes are those of the other, so only places are left to check, and these need no
//! replay: buffers that are apart stay apart if every offset grows by one factor and no size by more.

use super::memory::check_size;
use super::{Check, ensure};
use crate::plan::layout::{Layout, Placed, Region, Used, Widths};

/// Checks `layout` against `base`.
pub(super) fn check(base: &Layout, layout: &Layout, widths: Widths) -> Check {
    let Some(factors) = layout.stretched else { return Err("it does not say by how much".to_owned()) };
    alike(base, layout)?;
    for (own, placed) in layout.buffers.iter().zip(&base.buffers) {
        check_size(own, placed.size, widths)?;
    }
    let mut front = 0;
    for own in &layout.buffers[..layout.params] {
        ensure!(own.offset == front, "{:?} does not stand at the front", own.what);
        front += own.lines;
    }
    ensure!(layout.param_lines == front, "the front ends at {front}, and {} is said", layout.param_lines);
    let [per_sample, fixed, host] = factors;
    region(base, layout, Region::PerSample, (0, 0), per_sample, layout.per_sample)?;
    region(base, layout, Region::Fixed, (base.param_lines, front), fixed, layout.fixed)?;
    region(base, layout, Region::Host, (0, 0), host, layout.host)
}

/// Checks that `layout` has the buffers of `base`, in its order, at its steps.
pub(super) fn alike(base: &Layout, layout: &Layout) -> Check {
    ensure!(layout.touches == base.touches, "it is of other steps");
    let buffers = |layout: &Layout| (layout.buffers.len(), layout.params);
    ensure!(buffers(layout) == buffers(base), "it has other buffers");
    for (own, placed) in layout.buffers.iter().zip(&base.buffers) {
        let same = Placed { offset: placed.offset, lines: placed.lines, ..*own } == *placed;
        ensure!(same, "{:?} is not as it was", placed.what);
    }
    Ok(())
}

/// Checks the buffers of one region, which begins behind the front.
fn region(
    base: &Layout,
    layout: &Layout,
    region: Region,
    (was_front, front): (u64, u64),
    factor: u64,
    said: Used,
) -> Check {
    let mut used = Used { peak: front, live: front };
    let (mut born, mut gone) = (vec![0; layout.touches.steps() + 1], vec![0; layout.touches.steps() + 1]);
    for index in layout.params..layout.buffers.len() {
        let (own, placed) = (&layout.buffers[index], &base.buffers[index]);
        if own.region == region {
            let stretched = (placed.offset - was_front).checked_mul(factor);
            let offset = stretched.and_then(|offset| offset.checked_add(front));
            ensure!(offset == Some(own.offset), "{:?} is not where it was, stretched", own.what);
            let room = placed.lines.saturating_mul(factor);
            ensure!(own.lines <= room, "{:?} has room for {room} lines and takes {}", own.what, own.lines);
            used.peak = used.peak.max(own.offset + own.lines);
            born[own.first] += own.lines;
            gone[own.last + 1] += own.lines;
        }
    }
    let mut live = front;
    for at in 0..born.len() {
        live = live + born[at] - gone[at];
        used.live = used.live.max(live);
    }
    ensure!(used == said, "{region:?}: {used:?} is used, and {said:?} is said");
    Ok(())
}

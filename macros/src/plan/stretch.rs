//! A layout for other widths, made of one that is there.
//!
//! The steps of a program are the same on every device, and nearly all sizes grow together: for f64 each
//! region of the layout for f32 is stretched by 2. What does not grow so much (ids, the rounding up to
//! lines) leaves gaps; where these are worth mentioning, there is no such layout. Nor is one made for widths in another
//! proportion, such as activations of two bytes beside scalars of four: half of what is there would not grow at all.

use super::fullest::fullest;
use super::layout::{Layout, Region, Used, Widths};

/// Of how many lines one may be a gap.
const WASTE: u64 = 128;

/// `base` for other widths; nothing if that would waste memory, or overflow.
pub(crate) fn stretch(base: &Layout, widths: Widths) -> Option<Layout> {
    let mut layout = base.clone();
    let mut factors = [1; Region::ALL.len()];
    layout.param_lines = 0;
    for (index, placed) in layout.buffers.iter_mut().enumerate() {
        let was = placed.lines;
        placed.lines = widths.lines(placed.size)?;
        if index < base.params {
            placed.offset = layout.param_lines;
            layout.param_lines = layout.param_lines.checked_add(placed.lines)?;
        } else if was == 0 && placed.lines > 0 {
            return None;
        } else if was > 0 {
            let factor = &mut factors[placed.region as usize];
            *factor = (*factor).max(placed.lines.div_ceil(was));
        }
    }
    for (own, factor) in Region::ALL.into_iter().zip(factors) {
        let fronts = if own == Region::Fixed { (base.param_lines, layout.param_lines) } else { (0, 0) };
        *layout.used(own) = region(&mut layout, own, fronts, factor)?;
    }
    layout.stretched = Some(factors);
    Some(layout)
}

/// Moves the buffers of one region, from behind one front to behind another.
fn region(layout: &mut Layout, region: Region, (was_front, front): (u64, u64), factor: u64) -> Option<Used> {
    let mut peak = front;
    for placed in &mut layout.buffers[layout.params..] {
        if placed.region == region {
            placed.offset = (placed.offset - was_front).checked_mul(factor)?.checked_add(front)?;
            peak = peak.max(placed.offset.checked_add(placed.lines)?);
        }
    }
    let own = layout.buffers[layout.params..].iter().filter(|placed| placed.region == region);
    let live = front + fullest(own.map(|placed| (placed.first, placed.last, placed.lines))).0;
    (peak - live <= live / WASTE).then_some(Used { peak, live })
}

//! When each segment runs.

use std::cmp::Reverse;
use std::fmt::{self, Write};

use super::{Escaped, LEFT, rows, x};
use crate::plan::Plan;
use crate::plan::table::layers;

/// Height of a level.
const LEVEL: f64 = 22.0;
/// Levels that are shown; deeper segments are drawn on the last.
const LEVELS: usize = 6;

/// The segments, each below the one that holds it.
pub(super) struct Map {
    segments: Vec<Segment>,
}

struct Segment {
    level: usize,
    name: &'static str,
    words: String,
    forward: (f64, f64),
    /// From its last recompute to the end of its backward.
    backward: (f64, f64),
}

impl Map {
    /// Of a picture with so many columns.
    pub(super) fn new(plan: &Plan, columns: usize) -> Self {
        let mut known: Vec<_> = plan.segments().zip(rows::<4>(plan.timeline.segments)).collect();
        known.sort_by_key(|(_, [from, to, ..])| (*from, Reverse(*to)));
        let mut ends: Vec<u32> = Vec::new();
        let mut segments = Vec::new();
        for (segment, [from, to, back, end]) in known {
            while ends.last().is_some_and(|end| *end < to) {
                ends.pop();
            }
            let level = ends.len().min(LEVELS - 1);
            ends.push(to);
            let what = match (segment.last, segment.recomputed) {
                (true, _) => String::from("not recomputed by itself"),
                (false, count) => format!("{} again", layers(count)),
            };
            let x = |column: u32| x(column as usize, columns);
            segments.push(Segment {
                level,
                name: segment.name,
                words: format!("{}: {what}", segment.name),
                forward: (x(from), x(to)),
                backward: (x(back), x(end)),
            });
        }
        Self { segments }
    }

    pub(super) fn height(&self) -> f64 {
        let depth = self.segments.iter().map(|segment| segment.level + 1).max();
        depth.map_or(0.0, |depth| depth as f64 * LEVEL + 28.0)
    }

    pub(super) fn write(&self, out: &mut String, top: f64) -> fmt::Result {
        for segment in &self.segments {
            let y = top + segment.level as f64 * LEVEL;
            segment.bar(out, "bar", y, segment.forward)?;
            segment.bar(out, "redo", y, segment.backward)?;
        }
        if self.segments.is_empty() {
            return Ok(());
        }
        let y = top + self.height() - 14.0;
        let words = "segments: forward, and from recompute to the end of backward";
        writeln!(out, r#"<text class="faint" x="{LEFT}" y="{y}">{words}</text>"#)
    }
}

impl Segment {
    fn bar(&self, out: &mut String, class: &str, y: f64, (from, to): (f64, f64)) -> fmt::Result {
        let (width, height) = ((to - from).max(1.0), LEVEL - 4.0);
        writeln!(
            out,
            r#"<rect class="{class}" x="{from:.1}" y="{y}" width="{width:.1}" height="{height}" rx="2"><title>{}</title></rect>"#,
            Escaped(&self.words)
        )?;
        // About seven units of width for a letter.
        if width > 7.0 * self.name.chars().count() as f64 + 8.0 {
            let (x, y) = (from + 4.0, y + 13.0);
            writeln!(out, r#"<text class="name" x="{x:.1}" y="{y}">{}</text>"#, Escaped(self.name))?;
        }
        Ok(())
    }
}

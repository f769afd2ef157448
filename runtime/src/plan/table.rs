//! A plan as a table and as a line.

use std::fmt;

use super::{Bytes, Kept, Plan, Segment};
use crate::ops::store::Format;

impl Plan {
    /// One line: peak at a batch of 32, what store-all needs, what is saved and what it costs.
    pub fn summary(&self) -> String {
        self.summary_at(super::BATCH)
    }

    pub(super) fn summary_at(&self, batch: usize) -> String {
        let own = Size(self.peak_bytes(batch));
        let told = if self.is_store_all {
            format!("{own} at batch {batch}, everything kept that backward reads")
        } else {
            format!(
                "{own} at batch {batch} instead of {}, {:.0} % saved for {:.1} % more operations",
                Size(self.store_all_peak_bytes(batch)),
                100.0 * self.savings_at(batch),
                100.0 * self.compute_overhead()
            )
        };
        // A line of the table has 100 columns: the name has what is left of them.
        let left = 100usize.saturating_sub(told.chars().count() + 2);
        format!("{}: {told}", Short(self.name, left.clamp(5, 20)))
    }

    /// The plan as a table, summed up for this batch; `Display` is that for 32.
    pub fn table(&self, batch: usize) -> impl fmt::Display {
        let plan = *self;
        fmt::from_fn(move |f| plan.write(f, batch))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, batch: usize) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, name: &str, bytes: Bytes| {
            writeln!(f, "  {name:<34} {:>14} {:>14}", Size(bytes.per_sample), Size(bytes.fixed))
        };
        writeln!(f, "{}", self.summary_at(batch))?;
        writeln!(f, "  {:<34} {:>14} {:>14}", "workspace at the peak", "per sample", "fixed")?;
        row(f, "inputs and targets", self.peak.inputs)?;
        row(f, "activations", self.peak.activations)?;
        row(f, "recomputed activations", self.peak.recomputed)?;
        row(f, "gradients of activations", self.peak.gradients)?;
        row(f, "scratch", self.peak.scratch)?;
        row(f, "gaps", self.peak.gaps)?;
        row(f, "gradients of parameters", Bytes { per_sample: 0, fixed: self.gradient_bytes })?;
        if self.host != Bytes::NONE {
            row(f, "beside it: memory of the host", self.host)?;
        }
        row(f, "beside it: parameters", Bytes { per_sample: 0, fixed: self.parameter_bytes })?;
        writeln!(f, "  {:<34} {:>14} {:>14}", "kept for backward", "per sample", "fixed")?;
        for (kind, count, bytes) in kinds(self.kept()) {
            row(f, &format!("{kind} ({count})"), bytes)?;
        }
        let mut segments = self.segments().peekable();
        while let Some(first) = segments.next() {
            let (mut last, mut count) = (first, 1);
            while let Some(next) = segments.next_if(|next| first.is_like(next)) {
                (last, count) = (next, count + 1);
            }
            let name = if count == 1 {
                String::from(first.name)
            } else {
                format!("{} to {}", first.name, last.name)
            };
            let what = match (first.last, first.recomputed) {
                (true, 0) => String::from("not recomputed: its backward comes next"),
                (true, n) => format!("{} again inside another segment", layers(n)),
                (false, n) if count > 1 => format!("{} again in each of {count}", layers(n)),
                (false, n) => format!("{} again", layers(n)),
            };
            writeln!(f, "  segment {:<44} {what}", Short(&name, 44))?;
        }
        if self.recompute_marks > 0 {
            writeln!(f, "  {:<52} {} again", "recomputed on their own", layers(self.recompute_marks))?;
        }
        self.notes.iter().try_for_each(|note| write_note(f, note))
    }
}

impl Segment {
    /// Whether another differs in the numbers of its name alone.
    fn is_like(&self, other: &Self) -> bool {
        let words =
            |name: &'static str| name.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty());
        (self.recomputed, self.last) == (other.recomputed, other.last)
            && !self.name.contains('…')
            && words(self.name).eq(words(other.name))
    }
}

/// What is kept, by reason, format and place, in order of the first of each: how many values, and what they take.
fn kinds(kept: impl Iterator<Item = Kept>) -> Vec<(String, usize, Bytes)> {
    let mut kinds: Vec<(String, usize, Bytes)> = Vec::new();
    for Kept { reason, format, host, bytes, .. } in kept {
        let format = match format {
            Some(Format::Bf16) => ", as bf16",
            Some(Format::F16) => ", as f16",
            None => "",
        };
        let kind = format!("{reason}{format}{}", if host { ", on the host" } else { "" });
        let at = kinds.iter().position(|(known, ..)| *known == kind).unwrap_or(kinds.len());
        if at == kinds.len() {
            kinds.push((kind, 0, Bytes::NONE));
        }
        let (_, count, sum) = &mut kinds[at];
        *count += 1;
        sum.per_sample += bytes.per_sample;
        sum.fixed += bytes.fixed;
    }
    kinds
}

/// A note, broken between words where it is longer than a line.
fn write_note(f: &mut fmt::Formatter<'_>, note: &str) -> fmt::Result {
    let mut line = String::from("  note:");
    for word in note.split(' ') {
        if line.chars().count() + word.chars().count() >= 100 {
            writeln!(f, "{line}")?;
            line = String::from("       ");
        }
        line.push(' ');
        line.push_str(word);
    }
    writeln!(f, "{line}")
}

/// At most so many letters of a name, the middle left out.
struct Short<'a>(&'a str, usize);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name, most) = *self;
        let count = name.chars().count();
        if count <= most {
            return f.pad(name);
        }
        let half = (most - 1) / 2;
        let (front, back) = (name.chars().take(half), name.chars().skip(count - half));
        f.pad(&front.chain(['…']).chain(back).collect::<String>())
    }
}

/// "1 layer runs", "2 layers run"
pub(super) fn layers(count: usize) -> String {
    if count == 1 { String::from("1 layer runs") } else { format!("{count} layers run") }
}

/// Bytes for people.
pub(crate) struct Size(pub(crate) usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        f.pad(&match self.0 {
            0..1024 => format!("{bytes} B"),
            1024..1_048_576 => format!("{:.1} KiB", bytes / 1024.0),
            1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes / 1_048_576.0),
            1_073_741_824..1_099_511_627_776 => format!("{:.2} GiB", bytes / 1_073_741_824.0),
            _ => format!("{:.2} TiB", bytes / 1_099_511_627_776.0),
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, super::BATCH)
    }
}

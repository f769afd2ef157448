//! A plan as a picture.

mod map;

use std::fmt::{self, Write};

use map::Map;

use super::Plan;
use super::table::Size;
use crate::tables::Numbers;

/// What the areas of the picture are, from the bottom up: the class and the name of each.
const KINDS: [(&str, &str); 7] = [
    ("fixed", "gradients of parameters, and what is fixed"),
    ("inputs", "inputs and targets"),
    ("kept", "kept until backward"),
    ("passing", "passing"),
    ("again", "recomputed"),
    ("grads", "gradients of activations"),
    ("scratch", "scratch"),
];
/// Numbers of a column: its kinds but for the first, and what runs.
const COLUMN: usize = 7;
const RUNS: [&str; 3] = ["forward", "recompute", "backward"];

/// Where the picture's parts are.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 944.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 344.0;
/// Height of the strip of what runs.
const STRIP: f64 = 10.0;

/// Colours that tell the kinds apart on white and on black, for people who see few colours too (after Okabe and Ito).
const STYLE: &str = "\
.remat-plan{--ink:#1b1f24;--faint:#6b7280;--paper:#fff;--grid:#e5e7eb;--all:#d1d5db;--fixed:#9ca3af;--inputs:#0072b2;\
--kept:#56b4e9;--passing:#b7e0f7;--again:#e69f00;--grads:#009e73;--scratch:#cc79a7;--bar:#8fb8de;font-family:system-ui,sans-serif;font-size:12px}\
@media(prefers-color-scheme:dark){.remat-plan{--ink:#e6edf3;--faint:#9aa4af;--paper:#0d1117;--grid:#272e36;--all:#30363d;\
--fixed:#6b7280;--inputs:#3b8fc4;--kept:#56b4e9;--passing:#275d7d;--again:#e69f00;--grads:#17a77f;--scratch:#cc79a7;--bar:#2f5d86}}\
.remat-plan text{fill:var(--ink)}.remat-plan .faint{fill:var(--faint)}.remat-plan .paper{fill:var(--paper)}\
.remat-plan .grid{stroke:var(--grid)}.remat-plan .all{fill:var(--all)}.remat-plan .fixed{fill:var(--fixed)}\
.remat-plan .inputs{fill:var(--inputs)}.remat-plan .kept,.remat-plan .forward{fill:var(--kept)}.remat-plan .passing{fill:var(--passing)}\
.remat-plan .again,.remat-plan .recompute{fill:var(--again)}.remat-plan .grads,.remat-plan .backward{fill:var(--grads)}\
.remat-plan .scratch{fill:var(--scratch)}.remat-plan .peak{stroke:var(--ink);fill:none}.remat-plan .bar{fill:var(--bar);stroke:var(--paper)}\
.remat-plan .redo{fill:var(--again);stroke:var(--paper);fill-opacity:.8}.remat-plan .name{fill:#10151a;font-size:11px}";

/// The picture of `plan` for `batch`.
pub(super) fn picture(plan: &Plan, batch: usize) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = Picture::new(plan, batch).write(&mut out);
    out
}

struct Picture<'a> {
    plan: &'a Plan,
    batch: usize,
    /// Bytes of each column, by kind from the bottom up, and what runs.
    columns: Vec<([f64; KINDS.len()], usize)>,
    store_all: Vec<f64>,
    /// Bytes at the top.
    most: f64,
}

impl<'a> Picture<'a> {
    fn new(plan: &'a Plan, batch: usize) -> Self {
        let time = &plan.timeline;
        let bytes = |lines: u32| f64::from(lines) * time.line as f64 * batch as f64;
        let fixed = (plan.train.bytes.fixed + plan.gradient_bytes) as f64;
        let columns: Vec<_> = rows::<COLUMN>(time.columns)
            .map(|row| {
                let mut kinds = [fixed; KINDS.len()];
                kinds[1..].iter_mut().zip(row).for_each(|(kind, lines)| *kind = bytes(lines));
                (kinds, row[COLUMN - 1] as usize)
            })
            .collect();
        let store_all: Vec<f64> = rows::<1>(time.store_all).map(|[lines]| fixed + bytes(lines)).collect();
        let own = columns.iter().map(|(kinds, _)| kinds.iter().sum());
        let most = own.chain(store_all.iter().copied()).fold(1.0, f64::max);
        Self { plan, batch, columns, store_all, most }
    }

    fn y(&self, bytes: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * bytes / (self.most * 1.04)
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let (plan, batch) = (self.plan, self.batch);
        let map = Map::new(plan, self.columns.len());
        let top = BOTTOM + 2.0 * STRIP + 22.0;
        let legend = top + map.height() + 12.0;
        let height = legend + 48.0;
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="remat-plan" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{}">"#,
            Escaped(&plan.summary_at(batch))
        )?;
        writeln!(out, r#"<style>{STYLE}</style><rect class="paper" width="{WIDTH}" height="{height}"/>"#)?;
        writeln!(
            out,
            r#"<text x="{LEFT}" y="24" font-size="15" font-weight="600">{}</text>"#,
            Escaped(&plan.summary_at(batch))
        )?;
        self.axis(out)?;
        let outline = self.store_all.iter().map(|bytes| (0.0, *bytes)).collect::<Vec<_>>();
        self.area(out, "all", &outline)?;
        let mut base = vec![0.0; self.columns.len()];
        for (kind, (class, _)) in KINDS.iter().enumerate() {
            let edges: Vec<(f64, f64)> = base
                .iter()
                .zip(&self.columns)
                .map(|(base, (kinds, _))| (*base, base + kinds[kind]))
                .collect();
            self.area(out, class, &edges)?;
            base = edges.into_iter().map(|(_, top)| top).collect();
        }
        self.peak(out)?;
        self.strip(out)?;
        map.write(out, top)?;
        legend_of(out, legend)?;
        writeln!(out, "</svg>")
    }

    fn axis(&self, out: &mut String) -> fmt::Result {
        // A power of two of bytes: three to six lines.
        let mut step = 64.0;
        while self.most / step > 6.0 {
            step *= 2.0;
        }
        let mut bytes = 0.0;
        while bytes <= self.most {
            let y = self.y(bytes);
            writeln!(out, r#"<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1}" y2="{y:.1}"/>"#)?;
            let (x, y) = (LEFT - 8.0, y + 4.0);
            writeln!(
                out,
                r#"<text class="faint" x="{x}" y="{y:.1}" text-anchor="end">{}</text>"#,
                Size(bytes as usize)
            )?;
            bytes += step;
        }
        Ok(())
    }

    /// An area between two edges, of which each column is a step.
    fn area(&self, out: &mut String, class: &str, edges: &[(f64, f64)]) -> fmt::Result {
        if edges.iter().all(|(low, high)| high <= low) {
            return Ok(());
        }
        write!(out, r#"<path class="{class}" d="M{LEFT} {:.1}"#, self.y(edges[0].1))?;
        let x = |column: usize| x(column, edges.len());
        for (column, (_, high)) in edges.iter().enumerate() {
            write!(out, "V{:.1}H{:.1}", self.y(*high), x(column + 1))?;
        }
        for (column, (low, _)) in edges.iter().enumerate().rev() {
            write!(out, "V{:.1}H{:.1}", self.y(*low), x(column))?;
        }
        writeln!(out, r#"Z"/>"#)
    }

    fn peak(&self, out: &mut String) -> fmt::Result {
        let time = &self.plan.timeline;
        let Some((kinds, _)) = self.columns.get(time.peak) else { return Ok(()) };
        let x = x(2 * time.peak + 1, 2 * self.columns.len());
        let y = self.y(kinds.iter().sum());
        writeln!(out, r#"<circle class="peak" cx="{x:.1}" cy="{y:.1}" r="4"/>"#)?;
        let (anchor, beside) = if x > WIDTH / 2.0 { ("end", x - 10.0) } else { ("start", x + 10.0) };
        let words = format!("peak: {}", time.at);
        let y = (y - 8.0).max(TOP - 10.0);
        writeln!(out, r#"<text x="{beside:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#, Escaped(&words))
    }

    /// What runs, as a strip.
    fn strip(&self, out: &mut String) -> fmt::Result {
        let y = BOTTOM + 6.0;
        let mut first = 0;
        for column in 1..=self.columns.len() {
            let runs = self.columns[first].1;
            if self.columns.get(column).is_none_or(|(_, other)| *other != runs) {
                let (from, to) = (x(first, self.columns.len()), x(column, self.columns.len()));
                let class = RUNS.get(runs).copied().unwrap_or_default();
                writeln!(
                    out,
                    r#"<rect class="{class}" x="{from:.1}" y="{y}" width="{:.1}" height="{STRIP}"/>"#,
                    to - from
                )?;
                first = column;
            }
        }
        let y = y + STRIP + 12.0;
        writeln!(out, r#"<text class="faint" x="{LEFT}" y="{y}">steps: forward, recompute, backward</text>"#)
    }
}

/// Rows of numbers.
fn rows<const N: usize>(mut numbers: Numbers) -> impl Iterator<Item = [u32; N]> {
    std::iter::from_fn(move || {
        let (row, rest) = numbers.take::<N>()?;
        numbers = rest;
        Some(row)
    })
}

fn x(column: usize, columns: usize) -> f64 {
    LEFT + (RIGHT - LEFT) * column as f64 / columns.max(1) as f64
}

fn legend_of(out: &mut String, y: f64) -> fmt::Result {
    let (mut x, mut y) = (LEFT, y);
    for (class, name) in KINDS.iter().chain([&("all", "a step that keeps everything")]) {
        let width = 26.0 + 6.6 * name.len() as f64;
        if x + width > RIGHT {
            (x, y) = (LEFT, y + 20.0);
        }
        let (box_y, text_x) = (y - 10.0, x + 16.0);
        writeln!(out, r#"<rect class="{class}" x="{x:.1}" y="{box_y:.1}" width="11" height="11"/>"#)?;
        writeln!(out, r#"<text x="{text_x:.1}" y="{y:.1}">{name}</text>"#)?;
        x += width;
    }
    Ok(())
}

/// Text as XML has it.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '&' => f.write_str("&amp;"),
            '"' => f.write_str("&quot;"),
            other => f.write_char(other),
        })
    }
}

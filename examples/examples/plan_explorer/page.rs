//! The page: a curve of all plans, and a picture of the one under the pointer.

use std::fmt::Write;

use remat::Plan;

/// Who places boundaries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    Hand,
    Planner,
}

/// A plan of the network.
pub(crate) struct Entry {
    pub(crate) maker: Maker,
    pub(crate) label: &'static str,
    pub(crate) plan: Plan,
}

/// Where the curve is.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 936.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 290.0;

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1b1f24;--faint:#6b7280;--paper:#fff;--grid:#e5e7eb;--planner:#0072b2;--hand:#d55e00}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--faint:#9aa4af;--paper:#0d1117;--grid:#272e36;--planner:#56b4e9;--hand:#e69f00}}
body{background:var(--paper);color:var(--ink);font:14px/1.4 system-ui,sans-serif;max-width:980px;margin:16px auto;padding:0 8px}
h1{font-size:20px;margin:8px 0}p{margin:6px 0;color:var(--faint)}svg{width:100%;height:auto;display:block}
.curve text{fill:var(--faint);font-size:12px}.curve .grid{stroke:var(--grid)}
.curve path{fill:none;stroke:var(--planner);stroke-width:1.5;stroke-dasharray:3 3}
.curve circle{cursor:pointer;stroke:var(--paper);stroke-width:1.5}.curve .planner{fill:var(--planner)}.curve .hand{fill:var(--hand)}
.curve [aria-current] circle{stroke:var(--ink);stroke-width:2.5}.curve a:focus{outline:none}.curve a:focus circle{stroke:var(--ink)}
.curve .name{fill:var(--ink)}.curve a .name{visibility:hidden}.curve a:hover .name,.curve a:focus .name,.curve [aria-current] .name{visibility:visible}
figure{margin:12px 0}figure[hidden]{display:none}";

const SCRIPT: &str = "
const points=[...document.querySelectorAll('.curve a')],plans=[...document.querySelectorAll('figure')];
const show=n=>{plans.forEach((p,i)=>p.hidden=i!==n);points.forEach((p,i)=>i===n?p.setAttribute('aria-current','true'):p.removeAttribute('aria-current'))};
points.forEach((p,i)=>['pointerenter','focus','click'].forEach(e=>p.addEventListener(e,x=>{x.preventDefault();show(i)})));show(0);";

/// The page of `plans` for this batch.
pub(crate) fn page(title: &str, plans: &[Entry], batch: usize) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body>\n<h1>{title}, batch {batch}</h1>\n\
         <p>Each point is a plan: the peak of a training step over the time that recompute adds. Point at one, or go through them \
         with Tab. Blue: the planner's. Orange: marks by hand. On the dashed line no plan takes less memory in as little time; \
         plans that round what they keep give another answer, and are not on it.</p>\n"
    );
    curve(&mut out, plans, batch);
    for Entry { label, plan, .. } in plans {
        // Writing to a string cannot fail.
        let _ =
            writeln!(out, "<figure hidden><figcaption>{label}</figcaption>\n{}</figure>", plan.to_svg(batch));
    }
    let _ = writeln!(out, "<script>{SCRIPT}</script>\n</body></html>");
    out
}

/// The Pareto front, from the fastest: the plans of which no other takes less memory in as little time. Those that round
/// give another answer, and are none of them.
fn front(plans: &[Entry], peak: impl Fn(&Entry) -> f64, added: impl Fn(&Entry) -> f64) -> Vec<&Entry> {
    let exact = |entry: &&Entry| entry.plan.kept().all(|kept| kept.format.is_none());
    let mut sorted: Vec<&Entry> = plans.iter().filter(exact).collect();
    sorted.sort_by(|a, b| added(a).total_cmp(&added(b)).then(peak(a).total_cmp(&peak(b))));
    let mut least = f64::INFINITY;
    sorted.retain(|entry| {
        let less = peak(entry) < least;
        least = least.min(peak(entry));
        less
    });
    sorted
}

fn curve(out: &mut String, plans: &[Entry], batch: usize) {
    let peak = |entry: &Entry| entry.plan.peak_bytes(batch) as f64 / f64::from(1 << 20);
    let added = |entry: &Entry| 100.0 * entry.plan.time_overhead();
    let most = plans.iter().map(peak).fold(1.0, f64::max) * 1.05;
    let longest = plans.iter().map(added).fold(1.0, f64::max) * 1.05;
    let x = |entry: &Entry| LEFT + (RIGHT - LEFT) * added(entry) / longest;
    let y = |entry: &Entry| BOTTOM - (BOTTOM - TOP) * peak(entry) / most;
    let _ = writeln!(
        out,
        "<svg class=\"curve\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"peak over added time\">"
    );
    for i in 0..=5 {
        let part = f64::from(i) / 5.0;
        let (gx, gy) = (LEFT + (RIGHT - LEFT) * part, BOTTOM - (BOTTOM - TOP) * part);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{gy:.1}\" y2=\"{gy:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} MiB</text>\
             <text x=\"{gx:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0} %</text>",
            LEFT - 8.0,
            gy + 4.0,
            most * part,
            BOTTOM + 18.0,
            longest * part
        );
    }
    let (middle, low) = ((LEFT + RIGHT) / 2.0, BOTTOM + 38.0);
    let _ = writeln!(
        out,
        "<text x=\"{middle}\" y=\"{low}\" text-anchor=\"middle\">time that the plan adds to a step, as the planner expects</text>"
    );
    // Between two plans of the front there is none: for more time it takes as much, up to the next.
    let line = front(plans, peak, added).iter().enumerate().fold(String::new(), |mut line, (i, entry)| {
        let (x, y) = (x(entry), y(entry));
        let _ = if i == 0 { write!(line, "M{x:.1} {y:.1}") } else { write!(line, "H{x:.1}V{y:.1}") };
        line
    });
    let _ = writeln!(out, "<path d=\"{line}\"/>");
    for entry in plans {
        let (class, x, y) = (if entry.maker == Maker::Hand { "hand" } else { "planner" }, x(entry), y(entry));
        let (anchor, beside) = if x > WIDTH / 2.0 { ("end", x - 10.0) } else { ("start", x + 10.0) };
        let _ = writeln!(
            out,
            "<a href=\"#\" aria-label=\"{label}\"><circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\"/>\
             <text class=\"name\" x=\"{beside:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{label}: {:.0} MiB, {:.1} % more time</text></a>",
            y - 8.0,
            peak(entry),
            added(entry),
            label = entry.label,
        );
    }
    out.push_str("</svg>\n");
}

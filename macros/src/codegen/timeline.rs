//! What lives over a step, as the runtime's pictures read it.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::plan::int;
use super::tables::Numbers;
use crate::graph::lower::Lowered;
use crate::plan::layout::{Layout, Placed, Region, What};
use crate::plan::program::{Kind, Step};
use crate::planned::{Planned, Plans, WIDTHS};

/// The most columns of a picture; each is the fullest of some steps.
const COLUMNS: usize = 480;
/// Inputs, kept activations, passing ones, recomputed ones, gradients, scratch.
const KINDS: usize = 6;

/// The constants with the timelines of training: of f32, and of each layout whose sizes do not grow with those.
pub(super) fn emit(plans: &Plans) -> Result<TokenStream, String> {
    let own = (0..WIDTHS.len()).filter(|&width| base(width) == width);
    own.map(|width| of_width(plans, width)).collect()
}

/// The timeline of a layout.
pub(super) fn of(width: usize) -> TokenStream {
    let (base, name) = (base(width), name(width));
    if base == width {
        return quote!(#name);
    }
    // Nearly all that is there grows as elements do; ids, which do not, are too few to be seen.
    let factor = int(WIDTHS[width].elem / WIDTHS[base].elem);
    quote!(#name.times(#factor))
}

/// The layout whose timeline, or a multiple of it, is that of this one.
fn base(width: usize) -> usize {
    if WIDTHS[width].in_proportion(WIDTHS[0]) { 0 } else { width }
}

/// The name of the constant that says it.
fn name(width: usize) -> Ident {
    format_ident!("__REMAT_TIMELINE_{}", base(width))
}

fn of_width(plans: &Plans, width: usize) -> Result<TokenStream, String> {
    let (planned, layout) = (&plans.train, &plans.train.layouts[width]);
    let kinds = kinds(planned, layout);
    let mut table = Numbers::default();
    let mut peak = (0, 0, 0);
    for (index, Column { at, lines }) in columns(layout, |index| kinds[index]).into_iter().enumerate() {
        let most = lines.iter().sum::<u64>();
        if most > peak.0 {
            peak = (most, index, at);
        }
        for lines in lines {
            table.push_wide(lines)?;
        }
        table.push(planned.program.run_at(at).map_or(0, |run| run.kind as u32));
    }
    let mut store_all = Numbers::default();
    for column in columns(plans.store_all.as_ref().map_or(layout, |layouts| &layouts[width]), |_| 0) {
        store_all.push_wide(column.lines[0])?;
    }
    let (table, store_all) = (table.tokens(), store_all.tokens());
    let segments = segments(&plans.training, planned)?;
    let at = planned.program.run_at(peak.2).map_or_else(String::new, |run| {
        let made = plans.training.problem.nodes[run.node].makes.first();
        format!("{} of {}", run.kind.word(), made.map_or("", |&value| &plans.training.labels[value]))
    });
    let (peak, line, name) = (peak.1, WIDTHS[width].line as usize, name(width));
    Ok(quote! {
        const #name: __remat::Timeline = __remat::Timeline {
            line: #line, columns: #table, store_all: #store_all, segments: #segments, peak: #peak, at: #at
        };
    })
}

/// What each buffer is.
fn kinds(planned: &Planned, layout: &Layout) -> Vec<usize> {
    let steps = &planned.program.steps;
    let is = |step: &Step, kind: Kind| matches!(step, Step::Run(run) if run.kind == kind);
    let turn = planned.program.turn().unwrap_or(steps.len());
    // What a step of backward writes a gradient over lives until that.
    let mut until: Vec<usize> = layout.buffers.iter().map(|placed| placed.last).collect();
    for placed in &layout.buffers {
        if let Some(over) = placed.over {
            until[over] = placed.first;
        }
    }
    let kind = |(placed, until): (&Placed, usize)| match placed.what {
        What::Value(value) if planned.program.inputs.contains(&value) => 0,
        What::Value(_) if steps.get(placed.first).is_some_and(|step| is(step, Kind::Recompute)) => 3,
        What::Value(_) => 1 + usize::from(until < turn),
        What::Grad(_) | What::Param(_) => 4,
        // On the host, which is not in the picture.
        What::Host(_) => 1,
        What::Scratch(..) => 5,
    };
    layout.buffers.iter().zip(until).map(kind).collect()
}

/// When each segment runs forward, and from its last recompute to the end of its backward, in columns.
fn segments(lowered: &Lowered, planned: &Planned) -> Result<TokenStream, String> {
    let steps = &planned.program.steps;
    let (count, columns) = (steps.len().max(1), steps.len().clamp(1, COLUMNS));
    // The first and last step of each node's forward and backward.
    let mut times = vec![[(usize::MAX, 0); 2]; lowered.problem.nodes.len()];
    for (at, step) in steps.iter().enumerate() {
        let Step::Run(run) = step else { continue };
        for node in run.nodes().filter(|_| run.kind != Kind::Recompute) {
            let time = &mut times[node][usize::from(run.kind == Kind::Backward)];
            *time = (time.0.min(at), time.1.max(at));
        }
    }
    let mut table = Numbers::default();
    for segment in &lowered.problem.segments {
        for part in 0..2 {
            let nodes = times[segment.nodes.clone()].iter().map(|times| times[part]);
            let (first, last) = nodes.fold((usize::MAX, 0), |(a, b), (c, d)| (a.min(c), b.max(d)));
            let mut first = first.min(last);
            // What is recomputed right before.
            let its_own = |step: &Step| match step {
                Step::Run(run) => run.kind == Kind::Recompute && segment.nodes.contains(&run.node),
                Step::Free(_) | Step::FreeGrad(_) | Step::Copy(..) | Step::Copied(..) => true,
            };
            while part == 1 && first > 0 && its_own(&steps[first - 1]) {
                first -= 1;
            }
            table.push_wide((first * columns / count) as u64)?;
            table.push_wide(((last + 1) * columns).div_ceil(count) as u64)?;
        }
    }
    Ok(table.tokens())
}

/// The fullest step of a column, and what is live there, by kind, in lines for each sample.
struct Column {
    at: usize,
    lines: [u64; KINDS],
}

/// Every column of a layout. This is written with plain loops: it runs in every check of a user's crate.
fn columns(layout: &Layout, kind: impl Fn(usize) -> usize) -> Vec<Column> {
    let steps = layout.touches.steps().max(1);
    // At each step, the buffers that are born, then those that die after it.
    let mut starts = vec![[0usize; 2]; steps + 2];
    let buffers = &layout.buffers;
    for placed in buffers {
        starts[placed.first + 1][0] += 1;
        starts[placed.last + 1][1] += 1;
    }
    for step in 1..starts.len() {
        starts[step][0] += starts[step - 1][0];
        starts[step][1] += starts[step - 1][1];
    }
    let (mut next, mut order) = (starts.clone(), vec![[0usize; 2]; buffers.len()]);
    for (index, placed) in buffers.iter().enumerate() {
        order[next[placed.first][0]][0] = index;
        next[placed.first][0] += 1;
        order[next[placed.last][1]][1] = index;
        next[placed.last][1] += 1;
    }
    let count = steps.min(COLUMNS);
    let mut columns: Vec<Column> = Vec::with_capacity(count);
    let (mut live, mut total, mut most) = ([0; KINDS], 0, 0);
    for step in 0..steps {
        for born in &order[starts[step][0]..starts[step + 1][0]] {
            let placed = &buffers[born[0]];
            if placed.region == Region::PerSample {
                live[kind(born[0])] += placed.lines;
                total += placed.lines;
            }
        }
        if step * count / steps == columns.len() {
            columns.push(Column { at: step, lines: live });
            most = total;
        } else if let Some(column) = columns.last_mut().filter(|_| total > most) {
            *column = Column { at: step, lines: live };
            most = total;
        }
        for dead in &order[starts[step][1]..starts[step + 1][1]] {
            let placed = &buffers[dead[1]];
            if placed.region == Region::PerSample {
                live[kind(dead[1])] -= placed.lines;
                total -= placed.lines;
            }
        }
    }
    columns
}

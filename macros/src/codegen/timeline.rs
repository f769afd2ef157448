//! What lives over a step, as the runtime's pictures read it.

use proc_macro2::TokenStream;
use quote::quote;

use super::tables::Numbers;
use crate::graph::lower::Lowered;
use crate::plan::layout::{Layout, Region, What};
use crate::plan::program::{Kind, Program, Step};
use crate::planned::{Planned, Plans, WIDTHS};

/// The most columns of a picture; each is the fullest of some steps.
const COLUMNS: usize = 480;
/// Inputs, kept activations, passing ones, recomputed ones, gradients, scratch.
const KINDS: usize = 6;

/// The timeline of training in one width.
pub(super) fn timeline(plans: &Plans, width: usize) -> Result<TokenStream, String> {
    let (planned, layout) = (&plans.train, &plans.train.layouts[width]);
    let kinds = kinds(planned, layout);
    let mut columns = Numbers::default();
    let lives = Lives::new(layout, |index| kinds[index]);
    let mut peak = (0, 0, 0);
    for (column, at) in lives.fullest().into_iter().enumerate() {
        let lines = lives.at(at);
        let most = lines.iter().sum::<u64>();
        if most > peak.0 {
            peak = (most, column, at);
        }
        lines.iter().try_for_each(|&lines| columns.push_wide(lines))?;
        columns.push(run_at(&planned.program, at).map_or(0, |(kind, _)| kind as u32));
    }
    let mut store_all = Numbers::default();
    let all = plans.store_all.as_ref().map_or(layout, |layouts| &layouts[width]);
    let lives = Lives::new(all, |_| 0);
    for at in lives.fullest() {
        store_all.push_wide(lives.at(at).iter().sum())?;
    }
    let (columns, store_all) = (columns.tokens(), store_all.tokens());
    let segments = segments(&plans.training, planned)?;
    let at = run_at(&planned.program, peak.2).map_or_else(String::new, |(kind, node)| {
        let kind = match kind {
            Kind::Forward => "forward",
            Kind::Recompute => "recompute",
            Kind::Backward => "backward",
        };
        let made = plans.training.problem.nodes[node].makes.first();
        format!("{kind} of {}", made.map_or("", |&value| &plans.training.labels[value]))
    });
    let (peak, line) = (peak.1, WIDTHS[width].line as usize);
    Ok(quote! {
        __remat::Timeline { line: #line, columns: #columns, store_all: #store_all, segments: #segments, peak: #peak, at: #at }
    })
}

/// The call at a step or, if something is freed there, before it.
fn run_at(program: &Program, at: usize) -> Option<(Kind, usize)> {
    program.steps[..=at.min(program.steps.len().checked_sub(1)?)].iter().rev().find_map(|step| match step {
        Step::Run(run) => Some((run.kind, run.node)),
        Step::Free(_) | Step::FreeGrad(_) => None,
    })
}

/// What each buffer is.
fn kinds(planned: &Planned, layout: &Layout) -> Vec<usize> {
    let steps = &planned.program.steps;
    let is = |step: &Step, kind: Kind| matches!(step, Step::Run(run) if run.kind == kind);
    let turn = steps.iter().position(|step| !is(step, Kind::Forward) && matches!(step, Step::Run(_)));
    let turn = turn.unwrap_or(steps.len());
    let kind = |placed: &crate::plan::layout::Placed| match placed.what {
        What::Value(value) if planned.program.inputs.contains(&value) => 0,
        What::Value(_) if steps.get(placed.first).is_some_and(|step| is(step, Kind::Recompute)) => 3,
        What::Value(_) => 1 + usize::from(placed.last < turn),
        What::Grad(_) | What::Param(_) => 4,
        What::Scratch(_) => 5,
    };
    layout.buffers.iter().map(kind).collect()
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
                Step::Free(_) | Step::FreeGrad(_) => true,
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

/// What is live over the steps, in lines for each sample.
struct Lives {
    /// At each step, by kind.
    lines: Vec<[u64; KINDS]>,
}

impl Lives {
    fn new(layout: &Layout, kind: impl Fn(usize) -> usize) -> Self {
        let steps = layout.touches.steps().max(1);
        let mut change = vec![[(0u64, 0u64); KINDS]; steps + 1];
        for (index, placed) in layout.buffers.iter().enumerate() {
            if placed.region == Region::PerSample {
                change[placed.first][kind(index)].0 += placed.lines;
                change[placed.last + 1][kind(index)].1 += placed.lines;
            }
        }
        let mut live = [0; KINDS];
        let mut lines = Vec::with_capacity(steps);
        for change in change.iter().take(steps) {
            for kind in 0..KINDS {
                live[kind] = live[kind] + change[kind].0 - change[kind].1;
            }
            lines.push(live);
        }
        Self { lines }
    }

    fn at(&self, step: usize) -> [u64; KINDS] {
        self.lines[step]
    }

    /// Of each column, the step at which most is live.
    fn fullest(&self) -> Vec<usize> {
        let steps = self.lines.len();
        let columns = steps.min(COLUMNS);
        let sum = |at: &usize| (self.lines[*at].iter().sum::<u64>(), std::cmp::Reverse(*at));
        let most = |column: usize| {
            let (first, end) = (column * steps / columns, (column + 1) * steps / columns);
            (first..end.max(first + 1)).max_by_key(sum).unwrap_or(first)
        };
        (0..columns).map(most).collect()
    }
}

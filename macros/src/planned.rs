//! Every program of a model: lowered, scheduled, laid out.
//!
//! AFTER plan: each program has its steps and, for each layout, the place of every buffer.
//! AFTER verify: an independent replay has found them to compute what the graph says.

use crate::beside::beside;
use crate::defect::{Defect, Failure};
use crate::fit::{Beside, fit};
use crate::graph::Graph;
use crate::graph::lower::{Lowered, Mode, lower, lower_unmarked};
use crate::graph::marks::model::{Asked, Budget};
use crate::plan::budget::{Offer, offers};
use crate::plan::layout::{Layout, Widths, layout};
use crate::plan::problem::{Problem, Size};
use crate::plan::program::Program;
use crate::plan::schedule;
use crate::plan::stretch::stretch;
use crate::plan::verify::{self, Violation};
use crate::profile;

/// Activations and parameters of f32, in lines of a cache line.
const F32: Widths = Widths { line: 64, elem: 4, scalar: 4 };
/// Of f64.
const F64: Widths = Widths { line: 64, elem: 8, scalar: 8 };
/// Activations of bf16 beside parameters of f32.
const BF16: Widths = Widths { line: 64, elem: 2, scalar: 4 };

/// The layouts that are planned. Only a GPU has that of bf16, and who has none does not pay for it.
pub(crate) const WIDTHS: &[Widths] = if cfg!(feature = "cuda") { &[F32, F64, BF16] } else { &[F32, F64] };

/// Whether parameters are rounded in any of them: then programs have room for that.
pub(crate) const ROUNDS: bool = cfg!(feature = "cuda") && BF16.rounds();

/// A program with a layout for each of [`WIDTHS`].
pub(crate) struct Planned {
    pub(crate) program: Program,
    pub(crate) layouts: Vec<Layout>,
}

/// Every program of a model.
pub(crate) struct Plans {
    pub(crate) training: Lowered,
    pub(crate) evaluation: Lowered,
    pub(crate) train: Planned,
    pub(crate) evaluate: Planned,
    pub(crate) forward: Planned,
    /// What `forward` makes.
    wanted: Vec<usize>,
    /// Layouts of the training program without marks, if there are marks. A figure to compare with: this
    /// program is not emitted.
    pub(crate) store_all: Option<Vec<Layout>>,
    /// See [`profile::key`].
    pub(crate) profile_key: u64,
}

/// Plans every program of the model of this name.
pub(crate) fn plan(graph: &Graph, name: &str) -> Result<Plans, Defect> {
    let mut training = lower(graph, Mode::Train);
    let profile_key = profile::key(graph, &training);
    if let Some(given) = graph.asked.as_ref().and_then(|asked| asked.profile.as_ref()) {
        profile::apply(graph, given, name, &mut training)?;
    }
    let evaluation = lower(graph, Mode::Evaluate);
    let mut wanted: Vec<usize> =
        graph.outputs.iter().map(|output| evaluation.output(graph, output.value)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let problem = &evaluation.problem;
    let forward = |wanted: &[usize]| place(problem, schedule::forward(problem, wanted));
    let asked = graph.asked.as_ref();
    let budget = asked.and_then(Asked::budget);
    let is_planned = budget.is_some();
    let unmarked = lower_unmarked(graph).map(|lowered| lowered.problem);
    let (training_problem, bounds) = (&training.problem, asked.map(Asked::bounds).unwrap_or_default());
    let (train, (evaluate, forward, store_all)) = beside(
        || match budget {
            Some(budget) => Train::Offers(budget, offers(training_problem, bounds, WIDTHS[budget.width])),
            None => {
                let planned = place(training_problem, schedule::train(training_problem));
                Train::Planned(planned.map(Box::new))
            }
        },
        || {
            let plain = unmarked.as_ref().unwrap_or(training_problem);
            let store_all = store_all(plain, is_planned || unmarked.is_some());
            (forward(&[problem.loss]), forward(&wanted), store_all)
        },
    )?;
    let evaluate = evaluate.map_err(|failure| failure.of(graph, &evaluation))?;
    let forward = forward.map_err(|failure| failure.of(graph, &evaluation))?;
    let mut store_all = store_all.map_err(|failure| failure.of(graph, &training))?;
    let train = match train {
        Train::Planned(train) => *train.map_err(|failure| failure.of(graph, &training))?,
        Train::Offers(budget, offers) => {
            let beside =
                Beside { evaluate: &evaluate.layouts, store_all: store_all.as_deref().unwrap_or_default() };
            fit(graph, &mut training, &offers?, budget, &beside)?
        }
    };
    if !is_marked(&training.problem) && unmarked.is_none() {
        store_all = None;
    }
    Ok(Plans { training, evaluation, train, evaluate, forward, wanted, store_all, profile_key })
}

/// The training program, or what is on offer for it.
enum Train {
    Planned(Result<Box<Planned>, Failure>),
    Offers(Budget, Result<Vec<Offer>, String>),
}

/// Lays out a program.
pub(crate) fn place(problem: &Problem, program: Program) -> Result<Planned, Failure> {
    let layouts = layouts(problem, &program)?;
    for (layout, widths) in layouts.iter().zip(WIDTHS) {
        if layout.buffers.iter().any(|b| u32::try_from(b.offset.saturating_add(b.lines)).is_err()) {
            return Err(Failure::too_large(layout, *widths));
        }
    }
    Ok(Planned { program, layouts })
}

/// Whether anything is recomputed by itself or in a segment.
pub(crate) fn is_marked(problem: &Problem) -> bool {
    !problem.segments.is_empty() || problem.nodes.iter().any(|node| node.recompute)
}

/// Layouts of the training program as it would be without marks, if there are or `may_be` marks.
fn store_all(problem: &Problem, may_be: bool) -> Result<Option<Vec<Layout>>, Failure> {
    if !may_be && !is_marked(problem) {
        return Ok(None);
    }
    Ok(Some(layouts(problem, &schedule::store_all(problem))?))
}

/// For each of [`WIDTHS`], the first layout stretched, where sizes grow together, or one of its own. All have the same
/// buffers in the same order, which a walk over the steps gives, whatever the widths.
fn layouts(problem: &Problem, program: &Program) -> Result<Vec<Layout>, Failure> {
    let mut layouts: Vec<Layout> = vec![];
    for &widths in WIDTHS {
        let base = layouts.first().filter(|_| widths.in_proportion(WIDTHS[0]));
        let stretched = base.and_then(|base| stretch(base, widths));
        let placed = stretched.map_or_else(|| layout(problem, program, widths), Ok);
        layouts.push(placed.map_err(Failure::Uncountable)?);
    }
    Ok(layouts)
}

/// Checks every program that is emitted; says of which problem the one is that does not hold.
pub(crate) fn verify(plans: &Plans) -> Result<(), (&Lowered, Failure)> {
    let (training, evaluation) = (&plans.training.problem, &plans.evaluation.problem);
    let check = |planned: &Planned, replay: &dyn Fn(&Layout, Widths) -> Result<(), Violation>| {
        planned.layouts.iter().zip(WIDTHS).try_for_each(|(layout, &widths)| {
            verify::alike(&planned.layouts[0], layout)?;
            match layout.stretched {
                Some(_) => verify::stretched(&planned.layouts[0], layout, widths),
                None => replay(layout, widths),
            }
        })
    };
    let Plans { train, evaluate, forward, .. } = plans;
    check(train, &|layout, widths| verify::train(training, &train.program, layout, widths))
        .map_err(|violation| (&plans.training, Failure::Violation(violation)))?;
    for (planned, wanted) in [(evaluate, &[evaluation.loss][..]), (forward, &plans.wanted)] {
        let program = &planned.program;
        check(planned, &|layout, widths| verify::forward(evaluation, wanted, program, layout, widths))
            .map_err(|violation| (&plans.evaluation, Failure::Violation(violation)))?;
    }
    Ok(())
}

/// Bytes of `size` in one width: for each sample, and whatever the batch.
pub(crate) fn bytes(size: Size, width: usize) -> (u64, u64) {
    let widths = WIDTHS[width];
    // What has no room was refused when it was laid out.
    let bytes = widths.lines(size).unwrap_or_default() * widths.line;
    if size.is_per_sample() { (bytes, 0) } else { (0, bytes) }
}

#[cfg(test)]
pub(crate) mod tests;

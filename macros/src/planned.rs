//! Every program of a model: lowered, scheduled, laid out, verified.
//!
//! AFTER planning: each program has its steps and, for each layout, the place of every buffer; an
//! independent replay has found them to compute what the graph says.

use proc_macro2::Span;

use crate::graph::Graph;
use crate::graph::lower::{Lowered, Mode, lower};
use crate::plan::layout::{Layout, Widths, layout};
use crate::plan::problem::{Class, Extent, Size};
use crate::plan::program::Program;
use crate::plan::{schedule, verify};

/// The layouts that are planned: element widths of f32 and f64, in lines of a cache line.
pub(crate) const WIDTHS: [Widths; 2] =
    [Widths { line: 64, elem: 4, scalar: 4 }, Widths { line: 64, elem: 8, scalar: 8 }];

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
    /// The training program without marks, if there are marks.
    pub(crate) store_all: Option<Planned>,
}

/// What no model should lead to.
pub(crate) struct Defect {
    pub(crate) message: String,
    /// The layer at which it shows.
    pub(crate) span: Option<Span>,
}

impl From<String> for Defect {
    fn from(message: String) -> Self {
        Self { message, span: None }
    }
}

/// Plans every program.
pub(crate) fn plan(graph: &Graph) -> Result<Plans, Defect> {
    let mut training = lower(graph, Mode::Train);
    let evaluation = lower(graph, Mode::Evaluate);
    let train = train(graph, &training)?;
    let evaluate = forward(graph, &evaluation, &[evaluation.problem.loss])?;
    let mut wanted: Vec<usize> = graph.outputs.iter().map(|o| evaluation.values[o.value]).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let forward = forward(graph, &evaluation, &wanted)?;
    let store_all = store_all(graph, &mut training)?;
    Ok(Plans { training, evaluation, train, evaluate, forward, store_all })
}

/// The training program as it would be without marks, if there are marks.
fn store_all(graph: &Graph, training: &mut Lowered) -> Result<Option<Planned>, Defect> {
    let problem = &mut training.problem;
    if problem.segments.is_empty() && !problem.nodes.iter().any(|n| n.recompute) {
        return Ok(None);
    }
    let segments = std::mem::take(&mut problem.segments);
    let marks: Vec<bool> = problem.nodes.iter_mut().map(|n| std::mem::take(&mut n.recompute)).collect();
    let planned = train(graph, training);
    training.problem.segments = segments;
    training.problem.nodes.iter_mut().zip(marks).for_each(|(node, mark)| node.recompute = mark);
    planned.map(Some)
}

fn train(graph: &Graph, lowered: &Lowered) -> Result<Planned, Defect> {
    let program = schedule::train(&lowered.problem);
    place(graph, lowered, program, |program, layout, widths| {
        verify::train(&lowered.problem, program, layout, widths)
    })
}

fn forward(graph: &Graph, lowered: &Lowered, wanted: &[usize]) -> Result<Planned, Defect> {
    let program = schedule::forward(&lowered.problem, wanted);
    place(graph, lowered, program, |program, layout, widths| {
        verify::forward(&lowered.problem, wanted, program, layout, widths)
    })
}

fn place(
    graph: &Graph,
    lowered: &Lowered,
    program: Program,
    check: impl Fn(&Program, &Layout, Widths) -> Result<(), verify::Violation>,
) -> Result<Planned, Defect> {
    let mut layouts = vec![];
    for widths in WIDTHS {
        let placed = layout(&lowered.problem, &program, widths)
            .map_err(|e| format!("the model takes more bytes than 64 bits count, at {:?}", e.what))?;
        if placed.buffers.iter().any(|b| u32::try_from(b.offset.saturating_add(b.lines)).is_err()) {
            return Err(String::from("a sample of the model takes more than 256 GiB").into());
        }
        check(&program, &placed, widths).map_err(|violation| Defect {
            message: format!("the plan does not hold at step {:?}: {}", violation.step, violation.what),
            span: violation.node.map(|n| graph.nodes[lowered.nodes[n]].span),
        })?;
        layouts.push(placed);
    }
    Ok(Planned { program, layouts })
}

/// Bytes of `size` in one width.
pub(crate) fn bytes(size: Size, width: usize) -> (u64, u64) {
    let widths = WIDTHS[width];
    let element = match size.class {
        Class::Elem => widths.elem,
        Class::Scalar => widths.scalar,
        Class::Index => 4,
    };
    let lines = |n: u64| (n * element).div_ceil(widths.line) * widths.line;
    match size.extent {
        Extent::PerSample(n) => (lines(n), 0),
        Extent::Fixed(n) => (0, lines(n)),
    }
}

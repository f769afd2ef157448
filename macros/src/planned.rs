//! Every program of a model: lowered, scheduled, laid out, verified.
//!
//! AFTER planning: each program has its steps and, for each layout, the place of every buffer; an
//! independent replay has found them to compute what the graph says.

use proc_macro2::Span;

use crate::graph::Graph;
use crate::graph::lower::{Lowered, Mode, lower};
use crate::plan::layout::{Layout, What, Widths, layout};
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

/// Why there is no plan: a defect of ours, but for models that are too large.
pub(crate) struct Defect {
    pub(crate) message: String,
    /// What the author of the model can do; nothing where it is ours.
    pub(crate) fix: Option<&'static str>,
    /// The layer at which it shows.
    pub(crate) span: Option<Span>,
}

impl Defect {
    /// It as a message.
    pub(crate) fn words(&self) -> String {
        let message = &self.message;
        match self.fix {
            Some(fix) => format!("{message} -- {fix}"),
            None => format!("internal error: {message} -- this is a defect of remat, please report it"),
        }
    }
}

impl From<String> for Defect {
    fn from(message: String) -> Self {
        Self { message, fix: None, span: None }
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
            return Err(too_large(graph, lowered, &placed, widths));
        }
        check(&program, &placed, widths).map_err(|violation| Defect {
            message: format!("the plan does not hold at step {:?}: {}", violation.step, violation.what),
            fix: None,
            span: violation.node.map(|n| graph.nodes[lowered.nodes[n]].span),
        })?;
        layouts.push(placed);
    }
    Ok(Planned { program, layouts })
}

/// A model whose offsets have no room in the tables, named by its largest buffer.
fn too_large(graph: &Graph, lowered: &Lowered, placed: &Layout, widths: Widths) -> Defect {
    let largest = placed.buffers.iter().max_by_key(|b| b.lines);
    let (name, span) = match largest.map(|b| b.what) {
        Some(What::Value(v) | What::Grad(v)) => {
            let node = lowered.problem.values[v].made_by.map(|n| &graph.nodes[lowered.nodes[n]]);
            (lowered.labels[v].as_str(), node.map(|n| n.span))
        }
        Some(What::Scratch(n)) => {
            let node = &graph.nodes[lowered.nodes[n]];
            (node.path.as_str(), Some(node.span))
        }
        Some(What::Param(p)) => (graph.params[p].path.as_str(), Some(graph.params[p].span)),
        None => ("", None),
    };
    let gib = largest.map_or(0, |b| b.lines.saturating_mul(widths.line) >> 30);
    let message =
        format!("a step takes more than 256 GiB even for one sample, of which `{name}` alone takes {gib}");
    Defect { message, fix: Some("choose smaller sizes"), span }
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

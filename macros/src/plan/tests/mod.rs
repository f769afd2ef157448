//! Tests of planning.
//!
//! `steps` and `marks` read as the description of what a plan does. `properties` draws thousands of problems and
//! holds every program against `interpreter`, which runs it on symbolic memory and shares no code with
//! planning; the programs of `mutations` show that `verify` sees whatever changes an answer; `brute` knows
//! the best schedule of small problems.

// A model with one segment is a list of one range.
#![allow(clippy::single_range_in_vec_init)]

use super::layout::{Layout, Placed, Region, What, Widths, layout};
use super::problem::{Problem, ValueId};
use super::program::{Program, Step, Way};
use super::{schedule, verify};

mod brute;
mod budgets;
mod chains;
mod exhaustive;
mod interpreter;
mod layouts;
mod lends;
mod marks;
mod memory;
mod mutations;
mod nets;
mod properties;
mod random;
mod steps;
mod violations;
mod whole;

/// The CPU's, for f32.
const F32: Widths = Widths { line: 64, elem: 4, scalar: 4 };
/// The CPU's, for f64.
const F64: Widths = Widths { line: 64, elem: 8, scalar: 8 };

/// A GPU's, for bf16 beside parameters of f32.
const BF16: Widths = Widths { line: 64, elem: 2, scalar: 4 };

/// A training program and its layout for f32, both accepted by `verify`.
fn planned(problem: &Problem) -> (Program, Layout) {
    planned_in(problem, F32)
}

/// The same for other widths.
fn planned_in(problem: &Problem, widths: Widths) -> (Program, Layout) {
    let program = schedule::train(problem);
    let layout = layout(problem, &program, widths).expect("it fits into 64 bits");
    if let Err(violation) = verify::train(problem, &program, &layout, widths) {
        panic!("{violation}\n{}", steps::text(&program));
    }
    (program, layout)
}

/// The layout says of each buffer when it lives, as the steps have it.
fn relive(program: &Program, layout: &mut Layout) {
    let end = program.steps.len().saturating_sub(1);
    let given = layout.params + program.inputs.len() + usize::from(program.seed.is_some());
    for (index, placed) in layout.buffers.iter_mut().enumerate() {
        let touching = || (0..layout.touches.steps()).filter(|&at| layout.touches.at(at).contains(&index));
        let is_last = |at: &usize| match (placed.what, &program.steps[*at]) {
            (What::Scratch(..), _) => true,
            (What::Host(_), step) => matches!(step, Step::Copied(Way::Back, _)),
            (_, step) => matches!(step, Step::Free(_) | Step::FreeGrad(_)),
        };
        placed.first = if index < given { 0 } else { touching().next().unwrap_or(placed.first) };
        placed.last = touching().find(is_last).unwrap_or(end);
    }
    for index in 0..layout.buffers.len() {
        if let Placed { over: Some(over), first, .. } = layout.buffers[index] {
            layout.buffers[over].last = first.saturating_sub(1);
        }
    }
}

/// The loss, then the outputs.
fn results(problem: &Problem) -> Vec<ValueId> {
    [problem.loss].iter().chain(&problem.outputs).copied().collect()
}

/// The lines per sample that are live at each step.
fn live(program: &Program, layout: &Layout) -> Vec<u64> {
    let mut change = vec![(0, 0); program.steps.len() + 1];
    for placed in layout.buffers.iter().filter(|placed| placed.region == Region::PerSample) {
        change[placed.first].0 += placed.lines;
        change[placed.last + 1].1 += placed.lines;
    }
    let mut live = 0;
    let sums = change.iter().map(|(born, gone)| {
        live = live + born - gone;
        live
    });
    sums.take(program.steps.len()).collect()
}

/// Whether a step runs a kernel.
fn is_run(step: &Step) -> bool {
    matches!(step, Step::Run(_))
}

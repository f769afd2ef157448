//! What is proved of [`verify`]: of all programs of a few steps, and of all places of a few buffers, it accepts those that
//! some plain rules allow, and no others. See [`choices`](crate::choices).
//!
//! The rules are of these networks alone, and share nothing with the replay.

use super::layout::{Layout, Placed, Region, What, Widths, layout};
use super::problem::{Backward, Class, Extent, Node, Problem, Size, Value};
use super::program::{Kind, Mode, Program, Run, Step};
use super::verify;
use crate::choices::{Choices, bounded};

bounded! {
    a_program_is_accepted_if_and_only_if_each_step_finds_what_it_needs, 12;
    an_order_is_accepted_if_and_only_if_nothing_is_read_too_early_or_too_late, 16;
    places_are_accepted_if_and_only_if_nothing_lies_on_what_is_live, 16;
}

/// The CPU's, for f32.
const WIDTHS: Widths = Widths { line: 64, elem: 4, scalar: 4 };

/// Layers one after another, each with a parameter: layer n reads value n and makes value n + 1, the last one the loss.
/// Values take a line more each.
fn chain(layers: usize) -> Problem {
    let line = |lines: usize| Extent::PerSample(16 * lines as u64);
    let value = |id: usize| Value {
        size: if id < layers {
            Size { class: Class::Elem, extent: line(id + 1) }
        } else {
            Size { class: Class::Scalar, extent: Extent::Fixed(1) }
        },
        made_by: id.checked_sub(1),
        grad: id > 0,
        host: false,
    };
    let node = |id: usize| Node {
        reads: vec![id],
        makes: vec![id + 1],
        scratch: Vec::new(),
        backward: Some(Backward {
            reads: vec![id],
            grads: (id > 0).then_some(id).into_iter().collect(),
            params: vec![id],
            ..Backward::default()
        }),
        epilogue: false,
        over: false,
        recompute: false,
        stored: false,
        restores: false,
        flops: 0,
        time: 0,
        passes: 0,
    };
    Problem {
        nodes: (0..layers).map(node).collect(),
        values: (0..=layers).map(value).collect(),
        inputs: vec![0],
        params: vec![Some(4); layers],
        loss: layers,
        ..Problem::default()
    }
}

fn run(kind: Kind, node: usize) -> Step {
    let backward = kind == Kind::Backward;
    Step::Run(Run {
        kind,
        node,
        epilogues: 0,
        makes: if backward { vec![] } else { vec![node + 1] },
        grads: if backward && node > 0 { vec![(node, Mode::Write)] } else { vec![] },
        over: None,
        params: if backward { vec![(node, Mode::Write)] } else { vec![] },
    })
}

fn program(problem: &Problem, steps: Vec<Step>) -> Program {
    Program {
        steps,
        inputs: vec![0],
        seed: Some(problem.loss),
        outputs: vec![problem.loss],
        ..Program::default()
    }
}

/// Whether `verify` accepts these steps, with buffers where the planner would put them.
fn accepts(problem: &Problem, steps: Vec<Step>) -> bool {
    let program = program(problem, steps);
    let layout = layout(problem, &program, WIDTHS).expect("it is small");
    verify::train(problem, &program, &layout, WIDTHS).is_ok()
}

/// All programs of up to six steps of a network of one layer.
fn a_program_is_accepted_if_and_only_if_each_step_finds_what_it_needs(choices: &mut Choices) {
    let problem = chain(1);
    // The input and the gradient of the loss are there from the start.
    let (mut input, mut loss, mut gradient) = (true, false, true);
    let (mut ran, mut trained, mut allowed) = (false, false, true);
    let mut steps = Vec::new();
    for _ in 0..choices.below(7) {
        let kind = choices.below(7);
        let (step, holds) = match kind {
            0 => (run(Kind::Forward, 0), input && !loss && !ran),
            1 => (run(Kind::Recompute, 0), input && !loss && ran),
            2 => (run(Kind::Backward, 0), input && gradient && ran && !trained),
            3 => (Step::Free(0), input),
            4 => (Step::Free(1), loss),
            5 => (Step::FreeGrad(1), gradient),
            // Nobody makes it: nothing before the input is trained.
            _ => (Step::FreeGrad(0), false),
        };
        match kind {
            0 => (ran, loss) = (true, true),
            1 => loss = true,
            2 => trained = true,
            3 => input = false,
            4 => loss = false,
            5 => gradient = false,
            _ => {}
        }
        steps.push(step);
        allowed &= holds;
    }
    // In the end the loss is there, and nothing else.
    allowed &= trained && loss && !input && !gradient;
    assert_eq!(accepts(&problem, steps.clone()), allowed, "{steps:?}");
}

/// All orders of the eight steps of a network of two layers.
fn an_order_is_accepted_if_and_only_if_nothing_is_read_too_early_or_too_late(choices: &mut Choices) {
    const FORWARD: [usize; 2] = [0, 1];
    const BACKWARD: [usize; 2] = [2, 3];
    const FREE: [usize; 2] = [4, 5];
    const FREE_GRAD: [usize; 2] = [6, 7];
    let problem = chain(2);
    let steps = [
        run(Kind::Forward, 0),
        run(Kind::Forward, 1),
        run(Kind::Backward, 0),
        run(Kind::Backward, 1),
        Step::Free(0),
        Step::Free(1),
        Step::FreeGrad(1),
        Step::FreeGrad(2),
    ];
    let mut left: Vec<usize> = (0..steps.len()).collect();
    let order: Vec<usize> = (0..steps.len()).map(|_| left.remove(choices.below(left.len()))).collect();
    let place = |step: usize| order.iter().position(|other| *other == step);
    let in_order = [
        // Made before it is read: values, then gradients.
        (FORWARD[0], FORWARD[1]),
        (FORWARD[1], BACKWARD[1]),
        (BACKWARD[1], BACKWARD[0]),
        // Read before it is freed: the input, the value between, and the gradients of that and of the loss.
        (FORWARD[0], FREE[0]),
        (BACKWARD[0], FREE[0]),
        (FORWARD[1], FREE[1]),
        (BACKWARD[1], FREE[1]),
        (BACKWARD[0], FREE_GRAD[0]),
        (BACKWARD[1], FREE_GRAD[1]),
    ];
    let allowed = in_order.iter().all(|(first, second)| place(*first) < place(*second));
    let ordered = order.iter().map(|step| steps[*step].clone()).collect();
    assert_eq!(accepts(&problem, ordered), allowed, "{order:?}");
}

/// All places of the seven buffers of a network of two layers in their first lines, and all peaks that may be said.
fn places_are_accepted_if_and_only_if_nothing_lies_on_what_is_live(choices: &mut Choices) {
    let problem = chain(2);
    let steps = vec![
        run(Kind::Forward, 0),
        run(Kind::Forward, 1),
        run(Kind::Backward, 1),
        Step::Free(1),
        Step::FreeGrad(2),
        run(Kind::Backward, 0),
        Step::Free(0),
        Step::FreeGrad(1),
    ];
    let program = program(&problem, steps);
    let mut layout = layout(&problem, &program, WIDTHS).expect("it is small");
    // One region is chosen, and the other stays as it was planned.
    let (region, first) = if choices.below(2) == 0 { (Region::PerSample, 0) } else { (Region::Fixed, 2) };
    for placed in layout.buffers.iter_mut().filter(|placed| placed.region == region) {
        let is_param = matches!(placed.what, What::Param(_));
        // Gradients of parameters may change places, or lie on each other; others may stand before or behind them.
        placed.offset = choices.below(if is_param { 2 } else { 6 - first }) as u64;
    }
    let said = choices.below(9) as u64;
    layout.used(region).peak = said;
    let allowed = is_apart(&layout, region)
        && layout.buffers.iter().filter(|placed| matches!(placed.what, What::Param(_))).map(start).eq([0, 1])
        && layout.buffers.iter().filter(|placed| placed.region == region).map(end).max() == Some(said);
    let verdict = verify::train(&problem, &program, &layout, WIDTHS);
    assert_eq!(verdict.is_ok(), allowed, "{verdict:?}: {:?}", layout.buffers);
}

/// No two buffers of a region that live at one time share a line.
fn is_apart(layout: &Layout, region: Region) -> bool {
    let buffers: Vec<&Placed> = layout.buffers.iter().filter(|placed| placed.region == region).collect();
    buffers.iter().enumerate().all(|(index, one)| {
        buffers[index + 1..].iter().all(|other| {
            let together = one.first <= other.last && other.first <= one.last;
            !together || end(one) <= start(other) || end(other) <= start(one)
        })
    })
}

fn start(placed: &Placed) -> u64 {
    placed.offset
}

fn end(placed: &Placed) -> u64 {
    placed.offset + placed.lines
}

//! What `verify` says of programs that are wrong.

use super::nets::{Layer, Net};
use super::steps::text;
use super::{F32, planned};
use crate::plan::layout::{Layout, What};
use crate::plan::problem::{Class, Problem};
use crate::plan::program::{Mode, Program, Step};
use crate::plan::verify;

/// Two layers and a loss: `F0 F1 F2 B2 -v2 -d3 B1 -v1 -d2 B0 -v0 -d1`.
fn problem() -> Problem {
    let mut net = Net::default();
    let (mut x, shared) = (net.input(Class::Elem, 16), net.param(16));
    for _ in 0..2 {
        x = net.layer(Layer {
            reads: &[x],
            size: 16,
            needs_input: true,
            params: &[shared],
            ..Layer::default()
        });
    }
    let loss = net.layer(Layer { reads: &[x], size: 0, needs_input: true, ..Layer::default() });
    net.loss(loss)
}

/// What is said once `change` has been made.
fn violation(change: impl FnOnce(&mut Program, &mut Layout)) -> String {
    let problem = problem();
    let (mut program, mut layout) = planned(&problem);
    assert_eq!(text(&program), "F0 F1 F2 B2 -v2 -d3 B1 -v1 -d2 B0 -v0 -d1");
    change(&mut program, &mut layout);
    let verdict = verify::train(&problem, &program, &layout, F32);
    verdict.expect_err("it is wrong").to_string()
}

fn remove(program: &mut Program, layout: &mut Layout, at: usize) {
    program.steps.remove(at);
    layout.touches.edit(|touches| touches.remove(at));
}

#[test]
fn reading_what_is_freed() {
    let said = violation(|program, layout| {
        program.steps[1..=7].rotate_right(1);
        layout.touches.edit(|touches| touches[1..=7].rotate_right(1));
    });
    assert_eq!(said, "step 2 (node 1): Value(1) is not live");
}

#[test]
fn freeing_twice() {
    let said = violation(|program, layout| {
        program.steps.insert(5, program.steps[4].clone());
        layout.touches.edit(|touches| touches.insert(5, touches[4].clone()));
    });
    assert_eq!(said, "step 5: frees what it can't: Value(2) is not live");
}

#[test]
fn never_freeing() {
    assert_eq!(violation(|program, layout| remove(program, layout, 11)), "Grad(1) is never freed");
}

#[test]
fn a_backward_that_does_not_run() {
    let said = violation(|program, layout| remove(program, layout, 9));
    assert_eq!(said, "the backward of node 0 never runs");
}

#[test]
fn a_backward_out_of_order() {
    // Two layers read the input, and the loss reads both: their Backwards do not need each other.
    let mut net = Net::default();
    let x = net.input(Class::Elem, 16);
    let arms = [0, 1].map(|_| {
        let params = [net.param(16)];
        net.layer(Layer { reads: &[x], size: 16, params: &params, ..Layer::default() })
    });
    let loss = net.layer(Layer { reads: &arms, size: 0, ..Layer::default() });
    let problem = net.loss(loss);
    let (mut program, mut layout) = planned(&problem);
    assert_eq!(text(&program), "F0 F1 -v0 F2 -v1 -v2 B2 -d3 B1 -d2 B0 -d1");
    program.steps[8..].rotate_left(2);
    layout.touches.edit(|touches| touches[8..].rotate_left(2));
    let verdict = verify::train(&problem, &program, &layout, F32);
    assert_eq!(
        verdict.expect_err("it is wrong").to_string(),
        "step 10 (node 1): its backward runs after that of node 0"
    );
}

#[test]
fn a_gradient_overwritten() {
    let said = violation(|program, _| {
        if let Step::Run(run) = &mut program.steps[9] {
            run.params[0].1 = Mode::Write;
        }
    });
    assert_eq!(said, "step 9 (node 0): the gradient of parameter 0 is overwritten");
}

#[test]
fn a_gradient_added_to_before_it_is_written() {
    let said = violation(|program, _| {
        if let Step::Run(run) = &mut program.steps[6] {
            run.params[0].1 = Mode::Add;
        }
    });
    assert_eq!(said, "step 6 (node 1): the gradient of parameter 0 is added to before it is written");
}

#[test]
fn a_use_of_a_parameter_left_out() {
    let said = violation(|program, _| {
        if let Step::Run(run) = &mut program.steps[9] {
            run.params.clear();
        }
    });
    assert_eq!(said, "step 9 (node 0): it gives other gradients of parameters");
}

#[test]
fn a_value_not_stored() {
    let said = violation(|program, _| {
        if let Step::Run(run) = &mut program.steps[0] {
            run.makes.clear();
        }
    });
    assert_eq!(said, "step 0 (node 0): the first value of node 0 is not stored");
}

#[test]
fn buffers_on_top_of_each_other() {
    let said = violation(|_, layout| {
        let index = |what| layout.buffers.iter().position(|placed| placed.what == what);
        let (Some(a), Some(b)) = (index(What::Value(1)), index(What::Value(2))) else { return };
        layout.buffers[b].offset = layout.buffers[a].offset;
    });
    assert!(said.starts_with("step 1 (node 1): Value(2) at "), "{said}");
    assert!(said.contains(" overlaps what is live at "), "{said}");
}

#[test]
fn a_buffer_of_the_wrong_size() {
    let said = violation(|_, layout| {
        for placed in layout.buffers.iter_mut().filter(|placed| placed.what == What::Value(1)) {
            placed.lines = 2;
        }
    });
    assert_eq!(
        said,
        "step 0 (node 0): Value(1) takes 1 lines PerSample, and the layout gives it 2 PerSample"
    );
}

#[test]
fn a_lifetime_that_is_not_the_lifetime() {
    let said = violation(|_, layout| layout.buffers[2].last += 1);
    assert_eq!(said, "Grad(3) lives (0, 5), and the layout says 0 to 6");
}

#[test]
fn a_peak_that_is_not_the_peak() {
    for off_by_one in [-1, 1] {
        let said = violation(|_, layout| {
            layout.per_sample.peak = layout.per_sample.peak.wrapping_add_signed(off_by_one)
        });
        assert!(said.starts_with("per sample: the peak is "), "{said}");
    }
}

//! Losses whose Backward does what their Forward does.

use super::nets::{Layer, Net};
use super::steps::{chain, kept, runs, text};
use super::{planned, schedule};
use crate::plan::layout::What;
use crate::plan::problem::ValueId;
use crate::plan::program::Why;

/// A loss whose Backward does what its Forward does.
fn whole_loss(net: &mut Net, x: ValueId) -> ValueId {
    net.layer(Layer { reads: &[x], size: 0, whole: true, flops: 1, ..Layer::default() })
}

#[test]
fn a_loss_whose_backward_does_what_its_forward_does_has_no_forward() {
    let (mut net, x) = chain(2);
    let loss = whole_loss(&mut net, x);
    let problem = net.loss(loss);
    let (program, layout) = planned(&problem);
    assert_eq!(text(&program), "F0 F1 B2 -v2 -d3 B1 -v1 -d2 B0 -v0 -d1");
    assert_eq!(kept(&program), [(0, Why::Given), (1, Why::Backward(1)), (2, Why::Backward(2))]);
    // It is made where its Backward runs, and is there in the end.
    let made = layout.buffers.iter().find(|placed| placed.what == What::Value(loss)).expect("it is made");
    assert_eq!((made.first, made.last), (2, program.steps.len() - 1));
    // What it does counts once, as the forward that it is instead of.
    assert_eq!((program.facts.forward_flops, program.facts.backward_flops), (3, 6));
    // In evaluation there is no Backward.
    assert_eq!(runs(&schedule::forward(&problem, &[loss])), "F0 F1 F2");
}

#[test]
fn a_loss_that_another_reads_has_a_forward_and_does_it_again_in_backward() {
    let (mut net, x) = chain(1);
    let own = whole_loss(&mut net, x);
    let total = net.layer(Layer { reads: &[own], size: 0, ..Layer::default() });
    let (program, _) = planned(&net.loss(total));
    assert_eq!(runs(&program), "F0 F1 F2 B2 B1 B0");
    assert_eq!((program.facts.forward_flops, program.facts.backward_flops), (2, 5));
}

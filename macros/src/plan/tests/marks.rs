//! What `#[recompute]` on a layer does, step by step: in the notation of `steps`.

use super::nets::Layer;
use super::planned;
use super::steps::{backward, chain, kept, link, loss, runs};
use crate::plan::program::Why;

#[test]
fn a_marked_layer_is_recomputed_before_the_backward_that_reads_it_and_its_input_stays_kept() {
    let (mut net, x) = chain(1);
    let active = net.layer(Layer {
        reads: &[x],
        size: 64,
        needs_input: true,
        recompute: true,
        flops: 5,
        ..Layer::default()
    });
    let y = link(&mut net, active);
    let (program, _) = planned(&loss(net, y));
    assert_eq!(runs(&program), "F0 F1 F2 F3 B3 R1 B2 B1 B0");
    assert!(kept(&program).contains(&(x, Why::Backward(1))));
    assert_eq!(program.facts.recompute_flops, 5);
}

#[test]
fn a_row_of_marked_layers_is_recomputed_once_and_stays_until_each_has_been_read() {
    let (mut net, mut x) = chain(1);
    for _ in 0..3 {
        x = net.layer(Layer {
            reads: &[x],
            size: 16,
            needs_input: true,
            recompute: true,
            ..Layer::default()
        });
    }
    let y = link(&mut net, x);
    let (program, _) = planned(&loss(net, y));
    assert_eq!(backward(&program), "B5 R1 R2 R3 B4 B3 B2 B1 B0");
}

#[test]
fn a_marked_layer_is_made_from_the_nearest_values_that_are_kept() {
    // The marked layer's Backward reads what it made, so nothing keeps what it read: that is made again too.
    let (mut net, x) = chain(2);
    let active =
        net.layer(Layer { reads: &[x], size: 16, needs_output: true, recompute: true, ..Layer::default() });
    let y = link(&mut net, active);
    let (program, _) = planned(&loss(net, y));
    assert_eq!(backward(&program), "B4 R1 R2 B3 B2 B1 B0");
}

#[test]
fn what_a_marked_layer_reads_of_a_segment_is_kept() {
    let (mut net, x) = chain(2);
    net.segment(0..2);
    let active =
        net.layer(Layer { reads: &[x], size: 16, needs_output: true, recompute: true, ..Layer::default() });
    let y = link(&mut net, active);
    let (program, _) = planned(&loss(net, y));
    // Making value 3 again does not start the segment.
    assert_eq!(backward(&program), "B4 R2 B3 B2 R0 B1 B0");
    assert!(kept(&program).contains(&(x, Why::Boundary(0))));
}

#[test]
fn a_marked_value_read_outside_its_segment_is_kept_and_reported() {
    let (mut net, x) = chain(1);
    let active =
        net.layer(Layer { reads: &[x], size: 16, needs_input: true, recompute: true, ..Layer::default() });
    let inside = link(&mut net, active);
    let after =
        net.layer(Layer { reads: &[inside, active], size: 16, needs_input: true, ..Layer::default() });
    net.cut(0..4, &[3]);
    let (program, _) = planned(&loss(net, after));
    assert!(kept(&program).contains(&(active, Why::Frontier(0))));
    assert_eq!(program.facts.overruled, [1]);
}

#[test]
fn a_mark_that_saves_nothing_is_reported() {
    // Nobody's Backward reads what node 1 makes: not its own, and not that of the sum after it.
    let (mut net, x) = chain(1);
    let active =
        net.layer(Layer { reads: &[x], size: 16, needs_input: true, recompute: true, ..Layer::default() });
    let sum = net.add(active, x, 16);
    let (program, _) = planned(&loss(net, sum));
    assert_eq!(program.facts.idle, [1]);
    assert_eq!(backward(&program), "B3 B2 B1 B0");
}

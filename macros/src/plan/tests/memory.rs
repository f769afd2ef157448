//! What waits elsewhere, and what is written over: in the words of `steps`.

use super::nets::Layer;
use super::steps::{chain, loss, text};
use super::{planned, schedule};
use crate::plan::problem::{NodeId, Over, Problem, Size};

#[test]
fn what_waits_on_the_host_is_copied_behind_the_next_segment_and_fetched_ahead_of_the_one_that_reads_it() {
    let (mut net, x) = chain(8);
    (0..4).for_each(|pair| net.segment(2 * pair..2 * pair + 2));
    let mut problem = loss(net, x);
    problem.values[2..=8].iter_mut().for_each(|value| value.host = true);
    let (program, _) = planned(&problem);
    // Out behind the node that makes it, and done when the next segment is; back from when backward reads the one after it.
    // What the last segment gives, which backward reads at once, stays, and so does what is not kept.
    assert_eq!(
        text(&program),
        "F0 F1 >v2 -v1 F2 F3 >v2! -v2 >v4 -v3 F4 F5 >v4! -v4 >v6 -v5 F6 F7 >v6! -v6 -v7 F8 \
         <v6 B8 -v8 -d9 <v6! <v4 R6 B7 -v7 -d8 B6 -v6 -d7 <v4! <v2 R4 B5 -v5 -d6 B4 -v4 -d5 \
         <v2! R2 B3 -v3 -d4 B2 -v2 -d3 R0 B1 -v1 -d2 B0 -v0 -d1"
    );
    let on_host = program.facts.kept.iter().filter(|kept| kept.host).map(|kept| kept.value);
    assert_eq!(on_host.collect::<Vec<_>>(), [2, 4, 6]);
    // Without marks nothing waits.
    assert!(!text(&schedule::store_all(&problem)).contains('>'));
}

#[test]
fn a_gradient_is_written_over_what_its_node_may_if_nothing_reads_that_later() {
    let over = |change: &dyn Fn(&mut Problem)| {
        let (net, x) = chain(3);
        let mut problem = loss(net, x);
        change(&mut problem);
        text(&planned(&problem).0)
    };
    let plain = "F0 F1 F2 F3 B3 -v3 -d4 B2 -v2 -d3 B1 -v1 -d2 B0 -v0 -d1";
    assert_eq!(over(&|_| {}), plain);
    let set = |problem: &mut Problem, node: NodeId, over| {
        problem.nodes[node].backward.as_mut().expect("it has one").over = Some(over);
    };
    // Of the loss, over what it read; of the others, over the gradient that they are given.
    let value = |problem: &mut Problem| set(problem, 3, Over::Value(3));
    assert_eq!(over(&value), "F0 F1 F2 F3 B3~v3 -d4 B2 -v2 -d3 B1 -v1 -d2 B0 -v0 -d1");
    let gradient = |problem: &mut Problem| set(problem, 1, Over::Grad);
    assert_eq!(over(&gradient), "F0 F1 F2 F3 B3 -v3 -d4 B2 -v2 -d3 B1~d -v1 B0 -v0 -d1");
    // Not over what is an output, is of another size, or is read once more.
    let output = |problem: &mut Problem| {
        value(problem);
        problem.outputs.push(3);
    };
    assert_eq!(over(&output), plain.replace("-v3 ", ""));
    assert_eq!(over(&|problem| set(problem, 3, Over::Grad)), plain);
    let read_later = |problem: &mut Problem| {
        value(problem);
        problem.nodes[0].backward.as_mut().expect("it has one").reads.push(3);
    };
    assert_eq!(over(&read_later), "F0 F1 F2 F3 B3 -d4 B2 -v2 -d3 B1 -v1 -d2 B0 -v0 -v3 -d1");
}

#[test]
fn a_value_is_written_over_what_the_node_in_the_same_call_reads_if_nothing_reads_that_later() {
    let over = |change: &dyn Fn(&mut Problem)| {
        let (mut net, branch) = chain(1);
        let sum = net.layer(Layer { reads: &[branch, 0], size: 16, ..Layer::default() });
        let norm = Layer { reads: &[sum], size: 16, needs_input: true, ..Layer::default() };
        let norm = net.layer(Layer { epilogue: true, over: true, ..norm });
        let mut problem = loss(net, norm);
        change(&mut problem);
        text(&planned(&problem).0)
    };
    // Only the sum reads the branch, and the layer in it what the other side is.
    assert_eq!(over(&|_| {}), "F0 F1+2~v1 F3 B3 -v3 -d4 B2 -v2 -d3 B1 -d2 B0 -v0 -d1");
    let plain = "F0 F1+2 -v1 F3 B3 -v3 -d4 B2 -v2 -d3 B1 -d2 B0 -v0 -d1";
    // Not over an output, nor over what is of another size.
    assert_eq!(over(&|problem| problem.outputs.push(1)), plain.replace("-v1 ", ""));
    assert_eq!(over(&|problem| problem.values[1].size = Size::elems(17)), plain);
    assert_eq!(over(&|problem| problem.nodes[2].over = false), plain);
}

//! Gradients that others hold already. A sum gives the one that it reads to both of what it added, and may write one of
//! them over it (`~d`).

use super::nets::Layer;
use super::steps::{chain, link, loss, text};
use super::{F32, planned, random};
use crate::plan::layout::{Layout, What};
use crate::plan::problem::{NodeId, Problem, ValueId};
use crate::plan::program::Mode;
use crate::plan::verify;

/// Values with a gradient that takes memory.
fn grads(layout: &Layout) -> Vec<ValueId> {
    let grads = layout.buffers.iter().filter_map(|placed| match placed.what {
        What::Grad(value) => Some(value),
        _ => None,
    });
    grads.collect()
}

/// What each node lends, and in whose gradient what makes it finds that.
fn loans(problem: &Problem) -> Vec<(ValueId, ValueId)> {
    let lent =
        problem.nodes.iter().filter_map(|node| Some((node.makes[0], node.backward.as_ref()?.borrows?)));
    lent.collect()
}

/// A link, and a residual around two more: `1 + link(link(1))`, which is value 4.
fn residual() -> Problem {
    let (mut net, x) = chain(1);
    let inner = link(&mut net, x);
    let branch = link(&mut net, inner);
    let sum = net.add(x, branch, 16);
    loss(net, sum)
}

#[test]
fn a_branch_finds_its_gradient_in_that_of_the_skip() {
    let problem = residual();
    let (program, layout) = planned(&problem);
    assert_eq!(text(&program), "F0 F1 F2 F3 -v3 F4 B4 -v4 -d5 B3~d B2 -v2 B1 -v1 -d2 B0 -v0 -d1");
    // Of what the branch makes, value 3, there is none; that of the skip takes the place of the sum's.
    assert_eq!(grads(&layout), [5, 4, 1, 2]);
    assert_eq!(loans(&problem), [(3, 1)]);
    let [of_sum, of_skip] = [4, 1].map(|value| layout.buffers.iter().find(|b| b.what == What::Grad(value)));
    assert_eq!(of_sum.map(|b| b.offset), of_skip.map(|b| b.offset));
    // What the first layer of the branch gives is added to it.
    let run = program.runs().filter(|run| run.node == 1).last();
    assert_eq!(run.map(|run| &run.grads[..]), Some(&[(1, Mode::Add)][..]));
}

#[test]
fn what_a_sum_alone_reads_has_no_gradient_of_its_own() {
    let (mut net, x) = chain(1);
    let arms = [link(&mut net, x), link(&mut net, x)];
    let sum = net.add(arms[0], arms[1], 16);
    let problem = loss(net, sum);
    let (program, layout) = planned(&problem);
    assert_eq!(loans(&problem), [(2, 4), (3, 4)]);
    assert_eq!(grads(&layout), [5, 4, 1]);
    assert_eq!(text(&program), "F0 F1 F2 F3 -v2 -v3 F4 B4 -v4 -d5 B3 B2 B1 -v1 -d4 B0 -v0 -d1");
}

#[test]
fn a_branch_of_one_layer_adds_to_the_skip_itself_and_reads_the_gradient_of_the_sum() {
    let (mut net, x) = chain(1);
    let branch = link(&mut net, x);
    let sum = net.add(x, branch, 16);
    let problem = loss(net, sum);
    let (program, layout) = planned(&problem);
    assert_eq!(loans(&problem), [(2, 3)]);
    assert_eq!(grads(&layout), [4, 3, 1]);
    // So that of the skip is a copy of it.
    assert_eq!(text(&program), "F0 F1 F2 -v2 F3 B3 -v3 -d4 B2 B1 -v1 -d3 B0 -v0 -d1");
}

#[test]
fn a_skip_that_is_read_later_too_is_added_to_and_the_branch_reads_the_gradient_of_the_sum() {
    let (mut net, x) = chain(1);
    let inner = link(&mut net, x);
    let branch = link(&mut net, inner);
    let sum = net.add(x, branch, 16);
    let loss = net.layer(Layer { reads: &[sum, x], size: 0, ..Layer::default() });
    let problem = net.loss(loss);
    planned(&problem);
    assert_eq!(loans(&problem), [(3, 4)]);
}

#[test]
fn sums_of_sums_lend_the_gradient_of_the_last() {
    let (mut net, x) = chain(1);
    let mut sum = link(&mut net, x);
    for _ in 0..3 {
        let arm = link(&mut net, x);
        sum = net.add(sum, arm, 16);
    }
    let problem = loss(net, sum);
    let (_, layout) = planned(&problem);
    assert!(loans(&problem).iter().all(|(_, found)| *found == sum), "{:?}", loans(&problem));
    assert_eq!(grads(&layout), [sum + 1, sum, 1]);
}

#[test]
fn a_value_of_another_size_or_one_that_is_read_twice_is_not_lent() {
    let (mut net, x) = chain(1);
    let twice = link(&mut net, x);
    let sum = net.add(twice, twice, 16);
    let again = net.layer(Layer { reads: &[sum, twice], size: 16, ..Layer::default() });
    let half = link(&mut net, again);
    let cut = net.add(again, half, 8);
    let problem = loss(net, cut);
    planned(&problem);
    assert_eq!(loans(&problem), []);
}

/// What is said of the plan for `problem` once that is changed.
fn violation(problem: &mut Problem, change: impl FnOnce(&mut Problem)) -> String {
    let (program, layout) = planned(problem);
    change(problem);
    verify::train(problem, &program, &layout, F32).expect_err("it is wrong").to_string()
}

/// The gradient that a node reads is found in that of `value`.
fn borrow(problem: &mut Problem, node: NodeId, value: ValueId) {
    if let Some(backward) = &mut problem.nodes[node].backward {
        backward.borrows = Some(value);
    }
}

#[test]
fn a_gradient_is_not_found_where_another_was_added_to_it() {
    let (mut net, x) = chain(1);
    let arms = [link(&mut net, x), link(&mut net, x)];
    let sum = net.add(x, arms[0], 16);
    let sum = net.add(sum, arms[1], 16);
    let mut problem = loss(net, sum);
    // The second arm has added to the gradient of what both read when the first reads its own.
    assert_eq!(loans(&problem)[0], (arms[0], 5));
    let said = violation(&mut problem, |problem| borrow(problem, 1, x));
    assert_eq!(said, "step 15 (node 1): the gradient of value 1 is not that of value 2");
}

#[test]
fn a_gradient_is_not_found_where_it_is_added_to() {
    let (mut net, x) = chain(1);
    let arm = link(&mut net, x);
    let sum = net.add(x, arm, 16);
    let mut problem = loss(net, sum);
    let said = violation(&mut problem, |problem| borrow(problem, 1, x));
    assert_eq!(said, "step 9 (node 1): it adds to the gradient of value 1, which it reads");
}

#[test]
fn a_gradient_that_is_computed_is_not_lent() {
    let said = violation(&mut residual(), |problem| {
        if let Some(backward) = &mut problem.nodes[3].backward {
            backward.copies.clear();
        }
    });
    assert_eq!(said, "step 9 (node 3): the gradient of value 3 is not what it reads");
}

#[test]
fn many_random_problems_lend() {
    let lent = |seed| loans(&random::problem(seed, 32)).len();
    let counts: Vec<usize> = (0..1000).map(lent).collect();
    let (some, all) = (counts.iter().filter(|&&count| count > 0).count(), counts.iter().sum::<usize>());
    assert!(some > 300 && all > 500, "{all} in {some}");
}

//! Gradients that others hold already.
//!
//! An op may give the gradient that it reads to what it read as it is: a sum does, as the one at the end of a residual. If
//! nothing else contributes to that gradient, it is not written anywhere: what made the value finds it in the gradient
//! that the op reads, or in another copy of that, as long as nothing is added there before. The branch of a residual so
//! reads what will be the gradient of its skip, before it adds its own to that.

use std::ops::Range;

use super::problem::{NodeId, Problem, ValueId};

/// Moves every gradient that another holds when it is read from `grads` to `lends`, and says at what makes its value
/// where it is found.
pub(crate) fn lend(problem: &mut Problem) {
    let contributions = Contributions::new(problem);
    // What a node's own gradient is found in was decided by the nodes behind it.
    for id in (0..problem.nodes.len()).rev() {
        for (value, found) in loans(problem, &contributions, id) {
            let maker = problem.values[value].made_by;
            if let Some(backward) = maker.and_then(|maker| problem.nodes[maker].backward.as_mut()) {
                backward.borrows = Some(found);
            }
            if let Some(backward) = problem.nodes[id].backward.as_mut() {
                backward.grads.retain(|&grad| grad != value);
                backward.lends.push(value);
            }
        }
    }
}

/// What contributes to each value's gradient.
struct Contributions {
    /// How many nodes.
    count: Vec<usize>,
    /// The first in backward.
    first: Vec<Option<NodeId>>,
}

impl Contributions {
    fn new(problem: &Problem) -> Self {
        let (count, first) = (vec![0; problem.values.len()], vec![None; problem.values.len()]);
        let mut this = Self { count, first };
        for (id, node) in problem.nodes.iter().enumerate() {
            for &value in node.backward.iter().flat_map(|backward| &backward.grads) {
                this.count[value] += 1;
                this.first[value] = Some(id);
            }
        }
        this
    }
}

/// The gradients that a node lends, and the values in whose gradients they are found.
fn loans(problem: &Problem, contributions: &Contributions, id: NodeId) -> Vec<(ValueId, ValueId)> {
    let node = &problem.nodes[id];
    let (Some(backward), Some(own)) = (&node.backward, node.gradient()) else { return vec![] };
    let same_size = |a: ValueId, b: ValueId| problem.values[a].size == problem.values[b].size;
    // The node that makes a value which only this one reads on the way to the loss.
    let maker = |value: ValueId| -> Option<NodeId> {
        let alone = contributions.count[value] == 1 && problem.values[value].grad;
        let maker = problem.values[value].made_by.filter(|_| alone && backward.copies.contains(&value))?;
        let reads_it = problem.nodes[maker].makes.first() == Some(&value);
        (reads_it && problem.nodes[maker].backward.is_some()).then_some(maker)
    };
    // A copy that is begun here: it is looked at first, so that it may take the place of what it is a copy of.
    let begun = backward.grads.iter().copied().rfind(|&value| {
        let begins = contributions.first[value] == Some(id) && backward.copies.contains(&value);
        begins && problem.values[value].grad && maker(value).is_none()
    });
    let found = |value: ValueId| {
        let maker = maker(value)?;
        let mut there = begun.into_iter().chain([own]).filter(|&there| same_size(there, value));
        there.find(|&there| is_untouched(problem, there, maker..id)).map(|there| (value, there))
    };
    backward.grads.iter().filter_map(|&value| found(value)).collect()
}

/// Whether no backward of `nodes` contributes to a gradient.
fn is_untouched(problem: &Problem, value: ValueId, nodes: Range<NodeId>) -> bool {
    let mut backwards = problem.nodes[nodes].iter().filter_map(|node| node.backward.as_ref());
    !backwards.any(|backward| backward.grads.contains(&value))
}

//! Layers without parameters that compute.

use super::branch::Branch;
use super::{Draw, from_back, from_front};

/// All of them, as they are written.
pub(super) const ACTIVATIONS: [&str; 8] =
    ["Relu", "Gelu", "Gelu(none)", "Gelu(tanh)", "Gelu(approximate = tanh)", "Silu", "Sigmoid", "Tanh"];

/// Queries and keys, more than a block of either, and fewer.
const LONG: [(usize, usize); 4] = [(63, 70), (65, 64), (5, 66), (70, 3)];

pub(super) fn activation(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for (i, function) in ACTIVATIONS.into_iter().enumerate() {
        for rank in [i % 4, 3 - i % 4] {
            let shape = draw.shape(rank);
            branches.push(Branch::alone(draw, &shape, &shape, function));
        }
    }
    branches
}

/// Every axis of one to three, from the front and from the back.
fn axes() -> Vec<(usize, usize, i64)> {
    let each = (1..=3).flat_map(|rank| (0..rank).map(move |axis| (rank, axis)));
    each.flat_map(|(rank, axis)| [(rank, axis, from_front(axis)), (rank, axis, from_back(axis, rank))])
        .collect()
}

pub(super) fn softmax(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    let absent = (1..=3).map(|rank| (rank, rank - 1, None));
    for (rank, axis, dim) in absent.chain(axes().into_iter().map(|(rank, axis, dim)| (rank, axis, Some(dim))))
    {
        // One number alone is always 1.
        let shape = draw.shape_where(rank, |shape| shape[axis] > 1);
        let op = draw.call("Softmax", &[("dim", dim.map(|dim| dim.to_string()))], &[]);
        branches.push(Branch::alone(draw, &shape, &shape, &op));
    }
    branches
}

pub(super) fn mean(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for (rank, axis, dim) in axes() {
        let shape = draw.shape(rank);
        let to = [&shape[..axis], &shape[axis + 1..]].concat();
        let op = draw.call("Mean", &[("dim", Some(dim.to_string()))], &[]);
        branches.push(Branch::alone(draw, &shape, &to, &op));
    }
    branches
}

pub(super) fn dropout(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for p in [None, Some("0.1"), Some("0.5"), Some("0.9")] {
        for rank in 1..=3 {
            // So many that not all are dropped in all samples, and a sum of two that drop others.
            let shape = draw.shape_where(rank, |shape| p.is_none() || shape.iter().product::<usize>() >= 15);
            let op = draw.call("Dropout", &[("p", p.map(String::from))], &[]);
            let mut branch = Branch::default();
            let at = branch.read(&shape);
            branch.line(format_args!("op: {op} <- {at};"));
            branch.twice_in_sum(&at, &shape);
            branches.push(branch);
        }
    }
    branches
}

/// Those that pass on what they read in training too.
pub(super) fn dropout_never(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for (frozen, p) in [(false, Some("0")), (false, Some("0.0")), (true, None), (true, Some("0.9"))] {
        for rank in 1..=3 {
            let shape = draw.shape(rank);
            let op = draw.call("Dropout", &[("p", p.map(String::from))], &[]);
            let mut branch = Branch::default();
            let at = branch.read(&shape);
            branch.line(format_args!("{}op: {op} <- {at};", if frozen { "#[frozen] " } else { "" }));
            branch.applied(draw, &at, &shape);
            branches.push(branch);
        }
    }
    branches
}

/// A layer, its heads, and a width that they divide.
fn heads(draw: &mut Draw, kind: &str, heads: usize, dim: usize) -> (String, usize) {
    (draw.call(kind, &[("heads", Some(heads.to_string()))], &[]), heads * dim)
}

/// Three sources of `width` features: queries, and as many keys as values.
fn across(branch: &mut Branch, width: usize, queries: usize, keys: usize) -> String {
    format!(
        "({}, {}, {})",
        branch.read(&[queries, width]),
        branch.read(&[keys, width]),
        branch.read(&[keys, width])
    )
}

pub(super) fn attention(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for kind in ["Attention", "CausalAttention"] {
        for n in 1..=3 {
            let dim = draw.of(&[1, 2, 3, 5, 7]);
            let (op, width) = heads(draw, kind, n, dim);
            let len = draw.of(&[2, 3, 5, 7]);
            branches.push(Branch::alone(draw, &[len, 3 * width], &[len, width], &op));

            // Widths that no vector divides.
            let odd = |draw: &mut Draw| {
                if n == 1 { draw.width(|n| n % 2 == 1) } else { draw.of(&[1, 3, 5, 7]) }
            };
            let mut branch = Branch::default();
            let dim = odd(draw);
            let (op, width) = heads(draw, kind, n, dim);
            let (queries, others) = (draw.of(&[2, 3, 5]), draw.of(&[2, 4, 7]));
            let keys = if kind == "Attention" { others } else { queries };
            let sources = across(&mut branch, width, queries, keys);
            branch.line(format_args!("op: {op} <- {sources};"));
            branch.applied(draw, &sources, &[queries, width]);
            branches.push(branch);

            let mut branch = Branch::default();
            let dim = odd(draw);
            let (op, width) = heads(draw, kind, n, dim);
            let len = draw.of(&[2, 3]);
            let at = branch.read(&[len, width]);
            let sources = format!("({at}, {at}, {at})");
            branch.line(format_args!("op: {op} <- {sources};"));
            branch.applied(draw, &sources, &[len, width]);
            branches.push(branch);
        }
    }
    branches
}

/// Sequences around and beyond the kernels' blocks, applied once.
pub(super) fn attention_long(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    let packed = [63, 64, 65, 70].map(|len| (len, len));
    for kind in ["Attention", "CausalAttention"] {
        for (queries, keys) in packed {
            let (n, dim) = draw.of(&[(1, 1), (1, 2), (2, 1)]);
            let (op, width) = heads(draw, kind, n, dim);
            let mut branch = Branch::default();
            if keys % 2 == 0 && kind == "CausalAttention" {
                let sources = across(&mut branch, width, queries, keys);
                branch.line(format_args!("op: {op} <- {sources};"));
            } else {
                let at = branch.read(&[queries, 3 * width]);
                branch.line(format_args!("op: {op} <- {at};"));
            }
            branch.fit("op", &[queries, width]);
            branches.push(branch);
        }
    }
    for (queries, keys) in LONG {
        let (n, dim) = draw.of(&[(1, 1), (1, 2), (2, 1)]);
        let (op, width) = heads(draw, "Attention", n, dim);
        let mut branch = Branch::default();
        let sources = across(&mut branch, width, queries, keys);
        branch.line(format_args!("op: {op} <- {sources};"));
        branch.fit("op", &[queries, width]);
        branches.push(branch);
    }
    branches
}

pub(super) fn arithmetic(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for kind in ["Add", "Sub", "Mul"] {
        for rank in 0..=3 {
            let shape = draw.shape(rank);
            let mut branch = Branch::default();
            let (a, b) = (branch.read(&shape), branch.read(&shape));
            branch.line(format_args!("op: {kind} <- ({a}, {b});"));
            let swapped = format!("({b}, {a})");
            if kind == "Mul" {
                branch.twice_in_sum(&swapped, &shape);
            } else {
                branch.applied(draw, &swapped, &shape);
            }
            branches.push(branch);

            let shape = draw.shape(rank);
            let mut branch = Branch::default();
            let at = branch.read(&shape);
            branch.line(format_args!("op: {kind} <- ({at}, {at});"));
            branch.line(format_args!("both: Add <- (op, {at});"));
            branch.fit("both", &shape);
            branches.push(branch);
        }
    }
    branches
}

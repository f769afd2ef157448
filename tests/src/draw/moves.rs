//! Layers that move numbers.

use super::branch::Branch;
use super::{Draw, SIZES, from_back, from_front};

/// An axis that may be left out: not written, or counted from either end.
const WAYS: [fn(usize, usize) -> Option<i64>; 3] =
    [|_, _| None, |axis, _| Some(from_front(axis)), |axis, rank| Some(from_back(axis, rank))];

fn written(n: Option<i64>) -> Option<String> {
    n.map(|n| n.to_string())
}

pub(super) fn concat(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for rank in 1..=3 {
        for axis in 0..rank {
            for way in WAYS.iter().filter(|way| axis == 0 || way(axis, rank).is_some()) {
                for sources in [2, 3] {
                    let op = draw.call("Concat", &[("dim", written(way(axis, rank)))], &[]);
                    branches.push(joined(draw, rank, axis, sources, &op));
                }
            }
        }
    }
    branches
}

/// One of the sources, but not the first, may be an input, or the first one again.
fn joined(draw: &mut Draw, rank: usize, axis: usize, sources: usize, op: &str) -> Branch {
    let mut branch = Branch::default();
    let mut to = draw.shape_where(rank, |shape| shape.iter().product::<usize>() <= 33);
    let first = to.clone();
    let mut names = vec![branch.read(&to)];
    for _ in 1..sources {
        let mut next = first.clone();
        names.push(match draw.below(4) {
            0 => names[0].clone(),
            1 => branch.input(&next),
            _ => {
                next[axis] = draw.of(&SIZES);
                branch.read(&next)
            }
        });
        to[axis] += next[axis];
    }
    let names = format!("({})", names.join(", "));
    branch.line(format_args!("op: {op} <- {names};"));
    branch.applied(draw, &names, &to);
    branch
}

pub(super) fn slice(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    let all: Vec<(usize, usize)> = (1..=3).flat_map(|rank| (0..rank).map(move |axis| (rank, axis))).collect();
    let first: Vec<(usize, usize)> = all.iter().copied().filter(|(_, axis)| *axis == 0).collect();
    for (n, dim) in WAYS.iter().enumerate() {
        let axes = if n == 0 { &first } else { &all };
        let mut deck = vec![];
        for start in WAYS {
            for end in WAYS {
                for _ in 0..2 {
                    if deck.is_empty() {
                        deck = draw.shuffled(axes);
                    }
                    let (rank, axis) = deck.pop().expect("axes");
                    let from = draw.shape_where(rank, |shape| shape[axis] > 1);
                    let len = from[axis];
                    let (begin, stop) = bounds(draw, len, start(0, 1).is_some(), end(0, 1).is_some());
                    let args = [
                        ("dim", written(dim(axis, rank))),
                        ("start", written(start(begin, len))),
                        ("end", written(end(stop, len))),
                    ];
                    let mut to = from.clone();
                    to[axis] = stop - begin;
                    let op = draw.call("Slice", &args, &[]);
                    branches.push(Branch::alone(draw, &from, &to, &op));
                }
            }
        }
    }
    branches
}

/// Where to begin and stop on an axis of `len`. From the back, its end can't be written.
fn bounds(draw: &mut Draw, len: usize, starts: bool, ends: bool) -> (usize, usize) {
    let begin = if starts { draw.below(len - 1) } else { 0 };
    let stop = if ends { begin + 1 + draw.below(len - 1 - begin) } else { len };
    (begin, stop)
}

pub(super) fn reshape(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for rank in 0..=3 {
        for open in std::iter::once(None).chain((0..rank).map(Some)) {
            let to = draw.shape(rank);
            let mut rest: usize = to.iter().product();
            let mut from = vec![];
            for _ in 0..draw.below(3) {
                let size = draw.of(&[1, 2, 3, 5]);
                if rest.is_multiple_of(size) {
                    from.push(size);
                    rest /= size;
                }
            }
            from.push(rest);
            let sizes: Vec<i64> = to.iter().map(|n| *n as i64).collect();
            let sizes: Vec<i64> =
                sizes.iter().enumerate().map(|(i, n)| if open == Some(i) { -1 } else { *n }).collect();
            let op = format!("Reshape({})", draw.list("shape", &sizes).replace("shape = []", ""));
            branches.push(Branch::alone(draw, &from, &to, &op.replace("[]", "")));
        }
    }
    branches
}

pub(super) fn flatten(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![Branch::alone(draw, &[], &[1], "Flatten")];
    for rank in 1..=3 {
        for start in WAYS {
            for end in WAYS {
                let from = draw.shape(rank);
                let first = if start(0, rank).is_some() { draw.below(rank) } else { 0 };
                let last = if end(0, rank).is_some() { first + draw.below(rank - first) } else { rank - 1 };
                let args =
                    [("start_dim", written(start(first, rank))), ("end_dim", written(end(last, rank)))];
                let joined: usize = from[first..=last].iter().product();
                let to = [&from[..first], &[joined], &from[last + 1..]].concat();
                let op = draw.call("Flatten", &args, &[]);
                branches.push(Branch::alone(draw, &from, &to, &op));
            }
        }
    }
    branches
}

pub(super) fn transpose(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for rank in 2..=4 {
        for dim0 in WAYS {
            for dim1 in WAYS {
                // What is left out is one of the last two.
                let (mut i, mut j) = (rank - 2, rank - 1);
                while dim0(0, rank).is_some() || dim1(0, rank).is_some() {
                    i = if dim0(0, rank).is_some() { draw.below(rank) } else { rank - 2 };
                    j = if dim1(0, rank).is_some() { draw.below(rank) } else { rank - 1 };
                    if i != j {
                        break;
                    }
                }
                let from = draw.shape(rank);
                let mut to = from.clone();
                to.swap(i, j);
                let args = [("dim0", written(dim0(i, rank))), ("dim1", written(dim1(j, rank)))];
                let op = draw.call("Transpose", &args, &[]);
                branches.push(Branch::alone(draw, &from, &to, &op));
            }
        }
    }
    branches
}

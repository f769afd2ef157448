//! Layers that have parameters.

use super::branch::Branch;
use super::{Arg, Draw, SIZES};

/// Where a weight comes from.
#[derive(Clone, Copy, PartialEq)]
enum Weight {
    Own,
    Drawn,
    Tied,
}

const WEIGHTS: [Weight; 3] = [Weight::Own, Weight::Drawn, Weight::Tied];

impl Weight {
    /// The arguments `weight` and `init`.
    fn args(self, draw: &mut Draw) -> [Arg<'static>; 2] {
        let init = (self == Self::Drawn).then(|| draw.of(&INITS[1..]).to_owned());
        [("weight", (self == Self::Tied).then(|| String::from("one"))), ("init", init)]
    }
}

/// What a bias is.
#[derive(Clone, Copy)]
enum Bias {
    Own,
    Drawn,
    Without,
}

const BIASES: [Bias; 3] = [Bias::Own, Bias::Drawn, Bias::Without];

impl Bias {
    /// The arguments `bias` and `bias_init`.
    fn args(self, draw: &mut Draw) -> [Arg<'static>; 2] {
        let (with, drawn) = match self {
            Self::Own => (true, None),
            Self::Drawn => (true, Some(draw.of(&INITS).to_owned())),
            Self::Without => (false, None),
        };
        [flag(draw, "bias", with), ("bias_init", drawn)]
    }
}

/// A flag that is true by default.
pub(super) fn flag(draw: &mut Draw, name: &'static str, on: bool) -> Arg<'static> {
    (name, (!on || draw.once_in(2)).then(|| on.to_string()))
}

/// What parameters start as. A weight that is 1 everywhere would make large sums, which are multiplied and
/// squared, and the losses of a network are summed up.
const INITS: [&str; 5] = ["ones", "zeros", "constant(0.1)", "normal(0.3)", "uniform(0.3)"];

/// `op`, which `call` writes with the weight's arguments, of `source`. A tied weight is that of `one`, which
/// `plain` is; any other is applied once or twice.
fn weighed(
    draw: &mut Draw,
    branch: &mut Branch,
    weight: Weight,
    plain: &str,
    op: &str,
    source: &str,
    dims: &[usize],
) {
    if weight == Weight::Tied {
        branch.line(format_args!("one: {plain} <- {source};"));
        branch.line(format_args!("op: {op} <- {source};"));
        branch.product("one", "op", dims);
    } else {
        branch.line(format_args!("op: {op} <- {source};"));
        branch.applied(draw, source, dims);
    }
}

/// A shape to read, and how many features to make of its last axis.
fn features(draw: &mut Draw, rank: usize) -> (Vec<usize>, usize, Vec<usize>) {
    let from = draw.shape(rank);
    let (rows, inputs) = (from[..rank - 1].iter().product::<usize>(), from[rank - 1]);
    let outputs = draw.width(|n| n * inputs <= 50 && n * rows <= super::MOST);
    let to = [&from[..rank - 1], &[outputs]].concat();
    (from, outputs, to)
}

pub(super) fn linear(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for weight in WEIGHTS {
        for bias in BIASES {
            for rank in 1..=3 {
                let (from, outputs, to) = features(draw, rank);
                let args = [weight.args(draw), bias.args(draw)].concat();
                let op = draw.call("Linear", &[("out_features", Some(outputs.to_string()))], &args);
                let mut branch = Branch::default();
                let at = branch.read(&from);
                weighed(draw, &mut branch, weight, &format!("Linear({outputs})"), &op, &at, &to);
                branches.push(branch);
            }
        }
    }
    // What is frozen has no gradients of its own, and what reads an input passes none on.
    for frozen in [true, false] {
        for bias in [Bias::Own, Bias::Without] {
            let (from, outputs, to) = features(draw, 2);
            let bias = bias.args(draw);
            let op = draw.call("Linear", &[("out_features", Some(outputs.to_string()))], &bias);
            let mut branch = Branch::default();
            let source = if frozen { branch.read(&from) } else { branch.input(&from) };
            let mark = if frozen { "#[frozen] " } else { "" };
            branch.line(format_args!("{mark}op: {op} <- {source};"));
            branch.applied(draw, &source, &to);
            branches.push(branch);
        }
    }
    branches
}

/// An activation that takes the place of the output of a `Linear`.
pub(super) fn fused(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for bias in [true, false] {
        for function in super::untrained::ACTIVATIONS {
            let rank = 1 + draw.below(3);
            let (from, outputs, to) = features(draw, rank);
            let bias = [flag(draw, "bias", bias)];
            let linear = draw.call("Linear", &[("out_features", Some(outputs.to_string()))], &bias);
            let mut branch = Branch::default();
            let at = branch.read(&from);
            branch.line(format_args!("op: {{ fc: {linear}; {function}; }}"));
            branch.twice_in_sum(&at, &to);
            branches.push(branch);
        }
    }
    branches
}

pub(super) fn embedding(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for weight in WEIGHTS {
        for rank in 0..=2 {
            let ids: Vec<usize> = (0..rank).map(|_| draw.of(&SIZES)).collect();
            let (rows, count) = (draw.of(&[2, 3, 7]), ids.iter().product::<usize>());
            let dim = draw.width(|n| n * count.max(rows) <= 2 * super::MOST);
            let sizes =
                [("num_embeddings", Some(rows.to_string())), ("embedding_dim", Some(dim.to_string()))];
            let args = weight.args(draw);
            let op = draw.call("Embedding", &sizes, &args);
            let mut branch = Branch::default();
            branch.ids(&ids, rows);
            let to = [&ids[..], &[dim]].concat();
            weighed(draw, &mut branch, weight, &format!("Embedding({rows}, {dim})"), &op, "i@", &to);
            branches.push(branch);
        }
    }
    branches
}

pub(super) fn position_embedding(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for weight in WEIGHTS {
        for more in [0, 1 + draw.below(2)] {
            let shape = draw.shape(2);
            let positions = shape[0] + more;
            let args = weight.args(draw);
            let op = draw.call("PositionEmbedding", &[("num_positions", Some(positions.to_string()))], &args);
            let mut branch = Branch::default();
            let at = branch.read(&shape);
            let plain = format!("PositionEmbedding({positions})");
            weighed(draw, &mut branch, weight, &plain, &op, &at, &shape);
            branches.push(branch);
        }
    }
    branches
}

pub(super) fn layer_norm(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    // Nothing says one axis, the last.
    for axes in 0..=3 {
        for eps in [None, Some("0.1")] {
            for weight in WEIGHTS {
                for bias in BIASES {
                    let args = [weight.args(draw), bias.args(draw)].concat();
                    let affine = flag(draw, "elementwise_affine", true);
                    branches.push(norm(draw, axes, eps, weight, [args, vec![affine]].concat()));
                }
            }
            for bias in [None, Some("false")] {
                let off = ("elementwise_affine", Some(String::from("false")));
                let args = vec![("bias", bias.map(String::from)), off];
                branches.push(norm(draw, axes, eps, Weight::Own, args));
            }
        }
    }
    branches
}

fn norm(draw: &mut Draw, axes: usize, eps: Option<&str>, weight: Weight, args: Vec<Arg<'static>>) -> Branch {
    let rank = axes.max(1) + draw.below(4 - axes.max(1));
    // Of one number or two, a norm always makes the same; few may be so near each other that it shows
    // little but rounding.
    let shape = draw.shape_where(rank, |shape| {
        matches!(shape.iter().product::<usize>(), 0..=18 | 33)
            && shape[rank - axes.max(1)..].iter().product::<usize>() > 4
    });
    let sizes: Vec<i64> = shape[rank - axes..].iter().map(|n| *n as i64).collect();
    let list = if axes == 0 { vec![] } else { vec![draw.list("normalized_shape", &sizes)] };
    let named = [vec![("eps", eps.map(String::from))], args].concat();
    let named: Vec<String> = draw
        .shuffled(&named)
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name} = {value}")))
        .collect();
    let all = [list.clone(), named].concat().join(", ");
    let op = if all.is_empty() { String::from("LayerNorm") } else { format!("LayerNorm({all})") };
    let mut branch = Branch::default();
    let at = branch.read(&shape);
    let plain = format!("LayerNorm({})", list.join(""));
    weighed(draw, &mut branch, weight, plain.trim_end_matches("()"), &op, &at, &shape);
    branch
}

pub(super) fn parameter(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for weight in WEIGHTS {
        for rank in 0..=3 {
            let shape = draw.shape(rank);
            let sizes: Vec<i64> = shape.iter().map(|n| *n as i64).collect();
            let list = if rank == 0 { vec![] } else { vec![draw.list("shape", &sizes)] };
            let named = weight.args(draw).into_iter();
            let named = named.filter_map(|(name, value)| value.map(|value| format!("{name} = {value}")));
            let op = format!("Parameter({})", [list.clone(), named.collect()].concat().join(", "));
            let mut branch = Branch::default();
            let at = branch.read(&shape);
            if weight == Weight::Tied {
                branch.line(format_args!("one: Parameter({});", list.join("")));
                branch.line(format_args!("with: Mul <- (one, {at});"));
            } else {
                branch.line(format_args!("with: Add <- ({at}, {at});"));
            }
            branch.line(format_args!("op: {op};"));
            branch.product("with", "op", &shape);
            branches.push(branch);
        }
    }
    branches
}

//! Losses.

use super::Draw;
use super::branch::Branch;

/// Which classes do not count.
#[derive(Clone, Copy)]
enum Ignored {
    None,
    Class,
    Beyond,
}

impl Ignored {
    /// `ignore_index`, and what targets are below.
    fn of(self, draw: &mut Draw, classes: usize) -> (Option<usize>, usize) {
        match self {
            Self::None => (None, classes),
            Self::Class => (Some(draw.below(classes)), classes),
            Self::Beyond => (Some(classes), classes + 1),
        }
    }
}

pub(super) fn cross_entropy(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for smoothing in [None, Some("0.0"), Some("0.1"), Some("0.7")] {
        for ignored in [Ignored::None, Ignored::Class, Ignored::Beyond] {
            for rank in 0..=2 {
                let positions: Vec<usize> = (0..rank).map(|_| draw.of(&[1, 2, 3])).collect();
                let count: usize = positions.iter().product();
                // The loss of one class is 0.
                let classes = draw.width(|n| n > 1 && n * count <= super::MOST);
                let (ignore, limit) = ignored.of(draw, classes);
                let args = [
                    ("label_smoothing", smoothing.map(String::from)),
                    ("ignore_index", ignore.map(|id| id.to_string())),
                ];
                let op = draw.call("CrossEntropy", &[], &args);
                let mut branch = Branch::default();
                let at = branch.read(&[&positions[..], &[classes]].concat());
                branch.classes(&positions, limit);
                branch.line(format_args!("{op} <- ({at}, t@);"));
                branches.push(branch);
            }
        }
    }
    branches
}

/// A `Linear` whose logits a loss computes in chunks.
pub(super) fn chunks(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for smoothing in [None, Some("0.1")] {
        for ignored in [Ignored::None, Ignored::Class, Ignored::Beyond] {
            for bias in [false, true] {
                for rank in 1..=2 {
                    let positions: Vec<usize> = (0..rank).map(|_| draw.of(&[2, 3, 4])).collect();
                    let count: usize = positions.iter().product();
                    let divisors: Vec<usize> = (1..=count).filter(|n| count.is_multiple_of(*n)).collect();
                    let chunks = draw.of(&divisors);
                    let [inputs, classes] =
                        [1, 2].map(|least| draw.width(|n| n >= least && n * count <= 3 * super::MOST));
                    let (ignore, limit) = ignored.of(draw, classes);
                    let args = [
                        ("label_smoothing", smoothing.map(String::from)),
                        ("ignore_index", ignore.map(|id| id.to_string())),
                        ("chunks", Some(chunks.to_string())),
                    ];
                    let bias = [super::trained::flag(draw, "bias", bias)];
                    let linear = draw.call("Linear", &[("out_features", Some(classes.to_string()))], &bias);
                    let op = draw.call("CrossEntropy", &[], &args);
                    let mut branch = Branch::default();
                    let at = branch.read(&[&positions[..], &[inputs]].concat());
                    branch.classes(&positions, limit);
                    branch.line(format_args!("op: {linear} <- {at};"));
                    branch.line(format_args!("{op} <- (op, t@);"));
                    branches.push(branch);
                }
            }
        }
    }
    branches
}

pub(super) fn mse(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for rank in 0..=3 {
        let mut branch = Branch::default();
        let shape = draw.shape(rank);
        let at = branch.read(&shape);
        branch.fit(&at, &shape);
        branches.push(branch);

        // The target is computed as well, or it alone is.
        for input in [false, true] {
            let mut branch = Branch::default();
            let shape = draw.shape(rank);
            let first = if input { branch.input(&shape) } else { branch.read(&shape) };
            let second = branch.read(&shape);
            branch.line(format_args!("Mse <- ({first}, {second});"));
            branches.push(branch);
        }
    }
    branches
}

pub(super) fn sum(draw: &mut Draw) -> Vec<Branch> {
    let mut branches = vec![];
    for losses in 1..=3 {
        for weighted in [false, true] {
            for again in [false, true] {
                let mut branch = Branch::default();
                let mut names = vec![];
                for n in 0..losses {
                    let rank = 1 + draw.below(3);
                    let shape = draw.shape(rank);
                    let at = branch.read(&shape);
                    branch.target(&format!("y{n}"), &shape);
                    branch.line(format_args!("mse{n}: Mse <- ({at}, y{n}@);"));
                    names.push(format!("mse{n}"));
                }
                if again {
                    names.push(names[0].clone());
                }
                let weights: Vec<&str> =
                    names.iter().map(|_| draw.of(&["2", "0.5", "-0.25", "1.5"])).collect();
                let weights = if weighted { format!("({})", weights.join(", ")) } else { String::new() };
                branch.line(format_args!("op: Sum{weights} <- ({});", names.join(", ")));
                branch.line("Sum <- (op, mse0);");
                branches.push(branch);
            }
        }
    }
    branches
}

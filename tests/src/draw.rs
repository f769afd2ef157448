//! Draws the networks of [`every_drawn!`](crate::every_drawn): each layer with every combination of its
//! arguments, at shapes that a seed decides.
//!
//! A shape is part of a model's type, so what is drawn has to be written down: `cargo run -p remat-tests
//! --bin draw > tests/src/drawn.rs` does so, and a test compares that file with another drawing. It is in
//! the language of `model!` alone, so that `goldens/drawn.py` can read the same networks for PyTorch.
//!
//! Every network has several branches, whose losses it sums up: one layer, of what is read from inputs
//! and parameters, so that each sample moves the gradients in its own way. Most often it is applied twice:
//! the second use writes the gradients of what it reads and of its parameters, and the first one adds to
//! them. Whether it is, how arguments are named, and whether a default is written, is drawn as well.

mod branch;
mod losses;
mod moves;
mod trained;
mod untrained;

use std::fmt::Write as _;

use remat::rng::{self, Key};

use branch::Branch;

/// What decides all shapes.
const SEED: u64 = 2026;
/// Branches of a network at most: each call takes all of them, and their losses are summed up.
const BRANCHES: usize = 8;
/// Sizes that are no multiple of a vector of any SIMD level, and others: the first four are drawn first.
const WIDTHS: [usize; 10] = [1, 7, 17, 33, 2, 5, 9, 15, 16, 31];
/// The first of them.
const ODD: usize = 4;
/// Sizes of the other axes.
const SIZES: [usize; 4] = [1, 2, 3, 5];
/// Elements of what a layer reads at most, but for long sequences.
const MOST: usize = 40;

/// How often sizes are drawn around a width before another one is taken.
const TRIES: usize = 20;

/// What a layer's networks are called, what draws their branches, and how many of these one network has.
type Kind = (&'static str, fn(&mut Draw) -> Vec<Branch>, usize);

/// All layers.
const KINDS: &[Kind] = &[
    ("linear", trained::linear, BRANCHES),
    ("linear_fused", trained::fused, BRANCHES),
    ("embedding", trained::embedding, BRANCHES),
    ("position_embedding", trained::position_embedding, BRANCHES),
    ("layer_norm", trained::layer_norm, BRANCHES),
    ("parameter", trained::parameter, BRANCHES),
    ("activation", untrained::activation, BRANCHES),
    ("softmax", untrained::softmax, BRANCHES),
    ("dropout", untrained::dropout, BRANCHES),
    ("dropout_never", untrained::dropout_never, BRANCHES),
    ("attention", untrained::attention, BRANCHES),
    ("attention_long", untrained::attention_long, 1),
    ("arithmetic", untrained::arithmetic, BRANCHES),
    ("mean", untrained::mean, BRANCHES),
    ("concat", moves::concat, BRANCHES),
    ("slice", moves::slice, BRANCHES),
    ("reshape", moves::reshape, BRANCHES),
    ("flatten", moves::flatten, BRANCHES),
    ("transpose", moves::transpose, BRANCHES),
    ("cross_entropy", losses::cross_entropy, BRANCHES),
    ("mse", losses::mse, BRANCHES),
    ("sum", losses::sum, BRANCHES),
    ("cross_entropy_chunks", losses::chunks, BRANCHES),
];

/// The file `drawn.rs`.
pub fn table() -> String {
    let mut text = String::from(
        "\
//! The networks that `draw.rs` drew.

/// Gives `$with!` the list of all drawn networks: a name, and what `case!` declares.
#[rustfmt::skip]
#[macro_export]
macro_rules! every_drawn {
    ($with:ident) => { $with! {
",
    );
    for (node, (name, draws, branches)) in (0..).zip(KINDS) {
        let all = draws(&mut Draw::new(node));
        for (i, network) in all.chunks(*branches).enumerate() {
            write_network(&mut text, &format!("{name}_{i}"), network);
        }
    }
    text + "    }};\n}\n"
}

/// Writes what `case!` is given: the ports of all branches, each branch as a scope, and the sum of their losses.
fn write_network(text: &mut String, name: &str, branches: &[Branch]) {
    let letters: Vec<String> = ('a'..='z').take(branches.len()).map(String::from).collect();
    let ports = |of: fn(&Branch) -> &String| {
        let ports = branches.iter().zip(&letters).map(|(branch, letter)| of(branch).replace('@', letter));
        ports.collect::<String>()
    };
    let mut line = |of: &str| writeln!(text, "    {of}").expect("a string takes all");
    line(&format!("{name} ({}{}) {{", ports(|b| &b.inputs), ports(|b| &b.targets)).replace("; )", ";)"));
    for (branch, letter) in branches.iter().zip(&letters) {
        line(&format!("{letter}: {{ {}}}", branch.layers.replace('@', letter)));
    }
    line(&format!("loss: Sum <- ({});", letters.join(", ")));
    line("}");
}

/// What the branches of one layer are drawn with.
struct Draw {
    key: Key,
    drawn: u64,
    widths: Vec<usize>,
}

impl Draw {
    fn new(node: u32) -> Self {
        let mut draw = Self { key: Key { seed: SEED, step: 0, node }, drawn: 0, widths: vec![] };
        let (first, rest) = WIDTHS.split_at(ODD);
        draw.widths = [draw.shuffled(rest), draw.shuffled(first)].concat();
        draw
    }

    fn below(&mut self, n: usize) -> usize {
        self.drawn += 1;
        (rng::uniform(self.key, self.drawn) * n as f64) as usize
    }

    /// Whether what happens once in `n` times happens now.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn shuffled<T: Clone>(&mut self, all: &[T]) -> Vec<T> {
        let mut all = all.to_vec();
        for i in (1..all.len()).rev() {
            let j = self.below(i + 1);
            all.swap(i, j);
        }
        all
    }

    /// One of [`WIDTHS`] that `fits`; all are drawn before any is drawn again.
    fn width(&mut self, fits: impl Fn(usize) -> bool) -> usize {
        loop {
            if let Some(i) = self.widths.iter().rposition(|n| fits(*n)) {
                return self.widths.remove(i);
            }
            self.refill();
        }
    }

    fn refill(&mut self) {
        let again = self.shuffled(&WIDTHS);
        self.widths.splice(0..0, again);
    }

    /// A shape of so many axes: one is a width, most often the last one.
    fn shape(&mut self, rank: usize) -> Vec<usize> {
        self.shape_where(rank, |_| true)
    }

    /// One that `fits`.
    fn shape_where(&mut self, rank: usize, fits: impl Fn(&[usize]) -> bool) -> Vec<usize> {
        if rank == 0 {
            return vec![];
        }
        loop {
            for i in (0..self.widths.len()).rev() {
                for _ in 0..TRIES {
                    let at = if self.once_in(3) { self.below(rank) } else { rank - 1 };
                    let mut shape = vec![1; rank];
                    shape[at] = self.widths[i];
                    for axis in (0..rank).filter(|axis| *axis != at) {
                        let most = MOST / shape.iter().product::<usize>();
                        let sizes: Vec<usize> = SIZES.into_iter().filter(|n| *n <= most).collect();
                        shape[axis] = self.of(&sizes);
                    }
                    if fits(&shape) {
                        self.widths.remove(i);
                        return shape;
                    }
                }
            }
            self.refill();
        }
    }

    /// A layer with its arguments: `plain` ones stand without their names, as long as none of them is left
    /// out and until it is drawn otherwise; those `by_name` have theirs, in any order.
    fn call(&mut self, kind: &str, plain: &[Arg<'_>], by_name: &[Arg<'_>]) -> String {
        let mut unnamed = true;
        let mut args = vec![];
        for (name, value) in plain {
            let Some(value) = value else {
                unnamed = false;
                continue;
            };
            unnamed &= !self.once_in(2);
            args.push(if unnamed { value.clone() } else { format!("{name} = {value}") });
        }
        for (name, value) in self.shuffled(by_name) {
            args.extend(value.map(|value| format!("{name} = {value}")));
        }
        if args.is_empty() { kind.to_owned() } else { format!("{kind}({})", args.join(", ")) }
    }

    /// Sizes in one of the ways to write them.
    fn list(&mut self, name: &str, sizes: &[i64]) -> String {
        let sizes: Vec<String> = sizes.iter().map(i64::to_string).collect();
        let all = sizes.join(", ");
        match self.below(4) {
            0 if sizes.len() > 1 => format!("({all})"),
            1 => format!("[{all}]"),
            2 => format!("{name} = [{all}]"),
            _ => all,
        }
    }
}

/// An argument's name, and what it is unless it is left out.
type Arg<'a> = (&'a str, Option<String>);

fn from_front(axis: usize) -> i64 {
    axis as i64
}

fn from_back(axis: usize, rank: usize) -> i64 {
    axis as i64 - rank as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_are_those_that_are_drawn() {
        let written = include_str!("drawn.rs");
        assert!(written == table(), "run `cargo run -p remat-tests --bin draw > tests/src/drawn.rs`");
    }

    /// Those that the page of all layers has in the first two columns of its tables.
    #[test]
    fn every_argument_of_every_layer_is_drawn() {
        let table = table();
        let page = include_str!("../../runtime/src/layers.md");
        let quoted = |cell: &str| -> Vec<String> {
            let words = cell.split('`').skip(1).step_by(2);
            words.filter_map(|words| words.split(' ').next()).map(String::from).collect()
        };
        let mut kinds = vec![];
        for row in page.lines().filter(|row| row.starts_with("| `")) {
            let cells: Vec<&str> = row.split('|').collect();
            for kind in quoted(cells[1]) {
                let calls =
                    |line: &&str| line.contains(&format!(": {kind}(")) || line.contains(&format!(" {kind}("));
                for arg in quoted(cells[2]) {
                    assert!(
                        table.lines().filter(calls).any(|line| line.contains(&arg)),
                        "`{arg}` of `{kind}`"
                    );
                }
                assert!(table.contains(&format!(" {kind}")), "`{kind}`");
                kinds.push(kind);
            }
        }
        assert_eq!(kinds.len(), 26, "{kinds:?}");
    }

    #[test]
    fn every_layer_has_widths_that_no_vector_divides() {
        let table = table().replace(' ', "");
        for (name, ..) in KINDS.iter().filter(|(name, ..)| *name != "attention_long") {
            let networks = table.lines().filter_map(|line| line.split_once('('));
            let ports = networks
                .filter(|(network, _)| network.trim_end_matches(char::is_numeric) == format!("{name}_"));
            let found: Vec<&str> = ports.flat_map(|(_, ports)| ports.split(['[', ',', ']'])).collect();
            for width in &WIDTHS[..ODD] {
                assert!(found.contains(&width.to_string().as_str()), "`{name}` of {width}");
            }
        }
    }
}

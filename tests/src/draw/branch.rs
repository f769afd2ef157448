//! A layer, what it reads, and its loss, in the language of `model!`.

use std::fmt::{Display, Write as _};

use super::Draw;

/// One branch of a network. `@` stands for its name.
#[derive(Default)]
pub(super) struct Branch {
    /// Ports that come before the targets.
    pub(super) inputs: String,
    pub(super) targets: String,
    pub(super) layers: String,
    read: usize,
}

impl Branch {
    /// One whose loss is that of `op`, a layer that turns one value of shape `from` into one of shape `to`.
    pub(super) fn alone(draw: &mut Draw, from: &[usize], to: &[usize], op: &str) -> Self {
        let mut branch = Self::default();
        let at = branch.read(from);
        branch.line(format_args!("op: {op};"));
        branch.applied(draw, &at, to);
        branch
    }

    /// An input of this shape, and its name.
    pub(super) fn input(&mut self, dims: &[usize]) -> String {
        let name = format!("x@{}", numbered(self.read));
        self.read += 1;
        add(&mut self.inputs, format_args!("input {name}: f32{};", shape(dims)));
        name
    }

    /// Ids below `limit`.
    pub(super) fn ids(&mut self, dims: &[usize], limit: usize) {
        add(&mut self.inputs, format_args!("input i@: u32{} < {limit};", shape(dims)));
    }

    /// A target of this shape.
    pub(super) fn target(&mut self, name: &str, dims: &[usize]) {
        add(&mut self.targets, format_args!("target {name}@: f32{};", shape(dims)));
    }

    /// Classes below `limit`.
    pub(super) fn classes(&mut self, dims: &[usize], limit: usize) {
        add(&mut self.targets, format_args!("target t@: u32{} < {limit};", shape(dims)));
    }

    /// A value of this shape that depends on a parameter, and its name: `at`, `at1`, …
    pub(super) fn read(&mut self, dims: &[usize]) -> String {
        let number = numbered(self.read);
        let port = self.input(dims);
        let sizes: String = dims.iter().map(|n| format!("{n}, ")).collect();
        self.line(format_args!("p{number}: Parameter({sizes}init = normal(1));"));
        self.line(format_args!("at{number}: Mul <- ({port}, p{number});"));
        format!("at{number}")
    }

    pub(super) fn line(&mut self, line: impl Display) {
        add(&mut self.layers, line);
    }

    /// Compares what `op` gives, of shape `dims`, with a target; as it is drawn, it is applied once more.
    pub(super) fn applied(&mut self, draw: &mut Draw, sources: &str, dims: &[usize]) {
        if draw.once_in(3) {
            self.fit("op", dims);
        } else {
            self.line(format_args!("again: op <- {sources};"));
            self.product("op", "again", dims);
        }
    }

    /// Applies `op` once more, and compares the sum of what both give, of shape `dims`, with a target: for
    /// large numbers, of which a square of a product would leave the other branches' losses nothing to show.
    pub(super) fn twice_in_sum(&mut self, sources: &str, dims: &[usize]) {
        self.line(format_args!("again: op <- {sources};"));
        self.line("both: Add <- (op, again);");
        self.fit("both", dims);
    }

    /// Compares the product of two values of shape `dims` with a target.
    pub(super) fn product(&mut self, one: &str, two: &str, dims: &[usize]) {
        self.line(format_args!("both: Mul <- ({one}, {two});"));
        self.fit("both", dims);
    }

    /// Compares a value of shape `dims` with a target.
    pub(super) fn fit(&mut self, value: &str, dims: &[usize]) {
        self.target("y", dims);
        self.line(format_args!("Mse <- ({value}, y@);"));
    }
}

fn add(text: &mut String, line: impl Display) {
    write!(text, "{line} ").expect("a string takes all");
}

/// Nothing for the first one.
fn numbered(n: usize) -> String {
    if n == 0 { String::new() } else { n.to_string() }
}

/// As a port has it.
fn shape(dims: &[usize]) -> String {
    if dims.is_empty() { String::new() } else { format!("{dims:?}") }
}

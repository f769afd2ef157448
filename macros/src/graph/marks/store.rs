//! `store = bf16 | f16`: what is held rounded, and so is rounded for every reader.
//!
//! That is what a plan keeps for the mark: of a segment, the activations that cross its border either way; of a
//! boundary, what is made before it and read behind it. Inputs and targets are kept as they are given.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proc_macro2::Span;

use super::argument;
use crate::graph::{Graph, Node, NodeId, Stored, ValueId};
use crate::ops::store::Format;
use crate::plan::problem::Class;
use crate::report::{Errors, did_you_mean};
use crate::syntax::{Arg, Checkpoint, Expr, Value, text};

/// What is told of `store` alone.
const FORM: &str = "write `store = bf16` or `store = f16`";

/// The format that a mark asks for; mistakes are reported, and ask for none.
pub(crate) fn asked(checkpoint: &Checkpoint, errors: &mut Errors) -> Option<Stored> {
    let mut found: Option<Stored> = None;
    for arg in checkpoint.args.iter().filter(|arg| is_store(arg)) {
        let (_, span) = argument(arg);
        if found.is_some() {
            errors.error(span, "`store` is given twice -- remove one");
            continue;
        }
        let word = if let Value::Expr(Expr::Name(word)) = &arg.value { Some(text(word)) } else { None };
        let known = |word: &String| Format::ALL.into_iter().find(|format| format.name() == word);
        match word {
            _ if arg.name.is_none() => {
                errors.error(span, format!("`store` is written another way -- {FORM}"));
            }
            Some(word) => match known(&word) {
                Some(format) => found = Some(Stored { format, span }),
                None => {
                    let hint = did_you_mean(&word, Format::ALL.map(Format::name), FORM);
                    errors.error(arg.value.span(), format!("`{word}` is no format of two bytes{hint}"));
                }
            },
            None => {
                let message = "`store` must be a format of two bytes";
                errors.error(arg.value.span(), format!("{message} -- {FORM}"));
            }
        }
    }
    found
}

/// Whether an argument of `checkpoint` is this one, rightly written or not.
pub(crate) fn is_store(arg: &Arg) -> bool {
    argument(arg).0.as_deref() == Some("store")
}

/// A run of nodes, and what crosses its border.
pub(super) struct Border {
    pub(super) nodes: Range<NodeId>,
    /// Also what is made outside and read inside.
    pub(super) inputs: bool,
    pub(super) stored: Stored,
}

/// The format of every value that crosses one of `borders`; views count as what they are views of.
///
/// A mark that rounds nothing is refused, also that on the model which places no boundary; with `quiet`, what is
/// told of marks already says why.
pub(super) fn rounded(
    graph: &Graph,
    borders: &[Border],
    quiet: bool,
    errors: &mut Errors,
) -> BTreeMap<ValueId, Format> {
    let reads = Reads::new(graph);
    let mut rounded: BTreeMap<ValueId, Stored> = BTreeMap::new();
    // Each mark, and whether anything crosses it.
    let mut marks: BTreeMap<String, (Span, bool)> = BTreeMap::new();
    if let Some(stored) = graph.asked.as_ref().and_then(|asked| asked.store) {
        marks.insert(format!("{:?}", stored.span), (stored.span, false));
    }
    // Marks that differ are told once, whatever crosses both.
    let mut told: BTreeSet<String> = BTreeSet::new();
    for Border { nodes, inputs, stored } in borders {
        let mark = marks.entry(format!("{:?}", stored.span)).or_insert((stored.span, false));
        let mut round = |value: ValueId| {
            mark.1 = true;
            let known = rounded.entry(value).or_insert(*stored);
            let pair = format!("{:?} {:?}", known.span, stored.span);
            if known.format != stored.format && told.insert(pair) {
                let (a, b) = (known.format.name(), stored.format.name());
                let label = &graph.values[value].label;
                let message = |own, other| {
                    let fix = "write one format in both";
                    format!("{label} is stored as `{own}` here but as `{other}` by another mark -- {fix}")
                };
                errors.error(known.span, message(a, b));
                errors.error(stored.span, message(b, a));
            }
        };
        for id in nodes.clone() {
            let node = &graph.nodes[id];
            let made = node.output;
            if reads.is_activation(graph, made) && reads.last[made] > nodes.end {
                round(made);
            }
            let outside =
                |value: &ValueId| graph.values[*value].node.is_some_and(|maker| maker < nodes.start);
            for value in reads.of(node).filter(|value| *inputs && outside(value)) {
                if reads.is_activation(graph, value) {
                    round(value);
                }
            }
        }
    }
    for (span, _) in marks.into_values().filter(|(_, crossed)| !crossed && !quiet) {
        let message = "no activation that `store` could round is kept for this mark";
        errors.error(span, format!("{message} -- remove `store`"));
    }
    rounded.into_iter().map(|(value, stored)| (value, stored.format)).collect()
}

/// Who reads what, through views.
struct Reads<'a> {
    root: &'a [ValueId],
    /// One past the last node that reads each value.
    last: Vec<NodeId>,
}

impl<'a> Reads<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut reads = Self { root: &graph.roots, last: vec![0; graph.values.len()] };
        for (id, node) in graph.nodes.iter().enumerate().filter(|(_, node)| !node.is_view()) {
            for source in &node.sources {
                reads.last[reads.root[source.value]] = id + 1;
            }
        }
        reads
    }

    /// What a node reads; a view is no reader.
    fn of(&self, node: &Node) -> impl Iterator<Item = ValueId> {
        let sources = if node.is_view() { &[][..] } else { &node.sources };
        sources.iter().map(|source| self.root[source.value])
    }

    /// Whether a value is an activation with memory of its own.
    fn is_activation(&self, graph: &Graph, value: ValueId) -> bool {
        let shape = graph.values[value].shape.as_ref();
        self.root[value] == value && shape.is_some_and(|shape| shape.class == Class::Elem)
    }
}

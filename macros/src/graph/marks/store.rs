//! `store = bf16 | f16 | host`: what is held rounded, and so is rounded for every reader; and what waits for backward in the
//! memory of the host.
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
const FORM: &str =
    "write `store = bf16`, `store = f16`, `store = host`, or a format and `host` as `store = (bf16, host)`";
/// The word for the memory of the host.
const HOST: &str = "host";

/// What a mark asks for; mistakes are reported, and ask for nothing.
pub(crate) fn asked(checkpoint: &Checkpoint, errors: &mut Errors) -> Option<Stored> {
    let mut found: Option<Option<Stored>> = None;
    for arg in checkpoint.args.iter().filter(|arg| is_store(arg)) {
        let (_, span) = argument(arg);
        if found.is_some() {
            errors.error(span, "`store` is given twice -- remove one");
        } else if arg.name.is_none() {
            errors.error(span, format!("`store` is written another way -- {FORM}"));
        } else {
            found = Some(read(&arg.value, span, errors));
        }
    }
    found.flatten()
}

/// What `store = value` asks for.
fn read(value: &Value, span: Span, errors: &mut Errors) -> Option<Stored> {
    let mut stored = Stored { format: None, host: false, span };
    let words = match value {
        Value::Tuple(words, _) if !words.is_empty() => &words[..],
        one => std::slice::from_ref(one),
    };
    for value in words {
        let at = value.span();
        let Value::Expr(Expr::Name(word)) = value else {
            errors.error(at, format!("`store` must be a format of two bytes, `host`, or both -- {FORM}"));
            return None;
        };
        let word = text(word);
        let format = Format::ALL.into_iter().find(|format| format.name() == word);
        let again = match format {
            None if word != HOST => {
                let known = Format::ALL.map(Format::name).into_iter().chain([HOST]);
                let hint = did_you_mean(&word, known, FORM);
                errors.error(at, format!("`{word}` is neither a format of two bytes nor `host`{hint}"));
                return None;
            }
            None => std::mem::replace(&mut stored.host, true).then_some(HOST),
            Some(format) => stored.format.replace(format).map(Format::name),
        };
        if let Some(other) = again {
            let message = match other == word {
                true => format!("`{word}` is given twice"),
                false => format!("`{other}` and `{word}` both say what `store` rounds to"),
            };
            errors.error(at, format!("{message} -- remove one"));
        }
    }
    Some(stored)
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

/// How values are held that cross a border.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) rounded: BTreeMap<ValueId, Format>,
    /// What waits for backward on the host.
    pub(crate) hosted: BTreeSet<ValueId>,
}

/// How every value is held that crosses one of `borders`; views count as what they are views of.
///
/// A mark that holds nothing is refused, also that on the model which places no boundary; with `quiet`, what is
/// told of marks already says why.
pub(super) fn held(graph: &Graph, borders: &[Border], quiet: bool, errors: &mut Errors) -> Held {
    let reads = Reads::new(graph);
    let mut held = Held::default();
    // Of each that is rounded, the mark that said so first.
    let mut rounded: BTreeMap<ValueId, (Format, Span)> = BTreeMap::new();
    // Each mark, and whether anything crosses it.
    let mut marks: BTreeMap<String, (Span, bool)> = BTreeMap::new();
    if let Some(stored) = graph.asked.as_ref().and_then(|asked| asked.store) {
        marks.insert(format!("{:?}", stored.span), (stored.span, false));
    }
    // Marks that differ are told once, whatever crosses both.
    let mut told: BTreeSet<String> = BTreeSet::new();
    for Border { nodes, inputs, stored } in borders {
        let mark = marks.entry(format!("{:?}", stored.span)).or_insert((stored.span, false));
        let mut hold = |value: ValueId| {
            mark.1 = true;
            if stored.host {
                held.hosted.insert(value);
            }
            let Some(format) = stored.format else { return };
            let (known, span) = *rounded.entry(value).or_insert((format, stored.span));
            let pair = format!("{span:?} {:?}", stored.span);
            if known != format && told.insert(pair) {
                let label = &graph.values[value].label;
                let message = |own: Format, other: Format| {
                    let (own, other, fix) = (own.name(), other.name(), "write one format in both");
                    format!("{label} is stored as `{own}` here but as `{other}` by another mark -- {fix}")
                };
                errors.error(span, message(known, format));
                errors.error(stored.span, message(format, known));
            }
        };
        for id in nodes.clone() {
            let node = &graph.nodes[id];
            let made = node.output;
            if reads.is_activation(graph, made) && reads.last[made] > nodes.end {
                hold(made);
            }
            let outside =
                |value: &ValueId| graph.values[*value].node.is_some_and(|maker| maker < nodes.start);
            for value in reads.of(node).filter(|value| *inputs && outside(value)) {
                if reads.is_activation(graph, value) {
                    hold(value);
                }
            }
        }
    }
    for (span, _) in marks.into_values().filter(|(_, crossed)| !crossed && !quiet) {
        errors.error(span, "no activation that `store` could hold is kept for this mark -- remove `store`");
    }
    held.rounded = rounded.into_iter().map(|(value, (format, _))| (value, format)).collect();
    held
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

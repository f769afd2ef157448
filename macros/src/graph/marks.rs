//! Marks to segments: rules R1 and R4 of the language.
//!
//! A `#[checkpoint]` on a scope is a segment; on a `repeat`, a segment per run of iterations; on a
//! layer, a cut of the scope that holds it; on the model, cuts between stages. Every cut scope becomes
//! consecutive segments, so that planning knows one kind of thing: nested runs of nodes.

mod cut;
mod idle;
pub(crate) mod model;
mod size;
pub(crate) mod store;
mod width;

use std::ops::Range;

use proc_macro2::Span;

use cut::{Cut, Cutter};
use model::ON_MODEL;

use super::num::{Num, Vars, eval};
use super::{Checkpoint, Graph, ValueId};
use crate::report::{Errors, did_you_mean};
use crate::syntax::{self, Expr, Marks, Value, text};

/// An argument of `checkpoint`: its name, or the word it is.
pub(crate) fn argument(arg: &syntax::Arg) -> (Option<String>, Span) {
    match (&arg.name, &arg.value) {
        (Some(word), _) | (None, Value::Expr(Expr::Name(word)) | Value::Call(word, _)) => {
            (Some(text(word)), word.span())
        }
        (None, value) => (None, value.span()),
    }
}

/// Where the segments of a `repeat` of `n` iterations end, the last at `n`; none without a mark.
pub(crate) fn repeat_ends(marks: &Marks, n: usize, vars: &Vars, errors: &mut Errors) -> Vec<usize> {
    let Some(checkpoint) = &marks.checkpoint else { return vec![] };
    let mut first: Option<(String, Span, Vec<usize>)> = None;
    for arg in checkpoint.args.iter().filter(|arg| !store::is_store(arg)) {
        let (word, span) = argument(arg);
        let given = arg.name.is_some();
        let ends = match word.as_deref() {
            Some("every") if given => every_ends(&arg.value, n, vars, errors),
            Some("at") if given => at_ends(&arg.value, n, vars, errors),
            _ => {
                refuse(word.as_deref(), span, errors);
                continue;
            }
        };
        let word = word.unwrap_or_default();
        match &first {
            None => first = Some((word, span, ends.unwrap_or_default())),
            Some((other, ..)) if *other == word => {
                errors.error(span, format!("`{word}` is given twice -- remove one"));
            }
            Some((other, at, _)) => both("segments end", other, *at, &word, span, errors),
        }
    }
    first.map_or_else(|| (1..=n).collect(), |(_, _, ends)| ends)
}

/// Two arguments that say the same thing.
fn both(what: &str, a: &str, at: Span, b: &str, span: Span, errors: &mut Errors) {
    let message = format!("`{a}` and `{b}` both say where {what} -- remove one");
    errors.error(at, &message);
    errors.error(span, &message);
}

fn every_ends(value: &Value, n: usize, vars: &Vars, errors: &mut Errors) -> Option<Vec<usize>> {
    let k = positive(value, "every", vars, errors)?;
    if k > n {
        let iterations = if n == 1 { "iteration" } else { "iterations" };
        let message = format!("`every = {k}` is more than the {n} {iterations} of this `repeat`");
        errors.error(value.span(), format!("{message} -- write at most {n}"));
        return None;
    }
    Some((1..=n.div_ceil(k)).map(|i| (i * k).min(n)).collect())
}

fn at_ends(value: &Value, n: usize, vars: &Vars, errors: &mut Errors) -> Option<Vec<usize>> {
    let fix = "write `at = [1, 4]`";
    let Value::List(items, span) = value else {
        errors.error(value.span(), format!("`at` must be a list of iterations -- {fix}"));
        return None;
    };
    if items.is_empty() {
        errors.error(*span, "`at` names no iteration -- write at least one, or leave `at` out");
        return None;
    }
    let (mut ends, mut before): (Vec<usize>, Option<Num>) = (vec![], None);
    for item in items {
        let Value::Expr(expr) = item else {
            errors.error(item.span(), format!("`at` must be a list of iterations -- {fix}"));
            return None;
        };
        let number = eval(expr, vars, errors)?;
        let end = as_index(number).filter(|i| *i + 1 < n);
        if end.is_none() {
            let fix = match n {
                1 => String::from("leave `at` out"),
                _ => format!("write 0 to {}; the last segment ends by itself", n - 2),
            };
            errors.error(
                expr.span(),
                format!("iteration {number} can't end a segment of {n} iterations -- {fix}"),
            );
        } else if let Some(before) = before.filter(|b| b.to_f64() >= number.to_f64()) {
            let fix = "write them ascending, each once";
            errors.error(expr.span(), format!("iteration {number} stands after {before} -- {fix}"));
        }
        ends.extend(end.map(|i| i + 1));
        before = Some(number);
    }
    ends.push(n);
    Some(ends)
}

fn as_index(number: Num) -> Option<usize> {
    match number {
        Num::Int(i) => usize::try_from(i).ok(),
        Num::Float(_) => None,
    }
}

fn positive(value: &Value, what: &str, vars: &Vars, errors: &mut Errors) -> Option<usize> {
    let Value::Expr(expr) = value else {
        errors.error(value.span(), format!("`{what}` must be a positive integer -- write `{what} = 2`"));
        return None;
    };
    let number = eval(expr, vars, errors)?;
    let found = as_index(number).filter(|k| *k > 0);
    if found.is_none() {
        let message = format!("`{what}` must be a positive integer but is {number}");
        errors.error(expr.span(), format!("{message} -- write 1 or more"));
    }
    found
}

/// An argument that means nothing on a `repeat`.
fn refuse(word: Option<&str>, span: Span, errors: &mut Errors) {
    let forms = "write `every = 2` or `at = [1, 4]`";
    let Some(word) = word else {
        errors.error(span, format!("this is no argument of `checkpoint` on a `repeat` -- {forms}"));
        return;
    };
    let message = match word {
        "every" => String::from("`every` is written another way -- write `every = 2`"),
        "at" => String::from("`at` is written another way -- write `at = [1, 4]`"),
        _ if ON_MODEL.contains(&word) => format!("`{word}` stands on the model -- write `every = 2` here"),
        _ => {
            let hint = did_you_mean(word, ["every", "at", "store"], forms);
            format!("`{word}` is no argument of `checkpoint` on a `repeat`{hint}")
        }
    };
    errors.error(span, message);
}

/// Turns every mark of the model into segments.
pub(crate) fn segments(graph: &mut Graph, errors: &mut Errors) {
    let before = errors.count();
    idle::refuse(graph, errors);
    let root = std::mem::take(&mut graph.root);
    // R4: the loss is no stage.
    let stages = root.items.len().saturating_sub(1);
    let cuts = graph.asked.as_ref().map_or_else(Vec::new, |asked| asked.cuts(stages, errors));
    let mut found = Cutter::new(&graph.nodes);
    let store = graph.asked.as_ref().and_then(|asked| asked.store);
    let at = |mark| move |at: usize| Cut { at, mark, store };
    match graph.asked.as_ref() {
        Some(asked) if asked.budget().is_none() => {
            let mark = found.mark(Checkpoint { span: asked.span, store }, "the model", None);
            found.scope(&root, cuts.iter().copied().map(at(mark)).collect());
        }
        _ => {
            found.scope(&root, vec![]);
            // A planner may place a boundary behind any stage. What is held how is the same whatever it does.
            let all: Vec<Cut> = (1..stages).map(at(0)).collect();
            found.boundaries(&root.items, &all);
        }
    }
    for repeat in &root.repeats {
        let inside = |run: &Range<usize>| cuts.iter().any(|cut| run.start < *cut && *cut < run.end);
        if let Some(asked) = graph.asked.as_ref().filter(|_| repeat.runs.iter().any(inside)) {
            let message =
                "a boundary of the model falls inside a segment of this `repeat` -- mark one of the two";
            errors.error(repeat.mark.span, message);
            errors.error(
                asked.span,
                "a boundary of this falls inside a segment of a `repeat` -- mark one of the two",
            );
            break;
        }
    }
    graph.root = root;
    let borders = found.borders;
    (graph.segments, graph.marks) = (found.segments, found.marks);
    graph.roots = roots(graph);
    graph.held = store::held(graph, &borders, errors.count() > before, errors);
}

/// Of each value, the one whose memory it is.
fn roots(graph: &Graph) -> Vec<ValueId> {
    let mut roots: Vec<ValueId> = (0..graph.values.len()).collect();
    for node in graph.nodes.iter().filter(|node| node.is_view()) {
        roots[node.output] = node.sources.first().map_or(node.output, |source| roots[source.value]);
    }
    roots
}

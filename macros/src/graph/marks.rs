//! Marks to segments: rules R1 and R4 of the language.
//!
//! A `#[checkpoint]` on a scope is a segment; on a `repeat`, a segment per run of iterations; on a
//! layer, a cut of the scope that holds it; on the model, cuts between stages. Every cut scope becomes
//! consecutive segments, so that planning knows one kind of thing: nested runs of nodes.

use std::ops::Range;

use proc_macro2::Span;

use super::num::{Num, Vars, eval};
use super::{Graph, Item, Scope, Segment};
use crate::report::{Errors, did_you_mean};
use crate::syntax::{self, Checkpoint, Expr, Marks, Value};

/// An argument of `checkpoint` by name.
fn argument(arg: &syntax::Arg) -> (String, Span) {
    match (&arg.name, &arg.value) {
        (Some(name), _) => (name.to_string(), name.span()),
        (None, Value::Expr(Expr::Name(word))) => (word.to_string(), word.span()),
        (None, value) => (String::new(), value.span()),
    }
}

/// The segments that a `#[checkpoint]` on a `repeat` makes of `items` in `scope`.
pub(crate) fn repeat_runs(
    marks: &Marks,
    items: Range<usize>,
    vars: &Vars,
    scope: &mut Scope,
    errors: &mut Errors,
) {
    let Some(checkpoint) = &marks.checkpoint else { return };
    let n = items.len();
    let Some(ends) = repeat_ends(checkpoint, n, vars, errors) else { return };
    let mut start = 0;
    for end in ends {
        scope.runs.push((items.start + start..items.start + end, checkpoint.span));
        start = end;
    }
}

/// Where segments end, counted in iterations, the last at `n`.
fn repeat_ends(checkpoint: &Checkpoint, n: usize, vars: &Vars, errors: &mut Errors) -> Option<Vec<usize>> {
    let mut found: Option<(String, Vec<usize>)> = None;
    for arg in &checkpoint.args {
        let (word, span) = argument(arg);
        let ends = match word.as_str() {
            "every" if arg.name.is_some() => {
                let k = positive(&arg.value, "every", vars, errors)?;
                if k > n {
                    errors.error(arg.value.span(), format!("`every = {k}` is more than the {n} iterations of this `repeat` -- write at most {n}"));
                    return None;
                }
                (1..=n.div_ceil(k)).map(|i| (i * k).min(n)).collect()
            }
            "at" if arg.name.is_some() => at_ends(&arg.value, n, vars, errors)?,
            "sqrt" => {
                errors.error(span, "`sqrt` stands on the model -- write `every = k` here");
                return None;
            }
            _ => {
                unknown(&word, span, &["every", "at"], "a `repeat`", errors);
                return None;
            }
        };
        if let Some((other, _)) = &found {
            errors.error(
                span,
                if *other == word {
                    format!("`{word}` is given twice -- remove one")
                } else {
                    format!("`{word}` and `{other}` both say where segments end -- remove one")
                },
            );
            return None;
        }
        found = Some((word, ends));
    }
    Some(found.map_or_else(|| (1..=n).collect(), |(_, ends)| ends))
}

fn at_ends(value: &Value, n: usize, vars: &Vars, errors: &mut Errors) -> Option<Vec<usize>> {
    let Value::List(items, span) = value else {
        errors.error(value.span(), "`at` must be a list of iterations -- write `at = [1, 4]`");
        return None;
    };
    if items.is_empty() {
        errors.error(*span, "`at` names no iteration -- write at least one, or leave `at` out");
        return None;
    }
    let mut ends: Vec<usize> = vec![];
    for item in items {
        let number = match item {
            Value::Expr(e) => eval(e, vars, errors)?,
            other => {
                errors.error(other.span(), "`at` must be a list of iterations -- write `at = [1, 4]`");
                return None;
            }
        };
        let last = n.saturating_sub(1);
        let Some(i) = as_index(number).filter(|i| *i < last) else {
            errors.error(item.span(), format!("iteration {number} is no place to end a segment of {n} iterations -- write 0 to {}; the last segment ends by itself", n.saturating_sub(2)));
            return None;
        };
        if let Some(before) = ends.last().filter(|end| i < **end) {
            errors.error(
                item.span(),
                format!("iteration {i} comes after {} -- write them ascending, each once", before - 1),
            );
            return None;
        }
        ends.push(i + 1);
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
        errors.error(
            expr.span(),
            format!("`{what}` must be a positive integer but is {number} -- write 1 or more"),
        );
    }
    found
}

fn unknown(word: &str, span: Span, known: &[&str], on: &str, errors: &mut Errors) {
    let list = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(" or ");
    let otherwise = format!("write {list}, or nothing");
    if word.is_empty() {
        errors.error(span, format!("`checkpoint` on {on} takes named arguments -- {otherwise}"));
        return;
    }
    let hint = did_you_mean(word, known.iter().copied(), &otherwise);
    errors.error(span, format!("`{word}` is no argument of `checkpoint` on {on}{hint}"));
}

/// Turns every mark of the model into segments.
pub(crate) fn segments(graph: &mut Graph, model: &Marks, vars: &Vars, errors: &mut Errors) {
    refuse_idle(graph, errors);
    let root = std::mem::take(&mut graph.root);
    let mut found = vec![];
    let cuts = model.checkpoint.as_ref().map_or_else(Vec::new, |c| stage_cuts(c, &root, vars, errors));
    scope_segments(&root, &cuts, &mut found);
    if let Some(checkpoint) = &model.checkpoint
        && root.runs.iter().any(|(run, _)| cuts.iter().any(|cut| run.start < *cut && *cut < run.end))
    {
        errors.error(
            checkpoint.span,
            "the model's boundaries fall inside a segment of a `repeat` -- mark the model or the `repeat`",
        );
    }
    graph.root = root;
    graph.segments = found;
}

/// Cuts of the model's scope, as items before which it is cut (R4: the loss is no stage).
fn stage_cuts(checkpoint: &Checkpoint, root: &Scope, vars: &Vars, errors: &mut Errors) -> Vec<usize> {
    let stages = root.items.len().saturating_sub(1);
    let mut every: Option<usize> = None;
    if checkpoint.args.is_empty() {
        errors.error(checkpoint.span, "`checkpoint` on the model needs to know where -- write `checkpoint(sqrt)` or `checkpoint(every = k)`, or mark a layer or scope");
    }
    for arg in &checkpoint.args {
        let (word, span) = argument(arg);
        let k = match (word.as_str(), &arg.name) {
            ("sqrt", None) => Some(sqrt_interval(stages)),
            ("every", Some(_)) => positive(&arg.value, "every", vars, errors).filter(|k| {
                let fits = *k <= stages;
                if !fits {
                    errors.error(arg.value.span(), format!("`every = {k}` is more than the {stages} stages of the model -- write at most {stages}"));
                }
                fits
            }),
            _ => {
                unknown(&word, span, &["sqrt", "every"], "the model", errors);
                None
            }
        };
        if every.is_some() && k.is_some() {
            errors.error(span, "`sqrt` and `every` both say where the boundaries are -- remove one");
        }
        every = every.or(k);
    }
    every.map_or_else(Vec::new, |k| (1..).map(|i| i * k).take_while(|cut| *cut < stages).collect())
}

/// ceil(n / ceil(sqrt(n))): the interval of Chen et al. 2016.
fn sqrt_interval(stages: usize) -> usize {
    let floor = stages.isqrt();
    let root = if floor * floor == stages { floor } else { floor + 1 };
    stages.div_ceil(root.max(1)).max(1)
}

fn scope_segments(scope: &Scope, more_cuts: &[usize], found: &mut Vec<Segment>) {
    let items = &scope.items;
    let mut cuts: Vec<usize> = more_cuts.to_vec();
    cuts.extend(
        items
            .iter()
            .enumerate()
            .filter(|(_, i)| i.scope.is_none() && i.checkpoint.is_some())
            .map(|(i, _)| i + 1),
    );
    cuts.sort_unstable();
    cuts.dedup();
    if !cuts.is_empty() {
        let mut start = 0;
        for end in cuts.into_iter().chain([items.len()]) {
            push(&items[start..end], found);
            start = end;
        }
    }
    for (run, _) in &scope.runs {
        push(&items[run.clone()], found);
    }
    for item in items {
        let Some(inside) = &item.scope else { continue };
        if item.checkpoint.is_some() {
            push(std::slice::from_ref(item), found);
        }
        scope_segments(inside, &[], found);
    }
}

fn push(items: &[Item], found: &mut Vec<Segment>) {
    let [first, .., last] = items else {
        if let [one] = items
            && !one.nodes.is_empty()
        {
            found.push(Segment { nodes: one.nodes.clone(), label: one.label.clone() });
        }
        return;
    };
    found.push(Segment {
        nodes: first.nodes.start..last.nodes.end,
        label: format!("{} … {}", first.label, last.label),
    });
}

/// Marks that mean nothing are errors.
fn refuse_idle(graph: &Graph, errors: &mut Errors) {
    let loss_node = graph.loss.and_then(|l| graph.values[l].node);
    let mut readers: Vec<Vec<usize>> = vec![vec![]; graph.values.len()];
    for (id, node) in graph.nodes.iter().enumerate() {
        for source in &node.sources {
            readers[source.value].push(id);
        }
    }
    let only_loss =
        |value: usize| !readers[value].is_empty() && readers[value].iter().all(|r| Some(*r) == loss_node);
    let mut check = |item: &Item, word: &str, span: Span, layer: bool| {
        let Some(node) = item.nodes.clone().next_back().map(|id| &graph.nodes[id]) else { return };
        if Some(item.nodes.end - 1) == loss_node {
            return; // told while building
        }
        if layer && only_loss(node.output) {
            errors.error(
                span,
                format!(
                    "only the loss reads {}, at once, so `{word}` means nothing here -- remove it",
                    node.label
                ),
            );
        } else if !graph.values[node.output].trained {
            errors.error(span, format!("nothing is trained at or before {}, so backward never reaches it and `{word}` means nothing here -- remove it", node.label));
        }
    };
    let mut scopes = vec![&graph.root];
    while let Some(scope) = scopes.pop() {
        for (run, span) in &scope.runs {
            if let Some(item) = scope.items[run.clone()].last() {
                check(item, "checkpoint", *span, false);
            }
        }
        for item in &scope.items {
            if let Some(span) = item.checkpoint {
                check(item, "checkpoint", span, item.scope.is_none());
            }
            match &item.scope {
                Some(inside) => scopes.push(inside),
                None => {
                    if let Some(span) = graph.nodes[item.nodes.start].recompute {
                        check(item, "recompute", span, true);
                    }
                }
            }
        }
    }
}

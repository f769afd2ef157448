//! Marks that save nothing, and why (rule R6 of the language).
//!
//! A mark is judged as it is written: one in a `repeat` or a block stands in several places, and is told if
//! it saves nothing in any of them.

use std::collections::BTreeMap;

use crate::graph::lower::{Lowered, Role};
use crate::graph::{Graph, Mark};
use crate::ops::store::Format;
use crate::plan::program::Facts;

/// What a plan, of which `facts` are known, says of the marks of `graph`; `peaks`: its workspace at a batch of
/// [`BATCH`], and what that would be without marks.
pub(crate) fn notes(
    graph: &Graph,
    lowered: &Lowered,
    facts: &Facts,
    (own, without): (u64, u64),
) -> Vec<String> {
    let mut notes = overruled(graph, lowered, facts);
    notes.extend(recompute(graph, lowered, facts));
    let mut problems = vec![None; graph.segments.len()];
    for (segment, &of) in lowered.by_hand.iter().enumerate() {
        problems[of] = Some(segment);
    }
    for mark in &graph.marks {
        let segments: Vec<usize> = mark.segments.iter().filter_map(|of| problems[*of]).collect();
        notes.extend(checkpoint(mark, &segments, facts));
    }
    // Marks that do something each, and nothing together.
    if notes.is_empty() && is_marked(graph) && own >= without {
        notes.push(format!(
            "the marks save nothing: at batch {BATCH} the workspace is {own} bytes, and {without} without them"
        ));
    }
    notes.extend(rounded(graph));
    notes.extend(hosted(graph, facts));
    notes
}

/// Whether a mark on the model, on a layer or on a scope asks for a plan.
fn is_marked(graph: &Graph) -> bool {
    !graph.marks.is_empty() || graph.nodes.iter().any(|node| node.recompute.is_some())
}

/// Samples for which a plan is summed up, as in the runtime's `Plan`.
pub(crate) const BATCH: u64 = 32;

/// What is stored rounded.
fn rounded(graph: &Graph) -> impl Iterator<Item = String> {
    Format::ALL.into_iter().filter_map(|format| {
        let count = graph.held.rounded.values().filter(|rounded| **rounded == format).count();
        let (values, are) = if count == 1 { ("value", "is") } else { ("values", "are") };
        let name = format.name();
        (count > 0)
            .then(|| format!("{count} {values} {are} stored as {name}: every reader gets them rounded"))
    })
}

/// What waits on the host.
fn hosted(graph: &Graph, facts: &Facts) -> Option<String> {
    if graph.held.hosted.is_empty() {
        return None;
    }
    let told = match facts.kept.iter().filter(|kept| kept.host).count() {
        0 => {
            "`store = host` moves nothing: what it is about is not kept, or is read before a copy would be back"
        }
        1 => "1 value waits for backward in the memory of the host",
        n => return Some(format!("{n} values wait for backward in the memory of the host")),
    };
    Some(told.to_owned())
}

/// Values that are kept against their mark.
fn overruled(graph: &Graph, lowered: &Lowered, facts: &Facts) -> Vec<String> {
    let nodes = facts.overruled.iter().map(|&node| &graph.nodes[lowered.nodes[node].maker()]);
    // What the planner chose is no mark.
    let by_hand = nodes.filter(|node| node.recompute.is_some());
    let why = "is marked recompute but kept: it is read outside of its segment";
    by_hand.map(|node| format!("`{}` {why}", node.path)).collect()
}

/// `#[recompute]` without effect.
fn recompute(graph: &Graph, lowered: &Lowered, facts: &Facts) -> Vec<String> {
    struct Found<'a> {
        path: &'a str,
        places: usize,
        idle: usize,
        views: usize,
    }
    // Of a value that is rounded, it is what is stored that may be kept.
    let rounds = |node: usize| lowered.nodes.get(node).is_some_and(|n| matches!(n.role, Role::Store(_)));
    let idle = facts.idle.iter().filter(|&&node| !rounds(node + 1));
    let idle: Vec<usize> = idle.map(|&node| lowered.nodes[node].maker()).collect();
    let (mut found, mut index): (Vec<Found<'_>>, _) = (vec![], BTreeMap::new());
    for (id, node) in graph.nodes.iter().enumerate() {
        let Some(span) = node.recompute else { continue };
        // A mark that a macro writes may stand on several lines: those are several marks.
        let at = *index.entry(format!("{span:?} {:?}", node.span)).or_insert(found.len());
        if at == found.len() {
            found.push(Found { path: &node.path, places: 0, idle: 0, views: 0 });
        }
        found[at].places += 1;
        found[at].idle += usize::from(idle.binary_search(&id).is_ok());
        found[at].views += usize::from(node.is_view());
    }
    let told = found.iter().filter_map(|mark| {
        let why = match mark.places {
            n if n == mark.views => "it is no step",
            n if n == mark.views + mark.idle => "nothing keeps its value",
            _ => return None,
        };
        Some(format!("`recompute` on `{}`{} saves nothing: {why}", mark.path, more(mark.places)))
    });
    told.collect()
}

/// `#[checkpoint]` without effect; `segments`: those of the problem that it makes. One that says how what it keeps
/// is held saves by that, whatever runs again.
fn checkpoint(mark: &Mark, segments: &[usize], facts: &Facts) -> Option<String> {
    let is_idle = |segment: &usize| facts.idle_segments.contains(segment);
    let is_resident = |segment: &usize| facts.resident.contains(segment);
    if mark.holds || segments.iter().any(|segment| !is_idle(segment) && !is_resident(segment)) {
        return None;
    }
    let why = match segments {
        [] if mark.segments.is_empty() => "no boundary falls between its stages",
        [] => "it is no step",
        _ if segments.iter().any(is_idle) => "nothing is recomputed for it",
        _ => "nothing runs between its forward and its backward",
    };
    Some(format!("`checkpoint` on {}{} saves nothing: {why}", mark.on, more(mark.places)))
}

/// In how many more places a mark stands.
fn more(places: usize) -> String {
    match places {
        0 | 1 => String::new(),
        2 => String::from(" and in one more place"),
        n => format!(" and in {} more places", n - 1),
    }
}

//! What is kept for backward in the memory of the host: when it is copied there, and when back.
//!
//! A value's copy out begins behind the call that makes it, and is waited for when the next segment, or stage, has made
//! what it hands on: so it has as long as that runs. Its copy back begins when backward reaches what the segment before
//! hands on, in the order of backward, and is waited for by the first call that reads it. So two such values are on the
//! device at once in forward, and two in backward, and the rest of them on the host, where copies keep up.
//!
//! What nothing would run without stays where it is: that is the value from which backward sets out.

use std::ops::Range;

use super::levels::Levels;
use super::problem::{NodeId, Over, Problem, ValueId};
use super::program::{Kind, Program, Run, Step, Way};

/// The program, with copies of what is to wait in the memory of the host and is kept.
pub(crate) fn offload(problem: &Problem, levels: &Levels, program: Program) -> Program {
    if !problem.values.iter().any(|value| value.host) {
        return program;
    }
    let steps = &program.steps;
    let is_backward = |step: &Step| matches!(step, Step::Run(run) if run.kind != Kind::Forward);
    let Some(turn) = steps.iter().position(is_backward) else { return program };
    let mut waiting = waiting(problem, &program, turn);
    let place = |node: NodeId| Place::of(problem, levels, node);
    // No copy out is waited for later than behind the last call of forward, nor does one back begin sooner.
    let last = steps[..turn].iter().rposition(is_run).unwrap_or(0);
    waiting.sort_by_key(|waiting| waiting.made);
    let groups = alike(&waiting, |waiting| place(waiting.maker));
    for (of, group) in groups.iter().enumerate() {
        let next = groups.get(of + 1).map_or(last, |next| waiting[next.end - 1].made);
        waiting[group.clone()].iter_mut().for_each(|waiting| waiting.out = waiting.out.max(next));
    }
    waiting.sort_by_key(|waiting| (waiting.read, waiting.made));
    let mut back = turn;
    for group in alike(&waiting, |waiting| place(waiting.reader)) {
        waiting[group.clone()].iter_mut().for_each(|waiting| waiting.back = back);
        back = waiting[group.start].read;
    }
    waiting.retain(|&Waiting { out, back, .. }| out < back && steps[out + 1..back].iter().any(is_run));
    Program { steps: with_copies(steps, &waiting), ..program }
}

fn is_run(step: &Step) -> bool {
    matches!(step, Step::Run(_))
}

/// A value that may wait on the host, and the calls that decide when.
struct Waiting {
    value: ValueId,
    /// The node and the call that make it.
    maker: NodeId,
    made: usize,
    /// The call behind which its copy out is waited for; until that is known, the last of forward that uses it.
    out: usize,
    /// The call before which its copy back begins.
    back: usize,
    /// The first call of backward that reads it, and the node that it runs.
    read: usize,
    reader: NodeId,
}

/// What forward makes and calls from the turn on read, in the order in which it is freed or written over.
fn waiting(problem: &Problem, program: &Program, turn: usize) -> Vec<Waiting> {
    let mut of: Vec<Option<Waiting>> = problem.values.iter().map(|_| None).collect();
    let mut found = vec![];
    for (at, step) in program.steps.iter().enumerate() {
        match step {
            Step::Run(run) => {
                read_by(problem, run, |value| match &mut of[value] {
                    Some(waiting) if at < turn => waiting.out = at,
                    Some(waiting) if waiting.read == usize::MAX => {
                        (waiting.read, waiting.reader) = (at, run.node)
                    }
                    _ => {}
                });
                let may_wait = |value: &&ValueId| {
                    run.kind == Kind::Forward
                        && problem.values[**value].host
                        && !program.outputs.contains(value)
                };
                if let Some(Over::Value(value)) = run.over {
                    found.extend(of[value].take().filter(|waiting| waiting.read != usize::MAX));
                }
                for &value in run.makes.iter().filter(may_wait) {
                    let (maker, reader) = (problem.values[value].made_by.unwrap_or(run.node), run.node);
                    let (made, out, back, read) = (at, at, at, usize::MAX);
                    of[value] = Some(Waiting { value, maker, made, out, back, read, reader });
                }
            }
            Step::Free(value) => found.extend(of[*value].take().filter(|waiting| waiting.read != usize::MAX)),
            Step::FreeGrad(_) | Step::Copy(..) | Step::Copied(..) => {}
        }
    }
    found
}

/// Tells `see` each value that a call reads, or makes for its epilogue.
fn read_by(problem: &Problem, run: &Run, mut see: impl FnMut(ValueId)) {
    for node in run.nodes() {
        let node = &problem.nodes[node];
        let backward = node.backward.as_ref().filter(|_| run.kind == Kind::Backward);
        backward.map_or(&node.reads, |backward| &backward.reads).iter().for_each(|&value| see(value));
    }
}

/// The steps, with the copies of what waits.
fn with_copies(steps: &[Step], waiting: &[Waiting]) -> Vec<Step> {
    // Each with the step that it stands before, and that before which its copy begins: what has begun sooner is waited for
    // before another begins, as copies follow one another anyway.
    let mut copies: Vec<([usize; 2], Step)> = vec![];
    for &Waiting { value, made, out, back, read, .. } in waiting {
        let (made, out) = (made + 1, out + 1);
        copies.push(([made, made], Step::Copy(Way::Out, value)));
        copies.push(([out, made], Step::Copied(Way::Out, value)));
        copies.push(([out, made], Step::Free(value)));
        copies.push(([back, back], Step::Copy(Way::Back, value)));
        copies.push(([read, back], Step::Copied(Way::Back, value)));
    }
    copies.sort_by_key(|(places, _)| *places);
    let mut copies = copies.into_iter().peekable();
    let mut all = vec![];
    for (at, step) in steps.iter().enumerate() {
        while let Some((_, copy)) = copies.next_if(|([before, _], _)| *before == at) {
            all.push(copy);
        }
        all.push(step.clone());
    }
    all
}

/// What hands values on as one: a segment that is recomputed, or else a stage.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Segment(usize),
    Stage(usize),
}

impl Place {
    fn of(problem: &Problem, levels: &Levels, node: NodeId) -> Self {
        let stage = || problem.stages.partition_point(|stage| stage.end <= node);
        levels.outermost(node).map_or_else(|| Self::Stage(stage()), Self::Segment)
    }
}

/// Runs of those that follow each other and have the same key.
fn alike(waiting: &[Waiting], key: impl Fn(&Waiting) -> Place) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = vec![];
    for (at, own) in waiting.iter().enumerate() {
        match runs.last_mut() {
            Some(last) if key(&waiting[last.start]) == key(own) => last.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

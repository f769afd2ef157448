//! What is kept for backward in the memory of the host: when it is copied there, and when back.
//!
//! Between the begin of a copy and the wait for it runs a whole segment, or stage, at the least, and as many as take as long
//! as the one that made the value took in forward. The copy out begins behind the call that makes the value; the copy
//! back so long before the first call of backward that reads it. So about two such values are on the device at once, and
//! the rest of them on the host, where copies keep up.
//!
//! What nothing would run without stays where it is: that is the value from which backward sets out.

use super::levels::Levels;
use super::problem::{NodeId, Over, Problem, ValueId};
use super::program::{Kind, Program, Step, Way};

/// The program, with copies of what is to wait in the memory of the host and is kept.
pub(crate) fn offload(problem: &Problem, levels: &Levels, program: Program) -> Program {
    if !problem.values.iter().any(|value| value.host) {
        return program;
    }
    let steps = &program.steps;
    let calls = Calls::new(problem, levels, &program);
    let Some(turn) = program.turn() else { return program };
    let mut waiting = waiting(problem, &program, turn);
    for waiting in &mut waiting {
        let time = calls.around(waiting.made);
        waiting.out = waiting.out.max(calls.behind(waiting.made, time));
        waiting.back = calls.before(waiting.read, time);
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
    /// The call that makes it.
    made: usize,
    /// The call behind which its copy out is waited for; until that is known, the last of forward that uses it.
    out: usize,
    /// The call before which its copy back begins.
    back: usize,
    /// The first call of backward that reads it.
    read: usize,
}

/// What forward makes and calls from the turn on read, in the order in which it is freed or written over.
fn waiting(problem: &Problem, program: &Program, turn: usize) -> Vec<Waiting> {
    let mut of: Vec<Option<Waiting>> = problem.values.iter().map(|_| None).collect();
    let mut found = vec![];
    for (at, step) in program.steps.iter().enumerate() {
        match step {
            Step::Run(run) => {
                for value in run.reads(problem) {
                    match &mut of[value] {
                        Some(waiting) if at < turn => waiting.out = at,
                        Some(waiting) => waiting.read = waiting.read.min(at),
                        None => {}
                    }
                }
                let may_wait = |value: &&ValueId| {
                    run.kind == Kind::Forward
                        && problem.values[**value].host
                        && !program.outputs.contains(value)
                };
                if let Some(Over::Value(value)) = run.over {
                    found.extend(of[value].take().filter(|waiting| waiting.read != usize::MAX));
                }
                for &value in run.makes.iter().filter(may_wait) {
                    of[value] = Some(Waiting { value, made: at, out: at, back: turn, read: usize::MAX });
                }
            }
            Step::Free(value) => found.extend(of[*value].take().filter(|waiting| waiting.read != usize::MAX)),
            Step::FreeGrad(_) | Step::Copy(..) | Step::Copied(..) => {}
        }
    }
    found
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

/// A call: its step, the place of what it runs, and what that costs in time.
struct Call {
    at: usize,
    forward: bool,
    place: Place,
    time: u64,
}

/// The calls of a program, in order.
struct Calls(Vec<Call>);

impl Calls {
    fn new(problem: &Problem, levels: &Levels, program: &Program) -> Self {
        let place = |node: NodeId| {
            let stage = || problem.stages.partition_point(|stage| stage.end <= node);
            levels.outermost(node).map_or_else(|| Place::Stage(stage()), Place::Segment)
        };
        let call = |(at, step): (usize, &Step)| {
            let Step::Run(run) = step else { return None };
            let time = run.nodes().map(|node| match run.kind {
                Kind::Backward => {
                    problem.nodes[node].time.saturating_mul(problem.nodes[node].backward_passes())
                }
                Kind::Forward | Kind::Recompute => problem.nodes[node].time,
            });
            let time = time.fold(0, u64::saturating_add);
            Some(Call { at, forward: run.kind == Kind::Forward, place: place(run.node), time })
        };
        Self(program.steps.iter().enumerate().filter_map(call).collect())
    }

    /// Which call a step is.
    fn of(&self, step: usize) -> usize {
        self.0.partition_point(|call| call.at < step)
    }

    /// What the calls of forward cost that stand in one place with this one and follow each other.
    fn around(&self, step: usize) -> u64 {
        let of = self.of(step);
        let same = |call: &&Call| call.forward && call.place == self.0[of].place;
        let (before, behind) = (self.0[..of].iter().rev(), self.0[of..].iter());
        let calls = before.take_while(same).chain(behind.take_while(same));
        calls.fold(0, |sum, call| sum.saturating_add(call.time))
    }

    /// The last call of the places behind that of this one that take so much time, or the last of forward.
    fn behind(&self, step: usize, time: u64) -> usize {
        let forward = self.0[self.of(step)..].iter().take_while(|call| call.forward);
        whole_places(forward, time).unwrap_or(step)
    }

    /// The first call of the places before that of this one that take so much time, or the first of backward.
    fn before(&self, step: usize, time: u64) -> usize {
        let backward = self.0[..=self.of(step)].iter().rev().take_while(|call| !call.forward);
        whole_places(backward, time).unwrap_or(step)
    }
}

/// Follows calls from one on: the last of the next whole places that take so much time, or of all.
fn whole_places<'a>(mut calls: impl Iterator<Item = &'a Call>, time: u64) -> Option<usize> {
    let mut last = calls.next()?;
    // How many places were entered behind the first, and what they take.
    let (mut places, mut passed) = (0, 0u64);
    for call in calls {
        if call.place != last.place {
            if places > 0 && passed >= time {
                break;
            }
            places += 1;
        }
        if places > 0 {
            passed = passed.saturating_add(call.time);
        }
        last = call;
    }
    Some(last.at)
}

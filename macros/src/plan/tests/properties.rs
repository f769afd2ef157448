//! What holds for any graph under any plan.

use std::collections::BTreeSet;

use super::interpreter::{execute, store_everything};
use super::mutations::Mutant;
use super::random::{self, Rng};
use super::steps::text;
use super::{BF16, F32, F64, brute, live, mutations, planned, planned_in, results};
use crate::plan::layout::{What, layout};
use crate::plan::problem::{Problem, ValueId};
use crate::plan::program::{Kind, Program, Run, Step, Way};
use crate::plan::{schedule, verify};

/// Graphs of two to `most` nodes, each with the seed that draws it again.
fn problems(count: u64, most: usize) -> impl Iterator<Item = (u64, Problem)> {
    (0..count).map(move |seed| (seed, random::problem(seed, 1 + seed as usize % (most - 1))))
}

#[test]
fn every_plan_gives_the_bits_of_storing_everything() {
    for (seed, problem) in problems(3000, 32) {
        let (program, planned_layout) = planned(&problem);
        let wanted = results(&problem);
        let expected = store_everything(&problem, &wanted, true);
        for batch in [1, 3] {
            assert_eq!(execute(&problem, &program, &planned_layout, &wanted, batch), expected, "seed {seed}");
        }
        for widths in [F64, BF16] {
            let other = layout(&problem, &program, widths).expect("it fits into 64 bits");
            assert_eq!(verify::train(&problem, &program, &other, widths), Ok(()), "seed {seed}");
            assert_eq!(verify::alike(&planned_layout, &other), Ok(()), "seed {seed}");
            assert_eq!(execute(&problem, &program, &other, &wanted, 2), expected, "seed {seed}");
        }
    }
}

#[test]
fn forward_alone_gives_the_same_values() {
    for (seed, problem) in problems(1000, 32) {
        let mut rng = Rng(seed);
        let made: Vec<ValueId> = problem.nodes.iter().map(|node| node.makes[0]).collect();
        let wanted: Vec<ValueId> = (0..1 + rng.below(3)).map(|_| made[rng.below(made.len())]).collect();
        let program = schedule::forward(&problem, &wanted);
        let expected = store_everything(&problem, &wanted, false);
        for widths in [F32, BF16] {
            let layout = layout(&problem, &program, widths).expect("it fits into 64 bits");
            assert_eq!(verify::forward(&problem, &wanted, &program, &layout, widths), Ok(()), "seed {seed}");
            assert_eq!(execute(&problem, &program, &layout, &wanted, 2), expected, "seed {seed}");
        }
    }
}

#[test]
fn verify_rejects_every_single_change_that_changes_the_answer() {
    for train in [true, false] {
        let (mut tried, mut mattered, mut accepted) = (0, 0, 0);
        for (seed, problem) in problems(200, 9) {
            let wanted = results(&problem);
            let widths = if seed % 2 == 0 { F32 } else { BF16 };
            let (program, layout) = if train {
                planned_in(&problem, widths)
            } else {
                let program = schedule::forward(&problem, &wanted);
                let layout = layout(&problem, &program, widths).expect("it fits into 64 bits");
                (program, layout)
            };
            let expected = store_everything(&problem, &wanted, train);
            for Mutant { program: changed, layout, wrong } in mutations::all(&program, &layout) {
                let matters = execute(&problem, &changed, &layout, &wanted, 1) != expected;
                let verdict = if train {
                    verify::train(&problem, &changed, &layout, widths)
                } else {
                    verify::forward(&problem, &wanted, &changed, &layout, widths)
                };
                assert!(!(matters && verdict.is_ok()), "seed {seed}: {wrong}\n{}", text(&program));
                tried += 1;
                mattered += u32::from(matters);
                accepted += u32::from(verdict.is_ok());
            }
        }
        println!("train {train}: {tried} changes, {mattered} of them matter, {accepted} are accepted");
        // Else the changes would say nothing, or verify would accept nothing.
        assert!(2 * mattered > tried && accepted > 0);
    }
}

#[test]
fn no_step_runs_whose_value_nobody_reads() {
    for (seed, problem) in problems(2000, 32) {
        let (program, _) = planned(&problem);
        let mut read_later: BTreeSet<ValueId> = program.outputs.iter().copied().collect();
        let mut runs: Vec<&Run> = program.runs().collect();
        runs.reverse();
        for run in runs {
            for id in run.nodes().rev() {
                let node = &problem.nodes[id];
                if run.kind == Kind::Backward {
                    read_later.extend(node.backward.iter().flat_map(|backward| &backward.reads));
                    continue;
                }
                let read = node.makes.iter().filter(|made| read_later.remove(made)).count();
                assert!(read > 0, "seed {seed}: {:?} of node {id}\n{}", run.kind, text(&program));
                read_later.extend(&node.reads);
            }
        }
    }
}

#[test]
fn a_buffer_is_freed_right_after_the_last_step_that_touches_it() {
    for (seed, problem) in problems(1000, 32) {
        let (program, layout) = planned(&problem);
        let mut last = vec![0; layout.buffers.len()];
        for (at, step) in program.steps.iter().enumerate() {
            let uses = !matches!(step, Step::Free(_) | Step::FreeGrad(_));
            layout.touches.at(at).iter().filter(|_| uses).for_each(|&index| last[index] = at);
        }
        for (at, step) in program.steps.iter().enumerate() {
            if let (Step::Free(_) | Step::FreeGrad(_), &[index]) = (step, layout.touches.at(at)) {
                let between = &program.steps[last[index] + 1..at];
                assert!(!between.iter().any(super::is_run), "seed {seed}: step {at}\n{}", text(&program));
                assert_eq!(layout.buffers[index].last, at);
            }
        }
    }
}

#[test]
fn what_is_said_to_be_kept_is_what_lives_from_forward_into_backward() {
    for (seed, problem) in problems(2000, 32) {
        let (program, layout) = planned(&problem);
        let end = end_of_forward(&program);
        if end == program.steps.len() {
            continue;
        }
        let kept: BTreeSet<_> = program.facts.kept.iter().map(|kept| (kept.value, kept.host)).collect();
        // What is written over right then is alive until then.
        let is_over = |index: usize| layout.buffers.iter().any(|p| p.over == Some(index) && p.first == end);
        let alive = layout.buffers.iter().enumerate();
        let alive = alive.filter(|(index, p)| p.first < end && (p.last >= end || is_over(*index)));
        let values = alive.map(|(_, placed)| placed).filter_map(|placed| match placed.what {
            What::Value(value) => Some((value, false)),
            What::Host(value) => Some((value, true)),
            _ => None,
        });
        let alive: BTreeSet<_> = values.collect();
        assert_eq!(kept, alive, "seed {seed}\n{}", text(&program));
    }
}

/// The first step after the last Forward and what it frees.
fn end_of_forward(program: &Program) -> usize {
    let later = |step: &Step| match step {
        Step::Run(run) => run.kind != Kind::Forward,
        step => matches!(step, Step::Copy(Way::Back, _)),
    };
    program.steps.iter().position(later).unwrap_or(program.steps.len())
}

#[test]
fn small_plans_peak_within_a_tenth_of_the_best_schedule() {
    let mut tried = 0;
    for seed in 0..10_000 {
        let mut problem = random::problem(seed, 6);
        // The oracle does not fuse.
        problem.nodes.iter_mut().for_each(|node| node.epilogue = false);
        // Nor does it know a second place to keep anything.
        problem.values.iter_mut().for_each(|value| value.host = false);
        let (program, layout) = planned(&problem);
        if program.facts.recomputed.is_empty() {
            continue;
        }
        tried += 1;
        let forward = live(&program, &layout)[..end_of_forward(&program)].iter().copied().max();
        let asked = schedule::Training::new(&problem, true).asked();
        let best = brute::backward_peak(&problem, &program.outputs, &asked).max(forward.unwrap_or(0));
        let peak = layout.per_sample.peak;
        assert!(peak as f64 <= 1.1 * best as f64, "seed {seed}: {peak}, best {best}\n{}", text(&program));
    }
    assert!(tried > 1000, "{tried}");
}

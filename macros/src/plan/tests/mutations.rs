//! Programs with one thing wrong.

use super::relive;
use crate::plan::layout::{Layout, What};
use crate::plan::problem::Over;
use crate::plan::program::{Kind, Mode, Program, Run, Step};

/// A program, its layout, and what is wrong with them.
pub(super) struct Mutant {
    pub(super) program: Program,
    pub(super) layout: Layout,
    pub(super) wrong: String,
}

/// Every program that differs in one step, or in one buffer's place.
pub(super) fn all(program: &Program, layout: &Layout) -> Vec<Mutant> {
    let mut mutants = Mutants { program, layout, found: Vec::new() };
    for at in 0..program.steps.len() {
        mutants.dropped(at);
        mutants.swapped(at);
        mutants.done_early(at);
        mutants.flipped(at);
        mutants.run_changed(at);
        mutants.elsewhere(at);
    }
    for index in 0..layout.buffers.len() {
        mutants.moved(index);
        if layout.buffers[index].over.is_some() {
            mutants.add(format!("buffer {index} is over no other"), |_, layout| {
                layout.buffers[index].over = None
            });
        }
    }
    mutants.found
}

struct Mutants<'a> {
    program: &'a Program,
    layout: &'a Layout,
    found: Vec<Mutant>,
}

impl Mutants<'_> {
    fn add(&mut self, wrong: String, change: impl FnOnce(&mut Program, &mut Layout)) {
        let (mut program, mut layout) = (self.program.clone(), self.layout.clone());
        change(&mut program, &mut layout);
        // The stated lifetimes follow, so that only the step is wrong.
        relive(&program, &mut layout);
        self.found.push(Mutant { program, layout, wrong });
    }

    fn dropped(&mut self, at: usize) {
        self.add(format!("step {at} is dropped"), |program, layout| {
            program.steps.remove(at);
            layout.touches.edit(|touches| touches.remove(at));
        });
    }

    fn swapped(&mut self, at: usize) {
        for other in at + 1..self.program.steps.len() {
            self.add(format!("steps {at} and {other} are swapped"), |program, layout| {
                program.steps.swap(at, other);
                layout.touches.edit(|touches| touches.swap(at, other));
            });
        }
    }

    fn done_early(&mut self, at: usize) {
        if matches!(self.program.steps[at], Step::Run(_)) {
            return;
        }
        for earlier in 0..at {
            self.add(format!("what is done at {at} is done at {earlier}"), |program, layout| {
                program.steps[earlier..=at].rotate_right(1);
                layout.touches.edit(|touches| touches[earlier..=at].rotate_right(1));
            });
        }
    }

    fn flipped(&mut self, at: usize) {
        let Step::Run(run) = &self.program.steps[at] else { return };
        let flip = |mode: Mode| if mode == Mode::Write { Mode::Add } else { Mode::Write };
        for index in 0..run.grads.len() {
            self.change(at, "a gradient's mode is flipped", |run| {
                run.grads[index].1 = flip(run.grads[index].1)
            });
        }
        for index in 0..run.params.len() {
            self.change(at, "a parameter's mode is flipped", |run| {
                run.params[index].1 = flip(run.params[index].1)
            });
        }
    }

    fn run_changed(&mut self, at: usize) {
        let Step::Run(run) = &self.program.steps[at] else { return };
        for index in 0..run.makes.len() {
            self.change(at, "a value is not stored", |run| _ = run.makes.remove(index));
        }
        for index in 0..run.grads.len() {
            self.change(at, "a gradient is not made", |run| _ = run.grads.remove(index));
        }
        if run.over.is_some() {
            self.change(at, "nothing is written over", |run| run.over = None);
        } else if !run.grads.is_empty() {
            self.change(at, "a gradient is written over another", |run| run.over = Some(Over::Grad));
        } else {
            for &buffer in self.layout.touches.at(at) {
                if let What::Value(other) = self.layout.buffers[buffer].what {
                    self.change(at, "a value is written over another", |run| {
                        run.over = Some(Over::Value(other))
                    });
                }
            }
        }
        for index in 0..run.params.len() {
            self.change(at, "a parameter's gradient is not made", |run| _ = run.params.remove(index));
        }
        if run.epilogues > 0 {
            self.change(at, "the last epilogue does not run", |run| run.epilogues -= 1);
        }
        let next = run.nodes().end() + 1;
        if self.program.runs().any(|other| other.node == next) {
            self.change(at, "another node runs as an epilogue", |run| run.epilogues += 1);
        }
        match run.kind {
            Kind::Forward => self.change(at, "forward became recompute", |run| run.kind = Kind::Recompute),
            Kind::Recompute => self.change(at, "recompute became forward", |run| run.kind = Kind::Forward),
            Kind::Backward => {}
        }
    }

    fn change(&mut self, at: usize, wrong: &str, change: impl FnOnce(&mut Run)) {
        self.add(format!("step {at}: {wrong}"), |program, _| {
            if let Step::Run(run) = &mut program.steps[at] {
                change(run);
            }
        });
    }

    /// A step that is sent to another production of the same value.
    fn elsewhere(&mut self, at: usize) {
        for position in 0..self.layout.touches.at(at).len() {
            let what = self.layout.buffers[self.layout.touches.at(at)[position]].what;
            for other in 0..self.layout.buffers.len() {
                if self.layout.buffers[other].what == what && other != self.layout.touches.at(at)[position] {
                    self.add(format!("step {at} uses buffer {other} for {what:?}"), |_, layout| {
                        layout.touches.edit(|touches| touches[at][position] = other);
                    });
                }
            }
        }
    }

    /// A buffer where another one is, or a line off.
    fn moved(&mut self, index: usize) {
        let placed = self.layout.buffers[index];
        let same_region = self.layout.buffers.iter().filter(|other| other.region == placed.region);
        let mut offsets: Vec<u64> =
            same_region.flat_map(|other| [other.offset, other.offset + other.lines - 1]).collect();
        offsets.push(placed.offset + 1);
        offsets.sort_unstable();
        offsets.dedup();
        for offset in offsets.into_iter().filter(|&offset| offset != placed.offset) {
            self.add(format!("buffer {index} ({:?}) stands at {offset}", placed.what), |_, layout| {
                layout.buffers[index].offset = offset;
                // The stated peak follows, so that only the place is wrong.
                let there = layout.buffers.iter().filter(|other| other.region == placed.region);
                let peak = there.map(|other| other.offset + other.lines).max().unwrap_or(0);
                layout.used(placed.region).peak = peak;
            });
        }
    }
}

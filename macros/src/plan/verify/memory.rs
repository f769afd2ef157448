//! The memory of a replay: which buffers are live, and that no two of them overlap.
//!
//! Every expansion replays every step, and users compile this without optimisation: tables instead of
//! maps, and loops instead of chains of iterators.

use super::{Check, ensure};
use crate::plan::layout::{Layout, Placed, Region, Used, What, Widths};
use crate::plan::problem::{Class, Extent, NodeId, Problem, Size, ValueId};
use crate::plan::program::Step;

/// What a replay knows of the layout.
pub(super) struct Memory<'a> {
    layout: &'a Layout,
    widths: Widths,
    /// What is live, but scratch: the buffer that holds it.
    params: Vec<Option<usize>>,
    values: Vec<Option<usize>>,
    grads: Vec<Option<usize>>,
    hosts: Vec<Option<usize>>,
    /// How many buffers were there before the first step.
    given: usize,
    per_sample: Lines,
    fixed: Lines,
    host: Lines,
    /// For each buffer, the step at which it began, and the one that freed it.
    lives: Vec<Option<(usize, Option<usize>)>>,
    /// The current step; for each buffer, the last that touched it, counted from 1; how many this one has
    /// touched so far, and which of them are scratch.
    at: usize,
    touched_at: Vec<usize>,
    touched: usize,
    scratch: Vec<usize>,
}

/// The taken lines of one region.
#[derive(Default)]
struct Lines {
    /// First line and one past the last of each live buffer that takes any, in order.
    taken: Vec<(u64, u64)>,
    live: u64,
    most: Used,
}

impl Lines {
    /// How many of the taken begin before `line`.
    fn below(&self, line: u64) -> usize {
        let (mut low, mut high) = (0, self.taken.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.taken[middle].0 < line {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl<'a> Memory<'a> {
    pub(super) fn new(problem: &Problem, layout: &'a Layout, widths: Widths) -> Self {
        let (buffers, values) = (layout.buffers.len(), problem.values.len());
        Self {
            layout,
            widths,
            params: vec![None; problem.params.len()],
            values: vec![None; values],
            grads: vec![None; values],
            hosts: vec![None; values],
            given: 0,
            per_sample: Lines::default(),
            fixed: Lines::default(),
            host: Lines::default(),
            lives: vec![None; buffers],
            at: 0,
            touched_at: vec![0; buffers],
            touched: 0,
            scratch: Vec::new(),
        }
    }

    /// Every id in the steps and the layout is there, so that the replay may index with it.
    pub(super) fn check_ids(&self, problem: &Problem, steps: &[Step]) -> Check {
        let (nodes, values) = (problem.nodes.len(), problem.values.len());
        let (params, buffers) = (problem.params.len(), self.layout.buffers.len());
        ensure!(steps.len() == self.layout.touches.steps(), "the layout is of another program");
        for (at, step) in steps.iter().enumerate() {
            let mut known = true;
            match step {
                Step::Run(run) => {
                    for node in run.nodes() {
                        known &= node < nodes;
                    }
                    for &value in &run.makes {
                        known &= value < values;
                    }
                    for &(value, _) in &run.grads {
                        known &= value < values;
                    }
                    for &(param, _) in &run.params {
                        known &= param < params;
                    }
                }
                Step::Free(value) | Step::FreeGrad(value) | Step::Copy(_, value) | Step::Copied(_, value) => {
                    known = *value < values
                }
            }
            for &index in self.layout.touches.at(at) {
                known &= index < buffers;
            }
            ensure!(known, "step {at} names what is not there");
        }
        for placed in &self.layout.buffers {
            let known = match placed.what {
                What::Param(param) => param < params,
                What::Value(value) | What::Grad(value) | What::Host(value) => value < values,
                What::Scratch(node, _) => node < nodes,
            };
            ensure!(known, "the layout holds {:?}, which is not there", placed.what);
        }
        Ok(())
    }

    /// The buffer that holds `what`, unless that is scratch, which lives in no step but its own.
    fn holder(&mut self, what: What) -> Option<&mut Option<usize>> {
        match what {
            What::Param(param) => Some(&mut self.params[param]),
            What::Value(value) => Some(&mut self.values[value]),
            What::Grad(value) => Some(&mut self.grads[value]),
            What::Host(value) => Some(&mut self.hosts[value]),
            What::Scratch(..) => None,
        }
    }

    /// Begins what is there before the first step: the first buffers of the layout, in this order.
    pub(super) fn begin_given(&mut self, what: What, size: Size) -> Check {
        let index = self.given;
        let found = self.layout.buffers.get(index).map(|placed| placed.what);
        ensure!(found == Some(what), "the layout begins with {found:?} where {what:?} is given");
        if let What::Param(_) = what {
            let (offset, front) = (self.layout.buffers[index].offset, self.fixed.live);
            ensure!(offset == front, "{what:?} stands at line {offset} and not at the front, at {front}");
        }
        self.given += 1;
        self.hold(what, index, size)
    }

    /// Begins the next step.
    pub(super) fn enter(&mut self, at: usize) {
        self.at = at;
        self.touched = 0;
    }

    /// Ends the step: its scratch goes, and the layout has nothing else for it.
    pub(super) fn leave(&mut self) -> Check {
        while let Some(index) = self.scratch.pop() {
            self.release(index);
        }
        let (touches, touched) = (self.layout.touches.at(self.at).len(), self.touched);
        ensure!(touches == touched, "the layout has {touches} buffers for a step that touches {touched}");
        Ok(())
    }

    /// The current step reads or adds to `what`.
    pub(super) fn touch(&mut self, what: What) -> Check {
        let live = self.holder(what).and_then(|holder| *holder);
        let Some(index) = live else { return Err(format!("{what:?} is not live")) };
        ensure!(
            self.layout.touches.at(self.at).contains(&index),
            "{what:?} is in buffer {index}, and the layout gives the step another or none"
        );
        self.count(index);
        Ok(())
    }

    /// The current step makes `what`.
    pub(super) fn begin(&mut self, what: What, size: Size) -> Check {
        let index = self.find(what)?;
        self.hold(what, index, size)
    }

    /// The current step makes `to` of what it finds in the place of `from`, which is gone then.
    pub(super) fn turn(&mut self, from: What, to: What, size: Size) -> Check {
        let live = self.holder(from).and_then(Option::take);
        let Some(old) = live else { return Err(format!("{from:?}, to be written over, is not live")) };
        let index = self.find(to)?;
        let (placed, before) = (self.layout.buffers[index], self.layout.buffers[old]);
        let place = |placed: Placed| (placed.region, placed.offset, placed.lines);
        ensure!(
            placed.over == Some(old) && place(placed) == place(before),
            "{to:?} is not in the place of {from:?}, which it is written over"
        );
        self.release(old);
        // Its life ended before the step in which it was written over.
        self.lives[old] = self.lives[old].map(|(first, _)| (first, Some(self.at.saturating_sub(1))));
        self.hold_over(to, index, size)
    }

    /// The current step uses scratch of these sizes for a node.
    pub(super) fn scratch(&mut self, node: NodeId, sizes: &[Size]) -> Check {
        for (number, &size) in sizes.iter().enumerate() {
            let index = self.find(What::Scratch(node, number))?;
            self.take(index, size)?;
            self.scratch.push(index);
        }
        Ok(())
    }

    /// The current step frees `what`.
    pub(super) fn free(&mut self, what: What) -> Check {
        self.touch(what).map_err(|e| format!("frees what it can't: {e}"))?;
        if let Some(index) = self.holder(what).and_then(Option::take) {
            self.release(index);
        }
        Ok(())
    }

    /// After the last step only `wanted` and the parameters' gradients are live, and the layout's sums hold.
    pub(super) fn end(&mut self, wanted: &[ValueId], steps: usize) -> Check {
        for &value in wanted {
            ensure!(self.values[value].is_some(), "value {value} is wanted and is not there");
        }
        for value in 0..self.values.len() {
            let stays = self.values[value].is_none() || wanted.contains(&value);
            ensure!(stays, "{:?} is never freed", What::Value(value));
            ensure!(self.grads[value].is_none(), "{:?} is never freed", What::Grad(value));
            ensure!(self.hosts[value].is_none(), "{:?} is never freed", What::Host(value));
        }
        for (index, life) in self.lives.iter().enumerate() {
            let Placed { what, first, last, .. } = self.layout.buffers[index];
            let Some((begins, ends)) = *life else {
                return Err(format!("nothing uses buffer {index} ({what:?})"));
            };
            let lives = (begins, ends.unwrap_or(steps.saturating_sub(1)));
            ensure!(
                lives == (first, last),
                "{what:?} lives {lives:?}, and the layout says {first} to {last}"
            );
        }
        for (name, lines, said) in [
            ("per sample", &self.per_sample, self.layout.per_sample),
            ("fixed", &self.fixed, self.layout.fixed),
            ("on the host", &self.host, self.layout.host),
        ] {
            let Used { peak, live } = lines.most;
            ensure!(
                said == lines.most,
                "{name}: the peak is {peak} lines ({live} live), and {said:?} is said"
            );
        }
        Ok(())
    }

    /// The buffer that the layout gives the current step for `what`, which is to begin.
    fn find(&mut self, what: What) -> Result<usize, String> {
        for &index in self.layout.touches.at(self.at) {
            if self.layout.buffers[index].what == what && self.lives[index].is_none() {
                self.count(index);
                return Ok(index);
            }
        }
        Err(format!("the layout has no new {what:?} here"))
    }

    /// Counts a buffer once for each step that touches it.
    fn count(&mut self, index: usize) {
        if self.touched_at[index] != self.at + 1 {
            self.touched_at[index] = self.at + 1;
            self.touched += 1;
        }
    }

    fn hold(&mut self, what: What, index: usize, size: Size) -> Check {
        let over = self.layout.buffers[index].over;
        ensure!(over.is_none(), "{what:?} is in the place of buffer {over:?}, and is not written over it");
        self.hold_over(what, index, size)
    }

    fn hold_over(&mut self, what: What, index: usize, size: Size) -> Check {
        if let Some(holder) = self.holder(what) {
            ensure!(holder.is_none(), "{what:?} is made while it is live");
            *holder = Some(index);
        }
        self.take(index, size)
    }

    fn region(&mut self, region: Region) -> &mut Lines {
        match region {
            Region::PerSample => &mut self.per_sample,
            Region::Fixed => &mut self.fixed,
            Region::Host => &mut self.host,
        }
    }

    /// Makes a buffer live: for the first time, of the right size, and where nothing else is.
    fn take(&mut self, index: usize, size: Size) -> Check {
        let placed = self.layout.buffers[index];
        let what = placed.what;
        ensure!(self.lives[index].is_none(), "buffer {index} ({what:?}) is used twice");
        self.lives[index] = Some((self.at, None));
        check_size(&placed, size, self.widths)?;
        let (start, end) = (placed.offset, placed.offset + placed.lines);
        let lines = self.region(placed.region);
        if start < end {
            let at = lines.below(end);
            if at > 0 && lines.taken[at - 1].1 > start {
                let (from, to) = lines.taken[at - 1];
                return Err(format!("{what:?} at {start}..{end} overlaps what is live at {from}..{to}"));
            }
            lines.taken.insert(at, (start, end));
        }
        lines.live += end - start;
        lines.most.live = lines.most.live.max(lines.live);
        lines.most.peak = lines.most.peak.max(end);
        Ok(())
    }

    fn release(&mut self, index: usize) {
        let Placed { region, offset, lines, .. } = self.layout.buffers[index];
        if let Some((_, last)) = &mut self.lives[index] {
            *last = Some(self.at);
        }
        let taken = self.region(region);
        if lines > 0 {
            let at = taken.below(offset);
            taken.taken.remove(at);
        }
        taken.live -= lines;
    }
}

/// A buffer is of the size that the problem says, and ends at an address.
pub(super) fn check_size(placed: &Placed, size: Size, widths: Widths) -> Check {
    let Placed { what, region, lines: said, .. } = *placed;
    let (found, lines) = lines(what, size, widths);
    ensure!(
        (found, lines) == (region, u128::from(said)) && placed.size == size,
        "{what:?} takes {lines} lines {found:?}, and the layout gives it {said} {region:?}"
    );
    ensure!(placed.offset.checked_add(said).is_some(), "{what:?} ends beyond all addresses");
    Ok(())
}

/// How many lines a buffer of `size` takes, and where they count.
fn lines(what: What, size: Size, widths: Widths) -> (Region, u128) {
    let width = match size.class {
        Class::Elem => widths.elem,
        Class::Scalar => widths.scalar,
        Class::Index => 4,
        Class::Half => 2,
        Class::Rounded => {
            if widths.elem < widths.scalar {
                widths.elem
            } else {
                0
            }
        }
    };
    let (region, elements) = match (what, size.extent) {
        (What::Host(_), Extent::PerSample(elements)) => (Region::Host, elements),
        (_, Extent::PerSample(elements)) => (Region::PerSample, elements),
        (_, Extent::Fixed(elements)) => (Region::Fixed, elements),
    };
    (region, (u128::from(elements) * u128::from(width)).div_ceil(u128::from(widths.line)))
}

//! The memory of a replay: which buffers are live, and that no two of them overlap.

use std::collections::BTreeMap;

use super::{Check, ensure};
use crate::plan::layout::{Layout, Region, Used, What, Widths};
use crate::plan::problem::{Class, Extent, NodeId, Problem, Size, ValueId};
use crate::plan::program::Step;

/// What a replay knows of the layout.
pub(super) struct Memory<'a> {
    layout: &'a Layout,
    widths: Widths,
    /// What is live, but scratch: the buffer that holds it.
    live: BTreeMap<What, usize>,
    per_sample: Lines,
    fixed: Lines,
    begun: Vec<bool>,
    /// The current step, the buffers it has touched so far, and which of them are scratch.
    at: usize,
    touched: Vec<usize>,
    scratch: Vec<usize>,
}

/// The taken lines of one region.
#[derive(Default)]
struct Lines {
    /// By first line: one past the last. Only buffers that take any.
    taken: BTreeMap<u64, u64>,
    live: u64,
    most: Used,
}

impl<'a> Memory<'a> {
    pub(super) fn new(layout: &'a Layout, widths: Widths) -> Self {
        Self {
            layout,
            widths,
            live: BTreeMap::new(),
            per_sample: Lines::default(),
            fixed: Lines::default(),
            begun: vec![false; layout.buffers.len()],
            at: 0,
            touched: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Every id in the steps and the layout is there, so that the replay may index with it.
    pub(super) fn check_ids(&self, problem: &Problem, steps: &[Step]) -> Check {
        let (nodes, values) = (problem.nodes.len(), problem.values.len());
        let (params, buffers) = (problem.params.len(), self.layout.buffers.len());
        ensure!(steps.len() == self.layout.touches.len(), "the layout is of another program");
        for (at, (step, touches)) in steps.iter().zip(&self.layout.touches).enumerate() {
            let known = match step {
                Step::Run(run) => {
                    run.nodes().all(|node| node < nodes)
                        && run.makes.iter().all(|&value| value < values)
                        && run.grads.iter().all(|&(value, _)| value < values)
                        && run.params.iter().all(|&(param, _)| param < params)
                }
                Step::Free(value) | Step::FreeGrad(value) => *value < values,
            };
            ensure!(
                known && touches.iter().all(|&index| index < buffers),
                "step {at} names what is not there"
            );
        }
        Ok(())
    }

    /// Begins what is there before the first step: the first buffers of the layout, in this order.
    pub(super) fn begin_given(&mut self, what: What, size: Size) -> Check {
        ensure!(!self.live.contains_key(&what), "{what:?} is given twice");
        let index = self.live.len();
        let found = self.layout.buffers.get(index).map(|placed| placed.what);
        ensure!(found == Some(what), "the layout begins with {found:?} where {what:?} is given");
        if let What::Param(_) = what {
            let (offset, front) = (self.layout.buffers[index].offset, self.fixed.live);
            ensure!(offset == front, "{what:?} stands at line {offset} and not at the front, at {front}");
        }
        self.take(index, size)?;
        self.live.insert(what, index);
        Ok(())
    }

    /// Begins the next step.
    pub(super) fn enter(&mut self, at: usize) {
        self.at = at;
        self.touched.clear();
    }

    /// Ends the step: its scratch goes, and the layout has nothing else for it.
    pub(super) fn leave(&mut self) -> Check {
        for index in std::mem::take(&mut self.scratch) {
            self.release(index);
        }
        self.touched.sort_unstable();
        self.touched.dedup();
        let (touches, touched) = (self.layout.touches[self.at].len(), self.touched.len());
        ensure!(touches == touched, "the layout has {touches} buffers for a step that touches {touched}");
        Ok(())
    }

    /// The current step reads or adds to `what`.
    pub(super) fn touch(&mut self, what: What) -> Check {
        let Some(&index) = self.live.get(&what) else { return Err(format!("{what:?} is not live")) };
        let found = self.find(what)?;
        ensure!(found == index, "{what:?} is in buffer {index}, and the layout says {found}");
        Ok(())
    }

    /// The current step makes `what`.
    pub(super) fn begin(&mut self, what: What, size: Size) -> Check {
        ensure!(!self.live.contains_key(&what), "{what:?} is made while it is live");
        let index = self.find(what)?;
        self.take(index, size)?;
        self.live.insert(what, index);
        Ok(())
    }

    /// The current step uses scratch of `size` for a node.
    pub(super) fn scratch(&mut self, node: NodeId, size: Option<Size>) -> Check {
        if let Some(size) = size {
            let index = self.find(What::Scratch(node))?;
            self.take(index, size)?;
            self.scratch.push(index);
        }
        Ok(())
    }

    /// The current step frees `what`.
    pub(super) fn free(&mut self, what: What) -> Check {
        self.touch(what).map_err(|e| format!("frees what it can't: {e}"))?;
        if let Some(index) = self.live.remove(&what) {
            self.release(index);
        }
        Ok(())
    }

    /// After the last step only `wanted` and the parameters' gradients are live, and the layout's sums hold.
    pub(super) fn end(&self, wanted: &[ValueId]) -> Check {
        for &value in wanted {
            ensure!(self.live.contains_key(&What::Value(value)), "value {value} is wanted and is not there");
        }
        for &what in self.live.keys() {
            let stays = matches!(what, What::Param(_)) || wanted.iter().any(|&v| what == What::Value(v));
            ensure!(stays, "{what:?} is never freed");
        }
        if let Some(index) = self.begun.iter().position(|&begun| !begun) {
            return Err(format!("nothing uses buffer {index} ({:?})", self.layout.buffers[index].what));
        }
        for (name, lines, said) in [
            ("per sample", &self.per_sample, self.layout.per_sample),
            ("fixed", &self.fixed, self.layout.fixed),
        ] {
            let Used { peak, live } = lines.most;
            ensure!(
                said == lines.most,
                "{name}: the peak is {peak} lines ({live} live), and {said:?} is said"
            );
        }
        Ok(())
    }

    /// The buffer that the layout gives the current step for `what`.
    fn find(&mut self, what: What) -> Result<usize, String> {
        let touches = &self.layout.touches[self.at];
        let index = touches.iter().copied().find(|&index| self.layout.buffers[index].what == what);
        let index = index.ok_or_else(|| format!("the layout has no {what:?} here"))?;
        self.touched.push(index);
        Ok(index)
    }

    fn region(&mut self, region: Region) -> &mut Lines {
        match region {
            Region::PerSample => &mut self.per_sample,
            Region::Fixed => &mut self.fixed,
        }
    }

    /// Makes a buffer live: for the first time, of the right size, and where nothing else is.
    fn take(&mut self, index: usize, size: Size) -> Check {
        let placed = self.layout.buffers[index];
        let what = placed.what;
        ensure!(!std::mem::replace(&mut self.begun[index], true), "buffer {index} ({what:?}) is used twice");
        let (region, lines) = self.lines(size);
        ensure!(
            (region, lines) == (placed.region, u128::from(placed.lines)),
            "{what:?} takes {lines} lines {region:?}, and the layout gives it {} {:?}",
            placed.lines,
            placed.region
        );
        let (start, Some(end)) = (placed.offset, placed.offset.checked_add(placed.lines)) else {
            return Err(format!("{what:?} ends beyond all addresses"));
        };
        let lines = self.region(region);
        if start < end {
            let below = lines.taken.range(..end).next_back();
            if let Some((from, to)) = below.filter(|&(_, &to)| to > start) {
                return Err(format!("{what:?} at {start}..{end} overlaps what is live at {from}..{to}"));
            }
            lines.taken.insert(start, end);
        }
        lines.live += end - start;
        lines.most.live = lines.most.live.max(lines.live);
        lines.most.peak = lines.most.peak.max(end);
        Ok(())
    }

    fn release(&mut self, index: usize) {
        let placed = self.layout.buffers[index];
        let lines = self.region(placed.region);
        if placed.lines > 0 {
            lines.taken.remove(&placed.offset);
        }
        lines.live -= placed.lines;
    }

    /// How many lines a buffer of `size` takes, and where they count.
    fn lines(&self, size: Size) -> (Region, u128) {
        let width = match size.class {
            Class::Elem => self.widths.elem,
            Class::Scalar => self.widths.scalar,
            Class::Index => 4,
        };
        let (region, elements) = match size.extent {
            Extent::PerSample(elements) => (Region::PerSample, elements),
            Extent::Fixed(elements) => (Region::Fixed, elements),
        };
        (region, (u128::from(elements) * u128::from(width)).div_ceil(u128::from(self.widths.line)))
    }
}

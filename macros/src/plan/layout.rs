//! Where each buffer of a program stands.
//!
//! Two regions are laid out apart, each from offset 0. What is `PerSample` counts in lines for each
//! sample, and every offset is multiplied by the batch when the program runs; what is `Fixed` counts in
//! lines. So the peak is A * batch + B lines, whatever the batch.

use super::pack::{self, pack};
use super::problem::{Class, Extent, NodeId, ParamId, Problem, Size, ValueId};
use super::program::{Kind, Mode, Program, Run, Step};

/// How wide lines and elements are on a device, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Widths {
    /// Of a line: every buffer starts on one and is rounded up to one.
    pub(crate) line: u64,
    /// Of an activation.
    pub(crate) elem: u64,
    /// Of a scalar, and of an element of a parameter's gradient.
    pub(crate) scalar: u64,
}

/// What a buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// The gradient of a parameter.
    Param(ParamId),
    /// One production of a value.
    Value(ValueId),
    /// The gradient of a value.
    Grad(ValueId),
    /// What this node uses only while it runs.
    Scratch(NodeId),
}

/// One of the two parts of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Region {
    /// Lines are for each sample.
    PerSample,
    /// Lines are the same for any batch.
    Fixed,
}

/// A buffer in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// What it holds.
    pub(crate) what: What,
    /// Where its lines count.
    pub(crate) region: Region,
    /// Its first line.
    pub(crate) offset: u64,
    /// How many lines it takes.
    pub(crate) lines: u64,
    /// The step from which it is live; 0 also if it is there before.
    pub(crate) first: usize,
    /// The step that frees it; the last one if none does.
    pub(crate) last: usize,
}

/// How much of a region is used, in lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    /// The end of the highest buffer.
    pub(crate) peak: u64,
    /// The largest sum of buffers live at one time.
    pub(crate) live: u64,
}

/// Every buffer of a program in its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// The buffers: gradients of parameters, then in the order in which they come to life.
    pub(crate) buffers: Vec<Placed>,
    /// For each step, the buffers it touches, as indices: all that a call reads, writes and uses, or the
    /// one that is freed.
    pub(crate) touches: Vec<Vec<usize>>,
    /// Lines for each sample.
    pub(crate) per_sample: Used,
    /// Lines whatever the batch.
    pub(crate) fixed: Used,
    /// How many buffers, at their front, are gradients of parameters.
    pub(crate) params: usize,
    /// How many of the fixed lines, at their front, hold the gradients of the parameters.
    pub(crate) param_lines: u64,
}

impl Layout {
    /// Where a step finds `what`; none if it does not touch that.
    pub(crate) fn find(&self, step: usize, what: What) -> Option<&Placed> {
        self.touches.get(step)?.iter().map(|&index| &self.buffers[index]).find(|placed| placed.what == what)
    }
}

/// A program takes more bytes than 64 bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    /// The buffer at which the sum overflows.
    pub(crate) what: What,
}

/// Places every buffer of `program`.
pub(crate) fn layout(problem: &Problem, program: &Program, widths: Widths) -> Result<Layout, TooLarge> {
    let mut walk = Walk::new(problem, widths);
    for (param, elements) in problem.params.iter().enumerate() {
        if let &Some(elements) = elements {
            let size = Size { class: Class::Scalar, extent: Extent::Fixed(elements) };
            let index = walk.begin(What::Param(param), size, 0)?;
            walk.params[param] = Some(index);
        }
    }
    walk.out.params = walk.out.buffers.len();
    for &value in &program.inputs {
        walk.begin_value(value, 0)?;
    }
    if let Some(value) = program.seed {
        walk.begin_grad(value, 0)?;
    }
    for (at, step) in program.steps.iter().enumerate() {
        let touches = match step {
            Step::Run(run) => walk.run(run, at)?,
            Step::Free(value) => walk.values[*value].take().into_iter().collect(),
            Step::FreeGrad(value) => walk.grads[*value].take().into_iter().collect(),
        };
        if !matches!(step, Step::Run(_)) {
            touches.iter().for_each(|&index: &usize| walk.out.buffers[index].last = at);
        }
        walk.out.touches.push(touches);
    }
    let end = program.steps.len().saturating_sub(1);
    let kept = walk.params.iter().chain(&walk.values).chain(&walk.grads).flatten();
    kept.for_each(|&index| walk.out.buffers[index].last = end);
    Ok(place(walk.out))
}

/// Follows a program and notes when each buffer is live.
struct Walk<'a> {
    problem: &'a Problem,
    widths: Widths,
    params: Vec<Option<usize>>,
    values: Vec<Option<usize>>,
    grads: Vec<Option<usize>>,
    bytes: u64,
    out: Layout,
}

impl<'a> Walk<'a> {
    fn new(problem: &'a Problem, widths: Widths) -> Self {
        let none = vec![None; problem.values.len()];
        let params = vec![None; problem.params.len()];
        let (values, grads) = (none.clone(), none);
        Self { problem, widths, params, values, grads, bytes: 0, out: Layout::default() }
    }

    fn begin(&mut self, what: What, size: Size, at: usize) -> Result<usize, TooLarge> {
        let width = match size.class {
            Class::Elem => self.widths.elem,
            Class::Scalar => self.widths.scalar,
            Class::Index => size_of::<u32>() as u64,
        };
        let (region, elements) = match size.extent {
            Extent::PerSample(elements) => (Region::PerSample, elements),
            Extent::Fixed(elements) => (Region::Fixed, elements),
        };
        let lines = elements.checked_mul(width).map(|bytes| bytes.div_ceil(self.widths.line));
        let bytes = lines.and_then(|lines| lines.checked_mul(self.widths.line));
        self.bytes = bytes.and_then(|bytes| bytes.checked_add(self.bytes)).ok_or(TooLarge { what })?;
        let lines = lines.ok_or(TooLarge { what })?;
        self.out.buffers.push(Placed { what, region, offset: 0, lines, first: at, last: at });
        Ok(self.out.buffers.len() - 1)
    }

    fn begin_value(&mut self, value: ValueId, at: usize) -> Result<(), TooLarge> {
        let index = self.begin(What::Value(value), self.problem.values[value].size, at)?;
        self.values[value] = Some(index);
        Ok(())
    }

    fn begin_grad(&mut self, value: ValueId, at: usize) -> Result<(), TooLarge> {
        let index = self.begin(What::Grad(value), self.problem.values[value].size, at)?;
        self.grads[value] = Some(index);
        Ok(())
    }

    /// Begins what a call makes, and gives all that it touches.
    fn run(&mut self, run: &Run, at: usize) -> Result<Vec<usize>, TooLarge> {
        let mut touches = Vec::new();
        for id in run.nodes() {
            let node = &self.problem.nodes[id];
            let (reads, scratch) = match (&node.backward, run.kind) {
                (Some(backward), Kind::Backward) => (&backward.reads, backward.scratch),
                _ => (&node.reads, node.scratch),
            };
            touches.extend(reads.iter().filter_map(|&value| self.values[value]));
            if run.kind == Kind::Backward {
                touches.extend(node.makes.first().and_then(|&value| self.grads[value]));
            }
            if let Some(size) = scratch {
                touches.push(self.begin(What::Scratch(id), size, at)?);
            }
        }
        for &value in &run.makes {
            self.begin_value(value, at)?;
            touches.extend(self.values[value]);
        }
        for &(value, mode) in &run.grads {
            if mode == Mode::Write {
                self.begin_grad(value, at)?;
            }
            touches.extend(self.grads[value]);
        }
        touches.extend(run.params.iter().filter_map(|&(param, _)| self.params[param]));
        touches.sort_unstable();
        touches.dedup();
        Ok(touches)
    }
}

/// Gives every buffer its offset.
fn place(mut layout: Layout) -> Layout {
    for placed in layout.buffers.iter_mut().filter(|placed| matches!(placed.what, What::Param(_))) {
        placed.offset = layout.param_lines;
        layout.param_lines += placed.lines;
    }
    for region in [Region::PerSample, Region::Fixed] {
        let front = if region == Region::Fixed { layout.param_lines } else { 0 };
        let (indices, buffers): (Vec<usize>, Vec<pack::Buffer>) = layout
            .buffers
            .iter()
            .enumerate()
            .filter(|(_, placed)| placed.region == region && !matches!(placed.what, What::Param(_)))
            .map(|(i, placed)| {
                (i, pack::Buffer { first: placed.first, last: placed.last, size: placed.lines })
            })
            .unzip();
        let packed = pack(&buffers);
        for (index, offset) in indices.into_iter().zip(packed.offsets) {
            layout.buffers[index].offset = front + offset;
        }
        let used = Used { peak: front + packed.peak, live: front + packed.live };
        match region {
            Region::PerSample => layout.per_sample = used,
            Region::Fixed => layout.fixed = used,
        }
    }
    layout
}

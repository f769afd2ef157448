//! Where each buffer of a program stands.
//!
//! Two regions are laid out apart, each from offset 0. What is `PerSample` counts in lines for each
//! sample, and every offset is multiplied by the batch when the program runs; what is `Fixed` counts in
//! lines. So the peak is A * batch + B lines, whatever the batch. The memory of the host is a third region, of lines for
//! each sample.

use super::pack::{self, pack};
use super::problem::{Class, Extent, NodeId, ParamId, Problem, Size, ValueId};
use super::program::{Kind, Mode, Program, Run, Step, Way};
use super::touches::Touches;

/// How wide lines and elements are on a device, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Widths {
    /// Of a line: every buffer starts on one and is rounded up to one.
    pub(crate) line: u64,
    /// Of an activation.
    pub(crate) elem: u64,
    /// Of a scalar, and of an element of a parameter and of its gradient: no device has parameters of another width.
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
    /// What this node uses only while it runs: one of several, by its number.
    Scratch(NodeId, usize),
    /// A value in the memory of the host.
    Host(ValueId),
}

/// One of the two parts of the arena, or the memory of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Region {
    /// Lines are for each sample.
    PerSample,
    /// Lines are the same for any batch.
    Fixed,
    /// Lines are for each sample, in the memory of the host.
    Host,
}

impl Region {
    /// Every one.
    pub(crate) const ALL: [Self; 3] = [Self::PerSample, Self::Fixed, Self::Host];

    /// Where a buffer stands.
    fn of(what: What, size: Size) -> Self {
        match what {
            What::Host(_) => Self::Host,
            _ if size.is_per_sample() => Self::PerSample,
            _ => Self::Fixed,
        }
    }
}

/// A buffer in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// What it holds.
    pub(crate) what: What,
    /// Of what size that is.
    pub(crate) size: Size,
    /// Where its lines count.
    pub(crate) region: Region,
    /// Its first line.
    pub(crate) offset: u64,
    /// How many lines it takes.
    pub(crate) lines: u64,
    /// The step from which it is live; 0 also if it is there before.
    pub(crate) first: usize,
    /// The step that frees it, or the one before it is written over; the last one if there is none.
    pub(crate) last: usize,
    /// The buffer that it is written over, in whose place it is.
    pub(crate) over: Option<usize>,
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
    /// For each step, the buffers it touches: all that a call reads, writes and uses, or the one that is
    /// freed.
    pub(crate) touches: Touches,
    /// By how much the buffers of each region were stretched, if the layout was made so from another.
    pub(crate) stretched: Option<[u64; Region::ALL.len()]>,
    /// Lines for each sample.
    pub(crate) per_sample: Used,
    /// Lines whatever the batch.
    pub(crate) fixed: Used,
    /// Lines for each sample, in the memory of the host.
    pub(crate) host: Used,
    /// How many buffers, at their front, are gradients of parameters.
    pub(crate) params: usize,
    /// How many of the fixed lines, at their front, hold the gradients of the parameters.
    pub(crate) param_lines: u64,
}

impl Layout {
    /// How much of a region is used.
    pub(crate) fn used(&mut self, region: Region) -> &mut Used {
        match region {
            Region::PerSample => &mut self.per_sample,
            Region::Fixed => &mut self.fixed,
            Region::Host => &mut self.host,
        }
    }
}

/// A program takes more bytes than 64 bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    /// The buffer at which the sum overflows.
    pub(crate) what: What,
}

impl Widths {
    /// Whether activations are narrower than parameters, so that a product of both needs these rounded.
    pub(crate) const fn rounds(self) -> bool {
        self.elem < self.scalar
    }

    /// Whether elements and scalars are in the proportion that they are in on another device: then nearly all sizes
    /// grow together.
    pub(crate) const fn in_proportion(self, other: Self) -> bool {
        self.elem * other.scalar == other.elem * self.scalar
    }

    /// How many lines a buffer of `size` takes; none if 64 bits can't count its bytes.
    pub(crate) fn lines(self, size: Size) -> Option<u64> {
        let width = match size.class {
            Class::Elem => self.elem,
            Class::Scalar => self.scalar,
            Class::Index => size_of::<u32>() as u64,
            Class::Half => size_of::<u16>() as u64,
            Class::Rounded if self.rounds() => self.elem,
            Class::Rounded => 0,
        };
        let (Extent::PerSample(elements) | Extent::Fixed(elements)) = size.extent;
        Some(elements.checked_mul(width)?.div_ceil(self.line))
    }
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
        let freed = match step {
            Step::Run(run) => {
                walk.run(run, at)?;
                None
            }
            Step::Free(value) => walk.values[*value].take(),
            Step::FreeGrad(value) => walk.grads[*value].take(),
            Step::Copy(Way::Out, value) => {
                walk.out.touches.add(walk.values[*value]);
                let host = walk.begin(What::Host(*value), problem.values[*value].size, at)?;
                walk.hosts[*value] = Some(host);
                walk.out.touches.push(host);
                None
            }
            Step::Copy(Way::Back, value) => {
                walk.out.touches.add(walk.hosts[*value]);
                let index = walk.begin_value(*value, at)?;
                walk.out.touches.push(index);
                None
            }
            Step::Copied(way, value) => {
                walk.out.touches.add(walk.values[*value]);
                if *way == Way::Out {
                    walk.out.touches.add(walk.hosts[*value]);
                    None
                } else {
                    walk.hosts[*value].take()
                }
            }
        };
        if let Some(index) = freed {
            walk.out.buffers[index].last = at;
            walk.out.touches.push(index);
        }
        walk.out.touches.end();
    }
    let end = program.steps.len().saturating_sub(1);
    let kept = walk.params.iter().chain(&walk.values).chain(&walk.grads).chain(&walk.hosts).flatten();
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
    hosts: Vec<Option<usize>>,
    bytes: u64,
    out: Layout,
}

impl<'a> Walk<'a> {
    fn new(problem: &'a Problem, widths: Widths) -> Self {
        let none = vec![None; problem.values.len()];
        let params = vec![None; problem.params.len()];
        let (values, grads, hosts) = (none.clone(), none.clone(), none);
        Self { problem, widths, params, values, grads, hosts, bytes: 0, out: Layout::default() }
    }

    fn begin(&mut self, what: What, size: Size, at: usize) -> Result<usize, TooLarge> {
        let region = Region::of(what, size);
        let lines = self.widths.lines(size).ok_or(TooLarge { what })?;
        let bytes = lines.checked_mul(self.widths.line).and_then(|bytes| bytes.checked_add(self.bytes));
        self.bytes = bytes.ok_or(TooLarge { what })?;
        let (offset, over) = (0, None);
        self.out.buffers.push(Placed { what, size, region, offset, lines, first: at, last: at, over });
        Ok(self.out.buffers.len() - 1)
    }

    fn begin_value(&mut self, value: ValueId, at: usize) -> Result<usize, TooLarge> {
        let index = self.begin(What::Value(value), self.problem.values[value].size, at)?;
        self.values[value] = Some(index);
        Ok(index)
    }

    fn begin_grad(&mut self, value: ValueId, at: usize) -> Result<usize, TooLarge> {
        let index = self.begin(What::Grad(value), self.problem.values[value].size, at)?;
        self.grads[value] = Some(index);
        Ok(index)
    }

    /// Begins what a call makes, and notes all that it touches; what it writes over it touches as what that becomes.
    fn run(&mut self, run: &Run, at: usize) -> Result<(), TooLarge> {
        let over = run.written_over(self.problem);
        let over = over.and_then(|what| match what {
            What::Grad(value) => self.grads[value].take(),
            What::Value(value) => self.values[value].take(),
            _ => None,
        });
        for id in run.nodes() {
            let node = &self.problem.nodes[id];
            let reads = match (&node.backward, run.kind) {
                (Some(backward), Kind::Backward) => &backward.reads,
                _ => &node.reads,
            };
            for &value in reads {
                self.out.touches.add(self.values[value]);
            }
            if run.kind == Kind::Backward {
                self.out.touches.add(node.gradient().and_then(|value| self.grads[value]));
            }
            for (number, &size) in node.scratch(run.kind).iter().enumerate() {
                let index = self.begin(What::Scratch(id, number), size, at)?;
                self.out.touches.push(index);
            }
        }
        for &value in &run.makes {
            let index = self.begin_value(value, at)?;
            self.out.touches.push(index);
        }
        for &(value, mode) in &run.grads {
            match mode {
                Mode::Write => {
                    let index = self.begin_grad(value, at)?;
                    self.out.touches.push(index);
                }
                Mode::Add => self.out.touches.add(self.grads[value]),
            }
        }
        let last = match run.last(self.problem) {
            Some(What::Grad(value)) => self.grads[value],
            Some(What::Value(value)) => self.values[value],
            _ => None,
        };
        if let (Some(over), Some(index)) = (over, last) {
            self.out.buffers[over].last = at.saturating_sub(1);
            self.out.buffers[index].over = Some(over);
        }
        for &(param, _) in &run.params {
            self.out.touches.add(self.params[param]);
        }
        Ok(())
    }
}

/// Gives every buffer its offset.
fn place(mut layout: Layout) -> Layout {
    for placed in layout.buffers.iter_mut().filter(|placed| matches!(placed.what, What::Param(_))) {
        placed.offset = layout.param_lines;
        layout.param_lines += placed.lines;
    }
    for region in Region::ALL {
        let front = if region == Region::Fixed { layout.param_lines } else { 0 };
        let mut buffers: Vec<pack::Buffer> = vec![];
        // Which of them each buffer of the layout is: one that is written over another is its longer life.
        let mut packed_as: Vec<Option<usize>> = vec![None; layout.buffers.len()];
        for (index, placed) in layout.buffers.iter_mut().enumerate().skip(layout.params) {
            if placed.region != region {
                continue;
            }
            placed.offset = front;
            // What takes nothing on this device does not change where the others stand.
            if placed.lines == 0 {
                continue;
            }
            let over = placed.over.and_then(|over| packed_as[over]);
            packed_as[index] = over.or(Some(buffers.len()));
            match over {
                Some(over) => buffers[over].last = placed.last,
                None => {
                    buffers.push(pack::Buffer { first: placed.first, last: placed.last, size: placed.lines })
                }
            }
        }
        let packed = pack(&buffers);
        for (placed, own) in layout.buffers.iter_mut().zip(packed_as) {
            if let Some(own) = own {
                placed.offset = front + packed.offsets[own];
            }
        }
        *layout.used(region) = Used { peak: front + packed.peak, live: front + packed.live };
    }
    layout
}

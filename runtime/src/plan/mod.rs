//! What the compiler decided: a constant of every model.

mod parts;
mod ran;
mod report;
pub(crate) mod svg;
mod table;

use serde::Serialize;

pub use parts::{Cause, Kept, Peak, Reason, Recomputed, Segment, Stage};

pub use ran::Ran;
pub(crate) use table::Size;

use crate::tables::{Numbers, Table};

/// Bytes that grow with the batch: `per_sample * batch + fixed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Bytes {
    /// Bytes for each sample.
    pub per_sample: usize,
    /// Bytes whatever the batch.
    pub fixed: usize,
}

impl Bytes {
    pub(crate) const NONE: Self = Self { per_sample: 0, fixed: 0 };

    /// At this batch; at most `usize::MAX`.
    pub const fn at(self, batch: usize) -> usize {
        self.per_sample.saturating_mul(batch).saturating_add(self.fixed)
    }

    /// At this batch, or nothing if it overflows.
    pub(crate) fn checked(self, batch: usize) -> Option<usize> {
        self.per_sample.checked_mul(batch)?.checked_add(self.fixed)
    }
}

/// The batch of what is said without one.
const BATCH: usize = 32;

/// Where one program (training, evaluation, forward) stands in a workspace.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Program {
    /// Offset and length of each buffer, in lines (per sample, or whatever the batch).
    pub buffers: Numbers,
    /// What its buffers take; the parameter gradients are not among them.
    pub bytes: Bytes,
}

/// What lives over a training step, in at most a few hundred columns: the fullest step of each.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeline {
    /// Bytes of a line.
    pub line: usize,
    /// For each column, lines per sample of inputs, kept activations, passing ones, recomputed ones,
    /// gradients and scratch; then what runs: forward, recompute or backward.
    pub columns: Numbers,
    /// Lines per sample of a step that keeps everything, in columns of its own.
    pub store_all: Numbers,
    /// For each segment the columns in which its forward begins and ends, and its recompute and backward.
    pub segments: Numbers,
    /// The fullest column.
    pub peak: usize,
    /// What runs there.
    pub at: &'static str,
}

impl Timeline {
    /// The same with lines that are `factor` times as long.
    pub const fn times(self, factor: usize) -> Self {
        Self { line: self.line * factor, ..self }
    }
}

/// The plan of a model in one layout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The model.
    pub name: &'static str,
    #[doc(hidden)]
    pub kept: Table<Kept>,
    #[doc(hidden)]
    pub kept_bytes: Bytes,
    #[doc(hidden)]
    pub input_bytes: Bytes,
    #[doc(hidden)]
    pub last_segment_bytes: Bytes,
    #[doc(hidden)]
    pub recomputed: Table<Recomputed>,
    #[doc(hidden)]
    pub stages: Table<Stage>,
    #[doc(hidden)]
    pub segments: Table<Segment>,
    /// What a training step holds when it needs the most.
    pub peak: Peak,
    /// Layers whose value alone is dropped and recomputed: marked `#[recompute]`, or chosen by the planner.
    pub recompute_marks: usize,
    /// What is to be said of the marks: which save nothing, and why; what is rounded.
    pub notes: &'static [&'static str],
    /// Floating-point operations of forward, per sample.
    pub forward_flops: u64,
    /// Floating-point operations of backward without what is done again, per sample: those of a layer's forward once for
    /// the gradient of what it reads, and once for that of its parameters; twice for a layer that has none.
    pub backward_flops: u64,
    /// Floating-point operations that are done again in backward, per sample.
    pub recompute_flops: u64,
    /// What forward costs in time for each sample, as the planner counts: floating-point operations at full
    /// speed, and three of them for each byte that a layer reads or writes; with a profile, thousandths of a
    /// nanosecond.
    pub forward_time: u64,
    /// What backward costs, in the same unit: twice as much as forward, or what the profile says.
    pub backward_time: u64,
    /// What is recomputed costs in time for each sample, in the same unit.
    pub recompute_time: u64,
    /// What tells the layers of this model from others, in a profile.
    #[doc(hidden)]
    pub profile_key: u64,
    /// Bytes of the parameters' gradients.
    pub gradient_bytes: usize,
    /// Bytes of the parameters.
    pub parameter_bytes: usize,
    /// Whether there is no mark.
    #[doc(hidden)]
    pub is_store_all: bool,
    /// A training step that keeps everything backward reads.
    #[doc(hidden)]
    pub store_all: Bytes,
    /// What a training workspace takes in the memory of the host.
    #[doc(hidden)]
    pub host: Bytes,
    #[doc(hidden)]
    pub timeline: Timeline,
    #[doc(hidden)]
    pub ran: Ran,
    /// Where each parameter's gradient starts, in lines from the start of the workspace;
    /// `u32::MAX` for frozen ones. In the order of [`Model::PARAMS`](crate::model::Model::PARAMS).
    #[doc(hidden)]
    pub gradients: Numbers,
    #[doc(hidden)]
    pub train: Program,
    #[doc(hidden)]
    pub evaluate: Program,
    #[doc(hidden)]
    pub forward: Program,
}

impl Plan {
    /// No plan: what stands beside compile errors.
    #[doc(hidden)]
    pub const EMPTY: Self = {
        const NO: Bytes = Bytes::NONE;
        const PROGRAM: Program = Program { buffers: Numbers::EMPTY, bytes: NO };
        Self {
            name: "",
            kept: Table::EMPTY,
            kept_bytes: NO,
            input_bytes: NO,
            last_segment_bytes: NO,
            recomputed: Table::EMPTY,
            stages: Table::EMPTY,
            segments: Table::EMPTY,
            peak: Peak { inputs: NO, activations: NO, recomputed: NO, gradients: NO, scratch: NO, gaps: NO },
            recompute_marks: 0,
            notes: &[],
            forward_flops: 0,
            backward_flops: 0,
            recompute_flops: 0,
            forward_time: 0,
            backward_time: 0,
            profile_key: 0,
            recompute_time: 0,
            gradient_bytes: 0,
            parameter_bytes: 0,
            is_store_all: true,
            store_all: NO,
            host: NO,
            timeline: Timeline {
                line: 0,
                columns: Numbers::EMPTY,
                store_all: Numbers::EMPTY,
                segments: Numbers::EMPTY,
                peak: 0,
                at: "",
            },
            ran: Ran::EMPTY,
            gradients: Numbers::EMPTY,
            train: PROGRAM,
            evaluate: PROGRAM,
            forward: PROGRAM,
        }
    };

    /// Bytes of a workspace for `batch` samples, and what a training step touches: inputs,
    /// activations, their gradients, scratch and the parameters' gradients. `usize::MAX` if it overflows.
    pub const fn peak_bytes(&self, batch: usize) -> usize {
        let train = self.train.bytes.at(batch);
        let evaluate = self.evaluate.bytes.at(batch);
        let most = if train > evaluate { train } else { evaluate };
        most.saturating_add(self.gradient_bytes)
    }

    /// The same if every value that backward reads were kept.
    pub const fn store_all_peak_bytes(&self, batch: usize) -> usize {
        let own = self.peak_bytes(batch);
        let all = self.store_all.at(batch).saturating_add(self.gradient_bytes);
        if self.is_store_all { own } else { all }
    }

    /// Bytes of an inference workspace for `batch` samples.
    pub const fn forward_peak_bytes(&self, batch: usize) -> usize {
        self.forward.bytes.at(batch)
    }

    /// Bytes of a workspace for `batch` samples in the memory of the host, beside [`peak_bytes`](Self::peak_bytes):
    /// what `store = host` keeps there.
    pub const fn host_bytes(&self, batch: usize) -> usize {
        self.host.at(batch)
    }

    /// Bytes of the activations that live when the loss has been computed, but for inputs
    /// ([`input_bytes`](Self::input_bytes)), the last segment
    /// ([`last_segment_bytes`](Self::last_segment_bytes)), whose backward comes next, and what is in the memory of the
    /// host ([`host_bytes`](Self::host_bytes)).
    pub const fn kept_bytes(&self, batch: usize) -> usize {
        self.kept_bytes.at(batch)
    }

    /// Bytes of the inputs and targets that live when the loss has been computed.
    pub const fn input_bytes(&self, batch: usize) -> usize {
        self.input_bytes.at(batch)
    }

    /// Bytes of the last segment's activations that live when the loss has been computed.
    pub const fn last_segment_bytes(&self, batch: usize) -> usize {
        self.last_segment_bytes.at(batch)
    }

    /// The memory of a training step over the most that is live in it at once, for what grows with the batch
    /// or for what does not, whichever is more: 1 if there are no gaps between buffers.
    pub const fn fragmentation(&self) -> f64 {
        let (Bytes { per_sample, fixed }, gaps) = (self.train.bytes, self.peak.gaps);
        let fixed = fixed + self.gradient_bytes;
        let per_sample = per_sample as f64 / (per_sample - gaps.per_sample) as f64;
        let fixed = fixed as f64 / (fixed - gaps.fixed) as f64;
        if per_sample > fixed { per_sample } else { fixed }
    }

    /// The part of the store-all peak that the plan saves, at a batch of 32: 0.75 for a quarter of it.
    pub const fn memory_savings(&self) -> f64 {
        self.savings_at(BATCH)
    }

    const fn savings_at(&self, batch: usize) -> f64 {
        1.0 - self.peak_bytes(batch) as f64 / self.store_all_peak_bytes(batch) as f64
    }

    /// Recomputed operations over the operations of a step without recompute, forward and backward.
    pub const fn compute_overhead(&self) -> f64 {
        let step = self.forward_flops.saturating_add(self.backward_flops);
        self.recompute_flops as f64 / if step == 0 { 1.0 } else { step as f64 }
    }

    /// The time that recompute adds to a step, as the planner expects: what it costs over what forward and
    /// backward cost.
    pub const fn time_overhead(&self) -> f64 {
        let step = self.forward_time.saturating_add(self.backward_time);
        self.recompute_time as f64 / if step == 0 { 1.0 } else { step as f64 }
    }

    /// Values that live from forward into backward, in order of declaration.
    pub fn kept(&self) -> impl ExactSizeIterator<Item = Kept> + Clone {
        self.kept.iter()
    }

    /// Layers that run again in backward, in order of declaration.
    pub fn recomputed(&self) -> impl ExactSizeIterator<Item = Recomputed> + Clone {
        self.recomputed.iter()
    }

    /// The top-level layers, scopes and iterations: what a mark on the model, or a budget, places boundaries between.
    /// The loss is none, and counts to the last.
    pub fn stages(&self) -> impl ExactSizeIterator<Item = Stage> + Clone {
        self.stages.iter()
    }

    /// Runs of layers whose inside is not kept, inner ones after the outer that holds them.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Segment> + Clone {
        self.segments.iter()
    }

    /// The plan for this batch as a picture, an SVG document: what lives over a training step, by kind, the peak
    /// with what runs there, a step that keeps everything behind it, and when each segment runs forward,
    /// again, and backward. It follows the light or dark scheme of what shows it.
    pub fn to_svg(&self, batch: usize) -> String {
        svg::picture(self, batch)
    }
}

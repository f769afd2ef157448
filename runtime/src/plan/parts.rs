//! What a plan lists.

use std::fmt;

use serde::Serialize;

use super::Bytes;
use crate::ops::store::Format;

/// Why a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Reason {
    /// An input or target that is read again.
    Input,
    /// The output of a recomputed segment.
    Boundary,
    /// Made inside a recomputed segment and read after it.
    Frontier,
    /// Read by a recomputed segment.
    SegmentInput,
    /// Read by the backward of a layer.
    Backward,
    /// Read by the recompute of a layer.
    Recompute,
    /// The loss, or an output of training.
    Output,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Input => "input",
            Self::Boundary => "boundary",
            Self::Frontier => "frontier",
            Self::SegmentInput => "read by a recompute",
            Self::Backward => "read by backward",
            Self::Recompute => "read by a recompute",
            Self::Output => "output",
        })
    }
}

/// A value that lives from forward into backward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The layer that makes it, or the input.
    pub name: &'static str,
    /// Why.
    pub reason: Reason,
    /// What it takes.
    pub bytes: Bytes,
    /// Floating-point operations of the layer that makes it, per sample.
    pub flops: u64,
    /// What it is rounded to, if it is held so.
    pub format: Option<Format>,
    /// It waits in the memory of the host, and takes nothing of the workspace.
    pub host: bool,
    /// It belongs to the segment that is not recomputed because its backward comes next.
    pub last_segment: bool,
}

/// Why a layer runs again in backward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Cause {
    /// It stands in a segment, whose inside is not kept.
    Segment,
    /// It is marked `#[recompute]`.
    Marked,
    /// The planner does not keep its value.
    Planned,
    /// What is made again after it reads its value.
    Passed,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Segment => "in a segment",
            Self::Marked => "marked recompute",
            Self::Planned => "not kept by the planner",
            Self::Passed => "read by a recompute",
        })
    }
}

/// A layer that runs again in backward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Recomputed {
    /// The layer.
    pub name: &'static str,
    /// Why.
    pub cause: Cause,
    /// How often.
    pub times: usize,
    /// What its value takes.
    pub bytes: Bytes,
    /// Floating-point operations of one run, per sample.
    pub flops: u64,
}

/// A top-level layer, scope or iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Its name.
    pub name: &'static str,
    /// What it makes and is kept for backward.
    pub kept: Bytes,
    /// Floating-point operations of its forward, per sample.
    pub forward_flops: u64,
    /// Floating-point operations of what runs again of it, per sample.
    pub recompute_flops: u64,
}

/// A run of layers whose inside is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Its first and last layer, or the scope it is.
    pub name: &'static str,
    /// Layers of it that run again in backward.
    pub recomputed: usize,
    /// Floating-point operations of what runs again of it, per sample.
    pub flops: u64,
    /// Whether its backward follows its forward at once, so that nothing is recomputed.
    pub last: bool,
}

/// What lives when a training step needs the most memory, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Peak {
    /// Inputs and targets.
    pub inputs: Bytes,
    /// Activations of the forward pass.
    pub activations: Bytes,
    /// Activations that were computed again.
    pub recomputed: Bytes,
    /// Gradients of activations.
    pub gradients: Bytes,
    /// Memory of the running kernel.
    pub scratch: Bytes,
    /// What lies between buffers because they do not fit without gaps.
    pub gaps: Bytes,
}

//! Plans of small nets, for tests.

use crate::graph::Graph;
use crate::planned::{Plans, tests::understood};

/// The graph of a net of these layers behind `x` of 4 numbers, the last of them `out`, and its plans, which hold.
pub(super) fn planned(layers: &str) -> (Graph, Plans) {
    understood(&format!("Net {{ input x: f32[4]; target y: f32[4]; {layers} loss: Mse <- (out, y); }}"))
}

//! The language, corner by corner: what is allowed compiles, and means what it says.
//!
//! Each test declares a small network that uses one corner, runs it, and compares it with an oracle that
//! knows nothing of the macro: the same formula over `ndarray` with the network's own parameters, the list
//! of its parameters, its plan, or a network that says the same in plainer words.
#![forbid(unsafe_code)]

use remat::ndarray::{Array, Array1, Array2, ArrayD, Dimension, Ix2};
use remat::prelude::*;

#[path = "language/again.rs"]
mod again;
#[path = "language/blocks.rs"]
mod blocks;
#[path = "language/chunks.rs"]
mod chunks;
#[path = "language/declarations.rs"]
mod declarations;
#[path = "language/frozen.rs"]
mod frozen;
#[path = "language/host.rs"]
mod host;
#[path = "language/layers.rs"]
mod layers;
#[path = "language/losses.rs"]
mod losses;
#[path = "language/marks.rs"]
mod marks;
#[path = "language/names.rs"]
mod names;
#[path = "language/outputs.rs"]
mod outputs;
#[path = "language/repeats.rs"]
mod repeats;
#[path = "language/residuals.rs"]
mod residuals;
#[path = "language/segments.rs"]
mod segments;
#[path = "language/store.rs"]
mod store;

/// Samples of every batch: several, so that mixing them up shows.
const BATCH: usize = 3;

/// Runs a training step of a network: the network, its workspace, and the loss.
macro_rules! step {
    ($net:ident($($given:expr),*)) => {{
        let mut net = $net::new(&remat::Cpu::with_threads(1).unwrap(), 7).unwrap();
        let mut ws = net.workspace($crate::BATCH).unwrap();
        let loss = net.forward_backward(&mut ws, $($given.view()),*).unwrap();
        (net, ws, loss)
    }};
}
pub(crate) use step;

/// The output of a network, and the network.
macro_rules! output {
    ($net:ident($($given:expr),*)) => {{
        let net = $net::new(&remat::Cpu::with_threads(1).unwrap(), 7).unwrap();
        let mut ws = net.inference_workspace($crate::BATCH).unwrap();
        let output = net.forward(&mut ws, $($given.view()),*).unwrap().to_array().unwrap();
        (net, output)
    }};
}
pub(crate) use output;

/// Numbers in [-1, 1) for a batch.
fn numbers(columns: usize, seed: u64) -> Array2<f32> {
    remat_tests::trace::numbers(BATCH, columns, seed)
}

/// The parameters of a network: `name [axes]`, in order.
fn params<M: Model>() -> Vec<String> {
    M::PARAMS.iter().map(|p| format!("{} {:?}", p.path, p.shape)).collect()
}

/// The layers of a network that have a weight, in order.
fn weights<M: Model>() -> Vec<&'static str> {
    M::PARAMS.iter().filter_map(|p| p.path.strip_suffix(".weight")).collect()
}

/// A parameter with two axes.
fn matrix<M: Model<Device = Cpu>>(net: &M, name: &str) -> Array2<f32> {
    net.params().get(name).unwrap().into_dimensionality().unwrap()
}

/// A parameter with one axis.
fn vector<M: Model<Device = Cpu>>(net: &M, name: &str) -> Array1<f32> {
    net.params().get(name).unwrap().into_dimensionality().unwrap()
}

/// What the `Linear` of this name makes of `x`.
fn linear<M: Model<Device = Cpu>>(net: &M, name: &str, x: &Array2<f32>) -> Array2<f32> {
    x.dot(&matrix(net, &format!("{name}.weight")).t()) + vector(net, &format!("{name}.bias"))
}

/// What `Relu` makes of `x`.
fn relu(x: &Array2<f32>) -> Array2<f32> {
    x.mapv(|x| x.max(0.0))
}

/// The mean of the squares of all differences.
fn mse(a: &Array2<f32>, b: &Array2<f32>) -> f32 {
    (a - b).mapv(|d| d * d).mean().unwrap()
}

/// A gradient with two axes.
fn grad<M: Model<Device = Cpu>>(ws: &Workspace<M>, name: &str) -> Array2<f32> {
    ws.grads().get(name).unwrap().into_dimensionality::<Ix2>().unwrap()
}

/// Two arrays of the same shape that differ by roundings alone: relative to the largest element, or to 1.
#[track_caller]
fn close<I: Dimension>(found: &ArrayD<f32>, expected: &Array<f32, I>) {
    assert_eq!(found.shape(), expected.shape());
    let largest = expected.iter().fold(1.0, |most: f32, x| most.max(x.abs()));
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-5 * largest, "{a} instead of {b} in\n{found}\ninstead of\n{expected}");
    }
}

/// The same of two numbers.
#[track_caller]
fn near(found: f32, expected: f32) {
    assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
}

/// What a plan keeps besides inputs, in order: `name (why)`, with a star if it is of the last segment.
fn kept(plan: &Plan) -> String {
    let kept = plan.kept().filter(|k| k.reason != remat::plan::Reason::Input);
    let star = |k: &remat::plan::Kept| if k.last_segment { "*" } else { "" };
    kept.map(|k| format!("{}{} ({})", k.name, star(&k), k.reason)).collect::<Vec<_>>().join(", ")
}

/// The segments of a plan: `name: layers that run again`.
fn segments_of(plan: &Plan) -> Vec<String> {
    let again = |s: &remat::plan::Segment| match s.last {
        true => String::from("last"),
        false => s.recomputed.to_string(),
    };
    plan.segments().map(|s| format!("{}: {}", s.name, again(&s))).collect()
}

//! A device joins from outside: one of handles trains as the CPU does, by kernels that share no code with it.

use remat::ndarray::{Array2, ArrayD, s};
use remat::optim::Optimizer;
use remat::prelude::*;
use remat_tests::remote::Remote;

model! {
    /// A net of the layers that the device has kernels for, with a segment that is recomputed and a layer
    /// that is applied twice, so that a gradient is added to.
    Net {
        input x: f32[3];
        target y: f32[2];
        up: Linear(16);
        #[checkpoint]
        body: { Tanh; mid: Linear(16); Relu; again: mid; Tanh; }
        down: Linear(2);
        loss: Mse <- (down, y);
    }
}

model! {
    /// One whose boundaries wait on the host, some of them for two readers.
    Waiting {
        input x: f32[3];
        target y: f32[2];
        up: Linear(16);
        #[checkpoint(store = host)]
        body: repeat(5) { one: Linear(16); Tanh; two: Linear(16); Relu; }
        #[checkpoint(store = host)]
        last: { three: Linear(16); Tanh; }
        down: Linear(2);
        loss: Mse <- (down, y);
    }
}

/// What training comes to.
struct Run {
    losses: Vec<f32>,
    output: ArrayD<f32>,
    params: Vec<(&'static str, ArrayD<f32>)>,
}

fn data() -> (Array2<f32>, Array2<f32>) {
    let x = Array2::from_shape_fn((6, 3), |(i, j)| ((5 * i + 3 * j) as f32 * 0.7).sin());
    let y = Array2::from_shape_fn((6, 2), |(i, j)| x[[i, j]] * x[[i, 2]] + 0.1 * j as f32);
    (x, y)
}

/// 60 steps of training in a workspace that is larger than the batch.
fn train<D, O>(device: &D, new: impl Fn(&Net<D>) -> Result<O, Error>) -> Run
where
    D: Device<Scalar = f32, Param = f32> + remat::optim::Kernel,
    D: remat::ops::linear::Kernel + remat::ops::activation::Kernel + remat::ops::mse::Kernel,
    O: Optimizer<Net<D>>,
{
    let (x, y) = data();
    let mut net = Net::new(device, 5).unwrap();
    let mut ws = net.workspace(8).unwrap();
    let mut opt = new(&net).unwrap();
    let mut losses = vec![];
    for _ in 0..60 {
        losses.push(net.forward_backward(&mut ws, x.view(), y.view()).unwrap());
        ws.grads_mut().clip_norm(0.5).unwrap();
        ws.grads_mut().clip_value(0.2).unwrap();
        opt.step(&mut net, ws.grads()).unwrap();
    }
    losses.push(net.evaluate(&mut ws, x.view(), y.view()).unwrap());
    let output = net.forward(&mut ws, x.view()).unwrap().to_array().unwrap();
    let params = net.params().iter().collect::<Result<_, _>>().unwrap();
    Run { losses, output, params }
}

/// Both sum in f32 or better, in other orders: over 60 steps of so small a net that stays below 1e-4.
fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-4 * (1.0 + expected.abs()), "{what}: {found}, {expected}");
    }
}

fn slice(array: &ArrayD<f32>) -> &[f32] {
    array.as_slice().expect("it is a copy in one piece")
}

macro_rules! trains_alike {
    ($name:literal, $optimizer:ident, $config:expr, $least:literal) => {{
        let device = Remote::default();
        let remote = train(&device, |net| $optimizer::new(net, $config));
        let cpu = train(&Cpu::with_threads(2).unwrap(), |net| $optimizer::new(net, $config));
        assert_close(&remote.losses, &cpu.losses, $name);
        assert_close(slice(&remote.output), slice(&cpu.output), $name);
        for ((name, found), (_, expected)) in remote.params.iter().zip(&cpu.params) {
            assert_close(slice(found), slice(expected), &format!("{} of {}", name, $name));
        }
        let (first, last) = (remote.losses[0], remote.losses[60]);
        assert!(last < $least * first, "{}: it learns, from {first} to {last}", $name);
        assert_eq!(device.handles(), 0, "all memory is given back");
    }};
}

#[test]
fn a_device_of_handles_trains_a_model_as_the_cpu_does() {
    trains_alike!("SGD", Sgd, SgdConfig { lr: 0.2, ..Default::default() }, 0.5);
    let momentum = || SgdConfig { lr: 0.05, momentum: 0.9, nesterov: true, ..Default::default() };
    trains_alike!("momentum", Sgd, momentum(), 0.5);
    trains_alike!("Adam", Adam, AdamConfig { lr: 1e-2, weight_decay: 1e-3, ..Default::default() }, 0.5);
    let groups = || vec![Group::of(["*.bias"]).weight_decay(0.0), Group::of(["up.*"]).lr_scale(0.5)];
    trains_alike!("AdamW", AdamW, AdamWConfig { lr: 1e-2, groups: groups(), ..Default::default() }, 0.5);
}

#[test]
fn gradients_of_two_workspaces_are_added_and_scaled_on_the_device() {
    let (x, y) = data();
    let device = Remote::default();
    let mut net = Net::new(&device, 5).unwrap();
    let (mut a, mut b) = (net.workspace(6).unwrap(), net.workspace(6).unwrap());
    for ws in [&mut a, &mut b] {
        net.forward_backward(ws, x.view(), y.view()).unwrap();
    }
    let before = a.grads().get("body.mid.weight").unwrap();
    a.grads_mut().add(&b.grads()).unwrap();
    a.grads_mut().scale(0.5).unwrap();
    assert_eq!(a.grads().get("body.mid.weight").unwrap(), before);
}

/// Copies are done as late as they may be, and what is freed, or is on its way, holds no number.
#[test]
fn what_waits_on_the_host_comes_back_as_it_was() {
    let (x, y) = data();
    let device = Remote::default();
    let (mut remote, mut cpu) =
        (Waiting::new(&device, 5).unwrap(), Waiting::new(&Cpu::with_threads(2).unwrap(), 5).unwrap());
    let (mut there, mut here) = (remote.workspace(8).unwrap(), cpu.workspace(8).unwrap());
    assert_eq!(there.host_bytes(), 8 * 5 * 64);
    for batch in [6, 2, 5] {
        let (x, y) = (x.slice(s![..batch, ..]), y.slice(s![..batch, ..]));
        let found = remote.forward_backward(&mut there, x, y).unwrap();
        let expected = cpu.forward_backward(&mut here, x, y).unwrap();
        assert_close(&[found], &[expected], "loss");
        for (found, expected) in there.grads().iter().zip(here.grads().iter()) {
            let ((name, found), (_, expected)) = (found.unwrap(), expected.unwrap());
            assert_close(slice(&found), slice(&expected), name);
        }
    }
}

/// Whichever call of a step fails, copies are under way or not: the next step is as if there had been none.
#[test]
fn a_step_that_fails_leaves_no_copy_under_way() {
    let (x, y) = data();
    let device = Remote::default();
    let mut net = Waiting::new(&device, 5).unwrap();
    let mut ws = net.workspace(6).unwrap();
    let mut step = |fails: usize| {
        device.fail_at(fails);
        let result = net.forward_backward(&mut ws, x.view(), y.view());
        device.fail_at(0);
        let grads = ws.grads().iter().map(|grad| grad.unwrap().1);
        result.map(|loss| (loss, grads.collect::<Vec<_>>()))
    };
    let expected = step(0).unwrap();
    let mut calls = 0;
    while let Err(error) = step(calls + 1) {
        assert!(error.to_string().contains("is to fail"), "call {calls}: {error}");
        assert_eq!(step(0).unwrap(), expected, "after call {calls} has failed");
        calls += 1;
    }
    // Forward, what is recomputed, and backward of 13 layers.
    assert!(calls > 26, "{calls}");
}

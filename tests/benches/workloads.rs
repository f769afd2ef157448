//! Workloads W1, W2 and W3, forward and backward: milliseconds, GFLOP/s, planned and resident memory.
//!
//! `cargo bench -p remat-tests [-- NAME THREADS STEPS]` runs all with 1 and 2 threads, or one. Each run
//! is a process of its own, so that resident memory is its own. A line of JSON for each, for
//! `tests/peers/compare.py`, which runs PyTorch in turn.

use std::process::Command;
use std::time::Instant;

use remat::ndarray::Axis;
use remat::prelude::*;
use remat_tests::trace::{ids, numbers};

model! {
    /// W1: an MLP, 784-1024x4-10, for batches of 128.
    W1 {
        input x: f32[784];
        target y: u32;
        hidden: repeat(width in [1024, 1024, 1024, 1024]) { fc: Linear(width); Relu; }
        head: Linear(10);
        loss: CrossEntropy <- (head, y);
    }
}

/// W2: 64 layers of 256, for batches of 512. W3: a GPT for batches of 8 x 256 tokens.
macro_rules! marked {
    ($w2:ident [$($m2:tt)*], $w3:ident [$($m3:tt)*]) => {
        model! {
            $w2 {
                input x: f32[256];
                target y: u32;
                $($m2)*
                hidden: repeat(63) { fc: Linear(256); Relu; }
                head: Linear(256);
                loss: CrossEntropy <- (head, y);
            }
        }
        model! {
            $w3 {
                const VOCAB = 65;
                const T = 256;
                const D = 384;
                input tokens: u32[T];
                target next: u32[T];
                embed: Embedding(VOCAB, D);
                pos: PositionEmbedding(T);
                $($m3)*
                blocks: repeat(6) {
                    residual { ln_1: LayerNorm; qkv: Linear(3 * D); CausalAttention(6); proj: Linear(D); }
                    residual { ln_2: LayerNorm; up: Linear(4 * D); Gelu(tanh); down: Linear(D); }
                }
                norm: LayerNorm;
                head: Linear(VOCAB, bias = false);
                loss: CrossEntropy <- (head, next);
            }
        }
    };
}
marked!(W2 [], W3 []);
marked!(W2Every8 [#[checkpoint(every = 8)]], W3EveryBlock [#[checkpoint]]);

/// One large product, for the speed that products reach here.
mod product {
    use super::*;
    model! {
        /// 2048 rows, 1024 to 1024.
        pub(super) Product {
            input x: f32[1024];
            target y: f32[1024];
            fc: Linear(1024, bias = false);
            loss: Mse <- (fc, y);
        }
    }
}
use product::Product;

const NAMES: [&str; 5] = ["W1", "W2", "W2-every-8", "W3", "W3-every-block"];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    match args.as_slice() {
        [] => all(),
        [name, threads, steps] => {
            let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("`{text}` must be a number"));
            one(name, number(threads), number(steps));
        }
        _ => panic!("usage: cargo bench -p remat-tests [-- NAME THREADS STEPS]; names: {NAMES:?}"),
    }
}

fn all() {
    let own = std::env::current_exe().expect("a path to this program");
    for threads in ["1", "2"] {
        for name in NAMES {
            let status =
                Command::new(&own).args([name, threads, "15"]).status().expect("a process of its own");
            assert!(status.success(), "{name} failed");
        }
    }
}

fn one(name: &str, threads: usize, steps: usize) {
    let cpu = Cpu::with_threads(threads).expect("threads");
    let (x1, x2) = (numbers(128, 784, 1), numbers(512, 256, 1));
    let (y1, y2) = (ids(128, 1, 10, 2), ids(512, 1, 256, 2));
    let (y1, y2) = (y1.index_axis(Axis(1), 0), y2.index_axis(Axis(1), 0));
    let (tokens, next) = (ids(8, 256, 65, 1), ids(8, 256, 65, 2));
    macro_rules! time {
        ($model:ident, $x:expr, $y:expr) => {{
            let mut model = $model::new(&cpu, 1).expect("a model");
            let mut ws = model.workspace($x.len_of(Axis(0))).expect("a workspace");
            let plan = $model::PLAN;
            measure(name, &cpu, steps, &plan, $x.len_of(Axis(0)), || {
                model.forward_backward(&mut ws, $x.view(), $y.view()).expect("a step")
            });
        }};
    }
    match name {
        "W1" => time!(W1, x1, y1),
        "W2" => time!(W2, x2, y2),
        "W2-every-8" => time!(W2Every8, x2, y2),
        "W3" => time!(W3, tokens, next),
        "W3-every-block" => time!(W3EveryBlock, tokens, next),
        other => panic!("there is no workload `{other}`; names: {NAMES:?}"),
    }
}

/// Runs `step` and prints what it took.
fn measure(name: &str, cpu: &Cpu, steps: usize, plan: &Plan, batch: usize, mut step: impl FnMut() -> f32) {
    let mut loss = step();
    step();
    let mut times: Vec<f64> = (0..steps)
        .map(|_| {
            let start = Instant::now();
            loss = step();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    // Backward does each product twice: for the input's gradient and for the weight's.
    let flops = (plan.forward_flops + plan.backward_flops + plan.recompute_flops) as f64 * batch as f64;
    println!(
        "{{\"run\":\"{name}\",\"threads\":{},\"ms\":{median:.2},\"min\":{:.2},\"max\":{:.2},\"gflops\":{:.1},\"product_gflops\":{:.1},\"planned_MiB\":{:.2},\"kept_MiB\":{:.2},\"resident_MiB\":{:.1},\"loss\":{loss:.4}}}",
        cpu.threads(),
        times[0],
        times[times.len() - 1],
        flops / median / 1e6,
        product_speed(cpu),
        mib(plan.peak_bytes(batch)),
        mib(plan.kept_bytes(batch)),
        peak_resident_kib() / 1024.0,
    );
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// GFLOP/s of products of 2048 x 1024 x 1024.
fn product_speed(cpu: &Cpu) -> f64 {
    const BATCH: usize = 2048;
    let (x, y) = (numbers(BATCH, 1024, 1), numbers(BATCH, 1024, 2));
    let mut model = Product::new(cpu, 1).expect("a model");
    let mut ws = model.workspace(BATCH).expect("a workspace");
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        model.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
        best = best.min(start.elapsed().as_secs_f64());
    }
    // The input is no trained value, so there are two products: forward, and the weight's gradient.
    2.0 * 2.0 * BATCH as f64 * 1024.0 * 1024.0 / best / 1e9
}

/// The most this process ever had resident, where Linux says so.
fn peak_resident_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(f64::NAN)
}

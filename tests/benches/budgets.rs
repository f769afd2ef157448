//! What budgets cost: planned and touched peak, recomputed operations, the planned and the measured time, and how far
//! the gradients are from those of the network that keeps everything: the norm of the difference over their norm.
//!
//! `cargo bench -p remat-tests --bench budgets [-- ROUNDS THREADS [large]]` takes steps of each network without
//! and with each plan in turn, and prints medians of the rounds; with `large` also of a GPT of 12 layers, width 768,
//! on a sequence of 1024 tokens, which needs 3 GiB.

use std::time::Instant;

use remat::model::Grads;
use remat::ndarray::Axis;
use remat::prelude::*;
use remat::testing;
use remat_tests::trace::ids;

/// A GPT under one plan.
macro_rules! gpt {
    ($name:ident($layers:literal, $heads:literal, $width:literal, $tokens:literal, $vocabulary:literal):
        model [$($model:tt)*] blocks [$($blocks:tt)*] cheap [$($cheap:tt)*]) => {
        model! {
            /// One of several that differ in their plan alone.
            $($model)*
            pub(crate) $name {
                const T = $tokens;
                const D = $width;
                input tokens: u32[T];
                target next: u32[T];
                embed: Embedding($vocabulary, D);
                pos: PositionEmbedding(T);
                $($blocks)*
                blocks: repeat($layers) {
                    residual { $($cheap)* ln_1: LayerNorm; qkv: Linear(3 * D); CausalAttention($heads); proj: Linear(D); }
                    residual { $($cheap)* ln_2: LayerNorm; up: Linear(4 * D); $($cheap)* Gelu(tanh); down: Linear(D); }
                }
                norm: LayerNorm;
                head: Linear($vocabulary, bias = false);
                loss: CrossEntropy <- (head, next);
            }
        }
    };
}

/// One GPT under all plans.
macro_rules! plans {
    ($module:ident $sizes:tt least $least:literal) => {
        mod $module {
            use super::*;
            gpt!(StoreAll $sizes: model [] blocks [] cheap []);
            gpt!(Cheap $sizes: model [] blocks [] cheap [#[recompute]]);
            gpt!(Sqrt $sizes: model [#[checkpoint(sqrt)]] blocks [] cheap []);
            gpt!(EveryBlock $sizes: model [] blocks [#[checkpoint]] cheap []);
            gpt!(Bf16 $sizes: model [] blocks [#[checkpoint(store = bf16)]] cheap []);
            gpt!(F16 $sizes: model [] blocks [#[checkpoint(store = f16)]] cheap []);
            gpt!(Half $sizes: model [#[checkpoint(fraction = 0.5)]] blocks [] cheap []);
            gpt!(Third $sizes: model [#[checkpoint(fraction = 0.3)]] blocks [] cheap []);
            gpt!(ThirdBf16 $sizes: model [#[checkpoint(fraction = 0.3, store = bf16)]] blocks [] cheap []);
            gpt!(Sixth $sizes: model [#[checkpoint(fraction = 0.15)]] blocks [] cheap []);
            gpt!(Least $sizes: model [#[checkpoint(fraction = $least)]] blocks [] cheap []);
        }
    };
}
plans!(w3(6, 6, 384, 256, 65) least 0.123);
plans!(large(12, 12, 768, 1024, 256) least 0.067);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let number = |at: usize, default: usize| {
        let text = args.get(at).map(String::as_str);
        text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("`{text}` must be a number")))
    };
    let (rounds, threads) = (number(0, 9), number(1, 1));
    let cpu = Cpu::with_threads(threads).expect("threads");
    println!("{threads} threads, medians of {rounds} rounds");
    println!(
        "{:<26} {:>10} {:>10} {:>8} {:>10} {:>9} {:>9} {:>9} {:>9}",
        "", "planned", "touched", "kept", "operations", "planned", "plan adds", "recompute", "gradients"
    );
    macro_rules! row {
        ($module:ident $net:ident $name:literal, $batch:expr, $tokens:expr, $vocabulary:expr) => {{
            let (tokens, next) = (ids($batch, $tokens, $vocabulary, 1), ids($batch, $tokens, $vocabulary, 2));
            let (mut all, mut net) = (
                $module::StoreAll::new(&cpu, 1).expect("a model"),
                $module::$net::new(&cpu, 1).expect("a model"),
            );
            let mut ws_all = all.workspace(tokens.len_of(Axis(0))).expect("a workspace");
            let mut ws = net.workspace(tokens.len_of(Axis(0))).expect("a workspace");
            let mut rows: Vec<[f64; 2]> = vec![];
            let mut touched = 0;
            for round in 0..rounds + 1 {
                let start = Instant::now();
                let step = |ws: &mut _| all.forward_backward(ws, tokens.view(), next.view());
                testing::watch(&mut ws_all, step).expect("a step");
                let whole = start.elapsed().as_secs_f64();
                let start = Instant::now();
                let step = |ws: &mut _| net.forward_backward(ws, tokens.view(), next.view());
                let seen = testing::watch(&mut ws, step).expect("a step");
                let took = start.elapsed().as_secs_f64();
                touched = seen.highest_byte;
                // The first warms up.
                if round >= 1 {
                    rows.push([100.0 * (took / whole - 1.0), 100.0 * seen.recompute.as_secs_f64() / whole]);
                }
            }
            let off = distance(ws_all.grads(), ws.grads());
            let [added, again] = [0, 1].map(|i| median(rows.iter().map(|row| row[i])));
            let (plan, all) = ($module::$net::PLAN, $module::StoreAll::PLAN);
            let mebibytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
            println!(
                "{:<26} {:>6.1} MiB {:>6.1} MiB {:>6.0} % {:>8.1} % {:>7.1} % {added:>7.1} % {again:>7.1} % {off:>9.1e}",
                $name,
                mebibytes(plan.peak_bytes($batch)),
                mebibytes(touched),
                100.0 * plan.kept_bytes($batch) as f64 / all.kept_bytes($batch) as f64,
                100.0 * plan.compute_overhead(),
                100.0 * plan.time_overhead(),
            );
        }};
    }
    macro_rules! table {
        ($module:ident, $batch:expr, $tokens:expr, $vocabulary:expr) => {
            row!($module StoreAll "store all", $batch, $tokens, $vocabulary);
            row!($module Cheap "norms and GELUs again", $batch, $tokens, $vocabulary);
            row!($module Sqrt "sqrt", $batch, $tokens, $vocabulary);
            row!($module EveryBlock "every block", $batch, $tokens, $vocabulary);
            row!($module Bf16 "every block, bf16", $batch, $tokens, $vocabulary);
            row!($module F16 "every block, f16", $batch, $tokens, $vocabulary);
            row!($module Half "fraction = 0.5", $batch, $tokens, $vocabulary);
            row!($module Third "fraction = 0.3", $batch, $tokens, $vocabulary);
            row!($module ThirdBf16 "fraction = 0.3, bf16", $batch, $tokens, $vocabulary);
            row!($module Sixth "fraction = 0.15", $batch, $tokens, $vocabulary);
            row!($module Least "the least", $batch, $tokens, $vocabulary);
        };
    }
    table!(w3, 8, 256, 65);
    if args.iter().any(|arg| arg == "large") {
        table!(large, 1, 1024, 256);
    }
}

/// The norm of the difference of two gradients over that of the first.
fn distance<A: Model<Device = Cpu>, B: Model<Device = Cpu>>(exact: Grads<'_, A>, other: Grads<'_, B>) -> f64 {
    let (mut difference, mut norm) = (0.0, 0.0);
    for (a, b) in exact.iter().zip(other.iter()) {
        let ((_, a), (_, b)) = (a.expect("a gradient"), b.expect("a gradient"));
        for (a, b) in a.iter().zip(b.iter()) {
            difference += f64::from(a - b).powi(2);
            norm += f64::from(*a).powi(2);
        }
    }
    (difference / norm).sqrt()
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

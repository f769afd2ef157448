//! What a plan costs: the time that it adds to a step, beside the time of the steps that it adds.
//!
//! `cargo bench -p remat-tests --bench plans [-- ROUNDS THREADS]` takes steps of each network without and with
//! its plan in turn, and prints the medians of the rounds: what the plan added to the step next to it, and
//! what the recomputing kernel calls in it took, both in percent of a step that keeps everything. The last network has
//! the logits of many words, all of them or in chunks.

use std::time::Instant;

use remat::ndarray::Axis;
use remat::prelude::*;
use remat::testing;
use remat_tests::trace::{ids, numbers};

/// W2 of `workloads`, a GPT like its W3 but half as wide, and what selective recompute saves of it.
macro_rules! nets {
    ($($w2:ident, $gpt:ident: layers [$($layers:tt)*] blocks [$($blocks:tt)*] norm [$($norm:tt)*] act [$($act:tt)*];)*) => { $(
        model! {
            $w2 {
                input x: f32[256];
                target y: u32;
                $($layers)*
                hidden: repeat(63) { fc: Linear(256); Relu; }
                head: Linear(256);
                loss: CrossEntropy <- (head, y);
            }
        }
        model! {
            $gpt {
                const VOCAB = 65;
                const T = 256;
                const D = 192;
                input tokens: u32[T];
                target next: u32[T];
                embed: Embedding(VOCAB, D);
                pos: PositionEmbedding(T);
                $($blocks)*
                blocks: repeat(6) {
                    residual { $($norm)* ln_1: LayerNorm; qkv: Linear(3 * D); CausalAttention(6); proj: Linear(D); }
                    residual { $($norm)* ln_2: LayerNorm; up: Linear(4 * D); $($act)* Gelu(tanh); down: Linear(D); }
                }
                norm: LayerNorm;
                head: Linear(VOCAB, bias = false);
                loss: CrossEntropy <- (head, next);
            }
        }
    )* };
}
nets! {
    Deep, Gpt: layers [] blocks [] norm [] act [];
    DeepEvery8, GptEveryBlock: layers [#[checkpoint(every = 8)]] blocks [#[checkpoint]] norm [] act [];
    DeepEvery2, GptSelective: layers [#[checkpoint(every = 2)]] blocks [] norm [#[recompute]] act [#[recompute]];
    DeepEvery32, GptEvery3: layers [#[checkpoint(every = 32)]] blocks [#[checkpoint(every = 3)]] norm [] act [];
}

macro_rules! words {
    ($name:ident [$($chunks:tt)*]) => {
        model! {
            $name {
                const VOCAB = 32_768;
                const T = 256;
                const D = 192;
                input tokens: u32[T];
                target next: u32[T];
                embed: Embedding(VOCAB, D);
                block: {
                    residual { ln_1: LayerNorm; qkv: Linear(3 * D); CausalAttention(6); proj: Linear(D); }
                    residual { ln_2: LayerNorm; up: Linear(4 * D); Gelu(tanh); down: Linear(D); }
                }
                norm: LayerNorm;
                head: Linear(VOCAB, bias = false);
                loss: CrossEntropy($($chunks)*) <- (head, next);
            }
        }
    };
}
words!(Words []);
words!(Words4[chunks = 4]);
words!(Words16[chunks = 16]);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let number = |at: usize, default: usize| {
        let text = args.get(at).map(String::as_str);
        text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("`{text}` must be a number")))
    };
    let (rounds, threads) = (number(0, 31), number(1, 1));
    let cpu = Cpu::with_threads(threads).expect("threads");
    let (x, y) = (numbers(512, 256, 1), ids(512, 1, 256, 2));
    let y = y.index_axis(Axis(1), 0);
    let (tokens, next) = (ids(8, 256, 65, 1), ids(8, 256, 65, 2));
    println!("{threads} threads, medians of {rounds} rounds");
    println!(
        "{:<34} {:>9} {:>9} {:>12} {:>11} {:>8}",
        "", "all kept", "planned", "plan adds", "recompute", "kept"
    );
    macro_rules! compare {
        ($name:literal, $all:ident, $planned:ident, $x:expr, $y:expr) => {{
            let batch = $x.len_of(Axis(0));
            let (mut all, mut planned) =
                ($all::new(&cpu, 1).expect("a model"), $planned::new(&cpu, 1).expect("a model"));
            let mut ws_all = all.workspace(batch).expect("a workspace");
            let mut ws = planned.workspace(batch).expect("a workspace");
            let mut rows: Vec<[f64; 4]> = vec![];
            for round in 0..rounds + 2 {
                let start = Instant::now();
                testing::watch(&mut ws_all, |ws| all.forward_backward(ws, $x.view(), $y.view()))
                    .expect("a step");
                let whole = start.elapsed().as_secs_f64();
                let start = Instant::now();
                let step = testing::watch(&mut ws, |ws| planned.forward_backward(ws, $x.view(), $y.view()));
                let took = start.elapsed().as_secs_f64();
                let again = step.expect("a step").recompute.as_secs_f64();
                // The first two warm up.
                if round >= 2 {
                    rows.push([whole * 1e3, took * 1e3, 100.0 * (took / whole - 1.0), 100.0 * again / whole]);
                }
            }
            let [whole, took, added, again] = [0, 1, 2, 3].map(|i| median(rows.iter().map(|row| row[i])));
            println!(
                "{:<34} {whole:>6.1} ms {took:>6.1} ms {added:>10.1} % {again:>9.1} % {:>6.0} %",
                $name,
                100.0 * $planned::PLAN.kept_bytes(batch) as f64 / $all::PLAN.kept_bytes(batch) as f64
            );
        }};
    }
    compare!("64 layers of 256, every 2", Deep, DeepEvery2, x, y);
    compare!("64 layers of 256, every 8", Deep, DeepEvery8, x, y);
    compare!("64 layers of 256, every 32", Deep, DeepEvery32, x, y);
    compare!("GPT, every block", Gpt, GptEveryBlock, tokens, next);
    compare!("GPT, every 3 blocks", Gpt, GptEvery3, tokens, next);
    compare!("GPT, norms and GELUs", Gpt, GptSelective, tokens, next);
    let (tokens, next) = (ids(4, 256, 32_768, 1), ids(4, 256, 32_768, 2));
    compare!("32 768 words, 4 chunks of 256 rows", Words, Words4, tokens, next);
    compare!("32 768 words, 16 chunks of 64 rows", Words, Words16, tokens, next);
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

//! Steps of GPT-2 on a GPU: forward, backward, clipping, AdamW. `tests/gpu/compare.py` runs PyTorch in turn.
//!
//! usage: gpt2 SHAPE PLAN DTYPE BATCH STEPS [trace]
//!
//! SHAPE: `124M`, or `small`, which runs without a GPU too. PLAN: `plain`; `chunks`, whose logits are never all there;
//! `blocks`, which checkpoints every block too; `host`, which keeps their boundaries on the host. DTYPE: `f32`, `bf16`.
//! Prints a line of JSON; with `trace`, what one more step ran instead, by CUPTI, which slows it down a little: for how long
//! each kernel, and where nothing did.

use std::process::ExitCode;
use std::time::Instant;

use cudarc::driver::result::mem_get_info;
use remat::Plan;
use remat::cuda::{Cuda, bf16};
use remat::model::Trainable;
use remat::ndarray::Array2;
use remat::prelude::*;
use remat::train;
use remat_tests::cupti::{Gap, Ran, Tracer, by_name, gaps};
use remat_tests::trace::ids;

macro_rules! gpt2 {
    ($name:ident [$($marks:tt)*] [$($chunks:tt)*] $layers:literal $heads:literal $width:literal $context:literal $vocab:literal) => {
        model! {
            $name {
                const VOCAB = $vocab;
                const T = $context;
                const D = $width;
                input tokens: u32[T];
                target next: u32[T];
                embed: Embedding(VOCAB, D, init = normal(0.02));
                pos: PositionEmbedding(T);
                $($marks)*
                blocks: repeat($layers) {
                    residual { ln_1: LayerNorm; qkv: Linear(3 * D); CausalAttention($heads); proj: Linear(D); }
                    residual { ln_2: LayerNorm; up: Linear(4 * D); Gelu(tanh); down: Linear(D); }
                }
                norm: LayerNorm;
                head: Linear(VOCAB, bias = false, weight = embed);
                loss: CrossEntropy($($chunks)*) <- (head, next);
            }
        }
    };
}
// The vocabulary of 50 257 is padded to whole tiles.
gpt2!(Gpt2 [] [] 12 12 768 1024 50_304);
gpt2!(Gpt2Chunks [] [chunks = 4] 12 12 768 1024 50_304);
gpt2!(Gpt2Blocks [#[checkpoint]] [chunks = 16] 12 12 768 1024 50_304);
gpt2!(Gpt2Host [#[checkpoint(store = host)]] [chunks = 16] 12 12 768 1024 50_304);
gpt2!(Small [] [] 2 2 32 48 64);
gpt2!(SmallChunks [] [chunks = 4] 2 2 32 48 64);
gpt2!(SmallBlocks [#[checkpoint]] [chunks = 16] 2 2 32 48 64);
gpt2!(SmallHost [#[checkpoint(store = host)]] [chunks = 16] 2 2 32 48 64);

/// Whether a plan at a batch of 64 sequences, rounded down to MiB, keeps so many, and takes so many in all: what the README says.
const fn is(plan: Plan, kept: usize, peak: usize) -> bool {
    plan.kept_bytes(64) >> 20 == kept && plan.peak_bytes(64) >> 20 == peak
}
const _: () = assert!(is(<Gpt2Blocks<Cuda<bf16>> as Model>::PLAN, 1344, 3240));
const _: () = assert!(is(<Gpt2Host<Cuda<bf16>> as Model>::PLAN, 288, 2280));
const _: () = {
    gpt2!(AllLogits [#[checkpoint]] [] 12 12 768 1024 50_304);
    assert!(is(<AllLogits<Cuda<bf16>> as Model>::PLAN, 7632, 8181));
};

/// What a run came to.
struct Measured {
    milliseconds: f64,
    /// Bytes of the GPU that are taken beside the device itself, parameters, and moments.
    used: usize,
    losses: [f64; 2],
    parameters: usize,
}

/// Prints what a step ran.
fn report(ran: &[Ran]) -> Result<(), Box<dyn std::error::Error>> {
    if ran.is_empty() {
        return Err("CUPTI has noted nothing".into());
    }
    let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
    let (start, end) = (ran.iter().map(|ran| ran.start).min(), ran.iter().map(|ran| ran.end).max());
    let all = end.zip(start).map_or(0, |(end, start)| end - start);
    println!("{:<72} {:>6} {:>10} {:>6}", format!("of {:.3} ms", ms(all)), "times", "ms", "%");
    for (name, count, time) in by_name(ran) {
        let name: String = name.chars().take(72).collect();
        println!("{name:<72} {count:>6} {:>10.3} {:>6.1}", ms(time), 100.0 * time as f64 / all as f64);
    }
    let gaps = gaps(ran);
    let idle: u64 = gaps.iter().map(|gap| gap.length).sum();
    let long = gaps.iter().filter(|gap| gap.length > 5_000).count();
    println!(
        "nothing ran for {:.3} ms, in {} gaps, {long} of more than 5 us; the longest:",
        ms(idle),
        gaps.len()
    );
    for Gap { length, between: [before, after] } in gaps.iter().take(10) {
        println!("{:>10.2} us between {before} and {after}", *length as f64 / 1e3);
    }
    Ok(())
}

/// Steps run before those that are measured: programs are captured in the second.
const WARM: usize = 5;

/// Runs steps on one batch, for each of which the host waits in the end, and asks how long they took.
fn run<N>(
    net: &mut N,
    batch: &N::Batch,
    steps: usize,
    tracer: Option<&Tracer>,
) -> Result<Measured, Box<dyn std::error::Error>>
where
    N: Trainable<Device: remat::optim::Kernel>,
{
    let free = || mem_get_info().map_or(0, |(free, _)| free);
    let before = free();
    let mut ws = net.workspace(N::samples(batch))?;
    let mut opt = AdamW::new(net, AdamWConfig { lr: 3e-4, ..Default::default() })?;
    let mut losses = vec![];
    let mut start = Instant::now();
    for step in 0..WARM + steps {
        if step == WARM {
            start = Instant::now();
        }
        losses.push(train::step(net, &mut opt, &mut ws, batch, Some(1.0))?.loss);
    }
    let milliseconds = start.elapsed().as_secs_f64() * 1e3 / steps as f64;
    if let Some(tracer) = tracer {
        tracer.take()?;
        train::step(net, &mut opt, &mut ws, batch, Some(1.0))?;
        report(&tracer.take()?)?;
    }
    let parameters = net.params().count();
    let used = before.saturating_sub(free() + opt.bytes());
    Ok(Measured { milliseconds, used, losses: [losses[0], losses[losses.len() - 1]], parameters })
}

/// Floating-point operations of a step for each token: 6 for each parameter, and causal attention's share of scores.
fn flops(parameters: usize, layers: usize, width: usize, context: usize) -> f64 {
    (6 * parameters + 6 * layers * width * context) as f64
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (shape, plan, dtype, batch, steps, traced) = match &arguments[..] {
        [shape, plan, dtype, batch, steps] => (shape, plan, dtype, batch, steps, false),
        [shape, plan, dtype, batch, steps, trace] if trace == "trace" => {
            (shape, plan, dtype, batch, steps, true)
        }
        _ => {
            eprintln!("usage: gpt2 124M|small plain|chunks|blocks|host f32|bf16 BATCH STEPS [trace]");
            return Ok(ExitCode::from(2));
        }
    };
    let (batch, steps): (usize, usize) = (batch.parse()?, steps.parse()?);
    // Before there is a device, or graphs would be noted as one.
    let tracer = traced.then(Tracer::start).transpose()?;
    let gpu = Cuda::new(0)?;
    macro_rules! measure {
        ($net:ident, $device:expr, $layers:expr, $vocab:expr) => {{
            fn planned<M: Model>(_: &M) -> &'static Plan {
                const { &M::PLAN }
            }
            let x: Array2<u32> = ids(batch, $net::T, $vocab, 1);
            let y: Array2<u32> = ids(batch, $net::T, $vocab, 2);
            let mut net = $net::new(&$device, 42)?;
            let measured = run(&mut net, &(x, y), steps, tracer.as_ref())?;
            let flops = flops(measured.parameters, $layers, $net::D, $net::T);
            (measured, $net::T, flops, planned(&net))
        }};
    }
    macro_rules! planned {
        ($device:expr) => {
            match (&shape[..], &plan[..]) {
                ("124M", "plain") => measure!(Gpt2, $device, 12, 50_257),
                ("124M", "chunks") => measure!(Gpt2Chunks, $device, 12, 50_257),
                ("124M", "blocks") => measure!(Gpt2Blocks, $device, 12, 50_257),
                ("124M", "host") => measure!(Gpt2Host, $device, 12, 50_257),
                ("small", "plain") => measure!(Small, $device, 2, 64),
                ("small", "chunks") => measure!(SmallChunks, $device, 2, 64),
                ("small", "blocks") => measure!(SmallBlocks, $device, 2, 64),
                ("small", "host") => measure!(SmallHost, $device, 2, 64),
                _ => return Err("no such shape or plan".into()),
            }
        };
    }
    let (measured, context, flops, planned) = match &dtype[..] {
        "f32" => planned!(gpu),
        "bf16" => planned!(gpu.bf16()),
        _ => return Err("no such dtype".into()),
    };
    if traced {
        return Ok(ExitCode::SUCCESS);
    }
    let Measured { milliseconds, used, losses: [first, last], .. } = measured;
    let tokens = (batch * context) as f64 / milliseconds * 1e3;
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    println!(
        "{{\"name\": \"remat {plan} {dtype}\", \"batch\": {batch}, \"ms\": {milliseconds:.3}, \
         \"tokens_per_s\": {tokens:.0}, \"tflops\": {:.1}, \"kept_MiB\": {:.1}, \"planned_MiB\": {:.1}, \
         \"host_MiB\": {:.1}, \"used_MiB\": {:.1}, \
         \"first_loss\": {first:.4}, \"last_loss\": {last:.4}}}",
        flops * tokens / 1e12,
        mib(planned.kept_bytes(batch)),
        mib(planned.peak_bytes(batch)),
        mib(planned.host_bytes(batch)),
        mib(used)
    );
    Ok(ExitCode::SUCCESS)
}

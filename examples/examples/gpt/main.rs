//! A byte-level GPT that learns a text, with every block checkpointed.
//!
//! `cargo run --release -p remat-examples --example gpt -- [TEXT FILE] [--steps N] [--out FOLDER] [--save-every STEPS] [--resume]`
//!
//! Without a file it learns this repository's own sources. With `--out` it saves its state there, at the end and every so
//! many steps; with `--resume` it goes on from the last one, and ends with the same bits as a run that never stopped.

mod data;
mod sample;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use data::Corpus;
use indicatif::{ProgressBar, ProgressStyle};
use remat::optim::Group;
use remat::prelude::*;
use remat::state::{Cursor, Progress};
use remat_examples::{Saver, Saving};

/// The same network with and without marks on its blocks: one macro, two models.
macro_rules! gpt {
    ($(#[$doc:meta])* $name:ident, blocks: $(#[$mark:meta])*) => {
        model! {
            $(#[$doc])*
            pub $name {
                const VOCAB = 256;
                const T = 64;
                const D = 128;
                const HEADS = 4;

                input  tokens: u32[T];
                target next:   u32[T];

                embed: Embedding(VOCAB, D, init = normal(0.02));
                pos:   PositionEmbedding(T);

                $(#[$mark])*
                blocks: repeat(4) {
                    residual {
                        ln_1: LayerNorm;
                        attn: {
                            qkv: Linear(3 * D, init = normal(0.02));
                            CausalAttention(heads = HEADS);
                            proj: Linear(D, init = normal(0.007));
                        }
                    }
                    residual {
                        ln_2: LayerNorm;
                        mlp: {
                            up: Linear(4 * D, init = normal(0.02));
                            Gelu(tanh);
                            down: Linear(D, init = normal(0.007));
                        }
                    }
                }

                norm: LayerNorm;
                head: Linear(VOCAB, bias = false, weight = embed);
                loss: CrossEntropy <- (head, next);
            }
        }
    };
}

gpt! {
    /// A byte-level GPT whose blocks are recomputed in backward.
    Gpt, blocks: #[checkpoint]
}
gpt! {
    /// The same, keeping everything that backward reads.
    StoreAll, blocks:
}

const BATCH: usize = 12;
/// A step must fit in this: checked by the compiler.
const _: () = assert!(Gpt::PLAN.peak_bytes(BATCH) <= 16 << 20);
/// Nor may gaps between buffers take more than 5 % of what is live.
const _: () = assert!(Gpt::PLAN.fragmentation() <= 1.05 && StoreAll::PLAN.fragmentation() <= 1.05);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Options { text, steps, saving } = Options::parse(std::env::args().skip(1))?;
    let saver = saving.start()?;
    let corpus = match text {
        Some(path) => Corpus::read(&path)?,
        None => Corpus::sources()?,
    };
    println!("without checkpointing:\n{}", StoreAll::PLAN.table(BATCH));
    println!("with every block checkpointed:\n{}", Gpt::PLAN.table(BATCH));

    let cpu = Cpu::new()?;
    let mut gpt = Gpt::new(&cpu, 42)?;
    let mut ws = gpt.workspace(BATCH)?;
    println!(
        "{}: {} bytes to learn, {} held out; {} parameters, batches of {BATCH}, {} threads",
        corpus.name,
        corpus.train.len(),
        corpus.held_out.len(),
        gpt.params().count(),
        cpu.threads(),
    );
    println!("before:\n{}", sample::sample(&gpt, &mut ws, &corpus.prompt(), 120)?);
    println!(
        "held-out loss before training {:.3} (ln 256 is {:.3})",
        held_out(&gpt, &mut ws, &corpus)?,
        256f64.ln()
    );

    train(&cpu, &mut gpt, &mut ws, &corpus, steps, saver.as_ref())?;

    println!("after:\n{}", sample::sample(&gpt, &mut ws, &corpus.prompt(), 400)?);
    println!("held-out loss {:.3}", held_out(&gpt, &mut ws, &corpus)?);
    Ok(())
}

fn train(
    cpu: &Cpu,
    gpt: &mut Gpt,
    ws: &mut Workspace<Gpt>,
    corpus: &Corpus,
    steps: u64,
    saver: Option<&Saver>,
) -> Result<(), Box<dyn Error>> {
    let config = AdamWConfig {
        lr: 0.0,
        betas: (0.9, 0.99),
        weight_decay: 0.1,
        groups: vec![Group::of(["*.bias", "*norm.weight", "*ln_*", "pos.weight"]).weight_decay(0.0)],
        ..Default::default()
    };
    let mut opt = AdamW::new(gpt, config)?;
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    println!(
        "memory: {:.1} MiB of workspace, {:.1} of parameters, {:.1} of the optimizer, {:.1} of the device",
        mib(ws.bytes()),
        mib(Gpt::PLAN.parameter_bytes),
        mib(opt.bytes()),
        mib(cpu.bytes()),
    );
    let resumed = saver.map_or(Ok(None), |saver| saver.resume(gpt, &mut opt))?;
    let data = Cursor { seed: 7, ..Cursor::default() };
    let mut progress = resumed.unwrap_or(Progress { data, ..Progress::default() });
    // A rise over the first 5 %, then half a cosine down to a tenth.
    let warm_up = (steps / 20).max(1);
    let schedule = Schedule::cosine(2e-3, steps.saturating_sub(warm_up).max(1), 2e-4)?.warm_up(warm_up)?;
    let bar = ProgressBar::new(steps).with_style(style()).with_position(progress.step);
    let mut random = data::Random::at(progress.data.seed, progress.data.position);
    let mut mean = None;
    let (start, first) = (Instant::now(), progress.step);
    for step in first..steps {
        opt.set_lr(schedule.lr(step))?;
        let (tokens, next) = corpus.batch::<BATCH, { Gpt::T }>(&mut random);
        let loss = gpt.forward_backward(ws, tokens.view(), next.view())?;
        ws.grads_mut().clip_norm(1.0)?;
        opt.step(gpt, ws.grads())?;
        progress.step = step + 1;
        progress.loss = Some(loss.into());
        progress.data.position += BATCH as u64;
        saver.map_or(Ok(()), |saver| saver.step(gpt, &opt, &progress, step + 1 == steps))?;

        let smooth = mean.map_or(loss, |m: f32| 0.95 * m + 0.05 * loss);
        mean = Some(smooth);
        let rate = ((step + 1 - first) * (BATCH * Gpt::T) as u64) as f64 / start.elapsed().as_secs_f64();
        bar.set_message(format!("loss {smooth:.3}, {rate:.0} tokens/s"));
        bar.inc(1);
        if bar.is_hidden() && (step + 1) % 50 == 0 {
            println!("step {}/{steps}: loss {smooth:.3}, {rate:.0} tokens/s", step + 1);
        }
    }
    bar.finish();
    Ok(())
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The mean loss over the start of the text that is never trained on, in nats per byte.
fn held_out(gpt: &Gpt, ws: &mut Workspace<Gpt>, corpus: &Corpus) -> Result<f64, remat::Error> {
    let batches = corpus.held_out_batches::<BATCH, { Gpt::T }>(8);
    let mut sum = 0.0;
    for (tokens, next) in &batches {
        sum += f64::from(gpt.evaluate(ws, tokens.view(), next.view())?);
    }
    Ok(sum / batches.len() as f64)
}

/// What the command line says.
struct Options {
    text: Option<String>,
    steps: u64,
    saving: Saving,
}

impl Options {
    fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { text: None, steps: 1200, saving: Saving::default() };
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            if arg == "--steps" {
                let value = args.next().unwrap_or_default();
                options.steps = value.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
                    format!("`--steps` must be a positive number but is `{value}` -- write `--steps 1200`")
                })?;
            } else if options.saving.take(&arg, &mut args)? {
            } else if arg.starts_with("--") || options.text.is_some() {
                let usage = format!("gpt [TEXT FILE] [--steps N] {}", Saving::USAGE);
                return Err(format!("unknown argument `{arg}` -- usage: {usage}"));
            } else {
                options.text = Some(arg);
            }
        }
        Ok(options)
    }
}

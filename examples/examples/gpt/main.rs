//! A byte-level GPT that learns a text, with every block checkpointed.
//!
//! `cargo run --release -p remat-examples --example gpt -- [TEXT FILE] [--steps N] [--out FOLDER] [--save-every STEPS] [--resume]`
//!
//! Without a file it learns this repository's own sources. With `--out` it saves its state there, at the end (Ctrl-C is one)
//! and every so many steps; with `--resume` it goes on from the last one, and ends with the same bits as a run that never
//! stopped.

mod data;
mod sample;

use std::error::Error;
use std::process::ExitCode;

use data::Corpus;
use remat::prelude::*;
use remat::train::{At, Callback, Ended, Every, ProgressBar, mean_loss};
use remat_examples::Saving;

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
    let corpus = match text {
        Some(path) => Corpus::read(&path)?,
        None => Corpus::sources()?,
    };
    println!("without checkpointing:\n{}", StoreAll::PLAN.table(BATCH));
    println!("with every block checkpointed:\n{}", Gpt::PLAN.table(BATCH));

    let cpu = Cpu::new()?;
    let mut gpt = Gpt::new(&cpu, 42)?;
    println!(
        "{}: {} bytes to learn, {} held out; {} parameters, batches of {BATCH}, {} threads",
        corpus.name,
        corpus.train.len(),
        corpus.held_out.len(),
        gpt.params().count(),
        cpu.threads(),
    );
    println!("before:\n{}", sample::sample(&gpt, &corpus.prompt(), 120)?);
    println!(
        "held-out loss before training {:.3} (ln 256 is {:.3})",
        mean_loss(&gpt, &mut gpt.workspace(BATCH)?, corpus.held_out()?)?,
        256f64.ln()
    );
    let trainer = saving.tell(Trainer::steps(steps))?;
    train(&mut gpt, &corpus, steps, trainer)?;
    println!("after:\n{}", sample::sample(&gpt, &corpus.prompt(), 400)?);
    println!("held-out loss {:.3}", mean_loss(&gpt, &mut gpt.workspace(BATCH)?, corpus.held_out()?)?);
    Ok(())
}

/// Trains on windows from anywhere in the text.
fn train(
    gpt: &mut Gpt,
    corpus: &Corpus,
    steps: u64,
    trainer: Trainer<'_, Gpt>,
) -> Result<(), Box<dyn Error>> {
    let config = AdamWConfig {
        betas: (0.9, 0.99),
        weight_decay: 0.1,
        groups: vec![Group::of(["*.bias", "*norm.weight", "*ln_*", "pos.weight"]).weight_decay(0.0)],
        ..Default::default()
    };
    let mut opt = AdamW::new(gpt, config)?;
    // A rise over the first 5 %, then half a cosine down to a tenth.
    let warm_up = (steps / 20).max(1);
    let schedule = Schedule::cosine(2e-3, steps.saturating_sub(warm_up).max(1), 2e-4)?.warm_up(warm_up)?;
    let finished = trainer
        .batch(BATCH)
        .shuffle(7)
        .schedule(schedule)
        .clip_norm(1.0)
        .evaluate(corpus.held_out()?, Every::Steps(300))
        .callback(MemoryTable)
        .callback(ProgressBar::new().rate_in("tokens", Gpt::T as u64))
        .run(gpt, &mut opt, corpus.train()?)?;
    if finished.ended == Ended::Interrupted {
        println!("interrupted after step {}", finished.progress.step);
    }
    Ok(())
}

/// Prints what the run holds.
struct MemoryTable;

impl Callback<Gpt> for MemoryTable {
    fn start(&mut self, at: &At<'_, Gpt>) -> Result<(), remat::Error> {
        println!("memory:\n{}", at.memory);
        Ok(())
    }
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

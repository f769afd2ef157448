//! What tests of state files do in a process of its own: see `tests/state.rs`.

use std::path::Path;
use std::process::ExitCode;

use remat::prelude::*;
use remat::state::{self, Cursor, Progress};
use remat_tests::states::Whole;
use remat_tests::trace::ids;

/// One network under several plans, each with its name: a state says nothing of the plan.
macro_rules! plans {
    ($($module:ident: $marks:tt)*) => {
        $(plans!(@ $module $marks);)*

        /// The bits of each loss, under the plan of this name.
        fn train(plan: &str, optimizer: &str, threads: usize, path: &Path, until: u64) -> Result<Vec<u32>, Error> {
            match plan {
                $(stringify!($module) => match optimizer {
                    "sgd" => steps!($module, threads, path, until, Sgd, SgdConfig { lr: 0.1, ..Default::default() }),
                    "momentum" => {
                        let config = SgdConfig { lr: 0.1, momentum: 0.9, nesterov: true, ..Default::default() };
                        steps!($module, threads, path, until, Sgd, config)
                    }
                    "adam" => {
                        let config = AdamConfig { lr: 0.01, weight_decay: 0.01, ..Default::default() };
                        steps!($module, threads, path, until, Adam, config)
                    }
                    "adamw" => {
                        let groups = vec![
                            Group::of(["*.bias", "*ln_*"]).weight_decay(0.0),
                            Group::of(["embed.*"]).lr_scale(0.5),
                        ];
                        steps!($module, threads, path, until, AdamW, AdamWConfig { lr: 0.01, groups, ..Default::default() })
                    }
                    _ => panic!("no optimizer `{optimizer}`"),
                },)*
                _ => panic!("no plan `{plan}`"),
            }
        }
    };
    (@ $module:ident [$($marks:tt)*]) => {
        mod $module {
            remat_tests::gpt!(Net: $($marks)*);
        }
    };
}

/// Goes on from the state at `path`, if there is one, until so many steps are taken, and saves.
macro_rules! steps {
    ($module:ident, $threads:expr, $path:expr, $until:expr, $optimizer:ident, $config:expr) => {{
        let cpu = Cpu::with_threads($threads)?;
        let resumed = $path.exists();
        // A state brings its own seed and rate: what these are made with must not show.
        let mut net = $module::Net::new(&cpu, if resumed { 99 } else { 5 })?;
        let mut opt = $optimizer::new(&net, $config)?;
        let mut progress = Progress::default();
        if resumed {
            opt.set_lr(0.7)?;
            progress = state::load($path, &mut net, &mut opt)?;
        }
        let mut ws = net.workspace(BATCH)?;
        let mut losses = vec![];
        for step in progress.step..$until {
            let (tokens, next) = (ids(BATCH, 10, 17, 2 * step), ids(BATCH, 10, 17, 2 * step + 1));
            let loss = net.forward_backward(&mut ws, tokens.view(), next.view())?;
            ws.grads_mut().clip_norm(0.5)?;
            opt.step(&mut net, ws.grads())?;
            // From its last value, so that a rate that was not kept shows.
            opt.set_lr(opt.lr() * 0.9)?;
            losses.push(loss.to_bits());
            let best = progress.best_loss.map_or(loss.into(), |best| best.min(loss.into()));
            progress = Progress {
                epoch: step / 4,
                step: step + 1,
                loss: Some(loss.into()),
                best_loss: Some(best),
                evaluations_since_best: 0,
                schedule_step: step + 1,
                data: Cursor { seed: 17, epoch: step / 4, position: step % 4 * BATCH as u64 },
            };
        }
        state::save($path, &net, &opt, &progress)?;
        Ok(losses)
    }};
}

const BATCH: usize = 6;

plans! {
    store_all: [model [] blocks [] attn [] mlp [] act []]
    blocks: [model [] blocks [#[checkpoint]] attn [] mlp [] act []]
    budget: [model [#[checkpoint(budget = "768 KiB", batch = 6)]] blocks [] attn [] mlp [] act []]
    recompute: [model [] blocks [] attn [] mlp [] act [#[recompute]]]
    nested: [model [] blocks [#[checkpoint(every = 3)]] attn [#[checkpoint]] mlp [#[checkpoint]] act []]
}

/// Saves two states in turn, and says which before each save, until it is killed.
fn alternate(path: &Path) -> Result<(), Error> {
    let states = [Whole::new(1)?, Whole::new(2)?];
    loop {
        for (seed, state) in (1..).zip(&states) {
            println!("{seed}");
            state.save(path)?;
        }
    }
}

fn main() -> Result<ExitCode, Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &str| text.parse::<u64>().expect("a number");
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["train", plan, optimizer, threads, path, until] => {
            for loss in train(plan, optimizer, number(threads) as usize, Path::new(path), number(until))? {
                println!("{loss:08x}");
            }
        }
        ["alternate", path] => alternate(Path::new(path))?,
        ["save", seed, path] => {
            if let Err(error) = Whole::new(number(seed))?.save(Path::new(path)) {
                println!("{error}");
                return Ok(ExitCode::from(if matches!(error, Error::File { action: "write", .. }) {
                    3
                } else {
                    1
                }));
            }
        }
        _ => {
            eprintln!(
                "usage: state train PLAN OPTIMIZER THREADS PATH UNTIL | alternate PATH | save SEED PATH"
            );
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

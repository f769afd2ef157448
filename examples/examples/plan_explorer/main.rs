//! The plans of one network side by side: what each takes, and what it costs.
//!
//! `cargo run --release -p remat-examples --example plan_explorer -- [FILE] [--batch N]`
//!
//! Writes a page that needs nothing else (`target/plan_explorer.html` if no file is given): the peak of each plan over
//! the time that it adds, and beneath it what lives over a step of the plan under the pointer. If the file ends in
//! `.json`, all that the plans say, for other programs. To explore a network of yours, write it into `network!`.

mod page;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use page::{Entry, Maker};
use remat::prelude::*;

/// One network under several plans, and a list of them: who places boundaries, what the plan is called, and the marks
/// on the model, on its blocks and on its cheap layers.
macro_rules! network {
    ($($maker:ident $name:ident $label:literal [$($model:tt)*] [$($blocks:tt)*] [$($cheap:tt)*];)*) => {
        $(model! {
            $($model)*
            #[doc = $label]
            pub $name {
                const VOCAB = 256;
                const T = 256;
                const D = 384;

                input  tokens: u32[T];
                target next:   u32[T];

                embed: Embedding(VOCAB, D);
                pos:   PositionEmbedding(T);

                $($blocks)*
                blocks: repeat(12) {
                    residual {
                        $($cheap)* ln_1: LayerNorm;
                        attn: { qkv: Linear(3 * D); CausalAttention(heads = 6); proj: Linear(D); }
                    }
                    residual {
                        $($cheap)* ln_2: LayerNorm;
                        mlp: { up: Linear(4 * D); $($cheap)* Gelu(tanh); down: Linear(D); }
                    }
                }

                norm: LayerNorm;
                head: Linear(VOCAB, bias = false, weight = embed);
                loss: CrossEntropy <- (head, next);
            }
        })*

        const PLANS: &[Entry] = &[$(Entry { maker: Maker::$maker, label: $label, plan: $name::PLAN }),*];
    };
}

network! {
    Hand    StoreAll   "no mark"                  [] [] [];
    Hand    Cheap      "recompute norms, GELUs"   [] [] [#[recompute]];
    Hand    EveryBlock "checkpoint each block"    [] [#[checkpoint]] [];
    Hand    EveryBf16  "each block in bf16"       [] [#[checkpoint(store = bf16)]] [];
    Hand    EveryTwo   "every = 2"                [] [#[checkpoint(every = 2)]] [];
    Hand    EveryFour  "every = 4"                [] [#[checkpoint(every = 4)]] [];
    Hand    Sqrt       "sqrt"                     [#[checkpoint(sqrt)]] [] [];
    Planner F90        "fraction = 0.9"           [#[checkpoint(fraction = 0.9)]] [] [];
    Planner F80        "fraction = 0.8"           [#[checkpoint(fraction = 0.8)]] [] [];
    Planner F70        "fraction = 0.7"           [#[checkpoint(fraction = 0.7)]] [] [];
    Planner F60        "fraction = 0.6"           [#[checkpoint(fraction = 0.6)]] [] [];
    Planner F50        "fraction = 0.5"           [#[checkpoint(fraction = 0.5)]] [] [];
    Planner F40        "fraction = 0.4"           [#[checkpoint(fraction = 0.4)]] [] [];
    Planner F30        "fraction = 0.3"           [#[checkpoint(fraction = 0.3)]] [] [];
    Planner R20        "0.2, store = bf16"        [#[checkpoint(fraction = 0.2, store = bf16)]] [] [];
    Planner F20        "fraction = 0.2"           [#[checkpoint(fraction = 0.2)]] [] [];
    Planner F15        "fraction = 0.15"          [#[checkpoint(fraction = 0.15)]] [] [];
    Planner F12        "fraction = 0.12"          [#[checkpoint(fraction = 0.12)]] [] [];
    Planner F10        "fraction = 0.1"           [#[checkpoint(fraction = 0.1)]] [] [];
}

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
    let (mut file, mut batch) = (PathBuf::from("target/plan_explorer.html"), 8);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--batch" => {
                let number = args.next().ok_or("`--batch` needs a number -- write `--batch 8`")?;
                batch = number
                    .parse()
                    .ok()
                    .filter(|batch| *batch > 0)
                    .ok_or_else(|| format!("`--batch` must be a positive number but is `{number}`"))?;
            }
            option if option.starts_with('-') => {
                return Err(format!("unknown option `{option}` -- write `[FILE] [--batch N]`").into());
            }
            _ => file = arg.into(),
        }
    }
    for Entry { label, plan, .. } in PLANS {
        let (peak, added) =
            (plan.peak_bytes(batch) as f64 / f64::from(1 << 20), 100.0 * plan.time_overhead());
        println!("{label:<24} {peak:>8.1} MiB  {added:>6.1} % more time expected");
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("could not make {}: {error}", folder.display()))?;
    }
    let text = if file.extension().is_some_and(|extension| extension == "json") {
        serde_json::to_string_pretty(
            &PLANS.iter().map(|entry| (entry.label, entry.plan)).collect::<BTreeMap<_, _>>(),
        )?
    } else {
        page::page("A GPT of 12 layers, width 384, 256 tokens", PLANS, batch)
    };
    std::fs::write(&file, text).map_err(|error| format!("could not write {}: {error}", file.display()))?;
    println!("wrote {}", file.display());
    Ok(())
}

//! What compiling costs: the check of a crate with a GPT of 12 or of 96 blocks, and a release build of remat.
//!
//! `cargo bench -p remat-tests --bench compile [-- ROUNDS]` writes crates that depend on `remat` into a
//! temporary folder, checks them in turn in the dev profile after a change of their source, and prints the
//! least and the median time; then it builds `remat` for release from nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Blocks of the GPTs that are checked; 0 for a crate without a model.
const BLOCKS: [usize; 3] = [0, 12, 96];

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(15);
    let folder = std::env::temp_dir().join(format!("remat-compile-{}", std::process::id()));
    let crates = BLOCKS.map(|blocks| write_crate(&folder, blocks));
    let mut times = BLOCKS.map(|_| vec![]);
    for round in 0..=rounds {
        for (path, times) in crates.iter().zip(&mut times) {
            let took = cargo(path, &folder, &["check", "--quiet", "--offline"]);
            // The first compiles what the crates depend on.
            if round > 0 {
                times.push(took);
            }
            touch(path);
        }
    }
    println!("cargo check in the dev profile after a change, {rounds} rounds in turn");
    for (blocks, times) in BLOCKS.iter().zip(&mut times) {
        times.sort();
        println!("{blocks:>4} blocks: {:>5.0?} at least, {:>5.0?} median", times[0], times[times.len() / 2]);
    }
    let ratio = |at: usize| times[2][at].as_secs_f64() / times[1][at].as_secs_f64();
    println!("96 blocks over 12: {:.2} at least, {:.2} median", ratio(0), ratio(times[1].len() / 2));

    let release = folder.join("release");
    let took =
        cargo(&crates[0], &release, &["build", "--quiet", "--offline", "--release", "--package", "remat"]);
    println!("release build of remat from nothing: {:.1} s", took.as_secs_f64());
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// A crate with a GPT of this depth and a program that trains it.
fn write_crate(folder: &Path, blocks: usize) -> PathBuf {
    let path = folder.join(format!("gpt_{blocks}"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let write = |name: &str, text: &str| fs::write(path.join(name), text).expect("a file");
    fs::create_dir_all(path.join("src")).expect("a folder");
    fs::copy(root.join("Cargo.lock"), path.join("Cargo.lock")).expect("the versions of the workspace");
    let runtime = root.join("runtime");
    write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"gpt_{blocks}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [dependencies]\nremat = {{ path = {runtime:?} }}\n[workspace]\n"
        ),
    );
    let model = format!(
        "model! {{
            pub Gpt {{
                const T = 256;
                const D = 384;
                input tokens: u32[T];
                target next: u32[T];
                embed: Embedding(256, D);
                pos: PositionEmbedding(T);
                #[checkpoint]
                blocks: repeat({blocks}) {{
                    residual {{
                        ln_1: LayerNorm;
                        attn: {{ qkv: Linear(3 * D); CausalAttention(heads = 6); proj: Linear(D); }}
                    }}
                    residual {{
                        ln_2: LayerNorm;
                        mlp: {{ up: Linear(4 * D); Gelu; down: Linear(D); }}
                        Dropout(0.1);
                    }}
                }}
                norm: LayerNorm;
                head: Linear(256, bias = false);
                loss: CrossEntropy <- (head, next);
            }}
        }}"
    );
    let train = "let mut gpt = Gpt::new(&cpu, 42)?;
        let mut ws = gpt.workspace(8)?;
        let mut opt = AdamW::new(&gpt, AdamWConfig::default())?;
        let tokens = ndarray::Array2::<u32>::zeros((8, 256));
        gpt.forward_backward(&mut ws, tokens.view(), tokens.view())?;
        opt.step(&mut gpt, ws.grads())?;
        println!(\"{}\", Gpt::PLAN);";
    let (model, train) = if blocks == 0 { ("", "let _ = cpu;") } else { (model.as_str(), train) };
    write(
        "src/main.rs",
        &format!(
            "use remat::prelude::*;\n{model}\nfn main() -> Result<(), Error> {{\n\
             let cpu = Cpu::new()?;\n{train}\nOk(())\n}}\n"
        ),
    );
    path
}

/// The source counts as changed.
fn touch(path: &Path) {
    let main = path.join("src/main.rs");
    let text = fs::read(&main).expect("it was written");
    fs::write(&main, text).expect("it is ours");
}

/// How long cargo takes in this crate.
fn cargo(path: &Path, target: &Path, args: &[&str]) -> Duration {
    let start = Instant::now();
    let status = Command::new(std::env::var("CARGO").unwrap_or_else(|_| String::from("cargo")))
        .args(args)
        .current_dir(path)
        .env("CARGO_TARGET_DIR", target.join("target"))
        .env_remove("RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "cargo {args:?} failed in {}", path.display());
    start.elapsed()
}

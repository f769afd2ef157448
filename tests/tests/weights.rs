//! Weights of PyTorch in a network of ours, and the other way round: `goldens/nanogpt.py` is the other side.

use std::path::Path;
use std::process::Command;

use remat::ndarray::Array2;
use remat::prelude::*;
use remat::state::safetensors;

model! {
    /// The GPT of `nanogpt.py`.
    Gpt {
        const VOCAB = 13;
        const T = 6;
        const D = 8;
        input tokens: u32[T];
        target next: u32[T];
        embed: Embedding(VOCAB, D);
        pos: PositionEmbedding(T);
        #[checkpoint]
        blocks: repeat(2) {
            residual {
                ln_1: LayerNorm;
                attn: { qkv: Linear(3 * D); CausalAttention(heads = 2); proj: Linear(D); }
            }
            residual {
                ln_2: LayerNorm;
                mlp: { up: Linear(4 * D); Gelu; down: Linear(D); }
            }
        }
        norm: LayerNorm;
        head: Linear(VOCAB, bias = false, weight = embed);
        loss: CrossEntropy <- (head, next);
    }
}

/// nanoGPT's name of a parameter.
fn nano_gpt(name: &str) -> String {
    let renamed = name
        .replace("embed.", "wte.")
        .replace("pos.", "wpe.")
        .replace("blocks.", "h.")
        .replace("attn.qkv", "attn.c_attn")
        .replace("attn.proj", "attn.c_proj")
        .replace("mlp.up", "mlp.c_fc")
        .replace("mlp.down", "mlp.c_proj")
        .replace("norm.", "ln_f.");
    if renamed.starts_with("head.") {
        renamed.replace("head.", "lm_head.")
    } else {
        format!("transformer.{renamed}")
    }
}

fn logits(gpt: &Gpt) -> Vec<f32> {
    let tokens = Array2::from_shape_fn((2, Gpt::T), |(i, j)| ((5 * i + 3 * j) % Gpt::VOCAB) as u32);
    let mut ws = gpt.inference_workspace(2).unwrap();
    gpt.forward(&mut ws, tokens.view()).unwrap().view().iter().copied().collect()
}

fn goldens() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/goldens"))
}

#[test]
fn weights_of_pytorch_give_its_logits() {
    let mut gpt = Gpt::new(&Cpu::new().unwrap(), 1).unwrap();
    safetensors::load(goldens().join("nanogpt.safetensors"), &mut gpt, nano_gpt).unwrap();
    let expected = include_str!("../goldens/nanogpt.txt").lines().map(|line| line.parse::<f32>().unwrap());
    for (got, want) in logits(&gpt).into_iter().zip(expected) {
        // Roundings of a few dozen units in the last place, as in `goldens.rs`.
        assert!((got - want).abs() <= 1e-5 * want.abs().max(1.0), "{got} instead of {want}");
    }
}

/// Runs where `REMAT_TORCH` names a Python that has torch and safetensors.
#[test]
fn pytorch_reads_what_is_saved_and_gives_the_same_logits() {
    let Ok(python) = std::env::var("REMAT_TORCH") else {
        println!("SKIPPED: `REMAT_TORCH` names no Python with torch and safetensors");
        return;
    };
    let gpt = Gpt::new(&Cpu::new().unwrap(), 5).unwrap();
    let folder = std::env::temp_dir().join(format!("remat-exchange-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (file, text) = (folder.join("gpt.safetensors"), folder.join("logits.txt"));
    safetensors::save(&file, &gpt, nano_gpt).unwrap();
    let lines: Vec<String> = logits(&gpt).iter().map(f32::to_string).collect();
    std::fs::write(&text, lines.join("\n")).unwrap();
    let script = goldens().join("nanogpt.py");
    let output = Command::new(python).arg(script).arg("check").args([&file, &text]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("28 tensors"), "{said}");
    print!("{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}

//! Whole steps of training on a GPU: what they ask of the driver, which the fake one counts, and that they have the bits
//! of calls one after another. One test at a time, since the driver counts for all.

#[path = "cuda_training/counts.rs"]
mod counts;
#[path = "cuda_training/finite.rs"]
mod finite;
#[path = "cuda_training/same.rs"]
mod same;

use std::sync::Mutex;

use remat::cuda::Elem;
use remat::data::Windows;
use remat::model::Trainable;
use remat::optim::Kernel;
use remat::prelude::*;
use remat::train::{At, Callback, Flow, Step};

model! {
    /// A GPT with dropout and tied weights.
    pub(crate) Gpt {
        const VOCAB = 17;
        const D = 24;
        input tokens: u32[10];
        target next: u32[10];
        embed: Embedding(VOCAB, D, init = normal(0.3));
        pos: PositionEmbedding(10);
        Dropout(0.1);
        #[checkpoint]
        blocks: repeat(2) {
            residual { ln_1: LayerNorm; qkv: Linear(3 * D); CausalAttention(heads = 3); proj: Linear(D); Dropout(0.2); }
            residual { ln_2: LayerNorm; up: Linear(4 * D); Gelu(tanh); down: Linear(D); }
        }
        norm: LayerNorm;
        head: Linear(VOCAB, bias = false, weight = embed);
        loss: CrossEntropy <- (head, next);
    }
}

/// Held by each test while it runs.
static ALONE: Mutex<()> = Mutex::new(());

/// So many windows of a text.
fn text(windows: u32) -> Windows<'static> {
    let tokens: Vec<u32> = (0..10 * windows + 1).map(|i| i * i % 17).collect();
    Windows::of_tokens(tokens, 10).expect("windows")
}

/// The rate of each step is another.
fn schedule() -> Schedule {
    Schedule::cosine(0.02, 9, 0.002).and_then(|schedule| schedule.warm_up(3)).expect("a schedule")
}

/// A model, and an optimizer whose parameters have rates and decays of their own.
fn made<E: Elem>(gpu: &Cuda<E>) -> (Gpt<Cuda<E>>, AdamW<Gpt<Cuda<E>>>)
where
    Cuda<E>: Kernel,
{
    let net = Gpt::new(gpu, 5).expect("a model");
    (net, adam(gpu))
}

/// That optimizer.
fn adam<E: Elem>(gpu: &Cuda<E>) -> AdamW<Gpt<Cuda<E>>> {
    let groups = vec![Group::of(["*.bias"]).weight_decay(0.0), Group::of(["embed.*"]).lr_scale(0.3)];
    let net = Gpt::new(gpu, 5).expect("a model");
    AdamW::new(&net, AdamWConfig { groups, ..Default::default() }).expect("an optimizer")
}

/// All parameters, as bits.
fn bits<M: Model>(net: &M) -> Vec<u64>
where
    M::Device: Device<Param = f32>,
{
    let arrays = net.params().iter().map(|param| param.expect("a parameter").1);
    arrays.flat_map(|array| array.into_iter().map(|x| u64::from(x.to_bits()))).collect()
}

/// Notes every step.
#[derive(Default)]
struct Notes(Vec<Step>);

impl<M: Trainable> Callback<M> for &mut Notes {
    fn step(&mut self, _: &At<'_, M>, step: &Step) -> Result<Flow, Error> {
        self.0.push(*step);
        Ok(Flow::Continue)
    }
}

//! `CrossEntropy(chunks = n)`: the loss of logits that are never all there, and the same network otherwise.

use remat::ndarray::{Array2, ArrayD};
use remat::plan::Reason;
use remat::prelude::*;

use crate::{BATCH, close, near, params};

const T: usize = 12;
const CLASSES: usize = 40;

/// Ids below `limit` for a batch, in no order.
fn ids(limit: usize, seed: usize) -> Array2<u32> {
    Array2::from_shape_fn((BATCH, T), |(i, j)| ((i * 31 + j * 17 + seed * 7) % limit) as u32)
}

/// The loss of a training step and its gradients, by path.
macro_rules! trained {
    ($net:ident) => {{
        let mut net = $net::new(&remat::Cpu::with_threads(2).unwrap(), 7).unwrap();
        let mut ws = net.workspace(BATCH).unwrap();
        let loss = net.forward_backward(&mut ws, ids(CLASSES, 1).view(), ids(CLASSES, 2).view()).unwrap();
        let grads = ws.grads().iter().map(|grad| grad.unwrap());
        let grads: Vec<(String, ArrayD<f32>)> = grads.map(|(path, grad)| (path.to_owned(), grad)).collect();
        (loss, grads)
    }};
}

/// The loss in evaluation mode, and what `forward` returns.
macro_rules! evaluated {
    ($net:ident) => {{
        let net = $net::new(&remat::Cpu::with_threads(2).unwrap(), 7).unwrap();
        let mut ws = net.workspace(BATCH).unwrap();
        let (x, y) = (ids(CLASSES, 1), ids(CLASSES, 2));
        let loss = net.evaluate(&mut ws, x.view(), y.view()).unwrap();
        (loss, net.forward(&mut ws, x.view()).unwrap().to_array().unwrap())
    }};
}

/// That two networks have the same loss, bit for bit, and the same gradients but for the order of sums.
#[track_caller]
fn same(found: &(f32, Vec<(String, ArrayD<f32>)>), expected: &(f32, Vec<(String, ArrayD<f32>)>)) {
    assert_eq!(found.0.to_bits(), expected.0.to_bits());
    assert_eq!(found.1.len(), expected.1.len());
    for ((path, found), (other, expected)) in found.1.iter().zip(&expected.1) {
        assert_eq!(path, other);
        close(found, expected);
    }
}

/// A small language model; its head may share the embedding, and is followed by the loss.
macro_rules! lm {
    ($name:ident [$($model:tt)*] [$($mark:tt)*] ($($head:tt)*) [$($loss:tt)*]) => {
        model! {
            $($model)*
            $name {
                input tokens: u32[12];
                target next: u32[12];
                embed: Embedding(40, 16, init = normal(0.5));
                $($mark)*
                body: repeat(3) { residual { ln: LayerNorm; up: Linear(32); Gelu; down: Linear(16); } }
                norm: LayerNorm;
                head: Linear($($head)*);
                loss: CrossEntropy $($loss)* <- (head, next);
            }
        }
    };
}
lm!(Whole [] [] (40) []);
lm!(Chunked [] [] (40) [(chunks = 4)]);

#[test]
fn chunks_change_no_loss_and_gradients_by_roundings_alone() {
    lm!(One [] [] (40) [(chunks = 1)]);
    lm!(Twelve [] [] (40) [(chunks = 12)]);
    let expected = trained!(Whole);
    same(&trained!(Chunked), &expected);
    same(&trained!(One), &expected);
    same(&trained!(Twelve), &expected);
    // In evaluation too; and `forward` returns all logits.
    let (loss, logits) = evaluated!(Whole);
    let (chunked_loss, chunked_logits) = evaluated!(Chunked);
    assert_eq!((loss.to_bits(), logits.shape()), (chunked_loss.to_bits(), [BATCH, T, CLASSES].as_slice()));
    assert_eq!(logits, chunked_logits);
    assert_eq!(params::<Chunked>(), params::<Whole>());
}

#[test]
fn the_logits_of_one_chunk_take_memory_and_nothing_of_them_is_kept() {
    let kept = |plan: &Plan| {
        let kept = plan.kept().filter(|kept| kept.reason != Reason::Input).map(|kept| kept.name.to_owned());
        kept.filter(|name| ["norm", "head", "loss"].contains(&&**name)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&Whole::PLAN), ["norm", "head"]);
    assert_eq!(kept(&Chunked::PLAN), ["norm"]);
    let bytes = |plan: &Plan| plan.kept_bytes(BATCH);
    // All logits of f32.
    assert_eq!(bytes(&Whole::PLAN) - bytes(&Chunked::PLAN), BATCH * T * CLASSES * 4);
    // What the loss does is counted once, and the same as without chunks.
    assert_eq!(Chunked::PLAN.forward_flops, Whole::PLAN.forward_flops);
    assert_eq!(Chunked::PLAN.backward_flops, Whole::PLAN.backward_flops);
    assert_eq!(Chunked::PLAN.recomputed().len(), 0);
}

#[test]
fn training_and_evaluation_take_the_room_of_one_chunk_and_forward_says_what_it_lacks() {
    macro_rules! wide {
        ($name:ident [$($loss:tt)*]) => {
            model! {
                $name {
                    input tokens: u32[12];
                    target next: u32[12];
                    embed: Embedding(40, 16);
                    head: Linear(400);
                    loss: CrossEntropy $($loss)* <- (head, next);
                }
            }
        };
    }
    wide!(All []);
    wide!(Chunks[(chunks = 12)]);
    let logits = T * 400 * 4;
    let [all, chunks] = [All::PLAN, Chunks::PLAN].map(|plan| plan.peak_bytes(BATCH) - plan.gradient_bytes);
    // Beside the embedding's output and its gradient a few lines of losses and logarithms.
    let others = T * 16 * 4 * 2 + 512;
    assert!((BATCH * logits..BATCH * (logits + others)).contains(&all), "{all}");
    assert!(chunks < BATCH * (logits / 12 + others), "{chunks}");
    let mut net = Chunks::new(&remat::Cpu::with_threads(1).unwrap(), 7).unwrap();
    let mut ws = net.workspace(20).unwrap();
    assert_eq!(ws.bytes(), Chunks::PLAN.peak_bytes(20));
    let (x, y) = (ids(CLASSES, 1), ids(CLASSES, 2));
    net.forward_backward(&mut ws, x.view(), y.view()).unwrap();
    let many = Array2::zeros((20, T));
    let error = net.forward(&mut ws, many.view()).unwrap_err();
    let Error::Room { call: "forward", batch: 20, bytes, room, most } = error.clone() else {
        panic!("{error}")
    };
    assert_eq!(
        (room, bytes),
        (ws.bytes(), Chunks::PLAN.forward_peak_bytes(20) + Chunks::PLAN.gradient_bytes)
    );
    // Nothing has changed: the gradients are those of the step before. There is room for as many as it says, and no more.
    assert!(ws.grads().get("head.weight").is_ok());
    let mut fits = |n: usize| net.forward(&mut ws, Array2::zeros((n, T)).view()).is_ok();
    assert!(most > 0 && fits(most) && !fits(most + 1), "{error}");
    let said =
        format!("make one for it with `inference_workspace(20)`, or bring at most {most} samples at once");
    assert!(error.to_string().ends_with(&said), "{error}");
    let mut own = net.inference_workspace(20).unwrap();
    assert_eq!(net.forward(&mut own, many.view()).unwrap().to_array().unwrap().shape(), [20, T, 400]);
}

#[test]
fn all_plans_give_the_same_bits() {
    lm!(Marked [] [#[checkpoint]] (40) [(chunks = 4)]);
    lm!(Hosted [] [#[checkpoint(store = host)]] (40) [(chunks = 4)]);
    lm!(Sqrt [#[checkpoint(sqrt)]] [] (40) [(chunks = 4)]);
    lm!(Half [#[checkpoint(fraction = 0.6)]] [] (40) [(chunks = 4)]);
    lm!(Budget [#[checkpoint(budget = "40 KiB", batch = 3)]] [] (40) [(chunks = 4)]);
    let bits = |(loss, grads): (f32, Vec<(String, ArrayD<f32>)>)| {
        (loss.to_bits(), grads.into_iter().map(|(_, grad)| grad.mapv(f32::to_bits)).collect::<Vec<_>>())
    };
    let expected = bits(trained!(Chunked));
    assert_eq!(bits(trained!(Marked)), expected);
    assert_eq!(bits(trained!(Hosted)), expected);
    assert_eq!(bits(trained!(Sqrt)), expected);
    assert_eq!(bits(trained!(Half)), expected);
    assert_eq!(bits(trained!(Budget)), expected);
    assert!(Budget::PLAN.peak_bytes(3) < Chunked::PLAN.peak_bytes(3));
}

#[test]
fn the_head_may_share_its_weight_and_have_no_bias_and_the_loss_all_its_arguments() {
    lm!(Tied [] [] (40, bias = false, weight = embed) [(label_smoothing = 0.1, ignore_index = 3)]);
    lm!(TiedChunked [] [] (40, bias = false, weight = embed) [(label_smoothing = 0.1, ignore_index = 3, chunks = 6)]);
    same(&trained!(TiedChunked), &trained!(Tied));
    assert_eq!(params::<TiedChunked>(), params::<Tied>());
}

#[test]
fn a_frozen_head_and_a_frozen_body_leave_the_other_gradients() {
    macro_rules! frozen {
        ($name:ident [$($body:tt)*] [$($head:tt)*] [$($loss:tt)*]) => {
            model! {
                $name {
                    input tokens: u32[12];
                    target next: u32[12];
                    $($body)*
                    embed: Embedding(40, 16, init = normal(0.5));
                    $($head)*
                    head: Linear(40);
                    loss: CrossEntropy $($loss)* <- (head, next);
                }
            }
        };
    }
    frozen!(HeadWhole [] [#[frozen]] []);
    frozen!(HeadChunked [] [#[frozen]] [(chunks = 3)]);
    frozen!(BodyWhole [#[frozen]] [] []);
    frozen!(BodyChunked [#[frozen]] [] [(chunks = 3)]);
    same(&trained!(HeadChunked), &trained!(HeadWhole));
    same(&trained!(BodyChunked), &trained!(BodyWhole));
}

/// Where another layer reads the loss, its forward runs, and backward computes the logits again.
#[test]
fn one_of_several_losses_may_be_in_chunks_and_so_may_all() {
    macro_rules! losses {
        ($name:ident [$($first:tt)*] [$($second:tt)*]) => {
            model! {
                $name {
                    input tokens: u32[12];
                    target next: u32[12];
                    embed: Embedding(40, 16, init = normal(0.5));
                    a: { fc: Linear(16); act: Tanh; }
                    early: Linear(40) <- embed;
                    first: CrossEntropy $($first)* <- (early, next);
                    head: Linear(40) <- a;
                    second: CrossEntropy $($second)* <- (head, next);
                    loss: Sum(0.3, 1) <- (first, second);
                    output head;
                }
            }
        };
    }
    losses!(Whole2 [] []);
    losses!(First [(chunks = 2)] []);
    losses!(Both[(chunks = 3)][(chunks = 4)]);
    let expected = trained!(Whole2);
    same(&trained!(First), &expected);
    same(&trained!(Both), &expected);
    let (loss, logits) = evaluated!(Whole2);
    let (chunked, chunked_logits) = evaluated!(Both);
    near(loss, chunked);
    assert_eq!(logits, chunked_logits);
    // Two products more than without: the logits of both in backward.
    let more = Both::PLAN.backward_flops - Whole2::PLAN.backward_flops;
    assert!(more >= 2 * (2 * 16 * CLASSES * T) as u64, "{more}");
}

#[test]
fn many_steps_are_those_of_the_whole_logits() {
    let (x, y) = (ids(CLASSES, 1), ids(CLASSES, 2));
    macro_rules! steps {
        ($net:ident) => {{
            let mut net = $net::new(&remat::Cpu::with_threads(1).unwrap(), 7).unwrap();
            let mut ws = net.workspace(BATCH).unwrap();
            let mut opt = AdamW::new(&net, AdamWConfig { lr: 1e-2, ..Default::default() }).unwrap();
            let mut losses = vec![];
            for _ in 0..30 {
                losses.push(net.forward_backward(&mut ws, x.view(), y.view()).unwrap());
                opt.step(&mut net, ws.grads()).unwrap();
            }
            losses
        }};
    }
    let (whole, chunked) = (steps!(Whole), steps!(Chunked));
    assert!(whole[29] < 0.7 * whole[0], "{whole:?}");
    for (whole, chunked) in whole.iter().zip(&chunked) {
        assert!((whole - chunked).abs() < 1e-4 * whole, "{chunked} instead of {whole}");
    }
}

/// What the loss reads is stored rounded, or made by a layer that drops its value, or is read by others as well.
#[test]
fn marks_before_the_head_hold_what_they_say() {
    macro_rules! marked {
        ($name:ident [$($body:tt)*] [$($act:tt)*] [$($loss:tt)*]) => {
            model! {
                $name {
                    input tokens: u32[12];
                    target next: u32[12];
                    embed: Embedding(40, 16, init = normal(0.5));
                    $($body)*
                    body: { fc: Linear(32); Gelu; out: Linear(16); }
                    $($act)*
                    act: Tanh;
                    beside: Linear(40) <- act;
                    first: CrossEntropy <- (beside, next);
                    head: Linear(40) <- act;
                    second: CrossEntropy $($loss)* <- (head, next);
                    loss: Sum <- (first, second);
                }
            }
        };
    }
    macro_rules! alone {
        ($name:ident [$($body:tt)*] [$($loss:tt)*]) => {
            model! {
                $name {
                    input tokens: u32[12];
                    target next: u32[12];
                    embed: Embedding(40, 16, init = normal(0.5));
                    $($body)*
                    body: { fc: Linear(32); Gelu; out: Linear(16); Dropout(0.3); }
                    head: Linear(40);
                    loss: CrossEntropy $($loss)* <- (head, next);
                }
            }
        };
    }
    marked!(Dropped [#[checkpoint]] [#[recompute]] []);
    marked!(DroppedChunks [#[checkpoint]] [#[recompute]] [(chunks = 4)]);
    same(&trained!(DroppedChunks), &trained!(Dropped));
    alone!(Rounded [#[checkpoint(store = bf16)]] []);
    alone!(RoundedChunks [#[checkpoint(store = bf16)]] [(chunks = 4)]);
    same(&trained!(RoundedChunks), &trained!(Rounded));
    alone!(Waiting [#[checkpoint(store = (host, f16))]] []);
    alone!(WaitingChunks [#[checkpoint(store = (host, f16))]] [(chunks = 4)]);
    same(&trained!(WaitingChunks), &trained!(Waiting));
    // What is restored for the loss is restored once.
    assert_eq!(RoundedChunks::PLAN.recompute_flops, Rounded::PLAN.recompute_flops);
}

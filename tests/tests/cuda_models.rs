//! Whole networks on a GPU: trained as on the CPU, with the same bits under every plan, and with states that pass
//! from one device to the other.

use remat::ndarray::{Array1, Array2};
use remat::prelude::*;
use remat::state::{self, Progress};
use remat_tests::agreement::{assert_bits, assert_close};
use remat_tests::devices::{gpu, small};
use remat_tests::trace::{ids, numbers};

mod deep {
    remat_tests::deep!(StoreAll: model [] blocks [] up [] act [] down []);
    remat_tests::deep!(EveryTwo: model [] blocks [#[checkpoint(every = 2)]] up [] act [] down []);
    remat_tests::deep!(Marks: model [] blocks [] up [] act [#[recompute]] down [#[checkpoint]]);
    remat_tests::deep!(Waiting: model [] blocks [#[checkpoint(store = host)]] up [] act [] down []);
    remat_tests::deep!(Sqrt: model [#[checkpoint(sqrt, store = host)]] blocks [] up [] act [] down []);
    remat_tests::deep!(Least: model [#[checkpoint(fraction = 0.55)]] blocks [] up [] act [] down []);
}

mod gpt {
    remat_tests::gpt!(StoreAll: model [] blocks [] attn [] mlp [] act []);
    remat_tests::gpt!(EveryBlock: model [] blocks [#[checkpoint]] attn [] mlp [] act []);
    remat_tests::gpt!(Attention: model [] blocks [] attn [#[checkpoint]] mlp [] act [#[recompute]]);
    remat_tests::gpt!(Half: model [#[checkpoint(fraction = 0.5)]] blocks [] attn [] mlp [] act []);
    remat_tests::gpt!(Waiting: model [] blocks [#[checkpoint(store = host)]] attn [] mlp [] act []);
    remat_tests::gpt!(RoundedWaiting: model [] blocks [#[checkpoint(store = (host, bf16))]] attn [] mlp [] act []);
    remat_tests::gpt!(Rounded: model [] blocks [#[checkpoint(store = bf16)]] attn [] mlp [] act []);
}

/// The same net, as its name says, under another plan.
mod replanned {
    remat_tests::gpt!(StoreAll: model [] blocks [#[checkpoint]] attn [] mlp [] act []);
}

mod dag {
    remat_tests::dag!(StoreAll: model [] blocks [] mid [] inner [] act []);
    remat_tests::dag!(Blocks: model [] blocks [#[checkpoint]] mid [] inner [] act [#[recompute]]);
}

/// A language model whose logits are never all there.
mod chunks {
    macro_rules! chunks {
        ($name:ident [$($mark:tt)*]) => {
            remat::prelude::model! {
                pub(super) $name {
                    input tokens: u32[12];
                    target next: u32[12];
                    embed: Embedding(40, 24, init = normal(0.5));
                    $($mark)*
                    blocks: repeat(3) { residual { LayerNorm(elementwise_affine = false); up: Linear(48); Gelu; down: Linear(24); } }
                    norm: LayerNorm;
                    head: Linear(40, weight = embed);
                    loss: CrossEntropy(chunks = 4, ignore_index = 7) <- (head, next);
                }
            }
        };
    }
    chunks!(StoreAll []);
    chunks!(EveryBlock [#[checkpoint]]);
    chunks!(Waiting [#[checkpoint(store = host)]]);
}

/// Steps of training.
fn steps() -> usize {
    if small() { 3 } else { 20 }
}

/// What a logit in bf16 may be from the CPU's. Sixty numbers are rounded on the way to it, one behind the other, each by up
/// to 2^-8, with signs that differ: twice the root of 60 of these.
const DEEP_IN_BF16: f32 = 1.0 / 16.0;
/// What a loss may be: a mean of many rows, whose logits are off by as much with signs that differ.
const LOSS_IN_BF16: f32 = 1.0 / 256.0;
/// What it may be while it learns: what is apart at first is apart by some times that after 20 steps.
const LOSSES_IN_BF16: f32 = 1.0 / 64.0;

/// What training comes to.
struct Run {
    losses: Vec<f32>,
    params: Vec<f32>,
}

/// A model and an optimizer.
macro_rules! fresh {
    ($($net:ident)::+, $device:expr) => {{
        let net = $($net)::+::new($device, 5).expect("a model");
        let opt = AdamW::new(&net, AdamWConfig { lr: 3e-3, ..Default::default() }).expect("an optimizer");
        (net, opt)
    }};
}

/// A model after some steps, its optimizer, and what training came to.
macro_rules! train {
    ($($net:ident)::+, $device:expr, $x:expr, $y:expr, $steps:expr) => {{
        let (mut net, mut opt) = fresh!($($net)::+, $device);
        let mut ws = net.workspace(4).expect("a workspace");
        let mut losses = vec![];
        for _ in 0..$steps {
            losses.push(net.forward_backward(&mut ws, $x.view(), $y.view()).expect("a step"));
            ws.grads_mut().clip_norm(1.0).expect("clipping");
            opt.step(&mut net, ws.grads()).expect("a step of the optimizer");
        }
        losses.push(net.evaluate(&mut ws, $x.view(), $y.view()).expect("an evaluation"));
        let params = net.params().iter().flat_map(|param| param.expect("a parameter").1).collect();
        (net, opt, Run { losses, params })
    }};
}

/// Trains the first plan on both devices, whose losses may be as far apart, and the others on the GPU.
macro_rules! same {
    ($module:ident: $first:ident $($more:ident)*, $x:expr, $y:expr) => {
        // They sum in other orders, and Adam divides by the root of small sums: what is apart by a rounding at first
        // is apart by some hundreds of them after 20 steps.
        same!($module: $first $($more)*, $x, $y, 1e-3)
    };
    ($module:ident: $first:ident $($more:ident)*, $x:expr, $y:expr, $losses:expr) => {
        let Some(gpu) = gpu() else { return };
        let cpu = Cpu::with_threads(1).expect("a thread");
        let (x, y) = ($x, $y);
        let (_, _, first) = train!($module::$first, &gpu, x, y, steps());
        let (_, _, on_cpu) = train!($module::$first, &cpu, x, y, steps());
        assert_close("the first loss", &first.losses[..1], &on_cpu.losses[..1], 2e-6);
        assert_close("losses", &first.losses, &on_cpu.losses, $losses);
        assert!(first.losses[steps()] < first.losses[0], "it learns");
        $(
            let (_, _, run) = train!($module::$more, &gpu, x, y, steps());
            assert_bits(stringify!($more), &run.losses, &first.losses);
            assert_bits(stringify!($more), &run.params, &first.params);
        )*
        let narrow = gpu.bf16();
        let (_, _, first) = train!($module::$first, &narrow, x, y, steps());
        assert_close("the first loss in bf16", &first.losses[..1], &on_cpu.losses[..1], LOSS_IN_BF16);
        assert_close("losses in bf16", &first.losses, &on_cpu.losses, LOSSES_IN_BF16);
        assert!(first.losses[steps()] < first.losses[0], "it learns in bf16");
        $(
            let (_, _, run) = train!($module::$more, &narrow, x, y, steps());
            assert_bits(stringify!($more), &run.losses, &first.losses);
            assert_bits(stringify!($more), &run.params, &first.params);
        )*
    };
}

fn classes() -> Array1<u32> {
    Array1::from_vec(vec![0, 3, 4])
}

#[test]
fn a_deep_net_has_the_same_bits_under_every_plan() {
    same!(deep: StoreAll EveryTwo Marks Waiting Sqrt Least, numbers(3, 20, 1), classes());
}

#[test]
fn a_gpt_has_the_same_bits_under_every_plan() {
    same!(gpt: StoreAll EveryBlock Attention Waiting Half, ids(3, 10, 17, 1), ids(3, 10, 17, 2));
}

#[test]
fn a_graph_has_the_same_bits_under_every_plan() {
    same!(dag: StoreAll Blocks, numbers(3, 20, 1), numbers(3, 20, 2));
}

#[test]
fn a_net_whose_logits_come_in_chunks_has_the_same_bits_under_every_plan() {
    same!(chunks: StoreAll EveryBlock Waiting, ids(3, 12, 40, 1), ids(3, 12, 40, 2));
}

#[test]
fn a_gpt_whose_boundaries_are_rounded_trains_as_on_the_cpu() {
    // Where the devices are on two sides of a tie, a boundary is apart by a rounding to bf16.
    same!(gpt: Rounded RoundedWaiting, ids(3, 10, 17, 1), ids(3, 10, 17, 2), 1.0 / 256.0);
}

/// Programs of several threads come one behind the other, and each thread captures its own.
#[test]
fn threads_that_share_a_gpu_train_as_alone() {
    let Some(gpu) = gpu() else { return };
    let steps = steps().min(6);
    let deep = || train!(deep::Waiting, &gpu, numbers(3, 20, 1), classes(), steps).2;
    let gpt = || train!(gpt::Waiting, &gpu.bf16(), ids(3, 10, 17, 1), ids(3, 10, 17, 2), steps).2;
    let alone = [deep(), gpt()];
    let together = std::thread::scope(|scope| {
        let (a, b, c) = (scope.spawn(deep), scope.spawn(gpt), scope.spawn(deep));
        [(0, a.join()), (1, b.join()), (0, c.join())]
    });
    for (which, run) in together {
        let run = run.expect("a thread");
        assert_bits("losses", &run.losses, &alone[which].losses);
        assert_bits("parameters", &run.params, &alone[which].params);
    }
}

/// What is held in bf16 is not changed by a boundary that is.
#[test]
fn boundaries_of_bf16_are_what_elements_of_bf16_are() {
    let Some(gpu) = gpu().map(|gpu| gpu.bf16()) else { return };
    let (x, y) = (ids(3, 10, 17, 1), ids(3, 10, 17, 2));
    let (_, _, plain) = train!(gpt::StoreAll, &gpu, x, y, steps());
    let (_, _, rounded) = train!(gpt::Rounded, &gpu, x, y, steps());
    assert_bits("losses", &rounded.losses, &plain.losses);
    assert_bits("parameters", &rounded.params, &plain.params);
}

#[test]
fn a_forward_pass_is_that_of_the_cpu() {
    let Some(gpu) = gpu() else { return };
    let cpu = Cpu::with_threads(1).expect("a thread");
    let x: Array2<u32> = ids(3, 10, 17, 1);
    macro_rules! logits {
        ($device:expr) => {{
            let net = gpt::EveryBlock::new($device, 5).expect("a model");
            let mut ws = net.inference_workspace(3).expect("a workspace");
            let output = net.forward(&mut ws, x.view()).expect("an output").to_array().expect("logits");
            output.into_iter().collect::<Vec<f32>>()
        }};
    }
    // Sums of some hundred terms in f32, in other orders.
    assert_close("logits", &logits!(&gpu), &logits!(&cpu), 1e-5);
    assert_close("logits in bf16", &logits!(&gpu.bf16()), &logits!(&cpu), DEEP_IN_BF16);
}

#[test]
fn a_state_that_is_saved_on_one_device_goes_on_on_the_other() {
    let Some(gpu) = gpu() else { return };
    let cpu = Cpu::with_threads(1).expect("a thread");
    let (x, y) = (ids(3, 10, 17, 1), ids(3, 10, 17, 2));
    let path = std::env::temp_dir().join(format!("remat-cuda-{}.remat", std::process::id()));
    macro_rules! passes {
        ($from:expr, $to:expr, $tolerance:expr) => {{
            let (net, opt, run) = train!(gpt::StoreAll, $from, x, y, 5);
            state::save(&path, &net, &opt, &Progress::default()).expect("it is saved");
            // Under another plan too.
            let (mut net, mut opt) = fresh!(replanned::StoreAll, $to);
            state::load(&path, &mut net, &mut opt).expect("it is loaded");
            let params: Vec<f32> = net.params().iter().flat_map(|param| param.expect("one").1).collect();
            assert_bits("parameters", &params, &run.params);
            let mut ws = net.workspace(3).expect("a workspace");
            let loss = net.evaluate(&mut ws, x.view(), y.view()).expect("a loss");
            assert_close("the loss", &[loss], &run.losses[5..], $tolerance);
            // Adam's moments and the counter of dropout are there too.
            net.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
            opt.step(&mut net, ws.grads()).expect("a step of the optimizer");
        }};
    }
    passes!(&gpu, &cpu, 1e-5);
    passes!(&cpu, &gpu, 1e-5);
    let narrow = gpu.bf16();
    passes!(&narrow, &cpu, LOSS_IN_BF16);
    passes!(&cpu, &narrow, LOSS_IN_BF16);
    // The same device, so the same bits.
    passes!(&narrow, &narrow, 0.0);
    std::fs::remove_file(&path).expect("it is there");
}

/// Losses of steps whose random layers draw anew each time, by graphs and without them.
#[test]
fn graphs_draw_anew_and_see_new_parameters() {
    let Some(gpu) = gpu() else { return };
    let steps = |fresh: bool| -> Vec<f32> {
        let mut net = gpt::EveryBlock::new(&gpu, 5).expect("a model");
        let mut ws = net.workspace(4).expect("a workspace");
        let mut opt = Sgd::new(&net, SgdConfig { lr: 0.1, ..Default::default() }).expect("an optimizer");
        let mut losses = vec![];
        for step in 0..6 {
            let (x, y): (Array2<u32>, Array2<u32>) = (ids(4, 10, 17, step), ids(4, 10, 17, step + 9));
            if fresh {
                // In a new workspace each program runs for the first time.
                ws = net.workspace(4).expect("a workspace");
            }
            losses.push(net.forward_backward(&mut ws, x.view(), y.view()).expect("a step"));
            opt.step(&mut net, ws.grads()).expect("a step of the optimizer");
            losses.push(net.evaluate(&mut ws, x.view(), y.view()).expect("an evaluation"));
        }
        losses
    };
    let losses = steps(false);
    assert_bits("losses", &losses, &steps(true));
    assert!(losses.windows(3).all(|w| w[0] != w[2]), "dropout draws anew: {losses:?}");
}

#[test]
fn memory_that_a_gpu_has_not_is_an_error_and_training_goes_on_elsewhere() {
    let Some(gpu) = gpu() else { return };
    let net = deep::StoreAll::new(&gpu, 1).expect("a model");
    let error = net.workspace(1 << 40).expect_err("so much there is not");
    assert!(matches!(error, Error::GpuMemory { what: "the workspace", .. }), "{error}");
    assert!(error.to_string().contains("are free"), "{error}");
    let (_, _, run) =
        train!(deep::StoreAll, &Cpu::with_threads(1).expect("a thread"), numbers(3, 20, 1), classes(), 1);
    assert!(run.losses[0].is_finite());
}

//! Steps at once have the bits of calls one after another.

use std::thread;

use remat::data::{Dataset, Loader};
use remat::device::Real;
use remat::model::Accumulator;
use remat::state::{self, Folder};
use remat::train::Saver;
use remat_tests::agreement::assert_close;
use remat_tests::devices::{gpu, small};
use remat_tests::states;

use super::*;

/// Steps: those that run as they are, those that are captured, and some that are graphs alone.
const STEPS: u64 = 6;

/// What is told of each step, and the parameters in the end.
type Run = (Vec<[u64; 3]>, Vec<u64>);

fn told(steps: &[Step]) -> Vec<[u64; 3]> {
    steps.iter().map(|step| [step.loss, step.grad_norm, step.lr].map(f64::to_bits)).collect()
}

/// By calls of one after another, in a workspace that is new for each batch, so that nothing is a graph.
fn by_hand<M, O>(
    (mut net, mut opt): (M, O),
    data: impl Dataset<Batch = M::Batch>,
    [batch, accumulate]: [usize; 2],
    limit: Option<f64>,
) -> Run
where
    M: Trainable,
    M::Device: Kernel + Device<Param = f32>,
    O: Optimizer<M>,
{
    let (mut steps, schedule) = (vec![], schedule());
    let mut loader = Loader::new(data, batch).expect("a loader").shuffle(1);
    for step in 0..STEPS {
        opt.set_lr(schedule.lr(step)).expect("a rate");
        let mut sum = Accumulator::new(&net).expect("a sum");
        let (mut total, mut samples, epoch) = (0.0, 0, loader.cursor().epoch);
        for _ in 0..accumulate {
            let of = loader.next_batch().expect("a batch");
            let mut ws = net.workspace(batch).expect("a workspace");
            let loss = net.train_batch(&mut ws, &of).expect("forward and backward").to_f64();
            total += loss * M::samples(&of) as f64;
            samples += M::samples(&of);
            if accumulate > 1 {
                ws.grads_mut().scale(M::samples(&of) as f64 / batch as f64).expect("scaling");
            }
            sum.add(&ws.grads()).expect("adding");
            if loader.cursor().epoch > epoch {
                break;
            }
        }
        if accumulate > 1 {
            sum.grads_mut().scale(batch as f64 / samples as f64).expect("scaling");
        }
        let norm = match limit {
            Some(limit) => sum.grads_mut().clip_norm(limit),
            None => sum.grads().norm(),
        };
        opt.step(&mut net, sum.grads()).expect("a step");
        let (loss, grad_norm) = (total / samples as f64, norm.expect("a norm"));
        let lr = opt.lr();
        steps.push(Step { loss, grad_norm, lr, samples, skipped: false, evaluation: None });
    }
    (told(&steps), bits(&net))
}

/// By a trainer.
fn at_once<M, O>(
    (mut net, mut opt): (M, O),
    data: impl Dataset<Batch = M::Batch>,
    [batch, accumulate]: [usize; 2],
    limit: Option<f64>,
) -> Run
where
    M: Trainable,
    M::Device: Kernel + Device<Param = f32>,
    O: Optimizer<M>,
{
    let mut notes = Notes::default();
    let trainer = Trainer::steps(STEPS).batch(batch).accumulate(accumulate).shuffle(1).schedule(schedule());
    let trainer = if let Some(limit) = limit { trainer.clip_norm(limit) } else { trainer };
    trainer.callback(&mut notes).run(&mut net, &mut opt, data).expect("a run");
    (told(&notes.0), bits(&net))
}

/// Whole batches alone, several, and several of which the last of an epoch is shorter, with all rates different; norms
/// that are clipped, that are not, and that are only told.
#[test]
fn a_run_has_the_bits_of_calls_one_after_another() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    fn run<E: Elem>(gpu: &Cuda<E>) {
        let ways =
            [([4, 1], 12, Some(0.5)), ([3, 2], 11, Some(0.5)), ([2, 3], 9, None), ([4, 1], 8, Some(1e6))];
        for (sizes, windows, limit) in ways.into_iter().take(if small() { 2 } else { 4 }) {
            let expected = by_hand(made(gpu), text(windows), sizes, limit);
            assert_eq!(at_once(made(gpu), text(windows), sizes, limit), expected, "{sizes:?} {limit:?}");
            let norms: Vec<f64> = expected.0.iter().map(|step| f64::from_bits(step[1])).collect();
            assert!(
                norms.iter().all(|norm| *norm > 0.5 && *norm < 1e6),
                "{norms:?}: {limit:?} says what it says"
            );
        }
        let sgd = || {
            let net = Gpt::new(gpu, 5).expect("a model");
            let config = SgdConfig { momentum: 0.9, nesterov: true, weight_decay: 0.1, ..Default::default() };
            let opt = Sgd::new(&net, config).expect("an optimizer");
            (net, opt)
        };
        let expected = by_hand(sgd(), text(12), [4, 1], Some(0.5));
        assert_eq!(at_once(sgd(), text(12), [4, 1], Some(0.5)), expected, "SGD");
    }
    run(&gpu);
    run(&gpu.bf16());
}

#[test]
fn a_run_is_that_of_the_cpu() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    let cpu = Cpu::with_threads(1).expect("a thread");
    macro_rules! told {
        ($device:expr) => {{
            let net = Gpt::new($device, 5).expect("a model");
            let opt = AdamW::new(&net, AdamWConfig::default()).expect("an optimizer");
            let (steps, _) = at_once((net, opt), text(11), [3, 2], Some(0.5));
            let numbers =
                |which: usize| steps.iter().map(|step| f64::from_bits(step[which]) as f32).collect();
            [numbers(0), numbers(1)] as [Vec<f32>; 2]
        }};
    }
    let [losses, norms] = told!(&cpu);
    // As for training by hand: sums in other orders, or in bf16 numbers that are rounded, drift apart.
    let [found, of_gradients] = told!(&gpu);
    assert_close("losses", &found, &losses, 1e-3);
    assert_close("norms", &of_gradients, &norms, 1e-3);
    let [found, of_gradients] = told!(&gpu.bf16());
    assert_close("losses in bf16", &found, &losses, 1.0 / 64.0);
    // A gradient has come through as many roundings as a logit and more, but a norm is of many.
    assert_close("norms in bf16", &of_gradients, &norms, 1.0 / 16.0);
}

/// A step leaves the gradients clipped, and counts, as calls do.
#[test]
fn a_step_at_once_leaves_what_calls_leave() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    let data = text(4);
    let batch = data.batch(&[0, 1, 2, 3]).expect("a batch");
    let ((mut net, mut opt), (mut other, mut other_opt)) = (made(&gpu), made(&gpu));
    let mut ws = net.workspace(4).expect("a workspace");
    let mut other_ws = other.workspace(4).expect("a workspace");
    for step in 0..4 {
        let report = remat::train::step(&mut net, &mut opt, &mut ws, &batch, Some(0.5)).expect("a step");
        let loss = other.train_batch(&mut other_ws, &batch).expect("forward and backward");
        let norm = other_ws.grads_mut().clip_norm(0.5).expect("clipping");
        other_opt.step(&mut other, other_ws.grads()).expect("a step");
        assert_eq!((report.loss, report.norm), (f64::from(loss), norm), "step {step}");
        for (grad, expected) in ws.grads().iter().zip(other_ws.grads().iter()) {
            assert_eq!(grad.expect("a gradient"), expected.expect("a gradient"));
        }
        assert_eq!((bits(&net), opt.steps()), (bits(&other), other_opt.steps()), "step {step}");
    }
}

#[test]
fn a_run_that_goes_on_from_a_state_is_one_that_never_stopped() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    fn run<E: Elem>(gpu: &Cuda<E>) {
        let whole = states::Folder::new("cuda-training");
        let steps = |folder: &state::Folder, until: u64| {
            let (mut net, mut opt) = made(gpu);
            let mut notes = Notes::default();
            let trainer = Trainer::steps(until).batch(3).accumulate(2).shuffle(1).schedule(schedule());
            let trainer = trainer.clip_norm(0.5).callback(&mut notes).callback(Saver::new(folder.clone()));
            trainer.resume(folder).run(&mut net, &mut opt, text(11)).expect("a run");
            (told(&notes.0), bits(&net), opt.steps())
        };
        let folder = |name: &str| Folder::new(whole.path(name)).expect("a folder");
        let (expected, params, count) = steps(&folder("whole"), 7);
        for stop in [1, 3, 4] {
            let stopped = folder(&format!("stopped-{stop}"));
            let (first, ..) = steps(&stopped, stop);
            let (second, ended, steps) = steps(&stopped, 7);
            assert_eq!(([first, second].concat(), ended, steps), (expected.clone(), params.clone(), count));
        }
    }
    run(&gpu);
    run(&gpu.bf16());
}

/// Both report in the same place of the GPU.
#[test]
fn threads_that_train_at_once_have_the_bits_of_each_alone() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    let run = |windows| at_once(made(&gpu), text(windows), [4, 1], Some(0.5));
    let sizes = [8, 9, 12];
    let alone = sizes.map(run);
    let together = thread::scope(|scope| {
        let running = sizes.map(|windows| scope.spawn(move || run(windows)));
        running.map(|thread| thread.join().expect("no panic"))
    });
    assert_eq!(together, alone);
}

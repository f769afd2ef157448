//! Losses and gradients that are not finite, in steps that are graphs.

use remat::data::Arrays;
use remat::device::Real;
use remat::ndarray::Array2;
use remat_tests::devices::gpu;
use remat_tests::steep::{self, steep};
use remat_tests::trace::numbers;

use super::*;

model! {
    /// Two layers.
    Net {
        input x: f32[6];
        target y: f32[2];
        fc: Linear(8);
        Tanh;
        out: Linear(2);
        loss: Mse <- (out, y);
    }
}

/// Ten batches of four, of which the 4th and the 7th have a number that makes the loss what is said, in the order in
/// which they come.
fn data(odd: f32) -> Arrays<(Array2<f32>, Array2<f32>)> {
    let (x, mut y) = (numbers(40, 6, 1), numbers(40, 2, 2));
    for batch in [3, 6] {
        y[[4 * batch + 1, 0]] = odd;
    }
    Arrays::new((x, y)).expect("samples")
}

fn fresh<
    D: Kernel + remat::ops::linear::Kernel + remat::ops::activation::Kernel + remat::ops::mse::Kernel,
>(
    device: &D,
) -> (Net<D>, Adam<Net<D>>) {
    let net = Net::new(device, 5).expect("a model");
    let opt = Adam::new(&net, AdamConfig::default()).expect("an optimizer");
    (net, opt)
}

#[test]
fn a_step_that_is_not_finite_changes_nothing_and_says_where_it_begins() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    for (odd, first) in [(f32::NAN, "the input `y`"), (1e30, "the value of `loss`")] {
        let (mut net, mut opt) = fresh(&gpu);
        let mut notes = Notes::default();
        let trainer = Trainer::steps(10).batch(4).clip_norm(0.5).callback(&mut notes);
        let error = trainer.run(&mut net, &mut opt, data(odd)).expect_err("it is not finite");
        let Error::NotFinite { step: 4, first: said, .. } = error else { panic!("{error}") };
        assert_eq!((&said[..], notes.0.len(), opt.steps()), (first, 3, 3));
        // Those before it are as if there had never been another; the moments too, as one more step shows.
        let (mut other, mut other_opt) = fresh(&gpu);
        Trainer::steps(3).batch(4).clip_norm(0.5).run(&mut other, &mut other_opt, data(odd)).expect("a run");
        assert_eq!(bits(&net), bits(&other));
        for (net, opt) in [(&mut net, &mut opt), (&mut other, &mut other_opt)] {
            Trainer::steps(1).batch(4).run(net, opt, data(odd)).expect("a run");
        }
        assert_eq!(bits(&net), bits(&other));
    }
}

#[test]
fn steps_that_are_left_out_are_as_if_they_had_not_been() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    let cpu = Cpu::with_threads(1).expect("a thread");
    macro_rules! skipped {
        ($device:expr, $accumulate:expr) => {{
            let (mut net, mut opt) = fresh($device);
            let mut notes = Notes::default();
            let trainer =
                Trainer::epochs(1).batch(4).accumulate($accumulate).clip_norm(0.5).skip_not_finite();
            let finished =
                trainer.callback(&mut notes).run(&mut net, &mut opt, data(f32::NAN)).expect("a run");
            let steps: Vec<_> = notes.0.iter().map(|step| (step.skipped, step.samples)).collect();
            (finished.skipped, opt.steps(), steps, bits(&net))
        }};
    }
    // The batches that count, by hand.
    let (mut net, mut opt) = fresh(&gpu);
    let mut ws = net.workspace(4).expect("a workspace");
    for batch in (0..10).filter(|batch| ![3, 6].contains(batch)) {
        let indices = [0, 1, 2, 3].map(|i| 4 * batch + i);
        let batch = remat::data::Dataset::batch(&data(f32::NAN), &indices).expect("a batch");
        net.train_batch(&mut ws, &batch).expect("forward and backward").to_f64();
        ws.grads_mut().clip_norm(0.5).expect("clipping");
        opt.step(&mut net, ws.grads()).expect("a step");
    }
    let (left_out, steps, _, params) = skipped!(&gpu, 1);
    assert_eq!((left_out, steps, params), (2, 8, bits(&net)));
    // As on the CPU, also what is left of a step whose batch is not finite.
    for accumulate in [1, 2, 3] {
        let (left_out, steps, told, _) = skipped!(&gpu, accumulate);
        let (expected_out, expected_steps, expected, _) = skipped!(&cpu, accumulate);
        assert_eq!((left_out, steps, told), (expected_out, expected_steps, expected), "{accumulate}");
    }
}

#[test]
fn gradients_of_batches_that_are_finite_may_have_a_sum_that_is_not() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    let run = |accumulate: usize| {
        let (mut net, mut opt) = steep(&gpu).expect("a model");
        let data = steep::samples(24).expect("samples");
        // Skipped, so that the step comes again, as a graph.
        let trainer = Trainer::steps(3).batch(2).accumulate(accumulate).skip_not_finite();
        let skipped = trainer.run(&mut net, &mut opt, &data).expect("a run").skipped;
        let refused = Trainer::steps(1).batch(2).accumulate(accumulate).run(&mut net, &mut opt, &data);
        (skipped, opt.steps(), refused)
    };
    // 2e38 each.
    assert!(matches!(run(1), (0, 4, Ok(_))));
    let (3, 0, Err(Error::NotFinite { first, .. })) = run(2) else { panic!("4e38 fit in f32") };
    assert_eq!(first, "the sum of the gradients of its batches, each of which is");
}

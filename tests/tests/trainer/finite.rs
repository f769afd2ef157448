//! Losses and gradients that are not finite.

use remat::data::Arrays;
use remat::ndarray::{Array1, Array2, Array3, Axis};
use remat::prelude::*;
use remat::train::{BestSaver, Every, Saver};
use remat::{state, testing};
use remat_tests::states;
use remat_tests::steep::{self, steep};
use remat_tests::trace::{ids, numbers};

use super::{bits, made, samples};

model! {
    /// Layers of most kinds, so that what the replay looks at is what they really give.
    Kinds {
        const D = 12;
        input x: f32[4, D];
        input id: u32[4];
        target y: f32[4, D];
        token: Embedding(7, D) <- id;
        given: Linear(D) <- x;
        both: Add <- (token, given);
        pos: PositionEmbedding(4);
        #[checkpoint]
        blocks: repeat(3) {
            residual {
                ln_1: LayerNorm;
                qkv: Linear(3 * D);
                CausalAttention(heads = 3);
                proj: Linear(D);
                Dropout(0.1);
            }
            residual { ln_2: LayerNorm; up: Linear(24); #[recompute] Gelu; down: Linear(D); }
        }
        gate: Sigmoid;
        value: Tanh <- blocks;
        gated: Mul <- (gate, value);
        turned: Transpose(0, 1);
        soft: Softmax;
        back: Transpose(0, 1);
        wide: Concat(1) <- (back, gated);
        part: Slice(1, 6, 18);
        act: Silu;
        scale: Linear(D);
        head: Linear(D);
        loss: Mse <- (head, y);
    }
}

/// Inputs and targets of six samples, in two batches.
struct Data {
    x: Array3<f32>,
    y: Array3<f32>,
}

impl Data {
    /// Multiplies what the second batch has.
    fn second(of: &mut Array3<f32>, by: f32) {
        of.slice_axis_mut(Axis(0), (3..).into()).mapv_inplace(|x| x * by);
    }
}

/// What is said to be not finite first in the second of two steps. The first changes nothing, but leaves its numbers in
/// the workspace.
fn first(change: impl FnOnce(&mut Kinds, &mut Data)) -> String {
    let cpu = Cpu::with_threads(2).unwrap();
    // What a kernel leaves unwritten of what it is given to write would be taken for its value.
    testing::poison_freed(&cpu, Some(f32::NAN));
    let mut net = Kinds::new(&cpu, 3).unwrap();
    let mut opt = Sgd::new(&net, SgdConfig { lr: 0.0, ..Default::default() }).unwrap();
    let of = |seed| numbers(6 * 4, 12, seed).into_shape_with_order((6, 4, 12)).unwrap();
    let mut data = Data { x: of(1), y: of(3) };
    change(&mut net, &mut data);
    let data = Arrays::new((data.x, ids(6, 4, 7, 2), data.y)).unwrap();
    let before = bits(&net);
    let error = Trainer::steps(4).batch(3).run(&mut net, &mut opt, &data).unwrap_err();
    assert!(bits(&net) == before && opt.steps() == 1, "the step changes nothing");
    let fix = error.to_string();
    let Error::NotFinite { step, first, .. } = error else { panic!("{error}") };
    assert_eq!(fix.contains("-- look at the data"), first.starts_with("the input"), "{fix}");
    assert_eq!(fix.contains("-- lower the learning rate"), !first.starts_with("the input"), "{fix}");
    assert_eq!(step, 2);
    first
}

fn scale(net: &mut Kinds, path: &str, by: f32) {
    let param = net.params().get(path).unwrap();
    // 0.0 instead of -0.0, which a step of a rate of 0 would change.
    net.params_mut().set(path, param.mapv(|x| x * by + 0.0).view()).unwrap();
}

#[test]
fn an_input_that_is_not_finite_is_named_as_such() {
    assert_eq!(first(|_, data| data.x[[4, 1, 2]] = f32::NAN), "the input `x`");
    assert_eq!(first(|_, data| data.y[[5, 0, 0]] = f32::INFINITY), "the input `y`");
}

#[test]
fn the_first_layer_whose_value_is_not_finite_is_named() {
    let given = first(|net, data| {
        scale(net, "given.weight", 1e15);
        Data::second(&mut data.x, 1e30);
    });
    assert_eq!(given, "the value of `given`");
    // Behind all other layers, so that none of them is taken for it.
    assert_eq!(first(|_, data| Data::second(&mut data.y, 1e30)), "the value of `loss`");
}

#[test]
fn the_first_layer_that_gives_a_gradient_which_is_not_finite_is_named() {
    let head = first(|net, data| {
        scale(net, "head.weight", 1e25);
        // What it reads is 0, so that its value is small.
        scale(net, "scale.weight", 0.0);
        scale(net, "scale.bias", 0.0);
        Data::second(&mut data.y, 1e16);
    });
    assert_eq!(head, "a gradient that `head` gives in backward");
    // Behind the backward of all other layers.
    let given = first(|net, data| {
        scale(net, "given.weight", 1e-36);
        data.x.mapv_inplace(|x| x * 1e36);
        Data::second(&mut data.y, 1e12);
    });
    assert_eq!(given, "a gradient that `given` gives in backward");
}

#[test]
fn a_parameter_that_is_not_finite_is_named_as_such() {
    let (mut net, mut opt) = made(5);
    let mut weight = net.params().get("head.weight").unwrap();
    weight[[1, 2]] = f32::INFINITY;
    net.params_mut().set("head.weight", weight.view()).unwrap();
    let error = Trainer::steps(1).run(&mut net, &mut opt, samples(8, 1)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("step 1 has the loss ")
            && text.ends_with(
                ": the first in it that is not finite is the parameter `head.weight` -- lower the learning rate, clip \
                 with `clip_norm`, or leave such steps out with `skip_not_finite`"
            ),
        "{text}"
    );
}

#[test]
fn gradients_of_batches_that_are_finite_may_have_a_sum_that_is_not() {
    let run = |accumulate| {
        let (mut net, mut opt) = steep(&Cpu::with_threads(1).unwrap()).unwrap();
        let data = steep::samples(8).unwrap();
        Trainer::steps(1).batch(2).accumulate(accumulate).run(&mut net, &mut opt, &data)
    };
    // 2e38 each.
    assert!(run(1).is_ok());
    let Err(Error::NotFinite { step: 1, first, .. }) = run(2) else { panic!("4e38 fit in f32") };
    assert_eq!(first, "the sum of the gradients of its batches, each of which is");
}

/// Every third batch has a number that is none.
#[test]
fn such_steps_are_left_out_if_that_is_asked_for_and_never_reach_a_best_file() {
    let (mut x, label) = samples(48, 1).into_arrays();
    for batch in (2..12).step_by(3) {
        x[[4 * batch, 0]] = f32::NAN;
    }
    let whole = states::Folder::new("skipped");
    let folder = |name| state::Folder::new(whole.path(name)).unwrap();
    let train = Arrays::new((x.view(), label.view())).unwrap();
    let run = |skip: bool, name| {
        let (mut net, mut opt) = made(5);
        let mut trainer = Trainer::epochs(2).batch(4).evaluate(samples(12, 2), Every::Steps(1));
        trainer = if skip { trainer.skip_not_finite() } else { trainer };
        let savers = (BestSaver::new(folder(name)), Saver::new(folder(name)));
        let result = trainer.callback(savers.0).callback(savers.1).run(&mut net, &mut opt, &train);
        (result, bits(&net), opt.steps())
    };
    let (refused, params, _) = run(false, "refused");
    assert!(matches!(refused, Err(Error::NotFinite { step: 3, .. })));
    assert_eq!(folder("refused").states().unwrap()[0].0, 2, "what was learned before is saved");
    assert!(params.iter().all(|bits| f32::from_bits(*bits).is_finite()));
    let (finished, params, steps) = run(true, "skipped");
    let finished = finished.unwrap();
    assert_eq!((finished.progress.step, finished.skipped, steps), (24, 8, 16));
    assert!(finished.progress.loss.is_some_and(f64::is_finite));
    assert!(params.iter().all(|bits| f32::from_bits(*bits).is_finite()));

    // An evaluation that is not finite is no improvement, and writes no file.
    let folder = folder("none");
    let (mut net, mut opt) = made(5);
    let trainer = Trainer::steps(2).batch(4).evaluate(&train, Every::Steps(1));
    let trainer = trainer.callback(BestSaver::new(folder.clone()));
    let finished = trainer.run(&mut net, &mut opt, samples(8, 2)).unwrap();
    assert_eq!((finished.progress.best_loss, finished.progress.evaluations_since_best), (None, 2));
    assert!(!folder.best().exists());
}

/// The counter from which dropout draws is as before, so that a run which goes on after an error draws the same.
#[test]
fn a_step_that_is_refused_leaves_the_counters() {
    let (mut x, label): (Array2<f32>, Array1<u32>) = samples(8, 1).into_arrays();
    let good = Arrays::new((x.clone(), label.clone())).unwrap();
    x[[6, 0]] = f32::NAN;
    let bad = Arrays::new((x, label)).unwrap();
    let (mut net, mut opt) = made(5);
    Trainer::steps(2).batch(4).run(&mut net, &mut opt, &bad).unwrap_err();
    Trainer::steps(1).batch(8).run(&mut net, &mut opt, &good).unwrap();
    let (mut other, mut optimizer) = made(5);
    Trainer::steps(1).batch(4).run(&mut other, &mut optimizer, &good).unwrap();
    Trainer::steps(1).batch(8).run(&mut other, &mut optimizer, &good).unwrap();
    assert!(bits(&net) == bits(&other));
}

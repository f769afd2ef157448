//! What a step is made of.

use remat::data::{Arrays, Dataset};
use remat::model::{Accumulator, Trainable};
use remat::ndarray::ArrayD;
use remat::prelude::*;
use remat::train::{At, Callback, Flow, Memory, Step};
use remat_tests::trace::numbers;

use super::{Net, bits, made, samples};

/// Notes every step, and what the run holds.
#[derive(Default)]
struct Notes {
    steps: Vec<Step>,
    memory: Vec<Memory>,
}

impl<M: Trainable> Callback<M> for &mut Notes {
    fn start(&mut self, at: &At<'_, M>) -> Result<(), Error> {
        self.memory.push(at.memory);
        Ok(())
    }

    fn step(&mut self, at: &At<'_, M>, step: &Step) -> Result<Flow, Error> {
        self.memory.push(at.memory);
        self.steps.push(*step);
        Ok(Flow::Continue)
    }
}

/// The gradients of a batch.
fn gradients(net: &mut Net, batch: &<Net as Trainable>::Batch) -> Vec<ArrayD<f32>> {
    let mut ws = net.workspace(batch.1.len()).unwrap();
    net.train_batch(&mut ws, batch).unwrap();
    ws.grads().iter().map(|grad| grad.unwrap().1).collect()
}

#[test]
fn accumulated_gradients_are_the_pointwise_sum_in_order_bit_for_bit() {
    let data = samples(12, 3);
    let batches: Vec<_> = (0..4).map(|b| data.batch(&[3 * b, 3 * b + 1, 3 * b + 2]).unwrap()).collect();
    let mut sum = Accumulator::new(&made(5).0).unwrap();
    let bytes = sum.bytes();
    for count in 1..=batches.len() {
        // Again from the start, so that a sum of none is none of the sum before.
        sum.clear().unwrap();
        let ((mut net, _), (mut one, _)) = (made(5), made(5));
        let mut ws = net.workspace(3).unwrap();
        let mut expected: Vec<ArrayD<f32>> = vec![];
        for batch in &batches[..count] {
            net.train_batch(&mut ws, batch).unwrap();
            sum.add(&ws.grads()).unwrap();
            let grads = gradients(&mut one, batch);
            expected = if expected.is_empty() {
                grads
            } else {
                expected.iter().zip(&grads).map(|(sum, grad)| sum + grad).collect()
            };
        }
        for ((name, found), expected) in sum.grads().iter().map(Result::unwrap).zip(&expected) {
            let to_bits = |array: &ArrayD<f32>| array.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(found.shape(), expected.shape());
            assert_eq!(to_bits(&found), to_bits(expected), "`{name}` of {count} batches");
        }
        assert_eq!(sum.bytes(), bytes);
    }
}

/// Without dropout, several batches are one large one: the mean over all samples, also where the last is shorter.
#[test]
fn a_step_of_several_batches_is_that_of_one_batch_of_all_their_samples() {
    model! {
        Plain {
            input x: f32[6];
            target y: f32[2];
            fc: Linear(8);
            Tanh;
            out: Linear(2);
            loss: Mse <- (out, y);
        }
    }
    let data = Arrays::new((numbers(11, 6, 1), numbers(11, 2, 2))).unwrap();
    let train = |batch: usize, accumulate: usize| {
        let mut net = Plain::new(&Cpu::with_threads(1).unwrap(), 5).unwrap();
        let mut opt = Sgd::new(&net, SgdConfig { lr: 0.1, ..Default::default() }).unwrap();
        let mut notes = Notes::default();
        let trainer = Trainer::epochs(3).batch(batch).accumulate(accumulate).clip_norm(0.05);
        trainer.callback(&mut notes).run(&mut net, &mut opt, &data).unwrap();
        (net, notes)
    };
    let (whole, expected) = train(11, 1);
    assert_eq!(expected.steps.len(), 3);
    for (batch, accumulate) in [(1, 11), (2, 6), (4, 3), (5, 3), (10, 2), (3, 100)] {
        let (net, notes) = train(batch, accumulate);
        assert_eq!(notes.steps.len(), 3, "an epoch is a step");
        for (step, expected) in notes.steps.iter().zip(&expected.steps) {
            assert_eq!(step.samples, 11);
            // Sums of f32 in another order.
            assert!((step.loss - expected.loss).abs() < 1e-6 * expected.loss, "{step:?} {expected:?}");
            assert!((step.grad_norm - expected.grad_norm).abs() < 1e-5 * expected.grad_norm);
        }
        for (param, expected) in net.params().iter().zip(whole.params().iter()) {
            let ((name, param), (_, expected)) = (param.unwrap(), expected.unwrap());
            let far = (&param - &expected).iter().any(|x| x.abs() > 1e-6);
            assert!(!far, "`{name}` in batches of {batch}");
        }
    }
}

#[test]
fn what_a_run_holds_is_what_its_parts_say_and_does_not_change() {
    let data = samples(20, 3);
    for accumulate in [1, 3] {
        let (mut net, mut opt) = made(5);
        let mut notes = Notes::default();
        let trainer = Trainer::steps(5).batch(4).accumulate(accumulate).callback(&mut notes);
        trainer.run(&mut net, &mut opt, &data).unwrap();
        let expected = Memory {
            workspace: Net::PLAN.peak_bytes(4),
            host: 0,
            accumulated: if accumulate > 1 { Net::PLAN.gradient_bytes } else { 0 },
            parameters: Net::PLAN.parameter_bytes,
            optimizer: opt.bytes(),
            device: Cpu::with_threads(1).unwrap().bytes(),
        };
        assert_eq!(notes.memory, [expected; 6]);
    }
}

#[test]
fn batches_that_another_thread_makes_change_nothing() {
    let data = samples(23, 3);
    let train = |prefetch| {
        let (mut net, mut opt) = made(5);
        let trainer = Trainer::epochs(3).batch(4).shuffle(1).prefetch(prefetch);
        let finished = trainer.run(&mut net, &mut opt, &data).unwrap();
        (finished, bits(&net))
    };
    let expected = train(0);
    for prefetch in [1, 2, 100] {
        assert!(train(prefetch) == expected);
    }
}

#[test]
fn a_hundred_steps_on_what_cannot_be_learned_stay_finite() {
    let data = samples(64, 9);
    let (mut net, mut opt) = made(5);
    let mut notes = Notes::default();
    let trainer = Trainer::steps(100).batch(8).shuffle(2).callback(&mut notes);
    let finished = trainer.run(&mut net, &mut opt, &data).unwrap();
    assert_eq!((notes.steps.len(), finished.progress.step, finished.skipped), (100, 100, 0));
    for step in &notes.steps {
        assert!(step.loss.is_finite() && step.loss >= 0.0 && step.grad_norm.is_finite(), "{step:?}");
    }
}

#[test]
fn with_a_small_rate_the_loss_of_one_batch_never_rises() {
    model! {
        Still {
            input x: f32[6];
            target label: u32;
            fc: Linear(16);
            Gelu;
            norm: LayerNorm;
            head: Linear(3);
            loss: CrossEntropy <- (head, label);
        }
    }
    let data = samples(16, 4);
    let mut net = Still::new(&Cpu::with_threads(1).unwrap(), 5).unwrap();
    let mut opt = Sgd::new(&net, SgdConfig { lr: 0.02, ..Default::default() }).unwrap();
    let mut notes = Notes::default();
    let trainer = Trainer::steps(50).batch(16).callback(&mut notes);
    trainer.run(&mut net, &mut opt, &data).unwrap();
    assert_eq!(notes.steps.len(), 50);
    for pair in notes.steps.windows(2) {
        assert!(pair[1].loss <= pair[0].loss, "{pair:?}");
    }
    assert!(notes.steps[49].loss < 0.9 * notes.steps[0].loss, "and it falls");
}

/// Logits of every size, among them those whose softmax is 1 to the last bit.
#[test]
fn cross_entropy_is_never_negative() {
    model! {
        Loss {
            input x: f32[5];
            target label: u32;
            bias: Parameter(5, init = constant(0.0));
            sum: Add <- (x, bias);
            loss: CrossEntropy <- (sum, label);
        }
    }
    let net = Loss::new(&Cpu::with_threads(1).unwrap(), 5).unwrap();
    let mut ws = net.workspace(1).unwrap();
    for (row, scale) in [0.0, 1e-30, 1e-6, 0.1, 1.0, 20.0, 90.0, 1e4, 1e30].into_iter().enumerate() {
        for seed in 0..50 {
            let x = numbers(1, 5, 100 * row as u64 + seed).mapv(|x| x * scale);
            for label in 0..5 {
                let loss = net.evaluate(&mut ws, x.view(), remat::ndarray::array![label].view()).unwrap();
                assert!(loss >= 0.0 && loss.is_sign_positive(), "{loss} of {x} and {label}");
            }
        }
    }
}

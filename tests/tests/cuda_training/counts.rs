//! What steps ask of the driver.

use remat::model::Accumulator;
use remat::ndarray::Array2;
use remat::train;
use remat_tests::devices::{Counts, gpu};
use remat_tests::trace::ids;

use super::*;

fn since(then: Counts) -> Counts {
    Counts::now().expect("it has counted before").since(&then)
}

/// Counts what each step asks for.
struct Asked(Vec<Counts>);

impl<M: Trainable> Callback<M> for &mut Asked {
    fn start(&mut self, _: &At<'_, M>) -> Result<(), Error> {
        self.0.push(Counts::now().unwrap_or_default());
        Ok(())
    }

    fn step(&mut self, _: &At<'_, M>, _: &Step) -> Result<Flow, Error> {
        self.0.push(Counts::now().unwrap_or_default());
        Ok(Flow::Continue)
    }
}

/// What each step of a run asks for.
fn asked<E: Elem>(gpu: &Cuda<E>, trainer: Trainer<'_, Gpt<Cuda<E>>>) -> Vec<Counts> {
    let (mut net, mut opt) = made(gpu);
    let mut asked = Asked(vec![]);
    trainer.callback(&mut asked).run(&mut net, &mut opt, text(12)).expect("a run");
    asked.0.windows(2).map(|pair| pair[1].since(&pair[0])).collect()
}

#[test]
fn a_step_that_comes_again_is_one_launch_and_one_wait() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    if Counts::now().is_none() {
        return eprintln!("SKIPPED: this driver does not count");
    }
    fn run<E: Elem>(gpu: &Cuda<E>) {
        // Every rate is another, and a norm is clipped or not, as it comes.
        for limit in [None, Some(0.5), Some(1e6)] {
            let trainer = Trainer::steps(7).batch(4).shuffle(1).schedule(schedule());
            let trainer = if let Some(limit) = limit { trainer.clip_norm(limit) } else { trainer };
            for (step, asked) in asked(gpu, trainer).iter().enumerate() {
                let (captures, graphs) = (u64::from(step == 1), u64::from(step > 0));
                assert_eq!((asked.captures, asked.graphs), (captures, graphs), "step {step}: {asked:?}");
                assert_eq!(asked.kernels == 0, step > 0, "step {step}: {asked:?}");
                assert_eq!((asked.allocations, asked.waits), (0, 1), "step {step}: {asked:?}");
            }
        }
    }
    run(&gpu);
    run(&gpu.bf16());
}

/// The first, the last, and those between follow on differently.
#[test]
fn a_step_on_several_batches_is_one_launch_and_one_wait_for_each() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    if Counts::now().is_none() {
        return eprintln!("SKIPPED: this driver does not count");
    }
    let trainer = Trainer::steps(5).batch(3).accumulate(4).shuffle(1).schedule(schedule()).clip_norm(0.5);
    let asked = asked(&gpu, trainer);
    // Two batches are between, so that one of them is a graph in the first step already.
    let counts = |asked: &Counts| (asked.captures, asked.graphs, asked.kernels == 0);
    let expected = [(1, 1, false), (2, 4, true), (0, 4, true), (0, 4, true), (0, 4, true)];
    assert_eq!(asked.iter().map(counts).collect::<Vec<_>>(), expected);
    assert!(asked.iter().all(|asked| (asked.allocations, asked.waits) == (0, 4)), "{asked:?}");
}

/// A graph is launched if and only if it does what is asked for.
#[test]
fn a_rate_is_no_part_of_a_graph_and_a_limit_an_optimizer_and_a_model_are() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    if Counts::now().is_none() {
        return eprintln!("SKIPPED: this driver does not count");
    }
    let batch: (Array2<u32>, Array2<u32>) = (ids(4, 10, 17, 1), ids(4, 10, 17, 2));
    let sgd = SgdConfig { lr: 0.1, momentum: 0.9, ..Default::default() };
    let mut nets = [5, 6].map(|seed| Gpt::new(&gpu, seed).expect("a model"));
    let mut opts = [0; 2].map(|_| Sgd::new(&nets[0], sgd.clone()).expect("an optimizer"));
    let mut ws = nets[0].workspace(4).expect("a workspace");
    let mut step = |net: usize, opt: usize, lr: f64, limit: f64| {
        opts[opt].set_lr(lr).expect("a rate");
        let (before, then) = (bits(&nets[net]), Counts::now().expect("counts"));
        train::step(&mut nets[net], &mut opts[opt], &mut ws, &batch, Some(limit)).expect("a step");
        let asked = since(then);
        (asked.graphs, asked.captures, bits(&nets[net]) != before)
    };
    assert_eq!(step(0, 0, 0.1, 1.0), (0, 0, true));
    assert_eq!(step(0, 0, 0.2, 1.0), (1, 1, true));
    assert_eq!(step(0, 0, 0.0, 1.0), (1, 0, false), "the rate is 0");
    assert_eq!(step(0, 0, 0.1, 1.0), (1, 0, true));
    assert_eq!(step(0, 0, 0.1, 2.0), (0, 0, true), "another limit");
    assert_eq!(step(0, 1, 0.1, 1.0), (0, 0, true), "another optimizer");
    assert_eq!(step(1, 0, 0.1, 1.0), (0, 0, true), "another model");
    assert_eq!(step(0, 0, 0.1, 1.0), (1, 0, true), "that of before is there");
    assert_eq!(step(0, 1, 0.1, 1.0), (1, 1, true));
}

#[test]
fn all_memory_of_a_run_is_listed() {
    let _alone = ALONE.lock();
    let Some(gpu) = gpu() else { return };
    let Some(none) = Counts::now() else { return eprintln!("SKIPPED: this driver does not count") };
    let taken = || (Counts::now().expect("counts").bytes - none.bytes) as usize;
    let net = Gpt::new(&gpu, 5).expect("a model");
    let opt = adam(&gpu);
    let sum = Accumulator::new(&net).expect("a sum");
    let plan = <Gpt<Cuda> as Model>::PLAN;
    let others = plan.parameter_bytes + sum.bytes();
    assert!(taken() > others && taken() <= others + opt.bytes(), "{} {others} {}", taken(), opt.bytes());
    drop((net, opt, sum));
    assert_eq!(taken(), 0);
}

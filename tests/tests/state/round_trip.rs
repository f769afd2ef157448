//! What is loaded is what was saved, in every bit of every component: whatever the network, its type, the optimizer and
//! the numbers in them.
//!
//! States are drawn, not trained: each number is any bit pattern, NaNs with what they carry, subnormals and the zero that
//! is not 0 among them.

use remat::device::{Element, Real};
use remat::ndarray::ArrayView1;
use remat::optim::{Kernel, MomentsMut};
use remat::prelude::*;
use remat::state::{self, Cursor, Progress};
use remat_tests::states::Folder;

remat_tests::gpt!(Gpt: model [] blocks [#[checkpoint]] attn [] mlp [] act []);
remat_tests::deep!(Deep: model [#[checkpoint(every = 3)]] blocks [] up [] act [] down []);

model! {
    /// What no step trains stands between what it does.
    Frozen {
        input x: f32[5];
        target y: f32[3];
        #[frozen]
        first: { fc: Linear(7); norm: LayerNorm; }
        second: Linear(33);
        Relu;
        #[frozen]
        third: Linear(1, bias = false);
        last: Linear(3);
        loss: Mse <- (last, y);
    }
}

model! {
    /// One number in all.
    One {
        input x: f32[1];
        target y: f32[1];
        fc: Linear(1, bias = false);
        loss: Mse <- (fc, y);
    }
}

/// Numbers in no order that repeat for each seed (splitmix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[(self.next() % all.len() as u64) as usize]
    }

    /// Any number, the ends more often.
    fn word(&mut self) -> u64 {
        let any = self.next();
        self.one_of(&[0, 1, 250, 251, u64::from(u32::MAX), u64::MAX, any, any, any])
    }

    /// Bits of an f64, odd ones more often.
    fn double(&mut self) -> u64 {
        let any = self.next();
        let (sign, mantissa) = (any & 1 << 63, any >> 12);
        let odd = [sign, sign | 1, sign | mantissa, sign | 0x7ff << 52, sign | 0x7ff << 52 | mantissa];
        let odd = self.one_of(&odd);
        self.one_of(&[any, odd])
    }

    /// Any rate that an optimizer may have.
    fn lr(&mut self) -> f64 {
        let any = f64::from_bits(self.double()).abs();
        if any.is_finite() { any } else { self.one_of(&[0.0, -0.0, 5e-324, f64::MAX]) }
    }

    /// Any count that a state may have.
    fn count(&mut self) -> u64 {
        self.word() >> 1
    }

    fn progress(&mut self) -> Progress {
        let loss = |draw: &mut Self| draw.one_of(&[true, true, false]).then(|| f64::from_bits(draw.double()));
        Progress {
            epoch: self.count(),
            step: self.count(),
            loss: loss(self),
            best_loss: loss(self),
            evaluations_since_best: self.count(),
            schedule_step: self.count(),
            data: Cursor { seed: self.word(), epoch: self.count(), position: self.count() },
        }
    }
}

/// A type of parameters as its bits.
trait Bits: Real {
    fn draw(draw: &mut Draw) -> Self;
    fn bits(self) -> u64;
}

impl Bits for f32 {
    fn draw(draw: &mut Draw) -> Self {
        let any = draw.next() as u32;
        let (sign, mantissa) = (any & 1 << 31, any >> 9);
        let odd = [sign, sign | 1, sign | mantissa, sign | 0xff << 23, sign | 0xff << 23 | mantissa];
        let odd = draw.one_of(&odd);
        Self::from_bits(draw.one_of(&[any, odd]))
    }

    fn bits(self) -> u64 {
        self.to_bits().into()
    }
}

impl Bits for f64 {
    fn draw(draw: &mut Draw) -> Self {
        Self::from_bits(draw.double())
    }

    fn bits(self) -> u64 {
        self.to_bits()
    }
}

/// Every component of a state with its name, as bits.
fn everything<M, O>(model: &M, optimizer: &O, progress: &Progress) -> Vec<(String, Vec<u64>)>
where
    M: Model<Device: Kernel<Param: Bits>>,
    O: Optimizer<M>,
{
    let (core, moments) = (model.core(), optimizer.moments());
    let own = vec![core.seed, core.steps, moments.steps, moments.lr.to_bits()];
    let Progress { epoch, step, loss, best_loss, evaluations_since_best, schedule_step, data } =
        progress.clone();
    let mut run =
        vec![epoch, step, evaluations_since_best, schedule_step, data.seed, data.epoch, data.position];
    for loss in [loss, best_loss] {
        run.extend([u64::from(loss.is_some()), loss.map_or(0, f64::to_bits)]);
    }
    let mut all = vec![(String::from("counts"), own), (String::from("progress"), run)];
    for (name, array) in model.params().iter().map(Result::unwrap) {
        all.push((name.to_owned(), array.iter().map(|number| number.bits()).collect()));
    }
    for moment in &moments.list {
        let name = format!("{} of {}", moment.name, M::PARAMS[moment.param].path);
        let mut numbers = vec![<M::Device as Device>::Param::default(); elements::<M>(moment.param)];
        let from = M::Device::region(moments.buf, moment.span).unwrap();
        core.device.download(&mut numbers, M::Device::view(from)).unwrap();
        all.push((name, numbers.into_iter().map(Bits::bits).collect()));
    }
    all
}

fn elements<M: Model>(param: usize) -> usize {
    M::PARAMS[param].shape.iter().product()
}

/// Puts any number into each place of a state.
fn fill<M, O>(model: &mut M, optimizer: &mut O, draw: &mut Draw)
where
    M: Model<Device: Kernel<Param: Bits>>,
    O: Optimizer<M>,
{
    for spec in M::PARAMS {
        let array = remat::ndarray::ArrayD::from_shape_simple_fn(spec.shape, || Bits::draw(draw));
        model.params_mut().set(spec.path, array.view()).unwrap();
    }
    (model.core_mut().seed, model.core_mut().steps) = (draw.word(), draw.count());
    let list = optimizer.moments().list;
    let MomentsMut { steps, lr, buf } = optimizer.moments_mut();
    for moment in list {
        let numbers: Vec<<M::Device as Device>::Param> =
            (0..elements::<M>(moment.param)).map(|_| Bits::draw(draw)).collect();
        let ([], [to]) = M::Device::split(buf, [], [moment.span]).unwrap();
        model.core().device.upload(M::Device::view_mut(to), ArrayView1::from(&numbers)).unwrap();
    }
    (*steps, *lr) = (draw.count(), draw.lr());
}

/// Of states that are drawn, what is loaded is what was saved.
fn comes_back<M, O>(what: &str, new: impl Fn(u64) -> M, make: impl Fn(&M) -> O)
where
    M: Model<Device: Kernel<Param: Bits>>,
    O: Optimizer<M>,
{
    let folder = Folder::new("round-trip");
    let (file, again) = (folder.path("state"), folder.path("again"));
    for seed in 0..12 {
        let what = format!("{what} of {} in {}, {seed}", M::NAME, <M::Device as Device>::Param::NAME);
        let mut draw = Draw(seed);
        let mut model = new(1);
        let mut optimizer = make(&model);
        fill(&mut model, &mut optimizer, &mut draw);
        let progress = draw.progress();
        state::save(&file, &model, &optimizer, &progress).unwrap();
        let expected = everything(&model, &optimizer, &progress);

        let mut loaded = new(2);
        let mut loaded_optimizer = make(&loaded);
        let loaded_progress = state::load(&file, &mut loaded, &mut loaded_optimizer).unwrap();
        let found = everything(&loaded, &loaded_optimizer, &loaded_progress);
        for ((name, expected), (found_name, found)) in expected.iter().zip(&found) {
            assert_eq!((name, expected), (found_name, found), "{what}");
        }
        assert_eq!(expected.len(), found.len(), "{what}");
        state::save(&again, &loaded, &loaded_optimizer, &loaded_progress).unwrap();
        assert!(std::fs::read(&again).unwrap() == std::fs::read(&file).unwrap(), "{what}: the files differ");
        // What a state holds is what its table says, so that nothing was left out of the comparison.
        let table = state::inspect(&file).unwrap().tensors.into_iter().map(|tensor| tensor.name);
        assert!(table.eq(expected.into_iter().skip(2).map(|(name, _)| name)), "{what}");
    }
}

/// A network on the CPU in both types, with each optimizer.
macro_rules! round_trips {
    ($($test:ident: $model:ident;)+) => {$(
        #[test]
        fn $test() {
            let cpu = Cpu::with_threads(1).unwrap();
            with_each_optimizer(|seed| $model::new(&cpu, seed).unwrap());
            let double = cpu.double();
            with_each_optimizer(|seed| $model::new(&double, seed).unwrap());
        }
    )+};
}

round_trips! {
    a_gpt_with_tied_weights_comes_back: Gpt;
    a_deep_net_of_many_tensors_comes_back: Deep;
    a_net_with_frozen_parts_comes_back: Frozen;
    a_net_of_one_number_comes_back: One;
}

fn with_each_optimizer<M: Model<Device: Kernel<Param: Bits>>>(new: impl Fn(u64) -> M) {
    let groups = || vec![Group::of(["*.weight"]).weight_decay(0.0), Group::of(["*"]).lr_scale(0.5)];
    let momentum = |nesterov, groups| SgdConfig { momentum: 0.9, nesterov, groups, ..Default::default() };
    comes_back("SGD", &new, |net| Sgd::new(net, SgdConfig::default()).unwrap());
    comes_back("momentum", &new, |net| Sgd::new(net, momentum(false, vec![])).unwrap());
    comes_back("Nesterov in groups", &new, |net| Sgd::new(net, momentum(true, groups())).unwrap());
    comes_back("Adam", &new, |net| Adam::new(net, AdamConfig::default()).unwrap());
    comes_back("AdamW", &new, |net| AdamW::new(net, AdamWConfig::default()).unwrap());
    comes_back("AdamW in groups", &new, |net| {
        AdamW::new(net, AdamWConfig { groups: groups(), ..Default::default() }).unwrap()
    });
}

/// The moments of AdamW by their names, so that none of them is missing above.
#[test]
fn the_state_of_adamw_is_two_moments_of_each_trained_parameter_and_its_steps() {
    let net = Frozen::new(&Cpu::with_threads(1).unwrap(), 1).unwrap();
    let opt = AdamW::new(&net, AdamWConfig::default()).unwrap();
    let names: Vec<String> =
        everything(&net, &opt, &Progress::default()).into_iter().map(|(name, _)| name).collect();
    let trained = ["second.weight", "second.bias", "last.weight", "last.bias"];
    let moments =
        trained.iter().flat_map(|param| [format!("exp_avg of {param}"), format!("exp_avg_sq of {param}")]);
    assert_eq!(names[names.len() - 8..], moments.collect::<Vec<_>>());
    assert_eq!(names.len(), 2 + Frozen::<Cpu>::PARAMS.len() + 8);
}

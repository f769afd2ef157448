//! The optimizers against PyTorch's: `goldens/optim.py` ran those and wrote `goldens/optim.txt`.

use std::collections::BTreeMap;

use crate::cpu::Cpu;
use crate::device::Real;
use crate::model::toy::Toy;
use crate::model::{Model, ParamSpec};
use crate::optim::{Adam, AdamConfig, AdamW, AdamWConfig, Group, Kernel, Optimizer, Sgd, SgdConfig};

/// The numbers of a line, by the words before them.
struct Goldens(BTreeMap<String, Vec<f64>>);

impl Goldens {
    fn read() -> Self {
        let lines = include_str!("goldens/optim.txt").lines().map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            let numbers =
                words.iter().position(|word| word.contains(['.', 'e']) && word.parse::<f64>().is_ok());
            let (key, numbers) = words.split_at(numbers.expect("each line has numbers"));
            (key.join(" "), numbers.iter().map(|word| word.parse().unwrap()).collect())
        });
        Self(lines.collect())
    }

    fn numbers(&self, key: &str) -> &[f64] {
        &self.0[key]
    }
}

fn trained<M: Model>() -> impl Iterator<Item = &'static ParamSpec> {
    M::PARAMS.iter().filter(|spec| !spec.frozen)
}

/// The optimizers of `optim.py`, under its names.
fn cases<M: Model<Device: Kernel>>(model: &M) -> Vec<(&'static str, Box<dyn Optimizer<M> + '_>)> {
    let groups = || vec![Group::of(["norm.*", "*.bias"]).weight_decay(0.0), Group::of(["*"]).lr_scale(0.1)];
    let sgd = |config| Box::new(Sgd::new(model, config).unwrap()) as Box<dyn Optimizer<M>>;
    let adam = |config| Box::new(Adam::new(model, config).unwrap()) as Box<dyn Optimizer<M>>;
    let adamw = |config| Box::new(AdamW::new(model, config).unwrap()) as Box<dyn Optimizer<M>>;
    let s = || SgdConfig { lr: 0.1, ..Default::default() };
    let a = || AdamConfig { lr: 0.1, ..Default::default() };
    let w = || AdamWConfig { lr: 0.1, ..Default::default() };
    vec![
        ("sgd", sgd(s())),
        ("sgd-defaults", sgd(SgdConfig::default())),
        ("sgd-decay", sgd(SgdConfig { weight_decay: 0.2, ..s() })),
        ("sgd-momentum", sgd(SgdConfig { momentum: 0.9, ..s() })),
        ("sgd-dampening", sgd(SgdConfig { momentum: 0.9, dampening: 0.3, weight_decay: 0.2, ..s() })),
        ("sgd-nesterov", sgd(SgdConfig { momentum: 0.9, nesterov: true, weight_decay: 0.2, ..s() })),
        ("sgd-groups", sgd(SgdConfig { momentum: 0.9, weight_decay: 0.2, groups: groups(), ..s() })),
        ("adam", adam(AdamConfig::default())),
        ("adam-decay", adam(AdamConfig { weight_decay: 0.2, ..a() })),
        ("adam-betas", adam(AdamConfig { betas: (0.3, 0.5), eps: 1e-3, ..a() })),
        ("adam-no-memory", adam(AdamConfig { betas: (0.0, 0.0), ..a() })),
        ("adamw", adamw(AdamWConfig::default())),
        ("adamw-decay", adamw(AdamWConfig { weight_decay: 0.2, ..w() })),
        ("adamw-groups", adamw(AdamWConfig { weight_decay: 0.2, groups: groups(), ..w() })),
        ("adamw-clipped", adamw(w())),
        ("adamw-schedule", adamw(AdamWConfig { groups: groups(), ..w() })),
    ]
}

/// Ten steps of every case; a parameter may differ from PyTorch's by `tolerance` times the largest.
fn agrees_with_pytorch<D: Kernel>(device: &D, tolerance: f64) {
    let goldens = Goldens::read();
    let bits = 8 * size_of::<D::Param>();
    let fresh = Toy::new(device, 0).unwrap();
    for (name, mut opt) in cases(&fresh) {
        let mut toy = Toy::new(device, 0).unwrap();
        let mut ws = toy.workspace(true).unwrap();
        for spec in trained::<Toy<D>>() {
            let start =
                goldens.numbers(&format!("start {}", spec.path)).iter().map(|&x| D::Param::from_f64(x));
            let start = ndarray::ArrayD::from_shape_vec(spec.shape, start.collect()).unwrap();
            toy.params_mut().set(spec.path, start.view()).unwrap();
        }
        for step in 1..=10 {
            for spec in trained::<Toy<D>>() {
                let grad = goldens.numbers(&format!("grad {step} {}", spec.path));
                Toy::set_grad(&mut ws, spec.path, grad).unwrap();
            }
            if name == "adamw-clipped" {
                ws.grads_mut().clip_norm(5.0).unwrap();
            }
            if name == "adamw-schedule" && step > 5 {
                opt.set_lr(opt.lr() * 0.5).unwrap();
            }
            opt.step(&mut toy, ws.grads()).unwrap();
            for spec in trained::<Toy<D>>() {
                let Some(expected) = goldens.0.get(&format!("after {name} {bits} {step} {}", spec.path))
                else {
                    continue;
                };
                let found = toy.params().get(spec.path).unwrap();
                let largest = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
                for (found, &expected) in found.iter().zip(expected) {
                    let off = (found.to_f64() - expected).abs() / largest;
                    assert!(off <= tolerance, "{name}, step {step}, `{}`: off by {off:e}", spec.path);
                }
            }
        }
        assert_eq!(opt.steps(), 10);
    }
}

#[test]
fn ten_steps_in_f64_agree_with_pytorch() {
    // Each step rounds a handful of times, at 1e-16 relative; a thousand roundings at worst.
    agrees_with_pytorch(&Cpu::with_threads(1).unwrap().double(), 1e-13);
}

#[test]
fn ten_steps_in_f32_agree_with_pytorch_to_a_few_units_of_the_last_place() {
    // A unit of the last place is 1.2e-7 at most; fused multiply-add rounds once where PyTorch rounds
    // twice, in each of the ten steps.
    agrees_with_pytorch(&Cpu::with_threads(1).unwrap(), 3.0 * f64::from(f32::EPSILON));
}

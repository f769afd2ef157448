//! What all optimizers promise, whatever their formula.

use crate::cpu::Cpu;
use crate::error::Error;
use crate::model::toy::Toy;
use crate::model::{Model, Workspace};
use crate::optim::state::Slot;
use crate::optim::{Adam, AdamConfig, AdamW, AdamWConfig, Group, Optimizer, Sgd, SgdConfig};

fn toy() -> (Toy, Workspace<Toy>) {
    let toy = Toy::new(&Cpu::with_threads(2).unwrap(), 7).unwrap();
    let mut ws = toy.workspace(true).unwrap();
    Toy::set_grads(&mut ws, || 0.5).unwrap();
    (toy, ws)
}

fn everything(toy: &Toy) -> Vec<Vec<u32>> {
    toy.params().iter().map(|p| p.unwrap().1.iter().map(|x| x.to_bits()).collect()).collect()
}

/// One of each kind, with moments and decay.
fn one_of_each(toy: &Toy) -> [Box<dyn Optimizer<Toy>>; 3] {
    let sgd = SgdConfig { momentum: 0.9, weight_decay: 0.1, ..Default::default() };
    [
        Box::new(Sgd::new(toy, sgd).unwrap()),
        Box::new(Adam::new(toy, AdamConfig { weight_decay: 0.1, ..Default::default() }).unwrap()),
        Box::new(AdamW::new(toy, AdamWConfig::default()).unwrap()),
    ]
}

#[test]
fn a_step_changes_every_trained_parameter_and_no_frozen_one() {
    let (mut toy, ws) = toy();
    for mut opt in one_of_each(&toy) {
        let before = everything(&toy);
        opt.step(&mut toy, ws.grads()).unwrap();
        let after = everything(&toy);
        for (spec, (before, after)) in Toy::<Cpu>::PARAMS.iter().zip(before.iter().zip(&after)) {
            assert_eq!(before == after, spec.frozen, "{}", spec.path);
        }
        assert_eq!(opt.steps(), 1);
    }
}

#[test]
fn a_workspace_without_gradients_is_refused_and_nothing_changes() {
    let (mut toy, _) = toy();
    let forward_only = toy.workspace(false).unwrap();
    for mut opt in one_of_each(&toy) {
        let before = everything(&toy);
        let error = opt.step(&mut toy, forward_only.grads()).unwrap_err();
        assert_eq!(error, Error::InferenceWorkspace { call: "grads" });
        assert_eq!((everything(&toy), opt.steps()), (before, 0));
    }
}

#[test]
fn before_the_first_training_call_gradients_are_zeros_and_only_decay_changes_anything() {
    let (mut toy, _) = toy();
    let ws = toy.workspace(true).unwrap();
    let before = everything(&toy);
    let mut sgd = Sgd::new(&toy, SgdConfig { momentum: 0.9, ..Default::default() }).unwrap();
    let mut adam = Adam::new(&toy, AdamConfig::default()).unwrap();
    sgd.step(&mut toy, ws.grads()).unwrap();
    adam.step(&mut toy, ws.grads()).unwrap();
    assert_eq!((everything(&toy), sgd.steps(), adam.steps()), (before, 1, 1));
    toy.params_mut().set("fc.bias", ndarray::aview1(&[1.0, 2.0, 4.0])).unwrap();
    let decay = SgdConfig { lr: 1.0, weight_decay: 0.5, ..Default::default() };
    Sgd::new(&toy, decay).unwrap().step(&mut toy, ws.grads()).unwrap();
    assert_eq!(toy.params().view("fc.bias").unwrap().as_slice().unwrap(), [0.5, 1.0, 2.0]);
}

#[test]
fn a_nan_in_a_gradient_is_a_nan_in_its_parameter_alone() {
    let (mut toy, mut ws) = toy();
    Toy::set_grad(&mut ws, "fc.bias", &[0.5, f64::NAN, 0.5]).unwrap();
    for mut opt in one_of_each(&toy) {
        toy.params_mut().set("fc.bias", ndarray::aview1(&[0.0, 0.0, 0.0])).unwrap();
        opt.step(&mut toy, ws.grads()).unwrap();
        let nan: Vec<_> = toy.params().iter().flat_map(|p| p.unwrap().1).map(f32::is_nan).collect();
        let expected: Vec<_> = (0..nan.len()).map(|i| i == 21 + 10 + 4 + 1).collect();
        assert_eq!(nan, expected);
    }
}

#[test]
fn the_rate_can_be_set_and_groups_keep_their_ratio() {
    let (mut toy, ws) = toy();
    toy.params_mut().set("fc.bias", ndarray::aview1(&[1.0, 1.0, 1.0])).unwrap();
    let groups = vec![Group::of(["fc.*"]).lr_scale(0.5)];
    let mut opt = Sgd::new(&toy, SgdConfig { lr: 0.0, groups, ..Default::default() }).unwrap();
    let before = everything(&toy);
    opt.step(&mut toy, ws.grads()).unwrap();
    assert_eq!(everything(&toy), before, "a warm-up may start at 0");
    opt.set_lr(1.0).unwrap();
    assert_eq!(opt.lr(), 1.0);
    opt.step(&mut toy, ws.grads()).unwrap();
    // 1 - 1 * 0.5 and 1 - 0.5 * 0.5: exact.
    assert_eq!(toy.params().view("norm.weight").unwrap()[0], 0.5);
    assert_eq!(toy.params().view("fc.bias").unwrap()[0], 0.75);
    assert!(matches!(opt.set_lr(-1.0), Err(Error::Argument { .. })));
    assert!(matches!(opt.set_lr(f64::NAN), Err(Error::Argument { .. })));
    assert_eq!(opt.lr(), 1.0);
}

#[test]
fn moments_are_counted_in_whole_lines_and_only_where_they_are_kept() {
    let (toy, _) = toy();
    // Three parameters are trained.
    let (one, two) = (3 * size_of::<Slot<1>>(), 3 * size_of::<Slot<2>>());
    // 21, 4 and 3 numbers of 4 bytes: 2, 1 and 1 lines of 64 bytes.
    let lines = |n: usize| 64 * n;
    assert_eq!(Sgd::new(&toy, SgdConfig::default()).unwrap().bytes(), one);
    let sgd = SgdConfig { momentum: 0.9, ..Default::default() };
    assert_eq!(Sgd::new(&toy, sgd).unwrap().bytes(), lines(4) + one);
    assert_eq!(Adam::new(&toy, AdamConfig::default()).unwrap().bytes(), lines(8) + two);
    assert_eq!(AdamW::new(&toy, AdamWConfig::default()).unwrap().bytes(), lines(8) + two);
}

/// The message of the error that these arguments are.
fn refusal<T>(made: Result<T, Error>) -> String {
    made.err().expect("refused").to_string()
}

#[test]
fn arguments_out_of_range_are_refused_by_name() {
    let (toy, _) = toy();
    let sgd = |config| refusal(Sgd::new(&toy, config));
    let s = SgdConfig::default;
    for (found, expected) in [
        (sgd(SgdConfig { lr: -0.1, ..s() }), "`lr` must be a finite number of 0 or more but is -0.1"),
        (sgd(SgdConfig { lr: f64::NAN, ..s() }), "`lr` must be a finite number of 0 or more but is NaN"),
        (
            sgd(SgdConfig { momentum: -1.0, ..s() }),
            "`momentum` must be a finite number of 0 or more but is -1",
        ),
        (
            sgd(SgdConfig { dampening: f64::INFINITY, ..s() }),
            "`dampening` must be a finite number but is inf",
        ),
        (sgd(SgdConfig { nesterov: true, ..s() }), "`momentum` must be above 0 with nesterov but is 0"),
        (
            sgd(SgdConfig { nesterov: true, momentum: 0.9, dampening: 0.5, ..s() }),
            "`dampening` must be 0 with nesterov but is 0.5",
        ),
        (
            sgd(SgdConfig { weight_decay: -0.1, ..s() }),
            "`weight_decay` must be a finite number of 0 or more but is -0.1",
        ),
    ] {
        assert_eq!(found, expected);
    }
    let adamw = |config| refusal(AdamW::new(&toy, config));
    let a = AdamWConfig::default;
    for (found, expected) in [
        (adamw(AdamWConfig { betas: (1.0, 0.999), ..a() }), "`betas.0` must be in [0, 1) but is 1"),
        (adamw(AdamWConfig { betas: (0.9, f64::NAN), ..a() }), "`betas.1` must be in [0, 1) but is NaN"),
        (
            adamw(AdamWConfig { eps: -1e-8, ..a() }),
            "`eps` must be a finite number of 0 or more but is -0.00000001",
        ),
        (
            adamw(AdamWConfig { groups: vec![Group::of(["*.biass"])], ..a() }),
            "there is no parameter that matches `*.biass` -- did you mean `fc.bias`?",
        ),
        (
            adamw(AdamWConfig { groups: vec![Group::of([""; 0])], ..a() }),
            "`groups` must be groups of at least one pattern but is a group without any",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

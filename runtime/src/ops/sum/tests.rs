use super::*;
use crate::cpu::Cpu;
use crate::device::Grad;

const WEIGHTS: &[f64] = &[1.0, 0.25, -2.0];

fn forward(xs: [f64; 3]) -> f64 {
    let cpu = Cpu::with_threads(1).unwrap().double();
    let mut loss = [f64::NAN];
    let xs = xs.each_ref().map(std::slice::from_ref);
    Kernel::forward(&cpu, &Spec { weights: WEIGHTS }, 5, Forward { loss: &mut loss[..], xs: &xs }).unwrap();
    loss[0]
}

#[test]
fn the_loss_is_the_weighted_sum() {
    assert_eq!(forward([3.0, 8.0, 0.5]), 3.0 + 2.0 - 1.0);
    assert!(forward([3.0, f64::NAN, 0.5]).is_nan());
}

#[test]
fn each_loss_gets_its_weight_written_or_added() {
    let cpu = Cpu::with_threads(1).unwrap();
    let (mut a, mut c) = ([7.0_f32], [7.0_f32]);
    let mut dxs = [Some(Grad { to: &mut a[..], add: false }), None, Some(Grad { to: &mut c[..], add: true })];
    let args = Backward { dxs: &mut dxs, dloss: &[0.5][..] };
    Kernel::backward(&cpu, &Spec { weights: WEIGHTS }, 5, args).unwrap();
    assert_eq!((a, c), ([0.5], [7.0 - 1.0]));
}

#[test]
fn lists_of_other_lengths_are_refused() {
    let cpu = Cpu::with_threads(1).unwrap();
    let args = Forward { loss: &mut [0.0_f32][..], xs: &[&[1.0][..]; 2] };
    assert!(Kernel::forward(&cpu, &Spec { weights: WEIGHTS }, 1, args).is_err());
    let args = Forward { loss: &mut [0.0_f32][..], xs: &[&[1.0][..], &[], &[1.0]] };
    assert!(Kernel::forward(&cpu, &Spec { weights: WEIGHTS }, 1, args).is_err());
}

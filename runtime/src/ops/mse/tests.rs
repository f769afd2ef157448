use super::*;
use crate::cpu::Cpu;
use crate::cpu::simd::Float;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, assert_refused, assert_same, cast, double, grad, numbers,
    same_bits_for_any_threads, unwritten,
};

/// Elements of a sample, and samples: a little, many short, a few longer than a task.
const SIZES: [(usize, usize); 4] = [(1, 1), (7, 3), (3, 9000), (40_000, 3)];

fn forward<E: Float>(cpu: &Cpu<E>, len: usize, x: &[E], target: &[E]) -> E {
    let batch = x.len() / len;
    let (mut loss, mut scratch) = (unwritten(1), unwritten(batch));
    let args = Forward { loss: &mut loss[..], scratch: &mut scratch[..], x, target };
    Kernel::forward(cpu, &Spec { len }, batch, args).unwrap();
    loss[0]
}

/// dx and dtarget.
fn backward<E: Float>(cpu: &Cpu<E>, dloss: E, x: &[E], target: &[E], before: Option<&[E]>) -> [Vec<E>; 2] {
    let [mut dx, mut dtarget] = [(); 2].map(|()| before.map_or_else(|| unwritten(x.len()), <[E]>::to_vec));
    let add = before.is_some();
    let args = Backward {
        dx: Some(grad(&mut dx, add)),
        dtarget: Some(grad(&mut dtarget, add)),
        dloss: &[dloss][..],
        x: Some(x),
        target,
    };
    Kernel::backward(cpu, &Spec { len: x.len() }, 1, args).unwrap();
    [dx, dtarget]
}

/// The same, the last of those that are wanted over x.
fn backward_over<E: Float>(cpu: &Cpu<E>, dloss: E, x: &[E], target: &[E], wanted: [bool; 2]) -> [Vec<E>; 2] {
    let [mut dx, mut dtarget] = [(); 2].map(|()| unwritten(x.len()));
    if wanted[1] { &mut dtarget } else { &mut dx }.copy_from_slice(x);
    let args = Backward {
        dx: wanted[0].then(|| grad(&mut dx[..], false)),
        dtarget: wanted[1].then(|| grad(&mut dtarget[..], false)),
        dloss: &[dloss][..],
        x: None,
        target,
    };
    Kernel::backward(cpu, &Spec { len: x.len() }, 1, args).unwrap();
    [dx, dtarget]
}

#[test]
fn the_loss_is_the_mean_of_the_squares() {
    for (len, batch) in SIZES {
        let (x, target): (Vec<f32>, Vec<f32>) = (numbers(1, len * batch), numbers(2, len * batch));
        let squares = x.iter().zip(&target).map(|(x, t)| (f64::from(*x) - f64::from(*t)).powi(2));
        let want = squares.sum::<f64>() / (len * batch) as f64;
        // Sums of 128 terms in f32, the rest in f64: a few roundings of 6e-8, most of which cancel.
        assert_close("loss", &[forward(&Cpu::with_threads(2).unwrap(), len, &x, &target)], &[want], 1e-6);
        // The oracle itself adds 120,000 terms one by one, with roundings of 1e-16.
        assert_close("loss", &[forward(&double(), len, &cast(&x), &cast(&target))], &[want], 1e-13);
    }
}

#[test]
fn backward_is_the_slope_of_forward() {
    let (cpu, x, target) = (double(), numbers::<f64>(1, 21), numbers::<f64>(2, 21));
    let [dx, dtarget] = backward(&cpu, 0.7, &x, &target, None);
    assert_gradient("dx", &x, &dx, |x| 0.7 * forward(&cpu, 7, x, &target));
    assert_gradient("dtarget", &target, &dtarget, |target| 0.7 * forward(&cpu, 7, &x, target));
}

#[test]
fn a_gradient_is_added_where_told_and_left_out_where_absent() {
    let cpu = double();
    let [x, target, before] = [1, 2, 3].map(|which| numbers::<f64>(which, 50));
    let written = backward(&cpu, 0.7, &x, &target, None);
    let added = backward(&cpu, 0.7, &x, &target, Some(&before));
    for (written, added) in written.iter().zip(&added) {
        assert_added("a gradient", &before, written, added);
    }
    let x = Some(&x[..]);
    let args = Backward { dx: None, dtarget: None, dloss: &[1.0][..], x, target: &target[..] };
    Kernel::backward(&cpu, &Spec { len: 50 }, 1, args).unwrap();
}

#[test]
fn over_x_they_are_the_same() {
    for (len, batch) in SIZES {
        let (mut x, target) = (numbers::<f32>(1, len * batch), numbers::<f32>(2, len * batch));
        x[len * batch / 2] = f32::NAN;
        let want = backward(&Cpu::with_threads(1).unwrap(), 0.7, &x, &target, None);
        for wanted in [[true, false], [false, true], [true, true]] {
            let found =
                same_bits_for_any_threads(|cpu| backward_over(cpu, 0.7, &x, &target, wanted).to_vec());
            for ((found, want), wanted) in found.iter().zip(&want).zip(wanted) {
                if wanted {
                    assert_same("a gradient", found, want);
                }
            }
        }
    }
}

#[test]
fn without_x_a_gradient_must_hold_it_and_not_be_added_to() {
    let cpu = Cpu::with_threads(1).unwrap();
    for to in [None, Some(true)] {
        let mut dx = [7.0; 15];
        let dx_there = to.map(|add| grad(&mut dx[..], add));
        let args =
            Backward { dx: dx_there, dtarget: None, dloss: &[1.0][..], x: None, target: &[0.0; 15][..] };
        let result = Kernel::backward(&cpu, &Spec { len: 15 }, 1, args);
        assert_refused(result, &dx);
    }
}

#[test]
fn threads_and_repetition_do_not_change_a_bit() {
    for (len, batch) in SIZES {
        let (x, target) = (numbers::<f32>(1, len * batch), numbers::<f32>(2, len * batch));
        same_bits_for_any_threads(|cpu| {
            let [dx, dtarget] = backward(cpu, 0.7, &x, &target, None);
            vec![vec![forward(cpu, len, &x, &target)], dx, dtarget]
        });
    }
}

#[test]
fn nan_in_gives_nan_out() {
    let cpu = Cpu::with_threads(1).unwrap();
    let (mut x, target) = (numbers::<f32>(1, 100), numbers::<f32>(2, 100));
    x[99] = f32::NAN;
    assert!(forward(&cpu, 10, &x, &target).is_nan());
    assert!(forward(&cpu, 10, &target, &x).is_nan());
    let [dx, dtarget] = backward(&cpu, 1.0, &x, &target, None);
    assert!(dx[99].is_nan() && dtarget[99].is_nan() && !dx[98].is_nan());
    assert!(backward(&cpu, f32::NAN, &x, &target, None)[0][0].is_nan());
}

use super::*;
use crate::cpu::Cpu;
use crate::cpu::simd::Float;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, cast, double, grad, numbers, same_bits_for_any_threads,
    unwritten, weighted,
};

/// Rows (inner = 1) and columns, around the vectors of 16 and the 64 columns of a tile.
const SPECS: [Spec; 9] = [
    Spec { outer: 1, len: 1, inner: 1 },
    Spec { outer: 3, len: 5, inner: 1 },
    Spec { outer: 2, len: 16, inner: 1 },
    Spec { outer: 7, len: 65, inner: 1 },
    Spec { outer: 1, len: 1000, inner: 1 },
    Spec { outer: 2, len: 3, inner: 2 },
    Spec { outer: 1, len: 17, inner: 64 },
    Spec { outer: 2, len: 4, inner: 150 },
    Spec { outer: 1, len: 1, inner: 3 },
];

fn size(spec: &Spec, batch: usize) -> usize {
    batch * spec.outer * spec.len * spec.inner
}

fn forward<E: Float>(cpu: &Cpu<E>, spec: &Spec, batch: usize, x: &[E]) -> Vec<E> {
    let mut y = unwritten(x.len());
    Kernel::forward(cpu, spec, batch, Forward { y: &mut y[..], x }).unwrap();
    y
}

fn backward<E: Float>(cpu: &Cpu<E>, spec: &Spec, dy: &[E], y: &[E], before: Option<&[E]>) -> Vec<E> {
    let mut dx = before.map_or_else(|| unwritten(y.len()), <[E]>::to_vec);
    let batch = y.len() / size(spec, 1);
    let args = Backward { dx: Some(grad(&mut dx, before.is_some())), dy, y };
    Kernel::backward(cpu, spec, batch, args).unwrap();
    dx
}

/// The definition, in f64.
fn plain(spec: &Spec, batch: usize, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    for row in 0..batch * spec.outer {
        for column in 0..spec.inner {
            let at = |i: usize| (row * spec.len + i) * spec.inner + column;
            let max = (0..spec.len).map(|i| x[at(i)]).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = (0..spec.len).map(|i| (x[at(i)] - max).exp()).sum();
            (0..spec.len).for_each(|i| y[at(i)] = (x[at(i)] - max).exp() / sum);
        }
    }
    y
}

#[test]
fn forward_is_the_definition() {
    for spec in &SPECS {
        let x: Vec<f32> = numbers(1, size(spec, 2));
        let want = plain(spec, 2, &cast(&x));
        // Of numbers up to 1: a few roundings of 6e-8, and of 1e-16.
        let cpu = Cpu::with_threads(2).unwrap();
        assert_close("y", &forward(&cpu, spec, 2, &x), &want, 5e-7);
        assert_close("y", &forward(&double(), spec, 2, &cast(&x)), &want, 1e-15);
    }
}

#[test]
fn backward_is_the_slope_of_forward() {
    for spec in SPECS.iter().filter(|spec| size(spec, 2) < 1000) {
        let cpu = double();
        let (x, dy): (Vec<f64>, Vec<f64>) = (numbers(1, size(spec, 2)), numbers(2, size(spec, 2)));
        let dx = backward(&cpu, spec, &dy, &forward(&cpu, spec, 2, &x), None);
        if spec.len > 1 {
            assert_gradient("dx", &x, &dx, |x| weighted(&forward(&cpu, spec, 2, x), &dy));
        } else {
            assert_eq!(dx, vec![0.0; dx.len()], "the softmax of one number is 1, whatever it is");
        }
    }
}

#[test]
fn a_gradient_is_added_where_told() {
    for spec in &SPECS {
        let cpu = double();
        let n = size(spec, 2);
        let (y, dy, before) = (forward(&cpu, spec, 2, &numbers(1, n)), numbers(2, n), numbers::<f64>(3, n));
        let written = backward(&cpu, spec, &dy, &y, None);
        assert_added("dx", &before, &written, &backward(&cpu, spec, &dy, &y, Some(&before)));
    }
}

#[test]
fn threads_and_repetition_do_not_change_a_bit() {
    for spec in &SPECS {
        let n = size(spec, 40);
        let (x, dy) = (numbers::<f32>(1, n), numbers::<f32>(2, n));
        same_bits_for_any_threads(|cpu| {
            let y = forward(cpu, spec, 40, &x);
            let dx = backward(cpu, spec, &dy, &y, None);
            vec![y, dx]
        });
    }
}

#[test]
fn nan_fills_its_row_and_no_other() {
    let cpu = Cpu::with_threads(1).unwrap();
    for spec in &SPECS {
        let mut x: Vec<f32> = numbers(1, size(spec, 2));
        x[0] = f32::NAN;
        let y = forward(&cpu, spec, 2, &x);
        for (i, y) in y.iter().enumerate() {
            let hit = i / (spec.len * spec.inner) == 0 && i % spec.inner == 0;
            assert_eq!(y.is_nan(), hit, "{spec:?} at {i}");
        }
        let dx = backward(&cpu, spec, &numbers(2, y.len()), &y, None);
        assert!(dx[0].is_nan(), "{spec:?}");
    }
}

#[test]
fn numbers_of_any_size_do_not_overflow() {
    let cpu = Cpu::with_threads(1).unwrap();
    for (outer, inner) in [(2, 1), (1, 2)] {
        // The same two columns, or the same two rows.
        let two = |x: [f32; 2]| {
            let x = if inner == 1 { [x[0], x[1], x[0], x[1]] } else { [x[0], x[0], x[1], x[1]] };
            let y = forward(&cpu, &Spec { outer, len: 2, inner }, 1, &x);
            [y[0], y[3]]
        };
        assert_eq!(two([3e38, -3e38]), [1.0, 0.0]);
        assert_eq!(two([3e38, 3e38]), [0.5, 0.5]);
        assert_eq!(two([f32::NEG_INFINITY, 0.0]), [0.0, 1.0]);
        assert!(two([f32::INFINITY, 0.0])[0].is_nan(), "as in PyTorch");
    }
}

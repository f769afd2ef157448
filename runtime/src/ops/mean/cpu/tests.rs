use super::*;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, cast, double, grad, numbers, same_bits_for_any_threads,
    unwritten, weighted,
};

/// The last axis, in runs and rests of the partial sums; and an axis before narrow and wide ones.
const SPECS: [Spec; 5] = [
    Spec { outer: 3, len: 7, inner: 1 },
    Spec { outer: 2, len: 100, inner: 1 },
    Spec { outer: 2, len: 5, inner: 3 },
    Spec { outer: 1, len: 4, inner: 300 },
    Spec { outer: 2, len: 1, inner: 6 },
];

fn forward<E: Float>(cpu: &Cpu<E>, spec: &Spec, batch: usize, x: &[E]) -> Vec<E> {
    let mut y = unwritten(batch * spec.outer * spec.inner);
    Kernel::forward(cpu, spec, batch, Forward { y: &mut y, x }).unwrap();
    y
}

fn backward<E: Float>(cpu: &Cpu<E>, spec: &Spec, batch: usize, dy: &[E], before: Option<&[E]>) -> Vec<E> {
    let mut dx = before.map_or_else(|| unwritten(dy.len() * spec.len), <[E]>::to_vec);
    let args = Backward { dx: Some(grad(&mut dx, before.is_some())), dy };
    Kernel::backward(cpu, spec, batch, args).unwrap();
    dx
}

fn oracle(spec: &Spec, batch: usize, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; batch * spec.outer * spec.inner];
    for (i, x) in x.iter().enumerate() {
        let (o, c) = (i / spec.inner / spec.len, i % spec.inner);
        y[o * spec.inner + c] += x / spec.len as f64;
    }
    y
}

#[test]
fn values_are_those_of_naive_loops() {
    for spec in &SPECS {
        let x = numbers::<f64>(0, 2 * spec.outer * spec.len * spec.inner);
        let want = oracle(spec, 2, &x);
        // Both round about `len` times, at most 100, at 1e-16 or 6e-8 of numbers around 1.
        assert_close("f64", &forward(&double(), spec, 2, &x), &want, 1e-14);
        let single = Cpu::with_threads(2).unwrap();
        assert_close("f32", &forward(&single, spec, 2, &cast::<f64, f32>(&x)), &want, 1e-6);
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for spec in &SPECS {
        let (n, batch) = (spec.outer * spec.inner, 2);
        let (x, dy) = (numbers::<f64>(0, batch * n * spec.len), numbers::<f64>(1, batch * n));
        let dx = backward(&double(), spec, batch, &dy, None);
        assert_gradient("dx", &x, &dx, |x| weighted(&forward(&double(), spec, batch, x), &dy));
        let before = numbers(2, dx.len());
        assert_added("dx", &before, &dx, &backward(&double(), spec, batch, &dy, Some(&before)));
    }
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays() {
    let large = [Spec { outer: 50, len: 333, inner: 1 }, Spec { outer: 3, len: 70, inner: 400 }];
    for spec in SPECS.iter().chain(&large) {
        let n = 3 * spec.outer * spec.inner;
        let (mut x, dy) = (numbers::<f32>(0, n * spec.len), numbers(1, n));
        x[0] = f32::NAN;
        let all = same_bits_for_any_threads(|cpu| {
            vec![forward(cpu, spec, 3, &x), backward(cpu, spec, 3, &dy, None)]
        });
        assert!(all[0].iter().enumerate().all(|(i, y)| y.is_nan() == (i == 0)));
    }
}

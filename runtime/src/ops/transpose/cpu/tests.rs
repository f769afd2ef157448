use super::*;
use crate::ops::check::{
    assert_added, assert_gradient, double, grad, numbers, same_bits_for_any_threads, unwritten, weighted,
};

/// Single elements in whole blocks and in rests, runs of elements, axes between, and axes of 1.
const SPECS: [Spec; 6] = [
    Spec { outer: 1, a: 2, mid: 1, b: 3, inner: 1 },
    Spec { outer: 2, a: 33, mid: 1, b: 70, inner: 1 },
    Spec { outer: 1, a: 17, mid: 3, b: 64, inner: 1 },
    Spec { outer: 2, a: 5, mid: 1, b: 3, inner: 7 },
    Spec { outer: 1, a: 3, mid: 2, b: 4, inner: 20 },
    Spec { outer: 3, a: 1, mid: 2, b: 9, inner: 1 },
];

fn len(spec: &Spec) -> usize {
    spec.outer * spec.a * spec.mid * spec.b * spec.inner
}

fn forward<E: Float>(cpu: &Cpu<E>, spec: &Spec, x: &[E]) -> Vec<E> {
    let mut y = unwritten(x.len());
    Kernel::forward(cpu, spec, x.len() / len(spec), Forward { y: &mut y, x }).unwrap();
    y
}

fn backward<E: Float>(cpu: &Cpu<E>, spec: &Spec, dy: &[E], before: Option<&[E]>) -> Vec<E> {
    let mut dx = before.map_or_else(|| unwritten(dy.len()), <[E]>::to_vec);
    let args = Backward { dx: Some(grad(&mut dx, before.is_some())), dy };
    Kernel::backward(cpu, spec, dy.len() / len(spec), args).unwrap();
    dx
}

#[test]
fn every_element_is_at_its_place() {
    for spec in &SPECS {
        let Spec { outer, a, mid, b, inner } = *spec;
        let x: Vec<f64> = (0..2 * len(spec)).map(|i| i as f64).collect();
        let mut y = forward(&double(), spec, &x).into_iter();
        for o in 0..2 * outer {
            for j in 0..b {
                for m in 0..mid {
                    for i in 0..a {
                        for c in 0..inner {
                            let from = (((o * a + i) * mid + m) * b + j) * inner + c;
                            assert_eq!(y.next(), Some(from as f64), "{spec:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    for spec in [SPECS[0], SPECS[3], SPECS[4], SPECS[5]] {
        let n = 2 * len(&spec);
        let (x, dy) = (numbers::<f64>(0, n), numbers::<f64>(1, n));
        let dx = backward(&double(), &spec, &dy, None);
        assert_gradient("dx", &x, &dx, |x| weighted(&forward(&double(), &spec, x), &dy));
    }
    for spec in &SPECS {
        let dy = numbers::<f64>(1, len(spec));
        let (dx, before) = (backward(&double(), spec, &dy, None), numbers(2, len(spec)));
        assert_eq!(forward(&double(), spec, &dx), dy, "backward undoes forward");
        assert_added("dx", &before, &dx, &backward(&double(), spec, &dy, Some(&before)));
    }
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays() {
    let large = Spec { outer: 2, a: 100, mid: 2, b: 330, inner: 1 };
    for spec in SPECS.iter().chain([&large]) {
        let mut x = numbers::<f32>(0, 3 * len(spec));
        x[1] = f32::NAN;
        let all =
            same_bits_for_any_threads(|cpu| vec![forward(cpu, spec, &x), backward(cpu, spec, &x, None)]);
        assert!(all.iter().all(|y| y.iter().filter(|y| y.is_nan()).count() == 1));
    }
}

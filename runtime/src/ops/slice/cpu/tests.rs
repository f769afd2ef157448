use super::*;
use crate::ops::check::{
    assert_added, assert_gradient, double, grad, numbers, same_bits_for_any_threads, unwritten, weighted,
};

const SPEC: Spec = Spec { outer: 2, len: 5, inner: 3, start: 1, take: 2 };

fn forward<E: Float>(cpu: &Cpu<E>, spec: Spec, x: &[E]) -> Vec<E> {
    let batch = x.len() / (spec.outer * spec.len * spec.inner);
    let mut y = unwritten(batch * spec.outer * spec.take * spec.inner);
    Kernel::forward(cpu, &spec, batch, Forward { y: &mut y, x }).unwrap();
    y
}

fn backward<E: Float>(cpu: &Cpu<E>, spec: Spec, dy: &[E], before: Option<&[E]>) -> Vec<E> {
    let batch = dy.len() / (spec.outer * spec.take * spec.inner);
    let n = batch * spec.outer * spec.len * spec.inner;
    let mut dx = before.map_or_else(|| unwritten(n), <[E]>::to_vec);
    let args = Backward { dx: Some(grad(&mut dx, before.is_some())), dy };
    Kernel::backward(cpu, &spec, batch, args).unwrap();
    dx
}

#[test]
fn what_is_taken_stands_where_it_stood() {
    let x: Vec<f64> = (0..60).map(f64::from).collect();
    let y = forward(&double(), SPEC, &x);
    let want: Vec<f64> = (0..4).flat_map(|row| (0..6).map(move |i| f64::from(row * 15 + 3 + i))).collect();
    assert_eq!(y, want);
}

#[test]
fn the_gradient_is_that_of_finite_differences_and_0_outside() {
    for spec in [SPEC, Spec { start: 0, take: 5, ..SPEC }, Spec { start: 4, take: 1, ..SPEC }] {
        let (x, dy) = (numbers::<f64>(0, 60), numbers::<f64>(1, 12 * spec.take));
        let dx = backward(&double(), spec, &dy, None);
        assert_gradient("dx", &x, &dx, |x| weighted(&forward(&double(), spec, x), &dy));
        let before = numbers(2, 60);
        assert_added("dx", &before, &dx, &backward(&double(), spec, &dy, Some(&before)));
    }
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays() {
    for spec in [SPEC, Spec { outer: 1, inner: 9_001, ..SPEC }, Spec { outer: 9_001, inner: 1, ..SPEC }] {
        let n = 3 * spec.outer * spec.inner;
        let (x, mut dy) = (numbers::<f32>(0, n * spec.len), numbers::<f32>(1, n * spec.take));
        dy[1] = f32::NAN;
        let all = same_bits_for_any_threads(|cpu| {
            vec![forward(cpu, spec, &x), backward(cpu, spec, &dy, None), backward(cpu, spec, &dy, Some(&x))]
        });
        assert!(all[1..].iter().all(|dx| dx.iter().filter(|g| g.is_nan()).count() == 1));
    }
}

#[test]
fn more_than_there_is_is_refused() {
    let args = Forward { y: &mut [0.0; 18][..], x: &[0.0; 30][..] };
    let refused = Kernel::forward(&double(), &Spec { start: 3, take: 3, ..SPEC }, 1, args);
    assert!(matches!(refused, Err(Error::Internal { .. })));
}

use super::*;
use crate::ops::check::{
    assert_added, assert_gradient, double, grad, numbers, same_bits_for_any_threads, unwritten, weighted,
};

const SPEC: Spec = Spec { len: 3, table: 5, dim: 4 };

fn forward<E: Float>(cpu: &Cpu<E>, spec: Spec, x: &[E], weight: &[E]) -> Vec<E> {
    let mut y = unwritten(x.len());
    let batch = x.len() / (spec.len * spec.dim);
    Kernel::forward(cpu, &spec, batch, Forward { y: &mut y, x, weight }).unwrap();
    y
}

/// dx and dweight, written, or added to `before`.
fn backward<E: Float>(cpu: &Cpu<E>, spec: Spec, dy: &[E], before: Option<[&[E]; 2]>) -> [Vec<E>; 2] {
    let start = |which: usize, n| before.map_or_else(|| unwritten(n), |b| b[which].to_vec());
    let (mut dx, mut dweight) = (start(0, dy.len()), start(1, spec.table * spec.dim));
    let add = before.is_some();
    let args = Backward { dx: Some(grad(&mut dx, add)), dweight: Some(grad(&mut dweight, add)), dy };
    Kernel::backward(cpu, &spec, dy.len() / (spec.len * spec.dim), args).unwrap();
    [dx, dweight]
}

#[test]
fn each_position_gets_its_row() {
    let (x, weight) = (numbers::<f64>(0, 24), numbers::<f64>(1, 20));
    let y = forward(&double(), SPEC, &x, &weight);
    assert!((0..24).all(|i| y[i] == x[i] + weight[i % 12]));
}

#[test]
fn gradients_are_those_of_finite_differences_and_0_for_unused_rows() {
    let (x, weight, dy) = (numbers::<f64>(0, 24), numbers::<f64>(1, 20), numbers::<f64>(2, 24));
    let [dx, dweight] = backward(&double(), SPEC, &dy, None);
    assert_gradient("dx", &x, &dx, |x| weighted(&forward(&double(), SPEC, x, &weight), &dy));
    assert_gradient("dweight", &weight, &dweight, |w| weighted(&forward(&double(), SPEC, &x, w), &dy));
    assert_eq!(dweight[12..], [0.0; 8]);
    let before = [numbers(3, 24), numbers(4, 20)];
    let added = backward(&double(), SPEC, &dy, Some([&before[0], &before[1]]));
    assert_added("dx", &before[0], &dx, &added[0]);
    assert_added("dweight", &before[1], &dweight, &added[1]);
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays() {
    let spec = Spec { len: 70, table: 80, dim: 50 };
    let (mut x, weight, dy) = (numbers::<f32>(0, 5 * 3500), numbers(1, 4000), numbers(2, 5 * 3500));
    x[99] = f32::NAN;
    let all = same_bits_for_any_threads(|cpu| {
        let [dx, dweight] = backward(cpu, spec, &dy, None);
        vec![forward(cpu, spec, &x, &weight), dx, dweight]
    });
    assert!(all[0].iter().enumerate().all(|(i, y)| y.is_nan() == (i == 99)));
}

#[test]
fn more_positions_than_rows_are_refused() {
    let args = Forward { y: &mut [0.0; 2][..], x: &[0.0; 2][..], weight: &[0.0; 1][..] };
    let refused = Kernel::forward(&double(), &Spec { len: 2, table: 1, dim: 1 }, 1, args);
    assert!(matches!(refused, Err(Error::Internal { .. })));
}

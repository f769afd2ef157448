use super::*;
use crate::ops::check::{
    assert_added, assert_gradient, double, grad, numbers, same_bits_for_any_threads, unwritten, weighted,
};

const KEY: Key = Key { seed: 7, step: 2, node: 3 };

fn forward<E: Float>(cpu: &Cpu<E>, p: f64, batch: usize, x: &[E]) -> Vec<E> {
    let mut y = unwritten(x.len());
    Kernel::forward(cpu, &Spec { len: x.len() / batch, p }, batch, Forward { y: &mut y, x, key: KEY })
        .unwrap();
    y
}

fn backward<E: Float>(cpu: &Cpu<E>, p: f64, dy: &[E], before: Option<&[E]>) -> Vec<E> {
    let mut dx = before.map_or_else(|| unwritten(dy.len()), <[E]>::to_vec);
    let args = Backward { dx: Some(grad(&mut dx, before.is_some())), dy, key: KEY };
    Kernel::backward(cpu, &Spec { len: dy.len(), p }, 1, args).unwrap();
    dx
}

#[test]
fn an_element_is_dropped_with_probability_p_and_else_scaled() {
    let n = 100_000;
    for p in [0.0, 0.1, 0.5, 0.9] {
        let y = forward(&double(), p, 1, &vec![3.0; n]);
        let dropped = y.iter().filter(|y| **y == 0.0).count() as f64;
        assert!(y.iter().all(|y| *y == 0.0 || *y == 3.0 * (1.0 / (1.0 - p))));
        // Five standard deviations of a binomial count.
        let deviation = (n as f64 * p * (1.0 - p)).sqrt();
        assert!((dropped - n as f64 * p).abs() <= 5.0 * deviation, "{dropped} of {n} at {p}");
    }
}

#[test]
fn the_mask_depends_on_the_element_alone_not_on_the_batch_or_precision() {
    let n = 2 * 16_384 + 100;
    let x = vec![1.0_f32; n];
    let cpu = Cpu::with_threads(2).unwrap();
    let y = forward(&cpu, 0.5, 1, &x);
    assert_eq!(forward(&cpu, 0.5, 4, &x), y);
    assert_eq!(forward(&cpu, 0.5, 1, &x[..77]), y[..77]);
    assert!(forward(&double(), 0.5, 1, &vec![1.0; n]).iter().zip(&y).all(|(a, b)| *a == f64::from(*b)));
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let (x, dy) = (numbers::<f64>(0, 200), numbers::<f64>(1, 200));
    let dx = backward(&double(), 0.3, &dy, None);
    assert_gradient("dx", &x, &dx, |x| weighted(&forward(&double(), 0.3, 1, x), &dy));
    let before = numbers(2, 200);
    assert_added("dx", &before, &dx, &backward(&double(), 0.3, &dy, Some(&before)));
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays_even_where_dropped() {
    let x = numbers(0, 3 * 16_384 + 9);
    same_bits_for_any_threads(|cpu| vec![forward(cpu, 0.1, 1, &x), backward(cpu, 0.1, &x, None)]);
    let cpu = Cpu::with_threads(1).unwrap();
    assert!(forward(&cpu, 0.5, 1, &[f32::NAN; 200]).iter().all(|y| y.is_nan()));
}

use super::*;
use crate::ops::check::{
    assert_added, assert_gradient, double, grad, numbers, same_bits_for_any_threads, unwritten, weighted,
};

fn forward<E: Float>(cpu: &Cpu<E>, batch: usize, weight: &[E]) -> Vec<E> {
    let mut y = unwritten(batch * weight.len());
    Kernel::forward(cpu, &Spec { len: weight.len() }, batch, Forward { y: &mut y, weight }).unwrap();
    y
}

fn backward<E: Float>(cpu: &Cpu<E>, batch: usize, dy: &[E], before: Option<&[E]>) -> Vec<E> {
    let len = dy.len() / batch;
    let mut dweight = before.map_or_else(|| unwritten(len), <[E]>::to_vec);
    let args = Backward { dweight: Some(grad(&mut dweight, before.is_some())), dy };
    Kernel::backward(cpu, &Spec { len }, batch, args).unwrap();
    dweight
}

#[test]
fn each_sample_gets_the_weight() {
    assert_eq!(forward(&double(), 3, &[1.0, 2.0]), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    let (weight, dy) = (numbers::<f64>(0, 30), numbers::<f64>(1, 90));
    let dweight = backward(&double(), 3, &dy, None);
    assert_gradient("dweight", &weight, &dweight, |w| weighted(&forward(&double(), 3, w), &dy));
    let before = numbers(2, 30);
    assert_added("dweight", &before, &dweight, &backward(&double(), 3, &dy, Some(&before)));
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays() {
    let (len, batch) = (5_003, 7);
    let (weight, mut dy) = (numbers(0, len), numbers::<f32>(1, len * batch));
    dy[3 * len + 11] = f32::NAN;
    let all =
        same_bits_for_any_threads(|cpu| vec![forward(cpu, batch, &weight), backward(cpu, batch, &dy, None)]);
    assert!(all[1].iter().enumerate().all(|(i, g)| g.is_nan() == (i == 11)));
}

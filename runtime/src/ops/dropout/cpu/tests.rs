use super::*;
use crate::ops::check::{
    assert_added, assert_gradient, assert_refused, assert_same, double, grad, numbers, numbers_of_all_kinds,
    same_bits_for_any_threads, unwritten, weighted,
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
    let args = Backward { dx: Some(grad(&mut dx, before.is_some())), dbias: None, dy: Some(dy), key: KEY };
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
fn over_dy_it_is_the_same() {
    for n in [1, 63, 200, 3 * 16_384 + 9] {
        let dy = numbers_of_all_kinds::<f32>(1, n);
        for p in [0.1, 0.5] {
            let over = same_bits_for_any_threads(|cpu| {
                let mut dx = dy.clone();
                let args = Backward { dx: Some(grad(&mut dx[..], false)), dbias: None, dy: None, key: KEY };
                Kernel::backward(cpu, &Spec { len: n, p }, 1, args).unwrap();
                vec![dx]
            });
            let cpu = Cpu::with_threads(1).unwrap();
            assert_same(&format!("{n} at {p}"), &over[0], &backward(&cpu, p, &dy, None));
        }
    }
}

#[test]
fn sums_of_rows_are_those_of_what_is_written() {
    let (cpu, p, dy) = (Cpu::with_threads(2).unwrap(), 0.3, numbers::<f32>(1, 300 * 77));
    let (want, before) = (backward(&cpu, p, &dy, None), numbers::<f32>(2, 77));
    for add in [false, true] {
        let (mut dx, mut sums) = (dy.clone(), before.clone());
        let (to, dbias) = (Some(grad(&mut dx[..], false)), Some(grad(&mut sums[..], add)));
        let args = Backward { dx: to, dbias, dy: None, key: KEY };
        Kernel::backward(&cpu, &Spec { len: dy.len(), p }, 1, args).unwrap();
        assert_same("dx", &dx, &want);
        let mut want_of_sums = before.clone();
        sum_columns(cpu.pool(), grad(&mut want_of_sums[..], add), &want).unwrap();
        assert_same("dbias", &sums, &want_of_sums);
    }
    // Of rows that are not whole, and of a gradient that others have written too.
    for (add, outputs) in [(false, 4), (true, 3)] {
        let (mut dx, mut sums) = (vec![7.0f32; 6], vec![7.0; outputs]);
        let (to, dbias) = (Some(grad(&mut dx[..], add)), Some(grad(&mut sums[..], false)));
        let args = Backward { dx: to, dbias, dy: Some(&dy[..6]), key: KEY };
        let refused = Kernel::backward(&cpu, &Spec { len: 6, p }, 1, args);
        assert_refused(refused, &[dx, sums].concat());
    }
}

#[test]
fn without_dy_a_gradient_must_hold_it_and_not_be_added_to() {
    let (cpu, spec, mut dx) = (Cpu::with_threads(1).unwrap(), Spec { len: 3, p: 0.5 }, [7.0; 3]);
    let args = Backward { dx: Some(grad(&mut dx[..], true)), dbias: None, dy: None, key: KEY };
    assert_refused(Kernel::backward(&cpu, &spec, 1, args), &dx);
    let args = Backward { dx: None, dbias: None, dy: None, key: KEY };
    assert_refused(Kernel::backward(&cpu, &spec, 1, args), &dx);
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays_even_where_dropped() {
    let x = numbers(0, 3 * 16_384 + 9);
    same_bits_for_any_threads(|cpu| vec![forward(cpu, 0.1, 1, &x), backward(cpu, 0.1, &x, None)]);
    let cpu = Cpu::with_threads(1).unwrap();
    assert!(forward(&cpu, 0.5, 1, &[f32::NAN; 200]).iter().all(|y| y.is_nan()));
}

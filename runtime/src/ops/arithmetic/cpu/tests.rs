use super::*;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, double, grad, numbers, same_bits_for_any_threads, unwritten,
    weighted,
};

const ALL: [Arithmetic; 3] = [Arithmetic::Add, Arithmetic::Sub, Arithmetic::Mul];

fn forward<E: Float>(cpu: &Cpu<E>, op: Arithmetic, a: &[E], b: &[E]) -> Vec<E> {
    let mut y = unwritten(a.len());
    Kernel::forward(cpu, &Spec { len: a.len() / 2, op }, 2, Forward { y: &mut y, a, b }).unwrap();
    y
}

/// da and db, written, or added to `before`.
fn backward<E: Float>(
    cpu: &Cpu<E>,
    op: Arithmetic,
    [a, b, dy]: [&[E]; 3],
    before: Option<&[E]>,
) -> [Vec<E>; 2] {
    let start = || before.map_or_else(|| unwritten(a.len()), <[E]>::to_vec);
    let (mut da, mut db) = (start(), start());
    let add = before.is_some();
    let args =
        Backward { da: Some(grad(&mut da, add)), db: Some(grad(&mut db, add)), dy, a: Some(a), b: Some(b) };
    Kernel::backward(cpu, &Spec { len: a.len() / 2, op }, 2, args).unwrap();
    [da, db]
}

#[test]
fn values_are_those_of_the_operators() {
    let (a, b) = (numbers::<f64>(0, 30), numbers::<f64>(1, 30));
    for op in ALL {
        let want: Vec<f64> = (0..30)
            .map(|i| match op {
                Arithmetic::Add => a[i] + b[i],
                Arithmetic::Sub => a[i] - b[i],
                Arithmetic::Mul => a[i] * b[i],
            })
            .collect();
        // One rounding on each side: the same number.
        assert_close("y", &forward(&double(), op, &a, &b), &want, 0.0);
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let (a, b, dy) = (numbers::<f64>(0, 30), numbers::<f64>(1, 30), numbers::<f64>(2, 30));
    for op in ALL {
        let written = backward(&double(), op, [&a, &b, &dy], None);
        assert_gradient("da", &a, &written[0], |a| weighted(&forward(&double(), op, a, &b), &dy));
        assert_gradient("db", &b, &written[1], |b| weighted(&forward(&double(), op, &a, b), &dy));
        let before = numbers(3, 30);
        let added = backward(&double(), op, [&a, &b, &dy], Some(&before));
        assert_added("da", &before, &written[0], &added[0]);
        assert_added("db", &before, &written[1], &added[1]);
    }
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays() {
    let n = 3 * 16_384;
    let (mut a, b, dy) = (numbers::<f32>(0, n), numbers(1, n), numbers(2, n));
    a[17] = f32::NAN;
    for op in ALL {
        let all = same_bits_for_any_threads(|cpu| {
            let [da, db] = backward(cpu, op, [&a, &b, &dy], None);
            vec![forward(cpu, op, &a, &b), da, db]
        });
        assert!(all[0][17].is_nan() && all[0].iter().filter(|y| y.is_nan()).count() == 1);
        assert_eq!(all[2][17].is_nan(), op == Arithmetic::Mul);
    }
}

#[test]
fn a_product_needs_the_other_factor_alone() {
    let spec = Spec { len: 1, op: Arithmetic::Mul };
    let mut da = [0.0];
    let args = |b| Backward { da: None, db: None, dy: &[2.0][..], a: None, b };
    let three = &[3.0][..];
    let cpu = double();
    Kernel::backward(&cpu, &spec, 1, Backward { da: Some(grad(&mut da, false)), ..args(Some(three)) })
        .unwrap();
    assert_eq!(da, [6.0]);
    let missing = Kernel::backward(&cpu, &spec, 1, Backward { da: Some(grad(&mut da, false)), ..args(None) });
    assert!(matches!(missing, Err(Error::Internal { .. })));
}

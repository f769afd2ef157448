use super::*;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, assert_refused, assert_same, double, grad, numbers,
    numbers_of_all_kinds, same_bits_for_any_threads, unwritten, weighted,
};

const ALL: [Arithmetic; 3] = [Arithmetic::Add, Arithmetic::Sub, Arithmetic::Mul];

fn forward<E: Float>(cpu: &Cpu<E>, op: Arithmetic, a: &[E], b: &[E]) -> Vec<E> {
    let mut y = unwritten(a.len());
    Kernel::forward(
        cpu,
        &Spec { len: a.len() / 2, op },
        2,
        Forward { y: &mut y, dropped: None, a: Some(a), b, mask: None },
    )
    .unwrap();
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
    let (to_a, to_b) = (Some(grad(&mut da[..], add)), Some(grad(&mut db[..], add)));
    let args = Backward { da: to_a, db: to_b, dy: Some(dy), a: Some(a), b: Some(b) };
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
fn over_dy_they_are_the_same() {
    for n in [2, 78, 3 * 16_384 + 6] {
        let [a, b, dy] = [0, 1, 2].map(|which| numbers_of_all_kinds::<f32>(which, n));
        for op in ALL {
            let want = backward(&Cpu::with_threads(1).unwrap(), op, [&a, &b, &dy], None);
            let spec = Spec { len: n / 2, op };
            for (wants_a, wants_b) in [(true, true), (true, false), (false, true)] {
                let got = same_bits_for_any_threads(|cpu| {
                    // The last that is wanted holds dy.
                    let (mut da, mut db) = (if wants_b { unwritten(n) } else { dy.clone() }, dy.clone());
                    let args = Backward {
                        da: wants_a.then(|| grad(&mut da[..], false)),
                        db: wants_b.then(|| grad(&mut db[..], false)),
                        dy: None,
                        a: wants_b.then_some(&a[..]),
                        b: wants_a.then_some(&b[..]),
                    };
                    Kernel::backward(cpu, &spec, 2, args).unwrap();
                    vec![da, db]
                });
                for (wanted, got, want) in [(wants_a, &got[0], &want[0]), (wants_b, &got[1], &want[1])] {
                    if wanted {
                        assert_same(&format!("{op:?} of {n}, {wants_a} and {wants_b}"), got, want);
                    }
                }
            }
        }
    }
}

#[test]
fn the_first_gradient_may_be_added_to_where_the_last_holds_dy() {
    let (cpu, [a, b, dy]) = (double(), [0, 1, 2].map(|which| numbers::<f64>(which, 30)));
    for op in ALL {
        let (mut da, mut db) = (numbers(3, 30), dy.clone());
        let (to_a, to_b) = (Some(grad(&mut da[..], true)), Some(grad(&mut db[..], false)));
        let args = Backward { da: to_a, db: to_b, dy: None, a: Some(&a[..]), b: Some(&b[..]) };
        Kernel::backward(&cpu, &Spec { len: 30, op }, 1, args).unwrap();
        let before = numbers::<f64>(3, 30);
        assert_same("da", &da, &backward(&cpu, op, [&a, &b, &dy], Some(&before))[0]);
        assert_same("db", &db, &backward(&cpu, op, [&a, &b, &dy], None)[1]);
    }
}

#[test]
fn without_dy_the_last_gradient_must_hold_it_and_not_be_added_to() {
    let cpu = Cpu::with_threads(1).unwrap();
    let factor = Some(&[2.0; 3][..]);
    for op in ALL {
        let spec = Spec { len: 3, op };
        let (mut da, mut db) = ([7.0; 3], [7.0; 3]);
        for (to_a, to_b) in [(Some(false), Some(true)), (Some(true), None), (None, Some(true)), (None, None)]
        {
            let to_a = to_a.map(|add| grad(&mut da[..], add));
            let to_b = to_b.map(|add| grad(&mut db[..], add));
            let args = Backward { da: to_a, db: to_b, dy: None, a: factor, b: factor };
            assert_refused(Kernel::backward(&cpu, &spec, 1, args), &[da, db].concat());
        }
        // Nor may it be of another length.
        let args = Backward { da: Some(grad(&mut da[..2], false)), db: None, dy: None, a: factor, b: factor };
        assert_refused(Kernel::backward(&cpu, &spec, 1, args), &da);
    }
}

#[test]
fn a_product_needs_the_other_factor_alone() {
    let spec = Spec { len: 1, op: Arithmetic::Mul };
    let mut da = [0.0];
    let args = |b| Backward { da: None, db: None, dy: Some(&[2.0][..]), a: None, b };
    let three = &[3.0][..];
    let cpu = double();
    Kernel::backward(&cpu, &spec, 1, Backward { da: Some(grad(&mut da, false)), ..args(Some(three)) })
        .unwrap();
    assert_eq!(da, [6.0]);
    let missing = Kernel::backward(&cpu, &spec, 1, Backward { da: Some(grad(&mut da, false)), ..args(None) });
    assert!(matches!(missing, Err(Error::Internal { .. })));
}

use super::*;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, assert_same, cast, double, grad, numbers,
    same_bits_for_any_threads, unwritten, weighted,
};

/// y, mean, rstd.
fn forward<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    x: &[E],
    weight: Option<&[E]>,
    bias: Option<&[E]>,
) -> [Vec<E>; 3] {
    let rows = x.len() / spec.dim;
    let (mut y, mut mean, mut rstd) = (unwritten(x.len()), unwritten(rows), unwritten(rows));
    let args = Forward {
        y: &mut y[..],
        mean: Some(&mut mean[..]),
        rstd: Some(&mut rstd[..]),
        sum: None,
        dropped: None,
        x: Some(x),
        plus: None,
        mask: None,
        weight,
        bias,
    };
    Kernel::forward(cpu, spec, rows / spec.rows, args).unwrap();
    [y, mean, rstd]
}

/// dx, dweight, dbias, written, or added to `before`.
fn backward<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    [x, dy]: [&[E]; 2],
    weight: Option<&[E]>,
    before: Option<&[Vec<E>; 3]>,
) -> [Vec<E>; 3] {
    let [_, mean, rstd] = forward(cpu, spec, x, weight, None);
    let [mut dx, mut dweight, mut dbias] =
        before.cloned().unwrap_or_else(|| [unwritten(x.len()), unwritten(spec.dim), unwritten(spec.dim)]);
    let add = before.is_some();
    let args = Backward {
        dx: Some(grad(&mut dx, add)),
        dweight: Some(grad(&mut dweight, add)),
        dbias: Some(grad(&mut dbias, add)),
        dy: Some(dy),
        x,
        mean: &mean[..],
        rstd: &rstd[..],
        weight,
    };
    Kernel::backward(cpu, spec, x.len() / spec.dim / spec.rows, args).unwrap();
    [dx, dweight, dbias]
}

/// The formula, by naive loops.
fn oracle(x: &[f64], weight: &[f64], bias: &[f64], eps: f64) -> Vec<f64> {
    let n = weight.len() as f64;
    x.chunks(weight.len())
        .flat_map(|x| {
            let mean = x.iter().sum::<f64>() / n;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            (0..x.len()).map(move |i| (x[i] - mean) / (variance + eps).sqrt() * weight[i] + bias[i])
        })
        .collect()
}

#[test]
fn values_are_those_of_the_formula() {
    for dim in [1, 2, 31, 32, 33, 100] {
        let spec = Spec { rows: 3, dim, eps: 1e-3 };
        let (x, w, b) = (numbers::<f64>(0, 6 * dim), numbers::<f64>(1, dim), numbers::<f64>(2, dim));
        let (ones, zeros) = (vec![1.0; dim], vec![0.0; dim]);
        for (weight, bias) in [(None, None), (Some(&w), None), (Some(&w), Some(&b)), (None, Some(&b))] {
            let want = oracle(&x, weight.unwrap_or(&ones), bias.unwrap_or(&zeros), 1e-3);
            let [y, ..] = forward(&double(), &spec, &x, weight.map(|w| &w[..]), bias.map(|b| &b[..]));
            // About ten roundings at 1e-16 of numbers around 1, times rstd, at most 30.
            assert_close("f64", &y, &want, 1e-13);
            let single = Cpu::with_threads(2).unwrap();
            let [weight, bias] = [weight, bias].map(|p| p.map(|p| cast::<f64, f32>(p)));
            let [y, ..] = forward(&single, &spec, &cast(&x), weight.as_deref(), bias.as_deref());
            // As above, at 6e-8.
            assert_close("f32", &y, &want, 2e-5);
        }
    }
}

#[test]
fn a_large_mean_costs_no_more_digits_than_the_input_has_lost() {
    let spec = Spec { rows: 1, dim: 300, eps: 1e-5 };
    let x: Vec<f32> = numbers::<f32>(0, 300).iter().map(|x| 1000.0 + x).collect();
    let want = oracle(&cast(&x), &[1.0; 300], &[0.0; 300], 1e-5);
    let [y, ..] = forward(&Cpu::with_threads(1).unwrap(), &spec, &x, None, None);
    // The mean is known to half of 1000's last place, 3e-5; a variance by E(x^2) - E(x)^2 would be off by 0.1.
    assert_close("y", &y, &want, 1e-4);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for dim in [2, 5, 40] {
        let spec = Spec { rows: 2, dim, eps: 1e-2 };
        let (x, dy) = (numbers::<f64>(0, 4 * dim), numbers::<f64>(1, 4 * dim));
        let (w, b) = (numbers::<f64>(2, dim), numbers::<f64>(3, dim));
        let y = |x: &[f64], w: &[f64], b: &[f64]| forward(&double(), &spec, x, Some(w), Some(b))[0].clone();
        let written = backward(&double(), &spec, [&x, &dy], Some(&w), None);
        assert_gradient("dx", &x, &written[0], |x| weighted(&y(x, &w, &b), &dy));
        assert_gradient("dweight", &w, &written[1], |w| weighted(&y(&x, w, &b), &dy));
        assert_gradient("dbias", &b, &written[2], |b| weighted(&y(&x, &w, b), &dy));
        let before = [numbers(4, 4 * dim), numbers(5, dim), numbers(6, dim)];
        let added = backward(&double(), &spec, [&x, &dy], Some(&w), Some(&before));
        for i in 0..3 {
            assert_added("gradient", &before[i], &written[i], &added[i]);
        }
        let [dx, ..] = backward(&double(), &spec, [&x, &dy], None, None);
        assert_gradient("dx without weight", &x, &dx, |x| {
            weighted(&forward(&double(), &spec, x, None, None)[0], &dy)
        });
    }
}

/// Of x + plus: y, mean, rstd, and the sum if it is `stored`; y may be written over x.
fn forward_of_sum(
    cpu: &Cpu<f32>,
    spec: &Spec,
    [x, plus]: [&[f32]; 2],
    [weight, bias]: [Option<&[f32]>; 2],
    [stored, over]: [bool; 2],
) -> Vec<Vec<f32>> {
    let rows = x.len() / spec.dim;
    let (mut y, mut sum) = (if over { x.to_vec() } else { unwritten(x.len()) }, unwritten(x.len()));
    let [mut mean, mut rstd] = [(); 2].map(|()| unwritten(rows));
    let args = Forward {
        y: &mut y[..],
        mean: Some(&mut mean[..]),
        rstd: Some(&mut rstd[..]),
        sum: stored.then_some(&mut sum[..]),
        dropped: None,
        x: (!over).then_some(x),
        plus: Some(plus),
        mask: None,
        weight,
        bias,
    };
    Kernel::forward(cpu, spec, rows / spec.rows, args).unwrap();
    let mut results = vec![y, mean, rstd];
    results.extend(stored.then_some(sum));
    results
}

#[test]
fn of_a_sum_the_bits_are_those_of_the_sum_first() {
    // Blocks of rows that are held apart where a sum is made in place of y: of one, of several, of a part of one.
    for dim in [1, 3, 255, 256, 257, 700] {
        let spec = Spec { rows: 3, dim, eps: 1e-5 };
        let [mut x, plus] = [0, 1].map(|which| numbers::<f32>(which, 6 * dim));
        x[dim / 2] = f32::NAN;
        let [w, b] = [2, 3].map(|which| numbers::<f32>(which, dim));
        let cpu = Cpu::with_threads(1).unwrap();
        let sum: Vec<f32> = x.iter().zip(&plus).map(|(x, plus)| x + plus).collect();
        for params in [[None, None], [Some(&w), None], [Some(&w), Some(&b)], [None, Some(&b)]] {
            let params = params.map(|param| param.map(|param| &param[..]));
            let [weight, bias] = params;
            let mut want = forward(&cpu, &spec, &sum, weight, bias).to_vec();
            for (stored, over) in [(false, false), (false, true), (true, false), (true, true)] {
                want.truncate(3);
                want.extend(stored.then(|| sum.clone()));
                let got = same_bits_for_any_threads(|cpu| {
                    forward_of_sum(cpu, &spec, [&x, &plus], params, [stored, over])
                });
                for (got, want) in got.iter().zip(&want) {
                    assert_same(&format!("{spec:?}, stored {stored}, over {over}"), got, want);
                }
                assert_eq!(got.len(), want.len());
            }
        }
        let twice = forward_of_sum(&cpu, &spec, [&plus, &plus], [None; 2], [true, false]);
        assert_same("x + x", &twice[3], &plus.iter().map(|x| x + x).collect::<Vec<_>>());
    }
}

#[test]
fn absent_gradients_and_statistics_change_nothing_else() {
    let spec = Spec { rows: 2, dim: 37, eps: 1e-5 };
    let (x, dy) = (numbers::<f64>(0, 74), numbers::<f64>(1, 74));
    let [y, mean, rstd] = forward(&double(), &spec, &x, None, None);
    let mut alone = unwritten(74);
    let args = Forward {
        y: &mut alone[..],
        mean: None,
        rstd: None,
        sum: None,
        dropped: None,
        x: Some(&x[..]),
        plus: None,
        mask: None,
        weight: None,
        bias: None,
    };
    Kernel::forward(&double(), &spec, 1, args).unwrap();
    assert_eq!(alone, y);
    let [_, dweight, _] = backward(&double(), &spec, [&x, &dy], None, None);
    let mut alone = unwritten(37);
    let dw = Some(grad(&mut alone, false));
    let args = Backward {
        dx: None,
        dweight: dw,
        dbias: None,
        dy: Some(&dy[..]),
        x: &x[..],
        mean: &mean[..],
        rstd: &rstd[..],
        weight: None,
    };
    Kernel::backward(&double(), &spec, 1, args).unwrap();
    assert_eq!(alone, dweight);
}

#[test]
fn the_gradient_of_x_takes_the_place_of_that_of_y() {
    let cpu = Cpu::with_threads(2).unwrap();
    for dim in [5, 300] {
        let spec = Spec { rows: 40, dim, eps: 1e-5 };
        let (x, dy, weight) = (numbers::<f32>(0, 120 * dim), numbers::<f32>(1, 120 * dim), numbers(2, dim));
        for weight in [None, Some(&weight[..])] {
            let apart = backward(&cpu, &spec, [&x, &dy], weight, None);
            let [_, mean, rstd] = forward(&cpu, &spec, &x, weight, None);
            let run = |add| {
                let (mut dx, mut dw, mut db) = (dy.clone(), unwritten(dim), unwritten(dim));
                let args = Backward {
                    dx: Some(grad(&mut dx, add)),
                    dweight: Some(grad(&mut dw, false)),
                    dbias: Some(grad(&mut db, false)),
                    dy: None,
                    x: &x[..],
                    mean: &mean[..],
                    rstd: &rstd[..],
                    weight,
                };
                Kernel::backward(&cpu, &spec, 3, args).map(|()| [dx, dw, db])
            };
            assert_eq!(run(false).unwrap(), apart);
            assert!(run(true).is_err());
        }
    }
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays_in_its_row() {
    let spec = Spec { rows: 150, dim: 200, eps: 1e-5 };
    let (mut x, dy, weight) = (numbers::<f32>(0, 60_000), numbers::<f32>(1, 60_000), numbers(2, 200));
    x[1234] = f32::NAN;
    let all = same_bits_for_any_threads(|cpu| {
        let mut all = forward(cpu, &spec, &x, Some(&weight), Some(&weight)).to_vec();
        all.extend(backward(cpu, &spec, [&x, &dy], Some(&weight), None));
        all
    });
    let in_row = |i: usize| i / 200 == 1234 / 200;
    assert!((0..60_000).all(|i| all[0][i].is_nan() == in_row(i) && all[3][i].is_nan() == in_row(i)));
    assert!(all[4].iter().all(|g| g.is_nan()) && !all[5].iter().any(|g| g.is_nan()));
}

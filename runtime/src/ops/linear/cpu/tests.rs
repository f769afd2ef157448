//! Linear against plain loops in f64, and against finite differences.

use super::*;
use crate::device::Device;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, cast, double, grad, numbers, same_bits_for_any_threads,
    unwritten, weighted,
};
use crate::ops::dropout::{self, Mask};
use crate::rng::Key;

fn spec(rows: usize, inputs: usize, outputs: usize) -> Spec {
    Spec { rows, inputs, outputs, activation: None }
}

/// y = x W^T + b
fn plain(s: &Spec, x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
    let dot = |x: &[f64], w: &[f64]| x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
    x.chunks(s.inputs).flat_map(|x| w.chunks(s.inputs).zip(b).map(move |(w, b)| dot(x, w) + b)).collect()
}

fn run<E: Product>(
    cpu: &Cpu<E>,
    (s, batch): (&Spec, usize),
    [y, z]: [Option<&mut [E]>; 2],
    [x, weight]: [&[E]; 2],
    bias: Option<&[E]>,
) -> Result<(), Error> {
    Kernel::forward(cpu, s, batch, Forward { y, z, x, weight, bias, rounded: &mut [], mask: None })
}

fn forward<E: Product>(cpu: &Cpu<E>, s: &Spec, batch: usize, x: &[E], w: &[E], b: Option<&[E]>) -> Vec<E> {
    let mut y = unwritten(batch * s.rows * s.outputs);
    run(cpu, (s, batch), [Some(&mut y), None], [x, w], b).unwrap();
    y
}

#[test]
fn forward_is_x_times_the_transpose_of_w_plus_b() {
    for (batch, rows, inputs, outputs) in [(1, 1, 1, 1), (3, 2, 5, 7), (9, 1, 70, 65), (2, 20, 33, 10)] {
        let s = spec(rows, inputs, outputs);
        let (x, w) = (numbers::<f32>(1, batch * rows * inputs), numbers::<f32>(2, outputs * inputs));
        let b = numbers::<f32>(3, outputs);
        let (x64, w64): (Vec<f64>, Vec<f64>) = (cast(&x), cast(&w));
        let cpu = Cpu::with_threads(1).unwrap();
        // At most 70 products of normal numbers: sums around 10, each rounded 70 times by 6e-8.
        let y = forward(&cpu, &s, batch, &x, &w, Some(&b));
        assert_close("y", &y, &plain(&s, &x64, &w64, &cast(&b)), 2e-5);
        let y = forward(&cpu, &s, batch, &x, &w, None);
        assert_close("y without b", &y, &plain(&s, &x64, &w64, &vec![0.0; outputs]), 2e-5);
        let y = forward(&cpu.double(), &s, batch, &x64, &w64, Some(&cast(&b)));
        assert_close("y in f64", &y, &plain(&s, &x64, &w64, &cast(&b)), 1e-13);
    }
}

struct Gradients<E> {
    dx: Vec<E>,
    dw: Vec<E>,
    db: Vec<E>,
}

/// All gradients: written if `before` is absent, added to it if it is there.
fn backward<E: Product>(
    cpu: &Cpu<E>,
    s: &Spec,
    [dy, x, w]: [&[E]; 3],
    before: Option<&Gradients<E>>,
) -> Gradients<E> {
    let start = |len, at: Option<&Vec<E>>| at.cloned().unwrap_or_else(|| unwritten(len));
    let mut dx = start(x.len(), before.map(|g| &g.dx));
    let mut dw = start(w.len(), before.map(|g| &g.dw));
    let mut db = start(s.outputs, before.map(|g| &g.db));
    let args = Backward {
        dx: Some(grad(&mut dx, before.is_some())),
        dweight: Some(grad(&mut dw, before.is_some())),
        dbias: Some(grad(&mut db, before.is_some())),
        dy,
        x: Some(x),
        weight: w,
        rounded: &mut [][..],
    };
    Kernel::backward(cpu, s, x.len() / (s.rows * s.inputs), args).unwrap();
    Gradients { dx, dw, db }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let (cpu, s, batch) = (double(), spec(2, 5, 7), 3);
    let (x, w, b) = (numbers(1, batch * 2 * 5), numbers(2, 7 * 5), numbers(3, 7));
    let dy = numbers(4, batch * 2 * 7);
    let g = backward(&cpu, &s, [&dy, &x, &w], None);
    assert_gradient("dx", &x, &g.dx, |x| weighted(&forward(&cpu, &s, batch, x, &w, Some(&b)), &dy));
    assert_gradient("dw", &w, &g.dw, |w| weighted(&forward(&cpu, &s, batch, &x, w, Some(&b)), &dy));
    assert_gradient("db", &b, &g.db, |b| weighted(&forward(&cpu, &s, batch, &x, &w, Some(b)), &dy));
}

#[test]
fn gradients_are_the_plain_sums_at_sizes_that_are_cut() {
    // More rows than are summed in order, and more columns than a task has.
    let (s, batch) = (spec(10, 30, 70), 30);
    let (x, w, dy) = (numbers::<f32>(1, 300 * 30), numbers::<f32>(2, 70 * 30), numbers::<f32>(3, 300 * 70));
    assert_eq!(x.len(), batch * s.rows * s.inputs);
    let g = backward(&Cpu::with_threads(2).unwrap(), &s, [&dy, &x, &w], None);
    let at = |i: usize, j: usize, of: &[f32], cols: usize| f64::from(of[i * cols + j]);
    let sums = |rows: usize, cols: usize, terms: usize, term: &dyn Fn(usize, usize, usize) -> f64| {
        let sum = |i: usize| (0..terms).map(|l| term(i / cols, i % cols, l)).sum::<f64>();
        (0..rows * cols).map(sum).collect::<Vec<f64>>()
    };
    // 300 rounded products: sums around 20, each rounded 300 times by 6e-8, at random.
    let dx = sums(300, 30, 70, &|i, j, o| at(i, o, &dy, 70) * at(o, j, &w, 30));
    assert_close("dx", &g.dx, &dx, 2e-5);
    let dw = sums(70, 30, 300, &|o, j, i| at(i, o, &dy, 70) * at(i, j, &x, 30));
    assert_close("dw", &g.dw, &dw, 2e-5);
    let db = sums(1, 70, 300, &|_, o, i| at(i, o, &dy, 70));
    assert_close("db", &g.db, &db, 2e-5);
}

#[test]
fn gradients_are_added_where_they_should_be() {
    let (cpu, s) = (double(), spec(1, 6, 9));
    let (x, w, dy) = (numbers(1, 4 * 6), numbers(2, 9 * 6), numbers(3, 4 * 9));
    let written = backward(&cpu, &s, [&dy, &x, &w], None);
    let before = Gradients { dx: numbers(4, 4 * 6), dw: numbers(5, 9 * 6), db: numbers(6, 9) };
    let added = backward(&cpu, &s, [&dy, &x, &w], Some(&before));
    assert_added("dx", &before.dx, &written.dx, &added.dx);
    assert_added("dw", &before.dw, &written.dw, &added.dw);
    assert_added("db", &before.db, &written.db, &added.db);
}

#[test]
fn the_gradient_of_x_takes_its_place_once_it_is_read() {
    let (cpu, s) = (Cpu::with_threads(2).unwrap(), spec(20, 30, 70));
    let (x, w, dy) = (numbers::<f32>(1, 60 * 30), numbers::<f32>(2, 70 * 30), numbers::<f32>(3, 60 * 70));
    let apart = backward(&cpu, &s, [&dy, &x, &w], None);
    let run = |x: Option<&[f32]>, held: Option<&[f32]>, add: bool| {
        let (mut dx, mut dw) = (held.unwrap_or_default().to_vec(), unwritten(w.len()));
        let to = held.map(|_| grad(&mut dx, add));
        let (dweight, rounded) = (Some(grad(&mut dw, false)), &mut [][..]);
        let args = Backward { dx: to, dweight, dbias: None, dy: &dy[..], x, weight: &w[..], rounded };
        Kernel::backward(&cpu, &s, 3, args).map(|()| (dx, dw))
    };
    let (dx, dw) = run(None, Some(&x), false).unwrap();
    assert!(same(&dx, &apart.dx) && same(&dw, &apart.dw));
    // What is to be added to is not x, and without both there is none.
    assert!(run(Some(&x), Some(&x), true).is_ok());
    assert!(run(None, Some(&x), true).is_err() && run(None, None, false).is_err());
}

#[test]
fn fused_or_not_an_activation_has_the_same_bits() {
    let cpu = Cpu::with_threads(2).unwrap();
    let (batch, rows, inputs, outputs) = (5, 20, 60, 137);
    let (x, w) = (numbers::<f32>(1, batch * rows * inputs), numbers(2, outputs * inputs));
    let b = numbers(3, outputs);
    let y = forward(&cpu, &spec(rows, inputs, outputs), batch, &x, &w, Some(&b));
    for activation in Activation::ALL {
        let s = Spec { activation: Some(activation), ..spec(rows, inputs, outputs) };
        let mut alone = unwritten::<f32>(y.len());
        let one = crate::ops::activation::Spec { len: rows * outputs, activation };
        let args = crate::ops::activation::Forward { y: &mut alone[..], x: &y[..], mask: None };
        crate::ops::activation::Kernel::forward(&cpu, &one, batch, args).unwrap();
        for keep in [true, false] {
            let (mut kept, mut z) = (unwritten::<f32>(y.len()), unwritten::<f32>(y.len()));
            let to = [keep.then_some(&mut kept[..]), Some(&mut z)];
            run(&cpu, (&s, batch), to, [&x, &w], Some(&b)).unwrap();
            assert!(same(&z, &alone), "{activation:?}, y kept: {keep}");
            assert!(!keep || same(&kept, &y), "y beside {activation:?}");
        }
    }
}

#[test]
fn what_is_dropped_out_has_the_bits_of_a_dropout_behind() {
    let (cpu, batch, rows, inputs, outputs) = (Cpu::with_threads(2).unwrap(), 5, 20, 60, 137);
    let (x, w) = (numbers::<f32>(1, batch * rows * inputs), numbers::<f32>(2, outputs * inputs));
    let mask = Mask { key: Key { seed: 1, step: 2, node: 3 }, p: 0.4 };
    let s = Spec { activation: Some(Activation::Gelu), ..spec(rows, inputs, outputs) };
    let (mut y, mut z) = (unwritten::<f32>(batch * rows * outputs), unwritten::<f32>(batch * rows * outputs));
    run(&cpu, (&s, batch), [Some(&mut y), Some(&mut z)], [&x, &w], None).unwrap();
    let mut want = unwritten::<f32>(z.len());
    let args = dropout::Forward { y: &mut want[..], x: &z[..], key: mask.key };
    dropout::Kernel::forward(&cpu, &dropout::Spec { len: rows * outputs, p: mask.p }, batch, args).unwrap();
    for keep in [true, false] {
        let (mut kept, mut left) = (unwritten::<f32>(z.len()), unwritten::<f32>(z.len()));
        let args = Forward {
            y: keep.then_some(&mut kept[..]),
            z: Some(&mut left[..]),
            x: &x[..],
            weight: &w[..],
            bias: None,
            rounded: &mut [][..],
            mask: Some(mask),
        };
        Kernel::forward(&cpu, &s, batch, args).unwrap();
        assert!(same(&left, &want) && (!keep || same(&kept, &y)), "y kept: {keep}");
    }
    let plain = Spec { activation: None, ..s };
    let args = Forward {
        y: Some(&mut y[..]),
        z: None,
        x: &x[..],
        weight: &w[..],
        bias: None,
        rounded: &mut [][..],
        mask: Some(mask),
    };
    let refused = Kernel::forward(&cpu, &plain, batch, args);
    assert!(matches!(refused, Err(Error::Internal { .. })), "{refused:?}");
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|a| a.to_bits()).eq(b.iter().map(|b| b.to_bits()))
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    // Enough for several tasks in each of the three products.
    let (s, batch) = (Spec { activation: Some(Activation::Gelu), ..spec(25, 90, 130) }, 8);
    let (x, w) = (numbers::<f32>(1, 200 * 90), numbers::<f32>(2, 130 * 90));
    let (b, dy) = (numbers::<f32>(3, 130), numbers::<f32>(4, 200 * 130));
    same_bits_for_any_threads(|cpu| {
        let (mut y, mut z) = (unwritten(200 * 130), unwritten(200 * 130));
        run(cpu, (&s, batch), [Some(&mut y), Some(&mut z)], [&x, &w], Some(&b)).unwrap();
        let g = backward(cpu, &s, [&dy, &x, &w], None);
        vec![y, z, g.dx, g.dw, g.db]
    });
}

#[test]
fn nan_in_gives_nan_out() {
    let cpu = Cpu::with_threads(1).unwrap();
    let s = Spec { activation: Some(Activation::Relu), ..spec(1, 3, 2) };
    let (mut x, w) = (vec![0.0; 6], vec![0.0; 6]);
    x[1] = f32::NAN;
    let (mut y, mut z) = ([0.0; 4], [0.0; 4]);
    run(&cpu, (&s, 2), [Some(&mut y), Some(&mut z)], [&x, &w], None).unwrap();
    assert_eq!(y.map(f32::is_nan), [true, true, false, false]);
    assert_eq!(z.map(f32::is_nan), [true, true, false, false]);
    let dy = [f32::NAN, 0.0, 0.0, 0.0];
    let x = [0.0; 6];
    let g = backward(&cpu, &s, [&dy, &x, &w], None);
    assert!(g.dx[..3].iter().all(|v| v.is_nan()) && g.dx[3..].iter().all(|v| !v.is_nan()));
    assert!(g.dw[..3].iter().all(|v| v.is_nan()) && g.dw[3..].iter().all(|v| !v.is_nan()));
    assert!(g.db[0].is_nan() && !g.db[1].is_nan());
}

#[test]
fn arguments_that_do_not_go_together_are_errors() {
    let cpu = Cpu::with_threads(1).unwrap();
    let s = spec(1, 3, 2);
    let (x, w) = ([0.0_f32; 6], [0.0_f32; 6]);
    let try_with = |s: &Spec, y: Option<usize>, z: Option<usize>, x: &[f32], bias: Option<&[f32]>| {
        let (mut y, mut z) = (y.map(|len| vec![0.0; len]), z.map(|len| vec![0.0; len]));
        run(&cpu, (s, 2), [y.as_deref_mut(), z.as_deref_mut()], [x, &w], bias)
    };
    let fused = Spec { activation: Some(Activation::Relu), ..s };
    assert_eq!(try_with(&s, Some(4), None, &x, None), Ok(()));
    let refused = [
        try_with(&s, Some(3), None, &x, None),
        try_with(&s, Some(4), None, &x[1..], None),
        try_with(&s, Some(4), None, &x, Some(&[0.0])),
        try_with(&s, Some(4), Some(4), &x, None),
        try_with(&fused, Some(4), None, &x, None),
        try_with(&fused, Some(4), Some(5), &x, None),
    ];
    assert!(refused.iter().all(|r| matches!(r, Err(Error::Internal { .. }))), "{refused:?}");
}

/// Both element types are devices that Linear runs on.
#[test]
fn linear_runs_in_f32_and_f64() {
    fn runs<D: Device + Kernel>() {}
    runs::<Cpu<f32>>();
    runs::<Cpu<f64>>();
}

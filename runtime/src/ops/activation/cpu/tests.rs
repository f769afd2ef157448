use super::*;
use crate::cpu::gemm::Product;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, assert_refused, assert_same, cast, double, grad, numbers,
    numbers_of_all_kinds, same_bits_for_any_threads, unwritten, weighted,
};
use crate::ops::{dropout, linear};
use crate::rng::Key;

fn forward<E: Float>(cpu: &Cpu<E>, activation: Activation, batch: usize, x: &[E]) -> Vec<E> {
    let mut y = unwritten(x.len());
    let spec = Spec { len: x.len() / batch, activation };
    Kernel::forward(cpu, &spec, batch, Forward { y: &mut y, x, mask: None }).unwrap();
    y
}

/// dx, from what the activation reads.
fn backward<E: Float>(
    cpu: &Cpu<E>,
    activation: Activation,
    x: &[E],
    dy: &[E],
    before: Option<&[E]>,
) -> Vec<E> {
    let mut dx = before.map_or_else(|| unwritten(x.len()), <[E]>::to_vec);
    let y = forward(cpu, activation, 1, x);
    let saved = if reads_y(activation) { &y } else { x };
    let args =
        Backward { dx: Some(grad(&mut dx, before.is_some())), dbias: None, dy: Some(dy), saved, mask: None };
    Kernel::backward(cpu, &Spec { len: x.len(), activation }, 1, args).unwrap();
    dx
}

/// The same, over dy.
fn backward_over<E: Float>(cpu: &Cpu<E>, activation: Activation, x: &[E], dy: &[E]) -> Vec<E> {
    let mut dx = dy.to_vec();
    let y = forward(cpu, activation, 1, x);
    let saved = if reads_y(activation) { &y } else { x };
    let args = Backward { dx: Some(grad(&mut dx, false)), dbias: None, dy: None, saved, mask: None };
    Kernel::backward(cpu, &Spec { len: x.len(), activation }, 1, args).unwrap();
    dx
}

fn reads_y(activation: Activation) -> bool {
    matches!(activation, Activation::Relu | Activation::Sigmoid | Activation::Tanh)
}

/// The definitions, in f64; Phi by the trapezoidal rule, whose error for a smooth function that
/// vanishes at one end is that of the other end alone, removed by the first Euler-Maclaurin term.
fn oracle(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Relu => x.max(0.0),
        Activation::Gelu => x * phi(x),
        Activation::GeluTanh => {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            0.5 * x * (1.0 + u.tanh())
        }
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
    }
}

fn phi(x: f64) -> f64 {
    let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let h = (x + 15.0) / 20_000.0;
    let inner: f64 = (1..20_000).map(|i| density(x - h * f64::from(i))).sum();
    h * (inner + density(x) / 2.0) + h * h / 12.0 * x * density(x)
}

#[test]
fn values_are_those_of_the_definition() {
    let x: Vec<f64> = (-60..=60).map(|i| f64::from(i) * 0.13).chain([0.0, -0.0, 30.0]).collect();
    for activation in Activation::ALL {
        let want: Vec<f64> = x.iter().map(|x| oracle(activation, *x)).collect();
        // Both a few units in the last place; the oracle of Gelu integrates to about 1e-13.
        assert_close("f64", &forward(&double(), activation, 2, &x), &want, 1e-12);
        let single = Cpu::with_threads(2).unwrap();
        assert_close("f32", &forward(&single, activation, 2, &cast::<f64, f32>(&x)), &want, 1e-6);
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let (x, dy) = (numbers::<f64>(0, 60), numbers::<f64>(1, 60));
    for activation in Activation::ALL {
        let dx = backward(&double(), activation, &x, &dy, None);
        assert_gradient("dx", &x, &dx, |x| weighted(&forward(&double(), activation, 1, x), &dy));
        let before = numbers(2, 60);
        assert_added("dx", &before, &dx, &backward(&double(), activation, &x, &dy, Some(&before)));
    }
}

#[test]
fn bits_do_not_depend_on_threads_and_a_recompute_gives_them_again() {
    let n = 3 * 16_384 + 5;
    let (x, dy) = (numbers(0, n), numbers(1, n));
    for activation in Activation::ALL {
        same_bits_for_any_threads(|cpu| {
            vec![forward(cpu, activation, 1, &x), backward(cpu, activation, &x, &dy, None)]
        });
    }
}

#[test]
fn over_dy_it_is_the_same() {
    for n in [1, 77, 256, 3 * 16_384 + 5] {
        let (x, dy) = (numbers_of_all_kinds::<f32>(0, n), numbers_of_all_kinds::<f32>(1, n));
        for activation in Activation::ALL {
            let what = format!("{activation:?} of {n}");
            let over = same_bits_for_any_threads(|cpu| vec![backward_over(cpu, activation, &x, &dy)]);
            let cpu = Cpu::with_threads(1).unwrap();
            assert_same(&what, &over[0], &backward(&cpu, activation, &x, &dy, None));
            let (cpu, x, dy) = (double(), cast::<f32, f64>(&x), cast::<f32, f64>(&dy));
            let over = backward_over(&cpu, activation, &x, &dy);
            assert_same(&what, &over, &backward(&cpu, activation, &x, &dy, None));
        }
    }
}

#[test]
fn without_dy_a_gradient_must_hold_it_and_not_be_added_to() {
    let cpu = Cpu::with_threads(1).unwrap();
    let spec = Spec { len: 3, activation: Activation::Relu };
    let (mut dx, saved) = ([7.0; 3], &[1.0; 3][..]);
    let args = Backward { dx: Some(grad(&mut dx[..], true)), dbias: None, dy: None, saved, mask: None };
    assert_refused(Kernel::backward(&cpu, &spec, 1, args), &dx);
    let args = Backward { dx: None, dbias: None, dy: None, saved, mask: None };
    assert_refused(Kernel::backward(&cpu, &spec, 1, args), &dx);
}

/// dx and dbias of one call, with dx over dy or not, or, as they are told apart, of this and of a Linear's.
fn summed<E: Product>(
    cpu: &Cpu<E>,
    activation: Activation,
    [x, dy, before]: [&[E]; 3],
    over: bool,
    apart: bool,
) -> Vec<Vec<E>> {
    let (mut dx, mut db) = (if over { dy.to_vec() } else { unwritten(x.len()) }, before.to_vec());
    let y = forward(cpu, activation, 1, x);
    let (saved, outputs) = (if reads_y(activation) { &y } else { x }, db.len());
    let mut dbias = Some(grad(&mut db[..], true));
    let one = dbias.take_if(|_| !apart);
    let args = Backward {
        dx: Some(grad(&mut dx[..], false)),
        dbias: one,
        dy: (!over).then_some(dy),
        saved,
        mask: None,
    };
    Kernel::backward(cpu, &Spec { len: x.len(), activation }, 1, args).unwrap();
    let weight = unwritten(outputs);
    let args = linear::Backward {
        dx: None,
        dweight: None,
        dbias,
        dy: &dx[..],
        x: None,
        weight: &weight[..],
        rounded: &mut [][..],
    };
    let spec = linear::Spec { rows: x.len() / outputs, inputs: 1, outputs, activation: None };
    linear::Kernel::backward(cpu, &spec, 1, args).unwrap();
    vec![dx, db]
}

#[test]
fn the_gradient_of_a_bias_has_the_bits_that_its_own_layer_gives_it() {
    for (rows, outputs) in [(1, 1), (3, 5), (1, 64), (129, 65), (300, 33), (257, 200)] {
        let n = rows * outputs;
        let (x, dy) = (numbers_of_all_kinds::<f32>(0, n), numbers_of_all_kinds::<f32>(1, n));
        let before = numbers::<f32>(2, outputs);
        for (activation, over) in Activation::ALL.into_iter().flat_map(|one| [(one, false), (one, true)]) {
            let what = format!("{activation:?} of {rows} x {outputs}, over dy: {over}");
            let from = [&x[..], &dy, &before];
            let got = same_bits_for_any_threads(|cpu| summed(cpu, activation, from, over, false));
            let want = summed(&Cpu::with_threads(1).unwrap(), activation, from, over, true);
            got.iter().zip(&want).for_each(|(got, want)| assert_same(&what, got, want));
            let from = [cast::<f32, f64>(&x), cast(&dy), cast(&before)];
            let [got, want] = [false, true]
                .map(|apart| summed(&double(), activation, from.each_ref().map(|x| &x[..]), over, apart));
            got.iter().zip(&want).for_each(|(got, want)| assert_same(&what, got, want));
        }
    }
}

#[test]
fn the_gradient_of_a_bias_is_of_whole_rows_that_are_written() {
    let cpu = Cpu::with_threads(1).unwrap();
    let spec = Spec { len: 6, activation: Activation::Relu };
    let saved = &[1.0; 6][..];
    for (there, add, outputs) in [(true, true, 3), (false, false, 3), (true, false, 4), (true, false, 0)] {
        let (mut dx, mut db) = ([7.0; 6], [7.0; 6]);
        let to = there.then(|| grad(&mut dx[..], add));
        let dbias = Some(grad(&mut db[..outputs], false));
        let refused =
            Kernel::backward(&cpu, &spec, 1, Backward { dx: to, dbias, dy: Some(saved), saved, mask: None });
        assert_refused(refused, &[dx, db].concat());
    }
}

const MASK: Mask = Mask { key: Key { seed: 5, step: 6, node: 7 }, p: 0.3 };

/// y, then dx and dbias, of one call each, or of one for the activation and one for the dropout behind it.
fn dropped<E: Product>(
    cpu: &Cpu<E>,
    activation: Activation,
    [x, dy]: [&[E]; 2],
    outputs: usize,
    (over, add): (bool, bool),
    apart: bool,
) -> Vec<Vec<E>> {
    let (len, key, own) = (x.len(), MASK.key, (!apart).then_some(MASK));
    let (spec, dropout) = (Spec { len, activation }, dropout::Spec { len, p: MASK.p });
    let (mut y, mut z) = (unwritten(len), unwritten(len));
    Kernel::forward(cpu, &spec, 1, Forward { y: &mut y, x, mask: own }).unwrap();
    let mut from = dy.to_vec();
    if apart {
        dropout::Kernel::forward(cpu, &dropout, 1, dropout::Forward { y: &mut z, x: &y, key }).unwrap();
        let args = dropout::Backward { dx: Some(grad(&mut from, false)), dbias: None, dy: None, key };
        dropout::Kernel::backward(cpu, &dropout, 1, args).unwrap();
    }
    let (mut dx, mut db) = (if over { from.clone() } else { numbers(3, len) }, numbers(4, outputs));
    let dbias = (!add).then(|| grad(&mut db[..], true));
    let saved = if reads_y(activation) { &y } else { x };
    let dy = (!over).then_some(&from[..]);
    let args = Backward { dx: Some(grad(&mut dx, add)), dbias, dy, saved, mask: own };
    Kernel::backward(cpu, &spec, 1, args).unwrap();
    vec![if apart { z } else { y }, dx, db]
}

/// Of `Relu` too, whose backward reads y before it is dropped out, or what is left of it; which is not a number where y is
/// infinite and dropped, and then neither is dx.
#[test]
fn what_is_dropped_out_in_the_same_call_has_the_bits_of_two() {
    for (rows, outputs) in [(1, 1), (1, 63), (3, 64), (5, 65), (257, 200)] {
        let n = rows * outputs;
        let (all, dy) = (numbers_of_all_kinds::<f32>(0, n), numbers_of_all_kinds::<f32>(1, n));
        for activation in [Activation::Relu, Activation::Gelu, Activation::GeluTanh, Activation::Silu] {
            let infinite = |x: f32| activation == Activation::Relu && x == f32::INFINITY;
            let x: Vec<f32> = all.iter().map(|x| if infinite(*x) { 1e30 } else { *x }).collect();
            for form in [(false, false), (true, false), (false, true)] {
                let what = format!("{activation:?} of {rows} x {outputs}, over dy and added to: {form:?}");
                let run = |cpu: &Cpu, apart| dropped(cpu, activation, [&x, &dy], outputs, form, apart);
                let got = same_bits_for_any_threads(|cpu| run(cpu, false));
                let want = run(&Cpu::with_threads(1).unwrap(), true);
                got.iter().zip(&want).for_each(|(got, want)| assert_same(&what, got, want));
                let [x, dy] = [cast::<f32, f64>(&x), cast(&dy)];
                let [got, want] = [false, true]
                    .map(|apart| dropped(&double(), activation, [&x, &dy], outputs, form, apart));
                got.iter().zip(&want).for_each(|(got, want)| assert_same(&what, got, want));
            }
        }
    }
}

#[test]
fn what_is_left_of_a_value_is_no_value_that_a_slope_is_a_function_of() {
    let (cpu, mask) = (Cpu::with_threads(1).unwrap(), Some(MASK));
    for activation in [Activation::Sigmoid, Activation::Tanh] {
        let (spec, saved, mut to) = (Spec { len: 2, activation }, &[0.5; 2][..], [7.0; 2]);
        let forward = Forward { y: &mut to[..], x: saved, mask };
        assert_refused(Kernel::forward(&cpu, &spec, 1, forward), &to);
        let args = Backward { dx: Some(grad(&mut to[..], false)), dbias: None, dy: Some(saved), saved, mask };
        assert_refused(Kernel::backward(&cpu, &spec, 1, args), &to);
    }
}

#[test]
fn the_epilogue_gives_the_bits_of_the_kernel() {
    struct Epilogue<'a>(Activation, &'a mut [f32], &'a [f32]);
    impl Job for Epilogue<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self) {
            apply::<S, f32>(self.0, self.1, self.2);
        }
    }
    let x = numbers(0, 100);
    let cpu = Cpu::with_threads(1).unwrap();
    for activation in Activation::ALL {
        let mut y = unwritten(100);
        cpu.pool().level().run(Epilogue(activation, &mut y, &x));
        assert_eq!(y, forward(&cpu, activation, 1, &x));
    }
}

#[test]
fn nan_stays_nan_and_large_numbers_have_the_limits_as_gradients() {
    let cpu = Cpu::with_threads(1).unwrap();
    for activation in Activation::ALL {
        let all_nan = |y: Vec<f32>| y.iter().all(|y| y.is_nan());
        assert!(all_nan(forward(&cpu, activation, 1, &[f32::NAN; 20])), "{activation:?}");
        assert!(all_nan(backward(&cpu, activation, &[f32::NAN; 20], &[1.0; 20], None)), "{activation:?}");
        assert!(all_nan(backward(&cpu, activation, &[-1.0; 20], &[f32::NAN; 20], None)), "{activation:?}");
        let limits = backward(&cpu, activation, &[1e30, -1e30], &[1.0; 2], None);
        let bounded = matches!(activation, Activation::Sigmoid | Activation::Tanh);
        assert_eq!(limits, [if bounded { 0.0 } else { 1.0 }, 0.0], "{activation:?}");
    }
}

#[test]
fn slices_of_other_lengths_are_refused() {
    let cpu = Cpu::with_threads(1).unwrap();
    let args = Forward { y: &mut [0.0; 3][..], x: &[0.0; 4][..], mask: None };
    let spec = Spec { len: 4, activation: Activation::Relu };
    assert!(matches!(Kernel::forward(&cpu, &spec, 1, args), Err(Error::Internal { .. })));
}

//! Gradients against central differences, in f64.

use remat::Cpu;
use remat::model::Workspace;
use remat::ndarray::ArrayD;
use remat::rng::{self, Key};

use crate::case::{Case, Data};

/// The step of the differences. Both stencils are of fourth order: they leave out `STEP^4 f5 / 30`, which
/// is 1e-16 for a fifth derivative `f5` of 1, and they round to `EPSILON |loss| / STEP`, 1e-12 for a loss of 1.
/// Gradients here are about 1e-3 to 1, so either error is below 1e-8 of them.
const STEP: f64 = 1.0 / 4096.0;
/// How much a gradient may be off, relative to its difference and to the typical size of the gradients
/// of its parameter. A hundred times the error of the differences; a wrong term, even one of a smoothing
/// of 0.1 over ten classes, is off by a thousand times more.
const TOLERANCE: f64 = 1e-6;
/// How much the two stencils of a point may be apart before it is taken for a kink: less than what would
/// make a right gradient fail.
const AGREEMENT: f64 = 1e-7;
/// Samples of a batch: several, so that mixing them up shows.
const BATCH: usize = 3;

/// The derivative at a point, by a stencil of step `STEP / 2`, and how far one of step `STEP` is from it.
struct Difference {
    value: f64,
    apart: f64,
}

impl Difference {
    /// Of `f`, whose argument is the distance to the point.
    fn of(mut f: impl FnMut(f64) -> f64) -> Self {
        let mut odd = |step: f64| f(step) - f(-step);
        let (half, one, two) = (odd(STEP / 2.0), odd(STEP), odd(2.0 * STEP));
        let stencil = |near: f64, far: f64, step: f64| (8.0 * near - far) / (12.0 * step);
        let value = stencil(half, one, STEP / 2.0);
        Self { value, apart: (stencil(one, two, STEP) - value).abs() }
    }
}

/// Compares every element of every gradient with the difference of the losses around it; panics at the
/// first that is off, and at a point whose difference is no oracle, a kink being nearer than two steps.
pub fn check<C: Case<Elem = f64>>(seed: u64) {
    let cpu = Cpu::with_threads(1).expect("a device").double();
    let mut model = C::create(&cpu, seed).expect("a model");
    scatter(&mut model, seed);
    let data = Data::random(C::PORTS, BATCH, seed);
    let mut ws = model.workspace(BATCH).expect("a workspace");
    let loss = model.train(&mut ws, &data).expect("a loss");
    let grads: Vec<_> = ws.grads().iter().collect::<Result<_, _>>().expect("gradients");
    let named: Vec<_> = grads.iter().map(|(name, _)| *name).collect();
    let trained: Vec<_> = C::PARAMS.iter().filter(|p| !p.frozen).map(|p| p.path).collect();
    assert!(named == trained && !named.is_empty(), "{}: gradients of {named:?}, not of {trained:?}", C::NAME);
    for (name, grad) in &grads {
        let found = differences(&mut model, &mut ws, &data, name);
        compare(&format!("{}: `{name}`", C::NAME), grad, &found, loss);
    }
}

/// Moves all parameters, so that no weight is 1 and no bias 0.
fn scatter<C: Case<Elem = f64>>(model: &mut C, seed: u64) {
    for (node, spec) in (0..).zip(C::PARAMS) {
        let mut param = model.params().get(spec.path).expect("a parameter");
        let key = Key { seed, step: 1, node };
        (0..).zip(param.iter_mut()).for_each(|(i, x)| *x += 0.2 * rng::normal(key, i));
        model.params_mut().set(spec.path, param.view()).expect("a parameter of the same shape");
    }
}

fn differences<C: Case<Elem = f64>>(
    model: &mut C,
    ws: &mut Workspace<C>,
    data: &Data<f64>,
    name: &str,
) -> Vec<Difference> {
    let start = model.params().get(name).expect("a parameter");
    let mut moved = start.clone();
    let mut found = vec![];
    for (i, at) in start.iter().enumerate() {
        let difference = Difference::of(|by| {
            moved.as_slice_mut().expect("a dense array")[i] = at + by;
            model.params_mut().set(name, moved.view()).expect("a parameter of the same shape");
            model.train(ws, data).expect("a loss")
        });
        found.push(difference);
        moved.as_slice_mut().expect("a dense array")[i] = *at;
    }
    model.params_mut().set(name, start.view()).expect("a parameter of the same shape");
    found
}

fn compare(what: &str, grad: &ArrayD<f64>, differences: &[Difference], loss: f64) {
    assert_eq!(grad.len(), differences.len(), "{what}");
    let typical = (differences.iter().map(|d| d.value.powi(2)).sum::<f64>() / grad.len() as f64).sqrt();
    // What the rounding of the losses alone makes of a difference, with a margin of two. Some elements are no
    // more than that: rows of an embedding that no id names, a bias before a softmax.
    let rounding = 8.0 * f64::EPSILON * loss.abs().max(1.0) / STEP;
    // Where they are more, rounding takes no more than the tolerance does.
    assert!(
        typical > rounding / TOLERANCE,
        "{what}: differences of {typical:e} are rounding, and show nothing"
    );
    for (i, (grad, difference)) in grad.iter().zip(differences).enumerate() {
        let Difference { value, apart } = *difference;
        let scale = value.abs() + typical;
        assert!(
            apart <= AGREEMENT * scale + rounding,
            "{what}, element {i}: the differences {value:e} of two steps are {apart:e} apart, so a kink is near"
        );
        let off = (grad - value).abs();
        assert!(
            off <= TOLERANCE * scale + rounding,
            "{what}, element {i}: {grad:e} but the difference is {value:e}, off by {:e} of {scale:e}",
            off / scale
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_the_derivative_to_ten_digits() {
        for x in [-1.0f64, 0.3, 2.0] {
            let found = Difference::of(|by| (x + by).sin() * (x + by).exp());
            let exact = (x.sin() + x.cos()) * x.exp();
            assert!((found.value - exact).abs() < 1e-10 && found.apart < 1e-10, "{x}");
        }
    }

    /// A gradient of two elements, the second off by `off`, at a loss of 1.
    fn off_by(off: f64) {
        let found = [0.5, -2.0].map(|slope| Difference::of(|by| 1.0 + slope * by));
        compare("it", &ArrayD::from_shape_vec(vec![2], vec![0.5, -2.0 + off]).unwrap(), &found, 1.0);
    }

    #[test]
    fn a_gradient_may_be_off_by_less_than_the_tolerance() {
        off_by(2e-6);
    }

    #[test]
    #[should_panic(expected = "it, element 1: -1.99999e0 but the difference is -2e0")]
    fn a_gradient_that_is_off_is_refused() {
        off_by(1e-5);
    }

    #[test]
    #[should_panic(expected = "it, element 1: NaN")]
    fn a_gradient_that_is_no_number_is_refused() {
        off_by(f64::NAN);
    }

    #[test]
    #[should_panic(expected = "so a kink is near")]
    fn a_kink_within_two_steps_is_found() {
        let found = [Difference::of(|by| by + (by - 1.9 * STEP).max(0.0))];
        compare("it", &ArrayD::ones(vec![1]), &found, 1.0);
    }

    #[test]
    #[should_panic(expected = "and show nothing")]
    fn differences_of_nothing_are_refused() {
        compare("it", &ArrayD::zeros(vec![1]), &[Difference::of(|_| 1.0)], 1.0);
    }
}

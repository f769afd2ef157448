use super::*;
use crate::ops::check::{
    assert_added, assert_gradient, double, grad, numbers, same_bits_for_any_threads, unwritten, weighted,
};

const SPEC: Spec = Spec { outer: 2, inner: 3, parts: &[2, 1, 4] };

fn forward<E: Float>(cpu: &Cpu<E>, spec: Spec, batch: usize, xs: &[Vec<E>]) -> Vec<E> {
    let mut y = unwritten(batch * spec.outer * spec.width());
    let xs: Vec<&[E]> = xs.iter().map(|x| &x[..]).collect();
    Kernel::forward(cpu, &spec, batch, Forward { y: &mut y, xs: &xs }).unwrap();
    y
}

/// The gradients, written, or added to `before`.
fn backward<E: Float>(
    cpu: &Cpu<E>,
    spec: Spec,
    batch: usize,
    dy: &[E],
    before: Option<&[Vec<E>]>,
) -> Vec<Vec<E>> {
    let mut all = before.map_or_else(
        || spec.parts.iter().map(|part| unwritten(batch * spec.outer * part * spec.inner)).collect(),
        <[Vec<E>]>::to_vec,
    );
    let mut dxs: Vec<_> = all.iter_mut().map(|dx| Some(grad(&mut dx[..], before.is_some()))).collect();
    Kernel::backward(cpu, &spec, batch, Backward { dxs: &mut dxs, dy }).unwrap();
    all
}

fn inputs<E: Float>(which: u32, spec: Spec, batch: usize) -> Vec<Vec<E>> {
    let len = |k: usize| batch * spec.outer * spec.parts[k] * spec.inner;
    (0..spec.parts.len()).map(|k| numbers(which + k as u32, len(k))).collect()
}

#[test]
fn every_element_is_at_its_place() {
    let xs = inputs::<f64>(0, SPEC, 2);
    let y = forward(&double(), SPEC, 2, &xs);
    for row in 0..4 {
        let mut want = vec![];
        for (x, part) in xs.iter().zip(SPEC.parts) {
            want.extend_from_slice(&x[row * part * 3..(row + 1) * part * 3]);
        }
        assert_eq!(y[row * 21..(row + 1) * 21], want);
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let (xs, dy) = (inputs::<f64>(0, SPEC, 2), numbers::<f64>(9, 84));
    let written = backward(&double(), SPEC, 2, &dy, None);
    let before = inputs::<f64>(20, SPEC, 2);
    let added = backward(&double(), SPEC, 2, &dy, Some(&before));
    for k in 0..3 {
        assert_gradient("dx", &xs[k], &written[k], |x| {
            let mut xs = xs.clone();
            xs[k] = x.to_vec();
            weighted(&forward(&double(), SPEC, 2, &xs), &dy)
        });
        assert_added("dx", &before[k], &written[k], &added[k]);
    }
}

#[test]
fn bits_do_not_depend_on_threads_and_nan_stays() {
    for spec in [SPEC, Spec { outer: 1, inner: 7_001, ..SPEC }, Spec { outer: 5_003, inner: 1, ..SPEC }] {
        let (mut xs, dy) = (inputs::<f32>(0, spec, 3), numbers(9, 3 * spec.outer * spec.width()));
        xs[1][2] = f32::NAN;
        let all = same_bits_for_any_threads(|cpu| {
            let mut all = backward(cpu, spec, 3, &dy, None);
            all.push(forward(cpu, spec, 3, &xs));
            all
        });
        assert_eq!(all[3].iter().filter(|y| y.is_nan()).count(), 1);
    }
}

#[test]
fn an_absent_gradient_is_not_computed() {
    let dy = numbers::<f64>(9, 84);
    let mut last = unwritten(48);
    let mut dxs = [None, None, Some(grad(&mut last[..], false))];
    Kernel::backward(&double(), &SPEC, 2, Backward { dxs: &mut dxs, dy: &dy[..] }).unwrap();
    assert_eq!(last, backward(&double(), SPEC, 2, &dy, None)[2]);
}

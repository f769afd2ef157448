//! Linear and cross-entropy in chunks on a GPU, against the CPU, and against both on the GPU one after the other.

use remat::Error;
use remat::device::Grad;
use remat::ops::linear_cross_entropy::{Backward, Forward, Kernel, Spec};
use remat::ops::{cross_entropy, linear};
use remat_tests::agreement::{assert_bits, assert_close};
use remat_tests::devices::{
    Bytes, Numbers, Room, Single, elems, factors, gpu, ids, normal, of_rounded, unwritten,
};

/// Sizes of whole lines of elements, on which cublasLt is told that the matrices start, and of fewer bytes; with `ignore_index`
/// and without.
const SPECS: [Spec; 5] = [
    Spec { rows: 1, inputs: 1, classes: 1, chunks: 1, label_smoothing: 0.0, ignore_index: None },
    Spec { rows: 6, inputs: 5, classes: 7, chunks: 3, label_smoothing: 0.0, ignore_index: Some(3) },
    Spec { rows: 6, inputs: 3, classes: 33, chunks: 6, label_smoothing: 0.1, ignore_index: None },
    Spec {
        rows: 16,
        inputs: 32,
        classes: 64,
        chunks: 4,
        label_smoothing: 0.0,
        ignore_index: Some(4_000_000_000),
    },
    Spec { rows: 24, inputs: 64, classes: 1100, chunks: 2, label_smoothing: 0.2, ignore_index: Some(5) },
];

const BATCH: usize = 2;

/// How the kernels are called.
#[derive(Clone, Copy, Debug)]
struct Form {
    bias: bool,
    /// Gradients are added to what is there.
    add: bool,
    /// dx is written over x.
    over: bool,
}

const FORMS: [Form; 3] = [
    Form { bias: true, add: false, over: false },
    Form { bias: false, add: true, over: false },
    Form { bias: true, add: false, over: true },
];

/// How many elements parameters take where a device rounds them.
fn rounded<D: Single>(spec: &Spec, bias: bool) -> usize {
    let spec = linear::Spec { rows: spec.rows, inputs: spec.inputs, outputs: spec.classes, activation: None };
    if D::NARROW { spec.rounded_len(bias) } else { 0 }
}

fn target(spec: &Spec) -> Vec<u32> {
    let mut target = ids(1, BATCH * spec.rows, spec.classes as u32);
    if let Some(ignored) = spec.ignore_index {
        target.iter_mut().skip(1).step_by(3).for_each(|target| *target = ignored);
    }
    target[0] = 0;
    target
}

/// What parameters and x are before gradients are added to them.
fn before(form: Form, which: u32, n: usize) -> Vec<f32> {
    if form.add { normal(which, n) } else { unwritten(n) }
}

/// The loss of forward and that of backward, dx, dweight, dbias.
type Found = (f32, f32, [Numbers; 3]);

fn run<D: Single + Kernel>(device: &D, spec: &Spec, form: Form) -> Result<Found, Error> {
    let Spec { rows, inputs, classes, chunks, .. } = *spec;
    let (all, part) = (BATCH * rows, BATCH * rows / chunks);
    let x = elems(normal(1, all * inputs));
    let arrays: [&dyn Bytes; 13] = [
        &x,
        &target(spec),
        &factors(normal(2, classes * inputs)),
        &factors(normal(3, classes)),
        &vec![-0.7f32],
        &unwritten(1),
        &unwritten(all),
        &unwritten(part),
        &elems(unwritten(part * classes)),
        &elems(unwritten(rounded::<D>(spec, form.bias))),
        &elems(before(form, 4, all * inputs)),
        &before(form, 5, classes * inputs),
        &before(form, 6, classes),
    ];
    let mut room = Room::new(device, &arrays)?;
    let ([x, target, weight, bias], [loss, losses, logits, rounded]) =
        room.split([0, 1, 2, 3], [5, 6, 8, 9])?;
    let forward = Forward {
        loss: D::view_mut(loss),
        losses: D::view_mut(losses),
        logits: D::view_mut(logits),
        rounded: D::view_mut(rounded),
        x: D::view(x),
        target: D::view(target),
        weight: D::view(weight),
        bias: form.bias.then(|| D::view(bias)),
    };
    device.forward(spec, BATCH, forward)?;
    let of_forward = room.numbers(5)?[0];
    let dx_at = if form.over { 0 } else { 10 };
    let beside = if form.over { 10 } else { 0 };
    let ([x, target, weight, bias, dloss], [loss, losses, logits, rounded, dx, dweight, dbias]) =
        room.split([beside, 1, 2, 3, 4], [5, 6, 8, 9, dx_at, 11, 12])?;
    let backward = Backward {
        loss: Some(D::view_mut(loss)),
        dx: Some(Grad { to: D::view_mut(dx), add: form.add }),
        dweight: Some(Grad { to: D::view_mut(dweight), add: form.add }),
        dbias: form.bias.then(|| Grad { to: D::view_mut(dbias), add: form.add }),
        losses: D::view_mut(losses),
        logits: D::view_mut(logits),
        rounded: D::view_mut(rounded),
        dloss: D::view(dloss),
        x: (!form.over).then(|| D::view(x)),
        target: D::view(target),
        weight: D::view(weight),
        bias: form.bias.then(|| D::view(bias)),
    };
    device.backward(spec, BATCH, backward)?;
    room.check()?;
    let grads = [room.numbers(dx_at)?, room.numbers(11)?, room.numbers(12)?];
    Ok((of_forward, room.numbers(5)?[0], grads))
}

/// The same by the kernels of both, with all logits; gradients are written.
fn by_both<D: Single + linear::Kernel + cross_entropy::Kernel>(
    device: &D,
    spec: &Spec,
    with_bias: bool,
) -> Result<Found, Error> {
    let Spec { rows, inputs, classes, label_smoothing, ignore_index, .. } = *spec;
    let all = BATCH * rows;
    let arrays: [&dyn Bytes; 14] = [
        &elems(normal(1, all * inputs)),
        &target(spec),
        &factors(normal(2, classes * inputs)),
        &factors(normal(3, classes)),
        &vec![-0.7f32],
        &unwritten(1),
        &unwritten(all),
        &unwritten(all),
        &elems(unwritten(all * classes)),
        &elems(unwritten(rounded::<D>(spec, with_bias))),
        &elems(unwritten(all * inputs)),
        &unwritten(classes * inputs),
        &unwritten(classes),
        &elems(unwritten(rounded::<D>(spec, false))),
    ];
    let mut room = Room::new(device, &arrays)?;
    let product = linear::Spec { rows, inputs, outputs: classes, activation: None };
    let ([x, weight, bias], [y, rounded]) = room.split([0, 2, 3], [8, 9])?;
    let (y, z, rounded) = (Some(D::view_mut(y)), None, D::view_mut(rounded));
    let bias = with_bias.then(|| D::view(bias));
    let forward = linear::Forward { y, z, x: D::view(x), weight: D::view(weight), bias, rounded, mask: None };
    linear::Kernel::forward(device, &product, BATCH, forward)?;
    let of_rows = cross_entropy::Spec { rows, classes, label_smoothing, ignore_index };
    let ([target, logits], [loss, losses]) = room.split([1, 8], [5, 6])?;
    let (loss, losses) = (D::view_mut(loss), D::view_mut(losses));
    let forward = cross_entropy::Forward { loss, losses, logits: D::view(logits), target: D::view(target) };
    cross_entropy::Kernel::forward(device, &of_rows, BATCH, forward)?;
    let ([target, dloss], [losses, dlogits]) = room.split([1, 4], [6, 8])?;
    let dlogits = Some(Grad { to: D::view_mut(dlogits), add: false });
    let (losses, dloss, target) = (D::view_mut(losses), D::view(dloss), D::view(target));
    let backward = cross_entropy::Backward { loss: None, dlogits, losses, dloss, logits: None, target };
    cross_entropy::Kernel::backward(device, &of_rows, BATCH, backward)?;
    let ([x, weight, dy], [dx, dweight, dbias, rounded]) = room.split([0, 2, 8], [10, 11, 12, 13])?;
    let backward = linear::Backward {
        dx: Some(Grad { to: D::view_mut(dx), add: false }),
        dweight: Some(Grad { to: D::view_mut(dweight), add: false }),
        dbias: with_bias.then(|| Grad { to: D::view_mut(dbias), add: false }),
        dy: D::view(dy),
        x: Some(D::view(x)),
        weight: D::view(weight),
        rounded: D::view_mut(rounded),
    };
    linear::Kernel::backward(device, &product, BATCH, backward)?;
    let loss = room.numbers(5)?[0];
    Ok((loss, loss, [room.numbers(10)?, room.numbers(11)?, room.numbers(12)?]))
}

fn bits(what: &str, found: &Found, expected: &Found) {
    assert_bits(what, &[found.0, found.1], &[expected.0, expected.1]);
    for (found, expected) in found.2.iter().zip(&expected.2) {
        assert_bits(what, found, expected);
    }
}

/// Gradients are of numbers around 1 over as many rows: to a tolerance of 1.
fn close(what: &str, found: &Found, expected: &Found, tolerance: f32) {
    assert_close(what, &[found.0, found.1], &[expected.0, expected.1], tolerance);
    for (found, expected) in found.2.iter().zip(&expected.2) {
        assert_close(what, found, expected, tolerance);
    }
}

/// On one device the same twice, the same over x, and what both kernels give: their bits, where there is one chunk.
fn check<D: Single + Kernel + linear::Kernel + cross_entropy::Kernel>(
    device: &D,
    cpu: &remat::Cpu,
    tolerance: f32,
) {
    for spec in &SPECS {
        for form in FORMS {
            let what = format!("{spec:?} {form:?}, narrow: {}", D::NARROW);
            let found = run(device, spec, form).expect("it runs");
            assert_bits(&what, &[found.0], &[found.1]);
            bits(&what, &run(device, spec, form).expect("it runs"), &found);
            let whole = Spec { chunks: 1, ..*spec };
            let as_one = run(device, &whole, form).expect("it runs");
            close(&what, &found, &as_one, tolerance);
            if !form.add {
                let both = by_both(device, spec, form.bias).expect("they run");
                bits(&what, &as_one, &both);
            }
            let on_cpu = || run(cpu, spec, form).expect("it runs");
            let on_cpu = if D::NARROW { of_rounded(on_cpu) } else { on_cpu() };
            close(&what, &found, &on_cpu, tolerance);
        }
    }
}

#[test]
fn chunks_are_linear_and_cross_entropy_one_after_the_other() {
    let Some(gpu) = gpu() else { return };
    let cpu = remat::Cpu::with_threads(1).expect("a thread");
    // Sums of up to 1100 terms in other orders.
    check(&gpu, &cpu, 2e-5);
    // Logits of up to 30, and their gradients, of up to 1, are rounded to 8 bits: an absolute 1/16 of a logit.
    check(&gpu.bf16(), &cpu, 1.0 / 16.0);
}

#[test]
fn what_does_not_fit_is_refused() {
    let Some(gpu) = gpu() else { return };
    let wrong = Spec { chunks: 4, ..SPECS[1] };
    let error = run(&gpu, &wrong, FORMS[0]).unwrap_err();
    assert!(matches!(error, Error::Internal { .. }), "{error}");
    let error = run(&gpu, &SPECS[1], Form { add: true, over: true, bias: true }).unwrap_err();
    assert!(matches!(error, Error::Internal { .. }), "{error}");
}

//! Ops over rows and columns on a GPU, against the CPU: norms, softmax, means.

use remat::ops::{layer_norm, mean, softmax};
use remat_tests::agree;
use remat_tests::agreement::assert_bits;
use remat_tests::devices::{Bytes, Results, Room, Single, elems, gpu, normal, some, unwritten};
use remat_tests::forms::{FORMS, Form, ROWS, before, elems_before, grad, place, view};

/// `first`: weight and mean; `second`: bias and rstd.
fn layer_norm_forward<D: Single + layer_norm::Kernel>(
    device: &D,
    spec: &layer_norm::Spec,
    batch: usize,
    form: Form,
) -> Results {
    let (rows, dim) = (batch * spec.rows, spec.dim);
    let n = rows * dim;
    let mut x: Vec<f32> = normal(1, n).iter().map(|x| 3.0 + 2.0 * x).collect();
    if rows > 2 {
        x[n - 1] = f32::NAN;
    }
    let arrays: [&dyn Bytes; 6] = [
        &elems(x),
        &normal(2, dim),
        &normal(3, dim),
        &elems(unwritten(n)),
        &unwritten(rows),
        &unwritten(rows),
    ];
    let mut room = Room::new(device, &arrays)?;
    let ([x, weight, bias], [y, mean, rstd]) = room.split([0, 1, 2], [3, 4, 5])?;
    let forward = layer_norm::Forward {
        y: D::view_mut(y),
        mean: place::<D, _>(mean, form.first),
        rstd: place::<D, _>(rstd, form.second),
        sum: None,
        dropped: None,
        x: Some(D::view(x)),
        plus: None,
        mask: None,
        weight: view::<D, _>(weight, form.first),
        bias: view::<D, _>(bias, form.second),
    };
    layer_norm::Kernel::forward(device, spec, batch, forward)?;
    room.check()?;
    (3..6).map(|array| room.numbers(array)).collect()
}

/// What of a LayerNorm's backward is not a matter of its [`Form`].
#[derive(Clone, Copy, Debug)]
struct Backward {
    /// dx is written over dy.
    over: bool,
    /// Neither dweight nor dbias is there.
    alone: bool,
}

/// `first`: weight and dweight; `second`: dx and dbias.
fn layer_norm_backward<D: Single + layer_norm::Kernel>(
    device: &D,
    spec: &layer_norm::Spec,
    batch: usize,
    form: Form,
    how: Backward,
) -> Results {
    let (Form { first, second, add }, Backward { over, alone }) = (form, how);
    let (rows, dim) = (batch * spec.rows, spec.dim);
    let n = rows * dim;
    let rstd: Vec<f32> = normal(3, rows).iter().map(|x| 0.5 + x.abs()).collect();
    let given: [&dyn Bytes; 5] =
        [&elems(normal(1, n)), &normal(2, rows), &rstd, &normal(4, dim), &elems(normal(5, n))];
    let dx = if over { elems(normal(5, n)) } else { elems_before(add, 6, n) };
    let written: [&dyn Bytes; 3] = [&dx, &before(add, 7, dim), &before(!add, 8, dim)];
    let mut room = Room::new(device, &[&given[..], &written[..]].concat())?;
    let ([x, mean, rstd, weight, dy], [dx, dweight, dbias]) = room.split([0, 1, 2, 3, 4], [5, 6, 7])?;
    let backward = layer_norm::Backward {
        dx: grad::<D, _>(dx, second, add),
        dweight: grad::<D, _>(dweight, first && !alone, add),
        dbias: grad::<D, _>(dbias, second && !alone, !add),
        dy: (!over).then_some(D::view(dy)),
        x: D::view(x),
        mean: D::view(mean),
        rstd: D::view(rstd),
        weight: view::<D, _>(weight, first),
    };
    layer_norm::Kernel::backward(device, spec, batch, backward)?;
    room.check()?;
    (5..8).map(|array| room.numbers(array)).collect()
}

#[test]
fn norms() {
    for dim in some(&ROWS) {
        for (rows, batch) in [(1, 1), (5, 1), (3, 3)] {
            let spec = layer_norm::Spec { rows, dim, eps: 1e-5 };
            for form in FORMS {
                let what = format!("{spec:?}, batch {batch}, {form:?}");
                // Sums of up to 4100 numbers in another order. Of one element, rstd is 300 by eps alone.
                agree!(1e-5, format!("forward, {what}"), |d| layer_norm_forward(d, &spec, batch, form));
                backward_of_norm(&spec, batch, form);
            }
        }
    }
}

/// Of all that a form allows.
fn backward_of_norm(spec: &layer_norm::Spec, batch: usize, form: Form) {
    for over in [false, true].into_iter().filter(|over| !over || form.second && !form.add) {
        let how = Backward { over, alone: false };
        let what = format!("backward, {spec:?}, batch {batch}, {form:?}, {how:?}");
        // Sums of up to 4100 numbers, or over 333 rows, in another order.
        agree!(2e-5, what, |d| layer_norm_backward(d, spec, batch, form, how));
    }
}

/// Rows of several parts, the last of which has fewer: of each kernel; that are of whole packs in f32 alone; and of
/// several tiles, of packs and not.
#[test]
fn gradients_of_norms_over_many_rows() {
    for (rows, dim) in some(&[
        (333, 5),
        (100, 16),
        (36, 300),
        (36, 520),
        (36, 1000),
        (10, 1032),
        (10, 2051),
        (6, 4104),
        (6, 8200),
    ]) {
        let spec = layer_norm::Spec { rows, dim, eps: 1e-5 };
        // What is there decides little more of wide rows than of narrow ones.
        let forms = if dim < 20 { &FORMS[..] } else { &FORMS[..1] };
        forms.iter().for_each(|form| backward_of_norm(&spec, 1, *form));
    }
}

/// It is computed beside sums over rows or not, by kernels of their own.
#[test]
fn the_gradient_of_what_a_norm_reads_is_the_same_if_no_other_is_wanted() {
    let Some(gpu) = gpu() else { return };
    for (rows, dim) in some(&[(5, 3), (70, 8), (9, 520), (9, 1000), (5, 1032), (5, 4104)]) {
        let spec = layer_norm::Spec { rows, dim, eps: 1e-5 };
        for form in [FORMS[0], FORMS[2]] {
            let what = format!("{spec:?}, {form:?}");
            let [all, alone] = [false, true].map(|alone| Backward { over: false, alone });
            agree!(2e-5, what.clone(), |d| layer_norm_backward(d, &spec, 1, form, alone));
            let of_x = |how| {
                let in_f32 = layer_norm_backward(&gpu, &spec, 1, form, how);
                let in_bf16 = layer_norm_backward(&gpu.bf16(), &spec, 1, form, how);
                [in_f32, in_bf16].map(|written| written.expect("the GPU").swap_remove(0))
            };
            for (alone, all) in of_x(alone).iter().zip(&of_x(all)) {
                assert_bits(&what, alone, all);
            }
        }
    }
}

/// Numbers some of which are masked: the whole of the last row if there are three.
fn masked(n: usize, len: usize, inner: usize) -> Vec<f32> {
    let mut x: Vec<f32> = normal(1, n).iter().map(|x| 5.0 * x).collect();
    for at in (0..n).filter(|at| at / inner % len % 3 == 1) {
        x[at] = f32::NEG_INFINITY;
    }
    if n / len >= 3 {
        (0..n)
            .filter(|at| at / (len * inner) == n / (len * inner) - 1)
            .for_each(|at| x[at] = f32::NEG_INFINITY);
        x[0] = f32::NAN;
    }
    x
}

fn softmax<D: Single + softmax::Kernel>(
    device: &D,
    spec: &softmax::Spec,
    batch: usize,
    add: bool,
) -> Results {
    let n = batch * spec.outer * spec.len * spec.inner;
    let arrays: [&dyn Bytes; 5] = [
        &elems(masked(n, spec.len, spec.inner)),
        &elems(normal(2, n)),
        &elems(normal(3, n).iter().map(|x| x.abs() / spec.len as f32).collect::<Vec<_>>()),
        &elems(unwritten(n)),
        &elems_before(add, 4, n),
    ];
    let mut room = Room::new(device, &arrays)?;
    let ([x, dy, saved], [y, dx]) = room.split([0, 1, 2], [3, 4])?;
    softmax::Kernel::forward(device, spec, batch, softmax::Forward { y: D::view_mut(y), x: D::view(x) })?;
    let backward = softmax::Backward { dx: grad::<D, _>(dx, true, add), dy: D::view(dy), y: D::view(saved) };
    softmax::Kernel::backward(device, spec, batch, backward)?;
    room.check()?;
    (3..5).map(|array| room.numbers(array)).collect()
}

#[test]
fn softmax_of_rows_and_of_columns() {
    for len in some(&ROWS) {
        for (outer, inner) in [(1, 1), (5, 1), (2, 3), (1, 130)] {
            if len * inner > 100_000 {
                continue;
            }
            for (batch, add) in [(1, false), (3, true)] {
                let spec = softmax::Spec { outer, len, inner };
                // Sums of up to 4100 exponentials in another order, none above 1.
                agree!(2e-6, format!("{spec:?}, batch {batch}, add {add}"), |d| softmax(
                    d, &spec, batch, add
                ));
            }
        }
    }
}

fn mean<D: Single + mean::Kernel>(device: &D, spec: &mean::Spec, batch: usize, add: bool) -> Results {
    let n = batch * spec.outer * spec.inner;
    let mut x = normal(1, n * spec.len);
    if n > 4 {
        x[n / 2] = f32::NAN;
    }
    let mut room = Room::new(
        device,
        &[&elems(x), &elems(normal(2, n)), &elems(unwritten(n)), &elems_before(add, 3, n * spec.len)],
    )?;
    let ([x, dy], [y, dx]) = room.split([0, 1], [2, 3])?;
    mean::Kernel::forward(device, spec, batch, mean::Forward { y: D::view_mut(y), x: D::view(x) })?;
    let backward = mean::Backward { dx: grad::<D, _>(dx, true, add), dy: D::view(dy) };
    mean::Kernel::backward(device, spec, batch, backward)?;
    room.check()?;
    (2..4).map(|array| room.numbers(array)).collect()
}

#[test]
fn means_over_rows_and_over_columns() {
    for len in some(&ROWS) {
        for (outer, inner) in [(1, 1), (5, 1), (2, 3), (1, 130)] {
            if len * inner > 100_000 {
                continue;
            }
            for (batch, add) in [(1, false), (3, true)] {
                let spec = mean::Spec { outer, len, inner };
                // Sums of up to 4100 numbers in another order, over as many.
                agree!(1e-6, format!("{spec:?}, batch {batch}, add {add}"), |d| mean(d, &spec, batch, add));
            }
        }
    }
}

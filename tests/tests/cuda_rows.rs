//! Ops over rows and columns on a GPU, against the CPU: norms, softmax, losses, means.

use std::array;

use remat::Error;
use remat::device::{Device, Element, Grad};
use remat::ops::{cross_entropy, layer_norm, mean, mse, softmax, sum};
use remat_tests::agree;
use remat_tests::agreement::assert_bits;
use remat_tests::devices::{
    Bytes, Elems, Results, Room, Single, elems, gpu, ids, normal, small, some, unwritten,
};

/// Lengths of rows: of 1, of no whole number of 16 bytes, of a warp's, and of a block's, of more than it takes at once.
const ROWS: [usize; 9] = [1, 3, 4, 31, 257, 1024, 1025, 4100, 2051];

/// A gradient is written over NaN, or added to what is there.
fn before(add: bool, which: u32, n: usize) -> Vec<f32> {
    if add { normal(which, n) } else { unwritten(n) }
}

/// The same of elements.
fn elems_before(add: bool, which: u32, n: usize) -> Elems {
    elems(before(add, which, n))
}

fn view<D: Single, T: Element>(region: D::Region<'_>, there: bool) -> Option<D::View<'_, T>> {
    there.then(|| D::view(region))
}

fn place<D: Single, T: Element>(region: D::RegionMut<'_>, there: bool) -> Option<D::ViewMut<'_, T>> {
    there.then(|| D::view_mut(region))
}

type To<'a, D, T> = Grad<<D as Device>::ViewMut<'a, T>>;

fn grad<D: Single, T: Element>(region: D::RegionMut<'_>, there: bool, add: bool) -> Option<To<'_, D, T>> {
    there.then(|| Grad { to: D::view_mut(region), add })
}

/// Which of the optional arrays are there, and whether gradients are added to.
#[derive(Clone, Copy, Debug)]
struct Form {
    first: bool,
    second: bool,
    add: bool,
}

const FORMS: [Form; 4] = [
    Form { first: true, second: true, add: false },
    Form { first: true, second: false, add: true },
    Form { first: false, second: true, add: true },
    Form { first: false, second: false, add: false },
];

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

/// Targets, of which every third is the last class; that is the one ignored.
fn targets(spec: &cross_entropy::Spec, rows: usize) -> Vec<u32> {
    let mut target = ids(1, rows, spec.classes as u32);
    target.iter_mut().skip(1).step_by(3).for_each(|target| *target = spec.classes as u32 - 1);
    target[0] = 0;
    target
}

fn cross_entropy<D: Single + cross_entropy::Kernel>(
    device: &D,
    spec: &cross_entropy::Spec,
    batch: usize,
    target: &[u32],
    form: Form,
) -> Results {
    let rows = batch * spec.rows;
    let n = rows * spec.classes;
    let mut logits: Vec<f32> = normal(1, n).iter().map(|x| 5.0 * x).collect();
    // Not a target, unless there is but one class.
    logits[n - spec.classes + 1.min(spec.classes - 1)] = -1e30;
    let arrays: [&dyn Bytes; 8] = [
        &elems(logits),
        &target.to_vec(),
        &vec![-0.7f32],
        &unwritten(1),
        &unwritten(rows),
        &unwritten(1),
        &unwritten(rows),
        &elems_before(form.add, 3, n),
    ];
    let mut room = Room::new(device, &arrays)?;
    let ([logits, target], [loss, losses]) = room.split([0, 1], [3, 4])?;
    let (loss, losses) = (D::view_mut(loss), D::view_mut(losses));
    let forward = cross_entropy::Forward { loss, losses, logits: D::view(logits), target: D::view(target) };
    cross_entropy::Kernel::forward(device, spec, batch, forward)?;

    let ([logits, target, dloss], [loss, losses, dlogits]) = room.split([0, 1, 2], [5, 6, 7])?;
    let (loss, losses) = (place::<D, _>(loss, form.first), D::view_mut(losses));
    let dlogits = grad::<D, _>(dlogits, form.second, form.add);
    let (dloss, logits, target) = (D::view(dloss), Some(D::view(logits)), D::view(target));
    let backward = cross_entropy::Backward { loss, dlogits, losses, dloss, logits, target };
    cross_entropy::Kernel::backward(device, spec, batch, backward)?;
    if form.first {
        assert_bits("the loss of backward", &room.numbers(5)?, &room.numbers(3)?);
    }
    if form.first || form.second {
        assert_bits("losses of backward", &room.numbers(6)?, &room.numbers(4)?);
    }

    let ([target, dloss], [loss, losses, dlogits]) = room.split([1, 2], [5, 6, 0])?;
    let (loss, losses) = (Some(D::view_mut(loss)), D::view_mut(losses));
    let dlogits = grad::<D, _>(dlogits, true, form.add);
    let (dloss, target) = (D::view(dloss), D::view(target));
    let over = cross_entropy::Backward { loss, dlogits, losses, dloss, logits: None, target };
    let result = cross_entropy::Kernel::backward(device, spec, batch, over);
    if form.add {
        assert!(matches!(result, Err(Error::Internal { .. })), "{result:?}");
    } else {
        result?;
        assert_bits("the loss over logits", &room.numbers(5)?, &room.numbers(3)?);
        if form.second {
            assert_bits("dlogits over logits", &room.numbers(0)?, &room.numbers(7)?);
        }
    }
    room.check()?;
    [3, 4, 5, 7].into_iter().map(|array| room.numbers(array)).collect()
}

#[test]
fn cross_entropy_of_rows() {
    for classes in some(&ROWS) {
        for (rows, batch) in [(1, 1), (7, 1), (19, 3)] {
            if rows * classes > 50_000 {
                continue;
            }
            for (form, smoothing, ignored) in [
                (FORMS[0], 0.0, None),
                (FORMS[1], 0.0, Some(classes as u32 - 1).filter(|class| *class > 0)),
                (FORMS[2], 0.1, Some(4_000_000_000)),
                (FORMS[0], 1.0, Some(classes as u32 - 1).filter(|class| *class > 0)),
            ] {
                let spec =
                    cross_entropy::Spec { rows, classes, label_smoothing: smoothing, ignore_index: ignored };
                let target = targets(&spec, batch * rows);
                let what = format!("{spec:?}, batch {batch}, {form:?}");
                // Sums of up to 4100 exponentials, or distances, in another order.
                agree!(4e-6, what, |d| cross_entropy(d, &spec, batch, &target, form));
            }
        }
    }
}

/// Of as many elements as make a block larger, and more rows than there are of those at once.
#[test]
fn cross_entropy_of_long_rows() {
    for (classes, rows) in some(&[(16_384, 3), (1 << 14, if small() { 9 } else { 40 }), (20_001, 1)]) {
        let ignored = Some(classes as u32 - 1);
        let spec = cross_entropy::Spec { rows, classes, label_smoothing: 0.1, ignore_index: ignored };
        let target = targets(&spec, rows);
        // Sums of up to 20 000 exponentials, or distances, in another order.
        let what = format!("{spec:?}");
        agree!(1e-5, what, |d| cross_entropy(d, &spec, 1, &target, FORMS[0]));
    }
}

#[test]
fn a_target_that_is_no_class_is_a_loss_of_nan_and_reads_nothing() {
    let Some(gpu) = gpu() else { return };
    for classes in [3, 4, 1025] {
        let spec =
            cross_entropy::Spec { rows: 5, classes, label_smoothing: 0.0, ignore_index: Some(u32::MAX) };
        let target = [0, classes as u32, u32::MAX, u32::MAX - 1, 1];
        let got = cross_entropy(&gpu, &spec, 1, &target, FORMS[0]).expect("the GPU");
        assert!(got[0][0].is_nan(), "{got:?}");
        let nans: Vec<bool> = got[1].iter().map(|loss| loss.is_nan()).collect();
        assert_eq!(nans, [false, true, false, true, false], "{:?}", got[1]);
        assert_eq!(got[1][2].to_bits(), 0);
        assert!(got[3].iter().all(|d| d.is_finite()));
    }
}

fn mse<D: Single + mse::Kernel>(device: &D, spec: &mse::Spec, batch: usize, form: Form) -> Results {
    let n = batch * spec.len;
    let arrays: [&dyn Bytes; 8] = [
        &elems(normal(1, n)),
        &elems(normal(2, n)),
        &vec![0.6f32],
        &unwritten(1),
        &unwritten(batch),
        &elems_before(form.add, 3, n),
        &elems_before(!form.add, 4, n),
        &elems(unwritten(n)),
    ];
    let mut room = Room::new(device, &arrays)?;
    let ([x, target, dloss], [loss, scratch, dx, dtarget]) = room.split([0, 1, 2], [3, 4, 5, 6])?;
    let (x, target) = (D::view(x), D::view(target));
    let forward = mse::Forward { loss: D::view_mut(loss), scratch: D::view_mut(scratch), x, target };
    mse::Kernel::forward(device, spec, batch, forward)?;
    let dx = grad::<D, _>(dx, form.first, form.add);
    let dtarget = grad::<D, _>(dtarget, form.second, !form.add);
    let backward = mse::Backward { dx, dtarget, dloss: D::view(dloss), x: Some(x), target };
    mse::Kernel::backward(device, spec, batch, backward)?;
    // The last of those that are there over x, which is refused where it is to be added to.
    let (last, add) = if form.second { (6, !form.add) } else { (5, form.add) };
    let result = {
        let ([target, dloss], [over, beside]) = room.split([1, 2], [0, 7])?;
        let over = grad::<D, _>(over, true, add);
        let (dx, dtarget) =
            if form.second { (grad::<D, _>(beside, form.first, false), over) } else { (over, None) };
        let (dloss, target) = (D::view(dloss), D::view(target));
        mse::Kernel::backward(device, spec, batch, mse::Backward { dx, dtarget, dloss, x: None, target })
    };
    if add {
        assert!(matches!(result, Err(Error::Internal { .. })), "{result:?}");
    } else {
        result?;
        if form.first || form.second {
            assert_bits("a gradient over x", &room.numbers(0)?, &room.numbers(last)?);
        }
    }
    room.check()?;
    (3..8).map(|array| room.numbers(array)).collect()
}

#[test]
fn squared_errors() {
    for len in some(&ROWS) {
        for batch in [1, 3, if small() { 9 } else { 600 }] {
            if batch * len > 50_000 {
                continue;
            }
            for form in FORMS {
                // Sums of up to 4100 squares in another order, and the same roundings after that.
                agree!(1e-6, format!("{len}, batch {batch}, {form:?}"), |d| mse(
                    d,
                    &mse::Spec { len },
                    batch,
                    form
                ));
            }
        }
    }
}

/// Every third gradient is not asked for, every other is added to.
fn sum<D: Single + sum::Kernel, const K: usize>(device: &D, weights: &'static [f64; K]) -> Results {
    let losses: Vec<Vec<f32>> = normal(1, K).into_iter().map(|x| vec![x]).collect();
    let (loss, dloss) = (unwritten(1), vec![-0.3f32]);
    let arrays: Vec<&dyn Bytes> =
        losses.iter().chain(&losses).chain([&loss, &dloss]).map(|x| x as _).collect();
    let mut room = Room::new(device, &arrays)?;
    let spec = sum::Spec { weights };
    let (xs, [loss]) = room.split(array::from_fn::<_, K, _>(|i| i), [2 * K])?;
    let forward = sum::Forward { loss: D::view_mut(loss), xs: &xs.map(D::view) };
    sum::Kernel::forward(device, &spec, 1, forward)?;
    let ([dloss], dxs) = room.split([2 * K + 1], array::from_fn::<_, K, _>(|i| K + i))?;
    let mut number = 0;
    let mut dxs = dxs.map(|dx| {
        number += 1;
        grad::<D, _>(dx, number % 3 != 0, number % 2 == 0)
    });
    sum::Kernel::backward(device, &spec, 1, sum::Backward { dxs: &mut dxs, dloss: D::view(dloss) })?;
    drop(dxs);
    room.check()?;
    (K..2 * K + 1).map(|array| room.numbers(array)).collect()
}

#[test]
fn sums_of_losses() {
    const MANY: [f64; 20] = [
        0.1, 1.0, -2.0, 3.0, 0.7, 1.0, 0.0, 4.0, 0.3, 1.5, 2.5, 1e-9, 7.0, -0.1, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0,
    ];
    // The same operations in the same order.
    agree!(0.0, "none", |d| sum(d, &[]));
    agree!(0.0, "one", |d| sum(d, &[0.3]));
    agree!(0.0, "eight", |d| sum(d, &[1.0, 0.1, -2.0, 3.0, 0.7, 1.0, 0.0, 4.0]));
    agree!(0.0, "nine", |d| sum(d, &[1.0, 0.1, -2.0, 3.0, 0.7, 1.0, 0.0, 4.0, 0.3]));
    agree!(0.0, "twenty", |d| sum(d, &MANY));
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

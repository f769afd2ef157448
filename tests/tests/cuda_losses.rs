//! Losses on a GPU, against the CPU.

use std::array;

use remat::Error;
use remat::ops::{cross_entropy, mse, sum};
use remat_tests::agree;
use remat_tests::agreement::assert_bits;
use remat_tests::devices::{Bytes, Results, Room, Single, elems, gpu, ids, normal, small, some, unwritten};
use remat_tests::forms::{FORMS, Form, ROWS, elems_before, grad, place};

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
        // The last has more rows than a block adds up at once.
        for (rows, batch) in [(1, 1), (7, 1), (19, 3), (9001, 1)] {
            if rows * classes > 50_000 || rows > 9000 && (small() || classes != 3) {
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
        for batch in [1, 3, if small() { 9 } else { 600 }, 9001] {
            if batch * len > 50_000 || batch > 9000 && (small() || len != 3) {
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

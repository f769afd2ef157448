//! Neighbours that run in one call on a GPU: the bits are those of the two calls.

use remat::device::Grad;
use remat::ops::activation::{self, Activation};
use remat::ops::{arithmetic, dropout, layer_norm};
use remat::rng::Key;
use remat_tests::agree;
use remat_tests::agreement::assert_bits;
use remat_tests::devices::{Bytes, Results, Room, Single, elems, normal, some, unwritten};

/// Array `y` = a + b, by a call of its own.
fn add_alone<D: Single + arithmetic::Kernel>(
    room: &mut Room<'_, D>,
    (device, spec, batch): (&D, &layer_norm::Spec, usize),
    [a, b, y]: [usize; 3],
) -> Result<(), remat::Error> {
    let ([a, b], [y]) = room.split([a, b], [y])?;
    let add = arithmetic::Spec { len: spec.rows * spec.dim, op: arithmetic::Arithmetic::Add };
    let (y, a, b) = (D::view_mut(y), Some(D::view(a)), D::view(b));
    arithmetic::Kernel::forward(
        device,
        &add,
        batch,
        arithmetic::Forward { y, dropped: None, a, b, mask: None },
    )
}

/// Arrays y, mean and rstd of array `x`, by a call of its own; weight and bias are arrays 2 and 3.
fn normalize_alone<D: Single + layer_norm::Kernel>(
    room: &mut Room<'_, D>,
    (device, spec, batch): (&D, &layer_norm::Spec, usize),
    x: usize,
    results: [usize; 3],
) -> Result<(), remat::Error> {
    let ([x, weight, bias], [y, mean, rstd]) = room.split([x, 2, 3], results)?;
    let alone = layer_norm::Forward {
        y: D::view_mut(y),
        mean: Some(D::view_mut(mean)),
        rstd: Some(D::view_mut(rstd)),
        sum: None,
        dropped: None,
        x: Some(D::view(x)),
        plus: None,
        mask: None,
        weight: Some(D::view(weight)),
        bias: Some(D::view(bias)),
    };
    layer_norm::Kernel::forward(device, spec, batch, alone)
}

/// The norm of a sum, by two calls and by one, with the sum stored and without, and over one of what is added.
fn norm_of_sum<D: Single + layer_norm::Kernel + arithmetic::Kernel>(
    device: &D,
    spec: &layer_norm::Spec,
    batch: usize,
) -> Results {
    let (rows, dim) = (batch * spec.rows, spec.dim);
    let n = rows * dim;
    let mut x: Vec<f32> = normal(1, n).iter().map(|x| 3.0 + 2.0 * x).collect();
    if rows > 2 {
        x[n - 1] = f32::NAN;
    }
    let (each, row) = (elems(unwritten(n)), unwritten(rows));
    // What both read, what two calls give, and what one gives.
    let arrays: [&dyn Bytes; 12] = [
        &elems(x),
        &elems(normal(2, n)),
        &normal(3, dim),
        &normal(4, dim),
        &each,
        &each,
        &row,
        &row,
        &each,
        &each,
        &row,
        &row,
    ];
    let mut room = Room::new(device, &arrays)?;
    add_alone(&mut room, (device, spec, batch), [0, 1, 4])?;
    normalize_alone(&mut room, (device, spec, batch), 4, [5, 6, 7])?;
    for stored in [false, true] {
        let ([x, plus, weight, bias], [sum, y, mean, rstd]) = room.split([0, 1, 2, 3], [8, 9, 10, 11])?;
        let forward = layer_norm::Forward {
            y: D::view_mut(y),
            mean: Some(D::view_mut(mean)),
            rstd: Some(D::view_mut(rstd)),
            sum: stored.then_some(D::view_mut(sum)),
            dropped: None,
            x: Some(D::view(x)),
            plus: Some(D::view(plus)),
            mask: None,
            weight: Some(D::view(weight)),
            bias: Some(D::view(bias)),
        };
        layer_norm::Kernel::forward(device, spec, batch, forward)?;
        for (what, own) in [("y", 5), ("mean", 6), ("rstd", 7)] {
            assert_bits(what, &room.numbers(own + 4)?, &room.numbers(own)?);
        }
        if !stored {
            assert_bits("a sum that is not stored", &room.numbers(8)?, &unwritten(n));
        }
    }
    assert_bits("the sum", &room.numbers(8)?, &room.numbers(4)?);
    let ([plus, weight, bias], [x, sum]) = room.split([1, 2, 3], [0, 8])?;
    let over = layer_norm::Forward {
        y: D::view_mut(x),
        mean: None,
        rstd: None,
        sum: Some(D::view_mut(sum)),
        dropped: None,
        x: None,
        plus: Some(D::view(plus)),
        mask: None,
        weight: Some(D::view(weight)),
        bias: Some(D::view(bias)),
    };
    layer_norm::Kernel::forward(device, spec, batch, over)?;
    assert_bits("y over x", &room.numbers(0)?, &room.numbers(5)?);
    assert_bits("the sum beside it", &room.numbers(8)?, &room.numbers(4)?);
    room.check()?;
    // Of this, the kernels' own tests say that it is right.
    Ok(vec![room.numbers(4)?])
}

/// What is dropped out, a sum of that, and the norm of the sum: by three calls, and by one for two and for all of them, with
/// what is between stored and without, and over x.
fn norm_of_dropped<D: Single + layer_norm::Kernel + arithmetic::Kernel + dropout::Kernel>(
    device: &D,
    spec: &layer_norm::Spec,
    batch: usize,
) -> Results {
    let (rows, dim) = (batch * spec.rows, spec.dim);
    let (n, len) = (rows * dim, spec.rows * dim);
    let mut x: Vec<f32> = normal(1, n).iter().map(|x| 3.0 + 2.0 * x).collect();
    if rows > 2 {
        x[n - 1] = f32::NAN;
    }
    let (x, each, row) = (elems(x), elems(unwritten(n)), unwritten(rows));
    let plus = elems(normal(2, n));
    let (weight, bias) = (normal(3, dim), normal(4, dim));
    // What all read, what three calls give, and what one gives.
    let (given, results): ([&dyn Bytes; 4], [&dyn Bytes; 5]) =
        ([&x, &plus, &weight, &bias], [&each, &each, &each, &row, &row]);
    let mut room = Room::new(device, &[&given[..], &results, &results].concat())?;
    let mask = dropout::Mask { key: Key { seed: 5, step: 6, node: 7 }, p: 0.3 };
    let add = arithmetic::Spec { len, op: arithmetic::Arithmetic::Add };

    let ([x], [dropped]) = room.split([0], [4])?;
    let first = dropout::Forward { y: D::view_mut(dropped), x: D::view(x), key: mask.key };
    dropout::Kernel::forward(device, &dropout::Spec { len, p: mask.p }, batch, first)?;
    add_alone(&mut room, (device, spec, batch), [4, 1, 5])?;
    normalize_alone(&mut room, (device, spec, batch), 5, [6, 7, 8])?;

    let same = |room: &Room<'_, D>, what: &[(&str, usize, usize)]| -> Result<(), remat::Error> {
        for (what, own, of) in what {
            assert_bits(what, &room.numbers(*own)?, &room.numbers(*of)?);
        }
        Ok(())
    };
    for stored in [false, true] {
        let ([x, plus], [dropped, sum]) = room.split([0, 1], [9, 10])?;
        let two = arithmetic::Forward {
            y: D::view_mut(sum),
            dropped: stored.then(|| D::view_mut(dropped)),
            a: Some(D::view(x)),
            b: D::view(plus),
            mask: Some(mask),
        };
        arithmetic::Kernel::forward(device, &add, batch, two)?;
        same(&room, &[("the sum of two", 10, 5)])?;
        let ([x, plus, weight, bias], [dropped, sum, y, mean, rstd]) =
            room.split([0, 1, 2, 3], [9, 10, 11, 12, 13])?;
        let all = layer_norm::Forward {
            y: D::view_mut(y),
            mean: Some(D::view_mut(mean)),
            rstd: Some(D::view_mut(rstd)),
            sum: stored.then(|| D::view_mut(sum)),
            dropped: stored.then(|| D::view_mut(dropped)),
            x: Some(D::view(x)),
            plus: Some(D::view(plus)),
            mask: Some(mask),
            weight: Some(D::view(weight)),
            bias: Some(D::view(bias)),
        };
        layer_norm::Kernel::forward(device, spec, batch, all)?;
        same(&room, &[("y", 11, 6), ("mean", 12, 7), ("rstd", 13, 8), ("the sum", 10, 5)])?;
        if !stored {
            assert_bits("what is dropped out and not stored", &room.numbers(9)?, &unwritten(n));
        }
    }
    same(&room, &[("what is dropped out", 9, 4)])?;
    // Over x, which is put back in between: what is dropped out is stored, then it is not.
    for stored in [true, false] {
        let ([plus], [x, dropped]) = room.split([1], [0, 9])?;
        let two = arithmetic::Forward {
            y: D::view_mut(x),
            dropped: stored.then(|| D::view_mut(dropped)),
            a: None,
            b: D::view(plus),
            mask: Some(mask),
        };
        arithmetic::Kernel::forward(device, &add, batch, two)?;
        same(&room, &[("the sum over x", 0, 5), ("what is dropped out", 9, 4)])?;
        room.set(0, given[0])?;
        let ([plus, weight, bias], [x, dropped, sum]) = room.split([1, 2, 3], [0, 9, 10])?;
        let all = layer_norm::Forward {
            y: D::view_mut(x),
            mean: None,
            rstd: None,
            sum: Some(D::view_mut(sum)),
            dropped: stored.then(|| D::view_mut(dropped)),
            x: None,
            plus: Some(D::view(plus)),
            mask: Some(mask),
            weight: Some(D::view(weight)),
            bias: Some(D::view(bias)),
        };
        layer_norm::Kernel::forward(device, spec, batch, all)?;
        same(&room, &[("y over x", 0, 6), ("the sum", 10, 5), ("what is dropped out", 9, 4)])?;
        room.set(0, given[0])?;
    }
    room.check()?;
    // As above. This was rounded once.
    Ok(vec![room.numbers(4)?])
}

/// What is left of an activation, and its gradient, by two calls, and by one: dx over dy, and added to.
fn activation_dropped<D: Single + activation::Kernel + dropout::Kernel>(
    device: &D,
    spec: &activation::Spec,
    batch: usize,
) -> Results {
    let (n, mask) = (batch * spec.len, dropout::Mask { key: Key { seed: 5, step: 6, node: 7 }, p: 0.3 });
    let mut dy: Vec<f32> = normal(2, n);
    dy[n / 2] = f32::NAN;
    let (x, dy, each) = (elems(normal(1, n)), elems(dy), elems(unwritten(n)));
    let before = elems(normal(3, n));
    // What all read; then what two calls give, and what one gives.
    let arrays: [&dyn Bytes; 8] = [&x, &dy, &each, &each, &before, &each, &before, &each];
    let mut room = Room::new(device, &arrays)?;
    let dropout = dropout::Spec { len: spec.len, p: mask.p };

    let ([x], [y]) = room.split([0], [2])?;
    let args = activation::Forward { y: D::view_mut(y), x: D::view(x), mask: None };
    activation::Kernel::forward(device, spec, batch, args)?;
    let ([y], [left]) = room.split([2], [3])?;
    let args = dropout::Forward { y: D::view_mut(left), x: D::view(y), key: mask.key };
    dropout::Kernel::forward(device, &dropout, batch, args)?;
    let ([x], [y]) = room.split([0], [5])?;
    let args = activation::Forward { y: D::view_mut(y), x: D::view(x), mask: Some(mask) };
    activation::Kernel::forward(device, spec, batch, args)?;
    assert_bits("what is left", &room.numbers(5)?, &room.numbers(3)?);
    // What is saved: x; or y, and what is left of that.
    let saved = if spec.activation == Activation::Relu { [2, 5] } else { [0, 0] };

    let ([dy], [to]) = room.split([1], [7])?;
    let dx = Some(Grad { to: D::view_mut(to), add: false });
    let args = dropout::Backward { dx, dbias: None, dy: Some(D::view(dy)), key: mask.key };
    dropout::Kernel::backward(device, &dropout, batch, args)?;
    let ([dy, own], [to]) = room.split([7, saved[0]], [4])?;
    let dx = Some(Grad { to: D::view_mut(to), add: true });
    let (dy, own) = (Some(D::view(dy)), D::view(own));
    let args = activation::Backward { dx, dbias: None, dy, saved: own, mask: None };
    activation::Kernel::backward(device, spec, batch, args)?;
    let ([dy, own], [to]) = room.split([1, saved[1]], [6])?;
    let dx = Some(Grad { to: D::view_mut(to), add: true });
    let (dy, own) = (Some(D::view(dy)), D::view(own));
    let args = activation::Backward { dx, dbias: None, dy, saved: own, mask: Some(mask) };
    activation::Kernel::backward(device, spec, batch, args)?;
    assert_bits("dx, added to", &room.numbers(6)?, &room.numbers(4)?);
    for (mask, [own, at]) in [(None, [saved[0], 7]), (Some(mask), [saved[1], 1])] {
        let ([own], [to]) = room.split([own], [at])?;
        let dx = Some(Grad { to: D::view_mut(to), add: false });
        let args = activation::Backward { dx, dbias: None, dy: None, saved: D::view(own), mask };
        activation::Kernel::backward(device, spec, batch, args)?;
    }
    assert_bits("dx over dy", &room.numbers(1)?, &room.numbers(7)?);
    room.check()?;
    // As above.
    Ok(vec![room.numbers(2)?])
}

#[test]
fn what_is_left_of_activations() {
    for activation in [Activation::Relu, Activation::Gelu, Activation::GeluTanh, Activation::Silu] {
        // Of less than a group of random words, of one, of some, and of more than a block has.
        for (len, batch) in some(&[(1, 1), (63, 1), (64, 3), (100, 3), (5003, 1)]) {
            let spec = activation::Spec { len, activation };
            // A few roundings of f32, and exponentials to as many.
            agree!(2e-6, format!("{spec:?}, batch {batch}"), |d| activation_dropped(d, &spec, batch));
        }
    }
}

#[test]
fn norms_of_sums_of_what_is_dropped_out() {
    // As below; and of a group of random words, of some, of more than a warp takes at once, and of more than a block keeps.
    for dim in some(&[1, 100, 257, 64, 192, 768, 1024, 1088, 2112, 8192, 8256]) {
        for (rows, batch) in [(1, 1), (3, 3)] {
            let spec = layer_norm::Spec { rows, dim, eps: 1e-5 };
            agree!(0.0, format!("{spec:?}, batch {batch}"), |d| norm_of_dropped(d, &spec, batch));
        }
    }
}

#[test]
fn norms_of_sums() {
    // Lengths of rows: of 1, of no whole number of 16 bytes, of a warp's, and of a block's, of more than it takes at once.
    for dim in some(&[1, 3, 4, 257, 1024, 1032, 2051, 4100]) {
        for (rows, batch) in [(1, 1), (3, 3)] {
            let spec = layer_norm::Spec { rows, dim, eps: 1e-5 };
            agree!(0.0, format!("{spec:?}, batch {batch}"), |d| norm_of_sum(d, &spec, batch));
        }
    }
}

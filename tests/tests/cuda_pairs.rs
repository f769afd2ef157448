//! Neighbours that run in one call on a GPU: the bits are those of the two calls.

use remat::ops::{arithmetic, layer_norm};
use remat_tests::agree;
use remat_tests::agreement::assert_bits;
use remat_tests::devices::{Bytes, Results, Room, Single, elems, normal, some, unwritten};

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
    let ([x, plus], [sum]) = room.split([0, 1], [4])?;
    let add = arithmetic::Spec { len: spec.rows * dim, op: arithmetic::Arithmetic::Add };
    let both = arithmetic::Forward { y: D::view_mut(sum), a: D::view(x), b: D::view(plus) };
    arithmetic::Kernel::forward(device, &add, batch, both)?;
    let ([sum, weight, bias], [y, mean, rstd]) = room.split([4, 2, 3], [5, 6, 7])?;
    let alone = layer_norm::Forward {
        y: D::view_mut(y),
        mean: Some(D::view_mut(mean)),
        rstd: Some(D::view_mut(rstd)),
        sum: None,
        x: Some(D::view(sum)),
        plus: None,
        weight: Some(D::view(weight)),
        bias: Some(D::view(bias)),
    };
    layer_norm::Kernel::forward(device, spec, batch, alone)?;
    for stored in [false, true] {
        let ([x, plus, weight, bias], [sum, y, mean, rstd]) = room.split([0, 1, 2, 3], [8, 9, 10, 11])?;
        let forward = layer_norm::Forward {
            y: D::view_mut(y),
            mean: Some(D::view_mut(mean)),
            rstd: Some(D::view_mut(rstd)),
            sum: stored.then_some(D::view_mut(sum)),
            x: Some(D::view(x)),
            plus: Some(D::view(plus)),
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
        x: None,
        plus: Some(D::view(plus)),
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

//! The gradient of a bias on a GPU, by the activation or dropout behind its layer: it has the bits that the layer itself gives
//! it, also where what is behind an activation is dropped out in the same call.

use remat::device::{Device, Grad};
use remat::ops::activation::{self, Activation};
use remat::ops::dropout::{self, Mask};
use remat::ops::linear;
use remat::rng::Key;
use remat::{Cuda, Error};
use remat_tests::agreement::assert_bits;
use remat_tests::devices::{Bytes, Results, Room, Single, elems, gpu, normal, some, unwritten};

/// Rows and outputs: ones, rows of no whole number of 16 bytes in either type, of those in one and in both, of more than a
/// block has; of a thread fewer rows than are on their way at once, and more; of one part and of several.
const SHAPES: [[usize; 2]; 13] = [
    [1, 1],
    [3, 5],
    [7, 8],
    [33, 65],
    [70, 300],
    [5, 1030],
    [300, 12],
    [530, 24],
    [301, 128],
    [1500, 33],
    [700, 264],
    [5000, 1],
    [9003, 4],
];

/// The same where something is dropped out: rows whose packs are of whole warps, of one type or of both, and others.
const DRAWN: [[usize; 2]; 8] =
    [[1, 1], [7, 128], [33, 256], [5, 300], [530, 384], [300, 512], [1500, 64], [2100, 256]];

/// How gradients are asked for.
#[derive(Clone, Copy, Debug)]
struct Form {
    /// dx is written over dy.
    over: bool,
    /// The gradient of the bias is added to.
    add: bool,
    /// It is left to the layer before; or, of what is dropped out, dy is dropped out before.
    apart: bool,
}

/// By what dy is dropped out, if it is.
const MASK: Mask = Mask { key: Key { seed: 8, step: 9, node: 10 }, p: 0.4 };

/// Calls the activation's backward, of arrays saved, dy, dx and dbias in this order; says which has dx then.
fn differentiate<D: Single + activation::Kernel>(
    room: &mut Room<'_, D>,
    (device, activation, len): (&D, Activation, usize),
    Form { over, add, .. }: Form,
    with_bias: bool,
    mask: Option<Mask>,
) -> Result<usize, Error> {
    let at = if over { 1 } else { 2 };
    let ([saved, dy], [dx, dbias]) = if over {
        let ([saved], written) = room.split([0], [at, 3])?;
        ([saved, saved], written)
    } else {
        room.split([0, 1], [at, 3])?
    };
    let args = activation::Backward {
        dx: Some(Grad { to: D::view_mut(dx), add: false }),
        dbias: with_bias.then(|| Grad { to: D::view_mut(dbias), add }),
        dy: (!over).then(|| D::view(dy)),
        saved: D::view(saved),
        mask,
    };
    activation::Kernel::backward(device, &activation::Spec { len, activation }, 1, args)?;
    Ok(at)
}

/// Calls the backward of the layer itself for its bias: arrays dy and weight are read, dbias and the rounded weight are written.
fn by_layer<D: Single + linear::Kernel>(
    room: &mut Room<'_, D>,
    (device, [rows, outputs]): (&D, [usize; 2]),
    read: [usize; 2],
    written: [usize; 2],
    add: bool,
) -> Result<(), Error> {
    let ([dy, weight], [dbias, rounded]) = room.split(read, written)?;
    let dbias = Some(Grad { to: D::view_mut(dbias), add });
    let (dy, weight, rounded) = (D::view(dy), D::view(weight), D::view_mut(rounded));
    let args = linear::Backward { dx: None, dweight: None, dbias, dy, x: None, weight, rounded };
    let spec = linear::Spec { rows, inputs: 1, outputs, activation: None };
    linear::Kernel::backward(device, &spec, 1, args)
}

/// dx and dbias.
fn backward<D: Single + activation::Kernel + linear::Kernel>(
    device: &D,
    activation: Activation,
    [rows, outputs]: [usize; 2],
    form: Form,
) -> Results {
    let Form { add, apart, .. } = form;
    let n = rows * outputs;
    let (mut saved, mut dy) = (normal(1, n), normal(2, n));
    saved[n / 2] = 9.0;
    dy[n / 3] = if n > 1000 { f32::NAN } else { -7.0 };
    let before = if add { normal(3, outputs) } else { unwritten(outputs) };
    let nothing = elems(unwritten(0));
    let arrays: [&dyn Bytes; 6] =
        [&elems(saved), &elems(dy), &elems(unwritten(n)), &before, &unwritten(outputs), &nothing];
    let mut room = Room::new(device, &arrays)?;
    let (with_bias, mask) = (!apart, None);
    let at = differentiate(&mut room, (device, activation, n), form, with_bias, mask)?;
    if apart {
        by_layer(&mut room, (device, [rows, outputs]), [at, 4], [3, 5], add)?;
    }
    room.check()?;
    Ok(vec![room.numbers(at)?, room.numbers(3)?])
}

/// dx and dbias of what is left of dy, which is dropped out in the same call or before it.
fn dropped<D: Single + activation::Kernel + dropout::Kernel>(
    device: &D,
    activation: Activation,
    [rows, outputs]: [usize; 2],
    form: Form,
) -> Results {
    let Form { add, apart, .. } = form;
    let n = rows * outputs;
    let before = if add { normal(3, outputs) } else { unwritten(outputs) };
    let arrays: [&dyn Bytes; 4] = [&elems(normal(1, n)), &elems(normal(2, n)), &elems(unwritten(n)), &before];
    let mut room = Room::new(device, &arrays)?;
    if apart {
        let ([], [dy]) = room.split([], [1])?;
        let (dx, key) = (Some(Grad { to: D::view_mut(dy), add: false }), MASK.key);
        let spec = dropout::Spec { len: n, p: MASK.p };
        dropout::Kernel::backward(device, &spec, 1, dropout::Backward { dx, dbias: None, dy: None, key })?;
    }
    let (with_bias, mask) = (true, (!apart).then_some(MASK));
    let at = differentiate(&mut room, (device, activation, n), form, with_bias, mask)?;
    room.check()?;
    Ok(vec![room.numbers(at)?, room.numbers(3)?])
}

#[test]
fn sums_of_what_is_left_are_those_of_two_calls() {
    fn check<G: Single + activation::Kernel + dropout::Kernel>(gpu: &G) {
        for (at, shape) in some(&DRAWN).enumerate() {
            let own = [Activation::Relu, Activation::Gelu, Activation::GeluTanh, Activation::Silu];
            for (of, activation) in own.into_iter().enumerate() {
                if shape[0] * shape[1] > 10_000 && of % 2 != at % 2 {
                    continue;
                }
                for (over, add) in [(false, true), (true, false)] {
                    let run = |apart| dropped(gpu, activation, shape, Form { over, add, apart });
                    let [got, want] = [false, true].map(|apart| run(apart).expect("gradients"));
                    let what = format!("{activation:?} of {shape:?}, over {over}, add {add}");
                    assert_bits(&format!("dx of {what}"), &got[0], &want[0]);
                    assert_bits(&format!("dbias of {what}"), &got[1], &want[1]);
                    assert!(got[0].iter().filter(|dx| **dx == 0.0).count() >= got[0].len() / 4, "{what}");
                }
            }
        }
    }
    let Some(gpu) = gpu() else { return };
    check(&gpu);
    check(&gpu.bf16());
}

/// The same without an activation between.
fn dropped_alone<D: Single + dropout::Kernel + linear::Kernel>(
    device: &D,
    [rows, outputs]: [usize; 2],
    Form { over, add, apart }: Form,
) -> Results {
    let n = rows * outputs;
    let before = if add { normal(3, outputs) } else { unwritten(outputs) };
    let nothing = elems(unwritten(0));
    let mut dy: Vec<f32> = normal(2, n);
    dy[n / 3] = f32::NAN;
    let arrays: [&dyn Bytes; 5] = [&elems(dy), &elems(unwritten(n)), &before, &unwritten(outputs), &nothing];
    let mut room = Room::new(device, &arrays)?;
    let (at, beside) = if over { (0, 1) } else { (1, 0) };
    let ([dy], [dx, dbias]) = room.split([beside], [at, 2])?;
    let (dx, key) = (Some(Grad { to: D::view_mut(dx), add: false }), MASK.key);
    let dbias = (!apart).then(|| Grad { to: D::view_mut(dbias), add });
    let dy = (!over).then(|| D::view(dy));
    let spec = dropout::Spec { len: n, p: MASK.p };
    dropout::Kernel::backward(device, &spec, 1, dropout::Backward { dx, dbias, dy, key })?;
    if apart {
        by_layer(&mut room, (device, [rows, outputs]), [at, 3], [2, 4], add)?;
    }
    room.check()?;
    Ok(vec![room.numbers(at)?, room.numbers(2)?])
}

#[test]
fn sums_of_what_a_dropout_leaves_are_sums_of_what_is_read() {
    fn check<G: Single + dropout::Kernel + linear::Kernel>(gpu: &G) {
        for shape in some(&DRAWN) {
            for (over, add) in [(false, true), (true, false)] {
                let run = |apart| dropped_alone(gpu, shape, Form { over, add, apart });
                let [got, again, want] = [false, false, true].map(|apart| run(apart).expect("gradients"));
                for (name, of) in [("dx", 0), ("dbias", 1)] {
                    let what = format!("{name} of {shape:?}, over {over}, add {add}");
                    assert_bits(&what, &got[of], &want[of]);
                    assert_bits(&format!("{what}, again"), &again[of], &got[of]);
                }
            }
        }
    }
    let Some(gpu) = gpu() else { return };
    check(&gpu);
    check(&gpu.bf16());
}

#[test]
fn sums_of_what_is_written_are_sums_of_what_is_read() {
    fn check<G: Single + activation::Kernel + linear::Kernel>(gpu: &G) {
        for (at, shape) in some(&SHAPES).enumerate() {
            // All of them where that is little work, and each somewhere where it is more.
            let all = shape[0] * shape[1] < 5000;
            let own = Activation::ALL.into_iter().enumerate().filter(|(of, _)| all || of % 3 == at % 3);
            for activation in own.map(|(_, activation)| activation) {
                for (over, add) in [(false, true), (true, false)] {
                    let run = |apart| backward(gpu, activation, shape, Form { over, add, apart });
                    let [got, again, want] = [false, false, true].map(|apart| run(apart).expect("gradients"));
                    let what = format!("{activation:?} of {shape:?}, over {over}, add {add}");
                    for (name, of) in [("dx", 0), ("dbias", 1)] {
                        assert_bits(&format!("{name} of {what}"), &got[of], &want[of]);
                        assert_bits(&format!("{name} again, of {what}"), &again[of], &got[of]);
                    }
                }
            }
        }
    }
    let Some(gpu) = gpu() else { return };
    check(&gpu);
    check(&gpu.bf16());
}

/// Of rows that are not whole, of a gradient that others have written too, or of none; nothing is changed.
#[test]
fn what_is_no_gradient_of_the_bias_is_refused() -> Result<(), Error> {
    type D = Cuda;
    let Some(gpu) = gpu() else { return Ok(()) };
    for (there, add, outputs) in [(true, true, 3), (false, false, 3), (true, false, 4)] {
        let mut room = Room::new(&gpu, &[&normal(1, 6), &normal(2, 6), &normal(3, outputs)])?;
        let ([saved], [dx, dbias]) = room.split([0], [1, 2])?;
        let dx = there.then(|| Grad { to: D::view_mut(dx), add });
        let dbias = Some(Grad { to: D::view_mut(dbias), add: false });
        let (dy, saved) = (Some(D::view(saved)), D::view(saved));
        let spec = activation::Spec { len: 6, activation: Activation::Gelu };
        let args = activation::Backward::<D> { dx, dbias, dy, saved, mask: None };
        let refused = activation::Kernel::backward(&gpu, &spec, 1, args);
        assert!(matches!(refused, Err(Error::Internal { .. })), "{refused:?}");
        assert_bits("dx", &room.read::<f32>(1)?, &normal(2, 6));
        assert_bits("dbias", &room.read::<f32>(2)?, &normal(3, outputs));
        room.check()?;
    }
    Ok(())
}

//! The gradient of a bias on a GPU, by the activation behind its layer: it has the bits that the layer itself gives it.

use remat::device::{Device, Grad};
use remat::ops::activation::{self, Activation};
use remat::ops::linear;
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

/// How gradients are asked for.
#[derive(Clone, Copy, Debug)]
struct Form {
    /// dx is written over dy.
    over: bool,
    /// The gradient of the bias is added to.
    add: bool,
    /// It is left to the layer before.
    apart: bool,
}

/// dx and dbias.
fn backward<D: Single + activation::Kernel + linear::Kernel>(
    device: &D,
    activation: Activation,
    [rows, outputs]: [usize; 2],
    Form { over, add, apart }: Form,
) -> Results {
    let n = rows * outputs;
    let (mut saved, mut dy) = (normal(1, n), normal(2, n));
    saved[n / 2] = 9.0;
    dy[n / 3] = if n > 1000 { f32::NAN } else { -7.0 };
    let before = if add { normal(3, outputs) } else { unwritten(outputs) };
    let nothing = elems(unwritten(0));
    let arrays: [&dyn Bytes; 6] =
        [&elems(saved), &elems(dy), &elems(unwritten(n)), &before, &unwritten(outputs), &nothing];
    let mut room = Room::new(device, &arrays)?;
    // Where dx is.
    let at = if over { 1 } else { 2 };
    let ([saved, dy], [dx, dbias]) = if over {
        let ([saved], written) = room.split([0], [at, 3])?;
        ([saved, saved], written)
    } else {
        room.split([0, 1], [at, 3])?
    };
    let args = activation::Backward {
        dx: Some(Grad { to: D::view_mut(dx), add: false }),
        dbias: (!apart).then(|| Grad { to: D::view_mut(dbias), add }),
        dy: (!over).then(|| D::view(dy)),
        saved: D::view(saved),
    };
    activation::Kernel::backward(device, &activation::Spec { len: n, activation }, 1, args)?;
    if apart {
        let ([dy, weight], [dbias, rounded]) = room.split([at, 4], [3, 5])?;
        let dbias = Some(Grad { to: D::view_mut(dbias), add });
        let (dy, weight, rounded) = (D::view(dy), D::view(weight), D::view_mut(rounded));
        let args = linear::Backward { dx: None, dweight: None, dbias, dy, x: None, weight, rounded };
        let spec = linear::Spec { rows, inputs: 1, outputs, activation: None };
        linear::Kernel::backward(device, &spec, 1, args)?;
    }
    room.check()?;
    Ok(vec![room.numbers(at)?, room.numbers(3)?])
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
        let args = activation::Backward::<D> { dx, dbias, dy, saved };
        let refused = activation::Kernel::backward(&gpu, &spec, 1, args);
        assert!(matches!(refused, Err(Error::Internal { .. })), "{refused:?}");
        assert_bits("dx", &room.read::<f32>(1)?, &normal(2, 6));
        assert_bits("dbias", &room.read::<f32>(2)?, &normal(3, outputs));
        room.check()?;
    }
    Ok(())
}

//! What moves and adds elements on a GPU, against the CPU. The ops that compute on the CPU as they do here give its
//! bits; activations are of other functions of the same accuracy.

use remat::cuda::bf16;
use remat::device::{Device, Grad};
use remat::ndarray::{ArrayView1, s};
use remat::ops::activation::{self, Activation};
use remat::ops::arithmetic::{self, Arithmetic};
use remat::ops::store::{self, Format};
use remat::ops::{concat, dropout, embedding, load, parameter, position_embedding, slice, transpose};
use remat::rng::Key;
use remat::{Cuda, Error};
use remat_tests::agree;
use remat_tests::agreement::{assert_bits, assert_numbers};
use remat_tests::devices::{self, Bytes, Results, Room, Single, elems, gpu, ids, normal, some, unwritten};
use remat_tests::forms::{before, elems_before};

/// Lengths of none, of less than 16 bytes, of no whole number of those, of a block and more, and of many blocks.
const LENGTHS: [usize; 7] = [1, 3, 4, 31, 257, 1024, 5003];

#[test]
fn activations() {
    fn run<D: Single + activation::Kernel>(
        device: &D,
        spec: &activation::Spec,
        batch: usize,
        add: bool,
    ) -> Results {
        let n = batch * spec.len;
        let mut x = normal(1, n);
        x[n / 2] = f32::NAN;
        x[n / 3] = 9.0;
        x[n / 4] = 1e30;
        // Of y where backward reads that; it is given, so that what forward gives on one device is not read there alone.
        let reads_y = matches!(spec.activation, Activation::Relu | Activation::Sigmoid | Activation::Tanh);
        let saved: Vec<f32> = x.iter().map(|x| if reads_y { x.tanh().abs() } else { *x }).collect();
        let arrays: [&dyn Bytes; 5] =
            [&elems(x), &elems(normal(2, n)), &elems(unwritten(n)), &elems_before(add, 3, n), &elems(saved)];
        let mut room = Room::new(device, &arrays)?;
        let ([x], [y]) = room.split([0], [2])?;
        let forward = activation::Forward { y: D::view_mut(y), x: D::view(x), mask: None };
        activation::Kernel::forward(device, spec, batch, forward)?;
        let ([saved, dy], [dx]) = room.split([4, 1], [3])?;
        let dx = Some(Grad { to: D::view_mut(dx), add });
        let backward = activation::Backward {
            dx,
            dbias: None,
            dy: Some(D::view(dy)),
            saved: D::view(saved),
            mask: None,
        };
        activation::Kernel::backward(device, spec, batch, backward)?;
        if !add {
            let ([saved], [dx]) = room.split([4], [1])?;
            let dx = Some(Grad { to: D::view_mut(dx), add });
            let over = activation::Backward { dx, dbias: None, dy: None, saved: D::view(saved), mask: None };
            activation::Kernel::backward(device, spec, batch, over)?;
            assert_bits("dx over dy", &room.numbers(1)?, &room.numbers(3)?);
        }
        room.check()?;
        Ok(vec![room.numbers(2)?, room.numbers(3)?])
    }
    for activation in Activation::ALL {
        for len in some(&LENGTHS) {
            for (batch, add) in [(1, false), (3, true)] {
                let spec = activation::Spec { len, activation };
                // A few roundings of f32, and exponentials to as many.
                agree!(2e-6, format!("{spec:?}, batch {batch}, add {add}"), |d| run(d, &spec, batch, add));
            }
        }
    }
}

#[test]
fn sums_differences_and_products() {
    fn run<D: Single + arithmetic::Kernel>(
        device: &D,
        spec: &arithmetic::Spec,
        batch: usize,
        add: bool,
    ) -> Results {
        let n = batch * spec.len;
        let arrays: [&dyn Bytes; 7] = [
            &elems(normal(1, n)),
            &elems(normal(2, n)),
            &elems(normal(3, n)),
            &elems(unwritten(n)),
            &elems_before(add, 4, n),
            &elems_before(!add, 5, n),
            &elems_before(add, 4, n),
        ];
        let mut room = Room::new(device, &arrays)?;
        let ([a, b, dy], [y, da, db]) = room.split([0, 1, 2], [3, 4, 5])?;
        let forward = arithmetic::Forward {
            y: D::view_mut(y),
            dropped: None,
            a: Some(D::view(a)),
            b: D::view(b),
            mask: None,
        };
        arithmetic::Kernel::forward(device, spec, batch, forward)?;
        let backward = arithmetic::Backward {
            da: Some(Grad { to: D::view_mut(da), add }),
            db: Some(Grad { to: D::view_mut(db), add: !add }),
            dy: Some(D::view(dy)),
            a: Some(D::view(a)),
            b: Some(D::view(b)),
        };
        arithmetic::Kernel::backward(device, spec, batch, backward)?;
        // What was not added to, again over dy: that of `a` alone, that of `b` behind the other.
        {
            let ([a, b], [da, over]) = room.split([0, 1], [6, 2])?;
            let over = Some(Grad { to: D::view_mut(over), add: false });
            let da = add.then(|| Grad { to: D::view_mut(da), add });
            let (da, db) = if add { (da, over) } else { (over, None) };
            let (a, b) = (Some(D::view(a)), Some(D::view(b)));
            let backward = arithmetic::Backward { da, db, dy: None, a, b };
            arithmetic::Kernel::backward(device, spec, batch, backward)?;
        }
        assert_bits("over dy", &room.numbers(2)?, &room.numbers(if add { 5 } else { 4 })?);
        if add {
            assert_bits("beside it", &room.numbers(6)?, &room.numbers(4)?);
        }
        room.check()?;
        (3..6).map(|array| room.numbers(array)).collect()
    }
    for op in [Arithmetic::Add, Arithmetic::Sub, Arithmetic::Mul] {
        for len in some(&LENGTHS) {
            for (batch, add) in [(1, false), (3, true)] {
                let spec = arithmetic::Spec { len, op };
                agree!(0.0, format!("{spec:?}, batch {batch}, add {add}"), |d| run(d, &spec, batch, add));
            }
        }
    }
}

#[test]
fn dropout_draws_what_the_cpu_draws() {
    fn run<D: Single + dropout::Kernel>(device: &D, spec: &dropout::Spec, batch: usize, key: Key) -> Results {
        let n = batch * spec.len;
        let x = elems(normal(1, n));
        let mut room = Room::new(device, &[&x, &elems(unwritten(n)), &elems(normal(2, n)), &x])?;
        let ([x], [y, dx]) = room.split([0], [1, 2])?;
        let forward = dropout::Forward { y: D::view_mut(y), x: D::view(x), key };
        dropout::Kernel::forward(device, spec, batch, forward)?;
        let dx = Some(Grad { to: D::view_mut(dx), add: true });
        dropout::Kernel::backward(
            device,
            spec,
            batch,
            dropout::Backward { dx, dbias: None, dy: Some(D::view(x)), key },
        )?;
        // Over dy it is what forward does to it.
        let ([], [dx]) = room.split([], [3])?;
        let dx = Some(Grad { to: D::view_mut(dx), add: false });
        dropout::Kernel::backward(device, spec, batch, dropout::Backward { dx, dbias: None, dy: None, key })?;
        assert_bits("dx over dy", &room.numbers(3)?, &room.numbers(1)?);
        room.check()?;
        Ok(vec![room.numbers(1)?, room.numbers(2)?])
    }
    for (p, seed) in [(0.0, 1), (0.1, u64::MAX), (0.9, 1 << 40)] {
        for len in some(&LENGTHS) {
            let (spec, key) = (dropout::Spec { len, p }, Key { seed, step: (1 << 33) + 5, node: 7 });
            agree!(0.0, format!("{spec:?}"), |d| run(d, &spec, 3, key));
        }
    }
}

/// Without dy, a gradient must hold it, and not be added to; else nothing is changed.
#[test]
fn without_dy_a_gradient_holds_it() -> Result<(), Error> {
    type D = Cuda;
    let Some(gpu) = gpu() else { return Ok(()) };
    let n = 5;
    let mut room = Room::new(&gpu, &[&normal(1, n), &normal(2, n)])?;
    for there in [true, false] {
        let ([x], [to]) = room.split([0], [1])?;
        let (saved, dx) = (D::view(x), there.then(|| Grad { to: D::view_mut(to), add: true }));
        let spec = activation::Spec { len: n, activation: Activation::Relu };
        let args = activation::Backward::<D> { dx, dbias: None, dy: None, saved, mask: None };
        refused(activation::Kernel::backward(&gpu, &spec, 1, args));
        let ([x], [to]) = room.split([0], [1])?;
        let (factor, db) = (Some(D::view(x)), there.then(|| Grad { to: D::view_mut(to), add: true }));
        let spec = arithmetic::Spec { len: n, op: Arithmetic::Mul };
        let args = arithmetic::Backward::<D> { da: None, db, dy: None, a: factor, b: factor };
        refused(arithmetic::Kernel::backward(&gpu, &spec, 1, args));
        let ([], [to]) = room.split([], [1])?;
        let dx = there.then(|| Grad { to: D::view_mut(to), add: true });
        let (spec, key) = (dropout::Spec { len: n, p: 0.5 }, Key { seed: 1, step: 2, node: 3 });
        let args = dropout::Backward::<D> { dx, dbias: None, dy: None, key };
        refused(dropout::Kernel::backward(&gpu, &spec, 1, args));
    }
    assert_bits("the gradient", &room.read::<f32>(1)?, &normal(2, n));
    room.check()
}

fn refused(result: Result<(), Error>) {
    assert!(matches!(result, Err(Error::Internal { .. })), "{result:?}");
}

#[test]
fn embeddings() {
    fn run<D: Single + embedding::Kernel>(
        device: &D,
        spec: &embedding::Spec,
        batch: usize,
        add: bool,
    ) -> Results {
        let (rows, table) = (batch * spec.rows, spec.vocab * spec.dim);
        let arrays: [&dyn Bytes; 5] = [
            &ids(1, rows, spec.vocab as u32),
            &normal(2, table),
            &elems(normal(3, rows * spec.dim)),
            &elems(unwritten(rows * spec.dim)),
            &before(add, 4, table),
        ];
        let mut room = Room::new(device, &arrays)?;
        let ([ids, weight, dy], [y, dweight]) = room.split([0, 1, 2], [3, 4])?;
        let forward = embedding::Forward { y: D::view_mut(y), ids: D::view(ids), weight: D::view(weight) };
        embedding::Kernel::forward(device, spec, batch, forward)?;
        let dweight = Some(Grad { to: D::view_mut(dweight), add });
        let backward = embedding::Backward { dweight, dy: D::view(dy), ids: D::view(ids) };
        embedding::Kernel::backward(device, spec, batch, backward)?;
        room.check()?;
        Ok(vec![room.numbers(3)?, room.numbers(4)?])
    }
    let shapes = [(1, 1, 1), (5, 3, 7), (40, 2, 130), (300, 17, 24), (9, 3000, 4), (700, 300, 3)];
    for (rows, vocab, dim) in shapes {
        for (batch, add) in [(1, false), (3, true)] {
            let spec = embedding::Spec { rows, vocab, dim };
            // Sums in the same order, but a GPU adds to what is there last: one rounding.
            let tolerance = if add { 1e-5 } else { 0.0 };
            agree!(tolerance, format!("{spec:?}, batch {batch}, add {add}"), |d| run(d, &spec, batch, add));
        }
    }
}

#[test]
fn an_id_that_is_none_reads_and_writes_nothing_outside() {
    let Some(gpu) = gpu() else { return };
    let spec = embedding::Spec { rows: 4, vocab: 3, dim: 5 };
    let ids: Vec<u32> = vec![1, 3, u32::MAX, 2];
    let mut room = Room::new(&gpu, &[&ids, &normal(1, 15), &normal(2, 20), &unwritten(20), &unwritten(15)])
        .expect("a room");
    let ([at, weight, dy], [y, dweight]) = room.split([0, 1, 2], [3, 4]).expect("arrays");
    type D = Cuda;
    let forward = embedding::Forward::<D> { y: D::view_mut(y), ids: D::view(at), weight: D::view(weight) };
    embedding::Kernel::forward(&gpu, &spec, 1, forward).expect("an embedding");
    let dweight = Some(Grad { to: D::view_mut(dweight), add: false });
    let backward = embedding::Backward::<D> { dweight, dy: D::view(dy), ids: D::view(at) };
    embedding::Kernel::backward(&gpu, &spec, 1, backward).expect("its gradient");
    room.check().expect("guards");
    let (y, dweight): (Vec<f32>, Vec<f32>) = (room.read(3).expect("y"), room.read(4).expect("dweight"));
    let (weight, dy) = (normal(1, 15), normal(2, 20));
    assert_eq!((&y[..5], &y[15..]), (&weight[5..10], &weight[10..]));
    assert!(y[5..15].iter().all(|y| y.is_nan()));
    assert_eq!((&dweight[..5], &dweight[5..10], &dweight[10..]), (&[0.0; 5][..], &dy[..5], &dy[15..]));
}

#[test]
fn parameters_and_positions() {
    fn run<D: Single + parameter::Kernel + position_embedding::Kernel>(
        device: &D,
        spec: &position_embedding::Spec,
        batch: usize,
        add: bool,
    ) -> Results {
        let (m, table) = (spec.len * spec.dim, spec.table * spec.dim);
        let n = batch * m;
        let arrays: [&dyn Bytes; 9] = [
            &elems(normal(1, n)),
            &normal(2, table),
            &elems(normal(3, n)),
            &elems(unwritten(n)),
            &elems_before(add, 4, n),
            &before(add, 5, table),
            &elems(unwritten(n)),
            &before(add, 6, m),
            &normal(7, n),
        ];
        let mut room = Room::new(device, &arrays)?;
        let ([x, weight, dy], [y, dx, dweight]) = room.split([0, 1, 2], [3, 4, 5])?;
        let forward =
            position_embedding::Forward { y: D::view_mut(y), x: D::view(x), weight: D::view(weight) };
        position_embedding::Kernel::forward(device, spec, batch, forward)?;
        let backward = position_embedding::Backward {
            dx: Some(Grad { to: D::view_mut(dx), add }),
            dweight: Some(Grad { to: D::view_mut(dweight), add }),
            dy: D::view(dy),
        };
        position_embedding::Kernel::backward(device, spec, batch, backward)?;
        // A parameter's gradient is such a sum too, and its value is the same without an x.
        let one = parameter::Spec { len: m };
        let ([dy], [dweight]) = room.split([2], [7])?;
        let dweight = Some(Grad { to: D::view_mut(dweight), add });
        parameter::Kernel::backward(device, &one, batch, parameter::Backward { dweight, dy: D::view(dy) })?;
        let everywhere = parameter::Spec { len: n };
        let ([weight], [y]) = room.split([8], [6])?;
        let forward = parameter::Forward { y: D::view_mut(y), weight: D::view(weight) };
        parameter::Kernel::forward(device, &everywhere, 1, forward)?;
        room.check()?;
        (3..8).map(|array| room.numbers(array)).collect()
    }
    for (len, table, dim) in [(1, 1, 1), (5, 9, 7), (16, 16, 24), (300, 301, 4)] {
        for (batch, add) in [(1, false), (3, true)] {
            let spec = position_embedding::Spec { len, table, dim };
            // As for embeddings.
            let tolerance = if add { 1e-5 } else { 0.0 };
            agree!(tolerance, format!("{spec:?}, batch {batch}, add {add}"), |d| run(d, &spec, batch, add));
        }
    }
}

#[test]
fn joined_and_cut() {
    const PARTS: [&[usize]; 3] = [&[1, 2], &[4, 8], &[3, 1]];
    fn run<D: Single + concat::Kernel + slice::Kernel>(
        device: &D,
        spec: &concat::Spec,
        batch: usize,
        add: bool,
    ) -> Results {
        let rows = batch * spec.outer;
        let [one, two] = [0, 1].map(|part| rows * spec.parts[part] * spec.inner);
        let arrays: [&dyn Bytes; 8] = [
            &elems(normal(1, one)),
            &elems(normal(2, two)),
            &elems(normal(3, one + two)),
            &elems(unwritten(one + two)),
            &elems_before(add, 4, one),
            &elems_before(!add, 5, two),
            &elems(unwritten(two)),
            &elems_before(add, 6, one + two),
        ];
        let mut room = Room::new(device, &arrays)?;
        let ([a, b], [y]) = room.split([0, 1], [3])?;
        let xs = [D::view(a), D::view(b)];
        concat::Kernel::forward(device, spec, batch, concat::Forward { y: D::view_mut(y), xs: &xs })?;
        let ([dy], [da, db]) = room.split([2], [4, 5])?;
        let da = Some(Grad { to: D::view_mut(da), add });
        let db = Some(Grad { to: D::view_mut(db), add: !add });
        let mut dxs = [da, db];
        let backward = concat::Backward { dxs: &mut dxs, dy: D::view(dy) };
        concat::Kernel::backward(device, spec, batch, backward)?;
        drop(dxs);
        // The second part, cut out again.
        let (start, take) = (spec.parts[0], spec.parts[1]);
        let cut = slice::Spec { outer: spec.outer, len: start + take, inner: spec.inner, start, take };
        let ([x, dy], [y, dx]) = room.split([2, 1], [6, 7])?;
        slice::Kernel::forward(device, &cut, batch, slice::Forward { y: D::view_mut(y), x: D::view(x) })?;
        let dx = Some(Grad { to: D::view_mut(dx), add });
        slice::Kernel::backward(device, &cut, batch, slice::Backward { dx, dy: D::view(dy) })?;
        room.check()?;
        (3..8).map(|array| room.numbers(array)).collect()
    }
    for parts in PARTS {
        for (outer, inner) in [(1, 1), (9, 3), (2, 64), (70, 260)] {
            for (batch, add) in [(1, false), (3, true)] {
                let spec = concat::Spec { outer, inner, parts };
                agree!(0.0, format!("{spec:?}, batch {batch}, add {add}"), |d| run(d, &spec, batch, add));
            }
        }
    }
}

#[test]
fn transposes() {
    fn run<D: Single + transpose::Kernel>(
        device: &D,
        spec: &transpose::Spec,
        batch: usize,
        add: bool,
    ) -> Results {
        let n = batch * spec.outer * spec.a * spec.mid * spec.b * spec.inner;
        let mut room =
            Room::new(device, &[&elems(normal(1, n)), &elems(unwritten(n)), &elems_before(add, 2, n)])?;
        let ([x], [y, dx]) = room.split([0], [1, 2])?;
        let forward = transpose::Forward { y: D::view_mut(y), x: D::view(x) };
        transpose::Kernel::forward(device, spec, batch, forward)?;
        let dx = Some(Grad { to: D::view_mut(dx), add });
        transpose::Kernel::backward(device, spec, batch, transpose::Backward { dx, dy: D::view(x) })?;
        room.check()?;
        Ok(vec![room.numbers(1)?, room.numbers(2)?])
    }
    let sizes = [
        (1, 1, 1, 1, 1),
        (2, 3, 1, 5, 1),
        (1, 33, 2, 65, 1),
        (3, 32, 1, 32, 1),
        (2, 3, 2, 5, 7),
        (1, 9, 1, 70, 40),
        // More matrices than blocks: they go through the same tile one after the other.
        (1400, 2, 3, 3, 1),
    ];
    for (outer, a, mid, b, inner) in sizes {
        for (batch, add) in [(1, false), (3, true)] {
            let spec = transpose::Spec { outer, a, mid, b, inner };
            agree!(0.0, format!("{spec:?}, batch {batch}, add {add}"), |d| run(d, &spec, batch, add));
        }
    }
}

/// Of every exponent and sign, with significands that are exact, half way, and beside that: zeros, numbers that have no
/// leading 1, ties to an even and to an odd one, some that round to infinity, infinities, NaN.
fn of_every_kind() -> Vec<f32> {
    let significands =
        [0, 1, 0xfff, 0x1000, 0x1001, 0x2000, 0x3000, 0x7fff, 0x8000, 0x8001, 0x1_8000, 0x7f_ffff];
    (0..512u32).flat_map(|top| significands.map(|low| f32::from_bits(top << 23 | low))).collect()
}

/// By the host when they come, and by kernels when they are written; what goes back is what is there.
#[test]
fn elements_of_two_bytes_are_the_nearest() -> Result<(), Error> {
    type D = Cuda<bf16>;
    let Some(gpu) = gpu().map(|gpu| gpu.bf16()) else { return Ok(()) };
    let kinds = of_every_kind();
    // More than is copied at once.
    let x: Vec<f32> = kinds.iter().copied().cycle().take((2 << 20) + 77).collect();
    let want: Vec<u16> = x.iter().map(|x| devices::bf16(*x)).collect();
    let widened: Vec<f32> = want.iter().map(|x| devices::widened(*x)).collect();
    let mut room = Room::new(&gpu, &[&elems(unwritten(x.len())), &x, &elems(unwritten(x.len()))])?;
    // Also of an array that does not stand in memory in its order.
    let backwards: Vec<f32> = x.iter().rev().copied().collect();
    for from in [ArrayView1::from(&x), ArrayView1::from(&backwards).slice_move(s![..;-1])] {
        let ([], [to]) = room.split([], [0])?;
        gpu.upload_elems(D::view_mut(to), from)?;
        let held: Vec<bf16> = room.read(0)?;
        let held: Vec<u16> = held.into_iter().map(bf16::to_bits).collect();
        assert_bits("as it is held", &held, &want);
        assert_bits("as it comes back", &room.numbers(0)?, &widened);
    }
    let ([weight], [y]) = room.split([1], [2])?;
    let spec = parameter::Spec { len: x.len() };
    let forward = parameter::Forward::<D> { y: D::view_mut(y), weight: D::view(weight) };
    parameter::Kernel::forward(&gpu, &spec, 1, forward)?;
    assert_numbers("as a kernel rounds", &room.numbers(2)?, &widened);
    room.check()
}

/// A device of one type and one of the other that was had from it are the same GPU: what one has written, the other
/// reads, in the order in which it was asked for.
#[test]
fn devices_of_both_types_share_a_gpu() -> Result<(), Error> {
    let Some(gpu) = gpu() else { return Ok(()) };
    let narrow = gpu.bf16();
    assert_eq!((narrow.name(), narrow.arch(), narrow.bytes()), (gpu.name(), gpu.arch(), gpu.bytes()));
    let (x, n) = (normal(1, 1000), 1000);
    let mut room = Room::new(&narrow, &[&x, &unwritten(n)])?;
    let spec = activation::Spec { len: n, activation: Activation::Relu };
    let ([from], [to]) = room.split([0], [1])?;
    let (y, from) = (Cuda::<f32>::view_mut(to), Cuda::<f32>::view(from));
    let forward = activation::Forward::<Cuda> { y, x: from, mask: None };
    activation::Kernel::forward(&gpu, &spec, 1, forward)?;
    let relu: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
    assert_bits("y", &room.read::<f32>(1)?, &relu);
    room.check()
}

#[test]
fn rounding_to_two_bytes_and_back() {
    fn run<D: Single + store::Kernel + load::Kernel>(device: &D, spec: &store::Spec, x: &[f32]) -> Results {
        let n = spec.len;
        let mut room = Room::new(device, &[&elems(x), &vec![0u16; n], &elems(unwritten(n))])?;
        let ([x], [half]) = room.split([0], [1])?;
        store::Kernel::forward(device, spec, 1, store::Forward { y: D::view_mut(half), x: D::view(x) })?;
        let ([half], [y]) = room.split([1], [2])?;
        load::Kernel::forward(device, spec, 1, load::Forward { y: D::view_mut(y), x: D::view(half) })?;
        room.check()?;
        Ok(vec![room.numbers(2)?])
    }
    let x = of_every_kind();
    for format in [Format::Bf16, Format::F16] {
        for len in [x.len(), x.len() - 1, 5, 1] {
            let (spec, x) = (store::Spec { len, format }, &x[..len]);
            agree!(0.0, format!("{spec:?}"), |d| run(d, &spec, x));
        }
    }
}

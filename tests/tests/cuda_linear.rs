//! Linear on a GPU, against the CPU.

use cudarc::cublaslt::{result, sys};
use cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use cudarc::driver::{CudaContext, DevicePtr, DevicePtrMut};
use remat::device::Grad;

use remat::ops::activation::{self, Activation};
use remat::ops::linear::{Backward, Forward, Kernel, Spec};
use remat::{Cpu, Error};
use remat_tests::agreement::{assert_bits, assert_near, assert_rounded};
use remat_tests::devices::{
    self, Bytes, Counts, Elems, Numbers, Results, Room, Single, elems, factors, gpu, normal, unwritten,
};

/// Of a sum of so many products of normal numbers. It is about as large as the root of their count, so that each of
/// them adds a rounding of half of 2^-24 of that, to the GPU's sum and to the CPU's, in an order of its own; and at
/// least what activations differ by.
fn tolerance(terms: usize) -> f32 {
    ((terms + 32) as f32 * 2f32.powi(-24)).min(1e-4)
}

/// Batch, rows, inputs, outputs: ones, odd lengths, rows of no whole number of 16 bytes, more columns than a block has,
/// and rows that are summed in several parts.
const SHAPES: [[usize; 4]; 16] = [
    [1, 1, 1, 1],
    [3, 1, 1, 1],
    [1, 1, 7, 1],
    [1, 1, 1, 5],
    [3, 1, 4, 4],
    [3, 2, 5, 3],
    [1, 3, 4, 8],
    [3, 7, 33, 65],
    [1, 64, 32, 64],
    [1, 300, 17, 10],
    [1, 2, 3, 300],
    [3, 5, 2, 1030],
    [3, 700, 3, 128],
    [1, 1500, 2, 33],
    [1, 5000, 2, 1],
    [3, 3001, 1, 4],
];

/// On the CPU and twice on the GPU; the latter's. `rounded` is for a GPU whose elements are of bf16.
fn agree<G: Single, const N: usize>(
    what: &str,
    gpu: &G,
    on_gpu: impl Fn(&G) -> Results,
    on_cpu: impl Fn(&Cpu) -> Results,
    tolerances: [f32; N],
) -> Vec<Numbers> {
    let cpu = Cpu::with_threads(1).expect("a thread");
    let run = |name: &str, results: Results| {
        results.unwrap_or_else(|error| panic!("{what} on the {name}: {error}"))
    };
    let (got, again) = (run("GPU", on_gpu(gpu)), run("GPU", on_gpu(gpu)));
    let want = run("CPU", if G::NARROW { devices::of_rounded(|| on_cpu(&cpu)) } else { on_cpu(&cpu) });
    for (at, tolerance) in tolerances.into_iter().enumerate() {
        assert_near(&format!("{what}, result {at}"), &got[at], &again[at], &want[at], tolerance);
    }
    got
}

/// Room for a weight that is rounded, and a bias; none on devices where elements are as wide.
fn room_for<D: Single>(spec: &Spec, bias: bool) -> Elems {
    elems(unwritten(if D::NARROW { spec.rounded_len(bias) } else { 0 }))
}

/// y and z, or only one.
fn forward<D: Single + Kernel>(
    device: &D,
    spec: &Spec,
    batch: usize,
    with_bias: bool,
    with_y: bool,
    x: &[f32],
) -> Results {
    let n = batch * spec.rows * spec.outputs;
    let (weight, bias) = (factors(normal(2, spec.outputs * spec.inputs)), factors(normal(3, spec.outputs)));
    let arrays: [&dyn Bytes; 6] = [
        &elems(x),
        &weight,
        &bias,
        &elems(unwritten(n)),
        &elems(unwritten(n)),
        &room_for::<D>(spec, with_bias),
    ];
    let mut room = Room::new(device, &arrays)?;
    let ([x, weight, bias], [y, z, rounded]) = room.split([0, 1, 2], [3, 4, 5])?;
    let args = Forward {
        y: with_y.then_some(D::view_mut(y)),
        z: spec.activation.is_some().then_some(D::view_mut(z)),
        x: D::view(x),
        weight: D::view(weight),
        bias: with_bias.then_some(D::view(bias)),
        rounded: D::view_mut(rounded),
        mask: None,
    };
    device.forward(spec, batch, args)?;
    room.check()?;
    let (y, z) = (room.numbers(3)?, room.numbers(4)?);
    if !with_y {
        assert!(y.iter().all(|y: &f32| y.is_nan()), "y was written, which is absent");
    }
    Ok(if spec.activation.is_some() { vec![z, y] } else { vec![y] })
}

/// An activation by itself.
fn activated<D: Single + activation::Kernel>(
    device: &D,
    activation: Activation,
    x: &[f32],
) -> Result<Numbers, Error> {
    let mut room = Room::new(device, &[&elems(x), &elems(unwritten(x.len()))])?;
    let ([x], [y]) = room.split([0], [1])?;
    let spec = activation::Spec { len: D::len::<D::Elem>(D::view(x)), activation };
    device.forward(&spec, 1, activation::Forward { y: D::view_mut(y), x: D::view(x), mask: None })?;
    room.numbers(1)
}

#[test]
fn products_with_and_without_bias() {
    fn check<G: Single + Kernel>(gpu: &G) {
        for [batch, rows, inputs, outputs] in SHAPES {
            for bias in [false, true] {
                let spec = Spec { rows, inputs, outputs, activation: None };
                let x = normal(1, batch * rows * inputs);
                let what = format!("{spec:?}, batch {batch}, bias {bias}");
                let on_gpu = |gpu: &G| forward(gpu, &spec, batch, bias, true, &x);
                agree(
                    &what,
                    gpu,
                    on_gpu,
                    |cpu| forward(cpu, &spec, batch, bias, true, &x),
                    [tolerance(inputs)],
                );
            }
        }
    }
    let Some(gpu) = gpu() else { return };
    check(&gpu);
    check(&gpu.bf16());
}

/// Also with NaN and infinity in x; and z has the same bits whether or not y is asked for.
#[test]
fn activations_with_and_without_what_they_are_of() {
    let Some(gpu) = gpu() else { return };
    for [batch, rows, inputs, outputs] in [[1, 1, 1, 1], [3, 2, 5, 3], [3, 7, 33, 65], [1, 64, 4, 8]] {
        for (at, activation) in Activation::ALL.into_iter().enumerate() {
            let spec = Spec { rows, inputs, outputs, activation: Some(activation) };
            let mut x = normal(1, batch * rows * inputs);
            if x.len() > 10 {
                let n = x.len();
                (x[0], x[n / 2], x[n - 1]) = (f32::NAN, 40.0, -40.0);
            }
            let (bias, what) = (at % 2 == 0, format!("{spec:?}, batch {batch}"));
            let run = |with_y| {
                let on_gpu = |gpu: &_| forward(gpu, &spec, batch, bias, with_y, &x);
                let on_cpu = |cpu: &_| forward(cpu, &spec, batch, bias, with_y, &x);
                agree(&what, &gpu, on_gpu, on_cpu, [tolerance(inputs); 2])
            };
            let (with, without) = (run(true), run(false));
            assert_bits(&what, &with[0], &without[0]);
            let nans = with[0].iter().filter(|z| z.is_nan()).count();
            assert_eq!(nans, if x.len() > 10 { outputs } else { 0 }, "{what}");
        }
    }
}

/// Of bf16, z is of y as it was rounded, also where y is not kept: what comes out is what comes out of the two layers.
#[test]
fn activations_are_of_what_was_rounded() {
    let Some(gpu) = gpu() else { return };
    let (gpu, cpu) = (gpu.bf16(), Cpu::with_threads(1).expect("a thread"));
    for [batch, rows, inputs, outputs] in [[1, 1, 1, 1], [3, 2, 5, 3], [3, 7, 33, 65], [1, 64, 4, 8]] {
        for activation in Activation::ALL {
            let plain = Spec { rows, inputs, outputs, activation: None };
            let fused = Spec { activation: Some(activation), ..plain };
            let x = normal(1, batch * rows * inputs);
            let run = |spec, with_y| forward(&gpu, spec, batch, true, with_y, &x).expect("the GPU");
            let y = &run(&plain, true)[0];
            let z = activated(&gpu, activation, y).expect("the GPU");
            assert_bits("y beside z", &run(&fused, true)[1], y);
            assert_bits("z of y", &run(&fused, true)[0], &z);
            assert_bits("z alone", &run(&fused, false)[0], &z);
            let want = activated(&cpu, activation, y).expect("the CPU");
            // What activations differ by.
            assert_rounded("z", &z, &want, 2e-6);
        }
    }
}

/// dx, dW and db of those that are asked for.
fn backward<D: Single + Kernel>(
    device: &D,
    spec: &Spec,
    batch: usize,
    asked: [bool; 3],
    adds: [bool; 3],
) -> Results {
    let (rows, weights) = (batch * spec.rows, spec.outputs * spec.inputs);
    let lengths = [rows * spec.inputs, weights, spec.outputs];
    let before =
        |at: usize| if adds[at] { normal(10 + at as u32, lengths[at]) } else { unwritten(lengths[at]) };
    let x = elems(normal(1, rows * spec.inputs));
    let (weight, dy) = (factors(normal(2, weights)), elems(normal(4, rows * spec.outputs)));
    let (dx, room_for_weight) = (elems(before(0)), room_for::<D>(spec, false));
    let arrays: [&dyn Bytes; 7] = [&x, &weight, &dy, &dx, &before(1), &before(2), &room_for_weight];
    let mut room = Room::new(device, &arrays)?;
    let ([x, weight, dy], [dx, dweight, dbias, rounded]) = room.split([0, 1, 2], [3, 4, 5, 6])?;
    let dx = asked[0].then(|| Grad { to: D::view_mut(dx), add: adds[0] });
    let [dweight, dbias] = [(1, dweight), (2, dbias)]
        .map(|(at, to)| asked[at].then(|| Grad { to: D::view_mut(to), add: adds[at] }));
    let x = asked[1].then_some(D::view(x));
    let (dy, weight, rounded) = (D::view(dy), D::view(weight), D::view_mut(rounded));
    let args = Backward { dx, dweight, dbias, dy, x, weight, rounded };
    device.backward(spec, batch, args)?;
    room.check()?;
    let results = [room.numbers(3)?, room.numbers(4)?, room.numbers(5)?];
    for at in (0..3).filter(|at| !asked[*at]) {
        assert_bits("what was not asked for", &results[at], &before(at));
    }
    Ok(results.into())
}

#[test]
fn gradients() {
    fn check<G: Single + Kernel>(gpu: &G) {
        for [batch, rows, inputs, outputs] in SHAPES {
            for adds in [[false; 3], [true; 3]] {
                let spec = Spec { rows, inputs, outputs, activation: None };
                let what = format!("{spec:?}, batch {batch}, adds {adds:?}");
                let on_gpu = |gpu: &G| backward(gpu, &spec, batch, [true; 3], adds);
                let on_cpu = |cpu: &_| backward(cpu, &spec, batch, [true; 3], adds);
                let [of_x, of_weight, of_bias] = [outputs, batch * rows, batch * rows].map(tolerance);
                // Tensor cores cut off what they add, where others round; the fake's do not.
                let cuts = G::NARROW && Counts::now().is_none();
                let of_weight = if cuts { 4.0 * of_weight } else { of_weight };
                let tolerances = [of_x, of_weight, of_bias];
                agree(&what, gpu, on_gpu, on_cpu, tolerances);
            }
        }
    }
    let Some(gpu) = gpu() else { return };
    check(&gpu);
    check(&gpu.bf16());
}

/// dx takes the place of x when the gradient of the weight has read it.
#[test]
fn the_gradient_of_x_over_x() {
    fn over<D: Single + Kernel>(device: &D, spec: &Spec, batch: usize, add: bool) -> Results {
        let (rows, weights) = (batch * spec.rows, spec.outputs * spec.inputs);
        let (x, room_for_weight) = (elems(normal(1, rows * spec.inputs)), room_for::<D>(spec, false));
        let (weight, dy) = (factors(normal(2, weights)), elems(normal(4, rows * spec.outputs)));
        let arrays: [&dyn Bytes; 5] = [&x, &weight, &dy, &unwritten(weights), &room_for_weight];
        let mut room = Room::new(device, &arrays)?;
        let ([weight, dy], [dx, dweight, rounded]) = room.split([1, 2], [0, 3, 4])?;
        let dx = Some(Grad { to: D::view_mut(dx), add });
        let dweight = Some(Grad { to: D::view_mut(dweight), add: false });
        let (dy, weight, rounded) = (D::view(dy), D::view(weight), D::view_mut(rounded));
        device.backward(spec, batch, Backward { dx, dweight, dbias: None, dy, x: None, weight, rounded })?;
        room.check()?;
        Ok(vec![room.numbers(0)?, room.numbers(3)?])
    }
    fn check<G: Single + Kernel>(gpu: &G) {
        for [batch, rows, inputs, outputs] in SHAPES {
            let spec = Spec { rows, inputs, outputs, activation: None };
            let apart = backward(gpu, &spec, batch, [true; 3], [false; 3]).expect("gradients");
            let over = |add| over(gpu, &spec, batch, add);
            let held = over(false).expect("gradients");
            assert_bits("dx", &held[0], &apart[0]);
            assert_bits("dW", &held[1], &apart[1]);
            assert!(matches!(over(true), Err(Error::Internal { .. })), "what is added to is not x");
        }
    }
    let Some(gpu) = gpu() else { return };
    check(&gpu);
    check(&gpu.bf16());
}

#[test]
fn each_gradient_alone_has_the_bits_that_it_has_with_the_others() {
    fn check<G: Single + Kernel>(gpu: &G) {
        let spec = Spec { rows: 1400, inputs: 5, outputs: 12, activation: None };
        let all = backward(gpu, &spec, 3, [true; 3], [false; 3]).expect("gradients");
        for at in 0..3 {
            let mut asked = [false; 3];
            asked[at] = true;
            let one = backward(gpu, &spec, 3, asked, [false; 3]).expect("a gradient");
            assert_bits("alone", &one[at], &all[at]);
        }
    }
    let Some(gpu) = gpu() else { return };
    check(&gpu);
    check(&gpu.bf16());
}

/// The buffers of a step stand anywhere: where they do must not change what is computed.
#[test]
fn bits_do_not_depend_on_where_buffers_stand() {
    fn run<D: Single + Kernel>(gpu: &D, before: usize) -> Results {
        let (m, k, n) = (6, 8, 12);
        let (x, weight, y) = (elems(normal(1, m * k)), normal(2, n * k), elems(unwritten(m * n)));
        let spec = Spec { rows: m, inputs: k, outputs: n, activation: None };
        let arrays: [&dyn Bytes; 6] =
            [&normal(9, before), &x, &weight, &normal(3, n), &y, &room_for::<D>(&spec, true)];
        let mut room = Room::new(gpu, &arrays)?;
        let ([x, weight, bias], [y, rounded]) = room.split([1, 2, 3], [4, 5])?;
        let (y, bias) = (Some(D::view_mut(y)), Some(D::view(bias)));
        let (x, weight, rounded) = (D::view(x), D::view(weight), D::view_mut(rounded));
        gpu.forward(&spec, 1, Forward { y, z: None, x, weight, bias, rounded, mask: None })?;
        room.check()?;
        Ok(vec![room.numbers(4)?])
    }
    fn check<D: Single + Kernel>(gpu: &D) {
        let first = run(gpu, 1).expect("y");
        for before in [17, 33, 49] {
            assert_bits("y", &run(gpu, before).expect("y")[0], &first[0]);
        }
    }
    let Some(gpu) = gpu() else { return };
    check(&gpu);
    check(&gpu.bf16());
}

#[test]
fn arrays_of_other_lengths_are_refused() {
    const RIGHT: Spec = Spec { rows: 2, inputs: 3, outputs: 4, activation: None };
    /// Forward and backward of arrays that are right for `RIGHT`, but for the room for parameters.
    fn run<D: Single + Kernel>(gpu: &D, spec: &Spec, rooms: [Elems; 2]) -> [Result<(), Error>; 2] {
        let (x, y, dy, dx) =
            (elems(normal(1, 6)), elems(unwritten(8)), elems(normal(4, 8)), elems(unwritten(6)));
        let (weight, bias) = (normal(2, 12), normal(3, 4));
        let arrays: [&dyn Bytes; 8] = [&x, &weight, &bias, &y, &dy, &rooms[0], &dx, &rooms[1]];
        let mut room = Room::new(gpu, &arrays).expect("a room");
        let ([x, weight, bias], [y, rounded]) = room.split([0, 1, 2], [3, 5]).expect("arrays");
        let (x, y, bias) = (D::view(x), Some(D::view_mut(y)), Some(D::view(bias)));
        let (weight, rounded) = (D::view(weight), D::view_mut(rounded));
        let forward = gpu.forward(spec, 1, Forward { y, z: None, x, weight, bias, rounded, mask: None });
        let ([weight, dy], [rounded, dx]) = room.split([1, 4], [7, 6]).expect("arrays");
        let dx = Some(Grad { to: D::view_mut(dx), add: false });
        let (weight, dy, rounded) = (D::view(weight), D::view(dy), D::view_mut(rounded));
        let args = Backward { dx, dweight: None, dbias: None, dy, x: None, weight, rounded };
        let backward = gpu.backward(spec, 1, args);
        room.check().expect("guards");
        [forward, backward]
    }
    fn check<D: Single + Kernel>(gpu: &D) {
        let rooms = || [room_for::<D>(&RIGHT, true), room_for::<D>(&RIGHT, false)];
        let refused = |result: &Result<(), Error>| matches!(result, Err(Error::Internal { .. }));
        assert!(run(gpu, &RIGHT, rooms()).iter().all(Result::is_ok));
        for spec in [Spec { rows: 3, ..RIGHT }, Spec { inputs: 4, ..RIGHT }, Spec { outputs: 5, ..RIGHT }] {
            assert!(run(gpu, &spec, rooms()).iter().all(refused), "{spec:?}");
        }
        let [activated, _] = run(gpu, &Spec { activation: Some(Activation::Relu), ..RIGHT }, rooms());
        assert!(refused(&activated));
        if D::NARROW {
            let short = rooms().map(|room| elems(&room.numbers()[1..]));
            assert!(run(gpu, &RIGHT, short).iter().all(refused));
        }
    }
    let Some(gpu) = gpu() else { return };
    check(&gpu);
    check(&gpu.bf16());
}

/// One device may be shared: products and sums of several threads, which work in the same memory, do not meet there.
/// ThreadSanitizer does not see the locks of Rust that is compiled without it.
#[test]
fn several_threads_share_a_device() {
    if std::env::var_os("REMAT_CUDA_SANITIZER").is_some_and(|sanitizer| sanitizer == "thread") {
        return;
    }
    let Some(gpu) = gpu() else { return };
    let start = std::sync::Barrier::new(4);
    std::thread::scope(|threads| {
        for outputs in [12, 13, 14, 15] {
            let (gpu, start) = (gpu.clone(), &start);
            threads.spawn(move || {
                let spec = Spec { rows: 1400, inputs: 5, outputs, activation: None };
                let run = || backward(&gpu, &spec, 3, [false, outputs % 2 == 0, true], [false; 3]);
                let want = run().expect("gradients");
                start.wait();
                for _ in 0..20 {
                    let got = run().expect("gradients");
                    got.iter().zip(&want).skip(1).for_each(|(got, want)| assert_bits("gradients", got, want));
                }
            });
        }
    });
}

/// What a product is chosen by, as `remat` has it.
fn preference(bytes: usize) -> Result<sys::cublasLtMatmulPreference_t, result::CublasError> {
    use sys::cublasLtMatmulPreferenceAttributes_t as Attribute;
    let (preference, line, scheme) = (result::create_matmul_pref()?, 64u32, 2u32);
    let limits: [(_, *const std::ffi::c_void, _); 6] = [
        (Attribute::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, (&raw const bytes).cast(), 8),
        (Attribute::CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, (&raw const scheme).cast(), 4),
        (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, (&raw const line).cast(), 4),
        (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, (&raw const line).cast(), 4),
        (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, (&raw const line).cast(), 4),
        (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, (&raw const line).cast(), 4),
    ];
    for (attribute, value, size) in limits {
        // SAFETY: the preference is there, and each value has as many bytes.
        unsafe { result::set_matmul_pref_attribute(preference, attribute, value, size)? };
    }
    Ok(preference)
}

/// Those that cublasLt has of f32 and bf16, with arithmetic and sums in f32: what comes out is of the type of the factors,
/// or of f32.
#[test]
fn products_of_types_that_there_are_not_are_refused() -> Result<(), Box<dyn std::error::Error>> {
    use sys::cudaDataType_t::{CUDA_R_16BF as NARROW, CUDA_R_32F as WIDE};
    if gpu().is_none() {
        return Ok(());
    }
    let context = CudaContext::new(0)?;
    context.bind_to_thread()?;
    let chosen = |[a, b, c, d]: [sys::cudaDataType; 4]| -> Result<bool, result::CublasError> {
        // SAFETY: all objects are there until the end.
        unsafe {
            let handle = result::create_handle()?;
            let op = result::create_matmul_desc(sys::cublasComputeType_t::CUBLAS_COMPUTE_32F, WIDE)?;
            let mut layouts = [a; 4].map(|_| std::ptr::null_mut());
            for (layout, of) in layouts.iter_mut().zip([a, b, c, d]) {
                *layout = result::create_matrix_layout(of, 32, 32, 32)?;
            }
            let [a, b, c, d] = layouts;
            let wanted = preference(1 << 20)?;
            let found = result::get_matmul_algo_heuristic(handle, op, a, b, c, d, wanted);
            result::destroy_matmul_pref(wanted)?;
            layouts.into_iter().try_for_each(|layout| result::destroy_matrix_layout(layout))?;
            result::destroy_matmul_desc(op)?;
            result::destroy_handle(handle)?;
            Ok(found.is_ok())
        }
    };
    for types in (0..16).map(|bits| [0, 1, 2, 3].map(|at| if bits >> at & 1 == 0 { WIDE } else { NARROW })) {
        let there_is = matches!(
            types,
            [WIDE, WIDE, WIDE, WIDE] | [NARROW, NARROW, WIDE, WIDE] | [NARROW, NARROW, NARROW, NARROW]
        );
        assert_eq!(chosen(types)?, there_is, "{types:?}");
    }
    Ok(())
}

/// What a product reads and writes when it is captured is read and written when its graph is launched.
#[test]
fn a_captured_product_runs_whenever_its_graph_is_launched() -> Result<(), Box<dyn std::error::Error>> {
    if gpu().is_none() {
        return Ok(());
    }
    let context = CudaContext::new(0)?;
    // SAFETY: all is given to one stream.
    unsafe { context.disable_event_tracking() };
    let stream = context.new_stream()?;
    // Column by column: A is [[1, 3], [2, 4]], B [[5], [6]].
    let (mut a, b) = (stream.clone_htod(&[1.0f32, 2.0, 3.0, 4.0])?, stream.clone_htod(&[5.0f32, 6.0])?);
    let bytes = 1usize << 20;
    let (mut c, mut workspace) = (stream.alloc_zeros::<f32>(2)?, stream.alloc_zeros::<u8>(bytes)?);
    let (at_a, at_b) = (a.device_ptr(&stream).0 as *const _, b.device_ptr(&stream).0 as *const _);
    let (at_c, work) = (c.device_ptr_mut(&stream).0 as *mut _, workspace.device_ptr_mut(&stream).0 as *mut _);
    let (one, zero, kind) = (1.0f32, 0.0f32, sys::cudaDataType_t::CUDA_R_32F);
    let (alpha, beta) = ((&raw const one).cast(), (&raw const zero).cast());
    // SAFETY: all objects are there until the end, matrices are as large as their layouts say.
    let graph = unsafe {
        let handle = result::create_handle()?;
        let op = result::create_matmul_desc(sys::cublasComputeType_t::CUBLAS_COMPUTE_32F, kind)?;
        let (la, lb) =
            (result::create_matrix_layout(kind, 2, 2, 2)?, result::create_matrix_layout(kind, 2, 1, 2)?);
        let wanted = preference(bytes)?;
        let algo = result::get_matmul_algo_heuristic(handle, op, la, lb, lb, lb, wanted)?.algo;
        let queue = stream.cu_stream().cast();
        let multiply = || {
            let algo = &raw const algo;
            result::matmul(
                handle, op, alpha, beta, at_a, la, at_b, lb, at_c, lb, at_c, lb, algo, work, bytes, queue,
            )
        };
        // Once before, as every product is that is captured.
        multiply()?;
        stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)?;
        multiply()?;
        let graph = stream.end_capture(CUgraphInstantiate_flags(0))?;
        result::destroy_matmul_pref(wanted)?;
        result::destroy_matrix_layout(la)?;
        result::destroy_matrix_layout(lb)?;
        result::destroy_matmul_desc(op)?;
        result::destroy_handle(handle)?;
        graph.ok_or("an empty graph")?
    };
    assert_eq!(stream.clone_dtoh(&c)?, [23.0, 34.0]);
    stream.memcpy_htod(&[10.0f32, 20.0, 30.0, 40.0], &mut a)?;
    assert_eq!(stream.clone_dtoh(&c)?, [23.0, 34.0], "only when the graph is launched");
    graph.launch()?;
    assert_eq!(stream.clone_dtoh(&c)?, [230.0, 340.0]);
    Ok(())
}

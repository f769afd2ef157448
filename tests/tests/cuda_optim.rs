//! Optimizers and clipping on a GPU, against the CPU.

use std::thread;

use remat::device::{Device, Repeat, Report, Span, Work};
use remat::ndarray::ArrayView1;
use remat::optim::{AdamStep, Buffers, Kernel, Measure, Of, SgdStep, Tensor};
use remat::{Cpu, Cuda, Error};
use remat_tests::agree;
use remat_tests::agreement::{assert_bits, assert_close};
use remat_tests::devices::{Numbers, Results, Single, gpu, normal, small, some};

/// Lengths of none, of less than 16 bytes, of no whole number of those, of a block and more, and of many blocks.
const LENGTHS: [usize; 8] = [0, 1, 3, 4, 31, 257, 1024, 5003];

/// The same roundings as on the CPU, but for CPUs that do not fuse a multiplication and an addition.
const ROUNDED: f32 = 1e-6;

const SGD: SgdStep =
    SgdStep { lr: 0.1, momentum: 0.9, dampening: 0.0, weight_decay: 0.0, nesterov: false, first: false };
const ADAM: AdamStep =
    AdamStep { lr: 0.01, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.0, decoupled: false, t: 1 };

/// Normal numbers with one that is infinite and one that is not a number, where there is room.
fn odd(which: u32, n: usize) -> Vec<f32> {
    let mut x = normal(which, n);
    if n > 8 {
        (x[n / 2], x[n - 1]) = (f32::INFINITY, f32::NAN);
    }
    x
}

/// The lengths of parameters that take more than one launch: more than a list has, of no element, of one, of less than a
/// part, of parts and more.
fn many() -> Vec<usize> {
    (0..if small() { 70 } else { 200 }).map(|i| [1, 5, 0, 64, 130, 4096, 4097, 33][i % 8]).collect()
}

/// Numbers of parameters with `N` moments, in three buffers, and the parameters whose lengths these are.
struct Parts<D: Device, const N: usize> {
    params: D::Buf,
    moments: D::Buf,
    grads: D::Buf,
    tensors: Vec<Tensor<N>>,
    numbers: Span,
}

impl<D: Single + Kernel, const N: usize> Parts<D, N> {
    /// Without moments if they are not `kept`. Those that are squares are not negative.
    fn new(device: &D, lengths: &[usize], kept: bool) -> Result<Self, Error> {
        let n: usize = lengths.iter().sum();
        let squares: Vec<f32> = normal(4, n).iter().map(|x| x * x).collect();
        let (params, param) = buffer(device, &odd(1, n), lengths)?;
        let (grads, grad) = buffer(device, &normal(3, n), lengths)?;
        // Behind the moments is room for what the device keeps of each.
        let room = lengths.len() * D::NUMBERS / 4;
        let all = [&[normal(2, n), squares][..N].concat()[..], &vec![0.0; room]].concat();
        let (moments, moment) = buffer(device, &all, &[&lengths.repeat(N)[..], &[room]].concat())?;
        let none = Span { start: 0, bytes: 0 };
        let of = |i: usize| Tensor {
            param: param[i],
            moments: std::array::from_fn(|m| if kept { moment[m * lengths.len() + i] } else { none }),
            grad: grad[i],
        };
        let (tensors, numbers) = ((0..lengths.len()).map(of).collect(), moment[N * lengths.len()]);
        Ok(Self { params, moments, grads, tensors, numbers })
    }

    fn buffers(&mut self) -> Buffers<'_, D> {
        let Self { params, moments, grads, numbers, .. } = self;
        Buffers { params, moments, grads, numbers: *numbers, report: None }
    }

    /// The parameters, then their moments.
    fn read(&self, device: &D) -> Results {
        let params: Vec<Span> = self.tensors.iter().map(|tensor| tensor.param).collect();
        let moments: Vec<Span> = self.tensors.iter().flat_map(|tensor| tensor.moments).collect();
        Ok(vec![read(device, &self.params, &params)?, read(device, &self.moments, &moments)?])
    }
}

/// The numbers at spans, and between them what nothing may change.
fn read<D: Single>(device: &D, buf: &D::Buf, spans: &[Span]) -> Result<Numbers, Error> {
    let mut all = vec![];
    for span in spans {
        let bytes = if span.bytes == 0 { 0 } else { span.end().next_multiple_of(64) - span.start };
        let mut numbers = vec![0.0; bytes / 4];
        device.download(&mut numbers, D::view(D::region(buf, Span { bytes, ..*span })?))?;
        all.extend(numbers);
    }
    Ok(all.into())
}

#[test]
fn steps_of_sgd() {
    fn run<D: Single + Kernel>(device: &D, step: &SgdStep, lengths: &[usize]) -> Results {
        let mut parts = Parts::<D, 1>::new(device, lengths, step.momentum != 0.0)?;
        // Each parameter has a rate of its own.
        let tensors = parts.tensors.clone();
        let steps = (0..).map(|i| SgdStep { lr: step.lr * f64::from(1 + i % 5), ..*step });
        device.sgd(parts.buffers(), &mut steps.zip(tensors))?;
        parts.read(device)
    }
    let plain =
        SgdStep { lr: 0.1, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false, first: false };
    let steps = [
        plain,
        SgdStep { weight_decay: 0.2, ..plain },
        SgdStep { momentum: 0.9, dampening: 0.5, weight_decay: 0.2, ..plain },
        SgdStep { momentum: 0.9, dampening: 0.5, first: true, ..plain },
        SgdStep { momentum: 0.9, nesterov: true, weight_decay: 0.2, ..plain },
    ];
    for step in steps {
        for lengths in some(&LENGTHS).map(|n| vec![n]).chain([many()]) {
            agree!(ROUNDED, format!("{step:?} of {lengths:?}"), |d| run(d, &step, &lengths));
        }
    }
}

#[test]
fn steps_of_adam() {
    fn run<D: Single + Kernel>(device: &D, step: &AdamStep, lengths: &[usize]) -> Results {
        let mut parts = Parts::<D, 2>::new(device, lengths, true)?;
        let tensors = parts.tensors.clone();
        let steps = (0..).map(|i| AdamStep { lr: step.lr * f64::from(1 + i % 5), ..*step });
        device.adam(parts.buffers(), &mut steps.zip(tensors))?;
        parts.read(device)
    }
    let plain = ADAM;
    let steps = [
        plain,
        AdamStep { weight_decay: 0.2, t: 3, ..plain },
        AdamStep { weight_decay: 0.2, decoupled: true, t: 1000, ..plain },
        AdamStep { betas: (0.3, 0.5), ..plain },
        AdamStep { betas: (0.0, 0.0), ..plain },
    ];
    for step in steps {
        for lengths in some(&LENGTHS).map(|n| vec![n]).chain([many()]) {
            // Where the square is small, what is divided by its root is large, and so are its roundings.
            agree!(4.0 * ROUNDED, format!("{step:?} of {lengths:?}"), |d| run(d, &step, &lengths));
        }
    }
}

#[test]
fn scaling_clamping_and_adding_give_the_bits_of_the_cpu() {
    fn run<D: Single + Kernel>(device: &D, lengths: &[usize], number: f64) -> Results {
        let n = lengths.iter().sum();
        let buffer = |x: Vec<f32>| buffer(device, &x, lengths);
        let ((mut scaled, spans), (mut clamped, _)) = (buffer(odd(1, n))?, buffer(odd(2, n))?);
        let ((mut sum, _), (y, _)) = (buffer(odd(3, n))?, buffer(normal(4, n))?);
        device.scale(&mut scaled, &mut spans.iter().copied(), number)?;
        device.clamp(&mut clamped, &mut spans.iter().copied(), number)?;
        device.add(&mut sum, &y, &mut spans.iter().copied())?;
        [scaled, clamped, sum, y].iter().map(|buf| read(device, buf, &spans)).collect()
    }
    for lengths in some(&LENGTHS).map(|n| vec![n]).chain([many()]) {
        for number in [0.3, 0.0, 1.0 / 3.0, 1e-42, 1e300] {
            agree!(0.0, format!("{lengths:?} by {number}"), |d| run(d, &lengths, number));
        }
    }
}

/// A buffer of these numbers, and the spans that cut it so that each has some that are its alone.
fn buffer<D: Single>(device: &D, x: &[f32], lengths: &[usize]) -> Result<(D::Buf, Vec<Span>), Error> {
    let (mut spans, mut at, mut from) = (vec![], 0, 0);
    let mut buf = device.alloc(size_of_val(x) + (lengths.len() + 1) * 64)?;
    for &len in lengths {
        let span = Span::of::<f32>(at, len);
        let ([], [to]) = D::split(&mut buf, [], [span])?;
        device.upload(D::view_mut(to), ArrayView1::from(&x[from..from + len]))?;
        (at, from) = (span.end().next_multiple_of(64), from + len);
        spans.push(span);
    }
    Ok((buf, spans))
}

/// Kernels that follow on a program, where there is none.
struct Behind<D: Device, F> {
    none: D::Buf,
    given: F,
}

impl<D: Device, F: FnMut(&D, &mut Report) -> Result<(), Error>> Work<D> for Behind<D, F> {
    fn params(&self) -> &D::Buf {
        &self.none
    }

    fn program(&mut self, _: &D) -> Result<(), Error> {
        Ok(())
    }

    fn after(&mut self, device: &D, report: &mut Report) -> Result<(), Error> {
        (self.given)(device, report)
    }
}

/// What these kernels report.
fn reported<D: Device>(
    device: &D,
    given: impl FnMut(&D, &mut Report) -> Result<(), Error>,
) -> Result<Report, Error> {
    let (mut report, none) = (Report::default(), device.alloc(0)?);
    device.repeat(None, &Repeat::default(), &mut report, &mut Behind { none, given })?;
    Ok(report)
}

/// Anything below this limit becomes 0.
const SMALLEST: f64 = 1e-30;

/// What is reported of a loss and of numbers, and these clipped to a limit.
fn clipped<D: Single + Kernel>(
    device: &D,
    x: &[f32],
    lengths: &[usize],
    (loss, limit): (f32, f64),
) -> Result<(Report, Numbers), Error> {
    let (mut buf, spans) = buffer(device, x, lengths)?;
    let (of_loss, span) = buffer(device, &[loss], &[1])?;
    let report = reported(device, |device, report| {
        let loss = Some(D::view(D::region(&of_loss, span[0])?));
        let measure = Measure { loss, of: Of::Batch, limit, smallest: SMALLEST };
        device.measure(report, &measure, &buf, spans.iter().copied())?;
        device.shorten(report, &mut buf, spans.iter().copied())
    })?;
    Ok((report, read(device, &buf, &spans)?))
}

/// The last has more parts than there are blocks.
const CUTS: [&[usize]; 6] = [&[], &[31, 0, 257], &[1], &[0], &[4, 4096, 5003, 1], &[77, 4_300_003]];

#[test]
fn norms_and_what_is_clipped_by_them() {
    let Some(gpu) = gpu() else { return };
    let cpu = Cpu::with_threads(2).expect("a thread");
    for lengths in some(&CUTS).map(<[usize]>::to_vec).chain([many()]) {
        let lengths = &lengths;
        for size in [1.0, 1e-42, 1e37] {
            let x: Vec<f32> = normal(1, lengths.iter().sum()).iter().map(|x| x * size).collect();
            for limit in [f64::INFINITY, 0.5, f64::from(size), 1e-29, 1e-31, 0.0] {
                let what = format!("{lengths:?} of {size} to {limit}");
                let (want, y) = clipped(&cpu, &x, lengths, (0.25, limit)).expect("the CPU");
                let (got, z) = clipped(&gpu, &x, lengths, (0.25, limit)).expect("the GPU");
                // Millions of squares in another order, each rounded in f64.
                let near = (got.norm - want.norm).abs() <= 1e-13 * want.norm;
                assert!(near || got.norm == want.norm, "{what}: {got:?} but should be {want:?}");
                assert_eq!(
                    (got.loss, got.norm_of_sum, got.is_finite()),
                    (0.25, 0.0, want.is_finite()),
                    "{what}"
                );
                // A factor that is the next f64 rounds a product to the next f32 at most.
                let unit = y.iter().fold(f32::MIN_POSITIVE, |most, y| most.max(y.abs()));
                let of_unit = |x: &[f32]| x.iter().map(|x| x / unit).collect::<Vec<_>>();
                assert_close(&what, &of_unit(&z), &of_unit(&y), ROUNDED);
                let (again, same) = clipped(&gpu, &x, lengths, (0.25, limit)).expect("the GPU");
                assert_eq!(again, got, "{what}");
                assert_bits(&what, &same, &z);
                // Gradients of parameters are the same beside elements of two bytes.
                let (beside, same) = clipped(&gpu.bf16(), &x, lengths, (0.25, limit)).expect("in bf16");
                assert_eq!(beside, got, "{what} in bf16");
                assert_bits(&what, &same, &z);
            }
        }
    }
}

#[test]
fn what_is_not_finite_is_reported_and_changes_nothing() {
    fn run<D: Single + Kernel>(device: &D, at: Option<usize>, odd: f32) {
        let (mut x, lengths) = (normal(1, 9104), [4, 4096, 5003, 1]);
        let loss = if let Some(at) = at { std::mem::replace(&mut x[at], odd) } else { odd };
        let (before, spans) = buffer(device, &x, &lengths).expect("a buffer");
        let (report, y) = clipped(device, &x, &lengths, (loss, 0.5)).expect("a report");
        assert_bits("what is clipped", &y, &read(device, &before, &spans).expect("numbers"));
        assert!(!report.is_finite());
        let said = if at.is_some() { report.norm } else { report.loss };
        let same = (said.is_nan(), said.is_infinite()) == (odd.is_nan(), odd.is_infinite());
        assert!(same, "{report:?} with {odd} at {at:?}");
    }
    let Some(gpu) = gpu() else { return };
    let cpu = Cpu::with_threads(2).expect("a thread");
    for at in [None, Some(0), Some(3), Some(4), Some(4099), Some(4100), Some(9102), Some(9103)] {
        for odd in [f32::NAN, f32::NEG_INFINITY] {
            run(&gpu, at, odd);
            run(&cpu, at, odd);
        }
    }
}

/// Steps of an optimizer behind what is measured of a batch and of a sum, one of which may not be finite.
#[test]
fn a_step_changes_something_if_and_only_if_what_was_reported_is_finite() {
    fn run<D: Single + Kernel>(device: &D, [loss, of_batch, of_sum]: [f32; 3]) -> Results {
        let mut parts = Parts::<D, 2>::new(device, &[70, 3], true)?;
        let mut other = Parts::<D, 1>::new(device, &[70, 3], true)?;
        let (numbers, spans) = buffer(device, &[loss, of_batch, of_sum], &[1, 1, 1])?;
        let report = reported(device, |device, report| {
            let measure = |loss, of| Measure { loss, of, limit: 2.0, smallest: SMALLEST };
            let loss = Some(D::view(D::region(&numbers, spans[0])?));
            device.measure(report, &measure(loss, Of::Batch), &numbers, [spans[1]].into_iter())?;
            device.measure(report, &measure(None, Of::Sum), &numbers, [spans[2]].into_iter())?;
            let (adam, sgd) = (parts.tensors.clone(), other.tensors.clone());
            let report = Some(&*report);
            let buffers = Buffers { report, ..parts.buffers() };
            device.adam(buffers, &mut std::iter::repeat(ADAM).zip(adam))?;
            let buffers = Buffers { report, ..other.buffers() };
            device.sgd(buffers, &mut std::iter::repeat(SGD).zip(sgd))
        })?;
        let told = [report.loss, report.norm, report.norm_of_sum].map(|x| x as f32).to_vec();
        Ok([vec![Numbers::from(told)], parts.read(device)?, other.read(device)?].concat())
    }
    let Some(gpu) = gpu() else { return };
    let bits = |results: &Results| {
        let results = results.as_ref().expect("no error");
        results[1..].iter().map(|x| x.iter().map(|x| x.to_bits()).collect()).collect::<Vec<Vec<_>>>()
    };
    let finite = run(&gpu, [1.0; 3]);
    for odd in 0..3 {
        for number in [f32::NAN, f32::INFINITY] {
            let mut numbers = [1.0; 3];
            numbers[odd] = number;
            agree!(0.0, format!("{numbers:?}"), |device| run(device, numbers));
            assert_ne!(bits(&run(&gpu, numbers)), bits(&finite), "{numbers:?}");
        }
    }
    agree!(ROUNDED, "all finite", |device| run(device, [1.0; 3]));
}

/// Reports of several threads go through the same memory of the GPU.
#[test]
fn threads_that_measure_at_once_get_their_own_norms() {
    fn norms(gpu: &Cuda, which: u32) -> Vec<u64> {
        let x = normal(which, 3000);
        let norm = |_| clipped(gpu, &x, &[1000, 2000], (0.5, 1.0)).expect("the GPU").0.norm.to_bits();
        (0..20).map(norm).collect()
    }
    let Some(gpu) = gpu() else { return };
    let alone: Vec<_> = (0..3).map(|which| norms(&gpu, which)).collect();
    let together: Vec<_> = thread::scope(|scope| {
        let gpu = &gpu;
        let running: Vec<_> = (0..3).map(|which| scope.spawn(move || norms(&gpu.clone(), which))).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(alone, together);
}

#[test]
fn arrays_of_different_lengths_are_an_error_that_changes_nothing() {
    fn run<D: Single + Kernel>(device: &D) -> Result<(), Error> {
        let mut parts = Parts::<D, 2>::new(device, &[3, 70], true)?;
        let before = parts.read(device)?;
        let mut tensors = parts.tensors.clone();
        tensors[1].moments[1].bytes -= 4;
        let steps = std::iter::repeat(ADAM).zip(tensors);
        let error = device.adam(parts.buffers(), &mut { steps });
        assert_eq!(format!("{:?}", parts.read(device)?), format!("{before:?}"));
        error
    }
    let Some(gpu) = gpu() else { return };
    assert!(matches!(run(&gpu), Err(Error::Internal { .. })));
}

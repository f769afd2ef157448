//! Optimizers and clipping on a GPU, against the CPU.

use std::thread;

use remat::device::{Device, Span};
use remat::ndarray::ArrayView1;
use remat::optim::{AdamStep, Buffers, Kernel, SgdStep, Tensor};
use remat::{Cpu, Cuda, Error};
use remat_tests::agree;
use remat_tests::devices::{Numbers, Results, Single, gpu, normal, small, some};

/// Lengths of none, of less than 16 bytes, of no whole number of those, of a block and more, and of many blocks.
const LENGTHS: [usize; 8] = [0, 1, 3, 4, 31, 257, 1024, 5003];

/// The same roundings as on the CPU, but for CPUs that do not fuse a multiplication and an addition.
const ROUNDED: f32 = 1e-6;

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
}

impl<D: Single, const N: usize> Parts<D, N> {
    /// Without moments if they are not `kept`. Those that are squares are not negative.
    fn new(device: &D, lengths: &[usize], kept: bool) -> Result<Self, Error> {
        let n: usize = lengths.iter().sum();
        let squares: Vec<f32> = normal(4, n).iter().map(|x| x * x).collect();
        let (params, param) = buffer(device, &odd(1, n), lengths)?;
        let (grads, grad) = buffer(device, &normal(3, n), lengths)?;
        let all = [normal(2, n), squares][..N].concat();
        let (moments, moment) = buffer(device, &all, &lengths.repeat(N))?;
        let none = Span { start: 0, bytes: 0 };
        let of = |i: usize| Tensor {
            param: param[i],
            moments: std::array::from_fn(|m| if kept { moment[m * lengths.len() + i] } else { none }),
            grad: grad[i],
        };
        Ok(Self { params, moments, grads, tensors: (0..lengths.len()).map(of).collect() })
    }

    fn buffers(&mut self) -> Buffers<'_, D> {
        Buffers { params: &mut self.params, moments: &mut self.moments, grads: &self.grads }
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

fn reductions<D: Single + Kernel>(
    device: &D,
    x: &[f32],
    lengths: &[usize],
    by: f64,
) -> Result<[f64; 2], Error> {
    let (buf, spans) = buffer(device, x, lengths)?;
    let sum = device.sum_of_squares(&buf, &mut spans.iter().copied(), by)?;
    Ok([sum, device.max_abs(&buf, &mut spans.iter().copied())?])
}

/// The last has more parts than there are blocks.
const CUTS: [&[usize]; 6] = [&[], &[31, 0, 257], &[1], &[0], &[4, 4096, 5003, 1], &[77, 4_300_003]];

#[test]
fn the_norm_and_the_largest() {
    let Some(gpu) = gpu() else { return };
    let cpu = Cpu::with_threads(2).expect("a thread");
    for lengths in some(&CUTS).map(<[usize]>::to_vec).chain([many()]) {
        let lengths = &lengths;
        let x = normal(1, lengths.iter().sum());
        for by in [1.0, 2f64.powi(-700), 2f64.powi(700), 1e200, 3.0] {
            let want = reductions(&cpu, &x, lengths, by).expect("the CPU");
            let got = reductions(&gpu, &x, lengths, by).expect("the GPU");
            // Millions of squares in another order, each rounded in f64.
            let near = (got[0] - want[0]).abs() <= 1e-13 * want[0] || got[0] == want[0];
            assert!(near && got[1] == want[1], "{lengths:?} by {by}: {got:?} but should be {want:?}");
            let again = reductions(&gpu, &x, lengths, by).expect("the GPU");
            assert_eq!(again.map(f64::to_bits), got.map(f64::to_bits), "{lengths:?} by {by}");
            if by == 1.0 {
                // Gradients of parameters are the same beside elements of two bytes.
                let beside = reductions(&gpu.bf16(), &x, lengths, by).expect("the GPU in bf16");
                assert_eq!(beside.map(f64::to_bits), got.map(f64::to_bits), "{lengths:?} in bf16");
            }
        }
    }
}

#[test]
fn a_nan_anywhere_is_a_nan_in_the_norm_and_in_the_largest() {
    let Some(gpu) = gpu() else { return };
    let lengths = [4, 4096, 5003, 1];
    for at in [0, 3, 4, 4099, 4100, 9102, 9103] {
        let mut x = normal(1, 9104);
        x[at] = f32::NAN;
        let got = reductions(&gpu, &x, &lengths, 1.0).expect("the GPU");
        assert!(got.iter().all(|x| x.is_nan()), "{got:?} with one at {at}");
        x[at] = f32::NEG_INFINITY;
        let got = reductions(&gpu, &x, &lengths, 1.0).expect("the GPU");
        assert_eq!(got, [f64::INFINITY; 2], "with an infinite one at {at}");
    }
}

/// Sums of several threads go through the same memory of the GPU.
#[test]
fn threads_that_sum_at_once_get_their_own_sums() {
    fn sums(gpu: &Cuda, which: u32) -> Vec<[u64; 2]> {
        let x = normal(which, 3000);
        let sum = |_| reductions(gpu, &x, &[1000, 2000], 1.0).expect("the GPU").map(f64::to_bits);
        (0..20).map(sum).collect()
    }
    let Some(gpu) = gpu() else { return };
    let alone: Vec<_> = (0..3).map(|which| sums(&gpu, which)).collect();
    let together: Vec<_> = thread::scope(|scope| {
        let gpu = &gpu;
        let running: Vec<_> = (0..3).map(|which| scope.spawn(move || sums(&gpu.clone(), which))).collect();
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

//! Optimizers and clipping on a GPU, against the CPU.

use std::thread;

use remat::device::Span;
use remat::ndarray::ArrayView1;
use remat::optim::{AdamArgs, AdamStep, Kernel, SgdArgs, SgdStep};
use remat::{Cpu, Cuda, Error};
use remat_tests::agree;
use remat_tests::devices::{Results, Room, Single, gpu, normal};

/// Lengths of none, of less than 16 bytes, of no whole number of those, of a block and more, and of many blocks.
const LENGTHS: [usize; 8] = [0, 1, 3, 4, 31, 257, 1024, 5003];

/// The same roundings as on the CPU, but for CPUs that do not fuse a multiplication and an addition.
const ROUNDED: f32 = 1e-6;

/// Normal numbers with one that is infinite and one that is not a number, where there is room.
fn odd(which: u32, n: usize) -> Vec<f32> {
    let mut x = normal(which, n);
    if n > 8 {
        (x[n / 2], x[n - 1]) = (f32::INFINITY, f32::NAN);
    }
    x
}

#[test]
fn steps_of_sgd() {
    fn run<D: Single + Kernel>(device: &D, step: &SgdStep, n: usize) -> Results {
        let mut room = Room::new(device, &[&odd(1, n), &normal(2, n), &normal(3, n)])?;
        let ([grad], [param, buffer]) = room.split([2], [0, 1])?;
        let momentum_buffer = (step.momentum != 0.0).then(|| D::view_mut(buffer));
        device.sgd(step, SgdArgs { param: D::view_mut(param), momentum_buffer, grad: D::view(grad) })?;
        room.check()?;
        (0..3).map(|array| room.numbers(array)).collect()
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
        for n in LENGTHS {
            agree!(ROUNDED, format!("{step:?} of {n}"), |d| run(d, &step, n));
        }
    }
}

#[test]
fn steps_of_adam() {
    fn run<D: Single + Kernel>(device: &D, step: &AdamStep, n: usize) -> Results {
        let squares: Vec<f32> = normal(4, n).iter().map(|x| x * x).collect();
        let mut room = Room::new(device, &[&odd(1, n), &normal(2, n), &squares, &normal(3, n)])?;
        let ([grad], [param, exp_avg, exp_avg_sq]) = room.split([3], [0, 1, 2])?;
        let (exp_avg, exp_avg_sq) = (D::view_mut(exp_avg), D::view_mut(exp_avg_sq));
        device
            .adam(step, AdamArgs { param: D::view_mut(param), exp_avg, exp_avg_sq, grad: D::view(grad) })?;
        room.check()?;
        (0..4).map(|array| room.numbers(array)).collect()
    }
    let plain =
        AdamStep { lr: 0.01, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.0, decoupled: false, t: 1 };
    let steps = [
        plain,
        AdamStep { weight_decay: 0.2, t: 3, ..plain },
        AdamStep { weight_decay: 0.2, decoupled: true, t: 1000, ..plain },
        AdamStep { betas: (0.3, 0.5), ..plain },
        AdamStep { betas: (0.0, 0.0), ..plain },
    ];
    for step in steps {
        for n in LENGTHS {
            // Where the square is small, what is divided by its root is large, and so are its roundings.
            agree!(4.0 * ROUNDED, format!("{step:?} of {n}"), |d| run(d, &step, n));
        }
    }
}

#[test]
fn scaling_clamping_and_adding_give_the_bits_of_the_cpu() {
    fn run<D: Single + Kernel>(device: &D, n: usize, number: f64) -> Results {
        let mut room = Room::new(device, &[&odd(1, n), &odd(2, n), &odd(3, n), &normal(4, n)])?;
        let ([y], [scaled, clamped, sum]) = room.split([3], [0, 1, 2])?;
        device.scale(D::view_mut(scaled), number)?;
        device.clamp(D::view_mut(clamped), number)?;
        device.add(D::view_mut(sum), D::view(y))?;
        room.check()?;
        (0..4).map(|array| room.numbers(array)).collect()
    }
    for n in LENGTHS {
        for number in [0.3, 0.0, 1.0 / 3.0, 1e-42, 1e300] {
            agree!(0.0, format!("{n} by {number}"), |d| run(d, n, number));
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

/// The second has more elements than the first step of all its blocks takes.
const CUTS: [&[usize]; 6] = [&[], &[1], &[31, 0, 257], &[4, 4096, 5003, 1], &[1_100_003, 77], &[0]];

#[test]
fn the_norm_and_the_largest() {
    let Some(gpu) = gpu() else { return };
    let cpu = Cpu::with_threads(2).expect("a thread");
    for lengths in CUTS {
        let x = normal(1, lengths.iter().sum());
        for by in [1.0, 2f64.powi(-700), 2f64.powi(700), 1e200, 3.0] {
            let want = reductions(&cpu, &x, lengths, by).expect("the CPU");
            let got = reductions(&gpu, &x, lengths, by).expect("the GPU");
            // A million squares in another order, each rounded in f64.
            let near = (got[0] - want[0]).abs() <= 1e-13 * want[0] || got[0] == want[0];
            assert!(near && got[1] == want[1], "{lengths:?} by {by}: {got:?} but should be {want:?}");
            let again = reductions(&gpu, &x, lengths, by).expect("the GPU");
            assert_eq!(again.map(f64::to_bits), got.map(f64::to_bits), "{lengths:?} by {by}");
            // Parameters are the same beside elements of two bytes.
            let beside = reductions(&gpu.bf16(), &x, lengths, by).expect("the GPU in bf16");
            assert_eq!(beside.map(f64::to_bits), got.map(f64::to_bits), "{lengths:?} by {by} in bf16");
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
fn arrays_of_different_lengths_are_an_error() {
    fn run<D: Single + Kernel>(device: &D) -> Result<(), Error> {
        let mut room = Room::new(device, &[&normal(1, 3), &normal(2, 4)])?;
        let ([y], [x]) = room.split([1], [0])?;
        device.add(D::view_mut(x), D::view(y))
    }
    let Some(gpu) = gpu() else { return };
    assert!(matches!(run(&gpu), Err(Error::Internal { .. })));
}

//! How near kernels come to their floor: the bytes that they cannot but read and write, at the speed of a copy.
//!
//! usage: floors cpu|gpu f32|bf16 SAMPLES [THREADS]
//!
//! Shapes are those of GPT-2 124M: 1024 tokens a sample, of width 768, 4 times that between the layers of its MLP, and
//! classes of 50 304 for a sixteenth of the tokens. Prints a row for each kernel: milliseconds, gigabytes a second, and how
//! that compares with the copy. A GPU needs SAMPLES of 64, so that nothing fits in its cache.

use std::process::ExitCode;

use remat::device::Grad;
use remat::ops::{activation, arithmetic, cross_entropy, dropout, layer_norm};
use remat::prelude::*;
use remat::rng::Key;
use remat_tests::devices::{Bytes, Elems, Room, Single, elems};
use remat_tests::timing::{milliseconds, numbers};

const TOKENS: usize = 1024;
const WIDTH: usize = 768;
const WIDE: usize = 4 * WIDTH;
const CLASSES: usize = 50_304;
const KEY: Key = Key { seed: 1, step: 2, node: 3 };
const MASK: Option<dropout::Mask> = Some(dropout::Mask { key: KEY, p: 0.1 });

/// All that is measured.
trait Kernels:
    Single
    + activation::Kernel
    + arithmetic::Kernel
    + cross_entropy::Kernel
    + dropout::Kernel
    + layer_norm::Kernel
{
}
impl<D> Kernels for D where
    D: Single
        + activation::Kernel
        + arithmetic::Kernel
        + cross_entropy::Kernel
        + dropout::Kernel
        + layer_norm::Kernel
{
}

/// One device, and the speed of its copies, once that is known.
struct Floors<'a, D> {
    device: &'a D,
    samples: usize,
    copy: Option<f64>,
}

impl<D: Kernels> Floors<'_, D> {
    /// Measures a kernel that cannot but move this many bytes, with these arrays behind one of a number.
    fn row(
        &mut self,
        name: &str,
        bytes: usize,
        arrays: &[&dyn Bytes],
        call: impl FnMut(&mut Room<'_, D>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let one = [0.0f32].to_vec();
        let mut room = Room::new(self.device, &[&[&one as &dyn Bytes], arrays].concat())?;
        let milliseconds = milliseconds(&mut room, call)?;
        let speed = bytes as f64 / milliseconds / 1e6;
        let of_copy = 100.0 * speed / *self.copy.get_or_insert(speed);
        println!("{name:<42} {milliseconds:>9.3} ms {speed:>8.1} GB/s {of_copy:>6.1} %");
        Ok(())
    }

    fn all(&mut self) -> Result<(), Error> {
        self.sums()?;
        self.norms()?;
        self.wide()?;
        self.classes()
    }

    /// Rows of WIDTH, and their bytes.
    fn narrow_rows(&self) -> (usize, usize, Elems) {
        let (rows, n) = (self.samples * TOKENS, self.samples * TOKENS * WIDTH);
        (rows, n * size_of::<D::Elem>(), elems(numbers(n)))
    }

    fn sums(&mut self) -> Result<(), Error> {
        let (_, bytes, x) = self.narrow_rows();
        let (device, samples) = (self.device, self.samples);
        let spec = arithmetic::Spec { len: TOKENS * WIDTH, op: arithmetic::Arithmetic::Add };
        self.row("copy", 2 * bytes, &[&x, &x], |room| {
            let ([dy], [da]) = room.split([1], [2])?;
            let da = Some(Grad { to: D::view_mut(da), add: false });
            let args = arithmetic::Backward { da, db: None, dy: Some(D::view(dy)), a: None, b: None };
            arithmetic::Kernel::backward(device, &spec, samples, args)
        })?;
        self.row("Add", 3 * bytes, &[&x, &x, &x], |room| {
            let ([a, b], [y]) = room.split([1, 2], [3])?;
            let args = arithmetic::Forward {
                y: D::view_mut(y),
                dropped: None,
                a: Some(D::view(a)),
                b: D::view(b),
                mask: None,
            };
            arithmetic::Kernel::forward(device, &spec, samples, args)
        })?;
        let spec = dropout::Spec { len: TOKENS * WIDTH, p: 0.1 };
        self.row("Dropout", 2 * bytes, &[&x, &x], |room| {
            let ([x], [y]) = room.split([1], [2])?;
            let args = dropout::Forward { y: D::view_mut(y), x: D::view(x), key: KEY };
            dropout::Kernel::forward(device, &spec, samples, args)
        })?;
        let of_column = numbers(WIDTH);
        self.row("its backward, with the gradient of a bias", 2 * bytes, &[&x, &x, &of_column], |room| {
            let ([dy], [dx, dbias]) = room.split([1], [2, 3])?;
            let dx = Some(Grad { to: D::view_mut(dx), add: false });
            let dbias = Some(Grad { to: D::view_mut(dbias), add: false });
            let args = dropout::Backward { dx, dbias, dy: Some(D::view(dy)), key: KEY };
            dropout::Kernel::backward(device, &spec, samples, args)
        })
    }

    fn norms(&mut self) -> Result<(), Error> {
        let (rows, bytes, x) = self.narrow_rows();
        let (device, samples) = (self.device, self.samples);
        let spec = layer_norm::Spec { rows: TOKENS, dim: WIDTH, eps: 1e-5 };
        let (of_row, of_column) = (numbers(rows), numbers(WIDTH));
        for (name, of_sum, mask, arrays) in [
            ("LayerNorm", false, None, 2),
            ("Add and LayerNorm in one call", true, None, 4),
            ("Dropout, Add and LayerNorm in one", true, MASK, 4),
        ] {
            let given: [&dyn Bytes; 8] = [&of_row, &of_row, &of_column, &of_column, &x, &x, &x, &x];
            self.row(name, arrays * bytes, &given, |room| {
                let ([weight, bias, x, plus], [mean, rstd, y, sum]) =
                    room.split([3, 4, 5, 6], [1, 2, 7, 8])?;
                let args = layer_norm::Forward {
                    y: D::view_mut(y),
                    mean: Some(D::view_mut(mean)),
                    rstd: Some(D::view_mut(rstd)),
                    sum: of_sum.then(|| D::view_mut(sum)),
                    dropped: None,
                    x: Some(D::view(x)),
                    plus: of_sum.then(|| D::view(plus)),
                    mask,
                    weight: Some(D::view(weight)),
                    bias: Some(D::view(bias)),
                };
                layer_norm::Kernel::forward(device, &spec, samples, args)
            })?;
        }
        for (name, add, arrays) in [("LayerNorm backward", false, 3), ("the same, += dx", true, 4)] {
            let given: [&dyn Bytes; 8] = [&of_row, &of_row, &of_column, &of_column, &of_column, &x, &x, &x];
            self.row(name, arrays * bytes, &given, |room| {
                let ([mean, rstd, weight, x, dy], [dweight, dbias, dx]) =
                    room.split([1, 2, 3, 6, 7], [4, 5, 8])?;
                let args = layer_norm::Backward {
                    dx: Some(Grad { to: D::view_mut(dx), add }),
                    dweight: Some(Grad { to: D::view_mut(dweight), add }),
                    dbias: Some(Grad { to: D::view_mut(dbias), add }),
                    dy: Some(D::view(dy)),
                    x: D::view(x),
                    mean: D::view(mean),
                    rstd: D::view(rstd),
                    weight: Some(D::view(weight)),
                };
                layer_norm::Kernel::backward(device, &spec, samples, args)
            })?;
        }
        Ok(())
    }

    fn wide(&mut self) -> Result<(), Error> {
        let n = self.samples * TOKENS * WIDE;
        let (device, samples, bytes) = (self.device, self.samples, n * size_of::<D::Elem>());
        let (x, bias) = (elems(numbers(n)), numbers(WIDE));
        // A slope of 1: of less than that, over and over, there is nothing left but denormal numbers, which take their time.
        let large = elems(numbers(n).iter().map(|x| 5.0 + x).collect::<Vec<f32>>());
        let spec = activation::Spec { len: TOKENS * WIDE, activation: activation::Activation::GeluTanh };
        for (name, mask) in [("Gelu(tanh)", None), ("Gelu(tanh) and Dropout in one call", MASK)] {
            self.row(name, 2 * bytes, &[&x, &x], |room| {
                let ([x], [y]) = room.split([1], [2])?;
                let args = activation::Forward { y: D::view_mut(y), x: D::view(x), mask };
                activation::Kernel::forward(device, &spec, samples, args)
            })?;
        }
        for (name, summed, mask) in [
            ("Gelu(tanh) backward", false, None),
            ("the same, with the gradient of a bias", true, None),
            ("Dropout and Gelu(tanh) backward in one", false, MASK),
            ("the same, with the gradient of a bias", true, MASK),
        ] {
            self.row(name, 3 * bytes, &[&large, &x, &bias], |room| {
                let ([saved], [dx, dbias]) = room.split([1], [2, 3])?;
                let dbias = summed.then(|| Grad { to: D::view_mut(dbias), add: false });
                let dx = Some(Grad { to: D::view_mut(dx), add: false });
                let args = activation::Backward { dx, dbias, dy: None, saved: D::view(saved), mask };
                activation::Kernel::backward(device, &spec, samples, args)
            })?;
        }
        Ok(())
    }

    fn classes(&mut self) -> Result<(), Error> {
        let rows = TOKENS / 16;
        let (device, samples, n) = (self.device, self.samples, self.samples * rows * CLASSES);
        let (logits, bytes) = (elems(numbers(n)), n * size_of::<D::Elem>());
        let target: Vec<u32> = (0..samples * rows).map(|i| (i * 31 % CLASSES) as u32).collect();
        let (of_row, one) = (numbers(samples * rows), vec![1.0f32]);
        let arrays: [&dyn Bytes; 5] = [&one, &one, &of_row, &logits, &target];
        let spec = cross_entropy::Spec { rows, classes: CLASSES, label_smoothing: 0.0, ignore_index: None };
        self.row("CrossEntropy", bytes, &arrays, |room| {
            let ([logits, target], [loss, losses]) = room.split([4, 5], [2, 3])?;
            let (loss, losses) = (D::view_mut(loss), D::view_mut(losses));
            let (logits, target) = (D::view(logits), D::view(target));
            let args = cross_entropy::Forward { loss, losses, logits, target };
            cross_entropy::Kernel::forward(device, &spec, samples, args)
        })?;
        self.row("CrossEntropy and its backward", 2 * bytes, &arrays, |room| {
            let ([dloss, target], [loss, losses, dlogits]) = room.split([1, 5], [2, 3, 4])?;
            let args = cross_entropy::Backward {
                loss: Some(D::view_mut(loss)),
                dlogits: Some(Grad { to: D::view_mut(dlogits), add: false }),
                losses: D::view_mut(losses),
                dloss: D::view(dloss),
                logits: None,
                target: D::view(target),
            };
            cross_entropy::Kernel::backward(device, &spec, samples, args)
        })
    }
}

fn run<D: Kernels>(device: &D, samples: usize) -> Result<(), Error> {
    Floors { device, samples, copy: None }.all()
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["cpu", "f32", samples] => run(&Cpu::new()?, samples.parse()?)?,
        ["cpu", "f32", samples, threads] => run(&Cpu::with_threads(threads.parse()?)?, samples.parse()?)?,
        #[cfg(feature = "cuda")]
        ["gpu", "f32", samples] => run(&remat::Cuda::new(0)?, samples.parse()?)?,
        #[cfg(feature = "cuda")]
        ["gpu", "bf16", samples] => run(&remat::Cuda::new(0)?.bf16(), samples.parse()?)?,
        _ => {
            eprintln!("usage: floors cpu|gpu f32|bf16 SAMPLES [THREADS]; a GPU needs the feature `cuda`");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

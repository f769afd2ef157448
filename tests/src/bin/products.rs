//! The products of GPT-2, as its layers call them. `tests/gpu/products.py` runs PyTorch's in turn.
//!
//! usage: products cpu|gpu 124M|small f32|bf16 SAMPLES
//!
//! SHAPE: `124M` has 1024 tokens a sample, of width 768, and classes of 50 304 for a sixteenth of the tokens; `small` runs
//! without a GPU too. Prints a line of JSON for each product: C [m, n] = op(A) op(B), over k. Of elements of bf16, each that
//! reads a weight also rounds it.

use std::process::ExitCode;

use remat::device::Grad;
use remat::ops::linear::{Backward, Forward, Kernel, Spec};
use remat::prelude::*;
use remat_tests::devices::{Room, Single, elems};
use remat_tests::timing::{milliseconds, numbers};

/// What is multiplied.
#[derive(Clone, Copy)]
enum Which {
    /// y = x W^T + b.
    Forward,
    /// dx = dy W.
    Input,
    /// dW = dy^T x.
    Weight,
}

/// A layer.
struct Layer {
    name: &'static str,
    spec: Spec,
    bias: bool,
}

impl Layer {
    /// Those of a block, and the one behind them, of which so many tokens go at once.
    fn all(tokens: usize, width: usize, classes: usize) -> Vec<Self> {
        let layer = |name, rows, inputs, outputs, bias| Self {
            name,
            spec: Spec { rows, inputs, outputs, activation: None },
            bias,
        };
        vec![
            layer("qkv", tokens, width, 3 * width, true),
            layer("proj", tokens, width, width, true),
            layer("up", tokens, width, 4 * width, true),
            layer("down", tokens, 4 * width, width, true),
            layer("head", tokens / 16, width, classes, false),
        ]
    }

    /// Milliseconds of a product, of so many samples.
    fn time<D: Single + Kernel>(&self, device: &D, samples: usize, which: Which) -> Result<f64, Error> {
        let Self { spec, bias: has_bias, .. } = self;
        let Spec { rows, inputs, outputs, .. } = *spec;
        let rounded = match which {
            Which::Forward if D::NARROW => spec.rounded_len(*has_bias),
            Which::Input if D::NARROW => spec.rounded_len(false),
            _ => 0,
        };
        let (x, y) = (elems(numbers(samples * rows * inputs)), elems(numbers(samples * rows * outputs)));
        let (weight, bias, rounded) =
            (numbers(outputs * inputs), numbers(outputs), elems(vec![0.0; rounded]));
        let mut room = Room::new(device, &[&bias, &weight, &x, &y, &rounded, &weight])?;
        milliseconds(&mut room, |room| match which {
            Which::Forward => {
                let ([bias, weight, x], [y, rounded]) = room.split([0, 1, 2], [3, 4])?;
                let (y, x, weight, rounded) =
                    (Some(D::view_mut(y)), D::view(x), D::view(weight), D::view_mut(rounded));
                let bias = has_bias.then(|| D::view(bias));
                device.forward(spec, samples, Forward { y, z: None, x, weight, bias, rounded, mask: None })
            }
            Which::Input => {
                let ([weight, dy], [dx, rounded]) = room.split([1, 3], [2, 4])?;
                let dx = Some(Grad { to: D::view_mut(dx), add: false });
                let (dy, weight, rounded) = (D::view(dy), D::view(weight), D::view_mut(rounded));
                let args = Backward { dx, dweight: None, dbias: None, dy, x: None, weight, rounded };
                device.backward(spec, samples, args)
            }
            Which::Weight => {
                let ([weight, x, dy], [rounded, dweight]) = room.split([1, 2, 3], [4, 5])?;
                let dweight = Some(Grad { to: D::view_mut(dweight), add: false });
                let (dy, x, weight, rounded) =
                    (D::view(dy), Some(D::view(x)), D::view(weight), D::view_mut(rounded));
                device.backward(
                    spec,
                    samples,
                    Backward { dx: None, dweight, dbias: None, dy, x, weight, rounded },
                )
            }
        })
    }

    /// A line for each of its products.
    fn lines<D: Single + Kernel>(&self, device: &D, samples: usize) -> Result<(), Error> {
        let Spec { rows, inputs, outputs, .. } = self.spec;
        let rows = samples * rows;
        for (which, what, [m, n, k]) in [
            (Which::Forward, "y", [rows, outputs, inputs]),
            (Which::Input, "dx", [rows, inputs, outputs]),
            (Which::Weight, "dW", [outputs, inputs, rows]),
        ] {
            let milliseconds = self.time(device, samples, which)?;
            println!(
                "{{\"name\": \"{} {what}\", \"m\": {m}, \"n\": {n}, \"k\": {k}, \"bias\": {}, \"ms\": {milliseconds:.4}}}",
                self.name, self.bias
            );
        }
        Ok(())
    }
}

fn run<D: Single + Kernel>(
    device: &D,
    shape: &str,
    samples: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let layers = match shape {
        "124M" => Layer::all(1024, 768, 50_304),
        "small" => Layer::all(48, 32, 64),
        _ => return Err(format!("no such shape: {shape}").into()),
    };
    Ok(layers.iter().try_for_each(|layer| layer.lines(device, samples))?)
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["cpu", shape, "f32", samples] => run(&Cpu::new()?, shape, samples.parse()?)?,
        #[cfg(feature = "cuda")]
        ["gpu", shape, "f32", samples] => run(&remat::Cuda::new(0)?, shape, samples.parse()?)?,
        #[cfg(feature = "cuda")]
        ["gpu", shape, "bf16", samples] => run(&remat::Cuda::new(0)?.bf16(), shape, samples.parse()?)?,
        _ => {
            eprintln!("usage: products cpu|gpu 124M|small f32|bf16 SAMPLES; a GPU needs the feature `cuda`");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

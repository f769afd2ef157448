//! An MLP that learns digits: images that this program draws, or MNIST's.
//!
//! `cargo run --release -p remat-examples --example digits -- [MNIST FOLDER] [--epochs N] [--out FOLDER] [--save-every STEPS] [--resume]`
//!
//! With `--out` it saves its state there, at the end and every so many steps; with `--resume` it goes on from the last one,
//! in the middle of an epoch too, and ends with the same bits as a run that never stopped.
//!
//! The folder holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
//! `t10k-labels-idx1-ubyte`, gzip'd or not. Without it the digits are drawn with noise, shift and rotation.

mod draw;

use std::error::Error;
use std::process::ExitCode;

use remat::data::{Arrays, idx};
use remat::ndarray::{Array1, Array2, Axis};
use remat::prelude::*;
use remat::train::{At, Callback, Flow, ProgressBar, Step};
use remat_examples::Saving;

model! {
    /// An MLP on images of 28 x 28.
    pub Digits {
        const PIXELS = 28 * 28;
        const CLASSES = 10;

        input  image: f32[PIXELS];
        target label: u32;

        hidden: repeat(width in [256, 128]) { fc: Linear(width); Relu; Dropout(0.1); }
        head: Linear(CLASSES);
        loss: CrossEntropy <- (head, label);
    }
}

/// Images in rows of 784 numbers from 0 to 1, and their digits.
pub struct Images {
    pixels: Array2<f32>,
    labels: Array1<u32>,
}

const BATCH: usize = 128;
/// Gaps between buffers take at most 5 % of what is live: checked by the compiler.
const _: () = assert!(Digits::PLAN.fragmentation() <= 1.05);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (folder, epochs, saving) = options(std::env::args().skip(1))?;
    let (train, test) = match &folder {
        Some(folder) => (mnist(folder, "train")?, mnist(folder, "t10k")?),
        None => (draw::images(20_000, 1), draw::images(4_000, 2)),
    };
    println!("{}", Digits::PLAN.table(BATCH));
    let mut net = Digits::new(&Cpu::new()?, 42)?;
    let mut opt = AdamW::new(&net, AdamWConfig::default())?;
    // Halved every other epoch.
    let steps = train.labels.len().div_ceil(BATCH) as u64;
    let schedule = Schedule::step(1e-3, 2 * steps, 0.5)?;
    saving
        .tell(Trainer::epochs(epochs))?
        .batch(BATCH)
        .shuffle(0)
        .schedule(schedule)
        .callback(ProgressBar::new())
        .callback(Accuracy { ws: net.inference_workspace(BATCH)?, images: &test, sum: 0.0, count: 0 })
        .run(&mut net, &mut opt, Arrays::new((train.pixels.view(), train.labels.view()))?)?;
    println!(
        "held-out accuracy {:.2} %",
        100.0 * accuracy(&net, &mut net.inference_workspace(BATCH)?, &test)?
    );
    Ok(())
}

/// Prints, after each epoch, the mean loss of its steps and the accuracy on the images held out.
struct Accuracy<'a> {
    ws: Workspace<Digits>,
    images: &'a Images,
    sum: f64,
    count: usize,
}

impl Callback<Digits> for Accuracy<'_> {
    fn step(&mut self, at: &At<'_, Digits>, step: &Step) -> Result<Flow, remat::Error> {
        self.sum += step.loss * step.samples as f64;
        self.count += step.samples;
        if at.epoch_ended {
            let (epoch, loss) = (at.progress.epoch, self.sum / self.count as f64);
            let accuracy = accuracy(at.model, &mut self.ws, self.images)?;
            println!("epoch {epoch}: loss {loss:.4}, accuracy {:.2} %", 100.0 * accuracy);
            (self.sum, self.count) = (0.0, 0);
        }
        Ok(Flow::Continue)
    }
}

/// MNIST's images and labels from a folder.
fn mnist(folder: &str, part: &str) -> Result<Images, remat::Error> {
    let (pixels, labels) = idx::mnist(folder, part)?;
    Ok(Images { pixels, labels })
}

/// The part of the images whose digit has the largest logit.
fn accuracy(net: &Digits, ws: &mut Workspace<Digits>, images: &Images) -> Result<f64, remat::Error> {
    let mut right = 0;
    let chunks = images.labels.axis_chunks_iter(Axis(0), BATCH);
    for (pixels, labels) in images.pixels.axis_chunks_iter(Axis(0), BATCH).zip(chunks) {
        let output = net.forward(ws, pixels)?;
        for (logits, label) in output.view().outer_iter().zip(labels) {
            let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(i, _)| i);
            right += usize::from(best == usize::try_from(*label).ok());
        }
    }
    Ok(right as f64 / images.labels.len() as f64)
}

fn options(args: impl Iterator<Item = String>) -> Result<(Option<String>, u64, Saving), String> {
    let (mut folder, mut epochs, mut saving) = (None, 6, Saving::default());
    let mut args = args;
    while let Some(arg) = args.next() {
        if arg == "--epochs" {
            let value = args.next().unwrap_or_default();
            epochs = value
                .parse()
                .map_err(|_| format!("`--epochs` must be a number but is `{value}` -- write `--epochs 6`"))?;
        } else if saving.take(&arg, &mut args)? {
        } else if arg.starts_with("--") || folder.is_some() {
            let usage = format!("digits [MNIST FOLDER] [--epochs N] {}", Saving::USAGE);
            return Err(format!("unknown argument `{arg}` -- usage: {usage}"));
        } else {
            folder = Some(arg);
        }
    }
    Ok((folder, epochs, saving))
}

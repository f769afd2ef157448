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

use remat::data::idx;
use remat::ndarray::{Array2, ArrayView1, Axis};
use remat::prelude::*;
use remat::state::Cursor;
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
    labels: Vec<u32>,
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
    let saver = saving.start()?;
    let (train, test) = match &folder {
        Some(folder) => (mnist(folder, "train")?, mnist(folder, "t10k")?),
        None => (draw::images(20_000, 1), draw::images(4_000, 2)),
    };
    println!("{}", Digits::PLAN.table(BATCH));
    let cpu = Cpu::new()?;
    let mut net = Digits::new(&cpu, 42)?;
    let mut ws = net.workspace(BATCH)?;
    let mut opt = AdamW::new(&net, AdamWConfig::default())?;
    let resumed = saver.as_ref().map_or(Ok(None), |saver| saver.resume(&mut net, &mut opt))?;
    let mut progress = resumed.unwrap_or_default();
    // Halved every other epoch.
    let schedule = Schedule::step(1e-3, 2, 0.5)?;
    for epoch in progress.epoch..u64::from(epochs) {
        opt.set_lr(schedule.lr(epoch))?;
        let (mut sum, mut count) = (0.0, 0);
        let order = draw::shuffled(train.labels.len(), epoch);
        let come = usize::try_from(progress.data.position)?.min(order.len());
        for batch in order[come..].chunks(BATCH) {
            let pixels = train.pixels.select(Axis(0), batch);
            let labels: Vec<u32> = batch.iter().map(|i| train.labels[*i]).collect();
            let loss = net.forward_backward(&mut ws, pixels.view(), ArrayView1::from(&labels))?;
            opt.step(&mut net, ws.grads())?;
            sum += f64::from(loss) * batch.len() as f64;
            count += batch.len();
            progress.step += 1;
            progress.loss = Some(loss.into());
            progress.data.position += batch.len() as u64;
            let ends = progress.data.position >= order.len() as u64;
            if ends {
                progress.epoch += 1;
                progress.data = Cursor { epoch: progress.epoch, ..Cursor::default() };
            }
            let last = ends && progress.epoch == u64::from(epochs);
            saver.as_ref().map_or(Ok(()), |saver| saver.step(&net, &opt, &progress, last))?;
        }
        println!(
            "epoch {}: loss {:.4}, accuracy {:.2} %",
            epoch + 1,
            sum / f64::from(u32::try_from(count)?),
            100.0 * accuracy(&net, &mut ws, &test)?
        );
    }
    println!("held-out accuracy {:.2} %", 100.0 * accuracy(&net, &mut ws, &test)?);
    Ok(())
}

/// MNIST's images and labels from a folder.
fn mnist(folder: &str, part: &str) -> Result<Images, remat::Error> {
    let (pixels, labels) = idx::mnist(folder, part)?;
    Ok(Images { pixels, labels: labels.to_vec() })
}

/// The part of the images whose digit has the largest logit.
fn accuracy(net: &Digits, ws: &mut Workspace<Digits>, images: &Images) -> Result<f64, remat::Error> {
    let mut right = 0;
    for (pixels, labels) in images.pixels.axis_chunks_iter(Axis(0), BATCH).zip(images.labels.chunks(BATCH)) {
        let output = net.forward(ws, pixels)?;
        for (logits, label) in output.view().outer_iter().zip(labels) {
            let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(i, _)| i);
            right += usize::from(best == usize::try_from(*label).ok());
        }
    }
    Ok(right as f64 / images.labels.len() as f64)
}

fn options(args: impl Iterator<Item = String>) -> Result<(Option<String>, u32, Saving), String> {
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

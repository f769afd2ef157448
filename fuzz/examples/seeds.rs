//! Writes what fuzzing begins with anew: `cargo run --example seeds`, in this folder.
//!
//! Each is a file that some call has written, behind a first byte that has all of it made right after a change.

use std::fs;
use std::path::Path;

use remat::prelude::*;
use remat::state::{self, Cursor, Progress};
use remat_fuzz::{Loaded, Net, safetensors::ALL as ALL_OF_WEIGHTS, state::ALL};

/// A network of other names, shapes and type.
mod double {
    remat::model! {
        pub(crate) Other { input x: f32[2]; target y: f32[1]; fc: Linear(1); loss: Mse <- (fc, y); }
    }
}

fn main() -> Result<(), Error> {
    let Loaded { net, opt, path } = Loaded::new("seeds")?;
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let put = |target: &str, name: &str, first: u8| {
        let folder = seeds.join(target);
        fs::create_dir_all(&folder).expect("a folder");
        let bytes = [&[first][..], &fs::read(&path).expect("it was saved")].concat();
        fs::write(folder.join(name), bytes).expect("it can be written");
    };
    let progress = Progress {
        epoch: 3,
        step: 1 << 62,
        loss: Some(0.25),
        best_loss: Some(f64::NAN),
        evaluations_since_best: 300,
        schedule_step: 70_000,
        data: Cursor { seed: 5, epoch: 4, position: 1 << 40 },
    };
    state::save(&path, &net, &opt, &progress)?;
    put("state", "adamw", ALL);
    put("state", "as-it-is", 0);
    state::save_model(&path, &net)?;
    put("state", "model", ALL);
    let sgd = Sgd::new(&net, SgdConfig { momentum: 0.5, ..Default::default() })?;
    state::save(&path, &net, &sgd, &Progress::default())?;
    put("state", "sgd", ALL);
    let cpu = Cpu::with_threads(1)?.double();
    state::save_model(&path, &double::Other::new(&cpu, 1)?)?;
    put("state", "double", ALL);

    state::safetensors::save(&path, &net, str::to_owned)?;
    put("safetensors", "f32", ALL_OF_WEIGHTS);
    put("safetensors", "as-it-is", 0);
    state::safetensors::save(&path, &net, |name| name.replace("norm", "ln"))?;
    put("safetensors", "renamed", ALL_OF_WEIGHTS);
    state::safetensors::save(&path, &Net::new(&cpu, 1)?, str::to_owned)?;
    put("safetensors", "f64", ALL_OF_WEIGHTS);
    fs::remove_file(&path).expect("it was there");
    Ok(())
}

//! What a state file holds: model, step, losses, and each tensor with its checksum.
//!
//! `cargo run --release -p remat-examples --example inspect -- FILE`, or a folder, of which the last state is shown

use std::path::PathBuf;
use std::process::ExitCode;

use remat::Error;
use remat::state::{self, Folder};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path] = &args[..] else {
        eprintln!("error: one file or folder is inspected, not {} -- usage: inspect FILE", args.len());
        return ExitCode::from(2);
    };
    match inspect(path.into()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn inspect(mut path: PathBuf) -> Result<(), Error> {
    if path.is_dir() {
        let latest = Folder::new(&path)?.latest()?;
        for (path, error) in &latest.skipped {
            println!("passed over {}: {error}", path.display());
        }
        let Some(last) = latest.path else {
            println!("no state in {} is whole", path.display());
            return Ok(());
        };
        println!("{}", last.display());
        path = last;
    }
    print!("{}", state::inspect(&path)?);
    Ok(())
}

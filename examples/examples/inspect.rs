//! What a state file holds: model, step, losses, and each tensor with its checksum.
//!
//! `cargo run --release -p remat-examples --example inspect -- FILE`, or a folder, of which the last state is shown

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use remat::state::{self, Folder};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path] = &args[..] else {
        eprintln!("error: one file or folder is inspected, not {} -- usage: inspect FILE", args.len());
        return ExitCode::from(2);
    };
    match inspect(path.into()) {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads it, as `head`, has seen enough.
        Err(error)
            if error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe) =>
        {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn inspect(mut path: PathBuf) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if path.is_dir() {
        let latest = Folder::new(&path)?.latest()?;
        for (path, error) in &latest.skipped {
            writeln!(out, "passed over {}: {error}", path.display())?;
        }
        let Some(last) = latest.path else {
            out.flush()?;
            return Err(
                format!("no state in {} is whole -- give a folder that has one", path.display()).into()
            );
        };
        writeln!(out, "{}", last.display())?;
        path = last;
    }
    write!(out, "{}", state::inspect(&path)?)?;
    Ok(out.flush()?)
}

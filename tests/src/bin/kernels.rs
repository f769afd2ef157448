//! Compiles all CUDA kernels to machine code for all types of elements, without a GPU: `kernels sm_80 sm_90 …`. Fails if
//! one does not compile, spills registers to memory, or keeps anything else of a thread there. Machine code, and the PTX that
//! it is made of, are kept in the folder that `KEEP` names, as `tests/cuda/loops.py` and `.ci/ptx` read them.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let mut bad = 0;
    let kept = env::var_os("KEEP").map(PathBuf::from);
    for arch in env::args().skip(1) {
        let compiled = match remat::cuda::compile_all(&arch) {
            Ok(compiled) => compiled,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        };
        for op in compiled {
            // With what stands before: 40 bytes are not none.
            let none = " 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads";
            let lines = op.log.lines().filter(|line| line.contains("spill"));
            let spills: Vec<&str> = lines.filter(|line| !line.trim_end().ends_with(none)).collect();
            println!(
                "{arch:<8} {:<5} {:<20} {:>8} bytes, {} spills",
                op.elem,
                op.kernel,
                op.image.len(),
                spills.len()
            );
            spills.iter().for_each(|line| println!("    {line}"));
            if let Some(folder) = &kept {
                let named = format!("{}-{}-{arch}", op.kernel, op.elem);
                for (end, bytes) in [("cubin", &op.image[..]), ("ptx", op.ptx.as_bytes())] {
                    let path = folder.join(format!("{named}.{end}"));
                    if let Err(error) = fs::create_dir_all(folder).and_then(|()| fs::write(&path, bytes)) {
                        eprintln!("{}: {error}", path.display());
                        return ExitCode::FAILURE;
                    }
                }
            }
            bad += spills.len();
            if env::var_os("VERBOSE").is_some() {
                println!("{}", op.log);
            }
        }
    }
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

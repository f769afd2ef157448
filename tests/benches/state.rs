//! What saving and loading a state take, against `cp` of the same file: alone, followed by `sync` of the copy, and then
//! by `mv` over an older copy, which is what saving over an older state does.
//!
//! `cargo bench -p remat-tests --bench state [-- MIB ROUNDS [FOLDER]]` saves and loads so many MiB of parameters and
//! moments of AdamW (a third of it parameters), and copies the file, in turn, on one disk: that of `FOLDER`, or of the
//! temporary files. It prints medians of the rounds, and how fast each is for 100 of each `cp`. The file is in the page
//! cache when it is read, as `cp`'s is. Three times its size must be free on the disk, and four times in memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use remat::prelude::*;
use remat::state::{self, Progress};

/// Networks of sizes that are known when they are compiled: `$layers` layers of 16 MiB of parameters.
macro_rules! net {
    ($name:ident $layers:literal) => {
        model! {
            /// One of several sizes.
            $name {
                input x: f32[2048];
                target y: f32[2048];
                layers: repeat($layers) { fc: Linear(2048, bias = false, init = uniform(0.1)); }
                loss: Mse <- (layers, y);
            }
        }
    };
}
net!(Tiny 1);
net!(Small 5);
net!(Large 21);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let number = |at: usize, default: usize| {
        let text = args.get(at).map(String::as_str);
        text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("`{text}` must be a number")))
    };
    let (mebibytes, rounds) = (number(0, 1024), number(1, 7));
    let folder = args.get(2).map_or_else(std::env::temp_dir, PathBuf::from);
    match mebibytes {
        ..128 => run::<Tiny>(&folder, rounds, Tiny::new),
        128..512 => run::<Small>(&folder, rounds, Small::new),
        _ => run::<Large>(&folder, rounds, Large::new),
    }
}

/// What is timed, in this order.
const WORK: [&str; 7] = ["cp", "cp and sync", "cp over", "save", "save over", "load", "inspect"];

fn run<M: Model<Device = Cpu>>(folder: &Path, rounds: usize, new: impl Fn(&Cpu, u64) -> Result<M, Error>) {
    let cpu = Cpu::with_threads(1).expect("threads");
    let mut net = new(&cpu, 1).expect("a model");
    let mut opt = AdamW::new(&net, AdamWConfig::default()).expect("an optimizer");
    let name = |part: &str| folder.join(format!("remat-bench-{}.{part}", std::process::id()));
    let (file, copy) = (name("state"), name("copy"));
    let mut times = [(); WORK.len()].map(|()| vec![]);
    let mut bytes = 0.0;
    // Of the first round, which warms up, nothing is kept.
    for round in 0..=rounds {
        let mut time = |work: usize, done: &mut dyn FnMut()| {
            let start = Instant::now();
            done();
            if round > 0 {
                times[work].push(start.elapsed().as_secs_f64());
            }
        };
        // To a new file, as `cp`; then over that, which is removed in this time.
        for work in [3, 4] {
            time(work, &mut || state::save(&file, &net, &opt, &Progress::default()).expect("it is saved"));
            // What waits to be written is the next one's burden otherwise.
            shell("sync", &[]);
        }
        time(5, &mut || assert!(state::load(&file, &mut net, &mut opt).is_ok()));
        time(6, &mut || assert!(state::inspect(&file).is_ok()));
        time(0, &mut || shell("cp \"$0\" \"$1\"", &[&file, &copy]));
        fs::remove_file(&copy).expect("a copy");
        shell("sync", &[]);
        time(1, &mut || shell("cp \"$0\" \"$1\" && sync \"$1\"", &[&file, &copy]));
        shell("sync", &[]);
        let over = "cp \"$0\" \"$1.new\" && sync \"$1.new\" && mv \"$1.new\" \"$1\"";
        time(2, &mut || shell(over, &[&file, &copy]));
        bytes = fs::metadata(&file).expect("a state").len() as f64;
        for file in [&file, &copy] {
            fs::remove_file(file).expect("it is there");
        }
        shell("sync", &[]);
    }
    let medians = times.map(median);
    println!("{:.0} MiB, medians of {rounds} rounds", bytes / f64::from(1 << 20));
    println!(
        "{:<12} {:>8} {:>10} {:>10} {:>16} {:>12}",
        "", "seconds", "GiB/s", "of `cp`", "of `cp and sync`", "of `cp over`"
    );
    for (work, seconds) in WORK.iter().zip(medians) {
        println!(
            "{work:<12} {seconds:>8.3} {:>10.2} {:>8.0} % {:>14.0} % {:>10.0} %",
            bytes / seconds / f64::from(1 << 30),
            100.0 * medians[0] / seconds,
            100.0 * medians[1] / seconds,
            100.0 * medians[2] / seconds,
        );
    }
}

/// Runs a line of the shell.
fn shell(line: &str, args: &[&Path]) {
    let mut command = Command::new("sh");
    let status = command.args(["-c", line]).args(args).status().expect("a shell");
    assert!(status.success(), "{line}");
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

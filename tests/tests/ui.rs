//! What must not compile does not, and says why.
//!
//! Each case in `ui/err` names its mistakes in words, by lines `//~ line:column message` that were
//! written by hand before the case was first run. Two checks hold it to them:
//!
//! - the compiler, by `trybuild`: its whole output is that in the `.stderr` file beside the case. Those
//!   files are written by `TRYBUILD=overwrite cargo test --test ui`, for the compiler of [`COMPILER`];
//! - the hand, with no compiler at all: what the `.stderr` file reports is what the case says, all of it
//!   and nothing else. So overwriting can't hide a wrong message, nor a mistake that follows from another.
//!
//! (`remat-macros` has a third, faster one: its unit test of the same catalogue runs the macro alone.)

use std::fs;
use std::path::{Path, PathBuf};

/// The compiler whose rendering of messages the `.stderr` files hold.
const COMPILER: &str = "1.95";

#[test]
fn ui() {
    what_must_not_compile_does_not();
    each_case_reports_what_it_says_and_nothing_else();
}

fn what_must_not_compile_does_not() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| String::from("rustc"));
    let version = std::process::Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    if !version.starts_with(&format!("rustc {COMPILER}.")) {
        println!("not compared with the `.stderr` files, which are of rustc {COMPILER}: this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("ui/err/*/*.rs");
}

fn each_case_reports_what_it_says_and_nothing_else() {
    let mut wrong = String::new();
    for case in cases() {
        let said = said(&fs::read_to_string(&case).unwrap());
        let found = reported(&fs::read_to_string(case.with_extension("stderr")).unwrap_or_default());
        assert!(!said.is_empty(), "{} says nothing", case.display());
        for line in said.iter().filter(|line| !found.contains(line)) {
            wrong += &format!("{}: not reported: {line}\n", case.display());
        }
        for line in found.iter().filter(|line| !said.contains(line)) {
            wrong += &format!("{}: not said: {line}\n", case.display());
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn there_are_a_hundred_cases_and_more_of_every_kind() {
    let of = |stage: &str| cases().iter().filter(|c| c.parent().is_some_and(|p| p.ends_with(stage))).count();
    let counts = ["parse", "graph", "shape", "checkpoint", "number"].map(of);
    assert!(counts.iter().sum::<usize>() >= 100 && counts.iter().all(|n| *n >= 20), "{counts:?}");
}

#[test]
fn no_message_names_a_place_of_one_machine() {
    for case in cases() {
        let stderr = fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
        let absolute = stderr.lines().find(|line| line.contains("--> /") || line.contains("::: /"));
        assert_eq!(absolute, None, "{}", case.display());
    }
}

/// Every case, in order.
fn cases() -> Vec<PathBuf> {
    let stages = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/err")).unwrap();
    let files = stages.flat_map(|stage| fs::read_dir(stage.unwrap().path()).unwrap());
    let mut found: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    found.sort();
    found
}

/// The lines `//~ line:column message` of a case.
fn said(case: &str) -> Vec<String> {
    case.lines().filter_map(|line| line.strip_prefix("//~ ")).map(str::to_owned).collect()
}

/// The errors that a compiler's output shows, in the same form: their message stands behind `error: `,
/// their place behind the next arrow.
fn reported(stderr: &str) -> Vec<String> {
    let mut found = vec![];
    let mut message = None;
    for line in stderr.lines() {
        if let Some(rest) = line.strip_prefix("error") {
            message = rest.split_once(": ").map(|(_, message)| message);
        } else if let (Some(message), Some(place)) = (message, line.trim_start().strip_prefix("--> ")) {
            let mut parts = place.rsplit(':');
            let (column, line) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            found.push(format!("{line}:{column} {message}"));
        }
    }
    found
}

//! A run that stops and goes on is the run that never stopped, bit by bit.
//!
//! Each part of a run is a process, which begins with the file that the one before has left. The network has
//! dropout and tied weights; gradients are clipped, and the learning rate falls with each step. Files are compared
//! byte by byte: parameters, moments, steps, seed, rate and progress are all in them.

use std::fs;
use std::path::Path;
use std::process::Command;

use remat_tests::states::Folder;

use super::CHILD;

/// Steps of a whole run.
const STEPS: usize = 7;
const PLANS: [&str; 5] = ["store_all", "blocks", "budget", "recompute", "nested"];
const OPTIMIZERS: [&str; 4] = ["sgd", "momentum", "adam", "adamw"];

/// Goes on from `file` until `until` steps are taken; the bits of the losses, a line each.
fn train(plan: &str, optimizer: &str, threads: usize, file: &Path, until: usize) -> String {
    let [threads, until] = [threads, until].map(|number| number.to_string());
    let mut command = Command::new(CHILD);
    let output =
        command.args(["train", plan, optimizer, &threads]).arg(file).arg(until).output().expect("the child");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("digits")
}

/// A run in parts: each is a plan, a number of threads, and the step before which it stops.
fn run(optimizer: &str, parts: &[(&str, usize, usize)]) -> (String, Vec<u8>) {
    let folder = Folder::new("resumed");
    let file = folder.path("state");
    let train = |&(plan, threads, until): &_| train(plan, optimizer, threads, &file, until);
    let losses = parts.iter().map(train).collect();
    (losses, fs::read(&file).expect("a state"))
}

/// The run in one part.
fn straight(optimizer: &str) -> (String, Vec<u8>) {
    let (losses, state) = run(optimizer, &[("store_all", 1, STEPS)]);
    assert_eq!(losses.lines().count(), STEPS);
    (losses, state)
}

fn assert_same(optimizer: &str, straight: &(String, Vec<u8>), parts: &[(&str, usize, usize)]) {
    let (losses, state) = run(optimizer, parts);
    assert_eq!(losses, straight.0, "losses of {optimizer}, {parts:?}");
    assert!(state == straight.1, "the state of {optimizer} differs, {parts:?}");
}

#[test]
fn a_run_may_stop_before_any_step_and_after_any() {
    let expected = straight("adamw");
    for stop in 0..=STEPS {
        assert_same("adamw", &expected, &[("store_all", 1, stop), ("store_all", 1, STEPS)]);
    }
}

#[test]
fn a_run_goes_on_under_any_plan_and_on_any_number_of_threads() {
    for optimizer in OPTIMIZERS {
        let expected = straight(optimizer);
        for (at, plan) in PLANS.into_iter().enumerate() {
            let threads = 1 + at % 3;
            assert_same(optimizer, &expected, &[("store_all", 3 - at % 3, 3), (plan, threads, STEPS)]);
            assert_same(optimizer, &expected, &[(plan, threads, 4), ("store_all", 3 - at % 3, STEPS)]);
        }
    }
}

#[test]
fn each_step_may_have_a_process_of_its_own() {
    for optimizer in OPTIMIZERS {
        let part = |step: usize| (PLANS[step % 5], 1 + step % 3, step + 1);
        let parts: Vec<_> = (0..STEPS).map(part).collect();
        assert_same(optimizer, &straight(optimizer), &parts);
    }
}

#[test]
fn optimizers_differ_so_that_equal_runs_show_something() {
    let states = OPTIMIZERS.map(|optimizer| straight(optimizer).0);
    for (at, state) in states.iter().enumerate() {
        assert!(!states[..at].contains(state));
        let losses: Vec<&str> = state.lines().collect();
        assert!(losses.windows(2).all(|pair| pair[0] != pair[1]), "each step changes the loss");
    }
}

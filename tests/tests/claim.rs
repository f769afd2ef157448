//! The claim: where the store-all net can't have its memory, its checkpointed twin trains to the same loss.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

use remat_tests::claim::{BATCH, Checkpointed, StoreAll};

/// Runs `claim` with at most `limit` bytes of address space, if there is a limit.
fn run(net: &str, limit: Option<usize>) -> Output {
    let limit = limit.map_or(String::new(), |bytes| format!("ulimit -v {} && ", bytes >> 10));
    let script = format!("{limit}exec {} {net}", env!("CARGO_BIN_EXE_claim"));
    Command::new("sh").args(["-c", &script]).output().expect("a shell")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_twin_trains_where_the_store_all_net_does_not_fit() {
    let (all, twin) = (StoreAll::PLAN.peak_bytes(BATCH), Checkpointed::PLAN.peak_bytes(BATCH));
    // What both need beside the workspace: parameters, data, the program, its thread's packing memory.
    let beside = StoreAll::PLAN.parameter_bytes + (32 << 20);
    let limit = twin + beside;
    assert!(all > limit, "the store-all workspace of {all} bytes would fit in {limit}");

    let refused = run("store-all", Some(limit));
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
    let expected = format!("could not get {all} bytes");
    assert!(text(&refused).contains(&expected), "{}", text(&refused));

    let (limited, free) = (run("checkpointed", Some(limit)), run("store-all", None));
    assert!(limited.status.success(), "{}", text(&limited));
    assert!(free.status.success(), "{}", text(&free));
    assert_eq!(limited.stdout, free.stdout, "the same loss, bit for bit");
}

//! What `kani macros/kani.rs` checks: the bounded proofs of planning, which knows nothing of tokens. `cargo kani` leaves
//! crates of macros out, so this is a crate of its own, and no part of any build.
#![allow(dead_code)]

#[path = "src/beside.rs"]
mod beside;
#[path = "src/choices.rs"]
mod choices;
#[path = "src/plan/mod.rs"]
mod plan;

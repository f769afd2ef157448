//! Training states in files, seen from whole programs: what is loaded is what was saved, a run that stops and goes on in
//! another process, one that is killed while it saves, a disk that is full, states of other models, and files of earlier
//! versions.
//!
//! What a single file may look like (bits that are flipped, files that are cut off, headers that lie) is tested
//! where files are read, in `runtime/src/state`; what saving and loading allocate, in `memory.rs`.
#![cfg(target_os = "linux")]

#[path = "state/full.rs"]
mod full;
#[path = "state/killed.rs"]
mod killed;
#[path = "state/models.rs"]
mod models;
#[path = "state/names.rs"]
mod names;
#[path = "state/resumed.rs"]
mod resumed;
#[path = "state/round_trip.rs"]
mod round_trip;
#[path = "state/together.rs"]
mod together;
#[path = "state/version.rs"]
mod version;

/// The program that does in a process of its own what these tests ask of it.
const CHILD: &str = env!("CARGO_BIN_EXE_state");

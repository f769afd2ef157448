//! What each layer of a model takes on this machine, measured for the planner.
//!
//! A model's `profile` method runs some training steps and writes a file of text:
//!
//! ```text
//! remat profile 1
//! model Net
//! key 0123456789abcdef      what tells its layers from others
//! batch 32
//! 81730                     nanoseconds of each kernel call of forward, in order, ...
//! 160212                    ... then of backward; what is recomputed is left out
//! ```
//!
//! `#[checkpoint(budget = "64 MiB", batch = 32, profile = "remat.profile")]` plans by it. The calls are the same under
//! every plan, so a profile measured under one holds for all, but for marks that round, or that keep an activation from the
//! dropout behind it.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::model::{Model, Probe, Workspace};
use crate::state::atomic;

/// Steps that are measured, after one that warms up. Each call's time is their median.
const ROUNDS: usize = 7;

/// Measures `step`, which trains one batch in `ws`, and writes what its calls took.
///
/// # Errors
/// Those of `step`, and [`Error::File`] if the file can't be written; then what was there is still there.
pub fn write<M: Model>(
    ws: &mut Workspace<M>,
    path: &Path,
    mut step: impl FnMut(&mut Workspace<M>) -> Result<(), Error>,
) -> Result<(), Error> {
    step(ws)?;
    let mut rounds: Vec<Vec<Duration>> = Vec::new();
    for _ in 0..ROUNDS {
        ws.probe = Some(Probe::of_each_call());
        let result = step(ws);
        rounds.extend(ws.probe.take().map(Probe::into_calls));
        result?;
    }
    let plan = const { &M::PLAN };
    let mut text = format!(
        "remat profile 1\nmodel {}\nkey {:016x}\nbatch {}\n",
        M::NAME,
        plan.profile_key,
        ws.trained.unwrap_or(1)
    );
    for call in 0..rounds.first().map_or(0, Vec::len) {
        let mut times: Vec<u128> =
            rounds.iter().filter_map(|calls| calls.get(call)).map(Duration::as_nanos).collect();
        times.sort_unstable();
        text += &format!("{}\n", times.get(times.len() / 2).copied().unwrap_or_default());
    }
    let written = atomic::replace(path, |file| file.write_all(text.as_bytes()));
    written.map_err(|error| Error::file(path, "write", &error))
}

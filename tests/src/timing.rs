//! How long calls take, by a clock of the host.

use std::time::Instant;

use remat::Error;

use crate::devices::{Room, Single};

/// Milliseconds of a call with arrays, of which number 0 is of f32, when calls follow one another: the median of three runs,
/// of about a tenth of a second each.
///
/// # Errors
/// Those of the call, and the device's own.
pub fn milliseconds<D: Single>(
    room: &mut Room<'_, D>,
    mut call: impl FnMut(&mut Room<'_, D>) -> Result<(), Error>,
) -> Result<f64, Error> {
    let mut run = |calls: usize| -> Result<f64, Error> {
        let start = Instant::now();
        (0..calls).try_for_each(|_| call(room))?;
        // Waits for all of them.
        room.read::<f32>(0)?;
        Ok(start.elapsed().as_secs_f64() * 1e3 / calls as f64)
    };
    // Kernels are compiled in the first.
    run(1)?;
    let calls = (100.0 / run(1)?).clamp(2.0, 1000.0) as usize;
    let mut times = [run(calls)?, run(calls)?, run(calls)?];
    times.sort_by(f64::total_cmp);
    Ok(times[1])
}

/// Numbers around 0, of no size that matters.
pub fn numbers(n: usize) -> Vec<f32> {
    let some: Vec<f32> = (0..997).map(|i| (i as f32 * 0.37).sin()).collect();
    (0..n).map(|i| some[i % some.len()]).collect()
}

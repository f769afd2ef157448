//! Looking for mistakes in plans: memory that is spoiled when nothing may read it any more, and what a step
//! really touches and where its time goes.
//!
//! A plan says when each buffer dies. With [`poison_freed`] a buffer is overwritten at that moment, and
//! with [`fill`] the whole workspace is before a step; if the step then computes the same bits, it read
//! nothing but what it had written. Both cost time, so they are for tests.

use std::sync::atomic::Ordering;

use crate::cpu::Cpu;
use crate::device::Real;
use crate::error::Error;
use crate::model::{Model, Probe, Seen, Workspace};

/// From now on, buffers freed on `cpu` (and on its clones) are overwritten with `value`; `None` stops it.
pub fn poison_freed<E>(cpu: &Cpu<E>, value: Option<f32>) {
    // All bits 0 is +0.0, which poisons nothing; -0.0 stands in for it.
    let bits = value.map_or(0, |v| if v.to_bits() == 0 { (-0.0f32).to_bits() } else { v.to_bits() });
    cpu.poison().store(bits, Ordering::Relaxed);
}

/// Overwrites a whole workspace, gradients included.
pub fn fill<E: Real, M: Model<Device = Cpu<E>>>(ws: &mut Workspace<M>, value: f32) {
    ws.arena.all_mut().elements().fill(E::from_f64(f64::from(value)));
}

/// What `step` does in `ws`.
///
/// # Errors
/// Those of `step`.
pub fn watch<M: Model, T>(
    ws: &mut Workspace<M>,
    step: impl FnOnce(&mut Workspace<M>) -> Result<T, Error>,
) -> Result<Seen, Error> {
    ws.probe = Some(Probe::new());
    let result = step(ws);
    let seen = ws.probe.take().map(|probe| probe.seen()).unwrap_or_default();
    result.map(|_| seen)
}

//! Looking for mistakes in plans: memory that is spoiled when nothing may read it any more, and where the
//! time of a step goes.
//!
//! A plan says when each buffer dies. With [`poison_freed`] a buffer is overwritten at that moment, and
//! with [`fill`] the whole workspace is before a step; if the step then computes the same bits, it read
//! nothing but what it had written. Both cost time, so they are for tests.

use std::sync::atomic::Ordering;

use crate::cpu::Cpu;
use crate::device::Real;
use crate::error::Error;
use crate::model::{Clock, Model, Times, Workspace};

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

/// The end of the highest part of the workspace that was ever used, in bytes.
pub fn highest_byte<E: Real, M: Model<Device = Cpu<E>>>(ws: &Workspace<M>) -> usize {
    ws.arena.highest()
}

/// How long the kernel calls of `step` took, which runs in `ws`.
///
/// # Errors
/// Those of `step`.
pub fn time<M: Model, T>(
    ws: &mut Workspace<M>,
    step: impl FnOnce(&mut Workspace<M>) -> Result<T, Error>,
) -> Result<Times, Error> {
    ws.clock = Some(Clock::start());
    let result = step(ws);
    let times = ws.clock.take().map(|clock| clock.times()).unwrap_or_default();
    result.map(|_| times)
}

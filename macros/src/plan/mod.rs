//! From a graph and its marks to steps and addresses.
//!
//! ```text
//! Problem ─levels→ ─retain→ ─defer→ ─lifetimes→ ─offload→ Program ─layout→ Layout ─stretch→ Layouts;  all ─verify→ Ok
//! ```
//!
//! Each pass is a function of the one before; none knows what a layer is.

pub(crate) mod budget;
// AFTER defer: which Backward each recompute stands before is decided.
mod defer;
pub(crate) mod fullest;
// AFTER layout: each buffer has a first and a last step and an offset; the peak is exact.
pub(crate) mod layout;
// AFTER lend: no gradient is copied that another holds when it is read.
pub(crate) mod lend;
// AFTER levels: each node stands in one level, and each level but the root is a recomputed segment.
mod levels;
// AFTER lifetimes: only steps whose value is read are there, and each buffer is freed after its last use.
mod lifetimes;
mod occupied;
// AFTER offload: what waits on the host is copied there and back, and each copy is waited for.
mod offload;
mod pack;
pub(crate) mod problem;
pub(crate) mod program;
#[cfg(any(test, kani))]
mod proofs;
// AFTER retain: each value has the level that keeps it, and each level the nodes to run again.
mod retain;
// AFTER stretch: as after layout, for other widths.
pub(crate) mod stretch;
mod sweep;
mod touches;
// AFTER schedule: the steps are total and ordered.
pub(crate) mod schedule;
// AFTER verify: the steps and addresses compute what the problem says, whoever made them.
pub(crate) mod verify;

#[cfg(test)]
mod tests;

//! Two things at once: a model of a thousand layers is planned in every check of its author's crate.

use std::thread;

/// Runs `other` on a thread of its own while `own` runs here; on this one after it if none can be had.
///
/// # Errors
/// If `other` panics.
pub(crate) fn beside<A, B: Send>(
    own: impl FnOnce() -> A,
    other: impl Fn() -> B + Sync,
) -> Result<(A, B), String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, &other);
        let own = own();
        let other = thread.map_or_else(|_| Ok(other()), |thread| thread.join());
        Ok((own, other.map_err(|_| String::from("a thread of the macro panicked"))?))
    })
}

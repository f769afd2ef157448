//! A gate between one caller and its workers: when it opens, those that wait go in; when it closes, the
//! caller waits for those that are inside, and for no other.
//!
//! What the caller wrote before it opened the gate is seen by who goes in, and what they wrote inside is
//! seen by the caller once the gate is closed. Both sides look for a moment before they sleep.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a thread looks for work before it sleeps: longer than the gap between two kernels of a
/// step, shorter than anyone would notice.
pub(super) const SPIN: Duration = Duration::from_micros(30);

/// Opened and closed by one thread at a time.
pub(super) struct Gate {
    /// How often it was opened, whether it is open, and how many workers are inside: see the constants.
    state: AtomicU64,
    ended: AtomicBool,
    sleepers: AtomicUsize,
    sleep: Mutex<()>,
    /// Workers wait here for it to open.
    opened: Condvar,
    /// The caller waits here for the workers inside.
    left: Condvar,
}

/// Workers inside.
const INSIDE: u64 = (1 << 16) - 1;
/// Workers may enter.
const OPEN: u64 = 1 << 16;
/// The caller sleeps until the last worker leaves.
const WAITING: u64 = 1 << 17;
/// One opening.
const OPENING: u64 = 1 << 18;

impl Gate {
    /// Closed, with this many workers inside, fewer than 2^16.
    pub(super) fn new(inside: usize) -> Self {
        Self {
            state: AtomicU64::new(inside as u64),
            ended: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            opened: Condvar::new(),
            left: Condvar::new(),
        }
    }

    /// Opens it, and wakes `most` of those that sleep, or all if they are fewer.
    pub(super) fn open(&self, most: usize) {
        let state = self.state.load(Ordering::Relaxed);
        self.state.store(state.wrapping_add(OPENING) | OPEN, Ordering::SeqCst);
        // Either this load sees a sleeper, or that sleeper's look at `state` sees the opening.
        fence(Ordering::SeqCst);
        let sleepers = self.sleepers.load(Ordering::SeqCst);
        if sleepers > 0 {
            // A sleeper that was counted but does not wait yet holds the lock.
            drop(relock(&self.sleep));
            for _ in 0..sleepers.min(most) {
                self.opened.notify_one();
            }
        }
    }

    /// Lets no further worker in, and waits for those inside.
    pub(super) fn close(&self) {
        let mut state = self.state.fetch_and(!OPEN, Ordering::AcqRel) & !OPEN;
        let mut spin = Spin::new();
        while state & INSIDE != 0 && spin.again() {
            state = self.state.load(Ordering::Acquire);
        }
        if state & INSIDE != 0 {
            let mut sleep = relock(&self.sleep);
            state = self.state.fetch_or(WAITING, Ordering::AcqRel);
            while state & INSIDE != 0 {
                sleep = self.left.wait(sleep).unwrap_or_else(PoisonError::into_inner);
                state = self.state.load(Ordering::Acquire);
            }
        }
        // Closed and empty: nobody else writes now.
        self.state.store(state & !WAITING, Ordering::Relaxed);
    }

    /// For workers: waits for an opening other than `last`, and enters; which opening it is, from 1, or
    /// `None` once the gate has [ended](Self::end).
    pub(super) fn enter(&self, last: u64) -> Option<u64> {
        let mut spin = Spin::new();
        loop {
            if self.ended.load(Ordering::Relaxed) {
                return None;
            }
            let state = self.state.load(Ordering::Acquire);
            if is_new(state, last) {
                let entered =
                    self.state.compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Relaxed);
                if entered.is_ok() {
                    return Some(state / OPENING);
                }
            } else if !spin.again() {
                self.sleep(last);
                spin = Spin::new();
            }
        }
    }

    /// For workers: leaves; the last one wakes the caller.
    pub(super) fn leave(&self) {
        let state = self.state.fetch_sub(1, Ordering::AcqRel);
        if state & WAITING != 0 && state & INSIDE == 1 {
            drop(relock(&self.sleep));
            self.left.notify_one();
        }
    }

    /// Sends the workers home: nobody enters any more.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        drop(relock(&self.sleep));
        self.opened.notify_all();
    }

    /// Sleeps until there may be something to do.
    fn sleep(&self, last: u64) {
        let guard = relock(&self.sleep);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if !is_new(self.state.load(Ordering::SeqCst), last) && !self.ended.load(Ordering::SeqCst) {
            // Waking for nothing is harmless: the caller of `sleep` looks again.
            drop(self.opened.wait(guard));
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }
}

fn is_new(state: u64, last: u64) -> bool {
    state & OPEN != 0 && state / OPENING != last
}

/// A mutex whose data stays valid when a holder panics.
pub(super) fn relock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Busy waiting with an end.
struct Spin {
    rounds: u32,
    until: Option<Instant>,
}

impl Spin {
    fn new() -> Self {
        Self { rounds: 0, until: None }
    }

    /// Waits a moment; false once [`SPIN`] is over.
    fn again(&mut self) -> bool {
        std::hint::spin_loop();
        self.rounds += 1;
        if !self.rounds.is_multiple_of(16) {
            return true;
        }
        let now = Instant::now();
        now < *self.until.get_or_insert(now + SPIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_waits_for_those_inside_and_lets_nobody_in_after_that() {
        const WORKERS: usize = 3;
        let (gate, steps) = (Gate::new(WORKERS), AtomicUsize::new(0));
        // Asserted at the end: who fails in the middle leaves the others waiting.
        let (twice, mut inside, mut late) = (AtomicBool::new(false), 0, 0);
        let work = || {
            let mut last = 0;
            loop {
                // Long enough, now and then, for the caller to fall asleep.
                std::thread::sleep(if last % 50 == 0 { 10 * SPIN } else { Duration::ZERO });
                steps.fetch_add(1, Ordering::Relaxed);
                gate.leave();
                let Some(opening) = gate.enter(last) else { break };
                twice.fetch_or(opening <= last, Ordering::Relaxed);
                last = opening;
                steps.fetch_add(1, Ordering::Relaxed);
            }
        };
        let started = std::thread::scope(|scope| {
            (0..WORKERS).for_each(|_| drop(scope.spawn(work)));
            gate.close();
            let started = steps.load(Ordering::Relaxed);
            for opening in 0..200 {
                let before = steps.load(Ordering::Relaxed);
                gate.open(WORKERS);
                // Every other time somebody comes, from sleep or not.
                while opening % 2 == 0 && steps.load(Ordering::Relaxed) == before {
                    std::thread::yield_now();
                }
                gate.close();
                // One step as they enter, one before they leave.
                let seen = steps.load(Ordering::Relaxed) - started;
                inside += seen % 2;
                std::thread::yield_now();
                late += steps.load(Ordering::Relaxed) - started - seen;
            }
            gate.end();
            started
        });
        assert_eq!(started, WORKERS, "those that have yet to start are inside");
        assert_eq!((inside, late), (0, 0), "closed with a worker inside, and entered when closed");
        assert!(!twice.into_inner(), "entered one opening twice");
    }
}

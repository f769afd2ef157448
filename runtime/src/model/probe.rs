//! What a step did, for those who look: see [`testing::watch`](crate::testing::watch).

use std::time::{Duration, Instant};

/// Watches the calls of a program.
#[derive(Debug)]
pub(crate) struct Probe {
    last: Instant,
    seen: Seen,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How long its kernel calls took, on the thread that called.
    pub all: Duration,
    /// How long those among them took that compute again what forward had computed.
    pub recompute: Duration,
    /// The end of the highest buffer of the workspace that a call was given, in bytes.
    pub highest_byte: usize,
}

impl Probe {
    pub(crate) fn new() -> Self {
        Self { last: Instant::now(), seen: Seen::default() }
    }

    /// A program begins.
    pub(crate) fn begin(&mut self) {
        self.last = Instant::now();
    }

    /// A call is given a buffer that ends there.
    pub(crate) fn given(&mut self, end: usize) {
        self.seen.highest_byte = self.seen.highest_byte.max(end);
    }

    /// A row of the program has run.
    pub(crate) fn ran(&mut self, recompute: bool) {
        let now = Instant::now();
        let took = now - self.last;
        self.last = now;
        self.seen.all += took;
        if recompute {
            self.seen.recompute += took;
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen
    }
}

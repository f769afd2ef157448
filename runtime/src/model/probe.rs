//! What a step did, for those who look: see [`testing::watch`](crate::testing::watch).

use std::time::{Duration, Instant};

/// Watches the calls of a program.
#[derive(Debug)]
pub(crate) struct Probe {
    last: Instant,
    seen: Seen,
    /// What each kernel call took, but for those that recompute, if that is wanted.
    calls: Option<Vec<Duration>>,
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
        Self { last: Instant::now(), seen: Seen::default(), calls: None }
    }

    /// Also looks at each call by itself.
    pub(crate) fn of_each_call() -> Self {
        Self { calls: Some(Vec::new()), ..Self::new() }
    }

    pub(crate) fn into_calls(self) -> Vec<Duration> {
        self.calls.unwrap_or_default()
    }

    /// A program begins.
    pub(crate) fn begin(&mut self) {
        self.last = Instant::now();
    }

    /// A call is given a buffer that ends there.
    pub(crate) fn given(&mut self, end: usize) {
        self.seen.highest_byte = self.seen.highest_byte.max(end);
    }

    /// A row of the program has run: a call, or no more than that something is freed.
    pub(crate) fn ran(&mut self, recompute: bool, frees: bool) {
        let now = Instant::now();
        let took = now - self.last;
        self.last = now;
        self.seen.all += took;
        if recompute {
            self.seen.recompute += took;
        }
        if let Some(calls) = self.calls.as_mut().filter(|_| !recompute && !frees) {
            calls.push(took);
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen
    }
}

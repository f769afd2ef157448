//! How long the kernel calls of a step took.

use std::time::{Duration, Instant};

/// Reads the time after each row of a program.
#[derive(Debug)]
pub(crate) struct Clock {
    last: Instant,
    times: Times,
}

/// How long the kernel calls of a step took, on the thread that called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// All of them.
    pub all: Duration,
    /// Those that compute again what forward had computed.
    pub recompute: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { last: Instant::now(), times: Times::default() }
    }

    /// A program begins here.
    pub(crate) fn restart(&mut self) {
        self.last = Instant::now();
    }

    /// A row ends here.
    pub(crate) fn tick(&mut self, recompute: bool) {
        let now = Instant::now();
        let took = now - self.last;
        self.last = now;
        self.times.all += took;
        if recompute {
            self.times.recompute += took;
        }
    }

    pub(crate) fn times(&self) -> Times {
        self.times
    }
}

//! Worker threads.
use crate::arena::Buffer;
use crate::cpu::simd::Level;
use crate::error::Error;
use std::sync::Mutex;

/// Bytes of packing memory that each thread has.
pub(crate) const LANE_BYTES: usize = 4 << 20;

/// Worker threads and their memory.
#[derive(Debug)]
pub(crate) struct Pool {
    threads: usize,
    level: Level,
    lane: Mutex<Buffer>,
}

/// What a task may use besides what it was given: its thread's own memory.
pub(crate) struct Lane<'a> {
    /// Its thread's own memory, with whatever the last task left in it.
    pub(crate) memory: &'a mut [u8],
}

impl Pool {
    /// `threads` threads, the caller's included.
    pub(crate) fn new(threads: usize) -> Result<Self, Error> {
        Ok(Self { threads, level: Level::detect(), lane: Mutex::new(Buffer::new(LANE_BYTES, "packing memory")?) })
    }
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }
    pub(crate) fn level(&self) -> Level {
        self.level
    }
    pub(crate) fn bytes(&self) -> usize {
        LANE_BYTES
    }
    /// Runs `work(task, lane)` once for each task below `tasks`, on any thread and in any order, and
    /// returns when all are done. A task's result must not depend on which thread runs it.
    pub(crate) fn run(&self, tasks: usize, work: &(dyn Fn(usize, &mut Lane<'_>) + Sync)) -> Result<(), Error> {
        let mut lane = self.lane.lock().map_err(|_| Error::internal("poisoned"))?;
        let memory = lane.all_mut().elements::<u8>();
        for task in 0..tasks {
            work(task, &mut Lane { memory });
        }
        Ok(())
    }
}

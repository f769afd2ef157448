//! Worker threads that run the tasks of one region at a time.
//!
//! A region is one call of [`Pool::run`]. Tasks are handed out by a counter, to the calling thread and
//! to every worker that comes in while the region is open; a worker that wakes too late finds it closed
//! and is not waited for, so more threads than cores cost little. Nothing is allocated per region.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::arena::Buffer;
use crate::cpu::gate::{Gate, relock};
use crate::cpu::simd::Level;
use crate::error::Error;

/// Bytes of packing memory that each thread has.
pub(crate) const LANE_BYTES: usize = 4 << 20;

const MAX_THREADS: usize = 1024;

/// Worker threads and their memory.
pub(crate) struct Pool {
    level: Level,
    threads: usize,
    shared: Arc<Shared>,
    /// The calling thread's memory; who holds it has the pool.
    lane: Mutex<Buffer>,
    workers: Vec<JoinHandle<()>>,
}

/// What a task may use besides what it was given: its thread's own memory.
pub(crate) struct Lane<'a> {
    /// Its thread's own memory, a whole number of lines, with whatever the last task left in it.
    pub(crate) memory: &'a mut [u8],
}

type Work<'a> = dyn Fn(usize, &mut Lane<'_>) + Sync + 'a;

#[derive(Clone, Copy)]
struct Job {
    work: *const Work<'static>,
    tasks: usize,
}

/// What the workers see.
struct Shared {
    /// Open while a region is.
    gate: Gate,
    /// The next task of the region.
    next: AtomicUsize,
    /// Written only while the gate is closed and no worker inside.
    job: UnsafeCell<Option<Job>>,
    /// The first panic of the region.
    panic: Mutex<Option<String>>,
}

// SAFETY: `job` is the only part that is not `Sync`. The caller writes it while the gate is closed and
// nobody inside; workers read it only between entering and leaving, and the gate orders the two. What it
// points to is `Sync`, and outlives the region.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

thread_local! {
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
}

impl Pool {
    /// `threads` threads, the caller's included. All of them run when it returns: what the system and
    /// the standard library set aside for a thread as it starts is had by then, and not in some step.
    pub(crate) fn new(threads: usize) -> Result<Self, Error> {
        if threads == 0 || threads > MAX_THREADS {
            return Err(Error::Argument {
                name: "threads".into(),
                expected: "1 to 1024",
                found: threads.to_string(),
            });
        }
        let lane = || Buffer::new(LANE_BYTES, "packing memory");
        let mut pool = Self {
            level: Level::detect()?,
            threads,
            shared: Arc::new(Shared::new(threads - 1)),
            lane: Mutex::new(lane()?),
            workers: Vec::with_capacity(threads - 1),
        };
        for i in 1..threads {
            let (shared, mut memory) = (Arc::clone(&pool.shared), lane()?);
            let worker = std::thread::Builder::new()
                .name(format!("remat-{i}"))
                .spawn(move || shared.serve(memory.all_mut().elements()));
            // On an error, dropping the pool ends the workers that did start.
            pool.workers.push(worker.map_err(|e| Error::Threads { asked: threads, message: e.to_string() })?);
        }
        pool.shared.gate.close();
        Ok(pool)
    }

    /// How many threads there are, the caller's included.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// The instructions to use.
    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// The bytes of all lanes.
    pub(crate) fn bytes(&self) -> usize {
        self.threads * LANE_BYTES
    }

    /// Runs `work(task, lane)` once for each task below `tasks`, on any thread and in any order, and
    /// returns when all are done. A task's result must not depend on which thread runs it.
    ///
    /// Several threads may call it; one at a time has the workers.
    ///
    /// # Errors
    /// [`Error::WorkerPanic`] if a task panics: some tasks may then not have run, and the pool can go
    /// on. [`Error::Internal`] if called from inside a task.
    pub(crate) fn run(&self, tasks: usize, work: &Work<'_>) -> Result<(), Error> {
        if IN_TASK.get() {
            return Err(Error::internal("a task of the pool called `run`"));
        }
        if tasks == 0 {
            return Ok(());
        }
        let mut lane = relock(&self.lane);
        let memory = lane.all_mut().elements::<u8>();
        let shared = &*self.shared;
        shared.next.store(0, Ordering::Relaxed);
        if tasks == 1 || self.threads == 1 {
            shared.work(work, tasks, memory);
        } else {
            shared.open(work, tasks);
            shared.work(work, tasks, memory);
            shared.gate.close();
        }
        match relock(&shared.panic).take() {
            None => Ok(()),
            Some(message) => Err(Error::WorkerPanic { message }),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.gate.end();
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its tasks; it has nothing else to report.
            let _ = worker.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Before the first region, with `workers` yet to start: they are inside until they do, so that
    /// closing the gate waits for them.
    fn new(workers: usize) -> Self {
        Self {
            gate: Gate::new(workers),
            next: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            panic: Mutex::new(None),
        }
    }

    /// Opens a region for the workers.
    fn open(&self, work: &Work<'_>, tasks: usize) {
        // SAFETY: only the lifetime changes, and closing the gate waits for the last worker.
        let work = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
        // SAFETY: the caller has the pool, and the gate is closed and nobody inside since the last region.
        unsafe { *self.job.get() = Some(Job { work, tasks }) };
        // The caller takes tasks too.
        self.gate.open(tasks - 1);
    }

    /// Takes tasks until there are none. A panic ends the region early.
    fn work(&self, work: &Work<'_>, tasks: usize, memory: &mut [u8]) {
        IN_TASK.set(true);
        let done = catch_unwind(AssertUnwindSafe(|| {
            loop {
                let task = self.next.fetch_add(1, Ordering::Relaxed);
                if task >= tasks {
                    break;
                }
                work(task, &mut Lane { memory: &mut *memory });
            }
        }));
        IN_TASK.set(false);
        if let Err(payload) = done {
            self.next.store(tasks, Ordering::Relaxed);
            relock(&self.panic).get_or_insert_with(|| panic_message(&*payload));
        }
    }

    /// A worker's life.
    fn serve(&self, memory: &mut [u8]) {
        self.gate.leave();
        let mut last = 0;
        while let Some(region) = self.gate.enter(last) {
            last = region;
            // SAFETY: inside the gate `job` is set, and nobody writes it.
            if let Some(job) = unsafe { *self.job.get() } {
                // SAFETY: the caller returns from `run`, which borrows the work, after the last worker
                // has left.
                self.work(unsafe { &*job.work }, job.tasks, memory);
            }
            self.gate.leave();
        }
    }
}

/// What a panic says.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::gate::SPIN;

    /// How often each of `tasks` tasks ran.
    fn runs(pool: &Pool, tasks: usize) -> Vec<usize> {
        let count: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
        pool.run(tasks, &|task, _| {
            count[task].fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
        count.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_task_runs_once_on_any_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads).unwrap();
            for round in 0..200 {
                let tasks = [0, 1, 2, 7, 1000][round % 5];
                assert_eq!(runs(&pool, tasks), vec![1; tasks], "{threads} threads");
                if round % 50 == 0 {
                    // Long enough for the workers to fall asleep.
                    std::thread::sleep(10 * SPIN);
                }
            }
        }
    }

    #[test]
    fn every_task_has_a_lane_of_whole_lines_to_itself() {
        let pool = Pool::new(3).unwrap();
        assert_eq!(pool.bytes(), 3 * LANE_BYTES);
        pool.run(100, &|task, lane| {
            assert_eq!(lane.memory.len(), LANE_BYTES);
            assert!(lane.memory.as_ptr().addr().is_multiple_of(64));
            lane.memory[..4096].fill(task as u8);
            std::thread::yield_now();
            assert!(lane.memory[..4096].iter().all(|byte| *byte == task as u8));
        })
        .unwrap();
    }

    #[test]
    fn a_panic_is_an_error_of_its_call_and_the_pool_goes_on() {
        for threads in [1, 2, 8] {
            let pool = Pool::new(threads).unwrap();
            for bad in [0, 3, 15] {
                let error = pool.run(16, &|task, _| assert!(task != bad, "task {task} failed"));
                assert_eq!(error, Err(Error::WorkerPanic { message: format!("task {bad} failed") }));
                assert_eq!(runs(&pool, 16), [1; 16]);
            }
        }
    }

    #[test]
    fn several_threads_share_a_pool() {
        let pool = Pool::new(3).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for tasks in 0..100 {
                        assert_eq!(runs(&pool, tasks), vec![1; tasks]);
                    }
                });
            }
        });
    }

    #[test]
    fn a_region_inside_a_region_is_an_error_and_no_deadlock() {
        for tasks in [1, 4] {
            let pool = Pool::new(2).unwrap();
            pool.run(tasks, &|_, _| {
                assert!(matches!(pool.run(2, &|_, _| {}), Err(Error::Internal { .. })));
            })
            .unwrap();
            assert_eq!(runs(&pool, 4), [1; 4]);
        }
    }

    #[test]
    fn dropping_the_pool_ends_its_workers() {
        let pool = Pool::new(4).unwrap();
        let shared = Arc::downgrade(&pool.shared);
        assert_eq!(runs(&pool, 9), [1; 9]);
        drop(pool);
        assert!(shared.upgrade().is_none(), "a worker still holds its share");
    }

    #[test]
    fn no_threads_and_too_many_are_refused() {
        for threads in [0, MAX_THREADS + 1, usize::MAX] {
            let error = Pool::new(threads).unwrap_err();
            assert_eq!(error.to_string(), format!("`threads` must be 1 to 1024 but is {threads}"));
        }
    }
}

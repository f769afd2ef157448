//! Which samples come next.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::{Cursor, Dataset};
use crate::cpu::panic_message;
use crate::error::Error;
use crate::rng::{self, Key};

/// The most batches that may be made ahead: they wait in memory.
const MOST_AHEAD: usize = 1024;

/// Batches of a dataset, pass after pass.
///
/// The last batch of a pass is shorter if samples do not come out even, unless [`drop_last`](Self::drop_last) leaves it
/// out. Passes do not end: how many there were is said by the [`cursor`](Self::cursor).
#[derive(Clone, Debug)]
pub struct Loader<D: Dataset> {
    dataset: D,
    len: usize,
    batch: usize,
    shuffled: bool,
    drop_last: bool,
    cursor: Cursor,
    /// The order of this pass, once it is needed; never if it is not shuffled.
    order: Vec<usize>,
}

impl<D: Dataset> Loader<D> {
    /// Batches of `batch` samples, in order.
    ///
    /// # Errors
    /// [`Error::BatchSize`] for 0, [`Error::Data`] if there are no samples.
    pub fn new(dataset: D, batch: usize) -> Result<Self, Error> {
        if batch == 0 {
            return Err(Error::BatchSize { capacity: usize::MAX, found: 0 });
        }
        let len = dataset.len();
        if len == 0 {
            let (expected, found) = (String::from("one of samples"), String::from("empty"));
            return Err(Error::Data { place: String::from("the dataset"), expected, found });
        }
        let (shuffled, drop_last, cursor) = (false, false, Cursor::default());
        Ok(Self { dataset, len, batch, shuffled, drop_last, cursor, order: vec![] })
    }

    /// Each pass in an order of its own, drawn from this seed (Fisher and Yates).
    #[must_use]
    pub fn shuffle(mut self, seed: u64) -> Self {
        (self.shuffled, self.cursor.seed) = (true, seed);
        self.order.clear();
        self
    }

    /// Leaves out what is left of a pass after its whole batches.
    ///
    /// # Errors
    /// [`Error::BatchSize`] if there is no whole batch.
    pub fn drop_last(self) -> Result<Self, Error> {
        if self.batch > self.len {
            return Err(Error::BatchSize { capacity: self.len, found: self.batch });
        }
        let mut loader = Self { drop_last: true, ..self };
        loader.leave_out();
        Ok(loader)
    }

    /// What the batches are of.
    pub fn dataset(&self) -> &D {
        &self.dataset
    }

    /// How many batches a pass has.
    pub fn batches(&self) -> usize {
        if self.drop_last { self.len / self.batch } else { self.len.div_ceil(self.batch) }
    }

    /// The place of the next batch.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Goes to a place, with its seed: that of another loader of as many samples. With [`drop_last`](Self::drop_last), one
    /// with less than a batch behind it is the beginning of the next pass.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is behind the last sample.
    pub fn seek(&mut self, cursor: Cursor) -> Result<(), Error> {
        if cursor.position >= self.len as u64 {
            let found = format!("{}, of {} samples", cursor.position, self.len);
            return Err(Error::argument("cursor.position", "below the number of samples", found));
        }
        self.cursor = cursor;
        self.order.clear();
        self.leave_out();
        Ok(())
    }

    /// Goes to the next pass if what is left of this one is none, or is left out.
    fn leave_out(&mut self) {
        let left = self.len as u64 - self.cursor.position;
        if left == 0 || (self.drop_last && left < self.batch as u64) {
            // A pass after the last that can be counted has the order of the last.
            self.cursor.epoch = self.cursor.epoch.saturating_add(1);
            self.cursor.position = 0;
            self.order.clear();
        }
    }

    /// The next batch. An error leaves the place where it was.
    ///
    /// # Errors
    /// Those of the dataset.
    pub fn next_batch(&mut self) -> Result<D::Batch, Error> {
        let start = usize::try_from(self.cursor.position).unwrap_or(usize::MAX).min(self.len - 1);
        let end = start.saturating_add(self.batch).min(self.len);
        let batch = if self.shuffled {
            if self.order.is_empty() {
                self.order = permutation(self.len, self.cursor);
            }
            self.dataset.batch(&self.order[start..end])?
        } else {
            self.dataset.batch(&(start..end).collect::<Vec<_>>())?
        };
        self.cursor.position = end as u64;
        self.leave_out();
        Ok(batch)
    }

    /// Runs `work` with batches that another thread makes, at most `ahead` of them (and at least one) before they are
    /// asked for. They are the same, and afterwards the loader is at the place behind the last that was taken.
    ///
    /// # Errors
    /// [`Error::Argument`] for more than 1024 `ahead`, as they wait in memory; [`Error::Threads`] if there is no thread to be
    /// had; those of `work`.
    pub fn prefetched<R>(
        &mut self,
        ahead: usize,
        work: impl FnOnce(&mut Prefetched<D::Batch>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        unless_too_far("ahead", ahead)?;
        let mut cursor = self.cursor;
        let result = thread::scope(|scope| {
            let (sender, batches) = sync_channel(ahead.max(1) - 1);
            let loader = &mut *self;
            let make = move || {
                loop {
                    let made = catch_unwind(AssertUnwindSafe(|| loader.next_batch()));
                    let made = made
                        .unwrap_or_else(|panic| Err(Error::WorkerPanic { message: panic_message(&*panic) }));
                    let failed = made.is_err();
                    // Nobody takes it once `work` has ended.
                    if sender.send(made.map(|batch| (batch, loader.cursor))).is_err() || failed {
                        return;
                    }
                }
            };
            let thread = thread::Builder::new().name(String::from("remat-data")).spawn_scoped(scope, make);
            thread.map_err(|error| Error::Threads { asked: 1, message: error.to_string() })?;
            let mut prefetched = Prefetched { batches, cursor, failed: None };
            let result = work(&mut prefetched);
            cursor = prefetched.cursor;
            result
        });
        self.cursor = cursor;
        self.order.clear();
        result
    }
}

/// That no more batches are made ahead than may be.
pub(crate) fn unless_too_far(name: &str, batches: usize) -> Result<(), Error> {
    if batches <= MOST_AHEAD { Ok(()) } else { Err(Error::argument(name, "at most 1024", batches)) }
}

/// Batches that another thread makes: see [`Loader::prefetched`].
#[derive(Debug)]
pub struct Prefetched<B> {
    batches: Receiver<Result<(B, Cursor), Error>>,
    cursor: Cursor,
    failed: Option<Error>,
}

impl<B> Prefetched<B> {
    /// As [`Loader::next_batch`]. After an error there is no other batch.
    ///
    /// # Errors
    /// Those of the dataset; [`Error::WorkerPanic`] if it panicked.
    pub fn next_batch(&mut self) -> Result<B, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let made = self.batches.recv();
        let made = made.unwrap_or_else(|_| Err(Error::internal("the thread that makes batches has ended")));
        match made {
            Ok((batch, cursor)) => {
                self.cursor = cursor;
                Ok(batch)
            }
            Err(error) => {
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// As [`Loader::cursor`].
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }
}

/// What gives batches, on this thread or another.
pub(crate) trait Source<B> {
    fn next_batch(&mut self) -> Result<B, Error>;
    fn cursor(&self) -> Cursor;
}

impl<D: Dataset> Source<D::Batch> for Loader<D> {
    fn next_batch(&mut self) -> Result<D::Batch, Error> {
        self.next_batch()
    }

    fn cursor(&self) -> Cursor {
        self.cursor()
    }
}

impl<B> Source<B> for Prefetched<B> {
    fn next_batch(&mut self) -> Result<B, Error> {
        self.next_batch()
    }

    fn cursor(&self) -> Cursor {
        self.cursor()
    }
}

/// 0 to `len` in the order of this seed and pass.
fn permutation(len: usize, Cursor { seed, epoch, .. }: Cursor) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    let key = Key { seed, step: epoch, node: u32::MAX };
    for i in (1..len).rev() {
        let u = rng::uniform(key, i as u64);
        order.swap(i, (u * (i + 1) as f64) as usize);
    }
    order
}

#[cfg(test)]
mod tests;

//! Which samples come next.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::{Cursor, Dataset};
use crate::cpu::panic_message;
use crate::error::Error;
use crate::rng::{self, Key};

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
        Ok(Self { drop_last: true, ..self })
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

    /// Goes to a place, with its seed: that of another loader of as many samples.
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
        Ok(())
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
        let left = self.len - end;
        if left == 0 || (self.drop_last && left < self.batch) {
            self.cursor = Cursor { epoch: self.cursor.epoch + 1, position: 0, ..self.cursor };
            self.order.clear();
        } else {
            self.cursor.position = end as u64;
        }
        Ok(batch)
    }

    /// Runs `work` with batches that another thread makes, at most `ahead` of them (and at least one) before they are
    /// asked for. They are the same, and afterwards the loader is at the place behind the last that was taken.
    ///
    /// # Errors
    /// [`Error::Threads`] if there is no thread to be had; those of `work`.
    pub fn prefetched<R>(
        &mut self,
        ahead: usize,
        work: impl FnOnce(&mut Prefetched<D::Batch>) -> Result<R, Error>,
    ) -> Result<R, Error> {
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
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ndarray::Array1;

    use super::*;
    use crate::data::Arrays;

    /// The numbers 0, 1, 2, … as samples.
    fn numbers(len: u32) -> Arrays<(Array1<u32>,)> {
        Arrays::new((Array1::from_iter(0..len),)).unwrap()
    }

    /// What `count` batches hold.
    fn take<D: Dataset<Batch = (Array1<u32>,)>>(loader: &mut Loader<D>, count: usize) -> Vec<Vec<u32>> {
        (0..count).map(|_| loader.next_batch().unwrap().0.to_vec()).collect()
    }

    #[test]
    fn each_pass_brings_every_sample_once_in_an_order_of_its_own() {
        let data = numbers(10);
        let mut loader = Loader::new(&data, 3).unwrap().shuffle(7);
        assert_eq!(loader.batches(), 4);
        let passes: Vec<Vec<u32>> = (0..5).map(|_| take(&mut loader, 4).concat()).collect();
        assert_eq!(loader.cursor(), Cursor { seed: 7, epoch: 5, position: 0 });
        for (i, pass) in passes.iter().enumerate() {
            let mut sorted = pass.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<_>>());
            assert!(!passes[..i].contains(pass), "{passes:?}");
        }
        let other = take(&mut Loader::new(&data, 3).unwrap().shuffle(8), 4).concat();
        assert_ne!(other, passes[0], "another seed");
        assert_eq!(
            take(&mut Loader::new(&data, 4).unwrap(), 3),
            [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9]]
        );
    }

    #[test]
    fn all_orders_are_as_likely() {
        // 6 orders of 3 samples, 6000 seeds: 1000 of each, give or take five standard deviations of 28.9.
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..6000 {
            let cursor = Cursor { seed, ..Cursor::default() };
            *counts.entry(permutation(3, cursor)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (855..1145).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_loader_goes_on_from_the_place_of_another_in_any_pass_and_whatever_the_batch() {
        let data = numbers(11);
        let mut whole = Loader::new(&data, 1).unwrap().shuffle(3);
        let samples = take(&mut whole, 44).concat();
        for taken in 0..44 {
            let mut first = Loader::new(&data, 1).unwrap().shuffle(3);
            take(&mut first, taken);
            let mut second = Loader::new(&data, 1).unwrap().shuffle(99);
            second.seek(first.cursor()).unwrap();
            assert_eq!(take(&mut second, 44 - taken).concat(), samples[taken..]);
            let mut wide = Loader::new(&data, 5).unwrap().shuffle(0);
            wide.seek(first.cursor()).unwrap();
            let batch = wide.next_batch().unwrap().0.to_vec();
            assert_eq!(batch, samples[taken..taken + batch.len()], "as far as the pass goes");
        }
        let error = whole.seek(Cursor { position: 11, ..Cursor::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`cursor.position` must be below the number of samples but is 11, of 11 samples"
        );
    }

    #[test]
    fn whole_batches_alone_if_that_is_asked_for() {
        let data = numbers(10);
        let mut loader = Loader::new(&data, 4).unwrap().drop_last().unwrap();
        assert_eq!(take(&mut loader, 3), [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![0, 1, 2, 3]]);
        assert_eq!((loader.batches(), loader.cursor().epoch), (2, 1));
        assert!(matches!(Loader::new(&data, 11).unwrap().drop_last(), Err(Error::BatchSize { .. })));
        assert!(matches!(Loader::new(&data, 0), Err(Error::BatchSize { .. })));
        let none = Loader::new(numbers(0), 1).unwrap_err();
        assert_eq!(none.to_string(), "the dataset must be one of samples but is empty");
    }

    #[test]
    fn another_thread_makes_the_same_batches_a_few_ahead_and_the_place_is_behind_what_was_taken() {
        /// Counts the batches that are made.
        struct Counted(Arrays<(Array1<u32>,)>, AtomicUsize);
        impl Dataset for Counted {
            type Batch = (Array1<u32>,);
            fn len(&self) -> usize {
                self.0.len()
            }
            fn batch(&self, samples: &[usize]) -> Result<Self::Batch, Error> {
                self.1.fetch_add(1, Ordering::SeqCst);
                self.0.batch(samples)
            }
        }
        let expected = take(&mut Loader::new(numbers(10), 3).unwrap().shuffle(7), 9);
        for ahead in [0, 1, 2, 5] {
            let data = Counted(numbers(10), AtomicUsize::new(0));
            let mut loader = Loader::new(&data, 3).unwrap().shuffle(7);
            let taken = loader.prefetched(ahead, |batches| {
                (0..6).map(|_| Ok(batches.next_batch()?.0.to_vec())).collect::<Result<Vec<_>, Error>>()
            });
            assert_eq!(taken.unwrap(), expected[..6]);
            let made = data.1.load(Ordering::SeqCst);
            assert!((6..=6 + ahead.max(1) + 1).contains(&made), "{made} made, {ahead} ahead");
            assert_eq!(take(&mut loader, 3), expected[6..]);
        }
    }

    #[test]
    fn what_fails_on_another_thread_fails_here() {
        /// Fails, or panics, in the second batch.
        struct Failing(bool);
        impl Dataset for Failing {
            type Batch = ();
            fn len(&self) -> usize {
                4
            }
            fn batch(&self, samples: &[usize]) -> Result<(), Error> {
                match samples {
                    [0, ..] => Ok(()),
                    _ if self.0 => panic!("out of luck"),
                    _ => Err(Error::internal("out of luck")),
                }
            }
        }
        for panics in [false, true] {
            let mut loader = Loader::new(Failing(panics), 2).unwrap();
            let error = loader.prefetched(3, |batches| {
                batches.next_batch()?;
                let first = batches.next_batch().unwrap_err();
                assert_eq!(batches.next_batch().unwrap_err(), first, "there is no other");
                Err::<(), _>(first)
            });
            let expected = if panics {
                Error::WorkerPanic { message: String::from("out of luck") }
            } else {
                Error::internal("out of luck")
            };
            assert_eq!(error.unwrap_err(), expected);
            assert_eq!(loader.cursor().position, 2, "behind the batch that was taken");
        }
    }
}

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
    assert_eq!(
        none.to_string(),
        "the dataset must be one of samples but is empty -- mend it, or give other data"
    );
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

#[test]
fn what_is_left_of_a_pass_is_left_out_also_where_another_loader_stopped_in_it() {
    let data = numbers(10);
    let place = Cursor { seed: 0, epoch: 2, position: 8 };
    let mut loader = Loader::new(&data, 4).unwrap().drop_last().unwrap();
    loader.seek(place).unwrap();
    assert_eq!(loader.cursor(), Cursor { seed: 0, epoch: 3, position: 0 });
    assert_eq!(take(&mut loader, 1), [vec![0, 1, 2, 3]]);
    // The same the other way round.
    let mut loader = Loader::new(&data, 4).unwrap();
    loader.seek(place).unwrap();
    let mut loader = loader.drop_last().unwrap();
    assert_eq!(take(&mut loader, 2), [vec![0, 1, 2, 3], vec![4, 5, 6, 7]]);
    // A pass that can't be counted is no panic.
    loader.seek(Cursor { epoch: u64::MAX, ..place }).unwrap();
    assert_eq!(take(&mut loader, 3).len(), 3);
}

#[test]
fn more_batches_ahead_than_have_room_are_refused() {
    let mut loader = Loader::new(numbers(10), 3).unwrap();
    for ahead in [1025, 68_719_476_736, 1 << 60, usize::MAX] {
        let error = loader.prefetched(ahead, |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), format!("`ahead` must be at most 1024 but is {ahead}"));
    }
    let taken = loader.prefetched(1024, |batches| batches.next_batch());
    assert_eq!(taken.unwrap().0.to_vec(), [0, 1, 2]);
}

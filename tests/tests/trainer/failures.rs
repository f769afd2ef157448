//! What fails on the way ends a run, and what was learned, logged and saved until then fits together.

use std::cell::Cell;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use remat::data::Dataset;
use remat::prelude::*;
use remat::state;
use remat::train::{At, Callback, CsvLog, Ended, Evaluation, Every, Finished, Flow, Saver, Step};
use remat_tests::states;

use super::{Net, Samples, made, samples};

fn failed(what: &str) -> Error {
    Error::Data { place: what.into(), expected: "this".into(), found: "that".into() }
}

/// Where a callback fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum In {
    Start,
    Evaluated,
    Step,
    End,
}

/// Fails in some methods, in steps and evaluations at step 6, and notes which it was told of.
struct Fails<'a>(&'static str, &'a [In], &'a Cell<Vec<In>>);

impl Fails<'_> {
    fn told(&self, of: In, now: bool) -> Result<(), Error> {
        let mut told = self.2.take();
        told.extend(now.then_some(of));
        self.2.set(told);
        if now && self.1.contains(&of) { Err(failed(self.0)) } else { Ok(()) }
    }
}

impl Callback<Net> for Fails<'_> {
    fn start(&mut self, _at: &At<'_, Net>) -> Result<(), Error> {
        self.told(In::Start, true)
    }

    fn evaluated(&mut self, at: &At<'_, Net>, _evaluation: &Evaluation) -> Result<Flow, Error> {
        self.told(In::Evaluated, at.progress.step == 6).map(|()| Flow::Continue)
    }

    fn step(&mut self, at: &At<'_, Net>, _step: &Step) -> Result<Flow, Error> {
        self.told(In::Step, at.progress.step == 6).map(|()| Flow::Continue)
    }

    fn end(&mut self, _at: &At<'_, Net>, ended: Ended) -> Result<(), Error> {
        assert!(ended == Ended::Failed || !self.1.contains(&In::Step));
        self.told(In::End, true)
    }
}

/// A run with a log and a saver behind other callbacks.
fn run<'a>(
    folder: &states::Folder,
    held_out: impl Dataset<Batch = <Samples as Dataset>::Batch> + 'a,
    others: impl IntoIterator<Item = Fails<'a>>,
) -> Result<Finished, Error> {
    let (mut net, mut opt) = made(5);
    let states = state::Folder::new(folder.path("states")).unwrap();
    let trainer = Trainer::steps(10).batch(4).shuffle(3).evaluate(held_out, Every::Steps(2));
    let trainer = others.into_iter().fold(trainer, |trainer, other| trainer.callback(other));
    let trainer = trainer
        .callback(CsvLog::new(folder.path("log.csv")))
        .callback(Saver::new(states.clone()).every(Every::Steps(4)))
        .resume(&states);
    trainer.run(&mut net, &mut opt, samples(40, 1))
}

fn log(folder: &states::Folder) -> String {
    fs::read_to_string(folder.path("log.csv")).unwrap()
}

fn steps(folder: &states::Folder) -> Vec<u64> {
    let states = state::Folder::new(folder.path("states")).unwrap().states().unwrap();
    states.into_iter().map(|(step, _)| step).collect()
}

fn last(folder: &states::Folder) -> Vec<u8> {
    fs::read(state::Folder::new(folder.path("states")).unwrap().latest().unwrap().path.unwrap()).unwrap()
}

#[test]
fn all_are_told_of_what_others_fail_in_and_the_first_error_is_what_is_said() {
    let straight = states::Folder::new("straight");
    run(&straight, samples(12, 2), []).unwrap();
    for fail in [&[In::Evaluated][..], &[In::Step], &[In::Evaluated, In::Step, In::End]] {
        let folder = states::Folder::new("fails");
        let told = [Cell::default(), Cell::default()];
        let both = [Fails("first", fail, &told[0]), Fails("second", &[In::Step, In::End], &told[1])];
        assert_eq!(run(&folder, samples(12, 2), both).unwrap_err(), failed("first"), "{fail:?}");
        for told in told {
            assert_eq!(told.take(), [In::Start, In::Evaluated, In::Step, In::End], "{fail:?}");
        }
        // The log has the rows of the step that was saved.
        assert_eq!((log(&folder).lines().count(), steps(&folder)), (7, vec![4, 6]), "{fail:?}");
        run(&folder, samples(12, 2), []).unwrap();
        assert_eq!(log(&folder), log(&straight), "{fail:?}");
        assert!(last(&folder) == last(&straight), "{fail:?}");
    }
}

#[test]
fn one_that_fails_in_the_end_keeps_none_from_saving_and_one_that_fails_in_the_start_all() {
    let folder = states::Folder::new("end");
    let told = [Cell::default(), Cell::default()];
    let both = [Fails("first", &[In::End], &told[0]), Fails("second", &[In::End], &told[1])];
    assert_eq!(run(&folder, samples(12, 2), both).unwrap_err(), failed("first"));
    assert_eq!((steps(&folder), log(&folder).lines().count()), (vec![4, 8, 10], 11));
    let folder = states::Folder::new("start");
    let told = [Cell::default(), Cell::default(), Cell::default()];
    let [first, second, third] = &told;
    let all = [Fails("first", &[In::Start], first), Fails("second", &[], second), Fails("third", &[], third)];
    assert_eq!(run(&folder, samples(12, 2), all).unwrap_err(), failed("first"));
    assert_eq!(told.map(Cell::into_inner), [vec![In::Start], vec![], vec![]]);
    assert!(steps(&folder).is_empty() && !folder.path("log.csv").exists());
}

/// Samples that can't be had once, at so many batches.
struct Bad(Samples, AtomicU32);

impl Dataset for Bad {
    type Batch = <Samples as Dataset>::Batch;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn batch(&self, indices: &[usize]) -> Result<Self::Batch, Error> {
        if self.1.fetch_sub(1, Ordering::Relaxed) == 1 { Err(failed("bad")) } else { self.0.batch(indices) }
    }
}

#[test]
fn a_run_that_goes_on_after_an_evaluation_failed_is_the_one_in_which_none_did() {
    let straight = states::Folder::new("evaluated");
    let expected = run(&straight, samples(12, 2), []).unwrap();
    // Three batches each, of an evaluation at every other step: it fails at step 2, 4, 6, 8.
    for evaluations in 0..4 {
        let folder = states::Folder::new("unevaluated");
        let bad = Bad(samples(12, 2), AtomicU32::new(3 * evaluations + 1));
        assert_eq!(run(&folder, bad, []).unwrap_err(), failed("bad"));
        // A step is logged and saved once it is over.
        assert_eq!(log(&folder).lines().count() as u32, 2 * evaluations + 2);
        assert_eq!(steps(&folder), if evaluations > 1 { vec![4] } else { vec![] });
        let finished = run(&folder, samples(12, 2), []).unwrap();
        assert_eq!(finished.progress, expected.progress);
        assert_eq!(log(&folder), log(&straight));
        assert!(last(&folder) == last(&straight));
    }
}

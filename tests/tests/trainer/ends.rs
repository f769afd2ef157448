//! When a run ends, what it saves, and what is refused before it begins.

use std::sync::atomic::{AtomicBool, Ordering};

use remat::data::{Arrays, Dataset};
use remat::ndarray::{Array1, Array2};
use remat::prelude::*;
use remat::state::{self, inspect};
use remat::train::{At, BestSaver, Callback, Ended, Evaluation, Every, Flow, Saver, Step};
use remat_tests::states;

use super::{Net, made, samples};

/// Notes each evaluation, and which step the best file is of behind it.
struct Best<'a>(&'a state::Folder, Vec<(Evaluation, u64, Option<u64>)>);

impl Callback<Net> for &mut Best<'_> {
    fn evaluated(&mut self, at: &At<'_, Net>, evaluation: &Evaluation) -> Result<Flow, Error> {
        let best = inspect(self.0.best()).ok().map(|best| best.progress.step);
        self.1.push((*evaluation, at.progress.step, best));
        Ok(Flow::Continue)
    }
}

/// That the best file is saved before any callback is told of the step, so that no state says of a best that is not there.
struct BestIsThere<'a>(&'a state::Folder);

impl Callback<Net> for BestIsThere<'_> {
    fn step(&mut self, at: &At<'_, Net>, step: &Step) -> Result<Flow, Error> {
        if step.evaluation.is_some_and(|evaluation| evaluation.improved) {
            assert_eq!(inspect(self.0.best())?.progress.step, at.progress.step);
        }
        Ok(Flow::Continue)
    }
}

fn folder(name: &str) -> (states::Folder, state::Folder) {
    let whole = states::Folder::new(name);
    let states = state::Folder::new(whole.path("states")).unwrap();
    (whole, states)
}

#[test]
fn the_best_state_is_saved_exactly_when_the_validation_loss_improves() {
    let (_whole, folder) = folder("best");
    let (train, held_out) = (samples(40, 1), samples(30, 2));
    let (mut net, mut opt) = made(5);
    opt.set_lr(0.05).unwrap();
    let mut seen = Best(&folder, vec![]);
    let trainer = Trainer::steps(60).batch(8).shuffle(3).evaluate(&held_out, Every::Steps(3));
    let trainer = trainer.callback(BestIsThere(&folder)).callback(BestSaver::new(folder.clone()));
    let trainer = trainer.callback(&mut seen);
    let finished = trainer.run(&mut net, &mut opt, &train).unwrap();
    assert_eq!(seen.1.len(), 20);
    let (mut least, mut best, mut improvements) = (f64::INFINITY, None, 0);
    for (evaluation, step, saved) in &seen.1 {
        let improved = evaluation.loss < least;
        if improved {
            (least, best) = (evaluation.loss, Some(*step));
            improvements += 1;
        }
        assert_eq!((evaluation.improved, *saved), (improved, best), "after step {step}");
    }
    assert!((2..20).contains(&improvements), "it improves now and then: {improvements}");
    assert_eq!(finished.progress.best_loss, Some(least));
    // The file is what was best: it evaluates to that loss.
    let (mut other, mut optimizer) = made(1);
    let progress = state::load(folder.best(), &mut other, &mut optimizer).unwrap();
    assert_eq!((Some(progress.step), progress.best_loss), (best, Some(least)));
    let mut ws = other.workspace(30).unwrap();
    let (x, label) = held_out.arrays();
    let loss = f64::from(other.evaluate(&mut ws, x.view(), label.view()).unwrap());
    assert!((loss - least).abs() < 1e-6, "{loss} is not {least}");
}

#[test]
fn it_stops_once_the_validation_loss_has_not_improved_for_so_long_also_over_a_resume() {
    let (train, held_out) = (samples(40, 1), samples(30, 2));
    let run = |until: &[u64]| {
        let (_whole, folder) = folder("early");
        let mut ends = vec![];
        for steps in until {
            let (mut net, mut opt) = made(5);
            opt.set_lr(0.05).unwrap();
            let trainer =
                Trainer::steps(*steps).batch(8).evaluate(&held_out, Every::Steps(2)).early_stopping(4);
            let trainer = trainer.callback(Saver::new(folder.clone())).resume(&folder);
            ends.push(trainer.run(&mut net, &mut opt, &train).unwrap());
        }
        let last = ends.pop().unwrap();
        (last.progress, last.ended)
    };
    let (progress, ended) = run(&[1000]);
    assert_eq!((ended, progress.evaluations_since_best), (Ended::EarlyStopped, 4));
    assert!(progress.step < 1000);
    for stop in [progress.step - 1, progress.step - 3, progress.step - 6] {
        assert_eq!(run(&[stop, 1000]), (progress.clone(), ended), "stopped at {stop}");
    }
    assert_eq!(run(&[1000, 1000]), (progress, ended), "and then it stays so");
}

/// Says to stop at a step, or fails there.
struct At7(Result<Flow, Error>);

impl Callback<Net> for At7 {
    fn step(&mut self, at: &At<'_, Net>, _step: &Step) -> Result<Flow, Error> {
        if at.progress.step == 7 { self.0.clone() } else { Ok(Flow::Continue) }
    }
}

#[test]
fn a_callback_may_end_it_and_the_others_are_told() {
    let (_whole, folder) = folder("stopped");
    let data = samples(40, 1);
    let run = |said: Result<Flow, Error>| {
        let (mut net, mut opt) = made(5);
        let trainer = Trainer::epochs(9).batch(4).callback(At7(said)).callback(Saver::new(folder.clone()));
        trainer.run(&mut net, &mut opt, &data)
    };
    let failed = Error::Data { place: "it".into(), expected: "7".into(), found: "8".into() };
    assert_eq!(run(Err(failed.clone())).unwrap_err(), failed);
    assert_eq!(folder.states().unwrap()[0].0, 7, "an error ends it at once, and what was learned is saved");
    std::fs::remove_file(&folder.states().unwrap()[0].1).unwrap();
    let finished = run(Ok(Flow::Stop)).unwrap();
    assert_eq!((finished.ended, finished.progress.step), (Ended::Stopped, 7));
    assert_eq!(folder.states().unwrap()[0].0, 7);
}

#[test]
fn states_are_saved_every_so_often_and_in_the_end_once() {
    for (every, expected) in [
        (None, vec![13]),
        (Some(Every::Steps(5)), vec![5, 10, 13]),
        (Some(Every::Epochs(1)), vec![5, 10, 13]),
    ] {
        let (_whole, folder) = folder("every");
        let (mut net, mut opt) = made(5);
        let saver = Saver::new(folder.clone());
        let saver = every.map_or_else(|| saver.clone(), |every| saver.clone().every(every));
        let data = samples(17, 1);
        Trainer::steps(13).batch(4).callback(saver).run(&mut net, &mut opt, &data).unwrap();
        let steps: Vec<u64> = folder.states().unwrap().into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps, expected);
    }
}

/// Sets the flag when it is told of a step, as a thread of the program might at any time.
struct Raises<'a>(&'a AtomicBool, u64);

impl Callback<Net> for Raises<'_> {
    fn step(&mut self, at: &At<'_, Net>, _step: &Step) -> Result<Flow, Error> {
        self.0.store(at.progress.step >= self.1, Ordering::SeqCst);
        Ok(Flow::Continue)
    }
}

#[test]
fn a_flag_ends_it_behind_the_step_under_way() {
    let (stop, data) = (AtomicBool::new(false), samples(40, 1));
    let (mut net, mut opt) = made(5);
    let trainer = Trainer::steps(100).stop_when(&stop).callback(Raises(&stop, 6));
    let finished = trainer.run(&mut net, &mut opt, &data).unwrap();
    assert_eq!((finished.ended, finished.progress.step), (Ended::Interrupted, 6));
}

#[test]
fn what_cannot_be_is_refused_before_anything_changes() {
    let data = samples(10, 1);
    let refused = |trainer: Trainer<'_, Net>| {
        let (mut net, mut opt) = made(5);
        trainer.run(&mut net, &mut opt, &data).unwrap_err().to_string()
    };
    let one = || Trainer::steps(1);
    assert_eq!(refused(Trainer::steps(0)), "`steps or epochs` must be at least 1 but is 0");
    assert_eq!(refused(one().batch(0)), "`batch` must be at least 1 but is 0");
    for ahead in [1025, 1 << 36, 1 << 60, usize::MAX] {
        let said = format!("`prefetch` must be at most 1024 but is {ahead}");
        assert_eq!(refused(one().prefetch(ahead)), said);
    }
    assert_eq!(refused(one().accumulate(0)), "`accumulate` must be at least 1 but is 0");
    assert_eq!(refused(one().clip_norm(f64::NAN)), "`clip_norm` must be a number of 0 or more but is NaN");
    assert_eq!(refused(one().evaluate(&data, Every::Epochs(0))), "`every` must be at least 1 but is 0");
    assert_eq!(
        refused(one().early_stopping(3)),
        "`early_stopping` must be given with `evaluate`, whose loss it watches but is without it"
    );
    let none = Arrays::new((Array2::<f32>::zeros((0, 6)), Array1::<u32>::zeros(0))).unwrap();
    assert!(none.is_empty());
    assert_eq!(
        refused(one().evaluate(&none, Every::Epochs(1))),
        "the dataset must be one of samples but is empty -- mend it, or give other data"
    );
    assert!(refused(one().batch(32).drop_last()).starts_with("the batch must be at most 10 samples"));
    // What a batch holds is told by the model's own checks.
    let wrong = Arrays::new((Array2::<f32>::zeros((4, 5)), Array1::<u32>::zeros(4))).unwrap();
    let (mut net, mut opt) = made(5);
    let error = one().run(&mut net, &mut opt, &wrong).unwrap_err();
    assert_eq!(error.to_string(), "`x` must have shape [batch, 6] but has [4, 5]");
}

/// As Ctrl-C does, and `kill`.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_behind_the_step_under_way_with_a_state_saved() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    for signal in ["-INT", "-TERM"] {
        let whole = states::Folder::new("interrupted");
        let path = whole.path("states");
        let mut child = Command::new(env!("CARGO_BIN_EXE_interrupted"));
        let mut child = child.arg(&path).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let first = lines.next().unwrap();
        assert_eq!(first, "1");
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        // The signal may also come in time for the first step to be the last.
        let said: Vec<String> = [first].into_iter().chain(lines).collect();
        assert!(child.wait().unwrap().success());
        let [.., step, ended] = &said[..] else { panic!("{said:?}") };
        assert_eq!(ended, "Interrupted");
        let states = state::Folder::new(&path).unwrap().states().unwrap();
        assert_eq!(states.len(), 1);
        assert_eq!(inspect(&states[0].1).unwrap().progress.step.to_string(), *step);
    }
}

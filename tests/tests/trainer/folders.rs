//! A folder of states is of one run: another is refused before anything changes, and one that goes on keeps what it needs.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;

use remat::prelude::*;
use remat::state::{Folder, Progress};
use remat::train::{BestSaver, CsvLog, Every, Finished, Saver};
use remat_tests::states;

use super::{Net, bits, made, samples};

fn folder(name: &str) -> (states::Folder, Folder) {
    let whole = states::Folder::new(name);
    let states = Folder::new(whole.path("states")).unwrap();
    (whole, states)
}

fn steps(folder: &Folder) -> Vec<u64> {
    folder.states().unwrap().into_iter().map(|(step, _)| step).collect()
}

/// All files, and what is in them.
fn files(folder: &Folder) -> Vec<(OsString, Vec<u8>)> {
    let entries = fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    let mut files: Vec<_> =
        entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect();
    files.sort();
    files
}

/// A run with a log and all states in a folder.
fn run(folder: &Folder, until: u64, resume: Option<&Folder>) -> Result<Finished, Error> {
    let (mut net, mut opt) = made(5);
    let before = bits(&net);
    let trainer = Trainer::steps(until).batch(4).shuffle(3).evaluate(samples(12, 2), Every::Steps(2));
    let trainer = trainer
        .callback(CsvLog::new(folder.path().join("log.csv")))
        .callback(BestSaver::new(folder.clone()))
        .callback(Saver::new(folder.clone()).every(Every::Steps(10)));
    let trainer = resume.into_iter().fold(trainer, |trainer, from| trainer.resume(from));
    let result = trainer.run(&mut net, &mut opt, samples(40, 1));
    assert!(!matches!(result, Err(Error::StateBehind { .. })) || bits(&net) == before);
    result
}

fn cut_off(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

#[test]
fn a_run_that_begins_where_another_was_is_refused_before_anything_changes() {
    let (whole, folder) = folder("another");
    run(&folder, 30, None).unwrap();
    let before = files(&folder);
    let error = run(&folder, 15, None).unwrap_err();
    let expected = format!(
        "the folder of a run must hold no state behind the step that it is at, 0, but {} is of step 30 of another run -- go on from it with `resume`, save into another folder, or remove it",
        folder.states().unwrap()[2].1.display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(files(&folder) == before, "neither states nor the log");
    // Nor does a run that goes on from elsewhere, and nor does a best state that is alone.
    let early = Folder::new(whole.path("early")).unwrap();
    run(&early, 20, None).unwrap();
    assert!(matches!(run(&folder, 40, Some(&early)), Err(Error::StateBehind { step: 20, found: 30, .. })));
    assert!(files(&folder) == before);
    for (_, path) in folder.states().unwrap() {
        fs::remove_file(path).unwrap();
    }
    let error = run(&folder, 15, None).unwrap_err();
    assert!(matches!(error, Error::StateBehind { step: 0, path, .. } if path == folder.best()));
    // A run that was killed before it saved any other began with this folder too.
    let same = Folder::new(folder.path().join("..").join("states")).unwrap();
    run(&folder, 30, Some(&same)).unwrap();
    assert!(files(&folder) == before, "and it is the same run");
}

#[test]
fn no_state_is_saved_before_one_that_is_whole() {
    let (_whole, folder) = folder("before");
    let (net, opt) = made(5);
    let save = |step| folder.save(&net, &opt, &Progress { step, ..Progress::default() });
    save(7).unwrap();
    assert!(matches!(save(6), Err(Error::StateBehind { step: 6, found: 7, .. })));
    save(7).unwrap();
    assert_eq!(steps(&folder), [7]);
}

#[test]
fn as_many_whole_states_are_kept_as_was_said_also_behind_a_damaged_one() {
    for until in [25, 45] {
        let (_whole, all) = folder("kept");
        run(&all, 30, None).unwrap();
        cut_off(&all.states().unwrap()[2].1);
        let folder = all.clone().keep_last(2).unwrap();
        let finished = run(&folder, until, Some(&folder)).unwrap();
        assert_eq!(finished.resumed.unwrap().skipped.len(), 1);
        assert_eq!(steps(&folder), if until == 25 { [20, 25] } else { [40, 45] });
        assert!(folder.states().unwrap().iter().all(|(_, path)| remat::state::inspect(path).is_ok()));
    }
    // Where all are kept, that one is too.
    let (_whole, all) = folder("all");
    run(&all, 30, None).unwrap();
    cut_off(&all.states().unwrap()[2].1);
    run(&all, 25, Some(&all)).unwrap();
    assert_eq!(steps(&all), [10, 20, 25, 30]);
}

#[test]
fn a_save_removes_what_killed_ones_have_left_of_any_state_of_its_folder_and_nothing_else() {
    let (_whole, folder) = folder("leftovers");
    let (net, opt) = made(5);
    let left = [".step-00000003.remat.1-0.remat-new", ".best.remat.1-7.remat-new"];
    let others =
        [".step-00000009.remat.1-0.remat-new", ".notes.1-0.remat-new", ".step-x.remat.1-0.remat-new"];
    let create = |name: &&str| File::create(folder.path().join(name)).unwrap();
    let names = || files(&folder).into_iter().map(|(name, _)| name.into_string().unwrap());
    // Somebody writes this one still.
    let file = create(&others[0]);
    file.lock().unwrap();
    others[1..].iter().for_each(|name| drop(create(name)));
    for best in [false, true] {
        left.iter().for_each(|name| drop(create(name)));
        if best {
            folder.save_best(&net, &opt, &Progress::default()).unwrap();
        } else {
            folder.save(&net, &opt, &Progress::default()).unwrap();
        }
        let hidden: Vec<String> = names().filter(|name| name.starts_with('.')).collect();
        let mut expected = others.map(String::from);
        expected.sort();
        assert_eq!(hidden, expected);
    }
}

#[test]
fn a_state_of_more_samples_than_there_are_is_refused_before_it_is_loaded() {
    let (_whole, folder) = folder("samples");
    let run = |until, count, net: &mut Net, opt: &mut AdamW<Net>| {
        let trainer = Trainer::steps(until).batch(4).callback(Saver::new(folder.clone())).resume(&folder);
        trainer.run(net, opt, samples(count, 1))
    };
    let (mut net, mut opt) = made(5);
    run(8, 40, &mut net, &mut opt).unwrap();
    let (mut net, mut opt) = made(6);
    let before = (bits(&net), opt.steps());
    let error = run(9, 32, &mut net, &mut opt).unwrap_err();
    let path = &folder.states().unwrap()[0].1;
    assert_eq!(
        error.to_string(),
        format!(
            "{} goes on at sample 32, which must be below the number of samples but is not below 32 -- train on the dataset of that run, or begin in another folder",
            path.display()
        )
    );
    assert!((bits(&net), opt.steps()) == before);
}

#[test]
fn savers_that_could_not_save_are_refused_before_anything_changes() {
    let (whole, folder) = folder("refused");
    let refused = |trainer: Trainer<'_, Net>| {
        let (mut net, mut opt) = made(6);
        let before = bits(&net);
        let error = trainer.run(&mut net, &mut opt, samples(40, 1)).unwrap_err();
        assert!(bits(&net) == before, "not even by a resume");
        error
    };
    let from = Folder::new(whole.path("from")).unwrap();
    run(&from, 3, None).unwrap();
    let trainer = || Trainer::steps(9).batch(4).resume(&from);
    assert_eq!(
        refused(trainer().callback(BestSaver::new(from.clone()))).to_string(),
        "`BestSaver` must be given with `evaluate`, whose loss it watches but is without it"
    );
    fs::remove_dir(folder.path()).unwrap();
    let evaluated = || trainer().evaluate(samples(12, 2), Every::Steps(2));
    for trainer in
        [trainer().callback(Saver::new(folder.clone())), evaluated().callback(BestSaver::new(folder.clone()))]
    {
        let error = refused(trainer);
        assert!(matches!(&error, Error::File { action: "write", .. }), "{error}");
    }
}

//! What callbacks write of runs, whole, interrupted, killed and resumed.

#[path = "callbacks/events.rs"]
mod events;

use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use remat::data::Arrays;
use remat::ndarray::{Array1, Array2};
use remat::prelude::*;
use remat::state::Folder;
use remat::train::{
    At, Callback, CsvLog, Ended, Evaluation, Every, Finished, Flow, LossCurve, ProgressBar, Saver, Step,
    TensorBoard,
};

model! {
    Net {
        input  x: f32[4];
        target label: u32;
        fc: Linear(8);
        Relu;
        Dropout(0.1);
        head: Linear(3);
        loss: CrossEntropy <- (head, label);
    }
}

/// Files of a run, in a folder that is removed in the end.
struct Files(PathBuf);

impl Files {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("remat-callbacks-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn csv(&self) -> PathBuf {
        self.0.join("loss.csv")
    }

    fn svg(&self) -> PathBuf {
        self.0.join("loss.svg")
    }

    fn events(&self) -> PathBuf {
        self.0.join("events")
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.csv()).unwrap();
        text.lines().skip(1).map(|line| line.split(',').map(String::from).collect()).collect()
    }

    /// That all files are those of a run of other files.
    fn assert_same(&self, other: &Self) {
        let read = |path: PathBuf| fs::read_to_string(path).unwrap();
        assert_eq!(read(self.csv()), read(other.csv()));
        assert_eq!(read(self.svg()), read(other.svg()));
        assert_eq!(events::scalars(&self.events()), events::scalars(&other.events()));
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Ends everything at once, as when a process is killed, when it is told of a step or its evaluation.
struct Killed {
    step: u64,
    evaluated: bool,
}

/// A panic that prints nothing.
fn killed() -> ! {
    std::panic::resume_unwind(Box::new("killed"))
}

impl<M: remat::model::Trainable> Callback<M> for Killed {
    fn step(&mut self, at: &At<'_, M>, step: &Step) -> Result<Flow, Error> {
        assert_eq!(step.evaluation.is_some(), at.progress.step.is_multiple_of(4));
        if at.progress.step == self.step && !self.evaluated { killed() } else { Ok(Flow::Continue) }
    }

    fn evaluated(&mut self, at: &At<'_, M>, _evaluation: &Evaluation) -> Result<Flow, Error> {
        if at.progress.step == self.step && self.evaluated { killed() } else { Ok(Flow::Continue) }
    }
}

/// Interrupts a run after a step.
struct StopAfter<'a>(u64, &'a AtomicBool);

impl<M: remat::model::Trainable> Callback<M> for StopAfter<'_> {
    fn step(&mut self, at: &At<'_, M>, _step: &Step) -> Result<Flow, Error> {
        self.1.store(at.progress.step == self.0, Ordering::SeqCst);
        Ok(Flow::Continue)
    }
}

/// What was printed.
#[derive(Clone, Default)]
struct Printed(Rc<RefCell<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Printed {
    /// Without the numbers that the clock decides.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.take()).unwrap();
        let sure = |part: &&str| !part.ends_with("samples/s") && !part.ends_with(" left");
        let line = |line: &str| line.split(", ").filter(sure).collect::<Vec<_>>().join(", ");
        let before =
            |text: &str| text.split(" in ").next().unwrap().split(" after ").next().unwrap().to_owned();
        text.lines().map(|text| line(&before(text))).collect()
    }
}

const STEPS: u64 = 24;

fn samples(count: usize) -> Arrays<(Array2<f32>, Array1<u32>)> {
    let x = Array2::from_shape_fn((count, 4), |(i, j)| ((i * 4 + j) as f32).sin());
    let label = Array1::from_shape_fn(count, |i| u32::from(x[[i, 0]] > 0.0) + u32::from(x[[i, 1]] > 0.0));
    Arrays::new((x, label)).unwrap()
}

/// A run with all callbacks, and one more. It goes on from what is there.
fn run(
    files: &Files,
    printed: Printed,
    more: impl Callback<Net>,
    stop: &AtomicBool,
) -> Result<Finished, Error> {
    let mut net = Net::new(&Cpu::new()?, 42)?;
    let mut opt = AdamW::new(&net, AdamWConfig { lr: 0.02, ..Default::default() })?;
    let folder = Folder::new(files.0.join("states"))?;
    Trainer::steps(STEPS)
        .batch(8)
        .shuffle(7)
        .evaluate(samples(20), Every::Steps(4))
        .callback(CsvLog::new(files.csv()))
        .callback(TensorBoard::new(files.events()))
        .callback(LossCurve::new(files.svg()).earlier_steps(files.csv()))
        .callback(ProgressBar::new().lines_to(printed).lines_every(10))
        .callback(Saver::new(folder.clone()).every(Every::Steps(6)))
        .callback(more)
        .stop_when(stop)
        .resume(&folder)
        .run(&mut net, &mut opt, samples(60))
}

/// Does nothing.
struct Nothing;

impl<M: remat::model::Trainable> Callback<M> for Nothing {}

fn whole() -> Files {
    let files = Files::new();
    let finished = run(&files, Printed::default(), Nothing, &AtomicBool::new(false)).unwrap();
    assert_eq!((finished.ended, finished.progress.step), (Ended::Done, STEPS));
    files
}

fn resume(files: &Files, from: u64) {
    let finished = run(files, Printed::default(), Nothing, &AtomicBool::new(false)).unwrap();
    assert_eq!(finished.resumed.map(|resumed| resumed.progress.step), (from > 0).then_some(from));
    assert_eq!((finished.ended, finished.progress.step), (Ended::Done, STEPS));
}

#[test]
fn every_step_is_a_row_and_a_record() {
    let files = whole();
    let rows = files.rows();
    assert_eq!(rows.len() as u64, STEPS);
    let scalars = events::scalars(&files.events());
    let mut validation = scalars["loss/validation"].iter();
    for (number, row) in rows.iter().enumerate() {
        let step = number as u64 + 1;
        // 60 samples are 8 batches, of which the last has 4.
        let expected = [step.to_string(), (step / 8).to_string()];
        assert_eq!(row[..2], expected);
        let samples = if step.is_multiple_of(8) { "4" } else { "8" };
        assert_eq!([&row[4], &row[5], &row[6]], ["0.02", samples, "0"]);
        for (column, tag) in [(2, "loss/train"), (3, "grad_norm"), (4, "lr")] {
            let value: f64 = row[column].parse().unwrap();
            assert_eq!(scalars[tag][number], (step, (value as f32).to_bits()));
        }
        assert_eq!(row[7].is_empty(), !step.is_multiple_of(4));
        if let Ok(loss) = row[7].parse::<f64>() {
            assert_eq!(validation.next(), Some(&(step, (loss as f32).to_bits())));
        }
    }
    assert_eq!(validation.next(), None);
    assert_eq!(scalars.len(), 4);
}

#[test]
fn files_of_an_interrupted_run_are_those_of_one_that_never_stopped() {
    let expected = whole();
    for step in [1, 4, 7, 12, 23] {
        let (files, stop) = (Files::new(), AtomicBool::new(false));
        let finished = run(&files, Printed::default(), StopAfter(step, &stop), &stop).unwrap();
        assert_eq!((finished.ended, finished.progress.step), (Ended::Interrupted, step));
        let svg = fs::read_to_string(files.svg()).unwrap();
        assert!(svg.contains(&format!("Net: loss of {step} of 24 steps, interrupted")), "{svg}");
        assert_eq!(files.rows().len() as u64, step);
        resume(&files, step);
        files.assert_same(&expected);
    }
}

/// The beginning of a record.
const TORN: &[u8] = &[64, 0, 0, 0, 0, 0];

fn append(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn files_of_a_killed_run_are_those_of_one_that_never_stopped() {
    let expected = whole();
    for (step, evaluated, from) in
        [(3, false, 0), (11, false, 6), (12, false, 12), (12, true, 6), (23, false, 18)]
    {
        let files = Files::new();
        let more = Killed { step, evaluated };
        let until = || run(&files, Printed::default(), more, &AtomicBool::new(false));
        assert!(catch_unwind(AssertUnwindSafe(until)).is_err());
        assert!(!files.svg().exists());
        let rows = step - u64::from(evaluated);
        assert_eq!(files.rows().len() as u64, rows);
        // While a row and a record were written.
        append(&files.csv(), format!("{},0,1.", rows + 1).as_bytes());
        events::files(&files.events()).iter().for_each(|file| append(file, TORN));
        resume(&files, from);
        files.assert_same(&expected);
    }
}

#[test]
fn a_run_that_is_over_changes_no_file() {
    let (files, expected) = (whole(), whole());
    resume(&files, STEPS);
    files.assert_same(&expected);
}

#[test]
fn a_curve_without_earlier_steps_begins_where_the_run_goes_on() {
    let (files, stop) = (Files::new(), AtomicBool::new(false));
    run(&files, Printed::default(), StopAfter(10, &stop), &stop).unwrap();
    fs::remove_file(files.csv()).unwrap();
    resume(&files, 10);
    let svg = fs::read_to_string(files.svg()).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    assert!(
        texts.contains(&"Net: loss of 24 steps") && texts.contains(&"10") && !texts.contains(&"0"),
        "{texts:?}"
    );
    // What the log lacks is not made up.
    assert_eq!(files.rows()[0][0], "11");
}

#[test]
fn a_curve_is_a_document_in_light_and_dark() {
    let svg = fs::read_to_string(whole().svg()).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let count =
        |class: &str| document.descendants().filter(|node| node.attribute("class") == Some(class)).count();
    // The lines, and one of each in the legend.
    assert_eq!([count("training"), count("each"), count("validation"), count("lowest")], [2; 4]);
    assert_eq!(count("dot"), 6);
    assert!(svg.contains("prefers-color-scheme:dark"));
}

#[test]
fn lines_tell_of_steps_evaluations_and_the_end() {
    let (files, printed, stop) = (Files::new(), Printed::default(), AtomicBool::new(false));
    run(&files, printed.clone(), StopAfter(10, &stop), &stop).unwrap();
    let lines = printed.lines();
    let begin = |lines: &[String]| {
        lines.iter().map(|line| line[..line.rfind(' ').unwrap()].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(begin(&lines[2..3]), ["step 10/24: loss"]);
    assert!(
        lines[0].starts_with("step 4/24: validation loss ") && lines[1].starts_with("step 8/24: validation")
    );
    assert!(lines[3].starts_with("step 10/24: loss ") && lines[3].ends_with(", interrupted"), "{lines:?}");
    run(&files, printed.clone(), Nothing, &AtomicBool::new(false)).unwrap();
    let mut lines = printed.lines();
    let resumed = lines.remove(0);
    assert!(resumed.starts_with("resumed from ") && resumed.contains("step-00000010.remat"), "{resumed}");
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(lines[0].starts_with("step 12/24: validation loss "));
    // The step's own loss stands behind that of its evaluation.
    assert!(
        lines[2].starts_with("step 20/24: validation loss ") && lines[3].starts_with("step 20/24: loss ")
    );
    assert!(lines[5].starts_with("step 24/24: loss ") && lines[5].ends_with(", done"), "{lines:?}");
}

#[test]
fn steps_that_are_left_out_are_told_of() {
    let files = Files::new();
    let mut net = Net::new(&Cpu::new().unwrap(), 42).unwrap();
    let mut opt = Sgd::new(&net, SgdConfig::default()).unwrap();
    let mut x = Array2::from_elem((6, 4), 0.5);
    x[[3, 0]] = f32::NAN;
    let data = Arrays::new((x, Array1::zeros(6))).unwrap();
    let printed = Printed::default();
    let finished = Trainer::epochs(1)
        .batch(1)
        .skip_not_finite()
        .callback(CsvLog::new(files.csv()))
        .callback(TensorBoard::new(files.events()))
        .callback(LossCurve::new(files.svg()))
        .callback(ProgressBar::new().lines_to(printed.clone()))
        .run(&mut net, &mut opt, &data)
        .unwrap();
    assert_eq!(finished.skipped, 1);
    let rows = files.rows();
    assert_eq!([&rows[3][2], &rows[3][6], &rows[2][6]], ["NaN", "1", "0"]);
    assert!(f32::from_bits(events::scalars(&files.events())["loss/train"][3].1).is_nan());
    let svg = fs::read_to_string(files.svg()).unwrap();
    assert!(svg.contains("<title>step 4: skipped</title>"), "{svg}");
    let lines = printed.lines();
    assert!(lines.len() == 6 && lines[5].ends_with(", 1 skipped, done"), "{lines:?}");
}

#[test]
fn paths_that_cannot_be_written_end_the_run_before_its_first_step() {
    let files = Files::new();
    let file = files.0.join("a file");
    fs::write(&file, "name,age\n").unwrap();
    let none = files.0.join("none").join("file");
    let check = |callback: Box<dyn Fn(Trainer<'static, Net>) -> Trainer<'static, Net>>| {
        let mut net = Net::new(&Cpu::new().unwrap(), 42).unwrap();
        let mut opt = Sgd::new(&net, SgdConfig::default()).unwrap();
        let before = net.params().get("fc.weight").unwrap().to_owned();
        let error = callback(Trainer::steps(3)).run(&mut net, &mut opt, samples(10)).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{error}");
        assert_eq!(net.params().get("fc.weight").unwrap().to_owned(), before);
        error.to_string()
    };
    for path in [files.0.clone(), none, PathBuf::new()] {
        let (csv, svg) = (path.clone(), path.clone());
        check(Box::new(move |trainer| trainer.callback(CsvLog::new(&csv))));
        check(Box::new(move |trainer| trainer.callback(LossCurve::new(&svg))));
    }
    let path = file.clone();
    let said = check(Box::new(move |trainer| trainer.callback(CsvLog::new(&path))));
    assert!(said.contains("but begins with `name,age`"), "{said}");
    let path = file.clone();
    check(Box::new(move |trainer| trainer.callback(TensorBoard::new(&path))));
    assert_eq!(fs::read_to_string(&file).unwrap(), "name,age\n");
}

/// Runs where `REMAT_TENSORBOARD` names a Python that has tensorboard.
#[test]
fn tensorboard_reads_what_is_written() {
    let Ok(python) = std::env::var("REMAT_TENSORBOARD") else {
        println!("SKIPPED: `REMAT_TENSORBOARD` names no Python with tensorboard");
        return;
    };
    let (files, stop) = (Files::new(), AtomicBool::new(false));
    let check = |files: &Files| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens/events.py");
        let output = Command::new(&python).arg(script).args([files.events(), files.csv()]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.starts_with("4 tags"), "{said}");
        print!("{said}");
    };
    run(&files, Printed::default(), StopAfter(9, &stop), &stop).unwrap();
    check(&files);
    // What it writes after the state of step 12 is void.
    let more = Killed { step: 17, evaluated: false };
    assert!(run(&files, Printed::default(), more, &AtomicBool::new(false)).is_err());
    check(&files);
    events::files(&files.events()).iter().for_each(|file| append(file, TORN));
    resume(&files, 12);
    check(&files);
}

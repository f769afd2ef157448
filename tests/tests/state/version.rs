//! A file of version 1 that was committed when that was the latest must load for ever.
//!
//! `goldens/state-1.remat` is the file and `goldens/state-1.txt` says what it holds. A later version gets a file of
//! its own beside it, and **a file of an old version is never rewritten**: it stands for those that people have.

use std::fmt::Write;
use std::fs;

use remat::prelude::*;
use remat::state::{self, Cursor, Progress};
use remat_tests::trace::{ids, numbers};

model! {
    /// The network of the committed files: never change it.
    Golden {
        input x: f32[6];
        target y: u32;
        fc: Linear(8);
        norm: LayerNorm;
        #[frozen]
        still: Linear(8);
        Dropout(0.3);
        head: Linear(4);
        loss: CrossEntropy <- (head, y);
    }
}

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/goldens/state-1.remat");
const TEXT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/goldens/state-1.txt");

/// A network and an optimizer, as those of the file were made.
fn made(seed: u64) -> (Golden, AdamW<Golden>) {
    let net = Golden::new(&Cpu::with_threads(1).unwrap(), seed).unwrap();
    let groups = vec![Group::of(["*.bias"]).weight_decay(0.0)];
    let opt = AdamW::new(&net, AdamWConfig { lr: 0.02, groups, ..Default::default() }).unwrap();
    (net, opt)
}

fn progress() -> Progress {
    Progress {
        epoch: 2,
        step: 5,
        loss: Some(0.1),
        best_loss: Some(f64::MIN_POSITIVE / 3.0),
        evaluations_since_best: 300,
        schedule_step: 6,
        data: Cursor { seed: u64::MAX - 1, epoch: 3, position: 40 },
    }
}

/// Writes a state of version 1 after some steps.
fn update() {
    let (mut net, mut opt) = made(42);
    let mut ws = net.workspace(4).unwrap();
    for step in 0..5 {
        let (x, y) = (numbers(4, 6, step), ids(4, 1, 4, step));
        net.forward_backward(&mut ws, x.view(), y.column(0)).unwrap();
        opt.step(&mut net, ws.grads()).unwrap();
        opt.set_lr(opt.lr() * 0.75).unwrap();
    }
    state::save(FILE, &net, &opt, &progress()).unwrap();
    let bytes = fs::read(FILE).unwrap();
    assert_eq!(
        bytes[8..12],
        [1, 0, 0, 0],
        "this is another version's: take back the file, and give that its own"
    );
    fs::write(TEXT, written(&net, &opt)).unwrap();
}

/// What was loaded, in words, numbers as bits.
fn written(net: &Golden, opt: &AdamW<Golden>) -> String {
    let mut text = String::new();
    let bits = |numbers: &[f32]| -> Vec<String> {
        numbers.iter().map(|number| format!("{:08x}", number.to_bits())).collect()
    };
    for (name, array) in net.params().iter().map(Result::unwrap) {
        let numbers: Vec<f32> = array.iter().copied().collect();
        writeln!(text, "{name} {}", bits(&numbers).join(" ")).unwrap();
    }
    let moments = opt.moments();
    for moment in &moments.list {
        let region = Cpu::<f32>::region(moments.buf, moment.span).unwrap();
        let numbers = Cpu::<f32>::view::<f32>(region);
        let param = Golden::<Cpu>::PARAMS[moment.param].path;
        writeln!(text, "{} of {param} {}", moment.name, bits(numbers).join(" ")).unwrap();
    }
    writeln!(
        text,
        "optimizer {} steps {} lr {:016x}",
        moments.optimizer,
        moments.steps,
        moments.lr.to_bits()
    )
    .unwrap();
    text
}

/// `REMAT_UPDATE=1 cargo test -p remat-tests --test state` writes it anew, which only a change before the first
/// release may need.
#[test]
fn a_file_of_version_1_loads_with_the_values_that_are_written_down() {
    if std::env::var_os("REMAT_UPDATE").is_some() {
        update();
    }
    let (mut net, mut opt) = made(1);
    assert_eq!(state::load(FILE, &mut net, &mut opt).unwrap(), progress());
    let expected = fs::read_to_string(TEXT).unwrap();
    for (line, expected) in written(&net, &opt).lines().zip(expected.lines()) {
        assert_eq!(line, expected);
    }
    let inspection = state::inspect(FILE).unwrap();
    assert_eq!((&*inspection.model, &*inspection.dtype), ("Golden", "f32"));
    assert_eq!((inspection.seed, inspection.training_steps), (42, 5));
    assert_eq!(inspection.progress, progress());
    assert_eq!(inspection.bytes, fs::metadata(FILE).unwrap().len());
}

/// The first numbers stand where the format says, read here with nothing of the library.
#[test]
fn the_bytes_of_version_1_are_where_its_description_says() {
    let bytes = fs::read(FILE).unwrap();
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!(&bytes[..16], b"\x89RMAT\r\n\x1a\x01\0\0\0<\0\0\0");
    assert_eq!(number(24), bytes.len() as u64);
    assert_eq!(&bytes[bytes.len() - 64..bytes.len() - 56], b"RMAT_END");
    assert_eq!(number(bytes.len() - 56), number(40), "both ends say how many tensors there are");
    let first = 64 + number(16).next_multiple_of(64) as usize;
    let numbers = bytes[first..first + 4 * 8 * 6].chunks(4);
    let numbers = numbers.map(|number| format!("{:08x}", u32::from_le_bytes(number.try_into().unwrap())));
    let text = fs::read_to_string(TEXT).unwrap();
    let words: Vec<&str> = text.lines().next().unwrap().split(' ').collect();
    assert_eq!(words[0], "fc.weight");
    assert!(numbers.eq(words[1..].iter().copied()));
}

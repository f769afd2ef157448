//! Files that somebody made up, with every checksum right: no panic, and nothing changes but where all of it fits.

use std::fs;
use std::path::PathBuf;

use super::format::{
    Checksum, HEADER_CAP, Header, LINE, OptimizerHeader, Preamble, checksum, end_mark, layout,
};
use super::write::tensors;
use super::*;
use crate::cpu::Cpu;
use crate::model::toy::Toy;
use crate::optim::{AdamW, AdamWConfig};

/// A file of its own that is removed in the end.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn temporary(name: &str) -> Temporary {
    Temporary(std::env::temp_dir().join(format!("remat-crafted-{name}-{}", std::process::id())))
}

/// A state of these parts, whose checksums are right; the tensors' numbers are zeros.
fn state(header: &[u8], claimed: u64, sizes: &[usize]) -> Vec<u8> {
    let mut bytes = [&[0; LINE], header].concat();
    bytes.resize(bytes.len().next_multiple_of(LINE), 0);
    for (place, size) in sizes.iter().enumerate() {
        let mut sum = Checksum::of_tensor(place);
        let numbers = vec![0; *size];
        sum.add(&numbers);
        bytes.extend(numbers);
        bytes.resize((bytes.len() + 8).next_multiple_of(LINE) - 8, 0);
        bytes.extend(sum.finish().to_le_bytes());
    }
    bytes.extend(end_mark(sizes.len()));
    let preamble = Preamble {
        header: header.len() as u64,
        file: bytes.len() as u64,
        checksum: checksum(header),
        tensors: claimed,
    };
    bytes[..LINE].copy_from_slice(&preamble.bytes());
    bytes
}

/// The header and the table of a toy with AdamW, and how many bytes each tensor's numbers are.
fn parts() -> (Header, Vec<Tensor>, Vec<usize>) {
    let toy = Toy::new(&Cpu::with_threads(1).unwrap(), 1).unwrap();
    let opt = AdamW::new(&toy, AdamWConfig::default()).unwrap();
    let table = tensors::<Toy>(Some(&opt.moments()));
    let header = Header {
        model: String::from("Toy"),
        dtype: String::from("f32"),
        layout: layout(&tensors::<Toy>(None)),
        seed: 1,
        steps: 2,
        optimizer: Some(OptimizerHeader { name: String::from("AdamW"), steps: 3, lr: 0.5 }),
        progress: Progress { loss: Some(1.5), ..Progress::default() },
    };
    let bytes = |tensor: &Tensor| 4 * tensor.shape.iter().product::<u64>() as usize;
    let sizes = table.iter().map(bytes).collect();
    (header, table, sizes)
}

/// Loads and inspects such a file; whether it was loaded.
fn loads(file: &Temporary, bytes: &[u8]) -> Result<(), String> {
    fs::write(&file.0, bytes).unwrap();
    let mut toy = Toy::new(&Cpu::with_threads(1).unwrap(), 1).unwrap();
    let mut opt = AdamW::new(&toy, AdamWConfig::default()).unwrap();
    let before = (toy.params().get("embed.weight").unwrap(), opt.lr(), opt.steps());
    let _ = inspect(&file.0).map(|inspection| inspection.to_string());
    let loaded = load(&file.0, &mut toy, &mut opt).map(drop).map_err(|error| error.to_string());
    if loaded.is_err() {
        assert_eq!((toy.params().get("embed.weight").unwrap(), opt.lr(), opt.steps()), before, "{loaded:?}");
    }
    loaded
}

#[test]
fn a_state_of_these_parts_loads() {
    let file = temporary("whole");
    let (header, table, sizes) = parts();
    let bytes = state(&header.bytes(&table).unwrap(), table.len() as u64, &sizes);
    assert_eq!(loads(&file, &bytes), Ok(()));
}

#[test]
fn every_byte_of_a_header_may_be_anything() {
    let file = temporary("header");
    let (header, table, sizes) = parts();
    let whole = header.bytes(&table).unwrap();
    for at in 0..whole.len() {
        // The last four say how many bytes a longer number has.
        for byte in [0, 1, 127, 128, 250, 251, 252, 253, 254, 255] {
            let mut changed = whole.clone();
            changed[at] = byte;
            let _ = loads(&file, &state(&changed, table.len() as u64, &sizes));
            // The same where the header ends there.
            let _ = loads(&file, &state(&changed[..=at], table.len() as u64, &sizes));
        }
    }
}

#[test]
fn headers_that_lie_are_refused_with_what_they_lie_about() {
    let file = temporary("lies");
    let (header, table, sizes) = parts();
    let said = |change: &dyn Fn(&mut Header, &mut Vec<Tensor>)| {
        let (mut header, mut table) = (header.clone(), table.clone());
        change(&mut header, &mut table);
        let bytes = state(&header.bytes(&table).unwrap(), table.len() as u64, &sizes);
        let error = loads(&file, &bytes).unwrap_err();
        error.replace(&file.0.display().to_string(), "FILE")
    };
    let damaged = |what: &str| {
        format!("FILE is damaged: its header {what} -- load another state, or copy this one again")
    };
    assert_eq!(
        said(&|_, table| table[7].shape = vec![u64::MAX, 2]),
        damaged("says that `exp_avg_sq of norm.weight` ends behind the file")
    );
    assert_eq!(
        said(&|_, table| table[7].shape = vec![1 << 60]),
        damaged("says that `exp_avg_sq of norm.weight` ends behind the file")
    );
    assert_eq!(
        said(&|_, table| drop(table.pop())),
        damaged("says that the tensors end elsewhere than the file")
    );
    let layout = "has a layout that is not that of its tensors";
    assert_eq!(said(&|header, _| header.layout += 1), damaged(layout));
    assert_eq!(said(&|header, _| header.optimizer = None), damaged(layout));
    assert_eq!(said(&|_, table| table[0].name.push('x')), damaged(layout));
    assert_eq!(said(&|header, _| header.dtype = String::from("f16")), damaged("says that numbers are `f16`"));
    let most = "says that 18446744073709551615 steps were taken";
    assert_eq!(said(&|header, _| header.steps = u64::MAX), damaged(most));
    assert_eq!(
        said(&|header, _| header.steps = 1 << 63),
        damaged("says that 9223372036854775808 steps were taken")
    );
    let at = |what: &str| damaged(&format!("says that training is at 18446744073709551615 {what}"));
    type Change = fn(&mut Progress);
    let counts: [(&str, Change); 6] = [
        ("epochs", |progress| progress.epoch = u64::MAX),
        ("steps", |progress| progress.step = u64::MAX),
        ("evaluations since the best", |progress| progress.evaluations_since_best = u64::MAX),
        ("steps of the schedule", |progress| progress.schedule_step = u64::MAX),
        ("passes over the data", |progress| progress.data.epoch = u64::MAX),
        ("samples of a pass", |progress| progress.data.position = u64::MAX),
    ];
    for (what, change) in counts {
        assert_eq!(said(&|header, _| change(&mut header.progress)), at(what));
    }
    for lr in [f64::NAN, f64::INFINITY, -1.0] {
        let said = said(&|header, _| header.optimizer.as_mut().unwrap().lr = lr);
        assert_eq!(said, damaged(&format!("says that the learning rate is {lr}")));
    }
}

#[test]
fn odd_headers_are_refused() {
    let file = temporary("odd");
    // Strings of more bytes than there are: 16 MiB, and all that a number holds.
    let string = |length: u64| [&[253][..], &length.to_le_bytes(), b"short"].concat();
    let noise = |seed: u64| {
        let key = crate::rng::Key { seed, step: 0, node: 0 };
        let byte = |at| (256.0 * crate::rng::uniform(key, at)) as u8;
        (0..200).map(byte).collect::<Vec<u8>>()
    };
    let mut headers = vec![vec![], string(16 << 20), string(u64::MAX), vec![0; HEADER_CAP], vec![255; 64]];
    headers.extend((0..300).map(noise));
    for header in headers {
        for (claimed, sizes) in [(0, vec![]), (3, vec![0; 3]), (1, vec![0; 3])] {
            let error = loads(&file, &state(&header, claimed, &sizes)).unwrap_err();
            assert!(error.contains("is damaged: its header "), "{error}");
        }
    }
    // No parameters at all, and a tensor of no numbers.
    let (mut header, mut table, _) = parts();
    table.truncate(1);
    table[0].shape = vec![0, 5];
    for count in [0, 1] {
        let table = &table[..count];
        header.layout = layout(table);
        let bytes = state(&header.bytes(table).unwrap(), count as u64, &vec![0; count]);
        assert!(loads(&file, &bytes).unwrap_err().contains("where the model has `embed.weight` [3, 7]"));
        assert_eq!(inspect(&file.0).unwrap().tensors.len(), count);
    }
}

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::ArrayD;

use super::format::{Preamble, Refused, VERSION};
use super::*;
use crate::cpu::Cpu;
use crate::device::Device;
use crate::model::toy::Toy;
use crate::model::{Model, Workspace};
use crate::optim::{Adam, AdamConfig, AdamW, AdamWConfig, Kernel, Sgd, SgdConfig};

/// A file of its own that is removed in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("remat-state-{}-{number}", std::process::id())))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn cpu() -> Cpu {
    Cpu::with_threads(1).unwrap()
}

/// A progress with something in each of its places.
fn progress() -> Progress {
    Progress {
        epoch: 3,
        step: u64::MAX / 2,
        loss: Some(f64::MIN_POSITIVE / 3.0),
        best_loss: Some(-0.0),
        evaluations_since_best: 9,
        schedule_step: 7,
        data: Cursor { seed: 5, epoch: 4, position: 99 },
    }
}

/// A toy model and the number of its draws so far.
fn toy<D: Device>(device: &D, seed: u64) -> Toy<D> {
    let mut toy = Toy::new(device, seed).unwrap();
    toy.core_mut().steps = seed + 1000;
    toy
}

/// Some steps by gradients that are drawn.
fn train<D: Kernel>(toy: &mut Toy<D>, optimizer: &mut impl Optimizer<Toy<D>>, steps: usize) {
    let mut ws: Workspace<Toy<D>> = toy.workspace(true).unwrap();
    let mut state = optimizer.steps();
    for _ in 0..steps {
        Toy::set_grads(&mut ws, || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 23) - 1.0
        })
        .unwrap();
        optimizer.step(toy, ws.grads()).unwrap();
    }
}

/// Everything that a state holds of a model and its optimizer, as bits.
fn bits<D: Kernel>(toy: &Toy<D>, optimizer: &impl Optimizer<Toy<D>>) -> Vec<u64> {
    let (core, moments) = (toy.core(), optimizer.moments());
    let mut bits = vec![core.seed, core.steps, moments.steps, moments.lr.to_bits()];
    let params = Toy::<D>::PARAMS.iter().map(|spec| (&core.params, spec.span::<D::Param>()));
    for (buf, span) in params.chain(moments.list.iter().map(|moment| (moments.buf, moment.span))) {
        let mut numbers = vec![D::Param::default(); span.bytes / size_of::<D::Param>()];
        core.device.download(&mut numbers, D::view(D::region(buf, span).unwrap())).unwrap();
        bits.extend(numbers.into_iter().map(|x| crate::device::Real::to_f64(x).to_bits()));
    }
    bits
}

/// What is saved is what is loaded into a model and an optimizer that were made alike, which then train on alike.
fn comes_back<D: Kernel, O: Optimizer<Toy<D>>>(device: &D, make: impl Fn(&Toy<D>) -> O) {
    for steps in [0, 1, 5] {
        let file = Temporary::new();
        let mut one = toy(device, 7);
        let mut optimizer = make(&one);
        train(&mut one, &mut optimizer, steps);
        optimizer.set_lr(0.125).unwrap();
        save(&file.0, &one, &optimizer, &progress()).unwrap();
        let mut other = toy(device, 8);
        let mut other_optimizer = make(&other);
        train(&mut other, &mut other_optimizer, 2);
        assert_ne!(bits(&one, &optimizer), bits(&other, &other_optimizer));
        assert_eq!(load(&file.0, &mut other, &mut other_optimizer).unwrap(), progress());
        assert_eq!(bits(&one, &optimizer), bits(&other, &other_optimizer));
        train(&mut one, &mut optimizer, 3);
        train(&mut other, &mut other_optimizer, 3);
        assert_eq!(bits(&one, &optimizer), bits(&other, &other_optimizer));
    }
}

#[test]
fn what_is_saved_comes_back_bit_for_bit() {
    let momentum = || SgdConfig { momentum: 0.9, ..Default::default() };
    comes_back(&cpu(), |toy| Sgd::new(toy, SgdConfig::default()).unwrap());
    comes_back(&cpu(), |toy| Sgd::new(toy, momentum()).unwrap());
    comes_back(&cpu(), |toy| Adam::new(toy, AdamConfig::default()).unwrap());
    comes_back(&cpu(), |toy| AdamW::new(toy, AdamWConfig::default()).unwrap());
    comes_back(&cpu().double(), |toy| AdamW::new(toy, AdamWConfig::default()).unwrap());
    comes_back(&cpu().double(), |toy| Sgd::new(toy, momentum()).unwrap());
}

#[test]
fn every_bit_pattern_comes_back() {
    let file = Temporary::new();
    let mut one = toy(&cpu(), 1);
    let odd =
        [f32::NAN, -f32::NAN, f32::from_bits(0x7f80_0001), f32::INFINITY, -0.0, f32::from_bits(1), 1e38];
    let array = ArrayD::from_shape_fn(vec![3, 7], |i| odd[i[1]]);
    one.params_mut().set("embed.weight", array.view()).unwrap();
    save_model(&file.0, &one).unwrap();
    let mut other = toy(&cpu(), 2);
    load_model(&file.0, &mut other).unwrap();
    let bits = |toy: &Toy| -> Vec<u32> {
        toy.params().view("embed.weight").unwrap().iter().map(|x| x.to_bits()).collect()
    };
    assert_eq!(bits(&one), bits(&other));
}

/// A state of AdamW after a step, and its bytes.
fn saved(file: &Temporary) -> Vec<u8> {
    let mut one = toy(&cpu(), 7);
    let mut optimizer = AdamW::new(&one, AdamWConfig::default()).unwrap();
    train(&mut one, &mut optimizer, 1);
    save(&file.0, &one, &optimizer, &progress()).unwrap();
    fs::read(&file.0).unwrap()
}

/// The error of loading these bytes, which must leave model and optimizer as they are.
fn refused(file: &Temporary, bytes: &[u8]) -> Error {
    fs::write(&file.0, bytes).unwrap();
    let mut one = toy(&cpu(), 3);
    let mut optimizer = AdamW::new(&one, AdamWConfig::default()).unwrap();
    let before = bits(&one, &optimizer);
    let error = load(&file.0, &mut one, &mut optimizer).expect_err("it is damaged");
    assert_eq!(bits(&one, &optimizer), before);
    error
}

#[test]
fn every_bit_that_is_flipped_is_found_and_its_section_told() {
    let file = Temporary::new();
    let bytes = saved(&file);
    let table = inspect(&file.0).unwrap().tensors;
    let sections: u64 = table.iter().map(section).sum();
    let first = bytes.len() - 64 - sections as usize;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let Error::Damaged { section, .. } = refused(&file, &changed) else {
                panic!("byte {at}, bit {bit}")
            };
            let expected = match at {
                0..64 => String::from("its preamble"),
                _ if at < first => String::from("its header"),
                _ if at >= bytes.len() - 64 => String::from("its end mark"),
                _ => format!("its tensor `{}`", tensor_at(&table, (at - first) as u64)),
            };
            assert_eq!(section, expected, "byte {at}, bit {bit}");
        }
    }
}

/// The bytes of a tensor's section.
fn section(tensor: &Tensor) -> u64 {
    (tensor.shape.iter().product::<u64>() * 4 + 8).next_multiple_of(64)
}

/// The tensor whose section holds a byte, counted from the first section.
fn tensor_at(table: &[Tensor], at: u64) -> &str {
    let mut end = 0;
    let mut sections = table.iter().map(|tensor| {
        end += section(tensor);
        (end, tensor)
    });
    sections.find(|(end, _)| at < *end).map_or("", |(_, tensor)| &tensor.name)
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_found() {
    let file = Temporary::new();
    let bytes = saved(&file);
    for length in 0..bytes.len() {
        match refused(&file, &bytes[..length]) {
            Error::NotState { .. } if length == 0 => {}
            Error::Damaged { section, .. } if length < 64 => assert_eq!(section, "its preamble"),
            Error::Damaged { section, what, .. } => {
                let said = format!("has {length} bytes and should have {}", bytes.len());
                assert_eq!((&*section, what), ("the file", said));
            }
            error => panic!("{length}: {error}"),
        }
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(refused(&file, &longer), Error::Damaged { section, .. } if section == "the file"));
}

/// The bytes of a state with another preamble, whose own checksum is right.
fn with_preamble(bytes: &[u8], change: impl FnOnce(&mut [u8; 64])) -> Vec<u8> {
    let mut preamble: [u8; 64] = *bytes.first_chunk().unwrap();
    change(&mut preamble);
    let sum = format::checksum(&preamble[..56]);
    preamble[56..].copy_from_slice(&sum.to_le_bytes());
    [&preamble, &bytes[64..]].concat()
}

#[test]
fn what_is_no_state_of_this_model_has_an_error_of_its_own_that_names_both_sides() {
    let file = Temporary::new();
    let bytes = saved(&file);
    let said =
        |bytes: &[u8]| refused(&file, bytes).to_string().replace(&file.0.display().to_string(), "FILE");
    assert_eq!(
        said(b"\x93NUMPY and more"),
        "FILE is no state of a model: it begins with \"\\x93NUMPY a\" -- load a file that `state::save` wrote"
    );
    assert_eq!(
        said(&with_preamble(&bytes, |preamble| preamble[8] = 9)),
        "FILE is of version 9 but versions 1 to 1 are read -- load it with a newer remat"
    );
    assert_eq!(
        said(&with_preamble(&bytes, |preamble| preamble[8] = 0)),
        "FILE is of version 0 but versions 1 to 1 are read -- no remat writes such a state, so load another"
    );
    for at in (13..16).chain(48..56) {
        assert_eq!(
            said(&with_preamble(&bytes, |preamble| preamble[at] = 1)),
            "FILE is damaged: its preamble has something where zeros should be -- load another state, or copy this one \
             again"
        );
    }
    assert_eq!(
        said(&with_preamble(&bytes, |preamble| preamble[12] = b'>')),
        "FILE should hold its numbers with the lowest byte first, which `<` stands for, but says 0x3e -- save it anew"
    );
    let huge = with_preamble(&bytes, |preamble| preamble[16..24].fill(0xff));
    assert!(said(&huge).contains("its header is said to be longer than 16 MiB"), "{}", said(&huge));
    let many = with_preamble(&bytes, |preamble| preamble[40..48].fill(0xff));
    assert!(said(&many).contains("more tensors than the file has room for"), "{}", said(&many));
    let fewer = with_preamble(&bytes, |preamble| preamble[40] -= 1);
    assert!(said(&fewer).contains("bytes too many"), "{}", said(&fewer));
}

#[test]
fn a_state_of_another_type_or_optimizer_is_refused() {
    let file = Temporary::new();
    saved(&file);
    let text = |error: Error| error.to_string().replace(&file.0.display().to_string(), "FILE");
    let mut double = toy(&cpu().double(), 3);
    let mut optimizer = AdamW::new(&double, AdamWConfig::default()).unwrap();
    assert_eq!(
        text(load(&file.0, &mut double, &mut optimizer).unwrap_err()),
        "the parameters in FILE are f32 but those of the model are f64 -- load it on a device of that type"
    );
    let mut one = toy(&cpu(), 3);
    let mut adam = Adam::new(&one, AdamConfig::default()).unwrap();
    assert_eq!(
        text(load(&file.0, &mut one, &mut adam).unwrap_err()),
        "FILE holds the state of `AdamW` but was loaded into `Adam` -- make the optimizer as it was made then"
    );
    let mut sgd = Sgd::new(&one, SgdConfig { momentum: 0.5, ..Default::default() }).unwrap();
    save(&file.0, &one, &sgd, &progress()).unwrap();
    let mut plain = Sgd::new(&one, SgdConfig::default()).unwrap();
    assert_eq!(
        text(load(&file.0, &mut one, &mut plain).unwrap_err()),
        "FILE holds the state of `Sgd` with `momentum_buffer of embed.weight` [3, 7] but was loaded into `Sgd` with \
         nothing more -- make the optimizer as it was made then"
    );
    save_model(&file.0, &one).unwrap();
    assert_eq!(
        text(load(&file.0, &mut one, &mut sgd).unwrap_err()),
        "FILE holds the state of no optimizer but was loaded into `Sgd` -- make the optimizer as it was made then"
    );
    // Alone, a model is loaded from either.
    saved(&file);
    load_model(&file.0, &mut one).unwrap();
}

#[test]
fn a_file_that_cannot_be_had_is_an_error() {
    let mut one = toy(&cpu(), 3);
    for path in ["", "/", "/proc/none/state"] {
        let error = save_model(path, &one).unwrap_err();
        assert!(matches!(error, Error::File { action: "write", .. }), "{error}");
        let error = load_model(path, &mut one).unwrap_err();
        assert!(matches!(error, Error::File { action: "read", .. }), "{error}");
    }
}

#[test]
fn what_no_run_comes_to_is_not_saved() {
    let file = Temporary::new();
    let one = toy(&cpu(), 7);
    let optimizer = AdamW::new(&one, AdamWConfig::default()).unwrap();
    let error = save(&file.0, &one, &optimizer, &Progress { epoch: 1 << 63, ..progress() }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`progress` must be of counts below 2^63 but is one of 9223372036854775808 epochs"
    );
    assert!(!file.0.exists());
}

#[test]
fn a_preamble_is_read_as_it_is_written() {
    let preamble = Preamble { header: 1, file: 2, checksum: 3, tensors: 4 };
    assert_eq!(Preamble::read(&preamble.bytes()), Ok(preamble));
    assert_eq!(Preamble::read(&[0; 64]), Err(Refused::Magic));
    assert_eq!(VERSION, 1, "a new version needs a file of it among the tests, and the old one stays");
}

#[test]
fn the_parameters_names_and_shapes_make_the_layout() {
    let table = write::tensors::<Toy>(None);
    let layouts = [&table[..], &table[1..], &table[..3], &[]].map(format::layout);
    for (at, layout) in layouts.iter().enumerate() {
        assert!(!layouts[..at].contains(layout));
    }
    assert!(format::layouts(&table).eq((0..=4).map(|count| format::layout(&table[..count]))));
}

#[test]
fn of_a_folder_the_last_state_that_is_whole_is_resumed_and_the_others_are_told() {
    let place = Temporary::new();
    let folder = Folder::new(&place.0).unwrap();
    let mut one = toy(&cpu(), 7);
    let mut optimizer = AdamW::new(&one, AdamWConfig::default()).unwrap();
    assert_eq!(folder.resume(&mut one, &mut optimizer).unwrap(), None);
    assert_eq!(folder.latest().unwrap(), Latest { path: None, skipped: vec![] });
    let mut paths = vec![];
    for step in [9, 10, 200_000_000] {
        train(&mut one, &mut optimizer, 1);
        paths.push(folder.save(&one, &optimizer, &Progress { step, ..progress() }).unwrap());
    }
    folder.save_best(&one, &optimizer, &progress()).unwrap();
    // Other files are none of its business.
    fs::write(place.0.join("step-+5.remat"), b"").unwrap();
    let steps = || folder.states().unwrap().into_iter().map(|(step, _)| step).collect::<Vec<_>>();
    assert_eq!(steps(), [9, 10, 200_000_000]);
    let bytes = fs::read(&paths[2]).unwrap();
    fs::write(&paths[2], &bytes[..bytes.len() / 2]).unwrap();
    fs::write(&paths[1], b"").unwrap();
    let resumed = folder.resume(&mut one, &mut optimizer).unwrap().unwrap();
    assert_eq!((&resumed.path, resumed.progress.step, optimizer.steps()), (&paths[0], 9, 1));
    let skipped: Vec<&PathBuf> = resumed.skipped.iter().map(|(path, _)| path).collect();
    assert_eq!(skipped, [&paths[2], &paths[1]]);
    assert!(matches!(resumed.skipped[0].1, Error::Damaged { .. }));
    let Latest { path, skipped } = folder.latest().unwrap();
    assert_eq!((path, skipped), (Some(paths[0].clone()), resumed.skipped));
    // If none is whole, that is an error, and not a run that begins anew.
    fs::write(&paths[0], b"").unwrap();
    assert!(
        matches!(folder.resume(&mut one, &mut optimizer), Err(Error::Damaged { path, .. }) if path == paths[2])
    );
    // One of another optimizer is whole: to skip it would hide a mistake.
    let sgd = Sgd::new(&one, SgdConfig::default()).unwrap();
    let other = folder.save(&one, &sgd, &Progress { step: 300_000_000, ..progress() }).unwrap();
    assert!(matches!(folder.resume(&mut one, &mut optimizer), Err(Error::StateOptimizer { .. })));
    fs::remove_file(other).unwrap();
    // A step that was saved before is counted once, and what is new is never removed.
    let two = folder.clone().keep_last(2).unwrap();
    two.save(&one, &optimizer, &Progress { step: 10, ..progress() }).unwrap();
    assert_eq!(steps(), [9, 10]);
    assert!(folder.best().exists() && folder.keep_last(0).is_err());
    fs::remove_dir_all(&place.0).unwrap();
}

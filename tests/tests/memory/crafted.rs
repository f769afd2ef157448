//! Files that somebody made up, with every checksum right.

use remat::prelude::*;
use remat::state;
use remat::state::safetensors;
use remat_tests::states::Folder;
use twox_hash::XxHash3_64;

use super::{Uneven, most};

/// A preamble, whose checksums are right.
pub(super) fn preamble(header: &[u8], file: u64, tensors: u64) -> Vec<u8> {
    let mut preamble = [&b"\x89RMAT\r\n\x1a\x01\0\0\0<\0\0\0"[..], &[0; 48]].concat();
    let words = [header.len() as u64, file, XxHash3_64::oneshot(header), tensors];
    for (at, word) in (16..).step_by(8).zip(words) {
        preamble[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
    summed(&mut preamble);
    preamble
}

/// Ends a line of 64 bytes by their checksum.
fn summed(line: &mut [u8]) {
    let sum = XxHash3_64::oneshot(&line[..56]);
    line[56..].copy_from_slice(&sum.to_le_bytes());
}

/// A state of an [`Uneven`] of other tensors, all of whose checksums are right: no tensor has more than one number, as its
/// first axis, if it has one, is 0.
fn crafted(tensors: &[(String, Vec<u64>)]) -> Vec<u8> {
    // Short ones take one byte.
    let number = |number: usize| match number {
        0..251 => vec![number as u8],
        _ => [&[253][..], &(number as u64).to_le_bytes()].concat(),
    };
    let mut layout = XxHash3_64::with_seed(0);
    let mut table = Vec::new();
    for (name, shape) in tensors {
        std::hash::Hasher::write(&mut layout, format!("{name} {shape:?}\n").as_bytes());
        table.extend([&number(name.len()), name.as_bytes(), &number(8 * shape.len())].concat());
        table.extend(shape.iter().flat_map(|axis| axis.to_le_bytes()));
    }
    let layout = std::hash::Hasher::finish(&layout);
    // A seed, steps, no optimizer, and the nine numbers of a progress are zeros.
    let header = [&b"\x06Uneven\x03f32"[..], &[253][..], &layout.to_le_bytes(), &[0; 12], &table].concat();
    let count = tensors.len() as u64;
    let bytes = (header.len().next_multiple_of(64) + 64 * (tensors.len() + 2)) as u64;
    let mut file = [preamble(&header, bytes, count), header].concat();
    file.resize(file.len().next_multiple_of(64), 0);
    for (place, (_, shape)) in (0..).zip(tensors) {
        // A shape without axes has one number, which is 0.
        let numbers = if shape.is_empty() { 4 } else { 0 };
        file.resize(file.len() + 56, 0);
        let mut sum = XxHash3_64::with_seed(place + 1);
        std::hash::Hasher::write(&mut sum, &[0; 4][..numbers]);
        file.extend(std::hash::Hasher::finish(&sum).to_le_bytes());
    }
    let mut end = [&b"RMAT_END"[..], &count.to_le_bytes(), &[0; 48]].concat();
    summed(&mut end);
    file.extend(end);
    file
}

/// The text of a crafted header may be longer than its file: none of it is held as a whole.
pub(super) fn a_whole_file_takes_no_allocation_beyond_its_size_and_the_cap_of_a_header() {
    const CAP: usize = 16 << 20;
    let folder = Folder::new("crafted");
    let path = folder.path("state");
    let mut net = Uneven::new(&Cpu::with_threads(1).unwrap(), 1).unwrap();
    let axes = |count: usize| (0..count).map(|at| if at == 0 { 0 } else { u64::MAX }).collect();
    let without = |count: usize| vec![(String::new(), axes(1)); count];
    type Make<'a> = &'a dyn Fn() -> Vec<(String, Vec<u64>)>;
    let files: [(&str, Make<'_>); 6] = [
        ("a name of 15 MiB", &|| vec![("n".repeat(15 << 20), axes(1))]),
        ("2 Mi axes", &|| vec![(String::from("n"), axes((2 << 20) - 64))]),
        ("many tensors", &|| (0..200_000).map(|at| (at.to_string(), axes(3))).collect()),
        // As many as a header has room for, which say as little as they can.
        ("700 000 tensors without names", &|| without(700_000)),
        ("1 300 000 tensors without names", &|| without(1_300_000)),
        ("2 000 000 tensors without names and axes", &|| vec![(String::new(), vec![]); 2_000_000]),
    ];
    for (what, make) in files {
        let tensors = make();
        let file = crafted(&tensors);
        std::fs::write(&path, &file).unwrap();
        let (inspected, bytes) = most(|| state::inspect(&path));
        assert_eq!(inspected.unwrap().tensors.len(), tensors.len(), "{what}");
        assert!(bytes <= file.len() + CAP, "{what}: inspecting {} bytes takes {bytes}", file.len());
        let (loaded, bytes) = most(|| state::load_model(&path, &mut net));
        assert!(matches!(loaded, Err(Error::StateLayout { .. })), "{what}");
        assert!(bytes <= file.len() + CAP, "{what}: loading {} bytes takes {bytes}", file.len());
    }
}

/// Headers of safetensors, of whatever takes the most memory for its bytes.
pub(super) fn a_header_of_safetensors_takes_at_most_16_times_its_size() {
    const CAP: usize = 16 << 20;
    let folder = Folder::new("weights");
    let path = folder.path("weights");
    let mut net = Uneven::new(&Cpu::with_threads(1).unwrap(), 1).unwrap();
    let tensor = |name: &str, shape: &str| {
        format!(r#""{name}":{{"dtype":"F4","shape":[{shape}],"data_offsets":[0,0]}}"#)
    };
    let many = |count: usize| (0..count).map(|at| tensor(&at.to_string(), "0")).collect::<Vec<_>>().join(",");
    let headers = [
        ("many tensors", format!("{{{}}}", many(270_000))),
        ("fewer", format!("{{{}}}", many(140_000))),
        ("many axes", format!("{{{}}}", tensor("x", &format!("0{}", ",0".repeat((8 << 20) - 100))))),
        // Room for axes is doubled: this many are one more than had room.
        (
            "axes just behind a doubling",
            format!("{{{}}}", tensor("x", &format!("0{}", ",0".repeat(1 << 22)))),
        ),
        ("a long name", format!("{{{}}}", tensor(&"n".repeat(15 << 20), "0"))),
        ("a name of escapes", format!("{{{}}}", tensor(&"\\n".repeat(7 << 20), "0"))),
        ("what is said beside", format!(r#"{{"__metadata__":[0{}]}}"#, ",0".repeat(8_388_000))),
        ("brackets", format!(r#"{{"__metadata__":{}"#, "[".repeat(CAP - 100))),
        ("what no tensor has", format!(r#"{{"x":{{"y":[0{}]}}}}"#, ",0".repeat(8_388_000))),
    ];
    for (what, header) in headers {
        assert!(header.len() <= CAP, "{what}: {}", header.len());
        std::fs::write(&path, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat())
            .unwrap();
        for (call, bytes) in [
            ("load", most(|| safetensors::load(&path, &mut net, str::to_owned).is_ok()).1),
            ("load_partial", most(|| safetensors::load_partial(&path, &mut net, str::to_owned).is_ok()).1),
        ] {
            assert!(
                bytes <= 16 * header.len() + (4 << 20),
                "{what}: {call} takes {bytes} for {}",
                header.len()
            );
        }
    }
}

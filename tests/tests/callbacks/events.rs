//! Reads event files, sharing no code with what writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// For each tag, the steps and the bits of their values.
pub(crate) type Scalars = BTreeMap<String, Vec<(u64, u32)>>;

/// The event files of a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("events.out.tfevents."), "{name}");
    }
    files
}

/// What TensorBoard shows of a folder.
pub(crate) fn scalars(folder: &Path) -> Scalars {
    let mut scalars = Scalars::new();
    for file in files(folder) {
        let bytes = fs::read(file).unwrap();
        let mut records = records(&bytes).into_iter();
        let version = fields(records.next().unwrap());
        assert_eq!(version[&3], [Field::Bytes(b"brain.Event:2")]);
        for record in records {
            event(record, &mut scalars);
        }
    }
    scalars
}

fn event(record: &[u8], scalars: &mut Scalars) {
    let event = fields(record);
    let Field::Fixed(time) = event[&1][0] else { panic!("{event:?}") };
    assert!(f64::from_bits(time) > 1.7e9, "a time of today");
    let Field::Varint(step) = event[&2][0] else { panic!("{event:?}") };
    if let Some([Field::Bytes(log)]) = event.get(&7).map(Vec::as_slice) {
        // A start: what was of this step and later ones is void.
        assert_eq!(fields(log)[&1], [Field::Varint(1)]);
        scalars.values_mut().for_each(|values| values.retain(|(other, _)| *other < step));
        return;
    }
    let [Field::Bytes(summary)] = event[&5][..] else { panic!("{event:?}") };
    for value in &fields(summary)[&1] {
        let Field::Bytes(value) = value else { panic!("{event:?}") };
        let value = fields(value);
        let ([Field::Bytes(tag)], [Field::Fixed(bits)]) = (&value[&1][..], &value[&2][..]) else {
            panic!("{value:?}");
        };
        let tag = String::from_utf8(tag.to_vec()).unwrap();
        scalars.entry(tag).or_default().push((step, *bits as u32));
    }
}

#[derive(Debug, PartialEq)]
enum Field<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message of protocol buffers, by number.
fn fields(mut bytes: &[u8]) -> BTreeMap<u64, Vec<Field<'_>>> {
    let mut fields = BTreeMap::<u64, Vec<Field<'_>>>::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key % 8 {
            0 => Field::Varint(varint(&mut bytes)),
            1 => Field::Fixed(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut bytes);
                Field::Bytes(take(&mut bytes, length as usize))
            }
            5 => Field::Fixed(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap()).into()),
            kind => panic!("wire type {kind}"),
        };
        fields.entry(key / 8).or_default().push(field);
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for place in 0.. {
        let byte = take(bytes, 1)[0];
        number += u64::from(byte % 128) << (7 * place);
        if byte < 128 {
            break;
        }
    }
    number
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

/// The records of a file, but for one that was torn at the end.
fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = vec![];
    while bytes.len() >= 12 {
        let head = take(&mut bytes, 8);
        assert_eq!(take(&mut bytes, 4), masked(head), "the sum of a length");
        let data = take(&mut bytes, u64::from_le_bytes(head.try_into().unwrap()) as usize);
        assert_eq!(take(&mut bytes, 4), masked(data), "the sum of a record");
        records.push(data);
    }
    records
}

/// CRC-32C bit by bit, masked.
fn masked(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    let crc = u64::from(!crc);
    // The upper 17 bits and the lower 15 change places.
    let turned = (crc / (1 << 15)) + (crc % (1 << 15)) * (1 << 17);
    ((turned + 0xa282_ead8) as u32).to_le_bytes()
}

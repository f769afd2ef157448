//! Weights as safetensors. The first byte of an input says what is made right after a change: how long the header is,
//! and how many bytes follow it.

use std::sync::{LazyLock, Mutex};

use remat::state::safetensors;

use crate::Loaded;

/// What is made right, bit by bit of the first byte.
const LENGTH: u8 = 1;
const DATA: u8 = 2;

/// All of it.
pub const ALL: u8 = LENGTH | DATA;

/// No file is made longer than this.
const LONGEST: u64 = 1 << 16;

/// Reads a file of these bytes in every way, and panics where one breaks a promise.
pub fn read(data: &[u8]) {
    static LOADED: LazyLock<Mutex<Loaded>> =
        LazyLock::new(|| Mutex::new(Loaded::new("safetensors").expect("a network")));
    let Some((&flags, bytes)) = data.split_first() else { return };
    let bytes = right(flags, bytes.to_vec());
    let loaded = &mut *LOADED.lock().expect("no test panicked");

    let before = loaded.bits();
    let whole =
        loaded.with_file(&bytes, |loaded| safetensors::load(&loaded.path, &mut loaded.net, str::to_owned));
    if let Err(error) = &whole {
        let _ = error.to_string();
        assert!(loaded.bits() == before, "refused, and changed: {error}");
    }
    let (before, partly) = (loaded.bits(), |loaded: &mut Loaded| {
        safetensors::load_partial(&loaded.path, &mut loaded.net, str::to_owned)
    });
    match loaded.with_file(&bytes, partly) {
        Ok(report) => {
            assert_eq!(report.is_empty(), whole.is_ok(), "{report}");
        }
        Err(_) => {
            assert!(whole.is_err(), "a part can't be read where the whole was");
            assert!(loaded.bits() == before, "refused, and changed");
        }
    }
}

/// The bytes with all of this made right, as far as they can be read.
pub fn right(flags: u8, mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() < 8 {
        return bytes;
    }
    if flags & LENGTH != 0
        && let Some(last) = bytes[8..].iter().rposition(|byte| *byte == b'}')
    {
        bytes[..8].copy_from_slice(&(last as u64 + 1).to_le_bytes());
    }
    let length = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    if flags & DATA != 0
        && let Some(start) = usize::try_from(length).ok().and_then(|length| length.checked_add(8))
        && let Some(header) = bytes.get(8..start)
        && let Ok(serde_json::Value::Object(tensors)) = serde_json::from_slice(header)
    {
        let ends = tensors.values().filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64());
        let end = ends.max().unwrap_or(0);
        if end <= LONGEST {
            bytes.resize(start + end as usize, 0);
        }
    }
    bytes
}

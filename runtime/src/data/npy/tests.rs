use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use ndarray::{Array2, Ix2, array};
use rawzip::ZipArchiveWriter;

use super::*;
use crate::data::temporary::Temporary;

/// An array with this header.
fn npy(header: &str, numbers: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len() + 1).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), b"\n", numbers].concat()
}

/// The header of a type and shape.
fn of(descr: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}")
}

fn numbers() -> Vec<u8> {
    [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0].map(f32::to_le_bytes).concat()
}

fn whole() -> Vec<u8> {
    npy(&of("<f4", "(2, 3)"), &numbers())
}

/// An archive of one file, whose bytes are these.
fn npz(name: &str, bytes: &[u8], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    let (mut entry, config) = zip.new_file(name).compression_method(method).start().unwrap();
    let descriptor = if method == CompressionMethod::DEFLATE {
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
        writer.write_all(bytes).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        descriptor
    } else {
        let mut writer = config.wrap(&mut entry);
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap().1
    };
    entry.finish(descriptor).unwrap();
    zip.finish().unwrap()
}

fn x(path: &Path) -> Result<Array2<f32>, Error> {
    read_npz(path, "x")
}

#[test]
fn an_array_that_is_cut_off_anywhere_or_goes_on_is_refused() {
    let file = Temporary::new("npy-cut");
    let whole = whole();
    let said = |bytes: &[u8]| file.with(bytes, read::<f32, Ix2>).unwrap_err();
    assert_eq!(file.with(&whole, read::<f32, Ix2>).unwrap(), array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let header = whole.len() - 24;
    for length in 0..whole.len() {
        let needed = match length {
            0..10 => String::from("at least 10 bytes long for its header"),
            length if length < header => format!("at least {header} bytes long for its header"),
            _ => format!("{} bytes long by its header", whole.len()),
        };
        assert_eq!(said(&whole[..length]), format!("FILE must be {needed} but is {length} bytes long"));
    }
    assert!(said(&[&whole[..], &[0]].concat()).contains(" bytes long by its header but is "));
    assert!(said(&npy(&of("<f4", "(2, 4)"), &numbers())).contains(" bytes long by its header but is "));
}

#[test]
fn every_byte_of_a_header_may_be_anything() {
    let file = Temporary::new("npy-changed");
    let whole = whole();
    for at in 0..whole.len() - 24 {
        for byte in *b"\0\n '\"\\,:.-+()[]{}0159eTjbuxN_<|\x80\xff" {
            let mut changed = whole.clone();
            changed[at] = byte;
            if let Err(error) = file.with(&changed, read::<f32, Ix2>) {
                assert!(error.starts_with("FILE must be "), "{error}");
            }
        }
    }
}

#[test]
fn headers_that_lie_are_refused_with_what_they_lie_about() {
    let file = Temporary::new("npy-lies");
    let said = |bytes: &[u8]| file.with(bytes, read::<f32, Ix2>).unwrap_err();
    let shape = |shape: &str| said(&npy(&of("<f4", shape), &numbers()));
    let addressed = "FILE must be an array that can be addressed but is one of shape ";
    assert_eq!(shape("(4294967296, 4294967296)"), format!("{addressed}[4294967296, 4294967296]"));
    assert_eq!(shape("(0, 18446744073709551615)"), format!("{addressed}[0, 18446744073709551615]"));
    let whole = npy(&of("<f4", "(1099511627776, 3)"), &numbers()).len();
    let long = (12 << 40) + whole - 24;
    assert_eq!(
        shape("(1099511627776, 3)"),
        format!("FILE must be {long} bytes long by its header but is {whole} bytes long")
    );
    let no_header = |text: &str| {
        let expected = "an array of numbers with a header `{'descr': …, 'fortran_order': …, 'shape': …}`";
        format!("FILE must be {expected} but is one with the header {}", quoted(text.as_bytes()))
    };
    let odd = [
        of("<f4", "(2, -3)"),
        of("<f4", "(2, 99999999999999999999999)"),
        of("<f4", "[2, 3]"),
        of("<f4", "(2, 3.0)"),
        of("<f4", "7"),
        of("<f4", "(2, 3), 'more': 1"),
        of("<f4", "(1e999999999 + 2j,)"),
        String::from("{'descr': '<f4', 'shape': (2, 3)}"),
        String::from("None"),
        String::new(),
        // Of the second hundred of brackets nobody would see the end.
        "[".repeat(200),
        "{".repeat(9_000),
        of(&"(".repeat(100), "(2, 3)"),
        of("<f4", &format!("{}2, 3{}", "(".repeat(30), ")".repeat(30))),
    ];
    for header in odd {
        assert_eq!(said(&npy(&header, &numbers())), no_header(&header));
    }
    let version = |major, length: [u8; 4]| [b"\x93NUMPY", &[major, 0][..], &length, &[b' '; 100]].concat();
    let longest = "FILE must be an array with a header of at most 10000 bytes but is one with a header of";
    assert_eq!(said(&version(1, [0xff; 4])), format!("{longest} 65535 bytes"));
    assert_eq!(said(&version(2, [0xff; 4])), format!("{longest} 4294967295 bytes"));
    assert_eq!(said(&version(4, [0; 4])), "FILE must be of NumPy's format 1.0, 2.0 or 3.0 but is of 4.0");
    let bool = file.with(&npy(&of("|b1", "(1, 2)"), &[1, 2]), read::<bool, Ix2>).unwrap_err();
    assert!(bool.starts_with("FILE must be an array of `bool` but is none: error parsing"), "{bool}");
    let order = said(&npy(&of("|f4", "(2, 3)"), &numbers()));
    assert!(order.starts_with("FILE must be an array of `f32` but is none: "), "{order}");
}

#[test]
fn an_archive_that_is_cut_off_anywhere_or_goes_on_is_refused() {
    let file = Temporary::new("npz-cut");
    for method in [CompressionMethod::STORE, CompressionMethod::DEFLATE] {
        let whole = npz("x.npy", &whole(), method);
        assert_eq!(file.with(&whole, x).unwrap()[[1, 2]], 6.0);
        for length in 0..whole.len() {
            let error = file.with(&whole[..length], x).unwrap_err();
            assert!(error.starts_with("FILE must be a whole `.npz` archive but is none: "), "{error}");
            assert!(file.with(&whole[..length], npz_names).is_err());
        }
        let error = file.with(&[&whole[..], &[0]].concat(), x).unwrap_err();
        let ends = format!("FILE must be an archive that ends after its {} bytes", whole.len());
        assert!(error.starts_with(&ends), "{error}");
    }
}

#[test]
fn every_byte_of_an_archive_may_be_anything() {
    let file = Temporary::new("npz-changed");
    for method in [CompressionMethod::STORE, CompressionMethod::DEFLATE] {
        let whole = npz("x.npy", &whole(), method);
        let array = file.with(&whole, x).unwrap();
        for at in 0..whole.len() {
            for change in [1, 0x10, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= change;
                // Its checksum holds for the array; what does not, as its date, changes nothing.
                match file.with(&changed, x) {
                    Ok(other) => assert_eq!(other, array, "byte {at}"),
                    Err(error) => assert!(error.contains("FILE"), "{error}"),
                }
            }
        }
    }
}

#[test]
fn members_that_are_not_what_their_archive_says_are_refused() {
    let file = Temporary::new("npz-lies");
    let said = |bytes: &[u8]| file.with(bytes, x).unwrap_err();
    let short =
        npz("x", &npy(&of("<f4", "(1099511627776, 1048575)"), &numbers()), CompressionMethod::DEFLATE);
    assert!(
        said(&short).starts_with("`x` in FILE must be whole but is damaged: ")
            || said(&short).ends_with(" bytes long")
    );
    let long = npz("x", &npy(&of("<f4", "(2, 2)"), &numbers()), CompressionMethod::DEFLATE);
    assert!(said(&long).ends_with(" bytes long by its header but is longer"), "{}", said(&long));
    let zstd = npz("x", &whole(), CompressionMethod::ZSTD);
    assert_eq!(said(&zstd), "the compression of `x` in FILE must be none or deflate but is ZSTD");
    let mut two = npz("x", &whole(), CompressionMethod::STORE);
    let end = two.len() - 22;
    two[end + 10] = 2;
    assert_eq!(said(&two), "FILE must be an archive of 2 arrays, as it says but is one of 1");
}

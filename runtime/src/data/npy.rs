//! NumPy's files: an array in an `.npy`, arrays by name in an `.npz`.
//!
//! Arrays come in the type that they have there, and in no other; either order of bytes and of axes is read. An `.npz`
//! may be compressed, an `.npy` gzip'd.
//!
//! ```
//! use remat::data::{Arrays, npy};
//! use remat::ndarray::{Array1, Array2, array};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // What `np.save("x.npy", np.array([[1, 2], [3, 4]], dtype = "int64"))` writes:
//!     let path = std::env::temp_dir().join("remat-example.npy");
//!     let header = format!("{:<117}\n", "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 2), }");
//!     let numbers = [1i64, 2, 3, 4].map(i64::to_le_bytes).concat();
//!     std::fs::write(&path, [b"\x93NUMPY\x01\0\x76\0", header.as_bytes(), &numbers].concat())?;
//!
//!     let x: Array2<i64> = npy::read(&path)?;
//!     assert_eq!(x, array![[1, 2], [3, 4]]);
//!     let x = x.mapv(|number| number as f32);                     // as a model takes it
//!     let error = npy::read::<f32, remat::ndarray::Ix2>(&path).unwrap_err();
//!     assert!(error.to_string().contains("must be an array of `f32` but is one of `i64`"));
//!     # std::fs::remove_file(&path)?;
//!     Ok(())
//! }
//! ```
//!
//! From an archive that `np.savez_compressed("digits.npz", x = x, label = label)` wrote:
//!
//! ```no_run
//! # use remat::data::{Arrays, npy};
//! # use remat::ndarray::{Array1, Array2};
//! # fn main() -> Result<(), remat::Error> {
//! let x: Array2<f32> = npy::read_npz("digits.npz", "x")?;
//! let label: Array1<i64> = npy::read_npz("digits.npz", "label")?;
//! let data = Arrays::new((x, label.mapv(|label| label as u32)))?;
//! # Ok(())
//! # }
//! ```

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::DeflateDecoder;
use ndarray::{Array, Dimension, IxDyn, ShapeBuilder};
use ndarray_npy::ReadableElement;
use ndarray_npy::npy::header::Header;
use rawzip::{
    CompressionMethod, FileReader, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, RECOMMENDED_BUFFER_SIZE, ZipArchive,
};

use super::source::{Source, count, listed, quoted};
use crate::error::Error;

/// A type of numbers that NumPy's files hold: `bool`, integers of 8 to 64 bits, `f32` or `f64`.
pub trait Element: Sized {
    /// What NumPy calls it, without the order of bytes.
    #[doc(hidden)]
    const DESCR: &'static str;

    /// The numbers of these bytes, which are whole numbers of them.
    #[doc(hidden)]
    fn decode(bytes: &[u8], header: &Header) -> Result<Vec<Self>, String>;
}

macro_rules! elements {
    ($($kind:ident $descr:literal),*) => {
        $(impl Element for $kind {
            const DESCR: &'static str = $descr;

            fn decode(bytes: &[u8], header: &Header) -> Result<Vec<Self>, String> {
                let count = bytes.len() / size_of::<Self>();
                Self::read_to_end_exact_vec(bytes, &header.type_descriptor, count).map_err(|error| error.to_string())
            }
        })*

        /// Types, and what NumPy calls them.
        const NAMES: &[(&str, &str)] = &[$(($descr, stringify!($kind))),*];
    };
}
elements!(
    bool "b1", i8 "i1", i16 "i2", i32 "i4", i64 "i8", u8 "u1", u16 "u2", u32 "u4", u64 "u8", f32 "f4", f64 "f8"
);

/// The array of an `.npy` file, of this type and number of axes: `let x: Array2<f32> = npy::read("x.npy")?;`.
///
/// # Errors
/// [`Error::Data`] for an array of another type or number of axes, or a file that is none, or is cut off, damaged, or
/// longer than it says; [`Error::File`].
pub fn read<T: Element, D: Dimension>(path: impl AsRef<Path>) -> Result<Array<T, D>, Error> {
    array(Source::open(path.as_ref())?)
}

/// The array of this name in an `.npz` file, of this type and number of axes.
///
/// # Errors
/// As [`read`]; [`Error::Data`] if there is none of this name.
pub fn read_npz<T: Element, D: Dimension>(path: impl AsRef<Path>, name: &str) -> Result<Array<T, D>, Error> {
    let path = path.as_ref();
    let archive = Archive::open(path)?;
    let (mut found, mut names) = (None, Vec::new());
    archive.each(|entry| {
        let entry_name = entry.file_path();
        let entry_name = entry_name.as_bytes();
        // The last of a name counts, as in Python.
        if stem(entry_name) == name.as_bytes() || entry_name == name.as_bytes() {
            found = Some((entry.wayfinder(), entry.compression_method()));
        } else if found.is_none() {
            names.push(String::from_utf8_lossy(stem(entry_name)).into_owned());
        }
    })?;
    let Some((wayfinder, method)) = found else {
        return Err(Error::Data {
            place: path.display().to_string(),
            expected: format!("an archive that holds {}", quoted(name.as_bytes())),
            found: format!("one that holds {}", listed(names)),
        });
    };
    let entry = archive.zip.get_entry(wayfinder).map_err(|error| broken(path, error))?;
    let reader: Box<dyn Read + '_> = match method {
        CompressionMethod::STORE => Box::new(entry.verifying_reader(entry.reader())),
        CompressionMethod::DEFLATE => Box::new(entry.verifying_reader(DeflateDecoder::new(entry.reader()))),
        other => {
            let found = other.name().map_or(format!("of method {}", other.as_u16()), str::to_owned);
            let place = format!("the compression of {} in {}", quoted(name.as_bytes()), path.display());
            return Err(Error::Data { place, expected: String::from("none or deflate"), found });
        }
    };
    let place = format!("{} in {}", quoted(name.as_bytes()), path.display());
    array(Source::new(path, place, reader, None))
}

/// The names of the arrays in an `.npz` file.
///
/// # Errors
/// [`Error::Data`] for a file that is none, or is cut off or longer than it says; [`Error::File`].
pub fn npz_names(path: impl AsRef<Path>) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    Archive::open(path.as_ref())?.each(|entry| {
        names.push(String::from_utf8_lossy(stem(entry.file_path().as_bytes())).into_owned());
    })?;
    Ok(names)
}

/// A name of a file as NumPy says it.
fn stem(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".npy").unwrap_or(name)
}

/// An `.npz` file.
struct Archive<'a> {
    path: &'a Path,
    zip: ZipArchive<FileReader>,
}

impl<'a> Archive<'a> {
    fn open(path: &'a Path) -> Result<Self, Error> {
        let failed = |error| Error::file(path, "read", &error);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let zip = ZipArchive::from_file(file, &mut vec![0; RECOMMENDED_BUFFER_SIZE])
            .map_err(|error| broken(path, error))?;
        if zip.end_offset() != bytes {
            return Err(Error::Data {
                place: path.display().to_string(),
                expected: format!("an archive that ends after its {} bytes", zip.end_offset()),
                found: format!("{bytes} bytes long"),
            });
        }
        Ok(Self { path, zip })
    }

    /// What stands in its directory.
    fn each(&self, mut see: impl FnMut(&rawzip::ZipFileHeaderRecord<'_>)) -> Result<(), Error> {
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let mut entries = self.zip.entries(&mut buffer);
        let mut count = 0;
        while let Some(entry) = entries.next_entry().map_err(|error| broken(self.path, error))? {
            see(&entry);
            count += 1;
        }
        if count != self.zip.entries_hint() {
            return Err(Error::Data {
                place: self.path.display().to_string(),
                expected: format!("an archive of {} arrays, as it says", self.zip.entries_hint()),
                found: format!("one of {count}"),
            });
        }
        Ok(())
    }
}

/// An archive that can't be read.
fn broken(path: &Path, error: rawzip::Error) -> Error {
    match error.into_kind() {
        rawzip::ErrorKind::IO(error) => Error::file(path, "read", &error),
        kind => Error::Data {
            place: path.display().to_string(),
            expected: String::from("a whole `.npz` archive"),
            found: format!("none: {}", kind.to_string().to_lowercase()),
        },
    }
}

/// What an array begins with.
const MAGIC: &[u8] = b"\x93NUMPY";

/// The most bytes of a header, as in NumPy.
const LONGEST: usize = 10_000;

/// The most brackets of a header: one of numbers has two pairs.
const BRACKETS: usize = 8;

fn array<T: Element, D: Dimension>(mut source: Source<'_>) -> Result<Array<T, D>, Error> {
    let header = header(&mut source)?;
    let descr = header.type_descriptor.to_string();
    let descr = descr.trim_matches('\'');
    if descr.trim_start_matches(['<', '>', '|']) != T::DESCR {
        let expected = format!("an array of {}", name(T::DESCR));
        return Err(source.error(expected, format!("one of {}", name(descr))));
    }
    if let Some(axes) = D::NDIM.filter(|axes| *axes != header.shape.len()) {
        let expected = format!("an array of {axes} axes");
        return Err(source.error(expected, format!("one of shape {:?}", header.shape)));
    }
    let Some(count) = count(&header.shape, size_of::<T>()) else {
        let expected = "an array that can be addressed";
        return Err(source.error(expected, format!("one of shape {:?}", header.shape)));
    };
    let place = source.place().to_owned();
    let numbers = source.numbers(count, size_of::<T>(), |bytes, numbers| {
        numbers.append(&mut T::decode(bytes, &header).map_err(|error| Error::Data {
            place: place.clone(),
            expected: format!("an array of {}", name(T::DESCR)),
            found: format!("none: {error}"),
        })?);
        Ok(())
    })?;
    Array::from_shape_vec(IxDyn(&header.shape).set_f(header.layout.is_fortran()), numbers)
        .and_then(Array::into_dimensionality)
        .map_err(|error| Error::internal(error.to_string()))
}

/// What stands before the numbers.
///
/// Who parses it gets as much memory as it says it is long, and takes twice the time for each bracket inside of another:
/// so both are looked at before.
fn header(source: &mut Source<'_>) -> Result<Header, Error> {
    let mut bytes = source.header(MAGIC.len() + 4)?;
    if !bytes.starts_with(MAGIC) {
        let found = format!("a file that begins with {}", quoted(&bytes));
        return Err(source.error("an array of NumPy", found));
    }
    let version = (bytes[6], bytes[7]);
    let length = match version {
        (1, 0) => usize::from(bytes[8]) | usize::from(bytes[9]) << 8,
        (2 | 3, 0) => {
            bytes.extend(source.header(2)?);
            bytes[8..].iter().rfold(0, |length, byte| length << 8 | usize::from(*byte))
        }
        (major, minor) => {
            let found = format!("of {major}.{minor}");
            return Err(source.error("of NumPy's format 1.0, 2.0 or 3.0", found));
        }
    };
    if length > LONGEST {
        let expected = format!("an array with a header of at most {LONGEST} bytes");
        return Err(source.error(expected, format!("one with a header of {length} bytes")));
    }
    let start = bytes.len();
    bytes.extend(source.header(length)?);
    let text = bytes[start..].trim_ascii();
    let brackets = text.iter().filter(|byte| b"([{".contains(byte)).count();
    let parsed = if brackets > BRACKETS { None } else { Header::from_reader(&mut &bytes[..]).ok() };
    parsed.ok_or_else(|| {
        let expected = "an array of numbers with a header `{'descr': …, 'fortran_order': …, 'shape': …}`";
        source.error(expected, format!("one with the header {}", quoted(text)))
    })
}

/// A type, by NumPy's name.
fn name(descr: &str) -> String {
    let plain = descr.trim_start_matches(['<', '>', '|']);
    match NAMES.iter().find(|(known, _)| *known == plain) {
        Some((_, name)) => format!("`{name}`"),
        None => format!("NumPy's type {}", quoted(descr.as_bytes())),
    }
}

#[cfg(test)]
mod tests;

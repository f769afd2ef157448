//! IDX files: arrays of numbers, as those of MNIST (LeCun, Cortes, Burges).
//!
//! A file is two bytes of 0, the code of a type, the number of axes, their lengths, and the numbers, all with the highest
//! byte first. One that is gzip'd is unpacked.
//!
//! ```
//! use remat::data::{Arrays, idx};
//! use remat::ndarray::array;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let folder = std::env::temp_dir().join("remat-example-idx");
//!     std::fs::create_dir_all(&folder)?;
//!     std::fs::write(folder.join("t10k-images-idx3-ubyte"), b"\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02\x00\xff\x33\x00")?;
//!     std::fs::write(folder.join("t10k-labels-idx1-ubyte"), b"\0\0\x08\x01\0\0\0\x02\x07\x02")?;
//!
//!     let (images, labels) = idx::mnist(&folder, "t10k")?;
//!     assert_eq!(images, array![[0.0, 1.0], [0.2, 0.0]]);         // 1 x 2 pixels each, of MNIST 28 x 28
//!     assert_eq!(labels, array![7, 2]);
//!     let test = Arrays::new((images, labels))?;
//!
//!     // Any such file, as the type that it holds:
//!     let bytes = idx::read::<u8>(folder.join("t10k-images-idx3-ubyte"))?;
//!     assert_eq!(bytes.shape(), [2, 1, 2]);
//!     # std::fs::remove_dir_all(&folder)?;
//!     Ok(())
//! }
//! ```

use std::path::{Path, PathBuf};

use ndarray::{Array, Array1, Array2, ArrayD, Dimension, Ix1, Ix3};

use super::source::{Source, count};
use crate::error::Error;

/// A type of numbers that an IDX file holds: `u8`, `i8`, `i16`, `i32`, `f32` or `f64`.
pub trait Element: Copy {
    /// What a file calls it.
    #[doc(hidden)]
    const CODE: u8;

    /// The number of these bytes, the highest first.
    #[doc(hidden)]
    fn from_bytes(bytes: &[u8]) -> Self;
}

/// What each code stands for.
const NAMES: [(u8, &str); 6] =
    [(0x08, "u8"), (0x09, "i8"), (0x0b, "i16"), (0x0c, "i32"), (0x0d, "f32"), (0x0e, "f64")];

macro_rules! element {
    ($($kind:ident $code:literal),*) => {$(
        impl Element for $kind {
            const CODE: u8 = $code;

            fn from_bytes(bytes: &[u8]) -> Self {
                bytes.first_chunk().map_or(Default::default(), |bytes| Self::from_be_bytes(*bytes))
            }
        }
    )*};
}
element!(u8 0x08, i8 0x09, i16 0x0b, i32 0x0c, f32 0x0d, f64 0x0e);

/// The array of a file, which must hold numbers of this type.
///
/// # Errors
/// [`Error::Data`] for a file of another type, or that is none, or is cut off, damaged, or longer than it says;
/// [`Error::File`].
pub fn read<T: Element>(path: impl AsRef<Path>) -> Result<ArrayD<T>, Error> {
    let mut source = Source::open(path.as_ref())?;
    let head = source.header(4)?;
    let [0, 0, code, axes] = *head else {
        let expected = "an IDX file, which begins with two bytes of 0";
        return Err(source.error(expected, format!("one that begins with {:#04x} {:#04x}", head[0], head[1])));
    };
    if code != T::CODE {
        return Err(
            source.error(format!("an IDX file of {}", name(T::CODE)), format!("one of {}", name(code)))
        );
    }
    let axes: Vec<usize> = source
        .header(4 * usize::from(axes))?
        .chunks_exact(4)
        .map(|axis| axis.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
        .collect();
    let Some(count) = count(&axes, size_of::<T>()) else {
        return Err(source.error("an array that can be addressed", format!("one of shape {axes:?}")));
    };
    let numbers = source.numbers(count, size_of::<T>(), |bytes, numbers| {
        numbers.extend(bytes.chunks_exact(size_of::<T>()).map(T::from_bytes));
        Ok(())
    })?;
    ArrayD::from_shape_vec(axes, numbers).map_err(|error| Error::internal(error.to_string()))
}

/// A type, by its code.
fn name(code: u8) -> String {
    match NAMES.iter().find(|(known, _)| *known == code) {
        Some((_, name)) => format!("`{name}`"),
        None => format!("a type of the unknown code {code:#04x}"),
    }
}

/// Images and labels from a folder as MNIST comes in: images in rows of numbers from 0 to 1,
/// `[n, 28 * 28]`, and labels, `[n]`.
///
/// `part` is what the names of the files begin with, `train` or `t10k`: `train-images-idx3-ubyte` and
/// `train-labels-idx1-ubyte`, with or without `.gz`, or with a dot before `idx`. So Fashion-MNIST and EMNIST are read too.
///
/// # Errors
/// Those of [`read`]; [`Error::Data`] if there are not as many labels as images.
pub fn mnist(folder: impl AsRef<Path>, part: &str) -> Result<(Array2<f32>, Array1<u32>), Error> {
    let images_path = find(folder.as_ref(), part, "images", 3);
    let labels_path = find(folder.as_ref(), part, "labels", 1);
    let (images, labels) = (of_axes::<Ix3>(&images_path)?, of_axes::<Ix1>(&labels_path)?);
    let (count, height, width) = images.dim();
    if labels.len() != count {
        return Err(Error::Data {
            place: labels_path.display().to_string(),
            expected: format!("of {count} labels, as many as there are images"),
            found: format!("of {}", labels.len()),
        });
    }
    let images = images
        .into_shape_with_order((count, height * width))
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok((images.mapv(|pixel| f32::from(pixel) / 255.0), labels.mapv(u32::from)))
}

/// The first of the names of these files that is there, or that which they have had from the beginning.
fn find(folder: &Path, part: &str, what: &str, axes: usize) -> PathBuf {
    let names = ["-", "."].map(|dot| folder.join(format!("{part}-{what}{dot}idx{axes}-ubyte")));
    let packed = names.each_ref().map(|name| name.with_added_extension("gz"));
    names.iter().chain(&packed).find(|path| path.is_file()).unwrap_or(&names[0]).clone()
}

fn of_axes<D: Dimension>(path: &Path) -> Result<Array<u8, D>, Error> {
    let array = read::<u8>(path)?;
    let found = format!("one of shape {:?}", array.shape());
    array.into_dimensionality().map_err(|_| Error::Data {
        place: path.display().to_string(),
        expected: format!("an array of {} axes", D::NDIM.unwrap_or_default()),
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::temporary::{Temporary, packed, without_fix};

    /// A file of these axes and as many bytes, 0, 1, 2, …
    fn bytes(axes: &[u32], count: u8) -> Vec<u8> {
        let axes_bytes = axes.iter().flat_map(|axis| axis.to_be_bytes());
        [0, 0, 8, axes.len() as u8].into_iter().chain(axes_bytes).chain(0..count).collect()
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_or_goes_on_is_refused() {
        let file = Temporary::new("idx-cut");
        let whole = bytes(&[2, 3], 6);
        assert_eq!(file.with(&whole, read::<u8>).unwrap().shape(), [2, 3]);
        let said = |bytes: &[u8]| file.with(bytes, read::<u8>).unwrap_err();
        for length in 0..whole.len() {
            let needed = match length {
                0..4 => "at least 4 bytes long for its header",
                4..12 => "at least 12 bytes long for its header",
                _ => "18 bytes long by its header",
            };
            assert_eq!(said(&whole[..length]), format!("FILE must be {needed} but is {length} bytes long"));
        }
        let long = [&whole[..], &[0, 0]].concat();
        assert_eq!(said(&long), "FILE must be 18 bytes long by its header but is 20 bytes long");

        let gzip = packed(&whole);
        assert_eq!(file.with(&gzip, read::<u8>).unwrap().shape(), [2, 3]);
        for length in 0..gzip.len() {
            said(&gzip[..length]);
        }
        assert_eq!(said(&gzip[..gzip.len() - 1]), "FILE (unpacked) must be whole but is cut off");
        assert_eq!(said(&packed(&long)), "FILE (unpacked) must be 18 bytes long by its header but is longer");
        assert_eq!(
            said(&packed(&whole[..15])),
            "FILE (unpacked) must be 18 bytes long by its header but is 15 bytes long"
        );
        assert!(said(&[&gzip[..], b"more"].concat()).starts_with("FILE (unpacked) must be whole but is "));
        // Several one after the other are one, as `cat` makes them.
        let two = [packed(&whole[..7]), packed(&whole[7..])].concat();
        assert_eq!(file.with(&two, read::<u8>).unwrap().shape(), [2, 3]);
    }

    #[test]
    fn every_byte_of_a_packed_file_is_checked() {
        let file = Temporary::new("idx-changed");
        let whole = packed(&bytes(&[2, 3], 6));
        let array = file.with(&whole, read::<u8>).unwrap();
        for at in 0..whole.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= change;
                // Some bits, as those of a time, say nothing of what is packed.
                match file.with(&changed, read::<u8>) {
                    Ok(other) => assert_eq!(other, array, "byte {at}"),
                    Err(error) => assert!(error.starts_with("FILE"), "{error}"),
                }
            }
        }
    }

    #[test]
    fn headers_that_lie_are_refused_with_what_they_lie_about() {
        let file = Temporary::new("idx-lies");
        let said = |bytes: &[u8]| file.with(bytes, read::<u8>).unwrap_err();
        let addressed = "FILE must be an array that can be addressed but is one of shape ";
        for axes in [&[u32::MAX; 3][..], &[u32::MAX; 255], &[0, u32::MAX, u32::MAX, u32::MAX]] {
            assert_eq!(said(&bytes(axes, 6)), format!("{addressed}{axes:?}"));
        }
        let long = |count: u64| format!("{count} bytes long by its header");
        assert_eq!(
            said(&bytes(&[u32::MAX], 6)),
            format!("FILE must be {} but is 14 bytes long", long(8 + u64::from(u32::MAX)))
        );
        assert_eq!(
            said(&packed(&bytes(&[u32::MAX], 6))),
            format!("FILE (unpacked) must be {} but is 14 bytes long", long(8 + u64::from(u32::MAX)))
        );
        let type_of = |code| [&[0, 0, code], &bytes(&[6], 6)[3..]].concat();
        assert_eq!(said(&type_of(0x0d)), "FILE must be an IDX file of `u8` but is one of `f32`");
        assert_eq!(
            said(&type_of(0x0a)),
            "FILE must be an IDX file of `u8` but is one of a type of the unknown code 0x0a"
        );
        assert_eq!(
            said(b"some text"),
            "FILE must be an IDX file, which begins with two bytes of 0 but is one that begins with 0x73 0x6f"
        );
        assert_eq!(file.with(&bytes(&[], 1), read::<u8>).unwrap(), ndarray::arr0(0).into_dyn());
        assert_eq!(file.with(&bytes(&[3, 0], 0), read::<u8>).unwrap().shape(), [3, 0]);
    }

    #[test]
    fn sets_whose_files_do_not_fit_together_or_are_not_there_are_told() {
        let folder = Temporary::new("idx-mnist");
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        let said = || {
            let error = mnist(folder.path(), "train").unwrap_err();
            let said = error.to_string().replace(&folder.path().display().to_string(), "FOLDER");
            without_fix(&error, said)
        };
        std::fs::create_dir_all(folder.path()).unwrap();
        assert!(said().starts_with("could not read FOLDER/train-images-idx3-ubyte: "), "{}", said());
        write("train-images.idx3-ubyte", &bytes(&[2, 3], 6));
        write("train-labels.idx1-ubyte.gz", &packed(&bytes(&[3], 3)));
        let axes = "must be an array of 3 axes but is one of shape [2, 3]";
        assert_eq!(said(), format!("FOLDER/train-images.idx3-ubyte {axes}"));
        write("train-images-idx3-ubyte", &bytes(&[2, 3, 1], 6));
        let labels = "must be of 2 labels, as many as there are images but is of 3";
        assert_eq!(said(), format!("FOLDER/train-labels.idx1-ubyte.gz {labels}"));
        std::fs::remove_dir_all(folder.path()).unwrap();
    }
}

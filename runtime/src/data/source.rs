//! Bytes of a file, plain or gzip'd, from its beginning to its end.
//!
//! A header may say anything. So no more memory is asked for than the bytes that have come fill, doubled, and where the
//! length of a file is known, none before it agrees with the header.

use std::fmt::Display;
use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::Error;

/// What a gzip'd file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Characters of a file that a message quotes.
const QUOTED: usize = 60;

/// A file, or what is packed in it.
pub(super) struct Source<'a> {
    path: &'a Path,
    /// How messages call it.
    place: String,
    reader: Box<dyn Read + 'a>,
    /// How many bytes it has, where that is known before they are read.
    len: Option<u64>,
    /// How many bytes have been read.
    read: u64,
}

impl<'a> Source<'a> {
    /// A file, unpacked if it begins as a gzip'd one does, whatever its name.
    pub(super) fn open(path: &'a Path) -> Result<Self, Error> {
        let failed = |error| Error::file(path, "read", &error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        // A pipe is read as a file is, but says nothing of its length.
        let len = metadata.is_file().then_some(metadata.len());
        let mut head = Vec::new();
        (&file).take(GZIP.len() as u64).read_to_end(&mut head).map_err(failed)?;
        let packed = head == GZIP;
        let whole = Cursor::new(head).chain(file);
        Ok(if packed {
            let place = format!("{} (unpacked)", path.display());
            Self::new(path, place, Box::new(MultiGzDecoder::new(whole)), None)
        } else {
            Self::new(path, path.display().to_string(), Box::new(whole), len)
        })
    }

    /// What `reader` reads from a part of a file.
    pub(super) fn new(path: &'a Path, place: String, reader: Box<dyn Read + 'a>, len: Option<u64>) -> Self {
        Self { path, place, reader, len, read: 0 }
    }

    /// The next `count` bytes, which belong to a header.
    pub(super) fn header(&mut self, count: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; count];
        let start = self.read;
        if self.fill(&mut bytes)? < count {
            let expected = format!("at least {} bytes long for its header", start + count as u64);
            return Err(self.error(expected, format!("{} bytes long", self.read)));
        }
        Ok(bytes)
    }

    /// All that is left: `count` numbers of `width` bytes each, which fit in the address space. `decode` appends those
    /// that stand in some bytes.
    pub(super) fn numbers<T>(
        &mut self,
        count: usize,
        width: usize,
        decode: impl Fn(&[u8], &mut Vec<T>) -> Result<(), Error>,
    ) -> Result<Vec<T>, Error> {
        let bytes = count * width;
        let end = self.read + bytes as u64;
        if let Some(len) = self.len.filter(|len| *len != end) {
            return Err(self.other_length(end, format!("{len} bytes long")));
        }
        let most = CHUNK / width;
        let mut chunk = vec![0; width * count.min(most)];
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let left = count - numbers.len();
            let part = &mut chunk[..width * left.min(most)];
            if self.fill(part)? < part.len() {
                return Err(self.other_length(end, format!("{} bytes long", self.read)));
            }
            if numbers.capacity() - numbers.len() < left.min(most) {
                let doubled = if self.len.is_some() { left } else { left.min(most.max(numbers.len())) };
                numbers.try_reserve_exact(doubled).map_err(|error| Error::File {
                    path: self.path.to_owned(),
                    action: "read",
                    message: format!("its {bytes} bytes do not fit in memory: {error}"),
                })?;
            }
            decode(part, &mut numbers)?;
        }
        // What is packed has its checksum behind its last byte.
        if self.fill(&mut [0])? > 0 {
            return Err(self.other_length(end, String::from("longer")));
        }
        Ok(numbers)
    }

    /// Reads until `buffer` is full or there is no more, and says how many bytes that were.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        self.read += filled as u64;
        Ok(filled)
    }

    /// Passes over these bytes if the source begins with them.
    pub(super) fn strip(&mut self, prefix: &[u8]) -> Result<(), Error> {
        let mut head = vec![0; prefix.len()];
        let count = self.fill(&mut head)?;
        head.truncate(count);
        if head != prefix {
            let rest = std::mem::replace(&mut self.reader, Box::new(std::io::empty()));
            self.reader = Box::new(Cursor::new(head).chain(rest));
        }
        Ok(())
    }

    /// The rest as another's to read, and what its errors are.
    pub(super) fn into_reader(self) -> (Box<dyn Read + 'a>, impl Fn(&std::io::Error) -> Error) {
        let Self { path, place, reader, .. } = self;
        (reader, move |error: &std::io::Error| failed(path, &place, error))
    }

    /// An error of reading.
    fn failed(&self, error: &std::io::Error) -> Error {
        failed(self.path, &self.place, error)
    }

    /// How messages call it.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// What the source should be, and is.
    pub(super) fn error(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::Data { place: self.place.clone(), expected: expected.into(), found: found.into() }
    }

    fn other_length(&self, expected: u64, found: String) -> Error {
        self.error(format!("{expected} bytes long by its header"), found)
    }
}

/// Errors of the system have a number; others are of those who unpack, who have read what they can't.
fn failed(path: &Path, place: &str, error: &std::io::Error) -> Error {
    if error.raw_os_error().is_some() {
        return Error::file(path, "read", error);
    }
    let found = match error.kind() {
        ErrorKind::UnexpectedEof => String::from("cut off"),
        _ => format!("damaged: {error}"),
    };
    Error::Data { place: place.to_owned(), expected: String::from("whole"), found }
}

/// How many numbers of `width` bytes an array of these axes holds, if they fit in the address space.
pub(super) fn count(axes: &[usize], width: usize) -> Option<usize> {
    // `ndarray` asks the same of the other axes where one is 0.
    let bytes =
        axes.iter().filter(|axis| **axis > 0).try_fold(width, |bytes, axis| bytes.checked_mul(*axis))?;
    isize::try_from(bytes).ok().map(|_| axes.iter().product())
}

/// A part of a file in a message: not all of it if it is long.
pub(super) fn quoted(bytes: &[u8]) -> String {
    // No character takes more than 4 bytes.
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * QUOTED)]);
    let mut quoted = String::from("`");
    for char in text.chars().take(QUOTED) {
        if char.is_control() {
            quoted.extend(char.escape_default());
        } else {
            quoted.push(char);
        }
    }
    quoted + if text.chars().count() > QUOTED { "…`" } else { "`" }
}

/// Names in a message: not all of them if they are many.
pub(super) fn listed<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    let mut names = names.into_iter();
    let some: Vec<String> = names.by_ref().take(10).map(|name| quoted(name.to_string().as_bytes())).collect();
    match (some.as_slice(), names.count()) {
        ([], _) => String::from("none"),
        (some, 0) => some.join(", "),
        (some, more) => format!("{} and {more} more", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_do_not_fit_are_none_whichever_axis_is_0() {
        assert_eq!(count(&[], 4), Some(1));
        assert_eq!(count(&[2, 3, 4], 8), Some(24));
        assert_eq!(count(&[usize::MAX, 0], 1), None, "`ndarray` refuses it");
        assert_eq!(count(&[0, 1 << 40, 1 << 40], 1), None);
        assert_eq!(count(&[1 << 40, 1 << 40, 0], 1), None);
        assert_eq!(count(&[usize::MAX / 2], 1), Some(usize::MAX / 2));
        assert_eq!(count(&[usize::MAX / 2], 2), None);
        assert_eq!(count(&[5, 0], 8), Some(0));
    }

    #[test]
    fn quotes_are_short_and_of_one_line() {
        assert_eq!(quoted(b"one\ntwo\0"), "`one\\ntwo\\u{0}`");
        assert_eq!(quoted("ü".repeat(60).as_bytes()), format!("`{}`", "ü".repeat(60)));
        assert_eq!(quoted("ü".repeat(61).as_bytes()), format!("`{}…`", "ü".repeat(60)));
        assert_eq!(quoted(&[0x93; 300]), format!("`{}…`", "\u{fffd}".repeat(60)));
        assert_eq!(listed(Vec::<String>::new()), "none");
        assert_eq!(listed(["a", "b"]), "`a`, `b`");
        assert!(listed(0..12).ends_with("`9` and 2 more"));
    }
}

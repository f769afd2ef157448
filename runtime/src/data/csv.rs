//! CSV files: columns of numbers, and one of labels.
//!
//! ```
//! use remat::data::Arrays;
//! use remat::data::csv::Csv;
//! use remat::ndarray::array;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let path = std::env::temp_dir().join("remat-example.csv");
//!     std::fs::write(&path, "length,width,kind\n5.1,3.5,0\n6.2,2.9,1\n")?;
//!
//!     let iris = Csv::new(&path);
//!     let (x, label) = iris.labelled(.., "kind")?;                // all other columns, and this one
//!     assert_eq!((&x, &label), (&array![[5.1, 3.5], [6.2, 2.9]], &array![0, 1]));
//!     let data = Arrays::new((x, label))?;
//!
//!     assert_eq!(iris.numbers(["width"])?, array![[3.5], [2.9]]);
//!     assert_eq!(iris.numbers(0..2)?.shape(), [2, 2]);            // by index, from 0
//!
//!     std::fs::write(&path, "5.1\t3.5\n6.2\tnarrow\n")?;
//!     let error = Csv::new(&path).header(false).delimiter(b'\t').numbers(..).unwrap_err();
//!     let said = "line 2, column 2 must be a number but is `narrow` -- mend it, or give other data";
//!     assert!(error.to_string().ends_with(said));
//!     # std::fs::remove_file(&path)?;
//!     Ok(())
//! }
//! ```

mod lines;

use std::io::Read;
use std::ops::{Range, RangeFrom, RangeFull, RangeTo};
use std::path::PathBuf;
use std::str::FromStr;

use ::csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use ndarray::{Array1, Array2};

use self::lines::Lines;
use super::source::{Source, listed, quoted};
use crate::error::Error;

/// What some programs begin a text in UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A CSV file, and how it is written: values may be in quotes and have spaces around them, every line has as many, and
/// empty lines are nothing. It may be gzip'd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csv {
    path: PathBuf,
    header: bool,
    delimiter: u8,
}

/// A column: by its name in the first line, or by its index from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By name.
    Name(String),
    /// By index, from 0.
    Index(usize),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for Column {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Some columns, in an order: `..` for all (but that of labels), a range of indices, or an array of names or indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Selected);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Selected {
    All,
    From(usize),
    Range(Range<usize>),
    These(Vec<Column>),
}

impl From<RangeFull> for Selection {
    fn from(_: RangeFull) -> Self {
        Self(Selected::All)
    }
}

impl From<RangeFrom<usize>> for Selection {
    fn from(range: RangeFrom<usize>) -> Self {
        Self(Selected::From(range.start))
    }
}

impl From<Range<usize>> for Selection {
    fn from(range: Range<usize>) -> Self {
        Self(Selected::Range(range))
    }
}

impl From<RangeTo<usize>> for Selection {
    fn from(range: RangeTo<usize>) -> Self {
        Self(Selected::Range(0..range.end))
    }
}

impl<T: Into<Column>> From<Vec<T>> for Selection {
    fn from(columns: Vec<T>) -> Self {
        Self(Selected::These(columns.into_iter().map(Into::into).collect()))
    }
}

impl<T: Into<Column>, const N: usize> From<[T; N]> for Selection {
    fn from(columns: [T; N]) -> Self {
        Self(Selected::These(columns.into_iter().map(Into::into).collect()))
    }
}

impl Csv {
    /// A file whose first line names its columns, with commas between values. Nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), header: true, delimiter: b',' }
    }

    /// Whether the first line names the columns.
    #[must_use]
    pub fn header(self, header: bool) -> Self {
        Self { header, ..self }
    }

    /// What stands between values, as `b';'` or `b'\t'`.
    #[must_use]
    pub fn delimiter(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    /// The names of the columns; none without a header.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that is damaged; [`Error::File`].
    pub fn names(&self) -> Result<Vec<String>, Error> {
        Ok(self.open()?.names)
    }

    /// These columns, a row for each line.
    ///
    /// # Errors
    /// [`Error::Data`] for a column that is not there, a line of another number of values than the first, and a value that
    /// is not a finite number, with its line and column counted from 1; [`Error::File`].
    pub fn numbers(&self, columns: impl Into<Selection>) -> Result<Array2<f32>, Error> {
        self.open()?.read(&columns.into(), None).map(|(numbers, _)| numbers)
    }

    /// These columns, a row for each line, and a column of labels, which are whole numbers from 0.
    ///
    /// # Errors
    /// As [`numbers`](Self::numbers).
    pub fn labelled(
        &self,
        columns: impl Into<Selection>,
        label: impl Into<Column>,
    ) -> Result<(Array2<f32>, Array1<u32>), Error> {
        self.open()?.read(&columns.into(), Some(&label.into()))
    }

    fn open(&self) -> Result<Table<'_>, Error> {
        let mut source = Source::open(&self.path)?;
        source.strip(BYTE_ORDER_MARK)?;
        let place = source.place().to_owned();
        let (reader, failed) = source.into_reader();
        let lines = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .buffer_capacity(1 << 16)
            .from_reader(Lines::new(reader));
        let mut table =
            Table { place, lines, failed: Box::new(failed), names: Vec::new(), line: ByteRecord::new() };
        if !table.next()? {
            return Err(table.error("of at least one line", String::from("empty")));
        }
        if self.header {
            let name = |name: &[u8]| String::from_utf8_lossy(name.trim_ascii()).into_owned();
            table.names = table.line.iter().map(name).collect();
        }
        Ok(table)
    }
}

/// A file whose first line has been read.
struct Table<'a> {
    /// How messages call it.
    place: String,
    lines: Reader<Lines<Box<dyn Read + 'a>>>,
    /// What an error of its bytes is.
    failed: Box<dyn Fn(&std::io::Error) -> Error + 'a>,
    /// What the first line says, if it is a header.
    names: Vec<String>,
    line: ByteRecord,
}

impl Table<'_> {
    /// Reads a line, of as many values as the one before if there is one; `false` if there is none.
    fn next(&mut self) -> Result<bool, Error> {
        let width = self.line.len();
        let any = self.lines.read_byte_record(&mut self.line).map_err(|error| match error.into_kind() {
            ErrorKind::Io(error) => (self.failed)(&error),
            other => Error::internal(format!("{other:?}")),
        })?;
        if any && width > 0 && self.line.len() != width {
            return Err(Error::Data {
                place: format!("{}, line {}", self.place, self.number_of_line()),
                expected: format!("of {width} values, as many as the first has"),
                found: format!("of {}", self.line.len()),
            });
        }
        Ok(any)
    }

    /// Where the line begins, counted from 1. What the reader says of it is where the one before has ended, with empty
    /// lines to come.
    fn number_of_line(&self) -> u64 {
        let inside = self.line.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        // The end of a line is counted with it, unless it is in quotes that nothing closes.
        let ends = u64::from(!self.lines.get_ref().ran_out());
        self.lines.position().line().saturating_sub(ends + inside)
    }

    fn read(
        &mut self,
        columns: &Selection,
        label: Option<&Column>,
    ) -> Result<(Array2<f32>, Array1<u32>), Error> {
        let label = label.map(|label| self.index(label)).transpose()?;
        let columns = self.indices(columns, label)?;
        let (mut numbers, mut labels, mut rows) = (Vec::new(), Vec::new(), 0);
        let mut any = self.names.is_empty() || self.next()?;
        while any {
            for column in &columns {
                numbers.push(self.number(*column)?);
            }
            if let Some(column) = label {
                labels.push(self.label(column)?);
            }
            rows += 1;
            any = self.next()?;
        }
        let numbers = Array2::from_shape_vec((rows, columns.len()), numbers)
            .map_err(|error| Error::internal(error.to_string()))?;
        Ok((numbers, labels.into()))
    }

    /// Where a column stands.
    fn index(&self, column: &Column) -> Result<usize, Error> {
        match column {
            Column::Index(index) if *index < self.line.len() => Ok(*index),
            Column::Index(index) => Err(self.error(
                format!("a file with a column of index {index}"),
                format!("one of {} columns", self.line.len()),
            )),
            Column::Name(name) => {
                let mut places = self.names.iter().enumerate().filter(|(_, other)| *other == name);
                match (places.next(), places.next()) {
                    (Some((index, _)), None) => Ok(index),
                    (Some(_), Some(_)) => Err(self.error(
                        format!("a file with one column {}", quoted(name.as_bytes())),
                        String::from("one with several"),
                    )),
                    (None, _) => Err(self.error(
                        format!("a file with a column {}", quoted(name.as_bytes())),
                        format!("one whose first line names {}", listed(&self.names)),
                    )),
                }
            }
        }
    }

    /// Where some columns stand.
    fn indices(&self, columns: &Selection, label: Option<usize>) -> Result<Vec<usize>, Error> {
        let width = self.line.len();
        match &columns.0 {
            Selected::All => Ok((0..width).filter(|index| Some(*index) != label).collect()),
            Selected::From(start) => self.index(&Column::Index(*start)).map(|start| (start..width).collect()),
            Selected::Range(range) if range.is_empty() => Ok(Vec::new()),
            // The last is there, so all are.
            Selected::Range(range) => {
                self.index(&Column::Index(range.end - 1)).map(|_| range.clone().collect())
            }
            Selected::These(columns) => columns.iter().map(|column| self.index(column)).collect(),
        }
    }

    fn number(&self, column: usize) -> Result<f32, Error> {
        match self.parsed::<f32>(column) {
            Some(number) if number.is_finite() => Ok(number),
            Some(_) => Err(self.value(column, "a finite number of 32 bits")),
            None => Err(self.value(column, "a number")),
        }
    }

    fn label(&self, column: usize) -> Result<u32, Error> {
        self.parsed(column).ok_or_else(|| self.value(column, "a label, a whole number from 0 to 4294967295"))
    }

    /// A value of this line.
    fn parsed<T: FromStr>(&self, column: usize) -> Option<T> {
        std::str::from_utf8(self.line.get(column)?.trim_ascii()).ok()?.parse().ok()
    }

    /// What a value of this line should be.
    fn value(&self, column: usize, expected: &str) -> Error {
        let name = self.names.get(column).map(|name| format!(" ({})", quoted(name.as_bytes())));
        Error::Data {
            place: format!(
                "{}, line {}, column {}{}",
                self.place,
                self.number_of_line(),
                column + 1,
                name.unwrap_or_default()
            ),
            expected: expected.to_owned(),
            found: match self.line.get(column).map(<[u8]>::trim_ascii) {
                None | Some([]) => String::from("empty"),
                Some(value) => quoted(value),
            },
        }
    }

    fn error(&self, expected: impl Into<String>, found: String) -> Error {
        Error::Data { place: self.place.clone(), expected: expected.into(), found }
    }
}

#[cfg(test)]
mod tests;

//! Data to train on: samples by number, and the batches that they come in.
//!
//! A [`Dataset`] knows how many samples there are and gives any of them as one batch, of the type that a model takes
//! (see [`Trainable::Batch`](crate::model::Trainable::Batch)). A [`Loader`] says which come next: in order, or shuffled
//! anew in each pass; its place is a [`Cursor`] that is saved with a training state, so that
//! a run which is resumed, in the middle of a pass too, gets the samples that it would have got.
//!
//! ```
//! use remat::data::{Arrays, Dataset, Loader};
//! use remat::ndarray::{Array1, Array2};
//!
//! fn main() -> Result<(), remat::Error> {
//!     let x = Array2::from_shape_fn((10, 4), |(i, j)| (i + j) as f32);
//!     let label = Array1::from_shape_fn(10, |i| i as u32 % 3);
//!     let data = Arrays::new((x, label))?;
//!     assert_eq!(data.len(), 10);
//!
//!     let mut loader = Loader::new(&data, 4)?.shuffle(7);
//!     let (x, label) = loader.next_batch()?;
//!     assert_eq!((x.shape(), label.len()), (&[4, 4][..], 4));
//!     // Another loader that shuffles too, at the same place, gives the same: the seed comes with the place.
//!     let mut resumed = Loader::new(&data, 4)?.shuffle(0);
//!     resumed.seek(loader.cursor())?;
//!     assert_eq!(resumed.next_batch()?, loader.next_batch()?);
//!     assert_eq!(resumed.next_batch()?.0.shape(), [2, 4]);        // what is left of the first pass
//!     assert_eq!((resumed.cursor().epoch, resumed.cursor().position), (1, 0));
//!     Ok(())
//! }
//! ```
#![cfg_attr(feature = "files", doc = include_str!("files.md"))]

mod arrays;
#[cfg(feature = "files")]
pub mod csv;
#[cfg(feature = "files")]
pub mod idx;
mod loader;
#[cfg(feature = "npy")]
pub mod npy;
#[cfg(feature = "files")]
mod source;
#[cfg(all(test, feature = "files"))]
mod temporary;
mod windows;

use std::sync::Arc;

use crate::error::Error;

pub use crate::state::Cursor;
pub use arrays::{Arrays, Columns};
pub use loader::{Loader, Prefetched};
pub(crate) use loader::{Source, unless_too_far};
pub use windows::Windows;

/// Samples by number.
///
/// A batch is of the type that a model takes: a tuple of arrays whose first axis are the samples. What is read from a
/// disk, decoded or changed at random is so in [`batch`](Self::batch), which may run on another thread than the step.
pub trait Dataset: Send + Sync {
    /// Some samples together.
    type Batch: Send;

    /// How many samples there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples of these numbers, in this order; a number may come more than once.
    ///
    /// # Errors
    /// [`Error::Argument`] for a number that is not below [`len`](Self::len); [`Error::Data`] or [`Error::File`] for what
    /// can't be read.
    fn batch(&self, samples: &[usize]) -> Result<Self::Batch, Error>;
}

macro_rules! by_reference {
    ($($kind:ty),*) => {$(
        impl<T: Dataset + ?Sized> Dataset for $kind {
            type Batch = T::Batch;

            fn len(&self) -> usize {
                (**self).len()
            }

            fn batch(&self, samples: &[usize]) -> Result<Self::Batch, Error> {
                (**self).batch(samples)
            }
        }
    )*};
}
by_reference!(&T, Box<T>, Arc<T>);

/// That all numbers of samples are below `len`.
pub(crate) fn check_samples(samples: &[usize], len: usize) -> Result<(), Error> {
    match samples.iter().find(|sample| **sample >= len) {
        None => Ok(()),
        Some(sample) => {
            let found = format!("{sample}, of {len} samples");
            Err(Error::argument("samples", "numbers below that of all samples", found))
        }
    }
}

//! Arrays in memory.

use ndarray::{Array, ArrayBase, Axis, Data, RemoveAxis};

use super::{Dataset, check_samples};
use crate::error::Error;

/// A tuple of arrays in memory, each with the samples as first axis: owned ones, shared ones
/// ([`ArcArray`](ndarray::ArcArray)), or views of some that live elsewhere, of any strides.
///
/// A batch is a tuple of as many owned arrays. For a model of one input and no target it is `Arrays::new((x,))`.
#[derive(Clone, Debug)]
pub struct Arrays<T> {
    arrays: T,
    len: usize,
}

/// A tuple of one to eight arrays.
pub trait Columns: Send + Sync {
    /// A tuple of as many owned ones.
    type Batch: Send;

    /// The lengths of their first axes; nothing of those that have none.
    #[doc(hidden)]
    fn lens(&self) -> Vec<Option<usize>>;

    /// These samples, which are there.
    #[doc(hidden)]
    fn gather(&self, samples: &[usize]) -> Self::Batch;
}

macro_rules! columns {
    ($($place:tt: $data:ident $dim:ident),*) => {
        impl<$($data, $dim),*> Columns for ($(ArrayBase<$data, $dim>,)*)
        where $($data: Data<Elem: Clone + Send + Sync> + Send + Sync, $dim: RemoveAxis,)*
        {
            type Batch = ($(Array<$data::Elem, $dim>,)*);

            fn lens(&self) -> Vec<Option<usize>> {
                vec![$(self.$place.shape().first().copied()),*]
            }

            fn gather(&self, samples: &[usize]) -> Self::Batch {
                ($(self.$place.select(Axis(0), samples),)*)
            }
        }
    };
}
columns!(0: A I);
columns!(0: A I, 1: B J);
columns!(0: A I, 1: B J, 2: C K);
columns!(0: A I, 1: B J, 2: C K, 3: E L);
columns!(0: A I, 1: B J, 2: C K, 3: E L, 4: F M);
columns!(0: A I, 1: B J, 2: C K, 3: E L, 4: F M, 5: G N);
columns!(0: A I, 1: B J, 2: C K, 3: E L, 4: F M, 5: G N, 6: H O);
columns!(0: A I, 1: B J, 2: C K, 3: E L, 4: F M, 5: G N, 6: H O, 7: P Q);

impl<T: Columns> Arrays<T> {
    /// Samples that stand in these arrays.
    ///
    /// # Errors
    /// [`Error::Data`] if an array has no axis, or another number of samples than the first.
    pub fn new(arrays: T) -> Result<Self, Error> {
        let lens = arrays.lens();
        let len = lens.first().copied().flatten().unwrap_or_default();
        match lens.iter().position(|other| *other != Some(len)) {
            None => Ok(Self { arrays, len }),
            Some(place) => Err(Error::Data {
                place: format!("array {place} of the tuple"),
                expected: format!("an array of {len} samples, as many as array 0 has"),
                found: lens[place].map_or_else(
                    || String::from("one without an axis"),
                    |found| format!("one of {found} samples"),
                ),
            }),
        }
    }

    /// The arrays.
    pub fn arrays(&self) -> &T {
        &self.arrays
    }

    /// The arrays, given back.
    pub fn into_arrays(self) -> T {
        self.arrays
    }
}

impl<T: Columns> Dataset for Arrays<T> {
    type Batch = T::Batch;

    fn len(&self) -> usize {
        self.len
    }

    fn batch(&self, samples: &[usize]) -> Result<Self::Batch, Error> {
        check_samples(samples, self.len)?;
        Ok(self.arrays.gather(samples))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array0, Array1, Array2, array, s};

    use super::*;

    #[test]
    fn samples_come_in_the_order_asked_for_from_arrays_of_any_strides() {
        let wide = Array2::from_shape_fn((3, 4), |(i, j)| (10 * i + j) as f32);
        let data = Arrays::new((wide.slice(s![..;-1, ..;2]), array![7u32, 8, 9])).unwrap();
        let (x, label) = data.batch(&[2, 0, 2]).unwrap();
        assert_eq!(x, array![[0.0, 2.0], [20.0, 22.0], [0.0, 2.0]]);
        assert_eq!(label, array![9, 7, 9]);
        assert_eq!((data.len(), data.is_empty(), data.batch(&[]).unwrap().1.len()), (3, false, 0));
    }

    #[test]
    fn arrays_of_other_lengths_or_of_none_and_numbers_of_no_sample_are_told() {
        let of = |n| Array1::<f32>::zeros(n);
        let uneven = Arrays::new((of(3), of(3), of(4))).unwrap_err();
        assert_eq!(
            uneven.to_string(),
            "array 2 of the tuple must be an array of 3 samples, as many as array 0 has but is one of 4 samples \
             -- mend it, or give other data"
        );
        let data = Arrays::new((of(3),)).unwrap();
        let error = data.batch(&[0, 3]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`samples` must be numbers below that of all samples but is 3, of 3 samples"
        );
        // `Array0` is not even taken: it has no axis to remove. Its dynamic twin is told.
        let none = Arrays::new((Array0::<f32>::zeros(()).into_dyn(),)).unwrap_err();
        assert!(
            none.to_string().ends_with("but is one without an axis -- mend it, or give other data"),
            "{none}"
        );
    }
}

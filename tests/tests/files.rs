//! Files of data that NumPy and Python have written: `goldens/files.py` is the other side.

use std::fmt::Debug;
use std::path::PathBuf;

use remat::Error;
use remat::data::csv::Csv;
use remat::data::{Arrays, Dataset, idx, npy};
use remat::ndarray::{Array, Array0, Array1, Array2, Array4, ArrayD, Ix2, array};

fn golden(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "goldens", "files", name].iter().collect()
}

/// The numbers of `files.py`, of one that it calculates with.
fn numbers<T>(of: impl Fn(i32) -> T) -> Array2<T> {
    Array2::from_shape_fn((2, 3), |(i, j)| of(37 * (3 * i + j) as i32))
}

fn real(n: i32) -> f64 {
    f64::from(n - 100) / 8.0
}

/// What is said of a golden, without its path.
fn said<T: Debug>(name: &str, result: Result<T, Error>) -> String {
    let said = result.unwrap_err().to_string().replace(&golden(name).display().to_string(), "FILE");
    said.strip_suffix(" -- mend it, or give other data").expect("a fix").to_owned()
}

#[test]
fn numpy_arrays_of_every_type_and_order_of_bytes_are_read() {
    fn check<T: npy::Element + PartialEq + Debug>(name: &str, of: impl Fn(i32) -> T) {
        let expected = numbers(of);
        for name in [name.to_owned(), format!("{name}_swapped")] {
            let array: Array2<T> = npy::read_npz(golden("arrays.npz"), &name).unwrap();
            assert_eq!(array, expected, "{name}");
        }
    }
    let array: Array2<bool> = npy::read_npz(golden("arrays.npz"), "bool").unwrap();
    assert_eq!(array, numbers(|n| n % 2 == 1));
    check("i1", |n| (n - 100) as i8);
    check("i2", |n| (n - 100) as i16);
    check("i4", |n| n - 100);
    check("i8", |n| i64::from(n - 100));
    check("u1", |n| n as u8);
    check("u2", |n| n as u16);
    check("u4", |n| n as u32);
    check("u8", |n| n as u64);
    check("f4", |n| real(n) as f32);
    check("f8", real);
}

#[test]
fn numpy_arrays_of_every_shape_and_order_of_axes_are_read() {
    fn of<D: remat::ndarray::Dimension>(name: &str) -> Array<f32, D> {
        npy::read_npz(golden("arrays.npz"), name).unwrap()
    }
    let plain = numbers(|n| real(n) as f32);
    assert_eq!(of::<Ix2>("fortran"), plain);
    assert_eq!(of::<Ix2>("transposed"), plain.t());
    assert_eq!(of::<Ix2>("strided"), plain);
    assert_eq!(of("scalar"), Array0::from_elem((), 2.5));
    assert_eq!(of("empty"), Array2::<f32>::zeros((0, 3)));
    assert_eq!(of("axes"), Array4::from_shape_fn((1, 2, 3, 4), |(_, i, j, k)| (12 * i + 4 * j + k) as f32));
    assert_eq!(
        of("axes"),
        ArrayD::from_shape_fn(vec![1, 2, 3, 4], |at| (12 * at[1] + 4 * at[2] + at[3]) as f32)
    );
    for version in ["1.npy", "2.npy", "3.npy"] {
        assert_eq!(npy::read::<f32, Ix2>(golden(version)).unwrap(), plain);
    }
    let data = Arrays::new((of::<Ix2>("fortran"),)).unwrap();
    assert_eq!(data.batch(&[1]).unwrap().0.row(0), plain.row(1));
}

#[test]
fn archives_that_are_compressed_or_streamed_are_read() {
    let x: Array2<f32> = npy::read_npz(golden("packed.npz"), "x").unwrap();
    let label: Array1<i64> = npy::read_npz(golden("packed.npz"), "label.npy").unwrap();
    assert_eq!(x, Array2::from_shape_fn((100, 3), |(i, j)| real(37 * (3 * (i % 2) + j) as i32) as f32));
    assert_eq!(label, Array1::from_shape_fn(100, |i| i as i64 % 3));
    assert_eq!(npy::npz_names(golden("packed.npz")).unwrap(), ["x", "label"]);
    let x: Array2<f32> = npy::read_npz(golden("streamed.npz"), "x").unwrap();
    assert_eq!(x, numbers(|n| real(n) as f32));
}

#[test]
fn arrays_that_are_not_what_is_asked_for_are_told_with_what_they_are() {
    fn of<T: npy::Element + Debug>(name: &str) -> String {
        said("arrays.npz", npy::read_npz::<T, Ix2>(golden("arrays.npz"), name))
    }
    assert_eq!(of::<f32>("f8"), "`f8` in FILE must be an array of `f32` but is one of `f64`");
    assert_eq!(of::<u32>("i8_swapped"), "`i8_swapped` in FILE must be an array of `u32` but is one of `i64`");
    assert_eq!(
        of::<f32>("half"),
        "`half` in FILE must be an array of `f32` but is one of NumPy's type `<f2`"
    );
    assert_eq!(
        of::<f32>("complex"),
        "`complex` in FILE must be an array of `f32` but is one of NumPy's type `<c8`"
    );
    assert_eq!(
        of::<f32>("text"),
        "`text` in FILE must be an array of `f32` but is one of NumPy's type `<U3`"
    );
    assert_eq!(
        of::<f32>("records"),
        "`records` in FILE must be an array of `f32` but is one of NumPy's type `[('a', '<i4'), ('b', '<f4')]`"
    );
    assert_eq!(
        of::<f32>("axes"),
        "`axes` in FILE must be an array of 2 axes but is one of shape [1, 2, 3, 4]"
    );
    let none = said("packed.npz", npy::read_npz::<f32, Ix2>(golden("packed.npz"), "y"));
    assert_eq!(none, "FILE must be an archive that holds `y` but is one that holds `x`, `label`");
    let archive = said("packed.npz", npy::read::<f32, Ix2>(golden("packed.npz")));
    assert!(
        archive.starts_with("FILE must be an array of NumPy but is a file that begins with `PK"),
        "{archive}"
    );
    let array = said("1.npy", npy::read_npz::<f32, Ix2>(golden("1.npy"), "x"));
    assert!(array.starts_with("FILE must be a whole `.npz` archive but is none: missing end"), "{array}");
}

#[test]
fn idx_files_of_every_type_are_read() {
    fn check<T: idx::Element + PartialEq + Debug>(name: &str, of: impl Fn(i32) -> T) {
        assert_eq!(idx::read::<T>(golden(&format!("{name}.idx"))).unwrap(), numbers(of).into_dyn(), "{name}");
    }
    check("u1", |n| n as u8);
    check("i1", |n| (n - 100) as i8);
    check("i2", |n| (n - 100) as i16);
    check("i4", |n| n - 100);
    check("f4", |n| real(n) as f32);
    check("f8", real);
}

#[test]
fn mnist_is_read_plain_and_packed() {
    let (images, labels) = idx::mnist(golden(""), "t10k").unwrap();
    assert_eq!(images, Array2::from_shape_fn((2, 784), |(i, p)| ((784 * i + p) % 256) as f32 / 255.0));
    assert_eq!(labels, array![7, 2]);
}

#[test]
fn csv_files_of_numpy_and_python_are_read() {
    let plain = numbers(|n| real(n) as f32);
    assert_eq!(Csv::new(golden("plain.csv")).numbers(["a", "b", "c"]).unwrap(), plain);
    let spaced = Csv::new(golden("spaced.csv.gz")).header(false).delimiter(b' ');
    assert_eq!(spaced.numbers(..).unwrap(), plain);
    let quoted = Csv::new(golden("quoted.csv")).delimiter(b';');
    assert_eq!(quoted.names().unwrap(), ["a", "of \"b\"; this", "c\nand d", "class"]);
    assert_eq!(quoted.labelled(.., "class").unwrap(), (plain.clone(), array![1, 0]));
    assert_eq!(quoted.labelled(["c\nand d", "a"], 3).unwrap().0.column(1), plain.column(0));
}

use std::path::Path;

use ndarray::array;

use super::*;
use crate::data::temporary::{Temporary, packed};

fn all(path: &Path) -> Result<Array2<f32>, Error> {
    Csv::new(path).numbers(..)
}

#[test]
fn columns_come_in_the_order_asked_for() {
    let file = Temporary::new("csv-columns");
    let text = b"a, b ,label,a b\n1,2,0,3\n\n4, 5.5e0 ,1,-.6\n";
    let labelled =
        |columns: Selection, label: Column| file.with(text, |path| Csv::new(path).labelled(columns, label));
    let (x, label) = labelled((..).into(), "label".into()).unwrap();
    assert_eq!((x, label), (array![[1.0, 2.0, 3.0], [4.0, 5.5, -0.6]], array![0, 1]));
    assert_eq!(labelled(["a b", "a"].into(), 2.into()).unwrap().0, array![[3.0, 1.0], [-0.6, 4.0]]);
    assert_eq!(labelled((2..).into(), 2.into()).unwrap().0, array![[0.0, 3.0], [1.0, -0.6]]);
    assert_eq!(labelled(vec![1, 1].into(), 2.into()).unwrap().0, array![[2.0, 2.0], [5.5, 5.5]]);
    assert_eq!(labelled((1..1).into(), 2.into()).unwrap().0.dim(), (2, 0));
    assert_eq!(file.with(&packed(text), |path| Csv::new(path).names()).unwrap(), ["a", "b", "label", "a b"]);
    let marked = [BYTE_ORDER_MARK, b"\"a\",b\n1,2\n"].concat();
    for text in [packed(&marked), marked] {
        assert_eq!(file.with(&text, |path| Csv::new(path).numbers(["a"])).unwrap(), array![[1.0]]);
    }
    assert_eq!(file.with(b"a,b", all).unwrap().dim(), (0, 2));
    let plain = file.with(b"1\t2\r\n3\t4", |path| Csv::new(path).header(false).delimiter(b'\t').numbers(..));
    assert_eq!(plain.unwrap(), array![[1.0, 2.0], [3.0, 4.0]]);
}

#[test]
fn columns_that_are_not_there_are_told() {
    let file = Temporary::new("csv-none");
    let said = |columns: Selection| {
        file.with(b"a,b,b\n1,2,3\n", |path| Csv::new(path).numbers(columns)).unwrap_err()
    };
    let index = |index| format!("FILE must be a file with a column of index {index} but is one of 3 columns");
    assert_eq!(said([3].into()), index(3));
    assert_eq!(said((1..5).into()), index(4));
    assert_eq!(said((..5).into()), index(4));
    assert_eq!(said((3..).into()), index(3));
    assert_eq!(said((usize::MAX..).into()), index(usize::MAX));
    assert_eq!(said((0..usize::MAX).into()), index(usize::MAX - 1));
    let names = "one whose first line names `a`, `b`, `b`";
    assert_eq!(said(["c"].into()), format!("FILE must be a file with a column `c` but is {names}"));
    assert_eq!(said(["b"].into()), "FILE must be a file with one column `b` but is one with several");
    assert_eq!(file.with(b"", all).unwrap_err(), "FILE must be of at least one line but is empty");
    let plain = file.with(b"1,2\n", |path| Csv::new(path).header(false).numbers(["a"])).unwrap_err();
    assert!(plain.ends_with("with a column `a` but is one whose first line names none"), "{plain}");
    assert!(all(Path::new("/no/such/file")).is_err_and(|error| matches!(error, Error::File { .. })));
}

#[test]
fn what_is_no_number_is_told_with_its_line_and_column() {
    let file = Temporary::new("csv-values");
    let said =
        |text: &str| file.with(text.as_bytes(), |path| Csv::new(path).labelled(["a"], "b")).unwrap_err();
    let at = |line, column, what: &str| format!("FILE, line {line}, column {column} {what}");
    assert_eq!(said("a,b\n1,0\nx,0\n"), at(3, 1, "(`a`) must be a number but is `x`"));
    assert_eq!(said("a,b\n1,0\n , 0\n"), at(3, 1, "(`a`) must be a number but is empty"));
    assert_eq!(said("a,b\n1e39,0\n"), at(2, 1, "(`a`) must be a finite number of 32 bits but is `1e39`"));
    assert_eq!(said("a,b\nnan,0\n"), at(2, 1, "(`a`) must be a finite number of 32 bits but is `nan`"));
    let label = "(`b`) must be a label, a whole number from 0 to 4294967295 but is";
    for value in ["-1", "1.0", "4294967296", "one"] {
        assert_eq!(said(&format!("a,b\n1,{value}\n")), at(2, 2, &format!("{label} `{value}`")));
    }
    assert_eq!(
        said("a,b\n1,0\n1\n"),
        "FILE, line 3 must be of 2 values, as many as the first has but is of 1"
    );
    assert_eq!(
        said("a,b\n1,0,0\n"),
        "FILE, line 2 must be of 2 values, as many as the first has but is of 3"
    );
    // Lines as an editor counts them.
    assert_eq!(said("a,b\r\n\r\n1,0\r\n\r\n\r\nx,0\r\n"), at(6, 1, "(`a`) must be a number but is `x`"));
    assert_eq!(
        said("a,b\n\n\n1\n"),
        "FILE, line 4 must be of 2 values, as many as the first has but is of 1"
    );
    // A quote that nothing closes is in the line where it opens.
    let open = |line| format!("FILE, line {line} must be of 2 values, as many as the first has but is of 1");
    assert_eq!(said("a,b\n\"1,2\n3,4\n"), open(2));
    assert_eq!(said("a,b\n\"1,2\n3,4"), open(2));
    assert_eq!(said("a,b\n1,2\n\n\n\"1,2\n3,4\n\n"), open(5));
    assert_eq!(said("a,b\n\"1\n\"\n"), open(2));
    assert_eq!(said("a,b\n\"1\n\""), open(2));
    assert_eq!(said("a,b\n\"1\",\"0\n\"\nx,0\n"), at(4, 1, "(`a`) must be a number but is `x`"));
}

#[test]
fn a_file_that_is_cut_off_is_refused_or_holds_fewer_lines() {
    let file = Temporary::new("csv-cut");
    let text = b"a,\"b\"\n1.5,22\n3,\"4\"\n";
    let whole = file.with(text, all).unwrap();
    for length in 0..text.len() {
        if let Ok(array) = file.with(&text[..length], all) {
            assert!(array.nrows() <= whole.nrows());
        }
    }
    let gzip = packed(text);
    assert_eq!(file.with(&gzip, all).unwrap(), whole);
    for length in 2..gzip.len() {
        file.with(&gzip[..length], all).unwrap_err();
    }
    assert_eq!(
        file.with(&gzip[..gzip.len() - 1], all).unwrap_err(),
        "FILE (unpacked) must be whole but is cut off"
    );
    for at in 0..text.len() {
        for byte in [0, b'"', b'\n', b'\r', b',', b'-', 0x80, 0xff] {
            let mut changed = text.to_vec();
            changed[at] = byte;
            let _ = file.with(&changed, all);
        }
    }
}

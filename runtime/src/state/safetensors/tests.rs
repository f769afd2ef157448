use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use safetensors::tensor::{Dtype, TensorView};

use super::*;
use crate::cpu::Cpu;
use crate::model::toy::Toy;

/// A file of its own that is removed in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("remat-weights-{}-{number}", std::process::id())))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn toy(seed: u64) -> Toy {
    Toy::new(&Cpu::with_threads(1).unwrap(), seed).unwrap()
}

fn same(name: &str) -> String {
    name.to_owned()
}

/// What the reference implementation makes of some tensors.
fn written(tensors: &[(&str, Dtype, &[usize], Vec<u8>)]) -> Vec<u8> {
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, data)| (*name, TensorView::new(*dtype, shape.to_vec(), data).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[test]
fn what_is_saved_is_what_the_reference_implementation_reads() {
    let (file, toy) = (Temporary::new(), toy(1));
    save(&file.0, &toy, |name| format!("model.{name}")).unwrap();
    let read = fs::read(&file.0).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&read).unwrap();
    let mut names = tensors.names();
    names.sort_unstable();
    // A tied one once.
    assert_eq!(names, ["model.embed.weight", "model.fc.bias", "model.norm.weight", "model.stem.weight"]);
    for (name, array) in toy.params().iter().map(Result::unwrap) {
        let tensor = tensors.tensor(&format!("model.{name}")).unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F32, array.shape()));
        assert_eq!(tensor.data(), bytes(array.as_slice().unwrap()));
    }
}

#[test]
fn weights_come_back_also_by_the_name_of_a_tied_one() {
    let file = Temporary::new();
    let (one, mut other) = (toy(1), toy(2));
    save(&file.0, &one, |name| name.replace("embed", "head")).unwrap();
    load(&file.0, &mut other, same).unwrap();
    let all = |toy: &Toy| toy.params().iter().map(|param| param.unwrap().1).collect::<Vec<_>>();
    assert_eq!(all(&one), all(&other));
}

/// As PyTorch writes a `state_dict` of tied weights, and what others have made of it.
#[test]
fn a_tied_parameter_may_be_there_under_both_names_if_they_are_the_same() {
    let file = Temporary::new();
    let numbers = |from: u8| (0..21).flat_map(|i| f32::from(from + i).to_le_bytes()).collect::<Vec<u8>>();
    for (other, report) in [
        (numbers(1), Report::default()),
        (
            numbers(2),
            Report { untied: vec![["embed.weight", "head.weight"].map(String::from)], ..Report::default() },
        ),
    ] {
        let tied = [("embed.weight", numbers(1)), ("head.weight", other)];
        let tied = tied.map(|(name, data)| (name, Dtype::F32, &[3, 7][..], data));
        fs::write(&file.0, written(&tied)).unwrap();
        let mut toy = toy(1);
        let found = load_partial(&file.0, &mut toy, same).unwrap();
        assert_eq!(found.untied, report.untied);
        assert_eq!(toy.params().get("head.weight").unwrap()[[0, 0]], 1.0, "the first of them");
        let strict = load(&file.0, &mut toy, same).unwrap_err().to_string();
        assert_eq!(
            strict.contains("tied here and not there: `embed.weight` and `head.weight`"),
            !report.is_empty(),
            "{strict}"
        );
    }
}

#[test]
fn numbers_of_other_types_are_converted() {
    let file = Temporary::new();
    let mut toy = toy(1);
    let halves = |bits: [u16; 4]| bits.iter().flat_map(|bits| bits.to_le_bytes()).collect::<Vec<u8>>();
    for (dtype, data, expected) in [
        (
            Dtype::BF16,
            halves([0x3f80, 0xbf00, 0x7f80, 1]),
            [1.0, -0.5, f32::INFINITY, f32::from_bits(1 << 16)],
        ),
        (Dtype::F16, halves([0x3c00, 0xb800, 0x7bff, 1]), [1.0, -0.5, 65504.0, 5.960_464_5e-8]),
        (
            Dtype::F64,
            [1.0, -0.5, 1e300, 0.1f64].iter().flat_map(|x| x.to_le_bytes()).collect(),
            [1.0, -0.5, f32::INFINITY, 0.1],
        ),
    ] {
        fs::write(&file.0, written(&[("norm.weight", dtype, &[4], data)])).unwrap();
        let report = load_partial(&file.0, &mut toy, same).unwrap();
        assert_eq!(report.missing, ["embed.weight", "stem.weight", "fc.bias"]);
        assert_eq!(toy.params().view("norm.weight").unwrap().as_slice().unwrap(), expected);
    }
    fs::write(&file.0, written(&[("norm.weight", Dtype::I32, &[4], vec![0; 16])])).unwrap();
    let report = load_partial(&file.0, &mut toy, same).unwrap();
    let mistyped = Mistyped { name: String::from("norm.weight"), found: String::from("I32") };
    assert_eq!(report.mistyped, [mistyped]);
    let error = load(&file.0, &mut toy, same).unwrap_err().to_string();
    assert!(error.contains("; of a type that is no weight's: `norm.weight` is of I32 -- "), "{error}");
}

#[test]
fn what_does_not_fit_is_reported_and_strictly_it_is_refused() {
    let file = Temporary::new();
    let mut toy = toy(1);
    let before = toy.params().get("fc.bias").unwrap();
    let tensors = [
        ("fc.bias", Dtype::F32, &[3][..], bytes(&[1.0, 2.0, 3.0])),
        ("norm.weight", Dtype::F32, &[2, 2], bytes(&[0.0; 4])),
        ("extra", Dtype::F32, &[1], bytes(&[0.0])),
    ];
    fs::write(&file.0, written(&tensors)).unwrap();
    let error = load(&file.0, &mut toy, same).unwrap_err();
    assert_eq!(
        error.to_string().replace(&file.0.display().to_string(), "FILE"),
        "the weights in FILE are not those of the model: missing: `embed.weight`, `stem.weight`; unexpected: `extra`; \
         of another shape: `norm.weight` has shape [2, 2] and should have [4] -- rename them, or load what fits with \
         `safetensors::load_partial`"
    );
    assert_eq!(toy.params().get("fc.bias").unwrap(), before);
    let report = load_partial(&file.0, &mut toy, same).unwrap();
    assert!(matches!(error, Error::Weights { report: told, .. } if *told == report));
    assert_eq!(toy.params().view("fc.bias").unwrap().as_slice().unwrap(), [1.0, 2.0, 3.0]);
}

#[test]
fn names_that_meet_are_refused_before_anything_is_written() {
    let file = Temporary::new();
    let error = save(&file.0, &toy(1), |_| String::from("one")).unwrap_err().to_string();
    assert_eq!(
        error,
        "`rename` must be a name of its own for each parameter but is `one` for `embed.weight` and for `stem.weight`"
    );
    let error = save(&file.0, &toy(1), |_| String::from("__metadata__")).unwrap_err().to_string();
    assert_eq!(
        error,
        "`rename` must be a name that the format does not keep for itself but is `__metadata__` for `embed.weight`"
    );
    assert!(!file.0.exists());
}

/// A file of this header and so many bytes behind it.
fn of_header(header: &str, bytes: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; bytes]].concat()
}

#[test]
fn what_is_wrong_with_a_file_is_told_in_words() {
    let file = Temporary::new();
    let said = |bytes: &[u8]| {
        fs::write(&file.0, bytes).unwrap();
        let error = load(&file.0, &mut toy(1), same).unwrap_err().to_string();
        error.replace(&file.0.display().to_string(), "FILE")
    };
    let fix = "save the weights with `safetensors.torch.save_file`";
    assert_eq!(
        said(b"\x80\x02}q\0(X\x0b\0\0\0fc.weight"),
        format!("FILE is no safetensors file: it begins with \"\\x80\\x02}}q\\x00(X\\x0b\\x00\" -- {fix}")
    );
    assert_eq!(
        said(b"PK\x03\x04\0\0\x08\x08\0\0 and more"),
        format!(
            "FILE is no safetensors file: it begins with \"PK\\x03\\x04\\x00\\x00\\x08\\x08\\x00\" -- {fix}"
        )
    );
    let damaged = |what: &str| {
        format!("FILE is damaged: its header {what} -- load another state, or copy this one again")
    };
    assert_eq!(
        said(&of_header("{", 0)),
        damaged("can't be decoded: it ends within an object at line 1 column 1")
    );
    let one =
        |from: usize, to: usize| format!(r#""x":{{"dtype":"F32","shape":[2],"data_offsets":[{from},{to}]}}"#);
    let places = "has places for `x` that are not those of its shape behind the tensor before";
    for (from, to) in [(0, 4), (4, 12), (8, 0)] {
        assert_eq!(said(&of_header(&format!("{{{}}}", one(from, to)), 8)), damaged(places));
    }
    let twice = said(&of_header(&format!("{{{},{}}}", one(0, 8), one(8, 16)), 16));
    assert!(twice.contains("its header can't be decoded: there are two tensors `x` at line 1"), "{twice}");
    assert_eq!(
        said(&of_header(&format!("{{{}}}", one(0, 8)), 9)),
        damaged("says that 8 bytes follow, and 9 do")
    );
    let huge = "is said to be longer than the file, or than 16 MiB";
    assert_eq!(said(&of_header(&format!("{{{}}}", " ".repeat(16 << 20)), 0)), damaged(huge));
    // What else is said of them is passed over.
    fs::write(&file.0, of_header(&format!(r#"{{"__metadata__":{{"format":"pt"}},{}}}"#, one(0, 8)), 8))
        .unwrap();
    assert_eq!(load_partial(&file.0, &mut toy(1), same).unwrap().unexpected, ["x"]);
}

#[test]
fn what_is_cut_off_or_no_such_file_is_refused() {
    let file = Temporary::new();
    let mut toy = toy(1);
    save(&file.0, &toy, same).unwrap();
    let whole = fs::read(&file.0).unwrap();
    for length in 0..whole.len() {
        fs::write(&file.0, &whole[..length]).unwrap();
        let error = load(&file.0, &mut toy, same).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{length}: {error}");
    }
    fs::write(&file.0, [&[255; 8][..], b"{}"].concat()).unwrap();
    assert!(matches!(load(&file.0, &mut toy, same), Err(Error::Damaged { .. })));
}

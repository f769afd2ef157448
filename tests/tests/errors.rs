//! Bad input at run time: an error value with what was expected and what came, and nothing has changed.

use remat::ndarray::{Array1, Array2, Array3};
use remat::prelude::*;

model! {
    Net {
        const VOCAB = 7;
        input ids: u32[4];
        input x: f32[4];
        target class: u32;
        embed: Embedding(VOCAB, 1) <- ids;
        flat: Flatten;
        sum: Add <- (flat, x);
        head: Linear(3);
        loss: CrossEntropy(ignore_index = 9) <- (head, class);
    }
}

struct Fixture {
    net: Net,
    ws: Workspace<Net>,
}

impl Fixture {
    fn new() -> Self {
        let cpu = Cpu::with_threads(1).unwrap();
        let mut net = Net::new(&cpu, 1).unwrap();
        let mut ws = net.workspace(2).unwrap();
        let (ids, x, class) = good();
        net.forward_backward(&mut ws, ids.view(), x.view(), class.view()).unwrap();
        Self { net, ws }
    }

    /// The error of a training call, which must leave everything as it was.
    fn refuse(&mut self, ids: &Array2<u32>, x: &Array2<f32>, class: &Array1<u32>) -> Error {
        let before = self.state();
        let error = self.net.forward_backward(&mut self.ws, ids.view(), x.view(), class.view()).unwrap_err();
        assert_eq!(self.state(), before, "{error}");
        error
    }

    /// Parameters, gradients and the step counter.
    fn state(&self) -> (Vec<Vec<f32>>, Vec<Vec<f32>>, String) {
        let numbers = |(_, a): (&str, remat::ndarray::ArrayD<f32>)| a.iter().copied().collect();
        let params = self.net.params().iter().map(|p| numbers(p.unwrap())).collect();
        let grads = self.ws.grads().iter().map(|g| numbers(g.unwrap())).collect();
        (params, grads, format!("{:?}", self.net))
    }
}

fn good() -> (Array2<u32>, Array2<f32>, Array1<u32>) {
    (Array2::from_elem((2, 4), 3), Array2::ones((2, 4)), Array1::from_elem(2, 1))
}

#[test]
fn wrong_shapes_and_batches() {
    let (ids, x, class) = good();
    let mut f = Fixture::new();
    let wide = Array2::ones((2, 5));
    assert_eq!(
        f.refuse(&ids, &wide, &class),
        Error::Shape { name: "x".into(), expected: "[batch, 4]".into(), found: vec![2, 5] }
    );
    assert_eq!(
        f.refuse(&ids, &Array2::ones((1, 4)), &class),
        Error::Batch { name: "x".into(), expected: 2, found: 1 }
    );
    for n in [0, 3] {
        let error = f.refuse(&Array2::zeros((n, 4)), &Array2::ones((n, 4)), &Array1::from_elem(n, 1));
        assert!(matches!(error, Error::BatchSize { capacity: 2, found } if found == n), "{error}");
    }
    assert!(f.refuse(&ids, &x, &Array1::from_elem(1, 1)).to_string().contains("`class` holds 1 samples"));
}

#[test]
fn ids_outside_of_their_table_and_classes_all_ignored() {
    let (ids, x, class) = good();
    let mut f = Fixture::new();
    let mut far = ids.clone();
    far[[1, 2]] = 7;
    assert_eq!(
        f.refuse(&far, &x, &class),
        Error::IdOutOfRange { name: "ids".into(), index: vec![1, 2], limit: 7, found: 7 }
    );
    assert_eq!(
        f.refuse(&ids, &x, &Array1::from_elem(2, 3)),
        Error::IdOutOfRange { name: "class".into(), index: vec![0], limit: 3, found: 3 }
    );
    assert_eq!(
        f.refuse(&ids, &x, &Array1::from_elem(2, 9)),
        Error::AllIgnored { name: "class".into(), ignore_index: 9 }
    );
}

#[test]
fn workspaces_that_cannot_be() {
    let f = Fixture::new();
    assert!(matches!(f.net.workspace(0), Err(Error::BatchSize { found: 0, .. })));
    assert!(matches!(f.net.workspace(usize::MAX), Err(Error::Overflow { .. })));
    assert!(matches!(f.net.workspace(1 << 50), Err(Error::OutOfMemory { what: "the workspace", .. })));
    let mut small = f.net.inference_workspace(2).unwrap();
    let (ids, x, class) = good();
    let error = f.net.evaluate(&mut small, ids.view(), x.view(), class.view()).unwrap_err();
    assert_eq!(error, Error::InferenceWorkspace { call: "evaluate" });
    assert_eq!(f.net.forward(&mut small, ids.view(), x.view()).unwrap().to_array().unwrap().shape(), [2, 3]);
}

#[test]
fn unknown_names_are_told_the_nearest() {
    let mut f = Fixture::new();
    let Err(Error::UnknownName { nearest, .. }) = f.net.params().get("head.wieght") else {
        panic!("it is unknown")
    };
    assert_eq!(nearest[0], "head.weight");
    assert!(matches!(f.ws.grads().get("tail.bias"), Err(Error::UnknownName { .. })));
    let flat = Array3::<f32>::zeros((1, 1, 12));
    let error = f.net.params_mut().set("head.weight", flat.view()).unwrap_err();
    assert!(matches!(error, Error::Shape { found, .. } if found == [1, 1, 12]));
}

#[test]
fn nan_in_gives_nan_out() {
    let (ids, mut x, class) = good();
    x[[0, 0]] = f32::NAN;
    let mut f = Fixture::new();
    assert!(f.net.forward_backward(&mut f.ws, ids.view(), x.view(), class.view()).unwrap().is_nan());
    assert!(f.ws.grads().get("head.weight").unwrap().iter().all(|g| g.is_nan()));
}

//! Against Linear and CrossEntropy one after the other, and against finite differences.

use super::*;
use crate::cpu::Cpu;
use crate::cpu::simd::Float;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, assert_refused, assert_same, cast, double, grad, numbers,
    same_bits_for_any_threads, unwritten,
};

const PLAIN: Spec =
    Spec { rows: 6, inputs: 5, classes: 7, chunks: 3, label_smoothing: 0.0, ignore_index: None };

/// Chunks of a row and of all, sizes around vectors and tiles, both arguments.
const SPECS: [Spec; 7] = [
    Spec { rows: 1, inputs: 1, classes: 1, chunks: 1, ..PLAIN },
    PLAIN,
    Spec { chunks: 1, ..PLAIN },
    Spec { chunks: 6, label_smoothing: 0.1, ..PLAIN },
    Spec { rows: 40, inputs: 33, classes: 65, chunks: 4, label_smoothing: 0.3, ignore_index: Some(64) },
    // A number that is no class, as PyTorch's -100 is none.
    Spec { rows: 10, chunks: 5, ignore_index: Some(u32::MAX), ..PLAIN },
    Spec { rows: 300, inputs: 16, classes: 20, chunks: 2, ..PLAIN },
];

const BATCH: usize = 2;
const DLOSS: f64 = 0.7;

/// What the kernels read.
struct Given<E> {
    x: Vec<E>,
    weight: Vec<E>,
    bias: Option<Vec<E>>,
    target: Vec<u32>,
}

impl<E: Float> Given<E> {
    fn new(spec: &Spec, bias: bool) -> Self {
        let Spec { rows, inputs, classes, .. } = *spec;
        let class = |row: usize| (row * 7 % classes) as u32;
        let target = |row| spec.ignore_index.filter(|_| row % 4 == 1).unwrap_or(class(row));
        Self {
            x: numbers(1, BATCH * rows * inputs),
            weight: numbers(2, classes * inputs),
            bias: bias.then(|| numbers(3, classes)),
            target: (0..BATCH * rows).map(target).collect(),
        }
    }
}

/// What they write.
#[derive(Clone)]
struct Gradients<E> {
    dx: Vec<E>,
    dweight: Vec<E>,
    dbias: Vec<E>,
}

impl<E: Float> Gradients<E> {
    fn unwritten(spec: &Spec) -> Self {
        let Spec { rows, inputs, classes, .. } = *spec;
        let (dx, dweight) = (unwritten(BATCH * rows * inputs), unwritten(classes * inputs));
        Self { dx, dweight, dbias: unwritten(classes) }
    }

    /// What is there before something is added to it.
    fn before(spec: &Spec) -> Self {
        let Spec { rows, inputs, classes, .. } = *spec;
        let (dx, dweight) = (numbers(4, BATCH * rows * inputs), numbers(5, classes * inputs));
        Self { dx, dweight, dbias: numbers(6, classes) }
    }
}

fn forward<E: Float>(cpu: &Cpu<E>, spec: &Spec, given: &Given<E>) -> E {
    let (mut loss, mut losses) = ([E::ZERO], unwritten(given.target.len()));
    let mut logits = unwritten(given.target.len() / spec.chunks * spec.classes);
    let args = Forward {
        loss: &mut loss[..],
        losses: &mut losses[..],
        logits: &mut logits[..],
        rounded: &mut [][..],
        x: &given.x[..],
        target: &given.target[..],
        weight: &given.weight[..],
        bias: given.bias.as_deref(),
    };
    Kernel::forward(cpu, spec, BATCH, args).unwrap();
    loss[0]
}

/// The loss; `to` is written, or added to if `add`. With `over`, dx is written over x, which it holds.
fn backward<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    given: &Given<E>,
    to: &mut Gradients<E>,
    (add, over): (bool, bool),
) -> Result<E, Error> {
    let (mut loss, mut losses) = ([E::ZERO], unwritten(given.target.len()));
    let chunk = given.target.len() / spec.chunks;
    let mut logits = unwritten(chunk * spec.classes);
    if over {
        to.dx.clone_from(&given.x);
    }
    let dbias = given.bias.is_some().then(|| grad(&mut to.dbias[..], add));
    let args = Backward {
        loss: Some(&mut loss[..]),
        dx: Some(grad(&mut to.dx[..], add)),
        dweight: Some(grad(&mut to.dweight[..], add)),
        dbias,
        losses: &mut losses[..],
        logits: &mut logits[..],
        rounded: &mut [][..],
        dloss: &[E::from_f64(DLOSS)][..],
        x: (!over).then_some(&given.x[..]),
        target: &given.target[..],
        weight: &given.weight[..],
        bias: given.bias.as_deref(),
    };
    Kernel::backward(cpu, spec, BATCH, args)?;
    Ok(loss[0])
}

/// Loss and gradients by the kernels of Linear and of CrossEntropy, with all logits.
fn by_both<E: Float>(cpu: &Cpu<E>, spec: &Spec, given: &Given<E>) -> (E, Gradients<E>) {
    let whole = Spec { chunks: 1, ..*spec };
    let (rows, Given { x, weight, bias, target }) = (given.target.len(), given);
    let (x, weight, target) = (&x[..], &weight[..], &target[..]);
    let (bias, mut logits) = (bias.as_deref(), unwritten(rows * spec.classes));
    let args = linear::Forward {
        y: Some(&mut logits[..]),
        z: None,
        x,
        weight,
        bias,
        rounded: &mut [][..],
        mask: None,
    };
    linear::Kernel::forward(cpu, &whole.linear(), BATCH, args).unwrap();
    let (mut loss, mut losses) = ([E::ZERO], unwritten(rows));
    let args =
        cross_entropy::Forward { loss: &mut loss[..], losses: &mut losses[..], logits: &logits[..], target };
    cross_entropy::Kernel::forward(cpu, &whole.cross_entropy(), BATCH, args).unwrap();
    let mut dy = unwritten(logits.len());
    let args = cross_entropy::Backward {
        loss: None,
        dlogits: Some(grad(&mut dy[..], false)),
        losses: &mut losses[..],
        dloss: &[E::from_f64(DLOSS)][..],
        logits: Some(&logits[..]),
        target,
    };
    cross_entropy::Kernel::backward(cpu, &whole.cross_entropy(), BATCH, args).unwrap();
    let mut to = Gradients::unwritten(spec);
    let args = linear::Backward {
        dx: Some(grad(&mut to.dx[..], false)),
        dweight: Some(grad(&mut to.dweight[..], false)),
        dbias: bias.is_some().then(|| grad(&mut to.dbias[..], false)),
        dy: &dy[..],
        x: Some(x),
        weight,
        rounded: &mut [][..],
    };
    linear::Kernel::backward(cpu, &whole.linear(), BATCH, args).unwrap();
    (loss[0], to)
}

#[test]
fn it_is_linear_and_cross_entropy_one_after_the_other() {
    for spec in &SPECS {
        for bias in [false, true] {
            let (cpu, given) = (Cpu::with_threads(2).unwrap(), Given::<f32>::new(spec, bias));
            let (loss, want) = by_both(&cpu, spec, &given);
            // A row's numbers do not depend on the rows beside it, and all losses are summed in one order.
            assert_same("loss of forward", &[forward(&cpu, spec, &given)], &[loss]);
            let mut found = Gradients::unwritten(spec);
            let of_backward = backward(&cpu, spec, &given, &mut found, (false, false)).unwrap();
            assert_same("loss of backward", &[of_backward], &[loss]);
            assert_same("dx", &found.dx, &want.dx);
            // Sums over all rows, in another order: up to 600 terms below 1.
            assert_close("dweight", &found.dweight, &cast(&want.dweight), 1e-5);
            if bias {
                assert_close("dbias", &found.dbias, &cast(&want.dbias), 1e-5);
            }
        }
    }
}

#[test]
fn one_chunk_gives_the_bits_of_both() {
    for spec in SPECS.iter().filter(|spec| spec.chunks == 1) {
        let (cpu, given) = (double(), Given::<f64>::new(spec, true));
        let (_, want) = by_both(&cpu, spec, &given);
        let mut found = Gradients::unwritten(spec);
        backward(&cpu, spec, &given, &mut found, (false, false)).unwrap();
        assert_same("dweight", &found.dweight, &want.dweight);
        assert_same("dbias", &found.dbias, &want.dbias);
    }
}

#[test]
fn backward_is_the_slope_of_forward() {
    for spec in SPECS.iter().filter(|spec| spec.rows * spec.classes * spec.inputs < 1000 && spec.classes > 1)
    {
        let (cpu, given) = (double(), Given::<f64>::new(spec, true));
        let mut found = Gradients::unwritten(spec);
        backward(&cpu, spec, &given, &mut found, (false, false)).unwrap();
        let loss = |given: Given<f64>| DLOSS * forward(&cpu, spec, &given);
        let same = || Given::new(spec, true);
        assert_gradient("dx", &given.x, &found.dx, |x| loss(Given { x: x.to_vec(), ..same() }));
        assert_gradient("dweight", &given.weight, &found.dweight, |weight| {
            loss(Given { weight: weight.to_vec(), ..same() })
        });
        assert_gradient("dbias", given.bias.as_ref().unwrap(), &found.dbias, |bias| {
            loss(Given { bias: Some(bias.to_vec()), ..same() })
        });
    }
}

#[test]
fn gradients_are_added_to_what_is_there_where_that_is_asked_for() {
    for spec in &SPECS {
        let (cpu, given) = (double(), Given::<f64>::new(spec, true));
        let (mut written, before) = (Gradients::unwritten(spec), Gradients::before(spec));
        let mut added = before.clone();
        backward(&cpu, spec, &given, &mut written, (false, false)).unwrap();
        backward(&cpu, spec, &given, &mut added, (true, false)).unwrap();
        assert_added("dx", &before.dx, &written.dx, &added.dx);
        assert_added("dweight", &before.dweight, &written.dweight, &added.dweight);
        assert_added("dbias", &before.dbias, &written.dbias, &added.dbias);
    }
}

#[test]
fn dx_may_be_written_over_x() {
    for spec in &SPECS {
        let (cpu, given) = (Cpu::with_threads(3).unwrap(), Given::<f32>::new(spec, true));
        let (mut beside, mut over) = (Gradients::unwritten(spec), Gradients::unwritten(spec));
        let loss = backward(&cpu, spec, &given, &mut beside, (false, false)).unwrap();
        let again = backward(&cpu, spec, &given, &mut over, (false, true)).unwrap();
        assert_same("loss", &[again], &[loss]);
        assert_same("dx", &over.dx, &beside.dx);
        assert_same("dweight", &over.dweight, &beside.dweight);
        assert_same("dbias", &over.dbias, &beside.dbias);
    }
}

#[test]
fn the_bits_are_the_same_for_any_number_of_threads() {
    for spec in &SPECS {
        let given = Given::<f32>::new(spec, true);
        same_bits_for_any_threads(|cpu| {
            let mut to = Gradients::unwritten(spec);
            let loss = backward(cpu, spec, &given, &mut to, (false, false)).unwrap();
            vec![vec![loss, forward(cpu, spec, &given)], to.dx, to.dweight, to.dbias]
        });
    }
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let cpu = Cpu::with_threads(1).unwrap();
    let sevens = || {
        let Gradients { dx, dweight, dbias } = Gradients::<f32>::unwritten(&PLAIN);
        let sevens = |of: Vec<f32>| vec![7.0; of.len()];
        Gradients { dx: sevens(dx), dweight: sevens(dweight), dbias: sevens(dbias) }
    };
    let refused = |spec: &Spec, given: &Given<f32>, add_and_over| {
        let mut to = sevens();
        let result = backward(&cpu, spec, given, &mut to, add_and_over);
        assert_refused(result.map(drop), &to.dweight);
    };
    let given = || Given::new(&PLAIN, true);
    refused(&Spec { chunks: 4, ..PLAIN }, &given(), (false, false));
    refused(&PLAIN, &Given { x: vec![0.0; 59], ..given() }, (false, false));
    refused(&PLAIN, &Given { weight: vec![0.0; 36], ..given() }, (false, false));
    // Added to what holds x.
    refused(&PLAIN, &given(), (true, true));
    let mut to = sevens();
    let wrong = Given { target: vec![7; 12], ..given() };
    let result = backward(&cpu, &PLAIN, &wrong, &mut to, (false, false));
    assert!(matches!(result, Err(Error::IdOutOfRange { limit: 7, found: 7, .. })), "{result:?}");
    assert!(to.dweight.iter().chain(&to.dx).all(|x| *x == 7.0));
    let spec = Spec { ignore_index: Some(3), ..PLAIN };
    let all = Given { target: vec![3; 12], ..given() };
    let result = backward(&cpu, &spec, &all, &mut to, (false, false));
    assert!(matches!(result, Err(Error::AllIgnored { ignore_index: 3, .. })), "{result:?}");
}

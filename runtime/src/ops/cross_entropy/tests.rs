use super::*;
use crate::cpu::Cpu;
use crate::cpu::simd::Float;
use crate::device::Grad;
use crate::ops::check::{
    assert_added, assert_close, assert_gradient, assert_refused, assert_same, cast, double, grad, numbers,
    same_bits_for_any_threads, unwritten,
};

const PLAIN: Spec = Spec { rows: 3, classes: 5, label_smoothing: 0.0, ignore_index: None };

/// Rows around the vectors of 16, longer than a task and many of them, and both arguments.
const SPECS: [Spec; 8] = [
    Spec { rows: 1, classes: 1, ..PLAIN },
    PLAIN,
    Spec { classes: 16, label_smoothing: 0.1, ..PLAIN },
    Spec { classes: 65, ignore_index: Some(2), ..PLAIN },
    Spec { rows: 300, classes: 65, label_smoothing: 0.3, ignore_index: Some(64) },
    // A number that is no class, as PyTorch's -100 is none.
    Spec { rows: 10, ignore_index: Some(u32::MAX), ..PLAIN },
    Spec { rows: 2, classes: 20_000, ..PLAIN },
    Spec { label_smoothing: 1.0, ..PLAIN },
];

/// A target for each row of two samples: all classes in turn, every fourth one ignored.
fn targets(spec: &Spec) -> Vec<u32> {
    let class = |row: usize| (row * 7 % spec.classes) as u32;
    let target = |row| spec.ignore_index.filter(|_| row % 4 == 1).unwrap_or(class(row));
    (0..2 * spec.rows).map(target).collect()
}

fn logits<E: Float>(spec: &Spec) -> Vec<E> {
    numbers(1, 2 * spec.rows * spec.classes)
}

fn forward<E: Float>(cpu: &Cpu<E>, spec: &Spec, logits: &[E], target: &[u32]) -> Result<E, Error> {
    let (mut loss, mut losses) = ([E::ZERO], unwritten(target.len()));
    let args = Forward { loss: &mut loss[..], losses: &mut losses[..], logits, target };
    Kernel::forward(cpu, spec, target.len() / spec.rows, args)?;
    Ok(loss[0])
}

/// The loss, and the gradient in `dlogits`, or there over the logits.
fn both<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    dlogits: Grad<&mut [E]>,
    logits: Option<&[E]>,
    target: &[u32],
) -> Result<E, Error> {
    let (mut loss, mut losses) = ([E::from_f64(7.0)], unwritten(target.len()));
    let (dloss, losses) = (&[E::from_f64(0.7)][..], &mut losses[..]);
    let args = Backward { loss: Some(&mut loss[..]), dlogits: Some(dlogits), losses, dloss, logits, target };
    Kernel::backward(cpu, spec, target.len() / spec.rows, args)?;
    Ok(loss[0])
}

fn backward<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    logits: &[E],
    target: &[u32],
    before: Option<&[E]>,
) -> Vec<E> {
    let mut dlogits = before.map_or_else(|| unwritten(logits.len()), <[E]>::to_vec);
    both(cpu, spec, grad(&mut dlogits[..], before.is_some()), Some(logits), target).unwrap();
    dlogits
}

/// The same, over the logits.
fn backward_over<E: Float>(cpu: &Cpu<E>, spec: &Spec, logits: &[E], target: &[u32]) -> Vec<E> {
    let mut dlogits = logits.to_vec();
    both(cpu, spec, grad(&mut dlogits[..], false), None, target).unwrap();
    dlogits
}

/// The definition in f64: minus the sum over the classes of their weight times their log-probability.
fn plain(spec: &Spec, logits: &[f64], target: &[u32]) -> f64 {
    let (mut sum, mut counted) = (0.0, 0.0);
    for (x, target) in logits.chunks_exact(spec.classes).zip(target) {
        if Some(*target) == spec.ignore_index {
            continue;
        }
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lse = max + x.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
        for (class, x) in x.iter().enumerate() {
            let smooth = spec.label_smoothing / spec.classes as f64;
            let hit = if class == *target as usize { 1.0 - spec.label_smoothing } else { 0.0 };
            sum -= (smooth + hit) * (x - lse);
        }
        counted += 1.0;
    }
    sum / counted
}

#[test]
fn the_loss_is_the_mean_over_what_is_not_ignored() {
    for spec in &SPECS {
        let (logits, target) = (logits::<f32>(spec), targets(spec));
        let want = plain(spec, &cast(&logits), &target);
        let loss = forward(&Cpu::with_threads(2).unwrap(), spec, &logits, &target).unwrap();
        // A dozen roundings of 6e-8 in each row; and in f64, thousands of 1e-16 in the oracle.
        assert_close("loss", &[loss], &[want], 1e-6);
        let loss = forward(&double(), spec, &cast(&logits), &target).unwrap();
        assert_close("loss", &[loss], &[want], 1e-12);
    }
}

#[test]
fn backward_gives_the_loss_of_forward_with_the_gradient_or_without() {
    for spec in &SPECS {
        let (logits, target) = (logits::<f32>(spec), targets(spec));
        let cpu = Cpu::with_threads(2).unwrap();
        let want = forward(&cpu, spec, &logits, &target).unwrap();
        let mut dlogits = logits.clone();
        let over = both(&cpu, spec, grad(&mut dlogits[..], false), None, &target).unwrap();
        let beside = both(&cpu, spec, grad(&mut dlogits[..], false), Some(&logits), &target).unwrap();
        assert_same(&format!("{spec:?}"), &[over, beside], &[want; 2]);
        let (mut loss, mut losses) = ([7.0], unwritten(target.len()));
        let (losses, dloss) = (&mut losses[..], &[0.7][..]);
        let (logits, target) = (Some(&logits[..]), &target[..]);
        let args = Backward { loss: Some(&mut loss[..]), dlogits: None, losses, dloss, logits, target };
        Kernel::backward(&cpu, spec, 2, args).unwrap();
        assert_same(&format!("{spec:?}"), &loss, &[want]);
    }
}

#[test]
fn backward_is_the_slope_of_forward() {
    for spec in SPECS.iter().filter(|spec| spec.rows * spec.classes < 1000) {
        let (cpu, logits, target) = (double(), logits::<f64>(spec), targets(spec));
        let dlogits = backward(&cpu, spec, &logits, &target, None);
        if spec.classes > 1 {
            assert_gradient("dlogits", &logits, &dlogits, |logits| {
                0.7 * forward(&cpu, spec, logits, &target).unwrap()
            });
        } else {
            assert_eq!(dlogits, [0.0; 2], "of one class the loss is 0");
        }
    }
}

#[test]
fn ignored_rows_have_gradient_zero() {
    let spec = Spec { ignore_index: Some(2), ..PLAIN };
    let dlogits = backward(&double(), &spec, &numbers(1, 15), &[0, 2, 4], None);
    assert_eq!(dlogits[5..10], [0.0; 5]);
}

#[test]
fn a_gradient_is_added_where_told() {
    let cpu = double();
    for spec in &SPECS {
        let (logits, target) = (logits::<f64>(spec), targets(spec));
        let before = numbers(2, logits.len());
        let written = backward(&cpu, spec, &logits, &target, None);
        assert_added("dlogits", &before, &written, &backward(&cpu, spec, &logits, &target, Some(&before)));
    }
}

#[test]
fn over_the_logits_it_is_the_same() {
    for spec in &SPECS {
        let (mut logits, target) = (logits::<f32>(spec), targets(spec));
        // Also in rows of which they make everything NaN, as targets and beside them.
        let kinds = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30].into_iter().cycle();
        for (at, kind) in (0..logits.len()).skip(3).step_by(29).zip(kinds) {
            logits[at] = kind;
        }
        let over = same_bits_for_any_threads(|cpu| vec![backward_over(cpu, spec, &logits, &target)]);
        let want = backward(&Cpu::with_threads(1).unwrap(), spec, &logits, &target, None);
        assert_same(&format!("{spec:?}"), &over[0], &want);
        let (cpu, logits) = (double(), cast::<f32, f64>(&logits));
        let want = backward(&cpu, spec, &logits, &target, None);
        assert_same(&format!("{spec:?}"), &backward_over(&cpu, spec, &logits, &target), &want);
    }
}

#[test]
fn without_logits_a_gradient_must_hold_them_and_not_be_added_to() {
    let (cpu, mut dlogits) = (Cpu::with_threads(1).unwrap(), [7.0; 15]);
    let mut backward = |to: Option<bool>| {
        let (mut loss, losses) = ([7.0], &mut [7.0; 3][..]);
        let dlogits_there = to.map(|add| grad(&mut dlogits[..], add));
        let args = Backward {
            loss: Some(&mut loss[..]),
            dlogits: dlogits_there,
            losses,
            dloss: &[1.0][..],
            logits: None,
            target: &[0, 1, 2][..],
        };
        let result = Kernel::backward(&cpu, &PLAIN, 1, args);
        assert_refused(result, &dlogits);
        assert_eq!(loss, [7.0]);
    };
    backward(None);
    backward(Some(true));
}

#[test]
fn threads_and_repetition_do_not_change_a_bit() {
    for spec in &SPECS {
        let (logits, target) = (logits::<f32>(spec), targets(spec));
        same_bits_for_any_threads(|cpu| {
            let loss = forward(cpu, spec, &logits, &target).unwrap();
            vec![vec![loss], backward(cpu, spec, &logits, &target, None)]
        });
    }
}

#[test]
fn nan_in_gives_nan_out_unless_it_is_ignored() {
    let cpu = Cpu::with_threads(1).unwrap();
    let spec = Spec { ignore_index: Some(2), ..PLAIN };
    for class in 0..5 {
        let mut logits: Vec<f32> = numbers(1, 15);
        logits[5 + class] = f32::NAN;
        assert!(forward(&cpu, &spec, &logits, &[0, 1, 4]).unwrap().is_nan(), "class {class}");
        assert!(!forward(&cpu, &spec, &logits, &[0, 2, 4]).unwrap().is_nan(), "class {class}");
        let dlogits = backward(&cpu, &spec, &logits, &[0, 1, 4], None);
        assert!(dlogits[5..10].iter().all(|x| x.is_nan()) && !dlogits[4].is_nan(), "class {class}");
    }
}

#[test]
fn logits_of_any_size_do_not_overflow_and_the_loss_is_never_negative() {
    let cpu = Cpu::with_threads(1).unwrap();
    let spec = Spec { rows: 1, classes: 2, ..PLAIN };
    let loss = |x: [f32; 2]| forward(&cpu, &spec, &x, &[0]).unwrap();
    assert_eq!(loss([3e38, -3e38]), 0.0);
    assert_eq!(loss([-3e30, 3e30]), 6e30);
    assert_eq!(loss([1e6, 1e6 - 100.0]), 0.0);
    assert_eq!(loss([0.0, f32::NEG_INFINITY]), 0.0);
    assert_eq!(loss([f32::NEG_INFINITY, 0.0]), f32::INFINITY);
    assert!(loss([f32::INFINITY, 0.0]).is_nan(), "as in PyTorch");
    assert!(loss([f32::NEG_INFINITY; 2]).is_nan(), "as in PyTorch");
}

#[test]
fn targets_outside_the_classes_and_none_at_all_are_errors_that_write_nothing() {
    let cpu = Cpu::with_threads(1).unwrap();
    let spec = Spec { rows: 1, ignore_index: Some(9), ..PLAIN };
    let logits: Vec<f32> = numbers(1, 15);
    let outside = Error::IdOutOfRange { name: "target".into(), index: vec![2], limit: 5, found: 5 };
    assert_eq!(forward(&cpu, &spec, &logits, &[4, 9, 5]).unwrap_err(), outside);
    let none = Error::AllIgnored { name: "target".into(), ignore_index: 9 };
    assert_eq!(forward(&cpu, &spec, &logits, &[9; 3]).unwrap_err(), none);
    let mut dlogits = [7.0; 15];
    let mut backward =
        |target: &[u32]| both(&cpu, &spec, grad(&mut dlogits[..], false), Some(&logits), target).unwrap_err();
    assert_eq!(backward(&[4, 9, 5]), outside);
    assert_eq!(backward(&[9; 3]), none);
    assert_eq!(dlogits, [7.0; 15]);
}

//! What `forward` returns, and what a training step gives besides its loss.

use remat::ndarray::Array2;
use remat::plan::Reason;
use remat::prelude::*;
use remat::testing;

use crate::{BATCH, close, grad, linear, numbers, output, relu, step};

#[test]
fn without_an_output_it_is_what_the_loss_reads_first() {
    model! {
        // Sums of losses are looked through, in their order.
        Net {
            input x: f32[4];
            target y: f32[4];
            a: Linear(4);
            b: Linear(4);
            fit_b: Mse <- (y, b);
            fit_a: Mse <- (a, y);
            part: Sum <- (fit_b, fit_a);
            loss: Sum <- (part, fit_a);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    close(&found, &linear(&net, "b", &linear(&net, "a", &x)));
}

#[test]
fn several_outputs_are_fields_of_a_struct() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            output scope;
            a: Linear(3);
            type: Relu;
            scope: { b: Linear(4); Tanh; }
            many: repeat(2) { c: Linear(4); }
            output type;
            output r#a;
            loss: Mse <- (many, y);
        }
    }
    let x = numbers(4, 1);
    let net = Net::new(&Cpu::with_threads(1).unwrap(), 7).unwrap();
    let mut ws = net.inference_workspace(BATCH).unwrap();
    let outputs = net.forward(&mut ws, x.view()).unwrap();
    assert_eq!(
        format!("{outputs:?}"),
        "NetOutputs { scope: Output { batch: 3, dims: [4], .. }, type: Output { batch: 3, dims: [3], .. }, \
         a: Output { batch: 3, dims: [3], .. } }"
    );
    let NetOutputs { scope, a, r#type } = outputs;
    let expected = linear(&net, "a", &x);
    close(&a.to_array().unwrap(), &expected);
    close(&r#type.to_array().unwrap(), &relu(&expected));
    // A scope shows its last value.
    let b = linear(&net, "scope.b", &relu(&expected));
    close(&scope.view().to_owned(), &b.mapv(f32::tanh));
}

#[test]
fn an_output_is_in_evaluation_mode_and_one_of_training_is_what_training_saw() {
    model! {
        Net {
            input x: f32[40];
            target y: f32[40];
            fc: Linear(40);
            drop: Dropout(0.5);
            #[train] output drop;
            output fc;
            act: Tanh;
            loss: Mse <- (act, y);
        }
    }
    let (x, y) = (numbers(40, 1), numbers(40, 2));
    let (net, mut ws, _) = step!(Net(x, y));
    let fc = linear(&net, "fc", &x);
    let trained = ws.output("drop").unwrap().to_array().unwrap();
    let kept: Vec<bool> = trained.iter().map(|x| *x != 0.0).collect();
    let share = kept.iter().filter(|kept| **kept).count() as f64 / kept.len() as f64;
    assert!((0.3..0.7).contains(&share), "half of all elements are dropped, not {share}");
    let mask = Array2::from_shape_vec((BATCH, 40), kept).unwrap();
    close(&trained, &(&fc * &mask.mapv(|kept| if kept { 2.0 } else { 0.0 })));
    // It stays to the end of the step, so it is counted; the other is not.
    assert!(Net::PLAN.kept().any(|k| k.name == "drop" && k.reason == Reason::Output));
    let error = ws.output("fc").unwrap_err().to_string();
    assert!(error.contains("#[train] output"), "{error}");

    let outputs = net.forward(&mut ws, x.view()).unwrap();
    close(&outputs.drop.to_array().unwrap(), &fc);
    close(&outputs.fc.to_array().unwrap(), &fc);
}

#[test]
fn an_output_of_training_inside_what_is_recomputed_is_kept() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            #[checkpoint(every = 2)]
            many: repeat(4) { fc: Linear(4); Gelu; }
            #[recompute]
            act: Silu;
            last: Linear(4);
            #[train] output act;
            #[train] output many;
            loss: Mse <- (last, y);
        }
    }
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let (net, ws, _) = step!(Net(x, y));
    let many = (0..4).fold(x, |x, i| {
        linear(&net, &format!("many.{i}.fc"), &x)
            .mapv(|x| 0.5 * x * (1.0 + erf(x / std::f32::consts::SQRT_2)))
    });
    close(&ws.output("many").unwrap().to_array().unwrap(), &many);
    close(&ws.output("act").unwrap().to_array().unwrap(), &many.mapv(|x| x / (1.0 + (-x).exp())));
    assert_eq!(Net::PLAN.notes, ["`act` is marked recompute but kept: it is read outside of its segment"]);
}

/// The error function by its series, which converges fast for the small numbers here.
fn erf(x: f32) -> f32 {
    let (x, mut term, mut sum) = (f64::from(x), f64::from(x), 0.0);
    for n in 0..40 {
        sum += term / f64::from(2 * n + 1);
        term *= -x * x / f64::from(n + 1);
    }
    (sum * std::f64::consts::FRAC_2_SQRT_PI) as f32
}

#[test]
fn what_only_an_output_reads_is_computed_and_has_a_gradient_of_zero() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            trunk: Linear(4);
            probe: Linear(2);
            head: Linear(4) <- trunk;
            output probe;
            loss: Mse <- (head, y);
        }
    }
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let (net, found) = output!(Net(x));
    close(&found, &linear(&net, "probe", &linear(&net, "trunk", &x)));
    let (mut net, mut ws, loss) = step!(Net(x, y));
    assert!(grad(&ws, "probe.weight").iter().all(|g| *g == 0.0));
    assert!(grad(&ws, "head.weight").iter().all(|g| *g != 0.0));
    // A step overwrites it like every other gradient, whatever stood there.
    testing::fill(&mut ws, f32::NAN);
    assert_eq!(net.forward_backward(&mut ws, x.view(), y.view()).unwrap(), loss);
    assert!(grad(&ws, "probe.weight").iter().all(|g| *g == 0.0));
}

#[test]
fn outputs_may_be_the_same_numbers_under_two_shapes() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            fc: Linear(4);
            square: Reshape(2, 2);
            flat: Flatten;
            #[train] output fc;
            #[train] output square;
            output flat;
            loss: Mse <- (flat, y);
        }
    }
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let (net, mut ws, _) = step!(Net(x, y));
    let fc = linear(&net, "fc", &x);
    let square = fc.clone().into_shape_with_order((BATCH, 2, 2)).unwrap();
    close(&ws.output("fc").unwrap().to_array().unwrap(), &fc);
    close(&ws.output("square").unwrap().to_array().unwrap(), &square);
    let outputs = net.forward(&mut ws, x.view()).unwrap();
    close(&outputs.square.to_array().unwrap(), &square);
    close(&outputs.flat.to_array().unwrap(), &fc);
}

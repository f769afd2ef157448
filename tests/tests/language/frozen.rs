//! `#[frozen]`: evaluation mode inside, no gradients of its own, and those of others pass through.

use remat::ndarray::{Array2, array};
use remat::prelude::*;

use crate::{close, grad, kept, linear, matrix, mse, near, numbers, step};

/// The parameters of a network that are trained, in order.
fn trained<M: Model>() -> Vec<&'static str> {
    M::PARAMS.iter().filter(|p| !p.frozen).map(|p| p.path).collect()
}

#[test]
fn a_frozen_layer_has_no_gradient_and_passes_that_of_others_on() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            a: Linear(4);
            #[frozen]
            b: Linear(4);
            c: Linear(4, bias = false);
            loss: Mse <- (c, y);
        }
    }
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let (mut net, ws, _) = step!(Net(x, y));
    let names: Vec<_> = ws.grads().iter().map(|g| g.unwrap().0).collect();
    assert_eq!(names, ["a.weight", "a.bias", "c.weight"]);
    assert!(ws.grads().get("b.weight").unwrap_err().to_string().contains("frozen"));
    let b = linear(&net, "b", &linear(&net, "a", &x));
    let dc = (b.dot(&matrix(&net, "c.weight").t()) - &y) * (2.0 / 12.0);
    let da = dc.dot(&matrix(&net, "c.weight")).dot(&matrix(&net, "b.weight"));
    close(&ws.grads().get("a.weight").unwrap(), &da.t().dot(&x));
    // What `b` reads is kept for nobody: its own backward needs its weight alone.
    assert_eq!(kept(&Net::PLAN), "b (read by backward), c (read by backward), loss (output)");
    // No optimizer moves it.
    let before = net.params().get("b.weight").unwrap();
    Sgd::new(&net, SgdConfig { lr: 1.0, ..Default::default() }).unwrap().step(&mut net, ws.grads()).unwrap();
    assert_eq!(net.params().get("b.weight").unwrap(), before);
}

#[test]
fn every_kind_of_scope_can_be_frozen_and_nothing_in_it_is_random() {
    model! {
        Net {
            input x: f32[40];
            target y: f32[40];
            block Noisy(w) { fc: Linear(w); Dropout(0.5); }
            first: Linear(40);
            #[frozen]
            group: { fc: Linear(40); Dropout(0.5); deeper: { fc: Linear(40); } }
            #[frozen]
            many: repeat(2) { fc: Linear(40); Dropout(0.5); }
            #[frozen]
            skip: residual { fc: Linear(40); Dropout(0.5); } shortcut { proj: Linear(40); Dropout(0.5); }
            #[frozen]
            block: Noisy(40);
            #[frozen]
            Dropout(0.5);
            part: { #[frozen] inside: { fc: Linear(40); Dropout(0.5); } last: Linear(40); }
            again: group;
            loss: Mse <- (again, y);
        }
    }
    assert_eq!(trained::<Net>(), ["first.weight", "first.bias", "part.last.weight", "part.last.bias"]);
    let (x, y) = (numbers(40, 1), numbers(40, 2));
    let (net, mut ws, loss) = step!(Net(x, y));
    let fc = |name: &str, x: &Array2<f32>| linear(&net, name, x);
    let group = |x: &Array2<f32>| fc("group.deeper.fc", &fc("group.fc", x));
    let many = fc("many.1.fc", &fc("many.0.fc", &group(&fc("first", &x))));
    let skip = fc("skip.fc", &many) + fc("skip.proj", &many);
    let part = fc("part.last", &fc("part.inside.fc", &fc("block.fc", &skip)));
    near(loss, mse(&group(&part), &y));
    // Training was evaluation.
    assert_eq!(net.evaluate(&mut ws, x.view(), y.view()).unwrap().to_bits(), loss.to_bits());
}

#[test]
fn what_stands_beside_a_frozen_scope_stays_random() {
    model! {
        Net {
            input x: f32[40];
            target y: f32[40];
            fc: Linear(40);
            #[frozen]
            still: { Dropout(0.5); }
            moves: Dropout(0.5);
            loss: Mse <- (moves, y);
        }
    }
    let (x, y) = (numbers(40, 1), numbers(40, 2));
    let (net, mut ws, loss) = step!(Net(x, y));
    assert_ne!(net.evaluate(&mut ws, x.view(), y.view()).unwrap(), loss);
}

#[test]
fn before_the_first_trained_layer_nothing_runs_backward_and_nothing_is_kept() {
    model! {
        Net {
            input id: u32;
            target y: f32[4];
            #[frozen]
            embed: Embedding(5, 4);
            #[frozen]
            stem: { fc: Linear(4); Gelu; fc2: Linear(4); }
            head: Linear(4);
            loss: Mse <- (head, y);
        }
    }
    assert_eq!(kept(&Net::PLAN), "stem.fc2 (read by backward), head (read by backward), loss (output)");
    let (id, y) = (array![1u32, 4, 1], numbers(4, 2));
    let (net, ws, _) = step!(Net(id, y));
    assert_eq!(ws.grads().iter().count(), 2);
    assert_eq!(grad(&ws, "head.weight").dim(), matrix(&net, "head.weight").dim());
}

#[test]
fn a_frozen_layer_can_be_applied_again_and_tied_as_a_frozen_one() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            #[frozen]
            still: Linear(4);
            moves: Linear(4);
            again: still;
            #[frozen]
            tied: Linear(4, weight = still, bias = false);
            loss: Mse <- (tied, y);
        }
    }
    assert_eq!(trained::<Net>(), ["moves.weight", "moves.bias"]);
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let (net, _, loss) = step!(Net(x, y));
    let again = linear(&net, "still", &linear(&net, "moves", &linear(&net, "still", &x)));
    near(loss, mse(&again.dot(&matrix(&net, "still.weight").t()), &y));
}

//! `residual { … } shortcut { … }`: the main path, plus what it was given.

use remat::ndarray::Array2;
use remat::prelude::*;

use crate::{close, linear, matrix, numbers, output, relu, step, weights};

#[test]
fn a_residual_adds_its_input_to_its_main_path() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            a: Linear(4);
            named: residual { fc: Linear(4); Relu; }
            residual { b: Linear(4); residual { c: Linear(4); } }
            before: Relu;
            other: residual <- (named) { d: Linear(4) <- a; }
            both: Mul <- (other, before);
            loss: Mse <- (both, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let fc = |name: &str, x: &Array2<f32>| linear(&net, name, x);
    let a = fc("a", &x);
    let named = relu(&fc("named.fc", &a)) + &a;
    let b = fc("b", &named);
    let before = relu(&(fc("c", &b) + b + &named));
    close(&found, &((fc("other.d", &a) + named) * before));
}

#[test]
fn a_shortcut_takes_the_place_of_the_input_and_its_names_stand_under_the_residual() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[3];
            named: residual { fc: Linear(5); Relu; } shortcut { proj: Linear(5, bias = false); Tanh; }
            residual { { up: Linear(6); } down: Linear(3); } shortcut { side: { 0: Linear(3); } }
            last: residual { more: Linear(3); } shortcut { Relu; }
            loss: Mse <- (last, y);
        }
    }
    assert_eq!(weights::<Net>(), ["named.fc", "named.proj", "up", "down", "side.0", "last.more"]);
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let fc = |name: &str, x: &Array2<f32>| linear(&net, name, x);
    let proj = x.dot(&matrix(&net, "named.proj.weight").t());
    let named = relu(&fc("named.fc", &x)) + proj.mapv(f32::tanh);
    let sum = fc("down", &fc("up", &named)) + fc("side.0", &named);
    close(&found, &(fc("last.more", &sum) + relu(&sum)));
}

#[test]
fn the_order_is_main_path_then_shortcut_then_the_sum() {
    model! {
        Short {
            input x: f32[4];
            target y: f32[4];
            a: Linear(4);
            res: residual { fc: Linear(4); Dropout(0.5); } shortcut { proj: Linear(4); Dropout(0.5); }
            Dropout(0.5);
            last: Linear(4);
            loss: Mse <- (last, y);
        }
    }
    model! {
        Long {
            input x: f32[4];
            target y: f32[4];
            a: Linear(4);
            main: { fc: Linear(4); Dropout(0.5); }
            side: <- a { proj: Linear(4); Dropout(0.5); }
            res: Add <- (main, side);
            Dropout(0.5);
            last: Linear(4);
            loss: Mse <- (last, y);
        }
    }
    // What parameters and masks are drawn from is their place in that order.
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let ((_, short, loss), (_, long, same)) = (step!(Short(x, y)), step!(Long(x, y)));
    assert_eq!(loss.to_bits(), same.to_bits());
    let grads = |of: Vec<_>| of.into_iter().map(|g: Result<(_, _), Error>| g.unwrap().1).collect::<Vec<_>>();
    assert_eq!(grads(short.grads().iter().collect()), grads(long.grads().iter().collect()));
}

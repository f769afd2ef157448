//! `repeat`: the same body several times, each time with parameters of its own.

use remat::ndarray::Array2;
use remat::prelude::*;
use remat_tests::trace;

use crate::{close, linear, numbers, output, params, relu, weights};

#[test]
fn a_repeat_is_its_body_written_out_as_groups_called_0_1_2() {
    model! {
        Short {
            input x: f32[4];
            target y: f32[4];
            skip: Linear(4);
            blocks: repeat(3) { fc: Linear(4); drop: Dropout(0.5); sum: Add <- (drop, skip); act: Tanh; Mul <- (act, in); }
            loss: Mse <- (blocks, y);
        }
    }
    model! {
        Long {
            input x: f32[4];
            target y: f32[4];
            skip: Linear(4);
            blocks: {
                0: { fc: Linear(4); drop: Dropout(0.5); sum: Add <- (drop, skip); act: Tanh; Mul <- (act, in); }
                1: { fc: Linear(4); drop: Dropout(0.5); sum: Add <- (drop, skip); act: Tanh; Mul <- (act, in); }
                2: { fc: Linear(4); drop: Dropout(0.5); sum: Add <- (drop, skip); act: Tanh; Mul <- (act, in); }
            }
            loss: Mse <- (blocks, y);
        }
    }
    // Bit by bit, with what dropout draws and the order in which the gradients of `skip` are added.
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let cpu = Cpu::with_threads(1).unwrap();
    let (short, long) = (trace!(Short, &cpu, [x, y]), trace!(Long, &cpu, [x, y]));
    short.assert_same(&long, "the short form");
    assert_eq!(short.grads.len(), 2 * 8);
}

#[test]
fn the_variable_counts_from_the_first_number_and_the_path_from_0() {
    model! {
        Net {
            const N = 2;
            input x: f32[4];
            target y: f32[4];
            range: repeat(i in -1..N) { fc: Linear(2 * (i + N)); }
            list: repeat(w in [5, N * N - 1, 5,]) { fc: Linear(w); }
            rates: repeat(rate in [0, 0.5, -0.25]) { fc: Linear(4, bias_init = constant(rate)); }
            loss: Mse <- (rates, y);
        }
    }
    assert_eq!(
        params::<Net>().iter().filter(|p| p.contains("weight")).collect::<Vec<_>>(),
        [
            "range.0.fc.weight [2, 4]",
            "range.1.fc.weight [4, 2]",
            "range.2.fc.weight [6, 4]",
            "list.0.fc.weight [5, 6]",
            "list.1.fc.weight [3, 5]",
            "list.2.fc.weight [5, 3]",
            "rates.0.fc.weight [4, 5]",
            "rates.1.fc.weight [4, 4]",
            "rates.2.fc.weight [4, 4]",
        ]
    );
    let net = Net::new(&Cpu::with_threads(1).unwrap(), 7).unwrap();
    let bias = |i: usize| net.params().get(&format!("rates.{i}.fc.bias")).unwrap()[[3]];
    assert_eq!([bias(0), bias(1), bias(2)], [0.0, 0.5, -0.25]);
}

#[test]
fn the_variable_of_an_outer_repeat_is_seen_in_an_inner_one() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            triangle: repeat(i in 1..4) {
                row: repeat(i) { fc: Linear(4); }
                step: repeat(j in i..i + 2) { deep: repeat(w in [10 * i + j]) { fc: Linear(w); } }
                back: Linear(4);
            }
            loss: Mse <- (triangle, y);
        }
    }
    let rows = weights::<Net>().iter().filter(|w| w.contains("row")).count();
    assert_eq!(rows, 1 + 2 + 3);
    let widths: Vec<usize> =
        Net::<Cpu>::PARAMS.iter().filter(|p| p.path.contains("deep.0.fc.bias")).map(|p| p.shape[0]).collect();
    assert_eq!(widths, [11, 12, 22, 23, 33, 34]);
}

#[test]
fn one_iteration_may_change_the_shape_as_nothing_reads_it_again() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[3];
            once: repeat(1) { fc: Linear(3); }
            loss: Mse <- (once, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    close(&found, &linear(&net, "once.0.fc", &x));
}

#[test]
fn a_repeat_names_what_its_first_iteration_reads() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            a: Linear(4);
            b: repeat(2) <- x { fc: Linear(4); Relu; }
            c: repeat(w in [3, 4]) <- (a) { fc: Linear(w); }
            sum: Add <- (b, c);
            loss: Mse <- (sum, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let fc = |name: &str, x: &Array2<f32>| linear(&net, name, x);
    let b = relu(&fc("b.1.fc", &relu(&fc("b.0.fc", &x))));
    close(&found, &(b + fc("c.1.fc", &fc("c.0.fc", &fc("a", &x)))));
}

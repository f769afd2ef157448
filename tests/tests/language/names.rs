//! What a name means, and what stands in a parameter's path.

use remat::ndarray::{Array2, Axis, concatenate};
use remat::prelude::*;

use crate::{close, linear, numbers, output, weights};

#[test]
fn a_line_reads_the_line_before_and_the_first_of_a_scope_what_that_is_given() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            a: Linear(4);
            left: { b: Linear(4); c: Linear(4); }
            right: <- a { d: Linear(4); }
            e: Linear(4);
            sum: Add <- (left, e);
            loss: Mse <- (sum, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let a = linear(&net, "a", &x);
    let left = linear(&net, "left.c", &linear(&net, "left.b", &a));
    close(&found, &(left + linear(&net, "e", &linear(&net, "right.d", &a))));
}

#[test]
fn in_is_the_input_of_the_innermost_scope() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            block Twice() { fc: Linear(4); Add <- (fc, in); }
            a: Linear(4);
            of_model: Add <- (a, in);
            group: { fc: Linear(4); inner: { fc: Linear(4); Add <- (in, fc); } Sub <- (inner, in); }
            block: Twice;
            iterations: repeat(2) { fc: Linear(4); Mul <- (fc, in); }
            main: residual { fc: Linear(4); Sub <- (fc, in); } shortcut { fc_2: Linear(4); Mul <- (fc_2, in); }
            loss: Mse <- (main, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let fc = |name: &str, x: &Array2<f32>| linear(&net, name, x);
    let a = fc("a", &x) + &x;
    let inner_in = fc("group.fc", &a);
    let inner = &inner_in + fc("group.inner.fc", &inner_in);
    let group = inner - &a;
    let block = fc("block.fc", &group) + &group;
    let first = fc("iterations.0.fc", &block) * &block;
    let second = fc("iterations.1.fc", &first) * &first;
    let main = fc("main.fc", &second) - &second;
    close(&found, &(main + fc("main.fc_2", &second) * &second));
}

#[test]
fn a_name_is_looked_for_in_its_scope_and_then_outwards() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            fc: Linear(4);
            outer: {
                // Not finished, `fc` is still that of the model; from the next line on it is this one.
                fc: Linear(4) <- fc;
                inner: {
                    // An input may be hidden like a layer.
                    x: Linear(4) <- x;
                    { { Sub <- (x, fc); } }
                }
            }
            // Behind the scope, the names in it are gone.
            last: Add <- (fc, outer);
            sum: Sub <- (last, x);
            loss: Mse <- (sum, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let fc = linear(&net, "fc", &x);
    let outer = linear(&net, "outer.inner.x", &x) - linear(&net, "outer.fc", &fc);
    close(&found, &(fc + outer - x));
}

#[test]
fn unnamed_scopes_add_nothing_to_a_path_and_iterations_their_number() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            { a: Linear(4); { b: Linear(4); } }
            named: { { c: Linear(4); residual { d: Linear(4); } shortcut { e: Linear(4); } } }
            repeat(2) { f: Linear(4); { repeat(1) { g: Linear(4); } } }
            residual { { h: Linear(4); } }
            last: Linear(4);
            loss: Mse <- (last, y);
        }
    }
    assert_eq!(
        weights::<Net>(),
        ["a", "b", "named.c", "named.d", "named.e", "0.f", "0.0.g", "1.f", "1.0.g", "h", "last"]
    );
}

#[test]
fn an_integer_is_part_of_a_path_as_in_a_sequential() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            seq: { 0: Linear(5); Relu; 2: Linear(4); 10: { 0: Linear(4); } }
            last: Linear(4);
            loss: Mse <- (last, y);
        }
    }
    assert_eq!(weights::<Net>(), ["seq.0", "seq.2", "seq.10.0", "last"]);
}

#[test]
fn one_word_may_be_a_number_and_a_layer() {
    model! {
        Net {
            #[allow(non_upper_case_globals)]
            const w = 2;
            input x: f32[4];
            target y: f32[6];
            w: Linear(w);
            steps: repeat(i in 3..5) { i: Linear(i); w: Linear(w) <- i; }
            // Of the two, the weight can be that of a layer alone.
            tied: Linear(w, weight = w) <- x;
            last: Linear(w + 2) <- steps;
            more: repeat(k in [4]) { k: Linear(k); again: Linear(k, weight = k); }
            both: Concat <- (tied, more);
            loss: Mse <- (both, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let fc = |name: &str, x: &Array2<f32>| linear(&net, name, x);
    let steps = ["w", "steps.0.i", "steps.0.w", "steps.1.i", "steps.1.w", "last", "more.0.k", "more.0.again"];
    let more = steps.iter().fold(x.clone(), |x, name| fc(name, &x));
    close(&found, &concatenate![Axis(1), fc("tied", &x), more]);
    assert_eq!(
        weights::<Net>(),
        ["w", "steps.0.i", "steps.0.w", "steps.1.i", "steps.1.w", "last", "more.0.k"]
    );
}

#[test]
fn words_of_the_language_are_names_of_layers_too() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            input: Linear(4);
            target: Linear(4) <- input;
            output: Linear(4);
            const: Linear(4);
            block: { repeat: Linear(4); residual: Linear(4); repeat; residual; }
            in_between: residual { fc: Linear(4); }
            shortcut: Linear(4);
            loop_again: residual { fc: Linear(4); }
            shortcut;
            residual { up: Linear(4); } shortcut { shortcut; }
            checkpoint: Linear(4);
            frozen: { output <- target; input; const; }
            train: block <- frozen;
            f32: Add <- (train, checkpoint);
            output f32;
            loss: Mse <- (f32, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let fc = |name: &str, x: &Array2<f32>| linear(&net, name, x);
    let block = |x: &Array2<f32>| {
        let once = |x: &Array2<f32>| fc("block.residual", &fc("block.repeat", x));
        once(&once(x))
    };
    let target = fc("target", &fc("input", &x));
    let at = block(&fc("const", &fc("output", &target)));
    let at = fc("shortcut", &(fc("in_between.fc", &at) + &at));
    let at = fc("shortcut", &(fc("loop_again.fc", &at) + &at));
    let at = fc("up", &at) + fc("shortcut", &at);
    let checkpoint = fc("checkpoint", &at);
    let frozen = fc("const", &fc("input", &fc("output", &target)));
    close(&found, &(block(&frozen) + checkpoint));
}

#[test]
fn a_scope_of_several_inputs_says_in_its_first_line_what_it_reads() {
    model! {
        Net {
            input a: f32[4];
            input b: f32[4];
            target y: f32[4];
            first: Linear(4) <- a;
            scope: <- (b, first) {
                fc: Linear(4) <- b;
                more: { fc: Linear(4) <- first; }
                Sub <- (fc, more);
            }
            one: <- (scope) { fc: Linear(4); }
            loss: Mse <- (one, y,);
        }
    }
    let (a, b) = (numbers(4, 1), numbers(4, 2));
    let (net, found) = output!(Net(a, b));
    let fc = |name: &str, x: &Array2<f32>| linear(&net, name, x);
    let scope = fc("scope.fc", &b) - fc("scope.more.fc", &fc("first", &a));
    close(&found, &fc("one.fc", &scope));
}

#[test]
fn a_value_may_be_read_several_times_by_one_layer() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[8];
            fc: Linear(4);
            square: Mul <- (fc, fc);
            four: Concat <- (square, fc);
            loss: Mse <- (four, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let fc = linear(&net, "fc", &x);
    close(&found, &concatenate![Axis(1), &fc * &fc, fc]);
}

#[test]
fn parameters_and_gradients_are_printed_by_name_and_shape() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            #[frozen]
            stem: Linear(8);
            head: Linear(4, bias = false);
            loss: Mse <- (head, y);
        }
    }
    let mut net = Net::new(&Cpu::with_threads(1).unwrap(), 7).unwrap();
    let mut ws = net.workspace(1).unwrap();
    let all = r#"{ model: "Net", shapes: {"stem.weight": [8, 4], "stem.bias": [8], "head.weight": [4, 8]} }"#;
    assert_eq!(format!("{:?}", net.params()), format!("Params {all}"));
    assert_eq!(format!("{:?}", net.params_mut()), format!("ParamsMut {all}"));
    let trained = r#"{ model: "Net", shapes: {"head.weight": [4, 8]} }"#;
    assert_eq!(format!("{:?}", ws.grads()), format!("Grads {trained}"));
    assert_eq!(format!("{:?}", ws.grads_mut()), format!("GradsMut {trained}"));
}

//! `block Name(numbers) <- (sources) { … }`: used like a layer, with parameters of its own for each use.

use remat::ndarray::{Array2, Axis, concatenate};
use remat::prelude::*;

use crate::{close, kept, linear, numbers, output, params, relu, segments_of};

#[test]
fn each_use_has_parameters_of_its_own() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            block Bottleneck(width) { down: Linear(width); Relu; up: Linear(4, bias = false); }
            first: Bottleneck(2);
            second: Bottleneck(width = 3);
            // Without a name it adds nothing to a path, as a group does.
            Bottleneck(1);
            head: Linear(4);
            loss: Mse <- (head, y);
        }
    }
    assert_eq!(
        params::<Net>(),
        [
            "first.down.weight [2, 4]",
            "first.down.bias [2]",
            "first.up.weight [4, 2]",
            "second.down.weight [3, 4]",
            "second.down.bias [3]",
            "second.up.weight [4, 3]",
            "down.weight [1, 4]",
            "down.bias [1]",
            "up.weight [4, 1]",
            "head.weight [4, 4]",
            "head.bias [4]",
        ]
    );
}

#[test]
fn numbers_of_a_block_are_numbers_of_its_expressions() {
    model! {
        Net {
            const D = 4;
            input x: f32[D];
            target y: f32[D];
            block Mix(k, rate, n) {
                many: repeat(n) { up: Linear(k * D + n); Dropout(rate - 0.5); down: Linear(D, init = constant(rate / 2)); }
                each: repeat(w in [k + 1, D]) { fc: Linear(w); }
                range: repeat(i in n - 1..n + 1) { fc: Linear(i + k); }
                back: Linear(D);
            }
            // By name in any order, or one after the other.
            a: Mix(n = 1, k = 2, rate = 0.5);
            b: Mix(3, 1 / 2.0, n = 2);
            loss: Mse <- (b, y);
        }
    }
    assert_eq!(
        params::<Net>().iter().filter(|p| p.contains("weight")).collect::<Vec<_>>(),
        [
            "a.many.0.up.weight [9, 4]",
            "a.many.0.down.weight [4, 9]",
            "a.each.0.fc.weight [3, 4]",
            "a.each.1.fc.weight [4, 3]",
            "a.range.0.fc.weight [2, 4]",
            "a.range.1.fc.weight [3, 2]",
            "a.back.weight [4, 3]",
            "b.many.0.up.weight [14, 4]",
            "b.many.0.down.weight [4, 14]",
            "b.many.1.up.weight [14, 4]",
            "b.many.1.down.weight [4, 14]",
            "b.each.0.fc.weight [4, 4]",
            "b.each.1.fc.weight [4, 4]",
            "b.range.0.fc.weight [4, 4]",
            "b.range.1.fc.weight [5, 4]",
            "b.back.weight [4, 5]",
        ]
    );
    let net = Net::new(&Cpu::with_threads(1).unwrap(), 7).unwrap();
    assert!(net.params().get("b.many.1.down.weight").unwrap().iter().all(|w| *w == 0.25));
}

#[test]
fn sources_of_a_use_are_those_of_the_block_in_order() {
    model! {
        Net {
            input x: f32[4];
            input z: f32[4];
            target y: f32[4];
            block Gate() <- (value, by) {
                fc: Linear(4) <- by;
                Sub <- (fc, value);
            }
            block Named() <- (only) { fc: Linear(4); Mul <- (fc, only); }
            block Plain() { fc: Linear(4); }
            a: Gate() <- (x, z);
            b: Gate <- (z, a);
            twice: Gate <- (b, b);
            // One source may be the line before, or be named.
            c: Named;
            d: Named <- x;
            e: Plain <- (c);
            sum: Add <- (d, e);
            loss: Mse <- (sum, y);
        }
    }
    let (x, z) = (numbers(4, 1), numbers(4, 2));
    let (net, found) = output!(Net(x, z));
    let gate = |at: &str, value: &Array2<f32>, by| linear(&net, &format!("{at}.fc"), by) - value;
    let named = |at: &str, only: &Array2<f32>| linear(&net, &format!("{at}.fc"), only) * only;
    let a = gate("a", &x, &z);
    let b = gate("b", &z, &a);
    let c = named("c", &gate("twice", &b, &b));
    close(&found, &(named("d", &x) + linear(&net, "e.fc", &c)));
}

#[test]
fn blocks_use_blocks_with_numbers_and_sources_handed_on() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            block Pair(w) <- (a, b) { one: Half(w, 1) <- a; two: Half(w, over = 2) <- b; Concat <- (one, two); }
            block Half(w, over) { fc: Linear(w / over); act: Act; }
            block Act() { Relu; }
            fc: Linear(4);
            pair: Pair(8) <- (x, fc);
            deep: { pair: Pair(2) <- (fc, pair); back: Linear(4); }
            loss: Mse <- (deep, y);
        }
    }
    assert_eq!(
        params::<Net>().iter().filter(|p| p.contains("weight")).collect::<Vec<_>>(),
        [
            "fc.weight [4, 4]",
            "pair.one.fc.weight [8, 4]",
            "pair.two.fc.weight [4, 4]",
            "deep.pair.one.fc.weight [2, 4]",
            "deep.pair.two.fc.weight [1, 12]",
            "deep.back.weight [4, 3]",
        ]
    );
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let pair = |at: &str, a, b| {
        let half = |of: &str, x| relu(&linear(&net, &format!("{at}.{of}.fc"), x));
        concatenate![Axis(1), half("one", a), half("two", b)]
    };
    let fc = linear(&net, "fc", &x);
    let first = pair("pair", &x, &fc);
    close(&found, &linear(&net, "deep.back", &pair("deep.pair", &fc, &first)));
}

#[test]
fn a_block_in_a_repeat_is_given_the_loop_variable() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            block Step(w) { repeat(i in w..w + 2) { fc: Linear(i); } }
            steps: repeat(i in 1..3) { step: Step(10 * i); last: Step(w = i); }
            back: Linear(4);
            loss: Mse <- (back, y);
        }
    }
    // `i` in the block is its own variable: it does not see the one around its use.
    assert_eq!(
        params::<Net>().iter().filter(|p| p.contains("weight")).collect::<Vec<_>>(),
        [
            "steps.0.step.0.fc.weight [10, 4]",
            "steps.0.step.1.fc.weight [11, 10]",
            "steps.0.last.0.fc.weight [1, 11]",
            "steps.0.last.1.fc.weight [2, 1]",
            "steps.1.step.0.fc.weight [20, 2]",
            "steps.1.step.1.fc.weight [21, 20]",
            "steps.1.last.0.fc.weight [2, 21]",
            "steps.1.last.1.fc.weight [3, 2]",
            "back.weight [4, 3]",
        ]
    );
}

#[test]
fn marks_in_a_block_are_those_of_each_use_and_marks_on_a_use_its_alone() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            block Pair() { a: Linear(4); #[recompute] Gelu; b: Linear(4); }
            first: Pair;
            #[checkpoint]
            second: Pair;
            third: Pair;
            loss: Mse <- (third, y);
        }
    }
    assert_eq!(segments_of(&Net::PLAN), ["second: 2"]);
    // `a` is what its `Gelu` is recomputed from.
    assert_eq!(
        kept(&Net::PLAN),
        "first.a (read by backward), first.b (read by a recompute), second.b (boundary), \
         third.a (read by backward), third.b (read by backward), loss (output)"
    );
}

//! Parameters used more than once: a layer or a scope applied again by its name, and tied weights.

use remat::ndarray::{Array2, Array3, Axis, array, concatenate};
use remat::prelude::*;

use crate::{close, grad, kept, linear, matrix, numbers, output, params, relu, segments_of, step, weights};

/// Gives a network whose parameters are shared and one in which each use has its own the same numbers,
/// and compares their losses, and each gradient with the sum of those of all uses. The prefixes of
/// parameters that are shared stand before those of its uses in the other network.
macro_rules! gradients_are_sums {
    ($shared:ident, $apart:ident, [$($given:expr),*], [$($prefix:literal: [$($other:literal),*]),*]) => {{
        let cpu = Cpu::with_threads(1).unwrap();
        let (mut shared, mut apart) = ($shared::new(&cpu, 7).unwrap(), $apart::new(&cpu, 1).unwrap());
        let names = [$(($prefix, [$($other),*].as_slice())),*];
        let drawn: Vec<_> = shared.params().iter().map(Result::unwrap).collect();
        for (name, drawn) in drawn {
            // Large enough that gradients do not vanish on their way to the first layer.
            let value = drawn * 2.0;
            shared.params_mut().set(name, value.view()).unwrap();
            for other in others(&names, name) {
                apart.params_mut().set(&other, value.view()).unwrap();
            }
        }
        let mut ws = shared.workspace($crate::BATCH).unwrap();
        let mut ws_apart = apart.workspace($crate::BATCH).unwrap();
        let loss = shared.forward_backward(&mut ws, $($given.view()),*).unwrap();
        let same = apart.forward_backward(&mut ws_apart, $($given.view()),*).unwrap();
        assert_eq!(loss.to_bits(), same.to_bits());
        for (name, found) in ws.grads().iter().map(Result::unwrap) {
            let grads = others(&names, name).into_iter().map(|n| ws_apart.grads().get(&n).unwrap());
            let sum = grads.reduce(|a, b| a + b).unwrap();
            close(&found, &sum);
            assert!(sum.iter().any(|g| g.abs() > 1e-3), "{name} must have a gradient for this to show anything");
        }
    }};
}

/// The names in the network without sharing of what is called `name` in the one with it.
fn others(names: &[(&str, &[&str])], name: &str) -> Vec<String> {
    let found = names.iter().find_map(|(prefix, others)| Some((name.strip_prefix(prefix)?, others)));
    found
        .map_or(vec![name.to_owned()], |(rest, others)| others.iter().map(|o| format!("{o}{rest}")).collect())
}

#[test]
fn a_layer_applied_again_shares_its_parameters_and_its_gradient_is_the_sum() {
    model! {
        Shared {
            input x: f32[4];
            target y: f32[4];
            fc: Linear(4);
            act: Tanh;
            named: fc <- x;
            sum: Add <- (act, named);
            fc;
            deep: { scope: residual { inner: fc; } }
            loss: Mse <- (deep, y);
        }
    }
    model! {
        Apart {
            input x: f32[4];
            target y: f32[4];
            fc: Linear(4);
            act: Tanh;
            named: Linear(4) <- x;
            sum: Add <- (act, named);
            third: Linear(4);
            deep: { scope: residual { inner: Linear(4); } }
            loss: Mse <- (deep, y);
        }
    }
    assert_eq!(params::<Shared>(), ["fc.weight [4, 4]", "fc.bias [4]"]);
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    gradients_are_sums!(Shared, Apart, [x, y], ["fc": ["fc", "named", "third", "deep.scope.inner"]]);
}

#[test]
fn every_kind_of_scope_can_be_applied_again() {
    model! {
        Shared {
            input x: f32[4];
            target y: f32[4];
            block Pair(w) <- (a, b) { fc: Linear(w) <- a; back: Linear(4); Mul <- (back, b); }
            group: { 0: Linear(3); Tanh; 1: Linear(4); }
            many: repeat(2) { fc: Linear(4); Tanh; }
            each: repeat(w in [2, 4]) { fc: Linear(w); }
            skip: residual { fc: Linear(4); } shortcut { proj: Linear(4); }
            pair: Pair(3) <- (skip, x);
            group_2: group;
            many_2: many;
            inside: { each_2: each; deeper: { skip_2: skip; pair_2: pair <- (skip_2, in); } }
            loss: Mse <- (inside, y);
        }
    }
    model! {
        Apart {
            input x: f32[4];
            target y: f32[4];
            block Pair(w) <- (a, b) { fc: Linear(w) <- a; back: Linear(4); Mul <- (back, b); }
            group: { 0: Linear(3); Tanh; 1: Linear(4); }
            many: repeat(2) { fc: Linear(4); Tanh; }
            each: repeat(w in [2, 4]) { fc: Linear(w); }
            skip: residual { fc: Linear(4); } shortcut { proj: Linear(4); }
            pair: Pair(3) <- (skip, x);
            group_2: { 0: Linear(3); Tanh; 1: Linear(4); }
            many_2: repeat(2) { fc: Linear(4); Tanh; }
            each_2: repeat(w in [2, 4]) { fc: Linear(w); }
            skip_2: residual { fc: Linear(4); } shortcut { proj: Linear(4); }
            pair_2: Pair(3) <- (skip_2, each_2);
            loss: Mse <- (pair_2, y);
        }
    }
    assert_eq!(
        weights::<Shared>(),
        [
            "group.0",
            "group.1",
            "many.0.fc",
            "many.1.fc",
            "each.0.fc",
            "each.1.fc",
            "skip.fc",
            "skip.proj",
            "pair.fc",
            "pair.back"
        ]
    );
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    gradients_are_sums!(Shared, Apart, [x, y], [
        "group": ["group", "group_2"],
        "many": ["many", "many_2"],
        "each": ["each", "each_2"],
        "skip": ["skip", "skip_2"],
        "pair": ["pair", "pair_2"]
    ]);
}

#[test]
fn what_applies_an_earlier_one_can_be_applied_itself() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            a: Linear(4);
            b: a;
            c: b;
            scope: { fc: Linear(4); a; }
            d: scope;
            e: d;
            loss: Mse <- (e, y);
        }
    }
    assert_eq!(weights::<Net>(), ["a", "scope.fc"]);
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let expected = ["a", "a", "a", "scope.fc", "a", "scope.fc", "a", "scope.fc", "a"];
    close(&found, &expected.iter().fold(x, |x, fc| linear(&net, fc, &x)));
}

#[test]
fn a_scope_applied_again_reads_from_outside_what_it_read_where_it_is_declared() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            skip: Linear(4);
            scope: { fc: Linear(4); Add <- (fc, skip); }
            other: {
                // Another `skip`, that `scope` does not see; and `in` is what it is given this time.
                skip: Linear(4);
                scope;
            }
            loops: repeat(k in [2, 3]) { part: repeat(j in 0..k) { fc: Linear(4 + j - j); } again: part; }
            loss: Mse <- (loops, y);
        }
    }
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let fc = |name: &str, x: &Array2<f32>| linear(&net, name, x);
    let skip = fc("skip", &x);
    let scope = |x: &Array2<f32>| fc("scope.fc", x) + &skip;
    let mut at = scope(&fc("other.skip", &scope(&skip)));
    for (k, parts) in [(0, 2), (1, 3)] {
        for part in (0..parts).chain(0..parts) {
            at = fc(&format!("loops.{k}.part.{part}.fc"), &at);
        }
    }
    close(&found, &at);
}

#[test]
fn a_layer_is_applied_to_any_shape_that_its_parameters_fit() {
    model! {
        Net {
            input x: f32[4];
            input rows: f32[2, 4];
            target y: f32[3];
            fc: Linear(3) <- x;
            act: Relu;
            many: fc <- rows;
            act_2: act;
            mean: Mean(0);
            sum: Add <- (act, mean);
            loss: Mse <- (sum, y);
        }
    }
    let x = numbers(4, 1);
    let rows = numbers(8, 2).into_shape_with_order((3, 2, 4)).unwrap();
    let (net, found) = output!(Net(x, rows));
    let fc = |x: &Array2<f32>| relu(&linear(&net, "fc", x));
    let row = |rows: &Array3<f32>, i| rows.index_axis(Axis(1), i).to_owned();
    close(&found, &(fc(&x) + (fc(&row(&rows, 0)) + fc(&row(&rows, 1))) / 2.0));
}

#[test]
fn a_mark_inside_a_scope_goes_with_it_and_one_on_it_does_not() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            #[checkpoint]
            scope: { a: Linear(4); #[recompute] Gelu; b: Linear(4); }
            plain: scope;
            #[checkpoint]
            marked: scope;
            last: Linear(4);
            loss: Mse <- (last, y);
        }
    }
    assert_eq!(segments_of(&Net::PLAN), ["scope: 2", "marked: 2"]);
    assert_eq!(
        kept(&Net::PLAN),
        "scope.b (boundary), plain.a (read by backward), plain.b (read by a recompute), \
         marked.b (boundary), last (read by backward), loss (output)"
    );
}

#[test]
fn a_tied_weight_is_one_parameter_with_two_names() {
    model! {
        Net {
            input id: u32;
            target next: u32;
            embed: Embedding(5, 4);
            fc: Linear(4);
            head: Linear(5, weight = embed);
            loss: CrossEntropy <- (head, next);
        }
    }
    assert_eq!(params::<Net>(), ["embed.weight [5, 4]", "fc.weight [4, 4]", "fc.bias [4]", "head.bias [5]"]);
    let (id, next) = (array![1u32, 4, 1], array![0u32, 2, 3]);
    let (mut net, ws, _) = step!(Net(id, next));
    assert_eq!(net.params().count(), 20 + 16 + 4 + 5);
    assert_eq!(net.params().get("head.weight").unwrap(), net.params().get("embed.weight").unwrap());
    assert_eq!(grad(&ws, "head.weight"), grad(&ws, "embed.weight"));
    // Every row is read by the head, and row 1 and 4 as an embedding too.
    assert!(grad(&ws, "embed.weight").rows().into_iter().all(|row| row.iter().any(|g| *g != 0.0)));
    net.params_mut().set("head.weight", Array2::from_elem((5, 4), 0.5).view()).unwrap();
    assert!(matrix(&net, "embed.weight").iter().all(|w| *w == 0.5));
}

#[test]
fn a_tied_weight_may_stand_in_a_scope_an_iteration_or_a_use_of_a_block() {
    model! {
        Shared {
            input x: f32[4];
            target y: f32[4];
            block Half() { in_block: Linear(4); }
            scope: { inner: { 0: Linear(4); } }
            many: repeat(2) { 0: Linear(4); fc: Linear(4); }
            half: Half;
            a: Linear(4, weight = scope.inner.0);
            b: Linear(4, weight = many.1.0);
            c: Linear(4, weight = many.0.fc);
            d: { e: Linear(4, weight = half.in_block, bias = false); f: Linear(4, weight = e); }
            // In a repeat that of the same iteration is meant.
            own: repeat(2) { g: Linear(4); h: Linear(4, weight = g, bias = false); }
            // What a layer of another kind holds fits as well.
            rows: Parameter(4, 4, weight = c);
            mean: Mean(0);
            sum: Add <- (own, mean);
            loss: Mse <- (sum, y);
        }
    }
    model! {
        Apart {
            input x: f32[4];
            target y: f32[4];
            block Half() { in_block: Linear(4); }
            scope: { inner: { 0: Linear(4); } }
            many: repeat(2) { 0: Linear(4); fc: Linear(4); }
            half: Half;
            a: Linear(4);
            b: Linear(4);
            c: Linear(4);
            d: { e: Linear(4, bias = false); f: Linear(4); }
            own: repeat(2) { g: Linear(4); h: Linear(4, bias = false); }
            rows: Parameter(4, 4);
            mean: Mean(0);
            sum: Add <- (own, mean);
            loss: Mse <- (sum, y);
        }
    }
    assert_eq!(
        weights::<Shared>(),
        [
            "scope.inner.0",
            "many.0.0",
            "many.0.fc",
            "many.1.0",
            "many.1.fc",
            "half.in_block",
            "own.0.g",
            "own.1.g"
        ]
    );
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    gradients_are_sums!(Shared, Apart, [x, y], [
        "scope.inner.0.weight": ["scope.inner.0.weight", "a.weight"],
        "many.1.0.weight": ["many.1.0.weight", "b.weight"],
        "many.0.fc.weight": ["many.0.fc.weight", "c.weight", "rows.weight"],
        "half.in_block.weight": ["half.in_block.weight", "d.e.weight", "d.f.weight"],
        "own.0.g.weight": ["own.0.g.weight", "own.0.h.weight"],
        "own.1.g.weight": ["own.1.g.weight", "own.1.h.weight"]
    ]);
}

#[test]
fn a_layer_applied_again_next_to_a_tied_one_is_still_one_parameter() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[8];
            one: Linear(4);
            two: Linear(4, weight = one);
            three: two <- x;
            both: Concat <- (two, three);
            loss: Mse <- (both, y);
        }
    }
    // `three` has the bias of `two`, whose weight is that of `one`.
    assert_eq!(params::<Net>(), ["one.weight [4, 4]", "one.bias [4]", "two.bias [4]"]);
    let x = numbers(4, 1);
    let (net, found) = output!(Net(x));
    let two = linear(&net, "two", &linear(&net, "one", &x));
    close(&found, &concatenate![Axis(1), two, linear(&net, "two", &x)]);
}

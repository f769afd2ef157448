//! `#[checkpoint]` on scopes, on a `repeat` and on the model: what is kept, and what runs again.
//!
//! Each test declares its network with and without the mark: the plans differ, the bits do not.

use remat::prelude::*;
use remat_tests::trace;

use crate::{kept, numbers, segments_of};

/// Trains two networks that differ in marks: losses, gradients and parameters are the same bits.
macro_rules! same {
    ($plain:ident, $($marked:ident),*) => {{
        let (x, y) = (numbers(4, 1), numbers(4, 2));
        let cpu = Cpu::with_threads(1).unwrap();
        let plain = trace!($plain, &cpu, [x, y]);
        assert_ne!(plain.losses[0], plain.losses[19], "it must learn for this to show anything");
        $(trace!($marked, &cpu, [x, y]).assert_same(&plain, stringify!($marked));)*
    }};
}
pub(crate) use same;

#[test]
fn of_a_group_its_input_and_its_output_are_kept() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    stem: Linear(4);
                    $($mark)*
                    group: { a: Linear(4); Gelu; Dropout(0.5); b: Linear(4); }
                    head: Linear(4);
                    loss: Mse <- (head, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Marked /** Docs and lints may stand between. */ #[checkpoint] #[allow(missing_docs)]);
    same!(Plain, Marked);
    assert_eq!(
        kept(&Plain::PLAN),
        "stem (read by backward), group.a (read by backward), group.Dropout (read by backward), \
         group.b (read by backward), head (read by backward), loss (output)"
    );
    assert_eq!(
        kept(&Marked::PLAN),
        "stem (read by a recompute), group.b (boundary), head (read by backward), loss (output)"
    );
    assert_eq!(segments_of(&Marked::PLAN), ["group: 3"]);
}

#[test]
fn a_residual_is_a_segment_with_both_its_paths() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    stem: Linear(4);
                    $($mark)*
                    res: residual { a: Linear(4); Gelu; b: Linear(4); } shortcut { proj: Linear(4); Gelu; }
                    $($mark)*
                    residual { c: Linear(4); Gelu; }
                    head: Linear(4);
                    loss: Mse <- (head, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Marked #[checkpoint]);
    same!(Plain, Marked);
    // `b` is read by the sum alone, whose backward reads nothing.
    assert_eq!(segments_of(&Marked::PLAN), ["res: 3", "residual: 1"]);
    assert_eq!(
        kept(&Marked::PLAN),
        "stem (read by a recompute), res.Add (boundary), Add (boundary), head (read by backward), loss (output)"
    );
}

#[test]
fn a_repeat_has_a_segment_for_each_iteration_or_for_as_many_as_it_says() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    const N = 5;
                    input x: f32[4];
                    target y: f32[4];
                    $($mark)*
                    many: repeat(N) { fc: Linear(4); Gelu; }
                    head: Linear(4);
                    loss: Mse <- (head, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Each #[checkpoint]);
    net!(One #[checkpoint(every = 1)]);
    net!(Two #[checkpoint(every = (N - 1) / 2)]);
    net!(Three #[checkpoint(every = N - 2,)]);
    net!(All #[checkpoint(every = N)]);
    net!(At #[checkpoint(at = [0, N - 3])]);
    net!(First #[checkpoint(at = [0])]);
    net!(Most #[checkpoint(at = [0, 1, 2, 3])]);
    same!(Plain, Each, One, Two, Three, All, At, First, Most);
    let each = ["many.0: 1", "many.1: 1", "many.2: 1", "many.3: 1", "many.4: 1"];
    assert_eq!(segments_of(&Each::PLAN), each);
    assert_eq!(segments_of(&One::PLAN), each);
    assert_eq!(segments_of(&Most::PLAN), each);
    assert_eq!(segments_of(&Two::PLAN), ["many.0 … many.1: 3", "many.2 … many.3: 3", "many.4: 1"]);
    assert_eq!(segments_of(&Three::PLAN), ["many.0 … many.2: 5", "many.3 … many.4: 3"]);
    assert_eq!(segments_of(&All::PLAN), ["many.0 … many.4: 9"]);
    assert_eq!(segments_of(&At::PLAN), ["many.0: 1", "many.1 … many.2: 3", "many.3 … many.4: 3"]);
    assert_eq!(segments_of(&First::PLAN), ["many.0: 1", "many.1 … many.4: 7"]);
    assert_eq!(
        kept(&At::PLAN),
        "many.0.Gelu (boundary), many.2.Gelu (boundary), many.4.Gelu (boundary), \
         head (read by backward), loss (output)"
    );
}

#[test]
fn how_a_repeat_is_cut_may_depend_on_a_block_s_number_or_an_outer_variable() {
    macro_rules! net {
        ($name:ident [$($block:tt)*] [$($loop:tt)*]) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    block Deep(n, k) { $($block)* many: repeat(n) { fc: Linear(4); Gelu; } }
                    one: Deep(3, k = 2);
                    two: Deep(k = 1, n = 2);
                    outer: repeat(i in 1..3) { $($loop)* inner: repeat(3) { fc: Linear(4); Gelu; } }
                    last: Linear(4);
                    loss: Mse <- (last, y);
                }
            }
        };
    }
    net!(Plain [] []);
    net!(Marked [#[checkpoint(every = k)]] [#[checkpoint(every = i)]]);
    same!(Plain, Marked);
    assert_eq!(
        segments_of(&Marked::PLAN),
        [
            "one.many.0 … one.many.1: 3",
            "one.many.2: 1",
            "two.many.0: 1",
            "two.many.1: 1",
            "outer.0.inner.0: 1",
            "outer.0.inner.1: 1",
            "outer.0.inner.2: 1",
            "outer.1.inner.0 … outer.1.inner.1: 3",
            "outer.1.inner.2: 1"
        ]
    );
}

#[test]
fn a_repeat_applied_again_is_cut_by_its_own_mark() {
    macro_rules! net {
        ($name:ident [$($first:tt)*] [$($second:tt)*]) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    $($first)*
                    many: repeat(4) { fc: Linear(4); Gelu; }
                    $($second)*
                    again: many;
                    head: Linear(4);
                    loss: Mse <- (head, y);
                }
            }
        };
    }
    net!(Plain [] []);
    net!(First [#[checkpoint(every = 2)]] []);
    net!(Second [] [#[checkpoint(at = [0])]]);
    same!(Plain, First, Second);
    assert_eq!(segments_of(&First::PLAN), ["many.0 … many.1: 3", "many.2 … many.3: 3"]);
    assert_eq!(segments_of(&Second::PLAN), ["again.0: 1", "again.1 … again.3: 5"]);
}

#[test]
fn iterations_of_different_shapes_are_segments_like_others() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    $($mark)*
                    each: repeat(w in [7, 3, 5]) { fc: Linear(w); Gelu; }
                    $($mark)*
                    range: repeat(i in 2..5) { fc: Linear(i); Gelu; }
                    loss: Mse <- (range, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Two #[checkpoint(every = 2)]);
    net!(At #[checkpoint(at = [0])]);
    same!(Plain, Two, At);
    assert_eq!(
        segments_of(&Two::PLAN),
        ["each.0 … each.1: 3", "each.2: 1", "range.0 … range.1: 3", "range.2: 1"]
    );
    // 64 bytes a line: two boundaries of each, whatever their shapes, and the loss.
    assert_eq!(Two::PLAN.kept_bytes(1), 4 * 64 + 64);
}

#[test]
fn a_use_of_a_block_is_a_segment_and_so_is_a_scope_applied_again() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    block Gate(w) <- (a, b) { up: Linear(w) <- a; Gelu; down: Linear(4); Mul <- (down, b); }
                    stem: Linear(4);
                    $($mark)*
                    one: Gate(6) <- (stem, x);
                    $($mark)*
                    Gate(4) <- (one, stem);
                    middle: Linear(4);
                    $($mark)*
                    again: one <- (middle, stem);
                    loss: Mse <- (again, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Marked #[checkpoint]);
    same!(Plain, Marked);
    // `x` wants no gradient, so nobody reads what `one` multiplies it by.
    assert_eq!(segments_of(&Marked::PLAN), ["one: 2", "Gate: 3", "again: 3"]);
}

#[test]
fn a_segment_without_a_name_is_called_what_it_is() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            block Pair() { d: Linear(4); Gelu; e: Linear(4); }
            stem: Linear(4);
            #[checkpoint]
            { a: Linear(4); Gelu; }
            #[checkpoint]
            repeat(2) { b: Linear(4); Gelu; }
            inside: {
                #[checkpoint]
                { c: Linear(4); Gelu; }
                #[checkpoint]
                residual { f: Linear(4); Gelu; }
                #[checkpoint]
                Pair;
            }
            head: Linear(4);
            loss: Mse <- (head, y);
        }
    }
    let names: Vec<_> = Net::PLAN.segments().map(|s| s.name).collect();
    assert_eq!(names, ["0", "1", "group", "inside.group", "inside.residual", "inside.Pair"]);
}

#[test]
fn segments_stand_in_segments() {
    macro_rules! net {
        ($name:ident [$($outer:tt)*] [$($inner:tt)*]) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    $($outer)*
                    many: repeat(2) {
                        $($inner)*
                        part: { a: Linear(4); Gelu; Dropout(0.5); }
                        $($inner)*
                        rest: { b: Linear(4); Gelu; }
                    }
                    head: Linear(4);
                    loss: Mse <- (head, y);
                }
            }
        };
    }
    net!(Plain [] []);
    net!(Outer [#[checkpoint]] []);
    net!(Inner [] [#[checkpoint]]);
    net!(Both [#[checkpoint]] [#[checkpoint]]);
    net!(Whole [#[checkpoint(every = 2)]] [#[checkpoint]]);
    same!(Plain, Outer, Inner, Both, Whole);
    assert_eq!(
        segments_of(&Inner::PLAN),
        ["many.0.part: 1", "many.0.rest: 1", "many.1.part: 1", "many.1.rest: 1"]
    );
    // Recomputing `many.0` makes `a`, `Gelu`, `Dropout` and `b`; `part` then makes `a` once more, and
    // `rest` nothing, as its backward follows at once.
    assert_eq!(
        segments_of(&Both::PLAN),
        [
            "many.0: 4",
            "many.1: 4",
            "many.0.part: 3",
            "many.0.rest: last",
            "many.1.part: 3",
            "many.1.rest: last"
        ]
    );
    assert_eq!(kept(&Both::PLAN), kept(&Outer::PLAN));
    assert_eq!(kept(&Whole::PLAN), "many.1.rest.Gelu (boundary), head (read by backward), loss (output)");
    let again = |plan: &Plan| plan.recompute_flops;
    assert!(again(&Both::PLAN) > again(&Outer::PLAN));
}

#[test]
fn a_mark_on_the_model_puts_boundaries_between_its_stages() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $($mark)*
                $name {
                    const K = 4;
                    input x: f32[4];
                    target y: f32[4];
                    block Pair() { one: Linear(4); Gelu; two: Linear(4); }
                    // Nine stages: a layer, a group, a use of a block, four iterations, a residual, a layer.
                    stem: Linear(4);
                    group: { a: Linear(4); Gelu; { b: Linear(4); } }
                    pair: Pair;
                    many: repeat(4) { fc: Linear(4); Gelu; }
                    skip: residual { fc: Linear(4); Gelu; }
                    head: Linear(4);
                    loss: Mse <- (head, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Sqrt #[checkpoint(sqrt)]);
    net!(Three #[checkpoint(every = 3)]);
    net!(Four #[checkpoint(every = K)]);
    net!(Eight #[checkpoint(every = 2 * K)]);
    same!(Plain, Sqrt, Three, Four, Eight);
    // ceil(9 / ceil(sqrt(9))) is 3. The tail holds the loss, so its backward comes at once.
    let names = |plan: &Plan| plan.segments().map(|s| s.name).collect::<Vec<_>>();
    assert_eq!(names(&Sqrt::PLAN), ["stem … pair", "many.0 … many.2", "many.3 … loss"]);
    assert_eq!(segments_of(&Sqrt::PLAN), segments_of(&Three::PLAN));
    assert_eq!(Sqrt::PLAN.segments().map(|s| s.last).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(names(&Four::PLAN), ["stem … many.0", "many.1 … skip", "head … loss"]);
    assert_eq!(names(&Eight::PLAN), ["stem … skip", "head … loss"]);
    assert_eq!(
        kept(&Sqrt::PLAN),
        "pair.two (boundary), many.2.Gelu (boundary), many.3.fc* (read by backward), \
         many.3.Gelu* (read by backward), skip.fc* (read by backward), skip.Add* (read by backward), \
         head* (read by backward), loss* (output)"
    );
}

#[test]
fn sqrt_rounds_up_twice() {
    macro_rules! stages {
        ($($n:literal: $expected:expr),*) => {
            $({
                model! {
                    #[checkpoint(sqrt)]
                    Net { input x: f32[4]; target y: f32[4]; l: repeat($n) { fc: Linear(4); } loss: Mse <- (l, y); }
                }
                let ends = Net::PLAN.segments().map(|s| s.name.split(" … ").last().unwrap());
                assert_eq!(ends.collect::<Vec<_>>(), $expected, "{} stages", $n);
            })*
        };
    }
    // A boundary every ceil(n / ceil(sqrt(n))) stages, none at the end.
    stages!(
        2: ["l.0", "loss"],
        3: ["l.1", "loss"],
        4: ["l.1", "loss"],
        5: ["l.1", "l.3", "loss"],
        7: ["l.2", "l.5", "loss"],
        10: ["l.2", "l.5", "l.8", "loss"],
        16: ["l.3", "l.7", "l.11", "loss"]
    );
}

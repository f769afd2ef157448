//! `#[checkpoint]` and `#[recompute]` on layers, what a plan keeps besides, and what it says of marks.

use remat::prelude::*;
use remat_tests::trace;

use crate::segments::same;
use crate::{kept, numbers, segments_of};

#[test]
fn a_boundary_cuts_the_scope_that_holds_it_and_no_other() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    stem: Linear(4);
                    group: { a: Linear(4); Gelu; $($mark)* b: Linear(4); c: Linear(4); Gelu; d: Linear(4); }
                    after: Linear(4);
                    head: Linear(4);
                    loss: Mse <- (head, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Marked #[checkpoint]);
    same!(Plain, Marked);
    assert_eq!(segments_of(&Marked::PLAN), ["group.a … group.b: 2", "group.c … group.d: 2"]);
    assert_eq!(
        kept(&Marked::PLAN),
        "stem (read by a recompute), group.b (boundary), group.d (boundary), after (read by backward), \
         head (read by backward), loss (output)"
    );
}

#[test]
fn boundaries_stand_in_every_kind_of_scope() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    block Pair() { e: Linear(4); Gelu; $($mark)* f: Linear(4); Gelu; }
                    stem: Linear(4);
                    Gelu;
                    $($mark)*
                    act: Linear(4);
                    many: repeat(2) { $($mark)* a: Linear(4); Gelu; }
                    res: residual { $($mark)* b: Linear(4); Gelu; } shortcut { $($mark)* c: Linear(4); Gelu; }
                    pair: Pair;
                    loss: Mse <- (pair, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Marked #[checkpoint]);
    same!(Plain, Marked);
    // The model is cut behind `act`; its tail holds the loss and all the other scopes.
    assert_eq!(
        segments_of(&Marked::PLAN),
        [
            "stem … act: 2",
            "many.0 … loss: last",
            "many.0.a: 0",
            "many.0.Gelu: 0",
            "many.1.a: 0",
            "many.1.Gelu: 0",
            "res.b: 0",
            "res.Gelu: 0",
            "res.c: 0",
            "res.Gelu (2): 0",
            "pair.e … pair.f: 2",
            "pair.Gelu: 0"
        ]
    );
}

#[test]
fn a_layer_marked_recompute_is_made_again_from_the_nearest_values_that_are_kept() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    a: Linear(4);
                    $($mark)*
                    Gelu;
                    b: Linear(4);
                    $($mark)*
                    norm: LayerNorm;
                    $($mark)*
                    act: Silu;
                    $($mark)*
                    Dropout(0.5);
                    c: Linear(4);
                    loss: Mse <- (c, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Marked #[recompute]);
    same!(Plain, Marked);
    assert_eq!(segments_of(&Marked::PLAN), [] as [String; 0]);
    let values = |plan: &Plan| -> Vec<&str> {
        let names = plan.kept().map(|k| k.name).filter(|name| !name.contains("norm."));
        names.filter(|name| !["x", "y", "loss"].contains(name)).collect()
    };
    assert_eq!(values(&Plain::PLAN), ["a", "Gelu", "b", "norm", "Dropout", "c"]);
    // A row of marked layers is made from what stands before it.
    assert_eq!(values(&Marked::PLAN), ["a", "b", "c"]);
}

#[test]
fn a_mark_on_a_layer_stands_in_every_kind_of_scope() {
    macro_rules! net {
        ($name:ident [$($outer:tt)*] [$($mark:tt)*]) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    block Pair() { e: Linear(4); $($mark)* Gelu; f: Linear(4); }
                    stem: Linear(4);
                    $($mark)*
                    bent: Gelu;
                    $($outer)*
                    group: { a: Linear(4); $($mark)* act: Gelu; b: Linear(4) <- act; Mul <- (act, b); }
                    $($outer)*
                    many: repeat(2) { pair: Pair; $($mark)* norm: LayerNorm; }
                    $($outer)*
                    res: residual { c: Linear(4); $($mark)* Gelu; d: Linear(4); } shortcut { $($mark)* Tanh; }
                    last: Linear(4);
                    loss: Mse <- (last, y);
                }
            }
        };
    }
    net!(Plain [] []);
    net!(Recompute [] [#[recompute]]);
    net!(Boundaries [] [#[checkpoint]]);
    net!(Inside [#[checkpoint]] [#[recompute]]);
    net!(Cut [#[checkpoint]] [#[checkpoint]]);
    same!(Plain, Recompute, Boundaries, Inside, Cut);
    assert!(Recompute::PLAN.kept_bytes(1) < Plain::PLAN.kept_bytes(1));
    assert!(Inside::PLAN.kept_bytes(1) < Recompute::PLAN.kept_bytes(1));
}

#[test]
fn what_is_made_before_a_boundary_and_read_behind_it_is_its_frontier() {
    macro_rules! net {
        ($name:ident [$($mark:tt)*] [$($again:tt)*]) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    stem: Linear(4);
                    group: {
                        $($again)*
                        a: Gelu;
                        b: Linear(4);
                        $($mark)*
                        c: Linear(4);
                        d: Linear(4);
                        // Its backward reads `a`, which is made in the other segment.
                        Mul <- (d, a);
                    }
                    last: Linear(4);
                    loss: Mse <- (last, y);
                }
            }
        };
    }
    net!(Plain [] []);
    net!(Marked [#[checkpoint]] []);
    net!(Overruled [#[checkpoint]] [#[recompute]]);
    same!(Plain, Marked, Overruled);
    let expected = "stem (read by a recompute), group.a (frontier), group.c (boundary), \
                    group.Mul (boundary), last (read by backward), loss (output)";
    assert_eq!(kept(&Marked::PLAN), expected);
    // A value that must be kept for others is kept, whatever its mark says, and that is told.
    assert_eq!(kept(&Overruled::PLAN), expected);
    assert_eq!(
        Overruled::PLAN.notes,
        ["`group.a` is marked recompute but kept: it is read outside of its segment"]
    );
    assert_eq!(Marked::PLAN.notes, [] as [&str; 0]);
}

#[test]
fn a_mark_that_saves_nothing_is_told() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            stem: Linear(4);
            // One layer has no inside.
            #[checkpoint]
            one: { fc: Linear(4); }
            // The sums before and behind it read nothing in backward, so nothing keeps it.
            a: Add <- (one, stem);
            #[recompute]
            b: Add <- (a, stem);
            c: Add <- (b, one);
            loss: Mse <- (c, y);
        }
    }
    assert_eq!(
        Net::PLAN.notes,
        [
            "`recompute` on `b` saves nothing: nothing keeps its value",
            "`checkpoint` on `one` saves nothing: nothing is recomputed for it"
        ]
    );
    assert_eq!(Net::PLAN.recompute_flops, 0);

    model! {
        #[checkpoint(every = 3)]
        Stages {
            input x: f32[4];
            target y: f32[4];
            a: Linear(4);
            b: Linear(4);
            #[checkpoint]
            shape: { Reshape(2, 2); Flatten; }
            loss: Mse <- (shape, y);
        }
    }
    assert_eq!(
        Stages::PLAN.notes,
        [
            "`checkpoint` on the model saves nothing: no boundary falls between its stages",
            "`checkpoint` on `shape` saves nothing: it is no step"
        ]
    );
}

#[test]
fn a_mark_is_judged_as_a_whole() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            // Nothing before this boundary is made again, but what is behind it is.
            #[checkpoint]
            stem: Linear(4);
            act: Gelu;
            #[checkpoint]
            mid: Linear(4);
            // One iteration alone has no inside; the other has.
            #[checkpoint]
            body: repeat(i in 0..2) { a: repeat(i + 1) { b: Linear(4); } }
            // Between these two boundaries is one layer, and behind them the loss.
            #[checkpoint]
            up: Linear(4);
            #[checkpoint]
            down: Linear(4);
            end: Gelu;
            loss: Mse <- (end, y);
        }
    }
    assert_eq!(Net::PLAN.notes, ["`checkpoint` on `down` saves nothing: nothing is recomputed for it"]);
}

#[test]
fn a_mark_in_several_places_is_told_once_and_only_if_it_saves_nothing_in_any() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            stem: Linear(4);
            block Cell() {
                a: Linear(4);
                b: Gelu;
                // One layer has no inside.
                #[checkpoint]
                one: { c: Linear(4); }
                #[checkpoint]
                two: { d: Linear(4); Gelu; }
            }
            body: repeat(3) { cell: Cell; }
            last: Cell;
            loss: Mse <- (last, y);
        }
    }
    let one =
        "`checkpoint` on `body.0.cell.one` and in 3 more places saves nothing: nothing is recomputed for it";
    assert_eq!(Net::PLAN.notes, [one]);

    model! {
        Tail {
            input x: f32[4];
            target y: f32[4];
            stem: Linear(4);
            #[checkpoint]
            body: {
                a: Linear(4);
                b: Gelu;
                // Its backward comes as soon as the segment around it is made again.
                #[checkpoint]
                tail: { c: Linear(4); d: Gelu; }
            }
            loss: Mse <- (body, y);
        }
    }
    let tail = "`checkpoint` on `body.tail` saves nothing: nothing runs between its forward and its backward";
    assert_eq!(Tail::PLAN.notes, [tail]);
}

#[test]
fn a_mark_in_a_block_may_mean_nothing_in_some_of_its_uses() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            block Pair() { a: Linear(4); #[recompute] Gelu; b: Linear(4); }
            // Nothing is trained here, so nothing is kept or made again.
            #[frozen]
            first: Pair;
            second: Pair;
            loss: Mse <- (second, y);
        }
    }
    assert_eq!(
        kept(&Net::PLAN),
        "first.b (read by backward), second.a (read by backward), second.b (read by backward), loss (output)"
    );
}

#[test]
fn a_view_may_be_a_boundary_and_is_never_made_again() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    a: Linear(8);
                    Gelu;
                    $($mark)*
                    grid: Reshape(2, 4);
                    b: Linear(2);
                    Gelu;
                    $($mark)*
                    Flatten;
                    last: Linear(4);
                    loss: Mse <- (last, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Boundary #[checkpoint]);
    net!(Again #[recompute]);
    same!(Plain, Boundary, Again);
    let none = [
        "`recompute` on `grid` saves nothing: it is no step",
        "`recompute` on `Flatten` saves nothing: it is no step",
    ];
    assert_eq!(Again::PLAN.notes, none);
    assert_eq!(kept(&Again::PLAN), kept(&Plain::PLAN));
}

#[test]
fn a_frozen_scope_behind_a_trained_layer_may_be_a_segment() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    a: Linear(4);
                    #[frozen]
                    $($mark)*
                    still: { b: Linear(4); Gelu; Dropout(0.5); c: Linear(4); Gelu; }
                    last: Linear(4);
                    loss: Mse <- (last, y);
                }
            }
        };
    }
    net!(Plain);
    net!(Marked #[checkpoint]);
    same!(Plain, Marked);
    // A frozen `Linear` reads its weight in backward and a `Gelu` what it is given.
    assert_eq!(
        kept(&Plain::PLAN),
        "still.b (read by backward), still.c (read by backward), still.Gelu (2) (read by backward), \
         last (read by backward), loss (output)"
    );
    assert_eq!(segments_of(&Marked::PLAN), ["still: 3"]);
}

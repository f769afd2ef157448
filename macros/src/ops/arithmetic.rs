//! `Add`, `Sub`, `Mul` of two values of the same shape.

use super::{Args, Arity, Context, Field, OpDef, Pair, Resolved, SpecValue};
use crate::graph::Shape;

const TWO: Arity = Arity::Exactly(2);

pub(super) const OPS: &[OpDef] = &[
    OpDef { name: "Add", arity: TWO, args: Args::NONE, resolve: |cx| binary(cx, ADD, false, EQUAL) },
    OpDef {
        name: "Sub",
        arity: TWO,
        args: Args::NONE,
        resolve: |cx| binary(cx, "arithmetic::Arithmetic::Sub", false, EQUAL),
    },
    OpDef {
        name: "Mul",
        arity: TWO,
        args: Args::NONE,
        resolve: |cx| binary(cx, "arithmetic::Arithmetic::Mul", true, EQUAL),
    },
];

/// The `Add` at the end of a residual.
pub(super) static RESIDUAL_SUM: OpDef = OpDef {
    name: "Add",
    arity: TWO,
    args: Args::NONE,
    resolve: |cx| binary(cx, ADD, false, "end the main path as it began, or add a `shortcut`"),
};

const ADD: &str = "arithmetic::Arithmetic::Add";

const EQUAL: &str = "make the shapes equal; there is no broadcasting";

fn binary(cx: &mut Context<'_>, function: &'static str, reads: bool, fix: &str) -> Option<Resolved> {
    let (a, b) = (cx.elem(0), cx.elem(1));
    let (a, b) = (a?, b?);
    if a != b {
        let (la, lb) = (cx.inputs[0].label.clone(), cx.inputs[1].label.clone());
        let message = format!("{} needs two equal shapes but {la} is {a:?} and {lb} is {b:?}", cx.label);
        cx.error(cx.span, format!("{message} -- {fix}"));
        cx.also(0, format!("{la} is {a:?}"));
        cx.also(1, format!("{lb} is {b:?}"));
        return None;
    }
    cx.finish()?;
    let output = Shape::elem(a);
    let da = if reads { Field::GradIn("da", 0) } else { Field::GradCopy("da", 0) };
    let db = if function == ADD { Field::GradCopy("db", 1) } else { Field::GradIn("db", 1) };
    let mut backward = vec![da, db, Field::OverGradOut("dy")];
    if reads {
        backward.extend([Field::InForIn("a", 0, 1), Field::InForIn("b", 1, 0)]);
    } else {
        backward.extend([Field::OptParam("a", None), Field::OptParam("b", None)]);
    }
    Some(Resolved {
        spec: vec![("len", SpecValue::Int(output.len())), ("op", SpecValue::Path(function))],
        forward: vec![
            Field::Out("y"),
            Field::DroppedIfRead("dropped"),
            Field::FirstTerm("a"),
            Field::SecondTerm("b"),
            Field::Mask("mask"),
        ],
        backward,
        flops: output.len(),
        leads: (function == ADD).then_some(Pair::Normalized),
        follows: (function == ADD).then_some(Pair::Dropped),
        ..Resolved::new("arithmetic", output)
    })
}

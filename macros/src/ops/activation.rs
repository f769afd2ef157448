//! `Relu`, `Gelu(approximate = none | tanh)`, `Silu`, `Sigmoid`, `Tanh`: y = f(x), elementwise.

use super::{Args, Arity, Context, Field, OpDef, Pair, Resolved, SpecValue};
use crate::graph::Shape;

const ONE: Arity = Arity::Exactly(1);

pub(super) const OPS: &[OpDef] = &[
    OpDef {
        name: "Relu",
        arity: ONE,
        args: Args::NONE,
        // Its slope is that of what is left of y behind a dropout, where that leaves anything.
        resolve: |cx| plain(cx, "activation::Activation::Relu", SAVED_OUTPUT, true),
    },
    OpDef { name: "Gelu", arity: ONE, args: Args { unnamed: &["approximate"], ..Args::NONE }, resolve: gelu },
    OpDef {
        name: "Silu",
        arity: ONE,
        args: Args::NONE,
        resolve: |cx| plain(cx, "activation::Activation::Silu", SAVED_INPUT, true),
    },
    OpDef {
        name: "Sigmoid",
        arity: ONE,
        args: Args::NONE,
        resolve: |cx| plain(cx, "activation::Activation::Sigmoid", SAVED_OUTPUT, false),
    },
    OpDef {
        name: "Tanh",
        arity: ONE,
        args: Args::NONE,
        resolve: |cx| plain(cx, "activation::Activation::Tanh", SAVED_OUTPUT, false),
    },
];

const SAVED_OUTPUT: Field = Field::SavedOut("saved");
const SAVED_INPUT: Field = Field::In("saved", 0);

fn gelu(cx: &mut Context<'_>) -> Option<Resolved> {
    let function = match cx.word("approximate", &["none", "tanh"], 0)? {
        0 => "activation::Activation::Gelu",
        _ => "activation::Activation::GeluTanh",
    };
    plain(cx, function, SAVED_INPUT, true)
}

fn plain(cx: &mut Context<'_>, function: &'static str, saved: Field, drops: bool) -> Option<Resolved> {
    let dims = cx.elem(0)?;
    cx.finish()?;
    let output = Shape::elem(dims);
    Some(Resolved {
        spec: vec![("len", SpecValue::Int(output.len())), ("activation", SpecValue::Path(function))],
        forward: vec![Field::Out("y"), Field::In("x", 0), Field::Mask("mask")],
        backward: vec![
            Field::GradIn("dx", 0),
            Field::GradBiasBefore("dbias"),
            Field::OverGradOut("dy"),
            saved,
            Field::Mask("mask"),
        ],
        flops: output.len(),
        follows: Some(Pair::Activated),
        drops,
        ..Resolved::new("activation", output)
    })
}

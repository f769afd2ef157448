//! `Relu`, `Gelu(approximate = none | tanh)`, `Silu`, `Sigmoid`, `Tanh`: y = f(x), elementwise.

use super::{Args, Arity, Context, Field, OpDef, Pair, Resolved, SpecValue};
use crate::graph::Shape;

const ONE: Arity = Arity::Exactly(1);

pub(super) const OPS: &[OpDef] = &[
    OpDef {
        name: "Relu",
        arity: ONE,
        args: Args::NONE,
        resolve: |cx| plain(cx, "activation::Activation::Relu", SAVED_OUTPUT),
    },
    OpDef { name: "Gelu", arity: ONE, args: Args { unnamed: &["approximate"], ..Args::NONE }, resolve: gelu },
    OpDef {
        name: "Silu",
        arity: ONE,
        args: Args::NONE,
        resolve: |cx| plain(cx, "activation::Activation::Silu", SAVED_INPUT),
    },
    OpDef {
        name: "Sigmoid",
        arity: ONE,
        args: Args::NONE,
        resolve: |cx| plain(cx, "activation::Activation::Sigmoid", SAVED_OUTPUT),
    },
    OpDef {
        name: "Tanh",
        arity: ONE,
        args: Args::NONE,
        resolve: |cx| plain(cx, "activation::Activation::Tanh", SAVED_OUTPUT),
    },
];

const SAVED_OUTPUT: Field = Field::SavedOut("saved");
const SAVED_INPUT: Field = Field::In("saved", 0);

fn gelu(cx: &mut Context<'_>) -> Option<Resolved> {
    let function = match cx.word("approximate", &["none", "tanh"], 0)? {
        0 => "activation::Activation::Gelu",
        _ => "activation::Activation::GeluTanh",
    };
    plain(cx, function, SAVED_INPUT)
}

fn plain(cx: &mut Context<'_>, function: &'static str, saved: Field) -> Option<Resolved> {
    let dims = cx.elem(0)?;
    cx.finish()?;
    let output = Shape::elem(dims);
    Some(Resolved {
        spec: vec![("len", SpecValue::Int(output.len())), ("activation", SpecValue::Path(function))],
        forward: vec![Field::Out("y"), Field::In("x", 0)],
        backward: vec![
            Field::GradIn("dx", 0),
            Field::GradBiasBefore("dbias"),
            Field::OverGradOut("dy"),
            saved,
        ],
        flops: output.len(),
        follows: Some(Pair::Activated),
        ..Resolved::new("activation", output)
    })
}

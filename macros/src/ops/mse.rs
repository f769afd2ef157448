//! `Mse <- (x, target)`: the mean of (x - target)^2 over all elements of the batch.

use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;

pub(super) const OPS: &[OpDef] =
    &[OpDef { name: "Mse", arity: Arity::Exactly(2), args: Args::NONE, resolve }];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let (x, target) = (cx.elem(0), cx.elem(1));
    let (x, target) = (x?, target?);
    cx.finish()?;
    if x != target {
        let (label, a, b) = (cx.label.clone(), cx.inputs[0].label.clone(), cx.inputs[1].label.clone());
        let message = format!("{label} needs two equal shapes but {a} is {x:?} and {b} is {target:?}");
        cx.conflict(1, format!("{message} -- make them equal"), format!("{b} is {target:?}"));
        cx.also(0, format!("{a} is {x:?}"));
        return None;
    }
    let len = x.iter().product();
    Some(Resolved {
        spec: vec![("len", SpecValue::Int(len))],
        forward: vec![
            Field::Out("loss"),
            Field::Scratch("scratch"),
            Field::In("x", 0),
            Field::In("target", 1),
        ],
        backward: vec![
            Field::GradIn("dx", 0),
            Field::GradIn("dtarget", 1),
            Field::GradOut("dloss"),
            Field::In("x", 0),
            Field::In("target", 1),
        ],
        scratch: Some(1),
        flops: 3 * len,
        ..Resolved::new("mse", Shape::scalar())
    })
}

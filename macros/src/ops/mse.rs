//! `Mse <- (x, target)`: the mean of (x - target)^2 over all elements of the batch.

use super::context::Port;
use super::values::declaration;
use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;
use crate::plan::problem::Size;

pub(super) const OPS: &[OpDef] =
    &[OpDef { name: "Mse", arity: Arity::Exactly(2), args: Args::NONE, resolve }];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let (x, target) = (cx.elem(0), cx.elem(1));
    let (x, target) = (x?, target?);
    cx.finish()?;
    if x != target {
        let (label, a, b) = (cx.label.clone(), cx.inputs[0].label.clone(), cx.inputs[1].label.clone());
        let message = format!("{label} needs two equal shapes but {a} is {x:?} and {b} is {target:?}");
        let fix = match (cx.inputs[0].port, cx.inputs[1].port) {
            (_, Some(Port::Target)) => {
                format!("declare {b} as `{}`, or make {a} {target:?}", declaration("f32", &x))
            }
            (Some(Port::Target), _) => {
                format!("declare {a} as `{}`, or make {b} {x:?}", declaration("f32", &target))
            }
            _ => String::from("make them equal"),
        };
        cx.conflict(1, format!("{message} -- {fix}"), format!("{b} is {target:?}"));
        cx.also(0, format!("{a} is {x:?}"));
        return None;
    }
    let len = x.iter().product();
    Some(Resolved {
        spec: vec![("len", SpecValue::Int(len))],
        forward: vec![
            Field::Out("loss"),
            Field::Scratch("scratch", Size::scalars(1)),
            Field::In("x", 0),
            Field::In("target", 1),
        ],
        backward: vec![
            Field::GradIn("dx", 0),
            Field::GradIn("dtarget", 1),
            Field::GradOut("dloss"),
            Field::OverIn("x", 0),
            Field::In("target", 1),
        ],
        flops: 3 * len,
        ..Resolved::new("mse", Shape::scalar())
    })
}

//! `Add`, `Sub`, `Mul` of two values of the same shape.

use super::{Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;

const TWO: Arity = Arity::Exactly(2);

pub(super) const OPS: &[OpDef] = &[
    OpDef { name: "Add", arity: TWO, resolve: |cx| binary(cx, "arithmetic::Arithmetic::Add", false) },
    OpDef { name: "Sub", arity: TWO, resolve: |cx| binary(cx, "arithmetic::Arithmetic::Sub", false) },
    OpDef { name: "Mul", arity: TWO, resolve: |cx| binary(cx, "arithmetic::Arithmetic::Mul", true) },
];

fn binary(cx: &mut Context<'_>, function: &'static str, reads: bool) -> Option<Resolved> {
    let (a, b) = (cx.elem(0), cx.elem(1));
    let (a, b) = (a?, b?);
    if a != b {
        let (la, lb) = (cx.inputs[0].label.clone(), cx.inputs[1].label.clone());
        let message = format!(
            "{} needs two equal shapes but {la} is {a:?} and {lb} is {b:?} -- there is no broadcasting; make the shapes equal",
            cx.label
        );
        cx.error(cx.span, message);
        let (da, db) = (cx.inputs[0].declared, cx.inputs[1].declared);
        cx.errors.error(da, format!("{la} is {a:?}"));
        cx.errors.error(db, format!("{lb} is {b:?}"));
        return None;
    }
    cx.finish()?;
    let output = Shape::elem(a);
    let mut backward = vec![Field::GradIn("da", 0), Field::GradIn("db", 1), Field::GradOut("dy")];
    if reads {
        backward.extend([Field::InForIn("a", 0, 1), Field::InForIn("b", 1, 0)]);
    } else {
        backward.extend([Field::OptParam("a", None), Field::OptParam("b", None)]);
    }
    Some(Resolved {
        spec: vec![("len", SpecValue::Int(output.len())), ("op", SpecValue::Path(function))],
        forward: vec![Field::Out("y"), Field::In("a", 0), Field::In("b", 1)],
        backward,
        flops: output.len(),
        ..Resolved::new("arithmetic", output)
    })
}

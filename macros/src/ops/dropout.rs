//! `Dropout(p = 0.5)`: in training, each element is 0 with probability p, else x / (1 - p).

use super::{Args, Arity, Context, Field, OpDef, Pair, Resolved, SpecValue};
use crate::graph::Shape;

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "Dropout",
    arity: Arity::Exactly(1),
    args: Args { unnamed: &["p"], ..Args::NONE },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let dims = cx.elem(0);
    let p = cx.probability("p", 0.5);
    let (dims, p) = (dims?, p?);
    cx.finish()?;
    let output = Shape::elem(dims);
    Some(Resolved {
        spec: vec![("len", SpecValue::Int(output.len())), ("p", SpecValue::Float(p))],
        forward: vec![Field::Out("y"), Field::In("x", 0), Field::Key("key")],
        backward: vec![
            Field::GradIn("dx", 0),
            Field::GradBiasBefore("dbias"),
            Field::OverGradOut("dy"),
            Field::Key("key"),
        ],
        flops: output.len(),
        // In evaluation it passes its input on; where p is 0 or it is frozen, always.
        view: p == 0.0 || cx.frozen,
        view_in_evaluation: true,
        leads: Some(Pair::Dropped),
        ..Resolved::new("dropout", output)
    })
}

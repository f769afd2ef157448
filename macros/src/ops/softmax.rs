//! `Softmax(dim = -1)`: exp(x) / sum exp(x) along an axis.

use super::context::around;
use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "Softmax",
    arity: Arity::Exactly(1),
    args: Args { unnamed: &["dim"], ..Args::NONE },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let dims = cx.elem(0)?;
    let axis = cx.axis("dim", &dims, -1)?;
    cx.finish()?;
    let (outer, len, inner) = around(&dims, axis);
    let output = Shape::elem(dims);
    Some(Resolved {
        spec: vec![
            ("outer", SpecValue::Int(outer)),
            ("len", SpecValue::Int(len)),
            ("inner", SpecValue::Int(inner)),
        ],
        forward: vec![Field::Out("y"), Field::In("x", 0)],
        backward: vec![Field::GradIn("dx", 0), Field::GradOut("dy"), Field::SavedOut("y")],
        flops: 4 * output.len(),
        ..Resolved::new("softmax", output)
    })
}

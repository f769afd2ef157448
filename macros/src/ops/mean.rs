//! `Mean(dim)`: the mean along an axis, which goes.

use super::context::around;
use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "Mean",
    arity: Arity::Exactly(1),
    args: Args { unnamed: &["dim"], ..Args::NONE },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let mut dims = cx.elem(0)?;
    let Some((value, span)) = cx.int("dim")? else {
        let label = cx.label.clone();
        cx.error(cx.span, format!("{label} needs `dim` -- write `Mean(-1)` for the last axis"));
        return None;
    };
    let axis = cx.as_axis("dim", value, span, &dims)?;
    cx.finish()?;
    let (outer, len, inner) = around(&dims, axis);
    dims.remove(axis);
    Some(Resolved {
        spec: vec![
            ("outer", SpecValue::Int(outer)),
            ("len", SpecValue::Int(len)),
            ("inner", SpecValue::Int(inner)),
        ],
        forward: vec![Field::Out("y"), Field::In("x", 0)],
        backward: vec![Field::GradIn("dx", 0), Field::GradOut("dy")],
        flops: outer * len * inner,
        ..Resolved::new("mean", Shape::elem(dims))
    })
}

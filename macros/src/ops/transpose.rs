//! `Transpose(dim0, dim1)`: two axes swapped.

use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "Transpose",
    arity: Arity::Exactly(1),
    args: Args { unnamed: &["dim0", "dim1"], ..Args::NONE },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let mut dims = cx.elem(0)?;
    if dims.len() < 2 {
        let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
        let has = if dims.len() == 1 { "1 axis" } else { "0 axes" };
        let message = format!("{label} swaps two axes but {input} is {dims:?}, {has}");
        let fix = "give it two; the batch is not counted";
        cx.conflict(0, format!("{message} -- {fix}"), format!("{input} is {dims:?}"));
        return None;
    }
    let mut axes = vec![];
    for (name, default) in [("dim0", -2), ("dim1", -1)] {
        axes.push(cx.axis(name, &dims, default)?);
    }
    cx.finish()?;
    axes.sort_unstable();
    let (i, j) = (axes[0], axes[1]);
    if i == j {
        let label = cx.label.clone();
        cx.error(cx.span, format!("{label} swaps axis {i} with itself -- write two different axes"));
        return None;
    }
    let spec = vec![
        ("outer", SpecValue::Int(dims[..i].iter().product())),
        ("a", SpecValue::Int(dims[i])),
        ("mid", SpecValue::Int(dims[i + 1..j].iter().product())),
        ("b", SpecValue::Int(dims[j])),
        ("inner", SpecValue::Int(dims[j + 1..].iter().product())),
    ];
    dims.swap(i, j);
    Some(Resolved {
        spec,
        forward: vec![Field::Out("y"), Field::In("x", 0)],
        backward: vec![Field::GradIn("dx", 0), Field::GradOut("dy")],
        ..Resolved::new("transpose", Shape::elem(dims))
    })
}

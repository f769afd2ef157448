//! `Concat(dim = 0) <- (a, b, …)` and `Slice(dim, start, end)`: parts of an axis.

use super::context::around;
use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;

pub(super) const OPS: &[OpDef] = &[
    OpDef {
        name: "Concat",
        arity: Arity::AtLeast(2),
        args: Args { unnamed: &["dim"], ..Args::NONE },
        resolve: concat,
    },
    OpDef {
        name: "Slice",
        arity: Arity::Exactly(1),
        args: Args { unnamed: &["dim", "start", "end"], ..Args::NONE },
        resolve: slice,
    },
];

fn concat(cx: &mut Context<'_>) -> Option<Resolved> {
    let shapes = cx.elems()?;
    let axis = cx.axis("dim", &shapes[0], 0)?;
    cx.finish()?;
    let first = shapes[0].clone();
    for (n, dims) in shapes.iter().enumerate().skip(1) {
        let same = dims.len() == first.len()
            && dims.iter().zip(&first).enumerate().all(|(i, (a, b))| i == axis || a == b);
        if !same {
            let (label, a, b) = (cx.label.clone(), cx.inputs[0].label.clone(), cx.inputs[n].label.clone());
            let message =
                format!("{label} joins along axis {axis}, but {a} is {first:?} and {b} is {dims:?}");
            let fix = "make all other axes equal";
            cx.conflict(n, format!("{message} -- {fix}"), format!("{b} is {dims:?}"));
            cx.also(0, format!("{a} is {first:?}"));
            return None;
        }
    }
    let parts: Vec<u64> = shapes.iter().map(|d| d[axis]).collect();
    let (outer, _, inner) = around(&first, axis);
    let mut dims = first;
    dims[axis] = parts.iter().sum();
    Some(Resolved {
        spec: vec![
            ("outer", SpecValue::Int(outer)),
            ("inner", SpecValue::Int(inner)),
            ("parts", SpecValue::Ints(parts)),
        ],
        forward: vec![Field::Out("y"), Field::Ins("xs")],
        backward: vec![Field::GradIns("dxs"), Field::GradOut("dy")],
        ..Resolved::new("concat", Shape::elem(dims))
    })
}

fn slice(cx: &mut Context<'_>) -> Option<Resolved> {
    let mut dims = cx.elem(0)?;
    let axis = cx.axis("dim", &dims, 0)?;
    let len = dims[axis];
    let start = bound(cx, "start", 0, &dims, axis);
    let end = bound(cx, "end", len, &dims, axis);
    let (start, end) = (start?, end?);
    cx.finish()?;
    if start >= end {
        let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
        let message = format!("{label} takes {start}..{end} of axis {axis} of {input}, which is nothing");
        cx.error(cx.span, format!("{message} -- write `start` below `end`"));
        cx.also(0, format!("{input} is {dims:?}"));
        return None;
    }
    let (outer, len, inner) = around(&dims, axis);
    dims[axis] = end - start;
    Some(Resolved {
        spec: vec![
            ("outer", SpecValue::Int(outer)),
            ("len", SpecValue::Int(len)),
            ("inner", SpecValue::Int(inner)),
            ("start", SpecValue::Int(start)),
            ("take", SpecValue::Int(end - start)),
        ],
        forward: vec![Field::Out("y"), Field::In("x", 0)],
        backward: vec![Field::GradIn("dx", 0), Field::GradOut("dy")],
        ..Resolved::new("slice", Shape::elem(dims))
    })
}

/// A position on `axis` of input 0, negative from the end.
fn bound(cx: &mut Context<'_>, name: &'static str, default: u64, dims: &[u64], axis: usize) -> Option<u64> {
    let Some((value, span)) = cx.int(name)? else { return Some(default) };
    let len = dims[axis];
    let at = if value < 0 { value + i128::from(len) } else { value };
    if (0..=i128::from(len)).contains(&at) {
        return u64::try_from(at).ok();
    }
    let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
    let message = format!("`{name}` of {label} is {value} but axis {axis} of {input} has {len}");
    cx.conflict_at(span, 0, format!("{message} -- write -{len} to {len}"), format!("{input} is {dims:?}"));
    None
}

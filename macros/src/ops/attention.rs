//! `Attention(heads)`, `CausalAttention(heads)`: softmax(q k^T / sqrt(D / heads)) v, of [T, 3D] or of
//! three sources q [T, D], k [S, D], v [S, D].

use super::{Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;

const SOURCES: Arity = Arity::OneOf(1, 3);

pub(super) const OPS: &[OpDef] = &[
    OpDef { name: "Attention", arity: SOURCES, resolve: |cx| resolve(cx, false) },
    OpDef { name: "CausalAttention", arity: SOURCES, resolve: |cx| resolve(cx, true) },
];

fn resolve(cx: &mut Context<'_>, causal: bool) -> Option<Resolved> {
    let heads = cx.need_dim("heads");
    let mut shapes = vec![];
    for n in 0..cx.inputs.len() {
        let dims = cx.elem(n)?;
        let &[len, dim] = dims.as_slice() else {
            let (label, input) = (cx.label.clone(), cx.inputs[n].label.clone());
            cx.conflict(
                n,
                format!("{label} reads [T, D] but {input} is {dims:?} -- give it two axes"),
                format!("{input} is {dims:?}"),
            );
            return None;
        };
        shapes.push((len, dim));
    }
    let heads = heads?;
    let packed = shapes.len() == 1;
    let (queries, keys, width) =
        if packed { packed_shape(cx, shapes[0])? } else { separate_shapes(cx, &shapes, causal)? };
    if !width.is_multiple_of(heads) {
        let label = cx.label.clone();
        cx.error(cx.span, format!("{label} splits {width} features into {heads} heads, which leaves {} -- choose heads that divide {width}", width % heads));
        return None;
    }
    cx.finish()?;
    let pairs = if causal { queries * (queries + 1) / 2 } else { queries * keys };
    Some(Resolved {
        spec: vec![
            ("queries", SpecValue::Int(queries)),
            ("keys", SpecValue::Int(keys)),
            ("heads", SpecValue::Int(heads)),
            ("dim", SpecValue::Int(width / heads)),
            ("causal", SpecValue::Bool(causal)),
            ("packed", SpecValue::Bool(packed)),
        ],
        stats: vec![heads * queries],
        forward: vec![Field::Out("y"), Field::Stat("lse", 0), Field::Ins("xs")],
        backward: vec![
            Field::GradIns("dxs"),
            Field::GradOut("dy"),
            Field::Ins("xs"),
            Field::SavedOut("y"),
            Field::SavedStat("lse", 0),
        ],
        flops: pairs.saturating_mul(4 * width),
        ..Resolved::new("attention", Shape::elem(vec![queries, width]))
    })
}

fn packed_shape(cx: &mut Context<'_>, (len, dim): (u64, u64)) -> Option<(u64, u64, u64)> {
    if dim.is_multiple_of(3) {
        return Some((len, len, dim / 3));
    }
    let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
    cx.conflict(
        0,
        format!("{label} reads queries, keys and values side by side, [T, 3 * D], but {input} gives {dim} features, which 3 does not divide -- give it `Linear(3 * D)`"),
        format!("{input} gives {dim} features"),
    );
    None
}

fn separate_shapes(cx: &mut Context<'_>, shapes: &[(u64, u64)], causal: bool) -> Option<(u64, u64, u64)> {
    let (q, k, v) = (shapes[0], shapes[1], shapes[2]);
    let labels: Vec<String> = cx.inputs.iter().map(|i| i.label.clone()).collect();
    let label = cx.label.clone();
    for (n, (len, dim)) in [(1, k), (2, v)] {
        if dim != q.1 {
            cx.conflict(n, format!("{label} needs queries, keys and values of one width but {} has {} features and {} has {dim} -- make them equal", labels[0], q.1, labels[n]), format!("{} has {dim} features", labels[n]));
            return None;
        }
        if len != k.0 {
            cx.conflict(n, format!("{label} needs a value for each key but {} has {} positions and {} has {len} -- make them equal", labels[1], k.0, labels[n]), format!("{} has {len} positions", labels[n]));
            return None;
        }
    }
    if causal && q.0 != k.0 {
        cx.conflict(1, format!("{label} needs as many queries as keys but {} has {} positions and {} has {} -- use `Attention` for another sequence", labels[0], q.0, labels[1], k.0), format!("{} has {} positions", labels[1], k.0));
        return None;
    }
    Some((q.0, k.0, q.1))
}

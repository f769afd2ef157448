//! `Attention(heads)`, `CausalAttention(heads)`: softmax(q k^T / sqrt(D / heads)) v, of [T, 3D] or of
//! three sources q [T, D], k [S, D], v [S, D].

use super::context::Input;
use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;

const ARGS: Args = Args { unnamed: &["heads"], elsewhere: &["embed_dim", "heads"], ..Args::NONE };

const SOURCES: Arity = Arity::OneOf(1, 3);

pub(super) const OPS: &[OpDef] = &[
    OpDef { name: "Attention", arity: SOURCES, args: ARGS, resolve: |cx| resolve(cx, false) },
    OpDef { name: "CausalAttention", arity: SOURCES, args: ARGS, resolve: |cx| resolve(cx, true) },
];

fn resolve(cx: &mut Context<'_>, causal: bool) -> Option<Resolved> {
    let example = some_heads(&cx.inputs);
    let heads = cx.need_dim_at("heads", example);
    let shapes: Vec<_> = (0..cx.inputs.len()).map(|n| cx.positions(n)).collect();
    let shapes: Vec<(u64, u64)> = shapes.into_iter().collect::<Option<_>>()?;
    let (heads, heads_at) = heads?;
    let packed = shapes.len() == 1;
    let (queries, keys, width) =
        if packed { packed_shape(cx, shapes[0])? } else { separate_shapes(cx, &shapes, causal)? };
    if !width.is_multiple_of(heads) {
        let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
        let message =
            format!("{label} splits {width} features into {heads} heads, which leaves {}", width % heads);
        let there = format!("{input} gives {}{width} features", if packed { "3 * " } else { "" });
        cx.conflict_at(heads_at, 0, format!("{message} -- choose heads that divide {width}"), there);
        return None;
    }
    cx.finish()?;
    let pairs = if causal { queries.saturating_mul(queries + 1) / 2 } else { queries.saturating_mul(keys) };
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

/// A number of heads that divides the width of `inputs`.
fn some_heads(inputs: &[Input]) -> u64 {
    let features = inputs.first().and_then(|input| input.shape.dims.last()).map_or(1, |n| *n);
    let width = if inputs.len() == 1 { features / 3 } else { features };
    [8, 4, 2].into_iter().find(|n| width.is_multiple_of(*n) && *n < width).unwrap_or(1)
}

fn packed_shape(cx: &mut Context<'_>, (len, dim): (u64, u64)) -> Option<(u64, u64, u64)> {
    if dim.is_multiple_of(3) {
        return Some((len, len, dim / 3));
    }
    let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
    let message =
        format!("{label} reads queries, keys and values side by side but {input} gives {dim} features");
    let fix = "give it `Linear(3 * D)`, or three sources";
    cx.conflict(
        0,
        format!("{message}, which 3 does not divide -- {fix}"),
        format!("{input} gives {dim} features"),
    );
    None
}

/// q [T, D], k [S, D], v [S, D]: T, S and D.
fn separate_shapes(cx: &mut Context<'_>, shapes: &[(u64, u64)], causal: bool) -> Option<(u64, u64, u64)> {
    let (q, k, v) = (shapes[0], shapes[1], shapes[2]);
    for (n, (len, dim)) in [(1, k), (2, v)] {
        if dim != q.1 {
            return unequal(
                cx,
                "one width for queries, keys and values",
                "features",
                (0, q.1),
                (n, dim),
                "make them equal",
            );
        }
        if len != k.0 {
            return unequal(cx, "a value for each key", "positions", (1, k.0), (n, len), "make them equal");
        }
    }
    if causal && q.0 != k.0 {
        let fix = "use `Attention` for another sequence";
        return unequal(cx, "as many queries as keys", "positions", (0, q.0), (1, k.0), fix);
    }
    Some((q.0, k.0, q.1))
}

/// Two inputs that disagree, at the second.
fn unequal<T>(
    cx: &mut Context<'_>,
    needs: &str,
    of: &str,
    (i, a): (usize, u64),
    (j, b): (usize, u64),
    fix: &str,
) -> Option<T> {
    let (label, first, second) = (cx.label.clone(), cx.inputs[i].label.clone(), cx.inputs[j].label.clone());
    let message = format!("{label} needs {needs} but {first} has {a} {of} and {second} has {b}");
    cx.conflict(j, format!("{message} -- {fix}"), format!("{second} has {b} {of}"));
    cx.also(i, format!("{first} has {a} {of}"));
    None
}

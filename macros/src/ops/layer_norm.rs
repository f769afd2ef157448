//! `LayerNorm(normalized_shape = last axis, eps = 1e-5, elementwise_affine = true, bias = true)`.

use super::{Args, Arity, Context, Field, OpDef, Pair, ParamDecl, Resolved, SpecValue};
use crate::graph::{Init, Shape};

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "LayerNorm",
    arity: Arity::Exactly(1),
    args: Args {
        unnamed: &["normalized_shape"],
        list: true,
        named: &["eps", "elementwise_affine", "bias", "weight", "init", "bias_init"],
        ..Args::NONE
    },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let dims = cx.elem(0);
    let normalized = cx.ints("normalized_shape");
    let eps = cx.positive("eps", 1e-5);
    let affine = cx.flag("elementwise_affine", true);
    let bias = cx.flag("bias", true);
    let (dims, normalized, eps, affine, bias) = (dims?, normalized?, eps?, affine?, bias?);
    let axes = normalized.len().max(1);
    let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
    let tail: Vec<i128> = dims.iter().skip(dims.len().saturating_sub(axes)).map(|d| i128::from(*d)).collect();
    let asked: Vec<i128> = normalized.iter().map(|(n, _)| *n).collect();
    if dims.len() < axes || (!asked.is_empty() && asked != tail) {
        let (what, fix) = match asked.as_slice() {
            [] => (String::from("the last axis"), String::from(cx.give_axis(0))),
            _ => (
                format!("{asked:?}"),
                String::from("write the sizes of the last axes, or nothing for the last one"),
            ),
        };
        let message = format!("{label} normalizes {what} but {input} is {dims:?}");
        let at = normalized.first().map_or(cx.inputs[0].read, |(_, span)| *span);
        cx.conflict_at(at, 0, format!("{message} -- {fix}"), format!("{input} is {dims:?}"));
        return None;
    }
    let shape = dims[dims.len() - axes..].to_vec();
    let (mut params, mut weight_at, mut bias_at) = (vec![], None, None);
    if affine {
        weight_at = Some(0);
        params.push(cx.weight(shape.clone(), Init::Constant(1.0))?);
        if bias {
            bias_at = Some(1);
            let init = cx.init("bias_init", Init::Constant(0.0))?;
            params.push(ParamDecl { name: "bias", shape: shape.clone(), init, tied: None });
        }
    }
    cx.finish()?;
    let dim: u64 = shape.iter().product();
    let output = Shape::elem(dims);
    let rows = output.len() / dim;
    Some(Resolved {
        spec: vec![
            ("rows", SpecValue::Int(rows)),
            ("dim", SpecValue::Int(dim)),
            ("eps", SpecValue::Float(eps)),
        ],
        stats: vec![rows, rows],
        params,
        forward: vec![
            Field::Out("y"),
            Field::Stat("mean", 0),
            Field::Stat("rstd", 1),
            Field::SumIfRead("sum"),
            Field::DroppedIfRead("dropped"),
            Field::FirstTerm("x"),
            Field::OtherTerm("plus"),
            Field::Mask("mask"),
            Field::OptParam("weight", weight_at),
            Field::OptParam("bias", bias_at),
        ],
        backward: vec![
            Field::GradIn("dx", 0),
            Field::GradParam("dweight", weight_at),
            Field::GradParam("dbias", bias_at),
            Field::OverGradOut("dy"),
            Field::In("x", 0),
            Field::SavedStat("mean", 0),
            Field::SavedStat("rstd", 1),
            Field::OptParam("weight", weight_at),
        ],
        flops: 8 * output.len(),
        follows: Some(Pair::Normalized),
        ..Resolved::new("layer_norm", output)
    })
}

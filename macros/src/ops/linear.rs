//! `Linear(out_features, bias = true, init = …, bias_init = …, weight = …)`: y = x W^T + b.

use super::{Args, Arity, Context, Field, OpDef, Pair, ParamDecl, Resolved, SpecValue};
use crate::graph::{Init, Shape};

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "Linear",
    arity: Arity::Exactly(1),
    args: Args {
        unnamed: &["out_features"],
        named: &["bias", "weight", "init", "bias_init"],
        elsewhere: &["in_features", "out_features"],
        ..Args::NONE
    },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let dims = cx.elem(0);
    let outputs = cx.need_dim("out_features", 64);
    let bias = cx.flag("bias", true);
    let (mut dims, outputs, bias) = (dims?, outputs?, bias?);
    let Some(inputs) = dims.pop() else {
        let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
        let fix = cx.give_axis(0);
        let message = format!("{label} reads the last axis but {input} is [] -- {fix}");
        let there = format!("{input} has no axis but the batch");
        cx.conflict(0, message, there);
        return None;
    };
    // PyTorch's default: kaiming_uniform_(a = sqrt(5)) for the weight, and the same bound for the bias.
    let bound = 1.0 / (inputs as f64).sqrt();
    let mut params = vec![cx.weight(vec![outputs, inputs], Init::Uniform(bound))?];
    if bias {
        let init = cx.init("bias_init", Init::Uniform(bound))?;
        params.push(ParamDecl { name: "bias", shape: vec![outputs], init, tied: None });
    }
    cx.finish()?;
    let rows: u64 = dims.iter().product();
    dims.push(outputs);
    let weight = outputs.saturating_mul(inputs);
    let rounded = rounded(weight, bias.then_some(outputs));
    let bias = bias.then_some(1);
    Some(Resolved {
        spec: vec![
            ("rows", SpecValue::Int(rows)),
            ("inputs", SpecValue::Int(inputs)),
            ("outputs", SpecValue::Int(outputs)),
        ],
        params,
        forward: vec![
            Field::OutIfRead("y"),
            Field::Activated("z"),
            Field::In("x", 0),
            Field::Param("weight", 0),
            Field::OptParam("bias", bias),
            Field::Rounded("rounded", rounded),
            Field::Mask("mask"),
        ],
        backward: vec![
            Field::GradIn("dx", 0),
            Field::GradParam("dweight", Some(0)),
            Field::GradBias("dbias", bias),
            Field::GradOut("dy"),
            Field::OverInForParam("x", 0, 0),
            Field::Param("weight", 0),
            Field::RoundedForIn("rounded", weight),
        ],
        flops: rows.saturating_mul(2 * inputs).saturating_mul(outputs),
        leads: Some(Pair::Activated),
        ..Resolved::new("linear", Shape::elem(dims))
    })
}

/// How many elements the weight and the bias behind it take where they are rounded: `Spec::rounded_len` of the runtime
/// (`runtime/src/ops/linear/mod.rs`), which says why.
pub(super) fn rounded(weight: u64, bias: Option<u64>) -> u64 {
    /// Elements of two bytes in a line.
    const LINE: u64 = 32;
    bias.map_or(weight, |bias| weight.div_ceil(LINE).saturating_mul(LINE).saturating_add(bias))
}

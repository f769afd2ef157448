//! `Sum(w, …) <- (loss, …)`: the weighted sum of losses; weights default to 1.

use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::Shape;
use crate::plan::problem::Class;

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "Sum",
    arity: Arity::AtLeast(1),
    args: Args { unnamed: &["weights"], list: true, ..Args::NONE },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let mut weights = cx.reals("weights")?;
    cx.finish()?;
    let label = cx.label.clone();
    for n in 0..cx.inputs.len() {
        if cx.inputs[n].shape.batched {
            let (input, shape) = (cx.inputs[n].label.clone(), cx.inputs[n].shape.clone());
            let fix = match shape.class {
                Class::Index => "put a loss before it",
                _ => "use `Add`, or put a loss before it",
            };
            let message = format!("{label} sums losses but {input} is {shape} for each sample -- {fix}");
            cx.conflict(n, message, format!("{input} is {shape} for each sample"));
            return None;
        }
    }
    if weights.is_empty() {
        weights = vec![1.0; cx.inputs.len()];
    }
    if weights.len() != cx.inputs.len() {
        let (given, losses) = (weights.len(), cx.inputs.len());
        let (weights, noun) =
            (if given == 1 { "weight" } else { "weights" }, if losses == 1 { "loss" } else { "losses" });
        cx.error(
            cx.span,
            format!("{label} has {given} {weights} for {losses} {noun} -- write one for each, or none"),
        );
        return None;
    }
    Some(Resolved {
        spec: vec![("weights", SpecValue::Floats(weights))],
        forward: vec![Field::Out("loss"), Field::Ins("xs")],
        backward: vec![Field::GradIns("dxs"), Field::GradOut("dloss")],
        ..Resolved::new("sum", Shape::scalar())
    })
}

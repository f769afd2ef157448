//! `Parameter(a, b, …, init = normal(0.02))`: a learned tensor, the same for every sample.

use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::num::Num;
use crate::graph::{Init, Shape};

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "Parameter",
    arity: Arity::Exactly(0),
    args: Args { unnamed: &["shape"], list: true, named: &["weight", "init"], ..Args::NONE },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let sizes = cx.ints("shape")?;
    let mut dims = vec![];
    for (i, (n, span)) in sizes.iter().enumerate() {
        dims.push(cx.as_dim(&format!("axis {i} of {}", cx.label), Num::Int(*n), *span));
    }
    let dims: Vec<u64> = dims.into_iter().collect::<Option<_>>()?;
    let params = vec![cx.weight(dims.clone(), Init::Normal(0.02))?];
    cx.finish()?;
    let output = Shape::elem(dims);
    Some(Resolved {
        spec: vec![("len", SpecValue::Int(output.len()))],
        params,
        forward: vec![Field::Out("y"), Field::Param("weight", 0)],
        backward: vec![Field::GradParam("dweight", Some(0)), Field::GradOut("dy")],
        ..Resolved::new("parameter", output)
    })
}

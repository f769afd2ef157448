//! `PositionEmbedding(n, init = normal(0.02))`: y[t] = x[t] + weight[t], for x [T, D] with T <= n.

use super::{Args, Arity, Context, Field, OpDef, Resolved, SpecValue};
use crate::graph::{Init, Shape};

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "PositionEmbedding",
    arity: Arity::Exactly(1),
    args: Args {
        unnamed: &["num_positions"],
        named: &["weight", "init"],
        elsewhere: &["num_positions", "embed_dim"],
        ..Args::NONE
    },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let positions = cx.positions(0);
    let example = cx.inputs[0].shape.dims.first().copied().unwrap_or(64);
    let table = cx.need_dim_at("num_positions", example);
    let ((len, dim), (table, table_at)) = (positions?, table?);
    if len > table {
        let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
        let message = format!("{label} has {table} positions but {input} has {len}");
        let there = format!("{input} is {:?}: {len} positions", [len, dim]);
        cx.conflict_at(table_at, 0, format!("{message} -- write {len} or more"), there);
        return None;
    }
    let params = vec![cx.weight(vec![table, dim], Init::Normal(0.02))?];
    cx.finish()?;
    let output = Shape::elem(vec![len, dim]);
    Some(Resolved {
        spec: vec![
            ("len", SpecValue::Int(len)),
            ("table", SpecValue::Int(table)),
            ("dim", SpecValue::Int(dim)),
        ],
        params,
        forward: vec![Field::Out("y"), Field::In("x", 0), Field::Param("weight", 0)],
        backward: vec![Field::GradCopy("dx", 0), Field::GradParam("dweight", Some(0)), Field::GradOut("dy")],
        flops: output.len(),
        ..Resolved::new("position_embedding", output)
    })
}

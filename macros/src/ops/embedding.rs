//! `Embedding(num_embeddings, embedding_dim, init = normal(1))`: row `id` of the weight.

use super::{Args, Arity, Context, Field, Ids, OpDef, Resolved, SpecValue};
use crate::graph::{Init, Shape};

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "Embedding",
    arity: Arity::Exactly(1),
    args: Args { unnamed: &["num_embeddings", "embedding_dim"], named: &["weight", "init"], ..Args::NONE },
    resolve,
}];

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    let dims = cx.ids(0, None);
    let (vocab, dim) = (cx.need_dim("num_embeddings", 64), cx.need_dim("embedding_dim", 64));
    let (mut dims, vocab, dim) = (dims?, vocab?, dim?);
    let params = vec![cx.weight(vec![vocab, dim], Init::Normal(1.0))?];
    cx.finish()?;
    let rows: u64 = dims.iter().product();
    dims.push(dim);
    Some(Resolved {
        spec: vec![
            ("rows", SpecValue::Int(rows)),
            ("vocab", SpecValue::Int(vocab)),
            ("dim", SpecValue::Int(dim)),
        ],
        params,
        forward: vec![Field::Out("y"), Field::In("ids", 0), Field::Param("weight", 0)],
        backward: vec![Field::GradParam("dweight", Some(0)), Field::GradOut("dy"), Field::In("ids", 0)],
        ids: Some(Ids { input: 0, limit: vocab, ignore: None }),
        ..Resolved::new("embedding", Shape::elem(dims))
    })
}

//! `Reshape(a, b, …)` with at most one -1, `Flatten(start_dim = 0, end_dim = -1)`: no step, no buffer.

use super::{Args, Arity, Context, OpDef, Resolved};
use crate::graph::Shape;

pub(super) const OPS: &[OpDef] = &[
    OpDef {
        name: "Reshape",
        arity: Arity::Exactly(1),
        args: Args { unnamed: &["shape"], list: true, ..Args::NONE },
        resolve: reshape,
    },
    OpDef {
        name: "Flatten",
        arity: Arity::Exactly(1),
        args: Args { unnamed: &["start_dim", "end_dim"], ..Args::NONE },
        resolve: flatten,
    },
];

fn view(cx: &Context<'_>, dims: Vec<u64>) -> Resolved {
    Resolved { view: true, ..Resolved::new("reshape", Shape { dims, ..cx.shape(0) }) }
}

fn batched(cx: &mut Context<'_>) -> Option<Vec<u64>> {
    let shape = cx.shape(0);
    if shape.batched {
        return Some(shape.dims);
    }
    let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
    let message = format!("{label} reads a value of each sample but {input} is one number for the batch");
    let there = format!("{input} is one number for the batch");
    cx.conflict(0, format!("{message} -- only `Sum` reads losses"), there);
    None
}

fn reshape(cx: &mut Context<'_>) -> Option<Resolved> {
    let from = batched(cx)?;
    let asked = cx.ints("shape")?;
    cx.finish()?;
    let len: u64 = from.iter().product();
    let (mut dims, mut open, mut known) = (vec![], None, 1u64);
    for (i, (n, span)) in asked.iter().enumerate() {
        match u64::try_from(*n) {
            Ok(n) if n > 0 => known = known.saturating_mul(n),
            _ if *n == -1 && open.is_none() => open = Some(i),
            _ => {
                let label = cx.label.clone();
                let fix = "write a positive integer, or -1 once for what is left";
                cx.error(*span, format!("axis {i} of {label} is {n} -- {fix}"));
                return None;
            }
        }
        dims.push(u64::try_from(*n).unwrap_or(1));
    }
    if let Some(i) = open.filter(|_| len.is_multiple_of(known)) {
        dims[i] = len / known;
        known = len;
    }
    if known != len {
        let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
        let shape: Vec<i128> = asked.iter().map(|(n, _)| *n).collect();
        let fix = format!("write sizes that multiply to {len}; the batch is not counted");
        let is = format!("{from:?}: {len} elements");
        let at = asked.first().map_or(cx.span, |(_, span)| *span);
        let message = format!("{label} makes {shape:?} of {input}, which is {is}");
        cx.conflict_at(at, 0, format!("{message} -- {fix}"), format!("{input} is {is}"));
        return None;
    }
    Some(view(cx, dims))
}

fn flatten(cx: &mut Context<'_>) -> Option<Resolved> {
    let from = batched(cx)?;
    if from.is_empty() {
        cx.int("start_dim")?;
        cx.int("end_dim")?;
        cx.finish()?;
        return Some(view(cx, vec![1]));
    }
    let start = cx.axis("start_dim", &from, 0)?;
    let end = cx.axis("end_dim", &from, -1)?;
    cx.finish()?;
    if start > end {
        let (label, input) = (cx.label.clone(), cx.inputs[0].label.clone());
        let message = format!("{label} joins axes {start} to {end} of {input}, {from:?}, which are none");
        cx.error(cx.span, format!("{message} -- write `start_dim` at most `end_dim`"));
        cx.also(0, format!("{input} is {from:?}"));
        return None;
    }
    let mut dims = from[..start].to_vec();
    dims.push(from[start..=end].iter().product());
    dims.extend(&from[end + 1..]);
    Some(view(cx, dims))
}

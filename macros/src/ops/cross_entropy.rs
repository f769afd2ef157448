//! `CrossEntropy(label_smoothing = 0, ignore_index = none) <- (logits, target)`: the mean over the
//! unignored positions of the whole batch, softmax included; the class axis is last.

use super::context::Port;
use super::{Args, Arity, Context, Field, Ids, OpDef, Resolved, SpecValue};
use crate::graph::Shape;
use crate::plan::problem::{Class, Size};

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "CrossEntropy",
    arity: Arity::Exactly(2),
    args: Args { named: &["label_smoothing", "ignore_index"], ..Args::NONE },
    resolve,
}];

/// Reports a target that stands where the logits do.
fn refuse_swapped(cx: &mut Context<'_>) -> Option<()> {
    let ids = |n: usize| cx.inputs[n].shape.class == Class::Index;
    let target = |n: usize| cx.inputs[n].port == Some(Port::Target);
    if ids(1) || target(1) || !(ids(0) || target(0)) {
        return Some(());
    }
    let holds = |n: usize| if ids(n) { "u32 ids" } else { "f32 values" };
    let (first, second) = (holds(0), holds(1));
    let (label, a, b) = (cx.label.clone(), cx.inputs[0].label.clone(), cx.inputs[1].label.clone());
    let message =
        format!("{label} reads logits, then ids of classes, but {a} holds {first} and {b} {second}");
    let fix = format!("swap them: `<- ({}, {})`", b.trim_matches('`'), a.trim_matches('`'));
    cx.conflict(0, format!("{message} -- {fix}"), format!("{a} holds {first}"));
    cx.also(1, format!("{b} holds {second}"));
    None
}

fn resolve(cx: &mut Context<'_>) -> Option<Resolved> {
    refuse_swapped(cx)?;
    let positions = cx.inputs[0].shape.dims.split_last().map(|(_, positions)| positions.to_vec());
    let (logits, target) = (cx.elem(0), cx.ids(1, positions.as_deref()));
    let smoothing = cx.probability("label_smoothing", 0.0);
    let ignore = cx.id("ignore_index");
    let (logits, target, smoothing, ignore) = (logits?, target?, smoothing?, ignore?);
    cx.finish()?;
    let (label, a, b) = (cx.label.clone(), cx.inputs[0].label.clone(), cx.inputs[1].label.clone());
    let Some((classes, positions)) = logits.split_last() else {
        let message = format!("{label} reads logits with the classes as last axis but {a} is []");
        cx.conflict(
            0,
            format!("{message} -- give it `Linear(classes)`"),
            format!("{a} has no axis but the batch"),
        );
        return None;
    };
    if positions != target {
        let message =
            format!("{label} needs a target for each position but {a} is {logits:?} and {b} is {target:?}");
        let fix = match positions {
            [] => format!("make {b} `u32`; the last axis of {a} are its {classes} classes"),
            _ => format!("make {b} `u32{positions:?}`; the last axis of {a} are its {classes} classes"),
        };
        cx.conflict(1, format!("{message} -- {fix}"), format!("{b} is {target:?}"));
        cx.also(0, format!("{a} is {logits:?}"));
        return None;
    }
    let rows: u64 = positions.iter().product();
    Some(Resolved {
        spec: vec![
            ("rows", SpecValue::Int(rows)),
            ("classes", SpecValue::Int(*classes)),
            ("label_smoothing", SpecValue::Float(smoothing)),
            ("ignore_index", SpecValue::OptId(ignore)),
        ],
        stats: vec![rows],
        forward: vec![
            Field::Out("loss"),
            Field::Stat("lse", 0),
            Field::Scratch("scratch", Size::scalars(rows)),
            Field::In("logits", 0),
            Field::In("target", 1),
        ],
        backward: vec![
            Field::GradIn("dlogits", 0),
            Field::GradOut("dloss"),
            Field::OverIn("logits", 0),
            Field::SavedStat("lse", 0),
            Field::In("target", 1),
        ],
        flops: rows.saturating_mul(4 * classes),
        ids: Some(Ids { input: 1, limit: *classes, ignore }),
        ..Resolved::new("cross_entropy", Shape::scalar())
    })
}

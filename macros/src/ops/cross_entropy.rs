//! `CrossEntropy(label_smoothing = 0, ignore_index = none, chunks = none) <- (logits, target)`: the mean over the
//! unignored positions of the whole batch, softmax included; the class axis is last. With `chunks`, the logits are those
//! of a `Linear`, and computed a chunk of positions at a time.

use proc_macro2::Span;

use super::context::Port;
use super::linear::rounded;
use super::{Absorbs, Args, Arity, Context, Field, Ids, OpDef, Resolved, SpecValue};
use crate::graph::Shape;
use crate::plan::problem::{Class, Size};

pub(super) const OPS: &[OpDef] = &[OpDef {
    name: "CrossEntropy",
    arity: Arity::Exactly(2),
    args: Args { named: &["label_smoothing", "ignore_index", "chunks"], ..Args::NONE },
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
    let chunks = cx.int("chunks");
    let (logits, target, smoothing, ignore, chunks) = (logits?, target?, smoothing?, ignore?, chunks?);
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
    let chunks = match chunks {
        Some((chunks, span)) => Some((count_of_chunks(cx, rows, chunks, span)?, span)),
        None => None,
    };
    Some(Resolved {
        spec: vec![
            ("rows", SpecValue::Int(rows)),
            ("classes", SpecValue::Int(*classes)),
            ("label_smoothing", SpecValue::Float(smoothing)),
            ("ignore_index", SpecValue::OptId(ignore)),
        ],
        forward: vec![
            Field::Out("loss"),
            Field::Scratch("losses", Size::scalars(rows)),
            Field::In("logits", 0),
            Field::In("target", 1),
        ],
        backward: vec![
            Field::OutIfWhole("loss"),
            Field::GradIn("dlogits", 0),
            Field::Scratch("losses", Size::scalars(rows)),
            Field::GradOut("dloss"),
            Field::OverIn("logits", 0),
            Field::In("target", 1),
        ],
        flops: rows.saturating_mul(4 * classes),
        ids: Some(Ids { input: 1, limit: *classes, ignore }),
        absorbs: chunks.map(|(chunks, span)| Absorbs {
            kind: "Linear",
            module: "linear",
            argument: "chunks",
            span,
            number: chunks,
            both: in_chunks,
        }),
        ..Resolved::new("cross_entropy", Shape::scalar())
    })
}

/// `chunks`, if that is a number of equal parts of the positions of a sample.
fn count_of_chunks(cx: &mut Context<'_>, rows: u64, chunks: i128, span: Span) -> Option<u64> {
    let count = u64::try_from(chunks).ok().filter(|count| *count > 0 && rows.is_multiple_of(*count));
    if count.is_none() {
        let label = cx.label.clone();
        let message =
            format!("`chunks` of {label} must divide the positions of a sample, {rows}, but is {chunks}");
        let nearest = (1..=rows.min(1 << 20)).filter(|n| rows.is_multiple_of(*n));
        let nearest = nearest.min_by_key(|n| i128::from(*n).abs_diff(chunks)).unwrap_or(1);
        let fix = match rows {
            1 => String::from("remove it: with one position there is one chunk"),
            _ => format!("write {nearest}"),
        };
        cx.error(span, format!("{message} -- {fix}"));
    }
    count
}

/// Cross-entropy of what a Linear makes, both in one, a chunk at a time.
fn in_chunks(own: &Resolved, linear: &Resolved, chunks: u64) -> Option<Resolved> {
    let [rows, classes, inputs] = [own.int("rows")?, own.int("classes")?, linear.int("inputs")?];
    let mut spec = own.spec.clone();
    spec.extend([("inputs", SpecValue::Int(inputs)), ("chunks", SpecValue::Int(chunks))]);
    let bias = (linear.params.len() > 1).then_some(1);
    let rounded = rounded(classes.saturating_mul(inputs), bias.map(|_| classes));
    let logits = Size::elems((rows / chunks).saturating_mul(classes));
    let scratch = [
        Field::Scratch("losses", Size::scalars(rows)),
        Field::Scratch("logits", logits),
        Field::Rounded("rounded", rounded),
    ];
    let params = [Field::In("target", 1), Field::Param("weight", 0), Field::OptParam("bias", bias)];
    let mut forward = vec![Field::Out("loss"), Field::In("x", 0)];
    let mut backward = vec![
        Field::OutIfWhole("loss"),
        Field::GradIn("dx", 0),
        Field::GradParam("dweight", Some(0)),
        Field::GradParam("dbias", bias),
        Field::GradOut("dloss"),
        Field::OverIn("x", 0),
    ];
    for fields in [&mut forward, &mut backward] {
        fields.extend(scratch.iter().chain(&params).copied());
    }
    Some(Resolved {
        spec,
        forward,
        backward,
        flops: own.flops.saturating_add(linear.flops),
        ids: own.ids,
        ..Resolved::new("linear_cross_entropy", own.output.clone())
    })
}

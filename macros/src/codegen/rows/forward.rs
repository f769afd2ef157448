//! The rows of Forward and Recompute.

use super::{Direction, Emitter, Likeness, Mask, Operand, Row, Tensor, alike, key, node, spec};
use crate::graph::NodeId;
use crate::ops::{Field, Pair};
use crate::plan::layout::What;
use crate::plan::problem::{self, Over};
use crate::plan::program::Run;

/// One call.
struct ForwardCall<'a> {
    /// The step.
    at: usize,
    run: &'a Run,
    /// The graph's node whose call it is, and what that is in the problem.
    id: NodeId,
    own: problem::NodeId,
    /// What else it runs, if it does: an activation behind a product; or the sum before a norm.
    activation: Option<problem::NodeId>,
    sum: Option<problem::NodeId>,
    /// A dropout before the sum, which may be the call's own node.
    dropout: Option<problem::NodeId>,
    /// What decides what is dropped, there or of what an activation makes.
    mask: Option<Mask>,
}

impl<'a> Emitter<'a, '_> {
    pub(super) fn forward(&mut self, at: usize, run: &'a Run) -> Result<(), String> {
        let (graph, lowered) = (self.graph, self.lowered);
        let (mut own, mut others) = (run.node, vec![]);
        let (mut activation, mut sum, mut dropout) = (None, None, None);
        let mut mask = None;
        for node in run.nodes() {
            mask = mask.or(Mask::within(graph, lowered.nodes[node])?);
        }
        others.extend(mask.map(|mask: Mask| mask.of));
        // Each pair says whose call it is.
        for second in run.nodes().skip(1) {
            let (id, op) = node(graph, lowered, second)?;
            let first = lowered.nodes[own].layer;
            match op.follows {
                Some(Pair::Activated) => {
                    activation = Some((second, op.path("activation")));
                    others.push(id);
                    continue;
                }
                Some(Pair::Normalized) => sum = Some(own),
                Some(Pair::Dropped) => {
                    dropout = Some(own);
                    mask = Some(Mask::of(graph, first)?);
                }
                None => return Err(format!("a call of nodes that are no pair, {second} behind another")),
            }
            others.push(first);
            own = second;
        }
        let (id, op) = node(graph, lowered, own)?;
        let of_product = activation.as_ref().map(|(node, _)| *node);
        let call = ForwardCall { at, run, id, own, activation: of_product, sum, dropout, mask };
        let stored = |node: problem::NodeId| {
            lowered.problem.nodes[node].makes.iter().map(|value| run.makes.contains(value))
        };
        let like = Likeness {
            others: others.into_iter().map(|other| graph.nodes[other].alike).collect(),
            role: alike(graph, lowered.nodes[own].role),
            direction: Direction::Forward,
            there: run.nodes().flat_map(stored).chain([run.over.is_some()]).collect(),
            params: vec![],
        };
        let mut row = self.row(run.kind, id, &like);
        for field in &op.forward {
            self.forward_field(*field, &call, &mut row)?;
        }
        self.ran.push(run);
        self.finish((id, op.module), || spec(&op, activation.and_then(|(_, word)| word)), like, row)
    }

    fn forward_field(&self, field: Field, call: &ForwardCall<'_>, row: &mut Row) -> Result<(), String> {
        let ForwardCall { at, run, id, own, .. } = *call;
        let nodes = &self.lowered.problem.nodes;
        let node = &nodes[own];
        let push = |operand: fn(Tensor, bool) -> Operand, value, optional, name, row: &mut Row| {
            let buffer = self.planned.at(at, What::Value(value))?;
            row.push(name, || operand(self.tensor(value), optional), &[buffer]);
            Ok::<_, String>(())
        };
        let push_if = |operand, value: Option<usize>, name, row: &mut Row| match value {
            Some(value) => push(operand, value, true, name, row),
            None => {
                row.push(name, || Operand::Absent, &[]);
                Ok(())
            }
        };
        let stored = |value: Option<usize>| value.filter(|value| run.makes.contains(value));
        let made = |n: usize| node.makes.get(n).copied();
        let made_by = |node: Option<usize>| node.map(|node| nodes[node].makes[0]);
        match field {
            Field::Out(name) => push(Operand::Write, node.makes[0], false, name, row)?,
            Field::OutIfRead(name) => push_if(Operand::Write, stored(made(0)), name, row)?,
            Field::Activated(name) => push_if(Operand::Write, stored(made_by(call.activation)), name, row)?,
            Field::SumIfRead(name) => push_if(Operand::Write, stored(made_by(call.sum)), name, row)?,
            Field::DroppedIfRead(name) => {
                push_if(Operand::Write, stored(made_by(call.dropout)), name, row)?;
            }
            Field::Stat(name, n) => push_if(Operand::Write, stored(made(n + 1)), name, row)?,
            Field::Scratch(name, _) | Field::Rounded(name, _) => {
                self.scratch(&field, name, false, (at, own), row)?
            }
            Field::In(name, n) => push(Operand::Read, node.reads[n], false, name, row)?,
            Field::FirstTerm(name) => push_if(Operand::Read, terms(call, nodes)[0], name, row)?,
            Field::OtherTerm(name) => push_if(Operand::Read, terms(call, nodes)[1], name, row)?,
            Field::SecondTerm(name) => {
                let second = terms(call, nodes)[1].ok_or("a sum of one value")?;
                push(Operand::Read, second, false, name, row)?;
            }
            Field::Ins(name) => self.inputs(name, at, own, row)?,
            Field::Param(name, n) => self.param(name, id, n, false, row),
            Field::OptParam(name, Some(n)) => self.param(name, id, n, true, row),
            Field::OptParam(name, None) => row.push(name, || Operand::Absent, &[]),
            Field::Key(name) => row.push(name, || Operand::Key, &[key(id)?]),
            Field::Mask(name) => row.push_mask(name, call.mask)?,
            other => return Err(format!("{other:?} is no field of a forward kernel")),
        }
        Ok(())
    }
}

/// What a sum or a norm is given: the first, which is dropped out, if one is, or written over, where the kernel finds it
/// instead; and the other.
fn terms(call: &ForwardCall<'_>, nodes: &[problem::Node]) -> [Option<problem::ValueId>; 2] {
    let reads = &nodes[call.sum.unwrap_or(call.own)].reads;
    let dropped = call.dropout.map(|node| (nodes[node].makes[0], nodes[node].reads[0]));
    let over = match call.run.over {
        Some(Over::Value(over)) => Some(over),
        _ => None,
    };
    // The input of the sum that is the first.
    let first = dropped.map(|(made, _)| made).or(over).or(reads.first().copied());
    let other = reads.iter().copied().find(|&read| Some(read) != first).or(reads.get(1).copied());
    let read = dropped.map(|(_, read)| read).or(first).filter(|&read| Some(read) != over);
    [read, other]
}

//! The rows of Forward and Recompute.

use super::{Direction, Emitter, Likeness, Operand, Row, Tensor, node, spec};
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
    /// The other node that the call runs, if it runs two.
    other: Option<problem::NodeId>,
}

impl<'a> Emitter<'a, '_> {
    pub(super) fn forward(&mut self, at: usize, run: &'a Run) -> Result<(), String> {
        let (graph, lowered) = (self.graph, self.lowered);
        let (mut own, mut other) = (run.node, run.epilogue);
        if let Some(second) = other
            && node(graph, lowered, second)?.1.follows == Some(Pair::Normalized)
        {
            (own, other) = (second, Some(own));
        }
        let (id, op) = node(graph, lowered, own)?;
        let beside = other.map(|other| node(graph, lowered, other)).transpose()?;
        let stored = |node: problem::NodeId| {
            lowered.problem.nodes[node].makes.iter().map(|value| run.makes.contains(value))
        };
        let like = Likeness {
            other: beside.as_ref().map(|(id, _)| graph.nodes[*id].alike),
            role: lowered.nodes[own].role,
            direction: Direction::Forward,
            there: run.nodes().flat_map(stored).chain([run.over.is_some()]).collect(),
            params: vec![],
        };
        let mut row = self.row(run.kind, id, &like);
        for field in &op.forward {
            self.forward_field(*field, &ForwardCall { at, run, id, own, other }, &mut row)?;
        }
        self.ran.push(run);
        let activation = beside.and_then(|(_, op)| op.path("activation"));
        self.finish((id, op.module), || spec(&op, activation), like, row)
    }

    fn forward_field(&self, field: Field, call: &ForwardCall<'_>, row: &mut Row) -> Result<(), String> {
        let ForwardCall { at, run, id, own, other } = *call;
        let nodes = &self.lowered.problem.nodes;
        let (node, other) = (&nodes[own], other.map(|other| &nodes[other]));
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
        match field {
            Field::Out(name) => push(Operand::Write, node.makes[0], false, name, row)?,
            Field::OutIfRead(name) => push_if(Operand::Write, stored(made(0)), name, row)?,
            Field::Activated(name) | Field::SumIfRead(name) => {
                push_if(Operand::Write, stored(other.map(|other| other.makes[0])), name, row)?;
            }
            Field::Stat(name, n) => push_if(Operand::Write, stored(made(n + 1)), name, row)?,
            Field::Scratch(name, _) | Field::Rounded(name, _) => {
                self.scratch(&field, name, false, (at, own), row)?
            }
            Field::In(name, n) => push(Operand::Read, node.reads[n], false, name, row)?,
            Field::Term(name, n) => push_if(Operand::Read, terms(node, other, run)[n], name, row)?,
            Field::Ins(name) => self.inputs(name, at, own, row)?,
            Field::Param(name, n) => self.param(name, id, n, false, row),
            Field::OptParam(name, Some(n)) => self.param(name, id, n, true, row),
            Field::OptParam(name, None) => row.push(name, || Operand::Absent, &[]),
            Field::Key(name) => {
                row.push(name, || Operand::Key, &[u32::try_from(id).map_err(|e| e.to_string())?])
            }
            other => return Err(format!("{other:?} is no field of a forward kernel")),
        }
        Ok(())
    }
}

/// What a norm is given: what it reads, or the two whose sum that is, first the one that is written over, which it finds
/// there instead.
fn terms(norm: &problem::Node, sum: Option<&problem::Node>, run: &Run) -> [Option<problem::ValueId>; 2] {
    let Some(sum) = sum else { return [norm.reads.first().copied(), None] };
    match (&sum.reads[..], run.over) {
        (&[a, b], Some(Over::Value(over))) => [None, Some(if over == a { b } else { a })],
        (reads, _) => [0, 1].map(|n| reads.get(n).copied()),
    }
}

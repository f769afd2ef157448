//! The rows of a program: which call each step is, and which buffers it is given.

mod backward;
mod forward;

use std::borrow::Cow;

use super::calls::{BuiltIn, Call, Calls, Direction, Operand, SpecKey, Tensor};
use super::tables::Numbers;
use crate::graph::lower::{Lowered, Origin, Role, scratch};
use crate::graph::{Graph, NodeId};
use crate::ops::{Field, Pair, Resolved};
use crate::plan::layout::{Region, What};
use crate::plan::program::{Kind, Run, Step, Way};
use crate::planned::Planned;

/// The bit of a call's number that says that it is a recompute, as in the runtime's `tables`.
const RECOMPUTE: u32 = 1 << 31;

/// The rows of `planned`, and what each row but those that free runs; `offsets` are those of the parameters.
pub(super) fn of<'a>(
    graph: &'a Graph,
    lowered: &'a Lowered,
    planned: &'a Planned,
    calls: &mut Calls,
    offsets: &'a [u32],
) -> Result<(Numbers, Vec<&'a Run>), String> {
    let (table, known) = (Numbers::default(), vec![vec![]; graph.nodes.len()]);
    let mut emitter = Emitter { graph, lowered, planned, calls, known, table, offsets, ran: vec![] };
    for (at, step) in planned.program.steps.iter().enumerate() {
        emitter.step(at, step)?;
    }
    Ok((emitter.table, emitter.ran))
}

struct Emitter<'a, 'c> {
    graph: &'a Graph,
    lowered: &'a Lowered,
    planned: &'a Planned,
    calls: &'c mut Calls,
    /// The calls so far, by the first node that is alike, and their numbers.
    known: Vec<Vec<(Likeness, u32)>>,
    table: Numbers,
    offsets: &'a [u32],
    /// What each call runs.
    ran: Vec<&'a Run>,
}

/// What runs of one program whose calls are equal have in common: that there are few of them makes a deep
/// model as cheap as a shallow one.
#[derive(Clone, PartialEq, Eq)]
struct Likeness {
    /// The first nodes like the others that the call runs.
    others: Vec<NodeId>,
    role: Role,
    direction: Direction,
    /// Which of the values it could make are stored; which gradients are wanted.
    there: Vec<bool>,
    /// How many elements each parameter has whose gradient it gives: a bias that is not its own may be of any length.
    params: Vec<u64>,
}

/// A row in the making: the call's number goes to its start, what fills the operands behind it; and the
/// operands themselves, unless the call is known.
struct Row {
    table: Numbers,
    start: usize,
    /// What is set in the call's number.
    mark: u32,
    number: Option<u32>,
    operands: Vec<(&'static str, Operand)>,
    /// How many of the operands so far are scratch.
    scratch: usize,
}

impl Row {
    fn push(&mut self, field: &'static str, operand: impl FnOnce() -> Operand, numbers: &[u32]) {
        if self.number.is_none() {
            self.operands.push((field, operand()));
        }
        self.table.extend(numbers);
    }

    fn push_mask(&mut self, field: &'static str, mask: Option<Mask>) -> Result<(), String> {
        match mask {
            Some(Mask { of, p }) => self.push(field, || Operand::Mask(p.to_bits()), &[key(of)?]),
            None => self.push(field, || Operand::Absent, &[]),
        }
        Ok(())
    }
}

/// What decides which elements a call drops: a dropout of the graph, whose key it is, and with which probability.
#[derive(Clone, Copy)]
struct Mask {
    of: NodeId,
    p: f64,
}

impl Mask {
    fn of(graph: &Graph, dropout: NodeId) -> Result<Self, String> {
        let p = graph.nodes[dropout].resolved.as_ref().and_then(|op| op.float("p"));
        Ok(Self { of: dropout, p: p.ok_or("a dropout without a probability")? })
    }

    /// That of a node that drops out what it makes.
    fn within(graph: &Graph, origin: Origin) -> Result<Option<Self>, String> {
        match origin.role {
            Role::Dropped(dropout) => Self::of(graph, dropout).map(Some),
            Role::Layer | Role::Store(_) | Role::Load(_) => Ok(None),
        }
    }
}

/// What a node does, in the words of the first node like the other that it is done with.
fn alike(graph: &Graph, role: Role) -> Role {
    match role {
        Role::Dropped(dropout) => Role::Dropped(graph.nodes[dropout].alike),
        Role::Layer | Role::Store(_) | Role::Load(_) => role,
    }
}

/// The number of a random layer, which its draws are keyed by.
fn key(id: NodeId) -> Result<u32, String> {
    u32::try_from(id).map_err(|e| e.to_string())
}

impl<'a> Emitter<'a, '_> {
    fn step(&mut self, at: usize, step: &'a Step) -> Result<(), String> {
        match step {
            Step::Run(run) if run.kind == Kind::Backward => self.backward(at, run),
            Step::Run(run) => self.forward(at, run),
            Step::Free(value) => self.free(at, What::Value(*value)),
            Step::FreeGrad(value) => self.free(at, What::Grad(*value)),
            Step::Copy(way, value) => {
                let call = if *way == Way::Out { BuiltIn::CopyOut } else { BuiltIn::CopyBack };
                self.built_in(call, at, &[What::Value(*value), What::Host(*value)])
            }
            Step::Copied(_, value) => self.built_in(BuiltIn::Copied, at, &[What::Host(*value)]),
        }
    }

    fn built_in(&mut self, call: BuiltIn, at: usize, of: &[What]) -> Result<(), String> {
        self.table.push(call as u32);
        for &what in of {
            self.table.push(self.planned.at(at, what)?);
        }
        Ok(())
    }

    fn free(&mut self, at: usize, what: What) -> Result<(), String> {
        let layout = &self.planned.layouts[0];
        let freed = layout.touches.at(at).first().map(|index| layout.buffers[*index].region);
        let fixed = freed == Some(Region::Fixed);
        self.built_in(if fixed { BuiltIn::FreeFixed } else { BuiltIn::FreeSample }, at, &[what])
    }

    fn tensor(&self, value: usize) -> Tensor {
        Tensor::new(self.lowered.problem.values[value].size)
    }

    /// A row at the end of the table, whose call may be known.
    fn row(&mut self, kind: Kind, id: NodeId, like: &Likeness) -> Row {
        let mut number = None;
        for (known, its) in &self.known[self.graph.nodes[id].alike] {
            if known == like {
                number = Some(*its);
            }
        }
        let mut table = std::mem::take(&mut self.table);
        let start = table.len();
        table.push(0);
        let mark = if kind == Kind::Recompute { RECOMPUTE } else { 0 };
        Row { table, start, mark, number, operands: vec![], scratch: 0 }
    }

    fn finish(
        &mut self,
        (id, module): (NodeId, &'static str),
        spec: impl FnOnce() -> Vec<(&'static str, SpecKey)>,
        like: Likeness,
        row: Row,
    ) -> Result<(), String> {
        let number = match row.number {
            Some(number) => number,
            None => {
                let call = Call { module, direction: like.direction, spec: spec(), operands: row.operands };
                let number = self.calls.number(call)?;
                self.known[self.graph.nodes[id].alike].push((like, number));
                number
            }
        };
        self.table = row.table;
        self.table.set(row.start, number | row.mark);
        Ok(())
    }

    /// Scratch for a node, if a layout has any for this field.
    fn scratch(
        &self,
        field: &Field,
        name: &'static str,
        gives: bool,
        (at, node): (usize, usize),
        row: &mut Row,
    ) -> Result<(), String> {
        match scratch(field, gives) {
            Some(size) => {
                let buffer = self.planned.at(at, What::Scratch(node, row.scratch))?;
                row.scratch += 1;
                row.push(name, || Operand::Write(Tensor::new(size), false), &[buffer]);
            }
            None => row.push(name, || Operand::Nothing, &[]),
        }
        Ok(())
    }

    fn inputs(&self, name: &'static str, at: usize, node: usize, row: &mut Row) -> Result<(), String> {
        let reads = &self.lowered.problem.nodes[node].reads;
        let buffers: Vec<u32> =
            reads.iter().map(|v| self.planned.at(at, What::Value(*v))).collect::<Result<_, _>>()?;
        row.push(name, || Operand::Reads(reads.iter().map(|v| self.tensor(*v)).collect()), &buffers);
        Ok(())
    }

    fn param(&self, name: &'static str, id: NodeId, n: usize, optional: bool, row: &mut Row) {
        let param = self.graph.nodes[id].params[n];
        let len = self.param_len(param);
        row.push(name, || Operand::Param(len, optional), &[self.offsets[param]]);
    }

    fn param_len(&self, param: usize) -> u64 {
        self.graph.params[param].shape.iter().product()
    }
}

fn node<'a>(graph: &'a Graph, lowered: &Lowered, node: usize) -> Result<(NodeId, Cow<'a, Resolved>), String> {
    Ok((lowered.nodes[node].layer, lowered.op(graph, node).ok_or("a node without a shape")?))
}

/// The fields of a call's `Spec`; `activation`: the one that a product activates by, where it may.
fn spec(op: &Resolved, activation: Option<&'static str>) -> Vec<(&'static str, SpecKey)> {
    let mut spec: Vec<_> = op.spec.iter().map(|(name, value)| (*name, SpecKey::new(value))).collect();
    if op.leads == Some(Pair::Activated) {
        spec.push(("activation", SpecKey::OptPath(activation)));
    }
    spec
}

//! The rows of a program: which call each step is, and which buffers it is given.

mod forward;

use std::borrow::Cow;

use super::calls::{BuiltIn, Call, Calls, Direction, Operand, SpecKey, Tensor};
use super::tables::Numbers;
use crate::graph::lower::{Lowered, Role, Wanted, scratch};
use crate::graph::{Graph, NodeId};
use crate::ops::{Field, Pair, Resolved};
use crate::plan::layout::{Region, What};
use crate::plan::problem::Over;
use crate::plan::program::{self, Kind, Run, Step, Way};
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

    /// One call, or several where a value is read twice: a buffer can be given to a kernel only once.
    fn backward(&mut self, at: usize, run: &'a Run) -> Result<(), String> {
        let (graph, lowered) = (self.graph, self.lowered);
        let (id, op) = node(graph, lowered, run.node)?;
        let reads = &lowered.problem.nodes[run.node].reads;
        let wanted = Wanted::of(graph, id);
        let again = |n: &usize| {
            wanted.inputs[*n] && reads[..*n].iter().zip(&wanted.inputs).any(|(v, w)| *w && *v == reads[*n])
        };
        let repeated: Vec<usize> = (0..reads.len()).filter(again).collect();
        let lends = lowered.problem.nodes[run.node].backward.as_ref().map_or(&[][..], |own| &own.lends);
        let is_lent = |n: usize| lends.contains(&lowered.source(reads[n]));
        let mut passes = vec![Pass {
            inputs: (0..reads.len())
                .map(|n| wanted.inputs[n] && !is_lent(n) && !repeated.contains(&n))
                .collect(),
            params: true,
            add: false,
        }];
        for n in repeated {
            passes.push(Pass {
                inputs: (0..reads.len()).map(|m| m == n).collect(),
                params: false,
                add: true,
            });
        }
        for pass in &passes {
            let there = [
                &wanted.inputs[..],
                &wanted.params,
                &pass.inputs,
                &[pass.params, run.over.is_some(), run.is_whole()],
            ]
            .concat();
            let params = run.params.iter().map(|(param, _)| self.param_len(*param)).collect();
            let (role, direction) = (Role::Layer, Direction::Backward);
            let like = Likeness { others: vec![], role, direction, there, params };
            let mut row = self.row(run.kind, id, &like);
            for field in &op.backward {
                self.backward_field(*field, &BackwardCall { at, run, id, wanted: &wanted, pass }, &mut row)?;
            }
            self.ran.push(run);
            self.finish((id, op.module), || spec(&op, None), like, row)?;
        }
        Ok(())
    }

    fn backward_field(&self, field: Field, call: &BackwardCall<'_>, row: &mut Row) -> Result<(), String> {
        let BackwardCall { at, run, id, wanted, .. } = *call;
        let node = &self.lowered.problem.nodes[run.node];
        let value = |v: usize| self.planned.at(at, What::Value(v));
        match field {
            Field::OutIfWhole(name) if run.is_whole() => {
                let made = node.makes[0];
                row.push(name, || Operand::Write(self.tensor(made), true), &[value(made)?]);
            }
            Field::OutIfWhole(name) => row.push(name, || Operand::Absent, &[]),
            Field::GradIn(name, n) | Field::GradCopy(name, n) => match self.grad(call, node.reads[n], n)? {
                Some((tensor, numbers)) => row.push(name, || Operand::Grad(tensor), &numbers),
                None => row.push(name, || Operand::Absent, &[]),
            },
            Field::GradIns(name) => {
                let (mut tensors, mut numbers) = (vec![], vec![]);
                for (n, v) in node.reads.iter().enumerate() {
                    let grad = self.grad(call, *v, n)?;
                    tensors.push(grad.map(|g| g.0));
                    numbers.extend(grad.iter().flat_map(|g| g.1));
                }
                row.push(name, || Operand::Grads(tensors), &numbers);
            }
            Field::GradParam(name, n) | Field::GradBias(name, n) => {
                let param = n.map(|n| self.graph.nodes[id].params[n]);
                self.grad_param(name, call, |given| Some(given) == param, row)?;
            }
            // It gives no other.
            Field::GradBiasBefore(name) => self.grad_param(name, call, |_| true, row)?,
            // What the gradient is written over, the kernel finds there.
            Field::OverGradOut(name) if run.over == Some(Over::Grad) => {
                row.push(name, || Operand::Absent, &[]);
            }
            Field::OverIn(name, n) | Field::OverInForParam(name, n, _)
                if run.over == Some(Over::Value(node.reads[n])) =>
            {
                row.push(name, || Operand::Absent, &[]);
            }
            Field::GradOut(name) | Field::OverGradOut(name) => {
                let out = node.gradient().ok_or("a backward without a gradient to read")?;
                let optional = matches!(field, Field::OverGradOut(_));
                let buffer = self.planned.at(at, What::Grad(out))?;
                row.push(name, || Operand::Read(self.tensor(out), optional), &[buffer]);
            }
            Field::SavedOut(name) => {
                let v = self.lowered.output(self.graph, self.graph.nodes[id].output);
                row.push(name, || Operand::Read(self.tensor(v), false), &[value(v)?]);
            }
            Field::SavedStat(name, n) => {
                let v = *node.makes.get(n + 1).ok_or("a statistic that is not made")?;
                row.push(name, || Operand::Read(self.tensor(v), false), &[value(v)?]);
            }
            Field::In(name, n) | Field::OverIn(name, n) => {
                let (read, optional) = (node.reads[n], matches!(field, Field::OverIn(..)));
                row.push(name, || Operand::Read(self.tensor(read), optional), &[value(read)?]);
            }
            Field::Scratch(name, _) | Field::Rounded(name, _) | Field::RoundedForIn(name, _) => {
                self.scratch(&field, name, !run.grads.is_empty(), (at, run.node), row)?;
            }
            Field::OverInForParam(name, ..) | Field::InForIn(name, ..) => match wanted.reads(field) {
                Some(n) => row.push(
                    name,
                    || Operand::Read(self.tensor(node.reads[n]), true),
                    &[value(node.reads[n])?],
                ),
                None => row.push(name, || Operand::Absent, &[]),
            },
            Field::Ins(name) => self.inputs(name, at, run.node, row)?,
            Field::Param(name, n) => self.param(name, id, n, false, row),
            Field::OptParam(name, Some(n)) => self.param(name, id, n, true, row),
            Field::OptParam(name, None) => row.push(name, || Operand::Absent, &[]),
            Field::Key(name) => {
                row.push(name, || Operand::Key, &[u32::try_from(id).map_err(|e| e.to_string())?])
            }
            other => return Err(format!("{other:?} is no field of a backward kernel")),
        }
        Ok(())
    }

    /// The gradient of the parameter that `is` it, if this call gives that.
    fn grad_param(
        &self,
        name: &'static str,
        &BackwardCall { run, pass, .. }: &BackwardCall<'_>,
        is: impl Fn(usize) -> bool,
        row: &mut Row,
    ) -> Result<(), String> {
        match run.params.iter().find(|(param, _)| pass.params && is(*param)) {
            Some(&(param, mode)) => {
                let (len, add) = (self.param_len(param), mode == program::Mode::Add);
                let param = u32::try_from(param).map_err(|e| e.to_string())?;
                row.push(name, || Operand::ParamGrad(len), &[param, u32::from(add)]);
            }
            None => row.push(name, || Operand::Absent, &[]),
        }
        Ok(())
    }

    /// Where the gradient of input `n`, which is `value`, goes in this call.
    fn grad(
        &self,
        &BackwardCall { at, run, pass, .. }: &BackwardCall<'_>,
        value: usize,
        n: usize,
    ) -> Result<Option<(Tensor, [u32; 2])>, String> {
        if !pass.inputs[n] {
            return Ok(None);
        }
        let value = self.lowered.source(value);
        let add = pass.add || run.grads.iter().any(|(v, mode)| *v == value && *mode == program::Mode::Add);
        Ok(Some((self.tensor(value), [self.planned.at(at, What::Grad(value))?, u32::from(add)])))
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

/// One call of a backward.
struct BackwardCall<'a> {
    /// The step.
    at: usize,
    run: &'a Run,
    /// The graph's node.
    id: NodeId,
    wanted: &'a Wanted,
    pass: &'a Pass,
}

/// Which gradients one call of a backward computes.
struct Pass {
    inputs: Vec<bool>,
    params: bool,
    /// The buffers hold contributions of the pass before.
    add: bool,
}

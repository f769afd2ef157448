//! The rows of Backward.

use super::{Direction, Emitter, Likeness, Mask, Operand, Row, Tensor, alike, key, node, spec};
use crate::graph::NodeId;
use crate::graph::lower::Wanted;
use crate::ops::Field;
use crate::plan::layout::What;
use crate::plan::problem::Over;
use crate::plan::program::{self, Run};

/// One call of a backward.
struct BackwardCall<'a> {
    /// The step.
    at: usize,
    run: &'a Run,
    /// The graph's node.
    id: NodeId,
    wanted: &'a Wanted,
    pass: &'a Pass,
    /// What decides what is dropped of what forward makes.
    mask: Option<Mask>,
}

/// Which gradients one call of a backward computes.
struct Pass {
    inputs: Vec<bool>,
    params: bool,
    /// The buffers hold contributions of the pass before.
    add: bool,
}

impl<'a> Emitter<'a, '_> {
    /// One call, or several where a value is read twice: a buffer can be given to a kernel only once.
    pub(super) fn backward(&mut self, at: usize, run: &'a Run) -> Result<(), String> {
        let (graph, lowered) = (self.graph, self.lowered);
        let (id, op) = node(graph, lowered, run.node)?;
        let reads = &lowered.problem.nodes[run.node].reads;
        let (wanted, mask) = (Wanted::of(graph, id), Mask::within(graph, lowered.nodes[run.node])?);
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
            let (role, direction) = (alike(graph, lowered.nodes[run.node].role), Direction::Backward);
            let like = Likeness { others: vec![], role, direction, there, params };
            let mut row = self.row(run.kind, id, &like);
            for field in &op.backward {
                let call = BackwardCall { at, run, id, wanted: &wanted, pass, mask };
                self.backward_field(*field, &call, &mut row)?;
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
            Field::Key(name) => row.push(name, || Operand::Key, &[key(id)?]),
            Field::Mask(name) => row.push_mask(name, call.mask)?,
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

//! The replay of a Backward: that it reads what is there, and gives the gradients that it should, to all that is due one.

use super::{Check, Replay, ensure};
use crate::plan::layout::What;
use crate::plan::problem::{NodeId, Over, ValueId};
use crate::plan::program::{Mode, Run};

impl Replay<'_> {
    pub(super) fn run_backward(&mut self, run: &Run) -> Check {
        let id = run.node;
        let node = &self.problem.nodes[id];
        let (Some(backward), Some(&value), Some(found)) =
            (&node.backward, node.makes.first(), node.gradient())
        else {
            return Err("it has no backward".to_owned());
        };
        ensure!(run.epilogues == 0, "a backward has an epilogue");
        let whole = run.is_whole();
        ensure!(
            !whole || backward.whole && run.makes == [value],
            "its backward makes the values {:?}",
            run.makes
        );
        ensure!(self.trains[id] && self.ran[id] != whole, "its backward is not wanted here");
        self.ran[id] = true;
        ensure!(id < self.backward, "its backward runs after that of node {}", self.backward);
        self.backward = id;
        self.trains[id] = false;

        let forward = if whole { &node.reads[..] } else { &[] };
        for &read in backward.reads.iter().chain(forward).filter(|&&read| run.over != Some(Over::Value(read)))
        {
            self.read(read)?;
        }
        if run.over != Some(Over::Grad) {
            self.memory.touch(What::Grad(found))?;
        }
        ensure!(
            self.holds[found] == self.holds[value],
            "the gradient of value {found} is not that of value {value}"
        );
        let (due, got) = (self.due[value], self.grads[value]);
        ensure!(due == got, "the gradient of value {value} is read with {got} of {due} contributions");
        self.memory.scratch(id, &backward.scratch)?;

        let values = backward.grads.iter().filter(|&&value| self.grad_is_read[value]);
        ensure!(values.eq(run.grads.iter().map(|(value, _)| value)), "it gives other gradients of values");
        let params = backward.params.iter().filter(|&&param| self.problem.params[param].is_some());
        ensure!(
            params.eq(run.params.iter().map(|(param, _)| param)),
            "it gives other gradients of parameters"
        );
        if whole {
            self.memory.begin(What::Value(value), self.problem.values[value].size)?;
        }
        let read = self.holds[value];
        for &value in &backward.lends {
            let copied = backward.copies.contains(&value) && self.due[value] == 1;
            ensure!(copied, "the gradient of value {value} is not what it reads");
            self.grads[value] += 1;
            self.holds[value] = read;
        }
        for (index, &(value, mode)) in run.grads.iter().enumerate() {
            ensure!(value != found, "it adds to the gradient of value {value}, which it reads");
            contribute(&mut self.grads[value], mode)
                .map_err(|e| format!("the gradient of value {value} {e}"))?;
            self.contents += 1;
            let copied = mode == Mode::Write && backward.copies.contains(&value);
            self.holds[value] = if copied { read } else { self.contents };
            let over = run.over.filter(|_| index + 1 == run.grads.len());
            match (mode, over) {
                (_, Some(over)) => self.write_over(run.node, over, (value, mode))?,
                (Mode::Write, _) => self.memory.begin(What::Grad(value), self.problem.values[value].size)?,
                (Mode::Add, _) => self.memory.touch(What::Grad(value))?,
            }
        }
        ensure!(run.over.is_none() || !run.grads.is_empty(), "nothing is written over what it reads");
        for &(param, mode) in &run.params {
            let sum = contribute(&mut self.params[param], mode);
            sum.map_err(|e| format!("the gradient of parameter {param} {e}"))?;
            self.memory.touch(What::Param(param))?;
        }
        Ok(())
    }

    /// The backward of a node writes a gradient over what it reads.
    fn write_over(&mut self, node: NodeId, over: Over, (value, mode): (ValueId, Mode)) -> Check {
        let node = &self.problem.nodes[node];
        let allowed = node.backward.as_ref().is_some_and(|backward| {
            backward.over == Some(over) && backward.grads.last() == Some(&value) && mode == Mode::Write
        });
        ensure!(allowed, "it must not write the gradient of value {value} over {over:?}");
        match over {
            Over::Value(read) => self.turn_value(read, What::Grad(value), value),
            Over::Grad => {
                let read = node.gradient().ok_or("it has no gradient")?;
                self.turn((What::Grad(read), read), (What::Grad(value), value))
            }
        }
    }
}

fn contribute(got: &mut usize, mode: Mode) -> Result<(), &'static str> {
    match (mode, *got) {
        (Mode::Write, 1..) => return Err("is overwritten"),
        (Mode::Add, 0) => return Err("is added to before it is written"),
        _ => *got += 1,
    }
    Ok(())
}

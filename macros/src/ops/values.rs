//! What an op reads must be of its kind: numbers or ids.

use super::Context;
use super::context::{Input, Port};
use crate::plan::problem::Class;

impl Context<'_> {
    /// Input `n` must hold activations, one set for each sample.
    pub(crate) fn elem(&mut self, n: usize) -> Option<Vec<u64>> {
        let Input { shape, label, .. } = &self.inputs[n];
        if shape.class == Class::Elem && shape.batched {
            return Some(shape.dims.clone());
        }
        let (is, fix) = match shape.class {
            Class::Index if self.inputs[n].port == Some(Port::Target) => {
                let other = self.inputs.iter().find(|input| input.shape.class == Class::Elem);
                let dims = &other.map_or(shape, |input| &input.shape).dims;
                ("u32 ids", format!("declare it as `{}`", declaration("f32", dims)))
            }
            Class::Index => ("u32 ids", String::from("put an `Embedding` before it")),
            _ => ("one number for the whole batch", String::from("only `Sum` reads losses")),
        };
        let message = format!("{} reads f32 values but {label} holds {is} -- {fix}", self.label);
        let there = format!("{label} holds {is}");
        self.conflict(n, message, there);
        None
    }

    /// The same of all inputs; each that does not is told.
    pub(crate) fn elems(&mut self) -> Option<Vec<Vec<u64>>> {
        let shapes: Vec<_> = (0..self.inputs.len()).map(|n| self.elem(n)).collect();
        shapes.into_iter().collect()
    }

    /// Input `n` must hold activations of positions: [T, D].
    pub(crate) fn positions(&mut self, n: usize) -> Option<(u64, u64)> {
        let dims = self.elem(n)?;
        if let &[len, dim] = dims.as_slice() {
            return Some((len, dim));
        }
        let (label, input) = (self.label.clone(), self.inputs[n].label.clone());
        let message = format!("{label} reads [T, D] but {input} is {dims:?} -- give it two axes");
        self.conflict(n, message, format!("{input} is {dims:?}"));
        None
    }

    /// Input `n` must hold u32 ids, of shape `dims` where that is known.
    pub(crate) fn ids(&mut self, n: usize, dims: Option<&[u64]>) -> Option<Vec<u64>> {
        let Input { shape, label, port, .. } = &self.inputs[n];
        if shape.class == Class::Index {
            return Some(shape.dims.clone());
        }
        let is = if shape.class == Class::Elem { "f32 values" } else { "one number for the whole batch" };
        let fix = match port {
            Some(_) => format!("declare it as `{}`", declaration("u32", dims.unwrap_or(&shape.dims))),
            None => String::from("name an input or target that is declared as u32"),
        };
        let message = format!("{} reads u32 ids but {label} holds {is} -- {fix}", self.label);
        let there = format!("{label} holds {is}");
        self.conflict(n, message, there);
        None
    }
}

/// What to declare a port as.
pub(super) fn declaration(dtype: &str, dims: &[u64]) -> String {
    if dims.is_empty() { dtype.to_owned() } else { format!("{dtype}{dims:?}") }
}

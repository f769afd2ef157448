//! What stands before the layers: constants, inputs and targets, definitions of blocks.

use super::Builder;
use crate::graph::num::{Vars, dim, eval};
use crate::graph::shape::check_size;
use crate::graph::{Const, Port, Shape, Source, Value};
use crate::ops;
use crate::plan::problem::Class;
use crate::syntax::{self, Dtype};

impl<'a> Builder<'a, '_> {
    pub(super) fn consts(&mut self) -> Vars {
        let mut vars = Vars::new();
        for c in &self.model.consts {
            let Some(value) = eval(&c.value, &vars, self.errors) else { continue };
            if vars.insert(c.name.to_string(), value).is_some() {
                self.errors.error(c.name.span(), format!("`{}` is declared twice -- rename one", c.name));
            }
            self.graph.consts.push(Const { name: c.name.clone(), docs: c.docs.clone(), value });
        }
        vars
    }

    pub(super) fn port(&mut self, port: &syntax::Port, vars: &Vars) -> Option<Source> {
        let mut dims = vec![];
        for expr in &port.dims {
            let value = eval(expr, vars, self.errors)?;
            dims.push(dim(
                value,
                expr.span(),
                &format!("dimension {} of `{}`", dims.len(), port.name),
                self.errors,
            )?);
        }
        let class = match port.dtype {
            Dtype::F32 => Class::Elem,
            Dtype::U32 => Class::Index,
        };
        let value = self.graph.values.len();
        self.graph.values.push(Value {
            label: port.name.to_string(),
            span: port.name.span(),
            node: None,
            shape: Some(Shape { dims: dims.clone(), class, batched: true }),
            on_target: port.target,
            trained: false,
            grad: false,
        });
        check_size(&dims, port.name.span(), &port.name.to_string(), self.errors)?;
        self.graph.ports.push(Port {
            name: port.name.clone(),
            target: port.target,
            dtype: port.dtype,
            dims,
            value,
        });
        Some(Source { value, span: port.name.span() })
    }

    pub(super) fn check_blocks(&mut self) {
        for (i, block) in self.model.blocks.iter().enumerate() {
            let name = block.name.to_string();
            if self.model.blocks[..i].iter().any(|b| b.name == name) {
                self.errors.error(block.span, format!("block `{name}` is declared twice -- rename one"));
            }
            if ops::find(&name).is_some() {
                self.errors.error(
                    block.span,
                    format!("`{name}` is a layer of the library -- give the block another name"),
                );
            }
            if block.layers.is_empty() {
                self.errors.error(block.span, format!("block `{name}` is empty -- put a layer into it"));
            }
        }
    }
}

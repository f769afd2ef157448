//! Names to ids: scopes are walked, `repeat` is unrolled, blocks and shared layers are instantiated.

mod block;
mod ends;
mod frame;
mod layer;
mod names;
mod ports;
mod repeat;
mod scope;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Graph, Scope};
use crate::report::Errors;
use crate::syntax::{Block, Model};
use frame::{Frame, Given, Named};

/// The graph of `model`.
pub(crate) fn build(model: &Model, errors: &mut Errors) -> Graph {
    let mut builder = Builder {
        model,
        errors,
        graph: Graph::default(),
        frames: vec![],
        blocks: vec![],
        hidden: BTreeMap::new(),
    };
    builder.run();
    builder.graph
}

struct Builder<'a, 'e> {
    model: &'a Model,
    errors: &'e mut Errors,
    graph: Graph,
    frames: Vec<Frame<'a>>,
    /// Blocks being instantiated, outermost first.
    blocks: Vec<&'a Block>,
    /// Names inside finished scopes, with the scope's name: to say why they can't be read.
    hidden: BTreeMap<String, String>,
}

impl<'a> Builder<'a, '_> {
    fn run(&mut self) {
        let vars = Rc::new(self.consts());
        let mut names = BTreeMap::new();
        let mut inputs = vec![];
        for port in &self.model.ports {
            let Some(source) = self.port(port, &vars) else { continue };
            if !port.target {
                inputs.push(source.clone());
            }
            let named = Named { value: Some(source.value), span: port.name.span(), layer: None };
            if names.insert(port.name.to_string(), named).is_some() {
                self.errors
                    .error(port.name.span(), format!("`{}` is declared twice -- rename one", port.name));
            }
        }
        if !self.model.ports.iter().any(|p| !p.target) {
            self.errors.error(
                self.model.name.span(),
                format!("`{}` has no input -- declare one: `input x: f32[…];`", self.model.name),
            );
        }
        self.check_blocks();
        let input = match inputs.len() {
            0 => Given::Broken,
            1 => Given::One(inputs.remove(0)),
            _ => Given::Several(inputs),
        };
        self.frames.push(Frame {
            names,
            input,
            last: None,
            vars,
            path: String::new(),
            params_at: String::new(),
            frozen: false,
            uses: Rc::new(vec![]),
            iteration: None,
            opaque: false,
        });
        let mut root = Scope::default();
        self.layers(&self.model.layers, &mut root);
        self.graph.root = root;
        self.loss();
        self.outputs();
        self.frames.pop();
        self.check_all_read();
    }

    fn frame(&mut self) -> &mut Frame<'a> {
        if self.frames.is_empty() {
            unreachable!("the model's own frame stands until the walk ends");
        }
        let top = self.frames.len() - 1;
        &mut self.frames[top]
    }
}

//! Scopes of R1: groups, residuals, and what iterations and blocks have in common with them.

use std::rc::Rc;

use super::Builder;
use super::frame::{Frame, FrameExtra, Given, Last, NO_MARKS, Place};
use crate::graph::{Item, Scope, Source};
use crate::ops;
use crate::syntax::{self, Layer, Marks};

impl<'a> Builder<'a, '_> {
    /// A group, a main path, an iteration, a block's inside: a scope of R1.
    pub(super) fn scope(
        &mut self,
        body: &'a [Layer],
        given: Given,
        at: Place<'a>,
        frame: Option<FrameExtra<'a>>,
        into: &mut Scope,
    ) -> Option<Source> {
        if body.is_empty() {
            self.errors.error(at.span, format!("{} is empty -- put a layer into it", at.label));
            return None;
        }
        self.refuse_recompute(at.marks, &at.label);
        let extra = frame.unwrap_or_default();
        let parent = self.frame();
        let frame = Frame {
            names: extra.names,
            last: None,
            vars: extra.vars.unwrap_or_else(|| Rc::clone(&parent.vars)),
            path: at.path.clone(),
            params_at: at.params_at.clone(),
            frozen: at.frozen,
            uses: extra.uses.unwrap_or_else(|| Rc::clone(&parent.uses)),
            iteration: extra.iteration.or(parent.iteration),
            opaque: extra.opaque,
            input: given,
        };
        let first = self.graph.nodes.len();
        self.frames.push(frame);
        let mut scope = Scope::default();
        self.layers(body, &mut scope);
        let frame = self.frames.pop()?;
        for name in frame.names.keys() {
            self.hidden.insert(name.clone(), at.label.clone());
        }
        let checkpoint = self.plain_checkpoint(at.marks);
        into.items.push(Item {
            nodes: first..self.graph.nodes.len(),
            label: at.path.clone(),
            checkpoint,
            scope: Some(scope),
        });
        match frame.last {
            Some(Last::Value(source)) => Some(source),
            _ => None,
        }
    }

    pub(super) fn refuse_recompute(&mut self, marks: &Marks, label: &str) {
        if let Some(span) = marks.recompute {
            self.errors.error(span, format!("`recompute` drops the value of one layer, and {label} is a scope -- write `#[checkpoint]` to recompute its inside"));
        }
    }

    pub(super) fn residual(
        &mut self,
        given: Given,
        body: &'a [Layer],
        shortcut: Option<&'a syntax::Shortcut>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        self.refuse_recompute(at.marks, &at.label);
        let source = match &given {
            Given::One(source) => source.clone(),
            Given::Several(list) => {
                self.errors.error(
                    at.span,
                    format!("a residual reads 1 value but is given {} -- name one", list.len()),
                );
                return None;
            }
            Given::Broken => {
                return None;
            }
        };
        let first = self.graph.nodes.len();
        let mut inside = Scope::default();
        let part = |label: &str, span| Place {
            marks: NO_MARKS,
            path: at.path.clone(),
            params_at: at.params_at.clone(),
            frozen: at.frozen,
            label: label.to_owned(),
            span,
        };
        let main =
            self.scope(body, given.clone(), part("the residual's main path", at.span), None, &mut inside);
        let side = match shortcut {
            Some(s) => self.scope(&s.body, given, part("`shortcut`", s.span), None, &mut inside),
            None => Some(source),
        };
        let (main, side) = (main?, side?);
        let mut add = part("the residual's sum", at.span);
        add.path = if at.path.is_empty() { String::from("Add") } else { format!("{}.Add", at.path) };
        let op = ops::find("Add")?;
        let sum = self.node(op, &[], vec![main, side], add, &mut inside);
        let checkpoint = self.plain_checkpoint(at.marks);
        into.items.push(Item {
            nodes: first..self.graph.nodes.len(),
            label: if at.label == "residual" { String::from("residual") } else { at.path.clone() },
            checkpoint,
            scope: Some(inside),
        });
        sum
    }
}

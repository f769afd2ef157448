//! `repeat` is unrolled: a scope for each iteration.

use std::rc::Rc;

use proc_macro2::Span;

use super::Builder;
use super::frame::{FrameExtra, Given, NO_MARKS, Place};
use crate::graph::num::{Num, Vars, dim, eval};
use crate::graph::{Repeat, Scope, Source, marks};
use crate::syntax::{self, Count, Layer};

impl<'a> Builder<'a, '_> {
    pub(super) fn repeat(
        &mut self,
        count: &'a Count,
        given: Given,
        body: &'a [Layer],
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        self.refuse_recompute(at.marks, &at.label);
        let vars = Rc::clone(&self.frame().vars);
        let runs = self.iterations(count, &vars, at.span)?;
        if body.is_empty() {
            self.errors.error(at.span, "`repeat` is empty -- put a layer into it");
            return None;
        }
        let first_item = into.items.len();
        let (mut given, mut value) = (given, None);
        let indexed = !matches!(count, Count::Times(_));
        for (i, var) in runs.iter().enumerate() {
            let mut own = vars.as_ref().clone();
            if let Some((name, value)) = var {
                own.insert(name.clone(), *value);
            }
            let join = |base: &str| if base.is_empty() { i.to_string() } else { format!("{base}.{i}") };
            let named = at.path != self.frame().path || at.params_at != self.frame().params_at;
            let place = Place {
                marks: NO_MARKS,
                path: join(&at.path),
                params_at: join(&at.params_at),
                frozen: at.frozen,
                label: if named {
                    format!("`{}.{i}`", at.label.trim_matches('`'))
                } else {
                    format!("iteration {i}")
                },
                span: at.span,
            };
            let iteration = (i > 0 && !indexed).then_some(i as u64);
            let extra = FrameExtra { vars: Some(Rc::new(own)), iteration, ..FrameExtra::default() };
            value = self.scope(body, given.clone(), place, Some(extra), into);
            if i == 0
                && runs.len() > 1
                && !indexed
                && let (Given::One(from), Some(to)) = (&given, &value)
            {
                self.graph.repeats.push(Repeat { input: from.value, output: to.value, span: at.span });
            }
            given = match &value {
                Some(source) => Given::One(source.clone()),
                None => return None,
            };
        }
        let items = first_item..into.items.len();
        marks::repeat_runs(at.marks, items, &vars, into, self.errors);
        value
    }

    #[allow(clippy::type_complexity)]
    pub(super) fn iterations(
        &mut self,
        count: &'a Count,
        vars: &Vars,
        span: Span,
    ) -> Option<Vec<Option<(String, Num)>>> {
        const LIMIT: u64 = 10_000;
        let list: Vec<Option<(String, Num)>> = match count {
            Count::Times(expr) => {
                let n = dim(
                    eval(expr, vars, self.errors)?,
                    expr.span(),
                    "the number of iterations",
                    self.errors,
                )?;
                if n > LIMIT {
                    self.errors.error(
                        expr.span(),
                        format!("{n} iterations are more than the {LIMIT} that are unrolled -- repeat less"),
                    );
                    return None;
                }
                vec![None; usize::try_from(n).ok()?]
            }
            Count::Range { var, from, to } => {
                let (a, b) = (eval(from, vars, self.errors), eval(to, vars, self.errors));
                match (a?, b?) {
                    (Num::Int(a), Num::Int(b)) if a < b && b - a <= i128::from(LIMIT) => {
                        (a..b).map(|i| Some((var.to_string(), Num::Int(i)))).collect()
                    }
                    (a, b) => {
                        self.errors.error(syntax::join(from.span(), to.span()), format!("`{a}..{b}` is no range of 1 to {LIMIT} integers -- write `first..end` with first below end"));
                        return None;
                    }
                }
            }
            Count::Each { var, items } => {
                let mut list = vec![];
                for item in items {
                    list.push(Some((var.to_string(), eval(item, vars, self.errors)?)));
                }
                if list.is_empty() {
                    self.errors.error(span, "`repeat` over nothing -- write at least one item");
                    return None;
                }
                list
            }
        };
        if let Some(Some((name, _))) = list.first()
            && self.graph.consts.iter().any(|c| c.name == name)
        {
            self.errors
                .error(span, format!("the loop variable `{name}` hides the constant `{name}` -- rename it"));
        }
        Some(list)
    }
}

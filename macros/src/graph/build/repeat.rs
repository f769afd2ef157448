//! `repeat` is unrolled: a scope for each iteration.

use std::rc::Rc;

use proc_macro2::{Ident, Span};

use super::Builder;
use super::frame::{FrameExtra, Given, NO_MARKS, Place, join};
use crate::graph::marks::store::is_store;
use crate::graph::num::{Num, dim};
use crate::graph::{MarkedRepeat, Repeat, Scope, Source, marks};
use crate::report::{Around, Errors};
use crate::syntax::{Count, Layer, text};

/// Iterations that a `repeat` may have.
const MOST_ITERATIONS: u64 = 10_000;

/// What an iteration counts: the loop variable and its value.
type Index = Option<(String, Num)>;

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
        let source = self.one(&given, "a `repeat`", &at);
        let runs = self.iterations(count, at.span)?;
        if body.is_empty() {
            self.error(at.span, format!("{} is empty -- put a layer into it", at.label));
            return None;
        }
        let mut found = Errors::default();
        let args = at.marks.checkpoint.iter().flat_map(|checkpoint| &checkpoint.args);
        let below = args.filter(|arg| !is_store(arg) && !self.value_reads_above(&arg.value)).count();
        let ends = match below {
            0 => marks::repeat_ends(at.marks, runs.len(), &self.top.vars, &mut found),
            _ => vec![],
        };
        for (span, message) in found.messages() {
            self.error(span, message);
        }
        let (first_item, first_node) = (into.items.len(), self.graph.nodes.len());
        let mut given = source.map_or(Given::Broken, Given::One);
        let mut value = None;
        for (i, index) in runs.iter().enumerate() {
            let from = self.graph.nodes.len();
            value = self.iteration(i, index, given.clone(), body, &at, into);
            if i > 0 && index.is_none() {
                for (twin, node) in (first_node..from).zip(&mut self.graph.nodes[from..]) {
                    node.twin = Some(twin);
                }
            }
            if let (0, None, Given::One(from), Some(to)) = (i, index, &given, &value)
                && runs.len() > 1
                && !self.top.repeated
            {
                let around = Rc::clone(&self.top.around);
                self.graph.repeats.push(Repeat {
                    input: from.value,
                    output: to.value,
                    span: at.span,
                    around,
                });
            }
            // After a failure the other iterations are still walked where they differ.
            match &value {
                Some(source) => given = Given::One(source.clone()),
                None if index.is_some() => given = Given::Broken,
                None => return None,
            }
        }
        if let Some(mark) = self.checkpoint(at.marks) {
            let starts = [0].into_iter().chain(ends.iter().copied());
            let runs = starts.zip(&ends).map(|(start, end)| first_item + start..first_item + end).collect();
            let label = if at.path == self.top.path { join(&at.path, "repeat") } else { at.path };
            into.repeats.push(MarkedRepeat { label, mark, runs });
        }
        value
    }

    /// One iteration: a scope whose name is its number.
    fn iteration(
        &mut self,
        i: usize,
        index: &Index,
        given: Given,
        body: &'a [Layer],
        at: &Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let place = Place {
            marks: NO_MARKS,
            path: join(&at.path, &i.to_string()),
            params_at: join(&at.params_at, &i.to_string()),
            named: at.named,
            frozen: at.frozen,
            label: at.label.clone(),
            applied: at.applied.clone(),
            declared: at.declared,
            span: at.span,
        };
        let mut extra = FrameExtra { repeated: i > 0 && index.is_none(), ..FrameExtra::default() };
        if let Some((name, value)) = index {
            let mut vars = self.top.vars.as_ref().clone();
            vars.insert(name.clone(), Some(*value));
            extra.vars = Some(Rc::new(vars));
            let words = format!("in iteration {i}, where `{name}` is {value}");
            extra.around = Some(Around { words, span: at.span, renamed: None, always: false });
        }
        self.scope(body, given, place, extra, into)
    }

    fn iterations(&mut self, count: &'a Count, span: Span) -> Option<Vec<Index>> {
        let (var, list) = match count {
            Count::Times(expr) => {
                let n = self.eval(expr)?;
                let mut found = Errors::default();
                let n = dim(n, expr.span(), "the number of iterations", &mut found);
                for (span, message) in found.messages() {
                    self.error(span, message);
                }
                if n? > MOST_ITERATIONS {
                    let message =
                        format!("{} iterations are more than the {MOST_ITERATIONS} that are unrolled", n?);
                    self.error(expr.span(), format!("{message} -- repeat less"));
                    return None;
                }
                return Some(vec![None; usize::try_from(n?).ok()?]);
            }
            Count::Range { var, from, to } => {
                let (a, b) = (self.eval(from), self.eval(to));
                let (a, b) = (a?, b?);
                let Some(list) = range(a, b) else {
                    let message = format!("`{a}..{b}` is no range of 1 to {MOST_ITERATIONS} integers");
                    self.error(
                        from.span(),
                        format!("{message} -- write `first..end` with `first` below `end`"),
                    );
                    return None;
                };
                (var, list)
            }
            Count::Each { var, items } => {
                let list: Vec<Option<Num>> = items.iter().map(|item| self.eval(item)).collect();
                if list.is_empty() {
                    self.error(span, "this `repeat` runs over an empty list -- write at least one number");
                    return None;
                }
                (var, list.into_iter().collect::<Option<Vec<Num>>>()?)
            }
        };
        self.refuse_hiding(var);
        Some(list.into_iter().map(|value| Some((text(var), value))).collect())
    }

    fn refuse_hiding(&mut self, var: &Ident) {
        let name = text(var);
        if self.top.vars.get(&name).is_some_and(Option::is_some) {
            let message =
                format!("the loop variable `{name}` hides the number `{name}` from outside -- rename it");
            self.error(var.span(), message);
        }
    }
}

/// The integers from `a` up to `b`, if there are some and not too many.
fn range(a: Num, b: Num) -> Option<Vec<Num>> {
    let (Num::Int(a), Num::Int(b)) = (a, b) else { return None };
    let fits = a < b && b - a <= i128::from(MOST_ITERATIONS);
    fits.then(|| (a..b).map(Num::Int).collect())
}

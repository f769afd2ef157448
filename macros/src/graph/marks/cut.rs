//! Segments, and the marks that they are of.

use std::collections::BTreeMap;

use proc_macro2::Span;

use crate::graph::{Item, Mark, Node, Scope, Segment};

/// What is found so far.
pub(super) struct Cutter<'a> {
    nodes: &'a [Node],
    pub(super) segments: Vec<Segment>,
    pub(super) marks: Vec<Mark>,
    /// Marks by where they are written: one in a `repeat` or a block stands in several places.
    index: BTreeMap<String, usize>,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(nodes: &'a [Node]) -> Self {
        Self { nodes, segments: vec![], marks: vec![], index: BTreeMap::new() }
    }

    /// The mark at `span`, met once more: `on` this, of which `first` is the first item.
    pub(super) fn mark(&mut self, span: Span, on: impl Into<String>, first: Option<&Item>) -> usize {
        // A mark that a macro writes may stand on several lines: those are several marks.
        let line = first.and_then(|item| self.nodes.get(item.nodes.start)).map(|node| node.span);
        let at = *self.index.entry(format!("{span:?} {line:?}")).or_insert(self.marks.len());
        if at == self.marks.len() {
            self.marks.push(Mark { on: on.into(), places: 0, segments: vec![] });
        }
        self.marks[at].places += 1;
        at
    }

    /// The segments of a scope and of all that is in it; `cuts`: items before which a mark cuts it, besides
    /// those behind its own marked layers.
    pub(super) fn scope(&mut self, scope: &Scope, mut cuts: Vec<(usize, usize)>) {
        let items = &scope.items;
        for (i, item) in items.iter().enumerate() {
            if let (None, Some(span)) = (&item.scope, item.checkpoint) {
                cuts.push((i + 1, self.mark(span, code(&item.label), Some(item))));
            }
        }
        if !cuts.is_empty() {
            let mut ends: Vec<usize> = cuts.iter().map(|(at, _)| *at).chain([items.len()]).collect();
            ends.sort_unstable();
            ends.dedup();
            let mut start = 0;
            for end in ends {
                // A boundary saves something if what stands before it is made again, or what stands behind.
                let beside = cuts.iter().filter(|(at, _)| *at == start || *at == end);
                self.segment(&items[start..end], beside.map(|(_, mark)| *mark));
                start = end;
            }
        }
        for repeat in &scope.repeats {
            let first = repeat.runs.first().and_then(|run| items.get(run.start));
            let mark = self.mark(repeat.mark, code(&repeat.label), first);
            repeat.runs.iter().for_each(|run| self.segment(&items[run.clone()], [mark]));
        }
        for item in items {
            let Some(inside) = &item.scope else { continue };
            if let Some(span) = item.checkpoint {
                let mark = self.mark(span, code(&item.label), Some(item));
                self.segment(std::slice::from_ref(item), [mark]);
            }
            self.scope(inside, vec![]);
        }
    }

    /// `items`, as a segment of `marks`.
    fn segment(&mut self, items: &[Item], marks: impl IntoIterator<Item = usize>) {
        let ([first, ..], [.., last]) = (items, items) else { return };
        let nodes = first.nodes.start..last.nodes.end;
        if nodes.is_empty() {
            return;
        }
        let label = match items {
            [one] => one.label.clone(),
            _ => format!("{} … {}", first.label, last.label),
        };
        marks.into_iter().for_each(|mark| self.marks[mark].segments.push(self.segments.len()));
        self.segments.push(Segment { nodes, label });
    }
}

fn code(label: &str) -> String {
    format!("`{label}`")
}

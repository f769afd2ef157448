//! Segments, and the marks that they are of.

use std::collections::BTreeMap;
use std::ops::Range;

use super::store::Border;
use crate::graph::{Checkpoint, Item, Mark, Node, NodeId, Scope, Segment, Stored};

/// Where a mark cuts a scope.
pub(super) struct Cut {
    /// The item before which it does.
    pub(super) at: usize,
    pub(super) mark: usize,
    pub(super) store: Option<Stored>,
}

/// What is found so far.
pub(super) struct Cutter<'a> {
    nodes: &'a [Node],
    pub(super) segments: Vec<Segment>,
    pub(super) marks: Vec<Mark>,
    /// Where what crosses is held in another form or place.
    pub(super) borders: Vec<Border>,
    /// Marks by where they are written: one in a `repeat` or a block stands in several places.
    index: BTreeMap<String, usize>,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(nodes: &'a [Node]) -> Self {
        Self { nodes, segments: vec![], marks: vec![], borders: vec![], index: BTreeMap::new() }
    }

    /// A mark, met once more: `on` this, of which `first` is the first item.
    pub(super) fn mark(
        &mut self,
        Checkpoint { span, store }: Checkpoint,
        on: impl Into<String>,
        first: Option<&Item>,
    ) -> usize {
        // A mark that a macro writes may stand on several lines: those are several marks.
        let line = first.and_then(|item| self.nodes.get(item.nodes.start)).map(|node| node.span);
        let at = *self.index.entry(format!("{span:?} {line:?}")).or_insert(self.marks.len());
        if at == self.marks.len() {
            self.marks.push(Mark { on: on.into(), places: 0, segments: vec![], holds: store.is_some() });
        }
        self.marks[at].places += 1;
        at
    }

    /// The segments of a scope and of all that is in it; `cuts`: those by marks that do not stand on its layers.
    pub(super) fn scope(&mut self, scope: &Scope, mut cuts: Vec<Cut>) {
        let items = &scope.items;
        for (i, item) in items.iter().enumerate() {
            if let (None, Some(checkpoint)) = (&item.scope, item.checkpoint) {
                let mark = self.mark(checkpoint, code(&item.label), Some(item));
                cuts.push(Cut { at: i + 1, mark, store: checkpoint.store });
            }
        }
        if !cuts.is_empty() {
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.at).chain([items.len()]).collect();
            ends.sort_unstable();
            ends.dedup();
            let mut start = 0;
            for end in ends {
                // A boundary saves something if what stands before it is made again, or what stands behind.
                let beside = cuts.iter().filter(|cut| cut.at == start || cut.at == end);
                self.segment(&items[start..end], beside.map(|cut| cut.mark));
                start = end;
            }
        }
        self.boundaries(items, &cuts);
        for repeat in &scope.repeats {
            let first = repeat.runs.first().and_then(|run| items.get(run.start));
            let mark = self.mark(repeat.mark, code(&repeat.label), first);
            for run in &repeat.runs {
                self.segment(&items[run.clone()], [mark]);
                self.border(&items[run.clone()], true, repeat.mark.store);
            }
        }
        for item in items {
            let Some(inside) = &item.scope else { continue };
            if let Some(checkpoint) = item.checkpoint {
                let mark = self.mark(checkpoint, code(&item.label), Some(item));
                self.segment(std::slice::from_ref(item), [mark]);
                self.border(std::slice::from_ref(item), true, checkpoint.store);
            }
            self.scope(inside, vec![]);
        }
    }

    /// What is held behind cuts: what stands before an earlier such cut is held there.
    pub(super) fn boundaries(&mut self, items: &[Item], cuts: &[Cut]) {
        let mut stored: Vec<&Cut> = cuts.iter().filter(|cut| cut.store.is_some()).collect();
        stored.sort_by_key(|cut| cut.at);
        let mut start = 0;
        for cut in stored {
            self.border(&items[start..cut.at], false, cut.store);
            start = cut.at;
        }
    }

    /// What crosses the border of `items` is held so.
    fn border(&mut self, items: &[Item], inputs: bool, store: Option<Stored>) {
        if let (Some(stored), Some(nodes)) = (store, nodes(items)) {
            self.borders.push(Border { nodes, inputs, stored });
        }
    }

    /// `items`, as a segment of `marks`.
    fn segment(&mut self, items: &[Item], marks: impl IntoIterator<Item = usize>) {
        let ([first, ..], [.., last]) = (items, items) else { return };
        let Some(nodes) = nodes(items).filter(|nodes| !nodes.is_empty()) else { return };
        let label = match items {
            [one] => one.label.clone(),
            _ => format!("{} … {}", first.label, last.label),
        };
        marks.into_iter().for_each(|mark| self.marks[mark].segments.push(self.segments.len()));
        self.segments.push(Segment { nodes, label });
    }
}

/// The nodes of consecutive items.
fn nodes(items: &[Item]) -> Option<Range<NodeId>> {
    Some(items.first()?.nodes.start..items.last()?.nodes.end)
}

fn code(label: &str) -> String {
    format!("`{label}`")
}

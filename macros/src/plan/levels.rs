//! The tree of segments: which level each node stands in, and where two nodes meet.
//!
//! A segment that nothing separates from its backward is not recomputed: its nodes stand in the level
//! around it, as if it were not marked.

use std::cmp::Reverse;
use std::ops::Range;

use super::problem::{NodeId, Segment};

/// The root, or a segment that is recomputed.
pub(crate) type Level = usize;

/// The level that holds the whole model.
pub(crate) const ROOT: Level = 0;

/// Levels, and the nodes in them.
pub(crate) struct Levels {
    nodes: Vec<Range<NodeId>>,
    parent: Vec<Level>,
    depth: Vec<usize>,
    segment: Vec<Option<usize>>,
    owner: Vec<Level>,
    resident: Vec<usize>,
}

impl Levels {
    /// The levels of `count` nodes under `segments`; `runs` says which nodes have any step.
    pub(crate) fn new(count: usize, segments: &[Segment], runs: &[bool]) -> Self {
        let mut levels = Self {
            nodes: vec![0..count],
            parent: vec![ROOT],
            depth: vec![0],
            segment: vec![None],
            owner: vec![ROOT; count],
            resident: Vec::new(),
        };
        let last_run = last_run(runs);
        let mut outermost_first: Vec<usize> = (0..segments.len()).collect();
        outermost_first.sort_by_key(|&i| (segments[i].nodes.start, Reverse(segments[i].nodes.end), i));
        // Segments around the current one: their nodes, and the level those stand in.
        let mut around: Vec<(Range<NodeId>, Level)> = vec![(0..count, ROOT)];
        for index in outermost_first {
            let Range { start, end } = segments[index].nodes;
            while around.len() > 1 && around.last().is_some_and(|(outer, _)| outer.end <= start) {
                around.pop();
            }
            let Some((outer, level)) = around.last().cloned() else { continue };
            let inner = start..end.min(outer.end);
            if inner.is_empty() {
                continue;
            }
            // The last of what runs in the segment around it is inside it.
            let tail = (inner.start + 1..=inner.end).contains(&last_run[outer.end]);
            let stands_in = if tail { level } else { levels.add(index, inner.clone(), level) };
            if tail {
                levels.resident.push(index);
            }
            around.push((inner, stands_in));
        }
        levels
    }

    fn add(&mut self, segment: usize, nodes: Range<NodeId>, parent: Level) -> Level {
        let level = self.nodes.len();
        self.owner[nodes.clone()].fill(level);
        self.nodes.push(nodes);
        self.parent.push(parent);
        self.depth.push(self.depth[parent] + 1);
        self.segment.push(Some(segment));
        level
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The level that a node stands in directly.
    pub(crate) fn owner(&self, node: NodeId) -> Level {
        self.owner[node]
    }

    /// The level around another; the root's is the root.
    pub(crate) fn parent(&self, level: Level) -> Level {
        self.parent[level]
    }

    /// The nodes of a level, those of its segments too.
    pub(crate) fn nodes(&self, level: Level) -> Range<NodeId> {
        self.nodes[level].clone()
    }

    /// Which segment a level is; none for the root.
    pub(crate) fn segment(&self, level: Level) -> Option<usize> {
        self.segment[level]
    }

    /// Segments that are no level, because they are not recomputed.
    pub(crate) fn resident(&self) -> &[usize] {
        &self.resident
    }

    /// Whether a node stands in a level or in one of its segments.
    pub(crate) fn holds(&self, level: Level, node: NodeId) -> bool {
        self.nodes[level].contains(&node)
    }

    /// Of two levels around the same node, the outer one.
    pub(crate) fn outer(&self, a: Level, b: Level) -> Level {
        if self.depth[a] <= self.depth[b] { a } else { b }
    }

    /// Whether `outer`, around the same node as `inner`, is around `inner` too, or the same.
    pub(crate) fn around(&self, outer: Level, inner: Level) -> bool {
        self.depth[outer] <= self.depth[inner]
    }

    /// The innermost level that holds both nodes, and its segment that `reader` stands in, if any.
    pub(crate) fn meet(&self, made_by: NodeId, reader: NodeId) -> (Level, Option<Level>) {
        let (mut level, mut below) = (self.owner[reader], None);
        while level != ROOT && !self.holds(level, made_by) {
            below = Some(level);
            level = self.parent[level];
        }
        (level, below)
    }

    /// The segment standing directly in the root that `node` is inside of.
    pub(crate) fn outermost(&self, node: NodeId) -> Option<Level> {
        let mut level = self.owner[node];
        while self.depth[level] > 1 {
            level = self.parent[level];
        }
        (level != ROOT).then_some(level)
    }
}

/// For each end, one past the last node before it that runs; 0 if there is none.
fn last_run(runs: &[bool]) -> Vec<NodeId> {
    let mut last = vec![0; runs.len() + 1];
    for (node, &runs) in runs.iter().enumerate() {
        last[node + 1] = if runs { node + 1 } else { last[node] };
    }
    last
}

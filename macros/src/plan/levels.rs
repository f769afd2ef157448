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

/// What is known of a level.
struct Known {
    nodes: Range<NodeId>,
    /// The level around it; the root is around itself.
    parent: Level,
    depth: usize,
    /// Which segment it is; none for the root.
    segment: Option<usize>,
}

/// Levels, and the nodes in them.
pub(crate) struct Levels {
    levels: Vec<Known>,
    /// The level that each node stands in directly.
    owner: Vec<Level>,
    resident: Vec<usize>,
    tail: Vec<usize>,
}

impl Levels {
    /// The levels of the nodes under `segments`; `runs` says which nodes have any step.
    pub(crate) fn new(segments: &[Segment], runs: &[bool]) -> Self {
        let count = runs.len();
        let root = Known { nodes: 0..count, parent: ROOT, depth: 0, segment: None };
        let mut levels =
            Self { levels: vec![root], owner: vec![ROOT; count], resident: Vec::new(), tail: Vec::new() };
        let run_before = run_before(runs);
        let mut outermost_first: Vec<usize> = (0..segments.len()).collect();
        outermost_first.sort_by_key(|&i| (segments[i].nodes.start, Reverse(segments[i].nodes.end), i));
        // The segments around the current one: where they end, and the level that their nodes stand in.
        let mut around: Vec<(NodeId, Level)> = Vec::new();
        for index in outermost_first {
            let nodes = segments[index].nodes.clone();
            while around.last().is_some_and(|&(end, _)| end <= nodes.start) {
                around.pop();
            }
            let (end, level) = around.last().copied().unwrap_or((count, ROOT));
            let nodes = nodes.start..nodes.end.min(end);
            if nodes.is_empty() {
                continue;
            }
            // The last of what runs in the segment around it is inside it.
            let is_tail = (nodes.start + 1..=nodes.end).contains(&run_before[end]);
            if is_tail {
                levels.resident.push(index);
                levels.tail.extend((level == ROOT).then_some(index));
                around.push((nodes.end, level));
            } else {
                around.push((nodes.end, levels.add(index, nodes, level)));
            }
        }
        levels
    }

    fn add(&mut self, segment: usize, nodes: Range<NodeId>, parent: Level) -> Level {
        let level = self.levels.len();
        self.owner[nodes.clone()].fill(level);
        let depth = self.levels[parent].depth + 1;
        self.levels.push(Known { nodes, parent, depth, segment: Some(segment) });
        level
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.levels.len()
    }

    /// The level that a node stands in directly.
    pub(crate) fn owner(&self, node: NodeId) -> Level {
        self.owner[node]
    }

    /// The level around another; the root's is the root.
    pub(crate) fn parent(&self, level: Level) -> Level {
        self.levels[level].parent
    }

    /// The nodes of a level, those of its segments too.
    pub(crate) fn nodes(&self, level: Level) -> Range<NodeId> {
        self.levels[level].nodes.clone()
    }

    /// Which segment a level is; none for the root.
    pub(crate) fn segment(&self, level: Level) -> Option<usize> {
        self.levels[level].segment
    }

    /// Segments that are no level, because they are not recomputed.
    pub(crate) fn resident(&self) -> &[usize] {
        &self.resident
    }

    /// Those of them that stand in no segment that is.
    pub(crate) fn tail(&self) -> &[usize] {
        &self.tail
    }

    /// Whether a node stands in a level or in one of its segments.
    pub(crate) fn holds(&self, level: Level, node: NodeId) -> bool {
        self.levels[level].nodes.contains(&node)
    }

    /// Whether `outer` is around `inner`, or the same, both being around one node.
    pub(crate) fn is_around(&self, outer: Level, inner: Level) -> bool {
        self.levels[outer].depth <= self.levels[inner].depth
    }

    /// The innermost level that holds both nodes, and its segment that `reader` stands in, if any.
    pub(crate) fn meet(&self, maker: NodeId, reader: NodeId) -> (Level, Option<Level>) {
        let (mut level, mut inside) = (self.owner[reader], None);
        while level != ROOT && !self.holds(level, maker) {
            inside = Some(level);
            level = self.levels[level].parent;
        }
        (level, inside)
    }

    /// The level that stands directly in the root and that `node` is inside of.
    pub(crate) fn outermost(&self, node: NodeId) -> Option<Level> {
        let mut level = self.owner[node];
        while self.levels[level].depth > 1 {
            level = self.levels[level].parent;
        }
        (level != ROOT).then_some(level)
    }
}

/// For each end, one past the last node before it that runs; 0 if there is none.
fn run_before(runs: &[bool]) -> Vec<NodeId> {
    let mut last = vec![0; runs.len() + 1];
    for (node, &runs) in runs.iter().enumerate() {
        last[node + 1] = if runs { node + 1 } else { last[node] };
    }
    last
}

//! What each level retains, and what is run again for it.
//!
//! A value is *retained* at the innermost level that holds both its maker and a reader, if the reader is
//! a Backward, or is itself run again on a level that its maker is outside of. The root retains from the
//! forward pass on; a segment from when it is recomputed. What a recompute needs on the way and no level
//! around retains is made again and dropped again.
//!
//! The value of a `#[recompute]` node is not retained where that node stands: it is made again, on
//! demand, from the nearest values that are there. Read from outside its segment, it is retained there.
//!
//! One pass from the last node to the first: a node's readers come after it, so that all that is asked
//! of its values is known when it is reached.

use super::levels::{Level, Levels, ROOT};
use super::problem::{NodeId, Problem, ValueId};
use super::program::Why;

/// The answer: see the module.
pub(crate) struct Retained {
    /// For each value, the outermost level that retains it.
    pub(crate) at: Vec<Option<Level>>,
    /// For each value, who makes the root retain it.
    pub(crate) reader: Vec<Option<Why>>,
    /// For each value, whether it is made again on demand.
    pub(crate) on_demand: Vec<bool>,
    /// For each level, the nodes to run again when its backward begins.
    pub(crate) entry: Vec<Vec<NodeId>>,
}

/// Who reads a value.
#[derive(Clone, Copy)]
enum Reader {
    Backward(NodeId),
    /// A node run again.
    Recompute(NodeId),
}

struct Pass<'a> {
    problem: &'a Problem,
    levels: &'a Levels,
    /// Whether `#[recompute]` counts.
    marked: bool,
    out: Retained,
    /// For each value, the levels around its maker whose recompute passes through it.
    passing: Vec<Vec<Level>>,
}

impl Retained {
    /// What to retain if the Backward of the nodes in `backward` run, last to first, and `outputs` are there
    /// in the end; `marked`: `#[recompute]` counts.
    pub(crate) fn new(
        problem: &Problem,
        levels: &Levels,
        marked: bool,
        backward: &[bool],
        outputs: &[ValueId],
    ) -> Self {
        let values = problem.values.len();
        let mut pass = Pass {
            problem,
            levels,
            marked,
            out: Self {
                at: vec![None; values],
                reader: vec![None; values],
                on_demand: vec![false; values],
                entry: vec![Vec::new(); levels.len()],
            },
            passing: vec![Vec::new(); values],
        };
        // Outputs are there to the end, so they can be read from the forward pass on.
        for &value in outputs {
            pass.out.at[value] = Some(ROOT);
        }
        for (id, node) in problem.nodes.iter().enumerate().rev() {
            for &value in node.backward.iter().filter(|_| backward[id]).flat_map(|backward| &backward.reads) {
                pass.want(value, Reader::Backward(id));
            }
            pass.rerun(id);
        }
        pass.out
    }
}

impl Pass<'_> {
    /// `reader` needs `value`, and does not make it again itself.
    fn want(&mut self, value: ValueId, reader: Reader) {
        let Some(maker) = self.problem.values[value].made_by else { return };
        let (Reader::Backward(node) | Reader::Recompute(node)) = reader;
        let (level, inside) = self.levels.meet(maker, node);
        if self.levels.owner(maker) == level && self.is_marked(value) {
            self.out.on_demand[value] = true;
        } else {
            self.retain(value, level, reader, inside);
        }
    }

    fn retain(&mut self, value: ValueId, level: Level, reader: Reader, inside: Option<Level>) {
        let at = &mut self.out.at[value];
        if at.is_none_or(|at| !self.levels.is_around(at, level)) {
            *at = Some(level);
        }
        if level != ROOT {
            return;
        }
        let why = match (inside.and_then(|l| self.levels.segment(l)), reader) {
            (Some(segment), _) => Why::InputOf(segment),
            (None, Reader::Backward(node)) => Why::Backward(node),
            (None, Reader::Recompute(node)) => Why::Recompute(node),
        };
        // Of several segments the first, else of several nodes the one that runs last.
        let known = &mut self.out.reader[value];
        if inside.is_some() || !matches!(known, Some(Why::InputOf(_))) {
            *known = Some(why);
        }
    }

    fn is_marked(&self, value: ValueId) -> bool {
        let maker = self.problem.values[value].made_by.map(|n| &self.problem.nodes[n]);
        self.marked && maker.is_some_and(|n| n.recompute && n.makes.first() == Some(&value))
    }

    fn is_stored(&self, value: ValueId) -> bool {
        let maker = self.problem.values[value].made_by.map(|n| &self.problem.nodes[n]);
        maker.is_some_and(|n| n.stored && n.makes.first() == Some(&value))
    }

    /// Where `id` is run again, all that is asked of its values being known; asks for what it then reads.
    fn rerun(&mut self, id: NodeId) {
        let node = &self.problem.nodes[id];
        let mut levels = Vec::new();
        let mut on_demand = false;
        for &value in &node.makes {
            let at = self.out.at[value];
            levels.extend(at.filter(|&l| l != ROOT));
            let passing = std::mem::take(&mut self.passing[value]);
            levels.extend(passing.into_iter().filter(|&l| at.is_none_or(|at| !self.levels.is_around(at, l))));
            self.out.on_demand[value] &= at.is_none();
            on_demand |= self.out.on_demand[value];
        }
        levels.sort_unstable();
        levels.dedup();
        for &level in &levels {
            self.out.entry[level].push(id);
            for &value in &node.reads {
                self.pass_through(value, level, id);
            }
        }
        if on_demand {
            for &value in &node.reads {
                self.demand(value, id);
            }
        }
    }

    /// `reader` is run again when the backward of `level` begins, and reads `value`.
    fn pass_through(&mut self, value: ValueId, level: Level, reader: NodeId) {
        let Some(maker) = self.problem.values[value].made_by else { return };
        if !self.levels.holds(level, maker) {
            self.want(value, Reader::Recompute(reader));
        } else if !self.passing[value].contains(&level) {
            self.passing[value].push(level);
        }
    }

    /// `reader` is made again on demand, and reads `value`. Demand goes from node to node of one level;
    /// it never starts a segment: what it reads of one is retained.
    fn demand(&mut self, value: ValueId, reader: NodeId) {
        let Some(maker) = self.problem.values[value].made_by else { return };
        let level = self.levels.owner(reader);
        if self.levels.owner(maker) == level && !self.is_stored(value) {
            self.out.on_demand[value] = true;
        } else if self.levels.holds(level, maker) {
            self.retain(value, level, Reader::Recompute(reader), None);
        } else {
            self.want(value, Reader::Recompute(reader));
        }
    }
}

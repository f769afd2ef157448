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
//! What a node restores is never retained: it is made on demand wherever it is read, and its reader then needs what
//! it is restored from.
//!
//! What a Backward reads is asked for first. Then one pass from the last node to the first: what runs again and
//! reads a node's values comes after it, so that all that is asked of them is known when it is reached.

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
    /// For each value, the first node that makes the root retain it, of those in segments if there are any.
    first: Vec<NodeId>,
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
            first: vec![NodeId::MAX; values],
        };
        // Outputs are there to the end, so they can be read from the forward pass on.
        for &value in outputs {
            pass.out.at[value] = Some(ROOT);
        }
        for (id, node) in problem.nodes.iter().enumerate().rev() {
            for &value in node.backward.iter().filter(|_| backward[id]).flat_map(|backward| &backward.reads) {
                pass.want(value, Reader::Backward(id));
            }
        }
        for id in (0..problem.nodes.len()).rev() {
            pass.rerun(id);
        }
        pass.out
    }
}

impl<'a> Pass<'a> {
    /// Of a value that is restored, what it is restored from, for its reader to ask for instead.
    fn restored(&mut self, value: ValueId) -> Option<&'a [ValueId]> {
        let problem = self.problem;
        let node = problem.values[value].made_by.map(|maker| &problem.nodes[maker]);
        let node = node.filter(|node| node.restores)?;
        // An output is there from the forward pass on.
        let made = self.out.at[value].is_none();
        self.out.on_demand[value] = made;
        Some(if made { &node.reads } else { &[] })
    }

    /// `reader` needs `value`, and does not make it again itself.
    fn want(&mut self, value: ValueId, reader: Reader) {
        let Some(maker) = self.problem.values[value].made_by else { return };
        if let Some(from) = self.restored(value) {
            return from.iter().for_each(|&value| self.want(value, reader));
        }
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
        let (Reader::Backward(node) | Reader::Recompute(node)) = reader;
        let (known, first) = (&mut self.out.reader[value], &mut self.first[value]);
        let replaces = match known {
            Some(Why::InputOf(_)) => inside.is_some() && node <= *first,
            _ => inside.is_some() || node <= *first,
        };
        if replaces {
            (*known, *first) = (Some(why), node);
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
        if node.restores {
            return;
        }
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
        if let Some(from) = self.restored(value) {
            return from.iter().for_each(|&value| self.pass_through(value, level, reader));
        }
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
        if let Some(from) = self.restored(value) {
            return from.iter().for_each(|&value| self.demand(value, reader));
        }
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

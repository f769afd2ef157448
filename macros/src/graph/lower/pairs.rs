//! Neighbours that run in one call.

use super::{Lowered, Origin, Role};
use crate::graph::Graph;
use crate::ops::Pair;

impl Lowered {
    /// Neighbours whose ops can run in one call.
    pub(super) fn fuse(&mut self, graph: &Graph) {
        let mut readers = vec![0usize; self.problem.values.len()];
        for value in self.problem.nodes.iter().flat_map(|n| &n.reads) {
            readers[*value] += 1;
        }
        for output in &graph.outputs {
            readers[self.values[output.value]] += 1;
        }
        for i in 1..self.nodes.len() {
            let (before, own) = (self.nodes[i - 1], self.nodes[i]);
            let op = |origin: Origin| graph.nodes[origin.layer].resolved.as_ref();
            if (before.role, own.role) != (Role::Layer, Role::Layer) {
                continue;
            }
            let (Some(before), Some(own)) = (op(before), op(own)) else { continue };
            let pair = own.follows.filter(|_| own.follows == before.leads);
            let before = &self.problem.nodes[i - 1];
            let (between, twice) = (before.makes[0], before.reads.first() == before.reads.get(1));
            let node = &mut self.problem.nodes[i];
            node.epilogue = node.reads == [between]
                && pair.is_some_and(|pair| pair == Pair::Normalized || readers[between] == 1);
            // A value that is read twice can't be read where another is written over it.
            node.over = node.epilogue && pair == Some(Pair::Normalized) && !twice;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::planned;
    use crate::plan::layout::What;
    use crate::plan::program::Kind;

    /// What each call of forward runs, and what it writes over.
    fn calls(layers: &str) -> Vec<String> {
        let (_, plans) = planned(layers);
        let (lowered, program) = (&plans.training, &plans.train.program);
        let runs = program.runs().filter(|run| run.kind == Kind::Forward);
        runs.map(|run| {
            let label = |node: usize| lowered.labels[lowered.problem.nodes[node].makes[0]].clone();
            let nodes: Vec<String> = run.nodes().map(label).collect();
            match run.written_over(&lowered.problem) {
                Some(What::Value(value)) => format!("{} over {}", nodes.join(" + "), lowered.labels[value]),
                _ => nodes.join(" + "),
            }
        })
        .collect()
    }

    #[test]
    fn an_activation_runs_with_the_layer_that_it_alone_reads() {
        assert_eq!(calls("a: Linear(4); Gelu; out: Linear(4);"), ["a + Gelu", "out", "loss"]);
        let read_twice = "a: Linear(4); act: Gelu; out: Mul <- (act, a);";
        assert_eq!(calls(read_twice), ["a", "act", "out", "loss"]);
    }

    #[test]
    fn a_norm_runs_with_the_sum_before_it_over_what_is_not_read_later() {
        let net = |sum: &str, out: &str| {
            calls(&format!("a: Linear(4); b: Linear(4) <- x; {sum} n: LayerNorm; {out};"))
        };
        // Nothing reads the layers but the sum.
        let pair = ["a", "b", "s + n over a", "out", "loss"];
        assert_eq!(net("s: Add <- (a, b);", "out: Linear(4)"), pair);
        assert_eq!(net("s: Add <- (a, b);", "out: Add <- (n, s)"), pair);
        // Backward reads `x`.
        assert_eq!(net("s: Add <- (x, b);", "out: Mul <- (n, a)")[2], "s + n over b");
        // The one is read later, the other twice at once.
        assert_eq!(net("s: Add <- (x, a);", "m: Mul <- (a, b); out: Mul <- (n, m)")[2], "s + n");
        assert_eq!(net("s: Add <- (b, b);", "out: Mul <- (n, a)")[2], "s + n");
        // No sum.
        assert_eq!(net("s: Sub <- (a, b);", "out: Linear(4)")[2..4], ["s", "n"]);
    }
}

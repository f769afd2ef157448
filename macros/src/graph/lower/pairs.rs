//! Neighbours that run in one call: two, or three of which each two are a pair.

use super::Lowered;
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
            let (Some(before), Some(own)) = (self.op(graph, i - 1), self.op(graph, i)) else { continue };
            let pair = own.follows.filter(|_| own.follows == before.leads);
            let before = &self.problem.nodes[i - 1];
            let between = before.makes[0];
            let node = &mut self.problem.nodes[i];
            node.epilogue = match pair {
                Some(Pair::Activated) => node.reads == [between] && readers[between] == 1,
                Some(Pair::Normalized) => node.reads == [between],
                Some(Pair::Dropped) => node.reads.iter().filter(|&&read| read == between).count() == 1,
                None => false,
            };
            node.over = node.epilogue && pair != Some(Pair::Activated);
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

    #[test]
    fn a_dropout_runs_with_the_sum_behind_it_and_the_norm_of_that() {
        let net = |sum: &str| {
            calls(&format!("a: Linear(4); b: Linear(4) <- x; d: Dropout(0.5); {sum} out: Linear(4);"))
        };
        assert_eq!(net("s: Add <- (d, a); n: LayerNorm;")[2..], ["d + s + n over b", "out", "loss"]);
        assert_eq!(net("s: Add <- (a, d);")[2..], ["d + s over b", "out", "loss"]);
        // What is dropped out is read once more; is not what the sum reads first; is both that it reads.
        assert_eq!(net("s: Add <- (b, d); Mul <- (s, a);")[2], "d + s");
        assert_eq!(net("r: Relu; s: Add <- (r, a);")[2..5], ["d", "r", "s"]);
        assert_eq!(net("s: Add <- (d, d); Mul <- (s, a);")[2..4], ["d", "s"]);
        // The sum reads it too.
        let residual = calls("b: Linear(4); r: residual { Dropout(0.5); } out: Linear(4);");
        assert_eq!(residual[..2], ["b", "r.Dropout + r.Add"]);
    }
}

//! The gradient of a bias, given by the layer behind it.
//!
//! It is the sum over rows of the gradient that an activation or a dropout right behind gives, if nothing else contributes to
//! that. The one behind has all of it at hand when it writes it; the layer with the bias would read it once more. The
//! backward of both stand side by side, so the order in which gradients of a bias that several layers share are added to each
//! other stays what it was.

use super::Lowered;
use crate::graph::Graph;
use crate::ops::Field;
use crate::plan::problem::{Backward, NodeId, ParamId};

impl Lowered {
    /// Moves the gradient of each bias to what stands behind its layer, if that can give it. Whoever runs a backward
    /// gives the gradients of the parameters that the problem says, and asks nothing else who gives which.
    pub(super) fn sum_biases(&mut self, graph: &Graph) {
        let mut contributions = vec![0; self.problem.values.len()];
        let backwards = self.problem.nodes.iter().filter_map(|node| node.backward.as_ref());
        backwards.flat_map(Backward::gives).for_each(|value| contributions[value] += 1);
        for id in 1..self.nodes.len() {
            let Some(bias) = self.bias_before(graph, id, &contributions) else { continue };
            if let Some(before) = self.backward_mut(id - 1) {
                before.params.retain(|&param| param != bias);
            }
            if let Some(own) = self.backward_mut(id) {
                own.params.push(bias);
            }
        }
    }

    fn backward_mut(&mut self, id: NodeId) -> Option<&mut Backward> {
        self.problem.nodes[id].backward.as_mut()
    }

    /// What the backward of a node is given.
    fn fields<'a>(&self, graph: &'a Graph, id: NodeId) -> &'a [Field] {
        graph.nodes[self.nodes[id].layer].resolved.as_ref().map_or(&[], |op| &op.backward)
    }

    /// The bias of the node before, if this one is to give its gradient; `contributions`: how many each value's has.
    fn bias_before(&self, graph: &Graph, id: NodeId, contributions: &[usize]) -> Option<ParamId> {
        let [before, own] = [&self.problem.nodes[id - 1], &self.problem.nodes[id]];
        let can = self.fields(graph, id).iter().any(|field| matches!(field, Field::GradBiasBefore(_)));
        let made = before.makes[0];
        if !can || contributions[made] != 1 {
            return None;
        }
        let at = self.fields(graph, id - 1).iter().find_map(|field| match *field {
            Field::GradBias(_, n) => n,
            _ => None,
        })?;
        let bias = graph.nodes[self.nodes[id - 1].layer].params[at];
        let (read, given) = (before.backward.as_ref()?, own.backward.as_ref()?);
        // A weight is frozen with its bias, so its layer has a gradient left to give.
        (given.grads == [made] && read.params.contains(&bias)).then_some(bias)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::planned;
    use crate::graph::lower::{Mode, lower};

    /// Which op gives the gradient of which bias, from the last to the first.
    fn givers(layers: &str) -> Vec<String> {
        let (graph, plans) = planned(layers);
        assert!(lower(&graph, Mode::Evaluate).problem.nodes.iter().all(|node| node.backward.is_none()));
        let mut found = vec![];
        for run in plans.train.program.runs() {
            let op = plans.training.op(&graph, run.node).expect("an op");
            let params = run.params.iter().map(|(param, mode)| (&graph.params[*param].path, mode));
            let biases = params.filter(|(path, _)| path.ends_with("bias"));
            found.extend(biases.map(|(path, mode)| format!("{path} {} {mode:?}", op.module)));
        }
        found
    }

    #[test]
    fn an_activation_behind_gives_it() {
        assert_eq!(
            givers("a: Linear(4); Gelu; b: Linear(4); r: Reshape(2, 2); Relu; Reshape(4); out: Linear(4);"),
            ["out.bias linear Write", "b.bias activation Write", "a.bias activation Write"]
        );
        // What is added to the gradient of a bias, and in which order, is as it was.
        assert_eq!(
            givers("a: Linear(4); Tanh; again: a; Tanh; last: a; out: Mul <- (last, x);"),
            ["a.bias linear Write", "a.bias activation Add", "a.bias activation Add"]
        );
        // Also where it is run apart, or not kept.
        assert_eq!(
            givers(
                "#[checkpoint] s: { a: Linear(4); #[checkpoint] Silu; } #[recompute] b: Linear(4); Silu; out: Linear(4);"
            ),
            ["out.bias linear Write", "b.bias activation Write", "s.a.bias activation Write"]
        );
    }

    #[test]
    fn a_dropout_behind_gives_it() {
        assert_eq!(
            givers("a: Linear(4); Dropout(0.1); residual { b: Linear(4); Dropout(0.1); } out: Linear(4);"),
            ["out.bias linear Write", "b.bias dropout Write", "a.bias dropout Write"]
        );
        // One that drops nothing is not there; one behind an activation is the activation's own work.
        assert_eq!(
            givers("a: Linear(4); Dropout(0.0); b: Linear(4); Gelu; Dropout(0.1); out: Linear(4);"),
            ["out.bias linear Write", "b.bias activation Write", "a.bias linear Write"]
        );
    }

    #[test]
    fn a_layer_whose_gradient_has_other_parts_gives_it_itself() {
        let found = givers("a: Linear(4); other: Sigmoid <- a; act: Gelu <- a; out: Mul <- (act, other);");
        assert_eq!(found.last().unwrap(), "a.bias linear Write");
        let found = givers("a: Linear(4); drop: Dropout(0.1); out: Mul <- (drop, a);");
        assert_eq!(found, ["a.bias linear Write"]);
        // An output is read, and has no gradient of its own.
        let found = givers("a: Linear(4); #[train] output a; act: Gelu <- a; out: Linear(4);");
        assert_eq!(found.last().unwrap(), "a.bias activation Write");
        // It is not of the layer that the activation stands behind.
        assert_eq!(
            givers("a: Linear(4); LayerNorm(elementwise_affine = false); Gelu; out: Linear(4);"),
            ["out.bias linear Write", "a.bias linear Write"]
        );
        // What is rounded is another value.
        assert_eq!(
            givers(
                "#[checkpoint(store = bf16)] s: { n: Linear(4); Tanh; a: Linear(4); } Gelu; out: Linear(4);"
            ),
            ["out.bias linear Write", "s.a.bias linear Write", "s.n.bias activation Write"]
        );
    }

    #[test]
    fn what_is_not_trained_has_none() {
        let none = ["a: Linear(4, bias = false);", "#[frozen] a: Linear(4);"];
        for layer in none {
            let found = givers(&format!("first: Linear(4); Gelu; {layer} Gelu; out: Linear(4);"));
            assert_eq!(found, ["out.bias linear Write", "first.bias activation Write"], "{layer}");
        }
        // An activation is not trained anyway: gradients pass it.
        let frozen = "a: Linear(4); #[frozen] s: { Gelu; b: Linear(4); Tanh; } out: Linear(4, bias = false);";
        assert_eq!(givers(frozen), ["a.bias activation Write"]);
    }
}

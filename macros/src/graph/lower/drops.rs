//! Dropouts that the activation right before each does itself, as one node.
//!
//! What is between the two is never in memory then: backward reads what the activation reads, or, of a `Relu`, what is left
//! of its output. Bits are those of two nodes, so marks, which keep them apart if they are about what is between them, do not
//! change any.

use std::collections::BTreeSet;

use crate::graph::{Graph, NodeId};
use crate::ops::{Field, Resolved};

/// Those of a graph in training.
pub(super) fn dropped(graph: &Graph) -> BTreeSet<NodeId> {
    let segments = graph.segments.iter();
    let ends: BTreeSet<NodeId> =
        segments.flat_map(|segment| [segment.nodes.start, segment.nodes.end]).collect();
    let rounded = |id: NodeId| graph.held.rounded.contains_key(&graph.nodes[id].output);
    let hosted = |id: NodeId| graph.held.hosted.contains(&graph.nodes[id].output);
    let reads_output = |op: &Resolved| op.backward.iter().any(|field| matches!(field, Field::SavedOut(_)));
    let mut found = without_marks(graph);
    found.retain(|&id| {
        let before = &graph.nodes[id - 1];
        // What is rounded may be 0 where it was not, and has no slope then.
        let slope_is_lost = rounded(id) && before.resolved.as_ref().is_some_and(|op| reads_output(op));
        before.recompute.is_none()
            && !rounded(id - 1)
            && !hosted(id - 1)
            && !ends.contains(&id)
            && !slope_is_lost
    });
    found
}

/// Those of it as it would be without its marks.
pub(super) fn without_marks(graph: &Graph) -> BTreeSet<NodeId> {
    let mut readers = vec![0usize; graph.values.len()];
    for source in graph.nodes.iter().flat_map(|node| &node.sources) {
        readers[source.value] += 1;
    }
    for output in graph.outputs.iter().filter(|output| output.train) {
        readers[output.value] += 1;
    }
    let is_done_before = |&id: &NodeId| {
        let (before, own) = (&graph.nodes[id - 1], &graph.nodes[id]);
        let (Some(op), Some(dropout)) = (&before.resolved, &own.resolved) else { return false };
        op.drops
            && dropout.module == "dropout"
            && !dropout.view
            && own.sources.iter().all(|source| source.value == before.output)
            && readers[before.output] == 1
    };
    (1..graph.nodes.len()).filter(is_done_before).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::planned;
    use crate::plan::program::Kind;

    /// What each call runs, forward and backward, and what is kept.
    fn net(layers: &str) -> [Vec<String>; 3] {
        let (graph, plans) = planned(layers);
        let lowered = &plans.training;
        let runs = |kind| {
            let runs = plans.train.program.runs().filter(move |run| run.kind == kind);
            let nodes = runs.map(|run| run.nodes().map(|node| lowered.ran(&graph, node)).collect::<Vec<_>>());
            nodes.map(|nodes| nodes.join(" + ")).collect()
        };
        let kept =
            plans.train.program.facts.kept.iter().map(|kept| lowered.labels[kept.value].clone()).collect();
        [runs(Kind::Forward), runs(Kind::Backward), kept]
    }

    fn calls(layers: &str) -> Vec<String> {
        let [forward, ..] = net(layers);
        forward
    }

    #[test]
    fn an_activation_does_the_dropout_behind_it_and_keeps_what_is_left() {
        let [forward, backward, kept] = net("a: Linear(4); r: Relu; d: Dropout(0.5); out: Linear(4);");
        assert_eq!(forward, ["a + r + d", "out", "loss"]);
        assert_eq!(backward, ["loss", "out", "r + d", "a"]);
        assert!(kept.contains(&"d".into()) && !kept.contains(&"r".into()), "{kept:?}");
        // What this reads in backward is kept too.
        let [forward, _, kept] = net("a: Linear(4); g: Gelu; d: Dropout(0.5); out: Linear(4);");
        assert_eq!(forward, ["a + g + d", "out", "loss"]);
        assert!(
            kept.contains(&"a".into()) && kept.contains(&"d".into()) && !kept.contains(&"g".into()),
            "{kept:?}"
        );
        // Behind no product, in front of a sum, in each iteration.
        assert_eq!(
            calls("n: Linear(4); s: Silu; m: Silu; Dropout(0.5); out: Linear(4);")[..2],
            ["n + s", "m + Dropout"]
        );
        assert_eq!(
            calls("residual { a: Linear(4); Relu; d: Dropout(0.5); } out: Linear(4);")[..2],
            ["a + Relu + d", "Add"]
        );
        let twice = "r: repeat(2) { a: Linear(4); g: Gelu; d: Dropout(0.5); } out: Linear(4);";
        assert_eq!(calls(twice)[..2], ["r.0.a + r.0.g + r.0.d", "r.1.a + r.1.g + r.1.d"]);
    }

    #[test]
    fn what_is_needed_between_the_two_keeps_them_apart() {
        let apart = |layers: &str| {
            let calls = calls(&format!("a: Linear(4); {layers} out: Linear(4);"));
            let together = |call: &&String| call.contains("r + d") || call.contains("r + s.d");
            assert_eq!(calls.iter().find(together), None, "{layers}");
        };
        // It is read, or given; its own backward reads it; something stands between the two.
        apart("r: Relu; d: Dropout(0.5); Mul <- (d, r);");
        apart("r: Relu; d: Dropout(0.5); #[train] output r;");
        apart("r: Tanh; d: Dropout(0.5);");
        apart("r: Sigmoid; d: Dropout(0.5);");
        apart("r: Relu; Reshape(2, 2); d: Dropout(0.5); Reshape(4);");
        apart("r: Relu; b: Tanh <- a; d: Dropout(0.5) <- r; Mul <- (d, b);");
        // A mark is about it.
        apart("s: { #[checkpoint] r: Relu; d: Dropout(0.5); }");
        apart("s: { x: Linear(4); #[checkpoint(store = bf16)] r: Relu; d: Dropout(0.5); }");
        apart("#[recompute] r: Relu; d: Dropout(0.5);");
        apart("#[checkpoint] s: { n: Linear(4); r: Relu; } d: Dropout(0.5);");
        // It is a sum of bf16 whether a slope is 0 that was not.
        apart("s: { r: Relu; #[checkpoint(store = bf16)] d: Dropout(0.5); b: Linear(4); }");
        // Nothing is dropped.
        apart("r: Relu; d: Dropout(0.0);");
        apart("#[frozen] s: { r: Relu; d: Dropout(0.5); }");
    }

    #[test]
    fn marks_on_what_is_left_are_about_it() {
        let together = |layers: &str| {
            let [forward, _, kept] = net(&format!("a: Linear(4); {layers} out: Linear(4);"));
            assert!(forward.iter().any(|call| call.contains(".g + s.d")), "{layers}: {forward:?}");
            kept
        };
        let kept = together("s: { g: Gelu; #[recompute] d: Dropout(0.5); }");
        assert!(!kept.contains(&"s.d".into()), "{kept:?}");
        let kept = together("s: { g: Gelu; #[checkpoint(store = bf16)] d: Dropout(0.5); b: Linear(4); }");
        assert!(kept.contains(&"s.d as bf16".into()), "{kept:?}");
        together("#[checkpoint] s: { n: Linear(4); g: Gelu; d: Dropout(0.5); }");
    }

    #[test]
    fn a_net_without_its_marks_is_one_in_which_they_keep_nothing_apart() {
        let layout = |marks: [&str; 2]| {
            let [on_model, on_relu] = marks;
            let layers = format!(
                "a: Linear(64); {on_relu} r: Relu; d: Dropout(0.5); b: Linear(64); Relu; Dropout(0.5); out: Linear(4);"
            );
            let tokens = format!(
                "{on_model} Net {{ input x: f32[64]; target y: f32[4]; {layers} loss: Mse <- (out, y); }}"
            );
            let (_, plans) = crate::planned::tests::understood(&tokens);
            let layouts = plans.store_all.unwrap_or(plans.train.layouts);
            [&layouts[0].per_sample, &layouts[0].fixed].map(|used| used.peak)
        };
        let plain = layout([""; 2]);
        for marks in [
            ["#[checkpoint(every = 2)]", ""],
            ["", "#[recompute]"],
            ["", "#[checkpoint]"],
            ["#[checkpoint(fraction = 1.0)]", ""],
        ] {
            assert_eq!(layout(marks), plain, "{marks:?}");
        }
    }

    #[test]
    fn marks_on_the_model_are_about_what_is_left_too_but_for_boundaries_between_the_two() {
        let layers = "a: Linear(4); r: Relu; d: Dropout(0.5); s: { b: Linear(4); g: Gelu; e: Dropout(0.5); } out: Linear(4);";
        let net = |mark: &str| {
            let tokens = format!(
                "{mark} Net {{ input x: f32[4]; target y: f32[4]; {layers} loss: Mse <- (out, y); }}"
            );
            let (graph, plans) = crate::planned::tests::understood(&tokens);
            let runs = plans.train.program.runs().filter(|run| run.kind == Kind::Forward);
            let ran =
                runs.map(|run| run.nodes().map(|node| plans.training.ran(&graph, node)).collect::<Vec<_>>());
            ran.map(|nodes| nodes.join(" + ")).collect::<Vec<_>>()
        };
        for mark in ["", "#[checkpoint(fraction = 0.9)]", "#[checkpoint(every = 4)]"] {
            assert_eq!(net(mark)[..2], ["a + r + d", "s.b + s.g + s.e"], "{mark}");
        }
        assert_eq!(net("#[checkpoint(every = 2)]")[..3], ["a + r", "d", "s.b + s.g + s.e"]);
    }
}

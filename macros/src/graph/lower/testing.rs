//! Plans of small nets, for tests.

use crate::expand::understand;
use crate::graph::Graph;
use crate::planned::{Plans, plan, verify};
use crate::report::Errors;
use crate::syntax;

/// The graph of a net of these layers behind `x` of 4 numbers, the last of them `out`, and its plans, which hold.
pub(super) fn planned(layers: &str) -> (Graph, Plans) {
    let model = format!("Net {{ input x: f32[4]; target y: f32[4]; {layers} loss: Mse <- (out, y); }}");
    let mut errors = Errors::default();
    let model = syntax::parse(model.parse().unwrap(), &mut errors).expect("it is a model");
    let graph = understand(&model, &mut errors);
    let said: Vec<String> = errors.messages().map(|(_, message)| message).collect();
    assert!(said.is_empty(), "{said:?}");
    let plans = plan(&graph, "Net").unwrap_or_else(|defect| panic!("{}", defect.message));
    assert!(verify(&plans).is_ok(), "a plan does not hold");
    (graph, plans)
}

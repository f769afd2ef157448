//! Why a model without mistakes has no plan.

use proc_macro2::Span;

use crate::graph::Graph;
use crate::graph::lower::Lowered;
use crate::plan::layout::{Layout, TooLarge, What, Widths};
use crate::plan::verify::Violation;
use crate::report::Errors;

/// Why there is no plan: a defect of ours, but for models that are too large.
pub(crate) struct Defect {
    pub(crate) message: String,
    /// What the author of the model can do; nothing where it is ours.
    pub(crate) fix: Option<String>,
    /// Where it shows.
    pub(crate) span: Option<Span>,
    /// What else is to be said, and where.
    pub(crate) also: Option<(Span, String)>,
}

impl Defect {
    /// Reports it; what has no place of its own, at the model's.
    pub(crate) fn report(self, model: Span, errors: &mut Errors) {
        errors.error(self.span.unwrap_or(model), self.words());
        if let Some((span, message)) = self.also {
            errors.error(span, message);
        }
    }

    fn words(&self) -> String {
        let message = &self.message;
        match &self.fix {
            Some(fix) => format!("{message} -- {fix}"),
            None => format!("internal error: {message} -- this is a defect of remat, please report it"),
        }
    }
}

impl From<String> for Defect {
    fn from(message: String) -> Self {
        Self { message, fix: None, span: None, also: None }
    }
}

/// The same without spans, which do not leave their thread.
pub(crate) enum Failure {
    /// More bytes than 64 bits count.
    Uncountable(TooLarge),
    /// Offsets that have no room in the tables; the largest buffer, and the GiB that it takes.
    TooLarge { largest: Option<What>, gib: u64 },
    /// The plan does not compute what the graph says.
    Violation(Violation),
}

impl Failure {
    /// Of a layout that is too large.
    pub(crate) fn too_large(layout: &Layout, widths: Widths) -> Self {
        let largest = layout.buffers.iter().max_by_key(|b| b.lines);
        let gib = largest.map_or(0, |b| b.lines.saturating_mul(widths.line) >> 30);
        Self::TooLarge { largest: largest.map(|b| b.what), gib }
    }

    /// It in the words of the graph.
    pub(crate) fn of(self, graph: &Graph, lowered: &Lowered) -> Defect {
        let node = |n: usize| &graph.nodes[lowered.nodes[n].maker()];
        match self {
            Self::Uncountable(TooLarge { what }) => {
                format!("the model takes more bytes than 64 bits count, at {what:?}").into()
            }
            Self::Violation(Violation { step, node: at, what }) => Defect {
                message: format!("the plan does not hold at step {step:?}: {what}"),
                fix: None,
                span: at.map(|n| node(n).span),
                also: None,
            },
            Self::TooLarge { largest, gib } => {
                let (name, span) = match largest {
                    Some(What::Value(v) | What::Grad(v) | What::Host(v)) => {
                        let maker = lowered.problem.values[v].made_by.map(node);
                        (lowered.labels[v].as_str(), maker.map(|n| n.span))
                    }
                    Some(What::Scratch(n, _)) => (node(n).path.as_str(), Some(node(n).span)),
                    Some(What::Param(p)) => (graph.params[p].path.as_str(), Some(graph.params[p].span)),
                    None => ("", None),
                };
                let message = format!(
                    "a step takes more than 256 GiB even for one sample, of which `{name}` alone takes {gib}"
                );
                Defect { message, fix: Some("choose smaller sizes".into()), span, also: None }
            }
        }
    }
}

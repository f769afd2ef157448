//! Shapes: each op's rule, in order of declaration; then which values are trained.

use proc_macro2::Span;

use super::num::MOST;
use super::{Graph, Node, NodeId, Param, ParamId, Shape};
use crate::ops::context::{Context, Input};
use crate::ops::{Arity, ParamDecl, Resolved};
use crate::report::Errors;

/// Gives every value its shape, and makes the parameters.
pub(crate) fn shape(graph: &mut Graph, errors: &mut Errors) {
    for id in 0..graph.nodes.len() {
        let Some(resolved) = resolve(graph, id, errors) else { continue };
        let node = &graph.nodes[id];
        let (label, span) = (node.label.trim_matches('`').to_owned(), node.span);
        if check_size(&resolved.output.dims, span, &label, errors).is_none() {
            continue;
        }
        if let Some(params) = parameters(graph, id, &resolved.params, errors) {
            let node = &mut graph.nodes[id];
            node.params = params;
            graph.values[node.output].shape = Some(resolved.output.clone());
            node.resolved = Some(resolved);
        }
    }
    check_repeats(graph, errors);
    check_loss(graph, errors);
    trained(graph);
    if errors.is_empty() && graph.loss.is_some_and(|loss| !graph.values[loss].grad) {
        let span = graph.loss.map_or_else(Span::call_site, |l| graph.values[l].span);
        errors.error(
            span,
            "nothing before the loss is trained -- add a layer with parameters, or remove a `#[frozen]`",
        );
    }
}

/// Elements of a sample must stay countable.
pub(crate) fn check_size(dims: &[u64], span: Span, label: &str, errors: &mut Errors) -> Option<u64> {
    let len = dims.iter().try_fold(1u64, |n, d| n.checked_mul(*d)).filter(|n| *n <= MOST);
    if len.is_none() {
        errors.error(span, format!("`{label}` would be {dims:?}, which overflows: more than {MOST} elements a sample -- choose smaller sizes"));
    }
    len
}

fn resolve(graph: &Graph, id: NodeId, errors: &mut Errors) -> Option<Resolved> {
    let node = &graph.nodes[id];
    let mut inputs = vec![];
    for source in &node.sources {
        let value = &graph.values[source.value];
        inputs.push(Input {
            shape: value.shape.clone()?,
            label: format!("`{}`", value.label),
            declared: value.span,
            read: source.span,
        });
    }
    // Iterations of one body make the same mistakes: those of the first are told.
    let mut silent = Errors::default();
    let errors = if node.iteration.is_some() { &mut silent } else { errors };
    let mut cx = Context {
        errors,
        op: node.op.name,
        label: node.label.clone(),
        span: node.span,
        uses: &node.uses,
        inputs,
        args: node.args.iter().map(|a| (a.clone(), false)).collect(),
        known: vec![],
        frozen: node.frozen,
    };
    check_arity(&mut cx, node)?;
    (node.op.resolve)(&mut cx)
}

fn check_arity(cx: &mut Context<'_>, node: &Node) -> Option<()> {
    let n = node.sources.len();
    let (fits, wants) = match node.op.arity {
        Arity::Exactly(k) => (n == k, format!("{k}")),
        Arity::AtLeast(k) => (n >= k, format!("{k} or more")),
        Arity::OneOf(a, b) => (n == a || n == b, format!("{a} or {b}")),
    };
    if fits {
        return Some(());
    }
    let op = node.op.name;
    let fix = match node.op.arity {
        Arity::Exactly(0) => format!("write `{op}(…)` without `<-`"),
        Arity::Exactly(1) => format!("write `{op} <- a`"),
        Arity::OneOf(..) => format!("write `{op} <- (q, k, v)` or give it one value"),
        _ => format!("write `{op} <- (a, b)`"),
    };
    cx.error(node.span, format!("{} reads {wants} values but is given {n} -- {fix}", node.label));
    None
}

/// The parameters of a node: made now, or shared with the layer it applies again.
fn parameters(
    graph: &mut Graph,
    id: NodeId,
    decls: &[ParamDecl],
    errors: &mut Errors,
) -> Option<Vec<ParamId>> {
    let node = &graph.nodes[id];
    let (span, label, frozen) = (node.span, node.label.clone(), node.frozen);
    if decls.is_empty() {
        return Some(vec![]);
    }
    let Some(at) = node.params_at.clone() else {
        errors.error(
            span,
            format!("{label} has parameters, so it needs a name -- write `name: {}…`", node.op.name),
        );
        return None;
    };
    let again = at != node.path;
    let mut ids = vec![];
    for decl in decls {
        let path = format!("{at}.{}", decl.name);
        let known = graph.param_index.get(&path).copied();
        let shared = match (&decl.tied, known) {
            (None, None) => None,
            (None, Some(existing)) if again => Some((existing, span)),
            (Some((_, span)), Some(existing)) if again => Some((existing, *span)),
            (_, Some(existing)) => {
                errors.error(
                    span,
                    format!(
                        "the parameter `{path}` is declared twice -- name this layer or its scope differently"
                    ),
                );
                errors.error(graph.params[existing].span, format!("`{path}` is declared here first"));
                return None;
            }
            (Some((source, span)), None) => {
                let Some(existing) = graph.param_index.get(source).copied() else {
                    errors.error(*span, format!("there is no parameter `{source}` to share -- name an earlier layer that has a weight"));
                    return None;
                };
                graph.params[existing].aliases.push(path.clone());
                graph.param_index.insert(path.clone(), existing);
                Some((existing, *span))
            }
        };
        let Some((existing, at)) = shared else {
            graph.param_index.insert(path.clone(), graph.params.len());
            ids.push(graph.params.len());
            graph.params.push(Param {
                path,
                aliases: vec![],
                shape: decl.shape.clone(),
                init: decl.init,
                frozen,
                span,
            });
            continue;
        };
        let owner = &graph.params[existing];
        if owner.shape != decl.shape {
            errors.error(
                at,
                format!(
                    "{label} needs a `{}` of {:?} but shares `{}`, which is {:?} -- make the shapes equal",
                    decl.name, decl.shape, owner.path, owner.shape
                ),
            );
            errors.error(owner.span, format!("`{}` is {:?}", owner.path, owner.shape));
            return None;
        }
        if owner.frozen != frozen {
            let (a, b) = if frozen { ("frozen", "trained") } else { ("trained", "frozen") };
            errors.error(
                at,
                format!(
                    "`{}` is {a} here but {b} where it is declared -- freeze both or neither",
                    owner.path
                ),
            );
            errors.error(owner.span, format!("`{}` is {b} here", owner.path));
            return None;
        }
        ids.push(existing);
    }
    Some(ids)
}

/// The body of a `repeat(n)` gets what it gave: it must keep the shape.
fn check_repeats(graph: &Graph, errors: &mut Errors) {
    for repeat in &graph.repeats {
        let shape = |v: usize| graph.values[v].shape.as_ref();
        if let (Some(from), Some(to)) = (shape(repeat.input), shape(repeat.output))
            && from != to
        {
            errors.error(
                repeat.span,
                format!("the body of `repeat` must keep the shape, but iteration 0 receives {from} and iteration 1 receives {to} -- give {from} at its end, or write `repeat(i in 0..n)`, whose body may change it"),
            );
            let last = &graph.values[repeat.output];
            errors.error(last.span, format!("`{}` gives {to}", last.label));
        }
    }
}

fn check_loss(graph: &Graph, errors: &mut Errors) {
    let Some(loss) = graph.loss else { return };
    if let Some(Shape { batched: true, dims, .. }) = &graph.values[loss].shape {
        let span = graph.values[loss].span;
        errors.error(span, format!("`loss` must be one number but is {dims:?} for each sample -- end with `CrossEntropy`, `Mse` or a `Sum` of losses"));
    }
}

/// A value is trained if a trained parameter stands before it; it has a gradient if the loss reads it too.
fn trained(graph: &mut Graph) {
    for node in &graph.nodes {
        let own = node.params.iter().any(|p| !graph.params[*p].frozen);
        let trained = own || node.sources.iter().any(|s| graph.values[s.value].trained);
        graph.values[node.output].trained = trained;
    }
    if let Some(loss) = graph.loss {
        graph.values[loss].grad = graph.values[loss].trained;
    }
    for node in graph.nodes.iter().rev() {
        if graph.values[node.output].grad {
            for source in &node.sources {
                let value = &mut graph.values[source.value];
                value.grad = value.trained;
            }
        }
    }
}

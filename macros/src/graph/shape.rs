//! Shapes: each op's rule, in order of declaration; then which values are trained.

use std::rc::Rc;

use proc_macro2::Span;

use super::absorb::absorb;
use super::num::MOST;
use super::{Graph, Node, NodeId, Param, ParamId, Shape, Source};
use crate::ops::context::{Context, Input, Port};
use crate::ops::{Arity, ParamDecl, Resolved, args};
use crate::report::{Around, Errors};

/// Gives every value its shape, and makes the parameters.
pub(crate) fn shape(graph: &mut Graph, errors: &mut Errors) {
    let unsaid = each_node(graph, errors, node);
    check_repeats(graph, errors);
    if errors.is_empty() {
        errors.append(unsaid);
    }
    check_loss(graph, errors);
    absorb(graph, errors);
    if errors.is_empty() {
        std::mem::take(&mut graph.unread_targets).into_iter().for_each(|(span, message)| {
            errors.error(span, message);
        });
    }
    trained(graph);
    if let Some(loss) = graph.loss.filter(|loss| errors.is_empty() && !graph.values[*loss].grad) {
        let fix = "add a layer with parameters, or remove a `#[frozen]`";
        errors.error(graph.values[loss].span, format!("nothing before the loss is trained -- {fix}"));
    }
}

/// Calls `check` for each node, in order. Iterations of one body make the same mistakes: those of the first are told, the
/// others are given.
pub(super) fn each_node(
    graph: &mut Graph,
    errors: &mut Errors,
    check: impl Fn(&mut Graph, NodeId, &mut Errors) -> Option<()>,
) -> Errors {
    let mut unsaid = Errors::default();
    for id in 0..graph.nodes.len() {
        let errors = if graph.nodes[id].repeated { &mut unsaid } else { &mut *errors };
        check(graph, id, errors);
    }
    unsaid
}

/// Resolves a node, unless what it reads failed.
fn node(graph: &mut Graph, id: NodeId, errors: &mut Errors) -> Option<()> {
    let twin = graph.nodes[id].twin.filter(|twin| is_alike(graph, id, *twin));
    let resolved = match twin.and_then(|twin| graph.nodes[twin].resolved.clone()) {
        Some(resolved) => resolved,
        None => Rc::new(resolve(graph, id, errors)?),
    };
    let node = &graph.nodes[id];
    check_size(&resolved.output.dims, node.span, &node.label, &node.around, errors)?;
    let alike = twin.map_or(id, |twin| graph.nodes[twin].alike);
    // A mistake of its parameters is none of its shape: what reads it is checked too.
    let params = Sharing { graph, id, errors }.parameters(&resolved.params).unwrap_or_default();
    let node = &mut graph.nodes[id];
    node.params = params;
    graph.values[node.output].shape = Some(resolved.output.clone());
    node.resolved = Some(resolved);
    node.alike = alike;
    Some(())
}

/// Whether what is known of `twin` is true of `id`: it reads the same shapes and ties no parameter to one
/// whose path may depend on the iteration.
fn is_alike(graph: &Graph, id: NodeId, twin: NodeId) -> bool {
    let (node, twin) = (&graph.nodes[id], &graph.nodes[twin]);
    let shape = |source: &Source| graph.values[source.value].shape.as_ref();
    let tied = |resolved: &Rc<Resolved>| resolved.params.iter().any(|param| param.tied.is_some());
    std::ptr::eq(node.op, twin.op)
        && node.sources.len() == twin.sources.len()
        && node.sources.iter().zip(&twin.sources).all(|(own, other)| shape(own) == shape(other))
        && twin.resolved.as_ref().is_some_and(|resolved| !tied(resolved))
}

/// Elements of a sample must stay countable.
pub(crate) fn check_size(
    dims: &[u64],
    span: Span,
    label: &str,
    around: &[Around],
    errors: &mut Errors,
) -> Option<u64> {
    let len = dims.iter().try_fold(1u64, |n, d| n.checked_mul(*d)).filter(|n| *n <= MOST);
    if len.is_none() {
        let message = format!("{label} would be {dims:?}, which overflows: more than {MOST} elements");
        errors.error_in(around, span, format!("{message} -- choose smaller sizes"));
    }
    len
}

fn resolve(graph: &Graph, id: NodeId, errors: &mut Errors) -> Option<Resolved> {
    let node = &graph.nodes[id];
    args::check(node, &graph.values, errors)?;
    let mut inputs = vec![];
    for source in &node.sources {
        let value = &graph.values[source.value];
        inputs.push(Input {
            shape: value.shape.clone()?,
            label: value.label.clone(),
            declared: value.span,
            read: source.span,
            port: value.node.is_none().then_some(if value.on_target { Port::Target } else { Port::Input }),
        });
    }
    let mut cx = Context {
        errors,
        op: node.op,
        label: node.label.clone(),
        span: node.span,
        around: &node.around,
        inputs,
        args: node.args.iter().map(|a| (a.clone(), false)).collect(),
        frozen: node.frozen,
        values: &graph.values,
    };
    check_arity(&mut cx, node)?;
    (node.op.resolve)(&mut cx)
}

fn check_arity(cx: &mut Context<'_>, node: &Node) -> Option<()> {
    let n = node.sources.len();
    if node.op.arity.fits(n) {
        return Some(());
    }
    let wants = match node.op.arity {
        Arity::Exactly(1) => String::from("1 value"),
        Arity::Exactly(k) => format!("{k} values"),
        Arity::AtLeast(k) => format!("{k} or more values"),
        Arity::OneOf(a, b) => format!("{a} or {b} values"),
    };
    let line = node.line();
    let fix = match node.op.arity {
        Arity::Exactly(0) => format!("write `{line}` without `<-`"),
        Arity::Exactly(1) => format!("write `{line} <- a`"),
        Arity::OneOf(..) => format!("write `{line} <- (q, k, v)` or give it one value"),
        _ => format!("write `{line} <- (a, b)`"),
    };
    cx.error(node.span, format!("{} reads {wants} but is given {n} -- {fix}", node.label));
    None
}

/// The parameters of a node: made now, or shared with the layer it applies again.
struct Sharing<'a> {
    graph: &'a mut Graph,
    id: NodeId,
    errors: &'a mut Errors,
}

impl Sharing<'_> {
    fn parameters(&mut self, decls: &[ParamDecl]) -> Option<Vec<ParamId>> {
        if decls.is_empty() {
            return Some(vec![]);
        }
        let node = &self.graph.nodes[self.id];
        let span = node.span;
        let Some(at) = node.params_at.clone() else {
            let fix = format!("write `name: {}`", node.line());
            self.error(span, format!("{} has parameters, so it needs a name -- {fix}", node.label));
            return None;
        };
        let again = at != node.path;
        decls.iter().map(|decl| self.parameter(decl, format!("{at}.{}", decl.name), again)).collect()
    }

    fn error(&mut self, span: Span, message: String) {
        let around = Rc::clone(&self.graph.nodes[self.id].around);
        self.errors.error_in(&around, span, message);
    }

    /// The parameter of `path`; `again` in a layer that is applied again.
    fn parameter(&mut self, decl: &ParamDecl, path: String, again: bool) -> Option<ParamId> {
        let node = &self.graph.nodes[self.id];
        let (span, frozen) = (node.span, node.frozen);
        let known = self.graph.param_index.get(&path).copied();
        let (owner, at) = match (&decl.tied, known) {
            (tied, Some(owner)) if again => (owner, tied.as_ref().map_or(span, |(_, span)| *span)),
            (_, Some(owner)) => {
                self.twice(&path, owner);
                return None;
            }
            (Some((source, at)), None) => {
                let Some(owner) = self.graph.param_index.get(source).copied() else {
                    let fix = self.written_layer(source);
                    self.error(*at, format!("there is no parameter `{source}` to share -- {fix}"));
                    return None;
                };
                self.check_shared(decl, owner, *at)?;
                self.graph.params[owner].aliases.push(path.clone());
                self.graph.param_index.insert(path, owner);
                return Some(owner);
            }
            (None, None) => {
                let around = Rc::clone(&node.around);
                check_size(&decl.shape, span, &format!("`{path}`"), &around, self.errors)?;
                let id = self.graph.params.len();
                self.graph.param_index.insert(path.clone(), id);
                let (shape, init) = (decl.shape.clone(), decl.init);
                self.graph.params.push(Param { path, aliases: vec![], shape, init, frozen, span, around });
                return Some(id);
            }
        };
        self.check_shared(decl, owner, at)?;
        Some(owner)
    }

    /// What to write for a weight `source` that there is not.
    fn written_layer(&self, source: &str) -> String {
        let args = &self.graph.nodes[self.id].args;
        let text = args.iter().find_map(|arg| arg.text.strip_suffix(".weight"));
        let known =
            source.strip_suffix(".weight").is_some_and(|path| self.graph.param_index.contains_key(path));
        match text.filter(|_| known) {
            Some(text) => format!("name the layer, not its parameter: `{text}`"),
            None => String::from("name an earlier layer that has a weight"),
        }
    }

    /// Reports that the parameter `path` is declared already, as `owner`.
    fn twice(&mut self, path: &str, owner: ParamId) {
        let (node, first) = (&self.graph.nodes[self.id], &self.graph.params[owner]);
        let key = |around: &Around| format!("{:?}", around.span);
        let both = node.around.iter().zip(first.around.iter());
        let common = both.take_while(|(own, other)| key(own) == key(other)).count();
        // Of two uses of a block, the later one needs another name; what stands inside is as it should be.
        if let Some(Around { span, words, renamed: Some(fix), .. }) = node.around.get(common) {
            let (around, span) = (Rc::clone(&node.around), *span);
            let message = format!("the parameters {words} are declared twice -- {fix}");
            let (there, here) = match first.around.get(common) {
                Some(other) => (other.span, String::from("they are declared here first")),
                None => (first.span, format!("`{path}` is declared here first")),
            };
            self.errors.error_in(&around[..common], span, message);
            self.errors.error(there, here);
            return;
        }
        let (span, there, inside) = (node.span, first.span, Rc::clone(&first.around));
        let fix = "name this layer or its scope differently";
        self.error(span, format!("the parameter `{path}` is declared twice -- {fix}"));
        self.errors.error_in(&inside[common..], there, format!("`{path}` is declared here first"));
    }

    /// Whether the parameter `owner` can be that of `decl` too.
    fn check_shared(&mut self, decl: &ParamDecl, owner: ParamId, at: Span) -> Option<()> {
        let (node, owner) = (&self.graph.nodes[self.id], &self.graph.params[owner]);
        let (path, there) = (owner.path.clone(), owner.span);
        if owner.shape != decl.shape {
            let needs = format!("{} needs a `{}` of {:?}", node.label, decl.name, decl.shape);
            let is = format!("{:?}", owner.shape);
            self.error(at, format!("{needs} but shares `{path}`, which is {is} -- make the shapes equal"));
            self.errors.error(there, format!("`{path}` is {is}"));
            return None;
        }
        if owner.frozen != node.frozen {
            let (a, b) = if node.frozen { ("frozen", "trained") } else { ("trained", "frozen") };
            let fix = "freeze both or neither";
            self.error(at, format!("`{path}` is {a} here but {b} where it is declared -- {fix}"));
            self.errors.error(there, format!("`{path}` is {b} here"));
            return None;
        }
        Some(())
    }
}

/// The body of a `repeat(n)` gets what it gave: it must keep the shape.
fn check_repeats(graph: &Graph, errors: &mut Errors) {
    for repeat in &graph.repeats {
        let shape = |v: usize| graph.values[v].shape.as_ref();
        if let (Some(from), Some(to)) = (shape(repeat.input), shape(repeat.output))
            && from != to
        {
            let message = format!("iteration 0 receives {from} and iteration 1 receives {to}");
            let fix = format!("end with {from}, or write `repeat(i in 0..n)`, whose body may change it");
            errors.error_in(
                &repeat.around,
                repeat.span,
                format!("the body of `repeat` must keep the shape, but {message} -- {fix}"),
            );
            let last = &graph.values[repeat.output];
            errors.error(last.span, format!("{} gives {to}", last.label));
        }
    }
}

fn check_loss(graph: &Graph, errors: &mut Errors) {
    let Some(loss) = graph.loss.map(|loss| &graph.values[loss]) else { return };
    if let Some(Shape { batched: true, dims, .. }) = &loss.shape {
        let fix = "end with `CrossEntropy`, `Mse` or a `Sum` of losses";
        errors.error(
            loss.span,
            format!("`loss` must be one number for the batch but is {dims:?} for each sample -- {fix}"),
        );
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

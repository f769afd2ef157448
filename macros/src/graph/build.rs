//! Names to ids: scopes are walked, `repeat` is unrolled, blocks and shared layers are instantiated.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::{Ident, Span};

use super::num::{Num, Vars, dim, eval};
use super::{Arg, ArgValue, Const, Graph, Item, Node, NodeId, Output, Port, Repeat, Scope, Shape, Source, Value, ValueId};
use crate::ops;
use crate::plan::problem::Class;
use crate::report::{Errors, did_you_mean};
use crate::syntax::{self, Block, Count, Dtype, Layer, LayerKind, Marks, Model};

/// The graph of `model`.
pub(crate) fn build(model: &Model, errors: &mut Errors) -> Graph {
    let mut builder = Builder { model, errors, graph: Graph::default(), frames: vec![], blocks: vec![], hidden: BTreeMap::new() };
    builder.run();
    builder.graph
}

/// The names of a scope while it is being walked.
struct Frame<'a> {
    names: BTreeMap<String, Named<'a>>,
    /// What the scope was given.
    input: Given,
    /// The value of the line before; `None` after a line that failed.
    last: Option<Last>,
    vars: Rc<Vars>,
    /// The path that names in it are appended to.
    path: String,
    /// Where parameters are named: the same, but inside a layer that is applied again.
    params_at: String,
    frozen: bool,
    uses: Rc<Vec<(String, Span)>>,
    iteration: Option<u64>,
    /// Names of outer scopes end here (a block sees only its own).
    opaque: bool,
}

#[derive(Clone)]
enum Given {
    One(Source),
    /// Several sources: a layer must say which it reads.
    Several(Vec<Source>),
    /// Its source failed; reported already.
    Broken,
}

#[derive(Clone)]
enum Last {
    Value(Source),
    Broken,
}

#[derive(Clone)]
struct Named<'a> {
    value: Option<ValueId>,
    span: Span,
    /// For applying it again.
    layer: Option<(&'a Layer, Rc<Vars>, String)>,
}

struct Builder<'a, 'e> {
    model: &'a Model,
    errors: &'e mut Errors,
    graph: Graph,
    frames: Vec<Frame<'a>>,
    /// Blocks being instantiated, outermost first.
    blocks: Vec<&'a Block>,
    /// Names inside finished scopes, with the scope's name: to say why they can't be read.
    hidden: BTreeMap<String, String>,
}

impl<'a> Builder<'a, '_> {
    fn run(&mut self) {
        let vars = Rc::new(self.consts());
        let mut names = BTreeMap::new();
        let mut inputs = vec![];
        for port in &self.model.ports {
            let Some(source) = self.port(port, &vars) else { continue };
            if !port.target {
                inputs.push(source.clone());
            }
            let named = Named { value: Some(source.value), span: port.name.span(), layer: None };
            if names.insert(port.name.to_string(), named).is_some() {
                self.errors.error(port.name.span(), format!("`{}` is declared twice -- rename one", port.name));
            }
        }
        if !self.model.ports.iter().any(|p| !p.target) {
            self.errors.error(self.model.name.span(), format!("`{}` has no input -- declare one: `input x: f32[…];`", self.model.name));
        }
        self.check_blocks();
        let input = match inputs.len() {
            0 => Given::Broken,
            1 => Given::One(inputs.remove(0)),
            _ => Given::Several(inputs),
        };
        self.frames.push(Frame {
            names,
            input,
            last: None,
            vars,
            path: String::new(),
            params_at: String::new(),
            frozen: false,
            uses: Rc::new(vec![]),
            iteration: None,
            opaque: false,
        });
        let mut root = Scope::default();
        self.layers(&self.model.layers, &mut root);
        self.graph.root = root;
        self.loss();
        self.outputs();
        self.frames.pop();
        self.check_all_read();
    }

    fn consts(&mut self) -> Vars {
        let mut vars = Vars::new();
        for c in &self.model.consts {
            let Some(value) = eval(&c.value, &vars, self.errors) else { continue };
            if vars.insert(c.name.to_string(), value).is_some() {
                self.errors.error(c.name.span(), format!("`{}` is declared twice -- rename one", c.name));
            }
            self.graph.consts.push(Const { name: c.name.clone(), docs: c.docs.clone(), value });
        }
        vars
    }

    fn port(&mut self, port: &syntax::Port, vars: &Vars) -> Option<Source> {
        let mut dims = vec![];
        for expr in &port.dims {
            let value = eval(expr, vars, self.errors)?;
            dims.push(dim(value, expr.span(), &format!("dimension {} of `{}`", dims.len(), port.name), self.errors)?);
        }
        let class = match port.dtype {
            Dtype::F32 => Class::Elem,
            Dtype::U32 => Class::Index,
        };
        let value = self.graph.values.len();
        self.graph.values.push(Value {
            label: port.name.to_string(),
            span: port.name.span(),
            node: None,
            shape: Some(Shape { dims: dims.clone(), class, batched: true }),
            on_target: port.target,
            trained: false,
            grad: false,
        });
        super::shape::check_size(&dims, port.name.span(), &port.name.to_string(), self.errors)?;
        self.graph.ports.push(Port { name: port.name.clone(), target: port.target, dtype: port.dtype, dims, value });
        Some(Source { value, span: port.name.span() })
    }

    fn check_blocks(&mut self) {
        for (i, block) in self.model.blocks.iter().enumerate() {
            let name = block.name.to_string();
            if self.model.blocks[..i].iter().any(|b| b.name == name) {
                self.errors.error(block.span, format!("block `{name}` is declared twice -- rename one"));
            }
            if ops::find(&name).is_some() {
                self.errors.error(block.span, format!("`{name}` is a layer of the library -- give the block another name"));
            }
            if block.layers.is_empty() {
                self.errors.error(block.span, format!("block `{name}` is empty -- put a layer into it"));
            }
        }
    }

    fn frame(&mut self) -> &mut Frame<'a> {
        if self.frames.is_empty() {
            unreachable!("the model's own frame stands until the walk ends");
        }
        let top = self.frames.len() - 1;
        &mut self.frames[top]
    }

    fn layers(&mut self, layers: &'a [Layer], into: &mut Scope) {
        for layer in layers {
            let last = self.layer(layer, into);
            self.frame().last = Some(last.map_or(Last::Broken, Last::Value));
        }
    }

    /// One line: its value, or nothing if it failed.
    fn layer(&mut self, layer: &'a Layer, into: &mut Scope) -> Option<Source> {
        let (path, params_at) = self.paths(layer);
        let vars = Rc::clone(&self.frame().vars);
        if let Some(name) = layer.name.as_ref() {
            let existing = self.frame().names.get(&name.text).map(|n| n.span);
            if existing.is_some() {
                self.errors.error(name.span, format!("`{}` is declared twice in this scope -- rename one", name.text));
            }
        }
        let value = self.instantiate(layer, layer.marks.frozen.is_some(), &layer.marks, path, params_at.clone(), into);
        if let Some(name) = &layer.name {
            let named = Named {
                value: value.as_ref().map(|s| s.value),
                span: name.span,
                layer: Some((layer, vars, params_at)),
            };
            if name.is_source || !matches!(layer.kind, LayerKind::Use { .. }) {
                self.frame().names.insert(name.text.clone(), named);
            }
        }
        value.map(|s| Source { span: layer.name.as_ref().map_or(layer.span, |n| n.span), ..s })
    }

    fn paths(&mut self, layer: &Layer) -> (String, String) {
        let frame = self.frame();
        let join = |base: &str, name: &str| if base.is_empty() { name.to_owned() } else { format!("{base}.{name}") };
        match &layer.name {
            Some(name) => (join(&frame.path, &name.text), join(&frame.params_at, &name.text)),
            None => (frame.path.clone(), frame.params_at.clone()),
        }
    }

    fn instantiate(
        &mut self,
        layer: &'a Layer,
        frozen: bool,
        marks: &'a Marks,
        path: String,
        params_at: String,
        into: &mut Scope,
    ) -> Option<Source> {
        let frozen = frozen || self.frame().frozen;
        let at = Place { marks, path, params_at, frozen, label: label(layer), span: layer.span };
        match &layer.kind {
            LayerKind::Use { kind, args, sources } => self.use_of(layer, kind, args, sources.as_deref(), at, into),
            LayerKind::Group { sources, body } => {
                let given = self.given(sources.as_deref(), at.span);
                self.scope(body, given, at, None, into)
            }
            LayerKind::Repeat { count, sources, body } => {
                let given = self.given(sources.as_deref(), at.span);
                self.repeat(count, given, body, at, into)
            }
            LayerKind::Residual { source, body, shortcut } => {
                let given = self.given(source.as_deref(), at.span);
                self.residual(given, body, shortcut.as_ref(), at, into)
            }
        }
    }

    fn use_of(
        &mut self,
        layer: &'a Layer,
        kind: &'a Ident,
        args: &'a [syntax::Arg],
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let word = kind.to_string();
        if let Some(op) = ops::find(&word) {
            return self.op(op, layer, args, sources, at, into);
        }
        let model = self.model;
        if let Some(block) = model.blocks.iter().find(|b| b.name == word) {
            return self.block(block, args, sources, at, into);
        }
        if let Some((earlier, vars, params_at)) = self.lookup(&word).and_then(|n| n.layer.clone()) {
            if let Some(arg) = args.first() {
                self.errors.error(arg.value.span(), format!("`{word}` is applied again as it is -- leave out the arguments"));
            }
            return self.again(earlier, vars, params_at, sources, at, into);
        }
        let known: Vec<String> = ops::names().map(str::to_owned).chain(model.blocks.iter().map(|b| b.name.to_string())).collect();
        let hint = did_you_mean(&word, known.iter().map(String::as_str), "the README lists the layers; a block must be declared with `block`");
        self.errors.error(kind.span(), format!("there is no layer `{word}`{hint}"));
        None
    }

    /// An earlier layer or scope once more, with its parameters.
    fn again(
        &mut self,
        earlier: &'a Layer,
        vars: Rc<Vars>,
        params_at: String,
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let given = self.given(sources, at.span);
        let frozen = at.frozen || earlier.marks.frozen.is_some();
        let uses = self.frame().uses.clone();
        let iteration = self.frame().iteration;
        // Names stand where this line stands: what differs from them is the place of the parameters.
        let (path, names_at) = (self.frame().path.clone(), self.frame().params_at.clone());
        self.frames.push(Frame {
            names: BTreeMap::new(),
            last: None,
            vars,
            path,
            params_at: names_at,
            frozen,
            uses,
            iteration,
            opaque: false,
            input: given.clone(),
        });
        let again = Place { params_at, frozen, ..at };
        let value = match &earlier.kind {
            LayerKind::Use { kind, args, .. } => {
                let word = kind.to_string();
                if let Some(op) = ops::find(&word) {
                    let sources = self.all_given(&given);
                    sources.and_then(|sources| self.node(op, args, sources, again, into))
                } else if let Some(block) = self.model.blocks.iter().find(|b| b.name == word) {
                    self.block_given(block, args, given, again, into)
                } else if let Some((deeper, vars, params_at)) = self.lookup(&word).and_then(|n| n.layer.clone()) {
                    self.again(deeper, vars, params_at, None, again, into)
                } else {
                    None
                }
            }
            LayerKind::Group { body, .. } => self.scope(body, given, again, None, into),
            LayerKind::Repeat { count, body, .. } => self.repeat(count, given, body, again, into),
            LayerKind::Residual { body, shortcut, .. } => self.residual(given, body, shortcut.as_ref(), again, into),
        };
        self.frames.pop();
        value
    }

    fn all_given(&mut self, given: &Given) -> Option<Vec<Source>> {
        match given {
            Given::One(s) => Some(vec![s.clone()]),
            Given::Several(s) => Some(s.clone()),
            Given::Broken => None,
        }
    }

    fn op(
        &mut self,
        op: &'static ops::OpDef,
        layer: &'a Layer,
        args: &'a [syntax::Arg],
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let sources = if op.reads_nothing() && sources.is_none() {
            vec![]
        } else {
            let given = self.given(sources, layer.span);
            if sources.is_none() && let Given::Several(_) = given {
                self.errors.error(layer.span, format!("{} could read several inputs -- say which: `<- name`", at.label));
                return None;
            }
            self.all_given(&given)?
        };
        self.node(op, args, sources, at, into)
    }

    fn node(
        &mut self,
        op: &'static ops::OpDef,
        args: &'a [syntax::Arg],
        sources: Vec<Source>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let args = args.iter().map(|a| self.arg(a)).collect();
        let id: NodeId = self.graph.nodes.len();
        let output = self.graph.values.len();
        let on_target = sources.iter().any(|s| self.graph.values[s.value].on_target);
        self.graph.values.push(Value {
            label: at.label.trim_matches('`').to_owned(),
            span: at.span,
            node: Some(id),
            shape: None,
            on_target,
            trained: false,
            grad: false,
        });
        let (uses, iteration) = (Rc::clone(&self.frame().uses), self.frame().iteration);
        let named_here = at.path != self.frame().path;
        let named = named_here || at.params_at != self.frame().params_at;
        let kind_path = if at.path.is_empty() { op.name.to_owned() } else { format!("{}.{}", at.path, op.name) };
        self.graph.nodes.push(Node {
            op,
            label: at.label.clone(),
            path: if named_here { at.path } else { kind_path },
            span: at.span,
            uses,
            iteration,
            args,
            sources,
            params_at: named.then_some(at.params_at),
            frozen: at.frozen,
            recompute: at.marks.recompute,
            output,
            resolved: None,
            params: vec![],
        });
        into.items.push(Item {
            nodes: id..id + 1,
            label: self.graph.nodes[id].path.clone(),
            checkpoint: self.plain_checkpoint(at.marks),
            scope: None,
        });
        Some(Source { value: output, span: at.span })
    }

    /// The span of a `#[checkpoint]` that takes no arguments here.
    fn plain_checkpoint(&mut self, marks: &Marks) -> Option<Span> {
        let checkpoint = marks.checkpoint.as_ref()?;
        for arg in &checkpoint.args {
            let (word, span) = match (&arg.name, &arg.value) {
                (Some(name), _) => (name.to_string(), name.span()),
                (None, syntax::Value::Expr(syntax::Expr::Name(name))) => (name.to_string(), name.span()),
                (None, value) => (String::from("this argument"), value.span()),
            };
            let fix = match word.as_str() {
                "every" => "it stands on a `repeat` or on the model",
                "at" => "it stands on a `repeat`",
                "sqrt" => "it stands on the model",
                _ => "write `#[checkpoint]` alone here",
            };
            self.errors.error(span, format!("`{}` is no argument of `checkpoint` on a layer or scope -- {fix}", word.trim_matches('`')));
        }
        Some(checkpoint.span)
    }

    /// A group, a main path, an iteration, a block's inside: a scope of R1.
    fn scope(
        &mut self,
        body: &'a [Layer],
        given: Given,
        at: Place<'a>,
        frame: Option<FrameExtra<'a>>,
        into: &mut Scope,
    ) -> Option<Source> {
        if body.is_empty() {
            self.errors.error(at.span, format!("{} is empty -- put a layer into it", at.label));
            return None;
        }
        self.refuse_recompute(at.marks, &at.label);
        let extra = frame.unwrap_or_default();
        let parent = self.frame();
        let frame = Frame {
            names: extra.names,
            last: None,
            vars: extra.vars.unwrap_or_else(|| Rc::clone(&parent.vars)),
            path: at.path.clone(),
            params_at: at.params_at.clone(),
            frozen: at.frozen,
            uses: extra.uses.unwrap_or_else(|| Rc::clone(&parent.uses)),
            iteration: extra.iteration.or(parent.iteration),
            opaque: extra.opaque,
            input: given,
        };
        let first = self.graph.nodes.len();
        self.frames.push(frame);
        let mut scope = Scope::default();
        self.layers(body, &mut scope);
        let frame = self.frames.pop()?;
        for name in frame.names.keys() {
            self.hidden.insert(name.clone(), at.label.clone());
        }
        let checkpoint = self.plain_checkpoint(at.marks);
        into.items.push(Item {
            nodes: first..self.graph.nodes.len(),
            label: at.path.clone(),
            checkpoint,
            scope: Some(scope),
        });
        match frame.last {
            Some(Last::Value(source)) => Some(source),
            _ => None,
        }
    }

    fn refuse_recompute(&mut self, marks: &Marks, label: &str) {
        if let Some(span) = marks.recompute {
            self.errors.error(span, format!("`recompute` drops the value of one layer, and {label} is a scope -- write `#[checkpoint]` to recompute its inside"));
        }
    }

    fn block(
        &mut self,
        block: &'a Block,
        args: &'a [syntax::Arg],
        sources: Option<&'a [syntax::Source]>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        let given = self.given(sources, at.span);
        self.block_given(block, args, given, at, into)
    }

    fn block_given(
        &mut self,
        block: &'a Block,
        args: &'a [syntax::Arg],
        given: Given,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        if self.blocks.iter().any(|b| b.name == block.name) {
            self.errors.error(at.span, format!("block `{}` uses itself -- a block must end; use `repeat`", block.name));
            return None;
        }
        let vars = self.block_vars(block, args, at.span)?;
        let mut names = BTreeMap::new();
        if !block.sources.is_empty() {
            let list = self.all_given(&given)?;
            if list.len() != block.sources.len() {
                self.errors.error(
                    at.span,
                    format!("block `{}` reads {} values but is given {} -- write `<- ({})`", block.name, block.sources.len(), list.len(), names_of(&block.sources)),
                );
                self.errors.error(block.span, format!("`{}` declares its sources here", block.name));
                return None;
            }
            for (name, source) in block.sources.iter().zip(&list) {
                names.insert(name.to_string(), Named { value: Some(source.value), span: name.span(), layer: None });
            }
        } else if let Given::Several(list) = &given {
            self.errors.error(at.span, format!("block `{}` reads 1 value but is given {} -- declare sources: `block {}(…) <- (a, b) {{ … }}`", block.name, list.len(), block.name));
            return None;
        }
        let mut uses = vec![(at.label.clone(), at.span)];
        uses.extend(self.frame().uses.iter().cloned());
        self.blocks.push(block);
        let extra = FrameExtra { names, vars: Some(Rc::new(vars)), uses: Some(Rc::new(uses)), iteration: None, opaque: true };
        let value = self.scope(&block.layers, given, at, Some(extra), into);
        self.blocks.pop();
        value
    }

    fn block_vars(&mut self, block: &'a Block, args: &'a [syntax::Arg], span: Span) -> Option<Vars> {
        let mut vars: Vars = self.graph.consts.iter().map(|c| (c.name.to_string(), c.value)).collect();
        let mut given: BTreeMap<String, Num> = BTreeMap::new();
        let mut positional = block.params.iter();
        let mut whole = true;
        for arg in args {
            let param = match &arg.name {
                Some(name) => block.params.iter().find(|p| *p == name),
                None => positional.next(),
            };
            let Some(param) = param else {
                let hint = format!("its parameters are `({})`", names_of(&block.params));
                let hint = arg.name.as_ref().map_or(format!(" -- {hint}"), |n| {
                    let known: Vec<String> = block.params.iter().map(Ident::to_string).collect();
                    did_you_mean(&n.to_string(), known.iter().map(String::as_str), &hint)
                });
                let at = arg.name.as_ref().map_or_else(|| arg.value.span(), Ident::span);
                self.errors.error(at, format!("block `{}` takes no such argument{hint}", block.name));
                whole = false;
                continue;
            };
            let syntax::Value::Expr(expr) = &arg.value else {
                self.errors.error(arg.value.span(), format!("`{param}` must be a number -- write an expression"));
                whole = false;
                continue;
            };
            let caller = Rc::clone(&self.frame().vars);
            match eval(expr, &caller, self.errors) {
                Some(value) if given.insert(param.to_string(), value).is_none() => {}
                Some(_) => {
                    self.errors.error(arg.value.span(), format!("`{param}` is given twice -- remove one"));
                    whole = false;
                }
                None => whole = false,
            }
        }
        for param in &block.params {
            if whole && !given.contains_key(&param.to_string()) {
                self.errors.error(span, format!("block `{}` needs `{param}` -- write `{}({})`", block.name, block.name, names_of(&block.params)));
                whole = false;
            }
        }
        vars.extend(given);
        whole.then_some(vars)
    }

    fn repeat(
        &mut self,
        count: &'a Count,
        given: Given,
        body: &'a [Layer],
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        self.refuse_recompute(at.marks, &at.label);
        let vars = Rc::clone(&self.frame().vars);
        let runs = self.iterations(count, &vars, at.span)?;
        if body.is_empty() {
            self.errors.error(at.span, "`repeat` is empty -- put a layer into it");
            return None;
        }
        let first_item = into.items.len();
        let (mut given, mut value) = (given, None);
        let indexed = !matches!(count, Count::Times(_));
        for (i, var) in runs.iter().enumerate() {
            let mut own = vars.as_ref().clone();
            if let Some((name, value)) = var {
                own.insert(name.clone(), *value);
            }
            let join = |base: &str| if base.is_empty() { i.to_string() } else { format!("{base}.{i}") };
            let named = at.path != self.frame().path || at.params_at != self.frame().params_at;
            let place = Place {
                marks: NO_MARKS,
                path: join(&at.path),
                params_at: join(&at.params_at),
                frozen: at.frozen,
                label: if named { format!("`{}.{i}`", at.label.trim_matches('`')) } else { format!("iteration {i}") },
                span: at.span,
            };
            let iteration = (i > 0 && !indexed).then_some(i as u64);
            let extra = FrameExtra { vars: Some(Rc::new(own)), iteration, ..FrameExtra::default() };
            value = self.scope(body, given.clone(), place, Some(extra), into);
            if i == 0
                && runs.len() > 1
                && !indexed
                && let (Given::One(from), Some(to)) = (&given, &value)
            {
                self.graph.repeats.push(Repeat { input: from.value, output: to.value, span: at.span });
            }
            given = match &value {
                Some(source) => Given::One(source.clone()),
                None => return None,
            };
        }
        let items = first_item..into.items.len();
        super::marks::repeat_runs(at.marks, items, &vars, into, self.errors);
        value
    }

    #[allow(clippy::type_complexity)]
    fn iterations(&mut self, count: &'a Count, vars: &Vars, span: Span) -> Option<Vec<Option<(String, Num)>>> {
        const LIMIT: u64 = 10_000;
        let list: Vec<Option<(String, Num)>> = match count {
            Count::Times(expr) => {
                let n = dim(eval(expr, vars, self.errors)?, expr.span(), "the number of iterations", self.errors)?;
                if n > LIMIT {
                    self.errors.error(expr.span(), format!("{n} iterations are more than the {LIMIT} that are unrolled -- repeat less"));
                    return None;
                }
                vec![None; usize::try_from(n).ok()?]
            }
            Count::Range { var, from, to } => {
                let (a, b) = (eval(from, vars, self.errors), eval(to, vars, self.errors));
                match (a?, b?) {
                    (Num::Int(a), Num::Int(b)) if a < b && b - a <= i128::from(LIMIT) => {
                        (a..b).map(|i| Some((var.to_string(), Num::Int(i)))).collect()
                    }
                    (a, b) => {
                        self.errors.error(syntax::join(from.span(), to.span()), format!("`{a}..{b}` is no range of 1 to {LIMIT} integers -- write `first..end` with first below end"));
                        return None;
                    }
                }
            }
            Count::Each { var, items } => {
                let mut list = vec![];
                for item in items {
                    list.push(Some((var.to_string(), eval(item, vars, self.errors)?)));
                }
                if list.is_empty() {
                    self.errors.error(span, "`repeat` over nothing -- write at least one item");
                    return None;
                }
                list
            }
        };
        if let Some(Some((name, _))) = list.first()
            && self.graph.consts.iter().any(|c| c.name == name)
        {
            self.errors.error(span, format!("the loop variable `{name}` hides the constant `{name}` -- rename it"));
        }
        Some(list)
    }

    fn residual(
        &mut self,
        given: Given,
        body: &'a [Layer],
        shortcut: Option<&'a syntax::Shortcut>,
        at: Place<'a>,
        into: &mut Scope,
    ) -> Option<Source> {
        self.refuse_recompute(at.marks, &at.label);
        let source = match &given {
            Given::One(source) => source.clone(),
            Given::Several(list) => {
                self.errors.error(at.span, format!("a residual reads 1 value but is given {} -- name one", list.len()));
                return None;
            }
            Given::Broken => {
                return None;
            }
        };
        let first = self.graph.nodes.len();
        let mut inside = Scope::default();
        let part = |label: &str, span| Place {
            marks: NO_MARKS,
            path: at.path.clone(),
            params_at: at.params_at.clone(),
            frozen: at.frozen,
            label: label.to_owned(),
            span,
        };
        let main = self.scope(body, given.clone(), part("the residual's main path", at.span), None, &mut inside);
        let side = match shortcut {
            Some(s) => self.scope(&s.body, given, part("`shortcut`", s.span), None, &mut inside),
            None => Some(source),
        };
        let (main, side) = (main?, side?);
        let mut add = part("the residual's sum", at.span);
        add.path = if at.path.is_empty() { String::from("Add") } else { format!("{}.Add", at.path) };
        let op = ops::find("Add")?;
        let sum = self.node(op, &[], vec![main, side], add, &mut inside);
        let checkpoint = self.plain_checkpoint(at.marks);
        into.items.push(Item {
            nodes: first..self.graph.nodes.len(),
            label: if at.label == "residual" { String::from("residual") } else { at.path.clone() },
            checkpoint,
            scope: Some(inside),
        });
        sum
    }

    fn lookup(&self, name: &str) -> Option<&Named<'a>> {
        for frame in self.frames.iter().rev() {
            if let Some(named) = frame.names.get(name) {
                return Some(named);
            }
            if frame.opaque {
                return None;
            }
        }
        None
    }

    /// What a line reads: its sources, or the line before, or the scope's input.
    fn given(&mut self, sources: Option<&[syntax::Source]>, span: Span) -> Given {
        let Some(list) = sources else {
            return match self.frame().last.clone() {
                Some(Last::Value(source)) => Given::One(Source { span, ..source }),
                Some(Last::Broken) => Given::Broken,
                None => self.frame().input.clone(),
            };
        };
        let found: Vec<Option<Source>> = list.iter().map(|s| self.source(s)).collect();
        match found.into_iter().collect::<Option<Vec<Source>>>() {
            Some(mut one) if one.len() == 1 => Given::One(one.remove(0)),
            Some(several) => Given::Several(several),
            None => Given::Broken,
        }
    }

    fn source(&mut self, source: &syntax::Source) -> Option<Source> {
        let (name, span) = (source.name.to_string(), source.name.span());
        if let Some(port) = &source.port {
            self.errors.error(port.span(), format!("`{name}` has no further output `{port}` -- write `{name}` alone"));
            return None;
        }
        if name == "in" {
            return match self.frame().input.clone() {
                Given::One(s) => Some(Source { span, ..s }),
                Given::Several(_) => {
                    self.errors.error(span, "this scope has several inputs, so `in` is none of them -- name one");
                    None
                }
                Given::Broken => None,
            };
        }
        if let Some(named) = self.lookup(&name) {
            return named.value.map(|value| Source { value, span });
        }
        let message = if let Some(scope) = self.hidden.get(&name) {
            format!("`{name}` stands inside {scope}, which is finished and shows only its last value -- read the scope, or move this line into it")
        } else if declared_later(&self.model.layers, &name) {
            format!("`{name}` is declared further down -- a layer reads only what stands above it")
        } else {
            let known: Vec<String> = self.frames.iter().flat_map(|f| f.names.keys().cloned()).collect();
            let hint = did_you_mean(&name, known.iter().map(String::as_str), "name an input or a layer above");
            format!("there is no `{name}` here{hint}")
        };
        self.errors.error(span, message);
        None
    }

    fn arg(&mut self, arg: &syntax::Arg) -> Arg {
        let value = self.arg_value(&arg.value, arg.name.as_ref());
        Arg { name: arg.name.clone(), value, span: arg.value.span() }
    }

    fn arg_value(&mut self, value: &syntax::Value, name: Option<&Ident>) -> ArgValue {
        match value {
            syntax::Value::Expr(syntax::Expr::Name(word)) => {
                if let Some(num) = self.frame().vars.get(&word.to_string()) {
                    return ArgValue::Num(*num);
                }
                if name.is_some_and(|n| n == "weight") {
                    return self.tie(std::slice::from_ref(word));
                }
                ArgValue::Word(word.clone())
            }
            syntax::Value::Expr(expr) => {
                let vars = Rc::clone(&self.frame().vars);
                eval(expr, &vars, self.errors).map_or(ArgValue::Broken, ArgValue::Num)
            }
            syntax::Value::Str(s, _) => ArgValue::Str(s.clone()),
            syntax::Value::Call(word, args) => {
                ArgValue::Call(word.clone(), args.iter().map(|a| self.arg_value(a, None)).collect())
            }
            syntax::Value::Tuple(list, _) => ArgValue::Tuple(list.iter().map(|a| self.arg_value(a, None)).collect()),
            syntax::Value::List(list, _) => ArgValue::List(list.iter().map(|a| self.arg_value(a, None)).collect()),
            syntax::Value::Path(path) if name.is_some_and(|n| n == "weight") => self.tie(path),
            syntax::Value::Path(path) => ArgValue::Path(path.clone()),
        }
    }

    /// `weight = layer`: the path of that layer's `weight`.
    fn tie(&mut self, path: &[Ident]) -> ArgValue {
        let Some(first) = path.first() else { return ArgValue::Broken };
        let name = first.to_string();
        let Some(base) = self.lookup(&name).and_then(|n| n.layer.as_ref().map(|(_, _, at)| at.clone())) else {
            let known: Vec<String> = self.frames.iter().flat_map(|f| f.names.keys().cloned()).collect();
            let hint = did_you_mean(&name, known.iter().map(String::as_str), "name a layer above whose weight is shared");
            self.errors.error(first.span(), format!("there is no layer `{name}` to share a weight with{hint}"));
            return ArgValue::Broken;
        };
        let mut full = base;
        for part in &path[1..] {
            full.push('.');
            full.push_str(&part.to_string());
        }
        ArgValue::Param(format!("{full}.weight"))
    }

    fn loss(&mut self) {
        let last = self.model.layers.last();
        let named = last.and_then(|l| l.name.as_ref());
        if let Some(early) = self.model.layers.iter().rev().skip(1).find(|l| l.name.as_ref().is_some_and(|n| n.text == "loss")) {
            self.errors.error(early.span, "`loss` must be the last layer -- move it to the end");
            return;
        }
        match named {
            Some(name) if name.text == "loss" => {
                if let Some(checkpoint) = last.and_then(|l| l.marks.checkpoint.as_ref()) {
                    self.errors.error(checkpoint.span, "`checkpoint` means nothing on the loss, whose value is always kept -- remove it");
                }
                if let Some(span) = last.and_then(|l| l.marks.recompute) {
                    self.errors.error(span, "`recompute` means nothing on the loss, whose value is always kept -- remove it");
                }
                self.graph.loss = self.frame().names.get("loss").and_then(|n| n.value);
            }
            _ => {
                let name = &self.model.name;
                self.errors.error(name.span(), format!("`{name}` has no loss -- end it with `loss: CrossEntropy <- (…, …);` or another loss"));
            }
        }
    }

    fn outputs(&mut self) {
        let model = self.model;
        for output in &model.outputs {
            let source = syntax::Source { name: output.name.clone(), port: None };
            let Some(found) = self.source(&source) else { continue };
            if self.graph.values[found.value].on_target {
                self.errors.error(found.span, format!("the output `{}` depends on a target, which `forward` is not given -- name a layer before the loss", output.name));
                continue;
            }
            if self.graph.outputs.iter().any(|o| o.name == output.name.to_string()) {
                self.errors.error(found.span, format!("`{}` is an output twice -- remove one", output.name));
                continue;
            }
            self.graph.outputs.push(Output { name: output.name.to_string(), span: found.span, value: found.value, train: output.train });
        }
        if model.outputs.is_empty()
            && let Some(node) = self.graph.loss.and_then(|l| self.graph.values[l].node)
        {
            // The default output: what the loss reads first, looking through sums of losses.
            let mut source = self.graph.nodes[node].sources.first();
            while let Some(node) = source.and_then(|s| self.graph.values[s.value].node) {
                if !self.graph.values[self.graph.nodes[node].output].on_target {
                    break;
                }
                source = self.graph.nodes[node].sources.first();
            }
            if let Some(source) = source {
                let value = &self.graph.values[source.value];
                self.graph.outputs.push(Output { name: value.label.clone(), span: value.span, value: source.value, train: false });
            }
        }
    }

    fn check_all_read(&mut self) {
        let mut read = vec![false; self.graph.values.len()];
        for source in self.graph.nodes.iter().flat_map(|n| &n.sources) {
            read[source.value] = true;
        }
        for value in self.graph.outputs.iter().map(|o| o.value).chain(self.graph.loss) {
            read[value] = true;
        }
        if !self.errors.is_empty() {
            return; // a reader may be among what failed
        }
        for (value, read) in self.graph.values.iter().zip(read) {
            if !read {
                self.errors.error(value.span, format!("nobody reads `{}` -- remove it, or read it: `<- {}`", value.label, value.label));
            }
        }
    }
}

/// Where a line stands, and what is said of it.
struct Place<'a> {
    marks: &'a Marks,
    path: String,
    params_at: String,
    frozen: bool,
    label: String,
    span: Span,
}

/// What a scope's frame has besides what it takes from its parent.
#[derive(Default)]
struct FrameExtra<'a> {
    names: BTreeMap<String, Named<'a>>,
    vars: Option<Rc<Vars>>,
    uses: Option<Rc<Vec<(String, Span)>>>,
    iteration: Option<u64>,
    opaque: bool,
}

const NO_MARKS: &Marks = &Marks { checkpoint: None, recompute: None, frozen: None, train: None };

fn label(layer: &Layer) -> String {
    match (&layer.name, &layer.kind) {
        (Some(name), _) => format!("`{}`", name.text),
        (None, LayerKind::Use { kind, .. }) => format!("`{kind}`"),
        (None, LayerKind::Group { .. }) => String::from("this scope"),
        (None, LayerKind::Repeat { .. }) => String::from("`repeat`"),
        (None, LayerKind::Residual { .. }) => String::from("`residual`"),
    }
}

fn names_of(names: &[Ident]) -> String {
    names.iter().map(Ident::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether a layer of this name stands anywhere.
fn declared_later(layers: &[Layer], name: &str) -> bool {
    layers.iter().any(|layer| {
        layer.name.as_ref().is_some_and(|n| n.text == name)
            || match &layer.kind {
                LayerKind::Use { .. } => false,
                LayerKind::Group { body, .. } | LayerKind::Repeat { body, .. } => declared_later(body, name),
                LayerKind::Residual { body, shortcut, .. } => {
                    declared_later(body, name) || shortcut.as_ref().is_some_and(|s| declared_later(&s.body, name))
                }
            }
    })
}

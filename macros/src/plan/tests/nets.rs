//! Networks as planning sees them, built a layer at a time.

use crate::plan::lend::lend;
use crate::plan::problem::{
    Backward, Class, Extent, Node, NodeId, Over, ParamId, Problem, Segment, Size, Value, ValueId, time,
};

/// A network under construction.
#[derive(Default)]
pub(super) struct Net {
    pub(super) problem: Problem,
    /// Values that others see instead of one that is stored rounded, and that one.
    restored: Vec<(ValueId, ValueId)>,
}

/// What a layer is: see [`Node`].
#[derive(Default)]
pub(super) struct Layer<'a> {
    pub(super) reads: &'a [ValueId],
    /// Elements per sample of its value; 0 for a loss, which is one number for the whole batch.
    pub(super) size: u64,
    /// Scalars per sample of a statistic that its backward reads.
    pub(super) stat: u64,
    /// Its backward reads what it read.
    pub(super) needs_input: bool,
    /// The same, and does what forward does.
    pub(super) whole: bool,
    /// Its backward reads what it made.
    pub(super) needs_output: bool,
    pub(super) params: &'a [ParamId],
    /// Scalars per sample of scratch.
    pub(super) scratch: u64,
    /// Elements of parameters that its kernels round, if it has no other scratch.
    pub(super) rounded: u64,
    pub(super) epilogue: bool,
    /// Its value may be written over one that the node before it reads.
    pub(super) over: bool,
    pub(super) recompute: bool,
    pub(super) flops: u64,
    /// Its backward gives on the gradient that it reads as it is, and may write the last of them over it.
    pub(super) copies: bool,
}

fn per_sample(class: Class, elements: u64) -> Size {
    Size { class, extent: Extent::PerSample(elements) }
}

impl Net {
    pub(super) fn input(&mut self, class: Class, elements: u64) -> ValueId {
        let value = self.value(per_sample(class, elements), None);
        self.problem.inputs.push(value);
        value
    }

    pub(super) fn param(&mut self, elements: u64) -> ParamId {
        self.problem.params.push(Some(elements));
        self.problem.params.len() - 1
    }

    fn value(&mut self, size: Size, made_by: Option<NodeId>) -> ValueId {
        self.problem.values.push(Value { size, made_by, grad: false, host: false });
        self.problem.values.len() - 1
    }

    pub(super) fn nodes(&self) -> usize {
        self.problem.nodes.len()
    }

    /// Adds a layer and gives the value that others see.
    pub(super) fn layer(&mut self, layer: Layer<'_>) -> ValueId {
        let id = self.nodes();
        let size = match layer.size {
            0 => Size { class: Class::Scalar, extent: Extent::Fixed(1) },
            elements => per_sample(Class::Elem, elements),
        };
        let mut makes = vec![self.value(size, Some(id))];
        if layer.stat > 0 {
            makes.push(self.value(per_sample(Class::Scalar, layer.stat), Some(id)));
        }
        let mut reads: Vec<ValueId> = makes[1..].to_vec();
        if layer.needs_input || layer.whole {
            reads.extend(layer.reads);
        }
        if layer.needs_output {
            reads.push(makes[0]);
        }
        let rounded = Size { class: Class::Rounded, extent: Extent::Fixed(layer.rounded) };
        let scratch = match layer.scratch {
            0 => vec![rounded; usize::from(layer.rounded > 0)],
            scalars => vec![Size::scalars(scalars)],
        };
        let moved = layer.reads.iter().chain(&makes[..1]);
        let bytes = moved.map(|&value| self.problem.values[value].size.f32_bytes()).sum();
        self.problem.nodes.push(Node {
            reads: layer.reads.to_vec(),
            makes: makes.clone(),
            scratch: scratch.clone(),
            backward: Some(Backward {
                reads,
                params: layer.params.to_vec(),
                // Those that are wanted, once that is known.
                copies: if layer.copies { layer.reads.to_vec() } else { vec![] },
                over: layer.copies.then_some(Over::Grad),
                whole: layer.whole,
                scratch,
                ..Backward::default()
            }),
            epilogue: layer.epilogue,
            over: layer.over,
            recompute: layer.recompute,
            stored: false,
            restores: false,
            flops: layer.flops,
            time: time(layer.flops, bytes),
            passes: 2,
        });
        makes[0]
    }

    /// Stores a value rounded, and restores it: gives what its readers see instead of it.
    pub(super) fn rounded(&mut self, value: ValueId) -> ValueId {
        let size = self.problem.values[value].size;
        let stored = self.node_of(Size { class: Class::Half, ..size }, value, false);
        let restored = self.node_of(size, stored, true);
        if let Some(maker) = self.problem.values[value].made_by
            && let Some(backward) = &mut self.problem.nodes[maker].backward
        {
            backward.reads.iter_mut().filter(|read| **read == value).for_each(|read| *read = restored);
        }
        self.restored.push((restored, value));
        restored
    }

    fn node_of(&mut self, size: Size, read: ValueId, restores: bool) -> ValueId {
        let made = self.value(size, Some(self.nodes()));
        self.problem.nodes.push(Node {
            reads: vec![read],
            makes: vec![made],
            scratch: vec![],
            backward: None,
            epilogue: false,
            over: false,
            recompute: false,
            stored: false,
            restores,
            flops: 0,
            time: 6 * size.f32_bytes(),
            passes: 0,
        });
        made
    }

    /// What was added since the last stage is one.
    pub(super) fn stage(&mut self) {
        let start = self.problem.stages.last().map_or(0, |stage| stage.end);
        self.problem.stages.push(start..self.nodes());
    }

    pub(super) fn segment(&mut self, nodes: std::ops::Range<NodeId>) {
        self.problem.segments.push(Segment { nodes });
    }

    /// Cuts `nodes` after each of `ends`, and at the end.
    pub(super) fn cut(&mut self, nodes: std::ops::Range<NodeId>, ends: &[NodeId]) {
        let mut start = nodes.start;
        for &end in ends.iter().chain(&[nodes.end]) {
            self.segment(start..end);
            start = end;
        }
    }

    /// The finished problem: says which gradients are wanted, as the macro does.
    pub(super) fn loss(mut self, loss: ValueId) -> Problem {
        self.problem.loss = loss;
        let Problem { nodes, values, params, .. } = &mut self.problem;
        let first = |node: &Node| node.makes[0];
        let mut trained = vec![false; values.len()];
        for node in nodes.iter_mut() {
            let Some(backward) = &mut node.backward else { continue };
            backward.params.retain(|&param| params[param].is_some());
            let source = |value: &ValueId| {
                let restored = self.restored.iter().find(|(restored, _)| restored == value);
                restored.map_or(*value, |(_, source)| *source)
            };
            backward.grads = node.reads.iter().map(source).filter(|&value| trained[value]).collect();
            backward.grads.sort_unstable();
            backward.grads.dedup();
            backward.copies.retain(|value| backward.grads.contains(value));
            trained[node.makes[0]] = !(backward.params.is_empty() && backward.grads.is_empty());
            if !trained[node.makes[0]] {
                node.backward = None;
            }
        }
        let mut before_loss = vec![false; values.len()];
        before_loss[loss] = true;
        for node in nodes.iter().rev() {
            if before_loss[first(node)] {
                node.reads.iter().for_each(|&value| before_loss[value] = true);
            }
        }
        for (id, value) in values.iter_mut().enumerate() {
            value.grad = trained[id] && before_loss[id];
        }
        lend(&mut self.problem);
        self.problem
    }
}

// The layers of the networks below, as the library's ops describe themselves.
impl Net {
    pub(super) fn embedding(&mut self, ids: ValueId, tokens: u64, vocabulary: u64, width: u64) -> ValueId {
        let table = self.param(vocabulary * width);
        self.layer(Layer {
            reads: &[ids],
            size: tokens * width,
            needs_input: true,
            params: &[table],
            ..Layer::default()
        })
    }

    pub(super) fn linear(&mut self, x: ValueId, rows: u64, inputs: u64, outputs: u64) -> ValueId {
        let params = [self.param(inputs * outputs), self.param(outputs)];
        self.layer(Layer {
            reads: &[x],
            size: rows * outputs,
            needs_input: true,
            params: &params,
            rounded: inputs * outputs + outputs,
            flops: 2 * rows * inputs * outputs,
            ..Layer::default()
        })
    }

    pub(super) fn norm(&mut self, x: ValueId, rows: u64, width: u64) -> ValueId {
        let params = [self.param(width), self.param(width)];
        self.layer(Layer {
            reads: &[x],
            size: rows * width,
            stat: 2 * rows,
            needs_input: true,
            params: &params,
            flops: 8 * rows * width,
            ..Layer::default()
        })
    }

    pub(super) fn gelu(&mut self, x: ValueId, size: u64, recompute: bool) -> ValueId {
        let layer = Layer {
            reads: &[x],
            size,
            needs_input: true,
            epilogue: true,
            recompute,
            flops: 20 * size,
            ..Layer::default()
        };
        self.layer(layer)
    }

    pub(super) fn add(&mut self, a: ValueId, b: ValueId, size: u64) -> ValueId {
        self.layer(Layer { reads: &[a, b], size, flops: size, copies: true, ..Layer::default() })
    }

    pub(super) fn dropout(&mut self, x: ValueId, size: u64) -> ValueId {
        self.layer(Layer { reads: &[x], size, flops: size, ..Layer::default() })
    }

    pub(super) fn attention(&mut self, qkv: ValueId, tokens: u64, width: u64, heads: u64) -> ValueId {
        self.layer(Layer {
            reads: &[qkv],
            size: tokens * width,
            stat: tokens * heads,
            needs_input: true,
            needs_output: true,
            scratch: 64 * tokens,
            flops: 4 * tokens * tokens * width,
            ..Layer::default()
        })
    }

    pub(super) fn cross_entropy(&mut self, logits: ValueId, target: ValueId, rows: u64) -> ValueId {
        self.layer(Layer {
            reads: &[logits, target],
            size: 0,
            stat: rows,
            needs_input: true,
            ..Layer::default()
        })
    }
}

/// How a network is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    StoreAll,
    /// Every block is a segment.
    PerBlock,
    /// `#[recompute]` on the cheap layers.
    Selective,
    /// A boundary after every so many blocks.
    Every(usize),
    /// The same, and in each segment each block is one again.
    Nested(usize),
}

/// A GPT: embedding, `blocks` of attention and MLP, norm, head.
pub(super) fn gpt(blocks: usize, plan: Plan) -> Problem {
    let (tokens, width, heads, vocabulary) = (256, 384, 6, 256);
    let size = tokens * width;
    let mut net = Net::default();
    let (ids, next) = (net.input(Class::Index, tokens), net.input(Class::Index, tokens));
    let mut x = net.embedding(ids, tokens, vocabulary, width);
    net.stage();
    let first = net.nodes();
    let mut ends = Vec::new();
    for _ in 0..blocks {
        let normed = net.norm(x, tokens, width);
        let qkv = net.linear(normed, tokens, width, 3 * width);
        let mixed = net.attention(qkv, tokens, width, heads);
        let projected = net.linear(mixed, tokens, width, width);
        x = net.add(x, projected, size);
        let normed = net.norm(x, tokens, width);
        let up = net.linear(normed, tokens, width, 4 * width);
        let active = net.gelu(up, 4 * size, plan == Plan::Selective);
        let down = net.linear(active, tokens, 4 * width, width);
        let dropped = net.dropout(down, size);
        x = net.add(x, dropped, size);
        ends.push(net.nodes());
        net.stage();
    }
    mark(&mut net, first, &ends, plan);
    let normed = net.norm(x, tokens, width);
    net.stage();
    let logits = net.linear(normed, tokens, width, vocabulary);
    let loss = net.cross_entropy(logits, next, tokens);
    net.stage();
    net.loss(loss)
}

/// Marks blocks that begin at `first` and end at each of `ends`.
fn mark(net: &mut Net, first: NodeId, ends: &[NodeId], plan: Plan) {
    let Some(&last) = ends.last() else { return };
    let each: Vec<NodeId> = match plan {
        Plan::StoreAll | Plan::Selective => return,
        Plan::PerBlock => ends.to_vec(),
        Plan::Every(k) | Plan::Nested(k) => ends.iter().copied().skip(k - 1).step_by(k).collect(),
    };
    let inner: Vec<NodeId> = each.into_iter().filter(|&end| end != last).collect();
    net.cut(first..last, &inner);
    if let Plan::Nested(_) = plan {
        net.cut(first..last, &ends[..ends.len() - 1]);
    }
}

/// A multi-layer perceptron of `widths`, with an activation behind each Linear but the last.
pub(super) fn mlp(widths: &[u64], plan: Plan) -> Problem {
    let mut net = Net::default();
    let (mut x, target) = (net.input(Class::Elem, widths[0]), net.input(Class::Index, 1));
    let mut ends = Vec::new();
    for pair in widths.windows(2) {
        x = net.linear(x, 1, pair[0], pair[1]);
        if ends.len() + 2 < widths.len() {
            x = net.gelu(x, pair[1], plan == Plan::Selective);
        }
        ends.push(net.nodes());
    }
    mark(&mut net, 0, &ends, plan);
    let loss = net.cross_entropy(x, target, 1);
    net.loss(loss)
}

/// A residual network: in each block two Linear layers on a branch, every third block twice as wide.
pub(super) fn residual(blocks: u64) -> Problem {
    let mut net = Net::default();
    let (mut x, target) = (net.input(Class::Elem, 4096), net.input(Class::Index, 1));
    for block in 0..blocks {
        let rows = 256 >> (block / 3);
        let width = 4096 / rows;
        let inner = net.linear(x, rows, width, 2 * width);
        let active = net.gelu(inner, 2 * rows * width, false);
        let branch = net.linear(active, rows, 2 * width, width);
        x = net.add(x, branch, rows * width);
        net.stage();
    }
    let logits = net.linear(x, 1, 4096, 10);
    let loss = net.cross_entropy(logits, target, 1);
    net.stage();
    net.loss(loss)
}

/// A U-net of `depth` levels: what goes down at each level is read again on the way up.
pub(super) fn unet(depth: u32, plan: Plan) -> Problem {
    let mut net = Net::default();
    let size = |level: u32| (64 * 1024) >> level;
    let (mut x, target) = (net.input(Class::Elem, size(0)), net.input(Class::Elem, size(0)));
    let (mut ends, mut skips) = (Vec::new(), Vec::new());
    let down = (0..depth).map(|level| (level, true));
    for (level, goes_down) in down.chain((0..depth).rev().map(|level| (level, false))) {
        let size = size(level);
        if !goes_down && let Some(skip) = skips.pop() {
            x = net.layer(Layer { reads: &[x, skip], size: 2 * size, ..Layer::default() });
        }
        for _ in 0..2 {
            x = net.linear(x, size / 64, 64, 64);
            x = net.gelu(x, size, plan == Plan::Selective);
        }
        if goes_down {
            skips.push(x);
            x = net.layer(Layer { reads: &[x], size: size / 2, ..Layer::default() });
        }
        ends.push(net.nodes());
    }
    mark(&mut net, 0, &ends, plan);
    let loss = net.layer(Layer { reads: &[x, target], size: 0, needs_input: true, ..Layer::default() });
    net.loss(loss)
}

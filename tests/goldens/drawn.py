"""The networks of `tests/src/drawn.rs`, computed with PyTorch: reads the language of `model!`, as far as they
use it. What they are given is not in the goldens but counted out, the same way in `tests/src/golden.rs`.
"""

import os
import re

import torch
import torch.nn.functional as F

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../src/drawn.rs")
TOKEN = re.compile(r"<-|[A-Za-z_]\w*|-?[\d.]+|\S")
# Those that draw random numbers in training: only what they give in evaluation can be compared.
RANDOM = re.compile(r"dropout_\d+")


def counted(case, name, count):
    """Numbers from 0 to 4095 that only these names decide: a linear congruential generator from their hash."""
    state = 2166136261
    for byte in f"{case} {name}".encode():
        state = (state ^ byte) * 16777619 % 2**32
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        yield state >> 20


def reals(case, name, shape):
    """Numbers of few bits: inputs are positive and targets negative, so that what the samples make of a gradient
    adds up instead of cancelling, and parameters are between -1 and 1.
    """
    numbers = counted(case, name, torch.Size(shape).numel())
    of = {"x": lambda n: n + 1, "y": lambda n: -n}.get("" if "." in name else name[0], lambda n: n - 2048)
    return torch.tensor([of(n) / 2048 for n in numbers]).reshape(shape)


class Tokens:
    def __init__(self, text):
        self.rest = TOKEN.findall(text)[::-1]

    def next(self):
        return self.rest.pop()

    def at(self, token):
        """Takes `token` if it is next."""
        found = bool(self.rest) and self.rest[-1] == token
        if found:
            self.rest.pop()
        return found

    def separated(self, end, item):
        """What `item` reads, up to `end`."""
        items = []
        while not self.at(end):
            items.append(item())
            self.at(",")
        return items


def value(tokens):
    """A number, a word, a list, or an initialisation, which plays no part."""
    token = tokens.next()
    if token in "([":
        return tokens.separated(")" if token == "(" else "]", lambda: value(tokens))
    if re.match(r"-?\d", token):
        return float(token) if "." in token else int(token)
    if tokens.at("("):
        tokens.separated(")", lambda: value(tokens))
    return token


def argument(tokens):
    """A name or None, and a value."""
    found = value(tokens)
    return (found, value(tokens)) if tokens.at("=") else (None, found)


def statement(tokens):
    """(name, frozen, kind or scope, arguments, sources)"""
    frozen = tokens.at("#")
    if frozen:
        tokens.separated("]", tokens.next)
    name, kind = None, tokens.next()
    if tokens.at(":"):
        name, kind = kind, tokens.next()
    if kind == "{":
        return name, frozen, tokens.separated("}", lambda: statement(tokens)), [], []
    args = tokens.separated(")", lambda: argument(tokens)) if tokens.at("(") else []
    sources = []
    if tokens.at("<-"):
        sources = tokens.separated(")", tokens.next) if tokens.at("(") else [tokens.next()]
    tokens.at(";")
    return name, frozen, kind, args, sources


class Args:
    """The arguments of a layer: by name, else those without one in this order."""

    def __init__(self, args, *order):
        self.named = {name: value for name, value in args if name}
        self.plain = [value for name, value in args if not name]
        self.order = [name for name in order if name not in self.named]

    def get(self, name, default=None):
        if name in self.named:
            return self.named[name]
        place = self.order.index(name) if name in self.order else len(self.plain)
        return self.plain[place] if place < len(self.plain) else default

    def flag(self, name):
        return self.get(name, "true") == "true"

    def list(self, name):
        found = self.named.get(name, self.plain)
        found = found if isinstance(found, list) else [found]
        return found[0] if found and isinstance(found[0], list) else found


def axis(dim):
    """Counted with the batch."""
    return dim + 1 if dim >= 0 else dim


def attention(xs, heads, causal):
    q, k, v = xs[0].chunk(3, dim=-1) if len(xs) == 1 else xs
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).flatten(2)


def cut(x, dim, start, end):
    return x.movedim(dim, 0)[start:end].movedim(0, dim)


def cross_entropy(x, target, smoothing, ignored):
    # Without one, a class that no target is.
    ignored = -100 if ignored is None else ignored
    x, target = x.flatten(0, -2), target.flatten()
    return F.cross_entropy(x, target, label_smoothing=smoothing, ignore_index=ignored)


PLAIN = {
    "Relu": F.relu, "Silu": F.silu, "Sigmoid": torch.sigmoid, "Tanh": torch.tanh,
    "Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Mse": F.mse_loss,
    "Dropout": lambda x: x,
}


class Network:
    """A network of the table, whose parameters come into being where it needs them."""

    def __init__(self, case, ports, layers):
        self.case, self.ports, self.layers = case, ports, layers
        self.parameters = {}

    def loss(self):
        data = {}
        for name, (dtype, shape, limit) in self.ports.items():
            if dtype == "f32":
                data[name] = reals(self.case, name, shape)
            else:
                ids = [n % limit for n in counted(self.case, name, torch.Size(shape).numel())]
                data[name] = torch.tensor(ids).reshape(shape)
        return self.scope("", self.layers, data, None)

    def scope(self, prefix, layers, values, last):
        """Its last value: it starts with the values around it, and `last` of them."""
        values, known = dict(values), {}
        for name, frozen, kind, args, sources in layers:
            xs = [values[source] for source in sources] or [last]
            # A layer that is named instead of a kind is applied again.
            path, frozen, kind, args = known.get(str(kind), (f"{prefix}{name}", frozen, kind, args))
            known.setdefault(name, (path, frozen, kind, args))
            if isinstance(kind, list):
                last = self.scope(f"{path}.", kind, values, xs[0])
            else:
                last = self.layer(path, frozen, kind, args, xs)
            values[name] = last
        return last

    def parameter(self, path, name, shape, frozen, tied=None):
        path = f"{path if tied is None else path.rpartition('.')[0] + '.' + tied}.{name}"
        if path not in self.parameters:
            self.parameters[path] = reals(self.case, path, shape).requires_grad_(not frozen)
        return self.parameters[path]

    def layer(self, path, frozen, kind, args, xs):
        x = xs[0]
        get = lambda name, default, *order: Args(args, *order).get(name, default)
        weight = lambda *shape: self.parameter(path, "weight", shape, frozen, Args(args).get("weight"))
        bias = lambda *shape: self.parameter(path, "bias", shape, frozen) if Args(args).flag("bias") else None
        match kind:
            case "Gelu":
                return F.gelu(x, approximate=get("approximate", "none", "approximate"))
            case "Linear":
                outputs = get("out_features", None, "out_features")
                return F.linear(x, weight(outputs, x.shape[-1]), bias(outputs))
            case "Embedding":
                names = "num_embeddings", "embedding_dim"
                return F.embedding(x, weight(*(get(name, None, *names) for name in names)))
            case "PositionEmbedding":
                rows = get("num_positions", None, "num_positions")
                return x + weight(rows, x.shape[-1])[: x.shape[-2]]
            case "LayerNorm":
                shape = Args(args).list("normalized_shape") or [x.shape[-1]]
                affine = Args(args).flag("elementwise_affine")
                scale = (weight(*shape), bias(*shape)) if affine else (None, None)
                return F.layer_norm(x, shape, *scale, eps=get("eps", 1e-5))
            case "Parameter":
                shape = Args(args).list("shape")
                return weight(*shape).expand(BATCH, *shape)
            case "Softmax":
                return torch.softmax(x, axis(get("dim", -1, "dim")))
            case "Mean":
                return x.mean(axis(get("dim", None, "dim")))
            case "Attention" | "CausalAttention":
                return attention(xs, get("heads", None, "heads"), kind == "CausalAttention")
            case "Concat":
                return torch.cat(xs, axis(get("dim", 0, "dim")))
            case "Slice":
                order = "dim", "start", "end"
                return cut(x, axis(get("dim", 0, *order)), get("start", 0, *order), get("end", None, *order))
            case "Reshape":
                return x.reshape(BATCH, *Args(args).list("shape"))
            case "Flatten" if x.dim() == 1:
                return x.reshape(BATCH, 1)
            case "Flatten":
                order = "start_dim", "end_dim"
                return x.flatten(axis(get("start_dim", 0, *order)), axis(get("end_dim", -1, *order)))
            case "Transpose":
                order = "dim0", "dim1"
                return x.transpose(axis(get("dim0", -2, *order)), axis(get("dim1", -1, *order)))
            case "CrossEntropy":
                return cross_entropy(*xs, get("label_smoothing", 0.0), get("ignore_index", None))
            case "Sum":
                weights = Args(args).list("weights") or [1.0] * len(xs)
                return sum(weight * x for weight, x in zip(weights, xs, strict=True))
        return PLAIN[kind](*xs)


BATCH = 3
PORT = re.compile(r"(?:input|target) (\w+): (\w+)(?:\[([\d, ]*)\])?(?: < (\d+))?;")
NETWORK = re.compile(r"^ {4}(\w+) \(([^\n]*)\) \{$(.*?)^ {4}\}$", re.MULTILINE | re.DOTALL)


def networks():
    """All networks of the table, by name."""
    with open(TABLE) as f:
        text = f.read()
    for case, ports, layers in NETWORK.findall(text):
        shapes = {}
        for name, dtype, dims, limit in PORT.findall(ports):
            dims = [int(n) for n in dims.split(",") if n.strip()]
            shapes[name] = dtype, (BATCH, *dims), int(limit or 0)
        tokens = Tokens(layers + "}")
        yield Network(case, shapes, tokens.separated("}", lambda: statement(tokens)))

"""Every layer with every combination of its arguments, as `tests/src/ops.rs` declares them.

`LAYERS[name]` is a function that makes the network, and the shapes of what it is given.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

LAYERS = {}
# Those that draw random numbers in training: only what they give in evaluation can be compared.
RANDOM = ("dropout", "dropout_rare")


class Parameter(nn.Module):
    """The layer `Parameter`: a tensor that is the same for every sample."""

    def __init__(self, *shape, frozen=False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape))

    def forward(self):
        return self.weight


class Function(nn.Module):
    """A layer without parameters."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class PositionEmbedding(nn.Module):
    """Adds row t of a learned table to position t."""

    def __init__(self, n, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n, dim))

    def forward(self, x):
        return x + self.weight[: x.shape[-2]]


def attention(q, k, v, heads, causal=False):
    """[batch, T, D], [batch, S, D] and [batch, S, D] to [batch, T, D]."""
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).flatten(2)


def packed_attention(qkv, heads, causal=False):
    """[batch, T, 3 D] to [batch, T, D]."""
    return attention(*qkv.chunk(3, dim=-1), heads, causal)


class Net(nn.Module):
    """Named layers, and a function from them and what is given to the loss."""

    def __init__(self, loss, frozen=(), **layers):
        super().__init__()
        self.loss = loss
        for name, layer in layers.items():
            setattr(self, name, layer)
        for name in frozen:
            getattr(self, name).requires_grad_(False)

    def forward(self, **given):
        return self.loss(self, **given)


def layer(name, ports, loss, frozen=(), **layers):
    """Adds a case; `layers` are functions that make them."""
    LAYERS[name] = (lambda: Net(loss, frozen, **{n: make() for n, make in layers.items()}), ports)


def ids(limit, *shape):
    return {"below": limit, "shape": shape}


def alone(name, start, end, make):
    """The form `[…] to […] Layer(…)`."""
    loss = lambda net, x, y: F.mse_loss(net.op(x * net.p()), y)
    layer(name, {"x": start, "y": end}, loss, p=partial(Parameter, *start), op=make)


def function(name, start, end, f):
    alone(name, start, end, lambda: Function(f))


def linear(inputs, outputs, bias=True):
    return lambda: nn.Linear(inputs, outputs, bias)


# Linear ------------------------------------------------------------------------------------------------

alone("linear", (3, 6), (3, 5), linear(6, 5))
alone("linear_without_bias", (2, 9), (2, 17), linear(9, 17, False))
alone("linear_of_a_vector", (19,), (7,), linear(19, 7))
layer(
    "linear_of_an_input", {"x": (3, 4), "y": (3, 5)},
    lambda net, x, y: F.mse_loss(net.op(x), y),
    op=linear(4, 5),
)


def tied():
    net = Net(lambda net, x, y: F.mse_loss(net.op(net.one(x)), y), one=nn.Linear(5, 5), op=nn.Linear(5, 5))
    net.op.weight = net.one.weight
    return net


LAYERS["linear_tied"] = (tied, {"x": (5,), "y": (5,)})
layer(
    "linear_frozen", {"x": (3, 6), "y": (3, 5)},
    lambda net, x, y: F.mse_loss(net.op(x * net.p()), y),
    frozen=("op",), p=partial(Parameter, 3, 6), op=linear(6, 5),
)


def fused(name, f):
    layer(
        name, {"x": (3, 9), "y": (3, 9)},
        lambda net, x, y: F.mse_loss(net.side(f(net.op(x))), y),
        op=linear(9, 9), side=linear(9, 9),
    )


gelu_tanh = partial(F.gelu, approximate="tanh")
fused("linear_relu", F.relu)
fused("linear_gelu", F.gelu)
fused("linear_gelu_tanh", gelu_tanh)
fused("linear_silu", F.silu)
fused("linear_sigmoid", torch.sigmoid)
fused("linear_tanh", torch.tanh)

# Embeddings --------------------------------------------------------------------------------------------


def embedding(name, given, end, vocab, dim):
    loss = lambda net, ids, y: F.mse_loss(net.op(ids), y)
    layer(name, {"ids": given, "y": end}, loss, op=partial(nn.Embedding, vocab, dim))


embedding("embedding", ids(5, 6), (6, 3), 5, 3)
embedding("embedding_of_one", ids(5), (9,), 5, 9)
embedding("embedding_of_a_grid", ids(4, 2, 3), (2, 3, 5), 4, 5)
alone("position_embedding", (4, 5), (4, 5), lambda: PositionEmbedding(4, 5))
alone("position_embedding_of_fewer", (4, 9), (4, 9), lambda: PositionEmbedding(7, 9))

# LayerNorm ---------------------------------------------------------------------------------------------

alone("layer_norm", (3, 11), (3, 11), lambda: nn.LayerNorm(11))
alone("layer_norm_without_bias", (3, 11), (3, 11), lambda: nn.LayerNorm(11, bias=False))
alone("layer_norm_plain", (3, 11), (3, 11), lambda: nn.LayerNorm(11, elementwise_affine=False))
alone("layer_norm_eps", (3, 5), (3, 5), lambda: nn.LayerNorm(5, eps=0.1))
alone("layer_norm_of_two_axes", (2, 3, 5), (2, 3, 5), lambda: nn.LayerNorm((3, 5)))
alone("layer_norm_of_all_axes", (3, 7), (3, 7), lambda: nn.LayerNorm((3, 7), bias=False))

# Functions ---------------------------------------------------------------------------------------------

for name, f in {
    "relu": F.relu, "gelu": F.gelu, "gelu_tanh": gelu_tanh, "silu": F.silu,
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "dropout_never": lambda x: x,
}.items():
    function(name, (3, 7), (3, 7), f)
alone("dropout", (3, 7), (3, 7), nn.Dropout)
alone("dropout_rare", (3, 7), (3, 7), lambda: nn.Dropout(0.1))
function("softmax", (2, 3, 9), (2, 3, 9), partial(torch.softmax, dim=-1))
function("softmax_first", (4, 3, 2), (4, 3, 2), partial(torch.softmax, dim=1))
function("softmax_middle", (2, 5, 3), (2, 5, 3), partial(torch.softmax, dim=-2))
layer(
    "dropout_frozen", {"x": (7,), "y": (7,)},
    lambda net, x, y: F.mse_loss(net.op(x * net.p()), y),
    p=partial(Parameter, 7), op=linear(7, 7),
)

# Attention ---------------------------------------------------------------------------------------------

function("attention", (5, 12), (5, 4), partial(packed_attention, heads=2))
function("attention_of_one_head", (4, 15), (4, 5), partial(packed_attention, heads=1))
function("causal_attention", (5, 12), (5, 4), partial(packed_attention, heads=2, causal=True))
layer(
    "attention_across", {"a": (3, 6), "b": (5, 6), "c": (5, 6), "y": (3, 6)},
    lambda net, a, b, c, y: F.mse_loss(attention(a * net.p(), b * net.r(), c * net.s(), 3), y),
    p=partial(Parameter, 3, 6), r=partial(Parameter, 5, 6), s=partial(Parameter, 5, 6),
)
layer(
    "attention_of_itself", {"x": (4, 6), "y": (4, 6)},
    lambda net, x, y: F.mse_loss(attention(*[x * net.p()] * 3, 2), y),
    p=partial(Parameter, 4, 6),
)
layer(
    "causal_attention_across", {"a": (5, 6), "b": (5, 6), "y": (5, 6)},
    lambda net, a, b, y: F.mse_loss(attention(a * net.p(), b * net.r(), net.v(b), 2, causal=True), y),
    p=partial(Parameter, 5, 6), r=partial(Parameter, 5, 6), v=linear(6, 6),
)

# Arithmetic --------------------------------------------------------------------------------------------


def both(name, f):
    layer(
        name, {"a": (2, 9), "b": (2, 9), "y": (2, 9)},
        lambda net, a, b, y: F.mse_loss(f(a * net.p(), b * net.r()), y),
        p=partial(Parameter, 2, 9), r=partial(Parameter, 2, 9),
    )


def itself(name, f):
    def loss(net, x, y):
        at = x * net.p()
        return F.mse_loss(f(at, at) + at, y)

    layer(name, {"x": (2, 9), "y": (2, 9)}, loss, p=partial(Parameter, 2, 9))


both("add", torch.add)
both("sub", torch.sub)
both("mul", torch.mul)
itself("add_to_itself", torch.add)
itself("sub_from_itself", torch.sub)
itself("mul_by_itself", torch.mul)

# Movement ----------------------------------------------------------------------------------------------

layer(
    "concat", {"a": (2, 3), "b": (4, 3), "y": (6, 3)},
    lambda net, a, b, y: F.mse_loss(torch.cat((a * net.p(), b * net.r()), 1), y),
    p=partial(Parameter, 2, 3), r=partial(Parameter, 4, 3),
)
layer(
    "concat_last", {"a": (2, 3), "b": (2, 5), "c": (2, 1), "y": (2, 9)},
    lambda net, a, b, c, y: F.mse_loss(torch.cat((a * net.p(), b * net.r(), c * net.s()), -1), y),
    p=partial(Parameter, 2, 3), r=partial(Parameter, 2, 5), s=partial(Parameter, 2, 1),
)
layer(
    "concat_with_an_input", {"a": (2, 3, 2), "b": (2, 2, 2), "y": (2, 5, 2)},
    lambda net, a, b, y: F.mse_loss(torch.cat((a * net.p(), b), 2), y),
    p=partial(Parameter, 2, 3, 2),
)
layer(
    "concat_with_itself", {"x": (3, 2), "y": (3, 6)},
    lambda net, x, y: F.mse_loss(torch.cat((x * net.p(), x, x * net.p()), 2), y),
    p=partial(Parameter, 3, 2),
)
function("slice", (5, 3), (2, 3), lambda x: x[:, 1:3])
function("slice_from", (2, 6, 3), (2, 4, 3), lambda x: x[:, :, 2:])
function("slice_to", (3, 7), (3, 6), lambda x: x[..., :-1])
function("reshape", (4, 6), (2, 12), lambda x: x.reshape(-1, 2, 12))
function("reshape_the_rest", (4, 6), (2, 4, 3), lambda x: x.reshape(-1, 2, 4, 3))
function("flatten", (2, 3, 4), (24,), lambda x: x.flatten(1))
function("flatten_from", (2, 3, 4), (2, 12), lambda x: x.flatten(2))
function("flatten_to", (2, 3, 4), (6, 4), lambda x: x.flatten(1, 2))
function("transpose", (2, 3, 4), (2, 4, 3), lambda x: x.transpose(-2, -1))
function("transpose_first", (2, 3, 4), (3, 2, 4), lambda x: x.transpose(1, 2))
function("transpose_ends", (2, 3, 4), (4, 3, 2), lambda x: x.transpose(1, 3))
function("mean", (3, 7), (3,), lambda x: x.mean(-1))
function("mean_first", (3, 7), (7,), lambda x: x.mean(1))
function("mean_middle", (2, 5, 3), (2, 3), lambda x: x.mean(2))
function("mean_of_a_vector", (9,), (), lambda x: x.mean(1))
layer(
    "parameter", {"x": (2, 9), "y": (2, 9)},
    lambda net, x, y: F.mse_loss(net.op() + x, y),
    op=partial(Parameter, 2, 9),
)

# Losses ------------------------------------------------------------------------------------------------


def cross_entropy(name, classes, *positions, **args):
    def loss(net, x, y):
        logits = x * net.p()
        return F.cross_entropy(logits.flatten(0, -2), y.flatten(), **args)

    shape = (*positions, classes)
    layer(name, {"x": shape, "y": ids(classes, *positions)}, loss, p=partial(Parameter, *shape))


cross_entropy("cross_entropy", 9)
cross_entropy("cross_entropy_of_positions", 5, 4)
cross_entropy("cross_entropy_of_a_grid", 5, 2, 3)
cross_entropy("cross_entropy_smoothed", 7, 3, label_smoothing=0.1)
cross_entropy("cross_entropy_ignoring", 5, 4, ignore_index=2)
cross_entropy("cross_entropy_smoothed_ignoring", 5, 4, label_smoothing=0.2, ignore_index=0)
layer(
    "mse_of_a_number", {"x": (3,), "y": ()},
    lambda net, x, y: F.mse_loss((x * net.p()).mean(1), y),
    p=partial(Parameter, 3),
)
layer(
    "mse_to_a_computed_target", {"a": (9,), "b": (9,)},
    lambda net, a, b: F.mse_loss(a * net.p(), b * net.r()),
    p=partial(Parameter, 9), r=partial(Parameter, 9),
)
layer(
    "mse_to_a_trained_target", {"a": (9,), "b": (9,)},
    lambda net, a, b: F.mse_loss(a, b * net.r()),
    r=partial(Parameter, 9),
)


def sums(name, weigh, z=(5,)):
    def loss(net, x, y, z):
        at = x * net.p()
        second = F.mse_loss(at, z) if z.is_floating_point() else F.cross_entropy(at, z)
        return weigh(F.mse_loss(at, y), second)

    layer(name, {"x": (5,), "y": (5,), "z": z}, loss, p=partial(Parameter, 5))


sums("sum", lambda one, two: one + two + one)
sums("sum_weighted", lambda one, two: 1.5 * one - 0.25 * two, z=ids(5))
sums("sum_of_sums", lambda one, two: 2 * (0.5 * one) + 3 * two + one)

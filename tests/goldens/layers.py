"""What PyTorch has not, for the networks."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

gelu_tanh = partial(F.gelu, approximate="tanh")


class Parameter(nn.Module):
    """The layer `Parameter`: a tensor that is the same for every sample."""

    def __init__(self, *shape, frozen=False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape))

    def forward(self):
        return self.weight


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


def ids(limit, *shape):
    return {"below": limit, "shape": shape}

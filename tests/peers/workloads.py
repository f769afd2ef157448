"""W1, W2 and W3 of benches/workloads.rs in PyTorch: f32, eager, forward and backward.

usage: python workloads.py {W1|W2|W2-every-8|W3|W3-every-block} THREADS STEPS
Prints a line of JSON: the median, least and most milliseconds of a step, and the growth of resident memory.
"""

import json
import os
import sys
import time

name, threads, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.environ["OMP_NUM_THREADS"] = str(threads)

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

torch.set_num_threads(threads)
torch.manual_seed(0)


def run(part, *args):
    """A checkpointed part, as PyTorch recommends it."""
    return checkpoint(part, *args, use_reentrant=False, preserve_rng_state=False)


class Mlp(nn.Module):
    def __init__(self, sizes, every=0):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.every = every or len(self.layers)
        self.checkpointed = every > 0

    def part(self, x, first, end):
        for i in range(first, end):
            x = self.layers[i](x)
            if i + 1 < len(self.layers):
                x = F.relu(x)
        return x

    def forward(self, x, y):
        for first in range(0, len(self.layers), self.every):
            end = min(first + self.every, len(self.layers))
            x = run(self.part, x, first, end) if self.checkpointed else self.part(x, first, end)
        return F.cross_entropy(x, y)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (p.view(b, t, self.heads, -1).transpose(1, 2) for p in self.qkv(self.ln_1(x)).split(d, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, d)
        x = x + self.proj(y)
        return x + self.down(F.gelu(self.up(self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, checkpointed, vocab=65, t=256, layers=6, heads=6, width=384):
        super().__init__()
        self.embed, self.pos = nn.Embedding(vocab, width), nn.Parameter(0.02 * torch.randn(t, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)
        self.checkpointed = checkpointed

    def forward(self, x, y):
        x = self.embed(x) + self.pos
        for block in self.blocks:
            x = run(block, x) if self.checkpointed else block(x)
        return F.cross_entropy(self.head(self.norm(x)).flatten(0, 1), y.flatten())


def workload():
    if name == "W1":
        return Mlp([784] + [1024] * 4 + [10]), torch.randn(128, 784), torch.randint(0, 10, (128,))
    if name.startswith("W2"):
        every = 8 if name.endswith("every-8") else 0
        return Mlp([256] * 65, every), torch.randn(512, 256), torch.randint(0, 256, (512,))
    tokens = torch.randint(0, 65, (2, 8, 256))
    return Gpt(name.endswith("every-block")), tokens[0], tokens[1]


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak_resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


model, x, y = workload()


def step():
    for parameter in model.parameters():
        parameter.grad = None
    loss = model(x, y)
    loss.backward()
    return loss


before = resident()
for _ in range(3):
    step()
times = []
for _ in range(steps):
    start = time.perf_counter()
    loss = step()
    times.append((time.perf_counter() - start) * 1e3)
times.sort()
result = {
    "run": name,
    "threads": threads,
    "ms": round(times[len(times) // 2], 2),
    "min": round(times[0], 2),
    "max": round(times[-1], 2),
    "growth_MiB": round((peak_resident() - before) / 2**20, 1),
    "loss": round(loss.item(), 4),
}
print(json.dumps(result))

"""What PyTorch's optimizers do to three small parameters in ten steps.

python3 optim.py > optim.txt        # torch 2.15, numpy 2.4

The file is read by ../goldens.rs, which makes the same optimizers under the same names. Parameters
and gradients are numbers of f32, so that both types start from the same; every number is written
so that it is read back exactly.
"""

import numpy as np
import torch

STEPS = 10
SHOWN = (1, 2, 10)
SHAPES = {"embed.weight": (3, 7), "norm.weight": (4,), "fc.bias": (3,)}

random = np.random.default_rng(2026)


def numbers(shape, scale):
    return (scale * random.standard_normal(shape)).astype(np.float32)


START = {name: numbers(shape, 0.5) for name, shape in SHAPES.items()}
# Gradients of many sizes, and some that are zero.
GRADS = [
    {
        name: numbers(shape, 1.0)
        * np.float32(10.0) ** random.integers(-3, 2, shape).astype(np.float32)
        * (random.random(shape) > 0.1)
        for name, shape in SHAPES.items()
    }
    for _ in range(STEPS)
]


def groups(params, lr):
    """No decay on the norm and the bias; a tenth of the rate on the rest."""
    return [
        {"params": [params["norm.weight"], params["fc.bias"]], "weight_decay": 0.0},
        {"params": [params["embed.weight"]], "lr": 0.1 * lr},
    ]


def plain(params, lr):
    return list(params.values())


# name: optimizer, groups, learning rate, other arguments
CASES = {
    "sgd": (torch.optim.SGD, plain, 0.1, {}),
    "sgd-defaults": (torch.optim.SGD, plain, None, {}),
    "sgd-decay": (torch.optim.SGD, plain, 0.1, {"weight_decay": 0.2}),
    "sgd-momentum": (torch.optim.SGD, plain, 0.1, {"momentum": 0.9}),
    "sgd-dampening": (torch.optim.SGD, plain, 0.1, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.2}),
    "sgd-nesterov": (torch.optim.SGD, plain, 0.1, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.2}),
    "sgd-groups": (torch.optim.SGD, groups, 0.1, {"momentum": 0.9, "weight_decay": 0.2}),
    "adam": (torch.optim.Adam, plain, None, {}),
    "adam-decay": (torch.optim.Adam, plain, 0.1, {"weight_decay": 0.2}),
    "adam-betas": (torch.optim.Adam, plain, 0.1, {"betas": (0.3, 0.5), "eps": 1e-3}),
    "adam-no-memory": (torch.optim.Adam, plain, 0.1, {"betas": (0.0, 0.0)}),
    "adamw": (torch.optim.AdamW, plain, None, {}),
    "adamw-decay": (torch.optim.AdamW, plain, 0.1, {"weight_decay": 0.2}),
    "adamw-groups": (torch.optim.AdamW, groups, 0.1, {"weight_decay": 0.2}),
    "adamw-clipped": (torch.optim.AdamW, plain, 0.1, {}),
    "adamw-schedule": (torch.optim.AdamW, groups, 0.1, {}),
}


def line(*words, values):
    print(*words, *(repr(float(v)) for v in values.reshape(-1).tolist()))


def run(name, dtype):
    kind, grouping, lr, arguments = CASES[name]
    params = {n: torch.tensor(v, dtype=dtype, requires_grad=True) for n, v in START.items()}
    if lr is not None:
        arguments = {**arguments, "lr": lr}
    opt = kind(grouping(params, lr), **arguments)
    for step, grads in enumerate(GRADS, 1):
        for n, p in params.items():
            p.grad = torch.tensor(grads[n], dtype=dtype)
        if name == "adamw-clipped":
            torch.nn.utils.clip_grad_norm_(params.values(), 5.0)
        if name == "adamw-schedule" and step > 5:
            for group in opt.param_groups:
                group["lr"] = group["lr"] * 0.5
        opt.step()
        if step in SHOWN:
            for n, p in params.items():
                line("after", name, str(dtype)[len("torch.float") :], step, n, values=p.detach())


for n, v in START.items():
    line("start", n, values=v)
for step, grads in enumerate(GRADS, 1):
    for n, v in grads.items():
        line("grad", step, n, values=v)
for name in CASES:
    for dtype in (torch.float64, torch.float32):
        run(name, dtype)

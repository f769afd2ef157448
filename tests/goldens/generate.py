"""Writes drawn.txt and one file for each network, with PyTorch: inputs, parameters, the loss, and
the gradient of every parameter, in float32 on the CPU. For some networks also the parameters after AdamW.
Of the drawn networks, inputs and parameters are left out, as drawn.py says what they are, and gradients are in
base64: these are many.

    pip install torch numpy && python generate.py        (these were written by PyTorch 2.15)

The names of parameters are those of `state_dict`, and must be those of `model!`. Each file has a line for
each tensor: `<case> <what> <name> [<axes>]: <numbers>`, the numbers in the fewest digits that say which
float32 they are.
"""

import base64
import os
import sys

import numpy as np
import torch

import drawn
from networks import NETWORKS

BATCH = 3
ADAMW_STEPS = 5
# A large `eps`, so that a gradient which is rounding alone (as that of a bias before a softmax) does not
# become a whole step.
ADAMW = dict(lr=1e-2, betas=(0.9, 0.99), eps=1e-3, weight_decay=0.1)


def digits(number):
    plain = number == 0 or 1e-3 <= abs(number) < 1e6
    form = np.format_float_positional if plain else np.format_float_scientific
    return form(np.float32(number), unique=True, trim="-")


def line(case, what, name, tensor):
    axes = ",".join(str(n) for n in tensor.shape)
    numbers = tensor.detach().flatten().tolist()
    if tensor.dtype == torch.float32:
        numbers = [digits(n) for n in numbers]
    return f"{case} {what} {name} [{axes}]: " + " ".join(str(n) for n in numbers)


def packed_line(case, what, name, tensor):
    """The same in half as much room: the bytes of the numbers, in base64."""
    axes = ",".join(str(n) for n in tensor.shape)
    numbers = base64.b64encode(tensor.detach().numpy().astype("<f4").tobytes()).decode()
    return f"{case} {what} {name} [{axes}]: base64 {numbers}"


def lines(case, net, ports, adamw):
    """`ports` gives the shape of each input without the batch, with a limit if it holds ids."""
    data = {}
    for name, port in ports.items():
        if isinstance(port, tuple):
            data[name] = torch.randn(BATCH, *port)
        else:
            data[name] = torch.randint(0, port["below"], (BATCH, *port["shape"]))
    with torch.no_grad():
        for parameter in net.parameters():
            # No weight stays 1 and no bias 0.
            parameter.add_(0.2 * torch.randn(parameter.shape))
    out = [line(case, "given", name, x) for name, x in data.items()]
    out += [line(case, "param", name, p) for name, p in net.named_parameters()]
    loss = net(**data)
    loss.backward()
    out.append(line(case, "loss", "loss", loss))
    trained = [(name, p) for name, p in net.named_parameters() if p.requires_grad]
    out += [line(case, "grad", name, p.grad) for name, p in trained]
    if adamw:
        optimizer = torch.optim.AdamW([p for _, p in trained], **ADAMW)
        for _ in range(ADAMW_STEPS):
            optimizer.zero_grad()
            net(**data).backward()
            optimizer.step()
        out += [line(case, "after", name, p) for name, p in net.named_parameters()]
    return out


def drawn_lines(net):
    loss = net.loss()
    if drawn.RANDOM.fullmatch(net.case):
        return [line(net.case, "evaluated", "loss", loss)]
    loss.backward()
    trained = [(name, p) for name, p in net.parameters.items() if p.requires_grad]
    grads = [packed_line(net.case, "grad", name, p.grad) for name, p in trained]
    return [line(net.case, "loss", "loss", loss), *grads]


def write(path, parts):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), path), "w") as f:
        f.writelines(part + "\n" for part in parts)


def main():
    torch.set_num_threads(1)
    layers = list(drawn.networks())
    write("drawn.txt", [part for net in layers for part in drawn_lines(net)])
    for seed, (name, (make, ports, adamw)) in enumerate(NETWORKS.items()):
        torch.manual_seed(1000 + seed)
        write(f"{name}.txt", lines(name, make(), ports, adamw))
    print(f"{len(layers)} networks of layers, {len(NETWORKS)} whole ones, PyTorch {torch.__version__}", file=sys.stderr)


if __name__ == "__main__":
    main()

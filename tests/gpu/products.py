"""Runs the products of GPT-2 in remat and in PyTorch in turn, and prints a table: how near ours come to cublasLt's alone.

usage: python3 products.py ROUNDS COMMAND...     such as 3 ./products gpu 124M bf16 16; `run products` calls it

COMMAND prints a line of JSON for each product. PyTorch multiplies the same shapes of the same type by cublasLt, with a bias
where ours has one. A product of ours that reads a weight also rounds it to bf16, which PyTorch's is given rounded.
"""

import json
import statistics
import subprocess
import sys
import time

import torch

rounds = int(sys.argv[1])
command = sys.argv[2:]
dtype = torch.bfloat16 if "bf16" in command else torch.float32
torch.backends.cuda.preferred_blas_library("cublaslt")


def ours():
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed: {done.stderr.strip()[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def theirs(line):
    m, n, k = line["m"], line["n"], line["k"]
    which = line["name"].split()[-1]
    shapes = {"y": ((m, k), (n, k)), "dx": ((m, k), (k, n)), "dW": ((k, m), (k, n))}[which]
    a, b = (torch.randn(shape, device="cuda", dtype=dtype) for shape in shapes)
    bias = torch.randn(n, device="cuda", dtype=dtype) if line["bias"] else None
    call = {
        "y": lambda: torch.nn.functional.linear(a, b, bias),
        "dx": lambda: a @ b,
        "dW": lambda: a.t() @ b,
    }[which]

    def milliseconds(calls):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(calls):
            call()
        torch.cuda.synchronize()
        return (time.perf_counter() - start) * 1e3 / calls

    milliseconds(1)
    calls = max(2, min(1000, int(100 / milliseconds(1))))
    return statistics.median(milliseconds(calls) for _ in range(3))


found = {}
for _ in range(rounds):
    for line in ours():
        found.setdefault(line["name"], []).append((line, theirs(line)))

print("| product | m | n | k | remat ms | TFLOP/s | PyTorch ms | TFLOP/s | of PyTorch's speed |")
print("|---|---|---|---|---|---|---|---|---|")
for name, lines in found.items():
    line = lines[0][0]
    own, other = (statistics.median(values) for values in zip(*((line["ms"], ms) for line, ms in lines)))
    flops = 2e-9 * line["m"] * line["n"] * line["k"]
    print(
        f"| {name} | {line['m']} | {line['n']} | {line['k']} | {own:.3f} | {flops / own:.0f} "
        f"| {other:.3f} | {flops / other:.0f} | {100 * other / own:.0f} % |"
    )

"""Runs each workload in remat and in PyTorch in turn, several times, and prints the ratios.

usage: python tests/peers/compare.py [ROUNDS]     from the repository's root, after `pip install torch numpy`

A ratio is of two runs in the same minute; the median over the rounds is told. On AMD processors
PyTorch's MKL takes its AVX2 path ("as shipped"); on Intel's it takes AVX-512.
"""

import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ["W1", "W2", "W2-every-8", "W3", "W3-every-block"]
rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3


def lines(command):
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip().splitlines()


build = ["cargo", "bench", "-p", "remat-tests", "--bench", "workloads", "--no-run", "--message-format", "json"]
messages = [json.loads(line) for line in lines(build) if line.startswith("{")]
program = next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "workloads")

print("| workload | threads | remat ms | PyTorch ms | PyTorch / remat | remat GFLOP/s (products here) | planned MiB |")
print("|---|---|---|---|---|---|---|")
for name in NAMES:
    steps = "7" if name.startswith("W3") else "25"
    for threads in ["1", "2"]:
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(json.loads(lines([program, name, threads, steps])[-1]))
            peer = [sys.executable, "tests/peers/workloads.py", name, threads, steps]
            theirs.append(json.loads(lines(peer)[-1]))
        ratio = statistics.median(t["ms"] / o["ms"] for o, t in zip(ours, theirs))
        middle = sorted(ours, key=lambda o: o["ms"])[len(ours) // 2]
        torch_ms = statistics.median(t["ms"] for t in theirs)
        print(
            f"| {name} | {threads} | {middle['ms']:.1f} | {torch_ms:.1f} | {ratio:.2f} "
            f"| {middle['gflops']:.0f} ({middle['product_gflops']:.0f}) | {middle['planned_MiB']:.1f} |",
            flush=True,
        )

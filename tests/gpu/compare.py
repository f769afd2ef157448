"""Runs GPT-2 124M in remat and in PyTorch in turn, each in a process of its own, and prints a table.

usage: python3 compare.py [BATCH [ROUNDS]]     beside what `tests/gpu/build` has built; `run bench` calls it
"""

import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
batch = sys.argv[1] if len(sys.argv) > 1 else "16"
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
STEPS = "20"

OURS = [[str(HERE / "gpt2"), "124M", plan, "bf16", batch, STEPS] for plan in ["plain", "chunks", "blocks", "host"]]
PLANS = ["plain", "blocks", "compile", "compile-blocks", "compile-budget"]
THEIRS = [[sys.executable, str(HERE / "torch_gpt2.py"), plan, "bf16", batch, STEPS] for plan in PLANS]

found = {}
for _ in range(rounds):
    for command in OURS + THEIRS:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            print(" ".join(command), "failed:", done.stderr.strip()[-2000:], flush=True)
            continue
        line = json.loads(done.stdout.strip().splitlines()[-1])
        found.setdefault(line["name"], []).append(line)
        # Whatever ends this early, what there was is known.
        print(json.dumps(line), flush=True)

print(f"GPT-2 124M, batch {batch} of 1024 tokens, {STEPS} steps, {rounds} rounds; medians")
print("| | ms | tokens/s | TFLOP/s | planned MiB | peak MiB |")
print("|---|---|---|---|---|---|")
for name, lines in found.items():
    middle = sorted(lines, key=lambda line: line["ms"])[len(lines) // 2]
    ms = statistics.median(line["ms"] for line in lines)
    # Both count the gradients of parameters.
    peak = middle.get("used_MiB") or middle["peak_MiB"] + middle["gradient_MiB"]
    print(
        f"| {name} | {ms:.1f} | {middle['tokens_per_s']} | {middle['tflops']} "
        f"| {middle.get('planned_MiB', '')} | {peak:.1f} |"
    )
sys.exit(0 if len(found) == len(OURS + THEIRS) else 1)

"""What machine code spends on what it moves: a row for each loop of a kernel that reads or writes memory 16 bytes at
once, without the loops in it.

usage: KEEP=FOLDER target/release/kernels sm_90a     with NVRTC in REMAT_CUDA_LIB_DIR, as `.ci/cuda` runs it
       python3 tests/cuda/loops.py NVDISASM FOLDER [LEAST]

NVDISASM comes with CUDA, or with Python's package nvidia-cuda-nvdisasm. An instruction here is one of a warp, and bytes
are those of a thread of it: if it has B bytes for an instruction, a multiprocessor that issues 4 a cycle moves 128 B
bytes a cycle at most. The memory of an H200 has 20 for each multiprocessor, that of an A100 13: a loop of fewer than 0.16
bytes, or 0.1, takes longer than what it moves. What stands in a loop and is jumped over counts too: these are bounds.

Of loops on tensor cores it does not: their rows are of the shortest way through the loop of those that multiply and copy
most. HMMA counts products of 16 x 8 x 16, each of which takes as long as its warp's scheduler takes for 8 instructions on an
A100, and for 6 on an H100, where such products reach two thirds of its peak. Loops inside count once.

With LEAST, fails if a loop that moves bf16 and multiplies nothing has fewer bytes than that for an instruction, or than half
of it where it draws random words too, in a kernel that saves another which would read all of it once more.
"""

import pathlib
import re
import subprocess
import sys

NAME = re.compile(r"\s*\.text\.(\w+):")
LABEL = re.compile(r"\s*(\.L_\w+):")
INSTRUCTION = re.compile(r"\s*/\*[0-9a-f]+\*/\s+(@!?U?P\w+\s+)?([A-Z]\S*)(.*?);")
# What a jump depends on beside its guard.
PREDICATE = re.compile(r"\bU?P\d\b")
TARGET = re.compile(r"`\((\.L_\w+)\)")


def kernels(text):
    """Instructions of each kernel, and where labels stand among them."""
    found, instructions, labels = {}, [], {}
    for line in text.splitlines():
        if name := NAME.match(line):
            instructions, labels = [], {}
            found[name[1]] = (instructions, labels)
        elif label := LABEL.match(line):
            labels[label[1]] = len(instructions)
        elif instruction := INSTRUCTION.match(line):
            guard, name, operands = instruction.groups()
            instructions.append((name, operands, bool(guard)))
    return found


def loops(instructions, labels):
    """The instructions of each loop that are in no loop inside it."""
    found = []
    for end, (name, operands, _) in enumerate(instructions):
        target = TARGET.search(operands) if name.startswith("BRA") else None
        if target and labels.get(target[1], end + 1) <= end:
            found.append((labels[target[1]], end))
    for start, end in sorted(set(found)):
        inside = [(a, b) for a, b in found if start <= a and b <= end and (a, b) != (start, end)]
        own = [at for at in range(start, end + 1) if not any(a <= at <= b for a, b in inside)]
        names = [instructions[at][0] for at in own]
        # What is seldom run stands behind the end, and jumps back from there: that is no loop.
        if "EXIT" not in names:
            yield shortest(instructions, labels, start, end) if count(names, "HMMA") else names


def shortest(instructions, labels, start, end):
    """The shortest way from the start to the jump back at the end, of those that multiply and copy most."""
    # From each instruction on: products and copies, how many instructions, negative, and which is the next.
    best = {end: ((0, 0, -1), None)}
    for at in range(end - 1, start - 1, -1):
        name, operands, guarded = instructions[at]
        # BRA.DIV is for warps whose lanes are apart, and comes back.
        jump = name.split(".")[0] == "BRA" and ".DIV" not in name
        follow = [] if jump and not guarded and not PREDICATE.search(operands) else [at + 1]
        target = labels.get(TARGET.search(operands)[1]) if jump else None
        if target is not None and target > at:
            follow.append(target)
        ways = [(best[to][0], to) for to in follow if to in best]
        if ways:
            (products, copies, length), to = max(ways)
            own = name.split(".")[0]
            best[at] = (products + (own == "HMMA"), copies + (own == "LDGSTS"), length - 1), to
    names, at = [], start
    while at is not None:
        names.append(instructions[at][0])
        at = best[at][1]
    return names


def count(names, *parts):
    return sum(all(part in name.split(".") for part in parts) for name in names)


def main(nvdisasm, folder, least=None):
    slow = []
    print(f"{'kernel':<44} {'instructions':>12} {'bytes':>6} {'bytes each':>10} {'HMMA':>5} {'each':>5}")
    for path in sorted(pathlib.Path(folder).glob("*.cubin")):
        elem = path.stem.split("-")[-2]
        done = subprocess.run([nvdisasm, "-c", str(path)], capture_output=True, text=True, check=True)
        for kernel, (instructions, labels) in kernels(done.stdout).items():
            for names in loops(instructions, labels):
                products = count(names, "HMMA")
                moved = 16 * (count(names, "LDG", "128") + count(names, "STG", "128") + count(names, "LDGSTS", "128"))
                if not moved:
                    continue
                each = moved / len(names)
                row = f"{elem} {kernel}"
                mma = f"{products:>5} {len(names) / products:>5.1f}" if products else ""
                print(f"{row:<44} {len(names):>12} {moved:>6} {each:>10.3f} {mma}".rstrip())
                draws = kernel.endswith(("_dropped", "_dropped_sums")) or kernel == "dropout_backward_sums"
                bound = float(least or 0) / (2 if draws else 1)
                if elem == "bf16" and not products and each < bound:
                    slow.append(f"{row}: {each:.3f}")
    if slow:
        print("\nfewer than wanted:", *slow, sep="\n")
        sys.exit(1)


main(*sys.argv[1:])

"""What machine code spends on what it moves: a row for each loop of a kernel that reads or writes memory 16 bytes at
once, without the loops in it.

usage: KEEP=FOLDER target/release/kernels sm_90a     with NVRTC in REMAT_CUDA_LIB_DIR, as `.ci/cuda` runs it
       python3 tests/cuda/loops.py NVDISASM FOLDER [LEAST]

NVDISASM comes with CUDA, or with Python's package nvidia-cuda-nvdisasm. An instruction here is one of a warp, and bytes
are those of a thread of it: if it has B bytes for an instruction, a multiprocessor that issues 4 a cycle moves 128 B
bytes a cycle at most. The memory of an H200 has 20 for each multiprocessor, that of an A100 13: a loop of fewer than 0.16
bytes, or 0.1, takes longer than what it moves. What stands in a loop and is jumped over counts too: these are bounds.

Of loops on tensor cores, HMMA counts products of 16 x 8 x 16, each of which takes 4 of the cycles that 4 instructions of
its warp's scheduler take, or 6 of an H100, where such products reach two thirds of its peak.

With LEAST, fails if a loop that moves bf16 and multiplies nothing has fewer bytes than that for an instruction, or than half
of it where it draws random words too, in a kernel that saves another which would read all of it once more.
"""

import pathlib
import re
import subprocess
import sys

NAME = re.compile(r"\s*\.text\.(\w+):")
LABEL = re.compile(r"\s*(\.L_\w+):")
INSTRUCTION = re.compile(r"\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z]\S*)(.*?);")
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
            instructions.append((instruction[1], instruction[2]))
    return found


def loops(instructions, labels):
    """The instructions of each loop that are in no loop inside it."""
    found = []
    for end, (name, operands) in enumerate(instructions):
        target = TARGET.search(operands) if name.startswith("BRA") else None
        if target and labels.get(target[1], end + 1) <= end:
            found.append((labels[target[1]], end))
    for start, end in sorted(set(found)):
        inside = [(a, b) for a, b in found if start <= a and b <= end and (a, b) != (start, end)]
        own = [at for at in range(start, end + 1) if not any(a <= at <= b for a, b in inside)]
        names = [instructions[at][0] for at in own]
        # What is seldom run stands behind the end, and jumps back from there: that is no loop.
        if "EXIT" not in names:
            yield names


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

"""Exchanges the weights of a small GPT with nanoGPT's names, both ways.

    python nanogpt.py write                writes nanogpt.safetensors, and its logits as nanogpt.txt
    python nanogpt.py check FILE LOGITS    reads what `remat` has written into FILE, strictly, and compares its logits
                                           with those in LOGITS

    pip install torch numpy safetensors    (the files here were written by PyTorch 2.15 and safetensors 0.8)

The tests are in `tests/tests/weights.rs`.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

VOCAB, LENGTH, DIM, HEADS, LAYERS = 13, 6, 8, 2, 2


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.c_attn, self.c_proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)

    def forward(self, x):
        split = lambda part: part.unflatten(-1, (HEADS, -1)).transpose(1, 2)
        q, k, v = map(split, self.c_attn(x).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.c_fc, self.c_proj = nn.Linear(DIM, 4 * DIM), nn.Linear(4 * DIM, DIM)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(DIM), Attention()
        self.ln_2, self.mlp = nn.LayerNorm(DIM), Mlp()

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.transformer = nn.ModuleDict(
            dict(
                wte=nn.Embedding(VOCAB, DIM),
                wpe=nn.Embedding(LENGTH, DIM),
                h=nn.ModuleList(Block() for _ in range(LAYERS)),
                ln_f=nn.LayerNorm(DIM),
            )
        )
        self.lm_head = nn.Linear(DIM, VOCAB, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, tokens):
        parts = self.transformer
        x = parts.wte(tokens) + parts.wpe.weight
        for block in parts.h:
            x = block(x)
        return self.lm_head(parts.ln_f(x))


def logits(gpt):
    tokens = torch.tensor([[(5 * i + 3 * j) % VOCAB for j in range(LENGTH)] for i in range(2)])
    with torch.no_grad():
        return gpt(tokens).flatten()


def write():
    folder = Path(__file__).parent
    torch.manual_seed(1)
    gpt = Gpt()
    with torch.no_grad():
        for parameter in gpt.parameters():
            parameter.normal_(0, 0.4)
    state = gpt.state_dict()
    # Tied to `transformer.wte.weight`: the format holds it once.
    del state["lm_head.weight"]
    save_file(state, folder / "nanogpt.safetensors")
    numbers = [repr(float(x)) for x in logits(gpt)]
    (folder / "nanogpt.txt").write_text("\n".join(numbers) + "\n")


def check(file, expected):
    state = load_file(file)
    gpt = Gpt()
    gpt.load_state_dict({**state, "lm_head.weight": state["transformer.wte.weight"]}, strict=True)
    expected = torch.tensor([float(line) for line in Path(expected).read_text().split()])
    error = (logits(gpt) - expected).abs().max().item()
    print(f"{len(state)} tensors, logits differ by at most {error:.1e}")
    if not error < 1e-5:
        sys.exit("the logits differ")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            write()
        case ["check", file, expected]:
            check(file, expected)
        case _:
            sys.exit(__doc__)

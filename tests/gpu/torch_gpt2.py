"""Steps of GPT-2 in PyTorch, as `tests/src/bin/gpt2.rs` runs them in remat.

usage: python torch_gpt2.py PLAN DTYPE BATCH STEPS

PLAN: plain, blocks (torch.utils.checkpoint around every block), compile, compile-blocks, compile-budget (torch.compile
with an activation_memory_budget of 0.5). DTYPE: f32, bf16 (autocast; parameters, gradients and AdamW in f32, as in
remat). Prints a line of JSON; `peak_MiB` is the most that was allocated beside what parameters, gradients and AdamW
take: what remat's plan calls the peak, less the gradients of parameters, which are told apart.
"""

import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

plan, dtype, batch, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
LAYERS, HEADS, WIDTH, CONTEXT, VOCAB, IDS = 12, 12, 768, 1024, 50304, 50257
WARM = 5


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.ln_1(x)).split(WIDTH, dim=2)
        q, k, v = (y.view(b, t, HEADS, d // HEADS).transpose(1, 2) for y in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.gelu(self.up(self.ln_2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.pos = nn.Embedding(VOCAB, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCAB, bias=False)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)
        self.head.weight = self.embed.weight

    def forward(self, tokens, following):
        x = self.embed(tokens) + self.pos(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False) if plan.endswith("blocks") else block(x)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.view(-1, VOCAB), following.view(-1))


torch.manual_seed(42)
device = "cuda"
net = Gpt2().to(device)
parameters = sum(p.numel() for p in net.parameters())
run = net
if plan.startswith("compile"):
    if plan == "compile-budget":
        import torch._functorch.config

        torch._functorch.config.activation_memory_budget = 0.5
    run = torch.compile(net)
opt = torch.optim.AdamW(net.parameters(), lr=3e-4, fused=True)
tokens, following = (torch.randint(0, IDS, (batch, CONTEXT), device=device) for _ in range(2))
losses = []
for step in range(WARM + steps):
    with torch.autocast(device, torch.bfloat16, enabled=dtype == "bf16"):
        loss = run(tokens, following)
    loss.backward()
    losses.append(loss.item())
    if step + 1 == WARM:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        start = time.perf_counter()
    if step + 1 < WARM + steps:
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        # To zeros, as remat's gradients, which have a place of their own.
        opt.zero_grad(set_to_none=False)
torch.cuda.synchronize()
milliseconds = (time.perf_counter() - start) * 1e3 / steps
held = 4 * parameters * 4
rate = batch * CONTEXT / milliseconds * 1e3
flops = 6 * parameters + 6 * LAYERS * WIDTH * CONTEXT
print(
    json.dumps(
        {
            "name": f"PyTorch {plan} {dtype}",
            "batch": batch,
            "ms": round(milliseconds, 3),
            "tokens_per_s": round(rate),
            "tflops": round(flops * rate / 1e12, 1),
            "peak_MiB": round((torch.cuda.max_memory_allocated() - held) / 2**20, 1),
            "gradient_MiB": round(4 * parameters / 2**20, 1),
            "first_loss": round(losses[0], 4),
            "last_loss": round(losses[-1], 4),
            "version": torch.__version__,
        }
    )
)

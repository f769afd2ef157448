"""Whole networks, as `tests/tests/nets/mod.rs` declares them.

`NETWORKS[name]` is a class, the shapes of what it is given, and whether it is trained by AdamW too.
"""

import torch
import torch.nn.functional as F
from torch import nn

from layers import Parameter, PositionEmbedding, attention, gelu_tanh, ids, packed_attention

NETWORKS = {}


def network(name, adamw=False, **ports):
    def add(net):
        NETWORKS[name] = (net, ports, adamw)
        return net

    return add


def parts(**layers):
    """A module that only gives names to its parts."""
    return nn.ModuleDict(layers)


def over_places(logits, target, **args):
    """The mean over all places of all samples."""
    return F.cross_entropy(logits.flatten(0, -2), target.flatten(), **args)


@network("mlp", adamw=True, x=(9,), y=ids(6))
class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(9, 12)
        self.fc2 = nn.Linear(12, 10)
        self.norm = nn.LayerNorm(10, eps=0.001)
        self.fc3 = nn.Linear(10, 8, bias=False)
        self.head = nn.Linear(8, 6)

    def forward(self, x, y):
        x = F.gelu(self.fc2(F.relu(self.fc1(x))))
        return F.cross_entropy(self.head(F.silu(self.fc3(self.norm(x)))), y)


class GptBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.ln_1 = nn.LayerNorm(dim)
        self.attn = parts(qkv=nn.Linear(dim, 3 * dim, bias=False), proj=nn.Linear(dim, dim))
        self.ln_2 = nn.LayerNorm(dim, bias=False)
        self.mlp = parts(up=nn.Linear(dim, 2 * dim), down=nn.Linear(2 * dim, dim))

    def forward(self, x):
        x = x + self.attn.proj(packed_attention(self.attn.qkv(self.ln_1(x)), heads=2, causal=True))
        return x + self.mlp.down(gelu_tanh(self.mlp.up(self.ln_2(x))))


@network("gpt", adamw=True, tokens=ids(11, 6), next=ids(11, 6))
class Gpt(nn.Module):
    def __init__(self, vocab=11, length=6, dim=8):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = PositionEmbedding(length + 2, dim)
        self.blocks = nn.ModuleList(GptBlock(dim) for _ in range(2))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens, next):
        x = self.pos(self.embed(tokens))
        for block in self.blocks:
            x = block(x)
        return over_places(self.head(self.norm(x)), next, label_smoothing=0.1)


class TranslatorMlp(nn.Module):
    def __init__(self, dim, width):
        super().__init__()
        self.ln, self.up, self.down = nn.LayerNorm(dim), nn.Linear(dim, width), nn.Linear(width, dim)

    def forward(self, x):
        return x + self.down(F.silu(self.up(self.ln(x))))


class Encoder(nn.Module):
    def __init__(self, dim, width):
        super().__init__()
        self.ln, self.qkv, self.out = nn.LayerNorm(dim), nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.mlp = TranslatorMlp(dim, width)

    def forward(self, x):
        return self.mlp(x + self.out(packed_attention(self.qkv(self.ln(x)), heads=2)))


class Decoder(nn.Module):
    def __init__(self, dim, width):
        super().__init__()
        self.own = parts(ln=nn.LayerNorm(dim), qkv=nn.Linear(dim, 3 * dim), out=nn.Linear(dim, dim))
        self.cross = parts(
            ln=nn.LayerNorm(dim), q=nn.Linear(dim, dim), k=nn.Linear(dim, dim, bias=False),
            v=nn.Linear(dim, dim), out=nn.Linear(dim, dim),
        )
        self.mlp = TranslatorMlp(dim, width)

    def forward(self, x, memory):
        own, cross = self.own, self.cross
        x = x + own.out(packed_attention(own.qkv(own.ln(x)), heads=2, causal=True))
        q, k, v = cross.q(cross.ln(x)), cross.k(memory), cross.v(memory)
        return self.mlp(x + cross.out(attention(q, k, v, heads=3)))


@network("translator", source=ids(9, 5), before=ids(7, 4), next=ids(7, 4))
class Translator(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.words, self.places = nn.Embedding(9, dim), PositionEmbedding(5, dim)
        self.enc_1, self.enc_2 = Encoder(dim, 8), Encoder(dim, 10)
        self.memory = nn.LayerNorm(dim)
        self.out_words, self.out_places = nn.Embedding(7, dim), PositionEmbedding(4, dim)
        self.dec_1, self.dec_2 = Decoder(dim, 8), Decoder(dim, 8)
        self.norm = nn.LayerNorm(dim, bias=False)
        self.head = nn.Linear(dim, 7)

    def forward(self, source, before, next):
        memory = self.memory(self.enc_2(self.enc_1(self.places(self.words(source)))))
        x = self.out_places(self.out_words(before))
        x = self.dec_2(self.dec_1(x, memory), memory)
        return over_places(self.head(self.norm(x)), next, ignore_index=0)


class VitLayer(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = parts(qkv=nn.Linear(dim, 3 * dim), proj=nn.Linear(dim, dim))
        self.mlp = parts(fc1=nn.Linear(dim, 12), fc2=nn.Linear(12, dim))

    def forward(self, x):
        x = x + self.attn.proj(packed_attention(self.attn.qkv(self.norm1(x)), heads=4))
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x))))


@network("vit", adamw=True, image=(6, 6), label=ids(5))
class Vit(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.patch = nn.Linear(4, dim)
        self.cls = Parameter(1, dim)
        self.pos = Parameter(10, dim)
        self.layers = nn.ModuleList(VitLayer(dim) for _ in range(2))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 5)

    def forward(self, image, label):
        patches = image.unfold(1, 2, 2).unfold(2, 2, 2).reshape(-1, 9, 4)
        x = self.patch(patches)
        x = torch.cat((self.cls().expand(len(x), -1, -1), x), 1) + self.pos()
        for layer in self.layers:
            x = layer(x)
        return F.cross_entropy(self.head(self.norm(x)[:, 0]), label, label_smoothing=0.2)


@network("dag", x=(7,), y=(10,))
class Dag(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.shared = nn.Linear(7, 7), nn.Linear(7, 7)
        self.tower = parts(up=nn.Linear(7, 9), down=nn.Linear(9, 7))
        self.mix = nn.Linear(14, 10)

    def forward(self, x, y):
        tower = lambda x: self.tower.down(gelu_tanh(self.tower.up(x)))
        first = self.first(x)
        again = self.shared(torch.tanh(self.shared(first)) - first)
        join = torch.cat((tower(again) ** 2 * torch.sigmoid(tower(first)), x, again), 1)
        return F.mse_loss(self.mix(join[:, 2:16]) + join[:, :10], y)


@network("multi_loss", x=(4, 6), label=ids(5), each=ids(3, 4), y=(4, 9))
class MultiLoss(nn.Module):
    def __init__(self, dim=9):
        super().__init__()
        self.trunk = nn.Linear(6, dim)
        self.deep = nn.ModuleList(parts(norm=nn.LayerNorm(dim), fc=nn.Linear(dim, dim)) for _ in range(2))
        self.rebuilt, self.tags, self.logits = nn.Linear(dim, dim), nn.Linear(dim, 3), nn.Linear(dim, 5)

    def forward(self, x, label, each, y):
        trunk = self.trunk(x)
        deep = F.silu(trunk)
        for layer in self.deep:
            deep = deep + torch.tanh(layer.fc(layer.norm(deep)))
        reconstruction = F.mse_loss(self.rebuilt(trunk), y)
        tagging = over_places(self.tags(deep), each, label_smoothing=0.1)
        naming = F.cross_entropy(self.logits(deep.mean(1)), label)
        return naming + 0.3 * (tagging + reconstruction)


@network("mixer", x=(5, 4), y=ids(4))
class Mixer(nn.Module):
    def __init__(self, places=5, dim=6):
        super().__init__()
        self.stem = nn.Linear(4, dim)
        self.blocks = nn.ModuleList(
            parts(
                norm=nn.LayerNorm((places, dim)), up=nn.Linear(places, 7), down=nn.Linear(7, places),
                fc=nn.Linear(dim, dim),
            )
            for _ in range(3)
        )
        self.head = nn.Linear(dim, 4)

    def forward(self, x, y):
        x = self.stem(x)
        for block in self.blocks:
            mixed = block.down(F.gelu(block.up(block.norm(x).transpose(1, 2))))
            x = x + mixed.transpose(1, 2)
            x = x + F.silu(block.fc(F.layer_norm(x, (x.shape[-1],))))
        return F.cross_entropy(self.head((x.softmax(1) * x).mean(1)), y)


@network("recurrent", x=(3, 5), y=(5,))
class Recurrent(nn.Module):
    def __init__(self, dim=5):
        super().__init__()
        self.start = Parameter(dim)
        self.cell = parts(
            z=parts(gate=nn.Linear(2 * dim, dim)), r=parts(gate=nn.Linear(2 * dim, dim)),
            new=parts(fc=nn.Linear(2 * dim, dim)),
        )

    def forward(self, x, y):
        cell, h = self.cell, self.start().expand(len(x), -1)
        for x in x.unbind(1):
            both = torch.cat((h, x), 1)
            z, r = torch.sigmoid(cell.z.gate(both)), torch.sigmoid(cell.r.gate(both))
            h = h + z * (torch.tanh(cell.new.fc(torch.cat((r * h, x), 1))) - h)
        return F.mse_loss(h, y)


@network("siamese", a=(3, 4), b=(3, 4), apart=())
class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        inner = nn.Sequential(nn.Linear(7, 9), nn.SiLU(), nn.Linear(9, 7))
        out = nn.Linear(21, 5, bias=False)
        self.tower = parts(fc=nn.Linear(4, 7), norm=nn.LayerNorm(7), inner=inner, out=out)

    def forward(self, a, b, apart):
        def tower(x):
            x = F.gelu(self.tower.fc(x))
            x = x + self.tower.inner(self.tower.norm(x))
            return torch.tanh(self.tower.out(x.flatten(1)))

        return F.mse_loss(((tower(a) - tower(b)) ** 2).mean(1), apart)


class Stored(torch.autograd.Function):
    """What `store` makes of a value: rounded for every reader, and its gradient is not."""

    # Nearer to a tie, in last places of an f32, two libraries could round apart.
    CLEAR = 16

    @staticmethod
    def forward(ctx, x, dtype):
        half = {torch.bfloat16: 1 << 15, torch.float16: 1 << 12}[dtype]
        cut = x.detach().contiguous().view(torch.int32) & (2 * half - 1)
        assert ((cut - half).abs() >= Stored.CLEAR).all(), "a number stands between two of the format: draw others"
        return x.to(dtype).float()

    @staticmethod
    def backward(ctx, grad):
        return grad, None


class StoredSoftmax(torch.autograd.Function):
    """`Stored` of a softmax over the last axis, which reads its own value in backward: as it is stored."""

    @staticmethod
    def forward(ctx, x, dtype):
        y = Stored.forward(ctx, x.softmax(-1), dtype)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return y * (grad - (y * grad).sum(-1, keepdim=True)), None


def stored(x, dtype):
    return Stored.apply(x, dtype)


@network("rounded", x=(5,), y=ids(4))
class Rounded(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.stem, self.down = nn.Linear(5, 8), nn.Linear(8, dim)
        self.blocks = nn.ModuleList(
            parts(norm=nn.LayerNorm(dim), mix=parts(up=nn.Linear(dim, 7), down=nn.Linear(7, dim)))
            for _ in range(2)
        )
        self.head = nn.Linear(dim, 4)

    def forward(self, x, y):
        # The sign of a Relu, all that its backward reads, is that of what is stored.
        x = down = self.down(stored(F.relu(self.stem(x)), torch.float16))
        for block in self.blocks:
            mixed = F.silu(block.mix.up(stored(block.norm(x), torch.bfloat16)))
            x = x + stored(block.mix.down(mixed), torch.bfloat16)
        joined = stored(x + down, torch.float16)
        return F.cross_entropy(self.head(StoredSoftmax.apply(joined, torch.float16) * joined), y)

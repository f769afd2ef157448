//! Whole networks, of which there are goldens too.

use remat_tests::case;

case! {
    /// Layers in a row, each with other arguments.
    Mlp (input x: f32[9]; target y: u32 < 6;) {
        fc1: Linear(12);
        Relu;
        #[checkpoint]
        fc2: Linear(10, init = normal(0.4));
        Gelu;
        norm: LayerNorm(eps = 0.001);
        fc3: Linear(8, bias = false, init = uniform(0.7));
        #[recompute]
        Silu;
        head: Linear(6, bias_init = constant(0.1));
        #[train] output head;
        loss: CrossEntropy <- (head, y);
    }
}

case! {
    /// A GPT with tied weights.
    Gpt [VOCAB = 11, T = 6, D = 8] (input tokens: u32[T] < VOCAB; target next: u32[T] < VOCAB;) {
        embed: Embedding(VOCAB, D);
        pos: PositionEmbedding(T + 2);
        Dropout(0);
        #[checkpoint]
        blocks: repeat(2) {
            residual {
                ln_1: LayerNorm;
                attn: {
                    qkv: Linear(3 * D, bias = false);
                    #[recompute]
                    CausalAttention(heads = 2);
                    proj: Linear(D);
                    Dropout(0);
                }
            }
            residual {
                ln_2: LayerNorm(bias = false);
                mlp: { up: Linear(2 * D); Gelu(tanh); down: Linear(D); }
                Dropout(0);
            }
        }
        norm: LayerNorm;
        head: Linear(VOCAB, bias = false, weight = embed);
        loss: CrossEntropy(label_smoothing = 0.1) <- (head, next);
    }
}

case! {
    /// An encoder, and a decoder that attends to it.
    Translator [S = 5, T = 4, D = 6] (
        input source: u32[S] < 9;
        input before: u32[T] < 7;
        target next: u32[T] < 7;
    ) {
        block Mlp(width) {
            residual { ln: LayerNorm; up: Linear(width); Silu; down: Linear(D); }
        }
        block Encoder(width) {
            residual { ln: LayerNorm; qkv: Linear(3 * D); Attention(2); out: Linear(D); }
            mlp: Mlp(width);
        }
        block Decoder(width) <- (x, memory) {
            own: residual <- x { ln: LayerNorm; qkv: Linear(3 * D); CausalAttention(2); out: Linear(D); }
            cross: residual {
                ln: LayerNorm;
                q: Linear(D);
                k: Linear(D, bias = false) <- memory;
                v: Linear(D) <- memory;
                Attention(heads = 3) <- (q, k, v);
                out: Linear(D);
            }
            mlp: Mlp(width);
        }

        words: Embedding(9, D) <- source;
        places: PositionEmbedding(S);
        #[checkpoint]
        enc_1: Encoder(8);
        #[checkpoint]
        enc_2: Encoder(10);
        memory: LayerNorm;
        out_words: Embedding(7, D) <- before;
        out_places: PositionEmbedding(T);
        dec_1: Decoder(width = 8) <- (out_places, memory);
        #[checkpoint]
        dec_2: Decoder(8) <- (dec_1, memory);
        norm: LayerNorm(bias = false);
        head: Linear(7);
        loss: CrossEntropy(ignore_index = 0) <- (head, next);
    }
}

case! {
    /// A vision transformer: patches, a learned token in front of them, and its output classified.
    #[checkpoint(every = 2)]
    Vit [D = 8] (input image: f32[6, 6]; target label: u32 < 5;) {
        split: Reshape(3, 2, 3, 2);
        Transpose(1, 2);
        Reshape(9, 4);
        patch: Linear(D);
        cls: Parameter(1, D, init = normal(0.5));
        tokens: Concat(dim = 0) <- (cls, patch);
        pos: Parameter(10, D, init = normal(0.2));
        placed: Add <- (tokens, pos);
        layers: repeat(2) {
            residual { norm1: LayerNorm; attn: { qkv: Linear(3 * D); Attention(heads = 4); proj: Linear(D); } }
            residual { norm2: LayerNorm; mlp: { fc1: Linear(12); Gelu; fc2: Linear(D); } }
        }
        norm: LayerNorm;
        Slice(dim = 0, start = 0, end = 1);
        Flatten;
        head: Linear(5);
        loss: CrossEntropy(label_smoothing = 0.2) <- (head, label);
    }
}

case! {
    /// Long skips, a layer and a scope applied twice, a value multiplied with itself.
    Dag (input x: f32[7]; target y: f32[10];) {
        first: Linear(7);
        shared: Linear(7);
        bent: Tanh;
        apart: Sub <- (bent, first);
        again: shared <- apart;
        #[checkpoint]
        tower: { up: Linear(9); Gelu(tanh); down: Linear(7); }
        twice: tower <- first;
        square: Mul <- (tower, tower);
        gate: Sigmoid <- twice;
        #[recompute]
        gated: Mul <- (square, gate);
        join: Concat <- (gated, x, again);
        part: Slice(0, 2, -5);
        mix: Linear(10) <- part;
        skip: Slice(end = 10) <- join;
        sum: Add <- (mix, skip);
        loss: Mse <- (sum, y);
    }
}

case! {
    /// Three losses at three depths, one of them of a sum of two.
    MultiLoss [D = 9] (
        input x: f32[4, 6];
        target label: u32 < 5;
        target each: u32[4] < 3;
        target y: f32[4, D];
    ) {
        trunk: Linear(D);
        Silu;
        #[checkpoint]
        deep: repeat(2) { residual { norm: LayerNorm; fc: Linear(D); Tanh; } }
        rebuilt: Linear(D) <- trunk;
        reconstruction: Mse <- (rebuilt, y);
        tags: Linear(3) <- deep;
        tagging: CrossEntropy(label_smoothing = 0.1) <- (tags, each);
        pooled: Mean(0) <- deep;
        logits: Linear(5);
        naming: CrossEntropy <- (logits, label);
        both: Sum <- (tagging, reconstruction);
        loss: Sum(1.0, 0.3) <- (naming, both);
        output logits;
        #[train] output tags;
    }
}

case! {
    /// An MLP-mixer over places and channels, without attention.
    Mixer [T = 5, D = 6] (input x: f32[T, 4]; target y: u32 < 4;) {
        stem: Linear(D);
        #[checkpoint(every = 2)]
        blocks: repeat(3) {
            residual { norm: LayerNorm(T, D); Transpose(0, 1); up: Linear(7); Gelu; down: Linear(T); Transpose; }
            residual { scale: LayerNorm(elementwise_affine = false); #[checkpoint] fc: Linear(D); Silu; }
        }
        weights: Softmax(0);
        weighted: Mul <- (weights, blocks);
        mean: Mean(dim = 0);
        head: Linear(4);
        loss: CrossEntropy <- (head, y);
    }
}

case! {
    /// A gated recurrence: one cell applied to each place of a sequence, its output to the next.
    Recurrent [D = 5] (input x: f32[3, D]; target y: f32[D];) {
        block Cell() <- (h, x) {
            both: Concat <- (h, x);
            z: { gate: Linear(D); Sigmoid; }
            r: <- both { gate: Linear(D); Sigmoid; }
            kept: Mul <- (r, h);
            seen: Concat <- (kept, x);
            new: { fc: Linear(D); Tanh; }
            moved: Sub <- (new, h);
            step: Mul <- (z, moved);
            Add <- (h, step);
        }
        at_0: { Slice(0, 0, 1) <- x; Flatten; }
        at_1: { Slice(0, 1, 2) <- x; Flatten; }
        at_2: { Slice(0, 2, 3) <- x; Flatten; }
        start: Parameter(D, init = uniform(1));
        #[checkpoint]
        cell: Cell() <- (start, at_0);
        #[checkpoint]
        second: cell <- (cell, at_1);
        third: cell <- (second, at_2);
        loss: Mse <- (third, y);
    }
}

case! {
    /// Two inputs through one tower, and the square of their distance.
    Siamese (input a: f32[3, 4]; input b: f32[3, 4]; target apart: f32;) {
        tower: <- a {
            fc: Linear(7);
            Gelu;
            residual { norm: LayerNorm; inner: { 0: Linear(9); Silu; 2: Linear(7); } }
            Flatten;
            out: Linear(5, bias = false);
            Tanh;
        }
        #[checkpoint]
        other: tower <- b;
        difference: Sub <- (tower, other);
        square: Mul <- (difference, difference);
        distance: Mean(0);
        loss: Mse <- (distance, apart);
    }
}

case! {
    /// Values held in two bytes: of a `Relu`, around a block in each iteration, and before a boundary a `Softmax`
    /// and the sum that it and a reader behind the boundary read.
    Rounded [D = 6] (input x: f32[5]; target y: u32 < 4;) {
        block Mix(width) { up: Linear(width); Silu; down: Linear(D); }
        stem: Linear(8);
        #[checkpoint(store = f16)]
        act: Relu;
        down: Linear(D);
        blocks: repeat(2) {
            residual {
                norm: LayerNorm;
                #[checkpoint(store = bf16)]
                mix: Mix(7);
            }
        }
        joined: Add <- (blocks, down);
        #[checkpoint(store = f16)]
        weights: Softmax;
        weighted: Mul <- (weights, joined);
        head: Linear(4);
        loss: CrossEntropy <- (head, y);
    }
}

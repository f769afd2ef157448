//! Five networks. Each macro declares one, under the marks that it is given.

/// Seven hidden layers of one width.
macro_rules! mlp {
    ($name:ident [$($model:tt)*]) => {
        ::remat::model! {
            $($model)*
            $name {
                input x: f32[48];
                target label: u32;
                stem: Linear(32);
                hidden: repeat(6) { Gelu; fc: Linear(32); }
                Relu;
                head: Linear(10);
                loss: CrossEntropy <- (head, label);
            }
        }
    };
}

/// Attention and feed-forward parts on residual paths, between embeddings and a head.
macro_rules! gpt {
    ($name:ident [$($model:tt)*]) => {
        ::remat::model! {
            $($model)*
            $name {
                const VOCAB = 11;
                const T = 12;
                const D = 16;
                input tokens: u32[T];
                target next: u32[T];
                embed: Embedding(VOCAB, D);
                pos: PositionEmbedding(T);
                blocks: repeat(2) {
                    residual { ln_1: LayerNorm; qkv: Linear(3 * D); CausalAttention(heads = 2); proj: Linear(D); }
                    residual { ln_2: LayerNorm; up: Linear(4 * D); Gelu(tanh); down: Linear(D); }
                }
                norm: LayerNorm;
                head: Linear(VOCAB, bias = false);
                loss: CrossEntropy <- (head, next);
            }
        }
    };
}

/// Residual blocks whose shortcut is what they read, and in between one that halves the positions, doubles the channels
/// and has a layer on its shortcut.
macro_rules! resnet {
    ($name:ident [$($model:tt)*]) => {
        ::remat::model! {
            $($model)*
            $name {
                input x: f32[16, 8];
                target label: u32;

                block Basic(width) {
                    residual { norm: LayerNorm; fc_1: Linear(width); Relu; fc_2: Linear(width); }
                    Relu;
                }

                stem: Linear(8);
                one: repeat(2) { Basic(8); }
                pairs: Reshape(8, 16);
                residual { fc_1: Linear(16); Relu; fc_2: Linear(16); } shortcut { proj: Linear(16); }
                two: repeat(2) { Basic(16); }
                pool: Mean(0);
                head: Linear(10);
                loss: CrossEntropy <- (head, label);
            }
        }
    };
}

/// An encoder and a decoder, which reads what each level of the encoder made, in the opposite order: so the first skip
/// spans nearly all layers.
macro_rules! encoder_decoder {
    ($name:ident [$($model:tt)*]) => {
        ::remat::model! {
            $($model)*
            $name {
                input x: f32[16, 8];
                target y: f32[16, 8];

                block Level(width) { fc: Linear(width); norm: LayerNorm; Gelu; }

                down_1: Level(8);
                down_2: Level(8);
                down_3: Level(8);
                half: Reshape(8, 16);
                middle: Linear(16);
                Gelu;
                double: Reshape(16, 8);
                join_3: Mul <- (double, down_3);
                up_3: Level(8);
                join_2: Add <- (up_3, down_2);
                up_2: Level(8);
                join_1: Concat(-1) <- (up_2, down_1);
                up_1: Level(8);
                out: Linear(8);
                loss: Mse <- (out, y);
            }
        }
    };
}

/// A chain of layers that are from 8 to 240 wide.
macro_rules! uneven_chain {
    ($name:ident [$($model:tt)*]) => {
        ::remat::model! {
            $($model)*
            $name {
                input x: f32[16];
                target y: f32[16];
                body: repeat(3) {
                    wide: Linear(240);
                    Gelu;
                    narrow: Linear(8);
                    Tanh;
                    middle: Linear(60);
                    norm: LayerNorm;
                    out: Linear(16);
                }
                loss: Mse <- (body, y);
            }
        }
    };
}

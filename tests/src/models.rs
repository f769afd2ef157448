//! Networks that are trained under many plans. Each macro declares one network; what it is given are
//! marks, so that every model it declares differs in its plan alone.

/// A deep net: seven blocks of two layers.
#[macro_export]
macro_rules! deep {
    ($name:ident: model [$($model:tt)*] blocks [$($blocks:tt)*] up [$($up:tt)*] act [$($act:tt)*] down [$($down:tt)*]) => {
        ::remat::model! {
            $($model)*
            /// One network of several that differ in their plan alone.
            pub $name {
                input x: f32[20];
                target y: u32;
                stem: Linear(24);
                $($blocks)*
                blocks: repeat(7) {
                    $($up)* up: Linear(24);
                    $($act)* Gelu;
                    $($down)* down: Linear(24);
                    Tanh;
                }
                head: Linear(5);
                loss: CrossEntropy <- (head, y);
            }
        }
    };
}

/// A GPT with dropout and tied weights.
#[macro_export]
macro_rules! gpt {
    ($name:ident: model [$($model:tt)*] blocks [$($blocks:tt)*] attn [$($attn:tt)*] mlp [$($mlp:tt)*] act [$($act:tt)*]) => {
        ::remat::model! {
            $($model)*
            /// One network of several that differ in their plan alone.
            pub $name {
                const VOCAB = 17;
                const T = 10;
                const D = 24;
                input tokens: u32[T];
                target next: u32[T];
                embed: Embedding(VOCAB, D, init = normal(0.3));
                pos: PositionEmbedding(T);
                Dropout(0.1);
                $($blocks)*
                blocks: repeat(6) {
                    $($attn)*
                    residual {
                        ln_1: LayerNorm;
                        qkv: Linear(3 * D);
                        $($act)* CausalAttention(heads = 3);
                        proj: Linear(D);
                        Dropout(0.2);
                    }
                    $($mlp)*
                    residual {
                        ln_2: LayerNorm;
                        up: Linear(4 * D);
                        $($act)* Gelu(tanh);
                        down: Linear(D);
                        Dropout(0.1);
                    }
                }
                norm: LayerNorm;
                head: Linear(VOCAB, bias = false, weight = embed);
                loss: CrossEntropy(label_smoothing = 0.05) <- (head, next);
            }
        }
    };
}

/// A graph with long skips, a block used four times, and one layer applied twice.
#[macro_export]
macro_rules! dag {
    ($name:ident: model [$($model:tt)*] blocks [$($blocks:tt)*] mid [$($mid:tt)*] inner [$($inner:tt)*] act [$($act:tt)*]) => {
        ::remat::model! {
            $($model)*
            /// One network of several that differ in their plan alone.
            pub $name {
                const W = 20;
                input x: f32[W];
                target y: f32[W];

                block Mix(width) <- (a, b) {
                    join: Concat(0) <- (a, b);
                    $($inner)* fc: Linear(width);
                    $($act)* Silu;
                    out: Linear(W);
                }

                first: Linear(W);
                $($blocks)* one: Mix(28) <- (first, x);
                $($act)* gate: Sigmoid <- one;
                $($blocks)* two: Mix(12) <- (one, first);
                $($mid)* middle: Mul <- (two, gate);
                shared: Linear(W);
                $($act)* bent: Relu;
                $($blocks)* three: Mix(16) <- (bent, middle);
                apart: Sub <- (three, one);
                again: shared <- apart;
                late: Add <- (again, first);
                loss: Mse <- (late, y);
            }
        }
    };
}

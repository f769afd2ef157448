//! Every layer of the language with every combination of its arguments, as small networks.
//!
//! What a layer reads depends on a parameter, sample by sample, so the gradients of the parameters show
//! that of every element it reads. A test declares the networks itself, in the form it needs.

/// Gives `$with!` the list of all layers: a name, and in braces what [`alone!`](crate::alone) and
/// [`twice!`](crate::twice) declare.
#[macro_export]
macro_rules! every_op {
    ($with:ident) => {
        $with! {
            linear { [3, 6] to [3, 5] Linear(5) }
            linear_without_bias { [2, 9] to [2, 17] Linear(17, bias = false) }
            linear_of_a_vector { [19] to [7] Linear(out_features = 7, bias = true) }
            linear_of_an_input { (input x: f32[3, 4]; target y: f32[3, 5];) op: Linear(5); loss: Mse <- (op, y); }
            linear_tied {
                (input x: f32[5]; target y: f32[5];)
                one: Linear(5); op: Linear(5, weight = one); loss: Mse <- (op, y);
            }
            linear_frozen {
                (input x: f32[3, 6]; target y: f32[3, 5];)
                p: Parameter(3, 6, init = normal(1)); at: Mul <- (x, p);
                #[frozen] op: Linear(5); loss: Mse <- (op, y);
            }
            linear_relu { (input x: f32[3, 9]; target y: f32[3, 9];) op: Linear(9); Relu; side: Linear(9); loss: Mse <- (side, y); }
            linear_gelu { (input x: f32[3, 9]; target y: f32[3, 9];) op: Linear(9); Gelu; side: Linear(9); loss: Mse <- (side, y); }
            linear_gelu_tanh { (input x: f32[3, 9]; target y: f32[3, 9];) op: Linear(9); Gelu(tanh); side: Linear(9); loss: Mse <- (side, y); }
            linear_silu { (input x: f32[3, 9]; target y: f32[3, 9];) op: Linear(9, bias = false); Silu; side: Linear(9); loss: Mse <- (side, y); }
            linear_sigmoid { (input x: f32[3, 9]; target y: f32[3, 9];) op: Linear(9); Sigmoid; side: Linear(9); loss: Mse <- (side, y); }
            linear_tanh { (input x: f32[3, 9]; target y: f32[3, 9];) op: Linear(9); Tanh; side: Linear(9); loss: Mse <- (side, y); }
            embedding { (input ids: u32[6] < 5; target y: f32[6, 3];) op: Embedding(5, 3); loss: Mse <- (op, y); }
            embedding_of_one { (input ids: u32 < 5; target y: f32[9];) op: Embedding(5, 9); loss: Mse <- (op, y); }
            embedding_of_a_grid {
                (input ids: u32[2, 3] < 4; target y: f32[2, 3, 5];)
                op: Embedding(num_embeddings = 4, embedding_dim = 5, init = uniform(1)); loss: Mse <- (op, y);
            }
            position_embedding { [4, 5] to [4, 5] PositionEmbedding(4) }
            position_embedding_of_fewer { [4, 9] to [4, 9] PositionEmbedding(7, init = normal(1)) }
            layer_norm { [3, 11] to [3, 11] LayerNorm }
            layer_norm_without_bias { [3, 11] to [3, 11] LayerNorm(bias = false) }
            layer_norm_plain { [3, 11] to [3, 11] LayerNorm(elementwise_affine = false) }
            layer_norm_eps { [3, 5] to [3, 5] LayerNorm(5, eps = 0.1) }
            layer_norm_of_two_axes { [2, 3, 5] to [2, 3, 5] LayerNorm((3, 5)) }
            layer_norm_of_all_axes { [3, 7] to [3, 7] LayerNorm(normalized_shape = [3, 7], bias = false) }
            relu { [3, 7] to [3, 7] Relu }
            gelu { [3, 7] to [3, 7] Gelu }
            gelu_tanh { [3, 7] to [3, 7] Gelu(approximate = tanh) }
            silu { [3, 7] to [3, 7] Silu }
            sigmoid { [3, 7] to [3, 7] Sigmoid }
            tanh { [3, 7] to [3, 7] Tanh }
            softmax { [2, 3, 9] to [2, 3, 9] Softmax }
            softmax_first { [4, 3, 2] to [4, 3, 2] Softmax(0) }
            softmax_middle { [2, 5, 3] to [2, 5, 3] Softmax(dim = -2) }
            dropout { [3, 7] to [3, 7] Dropout }
            dropout_rare { [3, 7] to [3, 7] Dropout(p = 0.1) }
            dropout_never { [3, 7] to [3, 7] Dropout(0) }
            dropout_frozen {
                (input x: f32[7]; target y: f32[7];)
                p: Parameter(7, init = normal(1)); at: Mul <- (x, p);
                #[frozen] Dropout(0.5); op: Linear(7); loss: Mse <- (op, y);
            }
            attention { [5, 12] to [5, 4] Attention(heads = 2) }
            attention_of_one_head { [4, 15] to [4, 5] Attention(1) }
            attention_across {
                (input a: f32[3, 6]; input b: f32[5, 6]; input c: f32[5, 6]; target y: f32[3, 6];)
                p: Parameter(3, 6, init = normal(1)); q: Mul <- (a, p);
                r: Parameter(5, 6, init = normal(1)); k: Mul <- (b, r);
                s: Parameter(5, 6, init = normal(1)); v: Mul <- (c, s);
                op: Attention(heads = 3) <- (q, k, v); loss: Mse <- (op, y);
            }
            attention_of_itself {
                (input x: f32[4, 6]; target y: f32[4, 6];)
                p: Parameter(4, 6, init = normal(1)); at: Mul <- (x, p);
                op: Attention(2) <- (at, at, at); loss: Mse <- (op, y);
            }
            causal_attention { [5, 12] to [5, 4] CausalAttention(heads = 2) }
            causal_attention_across {
                (input a: f32[5, 6]; input b: f32[5, 6]; target y: f32[5, 6];)
                p: Parameter(5, 6, init = normal(1)); q: Mul <- (a, p);
                r: Parameter(5, 6, init = normal(1)); k: Mul <- (b, r);
                v: Linear(6) <- b;
                op: CausalAttention(2) <- (q, k, v); loss: Mse <- (op, y);
            }
            add { both Add }
            sub { both Sub }
            mul { both Mul }
            add_to_itself { itself Add }
            sub_from_itself { itself Sub }
            mul_by_itself { itself Mul }
            concat {
                (input a: f32[2, 3]; input b: f32[4, 3]; target y: f32[6, 3];)
                p: Parameter(2, 3, init = normal(1)); u: Mul <- (a, p);
                r: Parameter(4, 3, init = normal(1)); v: Mul <- (b, r);
                op: Concat <- (u, v); loss: Mse <- (op, y);
            }
            concat_last {
                (input a: f32[2, 3]; input b: f32[2, 5]; input c: f32[2, 1]; target y: f32[2, 9];)
                p: Parameter(2, 3, init = normal(1)); u: Mul <- (a, p);
                r: Parameter(2, 5, init = normal(1)); v: Mul <- (b, r);
                s: Parameter(2, 1, init = normal(1)); w: Mul <- (c, s);
                op: Concat(dim = -1) <- (u, v, w); loss: Mse <- (op, y);
            }
            concat_with_an_input {
                (input a: f32[2, 3, 2]; input b: f32[2, 2, 2]; target y: f32[2, 5, 2];)
                p: Parameter(2, 3, 2, init = normal(1)); u: Mul <- (a, p);
                op: Concat(1) <- (u, b); loss: Mse <- (op, y);
            }
            concat_with_itself {
                (input x: f32[3, 2]; target y: f32[3, 6];)
                p: Parameter(3, 2, init = normal(1)); at: Mul <- (x, p);
                op: Concat(1) <- (at, x, at); loss: Mse <- (op, y);
            }
            slice { [5, 3] to [2, 3] Slice(0, 1, 3) }
            slice_from { [2, 6, 3] to [2, 4, 3] Slice(1, start = 2) }
            slice_to { [3, 7] to [3, 6] Slice(dim = -1, end = -1) }
            reshape { [4, 6] to [2, 12] Reshape(2, 12) }
            reshape_the_rest { [4, 6] to [2, 4, 3] Reshape((2, -1, 3)) }
            flatten { [2, 3, 4] to [24] Flatten }
            flatten_from { [2, 3, 4] to [2, 12] Flatten(1) }
            flatten_to { [2, 3, 4] to [6, 4] Flatten(start_dim = 0, end_dim = 1) }
            transpose { [2, 3, 4] to [2, 4, 3] Transpose }
            transpose_first { [2, 3, 4] to [3, 2, 4] Transpose(0, 1) }
            transpose_ends { [2, 3, 4] to [4, 3, 2] Transpose(dim0 = -1, dim1 = 0) }
            mean { [3, 7] to [3] Mean(-1) }
            mean_first { [3, 7] to [7] Mean(dim = 0) }
            mean_middle { [2, 5, 3] to [2, 3] Mean(1) }
            mean_of_a_vector { [9] to [] Mean(0) }
            parameter {
                (input x: f32[2, 9]; target y: f32[2, 9];)
                op: Parameter(2, 9, init = uniform(2)); sum: Add <- (op, x); loss: Mse <- (sum, y);
            }
            cross_entropy { classes [9] positions [] CrossEntropy }
            cross_entropy_of_positions { classes [5] positions [4] CrossEntropy }
            cross_entropy_of_a_grid { classes [5] positions [2, 3] CrossEntropy(label_smoothing = 0.0) }
            cross_entropy_smoothed { classes [7] positions [3] CrossEntropy(label_smoothing = 0.1) }
            cross_entropy_ignoring { classes [5] positions [4] CrossEntropy(ignore_index = 2) }
            cross_entropy_smoothed_ignoring { classes [5] positions [4] CrossEntropy(label_smoothing = 0.2, ignore_index = 0) }
            mse_of_a_number {
                (input x: f32[3]; target y: f32;)
                p: Parameter(3, init = normal(1)); at: Mul <- (x, p); mean: Mean(0); loss: Mse <- (mean, y);
            }
            mse_to_a_computed_target {
                (input a: f32[9]; target b: f32[9];)
                p: Parameter(9, init = normal(1)); u: Mul <- (a, p);
                r: Parameter(9, init = normal(1)); v: Mul <- (b, r);
                loss: Mse <- (u, v);
            }
            mse_to_a_trained_target {
                (input a: f32[9]; target b: f32[9];)
                r: Parameter(9, init = normal(1)); v: Mul <- (b, r);
                loss: Mse <- (a, v);
            }
            sum {
                (input x: f32[5]; target y: f32[5]; target z: f32[5];)
                p: Parameter(5, init = normal(1)); at: Mul <- (x, p);
                one: Mse <- (at, y); two: Mse <- (at, z);
                loss: Sum <- (one, two, one);
            }
            sum_weighted {
                (input x: f32[5]; target y: f32[5]; target z: u32 < 5;)
                p: Parameter(5, init = normal(1)); at: Mul <- (x, p);
                one: Mse <- (at, y); two: CrossEntropy <- (at, z);
                loss: Sum(1.5, -0.25) <- (one, two);
            }
            sum_of_sums {
                (input x: f32[5]; target y: f32[5]; target z: f32[5];)
                p: Parameter(5, init = normal(1)); at: Mul <- (x, p);
                one: Mse <- (at, y); two: Mse <- (at, z);
                half: Sum(0.5) <- one; both: Sum(2, 3) <- (half, two);
                loss: Sum <- (both, one);
            }
        }
    };
}

/// Declares the network of a layer, `Net`: its input, the layer, a loss.
#[macro_export]
macro_rules! alone {
    ([$($from:literal),*] to [$($to:literal),*] $kind:ident $(($($args:tt)*))?) => {
        $crate::case! {
            Net (input x: f32[$($from),*]; target y: f32[$($to),*];) {
                p: Parameter($($from),*, init = normal(1));
                at: Mul <- (x, p);
                op: $kind $(($($args)*))?;
                loss: Mse <- (op, y);
            }
        }
    };
    (both $kind:ident) => {
        $crate::alone! {
            (input a: f32[2, 9]; input b: f32[2, 9]; target y: f32[2, 9];)
            p: Parameter(2, 9, init = normal(1)); u: Mul <- (a, p);
            r: Parameter(2, 9, init = normal(1)); v: Mul <- (b, r);
            op: $kind <- (u, v); loss: Mse <- (op, y);
        }
    };
    (itself $kind:ident) => {
        $crate::alone! {
            (input x: f32[2, 9]; target y: f32[2, 9];)
            p: Parameter(2, 9, init = normal(1)); at: Mul <- (x, p);
            op: $kind <- (at, at); sum: Add <- (op, at); loss: Mse <- (sum, y);
        }
    };
    (classes [$classes:literal] positions [$($position:literal),*] CrossEntropy $(($($args:tt)*))?) => {
        $crate::alone! {
            (input x: f32[$($position,)* $classes]; target y: u32[$($position),*] < $classes;)
            p: Parameter($($position,)* $classes, init = normal(1)); at: Mul <- (x, p);
            loss: CrossEntropy $(($($args)*))? <- (at, y);
        }
    };
    (($($ports:tt)*) $($layers:tt)*) => {
        $crate::case! { Net ($($ports)*) { $($layers)* } }
    };
}

/// Declares the network of a layer, `Net`, so that the layer is applied twice where it can be: the second
/// use writes the gradients of what it reads and of its parameters, and the first one adds to them.
#[macro_export]
macro_rules! twice {
    ([$($from:literal),*] to [$($to:literal),*] $kind:ident $(($($args:tt)*))?) => {
        $crate::case! {
            Net (input x: f32[$($from),*]; target y: f32[$($to),*];) {
                p: Parameter($($from),*, init = normal(1));
                at: Mul <- (x, p);
                op: $kind $(($($args)*))? <- at;
                again: op <- at;
                product: Mul <- (op, again);
                loss: Mse <- (product, y);
            }
        }
    };
    ($($other:tt)*) => { $crate::alone! { $($other)* } };
}

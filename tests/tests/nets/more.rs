//! Whole networks for differences alone: most draw random numbers, which no golden can know.

use remat_tests::case;

case! {
    /// Residuals whose shortcut changes the width, and a repeat over widths with dropout that grows.
    Pyramid (input x: f32[3, 10]; target y: u32[3] < 4;) {
        stem: Linear(10);
        #[checkpoint(at = [0])]
        levels: repeat(d in [9, 6, 4]) {
            residual {
                norm: LayerNorm;
                fc1: Linear(d);
                Relu;
                #[recompute]
                Dropout(0.4 / d);
                fc2: Linear(d);
            } shortcut {
                proj: Linear(d, bias = false);
            }
        }
        tail: repeat(i in 0..2) { 0: Linear(4 + 2 * i); Tanh; 1: Linear(4); }
        loss: CrossEntropy <- (tail, y);
    }
}

case! {
    /// Frozen embeddings, tied to a frozen head, and a frozen scope that gradients pass through.
    Frozen [D = 6] (input tokens: u32[4] < 8; target next: u32[4] < 8;) {
        #[frozen]
        embed: Embedding(8, D);
        adapter: Linear(D);
        Tanh;
        #[frozen]
        body: {
            residual { norm: LayerNorm; qkv: Linear(3 * D); CausalAttention(2); Dropout(0.5); }
            up: Linear(9);
            Relu;
            Dropout(0.5);
            down: Linear(D);
        }
        Dropout(0.25);
        tuned: LayerNorm;
        #[frozen]
        head: Linear(8, weight = embed);
        loss: CrossEntropy <- (head, next);
    }
}

case! {
    /// Attention written by hand from softmaxes over every axis.
    #[checkpoint(sqrt)]
    Softmaxes [T = 4, D = 6] (input x: f32[T, D]; target y: f32[D];) {
        keys: Linear(D);
        over_features: Softmax;
        over_places: Softmax(dim = 0) <- keys;
        weights: Mul <- (over_features, over_places);
        values: Linear(D) <- x;
        weighted: Mul <- (weights, values);
        grid: Reshape(2, 2, D);
        Softmax(1);
        middle: Flatten(0, 1);
        sum: Add <- (middle, weighted);
        #[checkpoint]
        mix: Linear(D);
        Silu;
        mean: Mean(0);
        loss: Mse <- (mean, y);
    }
}

case! {
    /// A student is taught by a frozen teacher, and by one that learns with it.
    Distill [D = 7] (input x: f32[D]; target y: u32 < D;) {
        #[frozen]
        teacher: { up: Linear(9); Tanh; down: Linear(D); }
        peer: Linear(D) <- x;
        peer_act: Sigmoid;
        #[checkpoint]
        student: <- x { up: Linear(9); #[recompute] Gelu; down: Linear(D); }
        from_teacher: Mse <- (student, teacher);
        from_peer: Mse <- (peer_act, student);
        from_labels: CrossEntropy(label_smoothing = 0.05) <- (student, y);
        loss: Sum(0.5, 2, 1.0) <- (from_teacher, from_peer, from_labels);
    }
}

case! {
    /// Segments in segments in segments, and one parameter used at every depth.
    Nested [D = 5] (input x: f32[3, D]; target y: f32[3, D];) {
        shared: Linear(D);
        Tanh;
        #[checkpoint(every = 2)]
        outer: repeat(3) {
            #[checkpoint]
            inner: repeat(2) {
                #[checkpoint]
                part: { residual { fc: Linear(D); Silu; } norm: LayerNorm(bias = false); }
                Dropout(0.1);
            }
            #[checkpoint]
            tie: Linear(D, weight = shared);
            Tanh;
        }
        loss: Mse <- (outer, y);
    }
}

case! {
    /// Activations that are alike, behind a layer with longer rows than the others have, or behind one that has no bias,
    /// for some of which they give the gradients of biases; and a layer that is applied again, with an activation behind it
    /// or not.
    Rows [D = 8] (input x: f32[4, 2]; target y: f32[4, 2];) {
        whole: { Flatten(0, 1); fc: Linear(D); Reshape(4, 2); }
        behind: repeat(3) { Gelu; fc: Linear(2); }
        mix: Linear(2, bias = false);
        after: repeat(2) { Sigmoid; fc: Linear(2); }
        pairs: Linear(2);
        Silu;
        again: pairs;
        Tanh;
        last: pairs;
        loss: Mse <- (last, y);
    }
}

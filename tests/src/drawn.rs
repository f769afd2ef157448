//! The networks that `draw.rs` drew.

/// Gives `$with!` the list of all drawn networks: a name, and what `case!` declares.
#[rustfmt::skip]
#[macro_export]
macro_rules! every_drawn {
    ($with:ident) => { $with! {
    linear_0 (input xa: f32[33]; input xb: f32[1, 17]; input xc: f32[5, 7, 1]; input xd: f32[5]; input xe: f32[1, 31]; input xf: f32[2, 1, 15]; input xg: f32[16]; input xh: f32[1, 33]; target ya: f32[1]; target yb: f32[1, 2]; target yc: f32[5, 7, 1]; target yd: f32[9]; target ye: f32[1, 1]; target yf: f32[2, 1, 2]; target yg: f32[2]; target yh: f32[1, 1];) {
    a: { p: Parameter(33, init = normal(1)); at: Mul <- (xa, p); op: Linear(1, bias = true) <- at; Mse <- (op, ya); }
    b: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xb, p); op: Linear(out_features = 2) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(5, 7, 1, init = normal(1)); at: Mul <- (xc, p); op: Linear(1, bias = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(5, init = normal(1)); at: Mul <- (xd, p); op: Linear(9, bias_init = normal(0.3)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 31, init = normal(1)); at: Mul <- (xe, p); op: Linear(1, bias_init = zeros, bias = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(2, 1, 15, init = normal(1)); at: Mul <- (xf, p); op: Linear(out_features = 2, bias = true, bias_init = zeros) <- at; Mse <- (op, yf); }
    g: { p: Parameter(16, init = normal(1)); at: Mul <- (xg, p); op: Linear(out_features = 2, bias = false) <- at; Mse <- (op, yg); }
    h: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xh, p); op: Linear(out_features = 1, bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    linear_1 (input xa: f32[1, 1, 15]; input xb: f32[5]; input xc: f32[2, 17]; input xd: f32[2, 1, 16]; input xe: f32[31]; input xf: f32[5, 7]; input xg: f32[1, 1, 33]; input xh: f32[17]; target ya: f32[1, 1, 2]; target yb: f32[9]; target yc: f32[2, 1]; target yd: f32[2, 1, 2]; target ye: f32[1]; target yf: f32[5, 5]; target yg: f32[1, 1, 1]; target yh: f32[2];) {
    a: { p: Parameter(1, 1, 15, init = normal(1)); at: Mul <- (xa, p); op: Linear(2, bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(5, init = normal(1)); at: Mul <- (xb, p); op: Linear(out_features = 9, init = normal(0.3), bias = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(2, 17, init = normal(1)); at: Mul <- (xc, p); op: Linear(out_features = 1, bias = true, init = constant(0.1)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(2, 1, 16, init = normal(1)); at: Mul <- (xd, p); op: Linear(out_features = 2, bias = true, init = zeros) <- at; Mse <- (op, yd); }
    e: { p: Parameter(31, init = normal(1)); at: Mul <- (xe, p); op: Linear(1, init = normal(0.3), bias_init = ones) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(5, 7, init = normal(1)); at: Mul <- (xf, p); op: Linear(5, bias = true, init = normal(0.3), bias_init = zeros) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xg, p); op: Linear(out_features = 1, init = uniform(0.3), bias_init = normal(0.3)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(17, init = normal(1)); at: Mul <- (xh, p); op: Linear(out_features = 2, bias = false, init = uniform(0.3)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    linear_2 (input xa: f32[3, 9]; input xb: f32[2, 1, 15]; input xc: f32[31]; input xd: f32[2, 16]; input xe: f32[3, 1, 7]; input xf: f32[31]; input xg: f32[2, 15]; input xh: f32[33, 1, 1]; target ya: f32[3, 5]; target yb: f32[2, 1, 2]; target yc: f32[1]; target yd: f32[2, 2]; target ye: f32[3, 1, 7]; target yf: f32[1]; target yg: f32[2, 2]; target yh: f32[33, 1, 1];) {
    a: { p: Parameter(3, 9, init = normal(1)); at: Mul <- (xa, p); op: Linear(5, init = normal(0.3), bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(2, 1, 15, init = normal(1)); at: Mul <- (xb, p); op: Linear(out_features = 2, init = constant(0.1), bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(31, init = normal(1)); at: Mul <- (xc, p); one: Linear(1) <- at; op: Linear(1, weight = one, bias = true) <- at; both: Mul <- (one, op); Mse <- (both, yc); }
    d: { p: Parameter(2, 16, init = normal(1)); at: Mul <- (xd, p); one: Linear(2) <- at; op: Linear(out_features = 2, weight = one, bias = true) <- at; both: Mul <- (one, op); Mse <- (both, yd); }
    e: { p: Parameter(3, 1, 7, init = normal(1)); at: Mul <- (xe, p); one: Linear(7) <- at; op: Linear(out_features = 7, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, ye); }
    f: { p: Parameter(31, init = normal(1)); at: Mul <- (xf, p); one: Linear(1) <- at; op: Linear(out_features = 1, bias_init = normal(0.3), weight = one) <- at; both: Mul <- (one, op); Mse <- (both, yf); }
    g: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xg, p); one: Linear(2) <- at; op: Linear(2, bias_init = uniform(0.3), weight = one, bias = true) <- at; both: Mul <- (one, op); Mse <- (both, yg); }
    h: { p: Parameter(33, 1, 1, init = normal(1)); at: Mul <- (xh, p); one: Linear(1) <- at; op: Linear(1, weight = one, bias_init = constant(0.1), bias = true) <- at; both: Mul <- (one, op); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    linear_3 (input xa: f32[16]; input xb: f32[1, 9]; input xc: f32[1, 2, 17]; input xd: f32[5, 7]; input xe: f32[9, 3]; input xf: f32[1, 31]; input xg: f32[1, 17]; target ya: f32[2]; target yb: f32[1, 5]; target yc: f32[1, 2, 2]; target yd: f32[5, 5]; target ye: f32[9, 1]; target yf: f32[1, 1]; target yg: f32[1, 2];) {
    a: { p: Parameter(16, init = normal(1)); at: Mul <- (xa, p); one: Linear(2) <- at; op: Linear(2, bias = false, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, ya); }
    b: { p: Parameter(1, 9, init = normal(1)); at: Mul <- (xb, p); one: Linear(5) <- at; op: Linear(out_features = 5, weight = one, bias = false) <- at; both: Mul <- (one, op); Mse <- (both, yb); }
    c: { p: Parameter(1, 2, 17, init = normal(1)); at: Mul <- (xc, p); one: Linear(2) <- at; op: Linear(2, bias = false, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, yc); }
    d: { p: Parameter(5, 7, init = normal(1)); at: Mul <- (xd, p); #[frozen] op: Linear(5, bias = true) <- at; Mse <- (op, yd); }
    e: { p: Parameter(9, 3, init = normal(1)); at: Mul <- (xe, p); #[frozen] op: Linear(1, bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { op: Linear(1) <- xf; Mse <- (op, yf); }
    g: { op: Linear(2, bias = false) <- xg; Mse <- (op, yg); }
    loss: Sum <- (a, b, c, d, e, f, g);
    }
    linear_fused_0 (input xa: f32[33]; input xb: f32[1, 17]; input xc: f32[3, 7]; input xd: f32[2, 15]; input xe: f32[3, 1, 9]; input xf: f32[16, 2]; input xg: f32[31]; input xh: f32[31]; target ya: f32[1]; target yb: f32[1, 2]; target yc: f32[3, 5]; target yd: f32[2, 2]; target ye: f32[3, 1, 5]; target yf: f32[16, 1]; target yg: f32[1]; target yh: f32[1];) {
    a: { p: Parameter(33, init = normal(1)); at: Mul <- (xa, p); op: { fc: Linear(out_features = 1); Relu; } again: op <- at; both: Add <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xb, p); op: { fc: Linear(2, bias = true); Gelu; } again: op <- at; both: Add <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(3, 7, init = normal(1)); at: Mul <- (xc, p); op: { fc: Linear(5); Gelu(none); } again: op <- at; both: Add <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xd, p); op: { fc: Linear(out_features = 2, bias = true); Gelu(tanh); } again: op <- at; both: Add <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(3, 1, 9, init = normal(1)); at: Mul <- (xe, p); op: { fc: Linear(5); Gelu(approximate = tanh); } again: op <- at; both: Add <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(16, 2, init = normal(1)); at: Mul <- (xf, p); op: { fc: Linear(1, bias = true); Silu; } again: op <- at; both: Add <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(31, init = normal(1)); at: Mul <- (xg, p); op: { fc: Linear(1, bias = true); Sigmoid; } again: op <- at; both: Add <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(31, init = normal(1)); at: Mul <- (xh, p); op: { fc: Linear(out_features = 1, bias = true); Tanh; } again: op <- at; both: Add <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    linear_fused_1 (input xa: f32[5, 1, 7]; input xb: f32[17]; input xc: f32[1, 16, 2]; input xd: f32[1, 1, 33]; input xe: f32[2, 1, 15]; input xf: f32[9]; input xg: f32[1, 2, 17]; input xh: f32[31]; target ya: f32[5, 1, 7]; target yb: f32[2]; target yc: f32[1, 16, 2]; target yd: f32[1, 1, 1]; target ye: f32[2, 1, 2]; target yf: f32[5]; target yg: f32[1, 2, 1]; target yh: f32[1];) {
    a: { p: Parameter(5, 1, 7, init = normal(1)); at: Mul <- (xa, p); op: { fc: Linear(7, bias = false); Relu; } again: op <- at; both: Add <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(17, init = normal(1)); at: Mul <- (xb, p); op: { fc: Linear(out_features = 2, bias = false); Gelu; } again: op <- at; both: Add <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(1, 16, 2, init = normal(1)); at: Mul <- (xc, p); op: { fc: Linear(out_features = 2, bias = false); Gelu(none); } again: op <- at; both: Add <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xd, p); op: { fc: Linear(out_features = 1, bias = false); Gelu(tanh); } again: op <- at; both: Add <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(2, 1, 15, init = normal(1)); at: Mul <- (xe, p); op: { fc: Linear(out_features = 2, bias = false); Gelu(approximate = tanh); } again: op <- at; both: Add <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(9, init = normal(1)); at: Mul <- (xf, p); op: { fc: Linear(5, bias = false); Silu; } again: op <- at; both: Add <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 2, 17, init = normal(1)); at: Mul <- (xg, p); op: { fc: Linear(1, bias = false); Sigmoid; } again: op <- at; both: Add <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(31, init = normal(1)); at: Mul <- (xh, p); op: { fc: Linear(1, bias = false); Tanh; } again: op <- at; both: Add <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    embedding_0 (input ia: u32 < 3; input ib: u32[3] < 7; input ic: u32[3, 5] < 3; input id: u32 < 3; input ie: u32[3] < 3; input if: u32[1, 5] < 3; input ig: u32 < 7; input ih: u32[2] < 2; target ya: f32[1]; target yb: f32[3, 7]; target yc: f32[3, 5, 2]; target yd: f32[17]; target ye: f32[3, 16]; target yf: f32[1, 5, 9]; target yg: f32[5]; target yh: f32[2, 33];) {
    a: { op: Embedding(3, 1) <- ia; again: op <- ia; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { op: Embedding(7, 7) <- ib; Mse <- (op, yb); }
    c: { op: Embedding(num_embeddings = 3, embedding_dim = 2) <- ic; Mse <- (op, yc); }
    d: { op: Embedding(num_embeddings = 3, embedding_dim = 17, init = uniform(0.3)) <- id; Mse <- (op, yd); }
    e: { op: Embedding(3, 16, init = uniform(0.3)) <- ie; Mse <- (op, ye); }
    f: { op: Embedding(3, embedding_dim = 9, init = constant(0.1)) <- if; again: op <- if; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { one: Embedding(7, 5) <- ig; op: Embedding(7, embedding_dim = 5, weight = one) <- ig; both: Mul <- (one, op); Mse <- (both, yg); }
    h: { one: Embedding(2, 33) <- ih; op: Embedding(2, embedding_dim = 33, weight = one) <- ih; both: Mul <- (one, op); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    embedding_1 (input ia: u32[2, 1] < 2; target ya: f32[2, 1, 31];) {
    a: { one: Embedding(2, 31) <- ia; op: Embedding(num_embeddings = 2, embedding_dim = 31, weight = one) <- ia; both: Mul <- (one, op); Mse <- (both, ya); }
    loss: Sum <- (a);
    }
    position_embedding_0 (input xa: f32[1, 7]; input xb: f32[1, 33]; input xc: f32[17, 1]; input xd: f32[1, 1]; input xe: f32[2, 16]; input xf: f32[2, 15]; target ya: f32[1, 7]; target yb: f32[1, 33]; target yc: f32[17, 1]; target yd: f32[1, 1]; target ye: f32[2, 16]; target yf: f32[2, 15];) {
    a: { p: Parameter(1, 7, init = normal(1)); at: Mul <- (xa, p); op: PositionEmbedding(1) <- at; Mse <- (op, ya); }
    b: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xb, p); op: PositionEmbedding(2) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(17, 1, init = normal(1)); at: Mul <- (xc, p); op: PositionEmbedding(num_positions = 17, init = normal(0.3)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, 1, init = normal(1)); at: Mul <- (xd, p); op: PositionEmbedding(2, init = uniform(0.3)) <- at; Mse <- (op, yd); }
    e: { p: Parameter(2, 16, init = normal(1)); at: Mul <- (xe, p); one: PositionEmbedding(2) <- at; op: PositionEmbedding(num_positions = 2, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, ye); }
    f: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xf, p); one: PositionEmbedding(3) <- at; op: PositionEmbedding(3, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, yf); }
    loss: Sum <- (a, b, c, d, e, f);
    }
    layer_norm_0 (input xa: f32[1, 7]; input xb: f32[17]; input xc: f32[1, 1, 5]; input xd: f32[1, 1, 33]; input xe: f32[15]; input xf: f32[1, 9]; input xg: f32[1, 1, 16]; input xh: f32[2, 5]; target ya: f32[1, 7]; target yb: f32[17]; target yc: f32[1, 1, 5]; target yd: f32[1, 1, 33]; target ye: f32[15]; target yf: f32[1, 9]; target yg: f32[1, 1, 16]; target yh: f32[2, 5];) {
    a: { p: Parameter(1, 7, init = normal(1)); at: Mul <- (xa, p); op: LayerNorm(elementwise_affine = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(17, init = normal(1)); at: Mul <- (xb, p); op: LayerNorm(bias_init = normal(0.3)) <- at; Mse <- (op, yb); }
    c: { p: Parameter(1, 1, 5, init = normal(1)); at: Mul <- (xc, p); op: LayerNorm(bias = false) <- at; Mse <- (op, yc); }
    d: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xd, p); op: LayerNorm(elementwise_affine = true, bias = true, init = zeros) <- at; Mse <- (op, yd); }
    e: { p: Parameter(15, init = normal(1)); at: Mul <- (xe, p); op: LayerNorm(init = uniform(0.3), bias_init = uniform(0.3), bias = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 9, init = normal(1)); at: Mul <- (xf, p); op: LayerNorm(bias = false, init = constant(0.1)) <- at; Mse <- (op, yf); }
    g: { p: Parameter(1, 1, 16, init = normal(1)); at: Mul <- (xg, p); one: LayerNorm <- at; op: LayerNorm(weight = one) <- at; both: Mul <- (one, op); Mse <- (both, yg); }
    h: { p: Parameter(2, 5, init = normal(1)); at: Mul <- (xh, p); one: LayerNorm <- at; op: LayerNorm(weight = one, bias_init = zeros, elementwise_affine = true) <- at; both: Mul <- (one, op); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_1 (input xa: f32[3, 1, 5]; input xb: f32[1, 15]; input xc: f32[1, 1, 33]; input xd: f32[1, 2, 7]; input xe: f32[1, 2, 5]; input xf: f32[1, 5]; input xg: f32[3, 5]; input xh: f32[17]; target ya: f32[3, 1, 5]; target yb: f32[1, 15]; target yc: f32[1, 1, 33]; target yd: f32[1, 2, 7]; target ye: f32[1, 2, 5]; target yf: f32[1, 5]; target yg: f32[3, 5]; target yh: f32[17];) {
    a: { p: Parameter(3, 1, 5, init = normal(1)); at: Mul <- (xa, p); one: LayerNorm <- at; op: LayerNorm(bias = false, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, ya); }
    b: { p: Parameter(1, 15, init = normal(1)); at: Mul <- (xb, p); op: LayerNorm(elementwise_affine = false) <- at; Mse <- (op, yb); }
    c: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xc, p); op: LayerNorm(bias = false, elementwise_affine = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, 2, 7, init = normal(1)); at: Mul <- (xd, p); op: LayerNorm(bias = true, elementwise_affine = true, eps = 0.1) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 2, 5, init = normal(1)); at: Mul <- (xe, p); op: LayerNorm(bias = true, eps = 0.1, bias_init = normal(0.3)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 5, init = normal(1)); at: Mul <- (xf, p); op: LayerNorm(elementwise_affine = true, eps = 0.1, bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(3, 5, init = normal(1)); at: Mul <- (xg, p); op: LayerNorm(bias = true, init = uniform(0.3), elementwise_affine = true, eps = 0.1) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(17, init = normal(1)); at: Mul <- (xh, p); op: LayerNorm(eps = 0.1, init = normal(0.3), bias_init = zeros, elementwise_affine = true) <- at; Mse <- (op, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_2 (input xa: f32[9]; input xb: f32[1, 1, 16]; input xc: f32[3, 1, 5]; input xd: f32[17]; input xe: f32[1, 5]; input xf: f32[1, 1, 15]; input xg: f32[33]; input xh: f32[1, 1, 7]; target ya: f32[9]; target yb: f32[1, 1, 16]; target yc: f32[3, 1, 5]; target yd: f32[17]; target ye: f32[1, 5]; target yf: f32[1, 1, 15]; target yg: f32[33]; target yh: f32[1, 1, 7];) {
    a: { p: Parameter(9, init = normal(1)); at: Mul <- (xa, p); op: LayerNorm(bias = false, eps = 0.1, init = zeros) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 1, 16, init = normal(1)); at: Mul <- (xb, p); one: LayerNorm <- at; op: LayerNorm(eps = 0.1, weight = one, bias = true) <- at; both: Mul <- (one, op); Mse <- (both, yb); }
    c: { p: Parameter(3, 1, 5, init = normal(1)); at: Mul <- (xc, p); one: LayerNorm <- at; op: LayerNorm(eps = 0.1, weight = one, elementwise_affine = true, bias_init = normal(0.3)) <- at; both: Mul <- (one, op); Mse <- (both, yc); }
    d: { p: Parameter(17, init = normal(1)); at: Mul <- (xd, p); one: LayerNorm <- at; op: LayerNorm(weight = one, eps = 0.1, bias = false) <- at; both: Mul <- (one, op); Mse <- (both, yd); }
    e: { p: Parameter(1, 5, init = normal(1)); at: Mul <- (xe, p); op: LayerNorm(elementwise_affine = false, eps = 0.1) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 1, 15, init = normal(1)); at: Mul <- (xf, p); op: LayerNorm(bias = false, eps = 0.1, elementwise_affine = false) <- at; Mse <- (op, yf); }
    g: { p: Parameter(33, init = normal(1)); at: Mul <- (xg, p); op: LayerNorm([33], elementwise_affine = true, bias = true) <- at; Mse <- (op, yg); }
    h: { p: Parameter(1, 1, 7, init = normal(1)); at: Mul <- (xh, p); op: LayerNorm(7, bias_init = normal(0.3), bias = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_3 (input xa: f32[2, 5]; input xb: f32[1, 16]; input xc: f32[1, 9]; input xd: f32[1, 1, 16]; input xe: f32[1, 1, 15]; input xf: f32[2, 5]; input xg: f32[1, 7]; input xh: f32[1, 9]; target ya: f32[2, 5]; target yb: f32[1, 16]; target yc: f32[1, 9]; target yd: f32[1, 1, 16]; target ye: f32[1, 1, 15]; target yf: f32[2, 5]; target yg: f32[1, 7]; target yh: f32[1, 9];) {
    a: { p: Parameter(2, 5, init = normal(1)); at: Mul <- (xa, p); op: LayerNorm(normalized_shape = [5], bias = false, elementwise_affine = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 16, init = normal(1)); at: Mul <- (xb, p); op: LayerNorm(16, init = zeros) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(1, 9, init = normal(1)); at: Mul <- (xc, p); op: LayerNorm([9], elementwise_affine = true, bias_init = normal(0.3), bias = true, init = normal(0.3)) <- at; Mse <- (op, yc); }
    d: { p: Parameter(1, 1, 16, init = normal(1)); at: Mul <- (xd, p); op: LayerNorm(normalized_shape = [16], bias = false, elementwise_affine = true, init = constant(0.1)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 1, 15, init = normal(1)); at: Mul <- (xe, p); one: LayerNorm([15]) <- at; op: LayerNorm([15], weight = one) <- at; both: Mul <- (one, op); Mse <- (both, ye); }
    f: { p: Parameter(2, 5, init = normal(1)); at: Mul <- (xf, p); one: LayerNorm(5) <- at; op: LayerNorm(5, bias_init = normal(0.3), weight = one, bias = true) <- at; both: Mul <- (one, op); Mse <- (both, yf); }
    g: { p: Parameter(1, 7, init = normal(1)); at: Mul <- (xg, p); one: LayerNorm(normalized_shape = [7]) <- at; op: LayerNorm(normalized_shape = [7], weight = one, bias = false) <- at; both: Mul <- (one, op); Mse <- (both, yg); }
    h: { p: Parameter(1, 9, init = normal(1)); at: Mul <- (xh, p); op: LayerNorm(9, elementwise_affine = false) <- at; Mse <- (op, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_4 (input xa: f32[2, 5]; input xb: f32[1, 1, 17]; input xc: f32[3, 1, 5]; input xd: f32[33]; input xe: f32[5]; input xf: f32[7]; input xg: f32[1, 9]; input xh: f32[1, 17]; target ya: f32[2, 5]; target yb: f32[1, 1, 17]; target yc: f32[3, 1, 5]; target yd: f32[33]; target ye: f32[5]; target yf: f32[7]; target yg: f32[1, 9]; target yh: f32[1, 17];) {
    a: { p: Parameter(2, 5, init = normal(1)); at: Mul <- (xa, p); op: LayerNorm(5, bias = false, elementwise_affine = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 1, 17, init = normal(1)); at: Mul <- (xb, p); op: LayerNorm([17], eps = 0.1, bias = true, elementwise_affine = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(3, 1, 5, init = normal(1)); at: Mul <- (xc, p); op: LayerNorm(normalized_shape = [5], eps = 0.1, bias_init = zeros) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(33, init = normal(1)); at: Mul <- (xd, p); op: LayerNorm(normalized_shape = [33], eps = 0.1, bias = false) <- at; Mse <- (op, yd); }
    e: { p: Parameter(5, init = normal(1)); at: Mul <- (xe, p); op: LayerNorm([5], bias = true, init = normal(0.3), eps = 0.1, elementwise_affine = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(7, init = normal(1)); at: Mul <- (xf, p); op: LayerNorm(7, eps = 0.1, bias_init = zeros, init = normal(0.3), bias = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 9, init = normal(1)); at: Mul <- (xg, p); op: LayerNorm(normalized_shape = [9], eps = 0.1, bias = false, init = zeros) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xh, p); one: LayerNorm(normalized_shape = [17]) <- at; op: LayerNorm(normalized_shape = [17], eps = 0.1, elementwise_affine = true, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_5 (input xa: f32[33]; input xb: f32[15]; input xc: f32[1, 5]; input xd: f32[1, 1, 16]; input xe: f32[1, 3, 2]; input xf: f32[1, 2, 7]; input xg: f32[33, 1]; input xh: f32[3, 1, 5]; target ya: f32[33]; target yb: f32[15]; target yc: f32[1, 5]; target yd: f32[1, 1, 16]; target ye: f32[1, 3, 2]; target yf: f32[1, 2, 7]; target yg: f32[33, 1]; target yh: f32[3, 1, 5];) {
    a: { p: Parameter(33, init = normal(1)); at: Mul <- (xa, p); one: LayerNorm(normalized_shape = [33]) <- at; op: LayerNorm(normalized_shape = [33], bias = true, eps = 0.1, bias_init = ones, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, ya); }
    b: { p: Parameter(15, init = normal(1)); at: Mul <- (xb, p); one: LayerNorm([15]) <- at; op: LayerNorm([15], weight = one, eps = 0.1, elementwise_affine = true, bias = false) <- at; both: Mul <- (one, op); Mse <- (both, yb); }
    c: { p: Parameter(1, 5, init = normal(1)); at: Mul <- (xc, p); op: LayerNorm(normalized_shape = [5], elementwise_affine = false, eps = 0.1) <- at; Mse <- (op, yc); }
    d: { p: Parameter(1, 1, 16, init = normal(1)); at: Mul <- (xd, p); op: LayerNorm([16], bias = false, elementwise_affine = false, eps = 0.1) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 3, 2, init = normal(1)); at: Mul <- (xe, p); op: LayerNorm([3, 2], bias = true, elementwise_affine = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 2, 7, init = normal(1)); at: Mul <- (xf, p); op: LayerNorm([2, 7], elementwise_affine = true, bias_init = zeros) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(33, 1, init = normal(1)); at: Mul <- (xg, p); op: LayerNorm(normalized_shape = [33, 1], bias = false, elementwise_affine = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(3, 1, 5, init = normal(1)); at: Mul <- (xh, p); op: LayerNorm(1, 5, init = uniform(0.3)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_6 (input xa: f32[1, 1, 15]; input xb: f32[1, 2, 9]; input xc: f32[5, 1]; input xd: f32[1, 16]; input xe: f32[1, 17]; input xf: f32[5, 2]; input xg: f32[1, 33]; input xh: f32[1, 7]; target ya: f32[1, 1, 15]; target yb: f32[1, 2, 9]; target yc: f32[5, 1]; target yd: f32[1, 16]; target ye: f32[1, 17]; target yf: f32[5, 2]; target yg: f32[1, 33]; target yh: f32[1, 7];) {
    a: { p: Parameter(1, 1, 15, init = normal(1)); at: Mul <- (xa, p); op: LayerNorm([1, 15], elementwise_affine = true, bias_init = zeros, init = constant(0.1)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 2, 9, init = normal(1)); at: Mul <- (xb, p); op: LayerNorm(2, 9, bias = false, init = constant(0.1)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(5, 1, init = normal(1)); at: Mul <- (xc, p); one: LayerNorm(normalized_shape = [5, 1]) <- at; op: LayerNorm(normalized_shape = [5, 1], bias = true, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, yc); }
    d: { p: Parameter(1, 16, init = normal(1)); at: Mul <- (xd, p); one: LayerNorm((1, 16)) <- at; op: LayerNorm((1, 16), bias_init = normal(0.3), bias = true, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, yd); }
    e: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xe, p); one: LayerNorm(1, 17) <- at; op: LayerNorm(1, 17, weight = one, elementwise_affine = true, bias = false) <- at; both: Mul <- (one, op); Mse <- (both, ye); }
    f: { p: Parameter(5, 2, init = normal(1)); at: Mul <- (xf, p); op: LayerNorm(normalized_shape = [5, 2], elementwise_affine = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xg, p); op: LayerNorm((1, 33), bias = false, elementwise_affine = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 7, init = normal(1)); at: Mul <- (xh, p); op: LayerNorm([1, 7], eps = 0.1, bias = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_7 (input xa: f32[1, 1, 17]; input xb: f32[1, 5, 1]; input xc: f32[2, 3, 2]; input xd: f32[1, 1, 16]; input xe: f32[1, 3, 5]; input xf: f32[2, 1, 9]; input xg: f32[1, 15]; input xh: f32[16, 1]; target ya: f32[1, 1, 17]; target yb: f32[1, 5, 1]; target yc: f32[2, 3, 2]; target yd: f32[1, 1, 16]; target ye: f32[1, 3, 5]; target yf: f32[2, 1, 9]; target yg: f32[1, 15]; target yh: f32[16, 1];) {
    a: { p: Parameter(1, 1, 17, init = normal(1)); at: Mul <- (xa, p); op: LayerNorm(1, 17, eps = 0.1, bias_init = normal(0.3)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 5, 1, init = normal(1)); at: Mul <- (xb, p); op: LayerNorm(5, 1, bias = false, eps = 0.1, elementwise_affine = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(2, 3, 2, init = normal(1)); at: Mul <- (xc, p); op: LayerNorm(normalized_shape = [3, 2], bias = true, init = normal(0.3), eps = 0.1) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, 1, 16, init = normal(1)); at: Mul <- (xd, p); op: LayerNorm(1, 16, eps = 0.1, init = constant(0.1), bias = true, bias_init = constant(0.1)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 3, 5, init = normal(1)); at: Mul <- (xe, p); op: LayerNorm(3, 5, eps = 0.1, init = uniform(0.3), bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(2, 1, 9, init = normal(1)); at: Mul <- (xf, p); one: LayerNorm(1, 9) <- at; op: LayerNorm(1, 9, eps = 0.1, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, yf); }
    g: { p: Parameter(1, 15, init = normal(1)); at: Mul <- (xg, p); one: LayerNorm([1, 15]) <- at; op: LayerNorm([1, 15], weight = one, bias_init = constant(0.1), eps = 0.1) <- at; both: Mul <- (one, op); Mse <- (both, yg); }
    h: { p: Parameter(16, 1, init = normal(1)); at: Mul <- (xh, p); one: LayerNorm(normalized_shape = [16, 1]) <- at; op: LayerNorm(normalized_shape = [16, 1], elementwise_affine = true, eps = 0.1, weight = one, bias = false) <- at; both: Mul <- (one, op); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_8 (input xa: f32[1, 1, 17]; input xb: f32[5, 2]; input xc: f32[7, 2, 1]; input xd: f32[1, 2, 9]; input xe: f32[1, 1, 33]; input xf: f32[5, 1, 1]; input xg: f32[1, 15, 1]; input xh: f32[2, 3, 1]; target ya: f32[1, 1, 17]; target yb: f32[5, 2]; target yc: f32[7, 2, 1]; target yd: f32[1, 2, 9]; target ye: f32[1, 1, 33]; target yf: f32[5, 1, 1]; target yg: f32[1, 15, 1]; target yh: f32[2, 3, 1];) {
    a: { p: Parameter(1, 1, 17, init = normal(1)); at: Mul <- (xa, p); op: LayerNorm((1, 17), eps = 0.1, elementwise_affine = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(5, 2, init = normal(1)); at: Mul <- (xb, p); op: LayerNorm(normalized_shape = [5, 2], elementwise_affine = false, bias = false, eps = 0.1) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(7, 2, 1, init = normal(1)); at: Mul <- (xc, p); op: LayerNorm(7, 2, 1, bias = true) <- at; Mse <- (op, yc); }
    d: { p: Parameter(1, 2, 9, init = normal(1)); at: Mul <- (xd, p); op: LayerNorm([1, 2, 9], bias_init = ones) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xe, p); op: LayerNorm((1, 1, 33), elementwise_affine = true, bias = false) <- at; Mse <- (op, ye); }
    f: { p: Parameter(5, 1, 1, init = normal(1)); at: Mul <- (xf, p); op: LayerNorm((5, 1, 1), init = uniform(0.3)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 15, 1, init = normal(1)); at: Mul <- (xg, p); op: LayerNorm(1, 15, 1, elementwise_affine = true, bias_init = uniform(0.3), init = normal(0.3)) <- at; Mse <- (op, yg); }
    h: { p: Parameter(2, 3, 1, init = normal(1)); at: Mul <- (xh, p); op: LayerNorm(2, 3, 1, elementwise_affine = true, bias = false, init = constant(0.1)) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_9 (input xa: f32[2, 1, 7]; input xb: f32[1, 1, 17]; input xc: f32[1, 1, 16]; input xd: f32[9, 1, 2]; input xe: f32[2, 5, 1]; input xf: f32[15, 1, 1]; input xg: f32[5, 1, 2]; input xh: f32[1, 1, 33]; target ya: f32[2, 1, 7]; target yb: f32[1, 1, 17]; target yc: f32[1, 1, 16]; target yd: f32[9, 1, 2]; target ye: f32[2, 5, 1]; target yf: f32[15, 1, 1]; target yg: f32[5, 1, 2]; target yh: f32[1, 1, 33];) {
    a: { p: Parameter(2, 1, 7, init = normal(1)); at: Mul <- (xa, p); one: LayerNorm(normalized_shape = [2, 1, 7]) <- at; op: LayerNorm(normalized_shape = [2, 1, 7], bias = true, weight = one, elementwise_affine = true) <- at; both: Mul <- (one, op); Mse <- (both, ya); }
    b: { p: Parameter(1, 1, 17, init = normal(1)); at: Mul <- (xb, p); one: LayerNorm([1, 1, 17]) <- at; op: LayerNorm([1, 1, 17], weight = one, bias_init = constant(0.1), bias = true) <- at; both: Mul <- (one, op); Mse <- (both, yb); }
    c: { p: Parameter(1, 1, 16, init = normal(1)); at: Mul <- (xc, p); one: LayerNorm(1, 1, 16) <- at; op: LayerNorm(1, 1, 16, elementwise_affine = true, bias = false, weight = one) <- at; both: Mul <- (one, op); Mse <- (both, yc); }
    d: { p: Parameter(9, 1, 2, init = normal(1)); at: Mul <- (xd, p); op: LayerNorm((9, 1, 2), elementwise_affine = false) <- at; Mse <- (op, yd); }
    e: { p: Parameter(2, 5, 1, init = normal(1)); at: Mul <- (xe, p); op: LayerNorm(normalized_shape = [2, 5, 1], elementwise_affine = false, bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(15, 1, 1, init = normal(1)); at: Mul <- (xf, p); op: LayerNorm(15, 1, 1, eps = 0.1, elementwise_affine = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(5, 1, 2, init = normal(1)); at: Mul <- (xg, p); op: LayerNorm([5, 1, 2], bias_init = uniform(0.3), eps = 0.1, bias = true) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xh, p); op: LayerNorm([1, 1, 33], eps = 0.1, bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    layer_norm_10 (input xa: f32[3, 1, 5]; input xb: f32[1, 1, 7]; input xc: f32[1, 5, 1]; input xd: f32[2, 5, 1]; input xe: f32[1, 1, 16]; input xf: f32[5, 3, 1]; input xg: f32[1, 17, 1]; input xh: f32[1, 1, 9]; target ya: f32[3, 1, 5]; target yb: f32[1, 1, 7]; target yc: f32[1, 5, 1]; target yd: f32[2, 5, 1]; target ye: f32[1, 1, 16]; target yf: f32[5, 3, 1]; target yg: f32[1, 17, 1]; target yh: f32[1, 1, 9];) {
    a: { p: Parameter(3, 1, 5, init = normal(1)); at: Mul <- (xa, p); op: LayerNorm((3, 1, 5), init = constant(0.1), eps = 0.1) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 1, 7, init = normal(1)); at: Mul <- (xb, p); op: LayerNorm(1, 1, 7, eps = 0.1, elementwise_affine = true, init = normal(0.3), bias_init = zeros) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(1, 5, 1, init = normal(1)); at: Mul <- (xc, p); op: LayerNorm((1, 5, 1), eps = 0.1, bias = false, init = zeros) <- at; Mse <- (op, yc); }
    d: { p: Parameter(2, 5, 1, init = normal(1)); at: Mul <- (xd, p); one: LayerNorm(normalized_shape = [2, 5, 1]) <- at; op: LayerNorm(normalized_shape = [2, 5, 1], elementwise_affine = true, weight = one, eps = 0.1) <- at; both: Mul <- (one, op); Mse <- (both, yd); }
    e: { p: Parameter(1, 1, 16, init = normal(1)); at: Mul <- (xe, p); one: LayerNorm([1, 1, 16]) <- at; op: LayerNorm([1, 1, 16], bias_init = uniform(0.3), weight = one, eps = 0.1) <- at; both: Mul <- (one, op); Mse <- (both, ye); }
    f: { p: Parameter(5, 3, 1, init = normal(1)); at: Mul <- (xf, p); one: LayerNorm((5, 3, 1)) <- at; op: LayerNorm((5, 3, 1), eps = 0.1, weight = one, bias = false) <- at; both: Mul <- (one, op); Mse <- (both, yf); }
    g: { p: Parameter(1, 17, 1, init = normal(1)); at: Mul <- (xg, p); op: LayerNorm([1, 17, 1], eps = 0.1, elementwise_affine = false) <- at; Mse <- (op, yg); }
    h: { p: Parameter(1, 1, 9, init = normal(1)); at: Mul <- (xh, p); op: LayerNorm([1, 1, 9], elementwise_affine = false, eps = 0.1, bias = false) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    parameter_0 (input xa: f32; input xb: f32[7]; input xc: f32[1, 17]; input xd: f32[33, 1, 1]; input xe: f32; input xf: f32[1]; input xg: f32[1, 16]; input xh: f32[5, 1, 2]; target ya: f32; target yb: f32[7]; target yc: f32[1, 17]; target yd: f32[33, 1, 1]; target ye: f32; target yf: f32[1]; target yg: f32[1, 16]; target yh: f32[5, 1, 2];) {
    a: { p: Parameter(init = normal(1)); at: Mul <- (xa, p); with: Add <- (at, at); op: Parameter(); both: Mul <- (with, op); Mse <- (both, ya); }
    b: { p: Parameter(7, init = normal(1)); at: Mul <- (xb, p); with: Add <- (at, at); op: Parameter(7); both: Mul <- (with, op); Mse <- (both, yb); }
    c: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xc, p); with: Add <- (at, at); op: Parameter(1, 17); both: Mul <- (with, op); Mse <- (both, yc); }
    d: { p: Parameter(33, 1, 1, init = normal(1)); at: Mul <- (xd, p); with: Add <- (at, at); op: Parameter(shape = [33, 1, 1]); both: Mul <- (with, op); Mse <- (both, yd); }
    e: { p: Parameter(init = normal(1)); at: Mul <- (xe, p); with: Add <- (at, at); op: Parameter(init = zeros); both: Mul <- (with, op); Mse <- (both, ye); }
    f: { p: Parameter(1, init = normal(1)); at: Mul <- (xf, p); with: Add <- (at, at); op: Parameter([1], init = normal(0.3)); both: Mul <- (with, op); Mse <- (both, yf); }
    g: { p: Parameter(1, 16, init = normal(1)); at: Mul <- (xg, p); with: Add <- (at, at); op: Parameter((1, 16), init = constant(0.1)); both: Mul <- (with, op); Mse <- (both, yg); }
    h: { p: Parameter(5, 1, 2, init = normal(1)); at: Mul <- (xh, p); with: Add <- (at, at); op: Parameter(shape = [5, 1, 2], init = uniform(0.3)); both: Mul <- (with, op); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    parameter_1 (input xa: f32; input xb: f32[31]; input xc: f32[2, 15]; input xd: f32[2, 2, 9]; target ya: f32; target yb: f32[31]; target yc: f32[2, 15]; target yd: f32[2, 2, 9];) {
    a: { p: Parameter(init = normal(1)); at: Mul <- (xa, p); one: Parameter(); with: Mul <- (one, at); op: Parameter(weight = one); both: Mul <- (with, op); Mse <- (both, ya); }
    b: { p: Parameter(31, init = normal(1)); at: Mul <- (xb, p); one: Parameter(31); with: Mul <- (one, at); op: Parameter(31, weight = one); both: Mul <- (with, op); Mse <- (both, yb); }
    c: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xc, p); one: Parameter([2, 15]); with: Mul <- (one, at); op: Parameter([2, 15], weight = one); both: Mul <- (with, op); Mse <- (both, yc); }
    d: { p: Parameter(2, 2, 9, init = normal(1)); at: Mul <- (xd, p); one: Parameter(shape = [2, 2, 9]); with: Mul <- (one, at); op: Parameter(shape = [2, 2, 9], weight = one); both: Mul <- (with, op); Mse <- (both, yd); }
    loss: Sum <- (a, b, c, d);
    }
    activation_0 (input xa: f32; input xb: f32[1, 1, 17]; input xc: f32[33]; input xd: f32[1, 1]; input xe: f32[3, 7]; input xf: f32[2]; input xg: f32[5, 2, 3]; input xh: f32; target ya: f32; target yb: f32[1, 1, 17]; target yc: f32[33]; target yd: f32[1, 1]; target ye: f32[3, 7]; target yf: f32[2]; target yg: f32[5, 2, 3]; target yh: f32;) {
    a: { p: Parameter(init = normal(1)); at: Mul <- (xa, p); op: Relu; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 1, 17, init = normal(1)); at: Mul <- (xb, p); op: Relu; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(33, init = normal(1)); at: Mul <- (xc, p); op: Gelu; again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, 1, init = normal(1)); at: Mul <- (xd, p); op: Gelu; again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(3, 7, init = normal(1)); at: Mul <- (xe, p); op: Gelu(none); Mse <- (op, ye); }
    f: { p: Parameter(2, init = normal(1)); at: Mul <- (xf, p); op: Gelu(none); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(5, 2, 3, init = normal(1)); at: Mul <- (xg, p); op: Gelu(tanh); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(init = normal(1)); at: Mul <- (xh, p); op: Gelu(tanh); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    activation_1 (input xa: f32; input xb: f32[1, 2, 16]; input xc: f32[9]; input xd: f32[1, 31]; input xe: f32[1, 15]; input xf: f32[31]; input xg: f32[2, 1, 16]; input xh: f32; target ya: f32; target yb: f32[1, 2, 16]; target yc: f32[9]; target yd: f32[1, 31]; target ye: f32[1, 15]; target yf: f32[31]; target yg: f32[2, 1, 16]; target yh: f32;) {
    a: { p: Parameter(init = normal(1)); at: Mul <- (xa, p); op: Gelu(approximate = tanh); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 2, 16, init = normal(1)); at: Mul <- (xb, p); op: Gelu(approximate = tanh); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(9, init = normal(1)); at: Mul <- (xc, p); op: Silu; again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, 31, init = normal(1)); at: Mul <- (xd, p); op: Silu; Mse <- (op, yd); }
    e: { p: Parameter(1, 15, init = normal(1)); at: Mul <- (xe, p); op: Sigmoid; again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(31, init = normal(1)); at: Mul <- (xf, p); op: Sigmoid; again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(2, 1, 16, init = normal(1)); at: Mul <- (xg, p); op: Tanh; again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(init = normal(1)); at: Mul <- (xh, p); op: Tanh; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    softmax_0 (input xa: f32[33]; input xb: f32[1, 2]; input xc: f32[2, 2, 7]; input xd: f32[17]; input xe: f32[16]; input xf: f32[2, 15]; input xg: f32[9, 3]; input xh: f32[1, 31]; target ya: f32[33]; target yb: f32[1, 2]; target yc: f32[2, 2, 7]; target yd: f32[17]; target ye: f32[16]; target yf: f32[2, 15]; target yg: f32[9, 3]; target yh: f32[1, 31];) {
    a: { p: Parameter(33, init = normal(1)); at: Mul <- (xa, p); op: Softmax; Mse <- (op, ya); }
    b: { p: Parameter(1, 2, init = normal(1)); at: Mul <- (xb, p); op: Softmax; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(2, 2, 7, init = normal(1)); at: Mul <- (xc, p); op: Softmax; Mse <- (op, yc); }
    d: { p: Parameter(17, init = normal(1)); at: Mul <- (xd, p); op: Softmax(0); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(16, init = normal(1)); at: Mul <- (xe, p); op: Softmax(dim = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xf, p); op: Softmax(0); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(9, 3, init = normal(1)); at: Mul <- (xg, p); op: Softmax(-2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 31, init = normal(1)); at: Mul <- (xh, p); op: Softmax(dim = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    softmax_1 (input xa: f32[2, 2]; input xb: f32[3, 2, 5]; input xc: f32[2, 1, 2]; input xd: f32[2, 2, 1]; input xe: f32[1, 31, 1]; input xf: f32[2, 1, 17]; input xg: f32[2, 1, 16]; target ya: f32[2, 2]; target yb: f32[3, 2, 5]; target yc: f32[2, 1, 2]; target yd: f32[2, 2, 1]; target ye: f32[1, 31, 1]; target yf: f32[2, 1, 17]; target yg: f32[2, 1, 16];) {
    a: { p: Parameter(2, 2, init = normal(1)); at: Mul <- (xa, p); op: Softmax(-1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(3, 2, 5, init = normal(1)); at: Mul <- (xb, p); op: Softmax(0); Mse <- (op, yb); }
    c: { p: Parameter(2, 1, 2, init = normal(1)); at: Mul <- (xc, p); op: Softmax(dim = -3); Mse <- (op, yc); }
    d: { p: Parameter(2, 2, 1, init = normal(1)); at: Mul <- (xd, p); op: Softmax(dim = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 31, 1, init = normal(1)); at: Mul <- (xe, p); op: Softmax(dim = -2); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(2, 1, 17, init = normal(1)); at: Mul <- (xf, p); op: Softmax(2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(2, 1, 16, init = normal(1)); at: Mul <- (xg, p); op: Softmax(-1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    loss: Sum <- (a, b, c, d, e, f, g);
    }
    dropout_0 (input xa: f32[1]; input xb: f32[1, 33]; input xc: f32[2, 1, 17]; input xd: f32[16]; input xe: f32[3, 7]; input xf: f32[1, 2, 15]; input xg: f32[31]; input xh: f32[3, 5]; target ya: f32[1]; target yb: f32[1, 33]; target yc: f32[2, 1, 17]; target yd: f32[16]; target ye: f32[3, 7]; target yf: f32[1, 2, 15]; target yg: f32[31]; target yh: f32[3, 5];) {
    a: { p: Parameter(1, init = normal(1)); at: Mul <- (xa, p); op: Dropout <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xb, p); op: Dropout <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(2, 1, 17, init = normal(1)); at: Mul <- (xc, p); op: Dropout <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(16, init = normal(1)); at: Mul <- (xd, p); op: Dropout(p = 0.1) <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(3, 7, init = normal(1)); at: Mul <- (xe, p); op: Dropout(0.1) <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 2, 15, init = normal(1)); at: Mul <- (xf, p); op: Dropout(p = 0.1) <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(31, init = normal(1)); at: Mul <- (xg, p); op: Dropout(p = 0.5) <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(3, 5, init = normal(1)); at: Mul <- (xh, p); op: Dropout(0.5) <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    dropout_1 (input xa: f32[2, 5, 2]; input xb: f32[15]; input xc: f32[2, 9]; input xd: f32[5, 3, 2]; target ya: f32[2, 5, 2]; target yb: f32[15]; target yc: f32[2, 9]; target yd: f32[5, 3, 2];) {
    a: { p: Parameter(2, 5, 2, init = normal(1)); at: Mul <- (xa, p); op: Dropout(0.5) <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(15, init = normal(1)); at: Mul <- (xb, p); op: Dropout(0.9) <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(2, 9, init = normal(1)); at: Mul <- (xc, p); op: Dropout(p = 0.9) <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(5, 3, 2, init = normal(1)); at: Mul <- (xd, p); op: Dropout(0.9) <- at; again: op <- at; both: Add <- (op, again); Mse <- (both, yd); }
    loss: Sum <- (a, b, c, d);
    }
    dropout_never_0 (input xa: f32[7]; input xb: f32[1, 17]; input xc: f32[1, 5, 1]; input xd: f32[33]; input xe: f32[1, 2]; input xf: f32[1, 2, 16]; input xg: f32[5]; input xh: f32[2, 9]; target ya: f32[7]; target yb: f32[1, 17]; target yc: f32[1, 5, 1]; target yd: f32[33]; target ye: f32[1, 2]; target yf: f32[1, 2, 16]; target yg: f32[5]; target yh: f32[2, 9];) {
    a: { p: Parameter(7, init = normal(1)); at: Mul <- (xa, p); op: Dropout(0) <- at; Mse <- (op, ya); }
    b: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xb, p); op: Dropout(0) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(1, 5, 1, init = normal(1)); at: Mul <- (xc, p); op: Dropout(p = 0) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(33, init = normal(1)); at: Mul <- (xd, p); op: Dropout(p = 0.0) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 2, init = normal(1)); at: Mul <- (xe, p); op: Dropout(p = 0.0) <- at; Mse <- (op, ye); }
    f: { p: Parameter(1, 2, 16, init = normal(1)); at: Mul <- (xf, p); op: Dropout(0.0) <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(5, init = normal(1)); at: Mul <- (xg, p); #[frozen] op: Dropout <- at; Mse <- (op, yg); }
    h: { p: Parameter(2, 9, init = normal(1)); at: Mul <- (xh, p); #[frozen] op: Dropout <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    dropout_never_1 (input xa: f32[1, 1, 31]; input xb: f32[15]; input xc: f32[3, 9]; input xd: f32[1, 1, 33]; target ya: f32[1, 1, 31]; target yb: f32[15]; target yc: f32[3, 9]; target yd: f32[1, 1, 33];) {
    a: { p: Parameter(1, 1, 31, init = normal(1)); at: Mul <- (xa, p); #[frozen] op: Dropout <- at; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(15, init = normal(1)); at: Mul <- (xb, p); #[frozen] op: Dropout(0.9) <- at; Mse <- (op, yb); }
    c: { p: Parameter(3, 9, init = normal(1)); at: Mul <- (xc, p); #[frozen] op: Dropout(0.9) <- at; Mse <- (op, yc); }
    d: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xd, p); #[frozen] op: Dropout(p = 0.9) <- at; Mse <- (op, yd); }
    loss: Sum <- (a, b, c, d);
    }
    attention_0 (input xa: f32[5, 3]; input xb: f32[3, 7]; input xb1: f32[4, 7]; input xb2: f32[4, 7]; input xc: f32[2, 1]; input xd: f32[5, 42]; input xe: f32[2, 2]; input xe1: f32[2, 2]; input xe2: f32[2, 2]; input xf: f32[3, 2]; input xg: f32[2, 27]; input xh: f32[3, 9]; input xh1: f32[2, 9]; input xh2: f32[2, 9]; target ya: f32[5, 1]; target yb: f32[3, 7]; target yc: f32[2, 1]; target yd: f32[5, 14]; target ye: f32[2, 2]; target yf: f32[3, 2]; target yg: f32[2, 9]; target yh: f32[3, 9];) {
    a: { p: Parameter(5, 3, init = normal(1)); at: Mul <- (xa, p); op: Attention(1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(3, 7, init = normal(1)); at: Mul <- (xb, p); p1: Parameter(4, 7, init = normal(1)); at1: Mul <- (xb1, p1); p2: Parameter(4, 7, init = normal(1)); at2: Mul <- (xb2, p2); op: Attention(heads = 1) <- (at, at1, at2); again: op <- (at, at1, at2); both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(2, 1, init = normal(1)); at: Mul <- (xc, p); op: Attention(heads = 1) <- (at, at, at); Mse <- (op, yc); }
    d: { p: Parameter(5, 42, init = normal(1)); at: Mul <- (xd, p); op: Attention(2); Mse <- (op, yd); }
    e: { p: Parameter(2, 2, init = normal(1)); at: Mul <- (xe, p); p1: Parameter(2, 2, init = normal(1)); at1: Mul <- (xe1, p1); p2: Parameter(2, 2, init = normal(1)); at2: Mul <- (xe2, p2); op: Attention(heads = 2) <- (at, at1, at2); Mse <- (op, ye); }
    f: { p: Parameter(3, 2, init = normal(1)); at: Mul <- (xf, p); op: Attention(2) <- (at, at, at); again: op <- (at, at, at); both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(2, 27, init = normal(1)); at: Mul <- (xg, p); op: Attention(3); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(3, 9, init = normal(1)); at: Mul <- (xh, p); p1: Parameter(2, 9, init = normal(1)); at1: Mul <- (xh1, p1); p2: Parameter(2, 9, init = normal(1)); at2: Mul <- (xh2, p2); op: Attention(3) <- (at, at1, at2); again: op <- (at, at1, at2); both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    attention_1 (input xa: f32[2, 3]; input xb: f32[3, 9]; input xc: f32[5, 17]; input xc1: f32[5, 17]; input xc2: f32[5, 17]; input xd: f32[3, 33]; input xe: f32[3, 30]; input xf: f32[3, 10]; input xf1: f32[3, 10]; input xf2: f32[3, 10]; input xg: f32[3, 14]; input xh: f32[5, 27]; target ya: f32[2, 3]; target yb: f32[3, 3]; target yc: f32[5, 17]; target yd: f32[3, 33]; target ye: f32[3, 10]; target yf: f32[3, 10]; target yg: f32[3, 14]; target yh: f32[5, 9];) {
    a: { p: Parameter(2, 3, init = normal(1)); at: Mul <- (xa, p); op: Attention(3) <- (at, at, at); Mse <- (op, ya); }
    b: { p: Parameter(3, 9, init = normal(1)); at: Mul <- (xb, p); op: CausalAttention(1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(5, 17, init = normal(1)); at: Mul <- (xc, p); p1: Parameter(5, 17, init = normal(1)); at1: Mul <- (xc1, p1); p2: Parameter(5, 17, init = normal(1)); at2: Mul <- (xc2, p2); op: CausalAttention(heads = 1) <- (at, at1, at2); again: op <- (at, at1, at2); both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(3, 33, init = normal(1)); at: Mul <- (xd, p); op: CausalAttention(heads = 1) <- (at, at, at); again: op <- (at, at, at); both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(3, 30, init = normal(1)); at: Mul <- (xe, p); op: CausalAttention(2); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(3, 10, init = normal(1)); at: Mul <- (xf, p); p1: Parameter(3, 10, init = normal(1)); at1: Mul <- (xf1, p1); p2: Parameter(3, 10, init = normal(1)); at2: Mul <- (xf2, p2); op: CausalAttention(heads = 2) <- (at, at1, at2); Mse <- (op, yf); }
    g: { p: Parameter(3, 14, init = normal(1)); at: Mul <- (xg, p); op: CausalAttention(2) <- (at, at, at); Mse <- (op, yg); }
    h: { p: Parameter(5, 27, init = normal(1)); at: Mul <- (xh, p); op: CausalAttention(3); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    attention_2 (input xa: f32[2, 15]; input xa1: f32[2, 15]; input xa2: f32[2, 15]; input xb: f32[3, 15]; target ya: f32[2, 15]; target yb: f32[3, 15];) {
    a: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(2, 15, init = normal(1)); at1: Mul <- (xa1, p1); p2: Parameter(2, 15, init = normal(1)); at2: Mul <- (xa2, p2); op: CausalAttention(heads = 3) <- (at, at1, at2); Mse <- (op, ya); }
    b: { p: Parameter(3, 15, init = normal(1)); at: Mul <- (xb, p); op: CausalAttention(3) <- (at, at, at); Mse <- (op, yb); }
    loss: Sum <- (a, b);
    }
    attention_long_0 (input xa: f32[63, 3]; target ya: f32[63, 1];) {
    a: { p: Parameter(63, 3, init = normal(1)); at: Mul <- (xa, p); op: Attention(heads = 1) <- at; Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_1 (input xa: f32[64, 6]; target ya: f32[64, 2];) {
    a: { p: Parameter(64, 6, init = normal(1)); at: Mul <- (xa, p); op: Attention(heads = 2) <- at; Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_2 (input xa: f32[65, 6]; target ya: f32[65, 2];) {
    a: { p: Parameter(65, 6, init = normal(1)); at: Mul <- (xa, p); op: Attention(1) <- at; Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_3 (input xa: f32[70, 6]; target ya: f32[70, 2];) {
    a: { p: Parameter(70, 6, init = normal(1)); at: Mul <- (xa, p); op: Attention(heads = 1) <- at; Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_4 (input xa: f32[63, 3]; target ya: f32[63, 1];) {
    a: { p: Parameter(63, 3, init = normal(1)); at: Mul <- (xa, p); op: CausalAttention(heads = 1) <- at; Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_5 (input xa: f32[64, 2]; input xa1: f32[64, 2]; input xa2: f32[64, 2]; target ya: f32[64, 2];) {
    a: { p: Parameter(64, 2, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(64, 2, init = normal(1)); at1: Mul <- (xa1, p1); p2: Parameter(64, 2, init = normal(1)); at2: Mul <- (xa2, p2); op: CausalAttention(heads = 2) <- (at, at1, at2); Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_6 (input xa: f32[65, 6]; target ya: f32[65, 2];) {
    a: { p: Parameter(65, 6, init = normal(1)); at: Mul <- (xa, p); op: CausalAttention(heads = 1) <- at; Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_7 (input xa: f32[70, 2]; input xa1: f32[70, 2]; input xa2: f32[70, 2]; target ya: f32[70, 2];) {
    a: { p: Parameter(70, 2, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(70, 2, init = normal(1)); at1: Mul <- (xa1, p1); p2: Parameter(70, 2, init = normal(1)); at2: Mul <- (xa2, p2); op: CausalAttention(2) <- (at, at1, at2); Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_8 (input xa: f32[63, 1]; input xa1: f32[70, 1]; input xa2: f32[70, 1]; target ya: f32[63, 1];) {
    a: { p: Parameter(63, 1, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(70, 1, init = normal(1)); at1: Mul <- (xa1, p1); p2: Parameter(70, 1, init = normal(1)); at2: Mul <- (xa2, p2); op: Attention(heads = 1) <- (at, at1, at2); Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_9 (input xa: f32[65, 2]; input xa1: f32[64, 2]; input xa2: f32[64, 2]; target ya: f32[65, 2];) {
    a: { p: Parameter(65, 2, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(64, 2, init = normal(1)); at1: Mul <- (xa1, p1); p2: Parameter(64, 2, init = normal(1)); at2: Mul <- (xa2, p2); op: Attention(heads = 2) <- (at, at1, at2); Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_10 (input xa: f32[5, 1]; input xa1: f32[66, 1]; input xa2: f32[66, 1]; target ya: f32[5, 1];) {
    a: { p: Parameter(5, 1, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(66, 1, init = normal(1)); at1: Mul <- (xa1, p1); p2: Parameter(66, 1, init = normal(1)); at2: Mul <- (xa2, p2); op: Attention(heads = 1) <- (at, at1, at2); Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    attention_long_11 (input xa: f32[70, 2]; input xa1: f32[3, 2]; input xa2: f32[3, 2]; target ya: f32[70, 2];) {
    a: { p: Parameter(70, 2, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(3, 2, init = normal(1)); at1: Mul <- (xa1, p1); p2: Parameter(3, 2, init = normal(1)); at2: Mul <- (xa2, p2); op: Attention(heads = 1) <- (at, at1, at2); Mse <- (op, ya); }
    loss: Sum <- (a);
    }
    arithmetic_0 (input xa: f32; input xa1: f32; input xb: f32; input xc: f32[17]; input xc1: f32[17]; input xd: f32[7]; input xe: f32[1, 3]; input xe1: f32[1, 3]; input xf: f32[1, 33]; input xg: f32[1, 2, 9]; input xg1: f32[1, 2, 9]; input xh: f32[2, 1, 5]; target ya: f32; target yb: f32; target yc: f32[17]; target yd: f32[7]; target ye: f32[1, 3]; target yf: f32[1, 33]; target yg: f32[1, 2, 9]; target yh: f32[2, 1, 5];) {
    a: { p: Parameter(init = normal(1)); at: Mul <- (xa, p); p1: Parameter(init = normal(1)); at1: Mul <- (xa1, p1); op: Add <- (at, at1); again: op <- (at1, at); both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(init = normal(1)); at: Mul <- (xb, p); op: Add <- (at, at); both: Add <- (op, at); Mse <- (both, yb); }
    c: { p: Parameter(17, init = normal(1)); at: Mul <- (xc, p); p1: Parameter(17, init = normal(1)); at1: Mul <- (xc1, p1); op: Add <- (at, at1); Mse <- (op, yc); }
    d: { p: Parameter(7, init = normal(1)); at: Mul <- (xd, p); op: Add <- (at, at); both: Add <- (op, at); Mse <- (both, yd); }
    e: { p: Parameter(1, 3, init = normal(1)); at: Mul <- (xe, p); p1: Parameter(1, 3, init = normal(1)); at1: Mul <- (xe1, p1); op: Add <- (at, at1); Mse <- (op, ye); }
    f: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xf, p); op: Add <- (at, at); both: Add <- (op, at); Mse <- (both, yf); }
    g: { p: Parameter(1, 2, 9, init = normal(1)); at: Mul <- (xg, p); p1: Parameter(1, 2, 9, init = normal(1)); at1: Mul <- (xg1, p1); op: Add <- (at, at1); Mse <- (op, yg); }
    h: { p: Parameter(2, 1, 5, init = normal(1)); at: Mul <- (xh, p); op: Add <- (at, at); both: Add <- (op, at); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    arithmetic_1 (input xa: f32; input xa1: f32; input xb: f32; input xc: f32[31]; input xc1: f32[31]; input xd: f32[16]; input xe: f32[3, 2]; input xe1: f32[3, 2]; input xf: f32[2, 15]; input xg: f32[1, 1, 17]; input xg1: f32[1, 1, 17]; input xh: f32[1, 5, 7]; target ya: f32; target yb: f32; target yc: f32[31]; target yd: f32[16]; target ye: f32[3, 2]; target yf: f32[2, 15]; target yg: f32[1, 1, 17]; target yh: f32[1, 5, 7];) {
    a: { p: Parameter(init = normal(1)); at: Mul <- (xa, p); p1: Parameter(init = normal(1)); at1: Mul <- (xa1, p1); op: Sub <- (at, at1); again: op <- (at1, at); both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(init = normal(1)); at: Mul <- (xb, p); op: Sub <- (at, at); both: Add <- (op, at); Mse <- (both, yb); }
    c: { p: Parameter(31, init = normal(1)); at: Mul <- (xc, p); p1: Parameter(31, init = normal(1)); at1: Mul <- (xc1, p1); op: Sub <- (at, at1); again: op <- (at1, at); both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(16, init = normal(1)); at: Mul <- (xd, p); op: Sub <- (at, at); both: Add <- (op, at); Mse <- (both, yd); }
    e: { p: Parameter(3, 2, init = normal(1)); at: Mul <- (xe, p); p1: Parameter(3, 2, init = normal(1)); at1: Mul <- (xe1, p1); op: Sub <- (at, at1); again: op <- (at1, at); both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xf, p); op: Sub <- (at, at); both: Add <- (op, at); Mse <- (both, yf); }
    g: { p: Parameter(1, 1, 17, init = normal(1)); at: Mul <- (xg, p); p1: Parameter(1, 1, 17, init = normal(1)); at1: Mul <- (xg1, p1); op: Sub <- (at, at1); again: op <- (at1, at); both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 5, 7, init = normal(1)); at: Mul <- (xh, p); op: Sub <- (at, at); both: Add <- (op, at); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    arithmetic_2 (input xa: f32; input xa1: f32; input xb: f32; input xc: f32[31]; input xc1: f32[31]; input xd: f32[33]; input xe: f32[2, 16]; input xe1: f32[2, 16]; input xf: f32[2, 15]; input xg: f32[1, 1, 2]; input xg1: f32[1, 1, 2]; input xh: f32[2, 3, 1]; target ya: f32; target yb: f32; target yc: f32[31]; target yd: f32[33]; target ye: f32[2, 16]; target yf: f32[2, 15]; target yg: f32[1, 1, 2]; target yh: f32[2, 3, 1];) {
    a: { p: Parameter(init = normal(1)); at: Mul <- (xa, p); p1: Parameter(init = normal(1)); at1: Mul <- (xa1, p1); op: Mul <- (at, at1); again: op <- (at1, at); both: Add <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(init = normal(1)); at: Mul <- (xb, p); op: Mul <- (at, at); both: Add <- (op, at); Mse <- (both, yb); }
    c: { p: Parameter(31, init = normal(1)); at: Mul <- (xc, p); p1: Parameter(31, init = normal(1)); at1: Mul <- (xc1, p1); op: Mul <- (at, at1); again: op <- (at1, at); both: Add <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(33, init = normal(1)); at: Mul <- (xd, p); op: Mul <- (at, at); both: Add <- (op, at); Mse <- (both, yd); }
    e: { p: Parameter(2, 16, init = normal(1)); at: Mul <- (xe, p); p1: Parameter(2, 16, init = normal(1)); at1: Mul <- (xe1, p1); op: Mul <- (at, at1); again: op <- (at1, at); both: Add <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xf, p); op: Mul <- (at, at); both: Add <- (op, at); Mse <- (both, yf); }
    g: { p: Parameter(1, 1, 2, init = normal(1)); at: Mul <- (xg, p); p1: Parameter(1, 1, 2, init = normal(1)); at1: Mul <- (xg1, p1); op: Mul <- (at, at1); again: op <- (at1, at); both: Add <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(2, 3, 1, init = normal(1)); at: Mul <- (xh, p); op: Mul <- (at, at); both: Add <- (op, at); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    mean_0 (input xa: f32[33]; input xb: f32[17]; input xc: f32[2, 7]; input xd: f32[1, 2]; input xe: f32[2, 1]; input xf: f32[1, 15]; input xg: f32[1, 3, 9]; input xh: f32[2, 1, 16]; target ya: f32; target yb: f32; target yc: f32[7]; target yd: f32[2]; target ye: f32[2]; target yf: f32[1]; target yg: f32[3, 9]; target yh: f32[1, 16];) {
    a: { p: Parameter(33, init = normal(1)); at: Mul <- (xa, p); op: Mean(0); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(17, init = normal(1)); at: Mul <- (xb, p); op: Mean(dim = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(2, 7, init = normal(1)); at: Mul <- (xc, p); op: Mean(dim = 0); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, 2, init = normal(1)); at: Mul <- (xd, p); op: Mean(-2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(2, 1, init = normal(1)); at: Mul <- (xe, p); op: Mean(1); Mse <- (op, ye); }
    f: { p: Parameter(1, 15, init = normal(1)); at: Mul <- (xf, p); op: Mean(-1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 3, 9, init = normal(1)); at: Mul <- (xg, p); op: Mean(dim = 0); Mse <- (op, yg); }
    h: { p: Parameter(2, 1, 16, init = normal(1)); at: Mul <- (xh, p); op: Mean(dim = -3); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    mean_1 (input xa: f32[1, 1, 31]; input xb: f32[5, 1, 5]; input xc: f32[1, 1, 5]; input xd: f32[5, 3, 1]; target ya: f32[1, 31]; target yb: f32[5, 5]; target yc: f32[1, 1]; target yd: f32[5, 3];) {
    a: { p: Parameter(1, 1, 31, init = normal(1)); at: Mul <- (xa, p); op: Mean(1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(5, 1, 5, init = normal(1)); at: Mul <- (xb, p); op: Mean(-2); Mse <- (op, yb); }
    c: { p: Parameter(1, 1, 5, init = normal(1)); at: Mul <- (xc, p); op: Mean(2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(5, 3, 1, init = normal(1)); at: Mul <- (xd, p); op: Mean(-1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    loss: Sum <- (a, b, c, d);
    }
    concat_0 (input xa: f32[7]; input xb: f32[17]; input xb1: f32[3]; input xb2: f32[1]; input xc: f32[33]; input xc1: f32[5]; input xd: f32[1]; input xd1: f32[1]; input xd2: f32[1]; input xe: f32[9]; input xe1: f32[1]; input xf: f32[15]; input xf1: f32[3]; input xf2: f32[3]; input xg: f32[2, 2]; input xg1: f32[2, 2]; input xh: f32[1, 31]; input xh1: f32[1, 31]; input xh2: f32[1, 31]; target ya: f32[14]; target yb: f32[21]; target yc: f32[38]; target yd: f32[3]; target ye: f32[10]; target yf: f32[21]; target yg: f32[4, 2]; target yh: f32[3, 31];) {
    a: { p: Parameter(7, init = normal(1)); at: Mul <- (xa, p); op: Concat <- (at, at); again: op <- (at, at); both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(17, init = normal(1)); at: Mul <- (xb, p); p1: Parameter(3, init = normal(1)); at1: Mul <- (xb1, p1); p2: Parameter(1, init = normal(1)); at2: Mul <- (xb2, p2); op: Concat <- (at, at1, at2); again: op <- (at, at1, at2); both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(33, init = normal(1)); at: Mul <- (xc, p); p1: Parameter(5, init = normal(1)); at1: Mul <- (xc1, p1); op: Concat(0) <- (at, at1); again: op <- (at, at1); both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, init = normal(1)); at: Mul <- (xd, p); p1: Parameter(1, init = normal(1)); at1: Mul <- (xd1, p1); p2: Parameter(1, init = normal(1)); at2: Mul <- (xd2, p2); op: Concat(dim = 0) <- (at, at1, at2); Mse <- (op, yd); }
    e: { p: Parameter(9, init = normal(1)); at: Mul <- (xe, p); p1: Parameter(1, init = normal(1)); at1: Mul <- (xe1, p1); op: Concat(dim = -1) <- (at, at1); again: op <- (at, at1); both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(15, init = normal(1)); at: Mul <- (xf, p); p1: Parameter(3, init = normal(1)); at1: Mul <- (xf1, p1); p2: Parameter(3, init = normal(1)); at2: Mul <- (xf2, p2); op: Concat(dim = -1) <- (at, at1, at2); Mse <- (op, yf); }
    g: { p: Parameter(2, 2, init = normal(1)); at: Mul <- (xg, p); op: Concat <- (at, xg1); again: op <- (at, xg1); both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 31, init = normal(1)); at: Mul <- (xh, p); p2: Parameter(1, 31, init = normal(1)); at2: Mul <- (xh2, p2); op: Concat <- (at, xh1, at2); again: op <- (at, xh1, at2); both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    concat_1 (input xa: f32[5, 5]; input xa1: f32[3, 5]; input xb: f32[2, 16]; input xb1: f32[1, 16]; input xb2: f32[3, 16]; input xc: f32[3, 9]; input xc1: f32[3, 9]; input xd: f32[1, 5]; input xd1: f32[2, 5]; input xe: f32[1, 31]; input xf: f32[1, 16]; input xf1: f32[1, 2]; input xf2: f32[1, 5]; input xg: f32[1, 33]; input xg1: f32[1, 2]; input xh: f32[15, 1]; input xh1: f32[15, 1]; input xh2: f32[15, 1]; target ya: f32[8, 5]; target yb: f32[6, 16]; target yc: f32[6, 9]; target yd: f32[4, 5]; target ye: f32[1, 62]; target yf: f32[1, 23]; target yg: f32[1, 35]; target yh: f32[15, 3];) {
    a: { p: Parameter(5, 5, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(3, 5, init = normal(1)); at1: Mul <- (xa1, p1); op: Concat(dim = 0) <- (at, at1); Mse <- (op, ya); }
    b: { p: Parameter(2, 16, init = normal(1)); at: Mul <- (xb, p); p1: Parameter(1, 16, init = normal(1)); at1: Mul <- (xb1, p1); p2: Parameter(3, 16, init = normal(1)); at2: Mul <- (xb2, p2); op: Concat(0) <- (at, at1, at2); Mse <- (op, yb); }
    c: { p: Parameter(3, 9, init = normal(1)); at: Mul <- (xc, p); op: Concat(dim = -2) <- (at, xc1); Mse <- (op, yc); }
    d: { p: Parameter(1, 5, init = normal(1)); at: Mul <- (xd, p); p1: Parameter(2, 5, init = normal(1)); at1: Mul <- (xd1, p1); op: Concat(-2) <- (at, at1, at); Mse <- (op, yd); }
    e: { p: Parameter(1, 31, init = normal(1)); at: Mul <- (xe, p); op: Concat(1) <- (at, at); again: op <- (at, at); both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 16, init = normal(1)); at: Mul <- (xf, p); p1: Parameter(1, 2, init = normal(1)); at1: Mul <- (xf1, p1); p2: Parameter(1, 5, init = normal(1)); at2: Mul <- (xf2, p2); op: Concat(dim = 1) <- (at, at1, at2); again: op <- (at, at1, at2); both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xg, p); p1: Parameter(1, 2, init = normal(1)); at1: Mul <- (xg1, p1); op: Concat(dim = -1) <- (at, at1); again: op <- (at, at1); both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(15, 1, init = normal(1)); at: Mul <- (xh, p); p1: Parameter(15, 1, init = normal(1)); at1: Mul <- (xh1, p1); op: Concat(dim = -1) <- (at, at1, xh2); again: op <- (at, at1, xh2); both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    concat_2 (input xa: f32[1, 1, 17]; input xa1: f32[5, 1, 17]; input xb: f32[5, 2, 1]; input xb1: f32[5, 2, 1]; input xb2: f32[1, 2, 1]; input xc: f32[1, 2, 3]; input xc1: f32[1, 2, 3]; input xd: f32[7, 2, 1]; input xd1: f32[7, 2, 1]; input xd2: f32[1, 2, 1]; input xe: f32[1, 1, 31]; input xe1: f32[1, 1, 31]; input xf: f32[1, 3, 9]; input xf1: f32[5, 3, 9]; input xf2: f32[2, 3, 9]; input xg: f32[5, 5, 1]; input xg1: f32[5, 3, 1]; input xh: f32[5, 1, 2]; input xh1: f32[5, 5, 2]; target ya: f32[6, 1, 17]; target yb: f32[11, 2, 1]; target yc: f32[2, 2, 3]; target yd: f32[15, 2, 1]; target ye: f32[2, 1, 31]; target yf: f32[8, 3, 9]; target yg: f32[5, 8, 1]; target yh: f32[5, 7, 2];) {
    a: { p: Parameter(1, 1, 17, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(5, 1, 17, init = normal(1)); at1: Mul <- (xa1, p1); op: Concat <- (at, at1); Mse <- (op, ya); }
    b: { p: Parameter(5, 2, 1, init = normal(1)); at: Mul <- (xb, p); p2: Parameter(1, 2, 1, init = normal(1)); at2: Mul <- (xb2, p2); op: Concat <- (at, xb1, at2); Mse <- (op, yb); }
    c: { p: Parameter(1, 2, 3, init = normal(1)); at: Mul <- (xc, p); op: Concat(0) <- (at, xc1); again: op <- (at, xc1); both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(7, 2, 1, init = normal(1)); at: Mul <- (xd, p); p2: Parameter(1, 2, 1, init = normal(1)); at2: Mul <- (xd2, p2); op: Concat(dim = 0) <- (at, xd1, at2); again: op <- (at, xd1, at2); both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 1, 31, init = normal(1)); at: Mul <- (xe, p); op: Concat(dim = -3) <- (at, xe1); again: op <- (at, xe1); both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 3, 9, init = normal(1)); at: Mul <- (xf, p); p1: Parameter(5, 3, 9, init = normal(1)); at1: Mul <- (xf1, p1); p2: Parameter(2, 3, 9, init = normal(1)); at2: Mul <- (xf2, p2); op: Concat(dim = -3) <- (at, at1, at2); again: op <- (at, at1, at2); both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(5, 5, 1, init = normal(1)); at: Mul <- (xg, p); p1: Parameter(5, 3, 1, init = normal(1)); at1: Mul <- (xg1, p1); op: Concat(dim = 1) <- (at, at1); again: op <- (at, at1); both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(5, 1, 2, init = normal(1)); at: Mul <- (xh, p); p1: Parameter(5, 5, 2, init = normal(1)); at1: Mul <- (xh1, p1); op: Concat(1) <- (at, at, at1); Mse <- (op, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    concat_3 (input xa: f32[2, 1, 15]; input xa1: f32[2, 1, 15]; input xb: f32[16, 2, 1]; input xb1: f32[16, 3, 1]; input xc: f32[1, 1, 33]; input xc1: f32[1, 1, 33]; input xd: f32[1, 2, 1]; input xd1: f32[1, 2, 2]; input xe: f32[2, 1, 7]; input xe1: f32[2, 1, 2]; input xf: f32[1, 1, 17]; input xf1: f32[1, 1, 1]; input xf2: f32[1, 1, 17]; target ya: f32[2, 2, 15]; target yb: f32[16, 7, 1]; target yc: f32[1, 1, 66]; target yd: f32[1, 2, 4]; target ye: f32[2, 1, 9]; target yf: f32[1, 1, 35];) {
    a: { p: Parameter(2, 1, 15, init = normal(1)); at: Mul <- (xa, p); p1: Parameter(2, 1, 15, init = normal(1)); at1: Mul <- (xa1, p1); op: Concat(-2) <- (at, at1); Mse <- (op, ya); }
    b: { p: Parameter(16, 2, 1, init = normal(1)); at: Mul <- (xb, p); p1: Parameter(16, 3, 1, init = normal(1)); at1: Mul <- (xb1, p1); op: Concat(dim = -2) <- (at, at1, at); Mse <- (op, yb); }
    c: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xc, p); op: Concat(dim = 2) <- (at, xc1); again: op <- (at, xc1); both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, 2, 1, init = normal(1)); at: Mul <- (xd, p); p1: Parameter(1, 2, 2, init = normal(1)); at1: Mul <- (xd1, p1); op: Concat(2) <- (at, at, at1); again: op <- (at, at, at1); both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(2, 1, 7, init = normal(1)); at: Mul <- (xe, p); p1: Parameter(2, 1, 2, init = normal(1)); at1: Mul <- (xe1, p1); op: Concat(dim = -1) <- (at, at1); again: op <- (at, at1); both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 1, 17, init = normal(1)); at: Mul <- (xf, p); p1: Parameter(1, 1, 1, init = normal(1)); at1: Mul <- (xf1, p1); op: Concat(dim = -1) <- (at, at1, xf2); again: op <- (at, at1, xf2); both: Mul <- (op, again); Mse <- (both, yf); }
    loss: Sum <- (a, b, c, d, e, f);
    }
    slice_0 (input xa: f32[7]; input xb: f32[5, 1, 1]; input xc: f32[33, 1]; input xd: f32[17]; input xe: f32[31, 1]; input xf: f32[2, 1, 15]; input xg: f32[5, 5]; input xh: f32[16]; target ya: f32[7]; target yb: f32[5, 1, 1]; target yc: f32[16, 1]; target yd: f32[13]; target ye: f32[8, 1]; target yf: f32[1, 1, 15]; target yg: f32[2, 5]; target yh: f32[4];) {
    a: { p: Parameter(7, init = normal(1)); at: Mul <- (xa, p); op: Slice; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(5, 1, 1, init = normal(1)); at: Mul <- (xb, p); op: Slice; again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(33, 1, init = normal(1)); at: Mul <- (xc, p); op: Slice(end = 16); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(17, init = normal(1)); at: Mul <- (xd, p); op: Slice(end = 13); Mse <- (op, yd); }
    e: { p: Parameter(31, 1, init = normal(1)); at: Mul <- (xe, p); op: Slice(end = -23); Mse <- (op, ye); }
    f: { p: Parameter(2, 1, 15, init = normal(1)); at: Mul <- (xf, p); op: Slice(end = -1); Mse <- (op, yf); }
    g: { p: Parameter(5, 5, init = normal(1)); at: Mul <- (xg, p); op: Slice(start = 3); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(16, init = normal(1)); at: Mul <- (xh, p); op: Slice(start = 12); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    slice_1 (input xa: f32[3, 2, 2]; input xb: f32[9]; input xc: f32[9, 3, 1]; input xd: f32[33, 1]; input xe: f32[2, 5]; input xf: f32[2, 1, 17]; input xg: f32[31]; input xh: f32[5, 7]; target ya: f32[2, 2, 2]; target yb: f32[2]; target yc: f32[2, 3, 1]; target yd: f32[10, 1]; target ye: f32[2, 5]; target yf: f32[2, 1, 17]; target yg: f32[3]; target yh: f32[1, 7];) {
    a: { p: Parameter(3, 2, 2, init = normal(1)); at: Mul <- (xa, p); op: Slice(start = 0, end = 2); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(9, init = normal(1)); at: Mul <- (xb, p); op: Slice(start = 6, end = 8); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(9, 3, 1, init = normal(1)); at: Mul <- (xc, p); op: Slice(start = 6, end = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(33, 1, init = normal(1)); at: Mul <- (xd, p); op: Slice(start = 0, end = -23); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(2, 5, init = normal(1)); at: Mul <- (xe, p); op: Slice(start = -2); Mse <- (op, ye); }
    f: { p: Parameter(2, 1, 17, init = normal(1)); at: Mul <- (xf, p); op: Slice(start = -2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(31, init = normal(1)); at: Mul <- (xg, p); op: Slice(start = -27, end = 7); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(5, 7, init = normal(1)); at: Mul <- (xh, p); op: Slice(start = -5, end = 1); Mse <- (op, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    slice_2 (input xa: f32[3, 3, 1]; input xb: f32[2]; input xc: f32[1, 16]; input xd: f32[2, 1, 15]; input xe: f32[17]; input xf: f32[1, 31, 1]; input xg: f32[15, 1]; input xh: f32[1, 1, 33]; target ya: f32[2, 3, 1]; target yb: f32[1]; target yc: f32[1, 16]; target yd: f32[2, 1, 15]; target ye: f32[15]; target yf: f32[1, 4, 1]; target yg: f32[10, 1]; target yh: f32[1, 1, 10];) {
    a: { p: Parameter(3, 3, 1, init = normal(1)); at: Mul <- (xa, p); op: Slice(start = -3, end = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(2, init = normal(1)); at: Mul <- (xb, p); op: Slice(start = -2, end = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(1, 16, init = normal(1)); at: Mul <- (xc, p); op: Slice(dim = 1); Mse <- (op, yc); }
    d: { p: Parameter(2, 1, 15, init = normal(1)); at: Mul <- (xd, p); op: Slice(dim = 0); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(17, init = normal(1)); at: Mul <- (xe, p); op: Slice(0, end = 15); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 31, 1, init = normal(1)); at: Mul <- (xf, p); op: Slice(dim = 1, end = 4); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(15, 1, init = normal(1)); at: Mul <- (xg, p); op: Slice(dim = 0, end = -5); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xh, p); op: Slice(dim = 2, end = -23); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    slice_3 (input xa: f32[9]; input xb: f32[2, 2, 5]; input xc: f32[1, 7]; input xd: f32[16, 2]; input xe: f32[2, 1, 3]; input xf: f32[3, 5, 2]; input xg: f32[2, 2, 9]; input xh: f32[3, 2]; target ya: f32[8]; target yb: f32[2, 2, 5]; target yc: f32[1, 1]; target yd: f32[1, 2]; target ye: f32[2, 1, 1]; target yf: f32[1, 5, 2]; target yg: f32[2, 2, 2]; target yh: f32[2, 2];) {
    a: { p: Parameter(9, init = normal(1)); at: Mul <- (xa, p); op: Slice(dim = 0, start = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(2, 2, 5, init = normal(1)); at: Mul <- (xb, p); op: Slice(dim = 1, start = 0); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(1, 7, init = normal(1)); at: Mul <- (xc, p); op: Slice(1, 4, end = 5); Mse <- (op, yc); }
    d: { p: Parameter(16, 2, init = normal(1)); at: Mul <- (xd, p); op: Slice(dim = 0, start = 7, end = 8); Mse <- (op, yd); }
    e: { p: Parameter(2, 1, 3, init = normal(1)); at: Mul <- (xe, p); op: Slice(dim = 2, start = 1, end = -1); Mse <- (op, ye); }
    f: { p: Parameter(3, 5, 2, init = normal(1)); at: Mul <- (xf, p); op: Slice(dim = 0, start = 1, end = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(2, 2, 9, init = normal(1)); at: Mul <- (xg, p); op: Slice(2, start = -2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(3, 2, init = normal(1)); at: Mul <- (xh, p); op: Slice(0, start = -2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    slice_4 (input xa: f32[2, 15, 1]; input xb: f32[16, 2]; input xc: f32[31, 1, 1]; input xd: f32[17]; input xe: f32[33]; input xf: f32[2, 5]; input xg: f32[3, 1, 5]; input xh: f32[3, 7]; target ya: f32[2, 6, 1]; target yb: f32[16, 1]; target yc: f32[6, 1, 1]; target yd: f32[8]; target ye: f32[33]; target yf: f32[2, 5]; target yg: f32[2, 1, 5]; target yh: f32[1, 7];) {
    a: { p: Parameter(2, 15, 1, init = normal(1)); at: Mul <- (xa, p); op: Slice(1, start = -8, end = 13); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(16, 2, init = normal(1)); at: Mul <- (xb, p); op: Slice(dim = 1, start = -2, end = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(31, 1, 1, init = normal(1)); at: Mul <- (xc, p); op: Slice(0, -9, end = -3); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(17, init = normal(1)); at: Mul <- (xd, p); op: Slice(dim = 0, start = -9, end = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(33, init = normal(1)); at: Mul <- (xe, p); op: Slice(-1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(2, 5, init = normal(1)); at: Mul <- (xf, p); op: Slice(-1); Mse <- (op, yf); }
    g: { p: Parameter(3, 1, 5, init = normal(1)); at: Mul <- (xg, p); op: Slice(-3, end = 2); Mse <- (op, yg); }
    h: { p: Parameter(3, 7, init = normal(1)); at: Mul <- (xh, p); op: Slice(dim = -2, end = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    slice_5 (input xa: f32[2, 15, 1]; input xb: f32[2, 1, 16]; input xc: f32[3, 3, 2]; input xd: f32[17]; input xe: f32[7, 1]; input xf: f32[1, 3]; input xg: f32[1, 1, 33]; input xh: f32[2, 2, 5]; target ya: f32[2, 4, 1]; target yb: f32[2, 1, 5]; target yc: f32[3, 2, 2]; target yd: f32[2]; target ye: f32[1, 1]; target yf: f32[1, 1]; target yg: f32[1, 1, 4]; target yh: f32[1, 2, 5];) {
    a: { p: Parameter(2, 15, 1, init = normal(1)); at: Mul <- (xa, p); op: Slice(-2, end = -11); Mse <- (op, ya); }
    b: { p: Parameter(2, 1, 16, init = normal(1)); at: Mul <- (xb, p); op: Slice(-1, end = -11); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(3, 3, 2, init = normal(1)); at: Mul <- (xc, p); op: Slice(-2, start = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(17, init = normal(1)); at: Mul <- (xd, p); op: Slice(-1, 15); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(7, 1, init = normal(1)); at: Mul <- (xe, p); op: Slice(dim = -2, start = 0, end = 1); Mse <- (op, ye); }
    f: { p: Parameter(1, 3, init = normal(1)); at: Mul <- (xf, p); op: Slice(-1, 1, end = 2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xg, p); op: Slice(dim = -1, start = 24, end = -5); Mse <- (op, yg); }
    h: { p: Parameter(2, 2, 5, init = normal(1)); at: Mul <- (xh, p); op: Slice(dim = -3, start = 0, end = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    slice_6 (input xa: f32[31]; input xb: f32[1, 9]; input xc: f32[1, 3, 9]; input xd: f32[33, 1, 1]; input xe: f32[2, 1, 16]; input xf: f32[2, 15]; target ya: f32[28]; target yb: f32[1, 4]; target yc: f32[1, 1, 9]; target yd: f32[1, 1, 1]; target ye: f32[2, 1, 1]; target yf: f32[1, 15];) {
    a: { p: Parameter(31, init = normal(1)); at: Mul <- (xa, p); op: Slice(dim = -1, start = -28); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 9, init = normal(1)); at: Mul <- (xb, p); op: Slice(dim = -1, start = -4); Mse <- (op, yb); }
    c: { p: Parameter(1, 3, 9, init = normal(1)); at: Mul <- (xc, p); op: Slice(-2, -2, end = 2); Mse <- (op, yc); }
    d: { p: Parameter(33, 1, 1, init = normal(1)); at: Mul <- (xd, p); op: Slice(dim = -3, start = -5, end = 29); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(2, 1, 16, init = normal(1)); at: Mul <- (xe, p); op: Slice(-1, start = -2, end = -1); Mse <- (op, ye); }
    f: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xf, p); op: Slice(-2, start = -2, end = -1); Mse <- (op, yf); }
    loss: Sum <- (a, b, c, d, e, f);
    }
    reshape_0 (input xa: f32[1]; input xb: f32[1, 1]; input xc: f32[1, 33]; input xd: f32[17]; input xe: f32[1, 35]; input xf: f32[30]; input xg: f32[2, 8]; input xh: f32[3, 6]; target ya: f32; target yb: f32[1]; target yc: f32[33]; target yd: f32[1, 17]; target ye: f32[5, 7]; target yf: f32[2, 15]; target yg: f32[1, 1, 16]; target yh: f32[1, 2, 9];) {
    a: { p: Parameter(1, init = normal(1)); at: Mul <- (xa, p); op: Reshape(); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 1, init = normal(1)); at: Mul <- (xb, p); op: Reshape([1]); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xc, p); op: Reshape(-1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(17, init = normal(1)); at: Mul <- (xd, p); op: Reshape(1, 17); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 35, init = normal(1)); at: Mul <- (xe, p); op: Reshape(shape = [-1, 7]); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(30, init = normal(1)); at: Mul <- (xf, p); op: Reshape(2, -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(2, 8, init = normal(1)); at: Mul <- (xg, p); op: Reshape([1, 1, 16]); Mse <- (op, yg); }
    h: { p: Parameter(3, 6, init = normal(1)); at: Mul <- (xh, p); op: Reshape([-1, 2, 9]); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    reshape_1 (input xa: f32[1, 25]; input xb: f32[31]; target ya: f32[5, 1, 5]; target yb: f32[1, 1, 31];) {
    a: { p: Parameter(1, 25, init = normal(1)); at: Mul <- (xa, p); op: Reshape(shape = [5, -1, 5]); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(31, init = normal(1)); at: Mul <- (xb, p); op: Reshape([1, 1, -1]); Mse <- (op, yb); }
    loss: Sum <- (a, b);
    }
    flatten_0 (input xa: f32; input xb: f32[1]; input xc: f32[33]; input xd: f32[17]; input xe: f32[7]; input xf: f32[31]; input xg: f32[16]; input xh: f32[9]; target ya: f32[1]; target yb: f32[1]; target yc: f32[33]; target yd: f32[17]; target ye: f32[7]; target yf: f32[31]; target yg: f32[16]; target yh: f32[9];) {
    a: { p: Parameter(init = normal(1)); at: Mul <- (xa, p); op: Flatten; again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, init = normal(1)); at: Mul <- (xb, p); op: Flatten; Mse <- (op, yb); }
    c: { p: Parameter(33, init = normal(1)); at: Mul <- (xc, p); op: Flatten(end_dim = 0); Mse <- (op, yc); }
    d: { p: Parameter(17, init = normal(1)); at: Mul <- (xd, p); op: Flatten(end_dim = -1); Mse <- (op, yd); }
    e: { p: Parameter(7, init = normal(1)); at: Mul <- (xe, p); op: Flatten(start_dim = 0); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(31, init = normal(1)); at: Mul <- (xf, p); op: Flatten(0, end_dim = 0); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(16, init = normal(1)); at: Mul <- (xg, p); op: Flatten(0, end_dim = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(9, init = normal(1)); at: Mul <- (xh, p); op: Flatten(-1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    flatten_1 (input xa: f32[15]; input xb: f32[5]; input xc: f32[2, 2]; input xd: f32[31, 1]; input xe: f32[1, 1]; input xf: f32[1, 33]; input xg: f32[5, 5]; input xh: f32[1, 9]; target ya: f32[15]; target yb: f32[5]; target yc: f32[4]; target yd: f32[31]; target ye: f32[1, 1]; target yf: f32[1, 33]; target yg: f32[5, 5]; target yh: f32[1, 9];) {
    a: { p: Parameter(15, init = normal(1)); at: Mul <- (xa, p); op: Flatten(-1, end_dim = 0); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(5, init = normal(1)); at: Mul <- (xb, p); op: Flatten(-1, end_dim = -1); Mse <- (op, yb); }
    c: { p: Parameter(2, 2, init = normal(1)); at: Mul <- (xc, p); op: Flatten; Mse <- (op, yc); }
    d: { p: Parameter(31, 1, init = normal(1)); at: Mul <- (xd, p); op: Flatten(end_dim = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(1, 1, init = normal(1)); at: Mul <- (xe, p); op: Flatten(end_dim = -2); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xf, p); op: Flatten(1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(5, 5, init = normal(1)); at: Mul <- (xg, p); op: Flatten(1, end_dim = 1); Mse <- (op, yg); }
    h: { p: Parameter(1, 9, init = normal(1)); at: Mul <- (xh, p); op: Flatten(start_dim = 1, end_dim = -1); Mse <- (op, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    flatten_2 (input xa: f32[1, 7]; input xb: f32[1, 17]; input xc: f32[5, 2]; input xd: f32[1, 2, 16]; input xe: f32[2, 1, 15]; input xf: f32[3, 1, 5]; input xg: f32[2, 3, 1]; input xh: f32[1, 1, 31]; target ya: f32[7]; target yb: f32[1, 17]; target yc: f32[5, 2]; target yd: f32[32]; target ye: f32[30]; target yf: f32[15]; target yg: f32[6]; target yh: f32[1, 1, 31];) {
    a: { p: Parameter(1, 7, init = normal(1)); at: Mul <- (xa, p); op: Flatten(-2); Mse <- (op, ya); }
    b: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xb, p); op: Flatten(-1, end_dim = 1); Mse <- (op, yb); }
    c: { p: Parameter(5, 2, init = normal(1)); at: Mul <- (xc, p); op: Flatten(start_dim = -1, end_dim = -1); Mse <- (op, yc); }
    d: { p: Parameter(1, 2, 16, init = normal(1)); at: Mul <- (xd, p); op: Flatten; again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(2, 1, 15, init = normal(1)); at: Mul <- (xe, p); op: Flatten(end_dim = 2); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(3, 1, 5, init = normal(1)); at: Mul <- (xf, p); op: Flatten(end_dim = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(2, 3, 1, init = normal(1)); at: Mul <- (xg, p); op: Flatten(start_dim = 0); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 1, 31, init = normal(1)); at: Mul <- (xh, p); op: Flatten(start_dim = 1, end_dim = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    flatten_3 (input xa: f32[2, 1, 15]; input xb: f32[1, 33, 1]; input xc: f32[7, 3, 1]; input xd: f32[2, 1, 16]; target ya: f32[2, 1, 15]; target yb: f32[1, 33]; target yc: f32[7, 3]; target yd: f32[2, 16];) {
    a: { p: Parameter(2, 1, 15, init = normal(1)); at: Mul <- (xa, p); op: Flatten(start_dim = 2, end_dim = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 33, 1, init = normal(1)); at: Mul <- (xb, p); op: Flatten(-2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(7, 3, 1, init = normal(1)); at: Mul <- (xc, p); op: Flatten(-2, 2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(2, 1, 16, init = normal(1)); at: Mul <- (xd, p); op: Flatten(-2, end_dim = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    loss: Sum <- (a, b, c, d);
    }
    transpose_0 (input xa: f32[2, 7]; input xb: f32[1, 17]; input xc: f32[3, 1]; input xd: f32[1, 33]; input xe: f32[1, 2]; input xf: f32[31, 1]; input xg: f32[1, 15]; input xh: f32[1, 16]; target ya: f32[7, 2]; target yb: f32[17, 1]; target yc: f32[1, 3]; target yd: f32[33, 1]; target ye: f32[2, 1]; target yf: f32[1, 31]; target yg: f32[15, 1]; target yh: f32[16, 1];) {
    a: { p: Parameter(2, 7, init = normal(1)); at: Mul <- (xa, p); op: Transpose; Mse <- (op, ya); }
    b: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xb, p); op: Transpose(dim1 = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(3, 1, init = normal(1)); at: Mul <- (xc, p); op: Transpose(dim1 = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    d: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xd, p); op: Transpose(0); Mse <- (op, yd); }
    e: { p: Parameter(1, 2, init = normal(1)); at: Mul <- (xe, p); op: Transpose(0, dim1 = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(31, 1, init = normal(1)); at: Mul <- (xf, p); op: Transpose(dim0 = 1, dim1 = -2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 15, init = normal(1)); at: Mul <- (xg, p); op: Transpose(dim0 = -2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 16, init = normal(1)); at: Mul <- (xh, p); op: Transpose(-2, 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    transpose_1 (input xa: f32[5, 3]; input xb: f32[2, 1, 9]; input xc: f32[1, 1, 15]; input xd: f32[2, 5, 1]; input xe: f32[1, 1, 7]; input xf: f32[3, 2, 5]; input xg: f32[1, 1, 33]; input xh: f32[1, 1, 16]; target ya: f32[3, 5]; target yb: f32[2, 9, 1]; target yc: f32[1, 15, 1]; target yd: f32[5, 2, 1]; target ye: f32[1, 7, 1]; target yf: f32[5, 2, 3]; target yg: f32[33, 1, 1]; target yh: f32[1, 16, 1];) {
    a: { p: Parameter(5, 3, init = normal(1)); at: Mul <- (xa, p); op: Transpose(dim0 = -1, dim1 = -2); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(2, 1, 9, init = normal(1)); at: Mul <- (xb, p); op: Transpose; Mse <- (op, yb); }
    c: { p: Parameter(1, 1, 15, init = normal(1)); at: Mul <- (xc, p); op: Transpose(dim1 = 2); Mse <- (op, yc); }
    d: { p: Parameter(2, 5, 1, init = normal(1)); at: Mul <- (xd, p); op: Transpose(dim1 = -3); Mse <- (op, yd); }
    e: { p: Parameter(1, 1, 7, init = normal(1)); at: Mul <- (xe, p); op: Transpose(1); again: op <- at; both: Mul <- (op, again); Mse <- (both, ye); }
    f: { p: Parameter(3, 2, 5, init = normal(1)); at: Mul <- (xf, p); op: Transpose(0, 2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yf); }
    g: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xg, p); op: Transpose(0, dim1 = -1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(1, 1, 16, init = normal(1)); at: Mul <- (xh, p); op: Transpose(-2); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    transpose_2 (input xa: f32[1, 2, 3]; input xb: f32[1, 1, 31]; input xc: f32[3, 1, 9, 1]; input xd: f32[17, 2, 1, 1]; input xe: f32[3, 1, 3, 1]; input xf: f32[16, 1, 2, 1]; input xg: f32[5, 1, 1, 5]; input xh: f32[2, 5, 2, 2]; target ya: f32[3, 2, 1]; target yb: f32[1, 31, 1]; target yc: f32[3, 1, 1, 9]; target yd: f32[1, 2, 17, 1]; target ye: f32[3, 1, 1, 3]; target yf: f32[1, 1, 2, 16]; target yg: f32[5, 1, 1, 5]; target yh: f32[2, 5, 2, 2];) {
    a: { p: Parameter(1, 2, 3, init = normal(1)); at: Mul <- (xa, p); op: Transpose(dim0 = -3, dim1 = 2); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 1, 31, init = normal(1)); at: Mul <- (xb, p); op: Transpose(dim0 = -1, dim1 = -2); Mse <- (op, yb); }
    c: { p: Parameter(3, 1, 9, 1, init = normal(1)); at: Mul <- (xc, p); op: Transpose; Mse <- (op, yc); }
    d: { p: Parameter(17, 2, 1, 1, init = normal(1)); at: Mul <- (xd, p); op: Transpose(dim1 = 0); again: op <- at; both: Mul <- (op, again); Mse <- (both, yd); }
    e: { p: Parameter(3, 1, 3, 1, init = normal(1)); at: Mul <- (xe, p); op: Transpose(dim1 = -1); Mse <- (op, ye); }
    f: { p: Parameter(16, 1, 2, 1, init = normal(1)); at: Mul <- (xf, p); op: Transpose(0); Mse <- (op, yf); }
    g: { p: Parameter(5, 1, 1, 5, init = normal(1)); at: Mul <- (xg, p); op: Transpose(2, dim1 = 1); again: op <- at; both: Mul <- (op, again); Mse <- (both, yg); }
    h: { p: Parameter(2, 5, 2, 2, init = normal(1)); at: Mul <- (xh, p); op: Transpose(dim0 = 3, dim1 = -4); again: op <- at; both: Mul <- (op, again); Mse <- (both, yh); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    transpose_3 (input xa: f32[1, 31, 1, 1]; input xb: f32[1, 2, 1, 7]; input xc: f32[1, 1, 1, 33]; target ya: f32[1, 31, 1, 1]; target yb: f32[7, 2, 1, 1]; target yc: f32[1, 1, 1, 33];) {
    a: { p: Parameter(1, 31, 1, 1, init = normal(1)); at: Mul <- (xa, p); op: Transpose(dim0 = -4); again: op <- at; both: Mul <- (op, again); Mse <- (both, ya); }
    b: { p: Parameter(1, 2, 1, 7, init = normal(1)); at: Mul <- (xb, p); op: Transpose(-1, 0); again: op <- at; both: Mul <- (op, again); Mse <- (both, yb); }
    c: { p: Parameter(1, 1, 1, 33, init = normal(1)); at: Mul <- (xc, p); op: Transpose(dim0 = -4, dim1 = -3); again: op <- at; both: Mul <- (op, again); Mse <- (both, yc); }
    loss: Sum <- (a, b, c);
    }
    cross_entropy_0 (input xa: f32[7]; input xb: f32[1, 17]; input xc: f32[3, 3, 2]; input xd: f32[33]; input xe: f32[1, 5]; input xf: f32[3, 1, 9]; input xg: f32[31]; input xh: f32[2, 15]; target ta: u32 < 7; target tb: u32[1] < 17; target tc: u32[3, 3] < 2; target td: u32 < 33; target te: u32[1] < 5; target tf: u32[3, 1] < 9; target tg: u32 < 32; target th: u32[2] < 16;) {
    a: { p: Parameter(7, init = normal(1)); at: Mul <- (xa, p); CrossEntropy <- (at, ta); }
    b: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xb, p); CrossEntropy <- (at, tb); }
    c: { p: Parameter(3, 3, 2, init = normal(1)); at: Mul <- (xc, p); CrossEntropy <- (at, tc); }
    d: { p: Parameter(33, init = normal(1)); at: Mul <- (xd, p); CrossEntropy(ignore_index = 26) <- (at, td); }
    e: { p: Parameter(1, 5, init = normal(1)); at: Mul <- (xe, p); CrossEntropy(ignore_index = 4) <- (at, te); }
    f: { p: Parameter(3, 1, 9, init = normal(1)); at: Mul <- (xf, p); CrossEntropy(ignore_index = 2) <- (at, tf); }
    g: { p: Parameter(31, init = normal(1)); at: Mul <- (xg, p); CrossEntropy(ignore_index = 31) <- (at, tg); }
    h: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xh, p); CrossEntropy(ignore_index = 15) <- (at, th); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    cross_entropy_1 (input xa: f32[2, 1, 16]; input xb: f32[31]; input xc: f32[2, 2]; input xd: f32[1, 1, 33]; input xe: f32[16]; input xf: f32[3, 9]; input xg: f32[2, 2, 7]; input xh: f32[15]; target ta: u32[2, 1] < 17; target tb: u32 < 31; target tc: u32[2] < 2; target td: u32[1, 1] < 33; target te: u32 < 16; target tf: u32[3] < 9; target tg: u32[2, 2] < 7; target th: u32 < 16;) {
    a: { p: Parameter(2, 1, 16, init = normal(1)); at: Mul <- (xa, p); CrossEntropy(ignore_index = 16) <- (at, ta); }
    b: { p: Parameter(31, init = normal(1)); at: Mul <- (xb, p); CrossEntropy(label_smoothing = 0.0) <- (at, tb); }
    c: { p: Parameter(2, 2, init = normal(1)); at: Mul <- (xc, p); CrossEntropy(label_smoothing = 0.0) <- (at, tc); }
    d: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xd, p); CrossEntropy(label_smoothing = 0.0) <- (at, td); }
    e: { p: Parameter(16, init = normal(1)); at: Mul <- (xe, p); CrossEntropy(ignore_index = 13, label_smoothing = 0.0) <- (at, te); }
    f: { p: Parameter(3, 9, init = normal(1)); at: Mul <- (xf, p); CrossEntropy(ignore_index = 2, label_smoothing = 0.0) <- (at, tf); }
    g: { p: Parameter(2, 2, 7, init = normal(1)); at: Mul <- (xg, p); CrossEntropy(ignore_index = 6, label_smoothing = 0.0) <- (at, tg); }
    h: { p: Parameter(15, init = normal(1)); at: Mul <- (xh, p); CrossEntropy(label_smoothing = 0.0, ignore_index = 15) <- (at, th); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    cross_entropy_2 (input xa: f32[1, 5]; input xb: f32[2, 2, 5]; input xc: f32[17]; input xd: f32[2, 15]; input xe: f32[3, 1, 2]; input xf: f32[31]; input xg: f32[2, 16]; input xh: f32[1, 2, 17]; target ta: u32[1] < 6; target tb: u32[2, 2] < 6; target tc: u32 < 17; target td: u32[2] < 15; target te: u32[3, 1] < 2; target tf: u32 < 31; target tg: u32[2] < 16; target th: u32[1, 2] < 17;) {
    a: { p: Parameter(1, 5, init = normal(1)); at: Mul <- (xa, p); CrossEntropy(label_smoothing = 0.0, ignore_index = 5) <- (at, ta); }
    b: { p: Parameter(2, 2, 5, init = normal(1)); at: Mul <- (xb, p); CrossEntropy(ignore_index = 5, label_smoothing = 0.0) <- (at, tb); }
    c: { p: Parameter(17, init = normal(1)); at: Mul <- (xc, p); CrossEntropy(label_smoothing = 0.1) <- (at, tc); }
    d: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xd, p); CrossEntropy(label_smoothing = 0.1) <- (at, td); }
    e: { p: Parameter(3, 1, 2, init = normal(1)); at: Mul <- (xe, p); CrossEntropy(label_smoothing = 0.1) <- (at, te); }
    f: { p: Parameter(31, init = normal(1)); at: Mul <- (xf, p); CrossEntropy(ignore_index = 24, label_smoothing = 0.1) <- (at, tf); }
    g: { p: Parameter(2, 16, init = normal(1)); at: Mul <- (xg, p); CrossEntropy(ignore_index = 10, label_smoothing = 0.1) <- (at, tg); }
    h: { p: Parameter(1, 2, 17, init = normal(1)); at: Mul <- (xh, p); CrossEntropy(ignore_index = 1, label_smoothing = 0.1) <- (at, th); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    cross_entropy_3 (input xa: f32[33]; input xb: f32[3, 9]; input xc: f32[3, 2, 5]; input xd: f32[7]; input xe: f32[2, 9]; input xf: f32[3, 1, 2]; input xg: f32[33]; input xh: f32[1, 16]; target ta: u32 < 34; target tb: u32[3] < 10; target tc: u32[3, 2] < 6; target td: u32 < 7; target te: u32[2] < 9; target tf: u32[3, 1] < 2; target tg: u32 < 33; target th: u32[1] < 16;) {
    a: { p: Parameter(33, init = normal(1)); at: Mul <- (xa, p); CrossEntropy(ignore_index = 33, label_smoothing = 0.1) <- (at, ta); }
    b: { p: Parameter(3, 9, init = normal(1)); at: Mul <- (xb, p); CrossEntropy(label_smoothing = 0.1, ignore_index = 9) <- (at, tb); }
    c: { p: Parameter(3, 2, 5, init = normal(1)); at: Mul <- (xc, p); CrossEntropy(label_smoothing = 0.1, ignore_index = 5) <- (at, tc); }
    d: { p: Parameter(7, init = normal(1)); at: Mul <- (xd, p); CrossEntropy(label_smoothing = 0.7) <- (at, td); }
    e: { p: Parameter(2, 9, init = normal(1)); at: Mul <- (xe, p); CrossEntropy(label_smoothing = 0.7) <- (at, te); }
    f: { p: Parameter(3, 1, 2, init = normal(1)); at: Mul <- (xf, p); CrossEntropy(label_smoothing = 0.7) <- (at, tf); }
    g: { p: Parameter(33, init = normal(1)); at: Mul <- (xg, p); CrossEntropy(label_smoothing = 0.7, ignore_index = 6) <- (at, tg); }
    h: { p: Parameter(1, 16, init = normal(1)); at: Mul <- (xh, p); CrossEntropy(label_smoothing = 0.7, ignore_index = 14) <- (at, th); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    cross_entropy_4 (input xa: f32[2, 3, 2]; input xb: f32[17]; input xc: f32[3, 7]; input xd: f32[3, 1, 7]; target ta: u32[2, 3] < 2; target tb: u32 < 18; target tc: u32[3] < 8; target td: u32[3, 1] < 8;) {
    a: { p: Parameter(2, 3, 2, init = normal(1)); at: Mul <- (xa, p); CrossEntropy(ignore_index = 0, label_smoothing = 0.7) <- (at, ta); }
    b: { p: Parameter(17, init = normal(1)); at: Mul <- (xb, p); CrossEntropy(label_smoothing = 0.7, ignore_index = 17) <- (at, tb); }
    c: { p: Parameter(3, 7, init = normal(1)); at: Mul <- (xc, p); CrossEntropy(label_smoothing = 0.7, ignore_index = 7) <- (at, tc); }
    d: { p: Parameter(3, 1, 7, init = normal(1)); at: Mul <- (xd, p); CrossEntropy(ignore_index = 7, label_smoothing = 0.7) <- (at, td); }
    loss: Sum <- (a, b, c, d);
    }
    mse_0 (input xa: f32; input xb: f32; input xb1: f32; input xc: f32; input xc1: f32; input xd: f32[1]; input xe: f32[17]; input xe1: f32[17]; input xf: f32[7]; input xf1: f32[7]; input xg: f32[1, 33]; input xh: f32[2, 15]; input xh1: f32[2, 15]; target ya: f32; target yd: f32[1]; target yg: f32[1, 33];) {
    a: { p: Parameter(init = normal(1)); at: Mul <- (xa, p); Mse <- (at, ya); }
    b: { p: Parameter(init = normal(1)); at: Mul <- (xb, p); p1: Parameter(init = normal(1)); at1: Mul <- (xb1, p1); Mse <- (at, at1); }
    c: { p1: Parameter(init = normal(1)); at1: Mul <- (xc1, p1); Mse <- (xc, at1); }
    d: { p: Parameter(1, init = normal(1)); at: Mul <- (xd, p); Mse <- (at, yd); }
    e: { p: Parameter(17, init = normal(1)); at: Mul <- (xe, p); p1: Parameter(17, init = normal(1)); at1: Mul <- (xe1, p1); Mse <- (at, at1); }
    f: { p1: Parameter(7, init = normal(1)); at1: Mul <- (xf1, p1); Mse <- (xf, at1); }
    g: { p: Parameter(1, 33, init = normal(1)); at: Mul <- (xg, p); Mse <- (at, yg); }
    h: { p: Parameter(2, 15, init = normal(1)); at: Mul <- (xh, p); p1: Parameter(2, 15, init = normal(1)); at1: Mul <- (xh1, p1); Mse <- (at, at1); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    mse_1 (input xa: f32[2, 9]; input xa1: f32[2, 9]; input xb: f32[2, 16, 1]; input xc: f32[2, 5, 2]; input xc1: f32[2, 5, 2]; input xd: f32[1, 1, 31]; input xd1: f32[1, 1, 31]; target yb: f32[2, 16, 1];) {
    a: { p1: Parameter(2, 9, init = normal(1)); at1: Mul <- (xa1, p1); Mse <- (xa, at1); }
    b: { p: Parameter(2, 16, 1, init = normal(1)); at: Mul <- (xb, p); Mse <- (at, yb); }
    c: { p: Parameter(2, 5, 2, init = normal(1)); at: Mul <- (xc, p); p1: Parameter(2, 5, 2, init = normal(1)); at1: Mul <- (xc1, p1); Mse <- (at, at1); }
    d: { p1: Parameter(1, 1, 31, init = normal(1)); at1: Mul <- (xd1, p1); Mse <- (xd, at1); }
    loss: Sum <- (a, b, c, d);
    }
    sum_0 (input xa: f32[1]; input xb: f32[2, 1, 7]; input xc: f32[1, 1, 33]; input xd: f32[1, 17]; input xe: f32[5]; input xe1: f32[1, 15]; input xf: f32[2]; input xf1: f32[16]; input xg: f32[1, 31]; input xg1: f32[9]; input xh: f32[7]; input xh1: f32[1, 5, 1]; target y0a: f32[1]; target y0b: f32[2, 1, 7]; target y0c: f32[1, 1, 33]; target y0d: f32[1, 17]; target y0e: f32[5]; target y1e: f32[1, 15]; target y0f: f32[2]; target y1f: f32[16]; target y0g: f32[1, 31]; target y1g: f32[9]; target y0h: f32[7]; target y1h: f32[1, 5, 1];) {
    a: { p: Parameter(1, init = normal(1)); at: Mul <- (xa, p); mse0: Mse <- (at, y0a); op: Sum <- (mse0); Sum <- (op, mse0); }
    b: { p: Parameter(2, 1, 7, init = normal(1)); at: Mul <- (xb, p); mse0: Mse <- (at, y0b); op: Sum <- (mse0, mse0); Sum <- (op, mse0); }
    c: { p: Parameter(1, 1, 33, init = normal(1)); at: Mul <- (xc, p); mse0: Mse <- (at, y0c); op: Sum(1.5) <- (mse0); Sum <- (op, mse0); }
    d: { p: Parameter(1, 17, init = normal(1)); at: Mul <- (xd, p); mse0: Mse <- (at, y0d); op: Sum(2, 2) <- (mse0, mse0); Sum <- (op, mse0); }
    e: { p: Parameter(5, init = normal(1)); at: Mul <- (xe, p); mse0: Mse <- (at, y0e); p1: Parameter(1, 15, init = normal(1)); at1: Mul <- (xe1, p1); mse1: Mse <- (at1, y1e); op: Sum <- (mse0, mse1); Sum <- (op, mse0); }
    f: { p: Parameter(2, init = normal(1)); at: Mul <- (xf, p); mse0: Mse <- (at, y0f); p1: Parameter(16, init = normal(1)); at1: Mul <- (xf1, p1); mse1: Mse <- (at1, y1f); op: Sum <- (mse0, mse1, mse0); Sum <- (op, mse0); }
    g: { p: Parameter(1, 31, init = normal(1)); at: Mul <- (xg, p); mse0: Mse <- (at, y0g); p1: Parameter(9, init = normal(1)); at1: Mul <- (xg1, p1); mse1: Mse <- (at1, y1g); op: Sum(2, 2) <- (mse0, mse1); Sum <- (op, mse0); }
    h: { p: Parameter(7, init = normal(1)); at: Mul <- (xh, p); mse0: Mse <- (at, y0h); p1: Parameter(1, 5, 1, init = normal(1)); at1: Mul <- (xh1, p1); mse1: Mse <- (at1, y1h); op: Sum(-0.25, -0.25, 0.5) <- (mse0, mse1, mse0); Sum <- (op, mse0); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    sum_1 (input xa: f32[2]; input xa1: f32[1, 17]; input xa2: f32[1, 1, 33]; input xb: f32[5]; input xb1: f32[15]; input xb2: f32[1, 16]; input xc: f32[9]; input xc1: f32[1, 1, 31]; input xc2: f32[3, 9]; input xd: f32[15, 1, 2]; input xd1: f32[2, 3, 5]; input xd2: f32[1, 33]; target y0a: f32[2]; target y1a: f32[1, 17]; target y2a: f32[1, 1, 33]; target y0b: f32[5]; target y1b: f32[15]; target y2b: f32[1, 16]; target y0c: f32[9]; target y1c: f32[1, 1, 31]; target y2c: f32[3, 9]; target y0d: f32[15, 1, 2]; target y1d: f32[2, 3, 5]; target y2d: f32[1, 33];) {
    a: { p: Parameter(2, init = normal(1)); at: Mul <- (xa, p); mse0: Mse <- (at, y0a); p1: Parameter(1, 17, init = normal(1)); at1: Mul <- (xa1, p1); mse1: Mse <- (at1, y1a); p2: Parameter(1, 1, 33, init = normal(1)); at2: Mul <- (xa2, p2); mse2: Mse <- (at2, y2a); op: Sum <- (mse0, mse1, mse2); Sum <- (op, mse0); }
    b: { p: Parameter(5, init = normal(1)); at: Mul <- (xb, p); mse0: Mse <- (at, y0b); p1: Parameter(15, init = normal(1)); at1: Mul <- (xb1, p1); mse1: Mse <- (at1, y1b); p2: Parameter(1, 16, init = normal(1)); at2: Mul <- (xb2, p2); mse2: Mse <- (at2, y2b); op: Sum <- (mse0, mse1, mse2, mse0); Sum <- (op, mse0); }
    c: { p: Parameter(9, init = normal(1)); at: Mul <- (xc, p); mse0: Mse <- (at, y0c); p1: Parameter(1, 1, 31, init = normal(1)); at1: Mul <- (xc1, p1); mse1: Mse <- (at1, y1c); p2: Parameter(3, 9, init = normal(1)); at2: Mul <- (xc2, p2); mse2: Mse <- (at2, y2c); op: Sum(0.5, 0.5, 1.5) <- (mse0, mse1, mse2); Sum <- (op, mse0); }
    d: { p: Parameter(15, 1, 2, init = normal(1)); at: Mul <- (xd, p); mse0: Mse <- (at, y0d); p1: Parameter(2, 3, 5, init = normal(1)); at1: Mul <- (xd1, p1); mse1: Mse <- (at1, y1d); p2: Parameter(1, 33, init = normal(1)); at2: Mul <- (xd2, p2); mse2: Mse <- (at2, y2d); op: Sum(1.5, 2, -0.25, -0.25) <- (mse0, mse1, mse2, mse0); Sum <- (op, mse0); }
    loss: Sum <- (a, b, c, d);
    }
    cross_entropy_chunks_0 (input xa: f32[4, 17]; input xb: f32[2, 4, 1]; input xc: f32[2, 33]; input xd: f32[4, 4, 2]; input xe: f32[4, 15]; input xf: f32[2, 4, 9]; input xg: f32[3, 16]; input xh: f32[3, 3, 7]; target ta: u32[4] < 7; target tb: u32[2, 4] < 5; target tc: u32[2] < 31; target td: u32[4, 4] < 2; target te: u32[4] < 16; target tf: u32[2, 4] < 9; target tg: u32[3] < 33; target th: u32[3, 3] < 5;) {
    a: { p: Parameter(4, 17, init = normal(1)); at: Mul <- (xa, p); op: Linear(7, bias = false) <- at; CrossEntropy(chunks = 1) <- (op, ta); }
    b: { p: Parameter(2, 4, 1, init = normal(1)); at: Mul <- (xb, p); op: Linear(out_features = 5, bias = false) <- at; CrossEntropy(chunks = 1) <- (op, tb); }
    c: { p: Parameter(2, 33, init = normal(1)); at: Mul <- (xc, p); op: Linear(out_features = 31) <- at; CrossEntropy(chunks = 2) <- (op, tc); }
    d: { p: Parameter(4, 4, 2, init = normal(1)); at: Mul <- (xd, p); op: Linear(2, bias = true) <- at; CrossEntropy(chunks = 16) <- (op, td); }
    e: { p: Parameter(4, 15, init = normal(1)); at: Mul <- (xe, p); op: Linear(16, bias = false) <- at; CrossEntropy(ignore_index = 4, chunks = 2) <- (op, te); }
    f: { p: Parameter(2, 4, 9, init = normal(1)); at: Mul <- (xf, p); op: Linear(out_features = 9, bias = false) <- at; CrossEntropy(ignore_index = 1, chunks = 4) <- (op, tf); }
    g: { p: Parameter(3, 16, init = normal(1)); at: Mul <- (xg, p); op: Linear(33, bias = true) <- at; CrossEntropy(ignore_index = 16, chunks = 3) <- (op, tg); }
    h: { p: Parameter(3, 3, 7, init = normal(1)); at: Mul <- (xh, p); op: Linear(out_features = 5) <- at; CrossEntropy(chunks = 1, ignore_index = 0) <- (op, th); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    cross_entropy_chunks_1 (input xa: f32[2, 17]; input xb: f32[4, 4, 1]; input xc: f32[4, 15]; input xd: f32[3, 4, 2]; input xe: f32[4, 15]; input xf: f32[3, 2, 1]; input xg: f32[4, 17]; input xh: f32[3, 3, 1]; target ta: u32[2] < 32; target tb: u32[4, 4] < 6; target tc: u32[4] < 10; target td: u32[3, 4] < 8; target te: u32[4] < 16; target tf: u32[3, 2] < 17; target tg: u32[4] < 2; target th: u32[3, 3] < 5;) {
    a: { p: Parameter(2, 17, init = normal(1)); at: Mul <- (xa, p); op: Linear(31, bias = false) <- at; CrossEntropy(chunks = 2, ignore_index = 31) <- (op, ta); }
    b: { p: Parameter(4, 4, 1, init = normal(1)); at: Mul <- (xb, p); op: Linear(out_features = 5, bias = false) <- at; CrossEntropy(chunks = 8, ignore_index = 5) <- (op, tb); }
    c: { p: Parameter(4, 15, init = normal(1)); at: Mul <- (xc, p); op: Linear(9) <- at; CrossEntropy(chunks = 1, ignore_index = 9) <- (op, tc); }
    d: { p: Parameter(3, 4, 2, init = normal(1)); at: Mul <- (xd, p); op: Linear(out_features = 7, bias = true) <- at; CrossEntropy(ignore_index = 7, chunks = 3) <- (op, td); }
    e: { p: Parameter(4, 15, init = normal(1)); at: Mul <- (xe, p); op: Linear(out_features = 16, bias = false) <- at; CrossEntropy(label_smoothing = 0.1, chunks = 2) <- (op, te); }
    f: { p: Parameter(3, 2, 1, init = normal(1)); at: Mul <- (xf, p); op: Linear(out_features = 17, bias = false) <- at; CrossEntropy(label_smoothing = 0.1, chunks = 3) <- (op, tf); }
    g: { p: Parameter(4, 17, init = normal(1)); at: Mul <- (xg, p); op: Linear(2, bias = true) <- at; CrossEntropy(chunks = 1, label_smoothing = 0.1) <- (op, tg); }
    h: { p: Parameter(3, 3, 1, init = normal(1)); at: Mul <- (xh, p); op: Linear(out_features = 5) <- at; CrossEntropy(chunks = 3, label_smoothing = 0.1) <- (op, th); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    cross_entropy_chunks_2 (input xa: f32[3, 33]; input xb: f32[3, 4, 7]; input xc: f32[3, 31]; input xd: f32[4, 2, 15]; input xe: f32[3, 16]; input xf: f32[3, 3, 9]; input xg: f32[2, 16]; input xh: f32[2, 2, 17]; target ta: u32[3] < 31; target tb: u32[3, 4] < 9; target tc: u32[3] < 33; target td: u32[4, 2] < 5; target te: u32[3] < 34; target tf: u32[3, 3] < 8; target tg: u32[2] < 32; target th: u32[2, 2] < 16;) {
    a: { p: Parameter(3, 33, init = normal(1)); at: Mul <- (xa, p); op: Linear(out_features = 31, bias = false) <- at; CrossEntropy(label_smoothing = 0.1, chunks = 3, ignore_index = 2) <- (op, ta); }
    b: { p: Parameter(3, 4, 7, init = normal(1)); at: Mul <- (xb, p); op: Linear(9, bias = false) <- at; CrossEntropy(label_smoothing = 0.1, chunks = 2, ignore_index = 8) <- (op, tb); }
    c: { p: Parameter(3, 31, init = normal(1)); at: Mul <- (xc, p); op: Linear(out_features = 33) <- at; CrossEntropy(chunks = 1, ignore_index = 4, label_smoothing = 0.1) <- (op, tc); }
    d: { p: Parameter(4, 2, 15, init = normal(1)); at: Mul <- (xd, p); op: Linear(out_features = 5, bias = true) <- at; CrossEntropy(ignore_index = 4, label_smoothing = 0.1, chunks = 1) <- (op, td); }
    e: { p: Parameter(3, 16, init = normal(1)); at: Mul <- (xe, p); op: Linear(out_features = 33, bias = false) <- at; CrossEntropy(label_smoothing = 0.1, ignore_index = 33, chunks = 1) <- (op, te); }
    f: { p: Parameter(3, 3, 9, init = normal(1)); at: Mul <- (xf, p); op: Linear(7, bias = false) <- at; CrossEntropy(label_smoothing = 0.1, chunks = 1, ignore_index = 7) <- (op, tf); }
    g: { p: Parameter(2, 16, init = normal(1)); at: Mul <- (xg, p); op: Linear(out_features = 31) <- at; CrossEntropy(chunks = 2, ignore_index = 31, label_smoothing = 0.1) <- (op, tg); }
    h: { p: Parameter(2, 2, 17, init = normal(1)); at: Mul <- (xh, p); op: Linear(out_features = 15, bias = true) <- at; CrossEntropy(ignore_index = 15, chunks = 2, label_smoothing = 0.1) <- (op, th); }
    loss: Sum <- (a, b, c, d, e, f, g, h);
    }
    }};
}

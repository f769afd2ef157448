// Scaled dot-product attention on a GPU, per head: s = q k^T / sqrt(dim), p = softmax(s), y = p v (FlashAttention-2,
// Dao 2023). y, lse: =; dq, dk, dv: = or +=. Checked against `ops/attention/cpu.rs`.
//
// queries, keys: rows of a head; dim: their length; R, C, D: see `tile.cuh`.
//
// Forward is a kernel over blocks of R queries, which keys pass by. Backward is one over blocks of queries for dq, and
// one over blocks of keys, which queries pass by, for dk and dv: each gradient is summed by one block in one order.
// Nothing of [queries, keys] is kept: backward makes p again from lse, and the sum of y dy where it reads dy.
//
// Per head, halved if causal:   flops                     elements read, beside the outputs written once
//   forward                     4 queries keys dim        dim (queries + 2 keys queries / R)
//   dq                          6 queries keys dim        dim (3 queries + 2 keys queries / R)
//   dk, dv                      8 queries keys dim        dim (2 keys + 3 queries keys / R)
// That is 2 R to 3 R flops per element that is read again, mostly from the L2 cache, so arithmetic is what takes the
// time: fmaf on I x J scores, or I x D / 8 sums, in registers.
//
// With bf16 elements on tensor cores, `dot_rows`, `share_weights` and `add_weighted` become mma of 16 x 8 x 16 on tiles
// of bf16: scores and sums stay f32 but are laid out as the mma's fragments (a row in 4 lanes, so `group_sum` over 4),
// p and ds are rounded to bf16 and go from one product's result to the other's factor in registers. Tiles are half as
// large, which doubles R and C, and are loaded by asynchronous copies behind the products. The loops stay.
#include "remat.cuh"
#include "ops/attention/tile.cuh"

namespace attention {

// What all three kernels are given: the first rows of the first head, and shapes.
struct Shape {
    const elem *q, *k, *v;
    // Elements from a row of q, k, v, dq, dk or dv to the next.
    int64_t stride;
    int queries, keys, heads, dim;
    // 1 / sqrt(dim)
    float scale;
    int causal;
};

// One head of one sample, of which a block owns rows.
struct Head {
    // Counted over all samples.
    int64_t at;
    // The block's rows, in blocks.
    int block;
    Shape shape;

    // Blocks of R of `rows` rows.
    __device__ __forceinline__ Head(const Shape& shape, int R, int rows) : shape(shape) {
        int blocks = (rows + R - 1) / R;
        at = blockIdx.x / blocks;
        block = blockIdx.x % blocks;
    }
    // This head's rows, `rows` in each sample, of something whose rows are `stride` apart.
    template <class T>
    __device__ __forceinline__ Rows<T> rows(T* all, int rows, int64_t stride) const {
        int64_t sample = at / shape.heads, head = at % shape.heads;
        return {all + sample * rows * stride + head * shape.dim, stride, rows, shape.dim};
    }
    __device__ __forceinline__ Rows<const elem> q() const { return rows(shape.q, shape.queries, shape.stride); }
    __device__ __forceinline__ Rows<const elem> k() const { return rows(shape.k, shape.keys, shape.stride); }
    __device__ __forceinline__ Rows<const elem> v() const { return rows(shape.v, shape.keys, shape.stride); }
    // Of y or dy.
    template <class T>
    __device__ __forceinline__ Rows<T> y(T* all) const {
        return rows(all, shape.queries, (int64_t)shape.heads * shape.dim);
    }
    // Of lse: [queries]
    template <class T>
    __device__ __forceinline__ T* lse(T* all) const { return all + at * shape.queries; }

    __device__ __forceinline__ bool sees(int query, int key) const {
        return key < shape.keys && (!shape.causal || key <= query);
    }
    // One past the last key that one of the queries before `end` sees.
    __device__ __forceinline__ int keys_before(int end) const {
        return shape.causal && end < shape.keys ? end : shape.keys;
    }
};

template <int D, int I>
__device__ __forceinline__ void clear(Floats (&y)[I][D / 32]) {
#pragma unroll
    for (int i = 0; i < I; i++) {
#pragma unroll
        for (int k = 0; k < D / 32; k++) y[i][k] = {};
    }
}

// The running softmax of a row: the largest score so far, and the sum of exp(s - max).
struct Softmax {
    float max, sum;

    // s [J] = exp(s - max), of scores that go on with the row; returns what older sums are to be scaled by.
    template <int J>
    __device__ __forceinline__ float weigh(float (&s)[J]) {
        float largest = s[0];
#pragma unroll
        for (int j = 1; j < J; j++) largest = max_nan(largest, s[j]);
        largest = max_nan(max, group_max(largest));
        // Nothing but -inf so far: exp(-inf - 0) = 0, where exp(-inf + inf) would be NaN.
        float shift = largest == -INFINITY ? 0.0f : largest;
        float decay = expf(max - shift), more = 0.0f;
        max = largest;
#pragma unroll
        for (int j = 0; j < J; j++) {
            s[j] = expf(s[j] - shift);
            more += s[j];
        }
        sum = fmaf(decay, sum, group_sum(more));
        return decay;
    }
};

template <int D, int R, int C>
__device__ __forceinline__ void forward(elem* y_all, scalar* lse_all, const Shape& shape) {
    constexpr int I = R / GROUPS, J = C / LANES;
    REMAT_DYNAMIC_SHARED(float, q);
    float *k = q + R * ROW_STEP<D>, *v = k + C * ROW_STEP<D>, *weights = v + C * ROW_STEP<D>;
    Head head(shape, R, shape.queries);
    // The last queries first: if causal, they see the most keys.
    int first = ((shape.queries + R - 1) / R - 1 - head.block) * R;
    load_tile<R, D>(q, head.q(), first);
    Floats y[I][D / 32];
    clear<D>(y);
    Softmax softmax[I];
#pragma unroll
    for (int i = 0; i < I; i++) softmax[i] = {-INFINITY, 0.0f};
    int end = head.keys_before(first + R);
    for (int key = 0; key < end; key += C) {
        // The tiles have been read.
        __syncthreads();
        load_tile<C, D>(k, head.k(), key);
        load_tile<C, D>(v, head.v(), key);
        __syncthreads();
        float s[I][J];
        dot_rows<D>(s, q, k, shape.dim);
#pragma unroll
        for (int i = 0; i < I; i++) {
#pragma unroll
            for (int j = 0; j < J; j++) {
                bool seen = head.sees(first + group() + i * GROUPS, key + lane() + j * LANES);
                s[i][j] = seen ? shape.scale * s[i][j] : -INFINITY;
            }
            float decay = softmax[i].weigh(s[i]);
#pragma unroll
            for (int d = 0; d < D / 32; d++) {
#pragma unroll
                for (int e = 0; e < 4; e++) y[i][d].x[e] *= decay;
            }
        }
        share_weights(weights, s);
        add_weighted<D, C>(y, weights, v, end - key < C ? end - key : C);
    }
    float scale[I];
#pragma unroll
    for (int i = 0; i < I; i++) {
        scale[i] = 1.0f / softmax[i].sum;
        int query = first + group() + i * GROUPS;
        if (lse_all && lane() == 0 && query < shape.queries) {
            head.lse(lse_all)[query] = softmax[i].max + logf(softmax[i].sum);
        }
    }
    put_rows<D>(head.y(y_all), first, y, scale, false);
}

// What backward reads of forward and of the gradient.
struct Saved {
    const elem *dy, *y;
    const scalar* lse;
};

template <int D, int R, int C>
__device__ __forceinline__ void backward_q(elem* dq_all, int add, const Saved& saved, const Shape& shape) {
    constexpr int I = R / GROUPS, J = C / LANES;
    REMAT_DYNAMIC_SHARED(float, q);
    float *dy = q + R * ROW_STEP<D>, *k = dy + R * ROW_STEP<D>;
    float *v = k + C * ROW_STEP<D>, *weights = v + C * ROW_STEP<D>;
    Head head(shape, R, shape.queries);
    // As in forward.
    int first = ((shape.queries + R - 1) / R - 1 - head.block) * R;
    float delta[I], lse[I];
    load_tile<R, D>(q, head.q(), first);
    load_tile<R, D>(dy, delta, head.y(saved.dy), head.y(saved.y), first);
#pragma unroll
    for (int i = 0; i < I; i++) {
        int query = first + group() + i * GROUPS;
        lse[i] = query < shape.queries ? head.lse(saved.lse)[query] : 0.0f;
    }
    Floats dq[I][D / 32];
    clear<D>(dq);
    int end = head.keys_before(first + R);
    for (int key = 0; key < end; key += C) {
        // The tiles have been read.
        __syncthreads();
        load_tile<C, D>(k, head.k(), key);
        load_tile<C, D>(v, head.v(), key);
        __syncthreads();
        float s[I][J], ds[I][J];
        dot_rows<D>(s, q, k, shape.dim);
        dot_rows<D>(ds, dy, v, shape.dim);
#pragma unroll
        for (int i = 0; i < I; i++) {
#pragma unroll
            for (int j = 0; j < J; j++) {
                bool seen = head.sees(first + group() + i * GROUPS, key + lane() + j * LANES);
                float p = expf(shape.scale * s[i][j] - lse[i]);
                ds[i][j] = seen ? p * (ds[i][j] - delta[i]) : 0.0f;
            }
        }
        share_weights(weights, ds);
        add_weighted<D, C>(dq, weights, k, end - key < C ? end - key : C);
    }
    float scale[I];
#pragma unroll
    for (int i = 0; i < I; i++) scale[i] = shape.scale;
    put_rows<D>(head.rows(dq_all, shape.queries, shape.stride), first, dq, scale, add);
}

template <int D, int R, int C>
__device__ __forceinline__ void backward_kv(elem* dk_all, elem* dv_all, int add_k, int add_v, const Saved& saved,
                                            const Shape& shape) {
    constexpr int I = R / GROUPS, J = C / LANES;
    REMAT_DYNAMIC_SHARED(float, k);
    float *v = k + R * ROW_STEP<D>, *q = v + R * ROW_STEP<D>, *dy = q + C * ROW_STEP<D>;
    // Of the queries of the tile: [C]
    float *lse = dy + C * ROW_STEP<D>, *delta = lse + C, *weights = delta + C;
    Head head(shape, R, shape.keys);
    int first = head.block * R;
    load_tile<R, D>(k, head.k(), first);
    load_tile<R, D>(v, head.v(), first);
    Floats dk[I][D / 32], dv[I][D / 32];
    clear<D>(dk);
    clear<D>(dv);
    for (int query = shape.causal ? first : 0; query < shape.queries; query += C) {
        // The tiles have been read.
        __syncthreads();
        float sums[C / GROUPS];
        load_tile<C, D>(q, head.q(), query);
        load_tile<C, D>(dy, sums, head.y(saved.dy), head.y(saved.y), query);
#pragma unroll
        for (int i = 0; i < C / GROUPS; i++) {
            if (lane() == 0) delta[group() + i * GROUPS] = sums[i];
        }
        if (threadIdx.x < C) {
            int at = query + threadIdx.x;
            // 0 past the last: p is finite, and meets rows of 0.
            lse[threadIdx.x] = at < shape.queries ? head.lse(saved.lse)[at] : 0.0f;
        }
        __syncthreads();
        // Keys are rows here, queries columns.
        float p[I][J], ds[I][J];
        dot_rows<D>(p, k, q, shape.dim);
        dot_rows<D>(ds, v, dy, shape.dim);
#pragma unroll
        for (int j = 0; j < J; j++) {
            float lse_j = lse[lane() + j * LANES], delta_j = delta[lane() + j * LANES];
#pragma unroll
            for (int i = 0; i < I; i++) {
                bool seen = head.sees(query + lane() + j * LANES, first + group() + i * GROUPS);
                p[i][j] = seen ? expf(shape.scale * p[i][j] - lse_j) : 0.0f;
                ds[i][j] = seen ? p[i][j] * (ds[i][j] - delta_j) : 0.0f;
            }
        }
        int count = shape.queries - query < C ? shape.queries - query : C;
        if (dv_all) {
            share_weights(weights, p);
            add_weighted<D, C>(dv, weights, dy, count);
        }
        if (dk_all) {
            share_weights(weights, ds);
            add_weighted<D, C>(dk, weights, q, count);
        }
    }
    float one[I], scale[I];
#pragma unroll
    for (int i = 0; i < I; i++) {
        one[i] = 1.0f;
        scale[i] = shape.scale;
    }
    if (dv_all) put_rows<D>(head.rows(dv_all, shape.keys, shape.stride), first, dv, one, add_v);
    if (dk_all) put_rows<D>(head.rows(dk_all, shape.keys, shape.stride), first, dk, scale, add_k);
}

}  // namespace attention

// The kernels for each D, with R and C for which all tiles are at most 96 KiB (of the 99 KiB that the smallest GPUs
// have) and all sums stay in registers. `cuda.rs` knows the same numbers.

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_forward_32(
    elem* y, scalar* lse, const elem* q, const elem* k, const elem* v, int64_t stride, int32_t queries, int32_t keys,
    int32_t heads, int32_t dim, float scale, int32_t causal) {
    attention::forward<32, 64, 64>(y, lse, {q, k, v, stride, queries, keys, heads, dim, scale, causal});
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_forward_64(
    elem* y, scalar* lse, const elem* q, const elem* k, const elem* v, int64_t stride, int32_t queries, int32_t keys,
    int32_t heads, int32_t dim, float scale, int32_t causal) {
    attention::forward<64, 64, 64>(y, lse, {q, k, v, stride, queries, keys, heads, dim, scale, causal});
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_forward_128(
    elem* y, scalar* lse, const elem* q, const elem* k, const elem* v, int64_t stride, int32_t queries, int32_t keys,
    int32_t heads, int32_t dim, float scale, int32_t causal) {
    attention::forward<128, 64, 32>(y, lse, {q, k, v, stride, queries, keys, heads, dim, scale, causal});
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_forward_256(
    elem* y, scalar* lse, const elem* q, const elem* k, const elem* v, int64_t stride, int32_t queries, int32_t keys,
    int32_t heads, int32_t dim, float scale, int32_t causal) {
    attention::forward<256, 32, 16>(y, lse, {q, k, v, stride, queries, keys, heads, dim, scale, causal});
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_backward_q_32(
    elem* dq, const elem* dy, const elem* y, const scalar* lse, const elem* q, const elem* k, const elem* v,
    int64_t stride, int32_t queries, int32_t keys, int32_t heads, int32_t dim, float scale, int32_t causal,
    int32_t add) {
    attention::Shape shape{q, k, v, stride, queries, keys, heads, dim, scale, causal};
    attention::backward_q<32, 64, 64>(dq, add, {dy, y, lse}, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_backward_q_64(
    elem* dq, const elem* dy, const elem* y, const scalar* lse, const elem* q, const elem* k, const elem* v,
    int64_t stride, int32_t queries, int32_t keys, int32_t heads, int32_t dim, float scale, int32_t causal,
    int32_t add) {
    attention::Shape shape{q, k, v, stride, queries, keys, heads, dim, scale, causal};
    attention::backward_q<64, 64, 32>(dq, add, {dy, y, lse}, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_backward_q_128(
    elem* dq, const elem* dy, const elem* y, const scalar* lse, const elem* q, const elem* k, const elem* v,
    int64_t stride, int32_t queries, int32_t keys, int32_t heads, int32_t dim, float scale, int32_t causal,
    int32_t add) {
    attention::Shape shape{q, k, v, stride, queries, keys, heads, dim, scale, causal};
    attention::backward_q<128, 32, 32>(dq, add, {dy, y, lse}, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_backward_q_256(
    elem* dq, const elem* dy, const elem* y, const scalar* lse, const elem* q, const elem* k, const elem* v,
    int64_t stride, int32_t queries, int32_t keys, int32_t heads, int32_t dim, float scale, int32_t causal,
    int32_t add) {
    attention::Shape shape{q, k, v, stride, queries, keys, heads, dim, scale, causal};
    attention::backward_q<256, 16, 16>(dq, add, {dy, y, lse}, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_backward_kv_32(
    elem* dk, elem* dv, const elem* dy, const elem* y, const scalar* lse, const elem* q, const elem* k, const elem* v,
    int64_t stride, int32_t queries, int32_t keys, int32_t heads, int32_t dim, float scale, int32_t causal,
    int32_t add_k, int32_t add_v) {
    attention::Shape shape{q, k, v, stride, queries, keys, heads, dim, scale, causal};
    attention::backward_kv<32, 64, 64>(dk, dv, add_k, add_v, {dy, y, lse}, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_backward_kv_64(
    elem* dk, elem* dv, const elem* dy, const elem* y, const scalar* lse, const elem* q, const elem* k, const elem* v,
    int64_t stride, int32_t queries, int32_t keys, int32_t heads, int32_t dim, float scale, int32_t causal,
    int32_t add_k, int32_t add_v) {
    attention::Shape shape{q, k, v, stride, queries, keys, heads, dim, scale, causal};
    attention::backward_kv<64, 64, 32>(dk, dv, add_k, add_v, {dy, y, lse}, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::BLOCKS) attention_backward_kv_128(
    elem* dk, elem* dv, const elem* dy, const elem* y, const scalar* lse, const elem* q, const elem* k, const elem* v,
    int64_t stride, int32_t queries, int32_t keys, int32_t heads, int32_t dim, float scale, int32_t causal,
    int32_t add_k, int32_t add_v) {
    attention::Shape shape{q, k, v, stride, queries, keys, heads, dim, scale, causal};
    attention::backward_kv<128, 32, 32>(dk, dv, add_k, add_v, {dy, y, lse}, shape);
}

// Two blocks for a multiprocessor: with the registers of three, some compilers spill.
extern "C" __global__ void __launch_bounds__(attention::THREADS, 2) attention_backward_kv_256(
    elem* dk, elem* dv, const elem* dy, const elem* y, const scalar* lse, const elem* q, const elem* k, const elem* v,
    int64_t stride, int32_t queries, int32_t keys, int32_t heads, int32_t dim, float scale, int32_t causal,
    int32_t add_k, int32_t add_v) {
    attention::Shape shape{q, k, v, stride, queries, keys, heads, dim, scale, causal};
    attention::backward_kv<256, 16, 16>(dk, dv, add_k, add_v, {dy, y, lse}, shape);
}

// The kernels of attention for elements of bf16, on tensor cores: products of bf16 are summed in f32, and only p and ds
// are rounded to bf16, as factors of the second products.
//
// A warp has whole rows of scores, so what is known of a row is in 4 lanes, and scores go from the one product's sums
// to the other's factor in registers. Other factors are loaded as fragments from shared memory, for each tile again:
// those of the block's own rows once, those of the rows that pass by once for each warp and product.
//
// Cycles of a multiprocessor for a tile [R, C], if nothing else took time, where D = 64: in one it makes 2048 flops
// (A100) or at most 4096 (H100) by mma, loads 128 bytes of fragments, makes 16 exponentials, and issues 4 instructions of
// warps, of which each of the 4 has as many as `tests/cuda/loops.py` counts for sm_90a, masks included, which tiles that
// are seen whole pass over.
//              R    C    flops             products     bytes of fragments        loads   exponentials   instructions
//   forward    128  64   4 R C D           1024 (512)   2 R D + 16 C D             640    512            1091
//   dq         128  32   6 R C D            768 (384)   4 R D + 24 C D             640    256             606
//   dk, dv     128  32   8 R C D           1024 (512)   4 R D + 32 C D             768    256             677
// So products, loads and instructions take about as long; R is as large as registers allow. The next rows that pass by are
// copied meanwhile: 4 C D bytes, which take no registers.
//
// Registers of a thread, as NVRTC 13.0 says for sm_80, sm_90 and sm_100, none of which are spilled; and KiB of shared
// memory of a block, of which the smallest GPUs have 99:
//   D          32                  64                  128                 256
//   forward    158, 160, 158  30   227, 233, 239  54   251, 250, 255  68   241, 245, 240  99
//   dq         226, 236, 240  40   214, 210, 220  54   180, 184, 198  68   233, 233, 242  99
//   dk, dv     202, 209, 207  30   250, 250, 249  54   248, 251, 253  68   235, 239, 234  99
#pragma once
#include "ops/attention/tensor_tile.cuh"

namespace attention {
namespace tensor {

// Over the 4 lanes of a row; every lane gets the result.
__device__ __forceinline__ float row_sum(float x) { return fold_lanes<QUAD>(x, Plus()); }
__device__ __forceinline__ float row_max(float x) { return fold_lanes<QUAD>(x, Larger()); }

// One half of fragments *= factor
template <int N>
__device__ __forceinline__ void scale_rows(FragmentC (&y)[N], int half, float factor) {
#pragma unroll
    for (int n = 0; n < N; n++) {
        y[n].x[2 * half] *= factor;
        y[n].x[2 * half + 1] *= factor;
    }
}

// The running softmax of a row: the largest score so far, before it is scaled, and the sum of exp(scale (s - max)).
struct Softmax {
    float max, sum;

    // s [J] = exp(scale (s - max)) in one half of fragments, of scores that go on with the row; returns what older sums
    // are to be scaled by. A NaN is no maximum, but the exponential of one is NaN, and so is the sum.
    template <int J>
    __device__ __forceinline__ float weigh(FragmentC (&s)[J], int half, float scale) {
        float largest = -INFINITY, more = 0.0f, factor = scale * LOG2E;
#pragma unroll
        for (int j = 0; j < J; j++) largest = fmaxf(largest, fmaxf(s[j].x[2 * half], s[j].x[2 * half + 1]));
        largest = fmaxf(max, row_max(largest));
        // Nothing but -inf so far: exp(-inf - 0) = 0, where exp(-inf + inf) would be NaN.
        float shift = largest == -INFINITY ? 0.0f : largest;
        float decay = fast_exp2(factor * (max - shift));
        max = largest;
#pragma unroll
        for (int j = 0; j < J; j++) {
#pragma unroll
            for (int e = 2 * half; e < 2 * half + 2; e++) {
                // Not by fmaf: of what is as large as 2^30, the product that it does not round is far from one that is.
                s[j].x[e] = fast_exp2(factor * (s[j].x[e] - shift));
                more += s[j].x[e];
            }
        }
        sum = fmaf(decay, sum, row_sum(more));
        return decay;
    }
};

// Two tiles of rows that pass by, C at once, of each of which the next is copied while one is read.
template <int D, int C>
struct Passing {
    // [2, 2, C, D]
    bf16* tiles;
    Rows<const bf16> ones, others;

    __device__ __forceinline__ bf16* one(int first) const { return tiles + first / C % 2 * (2 * C * STEP<D>); }
    __device__ __forceinline__ bf16* other(int first) const { return one(first) + C * STEP<D>; }
    // Those from `first` on, a multiple of C.
    __device__ __forceinline__ void start(int first) const {
        start_tile<C, D>(one(first), ones, first);
        start_tile<C, D>(other(first), others, first);
    }
};

template <int D, int R, int C>
__device__ __forceinline__ void forward(bf16* y_all, scalar* lse_all, const Shape<bf16>& shape) {
    constexpr int M = R / WARPS / MMA_ROWS, J = C / MMA_COLUMNS;
    REMAT_DYNAMIC_SHARED(bf16, q);
    Head<bf16> head(shape, R, shape.queries);
    // The last queries first: if causal, they see the most keys.
    int first = (head.blocks - 1 - head.block) * R;
    start_tile<R, D>(q, head.q(), first);
    Passing<D, C> passing{q + R * STEP<D>, head.k(), head.v()};
    passing.start(0);
    FragmentC y[M][D / MMA_COLUMNS];
    clear(y);
    Softmax softmax[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) softmax[m][0] = softmax[m][1] = {-INFINITY, 0.0f};
    int end = head.keys_before(first + R);
    for (int key = 0; key < end; key += C) {
        wait_for_copies();
        // The copies are there for all, and what was there before the next has been read.
        __syncthreads();
        if (key + C < end) passing.start(key + C);
        if (!head.any_sees(first + own_rows(M) + M * MMA_ROWS, key)) continue;
        const bf16 *k = passing.one(key), *v = passing.other(key);
        FragmentC s[M][J];
        dot_rows<D>(s, q, k);
        if (!head.all_see(first, key + C)) {
            each_sum(s, [&](float& score, int row, int column) {
                if (!head.sees(first + row, key + column)) score = -INFINITY;
            });
        }
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                scale_rows(y[m], half, softmax[m][half].weigh(s[m], half, shape.scale));
            }
        }
        add_weighted<D>(y, s, v);
    }
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const Softmax& row = softmax[m][half];
            scale_rows(y[m], half, 1.0f / row.sum);
            int query = first + own_rows(M) + m * MMA_ROWS + fragment_row(2 * half);
            if (lse_all && fragment_column(0) == 0 && query < shape.queries) {
                head.lse(lse_all)[query] = fmaf(shape.scale, row.max, logf(row.sum));
            }
        }
    }
    put_rows(head.y(y_all), first, 0, y, 1.0f, false);
}

template <int D, int R, int C>
__device__ __forceinline__ void backward_q(bf16* dq_all, int add, Known* known_all, const bf16* dy_all,
                                           const bf16* y_all, const scalar* lse_all, const Shape<bf16>& shape) {
    constexpr int M = R / WARPS / MMA_ROWS, J = C / MMA_COLUMNS;
    REMAT_DYNAMIC_SHARED(bf16, q);
    bf16* dy = q + R * STEP<D>;
    Head<bf16> head(shape, R, shape.queries);
    // As in forward.
    int first = (head.blocks - 1 - head.block) * R;
    start_tile<R, D>(q, head.q(), first);
    start_tile<R, D>(dy, head.y(dy_all), first);
    wait_for_copies();
    Passing<D, C> passing{dy + R * STEP<D>, head.k(), head.v()};
    if (dq_all) passing.start(0);
    find_tails<R, D>(dy, known_all ? head.known(known_all) : nullptr, head.y(y_all), head.lse(lse_all), first);
    if (!dq_all) return;
    FragmentC dq[M][D / MMA_COLUMNS];
    clear(dq);
    float factor = LOG2E * shape.scale;
    int end = head.keys_before(first + R);
    for (int key = 0; key < end; key += C) {
        wait_for_copies();
        // As in forward.
        __syncthreads();
        if (key + C < end) passing.start(key + C);
        if (!head.any_sees(first + own_rows(M) + M * MMA_ROWS, key)) continue;
        const bf16 *k = passing.one(key), *v = passing.other(key);
        FragmentC s[M][J], ds[M][J];
        dot_rows<D>(s, q, k);
        dot_rows<D>(ds, dy, v);
        if (!head.all_see(first, key + C)) {
            auto hide = [&](float otherwise) {
                return [&head, first, key, otherwise](float& x, int row, int column) {
                    if (!head.sees(first + row, key + column)) x = otherwise;
                };
            };
            each_sum(s, hide(-INFINITY));
            each_sum(ds, hide(0.0f));
        }
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                Known row = tail<D>(dy, own_rows(M) + m * MMA_ROWS + fragment_row(2 * half));
#pragma unroll
                for (int j = 0; j < J; j++) {
#pragma unroll
                    for (int e = 2 * half; e < 2 * half + 2; e++) {
                        float p = fast_exp2(fmaf(factor, s[m][j].x[e], -row.log));
                        ds[m][j].x[e] = p * (ds[m][j].x[e] - row.delta);
                    }
                }
            }
        }
        add_weighted<D>(dq, ds, k);
    }
    put_rows(head.rows(dq_all, shape.queries, shape.stride), first, 0, dq, shape.scale, add);
}

// The most columns of dk and dv that a block sums: with 256, the sums would not fit into registers.
constexpr int MOST_COLUMNS = 128;

// Of heads with more columns, a block sums those that its second number says; the scores are made for each part.
template <int D, int R, int C>
__device__ __forceinline__ void backward_kv(bf16* dk_all, bf16* dv_all, int add_k, int add_v, const Known* known_all,
                                            const bf16* dy_all, const Shape<bf16>& shape) {
    constexpr int M = R / WARPS / MMA_ROWS, J = C / MMA_COLUMNS;
    constexpr int COLUMNS = D < MOST_COLUMNS ? D : MOST_COLUMNS;
    REMAT_DYNAMIC_SHARED(bf16, k);
    bf16* v = k + R * STEP<D>;
    Head<bf16> head(shape, R, shape.keys);
    int first = head.block * R, column = blockIdx.y * COLUMNS;
    // If causal, those before do not see the keys.
    int begin = shape.causal ? first : 0;
    start_tile<R, D>(k, head.k(), first);
    start_tile<R, D>(v, head.v(), first);
    Passing<D, C> passing{v + R * STEP<D>, head.q(), head.y(dy_all)};
    const Known* known = head.known(known_all);
    auto start = [&](int query) {
        passing.start(query);
        start_tails<C, D>(passing.other(query), known, shape.queries, query);
    };
    start(begin);
    FragmentC dk[M][COLUMNS / MMA_COLUMNS], dv[M][COLUMNS / MMA_COLUMNS];
    clear(dk);
    clear(dv);
    float factor = LOG2E * shape.scale;
    for (int query = begin; query < shape.queries; query += C) {
        wait_for_copies();
        bf16 *q = passing.one(query), *dy = passing.other(query);
        // As in forward.
        __syncthreads();
        if (query + C < shape.queries) start(query + C);
        if (!head.any_sees(query + C, first + own_rows(M))) continue;
        // Keys are rows here, queries columns. What is past the last query is 0 in q and dy, so p is finite, and meets
        // rows of 0; what is past the last key is not written.
        FragmentC p[M][J], ds[M][J];
        dot_rows<D>(p, k, q);
        dot_rows<D>(ds, v, dy);
        if (shape.causal && query < first + R - 1) {
            auto hide = [&](float otherwise) {
                return [first, query, otherwise](float& x, int row, int column) {
                    if (first + row > query + column) x = otherwise;
                };
            };
            each_sum(p, hide(-INFINITY));
            each_sum(ds, hide(0.0f));
        }
#pragma unroll
        for (int j = 0; j < J; j++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                int at = j * MMA_COLUMNS + fragment_column(e);
                Known of = tail<D>(dy, at);
#pragma unroll
                for (int m = 0; m < M; m++) {
                    p[m][j].x[e] = fast_exp2(fmaf(factor, p[m][j].x[e], -of.log));
                    ds[m][j].x[e] = p[m][j].x[e] * (ds[m][j].x[e] - of.delta);
                }
            }
        }
        if (dv_all) add_weighted<D>(dv, p, dy + column);
        if (dk_all) add_weighted<D>(dk, ds, q + column);
    }
    if (dv_all) put_rows(head.rows(dv_all, shape.keys, shape.stride), first, column, dv, 1.0f, add_v);
    if (dk_all) put_rows(head.rows(dk_all, shape.keys, shape.stride), first, column, dk, shape.scale, add_k);
}

}  // namespace tensor
}  // namespace attention

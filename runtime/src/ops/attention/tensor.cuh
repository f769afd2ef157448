// The kernels of attention for elements of bf16, on tensor cores: products of bf16 are summed in f32, and only p and ds
// are rounded to bf16, as factors of the second products.
//
// A warp has whole rows of scores, so what is known of a row is in 4 lanes, and scores go from the one product's sums
// to the other's factor in registers. Other factors are loaded as fragments from shared memory, for each tile again:
// those of the block's own rows once, those of the rows that pass by once for each warp and product.
//
// Cycles of a multiprocessor for a tile [R, C], if nothing else took time, where D = 64: in one it makes 2048 flops
// (A100) or two thirds of 4096 (H100) by mma, loads 128 bytes of fragments, makes 16 exponentials, and issues 4 instructions
// of warps, of which each of the 4 has as many as `tests/cuda/loops.py` counts for sm_90a in a tile that is seen whole.
//              R    C    flops             products     bytes of fragments        loads   exponentials   instructions
//   forward    128  64   4 R C D           1024 (768)   2 R D + 16 C D             640    512             614
//   dq         128  32   6 R C D            768 (576)   4 R D + 24 C D             640    256             387
//   dk, dv     128  32   8 R C D           1024 (768)   4 R D + 32 C D             768    256             483
// So products take the longest, or on an H100 about as long as loads, if what else there is to do for one tile is done
// beside the products of another warp's; R is as large as registers allow. What spares instructions: exponents are of 2 and made by one fmaf; the sums of forward are
// scaled only when scores exceed what exponents are counted from by so much that they must be (as in FlashAttention-4, 2025),
// and its weights are summed for each lane apart; what is hidden is told by where it is from the lane's own first score, for
// which many are the same; and copies of the next rows that pass by, which take no registers, go on from where the last ended.
//
// Registers of a thread, as NVRTC 13.0 says for sm_80, sm_90 and sm_100, none of which are spilled; and KiB of shared
// memory of a block, of which the smallest GPUs have 99:
//   D          32                  64                  128                 256
//   forward    164, 166, 164  30   225, 233, 240  54   248, 249, 249  68   243, 245, 244  99
//   dq         230, 238, 246  40   222, 222, 232  54   178, 188, 184  68   231, 233, 237  99
//   dk, dv     198, 201, 206  30   252, 255, 255  54   236, 242, 240  68   217, 223, 224  99
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

// By how much the exponents of the weights of a row may exceed 0 before its sums are scaled: all are of f32, or rounded to
// as many digits wherever they lie, and so may be far from 1. Sums overflow where v is that much nearer to what does.
constexpr float SLACK = 8.0f;
// What the exponent of a score must be below to be subtracted from others by fmaf, which does not round theirs: what is as
// large as 2^30 is far from the product that it is the rounded one of.
constexpr float MOST_EXPONENT = 1 << 20;

// The running softmax of a row: the score that exponents are counted from, before it is scaled, and this lane's part of the
// sum of the weights 2^(factor (s - from)). It was the largest at some time, and the exponent of the largest so far is SLACK
// at most.
struct Softmax {
    float from, sum;

    // The largest of more scores, s [J], in one half of fragments. A NaN is not, but its weight is one, and so is the sum.
    template <int J>
    static __device__ __forceinline__ float largest(const FragmentC (&s)[J], int half) {
        float largest = -INFINITY;
#pragma unroll
        for (int j = 0; j < J; j++) largest = fmaxf(largest, fmaxf(s[j].x[2 * half], s[j].x[2 * half + 1]));
        return row_max(largest);
    }
    __device__ __forceinline__ bool exceeded(float largest, float factor) const {
        return largest > from + SLACK / factor;
    }
    // Whether there is a score to count from, not too large to do it by fmaf.
    __device__ __forceinline__ bool plain(float factor) const { return fabsf(factor * from) < MOST_EXPONENT; }
    // Counts from the largest of more scores, s [J], if that exceeds where it was done from, and makes what is not plain
    // differences. Returns what older sums are to be scaled by.
    template <int J>
    __device__ __forceinline__ float count_from(float largest, FragmentC (&s)[J], int half, float factor) {
        float decay = 1.0f;
        if (exceeded(largest, factor)) {
            // What was weighed by fmaf was by a product that is rounded, and so is what comes: their difference is exact.
            float older = factor * from, newer = factor * largest;
            bool both = plain(factor) && fabsf(newer) < MOST_EXPONENT;
            decay = fast_exp2(both ? older - newer : factor * (from - largest));
            from = largest;
            sum *= decay;
        }
        // Nothing but -inf so far: 2^(-inf - 0) = 0, where 2^(-inf + inf) would be NaN.
        float shift = plain(factor) || from == -INFINITY ? 0.0f : from;
#pragma unroll
        for (int j = 0; j < J; j++) {
            s[j].x[2 * half] -= shift;
            s[j].x[2 * half + 1] -= shift;
        }
        return decay;
    }
    // s [J] = their weights, in one half of fragments.
    template <int J>
    __device__ __forceinline__ void weigh(FragmentC (&s)[J], int half, float factor) {
        float shift = plain(factor) ? factor * from : 0.0f;
#pragma unroll
        for (int j = 0; j < J; j++) {
#pragma unroll
            for (int e = 2 * half; e < 2 * half + 2; e++) {
                s[j].x[e] = fast_exp2(fmaf(factor, s[j].x[e], -shift));
                sum += s[j].x[e];
            }
        }
    }
};

// s [M, J] = weights, of scores that go on with the rows whose softmax this is, and whose sums are y
template <int M, int J, int N>
__device__ __forceinline__ void weigh_rows(FragmentC (&s)[M][J], FragmentC (&y)[M][N], Softmax (&softmax)[M][2],
                                           float factor) {
    float largest[M][2];
    bool moves = false;
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const Softmax& row = softmax[m][half];
            largest[m][half] = Softmax::largest(s[m], half);
            moves |= row.exceeded(largest[m][half], factor) || !row.plain(factor);
        }
    }
    // Seldom but for the first scores.
    if (__any_sync(ALL_LANES, moves)) {
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                scale_rows(y[m], half, softmax[m][half].count_from(largest[m][half], s[m], half, factor));
            }
        }
    }
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) softmax[m][half].weigh(s[m], half, factor);
    }
}

// Two tiles of rows that pass by, C at once, of each of which the next is copied while one is read.
template <int D, int C>
struct Passing {
    // [2, 2, C, D]
    bf16* tiles;
    Packs<C, D> ones, others;

    __device__ __forceinline__ Passing(bf16* tiles, const Rows<const bf16>& ones, const Rows<const bf16>& others,
                                       int first)
        : tiles(tiles), ones(ones, first), others(others, first) {}
    __device__ __forceinline__ bf16* one(int first) const { return tiles + first / C % 2 * (2 * C * STEP<D>); }
    __device__ __forceinline__ bf16* other(int first) const { return one(first) + C * STEP<D>; }
    // The next, which are those from `first` on, a multiple of C.
    __device__ __forceinline__ void start(int first) {
        ones.start(one(first));
        others.start(other(first));
    }
};

// Of scores [16 M, C] of queries from `query` on and keys from `key` on, those that are not seen = otherwise.
template <int M, int J>
__device__ __forceinline__ void hide(FragmentC (&s)[M][J], const Shape<bf16>& shape, int query, int key,
                                     float otherwise) {
    int last = key + J * MMA_COLUMNS - 1;
    if (last >= shape.keys) {
        int left = shape.keys - (key + fragment_column(0));
        each_sum(s, [&](float& x, int, int column) {
            if (column >= left) x = otherwise;
        });
    }
    if (shape.causal && last > query) {
        int ahead = key + fragment_column(0) - (query + fragment_row(0));
        each_sum(s, [&](float& x, int row, int column) {
            if (ahead > row - column) x = otherwise;
        });
    }
}

template <int D, int R, int C>
__device__ __forceinline__ void forward(bf16* y_all, scalar* lse_all, const Shape<bf16>& shape) {
    constexpr int M = R / WARPS / MMA_ROWS, J = C / MMA_COLUMNS;
    REMAT_DYNAMIC_SHARED(bf16, q);
    Head<bf16> head(shape, R, shape.queries);
    // The last queries first: if causal, they see the most keys.
    int first = (head.blocks - 1 - head.block) * R, own = first + own_rows(M);
    Packs<R, D>(head.q(), first).start(q);
    Passing<D, C> passing(q + R * STEP<D>, head.k(), head.v(), 0);
    passing.start(0);
    FragmentC y[M][D / MMA_COLUMNS];
    clear(y);
    Softmax softmax[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) softmax[m][0] = softmax[m][1] = {-INFINITY, 0.0f};
    float factor = LOG2E * shape.scale;
    int end = head.keys_before(first + R);
    for (int key = 0; key < end; key += C) {
        wait_for_copies();
        // The copies are there for all, and what was there before the next has been read.
        __syncthreads();
        if (key + C < end) passing.start(key + C);
        if (!head.any_sees(own + M * MMA_ROWS, key)) continue;
        const bf16 *k = passing.one(key), *v = passing.other(key);
        FragmentC s[M][J];
        dot_rows<D>(s, q, k);
        hide(s, shape, own, key, -INFINITY);
        weigh_rows(s, y, softmax, factor);
        add_weighted<D>(y, s, v);
    }
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float sum = row_sum(softmax[m][half].sum);
            scale_rows(y[m], half, 1.0f / sum);
            int query = own + m * MMA_ROWS + fragment_row(2 * half);
            if (lse_all && fragment_column(0) == 0 && query < shape.queries) {
                head.lse(lse_all)[query] = fmaf(shape.scale, softmax[m][half].from, logf(sum));
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
    int first = (head.blocks - 1 - head.block) * R, own = first + own_rows(M);
    Packs<R, D>(head.q(), first).start(q);
    Packs<R, D>(head.y(dy_all), first).start(dy);
    wait_for_copies();
    Passing<D, C> passing(dy + R * STEP<D>, head.k(), head.v(), 0);
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
        if (!head.any_sees(own + M * MMA_ROWS, key)) continue;
        const bf16 *k = passing.one(key), *v = passing.other(key);
        FragmentC s[M][J], ds[M][J];
        dot_rows<D>(s, q, k);
        dot_rows<D>(ds, dy, v);
        hide(s, shape, own, key, -INFINITY);
        hide(ds, shape, own, key, 0.0f);
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
    int first = head.block * R, own = first + own_rows(M), column = blockIdx.y * COLUMNS;
    // If causal, those before do not see the keys.
    int begin = shape.causal ? first : 0;
    Packs<R, D>(head.k(), first).start(k);
    Packs<R, D>(head.v(), first).start(v);
    Passing<D, C> passing(v + R * STEP<D>, head.q(), head.y(dy_all), begin);
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
        if (!head.any_sees(query + C, own)) continue;
        // Keys are rows here, queries columns. What is past the last query is 0 in q and dy, so p is finite, and meets
        // rows of 0; what is past the last key is not written.
        FragmentC p[M][J], ds[M][J];
        dot_rows<D>(p, k, q);
        dot_rows<D>(ds, v, dy);
        if (shape.causal && query < own + M * MMA_ROWS - 1) {
            int ahead = own + fragment_row(0) - (query + fragment_column(0));
            auto hide = [ahead](float otherwise) {
                return [ahead, otherwise](float& x, int row, int column) {
                    if (ahead > column - row) x = otherwise;
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

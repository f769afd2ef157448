// The kernels of attention for heads of more features than a tile of `fma.cuh` or `tensor.cuh` has columns, for elements of
// either type.
//
// Such heads are rare, and these kernels are not fast. Scores are made of D features after another, whose tiles take each
// other's places. Of what it sums for its rows, a block has D columns, those that its second number says; for each part
// of the columns scores are made again.
#pragma once
#include "ops/attention/fma.cuh"

namespace attention {
namespace wide {

// s [R, C] = a b^T, of the rows of a from `a_row` on and those of b from `b_row` on; left [R, D] and right [C, D] have parts
// of them.
template <int D, int I, int J, class T>
__device__ __forceinline__ void dot_rows(float (&s)[I][J], float* left, float* right, const Rows<const T>& a, int a_row,
                                         const Rows<const T>& b, int b_row) {
    clear(s);
    for (int d = 0; d < a.dim; d += D) {
        // The tiles have been read.
        __syncthreads();
        load_tile<I * GROUPS, D>(left, a.from(d), a_row);
        load_tile<J * LANES, D>(right, b.from(d), b_row);
        __syncthreads();
        add_dots<D>(s, left, right, a.dim - d < D ? a.dim - d : D);
    }
}

template <int D, int R, int C, class T>
__device__ __forceinline__ void forward(T* y_all, scalar* lse_all, const Shape<T>& shape) {
    constexpr int I = R / GROUPS, J = C / LANES;
    REMAT_DYNAMIC_SHARED(float, left);
    float *right = left + R * ROW_STEP<D>, *v = right + C * ROW_STEP<D>, *weights = v + C * ROW_STEP<D>;
    Head<T> head(shape, R, shape.queries);
    // As in `fma.cuh`.
    int first = (head.blocks - 1 - head.block) * R, column = blockIdx.y * D;
    Floats y[I][D / 32];
    clear<D>(y);
    Softmax softmax[I];
#pragma unroll
    for (int i = 0; i < I; i++) softmax[i] = {-INFINITY, 0.0f};
    int end = head.keys_before(first + R);
    for (int key = 0; key < end; key += C) {
        float s[I][J];
        dot_rows<D>(s, left, right, head.q(), first, head.k(), key);
        weigh<D>(y, softmax, s, head, first, key);
        share_weights(weights, s);
        // All have read what was there, or they would not have made scores.
        load_tile<C, D>(v, head.v().from(column), key);
        __syncthreads();
        add_weighted<D, C>(y, weights, v, end - key < C ? end - key : C);
    }
    float scale[I];
    finish(scale, softmax, blockIdx.y == 0 ? lse_all : nullptr, head, first);
    put_rows<D>(head.y(y_all).from(column), first, y, scale, false);
}

// delta [I] = the sum of y dy of row group() + 16 i, in every lane of the group
template <int I, class T>
__device__ __forceinline__ void find_delta(float (&delta)[I], const Rows<const T>& dy, const Rows<const T>& y,
                                           int first) {
#pragma unroll
    for (int i = 0; i < I; i++) {
        int row = first + group() + i * GROUPS;
        delta[i] = 0.0f;
        for (int column = 4 * lane(); column < dy.dim; column += 4 * LANES) {
            Floats four = load_four(dy, row, column), by = load_four(y, row, column);
#pragma unroll
            for (int e = 0; e < 4; e++) delta[i] = fmaf(four.x[e], by.x[e], delta[i]);
        }
        delta[i] = group_sum(delta[i]);
    }
}

template <int D, int R, int C, class T>
__device__ __forceinline__ void backward_q(T* dq_all, int add, Known* known_all, const T* dy_all, const T* y_all,
                                           const scalar* lse_all, const Shape<T>& shape) {
    constexpr int I = R / GROUPS, J = C / LANES;
    REMAT_DYNAMIC_SHARED(float, left);
    float *right = left + R * ROW_STEP<D>, *k = right + C * ROW_STEP<D>, *weights = k + C * ROW_STEP<D>;
    Head<T> head(shape, R, shape.queries);
    int first = (head.blocks - 1 - head.block) * R, column = blockIdx.y * D;
    Rows<const T> dy = head.y(dy_all);
    float delta[I], log[I];
    find_delta(delta, dy, head.y(y_all), first);
    know(log, delta, blockIdx.y == 0 ? known_all : nullptr, lse_all, head, first);
    if (!dq_all) return;
    Floats dq[I][D / 32];
    clear<D>(dq);
    int end = head.keys_before(first + R);
    for (int key = 0; key < end; key += C) {
        float s[I][J], ds[I][J];
        dot_rows<D>(s, left, right, head.q(), first, head.k(), key);
        dot_rows<D>(ds, left, right, dy, first, head.v(), key);
        find_ds(ds, s, delta, log, head, first, key);
        share_weights(weights, ds);
        // As in forward.
        load_tile<C, D>(k, head.k().from(column), key);
        __syncthreads();
        add_weighted<D, C>(dq, weights, k, end - key < C ? end - key : C);
    }
    put_rows<D>(head.rows(dq_all, shape.queries, shape.stride).from(column), first, dq, shape.scale, add);
}

template <int D, int R, int C, class T>
__device__ __forceinline__ void backward_kv(T* dk_all, T* dv_all, int add_k, int add_v, const Known* known_all,
                                            const T* dy_all, const Shape<T>& shape) {
    constexpr int I = R / GROUPS, J = C / LANES;
    REMAT_DYNAMIC_SHARED(float, left);
    float *right = left + R * ROW_STEP<D>, *q = right + C * ROW_STEP<D>, *dy = q + C * ROW_STEP<D>;
    float* weights = dy + C * ROW_STEP<D>;
    Head<T> head(shape, R, shape.keys);
    int first = head.block * R, column = blockIdx.y * D;
    Rows<const T> qs = head.q(), dys = head.y(dy_all);
    const Known* known = head.known(known_all);
    Floats dk[I][D / 32], dv[I][D / 32];
    clear<D>(dk);
    clear<D>(dv);
    for (int query = shape.causal ? first : 0; query < shape.queries; query += C) {
        // Keys are rows here, queries columns.
        float p[I][J], ds[I][J];
        dot_rows<D>(p, left, right, head.k(), first, qs, query);
        dot_rows<D>(ds, left, right, head.v(), first, dys, query);
        // 0 past the last: p is finite, and meets rows of 0.
        find_ds(ds, p, head, first, query,
                [&](int c) { return query + c < shape.queries ? known[query + c] : Known{}; });
        // As in forward.
        load_tile<C, D>(q, qs.from(column), query);
        load_tile<C, D>(dy, dys.from(column), query);
        __syncthreads();
        int count = shape.queries - query < C ? shape.queries - query : C;
        share_weights(weights, p);
        add_weighted<D, C>(dv, weights, dy, count);
        share_weights(weights, ds);
        add_weighted<D, C>(dk, weights, q, count);
    }
    if (dv_all) put_rows<D>(head.rows(dv_all, shape.keys, shape.stride).from(column), first, dv, 1.0f, add_v);
    if (dk_all) put_rows<D>(head.rows(dk_all, shape.keys, shape.stride).from(column), first, dk, shape.scale, add_k);
}

}  // namespace wide
}  // namespace attention

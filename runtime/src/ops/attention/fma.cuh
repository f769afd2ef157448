// The kernels of attention for elements of f32: fmaf on I x J scores, or I x D / 8 sums, in registers. What they do with
// scores, the kernels of `wide.cuh` do too.
#pragma once
#include "ops/attention/tile.cuh"

namespace attention {

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

    // s [J] = exp(s - max), of scores that go on with the row; returns what older sums are to be scaled by. A NaN is no
    // maximum, but the exponential of one is NaN, and so is the sum.
    template <int J>
    __device__ __forceinline__ float weigh(float (&s)[J]) {
        float largest = s[0];
#pragma unroll
        for (int j = 1; j < J; j++) largest = fmaxf(largest, s[j]);
        largest = fmaxf(max, group_max(largest));
        // Nothing but -inf so far: exp(-inf - 0) = 0, where exp(-inf + inf) would be NaN.
        float shift = largest == -INFINITY ? 0.0f : largest;
        float decay = fast_exp(max - shift), more = 0.0f;
        max = largest;
#pragma unroll
        for (int j = 0; j < J; j++) {
            s[j] = fast_exp(s[j] - shift);
            more += s[j];
        }
        sum = fmaf(decay, sum, group_sum(more));
        return decay;
    }
};

// The scores of the queries from `first` on and the keys from `key` on become weights, and y is scaled with older ones.
template <int D, int I, int J, class T>
__device__ __forceinline__ void weigh(Floats (&y)[I][D / 32], Softmax (&softmax)[I], float (&s)[I][J],
                                      const Head<T>& head, int first, int key) {
#pragma unroll
    for (int i = 0; i < I; i++) {
#pragma unroll
        for (int j = 0; j < J; j++) {
            bool seen = head.sees(first + group() + i * GROUPS, key + lane() + j * LANES);
            s[i][j] = seen ? head.shape.scale * s[i][j] : -INFINITY;
        }
        float decay = softmax[i].weigh(s[i]);
#pragma unroll
        for (int d = 0; d < D / 32; d++) {
#pragma unroll
            for (int e = 0; e < 4; e++) y[i][d].x[e] *= decay;
        }
    }
}

// scale [I] = what the sums of the rows from `first` on are to be scaled by; also writes lse, if there is one.
template <int I, class T>
__device__ __forceinline__ void finish(float (&scale)[I], const Softmax (&softmax)[I], scalar* lse_all,
                                       const Head<T>& head, int first) {
#pragma unroll
    for (int i = 0; i < I; i++) {
        scale[i] = 1.0f / softmax[i].sum;
        int query = first + group() + i * GROUPS;
        if (lse_all && lane() == 0 && query < head.shape.queries) {
            head.lse(lse_all)[query] = softmax[i].max + logf(softmax[i].sum);
        }
    }
}

// What is known of the queries from `first` on, of which delta [I] is found; also for the kernel that reads it, if there is
// one.
template <int I, class T>
__device__ __forceinline__ void know(float (&log)[I], const float (&delta)[I], Known* known_all, const scalar* lse_all,
                                     const Head<T>& head, int first) {
#pragma unroll
    for (int i = 0; i < I; i++) {
        int query = first + group() + i * GROUPS;
        bool there = query < head.shape.queries;
        log[i] = there ? LOG2E * head.lse(lse_all)[query] : 0.0f;
        if (known_all && lane() == 0 && there) head.known(known_all)[query] = {delta[i], log[i]};
    }
}

// ds [I, J], of which dp is there, from the scores of the queries from `first` on and the keys from `key` on.
template <int I, int J, class T>
__device__ __forceinline__ void find_ds(float (&ds)[I][J], const float (&s)[I][J], const float (&delta)[I],
                                        const float (&log)[I], const Head<T>& head, int first, int key) {
#pragma unroll
    for (int i = 0; i < I; i++) {
#pragma unroll
        for (int j = 0; j < J; j++) {
            bool seen = head.sees(first + group() + i * GROUPS, key + lane() + j * LANES);
            float p = fast_exp2(fmaf(LOG2E * head.shape.scale, s[i][j], -log[i]));
            ds[i][j] = seen ? p * (ds[i][j] - delta[i]) : 0.0f;
        }
    }
}

// The same of keys, which are rows, and queries, which are columns: also p, in the place of the scores. of(c): what is
// known of query number c.
template <int I, int J, class T, class F>
__device__ __forceinline__ void find_ds(float (&ds)[I][J], float (&p)[I][J], const Head<T>& head, int first, int query,
                                        F of) {
#pragma unroll
    for (int j = 0; j < J; j++) {
        Known known = of(lane() + j * LANES);
#pragma unroll
        for (int i = 0; i < I; i++) {
            bool seen = head.sees(query + lane() + j * LANES, first + group() + i * GROUPS);
            p[i][j] = seen ? fast_exp2(fmaf(LOG2E * head.shape.scale, p[i][j], -known.log)) : 0.0f;
            ds[i][j] = seen ? p[i][j] * (ds[i][j] - known.delta) : 0.0f;
        }
    }
}

template <int D, int R, int C>
__device__ __forceinline__ void forward(float* y_all, scalar* lse_all, const Shape<float>& shape) {
    constexpr int I = R / GROUPS, J = C / LANES;
    REMAT_DYNAMIC_SHARED(float, q);
    float *k = q + R * ROW_STEP<D>, *v = k + C * ROW_STEP<D>, *weights = v + C * ROW_STEP<D>;
    Head<float> head(shape, R, shape.queries);
    // The last queries first: if causal, they see the most keys.
    int first = (head.blocks - 1 - head.block) * R;
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
        weigh<D>(y, softmax, s, head, first, key);
        share_weights(weights, s);
        add_weighted<D, C>(y, weights, v, end - key < C ? end - key : C);
    }
    float scale[I];
    finish(scale, softmax, lse_all, head, first);
    put_rows<D>(head.y(y_all), first, y, scale, false);
}

template <int D, int R, int C>
__device__ __forceinline__ void backward_q(float* dq_all, int add, Known* known_all, const float* dy_all,
                                           const float* y_all, const scalar* lse_all, const Shape<float>& shape) {
    constexpr int I = R / GROUPS, J = C / LANES;
    REMAT_DYNAMIC_SHARED(float, q);
    float *dy = q + R * ROW_STEP<D>, *k = dy + R * ROW_STEP<D>;
    float *v = k + C * ROW_STEP<D>, *weights = v + C * ROW_STEP<D>;
    Head<float> head(shape, R, shape.queries);
    // As in forward.
    int first = (head.blocks - 1 - head.block) * R;
    float delta[I], log[I];
    load_tile<R, D>(q, head.q(), first);
    load_tile<R, D>(dy, delta, head.y(dy_all), head.y(y_all), first);
    know(log, delta, known_all, lse_all, head, first);
    if (!dq_all) return;
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
        find_ds(ds, s, delta, log, head, first, key);
        share_weights(weights, ds);
        add_weighted<D, C>(dq, weights, k, end - key < C ? end - key : C);
    }
    put_rows<D>(head.rows(dq_all, shape.queries, shape.stride), first, dq, shape.scale, add);
}

template <int D, int R, int C>
__device__ __forceinline__ void backward_kv(float* dk_all, float* dv_all, int add_k, int add_v, const Known* known_all,
                                            const float* dy_all, const Shape<float>& shape) {
    constexpr int I = R / GROUPS, J = C / LANES;
    REMAT_DYNAMIC_SHARED(float, k);
    float *v = k + R * ROW_STEP<D>, *q = v + R * ROW_STEP<D>, *dy = q + C * ROW_STEP<D>;
    // Of the queries of the tile: [C]
    Known* known = reinterpret_cast<Known*>(dy + C * ROW_STEP<D>);
    float* weights = dy + C * ROW_STEP<D> + 2 * C;
    Head<float> head(shape, R, shape.keys);
    int first = head.block * R;
    load_tile<R, D>(k, head.k(), first);
    load_tile<R, D>(v, head.v(), first);
    Floats dk[I][D / 32], dv[I][D / 32];
    clear<D>(dk);
    clear<D>(dv);
    for (int query = shape.causal ? first : 0; query < shape.queries; query += C) {
        // The tiles have been read.
        __syncthreads();
        load_tile<C, D>(q, head.q(), query);
        load_tile<C, D>(dy, head.y(dy_all), query);
        if (threadIdx.x < C) {
            int at = query + threadIdx.x;
            // 0 past the last: p is finite, and meets rows of 0.
            known[threadIdx.x] = at < shape.queries ? head.known(known_all)[at] : Known{};
        }
        __syncthreads();
        // Keys are rows here, queries columns.
        float p[I][J], ds[I][J];
        dot_rows<D>(p, k, q, shape.dim);
        dot_rows<D>(ds, v, dy, shape.dim);
        find_ds(ds, p, head, first, query, [known](int c) { return known[c]; });
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
    if (dv_all) put_rows<D>(head.rows(dv_all, shape.keys, shape.stride), first, dv, 1.0f, add_v);
    if (dk_all) put_rows<D>(head.rows(dk_all, shape.keys, shape.stride), first, dk, shape.scale, add_k);
}

}  // namespace attention

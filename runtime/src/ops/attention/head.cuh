// What the kernels of attention are given, and which rows of it are a block's.
#pragma once
#include "cuda/math.cuh"

namespace attention {

constexpr int THREADS = 128;

// Rows of one head: `count` of them, of `dim` elements, `stride` from each to the next.
template <class T>
struct Rows {
    T* first;
    int64_t stride;
    int count;
    int dim;

    // Whether rows are whole runs of `width` elements, each of which is aligned then.
    __device__ __forceinline__ bool whole(int width) const { return dim % width == 0; }
    __device__ __forceinline__ T* at(int row, int column) const { return first + row * stride + column; }
    // The same from `column` on, a multiple of 4.
    __device__ __forceinline__ Rows from(int column) const { return {first + column, stride, count, dim - column}; }
};

// What all kernels are given, as in `cuda.rs`: the first rows of the first head, and shapes.
template <class T>
struct Shape {
    const T *q, *k, *v;
    // Elements from a row of q, k, v, dq, dk or dv to the next.
    int64_t stride;
    // The first head of the launch, counted over all samples.
    int64_t first;
    // Of a head; heads: of a sample.
    int32_t queries, keys, heads, dim;
    // 1 / sqrt(dim)
    float scale;
    int32_t causal;
};

// What backward knows of a query: the sum of y dy, and LOG2E lse, so that p = 2^(LOG2E scale s - log). The kernel for dq
// finds it, that for dk and dv reads it.
struct Known {
    float delta, log;
};

// One head of one sample, of which a block owns rows.
template <class T>
struct Head {
    // Counted over all samples.
    int64_t at;
    // The block's rows, in blocks, and how many of these there are.
    int block, blocks;
    Shape<T> shape;

    // Blocks of R of `rows` rows.
    __device__ __forceinline__ Head(const Shape<T>& shape, int R, int rows) : blocks((rows + R - 1) / R), shape(shape) {
        at = shape.first + blockIdx.x / blocks;
        block = blockIdx.x % blocks;
    }
    // This head's rows, `rows` in each sample, of something whose rows are `stride` apart.
    template <class U>
    __device__ __forceinline__ Rows<U> rows(U* all, int rows, int64_t stride) const {
        int64_t sample = at / shape.heads, head = at % shape.heads;
        return {all + sample * rows * stride + head * shape.dim, stride, rows, shape.dim};
    }
    __device__ __forceinline__ Rows<const T> q() const { return rows(shape.q, shape.queries, shape.stride); }
    __device__ __forceinline__ Rows<const T> k() const { return rows(shape.k, shape.keys, shape.stride); }
    __device__ __forceinline__ Rows<const T> v() const { return rows(shape.v, shape.keys, shape.stride); }
    // Of y or dy.
    template <class U>
    __device__ __forceinline__ Rows<U> y(U* all) const {
        return rows(all, shape.queries, (int64_t)shape.heads * shape.dim);
    }
    // Of lse: [queries]
    template <class U>
    __device__ __forceinline__ U* lse(U* all) const {
        return all + at * shape.queries;
    }
    // Of what is known of the queries of the launch: [queries]
    template <class U>
    __device__ __forceinline__ U* known(U* all) const {
        return all + (at - shape.first) * shape.queries;
    }

    __device__ __forceinline__ bool sees(int query, int key) const {
        return key < shape.keys && (!shape.causal || key <= query);
    }
    // Whether one of the queries before `query_end` sees one of the keys from `key` on.
    __device__ __forceinline__ bool any_sees(int query_end, int key) const {
        return !shape.causal || key < query_end;
    }
    // One past the last key that one of the queries before `end` sees.
    __device__ __forceinline__ int keys_before(int end) const {
        return shape.causal && end < shape.keys ? end : shape.keys;
    }
};

}  // namespace attention

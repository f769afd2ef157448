// Sums of columns over rows, in an order that is a matter of the shape and of the width of what is summed alone. Used as
// `cuda/columns/mod.rs` launches it.
//
// parts: runs of rows that are summed apart, by blocks of their own (blockIdx.y), whose sums are then summed in the same
// way. A thread has `width` columns that stand side by side: 16 bytes if rows are made of those, else 1. A block has
// blockDim.x times as many columns, and blockDim.y (a power of 2) rows at once.
#pragma once
#include "remat.cuh"

namespace columns {

// Threads of a block, as in `cuda/columns/mod.rs`.
constexpr int THREADS = 256;

// What is summed where it stands in memory. Whatever is summed has: WIDEST, the most columns of a thread; AHEAD, of how
// many rows a thread reads before it works on the first; read(i, width), what it needs for `width` columns from the
// element at i on; and value(i, that), their values. Each element is one thread's, once, so value may write where read
// read.
template <class T>
struct Stored {
    static constexpr int WIDEST = 16 / sizeof(T), AHEAD = 4;
    const T* from;

    template <class Width>
    __device__ __forceinline__ auto read(int64_t i, Width) const {
        return load_run<Width::value>(from + i);
    }
    template <int WIDTH>
    __device__ __forceinline__ Values<WIDTH> value(int64_t, const Run<T, WIDTH>& read) const {
        return widened(read);
    }
};

// What is summed: rows of `outputs` columns, in parts of part_rows rows, but for the last; and the columns of a thread.
struct Shape {
    int64_t rows, outputs, part_rows;
    int width;
};

// Adds the columns of the rows from `row` on, in order, AHEAD at once, up to those that are fewer.
template <int AHEAD, int WIDTH, class From>
__device__ __forceinline__ void add_rows(Values<WIDTH>& total, From from, int64_t column, int64_t outputs, int64_t& row,
                                         int64_t end) {
    constexpr Constant<WIDTH> width = {};
    int64_t step = blockDim.y;
    for (; row + (AHEAD - 1) * step < end; row += AHEAD * step) {
        decltype(from.read(0, width)) read[AHEAD];
#pragma unroll
        for (int k = 0; k < AHEAD; k++) read[k] = from.read((row + k * step) * outputs + column, width);
#pragma unroll
        for (int k = 0; k < AHEAD; k++) {
            Values<WIDTH> columns = from.value((row + k * step) * outputs + column, read[k]);
#pragma unroll
            for (int j = 0; j < WIDTH; j++) total.x[j] += columns.x[j];
        }
    }
}

// This thread's columns, over its rows of this block's part.
template <int WIDTH, class From>
__device__ __forceinline__ Values<WIDTH> sum_rows(From from, int64_t column, Shape shape) {
    Values<WIDTH> total = {};
    int64_t start = blockIdx.y * shape.part_rows, end = start + shape.part_rows, row = start + threadIdx.y;
    if (end > shape.rows) end = shape.rows;
    if (From::AHEAD > 1) add_rows<From::AHEAD>(total, from, column, shape.outputs, row, end);
    add_rows<1>(total, from, column, shape.outputs, row, end);
    return total;
}

template <int WIDTH, class From>
__device__ __forceinline__ void sum(float* shared, float* to, From from, Shape shape, int add) {
    int64_t column = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * WIDTH;
    unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
    Values<WIDTH> total = {};
    if (column < shape.outputs) total = sum_rows<WIDTH>(from, column, shape);
#pragma unroll
    for (int j = 0; j < WIDTH; j++) shared[j * THREADS + thread] = total.x[j];
    for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {
        // What the other half of the rows' threads wrote.
        __syncthreads();
        if (threadIdx.y < half) {
#pragma unroll
            for (int j = 0; j < WIDTH; j++) {
                total.x[j] += shared[j * THREADS + thread + half * blockDim.x];
                shared[j * THREADS + thread] = total.x[j];
            }
        }
    }
    if (threadIdx.y == 0 && column < shape.outputs) put(to + blockIdx.y * shape.outputs + column, total, add);
}

// to [outputs] = or += the sums of all rows; if there are several parts, to [parts, outputs], those of each.
// shared [WIDEST, THREADS]
template <class From>
__device__ __forceinline__ void sum(float* shared, float* to, From from, Shape shape, int add) {
    if (shape.width == From::WIDEST) {
        sum<From::WIDEST>(shared, to, from, shape, add);
    } else {
        sum<1>(shared, to, from, shape, add);
    }
}

}  // namespace columns

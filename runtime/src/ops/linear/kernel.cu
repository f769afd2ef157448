// Linear on a GPU: db = the sum of dy over the rows, and parameters rounded to elements. db: = or +=; those: =. Checked
// against `ops/linear/cpu.rs`. Its products are cublasLt's (`cuda/blas.rs`), its activation that of `ops/activation/kernel.cu`.
//
// rows: of all samples; outputs: features given; parts: runs of rows that are summed apart, by blocks of their own,
// whose sums are then summed in the same way. A thread has `width` columns that stand side by side: 4 if rows are made
// of fours, else 1. A block has blockDim.x times as many columns, and blockDim.y (a power of 2) rows at once.
#include "remat.cuh"

namespace linear {

// Threads of a block, as in `cuda.rs`.
constexpr int THREADS = 256;

// Calls put(column, sum) for this block's columns, with the sums of from [.., outputs] over the rows [start, end).
// sums [WIDTH, THREADS]
template <int WIDTH, class T, class F>
__device__ __forceinline__ void sum_columns(float* sums, const T* from, int64_t start, int64_t end, int64_t outputs,
                                            F put) {
    int64_t column = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * WIDTH;
    unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
    float total[WIDTH] = {};
    if (column < outputs) {
        // Several rows are on their way at once; they are added in order.
#pragma unroll 4
        for (int64_t row = start + threadIdx.y; row < end; row += blockDim.y) {
            Values<WIDTH> columns = load<WIDTH>(from + row * outputs + column);
#pragma unroll
            for (int j = 0; j < WIDTH; j++) total[j] += columns.x[j];
        }
    }
#pragma unroll
    for (int j = 0; j < WIDTH; j++) sums[j * THREADS + thread] = total[j];
    for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {
        // What the other half of the rows' threads wrote.
        __syncthreads();
        if (threadIdx.y < half) {
#pragma unroll
            for (int j = 0; j < WIDTH; j++) {
                sums[j * THREADS + thread] += sums[j * THREADS + thread + half * blockDim.x];
            }
        }
    }
    if (threadIdx.y == 0 && column < outputs) {
#pragma unroll
        for (int j = 0; j < WIDTH; j++) put(column + j, sums[j * THREADS + thread]);
    }
}

template <class T, class F>
__device__ __forceinline__ void sum_columns(const T* from, int64_t start, int64_t end, int64_t outputs, int width,
                                            F put) {
    REMAT_SHARED(float, sums, 4 * THREADS);
    if (width == 4) {
        sum_columns<4>(sums, from, start, end, outputs, put);
    } else {
        sum_columns<1>(sums, from, start, end, outputs, put);
    }
}

template <class T>
__device__ __forceinline__ void sum_all(param* db, const T* from, int64_t rows, int64_t outputs, int width, int add) {
    sum_columns(from, 0, rows, outputs, width, [=](int64_t column, float sum) {
        put(db + column, sum, add);
    });
}

}  // namespace linear

// to = round(from): n elements of a weight or a bias
extern "C" __global__ void linear_round(elem* to, const param* from, int64_t n) {
    each_run(n, [=](int64_t i, auto width) { store(to + i, load<decltype(width)::value>(from + i)); });
}

// db [outputs] = or +=; dy [rows, outputs]
extern "C" __global__ void __launch_bounds__(linear::THREADS)
    linear_bias(param* db, const elem* dy, int64_t rows, int64_t outputs, int32_t width, int32_t add) {
    linear::sum_all(db, dy, rows, outputs, width, add);
}

// sums [parts, outputs] =; dy [rows, outputs]; of part_rows rows each, but for the last.
extern "C" __global__ void __launch_bounds__(linear::THREADS)
    linear_bias_parts(float* sums, const elem* dy, int64_t rows, int64_t outputs, int64_t part_rows, int32_t width) {
    int64_t start = blockIdx.y * part_rows, end = start + part_rows;
    float* to = sums + blockIdx.y * outputs;
    linear::sum_columns(dy, start, end < rows ? end : rows, outputs, width,
                        [=](int64_t column, float sum) { to[column] = sum; });
}

// db [outputs] = or +=; sums [parts, outputs]
extern "C" __global__ void __launch_bounds__(linear::THREADS)
    linear_bias_total(param* db, const float* sums, int64_t parts, int64_t outputs, int32_t width, int32_t add) {
    linear::sum_all(db, sums, parts, outputs, width, add);
}

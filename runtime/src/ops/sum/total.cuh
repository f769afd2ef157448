// The sum of all numbers, in f64 and in a fixed order: what losses end in.
#pragma once
#include "remat.cuh"
#include "cuda/rows.cuh"

// Threads of the one block that adds up rows or samples, as `TOTAL_THREADS` in `sum/cuda.rs`.
constexpr int TOTAL_THREADS = 512;

// Of n numbers; every thread of the block gets it. `partial` is shared memory for MOST_WARPS numbers.
__device__ __forceinline__ double total(const scalar* x, int64_t n, double* partial) {
    constexpr int AHEAD = 8;
    double sum = 0.0;
    int64_t i = threadIdx.x, step = blockDim.x;
    // All of these are read before the first is added.
    for (; i + (AHEAD - 1) * step < n; i += AHEAD * step) {
        scalar read[AHEAD];
#pragma unroll
        for (int k = 0; k < AHEAD; k++) read[k] = x[i + k * step];
#pragma unroll
        for (int k = 0; k < AHEAD; k++) sum += (double)read[k];
    }
    for (; i < n; i += step) sum += (double)x[i];
    return fold_block(sum, partial, Plus());
}

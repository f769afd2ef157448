// Kernels that try the shim itself: some are right, each of the others has one fault, which must be found.
#include "shim.h"

constexpr unsigned FULL = 0xffffffffu;

// y[i] = i + the sum of the values in the warp of i, by a detour over both kinds of shared memory.
extern "C" __global__ void __launch_bounds__(256) probe_right(float* y, const float* x, int n) {
    REMAT_DYNAMIC_SHARED(float, sums);
    REMAT_SHARED(float, values, 256);
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    values[threadIdx.x] = i < n ? x[i] : 0.0f;
    __syncthreads();
    // From another thread than the one that wrote it.
    float sum = values[threadIdx.x ^ 1];
    for (int bit = 16; bit > 0; bit >>= 1) {
        sum += __shfl_xor_sync(FULL, sum, bit);
    }
    if (threadIdx.x % 32 == 0) {
        sums[threadIdx.x / 32] = sum;
    }
    int inside = __syncthreads_count(i < n);
    if (i < n) {
        y[i] = static_cast<float>(i) + sums[threadIdx.x / 32];
    }
    if (inside == 0) {
        __trap();
    }
}

// y[0] is how many threads there are; y[1] is y[0], as the last block reads it.
extern "C" __global__ void probe_right_last_block(float* y, unsigned* blocks) {
    REMAT_SHARED(unsigned, before, 1);
    atomicAdd(&y[0], 1.0f);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        before[0] = atomicAdd(blocks, 1u);
    }
    __syncthreads();
    if (before[0] == gridDim.x - 1 && threadIdx.x == 0) {
        __threadfence();
        y[1] = y[0];
    }
}

// Lanes hand values on through memory, in the order that __syncwarp makes.
extern "C" __global__ void probe_right_warp(float* y) {
    unsigned lane = threadIdx.x;
    y[lane] = static_cast<float>(lane);
    __syncwarp();
    float other = y[31 - lane];
    bool right = __all_sync(FULL, other == static_cast<float>(31 - lane)) && __ballot_sync(FULL, lane < 4) == 15u;
    __syncwarp();
    y[lane] = right ? other : -1.0f;
}

extern "C" __global__ void probe_race(float* y) {
    REMAT_SHARED(float, values, 64);
    values[threadIdx.x] = 1.0f;
    y[threadIdx.x] = values[(threadIdx.x + 1) % blockDim.x];
}

// The same thread of each block writes the same number.
extern "C" __global__ void probe_race_of_blocks(float* y) {
    if (threadIdx.x == 0) {
        y[0] = static_cast<float>(blockIdx.x);
    }
}

extern "C" __global__ void probe_barrier_not_reached(float* y) {
    if (threadIdx.x < 32) {
        __syncthreads();
    } else {
        y[threadIdx.x] = __shfl_sync(FULL, 1.0f, threadIdx.x < 48 ? 0 : 1);
    }
    if (threadIdx.x < 48) {
        __syncwarp(FULL);
    }
}

extern "C" __global__ void probe_two_barriers(float* y) {
    if (threadIdx.x < 32) {
        __syncthreads();
    } else {
        __syncthreads();
    }
    y[threadIdx.x] = 1.0f;
}

extern "C" __global__ void probe_mask_without_caller(float* y) {
    y[threadIdx.x] = __shfl_sync(0xffffu, 1.0f, 0);
}

extern "C" __global__ void probe_mask_without_source(float* y) {
    if (threadIdx.x < 16) {
        y[threadIdx.x] = __shfl_down_sync(0xffffu, 1.0f, 8);
    }
}

extern "C" __global__ void probe_masks_differ(float* y) {
    y[threadIdx.x] = __shfl_sync(threadIdx.x == 31 ? 0x80000001u : FULL, 1.0f, 0);
}

extern "C" __global__ void probe_past_end(float* y) {
    y[threadIdx.x + 1] = 1.0f;
}

extern "C" __global__ void probe_past_end_of_shared(float* y) {
    REMAT_SHARED(float, values, 64);
    values[threadIdx.x + 1] = 1.0f;
    y[threadIdx.x] = values[threadIdx.x];
}

extern "C" __global__ void probe_past_end_of_dynamic(float* y) {
    REMAT_DYNAMIC_SHARED(float, values);
    values[threadIdx.x + 1] = 1.0f;
    y[threadIdx.x] = values[threadIdx.x];
}

// Both kinds of shared memory, in every block of which only the first writes.
extern "C" __global__ void probe_unwritten(float* y) {
    REMAT_DYNAMIC_SHARED(float, dynamic);
    REMAT_SHARED(float, values, 1);
    if (blockIdx.x == 0) {
        dynamic[0] = 1.0f;
        values[0] = 1.0f;
    }
    y[2 * blockIdx.x] = dynamic[0];
    y[2 * blockIdx.x + 1] = values[0];
}

extern "C" __global__ void probe_misaligned(float* y) {
    *reinterpret_cast<float4*>(y + 1) = make_float4(1.0f, 2.0f, 3.0f, 4.0f);
}

extern "C" __global__ void probe_overflow(int* y, int n) {
    y[0] = n * 65536;
}

// What the driver says about arguments.
extern "C" __global__ void probe_arguments(char a, double b, const float* c, short d, float4 e) {
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    (void)e;
}

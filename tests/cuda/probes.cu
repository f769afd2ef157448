// Kernels that try the shim itself: some are right, each of the others has one fault, which must be found.
#include "cuda/async.cuh"
#include "cuda/mma.cuh"
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

// Of matrices [16, 16]: a b, a c^T, and (a b, rounded) b, one after the other in y.
extern "C" __global__ void probe_right_mma(float* y, const bf16* a, const bf16* b, const bf16* c) {
    constexpr int STEP = 24;
    REMAT_SHARED(bf16, tiles, 3 * 16 * STEP);
    const bf16* from[] = {a, b, c};
    for (int i = threadIdx.x; i < 3 * 256; i += 32) {
        tiles[i / 16 * STEP + i % 16] = from[i / 256][i % 256];
    }
    __syncthreads();
    FragmentA left = load_a(tiles, STEP);
    FragmentB right[2], transposed[2];
    load_b(right, tiles + 16 * STEP, STEP);
    load_b_transposed(transposed, tiles + 32 * STEP, STEP);
    FragmentC products[3][2] = {};
    for (int half = 0; half < 2; half++) {
        mma(products[0][half], left, right[half]);
        mma(products[1][half], left, transposed[half]);
    }
    const FragmentC &one = products[0][0], &two = products[0][1];
    left = {pack_bf16(one.x[0], one.x[1]), pack_bf16(one.x[2], one.x[3]), pack_bf16(two.x[0], two.x[1]),
            pack_bf16(two.x[2], two.x[3])};
    for (int half = 0; half < 2; half++) {
        mma(products[2][half], left, right[half]);
    }
    for (int i = 0; i < 3 * 2 * 4; i++) {
        int row = threadIdx.x / 4 + i % 4 / 2 * 8, column = i / 4 % 2 * 8 + threadIdx.x % 4 * 2 + i % 2;
        y[i / 8 * 256 + row * 16 + column] = products[i / 8][i / 4 % 2].x[i % 4];
    }
}

// Of each thread 4 numbers of x and 4 of 0, before and after they are waited for.
extern "C" __global__ void probe_right_copies(float* y, const float* x) {
    REMAT_SHARED(float4, copies, 64);
    float4* own = copies + 2 * threadIdx.x;
    float4* to = reinterpret_cast<float4*>(y) + 4 * threadIdx.x;
    copy_async<16>(own, x + 4 * threadIdx.x, true);
    copy_async<16>(own + 1, x, false);
    to[0] = own[0];
    to[1] = own[1];
    wait_for_copies();
    to[2] = own[0];
    to[3] = own[1];
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

extern "C" __global__ void probe_mma_without_lane(float* y) {
    float sums[4] = {};
    if (threadIdx.x != 5) {
        remat_shim::mma_m16n8k16(sums, {}, {});
    }
    y[threadIdx.x] = sums[0];
}

extern "C" __global__ void probe_mma_of_short_warp(float* y) {
    float sums[4] = {};
    remat_shim::mma_m16n8k16(sums, {}, {});
    y[threadIdx.x] = sums[0];
}

extern "C" __global__ void probe_matrix_misaligned(float* y) {
    REMAT_DYNAMIC_SHARED(uint32_t, rows);
    remat_shim::ldmatrix_x4(*reinterpret_cast<uint32_t(*)[4]>(y), rows + 1, false);
}

extern "C" __global__ void probe_matrix_not_shared(float* y) {
    uint32_t matrices[4];
    remat_shim::ldmatrix_x4(matrices, y, false);
    y[threadIdx.x] = static_cast<float>(matrices[0]);
}

extern "C" __global__ void probe_copy_misaligned(float* y) {
    REMAT_DYNAMIC_SHARED(float, values);
    remat_shim::copy_async<16>(values, y + 1, 16);
}

extern "C" __global__ void probe_copy_not_to_shared(float* y) {
    remat_shim::copy_async<16>(y, y + 16, 16);
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

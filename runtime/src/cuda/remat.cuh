// What every kernel of remat includes.
//
// On a GPU it is compiled by NVRTC, which has no headers of C; with REMAT_HOST it is compiled for the host, where each
// CUDA thread is a fiber, so that kernels can be checked without a GPU.
//
// Elements of activations are `elem`, those of parameters `param`, losses and statistics `scalar`. Arithmetic is in f32,
// contracted only where `fmaf` stands: kernels are compiled with --fmad=false. No kernel adds floats in an order that
// depends on timing, so that each gives the same bits from run to run.
#pragma once

#ifdef REMAT_HOST
#include "shim.h"
#else
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
// Shared memory whose size the launch says, and of `n` elements.
#define REMAT_DYNAMIC_SHARED(T, name)                                                                                  \
    extern __shared__ __align__(16) unsigned char remat_dynamic_shared[];                                              \
    T* name = reinterpret_cast<T*>(remat_dynamic_shared)
#define REMAT_SHARED(T, name, n) __shared__ T name[n]
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#endif

typedef float elem;
typedef float param;
typedef float scalar;

// Threads of the blocks of kernels that work on elements one by one.
constexpr int ELEMENTWISE = 256;

// 16 bytes of elements, moved at once. Buffers start on lines of 64 bytes, so that what is counted from their start in
// packs is aligned.
struct alignas(16) Pack {
    elem x[16 / sizeof(elem)];
};
constexpr int PACK = 16 / sizeof(elem);

__device__ __forceinline__ Pack load_pack(const elem* from) { return *reinterpret_cast<const Pack*>(from); }
__device__ __forceinline__ void store_pack(elem* to, const Pack& pack) { *reinterpret_cast<Pack*>(to) = pack; }

// Calls f(i, count) for the runs of at most PACK elements of [0, n) that are this thread's: of PACK each, but for the
// last. The grid may be of any size.
template <class F>
__device__ __forceinline__ void each_pack(int64_t n, F f) {
    int64_t step = (int64_t)gridDim.x * blockDim.x * PACK;
    for (int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * PACK; i < n; i += step) {
        f(i, n - i < PACK ? (int)(n - i) : PACK);
    }
}

// Elements at `from`, `count` of them; whole packs at once.
__device__ __forceinline__ Pack load_some(const elem* from, int count) {
    if (count == PACK) return load_pack(from);
    Pack pack = {};
    // Indices are constants, so that a pack stays in registers.
#pragma unroll
    for (int j = 0; j < PACK; j++) {
        if (j < count) pack.x[j] = from[j];
    }
    return pack;
}

__device__ __forceinline__ void store_some(elem* to, const Pack& pack, int count) {
    if (count == PACK) {
        store_pack(to, pack);
    } else {
#pragma unroll
        for (int j = 0; j < PACK; j++) {
            if (j < count) to[j] = pack.x[j];
        }
    }
}

// Writes a gradient (=), or adds it to what is there (+=).
__device__ __forceinline__ void put_some(elem* to, Pack pack, int count, int add) {
    if (add) {
        Pack before = load_some(to, count);
        for (int j = 0; j < PACK; j++) pack.x[j] += before.x[j];
    }
    store_some(to, pack, count);
}

constexpr unsigned ALL_LANES = 0xffffffffu;

// Over the 32 lanes of a warp, in an order that is always the same; every lane gets the result.
__device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
    for (int lanes = 16; lanes > 0; lanes >>= 1) x += __shfl_xor_sync(ALL_LANES, x, lanes);
    return x;
}

// The larger; NaN if one is.
__device__ __forceinline__ float max_nan(float a, float b) { return a > b || a != a ? a : b; }

__device__ __forceinline__ float warp_max(float x) {
#pragma unroll
    for (int lanes = 16; lanes > 0; lanes >>= 1) x = max_nan(x, __shfl_xor_sync(ALL_LANES, x, lanes));
    return x;
}

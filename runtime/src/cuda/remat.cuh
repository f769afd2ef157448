// What every kernel of remat includes.
//
// On a GPU it is compiled by NVRTC, which has no headers of C; with REMAT_HOST it is compiled for the host, where each
// CUDA thread is a fiber, so that kernels can be checked without a GPU.
//
// Elements of activations are `elem`: REMAT_ELEM, which is `float` or `bf16`. Those of parameters are `param`, losses and
// statistics `scalar`, both f32. Arithmetic is in f32, contracted only where `fmaf` stands: kernels are compiled with
// --fmad=false. What is written to elements is rounded there and nowhere before, also where it is added to them. No
// kernel adds floats in an order that depends on timing, so that each gives the same bits from run to run.
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

#include "cuda/half.cuh"

typedef REMAT_ELEM elem;
typedef float param;
typedef float scalar;

// Threads of the blocks of kernels that work on elements one by one.
constexpr int ELEMENTWISE = 256;

// Elements of 16 bytes, which are moved at once. Buffers start on lines of 64 bytes, so that what is counted from their
// start in packs is aligned.
constexpr int PACK = 16 / sizeof(elem);

// A number as a type.
template <int N>
struct Constant {
    static constexpr int value = N;
};

// WIDTH numbers side by side in memory, which are moved at once, or 16 bytes of them after another. at(j): number j, in
// f32; of(values): the nearest.
template <class T, int WIDTH>
struct alignas(WIDTH * sizeof(T) < 16 ? WIDTH * sizeof(T) : 16) Run {
    T x[WIDTH];

    __device__ __forceinline__ float at(int j) const { return (float)x[j]; }
    static __device__ __forceinline__ Run of(const Run<float, WIDTH>& values) {
        Run run;
#pragma unroll
        for (int j = 0; j < WIDTH; j++) run.x[j] = (T)values.x[j];
        return run;
    }
};

// Those of two bytes in pairs: by itself each would have a register, and an instruction to be rounded or put into one.
template <int WIDTH>
struct alignas(WIDTH * sizeof(bf16) < 16 ? WIDTH * sizeof(bf16) : 16) Run<bf16, WIDTH> {
    static_assert(WIDTH % 2 == 0, "pairs");
    uint32_t pairs[WIDTH / 2];

    __device__ __forceinline__ float at(int j) const {
        uint32_t pair = pairs[j / 2];
        return __uint_as_float(j % 2 == 0 ? pair << 16 : pair & 0xffff0000u);
    }
    static __device__ __forceinline__ Run of(const Run<float, WIDTH>& values) {
        Run run;
#pragma unroll
        for (int j = 0; j < WIDTH; j += 2) run.pairs[j / 2] = pack_bf16(values.x[j], values.x[j + 1]);
        return run;
    }
};

template <>
struct Run<bf16, 1> {
    bf16 x[1];

    __device__ __forceinline__ float at(int j) const { return x[j]; }
    static __device__ __forceinline__ Run of(const Run<float, 1>& value) { return {{(bf16)value.x[0]}}; }
};

template <int WIDTH, class T>
__device__ __forceinline__ Run<T, WIDTH> load_run(const T* from) {
    return *reinterpret_cast<const Run<T, WIDTH>*>(from);
}

template <int WIDTH, class T>
__device__ __forceinline__ void store_run(T* to, const Run<T, WIDTH>& run) {
    *reinterpret_cast<Run<T, WIDTH>*>(to) = run;
}

// What a run of elements or parameters holds, in f32: what is computed with.
template <int WIDTH>
using Values = Run<float, WIDTH>;

// Exactly.
template <int WIDTH, class T>
__device__ __forceinline__ Values<WIDTH> widened(const Run<T, WIDTH>& run) {
    Values<WIDTH> values;
#pragma unroll
    for (int j = 0; j < WIDTH; j++) values.x[j] = run.at(j);
    return values;
}

template <int WIDTH, class T>
__device__ __forceinline__ Values<WIDTH> load(const T* from) {
    return widened(load_run<WIDTH>(from));
}

// Rounded to what is stored; gives what that is.
template <int WIDTH, class T>
__device__ __forceinline__ Run<T, WIDTH> store(T* to, const Values<WIDTH>& values) {
    auto run = Run<T, WIDTH>::of(values);
    store_run(to, run);
    return run;
}

// Writes a gradient (=), or adds it to what is there (+=), and rounds the sum. The values may have been read there: all
// of them are here before the first is written.
template <int WIDTH, class T>
__device__ __forceinline__ void put(T* to, Values<WIDTH> values, int add) {
    if (add) {
        Values<WIDTH> before = load<WIDTH>(to);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) values.x[j] = before.x[j] + values.x[j];
    }
    store(to, values);
}

// The same of one.
template <class T>
__device__ __forceinline__ void put(T* to, float value, int add) {
    put(to, Values<1>{value}, add);
}

// Calls f(i, width) for the elements of [0, n) that are this thread's: PACK at once, and one by one those behind the
// last whole pack. The grid may be of any size. An element is one thread's, once: an f that reads a run whole before it
// writes there may be given the same address to read and to write. So no address of a kernel is __restrict__.
template <class F>
__device__ __forceinline__ void each_run(int64_t n, F f) {
    int64_t thread = (int64_t)blockIdx.x * blockDim.x + threadIdx.x, whole = n / PACK * PACK;
    int64_t step = (int64_t)gridDim.x * blockDim.x * PACK;
    for (int64_t i = thread * PACK; i < whole; i += step) f(i, Constant<PACK>());
    // Fewer than a pack, and a block has more threads.
    if (whole + thread < n) f(whole + thread, Constant<1>());
}

constexpr unsigned ALL_LANES = 0xffffffffu;

struct Plus {
    template <class T>
    __device__ __forceinline__ T operator()(T a, T b) const {
        return a + b;
    }
};

// The larger; of a NaN and a number the number. Whoever looks for the largest meets the NaN again.
struct Larger {
    __device__ __forceinline__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// Over LANES neighbouring lanes, a power of two, in an order that is always the same; each of them gets the result.
template <int LANES, class T, class F>
__device__ __forceinline__ T fold_lanes(T x, F join) {
#pragma unroll
    for (int lanes = LANES / 2; lanes > 0; lanes >>= 1) x = join(x, __shfl_xor_sync(ALL_LANES, x, lanes));
    return x;
}

// Functions of f32 that take a GPU one instruction or two, where those that CUDA has take ten or twenty: in the time in
// which an element of bf16 is read and another is written, a GPU has about 25 for it.
//
// Largest errors, relative, on a GPU, as the PTX ISA has them of `ex2.approx.ftz.f32` and `rcp.approx.ftz.f32`. What is
// smaller than 2^-126 becomes 0. On the host, results are rounded to fewer digits, so that they are no better there.
//   fast_exp2(x)         2^x          2^-22
//   fast_exp(x)          exp(x)       2^-22 + |x| 2^-24
//   fast_reciprocal(x)   1 / x        2^-23
#pragma once
#include "remat.cuh"

constexpr float LOG2E = 1.44269504f;

#ifdef REMAT_HOST

namespace remat_host {

// To 23 digits: what lies between two of them goes up or down, as to the nearest even one.
inline float coarse(float x) {
    if (!(fabsf(x) >= 1.17549435e-38f)) return x != x ? x : copysignf(0.0f, x);
    uint32_t bits = __float_as_uint(x);
    return __uint_as_float((bits + (bits >> 1 & 1)) & ~1u);
}

}  // namespace remat_host

inline float fast_exp2(float x) { return remat_host::coarse(exp2f(x)); }
inline float fast_reciprocal(float x) { return remat_host::coarse(1.0f / x); }

#else

__device__ __forceinline__ float fast_exp2(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ __forceinline__ float fast_reciprocal(float x) {
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

#endif

__device__ __forceinline__ float fast_exp(float x) { return fast_exp2(LOG2E * x); }

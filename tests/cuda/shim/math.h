// What CUDA has and <cmath> has not. Of its fast, less exact functions there is none: those that kernels use are in
// `cuda/math.cuh`, with their errors.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

using std::isfinite;
using std::isinf;
using std::isnan;

namespace remat_shim {

template <class To, class From> To bit_cast(From from) {
    static_assert(sizeof(To) == sizeof(From), "the same bits");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}

}  // namespace remat_shim

inline float rsqrtf(float x) {
    return 1.0f / sqrtf(x);
}

inline double rsqrt(double x) {
    return 1.0 / sqrt(x);
}

inline float normcdff(float x) {
    return static_cast<float>(0.5 * erfc(-x * M_SQRT1_2));
}

// Operations that a compiler may not contract.
inline float __fadd_rn(float a, float b) {
    return a + b;
}

inline float __fsub_rn(float a, float b) {
    return a - b;
}

inline float __fmul_rn(float a, float b) {
    return a * b;
}

inline float __fdiv_rn(float a, float b) {
    return a / b;
}

inline float __fmaf_rn(float a, float b, float c) {
    return fmaf(a, b, c);
}

inline float __frcp_rn(float x) {
    return 1.0f / x;
}

inline float __fsqrt_rn(float x) {
    return sqrtf(x);
}

// NaN becomes 0.
inline float __saturatef(float x) {
    return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f;
}

// Conversions. To integers they saturate, and NaN becomes 0.
inline int __float2int_rz(float x) {
    if (isnan(x)) {
        return 0;
    }
    if (x >= 2147483648.0f) {
        return INT32_MAX;
    }
    return x < -2147483648.0f ? INT32_MIN : static_cast<int>(x);
}

inline int __float2int_rn(float x) {
    return __float2int_rz(nearbyintf(x));
}

inline int __float2int_rd(float x) {
    return __float2int_rz(floorf(x));
}

inline int __float2int_ru(float x) {
    return __float2int_rz(ceilf(x));
}

inline float __int2float_rn(int x) {
    return static_cast<float>(x);
}

inline float __uint2float_rn(unsigned x) {
    return static_cast<float>(x);
}

inline float __double2float_rn(double x) {
    return static_cast<float>(x);
}

inline int __float_as_int(float x) {
    return remat_shim::bit_cast<int>(x);
}

inline unsigned __float_as_uint(float x) {
    return remat_shim::bit_cast<unsigned>(x);
}

inline float __int_as_float(int x) {
    return remat_shim::bit_cast<float>(x);
}

inline float __uint_as_float(unsigned x) {
    return remat_shim::bit_cast<float>(x);
}

inline long long __double_as_longlong(double x) {
    return remat_shim::bit_cast<long long>(x);
}

inline double __longlong_as_double(long long x) {
    return remat_shim::bit_cast<double>(x);
}

// Integers.
inline int __popc(unsigned x) {
    return __builtin_popcount(x);
}

inline int __popcll(unsigned long long x) {
    return __builtin_popcountll(x);
}

inline int __clz(int x) {
    return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x));
}

inline int __clzll(long long x) {
    return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x));
}

inline int __ffs(int x) {
    return __builtin_ffs(x);
}

inline unsigned __brev(unsigned x) {
    unsigned reversed = 0;
    for (int bit = 0; bit < 32; bit++) {
        reversed |= (x >> bit & 1) << (31 - bit);
    }
    return reversed;
}

inline int __mulhi(int a, int b) {
    return static_cast<int>(static_cast<int64_t>(a) * b >> 32);
}

inline unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32);
}

inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    __extension__ typedef unsigned __int128 wide;
    return static_cast<unsigned long long>(static_cast<wide>(a) * b >> 64);
}

inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
    uint64_t both = static_cast<uint64_t>(high) << 32 | low;
    return static_cast<unsigned>(both << (shift & 31) >> 32);
}

inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    uint64_t both = static_cast<uint64_t>(high) << 32 | low;
    return static_cast<unsigned>(both >> (shift & 31));
}

// Loads and stores that say how to cache.
template <class T> T __ldg(const T* place) {
    return *place;
}

template <class T> T __ldcs(const T* place) {
    return *place;
}

template <class T> T __ldcg(const T* place) {
    return *place;
}

template <class T> void __stcs(T* place, T value) {
    *place = value;
}

template <class T> void __stcg(T* place, T value) {
    *place = value;
}

// Of floats they are `fminf` and `fmaxf`: a NaN loses.
template <class A, class B> auto min(A a, B b) {
    using C = std::common_type_t<A, B>;
    if constexpr (std::is_floating_point<C>::value) {
        return std::fmin(static_cast<C>(a), static_cast<C>(b));
    } else {
        return static_cast<C>(a) < static_cast<C>(b) ? static_cast<C>(a) : static_cast<C>(b);
    }
}

template <class A, class B> auto max(A a, B b) {
    using C = std::common_type_t<A, B>;
    if constexpr (std::is_floating_point<C>::value) {
        return std::fmax(static_cast<C>(a), static_cast<C>(b));
    } else {
        return static_cast<C>(a) > static_cast<C>(b) ? static_cast<C>(a) : static_cast<C>(b);
    }
}

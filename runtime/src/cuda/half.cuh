// Two formats of two bytes, see `ops/store/cpu.rs`. Part of `remat.cuh`, which includes it.
//
// A GPU rounds by one instruction, the host by whole numbers: to the same bits, but for those of a NaN.
#pragma once

#ifdef REMAT_HOST

// The bits of the nearest bf16: the upper half, to which a carry from the lower half is added.
inline uint16_t to_bf16(float x) {
    uint32_t bits = __float_as_uint(x);
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
    return (uint16_t)(x != x ? quiet : rounded);
}

// Two of them in one register, the first in its lower half.
inline uint32_t pack_bf16(float first, float second) { return (uint32_t)to_bf16(second) << 16 | to_bf16(first); }

// The bits of the nearest f16.
inline uint16_t to_f16(float x) {
    uint32_t all = __float_as_uint(x), sign = all >> 16 & 0x8000u, bits = all & 0x7fffffffu;
    // As bf16, with the exponent of an f16.
    uint32_t normal = (bits + 0xfffu + (bits >> 13 & 1) - ((127u - 15u) << 23)) >> 13;
    // In a sum with 1/2 the last place is 2^-24, that of a small f16: the addition rounds.
    uint32_t small = __float_as_uint(__uint_as_float(bits) + 0.5f) - 0x3f000000u;
    uint32_t finite = bits < (127u - 14u) << 23 ? small : normal;
    uint32_t huge = bits > 0x7f800000u ? 0x7e00u : 0x7c00u;
    // 65520 is half way from the largest f16 to what would follow.
    return (uint16_t)(sign | (bits < 0x477ff000u ? finite : huge));
}

inline float from_f16(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, bits = half & 0x7fffu;
    // Small ones are so many times 2^-24, which is exact; of the others the exponent is moved.
    float small = (float)bits * __uint_as_float((127u - 24u) << 23);
    uint32_t normal = (bits << 13) + ((127u - 15u) << 23), special = bits << 13 | 0x7f800000u;
    uint32_t magnitude = bits < 0x400u ? __float_as_uint(small) : bits < 0x7c00u ? normal : special;
    return __uint_as_float(sign | magnitude);
}

#else

__device__ __forceinline__ uint16_t to_bf16(float x) {
    uint16_t bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}

__device__ __forceinline__ uint32_t pack_bf16(float first, float second) {
    uint32_t both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
    return both;
}

__device__ __forceinline__ uint16_t to_f16(float x) {
    uint16_t bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}

__device__ __forceinline__ float from_f16(uint16_t bits) {
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
    return x;
}

#endif

__device__ __forceinline__ float from_bf16(uint16_t bits) { return __uint_as_float((uint32_t)bits << 16); }

// A number of two bytes, as elements are. To f32 it goes by itself, which is exact; from f32 it must be asked for, so that
// nothing is rounded but where it is said.
struct bf16 {
    uint16_t bits;

    bf16() = default;
    __device__ __forceinline__ explicit bf16(float x) : bits(to_bf16(x)) {}
    __device__ __forceinline__ operator float() const { return from_bf16(bits); }
};

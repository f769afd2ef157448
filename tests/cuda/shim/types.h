// The vector types of CUDA, with its alignments.
#pragma once

struct dim3 {
    unsigned x = 1;
    unsigned y = 1;
    unsigned z = 1;
};

#define REMAT_SHIM_VECTORS(scalar, name)                                                                               \
    struct alignas(2 * sizeof(scalar)) name##2 {                                                                       \
        scalar x, y;                                                                                                   \
    };                                                                                                                 \
    struct name##3 {                                                                                                   \
        scalar x, y, z;                                                                                                \
    };                                                                                                                 \
    struct alignas(sizeof(scalar) < 8 ? 4 * sizeof(scalar) : 16) name##4 {                                             \
        scalar x, y, z, w;                                                                                             \
    };                                                                                                                 \
    inline name##2 make_##name##2(scalar x, scalar y) {                                                                \
        return {x, y};                                                                                                 \
    }                                                                                                                  \
    inline name##3 make_##name##3(scalar x, scalar y, scalar z) {                                                      \
        return {x, y, z};                                                                                              \
    }                                                                                                                  \
    inline name##4 make_##name##4(scalar x, scalar y, scalar z, scalar w) {                                            \
        return {x, y, z, w};                                                                                           \
    }

REMAT_SHIM_VECTORS(unsigned char, uchar)
REMAT_SHIM_VECTORS(unsigned short, ushort)
REMAT_SHIM_VECTORS(int, int)
REMAT_SHIM_VECTORS(unsigned, uint)
REMAT_SHIM_VECTORS(long long, longlong)
REMAT_SHIM_VECTORS(unsigned long long, ulonglong)
REMAT_SHIM_VECTORS(float, float)
REMAT_SHIM_VECTORS(double, double)
#undef REMAT_SHIM_VECTORS

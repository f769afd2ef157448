// Products of tiles of bf16 on tensor cores, by what a warp does together: every lane of it must take part.
//
// Fragments are what each lane has of a tile in registers; which rows and columns those are, the PTX ISA says: "Matrix
// Fragments for mma.m16n8k16 with floating point type". With g = lane / 4 and t = lane % 4, each register of two bf16
// holds columns (of B: rows) 2 t and 2 t + 1 of a quarter of A [16, 16] or of a half of B [16, 8]:
//   A: rows g, g + 8, g, g + 8 of columns 0 to 7 twice, then 8 to 15 twice
//   B: column g of rows 0 to 7, then of 8 to 15
//   C: row g in two registers of f32, columns 2 t and 2 t + 1, then row g + 8
// So the sums C of two tiles of 8 columns, rounded, are a factor A of 16 columns, without a move between lanes.
//
// In shared memory, rows of tiles must be aligned to 16 bytes. If they are an odd multiple of that apart, the 8 rows
// that are loaded at once are in banks of their own.
#pragma once
#include "remat.cuh"

// [16, 16], a row of which is a row of what is multiplied.
struct FragmentA {
    uint32_t x[4];
};

// [16, 8], a column of which is a column of the product.
struct FragmentB {
    uint32_t x[2];
};

// [16, 8], f32.
struct FragmentC {
    float x[4];
};

constexpr int MMA_ROWS = 16;
constexpr int MMA_COLUMNS = 8;
// Of A, which are the rows of B.
constexpr int MMA_INNER = 16;

// c += a b; products are exact, and the order in which a tensor core adds them in f32 is its own, but always the same.
__device__ __forceinline__ void mma(FragmentC& c, const FragmentA& a, const FragmentB& b) {
#ifdef REMAT_HOST
    remat_shim::mma_m16n8k16(c.x, a.x, b.x);
#else
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c.x[0]), "+f"(c.x[1]), "+f"(c.x[2]), "+f"(c.x[3])
        : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "r"(b.x[0]), "r"(b.x[1]));
#endif
}

// Four tiles of 8 x 8 from shared memory, of which lane 8 i + j says where row j of tile i is. Register i is of tile i:
// row g, columns 2 t and 2 t + 1; transposed, rows 2 t and 2 t + 1 of column g.
template <bool TRANSPOSED>
__device__ __forceinline__ void load_matrices(uint32_t (&x)[4], const bf16* row) {
#ifdef REMAT_HOST
    remat_shim::ldmatrix_x4(x, row, TRANSPOSED);
#else
    uint32_t at = (uint32_t)__cvta_generic_to_shared(row);
    if (TRANSPOSED) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                     : "r"(at)
                     : "memory");
    } else {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                     : "r"(at)
                     : "memory");
    }
#endif
}

// A [16, 16] from a tile whose rows are `step` apart.
__device__ __forceinline__ FragmentA load_a(const bf16* tile, int step) {
    int lane = threadIdx.x % 32;
    FragmentA a;
    load_matrices<false>(a.x, tile + lane % 16 * step + lane / 16 * 8);
    return a;
}

// Two B [16, 8], side by side, of which the tile [16, 16] holds the columns as rows.
__device__ __forceinline__ void load_b_transposed(FragmentB (&b)[2], const bf16* tile, int step) {
    int lane = threadIdx.x % 32;
    uint32_t x[4];
    load_matrices<false>(x, tile + (lane / 16 * 8 + lane % 8) * step + lane / 8 % 2 * 8);
    b[0] = {x[0], x[1]};
    b[1] = {x[2], x[3]};
}

// Two B [16, 8], side by side, which are the tile [16, 16].
__device__ __forceinline__ void load_b(FragmentB (&b)[2], const bf16* tile, int step) {
    int lane = threadIdx.x % 32;
    uint32_t x[4];
    load_matrices<true>(x, tile + lane % 16 * step + lane / 16 * 8);
    b[0] = {x[0], x[1]};
    b[1] = {x[2], x[3]};
}

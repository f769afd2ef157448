// What a warp does on tensor cores, after the PTX ISA: mma.m16n8k16 of bf16, and ldmatrix. All 32 lanes must take part.
#pragma once

#include "warp.h"

namespace remat_shim {

// c [16, 8] += a [16, 16] b [16, 8], of each of which a lane has a fragment: a and b of bf16, two in each register, c
// of f32. Products are exact. They are added to c one by one in f32, in the order of the columns of a: tensor cores
// have an order of their own.
void mma_m16n8k16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Place place = Place::here());

// That the calling lane's warp is whole, and that 16 bytes from `row` on may be loaded at once from shared memory.
void check_row(const void* row, Place place);

// Loads four matrices of 8 x 8 numbers of two bytes, of which lane i says where row i % 8 of matrix i / 8 begins. Each
// lane gets two numbers of each matrix: of row lane / 4, or of column lane / 4 if `transposed`.
inline void ldmatrix_x4(uint32_t (&x)[4], const void* row, bool transposed, Place place = Place::here()) {
    check_row(row, place);
    warp_exchange(0xffffffffu, &row, sizeof row, transposed ? "ldmatrix.trans" : "ldmatrix", place.file, place.line);
    unsigned lane = current().lane();
    for (unsigned matrix = 0; matrix < 4; matrix++) {
        uint32_t both = 0;
        for (unsigned i = 0; i < 2; i++) {
            unsigned at = lane % 4 * 2 + i;
            unsigned from = transposed ? at : lane / 4;
            unsigned column = transposed ? lane / 4 : at;
            both |= static_cast<uint32_t>(slot<const uint16_t*>(8 * matrix + from)[column]) << 16 * i;
        }
        x[matrix] = both;
    }
}

}  // namespace remat_shim

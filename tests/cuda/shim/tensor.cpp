// Tensor cores.
#include "../shim.h"

namespace remat_shim {

namespace {

constexpr unsigned ALL = 0xffffffffu;

void whole_warp(Place place) {
    if (present(ALL) != ALL) {
        die("a warp of fewer than 32 lanes can't use tensor cores", place);
    }
}

// One of the four bf16 in two registers.
float number(uint64_t registers, unsigned which) {
    return bit_cast<float>(static_cast<uint32_t>(registers >> 16 * which << 16));
}

}  // namespace

void check_row(const void* row, Place place) {
    whole_warp(place);
    if (reinterpret_cast<uintptr_t>(row) % 16 != 0) {
        die("ldmatrix of a row that is not aligned to 16 bytes", place);
    }
    if (!in_shared_memory(row, 16)) {
        die("ldmatrix of a row that is not in shared memory", place);
    }
}

// The tables of the PTX ISA, for number i of a lane's fragment: groupID = lane / 4, threadID_in_group = lane % 4;
// A: row is groupID for i in 0, 1, 4, 5, else groupID + 8; column is 2 threadID_in_group + i % 2, + 8 for i >= 4
// B: row is 2 threadID_in_group + i % 2, + 8 for i >= 2; column is groupID
// C: row is groupID for i < 2, else groupID + 8; column is 2 threadID_in_group + i % 2
void mma_m16n8k16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Place place) {
    whole_warp(place);
    // Only what the calling lane reads of them is filled in: rows groupID and groupID + 8, and two columns.
    float left[16][16], right[16][8];
    unsigned own = current().lane();
    for (unsigned at = 0; at < 4; at += 2) {
        warp_exchange(ALL, a + at, 2 * sizeof *a, "mma", place.file, place.line);
        for (unsigned lane = own / 4 * 4; lane < own / 4 * 4 + 4; lane++) {
            uint64_t registers = slot<uint64_t>(lane);
            for (unsigned i = 2 * at; i < 2 * at + 4; i++) {
                unsigned row = i % 4 < 2 ? lane / 4 : lane / 4 + 8;
                unsigned column = 2 * (lane % 4) + i % 2 + (i < 4 ? 0 : 8);
                left[row][column] = number(registers, i % 4);
            }
        }
    }
    warp_exchange(ALL, b, sizeof b, "mma", place.file, place.line);
    for (unsigned lane = 8 * (own % 4); lane < 8 * (own % 4) + 8; lane++) {
        uint64_t registers = slot<uint64_t>(lane);
        for (unsigned i = 0; i < 4; i++) {
            unsigned row = 2 * (lane % 4) + i % 2 + (i < 2 ? 0 : 8);
            right[row][lane / 4] = number(registers, i);
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        unsigned row = i < 2 ? own / 4 : own / 4 + 8;
        unsigned column = 2 * (own % 4) + i % 2;
        for (unsigned k = 0; k < 16; k++) {
            // The product of two bf16 has at most 16 digits.
            c[i] += left[row][k] * right[k][column];
        }
    }
}

}  // namespace remat_shim

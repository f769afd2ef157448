// Philox4x32-10 (Salmon et al. 2011), as `rng.rs`: what is drawn on a GPU is what is drawn on the CPU.
#pragma once
#include "remat.cuh"

struct Words {
    uint32_t x[4];
};

// Block `index` of the numbers of (seed, step, node).
__device__ __forceinline__ Words philox(uint64_t seed, uint64_t step, uint32_t node, uint64_t index) {
    uint32_t high = (uint32_t)(step >> 32) ^ ((uint32_t)(index >> 32) << 16);
    uint32_t c[4] = {(uint32_t)index, node, (uint32_t)step, high};
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
#pragma unroll
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)c[0] * 0xD2511F53u, b = (uint64_t)c[2] * 0xCD9E8D57u;
        uint32_t first = (uint32_t)(b >> 32) ^ c[1] ^ key[0], third = (uint32_t)(a >> 32) ^ c[3] ^ key[1];
        c[1] = (uint32_t)b;
        c[3] = (uint32_t)a;
        c[0] = first;
        c[2] = third;
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return {{c[0], c[1], c[2], c[3]}};
}

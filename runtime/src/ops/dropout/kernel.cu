// Dropout on a GPU: to = or += from mask / (1 - p). Checked against `ops/dropout/cpu.rs`, bit for bit.
#include "cuda/philox.cuh"

// Elements that share blocks of random words, as in `rng.rs`: word w of block b is of element w LANES + b.
constexpr int GROUP = 64, LANES = GROUP / 4;
// A thread has as many neighbouring blocks: each of their four words is of an element of another pack.
constexpr int BLOCKS = PACK, THREADS = LANES / BLOCKS;

// What elements are multiplied by. Seed and step stand in memory: they differ from run to run of a graph.
struct Mask {
    uint64_t seed, step;
    uint32_t node, dropped;
    float scale;

    __device__ __forceinline__ Values<4> factors(int64_t block) const {
        Words words = philox(seed, step, node, (uint64_t)block);
        Values<4> factors;
        // 0 multiplies, so that NaN stays.
#pragma unroll
        for (int w = 0; w < 4; w++) factors.x[w] = words.x[w] < dropped ? 0.0f : scale;
        return factors;
    }
};

// An element is dropped if its word is below `dropped`. draws: seed and step. `to` may be `from`: an element is read and
// written by one thread.
extern "C" __global__ void dropout(
    elem* to, const elem* from, int64_t n, const uint64_t* draws, uint32_t node, uint32_t dropped, float scale,
    int32_t add) {
    Mask mask = {draws[0], draws[1], node, dropped, scale};
    int64_t threads = (n + GROUP - 1) / GROUP * THREADS, stride = (int64_t)gridDim.x * blockDim.x;
    for (int64_t thread = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; thread < threads; thread += stride) {
        int64_t group = thread / THREADS, first = group * GROUP + thread % THREADS * BLOCKS;
        if (group * GROUP + GROUP <= n) {
            Run<elem, PACK> runs[4];
#pragma unroll
            for (int w = 0; w < 4; w++) runs[w] = load_run<PACK>(from + first + w * LANES);
            Values<PACK> kept[4];
#pragma unroll
            for (int b = 0; b < BLOCKS; b++) {
                Values<4> factors = mask.factors(thread * BLOCKS + b);
#pragma unroll
                for (int w = 0; w < 4; w++) kept[w].x[b] = runs[w].at(b) * factors.x[w];
            }
#pragma unroll
            for (int w = 0; w < 4; w++) put(to + first + w * LANES, kept[w], add);
        } else {
            // The last group, which is not whole.
#pragma unroll 1
            for (int b = 0; b < BLOCKS; b++) {
                Values<4> factors = mask.factors(thread * BLOCKS + b);
#pragma unroll
                for (int w = 0; w < 4; w++) {
                    int64_t i = first + w * LANES + b;
                    if (i < n) put(to + i, from[i] * factors.x[w], add);
                }
            }
        }
    }
}

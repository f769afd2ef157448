// Dropout on a GPU: to = or += from mask / (1 - p). Checked against `ops/dropout/cpu.rs`, bit for bit.
#include "cuda/philox.cuh"

// Elements that share blocks of random words, as in `rng.rs`: word w of block b is of element w LANES + b.
constexpr int GROUP = 64, LANES = GROUP / 4;

// A thread has a block: four elements, LANES apart. An element is dropped if its word is below `dropped`. draws: seed and
// step, which differ from run to run of a graph. `to` may be `from`: an element is read and written by one thread.
extern "C" __global__ void dropout(
    elem* to, const elem* from, int64_t n, const uint64_t* draws, uint32_t node, uint32_t dropped, float scale,
    int32_t add) {
    uint64_t seed = draws[0], step = draws[1];
    int64_t blocks = (n + GROUP - 1) / GROUP * LANES, stride = (int64_t)gridDim.x * blockDim.x;
    for (int64_t block = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; block < blocks; block += stride) {
        Words words = philox(seed, step, node, (uint64_t)block);
        int64_t first = block / LANES * GROUP + block % LANES;
#pragma unroll
        for (int w = 0; w < 4; w++) {
            int64_t i = first + w * LANES;
            if (i < n) {
                // Multiplied by 0, so that NaN stays.
                float kept = from[i] * (words.x[w] < dropped ? 0.0f : scale);
                put(to + i, kept, add);
            }
        }
    }
}

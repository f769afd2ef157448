// Which elements are dropped, on a GPU: for `dropout` itself, and for what drops out what it reads.
#pragma once
#include "cuda/philox.cuh"

namespace dropout {

// Elements that share blocks of random words, as in `rng.rs`: word w of block b is of element w LANES + b.
constexpr int GROUP = 64, LANES = GROUP / 4;

// What a mask is drawn from, as in `cuda.rs`. draws: seed and step, which stand in memory, as they differ from run to run
// of a graph; none if nothing is dropped. An element is dropped if its word is below `dropped`.
struct Drawn {
    const uint64_t* draws;
    uint32_t node, dropped;
    float scale;
    uint32_t unused;
};

struct Or {
    __device__ __forceinline__ uint32_t operator()(uint32_t a, uint32_t b) const { return a | b; }
};

struct Mask {
    uint64_t seed, step;
    uint32_t node, dropped;
    float scale;

    __device__ __forceinline__ explicit Mask(const Drawn& drawn)
        : seed(drawn.draws[0]), step(drawn.draws[1]), node(drawn.node), dropped(drawn.dropped), scale(drawn.scale) {}

    __device__ __forceinline__ Words words(int64_t block) const { return philox(seed, step, node, (uint64_t)block); }

    // What an element is multiplied by. 0 multiplies, so that NaN stays.
    __device__ __forceinline__ float factor(bool kept) const { return kept ? scale : 0.0f; }

    // Of the elements of a block.
    __device__ __forceinline__ Values<4> factors(int64_t block) const {
        Words words = this->words(block);
        Values<4> factors;
#pragma unroll
        for (int w = 0; w < 4; w++) factors.x[w] = factor(words.x[w] >= dropped);
        return factors;
    }

    // A bit for each element of the pack at `i`: whether it is kept. All lanes of a warp ask at once, each for the pack
    // behind that of the lane before, the first for the first of a group: they draw for each other.
    __device__ __forceinline__ uint32_t kept(int64_t i) const {
        constexpr int PACKS = GROUP / PACK, BLOCKS = LANES / PACKS;
        int lane = (int)(i % GROUP) / PACK;
        int64_t first = i / GROUP * LANES + lane * BLOCKS;
        uint32_t halves[2] = {0, 0};
#pragma unroll
        for (int b = 0; b < BLOCKS; b++) {
            Words words = this->words(first + b);
#pragma unroll
            for (int w = 0; w < 4; w++) halves[w / 2] |= (uint32_t)(words.x[w] >= dropped) << (w % 2 * LANES + b);
        }
#pragma unroll
        for (int h = 0; h < 2; h++) halves[h] = fold_lanes<PACKS>(halves[h] << (lane * BLOCKS), Or());
        int bit = lane * PACK;
        return (bit < 32 ? halves[0] : halves[1]) >> (bit % 32);
    }

    // What is left of that pack, as it is stored.
    __device__ __forceinline__ Run<elem, PACK> left(int64_t i, const Run<elem, PACK>& whole) const {
        uint32_t kept = this->kept(i);
        Values<PACK> left;
#pragma unroll
        for (int j = 0; j < PACK; j++) left.x[j] = whole.at(j) * factor(kept >> j & 1);
        return Run<elem, PACK>::of(left);
    }
};

// Drops out the elements of [0, n) that are this thread's, of `what`, which has: read(i, width), what it needs of `width`
// elements from i on; whole(that), those elements before any is dropped, as they are stored; and finish(i, that, left), which
// is given what is left of them. A thread has neighbouring blocks of words, each of whose four is of an element of another
// pack. An element is one thread's, once: what is read may be written over.
template <class What>
__device__ __forceinline__ void each(int64_t n, const Mask& mask, const What& what) {
    constexpr int BLOCKS = PACK, THREADS = LANES / BLOCKS;
    constexpr Constant<PACK> pack = {};
    constexpr Constant<1> one = {};
    int64_t threads = (n + GROUP - 1) / GROUP * THREADS, stride = (int64_t)gridDim.x * blockDim.x;
    for (int64_t thread = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; thread < threads; thread += stride) {
        int64_t group = thread / THREADS, first = group * GROUP + thread % THREADS * BLOCKS;
        if (group * GROUP + GROUP <= n) {
            decltype(what.read(0, pack)) read[4];
#pragma unroll
            for (int w = 0; w < 4; w++) read[w] = what.read(first + w * LANES, pack);
            Run<elem, PACK> whole[4];
#pragma unroll
            for (int w = 0; w < 4; w++) whole[w] = what.whole(read[w]);
            Values<PACK> left[4];
#pragma unroll
            for (int b = 0; b < BLOCKS; b++) {
                Values<4> factors = mask.factors(thread * BLOCKS + b);
#pragma unroll
                for (int w = 0; w < 4; w++) left[w].x[b] = whole[w].at(b) * factors.x[w];
            }
#pragma unroll
            for (int w = 0; w < 4; w++) what.finish(first + w * LANES, read[w], left[w]);
        } else {
            // The last group, which is not whole.
#pragma unroll 1
            for (int b = 0; b < BLOCKS; b++) {
                Values<4> factors = mask.factors(thread * BLOCKS + b);
#pragma unroll
                for (int w = 0; w < 4; w++) {
                    int64_t i = first + w * LANES + b;
                    if (i >= n) continue;
                    auto read = what.read(i, one);
                    what.finish(i, read, Values<1>{what.whole(read).at(0) * factors.x[w]});
                }
            }
        }
    }
}

}  // namespace dropout

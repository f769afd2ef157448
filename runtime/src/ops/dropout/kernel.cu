// Dropout on a GPU: to = or += from mask / (1 - p), or the sum of that and another value. Checked against
// `ops/dropout/cpu.rs`, bit for bit.
#include "ops/dropout/mask.cuh"

namespace dropout {

// Blocks that a thread has, which are neighbours: each of their four words is of an element of another pack.
constexpr int BLOCKS = PACK, THREADS = LANES / BLOCKS;

// `plus`: what is added to what is dropped out, as that is stored; or none.
template <int WIDTH>
__device__ __forceinline__ void finish(elem* to, const Values<WIDTH>& dropped, const elem* plus, int add) {
    if (!plus) return put(to, dropped, add);
    auto rounded = Run<elem, WIDTH>::of(dropped);
    Values<WIDTH> sum = load<WIDTH>(plus);
#pragma unroll
    for (int j = 0; j < WIDTH; j++) sum.x[j] = rounded.at(j) + sum.x[j];
    store(to, sum);
}

}  // namespace dropout

// to, from: [n]; plus: [n], or none. `to` may be `from`: an element is read and written by one thread.
extern "C" __global__ void dropout_apply(elem* to, const elem* from, const elem* plus, int64_t n, dropout::Drawn drawn,
                                         int32_t add) {
    using namespace dropout;
    Mask mask(drawn);
    int64_t threads = (n + GROUP - 1) / GROUP * THREADS, stride = (int64_t)gridDim.x * blockDim.x;
    for (int64_t thread = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; thread < threads; thread += stride) {
        int64_t group = thread / THREADS, first = group * GROUP + thread % THREADS * BLOCKS;
        if (group * GROUP + GROUP <= n) {
            Run<elem, PACK> runs[4];
#pragma unroll
            for (int w = 0; w < 4; w++) runs[w] = load_run<PACK>(from + first + w * LANES);
            Values<PACK> dropped[4];
#pragma unroll
            for (int b = 0; b < BLOCKS; b++) {
                Values<4> factors = mask.factors(thread * BLOCKS + b);
#pragma unroll
                for (int w = 0; w < 4; w++) dropped[w].x[b] = runs[w].at(b) * factors.x[w];
            }
#pragma unroll
            for (int w = 0; w < 4; w++) {
                int64_t i = first + w * LANES;
                finish(to + i, dropped[w], plus ? plus + i : nullptr, add);
            }
        } else {
            // The last group, which is not whole.
#pragma unroll 1
            for (int b = 0; b < BLOCKS; b++) {
                Values<4> factors = mask.factors(thread * BLOCKS + b);
#pragma unroll
                for (int w = 0; w < 4; w++) {
                    int64_t i = first + w * LANES + b;
                    if (i < n) finish(to + i, Values<1>{from[i] * factors.x[w]}, plus ? plus + i : nullptr, add);
                }
            }
        }
    }
}

// Embedding on a GPU: y = weight[ids] (=); dweight = or +=. Checked against `ops/embedding/cpu.rs`.
// R: ids of all samples. V: rows of the weight. D: features. The caller has refused ids from V on; here one gives NaN in
// forward, and adds to nothing in backward.
#include "remat.cuh"

// y[R, D] = weight[ids[R], D]. A block has some ids.
extern "C" __global__ void embedding_forward(
    elem* y, const uint32_t* ids, const param* weight, int64_t R, int64_t V, int64_t D) {
    for (int64_t r = blockIdx.x; r < R; r += gridDim.x) {
        int64_t id = ids[r];
        const param* row = weight + id * D;
        bool there = id < V;
        if (D % PACK == 0) {
            for (int64_t d = (int64_t)threadIdx.x * PACK; d < D; d += (int64_t)blockDim.x * PACK) {
                Values<PACK> values;
                if (there) {
                    values = load<PACK>(row + d);
                } else {
#pragma unroll
                    for (int j = 0; j < PACK; j++) values.x[j] = NAN;
                }
                store(y + r * D + d, values);
            }
        } else {
            for (int64_t d = threadIdx.x; d < D; d += blockDim.x) y[r * D + d] = (elem)(there ? row[d] : NAN);
        }
    }
}

// Features of a block of backward, one for each thread.
constexpr int COLUMNS = 128;
constexpr int WARPS = COLUMNS / 32;
// Ids that a thread looks at at once, before the first is waited for.
constexpr int IDS = 4;

// dweight[V, D] = or += the sum of dy[r] over the r with ids[r] = v, in order. A block has `rows` rows of COLUMNS features,
// at most 64: it looks through all ids, and a thread adds what it finds for its feature to sums in shared memory that are
// its own. Rows of no id stay as they are where they are added to.
extern "C" __global__ void __launch_bounds__(COLUMNS) embedding_backward(
    param* dweight, const elem* dy, const uint32_t* ids, int64_t R, int64_t V, int64_t D, int32_t rows, int32_t add) {
    // [rows, COLUMNS]
    REMAT_DYNAMIC_SHARED(float, sums);
    REMAT_SHARED(uint32_t, places, IDS * COLUMNS);
    REMAT_SHARED(uint32_t, found, IDS * WARPS);
    int64_t first = (int64_t)blockIdx.x * rows, d = (int64_t)blockIdx.y * COLUMNS + threadIdx.x;
    uint32_t own = V - first < rows ? V - first : rows;
    uint64_t touched = 0;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    for (uint32_t row = 0; row < own; row++) sums[row * COLUMNS + threadIdx.x] = 0.0f;
    for (int64_t start = 0; start < R; start += IDS * COLUMNS) {
        uint32_t place[IDS];
#pragma unroll
        for (int k = 0; k < IDS; k++) {
            int64_t r = start + k * COLUMNS + threadIdx.x;
            // What is before the first row is far behind the last, without a sign.
            place[k] = r < R ? ids[r] - (uint32_t)first : own;
        }
        bool any = false;
#pragma unroll
        for (int k = 0; k < IDS; k++) {
            bool mine = place[k] < own;
            uint32_t lanes = __ballot_sync(ALL_LANES, mine);
            if (mine) places[k * COLUMNS + threadIdx.x] = place[k];
            if (lane == 0) found[k * WARPS + warp] = lanes;
            any |= mine;
        }
        // Mostly there is none, and nobody reads.
        if (!__syncthreads_or(any)) continue;
        for (int w = 0; w < IDS * WARPS; w++) {
            for (uint32_t left = found[w]; left != 0; left &= left - 1) {
                int at = w * 32 + __ffs((int)left) - 1;
                touched |= (uint64_t)1 << places[at];
                if (d < D) sums[places[at] * COLUMNS + threadIdx.x] += dy[(start + at) * D + d];
            }
        }
        // The next ids go into the same places.
        __syncthreads();
    }
    if (d >= D) return;
    for (uint32_t row = 0; row < own; row++) {
        if (add && !(touched >> row & 1)) continue;
        put(dweight + (first + row) * D + d, sums[row * COLUMNS + threadIdx.x], add);
    }
}

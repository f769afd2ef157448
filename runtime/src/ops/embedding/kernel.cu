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
constexpr int IDS = 8;
// Numbers of dy that a thread reads before it adds the first: a word that is one of twenty in a text is found so often that
// its rows, one behind another, would take longer than all else.
constexpr int AHEAD = 8;

// dweight[V, D] = or += the sum of dy[r] over the r with ids[r] = v, in order. A block has `rows` rows of COLUMNS features,
// at most 64: it looks through all ids, and a thread adds what it finds for its feature to sums in shared memory that are
// its own. Rows of no id stay as they are where they are added to.
extern "C" __global__ void __launch_bounds__(COLUMNS) embedding_backward(
    param* dweight, const elem* dy, const uint32_t* ids, int64_t R, int64_t V, int64_t D, int32_t rows, int32_t add) {
    // [rows, COLUMNS]
    REMAT_DYNAMIC_SHARED(float, sums);
    // Which of a warp's ids are of the block's rows; and of those of all warps, in order, the row and which id it is.
    REMAT_SHARED(uint32_t, found, IDS * WARPS);
    REMAT_SHARED(uint32_t, listed, IDS * COLUMNS);
    int64_t first = (int64_t)blockIdx.x * rows, d = (int64_t)blockIdx.y * COLUMNS + threadIdx.x;
    uint32_t own = V - first < rows ? V - first : rows, past = (uint32_t)first + own;
    uint64_t touched = 0;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    for (uint32_t row = 0; row < own; row++) sums[row * COLUMNS + threadIdx.x] = 0.0f;
    for (int64_t start = 0; start < R; start += IDS * COLUMNS) {
        uint32_t place[IDS], lanes[IDS];
#pragma unroll
        for (int k = 0; k < IDS; k++) {
            int64_t r = start + k * COLUMNS + threadIdx.x;
            place[k] = r < R ? ids[r] : past;
        }
        bool any = false;
#pragma unroll
        for (int k = 0; k < IDS; k++) {
            // What is before the first row is far behind the last, without a sign.
            place[k] -= (uint32_t)first;
            lanes[k] = __ballot_sync(ALL_LANES, place[k] < own);
            if (lane == 0) found[k * WARPS + warp] = lanes[k];
            any |= place[k] < own;
        }
        // Mostly there is none, and nobody reads.
        if (!__syncthreads_or(any)) continue;
        int count = 0;
#pragma unroll
        for (int k = 0; k < IDS; k++) {
            // Of the warps before this one.
            int before = count;
#pragma unroll
            for (int w = 0; w < WARPS; w++) {
                int more = __popc(found[k * WARPS + w]);
                if (w < warp) before += more;
                count += more;
            }
            before += __popc(lanes[k] & ((1u << lane) - 1));
            if (place[k] < own) listed[before] = place[k] * (IDS * COLUMNS) + k * COLUMNS + threadIdx.x;
        }
        // The list is read; the next is written behind the next vote, and what is found behind this.
        __syncthreads();
        for (int i = 0; i < count; i += AHEAD) {
            float x[AHEAD] = {};
#pragma unroll
            for (int k = 0; k < AHEAD; k++) {
                if (d < D && i + k < count) x[k] = dy[(start + listed[i + k] % (IDS * COLUMNS)) * D + d];
            }
#pragma unroll
            for (int k = 0; k < AHEAD; k++) {
                if (i + k >= count) break;
                uint32_t row = listed[i + k] / (IDS * COLUMNS);
                touched |= (uint64_t)1 << row;
                if (d < D) sums[row * COLUMNS + threadIdx.x] += x[k];
            }
        }
    }
    if (d >= D) return;
    for (uint32_t row = 0; row < own; row++) {
        if (add && !(touched >> row & 1)) continue;
        put(dweight + (first + row) * D + d, sums[row * COLUMNS + threadIdx.x], add);
    }
}

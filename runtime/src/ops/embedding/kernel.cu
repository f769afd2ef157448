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

// dweight[V, D] = or += the sum of dy[r] over the r with ids[r] = v, in order. A block has `rows` rows of COLUMNS features:
// it looks through all ids, and a thread adds what it finds for its feature to sums in shared memory that are its own.
extern "C" __global__ void __launch_bounds__(COLUMNS) embedding_backward(
    param* dweight, const elem* dy, const uint32_t* ids, int64_t R, int64_t V, int64_t D, int32_t rows, int32_t add) {
    // [rows, COLUMNS]
    REMAT_DYNAMIC_SHARED(float, sums);
    REMAT_SHARED(uint32_t, places, COLUMNS);
    REMAT_SHARED(uint32_t, found, WARPS);
    int64_t first = (int64_t)blockIdx.x * rows, d = (int64_t)blockIdx.y * COLUMNS + threadIdx.x;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    for (int row = 0; row < rows; row++) sums[row * COLUMNS + threadIdx.x] = 0.0f;
    for (int64_t start = 0; start < R; start += COLUMNS) {
        int64_t r = start + threadIdx.x;
        int64_t place = r < R ? (int64_t)ids[r] - first : -1;
        bool mine = place >= 0 && place < rows && first + place < V;
        uint32_t lanes = __ballot_sync(ALL_LANES, mine);
        places[threadIdx.x] = mine ? (uint32_t)place : 0;
        if (lane == 0) found[warp] = lanes;
        __syncthreads();
        for (int w = 0; w < WARPS; w++) {
            for (uint32_t left = found[w]; left != 0; left &= left - 1) {
                int at = w * 32 + __ffs((int)left) - 1;
                if (d < D) sums[places[at] * COLUMNS + threadIdx.x] += dy[(start + at) * D + d];
            }
        }
        // The next ids go into the same places.
        __syncthreads();
    }
    if (d >= D) return;
    for (int row = 0; row < rows && first + row < V; row++) {
        param* to = dweight + (first + row) * D + d;
        float sum = sums[row * COLUMNS + threadIdx.x];
        *to = add ? *to + sum : sum;
    }
}

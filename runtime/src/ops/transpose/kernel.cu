// Transpose on a GPU: to[O, b, mid, a, inner] = or += from[O, a, mid, b, inner]. Checked against
// `ops/transpose/cpu.rs`, bit for bit.
#include "remat.cuh"

// A tile of TILE x TILE elements is read along b and written along a, ROWS rows at once.
constexpr int TILE = 32, ROWS = 8;

// inner = 1. A block has a tile of the matrices [a, b], one for each of O and mid.
extern "C" __global__ void transpose_elements(
    elem* to, const elem* from, int64_t O, int64_t a, int64_t mid, int64_t b, int32_t add) {
    // A column more, so that a column's elements stand in different banks.
    REMAT_SHARED(elem, tile, TILE * (TILE + 1));
    int64_t a_tiles = (a + TILE - 1) / TILE;
    int64_t i0 = blockIdx.x % a_tiles * TILE, j0 = blockIdx.x / a_tiles * TILE;
    int x = threadIdx.x, y = threadIdx.y;
    for (int64_t matrix = blockIdx.y; matrix < O * mid; matrix += gridDim.y) {
        int64_t o = matrix / mid, m = matrix % mid, start = o * a * mid * b;
        for (int k = y; k < TILE; k += ROWS) {
            if (i0 + k < a && j0 + x < b) {
                tile[k * (TILE + 1) + x] = from[start + ((i0 + k) * mid + m) * b + j0 + x];
            }
        }
        __syncthreads();
        for (int k = y; k < TILE; k += ROWS) {
            if (j0 + k < b && i0 + x < a) {
                put(to + start + ((j0 + k) * mid + m) * a + i0 + x, tile[x * (TILE + 1) + k], add);
            }
        }
        // The next matrix goes into the same tile.
        __syncthreads();
    }
}

// Runs of `inner` elements are moved whole. Threads are [y: runs, x: elements of a run].
extern "C" __global__ void transpose_runs(
    elem* to, const elem* from, int64_t O, int64_t a, int64_t mid, int64_t b, int64_t inner, int32_t add) {
    int64_t runs = O * b * mid * a;
    for (int64_t run = (int64_t)blockIdx.x * blockDim.y + threadIdx.y; run < runs;
         run += (int64_t)gridDim.x * blockDim.y) {
        int64_t i = run % a, m = run / a % mid, j = run / (a * mid) % b, o = run / (a * mid * b);
        const elem* in = from + (((o * a + i) * mid + m) * b + j) * inner;
        elem* out = to + run * inner;
        for (int64_t k = threadIdx.x; k < inner; k += blockDim.x) put(out + k, in[k], add);
    }
}

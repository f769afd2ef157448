// What the kernels of attention on tensor cores share: tiles of bf16 in shared memory, and the two products that
// everything is made of.
//
// A block owns R rows of one head, of queries or of keys, and the rows of the other kind pass by, C at once. Each of
// its 4 warps has R / 4 of the rows, M times 16, and all that is summed for them: in registers, as the fragments of
// mma.cuh. There a row is in 4 lanes, and each lane has 2 M of them.
// D: columns of a tile of rows, as many as the head's features (dim) or more, 0 past those; D is 32, 64, 128 or 256.
#pragma once
#include "cuda/async.cuh"
#include "cuda/mma.cuh"
#include "ops/attention/head.cuh"

namespace attention {
namespace tensor {

constexpr int WARPS = THREADS / 32;
// Lanes that share a row of a fragment.
constexpr int QUAD = 4;
// Elements that are moved at once.
constexpr int WIDTH = 16 / sizeof(bf16);

// From a row of a tile to the next: an odd number of packs, as mma.cuh would have it.
template <int D>
constexpr int STEP = D + WIDTH;

__device__ __forceinline__ int warp() { return threadIdx.x / 32; }

// The first of this warp's rows, of the block's.
__device__ __forceinline__ int own_rows(int M) { return warp() * M * MMA_ROWS; }

// The row in its warp's tile of 16 of number e of a fragment of sums.
__device__ __forceinline__ int fragment_row(int e) { return threadIdx.x % 32 / QUAD + e / 2 * 8; }
// Its column in 8.
__device__ __forceinline__ int fragment_column(int e) { return threadIdx.x % QUAD * 2 + e % 2; }

// The first `count` of a pack of elements, and 0 behind them.
__device__ __forceinline__ Run<bf16, WIDTH> load_some(const bf16* from, int count) {
    Values<WIDTH> pack = {};
#pragma unroll
    for (int e = 0; e < WIDTH; e++) {
        if (e < count) pack.x[e] = from[e];
    }
    return Run<bf16, WIDTH>::of(pack);
}

// This thread's packs of the rows from some first on, which follow one another to tiles [N, D]: one of every ROWS rows,
// always of the same columns. What is past the last column and the last row is 0.
template <int N, int D>
struct Packs {
    static constexpr int PACKS = D / WIDTH, ROWS = THREADS / PACKS;
    static_assert(ROWS * PACKS == THREADS && N % ROWS == 0, "every thread has as many packs of each tile");

    const bf16* next;
    // From there to the one behind it.
    int64_t step;
    // Rows from that of `next` on; none or fewer if there is nothing in any.
    int rows;
    // Elements of a pack, of which there may be none or more than a pack has; all packs are whole, or none.
    int count, whole;

    __device__ __forceinline__ Packs(const Rows<const bf16>& all, int first)
        : step(ROWS * all.stride), count(all.dim - column()), whole(all.whole(WIDTH)) {
        next = all.at(first + row(), column());
        rows = count > 0 ? all.count - first - row() : 0;
    }
    // Where in a tile the first is.
    static __device__ __forceinline__ int row() { return threadIdx.x / PACKS; }
    static __device__ __forceinline__ int column() { return threadIdx.x % PACKS * WIDTH; }

    // Calls f(pack, row, there) for those of the next tile, whose rows are counted from the first of them.
    template <int ROW = 0, class F>
    __device__ __forceinline__ void each(F f) {
        f(next, Constant<ROW>(), rows > 0);
        next += step;
        rows -= ROWS;
        if constexpr (ROW + ROWS < N) each<ROW + ROWS>(f);
    }
    // tile [N, D] = the next, when they have been waited for
    __device__ __forceinline__ void start(bf16* tile) {
        tile += row() * STEP<D> + column();
        if (whole) {
            each([&](const bf16* pack, auto row, bool there) {
                copy_async<16, decltype(row)::value * STEP<D>>(tile, pack, there);
            });
        } else {
            each([&](const bf16* pack, auto row, bool there) {
                store_run(tile + row.value * STEP<D>, load_some(pack, there ? count : 0));
            });
        }
    }
};

// What is known of a row of dy stands behind it: the padding has room for it.
template <int D>
__device__ __forceinline__ Known& tail(bf16* tile, int row) {
    return *reinterpret_cast<Known*>(tile + row * STEP<D> + D);
}

// Finds that of the rows of dy from `first` on, which this thread has started to copy to the tile, and waited for; also
// for the kernel that reads it, if there is one.
template <int N, int D>
__device__ __forceinline__ void find_tails(bf16* tile, Known* known, const Rows<const bf16>& y, const scalar* lse,
                                           int first) {
    Packs<N, D> packs(y, first);
    packs.each([&](const bf16* pack, auto from, bool there) {
        int row = from.value + packs.row();
        Run<bf16, WIDTH> by = {}, of = load_run<WIDTH>(tile + row * STEP<D> + packs.column());
        if (packs.whole) {
            if (there) by = load_run<WIDTH>(pack);
        } else {
            by = load_some(pack, there ? packs.count : 0);
        }
        float sum = 0.0f;
#pragma unroll
        for (int e = 0; e < WIDTH; e++) sum = fmaf(of.at(e), by.at(e), sum);
        // The packs of a row are in neighbouring lanes.
        sum = fold_lanes<D / WIDTH>(sum, Plus());
        if (packs.column() != 0) return;
        // 0 past the last row: p is finite, and meets rows of 0.
        Known found = {sum, there ? LOG2E * lse[first + row] : 0.0f};
        tail<D>(tile, row) = found;
        if (known && there) known[first + row] = found;
    });
}

// Starts to copy that of rows from `first` on, 0 past the last of `count`.
template <int N, int D>
__device__ __forceinline__ void start_tails(bf16* tile, const Known* known, int count, int first) {
    static_assert(N <= THREADS, "a thread for each");
    int row = threadIdx.x;
    if (row >= N) return;
    bool there = first + row < count;
    copy_async<sizeof(Known)>(&tail<D>(tile, row), known + first + row, there);
}

template <int M, int J>
__device__ __forceinline__ void clear(FragmentC (&s)[M][J]) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int j = 0; j < J; j++) s[m][j] = {};
    }
}

// s [16 M, C] = a b^T, of this warp's rows of a [R, D], and of b [C, D]; J = C / 8.
template <int D, int M, int J>
__device__ __forceinline__ void dot_rows(FragmentC (&s)[M][J], const bf16* a, const bf16* b) {
    a += own_rows(M) * STEP<D>;
    clear(s);
#pragma unroll
    for (int d = 0; d < D; d += MMA_INNER) {
        FragmentA left[M];
#pragma unroll
        for (int m = 0; m < M; m++) left[m] = load_a(a + m * MMA_ROWS * STEP<D> + d, STEP<D>);
#pragma unroll
        for (int j = 0; j < J; j += 2) {
            FragmentB right[2];
            load_b_transposed(right, b + j * MMA_COLUMNS * STEP<D> + d, STEP<D>);
#pragma unroll
            for (int m = 0; m < M; m++) {
                mma(s[m][j], left[m], right[0]);
                mma(s[m][j + 1], left[m], right[1]);
            }
        }
    }
}

// y [16 M, 8 N] += weights x, weights [16 M, C], each rounded to bf16, x [C, D] of whose columns the first 8 N count;
// J = C / 8.
template <int D, int M, int J, int N>
__device__ __forceinline__ void add_weighted(FragmentC (&y)[M][N], const FragmentC (&weights)[M][J], const bf16* x) {
#pragma unroll
    for (int j = 0; j < J; j += 2) {
        FragmentA left[M];
#pragma unroll
        for (int m = 0; m < M; m++) {
            const FragmentC &first = weights[m][j], &second = weights[m][j + 1];
            left[m] = {pack_bf16(first.x[0], first.x[1]), pack_bf16(first.x[2], first.x[3]),
                       pack_bf16(second.x[0], second.x[1]), pack_bf16(second.x[2], second.x[3])};
        }
#pragma unroll
        for (int n = 0; n < N; n += 2) {
            FragmentB right[2];
            load_b(right, x + j * MMA_COLUMNS * STEP<D> + n * MMA_COLUMNS, STEP<D>);
#pragma unroll
            for (int m = 0; m < M; m++) {
                mma(y[m][n], left[m], right[0]);
                mma(y[m][n + 1], left[m], right[1]);
            }
        }
    }
}

// Calls f(number, row, column) for the numbers of a tile [16 M, C] of sums that are this lane's. Both are counted from
// those of its first number, so that they are the same for all lanes; J = C / 8.
template <int M, int J, class F>
__device__ __forceinline__ void each_sum(FragmentC (&s)[M][J], F f) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int j = 0; j < J; j++) {
#pragma unroll
            for (int e = 0; e < 4; e++) f(s[m][j].x[e], m * MMA_ROWS + e / 2 * 8, j * MMA_COLUMNS + e % 2);
        }
    }
}

// The rows from `first` on, from `column` on, = or += scale y
template <int M, int N>
__device__ __forceinline__ void put_rows(const Rows<bf16>& rows, int first, int column, const FragmentC (&y)[M][N],
                                         float scale, int add) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = first + own_rows(M) + m * MMA_ROWS + fragment_row(2 * half);
            if (row >= rows.count) continue;
#pragma unroll
            for (int n = 0; n < N; n++) {
                int at = column + n * MMA_COLUMNS + fragment_column(0);
                float one = scale * y[m][n].x[2 * half], two = scale * y[m][n].x[2 * half + 1];
                if (rows.whole(2)) {
                    if (at < rows.dim) put(rows.at(row, at), Values<2>{{one, two}}, add);
                } else {
                    if (at < rows.dim) put(rows.at(row, at), one, add);
                    if (at + 1 < rows.dim) put(rows.at(row, at + 1), two, add);
                }
            }
        }
    }
}

}  // namespace tensor
}  // namespace attention

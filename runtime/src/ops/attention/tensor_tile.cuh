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

// Elements of a row from `column` on, RUN at once, 0 past the last column and the last row.
template <int RUN>
__device__ __forceinline__ Run<bf16, WIDTH> load_pack(const Rows<const bf16>& rows, int row, int column) {
    int count = row < rows.count ? rows.dim - column : 0;
    if (RUN == WIDTH) return count > 0 ? load_run<WIDTH>(rows.at(row, column)) : Run<bf16, WIDTH>{};
    Values<WIDTH> pack = {};
#pragma unroll
    for (int e = 0; e < WIDTH; e++) {
        if (e < count) pack.x[e] = *rows.at(row, column + e);
    }
    return Run<bf16, WIDTH>::of(pack);
}

// Calls f(run, row, column) for the packs of a tile [N, D] that are this thread's, of rows from which `run` elements
// can be loaded at once; if that is a whole pack, for all at once.
template <int N, int D, class F>
__device__ __forceinline__ void each_tile_pack(const Rows<const bf16>& rows, F f) {
    constexpr int PACKS = D / WIDTH, TURNS = N * PACKS / THREADS;
    static_assert(TURNS * THREADS == N * PACKS, "every thread has as many packs");
    auto turn = [&](auto run, int i) {
        int pack = i * THREADS + threadIdx.x;
        f(run, pack / PACKS, pack % PACKS * WIDTH);
    };
    if (rows.whole(WIDTH)) {
#pragma unroll
        for (int i = 0; i < TURNS; i++) turn(Constant<WIDTH>(), i);
    } else {
#pragma unroll 1
        for (int i = 0; i < TURNS; i++) turn(Constant<1>(), i);
    }
}

// tile [N, D] = the rows from `first` on, when they have been waited for
template <int N, int D>
__device__ __forceinline__ void start_tile(bf16* tile, const Rows<const bf16>& rows, int first) {
    each_tile_pack<N, D>(rows, [&](auto run, int row, int column) {
        constexpr int RUN = decltype(run)::value;
        bf16* to = tile + row * STEP<D> + column;
        if (RUN == WIDTH) {
            bool there = first + row < rows.count && column < rows.dim;
            copy_async<16>(to, there ? rows.at(first + row, column) : rows.first, there);
        } else {
            store_run(to, load_pack<RUN>(rows, first + row, column));
        }
    });
}

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
    each_tile_pack<N, D>(y, [&](auto run, int row, int column) {
        Run<bf16, WIDTH> by = load_pack<decltype(run)::value>(y, first + row, column);
        Run<bf16, WIDTH> pack = load_run<WIDTH>(tile + row * STEP<D> + column);
        float sum = 0.0f;
#pragma unroll
        for (int e = 0; e < WIDTH; e++) sum = fmaf(pack.at(e), by.at(e), sum);
        // The packs of a row are in neighbouring lanes.
        sum = fold_lanes<D / WIDTH>(sum, Plus());
        if (column != 0) return;
        // 0 past the last row: p is finite, and meets rows of 0.
        Known of = {sum, first + row < y.count ? LOG2E * lse[first + row] : 0.0f};
        tail<D>(tile, row) = of;
        if (known && first + row < y.count) known[first + row] = of;
    });
}

// Starts to copy that of rows from `first` on, 0 past the last of `count`.
template <int N, int D>
__device__ __forceinline__ void start_tails(bf16* tile, const Known* known, int count, int first) {
    static_assert(N <= THREADS, "a thread for each");
    int row = threadIdx.x;
    if (row >= N) return;
    bool there = first + row < count;
    copy_async<sizeof(Known)>(&tail<D>(tile, row), known + (there ? first + row : 0), there);
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

// Calls f(number, row, column) for the numbers of a tile [R, C] of sums that are this lane's.
template <int M, int J, class F>
__device__ __forceinline__ void each_sum(FragmentC (&s)[M][J], F f) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int j = 0; j < J; j++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                int row = own_rows(M) + m * MMA_ROWS + fragment_row(e);
                f(s[m][j].x[e], row, j * MMA_COLUMNS + fragment_column(e));
            }
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

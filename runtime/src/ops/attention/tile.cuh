// What the kernels of attention that multiply by fmaf share: tiles in shared memory, which are of f32, and the two products
// that everything is made of.
//
// A block owns R rows of one head, of queries or of keys, and the rows of the other kind pass by, C at once.
// D: columns of a tile of rows, 0 past the head's features (dim); D is 32, 64, 128 or 256, and as many as those or more,
// but in `wide.cuh`. T: elements.
//
// 16 groups of 8 lanes: group g owns the rows g + 16 i. Of a tile of scores [R, C], lane l owns the columns l + 8 j; of
// rows of D, the fours of columns from 4 l + 32 j on. So the lanes of a warp (4 groups) read 4 rows of the one factor
// and 8 of the other, each from banks of its own, and what is known of a row (its maximum, its sum) is in the registers
// of its 8 lanes.
#pragma once
#include "ops/attention/head.cuh"

namespace attention {

constexpr int LANES = 8;
constexpr int GROUPS = 16;
static_assert(LANES * GROUPS == THREADS, "every thread has a place");
// Of a multiprocessor, for which there are registers: 168 for each thread.
constexpr int BLOCKS = 3;

__device__ __forceinline__ int lane() { return threadIdx.x % LANES; }
__device__ __forceinline__ int group() { return threadIdx.x / LANES; }

// From a row of a tile to the next, so that neighbours are 4 banks apart.
template <int D>
constexpr int ROW_STEP = D + 4;
// Of a tile of weights: 8 banks, so that a warp that writes 8 columns of 4 rows meets each bank once.
template <int C>
constexpr int WEIGHT_STEP = C + 8;

typedef Values<4> Floats;

__device__ __forceinline__ Floats& floats(float* at) { return *reinterpret_cast<Floats*>(at); }
__device__ __forceinline__ const Floats& floats(const float* at) { return *reinterpret_cast<const Floats*>(at); }

// Elements of a row from `column` on, 0 past the last column and the last row.
template <class T>
__device__ __forceinline__ Floats load_four(const Rows<T>& rows, int row, int column) {
    Floats four = {};
    int count = row < rows.count ? rows.dim - column : 0;
    if (rows.whole(4)) {
        if (count > 0) four = load<4>(rows.at(row, column));
    } else {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            if (e < count) four.x[e] = *rows.at(row, column + e);
        }
    }
    return four;
}

// The elements of a row from `column` on, as many as there are, = or += scale four.
template <class T>
__device__ __forceinline__ void put_four(const Rows<T>& rows, int row, int column, Floats four, float scale, int add) {
    Floats before = {};
    if (add) before = load_four(rows, row, column);
#pragma unroll
    for (int e = 0; e < 4; e++) four.x[e] = add ? fmaf(scale, four.x[e], before.x[e]) : scale * four.x[e];
    int count = row < rows.count ? rows.dim - column : 0;
    if (rows.whole(4)) {
        if (count > 0) store(rows.at(row, column), four);
    } else {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            if (e < count) *rows.at(row, column + e) = (T)four.x[e];
        }
    }
}

// Over the 8 lanes of a group; every lane gets the result.
__device__ __forceinline__ float group_sum(float x) { return fold_lanes<LANES>(x, Plus()); }
__device__ __forceinline__ float group_max(float x) { return fold_lanes<LANES>(x, Larger()); }

// tile [N, D] = the rows from `first` on
template <int N, int D, class T>
__device__ __forceinline__ void load_tile(float* tile, const Rows<const T>& rows, int first) {
#pragma unroll
    for (int row = group(); row < N; row += GROUPS) {
#pragma unroll
        for (int column = 4 * lane(); column < D; column += 4 * LANES) {
            floats(tile + row * ROW_STEP<D> + column) = load_four(rows, first + row, column);
        }
    }
}

// The same of dy, and delta [i] = the sum of y dy of row group() + 16 i, in every lane of the group
template <int N, int D>
__device__ __forceinline__ void load_tile(float* tile, float (&delta)[N / GROUPS], const Rows<const float>& dy,
                                          const Rows<const float>& y, int first) {
#pragma unroll
    for (int i = 0; i < N / GROUPS; i++) {
        int row = group() + i * GROUPS;
        delta[i] = 0.0f;
#pragma unroll
        for (int column = 4 * lane(); column < D; column += 4 * LANES) {
            Floats four = load_four(dy, first + row, column), by = load_four(y, first + row, column);
            floats(tile + row * ROW_STEP<D> + column) = four;
#pragma unroll
            for (int e = 0; e < 4; e++) delta[i] = fmaf(four.x[e], by.x[e], delta[i]);
        }
        delta[i] = group_sum(delta[i]);
    }
}

template <int I, int J>
__device__ __forceinline__ void clear(float (&s)[I][J]) {
#pragma unroll
    for (int i = 0; i < I; i++) {
#pragma unroll
        for (int j = 0; j < J; j++) s[i][j] = 0.0f;
    }
}

// s [R, C] += a b^T, a [R, D], b [C, D], of whose columns the first `dim` count; I = R / 16, J = C / 8.
template <int D, int I, int J>
__device__ __forceinline__ void add_dots(float (&s)[I][J], const float* a, const float* b, int dim) {
    a += group() * ROW_STEP<D>;
    b += lane() * ROW_STEP<D>;
    // Two steps at once where one has little to do, and leaves registers.
#pragma unroll(I * J < 16 ? 2 : 1)
    for (int d = 0; d < dim; d += 4) {
        Floats left[I], right[J];
#pragma unroll
        for (int i = 0; i < I; i++) left[i] = floats(a + i * GROUPS * ROW_STEP<D> + d);
#pragma unroll
        for (int j = 0; j < J; j++) right[j] = floats(b + j * LANES * ROW_STEP<D> + d);
#pragma unroll
        for (int e = 0; e < 4; e++) {
#pragma unroll
            for (int i = 0; i < I; i++) {
#pragma unroll
                for (int j = 0; j < J; j++) s[i][j] = fmaf(left[i].x[e], right[j].x[e], s[i][j]);
            }
        }
    }
}

// s = a b^T
template <int D, int I, int J>
__device__ __forceinline__ void dot_rows(float (&s)[I][J], const float* a, const float* b, int dim) {
    clear(s);
    add_dots<D>(s, a, b, dim);
}

// Puts a tile of weights [R, C] where the other lanes of its rows' groups, all of this warp, can read it.
template <int I, int J>
__device__ __forceinline__ void share_weights(float* weights, const float (&w)[I][J]) {
    // What was there has been read.
    __syncwarp();
#pragma unroll
    for (int i = 0; i < I; i++) {
        float* row = weights + (group() + i * GROUPS) * WEIGHT_STEP<J * LANES> + lane();
#pragma unroll
        for (int j = 0; j < J; j++) row[j * LANES] = w[i][j];
    }
    __syncwarp();
}

// y [R, D] += weights x, weights [R, C], x [C, D], of whose rows the first `count` count: weights are 0 past them.
template <int D, int C, int I>
__device__ __forceinline__ void add_weighted(Floats (&y)[I][D / 32], const float* weights, const float* x, int count) {
    weights += group() * WEIGHT_STEP<C>;
    x += 4 * lane();
#pragma unroll 1
    for (int c = 0; c < count; c += 4) {
        Floats w[I];
#pragma unroll
        for (int i = 0; i < I; i++) w[i] = floats(weights + i * GROUPS * WEIGHT_STEP<C> + c);
#pragma unroll
        for (int e = 0; e < 4; e++) {
#pragma unroll
            for (int k = 0; k < D / 32; k++) {
                Floats four = floats(x + (c + e) * ROW_STEP<D> + 32 * k);
#pragma unroll
                for (int i = 0; i < I; i++) {
#pragma unroll
                    for (int f = 0; f < 4; f++) y[i][k].x[f] = fmaf(w[i].x[e], four.x[f], y[i][k].x[f]);
                }
            }
        }
    }
}

// The rows from `first` on = or += scale y
template <int D, int I, class T>
__device__ __forceinline__ void put_rows(const Rows<T>& rows, int first, const Floats (&y)[I][D / 32],
                                         const float (&scale)[I], int add) {
#pragma unroll
    for (int i = 0; i < I; i++) {
#pragma unroll
        for (int k = 0; k < D / 32; k++) {
            put_four(rows, first + group() + i * GROUPS, 4 * lane() + 32 * k, y[i][k], scale[i], add);
        }
    }
}

// The same, all by one scale.
template <int D, int I, class T>
__device__ __forceinline__ void put_rows(const Rows<T>& rows, int first, const Floats (&y)[I][D / 32], float scale,
                                         int add) {
    float scales[I];
#pragma unroll
    for (int i = 0; i < I; i++) scales[i] = scale;
    put_rows<D>(rows, first, y, scales, add);
}

}  // namespace attention

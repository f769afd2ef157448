// LayerNorm on a GPU: y = (x - mean) rstd weight + bias, or the same of sum = x + plus; with g = dy weight and n =
// (x - mean) rstd, dx = rstd (g - mean(g) - n mean(g n)), dweight = sum of dy n, dbias = sum of dy. y, mean, rstd, sum: =;
// dx, dweight, dbias: = or +=. Checked against `ops/layer_norm/cpu.rs`.
//
// R: rows of all samples; D: elements of a row, `dim`. What is absent is a null pointer: weight is 1, bias 0.
#include "remat.cuh"
#include "cuda/rows.cuh"

template <int WIDTH>
__device__ __forceinline__ Values<WIDTH> load_weight(const param* weight, int64_t i) {
    if (weight) return load<WIDTH>(weight + i);
    Values<WIDTH> ones;
#pragma unroll
    for (int j = 0; j < WIDTH; j++) ones.x[j] = 1.0f;
    return ones;
}

// What is normalized: x, or x + plus as it is stored.
template <int WIDTH>
__device__ __forceinline__ Values<WIDTH> load_sum(const elem* x, const elem* plus, int64_t i) {
    Values<WIDTH> run = load<WIDTH>(x + i);
    if (plus) {
        Values<WIDTH> other = load<WIDTH>(plus + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) run.x[j] = (float)(elem)(run.x[j] + other.x[j]);
    }
    return run;
}

// A row of y, and of the sum, if that is wanted; its mean and rstd by all threads of the team. x and plus are added anew
// each time: both are in the first cache, and the sum is on its way to memory.
template <int WIDTH, class Team>
__device__ __forceinline__ void normalize(Team team, elem* y, float& mean, float& rstd, elem* s, const elem* x,
                                          const elem* plus, const param* weight, const param* bias, int64_t dim,
                                          float eps, float* partial) {
    float sum = 0.0f, squares = 0.0f;
    each_of_row<WIDTH>(team, dim, [&](int64_t i) {
        Values<WIDTH> run = load_sum<WIDTH>(x, plus, i);
        if (s) store(s + i, run);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) sum += run.x[j];
    });
    mean = team.fold(sum, partial, Plus()) / (float)dim;
    each_of_row<WIDTH>(team, dim, [&](int64_t i) {
        Values<WIDTH> run = load_sum<WIDTH>(x, plus, i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) squares += (run.x[j] - mean) * (run.x[j] - mean);
    });
    float variance = team.fold(squares, partial + MOST_WARPS, Plus()) / (float)dim;
    rstd = 1.0f / sqrtf(variance + eps);
    each_of_row<WIDTH>(team, dim, [&](int64_t i) {
        Values<WIDTH> run = load_sum<WIDTH>(x, plus, i);
        Values<WIDTH> w = load_weight<WIDTH>(weight, i), b = {};
        if (bias) b = load<WIDTH>(bias + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) run.x[j] = fmaf((run.x[j] - mean) * rstd, w.x[j], b.x[j]);
        store(y + i, run);
    });
}

// y, x: [R, D], which may be one; sum, plus: [R, D], or none; mean, rstd: [R], or none; weight, bias: [D], or none
extern "C" __global__ void layer_norm_forward(elem* y, scalar* mean, scalar* rstd, elem* sum, const elem* x,
                                              const elem* plus, const param* weight, const param* bias, int64_t rows,
                                              int64_t dim, float eps, int32_t team) {
    REMAT_SHARED(float, partial, 2 * MOST_WARPS);
    with_team(team, dim, [&](auto team, auto width) {
        int64_t row = team.row(), start = row * dim;
        if (row >= rows) return;
        float row_mean, row_rstd;
        normalize<decltype(width)::value>(team, y + start, row_mean, row_rstd, sum ? sum + start : nullptr, x + start,
                                          plus ? plus + start : nullptr, weight, bias, dim, eps, partial);
        if (team.rank() == 0 && mean) mean[row] = row_mean;
        if (team.rank() == 0 && rstd) rstd[row] = row_rstd;
    });
}

template <int WIDTH, class Team>
__device__ __forceinline__ void row_gradient(Team team, elem* dx, const elem* dy, const elem* x, float mean,
                                             float rstd, const param* weight, int64_t dim, int add, float* partial) {
    // Of g, and of g n.
    float sums[2] = {0.0f, 0.0f};
    each_of_row<WIDTH>(team, dim, [&](int64_t i) {
        Values<WIDTH> d = load<WIDTH>(dy + i), run = load<WIDTH>(x + i);
        Values<WIDTH> w = load_weight<WIDTH>(weight, i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            float g = d.x[j] * w.x[j], n = (run.x[j] - mean) * rstd;
            sums[0] += g;
            sums[1] += g * n;
        }
    });
    team.fold(sums, partial, Plus());
    float mean_g = sums[0] / (float)dim, mean_gn = sums[1] / (float)dim;
    each_of_row<WIDTH>(team, dim, [&](int64_t i) {
        Values<WIDTH> d = load<WIDTH>(dy + i), run = load<WIDTH>(x + i);
        Values<WIDTH> w = load_weight<WIDTH>(weight, i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            float g = d.x[j] * w.x[j], n = (run.x[j] - mean) * rstd;
            run.x[j] = rstd * fmaf(-n, mean_gn, g - mean_g);
        }
        put(dx + i, run, add);
    });
}

// dx, dy, x: [R, D]; mean, rstd: [R]; weight: [D], or none. dx may be dy: an element is one thread's, and its row's sums
// are there before the first of it is written.
extern "C" __global__ void layer_norm_backward_rows(elem* dx, const elem* dy, const elem* x, const scalar* mean,
                                                    const scalar* rstd, const param* weight, int64_t rows, int64_t dim,
                                                    int32_t team, int32_t add) {
    REMAT_SHARED(float, partial, 2 * MOST_WARPS);
    with_team(team, dim, [&](auto team, auto width) {
        int64_t row = team.row(), start = row * dim;
        if (row >= rows) return;
        row_gradient<decltype(width)::value>(team, dx + start, dy + start, x + start, mean[row], rstd[row], weight,
                                             dim, add, partial);
    });
}

// Threads of a block that sums down columns, as in `cuda.rs`.
constexpr int COLUMN_THREADS = 512;

// dweight, dbias: [D], or none; dy, x: [R, D]; mean, rstd: [R]. A block takes `columns` columns of all rows, so that no
// sums have to be kept between blocks; its threads beside one another take columns, and those below other rows.
extern "C" __global__ void layer_norm_backward_columns(param* dweight, param* dbias, const elem* dy, const elem* x,
                                                       const scalar* mean, const scalar* rstd, int64_t rows,
                                                       int64_t dim, int32_t columns, int32_t add_dweight,
                                                       int32_t add_dbias) {
    REMAT_SHARED(float, shared, 2 * COLUMN_THREADS);
    int64_t column = (int64_t)blockIdx.x * columns + threadIdx.x % columns;
    int step = blockDim.x / columns;
    // Of dy n, and of dy.
    float sums[2] = {0.0f, 0.0f};
    if (column < dim) {
#pragma unroll 4
        for (int64_t row = threadIdx.x / columns; row < rows; row += step) {
            float d = dy[row * dim + column], n = (x[row * dim + column] - mean[row]) * rstd[row];
            sums[0] = fmaf(d, n, sums[0]);
            sums[1] += d;
        }
    }
    sum_columns(sums, shared, columns);
    if ((int)threadIdx.x >= columns || column >= dim) return;
    if (dweight) dweight[column] = add_dweight ? dweight[column] + sums[0] : sums[0];
    if (dbias) dbias[column] = add_dbias ? dbias[column] + sums[1] : sums[1];
}

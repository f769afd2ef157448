// Softmax on a GPU: y = exp(x - max x) / sum of exp(x - max x), dx = y (dy - sum of y dy), over an axis. y: =; dx: = or
// +=. Checked against `ops/softmax/cpu.rs`.
//
// O: the product of the axes before it, with the batch; L: its length; I: the product of the axes after it. With I = 1
// a team of threads takes a row; else a thread takes a column of L elements, its neighbours those beside it.
#include "remat.cuh"
#include "cuda/rows.cuh"
#include "ops/softmax/row.cuh"

template <int WIDTH, class Team>
__device__ __forceinline__ void forward(Team team, elem* y, const elem* x, int64_t len, float* partial) {
    Exponentials all = exponentials<WIDTH>(team, x, len, partial);
    float scale = 1.0f / all.sum;
    each_of_row<WIDTH>(team, len, [&](int64_t i) {
        Values<WIDTH> run = load<WIDTH>(x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) run.x[j] = fast_exp(run.x[j] - all.max) * scale;
        store(y + i, run);
    });
}

template <int WIDTH, class Team>
__device__ __forceinline__ void backward(Team team, elem* dx, const elem* dy, const elem* y, int64_t len, int add,
                                         float* partial) {
    float sum = 0.0f;
    each_of_row<WIDTH>(team, len, [&](int64_t i) {
        Values<WIDTH> a = load<WIDTH>(y + i), b = load<WIDTH>(dy + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) sum = fmaf(a.x[j], b.x[j], sum);
    });
    sum = team.fold(sum, partial, Plus());
    each_of_row<WIDTH>(team, len, [&](int64_t i) {
        Values<WIDTH> a = load<WIDTH>(y + i), b = load<WIDTH>(dy + i), before = {};
        if (add) before = load<WIDTH>(dx + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) before.x[j] = fmaf(a.x[j], b.x[j] - sum, before.x[j]);
        store(dx + i, before);
    });
}

// y, x: [rows, len]
extern "C" __global__ void softmax_forward_rows(elem* y, const elem* x, int64_t rows, int64_t len, int32_t team) {
    REMAT_SHARED(float, partial, 2 * MOST_WARPS);
    with_team(team, len, [&](auto team, auto width) {
        int64_t start = team.row() * len;
        if (team.row() < rows) forward<decltype(width)::value>(team, y + start, x + start, len, partial);
    });
}

// dx, dy, y: [rows, len]
extern "C" __global__ void softmax_backward_rows(elem* dx, const elem* dy, const elem* y, int64_t rows, int64_t len,
                                                 int32_t team, int32_t add) {
    REMAT_SHARED(float, partial, MOST_WARPS);
    with_team(team, len, [&](auto team, auto width) {
        int64_t start = team.row() * len;
        if (team.row() < rows) {
            backward<decltype(width)::value>(team, dx + start, dy + start, y + start, len, add, partial);
        }
    });
}

// The first element of this thread's column; -1 if it has none.
__device__ __forceinline__ int64_t first_of_column(int64_t columns, int64_t len, int64_t inner) {
    int64_t column = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    return column < columns ? column / inner * len * inner + column % inner : -1;
}

// y, x: [O, L, I]; columns = O I
extern "C" __global__ void softmax_forward_columns(elem* y, const elem* x, int64_t columns, int64_t len,
                                                   int64_t inner) {
    int64_t start = first_of_column(columns, len, inner), end = start + len * inner;
    if (start < 0) return;
    Exponentials all;
    for (int64_t i = start; i < end; i += inner) take(all, load<1>(x + i));
    finish(all);
    for (int64_t i = start; i < end; i += inner) y[i] = (elem)(fast_exp(x[i] - all.max) / all.sum);
}

// dx, dy, y: [O, L, I]; columns = O I
extern "C" __global__ void softmax_backward_columns(elem* dx, const elem* dy, const elem* y, int64_t columns,
                                                    int64_t len, int64_t inner, int32_t add) {
    int64_t start = first_of_column(columns, len, inner), end = start + len * inner;
    if (start < 0) return;
    float sum = 0.0f;
    for (int64_t i = start; i < end; i += inner) sum = fmaf(y[i], dy[i], sum);
    for (int64_t i = start; i < end; i += inner) dx[i] = (elem)fmaf(y[i], dy[i] - sum, add ? (float)dx[i] : 0.0f);
}

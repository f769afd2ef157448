// Mean over an axis on a GPU: y = sum of x / L, dx = dy / L. y: =; dx: = or +=. Checked against `ops/mean/cpu.rs`.
//
// O: the product of the axes before it, with the batch; L: its length; I: the product of the axes after it. With I = 1
// a team of threads takes a row; else a block takes some columns of L elements, `lanes` threads to each.
#include "remat.cuh"
#include "cuda/rows.cuh"

// y: [rows]; x: [rows, len]
extern "C" __global__ void mean_forward_rows(elem* y, const elem* x, int64_t rows, int64_t len, int32_t team) {
    REMAT_SHARED(float, partial, MOST_WARPS);
    with_team(team, len, [&](auto team, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        int64_t row = team.row();
        if (row >= rows) return;
        float sum = 0.0f;
        each_of_row<WIDTH>(team, len, [&](int64_t i) {
            Values<WIDTH> run = load<WIDTH>(x + row * len + i);
#pragma unroll
            for (int j = 0; j < WIDTH; j++) sum += run.x[j];
        });
        sum = team.fold(sum, partial, Plus());
        if (team.rank() == 0) y[row] = (elem)(sum / (float)len);
    });
}

// dx: [rows, len]; dy: [rows]
extern "C" __global__ void mean_backward_rows(elem* dx, const elem* dy, int64_t rows, int64_t len, int32_t team,
                                              int32_t add) {
    with_team(team, len, [&](auto team, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        int64_t row = team.row();
        if (row >= rows) return;
        Values<WIDTH> run;
#pragma unroll
        for (int j = 0; j < WIDTH; j++) run.x[j] = dy[row] / (float)len;
        each_of_row<WIDTH>(team, len, [&](int64_t i) { put(dx + row * len + i, run, add); });
    });
}

// This thread's part of a column of [O, L, I].
struct Column {
    // The column, counted over all O I, and its first element.
    int64_t at, first;
    // This thread's elements: from `lane` on, every `lanes`-th.
    int lane;

    __device__ __forceinline__ Column(int64_t len, int64_t inner, int lanes) {
        int across = blockDim.x / lanes;
        at = (int64_t)blockIdx.x * across + threadIdx.x % across;
        first = at / inner * len * inner + at % inner;
        lane = threadIdx.x / across;
    }
};

// y: [O, I]; x: [O, L, I]; columns = O I
extern "C" __global__ void mean_forward_columns(elem* y, const elem* x, int64_t columns, int64_t len, int64_t inner,
                                                int32_t lanes) {
    REMAT_SHARED(float, shared, ROW_THREADS);
    Column column(len, inner, lanes);
    float sum[1] = {0.0f};
    if (column.at < columns) {
#pragma unroll 4
        for (int64_t l = column.lane; l < len; l += lanes) sum[0] += x[column.first + l * inner];
    }
    sum_columns(sum, shared, blockDim.x / lanes);
    if (column.lane == 0 && column.at < columns) y[column.at] = (elem)(sum[0] / (float)len);
}

// dx: [O, L, I]; dy: [O, I]; columns = O I
extern "C" __global__ void mean_backward_columns(elem* dx, const elem* dy, int64_t columns, int64_t len, int64_t inner,
                                                 int32_t lanes, int32_t add) {
    Column column(len, inner, lanes);
    if (column.at >= columns) return;
    float d = dy[column.at] / (float)len;
    for (int64_t l = column.lane; l < len; l += lanes) put(dx + column.first + l * inner, d, add);
}

// What several ops move and add: copies, sums over samples, broadcasts to samples, columns of rows.
// M: elements of a sample. B: samples. Writes are =, or += where `add` is.
#include "remat.cuh"

// to[n] = or += sign from[n]; `to` may be `from`.
extern "C" __global__ void elementwise_copy(elem* to, const elem* from, int64_t n, float sign, int32_t add) {
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> values = load<WIDTH>(from + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) values.x[j] *= sign;
        put(to + i, values, add);
    });
}

// y[B, M] = x[B, M] + weight[M], or weight[M] alone where there is no x.
extern "C" __global__ void elementwise_broadcast(elem* y, const elem* x, const param* weight, int64_t M, int64_t B) {
    int64_t step = (int64_t)gridDim.x * blockDim.x;
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < M; i += step) {
        float w = weight[i];
        for (int64_t sample = blockIdx.y; sample < B; sample += gridDim.y) {
            int64_t at = sample * M + i;
            y[at] = (elem)(x ? x[at] + w : w);
        }
    }
}

// dweight[total] = or += sum of dy[B, M] over the samples, in order; 0 from M on.
extern "C" __global__ void elementwise_sum_samples(
    param* dweight, const elem* dy, int64_t M, int64_t B, int64_t total, int32_t add) {
    int64_t step = (int64_t)gridDim.x * blockDim.x;
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < total; i += step) {
        float sum = 0.0f;
        if (i < M) {
            for (int64_t sample = 0; sample < B; sample++) sum += dy[sample * M + i];
        }
        dweight[i] = add ? dweight[i] + sum : sum;
    }
}

// Columns of rows: to[r, to_first + c] = or += from[r, from_first + c] for the c below `width`; rows of `to` have to_of
// elements, those of `from` from_of. Threads are [y: rows, x: columns].
extern "C" __global__ void elementwise_columns(
    elem* to, int64_t to_first, int64_t to_of, const elem* from, int64_t from_first, int64_t from_of, int64_t rows,
    int64_t width, int32_t add) {
    bool packs = (to_first | to_of | from_first | from_of | width) % PACK == 0;
    int64_t step = packs ? PACK : 1;
    for (int64_t r = (int64_t)blockIdx.y * blockDim.y + threadIdx.y; r < rows; r += (int64_t)gridDim.y * blockDim.y) {
        elem* out = to + r * to_of + to_first;
        const elem* in = from + r * from_of + from_first;
        int64_t c = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * step;
        for (; c < width; c += (int64_t)gridDim.x * blockDim.x * step) {
            if (packs) {
                put(out + c, load<PACK>(in + c), add);
            } else {
                put(out + c, in[c], add);
            }
        }
    }
}

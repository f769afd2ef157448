// What LayerNorm on a GPU normalizes: a row of x, or of the sum of x, which may be dropped out, and another value.
#pragma once
#include "cuda/rows.cuh"
#include "ops/dropout/mask.cuh"

namespace layer_norm {

template <int WIDTH>
__device__ __forceinline__ Values<WIDTH> load_weight(const param* weight, int64_t i) {
    if (weight) return load<WIDTH>(weight + i);
    Values<WIDTH> ones;
#pragma unroll
    for (int j = 0; j < WIDTH; j++) ones.x[j] = 1.0f;
    return ones;
}

// x + plus as it is stored.
template <int WIDTH>
__device__ __forceinline__ Run<elem, WIDTH> add(const Run<elem, WIDTH>& x, const Run<elem, WIDTH>& plus) {
    Values<WIDTH> sum;
#pragma unroll
    for (int j = 0; j < WIDTH; j++) sum.x[j] = x.at(j) + plus.at(j);
    return Run<elem, WIDTH>::of(sum);
}

// What is normalized: a row of x, or of x + plus, which is read and added anew each time it is gone through. Both are in
// the first cache then.
template <int WIDTH, class Team>
struct Read {
    Team team;
    const elem *x, *plus;
    int64_t dim;

    // Calls f(run, i) for the runs of the row that are this thread's, and where they begin.
    template <class F>
    __device__ __forceinline__ void each(F f) const {
        each_of_row<WIDTH>(team, dim, [&](int64_t i) {
            Run<elem, WIDTH> run = load_run<WIDTH>(x + i);
            f(plus ? add(run, load_run<WIDTH>(plus + i)) : run, i);
        });
    }
};

// The same of a row of whole packs, of which each thread has at most ELEMENTS, and keeps them: all are on their way before the
// first is waited for, and are read once.
template <int ELEMENTS, class Team>
struct Held {
    static constexpr int RUNS = ELEMENTS / PACK;
    typedef Run<elem, PACK> Pack;
    Team team;
    int64_t dim;
    Pack runs[RUNS];

    // `start`: where the row begins. If x is dropped out, that is where a group does.
    __device__ __forceinline__ Held(const Read<PACK, Team>& row, const dropout::Drawn& drawn, int64_t start)
        : team(row.team), dim(row.dim) {
        Pack others[RUNS];
        each_held<PACK, RUNS>(team, dim, [&](int r, int i) { runs[r] = load_run<PACK>(row.x + i); });
        if (!row.plus) return;
        each_held<PACK, RUNS>(team, dim, [&](int r, int i) { others[r] = load_run<PACK>(row.plus + i); });
        if (drawn.draws) drop_out(dropout::Mask(drawn), start);
        each_held<PACK, RUNS>(team, dim, [&](int r, int) { runs[r] = add(runs[r], others[r]); });
    }
    __device__ __forceinline__ void drop_out(const dropout::Mask& mask, int64_t start) {
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int r = 0; r < RUNS; r++) {
            int i = place<PACK>(team, r);
            // All lanes of a warp that has elements draw.
            if (i - lane * PACK >= (int)dim) continue;
            bool has = i < (int)dim;
            Pack left = mask.left(start + i, has ? runs[r] : Pack());
            if (has) runs[r] = left;
        }
    }
    template <class F>
    __device__ __forceinline__ void each(F f) const {
        each_held<PACK, RUNS>(team, dim, [&](int r, int i) { f(runs[r], i); });
    }
};

// y = the row, normalized; s = the row, if that is wanted. Every thread of the team gets mean and rstd.
template <int WIDTH, class Team, class Row>
__device__ __forceinline__ void normalize(Team team, const Row& row, elem* y, elem* s, float& mean, float& rstd,
                                          const param* weight, const param* bias, int64_t dim, float eps,
                                          float* partial) {
    float sum = 0.0f, squares = 0.0f;
    row.each([&](const Run<elem, WIDTH>& run, int64_t i) {
        if (s) store_run(s + i, run);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) sum += run.at(j);
    });
    mean = team.fold(sum, partial, Plus()) / (float)dim;
    row.each([&](const Run<elem, WIDTH>& run, int64_t) {
#pragma unroll
        for (int j = 0; j < WIDTH; j++) squares += (run.at(j) - mean) * (run.at(j) - mean);
    });
    float variance = team.fold(squares, partial + MOST_WARPS, Plus()) / (float)dim;
    rstd = 1.0f / sqrtf(variance + eps);
    row.each([&](const Run<elem, WIDTH>& run, int64_t i) {
        Values<WIDTH> w = load_weight<WIDTH>(weight, i), b = {}, to;
        if (bias) b = load<WIDTH>(bias + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) to.x[j] = fmaf((run.at(j) - mean) * rstd, w.x[j], b.x[j]);
        store(y + i, to);
    });
}

}  // namespace layer_norm

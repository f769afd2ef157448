// The largest element of a row and the sum of exp(x - largest), in one pass; as `row.rs`. Also for kernels that need
// the logarithm of that sum.
#pragma once
#include "remat.cuh"
#include "cuda/rows.cuh"

struct Exponentials {
    // -infinity if there are no elements; NaN if one is.
    float max = -INFINITY;
    // The sum of exp(x - max).
    float sum = 0.0f;
};

// Takes in more elements.
template <int WIDTH>
__device__ __forceinline__ void take(Exponentials& all, const Values<WIDTH>& run) {
    float max = all.max;
#pragma unroll
    for (int j = 0; j < WIDTH; j++) max = max_nan(max, run.x[j]);
    // So far there is nothing but what is masked: each exp is 0, but -infinity - -infinity is NaN.
    if (max == -INFINITY) return;
    float sum = all.max == max ? all.sum : all.sum * expf(all.max - max);
#pragma unroll
    for (int j = 0; j < WIDTH; j++) sum += expf(run.x[j] - max);
    all.max = max;
    all.sum = sum;
}

// The sum is NaN if the maximum is infinite.
__device__ __forceinline__ void finish(Exponentials& all) {
    if (all.max == -INFINITY) all.sum = NAN;
}

// Of a row of `len` elements; every thread of the team gets them. `partial` is shared memory for 2 MOST_WARPS numbers.
template <int WIDTH, class Team>
__device__ __forceinline__ Exponentials exponentials(Team team, const elem* x, int64_t len, float* partial) {
    Exponentials mine, all;
    each_of_row<WIDTH>(team, len, [&](int64_t i) { take(mine, load<WIDTH>(x + i)); });
    all.max = team.fold(mine.max, partial, Larger());
    float sum = mine.max == all.max ? mine.sum : mine.sum * expf(mine.max - all.max);
    all.sum = team.fold(sum, partial + MOST_WARPS, Plus());
    finish(all);
    return all;
}

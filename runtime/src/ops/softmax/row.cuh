// The largest element of a row and the sum of exp(x - largest), in one pass; as `row.rs`. Also for kernels that need
// the logarithm of that sum.
#pragma once
#include "cuda/math.cuh"
#include "cuda/rows.cuh"

struct Exponentials {
    // -infinity if there are no elements; it may have passed over a NaN.
    float max = -INFINITY;
    // The sum of exp(x - max); NaN if an element is.
    float sum = 0.0f;
};

// Takes in more elements.
template <int WIDTH>
__device__ __forceinline__ void take(Exponentials& all, const Values<WIDTH>& run) {
    float max = all.max;
#pragma unroll
    for (int j = 0; j < WIDTH; j++) max = fmaxf(max, run.x[j]);
    // Nothing so far but what is masked: exp(-inf - 0) = 0, where exp(-inf + inf) would be NaN.
    float shift = max == -INFINITY ? 0.0f : max;
    float sum = all.sum * fast_exp(all.max - shift);
#pragma unroll
    for (int j = 0; j < WIDTH; j++) sum += fast_exp(run.x[j] - shift);
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
    float sum = mine.max == all.max ? mine.sum : mine.sum * fast_exp(mine.max - all.max);
    all.sum = team.fold(sum, partial + MOST_WARPS, Plus());
    finish(all);
    return all;
}

// Mean squared error on a GPU: loss = mean of (x - target)^2, dx = 2 dloss (x - target) / (B L), dtarget = -dx. loss,
// scratch: =; dx, dtarget: = or +=. Checked against `ops/mse/cpu.rs`.
//
// B: samples; L: elements of a sample.
#include "remat.cuh"
#include "cuda/rows.cuh"
#include "ops/sum/total.cuh"

// The sum of squares of a sample: of the elements moved at once in f32, then in f64.
template <int WIDTH, class Team>
__device__ __forceinline__ double squares(Team team, const elem* x, const elem* target, int64_t len,
                                          double* partial) {
    double sum = 0.0;
    each_of_row<WIDTH>(team, len, [&](int64_t i) {
        Values<WIDTH> a = load<WIDTH>(x + i), b = load<WIDTH>(target + i);
        float some = 0.0f;
#pragma unroll
        for (int j = 0; j < WIDTH; j++) some += (a.x[j] - b.x[j]) * (a.x[j] - b.x[j]);
        sum += (double)some;
    });
    return team.fold(sum, partial, Plus());
}

// scratch: [B]; x, target: [B, L]
extern "C" __global__ void mse_samples(scalar* scratch, const elem* x, const elem* target, int64_t samples,
                                       int64_t len, int32_t team) {
    REMAT_SHARED(double, partial, MOST_WARPS);
    with_team(team, len, [&](auto team, auto width) {
        int64_t sample = team.row(), start = sample * len;
        if (sample >= samples) return;
        double sum = squares<decltype(width)::value>(team, x + start, target + start, len, partial);
        if (team.rank() == 0) scratch[sample] = (float)sum;
    });
}

// loss: [1]; scratch: [B]. n = B L. One block.
extern "C" __global__ void mse_mean(scalar* loss, const scalar* scratch, int64_t samples, int64_t n) {
    REMAT_SHARED(double, partial, MOST_WARPS);
    double sum = total(scratch, samples, partial);
    if (threadIdx.x == 0) *loss = (float)(sum / (double)n);
}

// dx, dtarget: [B, L], or none, of which one may be x; dloss: [1]; x, target: [B, L]. n = B L, twice = 2 / n.
extern "C" __global__ void mse_backward(elem* dx, elem* dtarget, const scalar* dloss, const elem* x,
                                        const elem* target, int64_t n, float twice, int32_t add_dx,
                                        int32_t add_dtarget) {
    float scale = twice * *dloss;
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> a = load<WIDTH>(x + i), b = load<WIDTH>(target + i), minus;
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            a.x[j] = scale * (a.x[j] - b.x[j]);
            minus.x[j] = -a.x[j];
        }
        if (dx) put(dx + i, a, add_dx);
        if (dtarget) put(dtarget + i, minus, add_dtarget);
    });
}

// Cross-entropy on a GPU. loss, lse, scratch: =; dlogits: = or +=. Checked against `ops/cross_entropy/cpu.rs`.
//
// R: rows of all samples; C: classes. sharp = 1 - label_smoothing, even = label_smoothing / C. With `ignores`, rows
// whose target is `ignored` have no loss and no gradient. A target that is no class makes its row's loss NaN; nothing
// is read for it.
#include "remat.cuh"
#include "cuda/rows.cuh"
#include "ops/softmax/row.cuh"
#include "ops/sum/total.cuh"

// A row's loss, by thread 0 of the team, and log-sum-exp.
template <int WIDTH, class Team>
__device__ __forceinline__ void row_loss(Team team, scalar* lse, scalar* loss, const elem* x, int64_t classes,
                                         uint32_t target, bool counted, float sharp, float even, float* partial) {
    Exponentials all = exponentials<WIDTH>(team, x, classes, partial);
    float log = logf(all.sum), below = 0.0f;
    if (even > 0.0f && counted) {
        each_of_row<WIDTH>(team, classes, [&](int64_t i) {
            Values<WIDTH> run = load<WIDTH>(x + i);
#pragma unroll
            for (int j = 0; j < WIDTH; j++) below += all.max - run.x[j];
        });
        below = team.fold(below, partial + 2 * MOST_WARPS, Plus());
    }
    if (team.rank() != 0) return;
    if (lse) *lse = all.max + log;
    // Both terms are at least 0, and neither has lost digits to a large maximum.
    float sure = target < classes ? (all.max - x[target]) + log : NAN;
    if (even > 0.0f) sure = fmaf(even, fmaf((float)classes, log, below), sharp * sure);
    *loss = counted ? sure : 0.0f;
}

// lse: [R], or none; scratch: [R]; logits: [R, C]; target: [R]
extern "C" __global__ void cross_entropy_rows(scalar* lse, scalar* scratch, const elem* logits, const uint32_t* target,
                                              int64_t rows, int64_t classes, int32_t ignores, uint32_t ignored,
                                              float sharp, float even, int32_t team) {
    REMAT_SHARED(float, partial, 3 * MOST_WARPS);
    with_team(team, classes, [&](auto team, auto width) {
        int64_t row = team.row();
        if (row >= rows) return;
        bool counted = !(ignores && target[row] == ignored);
        row_loss<decltype(width)::value>(team, lse ? lse + row : nullptr, scratch + row, logits + row * classes,
                                         classes, target[row], counted, sharp, even, partial);
    });
}

// How many of `rows` rows are not ignored; every thread of the block gets it.
__device__ __forceinline__ int64_t count(const uint32_t* target, int64_t rows, int ignores, uint32_t ignored,
                                         int64_t* partial) {
    if (!ignores) return rows;
    int64_t counted = 0;
    for (int64_t i = threadIdx.x; i < rows; i += blockDim.x) counted += target[i] != ignored;
    return fold_block(counted, partial, Plus());
}

// loss: [1]; scratch, target: [R]. One block.
extern "C" __global__ void cross_entropy_mean(scalar* loss, const scalar* scratch, const uint32_t* target, int64_t rows,
                                              int32_t ignores, uint32_t ignored) {
    REMAT_SHARED(double, sums, MOST_WARPS);
    REMAT_SHARED(int64_t, counts, MOST_WARPS);
    double sum = total(scratch, rows, sums);
    int64_t counted = count(target, rows, ignores, ignored, counts);
    if (threadIdx.x == 0) *loss = (float)(sum / (double)counted);
}

// dx = or += scale (softmax(x) - smoothed target); dx may be x: what a thread writes it has read, the target's
// element too, and no other reads it.
template <int WIDTH, class Team>
__device__ __forceinline__ void row_gradient(Team team, elem* dx, const elem* x, int64_t classes, float lse,
                                             int64_t target, float scale, float sharp, float even, int add) {
    each_of_row<WIDTH>(team, classes, [&](int64_t i) {
        Values<WIDTH> run = load<WIDTH>(x + i), to = {};
        if (add) to = load<WIDTH>(dx + i);
        uint32_t at = (uint32_t)(target - i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            float p = fast_exp(run.x[j] - lse) - even;
            // p - 1 is to be rounded before it is added to anything.
            to.x[j] = fmaf(scale, (uint32_t)j == at ? p - sharp : p, to.x[j]);
        }
        store(dx + i, to);
    });
}

// dlogits, logits: [R, C], which may be the same; dloss: [1]; lse, target: [R]; all: [A], the targets of all rows, of
// which these are some. Every block counts them anew, which are few beside logits.
extern "C" __global__ void cross_entropy_backward(elem* dlogits, const scalar* dloss, const elem* logits,
                                                  const scalar* lse, const uint32_t* target, const uint32_t* all,
                                                  int64_t rows, int64_t all_rows, int64_t classes, int32_t ignores, uint32_t ignored, float sharp,
                                                  float even, int32_t team, int32_t add) {
    REMAT_SHARED(int64_t, counts, MOST_WARPS);
    float scale = (float)((double)*dloss / (double)count(all, all_rows, ignores, ignored, counts));
    with_team(team, classes, [&](auto team, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        for (int64_t row = team.row(); row < rows; row += team.step()) {
            elem* dx = dlogits + row * classes;
            if (!(ignores && target[row] == ignored)) {
                row_gradient<WIDTH>(team, dx, logits + row * classes, classes, lse[row], target[row], scale, sharp,
                                    even, add);
            } else if (!add) {
                each_of_row<WIDTH>(team, classes, [&](int64_t i) { store(dx + i, Values<WIDTH>{}); });
            }
        }
    });
}

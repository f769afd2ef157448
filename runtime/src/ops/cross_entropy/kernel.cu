// Cross-entropy on a GPU. loss: =; dlogits: = or +=. Checked against `ops/cross_entropy/cpu.rs`.
//
// R: rows of all samples; C: classes. sharp = 1 - label_smoothing, even = label_smoothing / C. With `ignores`, rows
// whose target is `ignored` have no loss and no gradient. A target that is no class makes its row's loss NaN; nothing
// is read for it.
#include "remat.cuh"
#include "cuda/rows.cuh"
#include "ops/softmax/row.cuh"
#include "ops/sum/total.cuh"

// The loss of a row that is not ignored, and for every thread of the team its log-sum-exp. The loss is by the thread whose run
// the target's logit is in: it alone may write over that.
template <int WIDTH, class Team>
__device__ __forceinline__ float row_loss(Team team, scalar* loss, const elem* x, int64_t classes, uint32_t target, float sharp,
                                          float even, float* partial) {
    Exponentials all = exponentials<WIDTH>(team, x, classes, partial);
    float log = logf(all.sum), below = 0.0f;
    if (even > 0.0f) {
        each_of_row<WIDTH>(team, classes, [&](int64_t i) {
            Values<WIDTH> run = load<WIDTH>(x + i);
#pragma unroll
            for (int j = 0; j < WIDTH; j++) below += all.max - run.x[j];
        });
        below = team.fold(below, partial + 2 * MOST_WARPS, Plus());
    }
    if (team.rank() == (int)(target / WIDTH % Team::SIZE)) {
        // Both terms are at least 0, and neither has lost digits to a large maximum.
        float sure = target < classes ? (all.max - x[target]) + log : NAN;
        if (even > 0.0f) sure = fmaf(even, fmaf((float)classes, log, below), sharp * sure);
        *loss = sure;
    }
    return all.max + log;
}

// losses, target: [R]; logits: [R, C]
extern "C" __global__ void __launch_bounds__(LONG_ROW_THREADS, 2)
    cross_entropy_rows(scalar* losses, const elem* logits, const uint32_t* target, int64_t rows, int64_t classes,
                       int32_t ignores, uint32_t ignored, float sharp, float even, int32_t team) {
    REMAT_SHARED(float, partial, 3 * MOST_WARPS);
    with_team<LONG_ROW_THREADS>(team, classes, [&](auto team, auto width) {
        int64_t row = team.row();
        if (row >= rows) return;
        if (ignores && target[row] == ignored) {
            if (team.rank() == 0) losses[row] = 0.0f;
            return;
        }
        row_loss<decltype(width)::value>(team, losses + row, logits + row * classes, classes, target[row], sharp, even,
                                         partial);
    });
}

// How many of `rows` rows are not ignored; every thread of the block gets it.
__device__ __forceinline__ int64_t count(const uint32_t* target, int64_t rows, int ignores, uint32_t ignored,
                                         int64_t* partial) {
    if (!ignores) return rows;
    int64_t counted = 0;
    // Several are read before the first is counted.
#pragma unroll 8
    for (int64_t i = threadIdx.x; i < rows; i += blockDim.x) counted += target[i] != ignored;
    return fold_block(counted, partial, Plus());
}

// loss: [1]; losses, target: [R]. One block.
extern "C" __global__ void cross_entropy_mean(scalar* loss, const scalar* losses, const uint32_t* target, int64_t rows,
                                              int32_t ignores, uint32_t ignored) {
    REMAT_SHARED(double, sums, MOST_WARPS);
    REMAT_SHARED(int64_t, counts, MOST_WARPS);
    double sum = total(losses, rows, sums);
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

// dlogits, logits: [R, C], which may be the same; dloss: [1]; losses, target: [R]; all: [A], the targets of all rows, of
// which these are some. Every block counts them anew, which are few beside logits. A row is read for its log-sum-exp, and,
// while it is in a cache, for its gradient: `rows.rs` says how many rows are there at once.
extern "C" __global__ void __launch_bounds__(LONG_ROW_THREADS, sizeof(elem) == 2 ? 2 : 1)
    cross_entropy_backward(elem* dlogits, scalar* losses, const scalar* dloss, const elem* logits, const uint32_t* target,
                           const uint32_t* all, int64_t rows, int64_t all_rows, int64_t classes, int32_t ignores,
                           uint32_t ignored, float sharp, float even, int32_t team, int32_t add) {
    REMAT_SHARED(int64_t, counts, MOST_WARPS);
    REMAT_SHARED(float, partial, 3 * MOST_WARPS);
    float scale = (float)((double)*dloss / (double)count(all, all_rows, ignores, ignored, counts));
    with_team<LONG_ROW_THREADS>(team, classes, [&](auto team, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        for (int64_t row = team.row(); row < rows; row += team.step()) {
            elem* dx = dlogits + row * classes;
            if (!(ignores && target[row] == ignored)) {
                const elem* x = logits + row * classes;
                float lse = row_loss<WIDTH>(team, losses + row, x, classes, target[row], sharp, even, partial);
                row_gradient<WIDTH>(team, dx, x, classes, lse, target[row], scale, sharp, even, add);
                continue;
            }
            if (team.rank() == 0) losses[row] = 0.0f;
            if (!add) each_of_row<WIDTH>(team, classes, [&](int64_t i) { store(dx + i, Values<WIDTH>{}); });
        }
    });
}

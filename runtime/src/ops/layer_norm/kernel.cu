// LayerNorm on a GPU: y = (x - mean) rstd weight + bias, or the same of sum = x + plus, x dropped out; with g = dy weight and n =
// (x - mean) rstd, dx = rstd (g - mean(g) - n mean(g n)), dweight = sum of dy n, dbias = sum of dy. y, mean, rstd, sum: =;
// dx, dweight, dbias: = or +=. Checked against `ops/layer_norm/cpu.rs`.
//
// R: rows of all samples; D: elements of a row, `dim`; P: parts, runs of rows whose sums are kept apart. What is absent
// is a null pointer: weight is 1, bias 0.
#include "remat.cuh"
#include "ops/layer_norm/row.cuh"

// y, x: [R, D], which may be one; sum, plus: [R, D], or none; x is dropped out, if anything is drawn: then D is a multiple
// of a group, and each thread has all of its elements of a row at once; mean, rstd: [R], or none; weight, bias: [D], or none
extern "C" __global__ void __launch_bounds__(ROW_THREADS, sizeof(elem) == 2 ? 3 : 2)
    layer_norm_forward(elem* y, scalar* mean, scalar* rstd, elem* sum, const elem* x, const elem* plus,
                       dropout::Drawn drawn, const param* weight, const param* bias, int64_t rows, int64_t dim,
                       float eps, int32_t team) {
    REMAT_SHARED(float, partial, 2 * MOST_WARPS);
    with_team(team, dim, [&](auto team, auto width) {
        int64_t row = team.row(), start = row * dim;
        if (row >= rows) return;
        constexpr int WIDTH = decltype(width)::value, MOST = 32;
        layer_norm::Read<WIDTH, decltype(team)> read = {team, x + start, plus ? plus + start : nullptr, dim};
        elem *to = y + start, *s = sum ? sum + start : nullptr;
        float row_mean, row_rstd;
        auto normalize = [&](const auto& what) {
            layer_norm::normalize<WIDTH>(team, what, to, s, row_mean, row_rstd, weight, bias, dim, eps, partial);
        };
        bool held = WIDTH > 1 && dim <= MOST * team.SIZE;
        if constexpr (WIDTH > 1) {
            if (held) normalize(layer_norm::Held<MOST, decltype(team)>(read, drawn, start));
        }
        if (!held) normalize(read);
        if (team.rank() == 0 && mean) mean[row] = row_mean;
        if (team.rank() == 0 && rstd) rstd[row] = row_rstd;
    });
}

namespace layer_norm {

// A row's mean and rstd.
struct Saved {
    float mean, rstd;

    __device__ __forceinline__ float normal(float x) const { return (x - mean) * rstd; }
    // dx; `means` are those of g and of g n.
    __device__ __forceinline__ float gradient(float g, float n, const float (&means)[2]) const {
        return rstd * fmaf(-n, means[1], g - means[0]);
    }
};

template <int WIDTH, class Team>
__device__ __forceinline__ void row_gradient(Team team, elem* dx, const elem* dy, const elem* x, Saved saved,
                                             const param* weight, int64_t dim, int add, float* partial) {
    // Of g, and of g n.
    float sums[2] = {0.0f, 0.0f};
    each_of_row<WIDTH>(team, dim, [&](int64_t i) {
        Values<WIDTH> d = load<WIDTH>(dy + i), run = load<WIDTH>(x + i);
        Values<WIDTH> w = load_weight<WIDTH>(weight, i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            float g = d.x[j] * w.x[j], n = saved.normal(run.x[j]);
            sums[0] += g;
            sums[1] += g * n;
        }
    });
    team.fold(sums, partial, Plus());
    float means[2] = {sums[0] / (float)dim, sums[1] / (float)dim};
    each_of_row<WIDTH>(team, dim, [&](int64_t i) {
        Values<WIDTH> d = load<WIDTH>(dy + i), run = load<WIDTH>(x + i);
        Values<WIDTH> w = load_weight<WIDTH>(weight, i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            run.x[j] = saved.gradient(d.x[j] * w.x[j], saved.normal(run.x[j]), means);
        }
        put(dx + i, run, add);
    });
}

}  // namespace layer_norm

// dx, dy, x: [R, D]; mean, rstd: [R]; weight: [D], or none. dx may be dy: an element is one thread's, and its row's sums
// are there before the first of it is written.
extern "C" __global__ void layer_norm_backward_rows(elem* dx, const elem* dy, const elem* x, const scalar* mean,
                                                    const scalar* rstd, const param* weight, int64_t rows, int64_t dim,
                                                    int32_t team, int32_t add) {
    REMAT_SHARED(float, partial, 2 * MOST_WARPS);
    with_team(team, dim, [&](auto team, auto width) {
        int64_t row = team.row(), start = row * dim;
        if (row >= rows) return;
        layer_norm::row_gradient<decltype(width)::value>(team, dx + start, dy + start, x + start,
                                                         {mean[row], rstd[row]}, weight, dim, add, partial);
    });
}

namespace layer_norm {

// Elements that a thread has at most of rows of no whole packs: there are few such rows, and no more kernels for them.
constexpr int FEWEST = 8;
// Elements of each lane whose sums warps put beside one another at once.
constexpr int TOGETHER = 8;

// Where sums over the rows of a part go: of dy n, and of dy; one that is absent is not wanted.
struct Totals {
    param* to[2];
    int add[2];

    template <int WIDTH>
    __device__ __forceinline__ void write(int which, int column, const Values<WIDTH>& sums) const {
        if (to[which]) put(to[which] + column, sums, add[which]);
    }
};

// A thread's sums over rows, of dy n and of dy: of each of its elements of a row, EACH or fewer, which are the same
// columns in every row. Its runs are loaded some at a time, all of them before the first is waited for.
template <int EACH, int WIDTH, class Team>
struct Columns {
    static constexpr int RUNS = EACH / WIDTH, AHEAD = WIDTH == 1 ? 4 : RUNS % 3 == 0 ? 3 : RUNS % 2 == 0 ? 2 : 1;
    typedef Run<elem, WIDTH> Ahead[AHEAD];

    float sums[2][EACH] = {};

    // The runs from number `first` on that a row of `len` has.
    static __device__ __forceinline__ void load(Ahead& runs, Team team, const elem* from, int first, int len) {
#pragma unroll
        for (int r = 0; r < AHEAD; r++) {
            int i = place<WIDTH>(team, first + r);
            if (i < len) runs[r] = load_run<WIDTH>(from + i);
        }
    }

    // Adds a row; `row`: this thread's sums of g, and of g n.
    __device__ __forceinline__ void add(float (&row)[2], Team team, const elem* dy, const elem* x, Saved saved,
                                        const param* weight, int len) {
#pragma unroll
        for (int first = 0; first < RUNS; first += AHEAD) {
            Ahead ds, xs;
            load(ds, team, dy, first, len);
            load(xs, team, x, first, len);
#pragma unroll
            for (int r = 0; r < AHEAD; r++) {
                int i = place<WIDTH>(team, first + r);
                if (i >= len) continue;
                Values<WIDTH> w = load_weight<WIDTH>(weight, i);
#pragma unroll
                for (int j = 0; j < WIDTH; j++) {
                    float d = ds[r].at(j), g = d * w.x[j], n = saved.normal(xs[r].at(j));
                    row[0] += g;
                    row[1] += g * n;
                    float &of_dyn = sums[0][(first + r) * WIDTH + j], &of_dy = sums[1][(first + r) * WIDTH + j];
                    of_dyn = fmaf(d, n, of_dyn);
                    of_dy += d;
                }
            }
        }
    }

    // A row of dx; `means`: the row's, of g and of g n. dy and x were read a moment ago, and are near.
    static __device__ __forceinline__ void write_row(const float (&means)[2], Team team, elem* dx, const elem* dy,
                                                     const elem* x, Saved saved, const param* weight, int len,
                                                     int add) {
        // Unrolled, it would take registers from the sums.
#pragma unroll 1
        for (int first = 0; first < RUNS; first += AHEAD) {
            Ahead before;
            if (add) load(before, team, dx, first, len);
#pragma unroll
            for (int r = 0; r < AHEAD; r++) {
                int i = place<WIDTH>(team, first + r);
                if (i >= len) continue;
                Run<elem, WIDTH> d = load_run<WIDTH>(dy + i), v = load_run<WIDTH>(x + i);
                Values<WIDTH> w = load_weight<WIDTH>(weight, i), to;
#pragma unroll
                for (int j = 0; j < WIDTH; j++) {
                    float g = d.at(j) * w.x[j], n = saved.normal(v.at(j));
                    to.x[j] = saved.gradient(g, n, means);
                    if (add) to.x[j] = before[r].at(j) + to.x[j];
                }
                store(dx + i, to);
            }
        }
    }

    // Writes a block's sums, of columns that are its threads' own.
    __device__ __forceinline__ void write(Block team, const Totals& totals, float*, int len) const {
        each_held<WIDTH, RUNS>(team, len, [&](int r, int i) {
#pragma unroll
            for (int which = 0; which < 2; which++) totals.write(which, i, run(which, r));
        });
    }

    // Writes the sums of a block's warps, which have the same columns, added in order.
    __device__ __forceinline__ void write(Warp team, const Totals& totals, float* shared, int len) const {
        constexpr int WARPS = ROW_THREADS / Warp::SIZE, ACROSS = Warp::SIZE * TOGETHER, MANY = TOGETHER / WIDTH;
        static_assert(ACROSS == ROW_THREADS, "a column for each thread");
        int warp = threadIdx.x / Warp::SIZE;
#pragma unroll
        for (int first = 0; first < RUNS; first += MANY) {
            // Before others' sums take the place of what is still read.
            if (first > 0) __syncthreads();
#pragma unroll
            for (int which = 0; which < 2; which++) {
                float* own = shared + (which * WARPS + warp) * ACROSS;
#pragma unroll
                for (int r = 0; r < MANY; r++) store_run(own + place<WIDTH>(team, r), run(which, first + r));
            }
            __syncthreads();
            int column = first * WIDTH * Warp::SIZE + threadIdx.x;
#pragma unroll
            for (int which = 0; which < 2; which++) {
                const float* all = shared + which * WARPS * ACROSS + threadIdx.x;
                float sum = all[0];
#pragma unroll
                for (int w = 1; w < WARPS; w++) sum += all[w * ACROSS];
                if (column < len) totals.write<1>(which, column, {sum});
            }
        }
    }

    __device__ __forceinline__ Values<WIDTH> run(int which, int r) const {
        Values<WIDTH> run;
#pragma unroll
        for (int j = 0; j < WIDTH; j++) run.x[j] = sums[which][r * WIDTH + j];
        return run;
    }
};

// What the kernels that sum are given, as in `cuda.rs`. dx, dy, x: [R, D]; dweight, dbias: [P, D], or [D] of one part;
// mean, rstd: [R]; weight: [D]. A part has `part_rows` rows, or fewer if it is the last, a block `tile` columns
// of them. Without dx, sums alone are computed; with it, a tile is a row.
struct Call {
    elem* dx;
    param *dweight, *dbias;
    const elem *dy, *x;
    const scalar *mean, *rstd;
    const param* weight;
    int64_t rows, dim, part_rows;
    int32_t tile, add_dx, add_dweight, add_dbias;
};

template <int EACH, int WIDTH, class Team>
__device__ __forceinline__ void backward_part(Team team, const Call& call, float* shared) {
    int64_t dim = call.dim, left = (int64_t)blockIdx.x * call.tile, start = blockIdx.y * call.part_rows;
    int64_t end = call.rows - start < call.part_rows ? call.rows : start + call.part_rows;
    int len = dim - left < call.tile ? dim - left : call.tile;
    Columns<EACH, WIDTH, Team> columns;
    // Of what folds share, two rows in turn have one half each: who begins a row has seen all threads end the fold of
    // the row before the last.
    float* partial = shared;
    float* other = shared + 2 * MOST_WARPS;
    for (int64_t row = start + threadIdx.x / Team::SIZE; row < end; row += ROW_THREADS / Team::SIZE) {
        int64_t at = row * dim + left;
        const elem *dy = call.dy + at, *x = call.x + at;
        Saved saved = {call.mean[row], call.rstd[row]};
        float sums[2] = {0.0f, 0.0f};
        columns.add(sums, team, dy, x, saved, call.weight, len);
        if (!call.dx) continue;
        team.fold(sums, partial, Plus());
        float means[2] = {sums[0] / (float)dim, sums[1] / (float)dim};
        columns.write_row(means, team, call.dx + at, dy, x, saved, call.weight, len, call.add_dx);
        float* last = partial;
        partial = other;
        other = last;
    }
    int64_t to = blockIdx.y * dim + left;
    param *dweight = call.dweight ? call.dweight + to : nullptr, *dbias = call.dbias ? call.dbias + to : nullptr;
    columns.write(team, {{dweight, dbias}, {call.add_dweight, call.add_dbias}}, shared, len);
}

// A part of the rows for each block down the grid, a tile for each across it.
template <int EACH, class Team>
__device__ __forceinline__ void backward(Team team, const Call& call) {
    constexpr int SHARED = Team::SIZE == Warp::SIZE ? 2 * TOGETHER * ROW_THREADS : 4 * MOST_WARPS;
    REMAT_SHARED(Values<4>, runs, SHARED / 4);
    float* shared = reinterpret_cast<float*>(runs);
    if (call.dim % PACK == 0) {
        backward_part<EACH, PACK>(team, call, shared);
    } else if constexpr (EACH == FEWEST) {
        backward_part<EACH, 1>(team, call, shared);
    }
}

}  // namespace layer_norm

// By the threads of a row, and how many of its elements, or of a tile's, each has at most. By the bounds, as many blocks
// are on a multiprocessor as registers for sums allow. dx may be dy: as above.
extern "C" __global__ void __launch_bounds__(ROW_THREADS, 3) layer_norm_backward_warp_8(layer_norm::Call call) {
    layer_norm::backward<8>(Warp(), call);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS, 2) layer_norm_backward_warp_24(layer_norm::Call call) {
    layer_norm::backward<24>(Warp(), call);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS, 2) layer_norm_backward_warp_32(layer_norm::Call call) {
    layer_norm::backward<32>(Warp(), call);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS, 3) layer_norm_backward_block_8(layer_norm::Call call) {
    layer_norm::backward<8>(Block(), call);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS, 2) layer_norm_backward_block_32(layer_norm::Call call) {
    layer_norm::backward<32>(Block(), call);
}

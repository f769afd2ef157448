// Optimizers and clipping on a GPU: sgd, adam, sum of squares, norm, scale, clamp, add. All change their first
// arrays, as their formulas say. Checked against `optim/cpu.rs`, whose roundings are in `optim/jobs.rs`.
//
// A kernel is given many parameters at once, in a list that is an argument: most are too small to keep a GPU at work.
// n: elements of one. Numbers of f64 come rounded to f32, but for those that are `int64_t`, which come as their bits.
//
// Nothing that differs from step to step is an argument, so that a graph of launches is right for each: by what an
// optimizer changes parameters is in `numbers`, one for each of a list, and what a step has come to is in `report`.
#include "remat.cuh"
#include "cuda/rows.cuh"

namespace optim {

// As in `cuda.rs`: elements of a part, which a block works on at once, and what fits into 4 KiB of arguments.
constexpr int PART = 4096;

// What is done to arrays of n elements each. T says where they are, and has n.
template <class T, int MOST>
struct List {
    int32_t count;
    // Of all, and which part is the first of each.
    int32_t parts;
    int32_t first[MOST];
    T of[MOST];
};

// For each part of an array that is this thread's block's, calls what f(at) gives, `at` being which array it is, for the
// elements i of it that are this thread's: (array, i, width), four at once, and one by one those behind the last four.
// Blocks take parts in turn: the grid may be of any size.
template <class T, int MOST, class F>
__device__ __forceinline__ void each(const List<T, MOST>& list, F f) {
    for (int part = blockIdx.x; part < list.parts; part += gridDim.x) {
        // The last array whose first part is not behind this one.
        int low = 0, high = list.count - 1;
        while (low < high) {
            int middle = (low + high + 1) / 2;
            if (list.first[middle] <= part) low = middle;
            else high = middle - 1;
        }
        const T& array = list.of[low];
        auto change = f(low);
        int64_t start = (int64_t)(part - list.first[low]) * PART, left = array.n - start;
        int count = left < PART ? (int)left : PART, whole = count / 4 * 4;
        for (int i = 4 * threadIdx.x; i < whole; i += 4 * blockDim.x) change(array, start + i, Constant<4>());
        if (whole + (int)threadIdx.x < count) change(array, start + whole + threadIdx.x, Constant<1>());
    }
}

struct Sgd {
    param* values;
    // None without momentum.
    param* momentum_buffer;
    const param* grad;
    int64_t n;
};

struct SgdNumbers {
    float minus_lr, decay, keep, take, momentum;
    int32_t nesterov;
};

struct Adam {
    param *values, *exp_avg, *exp_avg_sq;
    const param* grad;
    int64_t n;
};

struct AdamNumbers {
    float minus_step_size, root_correction, eps, keep, decay, toward, keep_sq, take_sq;
    int32_t from_grad;
};

// What a step has come to, as in `cuda/exchange.rs`.
struct Report {
    double loss;
    // Of the gradients of a batch, and of the sum of those of several.
    double norms[2];
    // What the gradients measured last are multiplied by; NaN if something here is not finite.
    double factor;
};

// Whether a step changes nothing. Nobody asks where there is no report.
__device__ __forceinline__ bool is_void(const double* factor) { return factor && *factor != *factor; }

struct Read {
    const param* x;
    int64_t n;
};

struct Change {
    param* x;
    int64_t n;
};

struct Sum {
    param* x;
    const param* y;
    int64_t n;
};

}  // namespace optim

// factor: that of a report, or null
extern "C" __global__ void optim_sgd(const __grid_constant__ optim::List<optim::Sgd, 112> list,
                                     const optim::SgdNumbers* numbers, const double* factor) {
    if (optim::is_void(factor)) return;
    optim::each(list, [=](int at) {
        optim::SgdNumbers by = numbers[at];
        return [=](const optim::Sgd& of, int64_t i, auto width) {
            constexpr int WIDTH = decltype(width)::value;
            Values<WIDTH> p = load<WIDTH>(of.values + i), d = load<WIDTH>(of.grad + i), b = {};
            if (of.momentum_buffer) b = load<WIDTH>(of.momentum_buffer + i);
#pragma unroll
            for (int j = 0; j < WIDTH; j++) {
                // Left out at 0, so that a parameter that is infinite does not become NaN.
                float g = by.decay != 0.0f ? fmaf(by.decay, p.x[j], d.x[j]) : d.x[j];
                if (of.momentum_buffer) {
                    b.x[j] = fmaf(by.take, g, by.keep * b.x[j]);
                    g = by.nesterov ? fmaf(by.momentum, b.x[j], g) : b.x[j];
                }
                p.x[j] = fmaf(by.minus_lr, g, p.x[j]);
            }
            store(of.values + i, p);
            if (of.momentum_buffer) store(of.momentum_buffer + i, b);
        };
    });
}

// factor: as above
extern "C" __global__ void optim_adam(const __grid_constant__ optim::List<optim::Adam, 92> list,
                                      const optim::AdamNumbers* numbers, const double* factor) {
    if (optim::is_void(factor)) return;
    optim::each(list, [=](int at) {
        optim::AdamNumbers by = numbers[at];
        return [=](const optim::Adam& of, int64_t i, auto width) {
            constexpr int WIDTH = decltype(width)::value;
            Values<WIDTH> p = load<WIDTH>(of.values + i), d = load<WIDTH>(of.grad + i);
            Values<WIDTH> m = load<WIDTH>(of.exp_avg + i), v = load<WIDTH>(of.exp_avg_sq + i);
#pragma unroll
            for (int j = 0; j < WIDTH; j++) {
                float g = by.decay != 0.0f ? fmaf(by.decay, p.x[j], d.x[j]) : d.x[j];
                float start = by.from_grad ? g : m.x[j], end = by.from_grad ? m.x[j] : g;
                m.x[j] = fmaf(by.toward, end - start, start);
                v.x[j] = fmaf(by.take_sq * g, g, by.keep_sq * v.x[j]);
                float divisor = sqrtf(v.x[j]) / by.root_correction + by.eps;
                p.x[j] = fmaf(by.minus_step_size, m.x[j] / divisor, p.x[j] * by.keep);
            }
            store(of.values + i, p);
            store(of.exp_avg + i, m);
            store(of.exp_avg_sq + i, v);
        };
    });
}

// partials: [blocks], += the sum of x^2 over each block's elements, in f64: no square of an f32 leaves its range
extern "C" __global__ void optim_sum_of_squares(double* partials,
                                                const __grid_constant__ optim::List<optim::Read, 160> list) {
    REMAT_SHARED(double, partial, MOST_WARPS);
    double sum = 0.0;
    auto add = [&](const optim::Read& array, int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> run = load<WIDTH>(array.x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) sum = fma((double)run.x[j], (double)run.x[j], sum);
    };
    optim::each(list, [&](int) { return add; });
    sum = fold_block(sum, partial, Plus());
    if (threadIdx.x == 0) partials[blockIdx.x] += sum;
}

// By one block: the norm whose `count` partial sums of squares these are, and what brings it to a limit, as
// `Norm::factors` of `clip.rs`. loss: null, or one to be reported too. of: which norm; 1 comes behind 0.
extern "C" __global__ void optim_norm(optim::Report* report, const double* partials, int32_t count, const scalar* loss,
                                      int32_t of, int64_t limit, int64_t smallest) {
    REMAT_SHARED(double, partial, MOST_WARPS);
    double sum = 0.0;
    for (int i = threadIdx.x; i < count; i += blockDim.x) sum += partials[i];
    sum = fold_block(sum, partial, Plus());
    if (threadIdx.x != 0) return;
    double norm = sqrt(sum), most = __longlong_as_double(limit);
    bool finite = norm < INFINITY;
    if (of == 0) {
        report->loss = loss ? (double)*loss : 0.0;
        report->norms[1] = 0.0;
        finite = finite && fabs(report->loss) < INFINITY;
    } else {
        finite = finite && !optim::is_void(&report->factor);
    }
    report->norms[of] = norm;
    double factor = most < __longlong_as_double(smallest) ? 0.0 : most / (norm + 1e-6);
    report->factor = !finite ? NAN : norm + 1e-6 <= most ? 1.0 : factor;
}

// Multiplied in f64 and rounded once. reported: null, or where the factor is instead, which may be none.
extern "C" __global__ void optim_scale(const __grid_constant__ optim::List<optim::Change, 160> list, int64_t factor,
                                       const double* reported) {
    if (optim::is_void(reported)) return;
    double by = reported ? *reported : __longlong_as_double(factor);
    if (by == 1.0) return;
    optim::each(list, [=](int) {
        return [=](const optim::Change& array, int64_t i, auto width) {
            constexpr int WIDTH = decltype(width)::value;
            Values<WIDTH> run = load<WIDTH>(array.x + i);
#pragma unroll
            for (int j = 0; j < WIDTH; j++) run.x[j] = (float)((double)run.x[j] * by);
            store(array.x + i, run);
        };
    });
}

// Brought into [-limit, limit]; NaN stays.
extern "C" __global__ void optim_clamp(const __grid_constant__ optim::List<optim::Change, 160> list, float limit) {
    optim::each(list, [=](int) {
        return [=](const optim::Change& array, int64_t i, auto width) {
            constexpr int WIDTH = decltype(width)::value;
            Values<WIDTH> run = load<WIDTH>(array.x + i);
#pragma unroll
            for (int j = 0; j < WIDTH; j++) {
                float below = run.x[j] > limit ? limit : run.x[j];
                run.x[j] = below < -limit ? -limit : below;
            }
            store(array.x + i, run);
        };
    });
}

// x += y
extern "C" __global__ void optim_add(const __grid_constant__ optim::List<optim::Sum, 128> list) {
    optim::each(list, [](int) {
        return [](const optim::Sum& array, int64_t i, auto width) {
            constexpr int WIDTH = decltype(width)::value;
            put(array.x + i, load<WIDTH>(array.y + i), 1);
        };
    });
}

// Optimizers and clipping on a GPU: sgd, adam, sum of squares, largest, scale, clamp, add. All change their first
// arrays, as their formulas say. Checked against `optim/cpu.rs`, whose roundings are in `optim/jobs.rs`.
//
// A kernel is given many parameters at once, in a list that is an argument: most are too small to keep a GPU at work.
// n: elements of one. Numbers of f64 come rounded to f32, but for a `factor`, which comes as its bits.
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

// Calls f(array, i, width) for the elements i of the arrays that are this thread's: four at once, and one by one those
// behind the last four. Blocks take parts in turn: the grid may be of any size.
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
        int64_t start = (int64_t)(part - list.first[low]) * PART, left = array.n - start;
        int count = left < PART ? (int)left : PART, whole = count / 4 * 4;
        for (int i = 4 * threadIdx.x; i < whole; i += 4 * blockDim.x) f(array, start + i, Constant<4>());
        if (whole + (int)threadIdx.x < count) f(array, start + whole + threadIdx.x, Constant<1>());
    }
}

struct Sgd {
    param* values;
    // None without momentum.
    param* momentum_buffer;
    const param* grad;
    int64_t n;
    float minus_lr, decay, keep, take, momentum;
    int32_t nesterov;
};

struct Adam {
    param *values, *exp_avg, *exp_avg_sq;
    const param* grad;
    int64_t n;
    float minus_step_size, root_correction, eps, keep, decay, toward, keep_sq, take_sq;
    int32_t from_grad;
};

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

extern "C" __global__ void optim_sgd(const __grid_constant__ optim::List<optim::Sgd, 64> list) {
    optim::each(list, [=](const optim::Sgd& by, int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> p = load<WIDTH>(by.values + i), d = load<WIDTH>(by.grad + i), b = {};
        if (by.momentum_buffer) b = load<WIDTH>(by.momentum_buffer + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            // Left out at 0, so that a parameter that is infinite does not become NaN.
            float g = by.decay != 0.0f ? fmaf(by.decay, p.x[j], d.x[j]) : d.x[j];
            if (by.momentum_buffer) {
                b.x[j] = fmaf(by.take, g, by.keep * b.x[j]);
                g = by.nesterov ? fmaf(by.momentum, b.x[j], g) : b.x[j];
            }
            p.x[j] = fmaf(by.minus_lr, g, p.x[j]);
        }
        store(by.values + i, p);
        if (by.momentum_buffer) store(by.momentum_buffer + i, b);
    });
}

extern "C" __global__ void optim_adam(const __grid_constant__ optim::List<optim::Adam, 40> list) {
    optim::each(list, [=](const optim::Adam& by, int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> p = load<WIDTH>(by.values + i), d = load<WIDTH>(by.grad + i);
        Values<WIDTH> m = load<WIDTH>(by.exp_avg + i), v = load<WIDTH>(by.exp_avg_sq + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            float g = by.decay != 0.0f ? fmaf(by.decay, p.x[j], d.x[j]) : d.x[j];
            float start = by.from_grad ? g : m.x[j], end = by.from_grad ? m.x[j] : g;
            m.x[j] = fmaf(by.toward, end - start, start);
            v.x[j] = fmaf(by.take_sq * g, g, by.keep_sq * v.x[j]);
            float divisor = sqrtf(v.x[j]) / by.root_correction + by.eps;
            p.x[j] = fmaf(by.minus_step_size, m.x[j] / divisor, p.x[j] * by.keep);
        }
        store(by.values + i, p);
        store(by.exp_avg + i, m);
        store(by.exp_avg_sq + i, v);
    });
}

// partials: [blocks], += the sum of (factor x)^2 over each block's elements, in f64
extern "C" __global__ void optim_sum_of_squares(double* partials,
                                                const __grid_constant__ optim::List<optim::Read, 160> list,
                                                int64_t factor) {
    REMAT_SHARED(double, partial, MOST_WARPS);
    double by = __longlong_as_double(factor), sum = 0.0;
    optim::each(list, [&](const optim::Read& array, int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> run = load<WIDTH>(array.x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            double scaled = (double)run.x[j] * by;
            sum = fma(scaled, scaled, sum);
        }
    });
    sum = fold_block(sum, partial, Plus());
    if (threadIdx.x == 0) partials[blockIdx.x] += sum;
}

// partials: [blocks], made the largest of itself and |x| over each block's elements, NaN if there is one
extern "C" __global__ void optim_max_abs(double* partials,
                                         const __grid_constant__ optim::List<optim::Read, 160> list) {
    REMAT_SHARED(float, partial, MOST_WARPS);
    float most = 0.0f;
    optim::each(list, [&](const optim::Read& array, int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> run = load<WIDTH>(array.x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) most = max_nan(most, fabsf(run.x[j]));
    });
    most = fold_block(most, partial, Larger());
    if (threadIdx.x == 0) partials[blockIdx.x] = Larger()(partials[blockIdx.x], (double)most);
}

// Multiplied in f64 and rounded once.
extern "C" __global__ void optim_scale(const __grid_constant__ optim::List<optim::Change, 160> list, int64_t factor) {
    double by = __longlong_as_double(factor);
    optim::each(list, [=](const optim::Change& array, int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> run = load<WIDTH>(array.x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) run.x[j] = (float)((double)run.x[j] * by);
        store(array.x + i, run);
    });
}

// Brought into [-limit, limit]; NaN stays.
extern "C" __global__ void optim_clamp(const __grid_constant__ optim::List<optim::Change, 160> list, float limit) {
    optim::each(list, [=](const optim::Change& array, int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> run = load<WIDTH>(array.x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            float below = run.x[j] > limit ? limit : run.x[j];
            run.x[j] = below < -limit ? -limit : below;
        }
        store(array.x + i, run);
    });
}

// x += y
extern "C" __global__ void optim_add(const __grid_constant__ optim::List<optim::Sum, 128> list) {
    optim::each(list, [=](const optim::Sum& array, int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        put(array.x + i, load<WIDTH>(array.y + i), 1);
    });
}

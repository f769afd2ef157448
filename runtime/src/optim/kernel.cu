// Optimizers and clipping on a GPU: sgd, adam, sum of squares, largest, scale, clamp, add. All change their first
// arrays, as their formulas say. Checked against `optim/cpu.rs`, whose roundings are in `optim/jobs.rs`.
//
// n: elements of a parameter. Numbers of f64 come rounded to f32, but for a `factor`, which comes as its bits.
#include "remat.cuh"
#include "cuda/rows.cuh"

// param, momentum_buffer (none without momentum), grad: [n]
extern "C" __global__ void optim_sgd(param* values, param* momentum_buffer, const param* grad, int64_t n,
                                     float minus_lr, float decay, float keep, float take, float momentum,
                                     int32_t nesterov) {
    each_run<param>(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> p = load<WIDTH>(values + i), d = load<WIDTH>(grad + i), b = {};
        if (momentum_buffer) b = load<WIDTH>(momentum_buffer + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            // Left out at 0, so that a parameter that is infinite does not become NaN.
            float by = decay != 0.0f ? fmaf(decay, p.x[j], d.x[j]) : d.x[j];
            if (momentum_buffer) {
                b.x[j] = fmaf(take, by, keep * b.x[j]);
                by = nesterov ? fmaf(momentum, b.x[j], by) : b.x[j];
            }
            p.x[j] = fmaf(minus_lr, by, p.x[j]);
        }
        store(values + i, p);
        if (momentum_buffer) store(momentum_buffer + i, b);
    });
}

// param, exp_avg, exp_avg_sq, grad: [n]
extern "C" __global__ void optim_adam(param* values, param* exp_avg, param* exp_avg_sq, const param* grad, int64_t n,
                                      float minus_step_size, float root_correction, float eps, float keep, float decay,
                                      float toward, int32_t from_grad, float keep_sq, float take_sq) {
    each_run<param>(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> p = load<WIDTH>(values + i), d = load<WIDTH>(grad + i);
        Values<WIDTH> m = load<WIDTH>(exp_avg + i), v = load<WIDTH>(exp_avg_sq + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            float g = decay != 0.0f ? fmaf(decay, p.x[j], d.x[j]) : d.x[j];
            float start = from_grad ? g : m.x[j], end = from_grad ? m.x[j] : g;
            m.x[j] = fmaf(toward, end - start, start);
            v.x[j] = fmaf(take_sq * g, g, keep_sq * v.x[j]);
            float divisor = sqrtf(v.x[j]) / root_correction + eps;
            p.x[j] = fmaf(minus_step_size, m.x[j] / divisor, p.x[j] * keep);
        }
        store(values + i, p);
        store(exp_avg + i, m);
        store(exp_avg_sq + i, v);
    });
}

// partials: [blocks], += the sum of (factor x)^2 over each block's elements, in f64; x: [n]
extern "C" __global__ void optim_sum_of_squares(double* partials, const param* x, int64_t n, int64_t factor) {
    REMAT_SHARED(double, partial, MOST_WARPS);
    double by = __longlong_as_double(factor), sum = 0.0;
    each_run<param>(n, [&](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> run = load<WIDTH>(x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            double scaled = (double)run.x[j] * by;
            sum = fma(scaled, scaled, sum);
        }
    });
    sum = fold_block(sum, partial, Plus());
    if (threadIdx.x == 0) partials[blockIdx.x] += sum;
}

// partials: [blocks], made the largest of itself and |x| over each block's elements, NaN if there is one; x: [n]
extern "C" __global__ void optim_max_abs(double* partials, const param* x, int64_t n) {
    REMAT_SHARED(float, partial, MOST_WARPS);
    float most = 0.0f;
    each_run<param>(n, [&](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> run = load<WIDTH>(x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) most = max_nan(most, fabsf(run.x[j]));
    });
    most = fold_block(most, partial, Larger());
    if (threadIdx.x == 0) partials[blockIdx.x] = Larger()(partials[blockIdx.x], (double)most);
}

// x: [n], multiplied in f64 and rounded once
extern "C" __global__ void optim_scale(param* x, int64_t n, int64_t factor) {
    double by = __longlong_as_double(factor);
    each_run<param>(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> run = load<WIDTH>(x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) run.x[j] = (float)((double)run.x[j] * by);
        store(x + i, run);
    });
}

// x: [n], brought into [-limit, limit]; NaN stays
extern "C" __global__ void optim_clamp(param* x, int64_t n, float limit) {
    each_run<param>(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> run = load<WIDTH>(x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            float below = run.x[j] > limit ? limit : run.x[j];
            run.x[j] = below < -limit ? -limit : below;
        }
        store(x + i, run);
    });
}

// x += y: [n]
extern "C" __global__ void optim_add(param* x, const param* y, int64_t n) {
    each_run<param>(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        put(x + i, load<WIDTH>(y + i), 1);
    });
}

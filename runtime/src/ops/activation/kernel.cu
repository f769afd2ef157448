// Activations on a GPU: y = f(x), dx = dy f'(x). y: =; dx: = or +=. Checked against `ops/activation/cpu.rs`.
// y may be x, and dx may be dy.
// n: elements of all samples.
#include "remat.cuh"
#include "ops/activation/formula.cuh"

template <int ACTIVATION>
__device__ __forceinline__ void forward(elem* y, const elem* x, int64_t n) {
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> at = load<WIDTH>(x + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) at.x[j] = activate<ACTIVATION>(at.x[j]);
        store(y + i, at);
    });
}

template <int ACTIVATION>
__device__ __forceinline__ void backward(elem* dx, const elem* dy, const elem* saved, int64_t n, int add) {
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> d = load<WIDTH>(dy + i), at = load<WIDTH>(saved + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) d.x[j] *= slope<ACTIVATION>(at.x[j]);
        put(dx + i, d, add);
    });
}

// Calls f with the activation as a constant.
template <class F>
__device__ __forceinline__ void with_activation(int activation, F f) {
    switch (activation) {
        case RELU: return f(Constant<RELU>());
        case GELU: return f(Constant<GELU>());
        case GELU_TANH: return f(Constant<GELU_TANH>());
        case SILU: return f(Constant<SILU>());
        case SIGMOID: return f(Constant<SIGMOID>());
        case TANH: return f(Constant<TANH>());
    }
}

extern "C" __global__ void activation_forward(elem* y, const elem* x, int64_t n, int32_t activation) {
    with_activation(activation, [=](auto chosen) { forward<decltype(chosen)::value>(y, x, n); });
}

extern "C" __global__ void activation_backward(elem* dx, const elem* dy, const elem* saved, int64_t n, int32_t activation, int32_t add) {
    with_activation(activation, [=](auto chosen) { backward<decltype(chosen)::value>(dx, dy, saved, n, add); });
}

// Activations on a GPU: y = f(x), dx = dy f'(x). y: =; dx: = or +=. Checked against `ops/activation/cpu.rs`.
// n: elements of all samples.
#include "remat.cuh"
#include "ops/activation/formula.cuh"

template <int ACTIVATION>
__device__ __forceinline__ void forward(elem* y, const elem* x, int64_t n) {
    each_pack(n, [=](int64_t i, int count) {
        Pack pack = load_some(x + i, count);
        for (int j = 0; j < PACK; j++) pack.x[j] = activate<ACTIVATION>(pack.x[j]);
        store_some(y + i, pack, count);
    });
}

template <int ACTIVATION>
__device__ __forceinline__ void backward(elem* dx, const elem* dy, const elem* saved, int64_t n, int add) {
    each_pack(n, [=](int64_t i, int count) {
        Pack pack = load_some(dy + i, count), at = load_some(saved + i, count);
        for (int j = 0; j < PACK; j++) pack.x[j] *= slope<ACTIVATION>(at.x[j]);
        put_some(dx + i, pack, count, add);
    });
}

// An activation as a type.
template <int ACTIVATION>
struct Chosen {
    static constexpr int value = ACTIVATION;
};

// Calls f with the activation as a constant.
template <class F>
__device__ __forceinline__ void with_activation(int activation, F f) {
    switch (activation) {
        case RELU: return f(Chosen<RELU>());
        case GELU: return f(Chosen<GELU>());
        case GELU_TANH: return f(Chosen<GELU_TANH>());
        case SILU: return f(Chosen<SILU>());
        case SIGMOID: return f(Chosen<SIGMOID>());
        case TANH: return f(Chosen<TANH>());
    }
}

extern "C" __global__ void activation_forward(elem* y, const elem* x, int64_t n, int32_t activation) {
    with_activation(activation, [=](auto chosen) { forward<decltype(chosen)::value>(y, x, n); });
}

extern "C" __global__ void activation_backward(elem* dx, const elem* dy, const elem* saved, int64_t n, int32_t activation, int32_t add) {
    with_activation(activation, [=](auto chosen) { backward<decltype(chosen)::value>(dx, dy, saved, n, add); });
}

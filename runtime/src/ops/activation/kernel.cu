// Activations on a GPU: y = f(x), dx = dy f'(x), db = the sum of dx over rows. y: =; dx, db: = or +=. Checked against
// `ops/activation/cpu.rs`. y may be x, and dx may be dy.
// n: elements of all samples.
#include "cuda/columns.cuh"
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

template <int ACTIVATION, int WIDTH>
__device__ __forceinline__ Values<WIDTH> gradient(Values<WIDTH> dy, const Values<WIDTH>& saved) {
#pragma unroll
    for (int j = 0; j < WIDTH; j++) dy.x[j] *= slope<ACTIVATION>(saved.x[j]);
    return dy;
}

template <int ACTIVATION>
__device__ __forceinline__ void backward(elem* dx, const elem* dy, const elem* saved, int64_t n, int add) {
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        put(dx + i, gradient<ACTIVATION>(load<WIDTH>(dy + i), load<WIDTH>(saved + i)), add);
    });
}

// dx as what is summed: as it is written, which is rounded. There is work enough on one row, in other warps, while the
// next comes, and more of it at once is more code than is kept at hand.
template <int ACTIVATION>
struct Summed {
    static constexpr int WIDEST = PACK, AHEAD = 1;
    elem* dx;
    const elem* dy;
    const elem* saved;

    template <int WIDTH>
    struct Read {
        Run<elem, WIDTH> dy, saved;
    };

    template <class Width>
    __device__ __forceinline__ auto read(int64_t i, Width) const {
        return Read<Width::value>{load_run<Width::value>(dy + i), load_run<Width::value>(saved + i)};
    }
    template <int WIDTH>
    __device__ __forceinline__ Values<WIDTH> value(int64_t i, const Read<WIDTH>& read) const {
        return widened(store(dx + i, gradient<ACTIVATION>(widened(read.dy), widened(read.saved))));
    }
};

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

// dx, dy, saved [rows, outputs]; sums as `columns_sum` has them, of dx. Left alone, the compiler keeps more blocks on a
// multiprocessor than 4, by registers that it then has not.
extern "C" __global__ void __launch_bounds__(columns::THREADS, 4)
    activation_backward_sums(elem* dx, const elem* dy, const elem* saved, int32_t activation, float* to, int64_t rows,
                             int64_t outputs, int64_t part_rows, int32_t width, int32_t add) {
    REMAT_SHARED(float, shared, PACK * columns::THREADS);
    with_activation(activation, [&](auto chosen) {
        Summed<decltype(chosen)::value> from{dx, dy, saved};
        columns::sum(shared, to, from, {rows, outputs, part_rows, width}, add);
    });
}

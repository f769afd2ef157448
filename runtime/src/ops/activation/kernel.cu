// Activations on a GPU: y = f(x), dx = dy f'(x), db = the sum of dx over rows; y may be dropped out, and then dy is. y: =;
// dx, db: = or +=. Checked against `ops/activation/cpu.rs`. y may be x, and dx may be dy.
// n: elements of all samples.
#include "cuda/columns.cuh"
#include "ops/activation/formula.cuh"
#include "ops/dropout/mask.cuh"

template <int ACTIVATION, int WIDTH>
__device__ __forceinline__ Values<WIDTH> activated(Values<WIDTH> x) {
#pragma unroll
    for (int j = 0; j < WIDTH; j++) x.x[j] = activate<ACTIVATION>(x.x[j]);
    return x;
}

template <int ACTIVATION>
__device__ __forceinline__ void forward(elem* y, const elem* x, int64_t n) {
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        store(y + i, activated<ACTIVATION>(load<WIDTH>(x + i)));
    });
}

// y as what is dropped out.
template <int ACTIVATION>
struct Dropped {
    elem* y;
    const elem* x;

    template <class Width>
    __device__ __forceinline__ auto read(int64_t i, Width) const {
        return load_run<Width::value>(x + i);
    }
    template <int WIDTH>
    __device__ __forceinline__ Run<elem, WIDTH> whole(const Run<elem, WIDTH>& read) const {
        return Run<elem, WIDTH>::of(activated<ACTIVATION>(widened(read)));
    }
    template <int WIDTH>
    __device__ __forceinline__ void finish(int64_t i, const Run<elem, WIDTH>&, const Values<WIDTH>& left) const {
        store(y + i, left);
    }
};

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

// What dx is computed from.
struct From {
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
};

// dx of what is left of dy, which is dropped out as y was.
template <int ACTIVATION>
struct DroppedGradient : From {
    elem* dx;
    int add;

    __device__ __forceinline__ DroppedGradient(elem* dx, From from, int add) : From(from), dx(dx), add(add) {}

    template <int WIDTH>
    __device__ __forceinline__ Run<elem, WIDTH> whole(const Read<WIDTH>& read) const {
        return read.dy;
    }
    template <int WIDTH>
    __device__ __forceinline__ void finish(int64_t i, const Read<WIDTH>& read, const Values<WIDTH>& left) const {
        auto dy = Run<elem, WIDTH>::of(left);
        put(dx + i, gradient<ACTIVATION>(widened(dy), widened(read.saved)), add);
    }
};

// dx as what is summed: as it is written, which is rounded. There is work enough on one row, in other warps, while the
// next comes, and more of it at once is more code than is kept at hand.
template <int ACTIVATION>
struct Summed : From {
    static constexpr int WIDEST = PACK, AHEAD = 1;
    elem* dx;

    __device__ __forceinline__ Summed(elem* dx, From from) : From(from), dx(dx) {}

    template <int WIDTH>
    __device__ __forceinline__ Values<WIDTH> value(int64_t i, const Read<WIDTH>& read) const {
        return widened(store(dx + i, gradient<ACTIVATION>(widened(read.dy), widened(read.saved))));
    }
};

// The same of what is left of dy, where all lanes of each warp have neighbouring packs of one row: they draw for each other.
template <int ACTIVATION>
struct DroppedSummed : Summed<ACTIVATION> {
    dropout::Mask mask;

    __device__ __forceinline__ DroppedSummed(elem* dx, From from, const dropout::Mask& mask)
        : Summed<ACTIVATION>(dx, from), mask(mask) {}

    __device__ __forceinline__ Values<PACK> value(int64_t i, const From::Read<PACK>& read) const {
        return Summed<ACTIVATION>::value(i, From::Read<PACK>{mask.left(i, read.dy), read.saved});
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

// The same, of those whose gradient needs no more of y than is left of it.
template <class F>
__device__ __forceinline__ void with_dropped(int activation, F f) {
    switch (activation) {
        case RELU: return f(Constant<RELU>());
        case GELU: return f(Constant<GELU>());
        case GELU_TANH: return f(Constant<GELU_TANH>());
        case SILU: return f(Constant<SILU>());
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
        Summed<decltype(chosen)::value> from(dx, {dy, saved});
        columns::sum(shared, to, from, {rows, outputs, part_rows, width}, add);
    });
}

extern "C" __global__ void activation_forward_dropped(elem* y, const elem* x, int64_t n, int32_t activation,
                                                      dropout::Drawn drawn) {
    with_dropped(activation, [=](auto chosen) {
        dropout::each(n, dropout::Mask(drawn), Dropped<decltype(chosen)::value>{y, x});
    });
}

extern "C" __global__ void activation_backward_dropped(elem* dx, const elem* dy, const elem* saved, int64_t n,
                                                       int32_t activation, int32_t add, dropout::Drawn drawn) {
    with_dropped(activation, [=](auto chosen) {
        DroppedGradient<decltype(chosen)::value> what(dx, {dy, saved}, add);
        dropout::each(n, dropout::Mask(drawn), what);
    });
}

// As `activation_backward_sums`, of outputs that are a multiple of a warp's packs.
extern "C" __global__ void __launch_bounds__(columns::THREADS, 3)
    activation_backward_dropped_sums(elem* dx, const elem* dy, const elem* saved, int32_t activation,
                                     dropout::Drawn drawn, float* to, int64_t rows, int64_t outputs, int64_t part_rows,
                                     int32_t width, int32_t add) {
    REMAT_SHARED(float, shared, PACK * columns::THREADS);
    with_dropped(activation, [&](auto chosen) {
        DroppedSummed<decltype(chosen)::value> from(dx, {dy, saved}, dropout::Mask(drawn));
        columns::sum<PACK>(shared, to, from, {rows, outputs, part_rows, width}, add);
    });
}

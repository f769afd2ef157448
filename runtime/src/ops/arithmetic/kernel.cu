// `Add`, `Sub` and `Mul` on a GPU. y: =; da, db: = or +=. Checked against `ops/arithmetic/cpu.rs`, bit for bit.
// n: elements of all samples.
#include "remat.cuh"

// As `arithmetic::Arithmetic`.
enum Arithmetic { ADD, SUB, MUL };

// y = a + b, a - b or a b; y may be a.
extern "C" __global__ void arithmetic_forward(elem* y, const elem* a, const elem* b, int64_t n, int32_t op) {
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> x = load<WIDTH>(a + i), z = load<WIDTH>(b + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) {
            x.x[j] = op == ADD ? x.x[j] + z.x[j] : op == SUB ? x.x[j] - z.x[j] : x.x[j] * z.x[j];
        }
        store(y + i, x);
    });
}

// The gradient of a factor: to = or += dy other; `to` may be `dy`.
extern "C" __global__ void arithmetic_backward(elem* to, const elem* dy, const elem* other, int64_t n, int32_t add) {
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> x = load<WIDTH>(dy + i), z = load<WIDTH>(other + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) x.x[j] *= z.x[j];
        put(to + i, x, add);
    });
}

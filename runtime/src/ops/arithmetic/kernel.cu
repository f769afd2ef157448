// `Add`, `Sub` and `Mul` on a GPU. y: =; da, db: = or +=. Checked against `ops/arithmetic/cpu.rs`, bit for bit.
// n: elements of all samples.
#include "remat.cuh"

// As `arithmetic::Arithmetic`.
enum Arithmetic { ADD, SUB, MUL };

// y = a + b, a - b or a b
extern "C" __global__ void arithmetic_forward(elem* y, const elem* a, const elem* b, int64_t n, int32_t op) {
    each_pack(n, [=](int64_t i, int count) {
        Pack x = load_some(a + i, count), z = load_some(b + i, count);
        for (int j = 0; j < PACK; j++) {
            x.x[j] = op == ADD ? x.x[j] + z.x[j] : op == SUB ? x.x[j] - z.x[j] : x.x[j] * z.x[j];
        }
        store_some(y + i, x, count);
    });
}

// The gradient of a factor: to = or += dy other
extern "C" __global__ void arithmetic_backward(elem* to, const elem* dy, const elem* other, int64_t n, int32_t add) {
    each_pack(n, [=](int64_t i, int count) {
        Pack x = load_some(dy + i, count), z = load_some(other + i, count);
        for (int j = 0; j < PACK; j++) x.x[j] *= z.x[j];
        put_some(to + i, x, count, add);
    });
}

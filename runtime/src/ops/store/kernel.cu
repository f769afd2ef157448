// Rounding to two bytes on a GPU, and back (`ops/load`): y: =. Checked against `ops/store/cpu.rs` and `ops/load/cpu.rs`,
// bit for bit. n: elements of all samples.
#include "remat.cuh"

// y = round(x)
extern "C" __global__ void store_forward(uint16_t* y, const elem* x, int64_t n, int32_t f16) {
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Values<WIDTH> values = load<WIDTH>(x + i);
        Run<uint16_t, WIDTH> halves;
#pragma unroll
        for (int j = 0; j < WIDTH; j++) halves.x[j] = f16 ? to_f16(values.x[j]) : to_bf16(values.x[j]);
        store_run(y + i, halves);
    });
}

// y = x, exactly: elements hold what was stored of them
extern "C" __global__ void load_forward(elem* y, const uint16_t* x, int64_t n, int32_t f16) {
    each_run(n, [=](int64_t i, auto width) {
        constexpr int WIDTH = decltype(width)::value;
        Run<uint16_t, WIDTH> halves = load_run<WIDTH>(x + i);
        Values<WIDTH> values;
#pragma unroll
        for (int j = 0; j < WIDTH; j++) values.x[j] = f16 ? from_f16(halves.x[j]) : from_bf16(halves.x[j]);
        store(y + i, values);
    });
}

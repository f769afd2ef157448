// Rounding to two bytes on a GPU, and back (`ops/load`): y: =. Checked against `ops/store/cpu.rs` and `ops/load/cpu.rs`,
// bit for bit. n: elements of all samples.
#include "cuda/half.cuh"

// As many as a pack of elements.
struct alignas(2 * PACK) Halves {
    uint16_t x[PACK];
};

// y = round(x)
extern "C" __global__ void store_forward(uint16_t* y, const elem* x, int64_t n, int32_t f16) {
    each_pack(n, [=](int64_t i, int count) {
        Pack pack = load_some(x + i, count);
        Halves halves;
        for (int j = 0; j < PACK; j++) halves.x[j] = f16 ? to_f16(pack.x[j]) : to_bf16(pack.x[j]);
        if (count == PACK) {
            *reinterpret_cast<Halves*>(y + i) = halves;
        } else {
#pragma unroll
            for (int j = 0; j < PACK; j++) {
                if (j < count) y[i + j] = halves.x[j];
            }
        }
    });
}

// y = x, exactly
extern "C" __global__ void load_forward(elem* y, const uint16_t* x, int64_t n, int32_t f16) {
    each_pack(n, [=](int64_t i, int count) {
        Halves halves = {};
        if (count == PACK) {
            halves = *reinterpret_cast<const Halves*>(x + i);
        } else {
#pragma unroll
            for (int j = 0; j < PACK; j++) {
                if (j < count) halves.x[j] = x[i + j];
            }
        }
        Pack pack;
        for (int j = 0; j < PACK; j++) pack.x[j] = f16 ? from_f16(halves.x[j]) : from_bf16(halves.x[j]);
        store_some(y + i, pack, count);
    });
}

// Sum on a GPU: loss = w_0 x_0 + w_1 x_1 + ..., dx_i = w_i dloss. loss: =; dx_i: = or +=. Checked against
// `ops/sum/cpu.rs`.
//
// AT_ONCE losses for each launch, of which `count` are there. One thread, which adds in the order of the losses.
#include "remat.cuh"

constexpr int AT_ONCE = 8;

// loss, x0 to x7: [1]; with `more`, `loss` holds the sum of those before
extern "C" __global__ void sum_forward(scalar* loss, const scalar* x0, const scalar* x1, const scalar* x2,
                                       const scalar* x3, const scalar* x4, const scalar* x5, const scalar* x6,
                                       const scalar* x7, float w0, float w1, float w2, float w3, float w4, float w5,
                                       float w6, float w7, int32_t count, int32_t more) {
    const scalar* xs[AT_ONCE] = {x0, x1, x2, x3, x4, x5, x6, x7};
    float ws[AT_ONCE] = {w0, w1, w2, w3, w4, w5, w6, w7};
    float total = more ? *loss : 0.0f;
#pragma unroll
    for (int i = 0; i < AT_ONCE; i++) {
        if (i < count) total += ws[i] * *xs[i];
    }
    *loss = total;
}

// dx0 to dx7: [1], or none; dloss: [1]; bit i of `adds` is that of dx_i
extern "C" __global__ void sum_backward(scalar* dx0, scalar* dx1, scalar* dx2, scalar* dx3, scalar* dx4, scalar* dx5,
                                        scalar* dx6, scalar* dx7, const scalar* dloss, float w0, float w1, float w2,
                                        float w3, float w4, float w5, float w6, float w7, uint32_t adds) {
    scalar* dxs[AT_ONCE] = {dx0, dx1, dx2, dx3, dx4, dx5, dx6, dx7};
    float ws[AT_ONCE] = {w0, w1, w2, w3, w4, w5, w6, w7};
#pragma unroll
    for (int i = 0; i < AT_ONCE; i++) {
        if (dxs[i]) *dxs[i] = (adds >> i & 1 ? *dxs[i] : 0.0f) + ws[i] * *dloss;
    }
}

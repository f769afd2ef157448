// The functions that activate, and their derivatives; also for kernels that are fused with them.
#pragma once
#include "cuda/math.cuh"

// As `activation::Activation`.
enum Activation { RELU, GELU, GELU_TANH, SILU, SIGMOID, TANH };

// Comparisons are the ones that NaN fails, and a derivative of 0 multiplies, so that NaN passes; the formulas are the CPU's.
__device__ __forceinline__ float relu(float x) { return x <= 0.0f ? 0.0f : x; }
__device__ __forceinline__ float sigmoid(float x) { return fast_reciprocal(1.0f + fast_exp(-x)); }

// The normal distribution at x: Phi(x), and exp(-x^2 / 2).
struct Normal {
    float below, gauss;
};

// As `normal` of `cpu/math.rs`, with its polynomial: exp(a^2 / 2) (1 - Phi(a)) = (1 - v) P(v), v = a / (3 + a).
__device__ __forceinline__ Normal normal(float x) {
    constexpr float P[] = {0.5f,          -0.696827f,   0.35635334f,  0.06890581f,  -0.08542948f, -0.046724726f,
                           0.039844546f,  -0.039943006f, 0.08981413f,  -0.07195217f, 0.018941225f};
    constexpr int TERMS = sizeof(P) / sizeof(P[0]);
    // Beyond, the density is 0.
    float a = fabsf(x) > 15.0f ? 15.0f : fabsf(x);
    float gauss = fast_exp2(-0.5f * LOG2E * (a * a)), inverse = fast_reciprocal(3.0f + a), v = a * inverse;
    float p = P[TERMS - 1];
#pragma unroll
    for (int n = TERMS - 2; n >= 0; n--) p = fmaf(p, v, P[n]);
    float above = gauss * (3.0f * inverse * p);
    return {x > 0.0f ? 1.0f - above : above, gauss};
}

// Beyond, the derivatives of GELU are 0 or 1, and a square that overflows would make them NaN.
__device__ __forceinline__ float clamped(float x) { return x < -14.0f ? -14.0f : x > 14.0f ? 14.0f : x; }

// 0.5 (1 + tanh(z)) is sigmoid(2 z), which keeps its digits where it is small: 2 sqrt(2/pi) (x + 0.044715 x^3).
constexpr float TWICE_ROOT = 1.5957691f, CUBIC = 0.044715f;
__device__ __forceinline__ float gelu_tanh_gate(float x) {
    return sigmoid(x * fmaf(TWICE_ROOT * CUBIC, x * x, TWICE_ROOT));
}

template <int ACTIVATION>
__device__ __forceinline__ float activate(float x) {
    if (ACTIVATION == RELU) return relu(x);
    if (ACTIVATION == GELU) return x * normal(x).below;
    if (ACTIVATION == GELU_TANH) return x * gelu_tanh_gate(x);
    if (ACTIVATION == SILU) return x * sigmoid(x);
    if (ACTIVATION == SIGMOID) return sigmoid(x);
    return tanhf(x);
}

// f'(x), of y for RELU, SIGMOID and TANH and of x for the others.
template <int ACTIVATION>
__device__ __forceinline__ float slope(float saved) {
    if (ACTIVATION == RELU) return saved > 0.0f ? 1.0f : saved;
    if (ACTIVATION == GELU) {
        Normal at = normal(saved);
        return fmaf(clamped(saved), 0.39894228f * at.gauss, at.below);
    }
    if (ACTIVATION == GELU_TANH) {
        float x = clamped(saved), square = x * x, s = gelu_tanh_gate(x);
        return s * fmaf(x * fmaf(3.0f * TWICE_ROOT * CUBIC, square, TWICE_ROOT), 1.0f - s, 1.0f);
    }
    if (ACTIVATION == SILU) {
        float s = sigmoid(saved);
        return s * fmaf(saved, 1.0f - s, 1.0f);
    }
    if (ACTIVATION == SIGMOID) return saved * (1.0f - saved);
    return (1.0f - saved) * (1.0f + saved);
}

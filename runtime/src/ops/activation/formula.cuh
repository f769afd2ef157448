// The functions that activate, and their derivatives; also for kernels that are fused with them.
#pragma once
#include "remat.cuh"

// As `activation::Activation`.
enum Activation { RELU, GELU, GELU_TANH, SILU, SIGMOID, TANH };

// max(x, 0) that keeps NaN.
__device__ __forceinline__ float relu(float x) { return x < 0.0f ? 0.0f : x; }
__device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }
__device__ __forceinline__ float normal_distribution(float x) { return 0.5f * erfcf(-x * 0.70710678f); }

// tanh(sqrt(2/pi) (x + 0.044715 x^3))
__device__ __forceinline__ float gelu_tanh_inner(float x) {
    return tanhf(0.79788456f * fmaf(0.044715f * x * x, x, x));
}

template <int ACTIVATION>
__device__ __forceinline__ float activate(float x) {
    if (ACTIVATION == RELU) return relu(x);
    if (ACTIVATION == GELU) return x * normal_distribution(x);
    if (ACTIVATION == GELU_TANH) return 0.5f * x * (1.0f + gelu_tanh_inner(x));
    if (ACTIVATION == SILU) return x * sigmoid(x);
    if (ACTIVATION == SIGMOID) return sigmoid(x);
    return tanhf(x);
}

// f'(x), of y for RELU, SIGMOID and TANH and of x for the others.
template <int ACTIVATION>
__device__ __forceinline__ float slope(float saved) {
    if (ACTIVATION == RELU) return saved > 0.0f ? 1.0f : 0.0f;
    if (ACTIVATION == GELU) {
        float density = 0.39894228f * expf(-0.5f * saved * saved);
        return fmaf(saved, density, normal_distribution(saved));
    }
    if (ACTIVATION == GELU_TANH) {
        float t = gelu_tanh_inner(saved);
        float inner = 0.79788456f * fmaf(3.0f * 0.044715f * saved, saved, 1.0f);
        return fmaf(0.5f * saved * (1.0f - t * t), inner, 0.5f * (1.0f + t));
    }
    if (ACTIVATION == SILU) {
        float s = sigmoid(saved);
        return s * fmaf(saved, 1.0f - s, 1.0f);
    }
    if (ACTIVATION == SIGMOID) return saved * (1.0f - saved);
    return fmaf(-saved, saved, 1.0f);
}

// Linear on a GPU: parameters rounded to elements, =. Its products are cublasLt's (`cuda/blas.rs`), its activation that of
// `ops/activation/kernel.cu`, and the gradient of its bias that of `cuda/columns.cuh`.
#include "remat.cuh"

// to_weight = round(weight), of n elements; to_bias = round(bias), of m, which are few.
extern "C" __global__ void linear_round(elem* to_weight, const param* weight, int64_t n, elem* to_bias,
                                        const param* bias, int64_t m) {
    each_run(n, [=](int64_t i, auto width) { store(to_weight + i, load<decltype(width)::value>(weight + i)); });
    each_run(m, [=](int64_t i, auto width) { store(to_bias + i, load<decltype(width)::value>(bias + i)); });
}

// Linear on a GPU: parameters rounded to elements, =. Its products are cublasLt's (`cuda/blas.rs`), its activation that of
// `ops/activation/kernel.cu`, and the gradient of its bias that of `cuda/columns.cuh`.
#include "remat.cuh"

// to = round(from): n elements of a weight or a bias
extern "C" __global__ void linear_round(elem* to, const param* from, int64_t n) {
    each_run(n, [=](int64_t i, auto width) { store(to + i, load<decltype(width)::value>(from + i)); });
}

// Sums of columns of what stands in memory: of elements, and of the sums of their parts. Checked against
// `cpu/columns.rs`.
#include "cuda/columns.cuh"

// to [outputs], or [parts, outputs], = or +=; from [rows, outputs]
extern "C" __global__ void __launch_bounds__(columns::THREADS) columns_sum(
    const elem* from, float* to, int64_t rows, int64_t outputs, int64_t part_rows, int32_t width, int32_t add) {
    REMAT_SHARED(float, shared, columns::Stored<elem>::WIDEST * columns::THREADS);
    columns::sum(shared, to, columns::Stored<elem>{from}, {rows, outputs, part_rows, width}, add);
}

// to [outputs] = or +=; from [parts, outputs], all of which are one part of this
extern "C" __global__ void __launch_bounds__(columns::THREADS) columns_total(
    const float* from, float* to, int64_t rows, int64_t outputs, int64_t part_rows, int32_t width, int32_t add) {
    REMAT_SHARED(float, shared, columns::Stored<float>::WIDEST * columns::THREADS);
    columns::sum(shared, to, columns::Stored<float>{from}, {rows, outputs, part_rows, width}, add);
}

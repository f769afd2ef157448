// Sums of columns of what stands in memory: of elements, and of the sums of their parts. Checked against
// `cpu/columns.rs`.
#include "cuda/columns.cuh"

// to [outputs], or [parts, outputs], = or +=; from [rows, outputs]
extern "C" __global__ void __launch_bounds__(columns::THREADS) columns_sum(
    const elem* from, float* to, int64_t rows, int64_t outputs, int64_t part_rows, int32_t width, int32_t add) {
    REMAT_SHARED(float, shared, columns::Stored<elem>::WIDEST * columns::THREADS);
    columns::sum(shared, to, columns::Stored<elem>{from}, {rows, outputs, part_rows, width}, add);
}

// What is summed, and where to, of each layer of the grid, as in `mod.rs`.
struct Totals {
    const float* from[2];
    float* to[2];
    int32_t add[2];
};

// to [outputs] = or +=; from [parts, outputs], all of which are one part of this
extern "C" __global__ void __launch_bounds__(columns::THREADS) columns_total(
    Totals totals, int64_t rows, int64_t outputs, int64_t part_rows, int32_t width) {
    REMAT_SHARED(float, shared, columns::Stored<float>::WIDEST * columns::THREADS);
    // By an index they would be in memory.
    bool second = blockIdx.z == 1;
    columns::Stored<float> from = {second ? totals.from[1] : totals.from[0]};
    columns::sum(shared, second ? totals.to[1] : totals.to[0], from, {rows, outputs, part_rows, width},
                 second ? totals.add[1] : totals.add[0]);
}

// Dropout on a GPU: to = or += from mask / (1 - p), or the sum of that and another value; db = the sum of dx over rows. Checked
// against `ops/dropout/cpu.rs`, bit for bit.
#include "cuda/columns.cuh"
#include "ops/dropout/mask.cuh"

namespace dropout {

struct Applied {
    elem* to;
    const elem* from;
    // What is added to what is dropped out, as that is stored; or none.
    const elem* plus;
    int add;

    template <class Width>
    __device__ __forceinline__ auto read(int64_t i, Width) const {
        return load_run<Width::value>(from + i);
    }
    template <int WIDTH>
    __device__ __forceinline__ Run<elem, WIDTH> whole(const Run<elem, WIDTH>& read) const {
        return read;
    }
    template <int WIDTH>
    __device__ __forceinline__ void finish(int64_t i, const Run<elem, WIDTH>&, const Values<WIDTH>& left) const {
        if (!plus) return put(to + i, left, add);
        auto rounded = Run<elem, WIDTH>::of(left);
        Values<WIDTH> sum = load<WIDTH>(plus + i);
#pragma unroll
        for (int j = 0; j < WIDTH; j++) sum.x[j] = rounded.at(j) + sum.x[j];
        store(to + i, sum);
    }
};

// dx as what is summed: as it is written, where all lanes of each warp have neighbouring packs of one row.
struct Summed {
    static constexpr int WIDEST = PACK, AHEAD = 1;
    elem* dx;
    const elem* dy;
    Mask mask;

    template <class Width>
    __device__ __forceinline__ auto read(int64_t i, Width) const {
        return load_run<Width::value>(dy + i);
    }
    __device__ __forceinline__ Values<PACK> value(int64_t i, const Run<elem, PACK>& dy) const {
        auto left = mask.left(i, dy);
        store_run(dx + i, left);
        return widened(left);
    }
};

}  // namespace dropout

// to, from: [n]; plus: [n], or none. `to` may be `from`: an element is read and written by one thread.
extern "C" __global__ void dropout_apply(elem* to, const elem* from, const elem* plus, int64_t n, dropout::Drawn drawn,
                                         int32_t add) {
    dropout::each(n, dropout::Mask(drawn), dropout::Applied{to, from, plus, add});
}

// dx, dy [rows, outputs], of outputs that are a multiple of a warp's packs; sums as `columns_sum` has them, of dx, which may be
// dy.
extern "C" __global__ void __launch_bounds__(columns::THREADS, 4)
    dropout_backward_sums(elem* dx, const elem* dy, dropout::Drawn drawn, float* to, int64_t rows, int64_t outputs,
                          int64_t part_rows, int32_t width, int32_t add) {
    REMAT_SHARED(float, shared, PACK * columns::THREADS);
    dropout::Summed from = {dx, dy, dropout::Mask(drawn)};
    columns::sum<PACK>(shared, to, from, {rows, outputs, part_rows, width}, add);
}

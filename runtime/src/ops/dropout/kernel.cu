// Dropout on a GPU: to = or += from mask / (1 - p), or the sum of that and another value. Checked against
// `ops/dropout/cpu.rs`, bit for bit.
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

}  // namespace dropout

// to, from: [n]; plus: [n], or none. `to` may be `from`: an element is read and written by one thread.
extern "C" __global__ void dropout_apply(elem* to, const elem* from, const elem* plus, int64_t n, dropout::Drawn drawn,
                                         int32_t add) {
    dropout::each(n, dropout::Mask(drawn), dropout::Applied{to, from, plus, add});
}

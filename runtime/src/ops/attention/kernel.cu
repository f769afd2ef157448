// Scaled dot-product attention on a GPU, per head: s = q k^T / sqrt(dim), p = softmax(s), y = p v (FlashAttention-2,
// Dao 2023). y, lse: =; dq, dk, dv: = or +=. Checked against `ops/attention/cpu.rs`.
//
// queries, keys: rows of a head; dim: their length. A block owns R rows of one head, of queries or of keys, and the
// rows of the other kind pass by, C at once.
//
// Forward is a kernel over blocks of R queries, which keys pass by. Backward is one over blocks of queries for dq, and
// one over blocks of keys, which queries pass by, for dk and dv: each gradient is summed by one block in one order.
// Nothing of [queries, keys] is kept: backward makes p again from lse. The first also finds the sum of y dy of each query,
// which both need, and hands it to the second.
//
// Per head, halved if causal:   flops                     elements read, beside the outputs written once
//   forward                     4 queries keys dim        dim (queries + 2 keys queries / R)
//   dq                          6 queries keys dim        dim (3 queries + 2 keys queries / R)
//   dk, dv                      8 queries keys dim        dim (2 keys + 2 queries keys / R)
// That is 2 R to 3 R flops per element that is read again, mostly from the L2 cache, so what a block does with a tile
// is what takes the time: `fma.cuh` for elements of f32, `tensor.cuh` for those of bf16, `wide.cuh` for heads of more than
// 256 features.
#include "remat.cuh"
#include "ops/attention/fma.cuh"
#include "ops/attention/tensor.cuh"
#include "ops/attention/wide.cuh"

namespace attention {

using tensor::backward_kv;
using tensor::backward_q;
using tensor::forward;

// R and C of a kernel, and how many blocks of it a multiprocessor should have registers for. With these, all that is in
// shared memory is at most 99 KiB, which the smallest GPUs have, and all sums stay in registers.
template <int ROWS, int PASSING, int COUNT>
struct Tile {
    static constexpr int R = ROWS, C = PASSING, BLOCKS = COUNT;
};

template <class T, int D>
struct Tiles;

template <>
struct Tiles<float, 32> {
    typedef Tile<64, 64, 3> Forward, BackwardQ, BackwardKv;
};
template <>
struct Tiles<float, 64> {
    typedef Tile<64, 64, 3> Forward;
    typedef Tile<64, 32, 3> BackwardQ, BackwardKv;
};
template <>
struct Tiles<float, 128> {
    typedef Tile<64, 32, 3> Forward;
    typedef Tile<32, 32, 3> BackwardQ, BackwardKv;
};
template <>
struct Tiles<float, 256> {
    typedef Tile<32, 16, 3> Forward;
    typedef Tile<16, 16, 3> BackwardQ;
    // With the registers of three, some compilers spill.
    typedef Tile<16, 16, 2> BackwardKv;
};

template <>
struct Tiles<bf16, 32> {
    typedef Tile<128, 64, 3> Forward;
    typedef Tile<128, 64, 2> BackwardQ;
    typedef Tile<128, 32, 2> BackwardKv;
};
template <>
struct Tiles<bf16, 64> {
    typedef Tile<128, 64, 2> Forward;
    typedef Tile<128, 32, 2> BackwardQ, BackwardKv;
};
template <>
struct Tiles<bf16, 128> {
    typedef Tile<128, 32, 2> Forward;
    typedef Tile<64, 32, 2> BackwardQ, BackwardKv;
};
template <>
struct Tiles<bf16, 256> {
    typedef Tile<64, 32, 2> Forward;
    typedef Tile<64, 16, 2> BackwardQ;
    typedef Tile<64, 16, 2> BackwardKv;
};

// What a block sums of heads that are wider than that, and of how many features it makes scores at once.
constexpr int WIDE = 128;
template <class T>
struct Tiles<T, 0> {
    typedef Tile<64, 32, 2> Forward;
    typedef Tile<32, 32, 2> BackwardQ, BackwardKv;
};

}  // namespace attention

// `cuda.rs` knows the same numbers.

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 32>::Forward::BLOCKS)
    attention_forward_32(elem* y, scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 32>::Forward Tile;
    attention::forward<32, Tile::R, Tile::C>(y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 64>::Forward::BLOCKS)
    attention_forward_64(elem* y, scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 64>::Forward Tile;
    attention::forward<64, Tile::R, Tile::C>(y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 128>::Forward::BLOCKS)
    attention_forward_128(elem* y, scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 128>::Forward Tile;
    attention::forward<128, Tile::R, Tile::C>(y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 256>::Forward::BLOCKS)
    attention_forward_256(elem* y, scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 256>::Forward Tile;
    attention::forward<256, Tile::R, Tile::C>(y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 32>::BackwardQ::BLOCKS)
    attention_backward_q_32(elem* dq, int32_t add, attention::Known* known, const elem* dy, const elem* y,
                          const scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 32>::BackwardQ Tile;
    attention::backward_q<32, Tile::R, Tile::C>(dq, add, known, dy, y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 64>::BackwardQ::BLOCKS)
    attention_backward_q_64(elem* dq, int32_t add, attention::Known* known, const elem* dy, const elem* y,
                          const scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 64>::BackwardQ Tile;
    attention::backward_q<64, Tile::R, Tile::C>(dq, add, known, dy, y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 128>::BackwardQ::BLOCKS)
    attention_backward_q_128(elem* dq, int32_t add, attention::Known* known, const elem* dy, const elem* y,
                          const scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 128>::BackwardQ Tile;
    attention::backward_q<128, Tile::R, Tile::C>(dq, add, known, dy, y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 256>::BackwardQ::BLOCKS)
    attention_backward_q_256(elem* dq, int32_t add, attention::Known* known, const elem* dy, const elem* y,
                          const scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 256>::BackwardQ Tile;
    attention::backward_q<256, Tile::R, Tile::C>(dq, add, known, dy, y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 32>::BackwardKv::BLOCKS)
    attention_backward_kv_32(elem* dk, elem* dv, int32_t add_k, int32_t add_v, const attention::Known* known,
                           const elem* dy, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 32>::BackwardKv Tile;
    attention::backward_kv<32, Tile::R, Tile::C>(dk, dv, add_k, add_v, known, dy, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 64>::BackwardKv::BLOCKS)
    attention_backward_kv_64(elem* dk, elem* dv, int32_t add_k, int32_t add_v, const attention::Known* known,
                           const elem* dy, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 64>::BackwardKv Tile;
    attention::backward_kv<64, Tile::R, Tile::C>(dk, dv, add_k, add_v, known, dy, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 128>::BackwardKv::BLOCKS)
    attention_backward_kv_128(elem* dk, elem* dv, int32_t add_k, int32_t add_v, const attention::Known* known,
                           const elem* dy, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 128>::BackwardKv Tile;
    attention::backward_kv<128, Tile::R, Tile::C>(dk, dv, add_k, add_v, known, dy, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 256>::BackwardKv::BLOCKS)
    attention_backward_kv_256(elem* dk, elem* dv, int32_t add_k, int32_t add_v, const attention::Known* known,
                           const elem* dy, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 256>::BackwardKv Tile;
    attention::backward_kv<256, Tile::R, Tile::C>(dk, dv, add_k, add_v, known, dy, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 0>::Forward::BLOCKS)
    attention_forward_wide(elem* y, scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 0>::Forward Tile;
    attention::wide::forward<attention::WIDE, Tile::R, Tile::C>(y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 0>::BackwardQ::BLOCKS)
    attention_backward_q_wide(elem* dq, int32_t add, attention::Known* known, const elem* dy, const elem* y,
                            const scalar* lse, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 0>::BackwardQ Tile;
    attention::wide::backward_q<attention::WIDE, Tile::R, Tile::C>(dq, add, known, dy, y, lse, shape);
}

extern "C" __global__ void __launch_bounds__(attention::THREADS, attention::Tiles<elem, 0>::BackwardKv::BLOCKS)
    attention_backward_kv_wide(elem* dk, elem* dv, int32_t add_k, int32_t add_v, const attention::Known* known,
                             const elem* dy, const __grid_constant__ attention::Shape<elem> shape) {
    typedef attention::Tiles<elem, 0>::BackwardKv Tile;
    attention::wide::backward_kv<attention::WIDE, Tile::R, Tile::C>(dk, dv, add_k, add_v, known, dy, shape);
}

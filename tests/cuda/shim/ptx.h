// The instructions of the PTX ISA that the compiler uses for kernels, each as a function that has its name, with an
// underscore behind it, and of the types that it ends in: `build/ptx.rs` writes the calls. First what is written, then
// what is read.
//
// Here is what a GPU does and a host does not: NaN that come of arithmetic are all the same, shifts saturate, and an
// address is an error if it is not aligned to what is moved there, or is in no allocation.
#pragma once

#include "async.h"
#include "engine.h"
#include "math.h"
#include "tensor.h"
#include "warp.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace remat_shim {
namespace ptx {

using pred = bool;
using b16 = uint16_t;
using u16 = uint16_t;
using b32 = uint32_t;
using u32 = uint32_t;
using s32 = int32_t;
using b64 = uint64_t;
using u64 = uint64_t;
using s64 = int64_t;
using f32 = float;
using f64 = double;
// Only as types of instructions: in registers they are bits.
struct bf16;
struct bf16x2;
struct f16;

inline f32 single(u32 bits) {
    return bit_cast<f32>(bits);
}

inline f64 twice(u64 bits) {
    return bit_cast<f64>(bits);
}

template <class T> constexpr bool FLOATS = std::is_floating_point<T>::value;

// What a register holds of a T: integers without a sign, which wrap around.
template <class T, bool FLOAT = FLOATS<T>> struct Register {
    using type = std::make_unsigned_t<T>;
};

template <class T> struct Register<T, true> {
    using type = T;
};

template <class T> using held = typename Register<T>::type;

// The NaN that arithmetic on a GPU gives.
template <class T> T canonical(T x) {
    if constexpr (std::is_same<T, f32>::value) {
        return isnan(x) ? single(0x7fffffff) : x;
    } else {
        return isnan(x) ? twice(0x7fffffffffffffff) : x;
    }
}

// What is loaded or moved as a T to a register: the same bits, the higher ones after its sign.
template <class T, class D> void fill(D& d, T value) {
    if constexpr (FLOATS<T> == FLOATS<D>) {
        d = static_cast<D>(value);
    } else {
        d = bit_cast<D>(value);
    }
}

template <class T, class S> T taken(S s) {
    if constexpr (FLOATS<T> == FLOATS<S>) {
        return static_cast<T>(s);
    } else {
        return bit_cast<T>(s);
    }
}

// ------------------------------------------------------------------------------------------------ special registers

#define REMAT_PTX_SPECIAL(name, value)                                                                                 \
    inline u32 name##_x() {                                                                                            \
        return current().value.x;                                                                                      \
    }                                                                                                                  \
    inline u32 name##_y() {                                                                                            \
        return current().value.y;                                                                                      \
    }                                                                                                                  \
    inline u32 name##_z() {                                                                                            \
        return current().value.z;                                                                                      \
    }

REMAT_PTX_SPECIAL(tid, thread)
REMAT_PTX_SPECIAL(ntid, block_dim)
REMAT_PTX_SPECIAL(ctaid, block)
REMAT_PTX_SPECIAL(nctaid, grid_dim)
#undef REMAT_PTX_SPECIAL

// ---------------------------------------------------------------------------------------------------------- memory

// An array of shared memory. The address of its first byte is as many times WINDOW as arrays stand before it.
struct Array {
    unsigned char* memory;
    size_t size;
};

constexpr u64 WINDOW = 1 << 20;

inline Array dynamic_array() {
    return {static_cast<unsigned char*>(current().dynamic_shared), current().dynamic_size};
}

inline Array static_array(const void* key, size_t size) {
    return {static_cast<unsigned char*>(shared_memory(key, size)), size};
}

inline u64 address_of(const void* memory) {
    return reinterpret_cast<u64>(memory);
}

template <size_t N> void* in_shared(const Array (&arrays)[N], Place place, u64 address, size_t size) {
    u64 array = address / WINDOW, offset = address % WINDOW;
    if (array >= N || offset + size > arrays[array].size) {
        die("an address of shared memory at which no array is", place);
    }
    if (offset % size != 0) {
        die("an address of shared memory that is not aligned to what is moved", place);
    }
    return arrays[array].memory + offset;
}

inline void* in_global(Place place, u64 address, size_t size) {
    if (address % size != 0) {
        die("an address that is not aligned to what is moved", place);
    }
    if (!reaches(address, size)) {
        die("an address at which no memory is that kernels may reach", place);
    }
    return reinterpret_cast<void*>(address);
}

template <class T, class... D> void load(const void* from, D&... d) {
    T values[sizeof...(D)];
    memcpy(values, from, sizeof values);
    size_t i = 0;
    (fill<T>(d, values[i++]), ...);
}

template <class T, class... S> void store(void* to, S... s) {
    T values[] = {taken<T>(s)...};
    memcpy(to, values, sizeof values);
}

template <class T, class... D> void ld_param_(Place, u64 address, D&... d) {
    load<T>(reinterpret_cast<const void*>(address), d...);
}

template <class T, class... D> void ld_global_(Place place, u64 address, D&... d) {
    load<T>(in_global(place, address, sizeof(T) * sizeof...(D)), d...);
}

template <class T, class... S> void st_global_(Place place, u64 address, S... s) {
    store<T>(in_global(place, address, sizeof(T) * sizeof...(S)), s...);
}

// By a generic address: of global memory, since no other kind is made generic here.
template <class T, class... D> void ld_(Place place, u64 address, D&... d) {
    ld_global_<T>(place, address, d...);
}

template <class T, class... S> void st_(Place place, u64 address, S... s) {
    st_global_<T>(place, address, s...);
}

template <class T, size_t N, class... D> void ld_shared_(const Array (&arrays)[N], Place place, u64 address, D&... d) {
    load<T>(in_shared(arrays, place, address, sizeof(T) * sizeof...(D)), d...);
}

template <class T, size_t N, class... S> void st_shared_(const Array (&arrays)[N], Place place, u64 address, S... s) {
    store<T>(in_shared(arrays, place, address, sizeof(T) * sizeof...(S)), s...);
}

template <class T> void cvta_to_global_(T& d, T a) {
    d = a;
}

// `there` bytes of them are read, the others become 0.
template <size_t N>
void cp_async_ca_shared_global_(const Array (&arrays)[N], Place place, u32 to, u64 from, u64 bytes, u32 there) {
    if (there > bytes) {
        die("cp.async of more bytes than it copies", place);
    }
    void* memory = in_shared(arrays, place, to, bytes);
    // Where nothing is there, nothing is read.
    const void* source = there == 0 ? nullptr : in_global(place, from, bytes);
    switch (bytes) {
    case 4:
        return copy_async<4>(memory, source, static_cast<int>(there), place);
    case 8:
        return copy_async<8>(memory, source, static_cast<int>(there), place);
    case 16:
        return copy_async<16>(memory, source, static_cast<int>(there), place);
    default:
        die("cp.async of neither 4, 8 nor 16 bytes", place);
    }
}

template <size_t N>
void cp_async_cg_shared_global_(const Array (&arrays)[N], Place place, u32 to, u64 from, u64 bytes, u32 there) {
    if (bytes != 16) {
        die("cp.async.cg of another number of bytes than 16", place);
    }
    cp_async_ca_shared_global_(arrays, place, to, from, bytes, there);
}

inline void cp_async_wait_all_(Place) {
    wait_for_copies();
}

// ------------------------------------------------------------------------------------------------- moves and bits

// The same bits; integers as wide as the register.
template <class T, class D, class S> void mov_(D& d, S s) {
    if constexpr (FLOATS<D> || FLOATS<S>) {
        using Bits = std::conditional_t<sizeof(D) == 4, u32, u64>;
        if constexpr (FLOATS<S>) {
            d = bit_cast<D>(s);
        } else {
            d = bit_cast<D>(static_cast<Bits>(s));
        }
    } else {
        d = static_cast<D>(s);
    }
}

// Halves of a register, the lower one first.
template <class T> void mov_(b32& d, b16 low, b16 high) {
    d = static_cast<b32>(high) << 16 | low;
}

template <class T> void mov_(b16& low, b16& high, b32 s) {
    low = static_cast<b16>(s);
    high = static_cast<b16>(s >> 16);
}

template <class T, class D> void mov_(D& d, b32 low, b32 high) {
    static_assert(sizeof(D) == 8, "two of 32 bits");
    d = bit_cast<D>(static_cast<b64>(high) << 32 | low);
}

template <class T, class S> void mov_(b32& low, b32& high, S s) {
    static_assert(sizeof(S) == 8, "two of 32 bits");
    low = static_cast<b32>(bit_cast<b64>(s));
    high = static_cast<b32>(bit_cast<b64>(s) >> 32);
}

template <class T> void selp_(T& d, T a, T b, pred p) {
    d = p ? a : b;
}

template <class T> void and_(T& d, T a, T b) {
    d = a & b;
}

template <class T> void or_(T& d, T a, T b) {
    d = a | b;
}

template <class T> void xor_(T& d, T a, T b) {
    d = a ^ b;
}

template <class T> void not_(T& d, T a) {
    if constexpr (std::is_same<T, pred>::value) {
        d = !a;
    } else {
        d = ~a;
    }
}

template <class T> void shl_(T& d, T a, u32 bits) {
    d = bits < 8 * sizeof(T) ? a << bits : 0;
}

template <class T> void shr_(held<T>& d, T a, u32 bits) {
    constexpr u32 LAST = 8 * sizeof(T) - 1;
    if (bits > LAST) {
        // As many signs as there are bits.
        d = static_cast<held<T>>(std::is_signed<T>::value ? a >> LAST : 0);
    } else {
        d = static_cast<held<T>>(a >> bits);
    }
}

// The lowest `length` bits of a in place of those of b from `start` on.
template <class T> void bfi_(T& d, T a, T b, u32 start, u32 length) {
    start &= 0xff;
    length &= 0xff;
    T result = b;
    for (u32 i = 0; i < length && start + i < 8 * sizeof(T); i++) {
        T bit = static_cast<T>(1) << (start + i);
        result = (a >> i & 1) != 0 ? result | bit : result & ~bit;
    }
    d = result;
}

// How far the highest bit that is set is from the highest.
template <class T> void bfind_shiftamt_(u32& d, T a) {
    static_assert(std::is_same<T, u32>::value, "as far as kernels use it");
    d = a == 0 ? 0xffffffff : static_cast<u32>(__builtin_clz(a));
}

template <class T> void popc_(u32& d, T a) {
    static_assert(sizeof(T) == 4, "as far as kernels use it");
    d = static_cast<u32>(__builtin_popcount(a));
}

template <class T> void brev_(T& d, T a) {
    T result = 0;
    for (u32 i = 0; i < 8 * sizeof(T); i++) {
        result = result << 1 | (a >> i & 1);
    }
    d = result;
}

// Each byte is that of the eight of a and b that four bits of `which` say, or its sign.
template <class T> void prmt_(T& d, T a, T b, u32 which) {
    u64 bytes = static_cast<u64>(b) << 32 | a;
    u32 result = 0;
    for (u32 i = 0; i < 4; i++) {
        u32 one = which >> 4 * i & 15;
        u32 byte = static_cast<u32>(bytes >> 8 * (one & 7)) & 0xff;
        if ((one & 8) != 0) {
            byte = (byte & 0x80) != 0 ? 0xff : 0;
        }
        result |= byte << 8 * i;
    }
    d = result;
}

// -------------------------------------------------------------------------------------------------------- integers

template <class T> void add_(held<T>& d, T a, T b) {
    d = static_cast<held<T>>(a) + static_cast<held<T>>(b);
}

template <class T> void sub_(held<T>& d, T a, T b) {
    d = static_cast<held<T>>(a) - static_cast<held<T>>(b);
}

template <class T> void mul_lo_(held<T>& d, T a, T b) {
    d = static_cast<held<T>>(a) * static_cast<held<T>>(b);
}

template <class T> void mul_wide_(std::conditional_t<sizeof(T) == 2, u32, u64>& d, T a, T b) {
    using Wide = std::conditional_t<std::is_signed<T>::value, s64, u64>;
    static_assert(sizeof(T) == 4 || std::is_same<T, u16>::value, "as far as kernels use it");
    d = static_cast<std::decay_t<decltype(d)>>(static_cast<Wide>(a) * static_cast<Wide>(b));
}

template <class T> void mad_lo_(held<T>& d, T a, T b, T c) {
    d = static_cast<held<T>>(a) * static_cast<held<T>>(b) + static_cast<held<T>>(c);
}

template <class T> bool divides(T a, T b) {
    return b != 0 && !(std::is_signed<T>::value && a == std::numeric_limits<T>::min() && b == static_cast<T>(-1));
}

// Without a place: what a GPU gives is not said, and no kernel may ask.
template <class T> void div_(held<T>& d, T a, T b) {
    if (!divides(a, b)) {
        die("a division of integers that has no result", Place::here());
    }
    d = static_cast<held<T>>(a / b);
}

template <class T> void rem_(held<T>& d, T a, T b) {
    if (!divides(a, b)) {
        die("a division of integers that has no result", Place::here());
    }
    d = static_cast<held<T>>(a % b);
}

// ------------------------------------------------------------------------------------------------- both, and floats

template <class T> void neg_(held<T>& d, T a) {
    if constexpr (FLOATS<T>) {
        d = -a;
    } else {
        d = 0 - static_cast<held<T>>(a);
    }
}

template <class T> void abs_(held<T>& d, T a) {
    if constexpr (FLOATS<T>) {
        d = std::fabs(a);
    } else {
        d = a < 0 ? 0 - static_cast<held<T>>(a) : static_cast<held<T>>(a);
    }
}

// Of a NaN and a number the number; 0 is larger than -0.
template <class T> void max_(held<T>& d, T a, T b) {
    if constexpr (FLOATS<T>) {
        if (isnan(a) || isnan(b)) {
            d = canonical(isnan(a) ? b : a);
        } else if (a == b) {
            d = std::signbit(a) ? b : a;
        } else {
            d = a > b ? a : b;
        }
    } else {
        d = static_cast<held<T>>(a > b ? a : b);
    }
}

template <class T> void min_(held<T>& d, T a, T b) {
    static_assert(!FLOATS<T>, "as far as kernels use it");
    d = static_cast<held<T>>(a < b ? a : b);
}

template <class T> void add_rn_(T& d, T a, T b) {
    d = canonical(a + b);
}

template <class T> void sub_rn_(T& d, T a, T b) {
    d = canonical(a - b);
}

template <class T> void mul_rn_(T& d, T a, T b) {
    d = canonical(a * b);
}

template <class T> void div_rn_(T& d, T a, T b) {
    d = canonical(a / b);
}

template <class T> void rcp_rn_(T& d, T a) {
    d = canonical(1 / a);
}

template <class T> void sqrt_rn_(T& d, T a) {
    d = canonical(std::sqrt(a));
}

template <class T> void fma_rn_(T& d, T a, T b, T c) {
    d = canonical(std::fma(a, b, c));
}

// The sign of a, and all else of b.
template <class T> void copysign_(T& d, T a, T b) {
    d = std::copysign(b, a);
}

// A number that is smaller than all normal ones is 0, with its sign.
inline f32 flushed(f32 x) {
    return std::fabs(x) < std::numeric_limits<f32>::min() ? std::copysign(0.0f, x) : x;
}

// Those of a GPU are up to 2 ulp from these.
template <class T> void ex2_approx_ftz_(T& d, T a) {
    d = canonical(flushed(std::exp2(flushed(a))));
}

template <class T> void rcp_approx_ftz_(T& d, T a) {
    d = canonical(flushed(1 / flushed(a)));
}

#define REMAT_PTX_COMPARISON(name, holds)                                                                              \
    template <class T> void setp_##name##_(pred& d, T a, T b) {                                                        \
        d = holds;                                                                                                     \
    }

REMAT_PTX_COMPARISON(eq, a == b)
REMAT_PTX_COMPARISON(lt, a < b)
REMAT_PTX_COMPARISON(le, a <= b)
REMAT_PTX_COMPARISON(gt, a > b)
REMAT_PTX_COMPARISON(ge, a >= b)
// Of numbers alone; those that end in u hold with a NaN too.
REMAT_PTX_COMPARISON(ne, a < b || a > b)
REMAT_PTX_COMPARISON(equ, !(a < b || a > b))
REMAT_PTX_COMPARISON(neu, a != b)
REMAT_PTX_COMPARISON(ltu, !(a >= b))
REMAT_PTX_COMPARISON(leu, !(a > b))
REMAT_PTX_COMPARISON(gtu, !(a <= b))
REMAT_PTX_COMPARISON(geu, !(a < b))
REMAT_PTX_COMPARISON(num, !isnan(a) && !isnan(b))
REMAT_PTX_COMPARISON(nan, isnan(a) || isnan(b))
#undef REMAT_PTX_COMPARISON

// ----------------------------------------------------------------------------------------------------- conversions

// To the nearest with as many bits fewer as `DROPPED`, to even between two: of bits that are no NaN's.
template <u32 DROPPED> u32 nearest(u32 bits) {
    u32 half = 1u << (DROPPED - 1), rest = bits & ((1u << DROPPED) - 1), kept = bits >> DROPPED;
    bool up = rest > half || (rest == half && (kept & 1) != 0);
    return kept + up;
}

inline b16 to_bf16(f32 x) {
    return isnan(x) ? 0x7fff : static_cast<b16>(nearest<16>(bit_cast<u32>(x)));
}

// Integers of any two widths, after the sign of what is read.
template <class To, class From> std::enable_if_t<!FLOATS<To>> cvt_(held<To>& d, From a) {
    static_assert(!FLOATS<From>, "floats are rounded");
    d = static_cast<held<To>>(static_cast<To>(a));
}

template <class To> struct Rounded {
    template <class From> static void from(To& d, From a) {
        d = static_cast<To>(a);
        if constexpr (FLOATS<From>) {
            d = canonical(d);
        }
    }
};

template <> struct Rounded<bf16> {
    static void from(b16& d, f32 a) {
        d = to_bf16(a);
    }
};

template <> struct Rounded<f16> {
    static void from(b16& d, f32 a) {
        d = isnan(a) ? 0x7fff : bit_cast<b16>(static_cast<_Float16>(a));
    }
};

// The first operand into the upper half.
template <> struct Rounded<bf16x2> {
    static void from(b32& d, f32 high, f32 low) {
        d = static_cast<b32>(to_bf16(high)) << 16 | to_bf16(low);
    }
};

template <class To, class From, class D> void cvt_rn_(D& d, From a) {
    Rounded<To>::from(d, a);
}

template <class To, class From, class D> void cvt_rn_(D& d, From high, From low) {
    Rounded<To>::from(d, high, low);
}

// To what is wider: exactly.
template <class To, class From, class S> std::enable_if_t<FLOATS<To>> cvt_(To& d, S a) {
    if constexpr (std::is_same<From, f16>::value) {
        d = canonical(static_cast<To>(bit_cast<_Float16>(static_cast<b16>(a))));
    } else {
        d = canonical(static_cast<To>(a));
    }
}

// ---------------------------------------------------------------------------------------------- with other threads

inline void bar_sync_(Place place, u32 barrier) {
    if (barrier != 0) {
        die("another barrier than 0", place);
    }
    sync_block(Vote::None, 0, place);
}

template <class T> void bar_red_or_(Place place, T& d, u32 barrier, T predicate) {
    if (barrier != 0) {
        die("another barrier than 0", place);
    }
    d = sync_block(Vote::Or, predicate, place) != 0;
}

inline void bar_warp_sync_(Place place, u32 mask) {
    sync_warp(mask, place);
}

template <class T> void vote_sync_ballot_(Place place, T& d, pred predicate, u32 mask) {
    d = __ballot_sync(mask, predicate, place);
}

template <class T> void vote_sync_any_(Place place, T& d, pred predicate, u32 mask) {
    d = __any_sync(mask, predicate, place);
}

// `limits` has the last lane of a segment, and behind it which bits of a lane's number say its segment.
template <class T> void shfl_sync_bfly_(Place place, T& d, pred& within, T a, u32 bits, u32 limits, u32 mask) {
    u32 lane = current().lane(), segment = limits >> 8 & 31, last = limits & 31;
    u32 most = (lane & segment) | (last & ~segment);
    u32 source = lane ^ (bits & 31);
    within = source <= most;
    d = shuffle(mask, a, static_cast<int>(source), within, "shfl.sync.bfly", place);
}

template <class C, class A, class B, class D>
void mma_sync_aligned_m16n8k16_row_col_(Place place, f32& d0, f32& d1, f32& d2, f32& d3, b32 a0, b32 a1, b32 a2, b32 a3,
                                        b32 b0, b32 b1, f32 c0, f32 c1, f32 c2, f32 c3) {
    static_assert(std::is_same<A, bf16>::value && std::is_same<B, bf16>::value, "as far as kernels use it");
    f32 sums[4] = {c0, c1, c2, c3};
    const b32 left[4] = {a0, a1, a2, a3}, right[2] = {b0, b1};
    mma_m16n8k16(sums, left, right, place);
    d0 = sums[0];
    d1 = sums[1];
    d2 = sums[2];
    d3 = sums[3];
}

template <size_t N>
void load_matrices(const Array (&arrays)[N], Place place, b32& d0, b32& d1, b32& d2, b32& d3, u32 row, bool transposed) {
    b32 loaded[4];
    ldmatrix_x4(loaded, in_shared(arrays, place, row, 16), transposed, place);
    d0 = loaded[0];
    d1 = loaded[1];
    d2 = loaded[2];
    d3 = loaded[3];
}

template <class T, size_t N>
void ldmatrix_sync_aligned_m8n8_x4_shared_(const Array (&arrays)[N], Place place, b32& d0, b32& d1, b32& d2, b32& d3,
                                           u32 row) {
    load_matrices(arrays, place, d0, d1, d2, d3, row, false);
}

template <class T, size_t N>
void ldmatrix_sync_aligned_m8n8_x4_trans_shared_(const Array (&arrays)[N], Place place, b32& d0, b32& d1, b32& d2,
                                                 b32& d3, u32 row) {
    load_matrices(arrays, place, d0, d1, d2, d3, row, true);
}

}  // namespace ptx
}  // namespace remat_shim

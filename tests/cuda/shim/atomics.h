// CUDA's atomic functions. They are atomic here too, since blocks may run on several threads, and relaxed, as CUDA's.
#pragma once

namespace remat_shim {

// Replaces `*place` by `next` of it; returns what it was.
template <class T, class F> T update(T* place, F next) {
    T old;
    __atomic_load(place, &old, __ATOMIC_RELAXED);
    T updated = next(old);
    while (!__atomic_compare_exchange(place, &old, &updated, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        updated = next(old);
    }
    return old;
}

template <class T> T compare_and_swap(T* place, T expected, T value) {
    __atomic_compare_exchange_n(place, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return expected;
}

}  // namespace remat_shim

#define REMAT_SHIM_ATOMIC(name, T, next)                                                                               \
    inline T name(T* place, T value) {                                                                                 \
        return remat_shim::update(place, [value](T old) -> T { return next; });                                        \
    }

// Sums of signed numbers wrap around.
REMAT_SHIM_ATOMIC(atomicAdd, int, static_cast<int>(static_cast<unsigned>(old) + static_cast<unsigned>(value)))
REMAT_SHIM_ATOMIC(atomicAdd, unsigned, old + value)
REMAT_SHIM_ATOMIC(atomicAdd, unsigned long long, old + value)
REMAT_SHIM_ATOMIC(atomicAdd, float, old + value)
REMAT_SHIM_ATOMIC(atomicAdd, double, old + value)
REMAT_SHIM_ATOMIC(atomicSub, int, static_cast<int>(static_cast<unsigned>(old) - static_cast<unsigned>(value)))
REMAT_SHIM_ATOMIC(atomicSub, unsigned, old - value)
REMAT_SHIM_ATOMIC(atomicExch, int, ((void)old, value))
REMAT_SHIM_ATOMIC(atomicExch, unsigned, ((void)old, value))
REMAT_SHIM_ATOMIC(atomicExch, unsigned long long, ((void)old, value))
REMAT_SHIM_ATOMIC(atomicExch, float, ((void)old, value))
REMAT_SHIM_ATOMIC(atomicInc, unsigned, old >= value ? 0 : old + 1)
REMAT_SHIM_ATOMIC(atomicDec, unsigned, old == 0 || old > value ? value : old - 1)

#define REMAT_SHIM_INTEGER_ATOMICS(T)                                                                                  \
    REMAT_SHIM_ATOMIC(atomicMin, T, old < value ? old : value)                                                         \
    REMAT_SHIM_ATOMIC(atomicMax, T, old > value ? old : value)                                                         \
    REMAT_SHIM_ATOMIC(atomicAnd, T, old& value)                                                                        \
    REMAT_SHIM_ATOMIC(atomicOr, T, old | value)                                                                        \
    REMAT_SHIM_ATOMIC(atomicXor, T, old ^ value)                                                                       \
    inline T atomicCAS(T* place, T expected, T value) {                                                                \
        return remat_shim::compare_and_swap(place, expected, value);                                                   \
    }

REMAT_SHIM_INTEGER_ATOMICS(int)
REMAT_SHIM_INTEGER_ATOMICS(unsigned)
REMAT_SHIM_INTEGER_ATOMICS(unsigned long long)
#undef REMAT_SHIM_INTEGER_ATOMICS
#undef REMAT_SHIM_ATOMIC

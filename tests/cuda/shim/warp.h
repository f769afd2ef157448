// What the lanes of a warp do together: shuffles, votes and barriers.
#pragma once

#include "engine.h"

#include <cstring>

namespace remat_shim {

// Deposits up to 8 bytes, and waits until every lane of `mask` has.
void deposit(unsigned mask, uint64_t bits, const char* call, Place place);

// `__syncwarp`: unlike the other primitives of a warp, it orders memory.
void sync_warp(unsigned mask, Place place);

// The lanes of `mask` that the running thread's warp has: the last warp of a block may be short.
unsigned present(unsigned mask);

// What `lane` deposited in the last exchange.
const void* warp_slot(unsigned lane);

// Deposits `size` bytes at `in`; from then on `warp_slot` tells what each lane of `mask` deposited.
inline void warp_exchange(unsigned mask, const void* in, size_t size, const char* call, const char* file, int line) {
    uint64_t bits = 0;
    memcpy(&bits, in, size);
    deposit(mask, bits, call, {file, line});
}

template <class T> T slot(unsigned lane) {
    T value;
    memcpy(&value, warp_slot(lane), sizeof value);
    return value;
}

// The value of the lane `source`, or, where `source` is out of the caller's segment of a warp, its own: as CUDA does.
template <class T> T shuffle(unsigned mask, T value, int source, bool within, const char* call, Place place) {
    static_assert(sizeof(T) <= 8 && std::is_trivially_copyable<T>::value, "a shuffle takes up to 8 bytes");
    warp_exchange(mask, &value, sizeof value, call, place.file, place.line);
    if (!within || source == static_cast<int>(current().lane())) {
        return value;
    }
    if (!(present(mask) >> source & 1)) {
        die("a shuffle reads a lane that does not take part in it", place);
    }
    return slot<T>(source);
}

// The first lane of the caller's segment of `width` lanes.
inline int segment(int width) {
    return static_cast<int>(current().lane()) & ~(width - 1);
}

}  // namespace remat_shim

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, remat_shim::Place place = remat_shim::Place::here()) {
    int source = remat_shim::segment(width) + (lane & (width - 1));
    return remat_shim::shuffle(mask, value, source, true, "__shfl_sync", place);
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32,
                  remat_shim::Place place = remat_shim::Place::here()) {
    int source = static_cast<int>(remat_shim::current().lane()) ^ bits;
    bool within = source < remat_shim::segment(width) + width;
    return remat_shim::shuffle(mask, value, source, within, "__shfl_xor_sync", place);
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   remat_shim::Place place = remat_shim::Place::here()) {
    int source = static_cast<int>(remat_shim::current().lane() + delta);
    bool within = source < remat_shim::segment(width) + width;
    return remat_shim::shuffle(mask, value, source, within, "__shfl_down_sync", place);
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 remat_shim::Place place = remat_shim::Place::here()) {
    int source = static_cast<int>(remat_shim::current().lane()) - static_cast<int>(delta);
    bool within = source >= remat_shim::segment(width);
    return remat_shim::shuffle(mask, value, source, within, "__shfl_up_sync", place);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, remat_shim::Place place = remat_shim::Place::here()) {
    remat_shim::deposit(mask, predicate != 0, "a vote of a warp", place);
    unsigned votes = 0;
    unsigned voters = remat_shim::present(mask);
    for (unsigned lane = 0; lane < 32; lane++) {
        if (voters >> lane & 1) {
            votes |= static_cast<unsigned>(remat_shim::slot<uint64_t>(lane)) << lane;
        }
    }
    return votes;
}

inline int __any_sync(unsigned mask, int predicate, remat_shim::Place place = remat_shim::Place::here()) {
    return __ballot_sync(mask, predicate, place) != 0;
}

inline int __all_sync(unsigned mask, int predicate, remat_shim::Place place = remat_shim::Place::here()) {
    return __ballot_sync(mask, predicate, place) == remat_shim::present(mask);
}

inline void __syncwarp(unsigned mask = 0xffffffffu, remat_shim::Place place = remat_shim::Place::here()) {
    remat_shim::sync_warp(mask, place);
}

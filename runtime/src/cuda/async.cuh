// Copies from global to shared memory that a thread starts and waits for later, without registers in between.
#pragma once
#include "remat.cuh"

// What is at `to`, AHEAD elements further, = BYTES bytes from `from` on, both aligned to as many, or 0 if they are not
// `there`, and then not read, and may be nowhere. Until this thread has waited, what is written is not known; to others it
// is known after a barrier behind that.
template <int BYTES, int AHEAD = 0, class T>
__device__ __forceinline__ void copy_async(T* to, const void* from, bool there) {
    int bytes = there ? BYTES : 0;
#ifdef REMAT_HOST
    remat_shim::copy_async<BYTES>(to + AHEAD, from, bytes);
#else
    // The same for all that are written from one place on: instructions hold how far ahead each is.
    uint32_t at = (uint32_t)__cvta_generic_to_shared(to);
    constexpr int FURTHER = AHEAD * sizeof(T);
    if (BYTES == 16) {
        asm volatile("cp.async.cg.shared.global [%0 + %3], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(bytes), "n"(FURTHER)
                     : "memory");
    } else {
        // The others are no whole lines of the second cache, and pass through the first.
        asm volatile("cp.async.ca.shared.global [%0 + %4], [%1], %3, %2;" ::"r"(at), "l"(from), "r"(bytes), "n"(BYTES),
                     "n"(FURTHER)
                     : "memory");
    }
#endif
}

// Waits for all copies of this thread.
__device__ __forceinline__ void wait_for_copies() {
#ifdef REMAT_HOST
    remat_shim::wait_for_copies();
#else
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

// Copies from global to shared memory that a thread starts and waits for later, without registers in between.
#pragma once
#include "remat.cuh"

// to = BYTES bytes from `from` on, both aligned to as many, or 0 if they are not `there`, and then not read. Until this
// thread has waited, what is in `to` is not known; to others it is known after a barrier behind that.
template <int BYTES>
__device__ __forceinline__ void copy_async(void* to, const void* from, bool there) {
    int bytes = there ? BYTES : 0;
#ifdef REMAT_HOST
    remat_shim::copy_async<BYTES>(to, from, bytes);
#else
    uint32_t at = (uint32_t)__cvta_generic_to_shared(to);
    if (BYTES == 16) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(bytes) : "memory");
    } else {
        // The others are no whole lines of the second cache, and pass through the first.
        asm volatile("cp.async.ca.shared.global [%0], [%1], %3, %2;" ::"r"(at), "l"(from), "r"(bytes), "n"(BYTES)
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

// Asynchronous copies to shared memory, cp.async of the PTX ISA: they are done as late as they may be, when the thread
// that started them waits. Until then NaN is where they go.
#pragma once

#include "engine.h"

#include <cstring>
#include <vector>

namespace remat_shim {

struct Copy {
    void* to;
    const void* from;
    // Of what is copied, and of what is there; the others become 0.
    size_t bytes, there;
};

// What the running thread has started and not waited for.
std::vector<Copy>& started_copies();

// BYTES bytes, of which those past `there` are 0.
template <int BYTES> void copy_async(void* to, const void* from, int there, Place place = Place::here()) {
    static_assert(BYTES == 4 || BYTES == 8 || BYTES == 16, "as cp.async has them");
    if (reinterpret_cast<uintptr_t>(to) % BYTES != 0 || reinterpret_cast<uintptr_t>(from) % BYTES != 0) {
        die("an asynchronous copy that is not aligned to its bytes", place);
    }
    if (!in_shared_memory(to, BYTES)) {
        die("an asynchronous copy that does not go to shared memory", place);
    }
    memset(to, 0xff, BYTES);
    started_copies().push_back({to, from, BYTES, static_cast<size_t>(there)});
}

inline void wait_for_copies() {
    for (const Copy& copy : started_copies()) {
        memset(copy.to, 0, copy.bytes);
        memcpy(copy.to, copy.from, copy.there);
    }
    started_copies().clear();
}

}  // namespace remat_shim

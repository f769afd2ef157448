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
    int bytes;
};

// What the running thread has started and not waited for.
std::vector<Copy>& started_copies();

// 16 bytes, of which those past `bytes` are 0.
inline void copy_async(void* to, const void* from, int bytes, Place place = Place::here()) {
    if (reinterpret_cast<uintptr_t>(to) % 16 != 0 || reinterpret_cast<uintptr_t>(from) % 16 != 0) {
        die("an asynchronous copy that is not aligned to its 16 bytes", place);
    }
    if (!in_shared_memory(to, 16)) {
        die("an asynchronous copy that does not go to shared memory", place);
    }
    memset(to, 0xff, 16);
    started_copies().push_back({to, from, bytes});
}

inline void wait_for_copies() {
    for (const Copy& copy : started_copies()) {
        memset(copy.to, 0, 16);
        memcpy(copy.to, copy.from, static_cast<size_t>(copy.bytes));
    }
    started_copies().clear();
}

}  // namespace remat_shim

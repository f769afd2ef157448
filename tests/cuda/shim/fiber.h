// Stacks of their own, and the way from one to the other, with what sanitizers have to be told about it.
#pragma once

#include <cstddef>
#include <cstdint>

#if !defined(__x86_64__) && !defined(REMAT_SHIM_UCONTEXT)
#define REMAT_SHIM_UCONTEXT
#endif
#if defined(REMAT_SHIM_UCONTEXT)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
// Kernels are compiled for ThreadSanitizer then, but what includes this file is not: what it does to the state of
// threads would be taken for races.
#if defined(REMAT_SHIM_TSAN)
#include <sanitizer/tsan_interface.h>
extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);
extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif

namespace remat_shim {

// A stack, and where on it to go on.
struct Context {
#if defined(REMAT_SHIM_UCONTEXT)
    ucontext_t saved;
#else
    void* stack_pointer = nullptr;
#endif
    // Of the thread's own stack they are not known before the first switch from it.
    const void* bottom = nullptr;
    size_t size = 0;
#if defined(__SANITIZE_ADDRESS__)
    void* fake_stack = nullptr;
#endif
#if defined(REMAT_SHIM_TSAN)
    void* tsan = nullptr;
#endif
};

#if !defined(REMAT_SHIM_UCONTEXT)
// Saves the registers that a callee must keep, and the stack pointer in `*save`; goes on at `load`. In shim.cpp.
extern "C" void remat_shim_switch(void** save, void* load);
#endif

// Begins `entry` on the `size` bytes at `bottom` when first switched to; nothing uses the `unused` ones at the top.
inline void prepare(Context& context, unsigned char* bottom, size_t size, size_t unused, void (*entry)()) {
    context.bottom = bottom;
    context.size = size;
#if defined(REMAT_SHIM_UCONTEXT)
    getcontext(&context.saved);
    context.saved.uc_stack.ss_sp = bottom;
    context.saved.uc_stack.ss_size = size - unused;
    context.saved.uc_link = nullptr;
    makecontext(&context.saved, entry, 0);
#else
    void** top = reinterpret_cast<void**>(bottom + (size - unused) / 16 * 16);
    // `entry` finds the stack as after a call, with no caller.
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(entry);
    for (int saved = 0; saved < 6; saved++) {
        *--top = nullptr;
    }
    context.stack_pointer = top;
#endif
}

// The first thing that an entry does.
inline void arrive(Context& from) {
    (void)from;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &from.bottom, &from.size);
#endif
}

inline void switch_context(Context& from, Context& to) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.size);
#endif
#if defined(REMAT_SHIM_TSAN)
    // That one goes on after the other orders nothing.
    __tsan_switch_to_fiber(to.tsan, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(REMAT_SHIM_UCONTEXT)
    swapcontext(&from.saved, &to.saved);
#else
    remat_shim_switch(&from.stack_pointer, to.stack_pointer);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

// What was done before `publish` was done before what follows an `observe` of the same tag.
inline void publish(void* tag) {
    (void)tag;
#if defined(REMAT_SHIM_TSAN)
    __tsan_release(tag);
#endif
}

inline void observe(void* tag) {
    (void)tag;
#if defined(REMAT_SHIM_TSAN)
    __tsan_acquire(tag);
#endif
}

// As long as it lives, what this thread does is not looked at for races.
struct Unseen {
    Unseen() {
#if defined(REMAT_SHIM_TSAN)
        AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
#endif
    }

    ~Unseen() {
#if defined(REMAT_SHIM_TSAN)
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
        AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
    }

    Unseen(const Unseen&) = delete;
};

}  // namespace remat_shim

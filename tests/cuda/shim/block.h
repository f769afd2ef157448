// A block of CUDA threads as fibers: its shared memory, its barriers, and whose turn it is. For shim.cpp alone.
#pragma once

#include "async.h"
#include "fiber.h"
#include "warp.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <sys/mman.h>
#include <vector>

namespace remat_shim {

// Sanitizers make frames larger. Only what is touched is memory.
constexpr size_t STACK = 256 << 10;
// Below each stack: what runs over it ends there.
constexpr size_t GUARD = 4096;

struct Free {
    void operator()(unsigned char* memory) const {
        free(memory);
    }
};

using Memory = std::unique_ptr<unsigned char, Free>;

// An allocation of just that size, which holds NaN.
Memory poisoned(size_t size) {
    if (size == 0) {
        return nullptr;
    }
    void* memory = nullptr;
    if (posix_memalign(&memory, 16, size) != 0) {
        die("no memory for shared memory", Place::here());
    }
    memset(memory, 0xff, size);
    return Memory(static_cast<unsigned char*>(memory));
}

// Whether an allocation of `all` bytes has `size` of them from `from` on.
bool holds(const Memory& memory, size_t all, const void* from, size_t size) {
    uintptr_t start = reinterpret_cast<uintptr_t>(memory.get());
    uintptr_t at = reinterpret_cast<uintptr_t>(from);
    return memory != nullptr && at >= start && at + size <= start + all;
}

enum class State { Ready, AtBarrier, AtExchange, Ended };

class Block;

struct Fiber : Thread {
    Context context;
    Block* owner;
    State state;
    // What it waits in, and where.
    const char* call;
    Place place;
    unsigned mask;
    std::vector<Copy> copies;
};

// A lane deposits in `in`. The last lane to come copies all to `out`, where they stay until the next exchange is whole.
struct Warp {
    unsigned arrived = 0;
    uint64_t in[32];
    uint64_t out[32];
};

// What orders the threads of a block. Allocated for each block, so that none is before another.
struct Tags {
    uint64_t barrier[2];
    uint64_t warps[32];
};

struct Launch {
    Call call;
    void** arguments;
    dim3 grid;
    dim3 block;
    unsigned dynamic_shared;
    const std::vector<Range>& reached;
    uint64_t seed;
    // Orders each block after what was before the launch, and what is after the launch after each block.
    uint64_t begun;
    uint64_t done;
};

// An array of shared memory, by its declaration.
struct Array {
    const void* key;
    size_t size;
    Memory memory;
};

// The block that a thread of the operating system is in. Its fibers serve one block after the other.
class Block {
  public:
    Block() = default;
    Block(const Block&) = delete;

    ~Block() {
        discard_fibers();
    }

    void run(Launch& launch, uint3 index) {
        begin(launch, index);
        // Another seed begins with another thread.
        unsigned first = launch.seed % size_;
        while (live_ > 0) {
            bool ran = false;
            for (unsigned i = 0; i < size_; i++) {
                Fiber& fiber = fibers_[(i + first) % size_];
                if (fiber.state == State::Ready) {
                    ran = true;
                    running = &fiber;
                    switch_context(host_, fiber.context);
                }
            }
            if (!ran) {
                report_deadlock();
            }
        }
        Unseen unseen;
        arrays_.clear();
        dynamic_shared_.reset();
        tags_.reset();
    }

    void* shared_memory(const void* key, size_t size) {
        for (Array& array : arrays_) {
            if (array.key == key) {
                return array.memory.get();
            }
        }
        static_shared_ += size;
        if (static_shared_ > DEFAULT_SHARED || static_shared_ + launch_->dynamic_shared > MAX_SHARED) {
            die("a block has more shared memory than there is", Place::here());
        }
        Unseen unseen;
        arrays_.push_back({key, size, poisoned(size)});
        return arrays_.back().memory.get();
    }

    bool in_shared_memory(const void* from, size_t size) const {
        if (holds(dynamic_shared_, launch_->dynamic_shared, from, size)) {
            return true;
        }
        for (const Array& array : arrays_) {
            if (holds(array.memory, array.size, from, size)) {
                return true;
            }
        }
        return false;
    }

    bool find_near(Fiber& fiber, uintptr_t address, size_t size) const {
        const std::vector<Range>& all = launch_->reached;
        auto behind = std::upper_bound(all.begin(), all.end(), address,
                                       [](uintptr_t address, const Range& range) { return address < range.start; });
        if (behind == all.begin() || !std::prev(behind)->has(address, size)) {
            return false;
        }
        fiber.near = *std::prev(behind);
        return true;
    }

    int sync(Fiber& fiber, Vote vote, int predicate) {
        votes_ += predicate != 0;
        at_barrier_++;
        fiber.state = State::AtBarrier;
        void* tag = &tags_->barrier[phase_ % 2];
        publish(tag);
        open_barrier();
        // The last to come goes straight on.
        if (fiber.state != State::Ready) {
            switch_context(fiber.context, host_);
        }
        observe(tag);
        switch (vote) {
        case Vote::None:
            return 0;
        case Vote::Count:
            return result_;
        case Vote::And:
            return all_;
        case Vote::Or:
            return result_ != 0;
        }
        return 0;
    }

    void exchange(Fiber& fiber, uint64_t bits) {
        unsigned first = fiber.linear / 32 * 32;
        unsigned mask = fiber.mask;
        Warp& warp = warps_[first / 32];
        warp.in[fiber.lane()] = bits;
        warp.arrived |= 1u << fiber.lane();
        fiber.state = State::AtExchange;
        if ((warp.arrived & mask) != mask) {
            switch_context(fiber.context, host_);
            return;
        }
        for (unsigned lane = 0; lane < 32; lane++) {
            if (mask >> lane & 1) {
                Fiber& other = fibers_[first + lane];
                if (other.mask != mask) {
                    die("lanes that wait for one another have different masks", fiber.place);
                }
                if (strcmp(other.call, fiber.call) != 0) {
                    die("lanes that wait for one another are in different primitives of a warp", fiber.place);
                }
                other.state = State::Ready;
                warp.out[lane] = warp.in[lane];
            }
        }
        warp.arrived &= ~mask;
    }

    const uint64_t* slot(const Fiber& fiber, unsigned lane) const {
        return &warps_[fiber.linear / 32].out[lane];
    }

    // The lanes of `mask` that the warp of `fiber` has.
    unsigned present(const Fiber& fiber, unsigned mask) const {
        unsigned lanes = size_ - fiber.linear / 32 * 32;
        return lanes < 32 ? mask & ((1u << lanes) - 1) : mask;
    }

    void* warp_tag(const Fiber& fiber) {
        return &tags_->warps[fiber.linear / 32];
    }

  private:
    // The life of a fiber: the thread at its place in one block, then in the next.
    static void live() {
        Fiber& fiber = *static_cast<Fiber*>(running);
        Block& block = *fiber.owner;
        arrive(block.host_);
        for (;;) {
            observe(&block.launch_->begun);
            block.launch_->call(block.launch_->arguments);
            publish(&block.launch_->done);
            fiber.state = State::Ended;
            block.live_--;
            // Threads that have ended are not waited for.
            block.open_barrier();
            switch_context(fiber.context, block.host_);
        }
    }

    void begin(Launch& launch, uint3 index) {
        Unseen unseen;
        launch_ = &launch;
        size_ = launch.block.x * launch.block.y * launch.block.z;
        make_fibers();
        warps_.assign((size_ + 31) / 32, Warp());
        dynamic_shared_ = poisoned(launch.dynamic_shared);
        tags_ = std::make_unique<Tags>();
        static_shared_ = 0;
        live_ = size_;
        at_barrier_ = 0;
        votes_ = 0;
        for (unsigned i = 0; i < size_; i++) {
            Fiber& fiber = fibers_[i];
            dim3 shape = launch.block;
            uint3 thread = {i % shape.x, i / shape.x % shape.y, i / (shape.x * shape.y)};
            static_cast<Thread&>(fiber) = {
                thread, index, shape, launch.grid, i, dynamic_shared_.get(), launch.dynamic_shared, {0, 0}};
            fiber.state = State::Ready;
            fiber.copies.clear();
        }
#if defined(REMAT_SHIM_TSAN)
        host_.tsan = __tsan_get_current_fiber();
#endif
    }

    void make_fibers() {
        if (size_ <= fibers_.size()) {
            return;
        }
        discard_fibers();
        fibers_ = std::vector<Fiber>(size_);
        int access = PROT_READ | PROT_WRITE;
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void* stacks = mmap(nullptr, size_ * STACK, access, flags, -1, 0);
        if (stacks == MAP_FAILED) {
            die("no memory for the stacks of a block", Place::here());
        }
        stacks_ = static_cast<unsigned char*>(stacks);
        for (unsigned i = 0; i < size_; i++) {
            Fiber& fiber = fibers_[i];
            fiber.owner = this;
            unsigned char* bottom = stacks_ + i * STACK;
            mprotect(bottom, GUARD, PROT_NONE);
            // Not all at the same distance, else the tops of all stacks fell into one set of the cache.
            size_t unused = i % 61 * 192;
            prepare(fiber.context, bottom + GUARD, STACK - GUARD, unused, &Block::live);
#if defined(REMAT_SHIM_TSAN)
            fiber.context.tsan = __tsan_create_fiber(0);
#endif
        }
    }

    void discard_fibers() {
        if (stacks_ != nullptr) {
            munmap(stacks_, fibers_.size() * STACK);
        }
#if defined(REMAT_SHIM_TSAN)
        for (Fiber& fiber : fibers_) {
            __tsan_destroy_fiber(fiber.context.tsan);
        }
#endif
    }

    // Lets all go on if every thread that lives is at the barrier.
    void open_barrier() {
        if (at_barrier_ == 0 || at_barrier_ != live_) {
            return;
        }
        const Fiber* first = nullptr;
        for (unsigned i = 0; i < size_; i++) {
            Fiber& fiber = fibers_[i];
            if (fiber.state != State::AtBarrier) {
                continue;
            }
            if (first == nullptr) {
                first = &fiber;
            }
            if (fiber.place.line != first->place.line || strcmp(fiber.place.file, first->place.file) != 0) {
                report_waiting();
                die("threads of a block meet in different barriers", fiber.place);
            }
            fiber.state = State::Ready;
        }
        result_ = votes_;
        all_ = votes_ == static_cast<int>(at_barrier_);
        votes_ = 0;
        at_barrier_ = 0;
        phase_++;
    }

    void report_waiting() const {
        int lines = 0;
        for (unsigned i = 0; i < size_ && lines < 8; i++) {
            const Fiber& fiber = fibers_[i];
            bool ended = fiber.state == State::Ended;
            if (i > 0) {
                const Fiber& before = fibers_[i - 1];
                if (ended ? before.state == State::Ended : fiber.state == before.state && same_place(fiber, before)) {
                    continue;
                }
            }
            lines++;
            if (ended) {
                fprintf(stderr, "  from thread %u: ended\n", i);
            } else {
                fprintf(stderr, "  from thread %u: in %s at %s:%d", i, fiber.call, fiber.place.file, fiber.place.line);
                if (fiber.state == State::AtExchange) {
                    fprintf(stderr, ", mask %08x", fiber.mask);
                }
                fprintf(stderr, "\n");
            }
        }
    }

    static bool same_place(const Fiber& a, const Fiber& b) {
        return a.place.line == b.place.line && a.mask == b.mask && strcmp(a.call, b.call) == 0;
    }

    [[noreturn]] void report_deadlock() const {
        const Fiber& fiber = fibers_[0];
        fprintf(stderr, "remat shim: block (%u, %u, %u), ", fiber.block.x, fiber.block.y, fiber.block.z);
        fprintf(stderr, "in which %u of %u threads have not ended:\n", live_, size_);
        report_waiting();
        for (unsigned i = 0; i < size_; i++) {
            if (fibers_[i].state != State::Ended) {
                die("deadlock: not every thread that is waited for comes", fibers_[i].place);
            }
        }
        abort();
    }

    Launch* launch_ = nullptr;
    Context host_;
    unsigned size_ = 0;
    std::vector<Fiber> fibers_;
    unsigned char* stacks_ = nullptr;
    std::vector<Warp> warps_;
    Memory dynamic_shared_;
    std::vector<Array> arrays_;
    size_t static_shared_ = 0;
    std::unique_ptr<Tags> tags_;
    // Threads that have not ended, and those of them at the barrier.
    unsigned live_ = 0;
    unsigned at_barrier_ = 0;
    // How often the barrier opened.
    unsigned phase_ = 0;
    // Votes for a predicate, so far and when the barrier opened.
    int votes_ = 0;
    int result_ = 0;
    bool all_ = false;
};

}  // namespace remat_shim

// The engine behind shim.h: what kernels call, and how the blocks of a grid are run.
#include "shim.h"

#include "shim/block.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#if !defined(REMAT_SHIM_UCONTEXT)
asm(R"(
.text
.globl remat_shim_switch
.hidden remat_shim_switch
.type remat_shim_switch, @function
remat_shim_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size remat_shim_switch, . - remat_shim_switch
)");
#endif

namespace remat_shim {

__thread Thread* running;

// Tables enter it before anything is called.
const Table* Table::tables = nullptr;

namespace {

#if defined(REMAT_SHIM_TSAN)
constexpr bool WATCHED = true;
#else
constexpr bool WATCHED = false;
#endif

Fiber& self() {
    return *static_cast<Fiber*>(running);
}

uint64_t from_environment(const char* name, uint64_t otherwise) {
    const char* value = getenv(name);
    return value == nullptr ? otherwise : strtoull(value, nullptr, 10);
}

}  // namespace

void die(const char* what, Place place) {
    fprintf(stderr, "remat shim: %s (%s:%d)\n", what, place.file, place.line);
    abort();
}

void* shared_memory(const void* key, size_t size) {
    return self().owner->shared_memory(key, size);
}

bool in_shared_memory(const void* from, size_t size) {
    return self().owner->in_shared_memory(from, size);
}

bool find_near(uintptr_t address, size_t size) {
    return self().owner->find_near(self(), address, size);
}

std::vector<Copy>& started_copies() {
    return self().copies;
}

int sync_block(Vote vote, int predicate, Place place) {
    Fiber& fiber = self();
    fiber.call = "a barrier";
    fiber.place = place;
    return fiber.owner->sync(fiber, vote, predicate);
}

void deposit(unsigned mask, uint64_t bits, const char* call, Place place) {
    Fiber& fiber = self();
    if (!(mask >> fiber.lane() & 1)) {
        die("the mask of a warp's primitive leaves out a lane that calls it", place);
    }
    fiber.call = call;
    fiber.place = place;
    fiber.mask = present(mask);
    fiber.owner->exchange(fiber, bits);
}

void sync_warp(unsigned mask, Place place) {
    void* tag = self().owner->warp_tag(self());
    publish(tag);
    deposit(mask, 0, "__syncwarp", place);
    observe(tag);
}

unsigned present(unsigned mask) {
    return self().owner->present(self(), mask);
}

const void* warp_slot(unsigned lane) {
    return self().owner->slot(self(), lane);
}

void fence() {
    // Two fences, with an atomic operation after the one and before the other, order memory. Which atomic operations
    // are between is not looked at.
    static uint64_t tag;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    publish(&tag);
    observe(&tag);
}

bool takes(dim3 grid, dim3 block, unsigned dynamic_shared) {
    uint64_t blocks = static_cast<uint64_t>(grid.x) * grid.y * grid.z;
    uint64_t threads = static_cast<uint64_t>(block.x) * block.y * block.z;
    bool grid_fits = blocks > 0 && grid.x <= INT32_MAX && grid.y <= 65535 && grid.z <= 65535;
    bool block_fits = threads > 0 && threads <= 1024 && block.z <= 64;
    return grid_fits && block_fits && dynamic_shared <= MAX_SHARED;
}

void launch(Call call, void** arguments, dim3 grid, dim3 block, unsigned dynamic_shared,
            const std::vector<Range>& reached) {
    uint64_t blocks = static_cast<uint64_t>(grid.x) * grid.y * grid.z;
    uint64_t seed = from_environment("REMAT_SHIM_SEED", 0);
    std::vector<uint64_t> order;
    if (seed != 0) {
        order.resize(blocks);
        for (uint64_t i = 0; i < blocks; i++) {
            order[i] = i;
        }
        std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
    }
    Launch launch = {call, arguments, grid, block, dynamic_shared, reached, seed, 0, 0};
    publish(&launch.begun);
    std::atomic<uint64_t> next{0};
    auto work = [&] {
        // To ThreadSanitizer a fiber is one thread: what it does in one block is before what it does in the next. So
        // two sets of fibers take turns, and races between a block and the next are found.
        // Not themselves thread-local: a library that is loaded late finds little room for what is.
        static thread_local auto runners = std::make_unique<Block[]>(2);
        unsigned turn = 0;
        for (uint64_t i = next++; i < blocks; i = next++) {
            uint64_t linear = order.empty() ? i : order[i];
            unsigned x = static_cast<unsigned>(linear % grid.x);
            unsigned y = static_cast<unsigned>(linear / grid.x % grid.y);
            unsigned z = static_cast<unsigned>(linear / grid.x / grid.y);
            runners[turn].run(launch, {x, y, z});
            turn = WATCHED ? 1 - turn : 0;
        }
    };
    uint64_t workers = std::clamp<uint64_t>(from_environment("REMAT_SHIM_THREADS", 1), 1, blocks);
    std::vector<std::thread> others;
    for (uint64_t i = 1; i < workers; i++) {
        others.emplace_back(work);
    }
    work();
    for (std::thread& other : others) {
        other.join();
    }
    observe(&launch.done);
}

}  // namespace remat_shim

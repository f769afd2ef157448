// CUDA's words for functions and memory, the place of a thread in its grid, and barriers of a block.
#pragma once

#include "types.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)

// There is no `__shared__`: shared memory must be new, and poisoned, for every block.
#define REMAT_DYNAMIC_SHARED(T, name) T* name = static_cast<T*>(remat_shim::current().dynamic_shared)
#define REMAT_SHARED(T, name, n)                                                                                       \
    static char remat_shared_##name;                                                                                   \
    T(&name)[n] = *static_cast<T(*)[n]>(remat_shim::shared_memory(&remat_shared_##name, sizeof(T[n])))

namespace remat_shim {

// Where a kernel waits, for messages.
struct Place {
    const char* file;
    int line;

    static constexpr Place here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
        return {file, line};
    }
};

// Memory, from its first byte to behind its last.
struct Range {
    uintptr_t start;
    uintptr_t end;

    bool has(uintptr_t address, size_t size) const {
        return address >= start && address < end && size <= end - address;
    }
};

// What a kernel can ask about the thread that it is.
struct Thread {
    uint3 thread;
    uint3 block;
    dim3 block_dim;
    dim3 grid_dim;
    unsigned linear;
    void* dynamic_shared;
    unsigned dynamic_size;
    // Where it last read or wrote, of what it may.
    Range near;

    unsigned lane() const {
        return linear % 32;
    }
};

// The CUDA thread that this thread of the operating system is in.
extern __thread Thread* running __attribute__((tls_model("initial-exec")));

inline Thread& current() {
    return *running;
}

// The array of the running block that is declared where `key` is: NaN in every block until it is written.
void* shared_memory(const void* key, size_t size);

// Whether `size` bytes from `from` on are all in one array of the running block.
bool in_shared_memory(const void* from, size_t size);

// Whether the running kernel may read and write `size` bytes from there on, which then are near.
bool find_near(uintptr_t address, size_t size);

inline bool reaches(uintptr_t address, size_t size) {
    return current().near.has(address, size) || find_near(address, size);
}

enum class Vote { None, Count, And, Or };

// Waits until every thread of the block that has not ended is here; returns the vote on `predicate`.
int sync_block(Vote vote, int predicate, Place place);

// What CUDA promises of `__threadfence`.
void fence();

// Says what went wrong, and ends the process.
[[noreturn]] void die(const char* what, Place place);

// A kernel with its arguments behind pointers, as a launch has them.
using Call = void (*)(void**);

// What a launch has to know about an argument.
struct Parameter {
    size_t offset;
    size_t size;
    bool pointer;
};

// The arguments of a kernel, laid out as in a GPU's memory for arguments.
template <class... A> struct Signature {
    static constexpr size_t count = sizeof...(A);
    // One more than there are, for kernels without arguments.
    Parameter parameters[count + 1];

    constexpr Signature() : parameters{} {
        constexpr size_t sizes[] = {sizeof(A)..., 0};
        constexpr size_t alignments[] = {alignof(A)..., 1};
        constexpr bool pointers[] = {std::is_pointer<A>::value..., false};
        size_t end = 0;
        for (size_t i = 0; i < count; i++) {
            size_t offset = (end + alignments[i] - 1) / alignments[i] * alignments[i];
            parameters[i] = {offset, sizes[i], pointers[i]};
            end = offset + sizes[i];
        }
    }
};

template <class... A> constexpr Signature<A...> signature_of(void (*)(A...)) {
    return {};
}

template <class... A, size_t... I> void apply(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
    (void)arguments;
    kernel(*static_cast<std::remove_reference_t<A>*>(arguments[I])...);
}

template <class... A> void apply(void (*kernel)(A...), void** arguments) {
    apply(kernel, arguments, std::index_sequence_for<A...>{});
}

// A kernel in the table of those that are compiled for the host.
struct Kernel {
    const char* name;
    Call call;
    const Parameter* parameters;
    size_t parameter_count;
    // What its launch bounds allow.
    unsigned max_threads;
};

template <auto kernel> constexpr auto signature = signature_of(kernel);

// A row of that table.
#define REMAT_SHIM_KERNEL(name, max_threads)                                                                           \
    {                                                                                                                  \
#name, [](void** arguments) { remat_shim::apply(name, arguments); }, remat_shim::signature<name>.parameters, \
            remat_shim::signature<name>.count, max_threads                                                             \
    }

// The kernels of one type of elements, in a list of all such tables.
struct Table {
    const char* elem;
    const Kernel* kernels;
    size_t count;
    const Table* next;

    Table(const char* elem, const Kernel* kernels, size_t count)
        : elem(elem), kernels(kernels), count(count), next(tables) {
        tables = this;
    }

    static const Table* tables;
};

// The most shared memory that a block can have, with and without asking for more.
constexpr unsigned MAX_SHARED = 227 << 10;
constexpr unsigned DEFAULT_SHARED = 48 << 10;

// Whether a GPU could take such a grid.
bool takes(dim3 grid, dim3 block, unsigned dynamic_shared);

// Runs every block of a grid that a GPU could take; `reached`: what its threads may read and write, in order. Blocks run in their order, or in one that the environment variable
// REMAT_SHIM_SEED decides; on one thread, or as many as REMAT_SHIM_THREADS says.
void launch(Call call, void** arguments, dim3 grid, dim3 block, unsigned dynamic_shared,
            const std::vector<Range>& reached);

}  // namespace remat_shim

#define threadIdx (remat_shim::current().thread)
#define blockIdx (remat_shim::current().block)
#define blockDim (remat_shim::current().block_dim)
#define gridDim (remat_shim::current().grid_dim)
constexpr int warpSize = 32;

inline void __syncthreads(remat_shim::Place place = remat_shim::Place::here()) {
    remat_shim::sync_block(remat_shim::Vote::None, 0, place);
}

inline int __syncthreads_count(int predicate, remat_shim::Place place = remat_shim::Place::here()) {
    return remat_shim::sync_block(remat_shim::Vote::Count, predicate, place);
}

inline int __syncthreads_and(int predicate, remat_shim::Place place = remat_shim::Place::here()) {
    return remat_shim::sync_block(remat_shim::Vote::And, predicate, place);
}

inline int __syncthreads_or(int predicate, remat_shim::Place place = remat_shim::Place::here()) {
    return remat_shim::sync_block(remat_shim::Vote::Or, predicate, place);
}

inline void __threadfence() {
    remat_shim::fence();
}

inline void __threadfence_block() {
    remat_shim::fence();
}

inline void __threadfence_system() {
    remat_shim::fence();
}

inline void __trap(remat_shim::Place place = remat_shim::Place::here()) {
    remat_shim::die("__trap", place);
}

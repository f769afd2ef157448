// What the parts of the fake driver share, and other fake libraries use.
//
// The memory of a fake device is the host's, kernels run on the shim, and what is given to a stream is done when it is
// waited for, in an order that `driver/work.h` tells of. What would go wrong on a GPU without a word, or with one that
// is hard to understand, is refused, and said on stderr: an address outside of every allocation, a copy over an end, an
// object that is gone, an allocation while a graph is captured.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace remat_shim {

struct Range;

}  // namespace remat_shim

// What was asked of the driver so far, in all contexts: see `counts` of `tests/src/devices.rs`.
struct Counts {
    // Launches that were not captured, of kernels and of graphs.
    uint64_t kernels;
    uint64_t graphs;
    uint64_t captures;
    // Allocations, on the device and of page-locked memory.
    uint64_t allocations;
    // Times that someone waited for what had not been done.
    uint64_t waits;
    // Bytes of all devices that are taken, and the most that were.
    uint64_t bytes;
    uint64_t most_bytes;
};

// A function of the driver.
#define API extern "C" __attribute__((visibility("default"))) int
// What another fake library may call.
#define SHARED __attribute__((visibility("default")))

// Called by other parts too.
API cuStreamIsCapturing(void* stream, int* status);

namespace fake {

enum Result : int {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    INVALID_HANDLE = 400,
    ILLEGAL_STATE = 401,
    NOT_FOUND = 500,
    ILLEGAL_ADDRESS = 700,
    CONTEXT_IS_DESTROYED = 709,
    CAPTURE_UNSUPPORTED = 900,
    CAPTURE_INVALIDATED = 901,
    CAPTURE_MERGE = 902,
    CAPTURE_UNMATCHED = 903,
    CAPTURE_UNJOINED = 904,
    CAPTURE_ISOLATION = 905,
    CAPTURED_EVENT = 907,
    CAPTURE_WRONG_THREAD = 908,
};

// As in cuda.h.
using Address = unsigned long long;

// What is done on a stream, once or whenever a graph is launched.
using Operation = std::function<int()>;

// One thing at a time is done on all devices: it is held by whatever changes their state, operations included. So
// ThreadSanitizer sees an order between what different threads of the host do.
SHARED std::recursive_mutex& devices_mutex();

using Guard = std::lock_guard<std::recursive_mutex>;

// Keeps it until the stream is waited for, or, while the stream is captured, for the graph.
SHARED int submit(void* stream, Operation operation);

// Who is told of each kernel that has run, with nanoseconds of the host's clock, by whoever runs it: see `ran`.
using Watcher = void (*)(const char* name, uint64_t start, uint64_t end);
SHARED void watch(Watcher watcher);

// Runs a kernel, and tells who watches.
SHARED int ran(const char* name, const Operation& kernel);

// Whether all these bytes of a device are in one allocation; if not, says so, as what was to be done.
SHARED bool inside(Address address, size_t size, const char* what);

// Says what the fake driver refuses; returns `result`.
SHARED int refuse(int result, const char* format, ...) __attribute__((format(printf, 2, 3)));

// Whether this thread may call, by its context: SUCCESS, or why not.
int bound();

// For whoever holds `devices_mutex`.
extern Counts counts;

// The device of this thread's context.
int current_device();

// The bytes that a device has.
size_t memory_of_device();

// Whether the address is in an allocation, or at its end, as the start of an empty range may be.
bool known(Address address);

// The memory of devices that is allocated, and page-locked memory of the host: what kernels can read and write, in order.
std::vector<remat_shim::Range> reachable();

// Does all that was given to a stream, or to any; the result of what failed.
int finish(void* stream);
int finish();

// Refuses, and spoils the capture, if the stream is captured and this can't be.
int not_captured(void* stream, const char* what);

// Refuses, and spoils every capture that does not allow it, if this thread may not call now what can't be captured.
int forbidden_in_capture(const char* call);

// Spoils all captures, as whoever waits for all of a device does; whether there were any.
SHARED bool end_captures();

// Objects by their handles: no handle of one that is gone is followed.
template <class T> class Handles {
  public:
    void* add(std::unique_ptr<T> object) {
        void* handle = object.get();
        objects_[handle] = std::move(object);
        return handle;
    }

    T* find(void* handle) {
        auto found = objects_.find(handle);
        return found == objects_.end() ? nullptr : found->second.get();
    }

    bool remove(void* handle) {
        return objects_.erase(handle) > 0;
    }

    auto begin() {
        return objects_.begin();
    }

    auto end() {
        return objects_.end();
    }

  private:
    std::map<void*, std::unique_ptr<T>> objects_;
};

}  // namespace fake

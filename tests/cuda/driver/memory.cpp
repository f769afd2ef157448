// Memory of the fake devices, its copies and fills.
#include "driver.h"

#include "shim/engine.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace fake;

namespace {

struct Allocation {
    size_t size;
    int device;
};

std::map<Address, Allocation> allocations;
std::map<int, size_t> used;
std::map<void*, size_t> host_allocations;

void* pointer(Address address) {
    return reinterpret_cast<void*>(address);
}

// The last allocation that begins at the address or before it.
auto allocation_before(Address address) {
    auto after = allocations.upper_bound(address);
    return after == allocations.begin() ? allocations.end() : std::prev(after);
}

// NaN, whatever type of float reads it.
void* poisoned(size_t size) {
    void* memory = nullptr;
    if (posix_memalign(&memory, 256, size) != 0) {
        return nullptr;
    }
    memset(memory, 0xff, size);
    return memory;
}

int allocate(Address* address, size_t size) {
    Guard guard(devices_mutex());
    if (int result = bound()) {
        return result;
    }
    if (size == 0) {
        *address = 0;
        return INVALID_VALUE;
    }
    int device = current_device();
    if (size > memory_of_device() - used[device]) {
        return OUT_OF_MEMORY;
    }
    void* memory = poisoned(size);
    if (memory == nullptr) {
        return OUT_OF_MEMORY;
    }
    *address = reinterpret_cast<Address>(memory);
    allocations[*address] = {size, device};
    used[device] += size;
    counts.allocations++;
    counts.bytes += size;
    counts.most_bytes = std::max(counts.most_bytes, counts.bytes);
    return SUCCESS;
}

int release(Address address) {
    Guard guard(devices_mutex());
    auto found = allocations.find(address);
    if (found == allocations.end()) {
        return refuse(INVALID_VALUE, "%#llx is freed, but no allocation begins there", address);
    }
    used[found->second.device] -= found->second.size;
    counts.bytes -= found->second.size;
    allocations.erase(found);
    free(pointer(address));
    return SUCCESS;
}

// How many bytes from here on are in one allocation of page-locked memory, which a GPU reaches by itself. What is in
// none is copied through memory that is: from there before the call returns, to there too.
size_t locked_from(const void* memory) {
    Guard guard(devices_mutex());
    auto after = host_allocations.upper_bound(const_cast<void*>(memory));
    if (after == host_allocations.begin()) {
        return 0;
    }
    auto [start, size] = *std::prev(after);
    size_t before = static_cast<size_t>(static_cast<const char*>(memory) - static_cast<const char*>(start));
    return before < size ? size - before : 0;
}

// Whether all these bytes are page-locked; if not, says so.
bool page_locked(const void* memory, size_t size, const char* what) {
    size_t left = locked_from(memory);
    if (size > left) {
        const char* message = "%s of %zu bytes at %p of the host, where %zu are page-locked";
        refuse(ILLEGAL_ADDRESS, message, what, size, memory, left);
    }
    return size <= left;
}

// Whether a stream may copy these bytes of the host, and whether they are page-locked. They are if it is captured:
// nobody says that others are there when the graph is launched.
int check_host(void* stream, const void* memory, size_t size, const char* what, bool* locked) {
    *locked = locked_from(memory) > 0;
    if (*locked) {
        return page_locked(memory, size, what) ? SUCCESS : ILLEGAL_ADDRESS;
    }
    return not_captured(stream, what);
}

// Operations look at addresses when they are done, and here, where a debugger shows who asks.
int host_to_device(void* stream, Address to, const void* from, size_t size) {
    bool locked = false;
    if (int result = check_host(stream, from, size, "a copy from the host", &locked)) {
        return result;
    }
    std::shared_ptr<std::vector<char>> taken;
    if (!locked) {
        const char* bytes = static_cast<const char*>(from);
        taken = std::make_shared<std::vector<char>>(bytes, bytes + size);
    }
    Operation copy = [=] {
        bool there = taken != nullptr || page_locked(from, size, "a copy from the host");
        if (!there || !inside(to, size, "a copy from the host")) {
            return ILLEGAL_ADDRESS;
        }
        memcpy(pointer(to), taken == nullptr ? from : taken->data(), size);
        return SUCCESS;
    };
    return inside(to, size, "a copy from the host") ? submit(stream, copy) : ILLEGAL_ADDRESS;
}

int device_to_host(void* stream, void* to, Address from, size_t size) {
    bool locked = false;
    if (int result = check_host(stream, to, size, "a copy to the host", &locked)) {
        return result;
    }
    Operation copy = [=] {
        bool there = !locked || page_locked(to, size, "a copy to the host");
        if (!there || !inside(from, size, "a copy to the host")) {
            return ILLEGAL_ADDRESS;
        }
        memcpy(to, pointer(from), size);
        return SUCCESS;
    };
    if (!inside(from, size, "a copy to the host")) {
        return ILLEGAL_ADDRESS;
    }
    int result = submit(stream, copy);
    return result != SUCCESS || locked ? result : finish(stream);
}

int device_to_device(void* stream, Address to, Address from, size_t size) {
    auto both_inside = [=] {
        return inside(from, size, "the source of a copy") && inside(to, size, "the target of a copy");
    };
    Operation copy = [=] {
        if (!both_inside()) {
            return ILLEGAL_ADDRESS;
        }
        memmove(pointer(to), pointer(from), size);
        return SUCCESS;
    };
    return both_inside() ? submit(stream, copy) : ILLEGAL_ADDRESS;
}

template <class T> int fill(void* stream, Address to, T value, size_t count) {
    if (to % sizeof(T) != 0) {
        return refuse(INVALID_VALUE, "a fill of %#llx, which is not aligned", to);
    }
    // What a driver does then is not said.
    if (count == 0) {
        return refuse(INVALID_VALUE, "a fill of nothing at %#llx", to);
    }
    Operation operation = [=] {
        if (!inside(to, count * sizeof(T), "a fill")) {
            return ILLEGAL_ADDRESS;
        }
        if (sizeof(T) == 1) {
            memset(pointer(to), static_cast<int>(value), count);
        } else {
            std::fill_n(static_cast<T*>(pointer(to)), count, value);
        }
        return SUCCESS;
    };
    return inside(to, count * sizeof(T), "a fill") ? submit(stream, operation) : ILLEGAL_ADDRESS;
}

// Calls without a stream may not be made while one is captured.
int at_once(const char* call, const std::function<int()>& operation) {
    if (int result = bound()) {
        return result;
    }
    if (int result = forbidden_in_capture(call)) {
        return result;
    }
    return operation();
}

}  // namespace

bool fake::inside(Address address, size_t size, const char* what) {
    Guard guard(devices_mutex());
    if (size == 0) {
        return true;
    }
    auto before = allocation_before(address);
    if (before == allocations.end() || address >= before->first + before->second.size) {
        refuse(ILLEGAL_ADDRESS, "%s of %zu bytes at %#llx, where no allocation is", what, size, address);
        return false;
    }
    size_t left = before->first + before->second.size - address;
    if (size > left) {
        const char* message = "%s of %zu bytes at %#llx, where an allocation has %zu more";
        refuse(ILLEGAL_ADDRESS, message, what, size, address, left);
        return false;
    }
    return true;
}

bool fake::known(Address address) {
    Guard guard(devices_mutex());
    auto before = allocation_before(address);
    return before != allocations.end() && address <= before->first + before->second.size;
}

std::vector<remat_shim::Range> fake::reachable() {
    Guard guard(devices_mutex());
    std::vector<remat_shim::Range> ranges;
    for (const auto& [start, allocation] : allocations) {
        ranges.push_back({start, start + allocation.size});
    }
    for (const auto& [start, size] : host_allocations) {
        auto first = reinterpret_cast<uintptr_t>(start);
        ranges.push_back({first, first + size});
    }
    std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
    return ranges;
}

API cuMemGetInfo_v2(size_t* free, size_t* total) {
    Guard guard(devices_mutex());
    if (int result = bound()) {
        return result;
    }
    *total = memory_of_device();
    *free = *total - used[current_device()];
    return SUCCESS;
}

API cuMemAlloc_v2(Address* address, size_t size) {
    return at_once("cuMemAlloc", [=] { return allocate(address, size); });
}

API cuMemFree_v2(Address address) {
    return at_once("cuMemFree", [=] {
        finish();
        return address == 0 ? SUCCESS : release(address);
    });
}

// A graph could allocate; what remat captures must not.
API cuMemAllocAsync(Address* address, size_t size, void* stream) {
    if (int result = not_captured(stream, "an allocation")) {
        return result;
    }
    return allocate(address, size);
}

API cuMemFreeAsync(Address address, void* stream) {
    if (int result = not_captured(stream, "memory is freed")) {
        return result;
    }
    return submit(stream, [=] { return address == 0 ? SUCCESS : release(address); });
}

API cuMemHostAlloc(void** pointer, size_t size, unsigned) {
    Guard guard(devices_mutex());
    if (int result = bound()) {
        return result;
    }
    if (int result = forbidden_in_capture("cuMemHostAlloc")) {
        return result;
    }
    if (size == 0) {
        return INVALID_VALUE;
    }
    *pointer = poisoned(size);
    if (*pointer == nullptr) {
        return OUT_OF_MEMORY;
    }
    host_allocations[*pointer] = size;
    counts.allocations++;
    return SUCCESS;
}

API cuMemAllocHost_v2(void** pointer, size_t size) {
    return cuMemHostAlloc(pointer, size, 0);
}

API cuMemFreeHost(void* pointer) {
    Guard guard(devices_mutex());
    if (host_allocations.count(pointer) == 0) {
        return refuse(INVALID_VALUE, "%p is freed, but cuMemHostAlloc did not give it", pointer);
    }
    if (int result = forbidden_in_capture("cuMemFreeHost")) {
        return result;
    }
    // It waits for all that could still copy.
    finish();
    host_allocations.erase(pointer);
    free(pointer);
    return SUCCESS;
}

API cuMemcpyHtoD_v2(Address to, const void* from, size_t size) {
    return at_once("cuMemcpyHtoD", [=] { return host_to_device(nullptr, to, from, size); });
}

API cuMemcpyDtoH_v2(void* to, Address from, size_t size) {
    return at_once("cuMemcpyDtoH", [=] { return device_to_host(nullptr, to, from, size); });
}

API cuMemcpyDtoD_v2(Address to, Address from, size_t size) {
    return at_once("cuMemcpyDtoD", [=] { return device_to_device(nullptr, to, from, size); });
}

API cuMemsetD8_v2(Address to, unsigned char value, size_t count) {
    return at_once("cuMemsetD8", [=] { return fill(nullptr, to, value, count); });
}

API cuMemsetD32_v2(Address to, unsigned value, size_t count) {
    return at_once("cuMemsetD32", [=] { return fill(nullptr, to, value, count); });
}

API cuMemcpyHtoDAsync_v2(Address to, const void* from, size_t size, void* stream) {
    return host_to_device(stream, to, from, size);
}

API cuMemcpyDtoHAsync_v2(void* to, Address from, size_t size, void* stream) {
    return device_to_host(stream, to, from, size);
}

API cuMemcpyDtoDAsync_v2(Address to, Address from, size_t size, void* stream) {
    return device_to_device(stream, to, from, size);
}

API cuMemsetD8Async(Address to, unsigned char value, size_t count, void* stream) {
    return fill(stream, to, value, count);
}

API cuMemsetD32Async(Address to, unsigned value, size_t count, void* stream) {
    return fill(stream, to, value, count);
}

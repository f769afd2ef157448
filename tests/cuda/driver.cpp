// A libcuda.so.1 for tests: its errors, devices and contexts. See driver.h.
//
// The environment says what the machine has: REMAT_FAKE_DEVICES devices (1), each with REMAT_FAKE_MEMORY bytes (8 GiB) and
// of compute capability REMAT_FAKE_CAPABILITY (90, for 9.0), and a driver for CUDA REMAT_FAKE_VERSION (13000, for 13.0).
#include "driver.h"

#include "shim/engine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace fake;

Counts fake::counts;

API fakeCounts(Counts* to) {
    Guard guard(devices_mutex());
    *to = counts;
    return SUCCESS;
}

namespace {

Watcher watcher = nullptr;

}  // namespace

void fake::watch(Watcher told) {
    watcher = told;
}

int fake::ran(const char* name, const Operation& kernel) {
    if (watcher == nullptr) {
        return kernel();
    }
    auto now = [] {
        auto since = std::chrono::steady_clock::now().time_since_epoch();
        return static_cast<uint64_t>(std::chrono::nanoseconds(since).count());
    };
    uint64_t start = now();
    int result = kernel();
    watcher(name, start, now());
    return result;
}

namespace {

constexpr int MOST_DEVICES = 64;

// A device is its primary context.
struct Device {
    int retained = 0;
};

// The attributes of a device, by their number in cuda.h, but for its compute capability: those of a GPU of 9.0, but a small
// one.
const std::map<int, int> ATTRIBUTES = {
    {1, 1024},                            // threads of a block
    {2, 1024},                            // its width
    {3, 1024},                            // its height
    {4, 64},                              // its depth
    {5, INT32_MAX},                       // the width of a grid
    {6, 65535},                           // its height
    {7, 65535},                           // its depth
    {8, remat_shim::DEFAULT_SHARED},      // shared memory of a block
    {9, 65536},                           // constant memory
    {10, 32},                             // lanes of a warp
    {12, 65536},                          // registers of a block
    {13, 1000000},                        // kHz
    {16, 4},                              // multiprocessors
    {38, 4 << 20},                        // bytes of the second cache
    {39, 2048},                           // threads of a multiprocessor
    {41, 1},                              // one address space with the host
    {81, 228 << 10},                      // shared memory of a multiprocessor
    {82, 65536},                          // registers of a multiprocessor
    {97, remat_shim::MAX_SHARED},         // shared memory of a block that asks for it
    {106, 32},                            // blocks of a multiprocessor
    {111, 1024},                          // shared memory that each block takes besides
    {115, 1},                             // memory pools
};

struct ErrorText {
    int result;
    const char* name;
    const char* text;
};

const ErrorText ERRORS[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {4, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {401, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {800, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
    {902, "CUDA_ERROR_STREAM_CAPTURE_MERGE", "operation would result in a merge of separate capture sequences"},
    {903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not ended in the same stream as it began"},
    {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"},
    {907, "CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event last recorded in a capturing stream"},
    {908, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD", "attempt to end a capture from another thread"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

constexpr int CAPABILITY_MAJOR = 75, CAPABILITY_MINOR = 76;

std::atomic<bool> initialized{false};
Device devices[MOST_DEVICES];
thread_local Device* current = nullptr;
// Stands for the memory pool of every device.
int pool;

uint64_t from_environment(const char* name, uint64_t otherwise) {
    const char* value = getenv(name);
    return value == nullptr ? otherwise : strtoull(value, nullptr, 10);
}

int device_count() {
    return static_cast<int>(std::min<uint64_t>(from_environment("REMAT_FAKE_DEVICES", 1), MOST_DEVICES));
}

// Whether there is such a device: SUCCESS, or why not.
int check_device(int device) {
    if (!initialized) {
        return NOT_INITIALIZED;
    }
    return device >= 0 && device < device_count() ? SUCCESS : INVALID_DEVICE;
}

const ErrorText* find_error(int result) {
    for (const ErrorText& error : ERRORS) {
        if (error.result == result) {
            return &error;
        }
    }
    return nullptr;
}

}  // namespace

std::recursive_mutex& fake::devices_mutex() {
    static std::recursive_mutex mutex;
    return mutex;
}

int fake::refuse(int result, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "fake libcuda: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    return result;
}

int fake::bound() {
    Guard guard(devices_mutex());
    if (!initialized) {
        return NOT_INITIALIZED;
    }
    if (current == nullptr) {
        return refuse(INVALID_CONTEXT, "a call from a thread that has no context");
    }
    return current->retained > 0 ? SUCCESS : refuse(CONTEXT_IS_DESTROYED, "a call after the context was released");
}

int fake::current_device() {
    return static_cast<int>(current - devices);
}

size_t fake::memory_of_device() {
    return from_environment("REMAT_FAKE_MEMORY", 8ull << 30);
}

API cuInit(unsigned) {
    Guard guard(devices_mutex());
    if (device_count() == 0) {
        return NO_DEVICE;
    }
    initialized = true;
    return SUCCESS;
}

API cuDriverGetVersion(int* version) {
    *version = static_cast<int>(from_environment("REMAT_FAKE_VERSION", 13000));
    return SUCCESS;
}

API cuGetErrorName(int result, const char** name) {
    const ErrorText* error = find_error(result);
    *name = error == nullptr ? nullptr : error->name;
    return error == nullptr ? INVALID_VALUE : SUCCESS;
}

API cuGetErrorString(int result, const char** text) {
    const ErrorText* error = find_error(result);
    *text = error == nullptr ? nullptr : error->text;
    return error == nullptr ? INVALID_VALUE : SUCCESS;
}

API cuDeviceGetCount(int* count) {
    if (!initialized) {
        return NOT_INITIALIZED;
    }
    *count = device_count();
    return SUCCESS;
}

API cuDeviceGet(int* device, int ordinal) {
    *device = ordinal;
    return check_device(ordinal);
}

API cuDeviceGetName(char* name, int length, int device) {
    if (length > 0) {
        snprintf(name, static_cast<size_t>(length), "remat host shim");
    }
    return check_device(device);
}

API cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
    char text[17] = {};
    snprintf(text, sizeof text, "remat shim %05d", device);
    memcpy(uuid, text, 16);
    return check_device(device);
}

API cuDeviceGetUuid(unsigned char* uuid, int device) {
    return cuDeviceGetUuid_v2(uuid, device);
}

API cuDeviceTotalMem_v2(size_t* bytes, int device) {
    *bytes = memory_of_device();
    return check_device(device);
}

API cuDeviceGetAttribute(int* value, int attribute, int device) {
    auto found = ATTRIBUTES.find(attribute);
    int capability = static_cast<int>(from_environment("REMAT_FAKE_CAPABILITY", 90));
    switch (attribute) {
    case CAPABILITY_MAJOR:
        *value = capability / 10;
        break;
    case CAPABILITY_MINOR:
        *value = capability % 10;
        break;
    default:
        *value = found == ATTRIBUTES.end() ? 0 : found->second;
    }
    return check_device(device);
}

API cuDeviceGetDefaultMemPool(void** handle, int device) {
    *handle = &pool;
    return check_device(device);
}

API cuDeviceGetMemPool(void** handle, int device) {
    return cuDeviceGetDefaultMemPool(handle, device);
}

// What a pool keeps makes no difference here.
API cuMemPoolSetAttribute(void*, int, void*) {
    return SUCCESS;
}

API cuMemPoolTrimTo(void*, size_t) {
    return SUCCESS;
}

API cuDevicePrimaryCtxRetain(void** context, int device) {
    Guard guard(devices_mutex());
    if (int result = check_device(device)) {
        return result;
    }
    devices[device].retained++;
    *context = &devices[device];
    return SUCCESS;
}

API cuDevicePrimaryCtxRelease_v2(int device) {
    Guard guard(devices_mutex());
    if (int result = check_device(device)) {
        return result;
    }
    if (devices[device].retained == 0) {
        return refuse(INVALID_CONTEXT, "a context is released more often than it was retained");
    }
    devices[device].retained--;
    return SUCCESS;
}

API cuCtxGetCurrent(void** context) {
    *context = current;
    return initialized ? SUCCESS : NOT_INITIALIZED;
}

API cuCtxSetCurrent(void* context) {
    current = static_cast<Device*>(context);
    return initialized ? SUCCESS : NOT_INITIALIZED;
}

API cuCtxGetDevice(int* device) {
    if (int result = bound()) {
        return result;
    }
    *device = current_device();
    return SUCCESS;
}

API cuCtxSetFlags(unsigned) {
    return bound();
}

API cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    *least = 0;
    *greatest = -5;
    return bound();
}

// A fake `libcupti.so.13`, on the fake driver: records of kernels and of products, by the clock of the host, when they
// are asked for. They are as cupti_activity.h of CUDA 13 lays them out, up to the name.
#include "driver.h"

#include <cstring>
#include <vector>

namespace {

enum Status : int { SUCCESS = 0, INVALID_PARAMETER = 1, INVALID_KIND = 21, MAX_LIMIT_REACHED = 12 };
enum Kind : int { COPY = 1, FILL = 2, CONCURRENT_KERNEL = 10 };

struct Record {
    int kind;
    unsigned other[3];
    uint64_t start, end;
    uint64_t rest[9];
    const char* name;
};

using Request = void (*)(uint8_t** buffer, size_t* size, size_t* most_records);
using Complete = void (*)(void* context, uint32_t stream, uint8_t* buffer, size_t size, size_t filled);

Request request = nullptr;
Complete complete = nullptr;

std::vector<Record>& records() {
    static std::vector<Record> records;
    return records;
}

void note(const char* name, uint64_t start, uint64_t end) {
    records().push_back({CONCURRENT_KERNEL, {}, start, end, {}, name});
}

}  // namespace

API cuptiActivityRegisterCallbacks(Request requested, Complete completed) {
    if (requested == nullptr || completed == nullptr) {
        return INVALID_PARAMETER;
    }
    request = requested;
    complete = completed;
    return SUCCESS;
}

API cuptiActivityEnable(int kind) {
    if (kind != COPY && kind != FILL && kind != CONCURRENT_KERNEL) {
        return INVALID_KIND;
    }
    fake::Guard guard(fake::devices_mutex());
    if (kind == CONCURRENT_KERNEL) {
        fake::watch(note);
    }
    return SUCCESS;
}

API cuptiActivityFlushAll(uint32_t) {
    std::vector<Record> left;
    {
        fake::Guard guard(fake::devices_mutex());
        left.swap(records());
    }
    for (size_t at = 0; at < left.size();) {
        uint8_t* buffer = nullptr;
        size_t size = 0, most = 0;
        request(&buffer, &size, &most);
        size_t count = size / sizeof(Record) < left.size() - at ? size / sizeof(Record) : left.size() - at;
        if (buffer == nullptr || count == 0) {
            return INVALID_PARAMETER;
        }
        memcpy(buffer, left.data() + at, count * sizeof(Record));
        at += count;
        complete(nullptr, 0, buffer, size, count * sizeof(Record));
    }
    return SUCCESS;
}

// `record`: the last one of the buffer, or null for its first.
API cuptiActivityGetNextRecord(uint8_t* buffer, size_t filled, uint8_t** record) {
    uint8_t* next = *record == nullptr ? buffer : *record + sizeof(Record);
    if (next + sizeof(Record) > buffer + filled) {
        return MAX_LIMIT_REACHED;
    }
    *record = next;
    return SUCCESS;
}

// Streams, events and graphs of the fake driver. What is given to a stream is done as late as it may be: when someone
// waits for it. So host memory that is changed before it was copied, or another stream that does not wait, gives other
// numbers. With REMAT_FAKE_EAGER it is done at once, where a debugger shows who asked for it.
#include "driver.h"

#include <chrono>
#include <cstdlib>
#include <deque>
#include <thread>
#include <vector>

using namespace fake;

namespace {

using Operations = std::vector<Operation>;
using Clock = std::chrono::steady_clock;

// As in cuda.h.
enum Mode : int { GLOBAL = 0, THREAD_LOCAL = 1, RELAXED = 2 };
constexpr unsigned DISABLE_TIMING = 2;

struct Capture {
    int mode;
    std::thread::id thread;
    Operations operations;
    bool spoilt = false;
};

// What is given to a stream, in order, and of what failed the first result.
struct Queue {
    std::deque<Operation> left;
    uint64_t given = 0;
    uint64_t done = 0;
    int result = SUCCESS;

    void give(Operation operation) {
        left.push_back(std::move(operation));
        given++;
        static const bool eager = getenv("REMAT_FAKE_EAGER") != nullptr;
        if (eager) {
            run(given);
        }
    }

    // Does what was given up to this one.
    int run(uint64_t until) {
        while (done < until && !left.empty()) {
            Operation operation = std::move(left.front());
            left.pop_front();
            done++;
            // What follows a fault is not done, as on a GPU.
            if (result == SUCCESS) {
                result = operation();
            }
        }
        return result;
    }
};

struct Stream {
    std::shared_ptr<Capture> capture;
    std::shared_ptr<Queue> queue = std::make_shared<Queue>();
};

struct Event {
    unsigned flags;
    // What it stands behind, and how much of it.
    std::shared_ptr<Queue> queue;
    uint64_t behind = 0;
    // When that was done.
    std::shared_ptr<Clock::time_point> time = std::make_shared<Clock::time_point>();
    // What it was recorded in, if in a capture.
    std::shared_ptr<Capture> capture;

    int wait() const {
        return queue == nullptr ? SUCCESS : queue->run(behind);
    }
};

Stream default_stream;
Handles<Stream> streams;
Handles<Event> events;
Handles<Operations> graphs;
Handles<Operations> executables;

Stream* stream_of(void* handle) {
    // NULL, and the two handles that name the default streams.
    if (handle <= reinterpret_cast<void*>(2)) {
        return &default_stream;
    }
    Stream* stream = streams.find(handle);
    if (stream == nullptr) {
        refuse(INVALID_HANDLE, "there is no stream %p", handle);
    }
    return stream;
}

int create_stream(void** handle) {
    Guard guard(devices_mutex());
    if (int result = bound()) {
        return result;
    }
    *handle = streams.add(std::make_unique<Stream>());
    return SUCCESS;
}

// The work of a stream that is captured has not been done, and there is no waiting for it.
int wait_for(void* handle, const char* call) {
    Guard guard(devices_mutex());
    Stream* stream = stream_of(handle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    if (stream->capture != nullptr) {
        stream->capture->spoilt = true;
        return refuse(CAPTURE_UNSUPPORTED, "%s of a stream that is captured", call);
    }
    counts.waits += stream->queue->done < stream->queue->given;
    return stream->queue->run(stream->queue->given);
}

int wait_for_event(void* handle) {
    Guard guard(devices_mutex());
    Event* event = events.find(handle);
    if (event == nullptr) {
        return refuse(INVALID_HANDLE, "there is no event %p", handle);
    }
    counts.waits += event->queue != nullptr && event->queue->done < event->behind;
    return event->capture != nullptr ? CAPTURED_EVENT : event->wait();
}

}  // namespace

int fake::submit(void* handle, Operation operation) {
    Guard guard(devices_mutex());
    if (int result = bound()) {
        return result;
    }
    Stream* stream = stream_of(handle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    if (stream == &default_stream) {
        // Nobody waits for it by name.
        return operation();
    }
    if (stream->capture == nullptr) {
        stream->queue->give(std::move(operation));
        return stream->queue->result;
    }
    if (stream->capture->spoilt) {
        return CAPTURE_INVALIDATED;
    }
    stream->capture->operations.push_back(std::move(operation));
    return SUCCESS;
}

int fake::finish(void* handle) {
    Guard guard(devices_mutex());
    Stream* stream = stream_of(handle);
    return stream == nullptr ? static_cast<int>(INVALID_HANDLE) : stream->queue->run(stream->queue->given);
}

int fake::finish() {
    Guard guard(devices_mutex());
    int first = SUCCESS;
    for (auto& [handle, stream] : streams) {
        int result = stream->queue->run(stream->queue->given);
        first = first != SUCCESS ? first : result;
    }
    return first;
}

int fake::forbidden_in_capture(const char* call) {
    Guard guard(devices_mutex());
    bool forbidden = false;
    for (auto& [handle, stream] : streams) {
        Capture* capture = stream->capture.get();
        if (capture == nullptr || capture->mode == RELAXED) {
            continue;
        }
        if (capture->mode == GLOBAL || capture->thread == std::this_thread::get_id()) {
            capture->spoilt = true;
            forbidden = true;
        }
    }
    return forbidden ? refuse(CAPTURE_UNSUPPORTED, "%s while a graph is captured", call) : SUCCESS;
}

API cuCtxSynchronize() {
    if (int result = bound()) {
        return result;
    }
    if (int result = forbidden_in_capture("cuCtxSynchronize")) {
        return result;
    }
    return finish();
}

API cuStreamCreate(void** stream, unsigned) {
    return create_stream(stream);
}

API cuStreamCreateWithPriority(void** stream, unsigned, int) {
    return create_stream(stream);
}

API cuStreamDestroy_v2(void* stream) {
    Guard guard(devices_mutex());
    if (Stream* found = streams.find(stream)) {
        // What it was given is done all the same.
        found->queue->run(found->queue->given);
    }
    return streams.remove(stream) ? SUCCESS : refuse(INVALID_HANDLE, "there is no stream %p to destroy", stream);
}

API cuStreamSynchronize(void* stream) {
    return wait_for(stream, "cuStreamSynchronize");
}

API cuStreamQuery(void* stream) {
    return wait_for(stream, "cuStreamQuery");
}

API cuLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
    return submit(stream, [=] {
        function(data);
        return SUCCESS;
    });
}

API cuStreamBeginCapture_v2(void* handle, int mode) {
    Guard guard(devices_mutex());
    Stream* stream = stream_of(handle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    if (stream == &default_stream) {
        return refuse(CAPTURE_UNSUPPORTED, "the default stream can't be captured");
    }
    if (stream->capture != nullptr) {
        return refuse(ILLEGAL_STATE, "a stream that is captured already");
    }
    stream->capture = std::make_shared<Capture>();
    stream->capture->mode = mode;
    counts.captures++;
    stream->capture->thread = std::this_thread::get_id();
    return SUCCESS;
}

API cuStreamEndCapture(void* handle, void** graph) {
    Guard guard(devices_mutex());
    *graph = nullptr;
    Stream* stream = stream_of(handle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    if (stream->capture == nullptr) {
        return refuse(ILLEGAL_STATE, "the end of a capture that has not begun");
    }
    if (stream->capture->mode != RELAXED && stream->capture->thread != std::this_thread::get_id()) {
        return refuse(CAPTURE_WRONG_THREAD, "a capture ends on another thread than it began on");
    }
    std::shared_ptr<Capture> capture = std::move(stream->capture);
    stream->capture = nullptr;
    if (capture->spoilt) {
        return CAPTURE_INVALIDATED;
    }
    *graph = graphs.add(std::make_unique<Operations>(capture->operations));
    return SUCCESS;
}

API cuStreamIsCapturing(void* handle, int* status) {
    Guard guard(devices_mutex());
    Stream* stream = stream_of(handle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    // None, active, invalidated.
    *status = stream->capture == nullptr ? 0 : stream->capture->spoilt ? 2 : 1;
    return SUCCESS;
}

API cuGraphGetNodes(void* graph, void** nodes, size_t* count) {
    Guard guard(devices_mutex());
    Operations* operations = graphs.find(graph);
    if (operations == nullptr) {
        return refuse(INVALID_HANDLE, "there is no graph %p", graph);
    }
    // They can be counted only.
    if (nodes != nullptr) {
        return refuse(INVALID_VALUE, "the nodes of a graph have no handles here");
    }
    *count = operations->size();
    return SUCCESS;
}

API cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
    Guard guard(devices_mutex());
    Operations* operations = graphs.find(graph);
    if (operations == nullptr) {
        return refuse(INVALID_HANDLE, "there is no graph %p to instantiate", graph);
    }
    *executable = executables.add(std::make_unique<Operations>(*operations));
    return SUCCESS;
}

API cuGraphUpload(void* executable, void* stream) {
    Guard guard(devices_mutex());
    bool found = executables.find(executable) != nullptr && stream_of(stream) != nullptr;
    return found ? SUCCESS : refuse(INVALID_HANDLE, "there is no graph %p to upload", executable);
}

API cuGraphLaunch(void* executable, void* stream) {
    Guard guard(devices_mutex());
    Operations* operations = executables.find(executable);
    if (operations == nullptr) {
        return refuse(INVALID_HANDLE, "there is no graph %p to launch", executable);
    }
    counts.graphs++;
    for (const Operation& operation : *operations) {
        if (int result = submit(stream, operation)) {
            return result;
        }
    }
    return SUCCESS;
}

API cuGraphExecDestroy(void* executable) {
    Guard guard(devices_mutex());
    bool removed = executables.remove(executable);
    return removed ? SUCCESS : refuse(INVALID_HANDLE, "there is no graph %p to destroy", executable);
}

API cuGraphDestroy(void* graph) {
    Guard guard(devices_mutex());
    return graphs.remove(graph) ? SUCCESS : refuse(INVALID_HANDLE, "there is no graph %p to destroy", graph);
}

API cuEventCreate(void** handle, unsigned flags) {
    Guard guard(devices_mutex());
    if (int result = bound()) {
        return result;
    }
    auto event = std::make_unique<Event>();
    event->flags = flags;
    *handle = events.add(std::move(event));
    return SUCCESS;
}

API cuEventDestroy_v2(void* event) {
    Guard guard(devices_mutex());
    return events.remove(event) ? SUCCESS : refuse(INVALID_HANDLE, "there is no event %p to destroy", event);
}

API cuEventRecord(void* handle, void* stream_handle) {
    Guard guard(devices_mutex());
    Event* event = events.find(handle);
    Stream* stream = stream_of(stream_handle);
    if (event == nullptr || stream == nullptr) {
        return refuse(INVALID_HANDLE, "there is no event %p to record, or no stream to record it in", handle);
    }
    event->capture = stream->capture;
    event->queue = stream->queue;
    if (stream->capture == nullptr) {
        stream->queue->give([time = event->time] {
            *time = Clock::now();
            return SUCCESS;
        });
    }
    event->behind = stream->queue->given;
    return SUCCESS;
}

API cuEventSynchronize(void* event) {
    return wait_for_event(event);
}

API cuEventQuery(void* event) {
    return wait_for_event(event);
}

API cuEventElapsedTime_v2(float* milliseconds, void* from, void* to) {
    Guard guard(devices_mutex());
    for (void* handle : {from, to}) {
        Event* event = events.find(handle);
        if (event == nullptr || event->queue == nullptr || (event->flags & DISABLE_TIMING) != 0) {
            return refuse(INVALID_HANDLE, "the time between events of which one has none");
        }
        event->wait();
    }
    std::chrono::duration<float, std::milli> elapsed = *events.find(to)->time - *events.find(from)->time;
    *milliseconds = elapsed.count();
    return SUCCESS;
}

API cuEventElapsedTime(float* milliseconds, void* from, void* to) {
    return cuEventElapsedTime_v2(milliseconds, from, to);
}

API cuStreamWaitEvent(void* stream_handle, void* handle, unsigned) {
    Guard guard(devices_mutex());
    Stream* stream = stream_of(stream_handle);
    Event* event = events.find(handle);
    if (event == nullptr || stream == nullptr) {
        return refuse(INVALID_HANDLE, "there is no event %p to wait for, or no stream to wait", handle);
    }
    if (event->queue == nullptr) {
        return SUCCESS;
    }
    if (event->capture == nullptr && stream->capture == nullptr) {
        stream->queue->give([queue = event->queue, behind = event->behind] { return queue->run(behind); });
        return SUCCESS;
    }
    if (event->capture == stream->capture) {
        return SUCCESS;
    }
    if (event->capture == nullptr) {
        stream->capture->spoilt = true;
        return refuse(CAPTURE_ISOLATION, "a stream that is captured waits for what is not in the capture");
    }
    return refuse(CAPTURE_UNSUPPORTED, "no second stream can join a capture here");
}

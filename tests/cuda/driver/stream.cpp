// Streams, events and graphs of the fake driver. What is given to a stream is done when someone waits for it, in an
// order that `work.h` tells of. So host memory that is changed before it was copied, or a stream that does not wait
// for another, gives other numbers.
#include "driver/work.h"

using namespace fake;

namespace {

// As in cuda.h.
enum Mode : int { GLOBAL = 0, THREAD_LOCAL = 1, RELAXED = 2 };
constexpr unsigned DISABLE_TIMING = 2;

Queues queues;
Stream default_stream;
Handles<Stream> streams;
Handles<Event> events;
Handles<std::shared_ptr<const Graph>> graphs;
Handles<Executable> executables;

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
    auto stream = std::make_unique<Stream>();
    queues.add(stream->queue);
    *handle = streams.add(std::move(stream));
    return SUCCESS;
}

// Does what was given to a stream.
int complete(const Stream& stream) {
    return queues.run(*stream.queue, stream.queue->given);
}

// Does what is before an event.
int complete(const Event& event) {
    return event.queue == nullptr ? SUCCESS : queues.run(*event.queue, event.behind);
}

// Refuses what can't be in a graph, and spoils this one.
int unsupported(Capture& capture, const char* what) {
    capture.spoilt = true;
    return refuse(CAPTURE_UNSUPPORTED, "%s while a graph is captured", what);
}

// What is given to a stream from now on is behind what an event stands behind now.
int wait_in(Stream& stream, const Event& event) {
    if (&stream == &default_stream) {
        return complete(event);
    }
    stream.queue->give([queue = event.queue, behind = event.behind] { return queue->run(behind); });
    return SUCCESS;
}

// A stream joins the capture that an event was recorded in.
int fork(Stream& stream, const Event& event) {
    if (event.capture->ended) {
        return refuse(CAPTURED_EVENT, "a stream waits for what was captured");
    }
    if (&stream == &default_stream) {
        return unsupported(*event.capture, "the default stream waits for what is captured");
    }
    if (event.capture->spoilt) {
        return CAPTURE_INVALIDATED;
    }
    stream.capture = event.capture;
    stream.forked = true;
    stream.ends = event.ends;
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
    return complete(*stream);
}

int wait_for_event(void* handle) {
    Guard guard(devices_mutex());
    Event* event = events.find(handle);
    if (event == nullptr) {
        return refuse(INVALID_HANDLE, "there is no event %p", handle);
    }
    if (event->capture != nullptr) {
        return CAPTURED_EVENT;
    }
    counts.waits += event->queue != nullptr && event->queue->done < event->behind;
    return complete(*event);
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
    stream->capture->graph.add(std::move(operation), stream->forked, stream->ends);
    return SUCCESS;
}

int fake::finish(void* handle) {
    Guard guard(devices_mutex());
    Stream* stream = stream_of(handle);
    return stream == nullptr ? static_cast<int>(INVALID_HANDLE) : complete(*stream);
}

int fake::finish() {
    Guard guard(devices_mutex());
    return queues.run();
}

int fake::not_captured(void* handle, const char* what) {
    Guard guard(devices_mutex());
    Stream* stream = stream_of(handle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    return stream->capture == nullptr ? SUCCESS : unsupported(*stream->capture, what);
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

// "It is also invalid to query or synchronize a broader handle which encompasses an active stream capture, such as a device or
// context handle" (CUDA C++ Programming Guide, Stream Capture): whichever thread captures, and in whichever mode.
bool fake::end_captures() {
    Guard guard(devices_mutex());
    bool captures = false;
    for (auto& [handle, stream] : streams) {
        if (Capture* capture = stream->capture.get()) {
            capture->spoilt = true;
            captures = true;
        }
    }
    return captures;
}

API cuCtxSynchronize() {
    if (int result = bound()) {
        return result;
    }
    Guard guard(devices_mutex());
    return end_captures() ? refuse(CAPTURE_UNSUPPORTED, "cuCtxSynchronize while a graph is captured") : finish();
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
        complete(*found);
        queues.remove(found->queue);
        if (found->capture != nullptr) {
            unsupported(*found->capture, "a stream is destroyed");
        }
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
    stream->capture->thread = std::this_thread::get_id();
    counts.captures++;
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
    if (stream->forked) {
        stream->capture->spoilt = true;
        return refuse(CAPTURE_UNMATCHED, "a capture ends on another stream than it began on");
    }
    if (stream->capture->mode != RELAXED && stream->capture->thread != std::this_thread::get_id()) {
        return refuse(CAPTURE_WRONG_THREAD, "a capture ends on another thread than it began on");
    }
    std::shared_ptr<Capture> capture = stream->capture;
    bool joined = capture->graph.close(stream->ends);
    for (auto& [other_handle, other] : streams) {
        if (other->capture == capture) {
            other->leave();
        }
    }
    capture->ended = true;
    if (capture->spoilt) {
        return CAPTURE_INVALIDATED;
    }
    if (!joined) {
        return refuse(CAPTURE_UNJOINED, "a capture ends that does not wait for a stream which joined it");
    }
    auto captured = std::make_shared<const Graph>(std::move(capture->graph));
    *graph = graphs.add(std::make_unique<std::shared_ptr<const Graph>>(captured));
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
    auto* found = graphs.find(graph);
    if (found == nullptr) {
        return refuse(INVALID_HANDLE, "there is no graph %p", graph);
    }
    // They can be counted only.
    if (nodes != nullptr) {
        return refuse(INVALID_VALUE, "the nodes of a graph have no handles here");
    }
    *count = (*found)->size();
    return SUCCESS;
}

API cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
    Guard guard(devices_mutex());
    auto* found = graphs.find(graph);
    if (found == nullptr) {
        return refuse(INVALID_HANDLE, "there is no graph %p to instantiate", graph);
    }
    *executable = executables.add(std::make_unique<Executable>(Executable{*found}));
    return SUCCESS;
}

API cuGraphUpload(void* executable, void* stream) {
    Guard guard(devices_mutex());
    bool found = executables.find(executable) != nullptr && stream_of(stream) != nullptr;
    return found ? SUCCESS : refuse(INVALID_HANDLE, "there is no graph %p to upload", executable);
}

API cuGraphLaunch(void* handle, void* stream) {
    Guard guard(devices_mutex());
    Executable* executable = executables.find(handle);
    if (executable == nullptr) {
        return refuse(INVALID_HANDLE, "there is no graph %p to launch", handle);
    }
    counts.graphs++;
    Order order = order_or(executable->launches++ % 2 == 0 ? Order::LATE : Order::EARLY);
    return submit(stream, [graph = executable->graph, order] { return graph->run(order); });
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
    if (stream->capture != nullptr && stream->capture->spoilt) {
        return CAPTURE_INVALIDATED;
    }
    event->capture = stream->capture;
    event->ends = stream->ends;
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
        complete(*event);
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
    Capture* other = event->capture.get();
    if (stream->capture == nullptr) {
        return other == nullptr ? wait_in(*stream, *event) : fork(*stream, *event);
    }
    Capture& capture = *stream->capture;
    if (capture.spoilt) {
        return CAPTURE_INVALIDATED;
    }
    if (other == nullptr) {
        capture.spoilt = true;
        return refuse(CAPTURE_ISOLATION, "a stream that is captured waits for what is not in the capture");
    }
    if (other != &capture) {
        capture.spoilt = true;
        other->spoilt = true;
        return refuse(CAPTURE_MERGE, "a stream that is captured waits for what is in another capture");
    }
    stream->ends.insert(stream->ends.end(), event->ends.begin(), event->ends.end());
    return SUCCESS;
}

// Streams, events and graphs of the fake driver, and the order in which it does what they were given.
//
// A GPU may do in any order what nothing orders. Here it is done in one of two orders. Two operations of two streams
// come the one way round in the first and the other way round in the second, unless something orders them, be it an
// event or the host, which waited for the one before it gave the other:
//
// - late: the stream that the host waits for goes first. Another one is done up to an event when the first comes to
//   where it waits for that event. It shows that the first does not wait: it reads what the other has not written yet,
//   or writes over what the other has not read yet.
// - early: the other streams go first, and the one that the host waits for is done up to an event when they come to
//   where they wait for that. It shows that the others do not wait: they copy what is not made yet, or write over what
//   has not been read yet.
//
// In a graph, the stream whose capture it was takes the place of the one that the host waits for, and streams that
// joined it are the others.
//
// Streams are late; launches of a graph are late and early in turn, the first one late. REMAT_FAKE_ORDER, `late` or
// `early`, is the order of both. With REMAT_FAKE_EAGER all that is given to a stream is done at once, where a debugger
// shows who asked for it: in the order of the program, which hides what lacks an event.
#pragma once

#include "driver.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

namespace fake {

enum class Order { LATE, EARLY };

// What the environment asks for, or else this.
inline Order order_or(Order otherwise) {
    static const char* asked = getenv("REMAT_FAKE_ORDER");
    if (asked == nullptr) {
        return otherwise;
    }
    return strcmp(asked, "early") == 0 ? Order::EARLY : Order::LATE;
}

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

// The queues of all streams, the oldest first.
class Queues {
  public:
    void add(const std::shared_ptr<Queue>& queue) {
        queues_.push_back(queue);
    }

    void remove(const std::shared_ptr<Queue>& queue) {
        queues_.erase(std::find(queues_.begin(), queues_.end(), queue));
    }

    // Does what one was given up to this.
    int run(Queue& queue, uint64_t until) {
        if (order_or(Order::LATE) == Order::EARLY) {
            // Whoever waits for them is told of their faults.
            std::for_each(queues_.rbegin(), queues_.rend(), [&](auto& other) {
                if (other.get() != &queue) {
                    other->run(other->given);
                }
            });
        }
        return queue.run(until);
    }

    // Does all; the result of what failed.
    int run() {
        int first = SUCCESS;
        for (auto& queue : queues_) {
            int result = run(*queue, queue->given);
            first = first != SUCCESS ? first : result;
        }
        return first;
    }

  private:
    std::vector<std::shared_ptr<Queue>> queues_;
};

// Operations that depend on each other.
class Graph {
  public:
    // What the next operation of a stream is behind: its last one, and those before the events that it waits for.
    using Ends = std::vector<size_t>;

    size_t size() const {
        return steps_.size();
    }

    // Adds what was given to a stream with these ends, which becomes the only one. `forked` says that it is not the
    // stream whose capture it is.
    void add(Operation operation, bool forked, Ends& ends) {
        steps_.push_back({std::move(operation), std::move(ends), forked});
        ends = {steps_.size() - 1};
    }

    // Finds both orders, when all is added and the stream whose capture it was has these ends: whether it waited for
    // all others.
    bool close(const Ends& ends) {
        late_ = ordered(ends);
        Ends others_first;
        for (size_t step = steps_.size(); step-- > 0;) {
            if (steps_[step].forked) {
                others_first.push_back(step);
            }
        }
        others_first.insert(others_first.end(), ends.begin(), ends.end());
        early_ = ordered(others_first);
        return late_.size() == steps_.size();
    }

    int run(Order order) const {
        for (size_t step : order == Order::LATE ? late_ : early_) {
            if (int result = steps_[step].operation()) {
                return result;
            }
        }
        return SUCCESS;
    }

  private:
    struct Step {
        Operation operation;
        Ends behind;
        bool forked;
    };

    // These steps in turn. What one is behind comes before it, no sooner than it must.
    std::vector<size_t> ordered(const Ends& ends) const {
        std::vector<size_t> order;
        std::vector<bool> reached(steps_.size());
        // The last is next. It has its place when all that it is behind has one.
        std::vector<std::pair<size_t, bool>> left;
        auto add = [&](const Ends& steps) {
            std::for_each(steps.rbegin(), steps.rend(), [&](size_t step) { left.emplace_back(step, false); });
        };
        add(ends);
        while (!left.empty()) {
            auto [step, ready] = left.back();
            left.pop_back();
            if (ready) {
                order.push_back(step);
            } else if (!reached[step]) {
                reached[step] = true;
                left.emplace_back(step, true);
                add(steps_[step].behind);
            }
        }
        return order;
    }

    std::vector<Step> steps_;
    std::vector<size_t> late_;
    std::vector<size_t> early_;
};

struct Capture {
    int mode;
    std::thread::id thread;
    Graph graph;
    bool spoilt = false;
    bool ended = false;
};

struct Stream {
    std::shared_ptr<Queue> queue = std::make_shared<Queue>();
    std::shared_ptr<Capture> capture;
    // Whether it joined the capture of another stream.
    bool forked = false;
    Graph::Ends ends;

    void leave() {
        capture = nullptr;
        forked = false;
        ends.clear();
    }
};

using Clock = std::chrono::steady_clock;

struct Event {
    unsigned flags;
    // What it stands behind, and how much of it.
    std::shared_ptr<Queue> queue;
    uint64_t behind = 0;
    // When that was done.
    std::shared_ptr<Clock::time_point> time = std::make_shared<Clock::time_point>();
    // What it was recorded in, if in a capture, and what it stands behind there.
    std::shared_ptr<Capture> capture;
    Graph::Ends ends;
};

// A graph that can be launched, and how often it was.
struct Executable {
    std::shared_ptr<const Graph> graph;
    uint64_t launches = 0;
};

}  // namespace fake

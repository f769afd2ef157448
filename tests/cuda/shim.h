// CUDA C++ on the host, so that kernels can be tested where there is no GPU.
//
// Each CUDA thread is a fiber. The threads of a block take turns on one thread of the operating system, and change only
// where they wait for one another: at a barrier, or in a primitive of a warp. So a kernel does what it would do on a
// GPU, and what a GPU leaves undefined ends the process with a message: a barrier that some threads never reach, lanes
// that disagree on a mask, a shuffle from a lane that does not take part.
//
// Shared memory holds NaN until it is written. Its arrays are allocations of their own, so that AddressSanitizer sees
// where each ends. To ThreadSanitizer each CUDA thread is a thread of its own: it finds where a barrier or an atomic
// operation is missing, within a block and between blocks.
//
// Of tensor cores and of asynchronous copies, what `tensor.h` and `async.h` have. Not here: clusters, textures, time,
// and the weaker orders in which a GPU may make writes visible.
#pragma once

// Each of them stands on those before it.
#include "shim/types.h"
#include "shim/engine.h"
#include "shim/warp.h"
#include "shim/atomics.h"
#include "shim/math.h"
#include "shim/tensor.h"
#include "shim/async.h"

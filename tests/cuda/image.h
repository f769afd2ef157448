// What the fake NVRTC makes and the fake driver loads.
#pragma once

#include <cstddef>

namespace fake {

// Then come the type of elements, a space, and the name of the program, with a NUL behind it. A driver would refuse it.
constexpr char IMAGE_MAGIC[] = "remat: kernels compiled for the host: ";
constexpr size_t IMAGE_MAGIC_SIZE = sizeof IMAGE_MAGIC - 1;

}  // namespace fake

// Modules of the fake driver, their kernels and launches. The kernels are in this library already, compiled for the
// host: an image that is loaded says only that they were compiled.
#include "driver.h"

#include "image.h"

#include "shim/engine.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace fake;

namespace {

struct Function {
    const remat_shim::Kernel* kernel;
    // How much a launch may ask for: more than that only if it was said before.
    int max_dynamic_shared = remat_shim::DEFAULT_SHARED;
};

struct Module {
    const remat_shim::Table* table;
    std::vector<void*> functions;
};

// As in cuda.h.
enum FunctionAttribute : int {
    FUNCTION_MAX_THREADS = 0,
    FUNCTION_REGISTERS = 4,
    FUNCTION_PTX_VERSION = 5,
    FUNCTION_BINARY_VERSION = 6,
    FUNCTION_MAX_DYNAMIC_SHARED = 8,
};

Handles<Module> modules;
Handles<Function> functions;

// The kernels for the type of elements that an image begins with.
const remat_shim::Table* find_table(const char* image) {
    for (const remat_shim::Table* table = remat_shim::Table::tables; table != nullptr; table = table->next) {
        size_t length = strlen(table->elem);
        if (strncmp(image, table->elem, length) == 0 && image[length] == ' ') {
            return table;
        }
    }
    return nullptr;
}

const remat_shim::Kernel* find_kernel(const remat_shim::Table& table, const char* name) {
    for (size_t i = 0; i < table.count; i++) {
        if (strcmp(table.kernels[i].name, name) == 0) {
            return &table.kernels[i];
        }
    }
    return nullptr;
}

// The arguments of a launch, which outlive it, since a graph may be launched again.
class Arguments {
  public:
    Arguments(const remat_shim::Kernel& kernel, void** parameters) {
        for (size_t i = 0; i < kernel.parameter_count; i++) {
            const auto* bytes = static_cast<unsigned char*>(parameters[i]);
            values_.emplace_back(bytes, bytes + kernel.parameters[i].size);
        }
    }

    std::vector<void*> pointers() {
        std::vector<void*> pointers;
        for (auto& value : values_) {
            pointers.push_back(value.data());
        }
        return pointers;
    }

    // That each pointer is null or one into memory of a device.
    int check(const remat_shim::Kernel& kernel) const {
        for (size_t i = 0; i < kernel.parameter_count; i++) {
            if (!kernel.parameters[i].pointer) {
                continue;
            }
            Address address;
            memcpy(&address, values_[i].data(), sizeof address);
            if (address != 0 && !known(address)) {
                const char* message = "`%s` is given %#llx, where no allocation is, as argument %zu";
                return refuse(ILLEGAL_ADDRESS, message, kernel.name, address, i);
            }
        }
        return SUCCESS;
    }

  private:
    std::vector<std::vector<unsigned char>> values_;
};

}  // namespace

API cuModuleLoadData(void** module, const void* image) {
    Guard guard(devices_mutex());
    if (int result = bound()) {
        return result;
    }
    // Not past the first byte that differs: how long another image is nobody says.
    if (strncmp(static_cast<const char*>(image), IMAGE_MAGIC, IMAGE_MAGIC_SIZE) != 0) {
        return refuse(INVALID_IMAGE, "an image that the fake NVRTC did not make");
    }
    const remat_shim::Table* table = find_table(static_cast<const char*>(image) + IMAGE_MAGIC_SIZE);
    if (table == nullptr) {
        return refuse(INVALID_IMAGE, "an image for elements that kernels are not compiled for");
    }
    *module = modules.add(std::make_unique<Module>(Module{table, {}}));
    return SUCCESS;
}

API cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**) {
    return cuModuleLoadData(module, image);
}

API cuModuleUnload(void* handle) {
    Guard guard(devices_mutex());
    Module* module = modules.find(handle);
    if (module == nullptr) {
        return refuse(INVALID_HANDLE, "there is no module %p to unload", handle);
    }
    finish();
    for (void* function : module->functions) {
        functions.remove(function);
    }
    modules.remove(handle);
    return SUCCESS;
}

API cuModuleGetFunction(void** function, void* handle, const char* name) {
    Guard guard(devices_mutex());
    Module* module = modules.find(handle);
    if (module == nullptr) {
        return refuse(INVALID_HANDLE, "there is no module %p", handle);
    }
    const remat_shim::Kernel* kernel = find_kernel(*module->table, name);
    if (kernel == nullptr) {
        return NOT_FOUND;
    }
    auto created = std::make_unique<Function>();
    created->kernel = kernel;
    *function = functions.add(std::move(created));
    module->functions.push_back(*function);
    return SUCCESS;
}

API cuFuncGetParamInfo(void* handle, size_t index, size_t* offset, size_t* size) {
    Guard guard(devices_mutex());
    Function* function = functions.find(handle);
    if (function == nullptr) {
        return refuse(INVALID_HANDLE, "there is no function %p", handle);
    }
    if (index >= function->kernel->parameter_count) {
        return INVALID_VALUE;
    }
    *offset = function->kernel->parameters[index].offset;
    if (size != nullptr) {
        *size = function->kernel->parameters[index].size;
    }
    return SUCCESS;
}

API cuFuncGetAttribute(int* value, int attribute, void* handle) {
    Guard guard(devices_mutex());
    Function* function = functions.find(handle);
    if (function == nullptr) {
        return refuse(INVALID_HANDLE, "there is no function %p", handle);
    }
    switch (attribute) {
    case FUNCTION_MAX_THREADS:
        *value = static_cast<int>(function->kernel->max_threads);
        break;
    case FUNCTION_REGISTERS:
        *value = 32;
        break;
    case FUNCTION_PTX_VERSION:
    case FUNCTION_BINARY_VERSION:
        *value = 90;
        break;
    case FUNCTION_MAX_DYNAMIC_SHARED:
        *value = function->max_dynamic_shared;
        break;
    default:
        *value = 0;
    }
    return SUCCESS;
}

API cuFuncSetAttribute(void* handle, int attribute, int value) {
    Guard guard(devices_mutex());
    Function* function = functions.find(handle);
    if (function == nullptr) {
        return refuse(INVALID_HANDLE, "there is no function %p", handle);
    }
    if (attribute == FUNCTION_MAX_DYNAMIC_SHARED) {
        if (value < 0 || value > static_cast<int>(remat_shim::MAX_SHARED)) {
            return refuse(INVALID_VALUE, "`%s` asks for %d bytes of shared memory", function->kernel->name, value);
        }
        function->max_dynamic_shared = value;
    }
    return SUCCESS;
}

API cuFuncSetCacheConfig(void*, int) {
    return SUCCESS;
}

API cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void*, int threads, size_t dynamic_shared) {
    if (threads <= 0) {
        return INVALID_VALUE;
    }
    // As if only threads and shared memory were scarce.
    int by_threads = 2048 / ((threads + 31) / 32 * 32);
    int by_shared = static_cast<int>((228 << 10) / (dynamic_shared + 1024));
    *blocks = std::min({32, by_threads, by_shared});
    return SUCCESS;
}

API cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                   unsigned block_z, unsigned dynamic_shared, void* stream, void** parameters, void**) {
    Guard guard(devices_mutex());
    Function* function = functions.find(handle);
    if (function == nullptr) {
        return refuse(INVALID_HANDLE, "there is no function %p to launch", handle);
    }
    const remat_shim::Kernel& kernel = *function->kernel;
    if (dynamic_shared > static_cast<unsigned>(function->max_dynamic_shared)) {
        const char* message = "`%s` is launched with %u bytes of dynamic shared memory, but may have %d";
        return refuse(INVALID_VALUE, message, kernel.name, dynamic_shared, function->max_dynamic_shared);
    }
    uint64_t threads = static_cast<uint64_t>(block_x) * block_y * block_z;
    if (threads > kernel.max_threads) {
        const char* message = "`%s` is launched with %zu threads, but is compiled for %u";
        return refuse(INVALID_VALUE, message, kernel.name, static_cast<size_t>(threads), kernel.max_threads);
    }
    if (kernel.parameter_count > 0 && parameters == nullptr) {
        return refuse(INVALID_VALUE, "`%s` is launched without arguments", kernel.name);
    }
    auto arguments = std::make_shared<Arguments>(kernel, parameters);
    if (int result = arguments->check(kernel)) {
        return result;
    }
    dim3 grid = {grid_x, grid_y, grid_z};
    dim3 block = {block_x, block_y, block_z};
    if (!remat_shim::takes(grid, block, dynamic_shared)) {
        return refuse(INVALID_VALUE, "`%s` is launched with a grid that no GPU takes", kernel.name);
    }
    int capturing = 0;
    if (int result = cuStreamIsCapturing(stream, &capturing)) {
        return result;
    }
    counts.kernels += capturing == 0;
    return submit(stream, [=, &kernel] {
        if (int result = arguments->check(kernel)) {
            return result;
        }
        return ran(kernel.name, [&] {
            remat_shim::launch(kernel.call, arguments->pointers().data(), grid, block, dynamic_shared,
                               reachable());
            return static_cast<int>(SUCCESS);
        });
    });
}

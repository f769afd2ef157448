// A libnvrtc.so, of CUDA 13 or 12 (REMAT_FAKE_CUDA), that compiles nothing: the kernels are in the fake driver already, compiled for the host. Its
// products name what they would be made of. A source that has an `#error` fails, for tests of failures.
#include "image.h"

#include <cstring>
#include <string>

namespace {

enum Result : int {
    SUCCESS = 0,
    INVALID_INPUT = 3,
    INVALID_PROGRAM = 4,
    COMPILATION = 6,
};

struct Program {
    std::string name;
    std::string source;
    std::string log;
    std::string image;
    bool compiled = false;
};

// Of compute capability.
constexpr int ARCHITECTURES[] = {80, 86, 87, 89, 90, 100, 101, 120};

// What a macro that says the type of elements is defined with.
const std::string ELEM = "--define-macro=REMAT_ELEM=";

// Empty for a virtual architecture, and for none: of those NVRTC makes no machine code. Elements are of f32 where none
// are spoken of, as in kernels that try the shim.
std::string image_of(const Program& program, int option_count, const char* const* options) {
    std::string elem = "float";
    bool machine_code = false;
    for (int i = 0; i < option_count; i++) {
        std::string option = options[i];
        if (option.compare(0, ELEM.size(), ELEM) == 0) {
            elem = option.substr(ELEM.size());
        }
        machine_code |= option.find("arch") != std::string::npos && option.find("=sm_") != std::string::npos;
    }
    return machine_code ? fake::IMAGE_MAGIC + elem + ' ' + program.name + '\0' : "";
}

// What a compiler would say of the line at `at`.
std::string message_of(const Program& program, size_t at) {
    size_t line = 1;
    for (size_t i = 0; i < at; i++) {
        line += program.source[i] == '\n';
    }
    size_t end = program.source.find('\n', at);
    std::string text = program.source.substr(at, end == std::string::npos ? end : end - at);
    std::string place = program.name + "(" + std::to_string(line) + ")";
    return place + ": error: " + text + "\n\n1 error detected in the compilation of \"" + program.name + "\".\n";
}

Program* program_of(void* handle) {
    return static_cast<Program*>(handle);
}

}  // namespace

#define API extern "C" __attribute__((visibility("default")))

// No NVRTC has that version: what is kept by version is never taken for a real one's.
API int nvrtcVersion(int* major, int* minor) {
    *major = REMAT_FAKE_CUDA;
    *minor = 99;
    return SUCCESS;
}

API int nvrtcGetNumSupportedArchs(int* count) {
    *count = sizeof ARCHITECTURES / sizeof ARCHITECTURES[0];
    return SUCCESS;
}

API int nvrtcGetSupportedArchs(int* architectures) {
    memcpy(architectures, ARCHITECTURES, sizeof ARCHITECTURES);
    return SUCCESS;
}

API int nvrtcCreateProgram(void** program, const char* source, const char* name, int header_count,
                           const char* const* headers, const char* const* header_names) {
    bool lacks_headers = header_count > 0 && (headers == nullptr || header_names == nullptr);
    if (program == nullptr || source == nullptr || header_count < 0 || lacks_headers) {
        return INVALID_INPUT;
    }
    Program* created = new Program;
    created->name = name == nullptr ? "default_program" : name;
    created->source = source;
    *program = created;
    return SUCCESS;
}

API int nvrtcCompileProgram(void* program, int option_count, const char* const* options) {
    Program* compiled = program_of(program);
    if (compiled == nullptr) {
        return INVALID_PROGRAM;
    }
    size_t error = compiled->source.find("#error");
    if (error != std::string::npos) {
        compiled->log = message_of(*compiled, error);
        return COMPILATION;
    }
    compiled->image = image_of(*compiled, option_count, options);
    compiled->compiled = true;
    return SUCCESS;
}

API int nvrtcGetCUBINSize(void* program, size_t* size) {
    if (program == nullptr || !program_of(program)->compiled) {
        return INVALID_PROGRAM;
    }
    *size = program_of(program)->image.size();
    return SUCCESS;
}

API int nvrtcGetCUBIN(void* program, char* image) {
    if (program == nullptr || !program_of(program)->compiled) {
        return INVALID_PROGRAM;
    }
    const std::string& made = program_of(program)->image;
    memcpy(image, made.data(), made.size());
    return SUCCESS;
}

API int nvrtcGetProgramLogSize(void* program, size_t* size) {
    if (program == nullptr) {
        return INVALID_PROGRAM;
    }
    // With the NUL.
    *size = program_of(program)->log.size() + 1;
    return SUCCESS;
}

API int nvrtcGetProgramLog(void* program, char* log) {
    if (program == nullptr) {
        return INVALID_PROGRAM;
    }
    const std::string& kept = program_of(program)->log;
    memcpy(log, kept.c_str(), kept.size() + 1);
    return SUCCESS;
}

API int nvrtcDestroyProgram(void** program) {
    if (program == nullptr || *program == nullptr) {
        return INVALID_PROGRAM;
    }
    delete program_of(*program);
    *program = nullptr;
    return SUCCESS;
}

API const char* nvrtcGetErrorString(int result) {
    switch (result) {
    case SUCCESS:
        return "NVRTC_SUCCESS";
    case 1:
        return "NVRTC_ERROR_OUT_OF_MEMORY";
    case 2:
        return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
    case INVALID_INPUT:
        return "NVRTC_ERROR_INVALID_INPUT";
    case INVALID_PROGRAM:
        return "NVRTC_ERROR_INVALID_PROGRAM";
    case 5:
        return "NVRTC_ERROR_INVALID_OPTION";
    case COMPILATION:
        return "NVRTC_ERROR_COMPILATION";
    default:
        return "NVRTC_ERROR unknown";
    }
}

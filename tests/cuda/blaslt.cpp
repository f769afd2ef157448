// A fake `libcublasLt.so`, of CUDA 13 or 12 (REMAT_FAKE_CUDA), on the fake driver: products of matrices of f32 and bf16 on
// the host, element by element, in f64, rounded to f32 and then to the type of what comes out.
//
// It knows what `runtime/src/cuda/blas.rs` calls, and refuses, and says on stderr, what that must not do: a choice of
// algorithm that may add in any order or that counts on a better alignment than a line's, an algorithm of another
// shape or of other types, types that the library has no product of, matrices that do not fit together or overlap, objects
// that are gone. What the algorithm may use of the workspace holds NaN afterwards, and what is left when the process ends,
// but for handles, is said and makes it fail.
//
// Matrices are held column by column: row r, column c at r + c ld.
#include "driver.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <unistd.h>

// The same conversions as those of kernels.
#include "shim/math.h"

#define __device__
#define __forceinline__ inline
#include "cuda/half.cuh"

namespace {

// As in cublas_api.h and cublasLt.h.
enum Status : int { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum { R_32F = 0, R_16BF = 14, COMPUTE_32F = 68, VERSION = REMAT_FAKE_CUDA * 10000 };
enum DescAttribute { TRANSA = 3, TRANSB = 4, EPILOGUE = 7, BIAS_POINTER = 8 };
enum PreferenceAttribute { MAX_WORKSPACE = 1, REDUCTION_MASK = 3, ALIGNMENT_A = 5, ALIGNMENT_D = 8 };
enum { EPILOGUE_DEFAULT = 1, EPILOGUE_BIAS = 4 };
enum { REDUCTION_INPLACE = 1 };

// Bytes that buffers of remat start on.
constexpr uint32_t LINE = 64;
// What an algorithm uses of the workspace.
constexpr size_t WORKSPACE = 1 << 16;

struct Handle {
    int device = 0;
};

struct Layout {
    int type;
    uint64_t rows, cols;
    int64_t ld;
};

struct Desc {
    int32_t transa = 0, transb = 0;
    uint32_t epilogue = EPILOGUE_DEFAULT;
    const void* bias = nullptr;
};

struct Preference {
    size_t workspace = 0;
    // All schemes, as the library has it.
    uint32_t reductions = 7;
    // Of A, B, C and D.
    uint32_t alignments[4] = {256, 256, 256, 256};
};

struct Algorithm {
    // Shapes it is for, in words that tell one from another; 0 is none.
    uint64_t key;
    // What A, B, C and D start on.
    uint32_t alignments[4];
    uint64_t unused[5];
};
static_assert(sizeof(Algorithm) == 64, "cublasLtMatmulAlgo_t");

struct Heuristic {
    Algorithm algorithm;
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

// What there is; guarded by the mutex of the devices.
fake::Handles<Handle> handles;
fake::Handles<Layout> layouts;
fake::Handles<Desc> descs;
fake::Handles<Preference> preferences;

template <class T> size_t left(fake::Handles<T>& all) {
    return std::distance(all.begin(), all.end());
}

// The end of the process, before that of what there is.
struct End {
    ~End() {
        size_t objects = left(layouts) + left(descs) + left(preferences);
        if (objects == 0) return;
        fprintf(stderr, "cublasLt: %zu objects were never destroyed\n", objects);
        _exit(1);
    }
} end;

template <class T> int make(fake::Handles<T>& all, void** to, T object) {
    if (to == nullptr) return fake::refuse(INVALID_VALUE, "cublasLt: no place for an object");
    fake::Guard guard(fake::devices_mutex());
    *to = all.add(std::make_unique<T>(object));
    return SUCCESS;
}

template <class T> int destroy(fake::Handles<T>& all, void* object) {
    fake::Guard guard(fake::devices_mutex());
    if (!all.remove(object)) return fake::refuse(INVALID_VALUE, "cublasLt: destroys an object that is gone");
    return SUCCESS;
}

// Writes an attribute that has `bytes` bytes, if as many are given.
template <class T> int set(T& to, const void* from, size_t bytes, const char* what) {
    if (from == nullptr || bytes != sizeof(T)) {
        return fake::refuse(INVALID_VALUE, "cublasLt: %s has %zu bytes but is given %zu", what, sizeof(T), bytes);
    }
    memcpy(&to, from, sizeof(T));
    return SUCCESS;
}

// A product of matrices that fit together: D [m, n] = alpha op(A) [m, k] op(B) [k, n] + beta C, + bias [m].
struct Product {
    Layout a, b, c;
    Desc desc;
    uint64_t m, n, k;
    float alpha = 1, beta = 0;
    const void *from_a = nullptr, *from_b = nullptr, *from_c = nullptr;
    void *to = nullptr, *workspace = nullptr;
    uint32_t alignments[4] = {LINE, LINE, LINE, LINE};
};

size_t size_of(int type) {
    return type == R_16BF ? sizeof(uint16_t) : sizeof(float);
}

float read(int type, const void* from, uint64_t at) {
    return type == R_16BF ? from_bf16(static_cast<const uint16_t*>(from)[at]) : static_cast<const float*>(from)[at];
}

void write(int type, void* to, uint64_t at, float number) {
    if (type == R_16BF) {
        static_cast<uint16_t*>(to)[at] = to_bf16(number);
    } else {
        static_cast<float*>(to)[at] = number;
    }
}

// With arithmetic in f32: A and B of one type, C and D of one, which is that type, or f32. A bias is of D's.
bool multiplied(const Layout& a, const Layout& b, const Layout& c, const Layout& d) {
    return a.type == b.type && c.type == d.type && (d.type == a.type || d.type == R_32F);
}

// What op takes of a matrix to make it [rows, cols].
bool fits(const Layout& matrix, int transposed, uint64_t rows, uint64_t cols) {
    return transposed ? matrix.rows == cols && matrix.cols == rows : matrix.rows == rows && matrix.cols == cols;
}

int shape(Product& product, void* desc, void* a, void* b, void* c, void* d) {
    const Desc* about = descs.find(desc);
    const Layout *la = layouts.find(a), *lb = layouts.find(b), *lc = layouts.find(c), *ld = layouts.find(d);
    if (!about || !la || !lb || !lc || !ld) return fake::refuse(INVALID_VALUE, "cublasLt: an object that is gone");
    product.desc = *about;
    product.a = *la, product.b = *lb, product.c = *lc;
    product.m = ld->rows, product.n = ld->cols;
    product.k = about->transa ? la->rows : la->cols;
    if (lc->rows != ld->rows || lc->cols != ld->cols || lc->ld != ld->ld ||
        !fits(*la, about->transa, product.m, product.k) || !fits(*lb, about->transb, product.k, product.n)) {
        return fake::refuse(INVALID_VALUE, "cublasLt: matrices that do not fit together");
    }
    if (!multiplied(*la, *lb, *lc, *ld)) {
        return fake::refuse(NOT_SUPPORTED, "cublasLt: D of type %d and C of type %d from types %d and %d", ld->type,
                            lc->type, la->type, lb->type);
    }
    if (about->epilogue == EPILOGUE_BIAS && about->bias == nullptr) {
        return fake::refuse(INVALID_VALUE, "cublasLt: a bias that is nowhere");
    }
    return SUCCESS;
}

// Of all that an algorithm is chosen by.
uint64_t key(const Product& product) {
    const uint64_t words[] = {product.m,    product.n,    product.k,    (uint64_t)product.desc.transa,
                              (uint64_t)product.desc.transb, product.desc.epilogue, (uint64_t)product.a.type,
                              (uint64_t)product.c.type};
    uint64_t key = 14695981039346656037u;
    for (uint64_t word : words) key = (key ^ word) * 1099511628211u;
    return key | 1;
}

size_t bytes(const Layout& matrix) {
    return ((matrix.cols - 1) * matrix.ld + matrix.rows) * size_of(matrix.type);
}

bool apart(const void* one, size_t one_bytes, const void* other, size_t other_bytes) {
    return (const char*)one + one_bytes <= (const char*)other || (const char*)other + other_bytes <= (const char*)one;
}

// That the matrices are there and start on what the algorithm counts on, all else on lines, and that what is written is
// not read as something else.
int places(const Product& product) {
    struct {
        const void* start;
        size_t bytes;
        const char* what;
        bool used;
        uint32_t alignment;
    } read[] = {{product.from_a, bytes(product.a), "cublasLt: to read A", true, product.alignments[0]},
                {product.from_b, bytes(product.b), "cublasLt: to read B", true, product.alignments[1]},
                {product.desc.bias, product.m * size_of(product.c.type), "cublasLt: to read the bias",
                 product.desc.epilogue == EPILOGUE_BIAS, LINE},
                {product.workspace, WORKSPACE, "cublasLt: to work", true, LINE}};
    size_t written = bytes(product.c);
    if (!fake::inside((fake::Address)product.to, written, "cublasLt: to write D")) return EXECUTION_FAILED;
    if ((uintptr_t)product.to % std::max(product.alignments[2], product.alignments[3])) {
        return fake::refuse(INVALID_VALUE, "cublasLt: D starts on less than the algorithm counts on");
    }
    for (auto& part : read) {
        if (!part.used) continue;
        if (!fake::inside((fake::Address)part.start, part.bytes, part.what)) return EXECUTION_FAILED;
        if ((uintptr_t)part.start % part.alignment) {
            return fake::refuse(INVALID_VALUE, "%s: it does not start on %u bytes", part.what, part.alignment);
        }
        if (!apart(part.start, part.bytes, product.to, written)) {
            return fake::refuse(INVALID_VALUE, "%s: D is written there", part.what);
        }
    }
    return SUCCESS;
}

int compute(const Product& product) {
    int status = places(product);
    if (status != SUCCESS) return status;
    const Layout &a = product.a, &b = product.b, &c = product.c;
    // Steps from one row to the next, and from one column to the next, of op(A) and op(B).
    uint64_t a_row = product.desc.transa ? a.ld : 1, a_col = product.desc.transa ? 1 : a.ld;
    uint64_t b_row = product.desc.transb ? b.ld : 1, b_col = product.desc.transb ? 1 : b.ld;
    for (uint64_t col = 0; col < product.n; col++) {
        for (uint64_t row = 0; row < product.m; row++) {
            double sum = 0;
            uint64_t x = row * a_row, y = col * b_col;
            for (uint64_t i = 0; i < product.k; i++) {
                sum += (double)read(a.type, product.from_a, x + i * a_col) * read(b.type, product.from_b, y + i * b_row);
            }
            sum *= product.alpha;
            // What is multiplied by 0 is not read.
            if (product.beta != 0) sum += (double)product.beta * read(c.type, product.from_c, row + col * c.ld);
            if (product.desc.epilogue == EPILOGUE_BIAS) sum += read(c.type, product.desc.bias, row);
            write(c.type, product.to, row + col * c.ld, (float)sum);
        }
    }
    memset(product.workspace, 0xff, WORKSPACE);
    return SUCCESS;
}

}  // namespace

extern "C" SHARED size_t cublasLtGetVersion() {
    return VERSION;
}

API cublasLtCreate(void** handle) {
    return make(handles, handle, Handle{});
}

// It "will implicitly call cudaDeviceSynchronize" (cuBLAS, cublasLtDestroy), which spoils what is captured.
API cublasLtDestroy(void* handle) {
    fake::end_captures();
    return destroy(handles, handle);
}

API cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t cols, int64_t ld) {
    if (type != R_32F && type != R_16BF) return fake::refuse(NOT_SUPPORTED, "cublasLt: a matrix of type %d", type);
    if (rows == 0 || cols == 0 || ld < 0 || (uint64_t)ld < rows) {
        return fake::refuse(INVALID_VALUE, "cublasLt: %llu rows, %llu columns, columns %lld apart",
                            (unsigned long long)rows, (unsigned long long)cols, (long long)ld);
    }
    return make(layouts, layout, Layout{type, rows, cols, ld});
}

API cublasLtMatrixLayoutDestroy(void* layout) {
    return destroy(layouts, layout);
}

API cublasLtMatmulDescCreate(void** desc, int compute, int scale) {
    if (compute != COMPUTE_32F || scale != R_32F) {
        return fake::refuse(NOT_SUPPORTED, "cublasLt: arithmetic %d, factors of type %d", compute, scale);
    }
    return make(descs, desc, Desc{});
}

API cublasLtMatmulDescDestroy(void* desc) {
    return destroy(descs, desc);
}

API cublasLtMatmulDescSetAttribute(void* handle, int attribute, const void* from, size_t bytes) {
    fake::Guard guard(fake::devices_mutex());
    Desc* desc = descs.find(handle);
    if (desc == nullptr) return fake::refuse(INVALID_VALUE, "cublasLt: an operation that is gone");
    switch (attribute) {
        case TRANSA: return set(desc->transa, from, bytes, "TRANSA");
        case TRANSB: return set(desc->transb, from, bytes, "TRANSB");
        case EPILOGUE: {
            int status = set(desc->epilogue, from, bytes, "EPILOGUE");
            bool known = desc->epilogue == EPILOGUE_DEFAULT || desc->epilogue == EPILOGUE_BIAS;
            if (status != SUCCESS || known) return status;
            return fake::refuse(NOT_SUPPORTED, "cublasLt: epilogue %u", desc->epilogue);
        }
        case BIAS_POINTER: return set(desc->bias, from, bytes, "BIAS_POINTER");
    }
    return fake::refuse(NOT_SUPPORTED, "cublasLt: attribute %d of an operation", attribute);
}

API cublasLtMatmulPreferenceCreate(void** preference) {
    return make(preferences, preference, Preference{});
}

API cublasLtMatmulPreferenceDestroy(void* preference) {
    return destroy(preferences, preference);
}

API cublasLtMatmulPreferenceSetAttribute(void* handle, int attribute, const void* from, size_t bytes) {
    fake::Guard guard(fake::devices_mutex());
    Preference* preference = preferences.find(handle);
    if (preference == nullptr) return fake::refuse(INVALID_VALUE, "cublasLt: a preference that is gone");
    if (attribute == MAX_WORKSPACE) return set(preference->workspace, from, bytes, "MAX_WORKSPACE_BYTES");
    if (attribute == REDUCTION_MASK) return set(preference->reductions, from, bytes, "REDUCTION_SCHEME_MASK");
    if (attribute >= ALIGNMENT_A && attribute <= ALIGNMENT_D) {
        return set(preference->alignments[attribute - ALIGNMENT_A], from, bytes, "MIN_ALIGNMENT");
    }
    return fake::refuse(NOT_SUPPORTED, "cublasLt: attribute %d of a preference", attribute);
}

API cublasLtMatmulAlgoGetHeuristic(void* handle, void* desc, void* a, void* b, void* c, void* d, void* preference,
                                   int asked, Heuristic* found, int* count) {
    fake::Guard guard(fake::devices_mutex());
    const Preference* wanted = preferences.find(preference);
    if (!handles.find(handle) || !wanted) return fake::refuse(NOT_INITIALIZED, "cublasLt: a handle that is gone");
    if (asked < 1 || !found || !count) return fake::refuse(INVALID_VALUE, "cublasLt: asks for no algorithm");
    *count = 0;
    if (wanted->reductions & REDUCTION_INPLACE) {
        return fake::refuse(NOT_SUPPORTED, "cublasLt: lets parts be added in any order");
    }
    for (uint32_t alignment : wanted->alignments) {
        if (alignment > LINE) return fake::refuse(NOT_SUPPORTED, "cublasLt: counts on %u bytes' alignment", alignment);
    }
    if (wanted->workspace < WORKSPACE) return fake::refuse(NOT_SUPPORTED, "cublasLt: too small a workspace");
    Product product;
    int status = shape(product, desc, a, b, c, d);
    if (status != SUCCESS) return status;
    *found = Heuristic{{key(product), {}, {}}, WORKSPACE, SUCCESS, 1.0f, {}};
    std::copy_n(wanted->alignments, 4, found->algorithm.alignments);
    *count = 1;
    return SUCCESS;
}

API cublasLtMatmul(void* handle, void* desc, const void* alpha, const void* a, void* a_layout, const void* b,
                   void* b_layout, const void* beta, const void* c, void* c_layout, void* d, void* d_layout,
                   const Algorithm* algorithm, void* workspace, size_t workspace_bytes, void* stream) {
    fake::Guard guard(fake::devices_mutex());
    if (!handles.find(handle)) return fake::refuse(NOT_INITIALIZED, "cublasLt: a handle that is gone");
    if (alpha == nullptr || beta == nullptr) return fake::refuse(INVALID_VALUE, "cublasLt: no factors");
    Product product;
    int status = shape(product, desc, a_layout, b_layout, c_layout, d_layout);
    if (status != SUCCESS) return status;
    if (algorithm == nullptr || algorithm->key != key(product)) {
        return fake::refuse(INVALID_VALUE, "cublasLt: an algorithm that was not chosen for this shape");
    }
    if (workspace_bytes < WORKSPACE) return fake::refuse(INVALID_VALUE, "cublasLt: too small a workspace");
    if (c != d) return fake::refuse(NOT_SUPPORTED, "cublasLt: C is another matrix than D");
    // Factors of the host are read now, as all else that is given by value.
    product.alpha = *static_cast<const float*>(alpha);
    product.beta = *static_cast<const float*>(beta);
    product.from_a = a;
    product.from_b = b;
    product.from_c = c;
    product.to = d;
    product.workspace = workspace;
    std::copy_n(algorithm->alignments, 4, product.alignments);
    auto operation = [product] { return fake::ran("fake_product", [&] { return compute(product); }); };
    return fake::submit(stream, operation) == 0 ? SUCCESS : EXECUTION_FAILED;
}

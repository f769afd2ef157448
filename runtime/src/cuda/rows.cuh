// Rows that are worked on by teams of threads; sums over a team or a block, in an order that is always the same.
#pragma once
#include "remat.cuh"

// Threads of the blocks of kernels that work on rows, as in `rows.rs`.
constexpr int ROW_THREADS = 256;
// Threads of those of kernels that read rows twice, where rows are long.
constexpr int LONG_ROW_THREADS = 512;
// The most warps of a block.
constexpr int MOST_WARPS = 32;

// Each of N numbers over the threads of a block, which are whole warps; every thread gets the results. `partial` is
// shared memory for N numbers of each warp; no other call may use it before all threads have been in one more.
template <int N, class T, class F>
__device__ __forceinline__ void fold_block(T (&x)[N], T* partial, F join) {
    int warps = blockDim.x / 32, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
#pragma unroll
    for (int k = 0; k < N; k++) {
        x[k] = fold_lanes<32>(x[k], join);
        if (lane == 0) partial[k * warps + warp] = x[k];
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < N; k++) {
        x[k] = partial[k * warps];
        for (int w = 1; w < warps; w++) x[k] = join(x[k], partial[k * warps + w]);
    }
}

template <class T, class F>
__device__ __forceinline__ T fold_block(T x, T* partial, F join) {
    T one[1] = {x};
    fold_block(one, partial, join);
    return one[0];
}

// The threads that work on a row together. Both teams have: SIZE, its threads; rank(), which of them this is; row(),
// its first row, and step(), how many rows further the next is; and fold, as `fold_block`.
struct Warp {
    static constexpr int SIZE = 32;
    __device__ __forceinline__ int rank() const { return threadIdx.x % 32; }
    __device__ __forceinline__ int64_t row() const {
        return (int64_t)blockIdx.x * (ROW_THREADS / 32) + threadIdx.x / 32;
    }
    __device__ __forceinline__ int64_t step() const { return (int64_t)gridDim.x * (ROW_THREADS / 32); }

    template <class T, class F>
    __device__ __forceinline__ T fold(T x, T*, F join) const {
        return fold_lanes<32>(x, join);
    }
    template <int N, class T, class F>
    __device__ __forceinline__ void fold(T (&x)[N], T*, F join) const {
#pragma unroll
        for (int k = 0; k < N; k++) x[k] = fold_lanes<32>(x[k], join);
    }
};

template <int THREADS>
struct BlockOf {
    static constexpr int SIZE = THREADS;
    __device__ __forceinline__ int rank() const { return threadIdx.x; }
    __device__ __forceinline__ int64_t row() const { return blockIdx.x; }
    __device__ __forceinline__ int64_t step() const { return gridDim.x; }

    template <class T, class F>
    __device__ __forceinline__ T fold(T x, T* partial, F join) const {
        return fold_block(x, partial, join);
    }
    template <int N, class T, class F>
    __device__ __forceinline__ void fold(T (&x)[N], T* partial, F join) const {
        fold_block(x, partial, join);
    }
};

using Block = BlockOf<ROW_THREADS>;

// Calls f(team, width) with the team of `size` threads, of which no kernel has one of more than MOST, and the elements of rows
// of `len` that can be moved at once.
template <int MOST = ROW_THREADS, class F>
__device__ __forceinline__ void with_team(int size, int64_t len, F f) {
    auto with = [&](auto team) {
        if (len % PACK == 0) f(team, Constant<PACK>());
        else f(team, Constant<1>());
    };
    if (size == Warp::SIZE) with(Warp());
    else if (size == ROW_THREADS) with(Block());
    else if constexpr (MOST > ROW_THREADS) with(BlockOf<MOST>());
}

// Calls f(i) for the places of a row of `len` where this thread's runs of WIDTH elements begin. They are no other
// thread's, so that f may write a run over one that it has read.
template <int WIDTH, class Team, class F>
__device__ __forceinline__ void each_of_row(Team team, int64_t len, F f) {
    for (int64_t i = (int64_t)team.rank() * WIDTH; i < len; i += Team::SIZE * WIDTH) f(i);
}

// Where run number `run` of this thread begins in a row, of as many as `each_of_row` has.
template <int WIDTH, class Team>
__device__ __forceinline__ int place(Team team, int run) {
    return (run * Team::SIZE + team.rank()) * WIDTH;
}

// Calls f(run, i) for the same places of a row that has at most RUNS for each thread, which are numbered: what a thread
// keeps of each can be in registers.
template <int WIDTH, int RUNS, class Team, class F>
__device__ __forceinline__ void each_held(Team team, int64_t len, F f) {
#pragma unroll
    for (int run = 0; run < RUNS; run++) {
        int i = place<WIDTH>(team, run);
        if (i < (int)len) f(run, i);
    }
}

// Each of N numbers summed over the threads of a block that are a multiple of `columns` apart; the first `columns`
// threads get the sums. `shared` has room for N numbers of each thread; blockDim.x / columns is a power of two.
template <int N>
__device__ __forceinline__ void sum_columns(float (&x)[N], float* shared, int columns) {
    int thread = threadIdx.x, threads = blockDim.x;
#pragma unroll
    for (int k = 0; k < N; k++) shared[k * threads + thread] = x[k];
    for (int half = threads / 2; half >= columns; half /= 2) {
        __syncthreads();
        if (thread < half) {
#pragma unroll
            for (int k = 0; k < N; k++) {
                x[k] += shared[k * threads + thread + half];
                shared[k * threads + thread] = x[k];
            }
        }
    }
}

// What the kernels of InfoNCE share: tiles of rows, the parts that one query's sum over the queue is cut into, and how they are
// put together again. docs/maths/infonce.md has the formulas.
//
// Notation: N queries, M keys in the queue, D features; l = scale * dot, with scale = log2(e) / T, is a logit in units of log2.
// One query's negatives are described by four things, for any reference r (which keeps the exponentials in range and cancels):
//   r,   sum = sum over m of 2^(l[m] - r),   top = largest dot,   mixed[D] = sum over m of 2^(l[m] - r) key[m]
// The queue is cut into S parts, each worked on by another block, so that few queries keep all multiprocessors busy:
//   stats [3, S, N] = r, sum, top;   mixed [S, N, W], W being D rounded up to the width that the kernel was compiled for.
#pragma once
#include "exp2.cuh"

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr float LN2 = 0.6931471805599453f;
constexpr float INF = __builtin_huge_valf();

/// Most parts of the queue: the merge keeps a factor for each in shared memory. Twice the multiprocessors of the largest GPU so far.
constexpr int MAX_PARTS = 512;

/// Threads of a block that merges parts.
constexpr int MERGE_THREADS = 128;

/// Widest feature that is merged.
constexpr int MAX_WIDTH = 512;

/// Four features of a row that starts at `row`, from column c (a multiple of 4); zeros if not `inside` or behind the last column.
/// `vectors`: D is a multiple of 4 and the row aligned to 16 bytes.
__device__ inline float4 load_four(const float* row, bool inside, int c, int d, bool vectors) {
    float4 v = make_float4(0, 0, 0, 0);
    if (inside && c < d) {
        const float* p = row + c;
        if (vectors) {
            v = *(const float4*) p;
        } else {
            v.x = p[0];
            if (c + 1 < d) v.y = p[1];
            if (c + 2 < d) v.z = p[2];
            if (c + 3 < d) v.w = p[3];
        }
    }
    return v;
}

/// The same of a row of a matrix; zeros from row `end` on.
__device__ inline float4 load_four(const float* matrix, int row, int end, int c, int d, bool vectors) {
    return load_four(matrix + (size_t) row * d, row < end, c, d, vectors);
}

/// The dot product in one thread: a chain of fma in order of the features, as every f32 kernel here sums, so that a positive key
/// that is also in the queue ties exactly.
__device__ inline float dot_chain(const float* a, const float* b, int d) {
    float sum = 0;
#pragma unroll 4
    for (int i = 0; i < d; i++) {
        sum = __fmaf_rn(a[i], b[i], sum);
    }
    return sum;
}

/// What a row's loss and gradient need of the softmax.
struct Outcome {
    float loss;     // -log p[positive]
    float negative; // 1 - p[positive]: the probability of all negatives together
    int correct;    // 1 if no negative is more similar than the positive
};

/// With gap = logsumexp of the negatives - the positive's logit, loss = log(1 + e^gap) and 1 - p[positive] = 1 / (1 + e^-gap): no
/// difference of nearly equal numbers, also where the positive wins by far.
__device__ inline Outcome outcome(float reference, float sum, float top, float positive, float scale) {
    float gap = (__fmaf_rn(-positive, scale, reference) + log2f(sum)) * LN2;
    return Outcome{fmaxf(gap, 0.0f) + log1pf(expf(-fabsf(gap))), 1.0f / (1.0f + expf(-gap)), top <= positive ? 1 : 0};
}

__device__ inline float warp_max(float x) {
#pragma unroll
    for (int step = 16; step > 0; step /= 2) {
        x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, step));
    }
    return x;
}

__device__ inline float warp_sum(float x) {
#pragma unroll
    for (int step = 16; step > 0; step /= 2) {
        x += __shfl_xor_sync(ALL_LANES, x, step);
    }
    return x;
}

/// Puts the parts of one query together, block n the query n: loss, correctness and the row of dq.
/// `positive(q, k, d)` is called by one whole warp with rows in shared memory, zeros up to a multiple of 16; lane 0's result counts.
/// Bytes: reads S (W + 3) + 2 D words a query, writes D + 2. Launch: N blocks of MERGE_THREADS. Sums run over the parts in order
/// (of a lane's stride, then a fixed tree), so the result is the same in every run.
template <typename Positive>
__device__ inline void merge_parts(float* row_loss, int* row_correct, float* dq, const float* q, const float* k, const float* stats,
        const float* mixed, int n, int d, int width, int parts, float scale, float inverse, Positive positive) {
    __shared__ float q_row[MAX_WIDTH];
    __shared__ float k_row[MAX_WIDTH];
    __shared__ float factor[MAX_PARTS];
    __shared__ float merged[4]; // reference, sum, top, positive
    int row = blockIdx.x;
    int lane = threadIdx.x % 32;
    for (int i = threadIdx.x; i < (d + 15) / 16 * 16; i += MERGE_THREADS) {
        q_row[i] = i < d ? q[(size_t) row * d + i] : 0;
        k_row[i] = i < d ? k[(size_t) row * d + i] : 0;
    }
    __syncthreads();
    if (threadIdx.x < 32) {
        const float* references = stats + row;
        const float* sums = references + (size_t) parts * n;
        const float* tops = sums + (size_t) parts * n;
        float reference = -INF;
        float top = -INF;
        for (int s = lane; s < parts; s += 32) {
            reference = fmaxf(reference, references[(size_t) s * n]);
            top = fmaxf(top, tops[(size_t) s * n]);
        }
        reference = warp_max(reference);
        top = warp_max(top);
        float sum = 0;
        for (int s = lane; s < parts; s += 32) {
            float f = exp2_fast(references[(size_t) s * n] - reference);
            factor[s] = f;
            sum = __fmaf_rn(f, sums[(size_t) s * n], sum);
        }
        sum = warp_sum(sum);
        if (lane == 0) merged[0] = reference, merged[1] = sum, merged[2] = top;
    } else if (threadIdx.x < 64) {
        float p = positive(q_row, k_row, d);
        if (lane == 0) merged[3] = p;
    }
    __syncthreads();
    Outcome o = outcome(merged[0], merged[1], merged[2], merged[3], scale);
    if (threadIdx.x == 0) {
        row_loss[row] = o.loss;
        row_correct[row] = o.correct;
    }
    for (int c = threadIdx.x; c < d; c += MERGE_THREADS) {
        float sum = 0;
        const float* column = mixed + (size_t) row * width + c;
#pragma unroll 8
        for (int s = 0; s < parts; s++) {
            sum = __fmaf_rn(factor[s], column[(size_t) s * n * width], sum);
        }
        dq[(size_t) row * d + c] = o.negative * (sum / merged[1] - k_row[c]) * inverse;
    }
}

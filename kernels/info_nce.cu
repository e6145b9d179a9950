// variants: sm_70
//
// InfoNCE forward and backward: one query against its positive key and M negatives; formulas in docs/maths/infonce.md. Three ways,
// in the order in which to read them; none stores the N x (M + 1) logits, except the yardstick.
//
//   info_nce_stored_rows  the yardstick: softmax between two cuBLAS products, over logits in memory
//   info_nce_naive        one block a query
//   info_nce_f32_d*       tiles of queries against tiles of the queue, then info_nce_merge_f32
// and in info_nce_tensor.cu the same tiles on tensor cores. info_nce_total ends each of them.
//
// All are deterministic: every sum has a fixed order, no atomics.
#include "common/contrast.cuh"

/// Dynamic shared memory, aligned to 16 bytes.
extern __shared__ float4 shared[];

// ---- the yardstick -------------------------------------------------------------------------------------------------------------

/// Row n of logits [N, M] (dot products with the queue, by cuBLAS) becomes what dq's product with the queue needs:
/// (1 - p[0]) / (T N) times the softmax over the negatives; dq[n] starts as the positive's part.
///
/// Bytes: three times over the row of logits and one time back, 16 a logit, after 4 that the product before wrote and before 4 that
/// the product behind reads. That is why it loses: 24 bytes and two more launches for 4 D operations, where registers would do.
/// Launch: N blocks of 256 threads.
extern "C" __global__ void __launch_bounds__(256) info_nce_stored_rows(float* row_loss, int* row_correct, float* dq, float* logits,
        const float* q, const float* k, int d, int m, float scale, float inverse) {
    __shared__ float of_warp[8];
    __shared__ float positive;
    int row = blockIdx.x;
    int warp = threadIdx.x / 32;
    float* dots = logits + (size_t) row * m;
    const float* k_row = k + (size_t) row * d;
    float top = -INF;
    for (int j = threadIdx.x; j < m; j += 256) {
        top = fmaxf(top, dots[j]);
    }
    of_warp[warp] = warp_max(top);
    if (threadIdx.x == 0) positive = dot_chain(q + (size_t) row * d, k_row, d);
    __syncthreads();
    for (int w = 0; w < 8; w++) {
        top = fmaxf(top, of_warp[w]);
    }
    __syncthreads();
    float reference = top * scale;
    float sum = 0;
    for (int j = threadIdx.x; j < m; j += 256) {
        sum += exp2_fast(__fmaf_rn(dots[j], scale, -reference));
    }
    of_warp[warp] = warp_sum(sum);
    __syncthreads();
    sum = 0;
    for (int w = 0; w < 8; w++) {
        sum += of_warp[w];
    }
    Outcome o = outcome(reference, sum, top, positive, scale);
    if (threadIdx.x == 0) {
        row_loss[row] = o.loss;
        row_correct[row] = o.correct;
    }
    float weight = o.negative * inverse;
    for (int j = threadIdx.x; j < m; j += 256) {
        dots[j] = exp2_fast(__fmaf_rn(dots[j], scale, -reference)) / sum * weight;
    }
    for (int c = threadIdx.x; c < d; c += 256) {
        dq[(size_t) row * d + c] = -weight * k_row[c];
    }
}

// ---- one block a query ---------------------------------------------------------------------------------------------------------

/// The formulas, as they stand. First walk over the queue: each thread takes every 128th key and keeps the largest logit and the
/// sum of exponentials relative to it (online softmax). Second walk: the probabilities of 128 keys at a time, each thread one key;
/// then each thread adds p[m] key[m] for its columns.
///
/// Slow: every query reads the whole queue three times, N M D 12 bytes through the second-level cache for 6 N M D operations; at
/// half an operation a byte the cache gives 3 TFLOP/s where the multiprocessors could do 60. A thread's keys are D apart, so a
/// warp's load of one feature touches 32 sectors for 128 bytes.
/// Shared memory: 2 D words, dynamic: any D up to 5,900. Launch: N blocks of 128 threads.
extern "C" __global__ void __launch_bounds__(128) info_nce_naive(float* row_loss, int* row_correct, float* dq, const float* q,
        const float* k, const float* queue, int n, int d, int m, float scale, float inverse) {
    __shared__ float tops[128];
    __shared__ float sums[128];
    __shared__ float p[128];
    float* q_row = (float*) shared; // [D]
    float* mixed = q_row + d;       // [D]: sum over m of p[m] key[m], each element one thread's own
    int row = blockIdx.x;
    int me = threadIdx.x;
    for (int c = me; c < d; c += 128) {
        q_row[c] = q[(size_t) row * d + c];
        mixed[c] = 0;
    }
    __syncthreads();
    float top = -INF;
    float sum = 0;
    for (int j = me; j < m; j += 128) {
        float dot = dot_chain(q_row, queue + (size_t) j * d, d);
        if (dot > top) {
            sum *= exp2_fast((top - dot) * scale);
            top = dot;
        }
        sum += exp2_fast((dot - top) * scale);
    }
    tops[me] = top;
    sums[me] = sum;
    __syncthreads();
    for (int i = 0; i < 128; i++) {
        top = fmaxf(top, tops[i]);
    }
    sum = 0;
    for (int i = 0; i < min(128, m); i++) { // a thread without a key has nothing to add
        sum += sums[i] * exp2_fast((tops[i] - top) * scale);
    }
    const float* k_row = k + (size_t) row * d;
    Outcome o = outcome(top * scale, sum, top, dot_chain(q_row, k_row, d), scale);
    if (me == 0) {
        row_loss[row] = o.loss;
        row_correct[row] = o.correct;
    }
    for (int first = 0; first < m; first += 128) {
        __syncthreads(); // p is no longer read
        if (first + me < m) {
            p[me] = exp2_fast((dot_chain(q_row, queue + (size_t) (first + me) * d, d) - top) * scale) / sum;
        }
        __syncthreads();
        int keys = min(128, m - first);
        for (int c = me; c < d; c += 128) {
#pragma unroll 4
            for (int j = 0; j < keys; j++) {
                mixed[c] += p[j] * queue[(size_t) (first + j) * d + c];
            }
        }
    }
    for (int c = me; c < d; c += 128) {
        dq[(size_t) row * d + c] = o.negative * (mixed[c] - k_row[c]) * inverse;
    }
}

// ---- tiles, f32 ----------------------------------------------------------------------------------------------------------------

/// COUNT rows of a matrix from `first` into shared memory, PITCH words apart, D columns wide.
template <int COUNT, int D, int PITCH>
__device__ inline void stage_rows(float* to, const float* matrix, int first, int end, int d, bool vectors) {
    for (unsigned i = threadIdx.x; i < COUNT * (D / 4); i += 128) {
        int r = i / (D / 4);
        int c = i % (D / 4) * 4;
        *(float4*) (to + r * PITCH + c) = load_four(matrix, first + r, end, c, d, vectors);
    }
}

__device__ inline float element(const float4& v, int i) {
    return i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w;
}

/// Words of shared memory of a block of info_nce_tiles.
template <int D, int QUERIES, int KEYS>
constexpr int TILE_WORDS = (QUERIES + KEYS) * (D + 4) + QUERIES * (KEYS + 4);

/// One block: a tile of QUERIES queries against one part of the queue, KEYS keys at a time. Flash attention (Dao et al. 2022,
/// algorithm 1) where the values are the keys: dot products S of both tiles in registers, the online softmax's weights P in place
/// of S, and mixed += P keys in registers, scaled down whenever a larger logit turns up. So a tile of keys comes from memory once
/// and serves QUERIES queries, twice.
///
/// 128 threads as 8 x 16; thread (y, x) has the rows y + 8 i, of S the columns x + 16 j, of mixed four columns from 4 x + 64 v.
/// P goes through shared memory, but only between the 16 lanes of one y.
/// Operations: 4 a (query, key, feature); a word of the queue from memory serves 4 QUERIES of them: at D = 128 256
/// operations, 1 TB/s from the second-level cache for the 60 TFLOP/s that f32 has at most on an H200.
/// Shared memory is the tightest resource. Loads of 16 bytes a lane and what they feed, for four features of S: RM + RN loads for
/// 4 RM RN fma; for four keys of mixed: RM + 4 CV for 16 RM CV. At D = 128 12 loads for 128 and 16 for 256: 4 cycles a load (less
/// where lanes share an address) against a quarter of a cycle an fma, 48 for 32 and 64 for 64. So tiles are as large as registers allow.
/// PITCH = D + 4 puts eight rows of four words into eight different groups of four banks.
/// Shared memory: 4 TILE_WORDS bytes, 52 to 85 KB, dynamic. Launch: (parts, ceil(N / QUERIES)) blocks.
template <int D, int QUERIES, int KEYS>
__device__ inline void info_nce_tiles(float* stats, float* mixed, const float* q, const float* queue, int n, int d, int m,
        int keys_per_part, float scale) {
    constexpr int RM = QUERIES / 8;
    constexpr int RN = KEYS / 16;
    constexpr int CV = D / 64;
    constexpr int PITCH = D + 4;
    constexpr int P_PITCH = KEYS + 4;
    float* q_tile = (float*) shared;             // [QUERIES, PITCH]
    float* k_tile = q_tile + QUERIES * PITCH;    // [KEYS, PITCH]
    float* p_tile = k_tile + KEYS * PITCH;       // [QUERIES, P_PITCH]
    int x = threadIdx.x % 16;
    int y = threadIdx.x / 16;
    int first_query = blockIdx.y * QUERIES;
    int from = blockIdx.x * keys_per_part;
    int to = min(m, from + keys_per_part);
    bool vectors = d % 4 == 0 && (((unsigned long long) q | (unsigned long long) queue) & 15) == 0;
    stage_rows<QUERIES, D, PITCH>(q_tile, q, first_query, n, d, vectors);
    float top[RM];
    float sum[RM];
    float4 o[RM][CV];
#pragma unroll
    for (int i = 0; i < RM; i++) {
        top[i] = -INF;
        sum[i] = 0;
#pragma unroll
        for (int v = 0; v < CV; v++) {
            o[i][v] = make_float4(0, 0, 0, 0);
        }
    }
    for (int tile = from; tile < to; tile += KEYS) {
        __syncthreads(); // the tile before is no longer read
        stage_rows<KEYS, D, PITCH>(k_tile, queue, tile, to, d, vectors);
        __syncthreads();

        float s[RM][RN] = {};
#pragma unroll 4
        for (int c = 0; c < D; c += 4) {
            float4 key[RN];
#pragma unroll
            for (int j = 0; j < RN; j++) {
                key[j] = *(const float4*) (k_tile + (x + 16 * j) * PITCH + c);
            }
#pragma unroll
            for (int i = 0; i < RM; i++) {
                float4 query = *(const float4*) (q_tile + (y + 8 * i) * PITCH + c);
#pragma unroll
                for (int j = 0; j < RN; j++) {
                    s[i][j] = __fmaf_rn(query.x, key[j].x, s[i][j]);
                    s[i][j] = __fmaf_rn(query.y, key[j].y, s[i][j]);
                    s[i][j] = __fmaf_rn(query.z, key[j].z, s[i][j]);
                    s[i][j] = __fmaf_rn(query.w, key[j].w, s[i][j]);
                }
            }
        }

        __syncwarp(); // the rows of P before are no longer read
#pragma unroll
        for (int i = 0; i < RM; i++) {
            float largest = -INF;
#pragma unroll
            for (int j = 0; j < RN; j++) {
                if (tile + x + 16 * j >= to) s[i][j] = -INF;
                largest = fmaxf(largest, s[i][j]);
            }
#pragma unroll
            for (int step = 8; step > 0; step /= 2) {
                largest = fmaxf(largest, __shfl_xor_sync(ALL_LANES, largest, step));
            }
            largest = fmaxf(largest, top[i]);
            float reference = largest * scale;
            float shrink = exp2_fast(top[i] * scale - reference);
            top[i] = largest;
            sum[i] *= shrink;
#pragma unroll
            for (int v = 0; v < CV; v++) {
                o[i][v].x *= shrink, o[i][v].y *= shrink, o[i][v].z *= shrink, o[i][v].w *= shrink;
            }
#pragma unroll
            for (int j = 0; j < RN; j++) {
                float p = exp2_fast(__fmaf_rn(s[i][j], scale, -reference));
                sum[i] += p;
                p_tile[(y + 8 * i) * P_PITCH + x + 16 * j] = p;
            }
        }
        __syncwarp();

#pragma unroll 1
        for (int j = 0; j < KEYS; j += 4) {
            float4 p[RM];
#pragma unroll
            for (int i = 0; i < RM; i++) {
                p[i] = *(const float4*) (p_tile + (y + 8 * i) * P_PITCH + j);
            }
#pragma unroll
            for (int b = 0; b < 4; b++) {
#pragma unroll
                for (int v = 0; v < CV; v++) {
                    float4 key = *(const float4*) (k_tile + (j + b) * PITCH + 4 * x + 64 * v);
#pragma unroll
                    for (int i = 0; i < RM; i++) {
                        float weight = element(p[i], b);
                        o[i][v].x = __fmaf_rn(weight, key.x, o[i][v].x);
                        o[i][v].y = __fmaf_rn(weight, key.y, o[i][v].y);
                        o[i][v].z = __fmaf_rn(weight, key.z, o[i][v].z);
                        o[i][v].w = __fmaf_rn(weight, key.w, o[i][v].w);
                    }
                }
            }
        }
    }

    size_t all = (size_t) gridDim.x * n;
#pragma unroll
    for (int i = 0; i < RM; i++) {
#pragma unroll
        for (int step = 8; step > 0; step /= 2) {
            sum[i] += __shfl_xor_sync(ALL_LANES, sum[i], step);
        }
        int row = first_query + y + 8 * i;
        if (row < n) {
            size_t at = (size_t) blockIdx.x * n + row;
            if (x == 0) {
                stats[at] = top[i] * scale;
                stats[all + at] = sum[i];
                stats[2 * all + at] = top[i];
            }
#pragma unroll
            for (int v = 0; v < CV; v++) {
                *(float4*) (mixed + at * D + 4 * x + 64 * v) = o[i][v];
            }
        }
    }
}

#define TILES(NAME, D, QUERIES, KEYS, BLOCKS)                                                                                       \
    extern "C" __global__ void __launch_bounds__(128, BLOCKS) info_nce_f32_##NAME(float* stats, float* mixed, const float* q,       \
            const float* queue, int n, int d, int m, int keys_per_part, float scale) {                                              \
        info_nce_tiles<D, QUERIES, KEYS>(stats, mixed, q, queue, n, d, m, keys_per_part, scale);                                    \
    }

// The last number: blocks that one multiprocessor's registers must hold.
TILES(d64, 64, 64, 64, 3)
TILES(d128, 128, 64, 64, 2)
TILES(d128_small, 128, 64, 32, 3) // for the 64 KiB that a block has on sm_75
TILES(d256, 256, 32, 32, 3)
TILES(d512, 512, 16, 16, 3)

// InfoNceTiles passes these as dynamic shared memory.
static_assert(TILE_WORDS<64, 64, 64> * 4 == 52224);
static_assert(TILE_WORDS<128, 64, 64> * 4 == 84992);
static_assert(TILE_WORDS<128, 64, 32> * 4 == 59904);
static_assert(TILE_WORDS<256, 32, 32> * 4 == 71168);
static_assert(TILE_WORDS<512, 16, 16> * 4 == 67328);

extern "C" __global__ void __launch_bounds__(MERGE_THREADS) info_nce_merge_f32(float* row_loss, int* row_correct, float* dq,
        const float* q, const float* k, const float* stats, const float* mixed, int n, int d, int width, int parts, float scale,
        float inverse) {
    merge_parts(row_loss, row_correct, dq, q, k, stats, mixed, n, d, width, parts, scale, inverse,
            [](const float* q_row, const float* k_row, int length) { return dot_chain(q_row, k_row, length); });
}

// ---- the end -------------------------------------------------------------------------------------------------------------------

/// loss = mean of row_loss [N], correct = sum of row_correct [N]; added to what is there if `accumulate`. One block of 256 threads:
/// each sums every 256th row in order, then warps and their eight sums in a fixed order. N words of each are nothing; a launch of
/// its own costs two microseconds, but a count of finished blocks would need an atomic and a reset.
extern "C" __global__ void __launch_bounds__(256) info_nce_total(float* loss, int* correct, const float* row_loss,
        const int* row_correct, int n, int accumulate) {
    __shared__ float losses[8];
    __shared__ int hits[8];
    float sum = 0;
    int right = 0;
    for (int i = threadIdx.x; i < n; i += 256) {
        sum += row_loss[i];
        right += row_correct[i];
    }
    sum = warp_sum(sum);
#pragma unroll
    for (int step = 16; step > 0; step /= 2) {
        right += __shfl_xor_sync(ALL_LANES, right, step);
    }
    if (threadIdx.x % 32 == 0) {
        losses[threadIdx.x / 32] = sum;
        hits[threadIdx.x / 32] = right;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int w = 1; w < 8; w++) {
            sum += losses[w];
            right += hits[w];
        }
        float mean = sum / (float) n;
        *loss = accumulate ? *loss + mean : mean;
        *correct = accumulate ? *correct + right : right;
    }
}

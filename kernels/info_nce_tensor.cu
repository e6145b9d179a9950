// variants: sm_80
//
// InfoNCE on tensor cores: the tiles of info_nce.cu with both products done by mma.sync. Read that file first.
//
//   info_nce_bf16_d*   q, keys and softmax weights rounded to bf16, m16n8k16
//   info_nce_tf32_d*   the same rounded to tf32, m16n8k8: an eighth of the rounding error at half the speed
// Sums, logits, softmax and everything in memory are f32. D up to 256; a block's tile of queries has to stay in shared memory.
//
// A warp owns 16 MT queries (MT = 2, or 1 at D = 256) and all keys of a tile, so softmax needs no other warp. The dot products'
// fragment C of m16n8 is, register for register, the fragment A of the second product (Dao et al. 2022): weights never leave
// registers. MT = 2 because every fragment of keys that is loaded then serves two products: shared memory gives 128 bytes a cycle,
// four tensor cores take a fragment of 256 bytes each about every 6 cycles; at MT = 1 that would be 8 cycles' worth of loads.
//
// The reference of a row's exponentials follows its largest logit lazily: only when a logit is more than 2^8 above it (Shah et al.
// 2024 and flash attention 4 do the same). Exponentials up to 2^8 do no harm, their reference cancels, and after a part's first
// tile a warp hardly ever rescales its 64 accumulators a query, nor asks its neighbours for the maximum: one vote a step instead.
//
// Shared memory is swizzled: the 16-byte chunk c of row r lies at chunk c ^ (r % 8), so that the eight rows of a matrix of ldmatrix
// lie in eight different groups of four banks, without padding.
#include "common/bf16.cuh"
#include "common/contrast.cuh"
#include "common/tensor_core.cuh"

/// Dynamic shared memory, aligned for at_chunk.
extern __shared__ __align__(128) char shared[];

/// How far, in log2, a logit may lie above its row's reference: 2^8 times as many weights as ever fit still do not overflow.
constexpr float SLACK = 8;

/// Running softmax of the rows that a lane has a share of: row h of 2 MT is g + 8 h of the warp's.
template <int MT>
struct Rows {
    float reference[2 * MT]; // in log2 units, the same in the four lanes of a row
    float sum[2 * MT];       // this lane's share
    float top[2 * MT];       // largest dot product of this lane's

    __device__ inline Rows() {
#pragma unroll
        for (int r = 0; r < 2 * MT; r++) {
            reference[r] = -INF, sum[r] = 0, top[r] = -INF;
        }
    }

    /// Dot products s become weights 2^(scale s - reference). Brings reference, sums and o up to date before. Keys from `keys` on
    /// are behind the part's end and get weight 0.
    template <int NT, int OT>
    __device__ inline void weigh(float (&s)[MT][NT][4], float (&o)[MT][OT][4], int keys, float scale) {
        int t = threadIdx.x % 4;
        if (keys < 8 * NT) {
#pragma unroll
            for (int j = 0; j < NT; j++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    if (8 * j + 2 * t + i % 2 >= keys) {
#pragma unroll
                        for (int mt = 0; mt < MT; mt++) {
                            s[mt][j][i] = -INF;
                        }
                    }
                }
            }
        }
        bool above = false;
#pragma unroll
        for (int r = 0; r < 2 * MT; r++) {
#pragma unroll
            for (int j = 0; j < NT; j++) {
                top[r] = fmaxf(top[r], fmaxf(s[r / 2][j][r % 2 * 2], s[r / 2][j][r % 2 * 2 + 1]));
            }
            above |= top[r] * scale > reference[r] + SLACK;
        }
        if (__any_sync(ALL_LANES, above)) {
#pragma unroll
            for (int r = 0; r < 2 * MT; r++) {
                float largest = fmaxf(top[r], __shfl_xor_sync(ALL_LANES, top[r], 1));
                largest = fmaxf(largest, __shfl_xor_sync(ALL_LANES, largest, 2));
                float moved = fmaxf(reference[r], largest * scale);
                float shrink = exp2_fast(reference[r] - moved);
                reference[r] = moved;
                sum[r] *= shrink;
#pragma unroll
                for (int j = 0; j < OT; j++) {
                    o[r / 2][j][r % 2 * 2] *= shrink;
                    o[r / 2][j][r % 2 * 2 + 1] *= shrink;
                }
            }
        }
#pragma unroll
        for (int mt = 0; mt < MT; mt++) {
#pragma unroll
            for (int j = 0; j < NT; j++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    float p = exp2_fast(__fmaf_rn(s[mt][j][i], scale, -reference[2 * mt + i / 2]));
                    sum[2 * mt + i / 2] += p;
                    s[mt][j][i] = p;
                }
            }
        }
    }

    /// Writes what this part of the queue says of the warp's rows, see contrast.cuh; o is 8 OT columns wide.
    template <int OT>
    __device__ inline void store(float* stats, float* mixed, const float (&o)[MT][OT][4], int first_row, int n) {
        int g = threadIdx.x % 32 / 4;
        int t = threadIdx.x % 4;
        size_t all = (size_t) gridDim.x * n;
#pragma unroll
        for (int r = 0; r < 2 * MT; r++) {
            sum[r] += __shfl_xor_sync(ALL_LANES, sum[r], 1);
            sum[r] += __shfl_xor_sync(ALL_LANES, sum[r], 2);
            top[r] = fmaxf(top[r], __shfl_xor_sync(ALL_LANES, top[r], 1));
            top[r] = fmaxf(top[r], __shfl_xor_sync(ALL_LANES, top[r], 2));
            int row = first_row + g + 8 * r;
            if (row < n) {
                size_t at = (size_t) blockIdx.x * n + row;
                if (t == 0) {
                    stats[at] = reference[r];
                    stats[all + at] = sum[r];
                    stats[2 * all + at] = top[r];
                }
#pragma unroll
                for (int j = 0; j < OT; j++) {
                    *(float2*) (mixed + at * (8 * OT) + 8 * j + 2 * t) = make_float2(o[r / 2][j][r % 2 * 2], o[r / 2][j][r % 2 * 2 + 1]);
                }
            }
        }
    }
};

/// The address of chunk c ^ x, from that of chunk x < 8 of the same row; c is known when compiling, and rows are multiples of 128
/// bytes. One instruction for four values of c % 8; what is added goes into the load.
__device__ inline unsigned at_chunk(unsigned address, int c) {
    return (address ^ (c % 8 << 4)) + c / 8 * 128;
}

/// threadIdx.x, asked for anew: what is computed from it does not stay in registers from one step to the next. At D = 128 that is the
/// difference between 255 registers and spills.
__device__ inline unsigned thread_anew() {
    unsigned x;
    asm volatile("mov.u32 %0, %%tid.x;" : "=r"(x));
    return x;
}

__device__ inline bool in_vectors(const float* a, const float* b, int d) {
    return d % 4 == 0 && (((unsigned long long) a | (unsigned long long) b) & 15) == 0;
}

// ---- bf16 ----------------------------------------------------------------------------------------------------------------------

/// Byte of shared memory, from a tile's start, where columns c .. c + 3 (c a multiple of 4) of row r lie as bf16.
template <int D>
__device__ inline int place_bf16(int r, int c) {
    return r * D * 2 + (((c / 8) ^ (r % 8)) << 4) + c % 8 * 2;
}

__device__ inline void store_bf16(char* to, float4 v) {
    *(uint2*) to = make_uint2(bf16_pair(v.x, v.y), bf16_pair(v.z, v.w));
}

/// One block: 128 MT queries, 16 MT for each of 8 warps, against one part of the queue, in tiles of 16 KiB of bf16 (8192 / D keys).
///
/// The queue is f32 in memory and becomes bf16 on its way: each thread loads its floats of the next tile into registers before the second
/// product of a step, when the dot products' registers are free, and rounds and stores them behind it, into the other half of the
/// buffer; the product takes longer than the second-level cache. cp.async can not round; staging f32 by it and rounding afterwards
/// would move 10 bytes an element through shared memory, which both products already keep busy, instead of 2; and a copy of the queue
/// in bf16, made by a kernel before, costs 6 bytes an element of device memory, at M 65536, D 128 a quarter of the whole time.
///
/// STEP is as long as registers allow, because every step loads the queries' fragments anew: cycles of shared memory for 32 logits at
/// D = 128: 2 for keys, 2 for keys transposed, 2 * 32 / STEP for queries, 0.3 for stores; the tensor cores need 5.75 at the 62 % of
/// their peak that mma.sync gets on an H200.
///
/// Bytes: every 128 MT queries read the queue once, 4 M D; written: S (W + 3) words a query.
/// Operations: 4 a (query, key, feature), on tensor cores; beside them 5 instructions a logit.
/// Shared memory: 256 MT D bytes of queries and 32 KiB of keys: 98,304 bytes at D = 128 and 256, what sm_86 and sm_89 have.
/// 256 threads with all 255 registers: one block a multiprocessor. Launch: (parts, ceil(N / (128 MT))) blocks.
template <int D, int MT>
__device__ inline void tiles_bf16(float* stats, float* mixed, const float* q, const float* queue, int n, int d, int m, int keys_per_part,
        float scale) {
    constexpr int THREADS = 256;
    constexpr int QUERIES = 128 * MT;
    constexpr int KEYS = 8192 / D;
    constexpr int STEP = D == 256 ? 32 : 64; // keys whose dot products fit into registers beside the accumulators
    constexpr int ROWS_AT_ONCE = THREADS / (D / 4);      // that all threads load together, four columns each
    constexpr int FOURS = STEP / ROWS_AT_ONCE;           // that a thread loads of the next tile in a step
    char* q_tile = shared;                    // bf16 [QUERIES, D]
    char* k_tiles = q_tile + QUERIES * D * 2;  // bf16 [2, KEYS, D]
    int lane = threadIdx.x % 32;
    int warp_row = threadIdx.x / 32 * 16 * MT;
    int first_query = blockIdx.y * QUERIES;
    int from = blockIdx.x * keys_per_part;
    int to = min(m, from + keys_per_part);
    bool vectors = in_vectors(q, queue, d);

#pragma unroll 4
    for (unsigned i = threadIdx.x; i < QUERIES * D / 4; i += THREADS) {
        int r = i / (D / 4);
        int c = i % (D / 4) * 4;
        store_bf16(q_tile + place_bf16<D>(r, c), load_four(q, first_query + r, n, c, d, vectors));
    }
#pragma unroll 4
    for (unsigned i = threadIdx.x; i < KEYS * D / 4; i += THREADS) {
        int r = i / (D / 4);
        int c = i % (D / 4) * 4;
        store_bf16(k_tiles + place_bf16<D>(r, c), load_four(queue, from + r, to, c, d, vectors));
    }
    __syncthreads();

    // A lane's row and chunk in ldmatrix: queries as A, keys as B (rows of the matrix are keys), keys as B transposed.
    int swizzle = lane % 8;
    unsigned as_queries = shared_address(q_tile) + (warp_row + lane % 16) * D * 2 + ((lane / 16 ^ swizzle) << 4);
    unsigned as_keys = shared_address(k_tiles) + (lane % 8 + lane / 16 * 8) * D * 2 + ((lane / 8 % 2 ^ swizzle) << 4);
    unsigned as_values = shared_address(k_tiles) + lane % 16 * D * 2 + ((lane / 16 ^ swizzle) << 4);

    bool active = first_query + warp_row < n; // a warp without queries only helps to load
    Rows<MT> rows;
    float o[MT][D / 8][4] = {};
    int half = 0;
    for (int tile = from; tile < to; tile += KEYS) {
        char* next_tile = k_tiles + (half ^ 1) * (KEYS * D * 2);
#pragma unroll 1
        for (int step = 0; step < KEYS / STEP; step++) {
            int keys = to - tile - step * STEP; // of this step; more than STEP if it is whole
            unsigned here = (half * KEYS + step * STEP) * D * 2;
            bool work = active && keys > 0;
            unsigned p[STEP / 16][MT][4];
            if (work) {
                float s[MT][STEP / 8][4] = {};
#pragma unroll
                for (int c = 0; c < D / 8; c += 2) {
                    unsigned a[MT][4];
#pragma unroll
                    for (int mt = 0; mt < MT; mt++) {
                        load_matrices(a[mt], at_chunk(as_queries, c) + mt * 16 * D * 2);
                    }
#pragma unroll
                    for (int j = 0; j < STEP / 16; j++) {
                        unsigned b[4];
                        load_matrices(b, at_chunk(as_keys + here, c) + j * 16 * D * 2);
#pragma unroll
                        for (int mt = 0; mt < MT; mt++) {
                            multiply_bf16(s[mt][2 * j], a[mt], b[0], b[1]);
                            multiply_bf16(s[mt][2 * j + 1], a[mt], b[2], b[3]);
                        }
                    }
                }
                rows.weigh(s, o, keys, scale);
#pragma unroll
                for (int j = 0; j < STEP / 16; j++) {
#pragma unroll
                    for (int mt = 0; mt < MT; mt++) {
                        p[j][mt][0] = bf16_pair(s[mt][2 * j][0], s[mt][2 * j][1]);
                        p[j][mt][1] = bf16_pair(s[mt][2 * j][2], s[mt][2 * j][3]);
                        p[j][mt][2] = bf16_pair(s[mt][2 * j + 1][0], s[mt][2 * j + 1][1]);
                        p[j][mt][3] = bf16_pair(s[mt][2 * j + 1][2], s[mt][2 * j + 1][3]);
                    }
                }
            }
            float4 next[FOURS];
            unsigned me = thread_anew();
            int my_column = me % (D / 4) * 4;
            int ahead_row = tile + KEYS + step * STEP + me / (D / 4);
            const float* ahead = queue + (size_t) ahead_row * d;
#pragma unroll
            for (int j = 0; j < FOURS; j++) {
                next[j] = load_four(ahead, ahead_row < to, my_column, d, vectors);
                ahead += ROWS_AT_ONCE * d;
                ahead_row += ROWS_AT_ONCE;
            }
            if (work) {
#pragma unroll
                for (int j = 0; j < STEP / 16; j++) {
#pragma unroll
                    for (int c = 0; c < D / 8; c += 2) {
                        unsigned b[4];
                        load_matrices_transposed(b, at_chunk(as_values + here, c) + j * 16 * D * 2);
#pragma unroll
                        for (int mt = 0; mt < MT; mt++) {
                            multiply_bf16(o[mt][c], p[j][mt], b[0], b[1]);
                            multiply_bf16(o[mt][c + 1], p[j][mt], b[2], b[3]);
                        }
                    }
                }
            }
#pragma unroll
            for (int j = 0; j < FOURS; j++) {
                int my_place = place_bf16<D>(me / (D / 4), my_column);
                // Rows that are a multiple of eight apart are swizzled alike; at D = 256 every other is four apart.
                store_bf16(next_tile + step * STEP * D * 2 + ((my_place ^ (j * ROWS_AT_ONCE % 8 << 4)) + j * ROWS_AT_ONCE * D * 2), next[j]);
            }
        }
        __syncthreads(); // the next tile is whole, this one no longer read
        half ^= 1;
    }
    rows.store(stats, mixed, o, first_query + warp_row, n);
}

#define TILES_BF16(D, MT)                                                                                                           \
    extern "C" __global__ void __launch_bounds__(256, 1) info_nce_bf16_d##D(float* stats, float* mixed, const float* q,             \
            const float* queue, int n, int d, int m, int keys_per_part, float scale) {                                              \
        tiles_bf16<D, MT>(stats, mixed, q, queue, n, d, m, keys_per_part, scale);                                                   \
    }

TILES_BF16(64, 2)
TILES_BF16(128, 2)
TILES_BF16(256, 1)

/// The positive's dot product by the same instructions in the same order as the negatives', as row 0 and column 0 of the fragments:
/// lanes 0 to 3 have them, the others zeros. So a positive key that is also in the queue ties exactly.
__device__ inline float dot_bf16(const float* a, const float* b, int d) {
    int lane = threadIdx.x % 32;
    float c[4] = {};
    for (int i = 0; i < d; i += 16) {
        unsigned x[4] = {};
        unsigned y[2] = {};
        if (lane < 4) {
            int j = i + 2 * lane;
            x[0] = bf16_pair(a[j], a[j + 1]);
            x[2] = bf16_pair(a[j + 8], a[j + 9]);
            y[0] = bf16_pair(b[j], b[j + 1]);
            y[1] = bf16_pair(b[j + 8], b[j + 9]);
        }
        multiply_bf16(c, x, y[0], y[1]);
    }
    return c[0];
}

extern "C" __global__ void __launch_bounds__(MERGE_THREADS) info_nce_merge_bf16(float* row_loss, int* row_correct, float* dq,
        const float* q, const float* k, const float* stats, const float* mixed, int n, int d, int width, int parts, float scale,
        float inverse) {
    merge_parts(row_loss, row_correct, dq, q, k, stats, mixed, n, d, width, parts, scale, inverse,
            [](const float* q_row, const float* k_row, int length) { return dot_bf16(q_row, k_row, length); });
}

// ---- tf32 ----------------------------------------------------------------------------------------------------------------------

/// Byte of shared memory, from a tile's start, where column c of row r lies as f32, if c is a multiple of 4; the next three follow.
template <int D>
__device__ inline int place_f32(int r, int c) {
    return r * D * 4 + (((c / 4) ^ (r % 8)) << 4);
}

/// One block: 64 MT queries, 16 MT for each of 4 warps, against one part of the queue, in tiles of 16 KiB of f32 (4096 / D keys).
///
/// The next tile comes by cp.async while this one is worked on: f32 is what the instruction wants, only rounded, and that costs one
/// instruction a fragment's register, which MT products share. ldmatrix serves 32-bit fragments too, as rows of four. It has no
/// transposed form for them, so the second product loads word by word; which key is which row of a fragment is free, as the sum over
/// keys is, if weights and keys agree: rows t and t + 4 are keys 2t and 2t + 1, so that weights need no shuffle between lanes.
///
/// Bytes: every 64 MT queries read the queue once. Operations: 4 a (query, key, feature), on tensor cores at half the speed of bf16.
/// Shared memory: 256 MT D bytes of queries and 32 KiB of keys: 98,304 bytes at D = 128 and 256. 128 threads; an H200 holds two
/// blocks a multiprocessor. Launch: (parts, ceil(N / (64 MT))) blocks.
template <int D, int MT>
__device__ inline void tiles_tf32(float* stats, float* mixed, const float* q, const float* queue, int n, int d, int m, int keys_per_part,
        float scale) {
    constexpr int THREADS = 128;
    constexpr int QUERIES = 64 * MT;
    constexpr int KEYS = 4096 / D;
    constexpr int STEP = D == 256 ? 16 : 32;
    char* q_tile = shared;                       // tf32 [QUERIES, D]
    char* k_tiles = q_tile + QUERIES * D * 4;    // f32 [2, KEYS, D]
    int lane = threadIdx.x % 32;
    int g = lane / 4;
    int t = lane % 4;
    int warp_row = threadIdx.x / 32 * 16 * MT;
    int first_query = blockIdx.y * QUERIES;
    int from = blockIdx.x * keys_per_part;
    int to = min(m, from + keys_per_part);
    bool vectors = in_vectors(q, queue, d);

    // Zeros behind the last key and the last column: a copy of 0 bytes from an address that exists.
    auto fetch = [&](int first, int half) {
        unsigned tile = shared_address(k_tiles) + half * (KEYS * D * 4);
        if (vectors) {
#pragma unroll 4
            for (unsigned i = threadIdx.x; i < KEYS * D / 4; i += THREADS) {
                int r = i / (D / 4);
                int c = i % (D / 4) * 4;
                bool inside = first + r < to && c < d;
                copy_async_16(tile + place_f32<D>(r, c), inside ? queue + (size_t) (first + r) * d + c : queue, inside ? 16 : 0);
            }
        } else {
#pragma unroll 1
            for (unsigned i = threadIdx.x; i < KEYS * D; i += THREADS) {
                int r = i / D;
                int c = i % D;
                bool inside = first + r < to && c < d;
                copy_async_4(tile + place_f32<D>(r, c) + c % 4 * 4, inside ? queue + (size_t) (first + r) * d + c : queue, inside ? 4 : 0);
            }
        }
        copy_async_commit();
    };

    fetch(from, 0);
#pragma unroll 4
    for (unsigned i = threadIdx.x; i < QUERIES * D / 4; i += THREADS) {
        int r = i / (D / 4);
        int c = i % (D / 4) * 4;
        float4 v = load_four(q, first_query + r, n, c, d, vectors);
        *(uint4*) (q_tile + place_f32<D>(r, c)) = make_uint4(to_tf32(v.x), to_tf32(v.y), to_tf32(v.z), to_tf32(v.w));
    }

    int swizzle = lane % 8;
    unsigned as_queries = shared_address(q_tile) + (warp_row + lane % 16) * D * 4 + ((lane / 16 ^ swizzle) << 4);
    unsigned as_keys = shared_address(k_tiles) + (lane % 8 + lane / 16 * 8) * D * 4 + ((lane / 8 % 2 ^ swizzle) << 4);
    unsigned even = 2 * t * D * 4 + ((g / 4 ^ 2 * t) << 4) + g % 4 * 4;             // column g of key 2t
    unsigned odd = (2 * t + 1) * D * 4 + ((g / 4 ^ (2 * t + 1)) << 4) + g % 4 * 4;  // of key 2t + 1

    bool active = first_query + warp_row < n;
    Rows<MT> rows;
    float o[MT][D / 8][4] = {};
    int half = 0;
    for (int tile = from; tile < to; tile += KEYS) {
        if (tile + KEYS < to) {
            fetch(tile + KEYS, half ^ 1);
            copy_async_wait<1>();
        } else {
            copy_async_wait<0>();
        }
        __syncthreads(); // every thread's copies of this tile have arrived
#pragma unroll 1
        for (int step = 0; step < KEYS; step += STEP) {
            int keys = to - tile - step;
            if (!active || keys <= 0) break;
            unsigned here = (half * KEYS + step) * D * 4;
            float s[MT][STEP / 8][4] = {};
#pragma unroll
            for (int c = 0; c < D / 4; c += 2) {
                unsigned a[MT][4];
#pragma unroll
                for (int mt = 0; mt < MT; mt++) {
                    load_matrices(a[mt], at_chunk(as_queries, c) + mt * 16 * D * 4);
                }
#pragma unroll
                for (int j = 0; j < STEP / 16; j++) {
                    unsigned b[4];
                    load_matrices(b, at_chunk(as_keys + here, c) + j * 16 * D * 4);
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        b[i] = to_tf32(__uint_as_float(b[i]));
                    }
#pragma unroll
                    for (int mt = 0; mt < MT; mt++) {
                        multiply_tf32(s[mt][2 * j], a[mt], b[0], b[1]);
                        multiply_tf32(s[mt][2 * j + 1], a[mt], b[2], b[3]);
                    }
                }
            }
            rows.weigh(s, o, keys, scale);
#pragma unroll
            for (int j = 0; j < STEP / 8; j++) {
                unsigned p[MT][4];
#pragma unroll
                for (int mt = 0; mt < MT; mt++) {
                    p[mt][0] = to_tf32(s[mt][j][0]);
                    p[mt][1] = to_tf32(s[mt][j][2]);
                    p[mt][2] = to_tf32(s[mt][j][1]);
                    p[mt][3] = to_tf32(s[mt][j][3]);
                }
                const char* keys_of_8 = k_tiles + here + 8 * j * D * 4;
#pragma unroll
                for (int c = 0; c < D / 8; c++) {
                    // Column 8 c + g of keys 2t and 2t + 1: the words of a warp's load lie in 32 banks.
                    unsigned b0 = to_tf32(*(const float*) (keys_of_8 + at_chunk(even, 2 * c)));
                    unsigned b1 = to_tf32(*(const float*) (keys_of_8 + at_chunk(odd, 2 * c)));
#pragma unroll
                    for (int mt = 0; mt < MT; mt++) {
                        multiply_tf32(o[mt][c], p[mt], b0, b1);
                    }
                }
            }
        }
        __syncthreads(); // this tile is no longer read
        half ^= 1;
    }
    rows.store(stats, mixed, o, first_query + warp_row, n);
}

#define TILES_TF32(D, MT)                                                                                                           \
    extern "C" __global__ void __launch_bounds__(128, 2) info_nce_tf32_d##D(float* stats, float* mixed, const float* q,                \
            const float* queue, int n, int d, int m, int keys_per_part, float scale) {                                              \
        tiles_tf32<D, MT>(stats, mixed, q, queue, n, d, m, keys_per_part, scale);                                                   \
    }

TILES_TF32(64, 2)
TILES_TF32(128, 2)
TILES_TF32(256, 1)

/// As dot_bf16.
__device__ inline float dot_tf32(const float* a, const float* b, int d) {
    int lane = threadIdx.x % 32;
    float c[4] = {};
    for (int i = 0; i < d; i += 8) {
        unsigned x[4] = {};
        unsigned y[2] = {};
        if (lane < 4) {
            x[0] = to_tf32(a[i + lane]);
            x[2] = to_tf32(a[i + lane + 4]);
            y[0] = to_tf32(b[i + lane]);
            y[1] = to_tf32(b[i + lane + 4]);
        }
        multiply_tf32(c, x, y[0], y[1]);
    }
    return c[0];
}

extern "C" __global__ void __launch_bounds__(MERGE_THREADS) info_nce_merge_tf32(float* row_loss, int* row_correct, float* dq,
        const float* q, const float* k, const float* stats, const float* mixed, int n, int d, int width, int parts, float scale,
        float inverse) {
    merge_parts(row_loss, row_correct, dq, q, k, stats, mixed, n, d, width, parts, scale, inverse,
            [](const float* q_row, const float* k_row, int length) { return dot_tf32(q_row, k_row, length); });
}

// variants: sm_70
//
// The k most similar rows of a bank for each query, as org.jmoco.train.WeightedKnn ranks them: similarity is the dot product in f64,
// summed in the order of the features, so it is the CPU's bit for bit, and so is the order: falling similarity, equal ones by rising
// row. Two kernels, launched for some queries after the other, so that their similarities fit into the workspace.
//
//   knn_similarities  Q x B dot products, as integers that sort as the numbers do
//   knn_select        of each query's B integers the k largest, in order
//
// f64 although features are f32: f32 sums would rank near neighbours otherwise than the CPU, and the monitor's figure would depend
// on the backend. On an H200 (half as many f64 units as f32) that costs 5 ms instead of 3 for 10,000 queries x 50,000 rows x 128; on
// a card with few f64 units (1 of 64) a quarter of a second, once an epoch.
// Deterministic: the one atomic counts integers.

typedef unsigned long long u64;

// ---- similarities --------------------------------------------------------------------------------------------------------------

constexpr int TILE = 64;       // queries, and rows of the bank, of a block
constexpr int DEPTH = 16;      // features at a time
constexpr int PITCH = TILE + 1; // 65 doubles: 16 features of one row lie in 16 pairs of banks

/// A finite number as an unsigned integer of the same order; -0 as 0.
__device__ inline u64 sortable(double x) {
    long long bits = __double_as_longlong(x + 0.0);
    return bits < 0 ? ~(u64) bits : (u64) bits | 0x8000000000000000ull;
}

__device__ inline double number(u64 sorted) {
    return __longlong_as_double((long long) (sorted >> 63 ? sorted & 0x7fffffffffffffffull : ~sorted));
}

/// keys[i, j] = sortable(queries[i] . bank[j]); queries Q x D, bank B x D, keys Q x B.
///
/// Bytes: 8 written a pair; each tile of the bank is read Q / 64 times. Operations: 2 D a pair in f64, 4 x 4 of them a thread and
/// feature for 8 doubles from shared memory. Shared memory: 16,640 bytes, static.
/// Launch: (ceil(B / 64), ceil(Q / 64)) blocks of 256 threads.
extern "C" __global__ void __launch_bounds__(256) knn_similarities(u64* keys, const float* queries, const float* bank, int q, int b, int d) {
    __shared__ double query[DEPTH][PITCH];
    __shared__ double row[DEPTH][PITCH];
    int x = threadIdx.x % 16;
    int y = threadIdx.x / 16;
    int first_query = blockIdx.y * TILE;
    int first_row = blockIdx.x * TILE;
    double sum[4][4] = {};
    for (int first = 0; first < d; first += DEPTH) {
        __syncthreads(); // the features before are no longer read
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int r = y + 16 * i;
            bool inside = first + x < d;
            query[x][r] = inside && first_query + r < q ? (double) queries[(size_t) (first_query + r) * d + first + x] : 0.0;
            row[x][r] = inside && first_row + r < b ? (double) bank[(size_t) (first_row + r) * d + first + x] : 0.0;
        }
        __syncthreads();
#pragma unroll
        for (int f = 0; f < DEPTH; f++) {
            double v[4];
            double w[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                v[i] = query[f][y + 16 * i];
                w[i] = row[f][x + 16 * i];
            }
#pragma unroll
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    sum[i][j] = __fma_rn(v[i], w[j], sum[i][j]);
                }
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            int at_query = first_query + y + 16 * i;
            int at_row = first_row + x + 16 * j;
            if (at_query < q && at_row < b) keys[(size_t) at_query * b + at_row] = sortable(sum[i][j]);
        }
    }
}

// ---- selection -----------------------------------------------------------------------------------------------------------------

constexpr int SELECT_THREADS = 256;
constexpr int WARPS = SELECT_THREADS / 32;
constexpr int BINS = 2048;
constexpr unsigned ALL_LANES = 0xffffffffu;

/// Dynamic shared memory: keys [padded], then rows [padded].
extern __shared__ u64 chosen[];

/// The highest bin at which the count from the top reaches `need`: bin, and count above it, through `found`. One warp; each lane sums
/// 64 bins, a scan finds the lane, the lane its bin.
__device__ inline void find_bin(const unsigned* histogram, unsigned need, unsigned* found) {
    int lane = threadIdx.x;
    int top = BINS - 1 - lane * (BINS / 32);
    unsigned own = 0;
    for (int i = 0; i < BINS / 32; i++) {
        own += histogram[top - i];
    }
    unsigned above = own;
#pragma unroll
    for (int step = 1; step < 32; step *= 2) {
        unsigned other = __shfl_up_sync(ALL_LANES, above, step);
        if (lane >= step) above += other;
    }
    above -= own;
    if (above < need && need <= above + own) {
        int bin = top;
        while (above + histogram[bin] < need) {
            above += histogram[bin--];
        }
        found[0] = bin;
        found[1] = above;
    }
}

/// index [Q, K], similarity [Q, K]: the k largest of each row of keys [Q, B], k <= B. `padded` is the power of two from k on.
///
/// Radix selection from the highest digit down: 11 or 10 bits a pass, a histogram, the bin with the k-th largest. Similarities of one
/// query share sign and exponent, so two passes are usual before a bin holds as many as are wanted and the search ends; six if many
/// rows are equal. One more pass, in order of the rows, collects: all above the bin, and in it the first rows that are still wanted.
/// Then a bitonic sort of k pairs. A heap for each query, as on the CPU, would serialise its 200 places; sorting all B would be sixteen
/// times the passes.
/// Bytes: 8 a key and pass, from the second-level cache. Shared memory: 8.3 KB, and 12 padded, dynamic.
/// Launch: Q blocks of 256 threads.
extern "C" __global__ void __launch_bounds__(256) knn_select(int* index, float* similarity, const u64* keys, int b, int k, int padded) {
    __shared__ unsigned histogram[BINS];
    __shared__ unsigned found[2];
    __shared__ unsigned counts[2][2][WARPS]; // alternating; above the bin, in the bin; by warp
    int* rows = (int*) (chosen + padded);
    const u64* row = keys + (size_t) blockIdx.x * b;
    int me = threadIdx.x;
    int warp = me / 32;
    unsigned below_me = (1u << me % 32) - 1;

    u64 prefix = 0; // of the k-th largest, in the bits of mask
    u64 mask = 0;
    unsigned need = k; // still wanted among the keys that have the prefix
    for (int shift = 64; shift > 0;) {
        int bits = shift > 20 ? 11 : 10;
        shift -= bits;
        for (int i = me; i < BINS; i += SELECT_THREADS) {
            histogram[i] = 0;
        }
        __syncthreads();
        for (int i = me; i < b; i += SELECT_THREADS) {
            u64 key = row[i];
            if ((key & mask) == prefix) atomicAdd(&histogram[key >> shift & ((1u << bits) - 1)], 1u);
        }
        __syncthreads();
        if (warp == 0) find_bin(histogram, need, found);
        __syncthreads();
        prefix |= (u64) found[0] << shift;
        mask |= (u64) ((1u << bits) - 1) << shift;
        need -= found[1];
        bool all = histogram[found[0]] == need; // no matter which come first
        __syncthreads();
        if (all) break;
    }

    unsigned above_so_far = 0;
    unsigned equal_so_far = 0;
    int turn = 0;
    for (int first = 0; first < b; first += SELECT_THREADS) {
        int i = first + me;
        u64 key = i < b ? row[i] : 0; // 0 is below every number
        bool above = key > (prefix | ~mask);
        bool equal = i < b && (key & mask) == prefix;
        unsigned above_lanes = __ballot_sync(ALL_LANES, above);
        unsigned equal_lanes = __ballot_sync(ALL_LANES, equal);
        if (me % 32 == 0) {
            counts[turn][0][warp] = __popc(above_lanes);
            counts[turn][1][warp] = __popc(equal_lanes);
        }
        __syncthreads();
        unsigned at_above = above_so_far + __popc(above_lanes & below_me);
        unsigned at_equal = equal_so_far + __popc(equal_lanes & below_me);
        for (int w = 0; w < WARPS; w++) {
            if (w < warp) at_above += counts[turn][0][w], at_equal += counts[turn][1][w];
            above_so_far += counts[turn][0][w];
            equal_so_far += counts[turn][1][w];
        }
        if (above) {
            chosen[at_above] = key;
            rows[at_above] = i;
        } else if (equal && at_equal < need) {
            chosen[k - need + at_equal] = key;
            rows[k - need + at_equal] = i;
        }
        turn ^= 1; // the counts just read may still be read while the next are written
    }
    for (int i = k + me; i < padded; i += SELECT_THREADS) {
        chosen[i] = 0;
        rows[i] = 0x7fffffff;
    }

    for (int size = 2; size <= padded; size *= 2) {
        for (int step = size / 2; step > 0; step /= 2) {
            __syncthreads();
            for (int i = me; i < padded / 2; i += SELECT_THREADS) {
                int low = i / step * step * 2 + i % step;
                int high = low + step;
                u64 a = chosen[low];
                u64 c = chosen[high];
                int row_a = rows[low];
                int row_c = rows[high];
                bool ordered = a > c || (a == c && row_a < row_c); // a comes first
                if (ordered != ((low & size) == 0)) {
                    chosen[low] = c, chosen[high] = a;
                    rows[low] = row_c, rows[high] = row_a;
                }
            }
        }
    }
    __syncthreads();
    for (int i = me; i < k; i += SELECT_THREADS) {
        index[(size_t) blockIdx.x * k + i] = rows[i];
        similarity[(size_t) blockIdx.x * k + i] = (float) number(chosen[i]);
    }
}

// variants: sm_70 sm_80
//
// Batch norm with splits, training forward and evaluation; docs/maths/batch-norm-with-splits.md. Backward is in batch_norm_backward.cu.
//
// Three launches, each over all groups: statistics of chunks, statistics of groups from those, y.
//
// Bytes per element, E = 4 (f32) or 2 (bf16, f16): x is read twice and y written, 3 E; with a residual 4 E. What lies between x and y is one
//   number per group and channel, so the second reading is the price of not holding a group on the chip. The chunks' statistics add
//   12 bytes for each chunk and channel, some thousandths of E per element.
//   The last launch walks each chunk backwards: what the first read last is what the L2 cache still has (50 MB on an H100 or H200; the
//   largest map of a batch of 512 is 67 MB in bf16), so a part of the second reading costs no memory traffic.
// Shared memory: statistics 12.5 KB (f32) or 16.5 KB (bf16, f16), combine 4 KB, normalise none.
// Geometry: statistics and normalise on grid (chunks, ceil(C / (TX W)), G) as in common/rows.cuh; combine on (ceil(C / 32), G), 32 x 8.
// Assumptions: W > 1 needs C to be a multiple of W and all addresses aligned to 16; W = 1 takes anything. L < 2^31.
#include "common/rows.cuh"

/// Count, mean and sum of squared distances from the mean, of some values of each of W channels. With TWO the mean is the sum of two
/// numbers, of which `low` is what rounding took from the other.
template <int W, bool TWO>
struct Moments {
    float count = 0;
    float mean[W] = {};
    float low[TWO ? W : 1] = {};
    float m2[W] = {};

    /// Joins the moments of other values: Chan, Golub and LeVeque 1983, equations 2.1a and b. No difference of large numbers appears
    /// that is not a difference of means. `of(k, mean, low, m2)` gives channel k's, one after the other, so that few are in registers.
    ///
    /// Each join rounds the mean by up to 2^-25 of it; after n of them about sqrt(n) times that would be lost. `low` collects it, by
    /// Dekker's sum of two numbers (Numerische Mathematik 18, 1971): exact while the mean is larger than its step, and where it is not
    /// the step itself is small.
    template <typename F>
    __device__ void join(float count_b, F of) {
        float sum = count + count_b;
        float share = sum > 0 ? count_b / sum : 0.0f;
        float weight = count * share;
#pragma unroll
        for (int k = 0; k < W; k++) {
            float mean_b, low_b = 0, m2_b;
            of(k, mean_b, low_b, m2_b);
            float d = mean_b - mean[k];
            if constexpr (TWO) {
                d += low_b - low[k];
            }
            float before = mean[k], step = d * share;
            mean[k] += step;
            if constexpr (TWO) {
                low[k] += step - (mean[k] - before);
            }
            m2[k] += m2_b + d * d * weight;
        }
        count = sum;
    }
};

/// Values that a thread has in flight for each channel: 6 x 16 bytes x 1024 threads are 96 KiB on a multiprocessor, four times what its
/// share of 4.8 TB/s at 0.7 us latency asks for, so that loads still overlap while other warps compute. Eight would spill registers.
/// In f16, which takes its origin and conversions besides, six would; three are 48 KiB.
template <typename T>
constexpr int AHEAD = 6;

template <>
constexpr int AHEAD<f16> = 3;

template <typename T>
constexpr bool COUNTS_FROM_ORIGIN = true;

template <>
constexpr bool COUNTS_FROM_ORIGIN<bf16> = false;

/// Values of 8 bits carry more error into a mean than its rounding does.
template <typename T>
constexpr bool MEAN_IN_TWO = true;

template <>
constexpr bool MEAN_IN_TWO<bf16> = false;

/// Moments of one chunk: partial[group][chunk][mean, low, m2][C].
///
/// AHEAD values at a time are summed pairwise and squared about their own mean, in registers, and joined to those before: per
/// element an addition, a subtraction, a multiply-add, and a fraction of the join. Deviations are taken from a mean of data nearby,
/// never E[x^2] - E[x]^2, which has no digit left once the mean is a few thousand deviations from 0.
///
/// f32 and f16 are counted from the group's first value of the channel, its origin[group][C]: means of x itself are rounded to 2^-24 |mean|,
/// and the squares of their differences would carry that. bf16 needs no origin (0): its values are no closer to each other than 2^-8 of
/// their size, so that what f32 rounds away is nothing beside their deviations.
///
/// A mean from the origin is as large as a deviation, and the mean of x may be a hundredth of that. It is therefore held in two numbers,
/// which only the combining launch rounds to one. What is left is rounding of the sums of N, which averages out: some 1e-10 of a
/// deviation over 16,384 values. Packs of eight hand on one number from each warp, as 8 KB more would halve the blocks that an sm_75
/// multiprocessor holds.
template <typename T, int W>
__device__ inline void statistics(float* partial, float* origin, const T* x, Rows rows) {
    constexpr bool FROM_ORIGIN = COUNTS_FROM_ORIGIN<T>;
    constexpr unsigned N = AHEAD<T>;
    constexpr bool TWO = MEAN_IN_TWO<T>;
    constexpr bool WARPS_IN_TWO = TWO && W < 8;
    constexpr float NTH = 1.0f / N, NTH_LOW = (float) (1.0 / N - NTH); // N is 3 or 6: NTH alone is off by 2^-25, always the same way
    // 16: they are stored in packs.
    __shared__ alignas(16) float warp_mean[WARPS][32 * W];
    __shared__ alignas(16) float warp_low[WARPS_IN_TWO ? WARPS : 1][32 * W];
    __shared__ alignas(16) float warp_m2[WARPS][32 * W];
    __shared__ float warp_count[WARPS];
    unsigned c = first_channel<W>();
    unsigned step = blockDim.y;
    Moments<W, TWO> total;
    if (c < rows.channels) {
        Pack<T, W> zero; // packed, as eight f32 would spill registers
        if constexpr (FROM_ORIGIN) {
            zero.load(x + rows.row(0) * rows.channels + c);
        }
        unsigned p = rows.first() + threadIdx.y;
        unsigned end = rows.end();
        for (; p + (N - 1) * step < end; p += N * step) {
            Pack<T, W> v[N];
#pragma unroll
            for (unsigned j = 0; j < N; j++) {
                v[j].load(x + rows.row(p + j * step) * rows.channels + c);
            }
            total.join((float) N, [&](int k, float& mean, float&, float& m2) {
                float u[N];
#pragma unroll
                for (unsigned j = 0; j < N; j++) {
                    u[j] = FROM_ORIGIN ? v[j][k] - zero[k] : v[j][k];
                }
                float sum = N == 6 ? (u[0] + u[1]) + (u[2] + u[3 % N]) + (u[4 % N] + u[5 % N]) : u[0] + u[1] + u[2];
                mean = sum * NTH + sum * NTH_LOW;
                m2 = 0;
#pragma unroll
                for (unsigned j = 0; j < N; j++) {
                    float d = u[j] - mean;
                    m2 += d * d;
                }
            });
        }
        for (; p < end; p += step) {
            Pack<T, W> v;
            v.load(x + rows.row(p) * rows.channels + c);
            total.join(1, [&](int k, float& mean, float&, float& m2) { mean = FROM_ORIGIN ? v[k] - zero[k] : v[k], m2 = 0; });
        }
    }
    // Lanes of the same channels are TX apart. Only the lowest of them needs the result.
    for (unsigned apart = blockDim.x; apart < 32; apart <<= 1) {
        float count = __shfl_xor_sync(ALL_LANES, total.count, apart);
        total.join(count, [&](int k, float& mean, float& low, float& m2) {
            mean = __shfl_xor_sync(ALL_LANES, total.mean[k], apart);
            if constexpr (TWO) {
                low = __shfl_xor_sync(ALL_LANES, total.low[k], apart);
            }
            m2 = __shfl_xor_sync(ALL_LANES, total.m2[k], apart);
        });
    }
    unsigned t = thread_number();
    unsigned lane = t % 32;
    if (lane < blockDim.x) {
        store(&warp_mean[t / 32][lane * W], total.mean);
        if constexpr (WARPS_IN_TWO) {
            store(&warp_low[t / 32][lane * W], total.low);
        }
        store(&warp_m2[t / 32][lane * W], total.m2);
    }
    if (lane == 0) {
        warp_count[t / 32] = total.count; // lane 0 always has channels, and all of a warp's lanes have as many rows
    }
    __syncthreads();
    // From here a thread is a channel.
    unsigned channel = blockIdx.y * blockDim.x * W + t;
    if (t < blockDim.x * W && channel < rows.channels) {
        Moments<1, TWO> all;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            all.join(warp_count[w], [&](int, float& mean, float& low, float& m2) {
                mean = warp_mean[w][t], m2 = warp_m2[w][t];
                if constexpr (WARPS_IN_TWO) {
                    low = warp_low[w][t];
                }
            });
        }
        float* out = partial + ((unsigned long long) blockIdx.z * gridDim.x + blockIdx.x) * 3 * rows.channels + channel;
        out[0] = all.mean[0];
        out[rows.channels] = all.low[0];
        out[2 * rows.channels] = all.m2[0];
        if (blockIdx.x == 0) {
            origin[blockIdx.z * rows.channels + channel] = FROM_ORIGIN ? to_float(x[rows.row(0) * rows.channels + channel]) : 0.0f;
        }
    }
}

/// y = scale x + shift (+ residual), with a ReLU if asked for; chunk by chunk from the end.
///
/// scale = gamma invStd and shift = beta - mean scale stand for gamma (x - mean) invStd + beta: half the registers and operations. The
/// rounded scale is the same in both terms, so what is left of it cancels; rounding shift costs 2^-24 |mean| scale, no more than what
/// the rounded mean itself costs.
template <typename T, int W>
__device__ inline void normalise(T* y, const T* x, const T* residual, const float (&scale)[W], const float (&shift)[W], Rows rows,
        unsigned c, bool relu) {
    constexpr int U = 2;
    unsigned step = blockDim.y;
    unsigned first = rows.first() + threadIdx.y;
    unsigned end = rows.end();
    unsigned left = first < end ? (end - first + step - 1) / step : 0; // rows that this thread still has
    float floor = relu ? 0.0f : -__int_as_float(0x7f800000);
    auto write = [&](unsigned long long at, Pack<T, W> v, Pack<T, W> r) {
        float z[W];
#pragma unroll
        for (int k = 0; k < W; k++) {
            z[k] = v[k] * scale[k] + shift[k];
            z[k] = residual ? z[k] + r[k] : z[k];
            z[k] = z[k] <= floor ? floor : z[k]; // NaN stays NaN
        }
        v.set(z);
        v.store(y + at);
    };
    for (; left >= U; left -= U) {
        unsigned long long at[U];
        Pack<T, W> v[U], r[U] = {};
#pragma unroll
        for (int j = 0; j < U; j++) {
            at[j] = rows.row(first + (left - 1 - j) * step) * rows.channels + c;
            v[j].load(x + at[j]);
        }
        if (residual) {
#pragma unroll
            for (int j = 0; j < U; j++) {
                r[j].load(residual + at[j]);
            }
        }
#pragma unroll
        for (int j = 0; j < U; j++) {
            write(at[j], v[j], r[j]);
        }
    }
    for (; left > 0; left--) {
        unsigned long long at = rows.row(first + (left - 1) * step) * rows.channels + c;
        Pack<T, W> v, r = {};
        v.load(x + at);
        if (residual) {
            r.load(residual + at);
        }
        write(at, v, r);
    }
}

/// Moves the running statistics of the block's channels, a thread for each: the mean of the groups' copies, each of which has moved by
/// itself. Only s_g differs between them.
__device__ inline void move_running(float* running_mean, float* running_var, const float* saved_mean, const float* unbiased_var,
        float momentum, float keep, unsigned channel, unsigned channels) {
    float sum_mean = 0, sum_var = 0;
#pragma unroll 4
    for (unsigned g = 0; g < gridDim.z; g++) {
        sum_mean += saved_mean[g * channels + channel];
        sum_var += unbiased_var[g * channels + channel];
    }
    running_mean[channel] = keep * running_mean[channel] + momentum * (sum_mean / gridDim.z);
    running_var[channel] = keep * running_var[channel] + momentum * (sum_var / gridDim.z);
}

/// Training: by the groups' statistics [G][C]. The first block of each tile of channels also moves the running statistics; nobody else
/// reads them.
template <typename T, int W>
__device__ inline void train(T* y, const T* x, const T* residual, const float* gamma, const float* beta, float* running_mean,
        float* running_var, const float* saved_mean, const float* saved_inv_std, const float* unbiased_var, float momentum, float keep,
        Rows rows, bool relu) {
    if (blockIdx.x == 0 && blockIdx.z == 0) {
        unsigned channel = blockIdx.y * blockDim.x * W + thread_number();
        if (thread_number() < blockDim.x * W && channel < rows.channels) {
            move_running(running_mean, running_var, saved_mean, unbiased_var, momentum, keep, channel, rows.channels);
        }
    }
    unsigned c = first_channel<W>();
    if (c >= rows.channels) {
        return;
    }
    unsigned of_group = blockIdx.z * rows.channels + c;
    float scale[W], g[W], mean[W], shift[W];
    load(scale, saved_inv_std + of_group);
    load(g, gamma + c);
    load(mean, saved_mean + of_group);
    load(shift, beta + c);
#pragma unroll
    for (int k = 0; k < W; k++) {
        scale[k] *= g[k];
        shift[k] -= mean[k] * scale[k];
    }
    normalise(y, x, residual, scale, shift, rows, c, relu);
}

/// Evaluation: by the running statistics; one group holds all images.
template <typename T, int W>
__device__ inline void infer(T* y, const T* x, const T* residual, const float* gamma, const float* beta, const float* running_mean,
        const float* running_var, float eps, Rows rows, bool relu) {
    unsigned c = first_channel<W>();
    if (c >= rows.channels) {
        return;
    }
    float scale[W], var[W], mean[W], shift[W];
    load(scale, gamma + c);
    load(var, running_var + c);
    load(mean, running_mean + c);
    load(shift, beta + c);
#pragma unroll
    for (int k = 0; k < W; k++) {
        scale[k] *= 1.0f / sqrtf(var[k] + eps);
        shift[k] -= mean[k] * scale[k];
    }
    normalise(y, x, residual, scale, shift, rows, c, relu);
}

/// Statistics of each group and channel from those of its chunks, joined in fixed order: thread (c, j) takes chunks j, j + 8, ..,
/// then thread (c, 0) the eight results. Writes saved_mean, saved_inv_std [G][C] and the unbiased variance for the running one.
extern "C" __global__ void __launch_bounds__(BLOCK) batch_norm_combine(float* saved_mean, float* saved_inv_std, float* unbiased_var,
        const float* partial, const float* origin, unsigned chunks, unsigned group_size, unsigned per_chunk, unsigned channels, float eps) {
    __shared__ float of_count[WARPS][32], of_mean[WARPS][32], of_low[WARPS][32], of_m2[WARPS][32];
    unsigned lane = threadIdx.x, j = threadIdx.y;
    unsigned c = blockIdx.x * 32 + lane;
    Moments<1, true> m;
    if (c < channels) {
        const float* in = partial + (unsigned long long) blockIdx.y * chunks * 3 * channels + c;
#pragma unroll 4
        for (unsigned i = j; i < chunks; i += WARPS) {
            const float* of_chunk = in + (unsigned long long) i * 3 * channels;
            m.join((float) min(per_chunk, group_size - i * per_chunk), [&](int, float& mean, float& low, float& m2) {
                mean = of_chunk[0], low = of_chunk[channels], m2 = of_chunk[2 * channels];
            });
        }
    }
    of_count[j][lane] = m.count;
    of_mean[j][lane] = m.mean[0];
    of_low[j][lane] = m.low[0];
    of_m2[j][lane] = m.m2[0];
    __syncthreads();
    if (j == 0 && c < channels) {
#pragma unroll
        for (int i = 1; i < WARPS; i++) {
            m.join(of_count[i][lane], [&](int, float& mean, float& low, float& m2) {
                mean = of_mean[i][lane], low = of_low[i][lane], m2 = of_m2[i][lane];
            });
        }
        unsigned at = blockIdx.y * channels + c;
        // What origin + mean rounds away is exact (Knuth's sum of two numbers, TAOCP volume 2, 4.2.2, theorem B) and goes to the low part.
        float from = origin[at], sum = from + m.mean[0], of_sum = sum - from;
        float lost = (from - (sum - of_sum)) + (m.mean[0] - of_sum);
        saved_mean[at] = sum + (lost + m.low[0]);
        saved_inv_std[at] = 1.0f / sqrtf(m.m2[0] / (float) group_size + eps);
        unbiased_var[at] = m.m2[0] / (float) (group_size > 1 ? group_size - 1 : 1);
    }
}

/// The first thing one would write: a block for each group (y) and channel (x), sums of x and of x^2, one launch and no scratch. Kept as
/// the measure of what the above gains.
///
/// It loses three times. Neighbouring threads read values C apart, so of every sector of 32 bytes only 4 are used, and x comes from
/// memory up to eight times over. G C blocks are too few for the first layers and each is long. And E[x^2] - E[x]^2 cancels: at a mean of
/// 1000 and a deviation of 0.6 nothing of the variance is left.
extern "C" __global__ void __launch_bounds__(BLOCK) batch_norm_statistics_naive_f32(float* saved_mean, float* saved_inv_std, const float* x,
        unsigned group_size, unsigned pixels, unsigned channels, unsigned splits, float eps) {
    __shared__ float sum[BLOCK], squares[BLOCK];
    unsigned t = threadIdx.x, c = blockIdx.x, g = blockIdx.y;
    float s = 0, q = 0;
    for (unsigned p = t; p < group_size; p += BLOCK) {
        unsigned long long row = (unsigned long long) (p / pixels * splits + g) * pixels + p % pixels;
        float v = x[row * channels + c];
        s += v;
        q += v * v;
    }
    sum[t] = s;
    squares[t] = q;
    for (unsigned half = BLOCK / 2; half > 0; half /= 2) {
        __syncthreads();
        if (t < half) {
            sum[t] += sum[t + half];
            squares[t] += squares[t + half];
        }
    }
    if (t == 0) {
        float mean = sum[0] / group_size;
        saved_mean[g * channels + c] = mean;
        saved_inv_std[g * channels + c] = 1.0f / sqrtf(max(squares[0] / group_size - mean * mean, 0.0f) + eps);
    }
}

#define ROWS_PARAMETERS unsigned group_size, unsigned pixels, unsigned magic, unsigned shift, unsigned channels, unsigned per_chunk
#define ROWS Rows{group_size, pixels, magic, shift, channels, per_chunk}

// Four blocks on a multiprocessor: 64 registers a thread. Java chooses the number of chunks so that one wave holds them all.
#define ENTRIES(SUFFIX, T, W)                                                                                                        \
    extern "C" __global__ void __launch_bounds__(BLOCK, 4)                                                                          \
            batch_norm_statistics_##SUFFIX(float* partial, float* origin, const T* x, ROWS_PARAMETERS) {                           \
        statistics<T, W>(partial, origin, x, ROWS);                                                                                 \
    }                                                                                                                               \
    extern "C" __global__ void __launch_bounds__(BLOCK, 4) batch_norm_train_##SUFFIX(T* y, const T* x, const T* residual,            \
            const float* gamma, const float* beta, float* running_mean, float* running_var, const float* saved_mean,               \
            const float* saved_inv_std, const float* unbiased_var, float momentum, float keep, unsigned relu, ROWS_PARAMETERS) {    \
        train<T, W>(y, x, residual, gamma, beta, running_mean, running_var, saved_mean, saved_inv_std, unbiased_var, momentum, keep, \
                ROWS, relu != 0);                                                                                                   \
    }                                                                                                                               \
    extern "C" __global__ void __launch_bounds__(BLOCK, 4) batch_norm_infer_##SUFFIX(T* y, const T* x, const T* residual,            \
            const float* gamma, const float* beta, const float* running_mean, const float* running_var, float eps, unsigned relu,  \
            ROWS_PARAMETERS) {                                                                                                      \
        infer<T, W>(y, x, residual, gamma, beta, running_mean, running_var, eps, ROWS, relu != 0);                                  \
    }

ENTRIES(f32, float, 1)
ENTRIES(f32x4, float, 4)
#if __CUDA_ARCH__ >= 800
ENTRIES(bf16, bf16, 1)
ENTRIES(bf16x8, bf16, 8)
#else
ENTRIES(f16, f16, 1) // for every device; nothing in them is better on newer ones
ENTRIES(f16x8, f16, 8)
#endif

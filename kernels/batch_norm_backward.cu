// variants: sm_70 sm_80
//
// Batch norm with splits, backward; docs/maths/batch-norm-with-splits.md. Forward is in batch_norm.cu.
//
// dz is dy where y > 0, else 0. Three launches, each over all groups: sums of dz and dz (x - mean) of chunks, sums of groups from
// those, dx.
//
// Bytes per element, E = 4 (f32) or 2 (bf16, f16), and P elements in a pack of 16 bytes:
//   with ReLU           reads dy x y, writes a byte of signs per pack; reads dy x and the signs, writes dx      6 E + 2 / P
//   ReLU and residual   reads dy x y, writes dz; reads dz x, writes dx                                        7 E
//   neither             reads dy x; reads dy x, writes dx                                                     5 E
//   residual alone      reads dy x, writes dz (not if it is dy); reads dz x, writes dx                         5 or 6 E
//   The slower version that these replace reads y a second time: 7 E instead of 6 E + 2 / P, an eighth more, for one bit of y each.
//   As in forward the last launch walks each chunk backwards, to meet what the L2 cache still holds.
// Shared memory: sums 16 KB, combine 2 KB, gradient none.
// Geometry: sums and gradient on grid (chunks, ceil(C / (TX W)), G) as in common/rows.cuh; combine on (ceil(C / 32), G), 32 x 8.
// Assumptions: W > 1 needs C to be a multiple of W and all addresses aligned to 16; W = 1 takes anything. L < 2^31. dz may be dy.
#include "common/rows.cuh"

/// Blocks that a multiprocessor holds: 85 registers a thread, for four numbers a channel and the packs in flight. Four blocks would
/// spill. Java chooses the number of chunks so that one wave holds them all.
constexpr int RESIDENT = 3;

/// Rows in flight: 2 or 3 packs of 16 bytes x 2 x 768 threads are 48 to 72 KiB on a multiprocessor; its share of 4.8 TB/s at 0.7 us
/// latency asks for 25.
constexpr int AHEAD = 2;

/// partial[group][chunk][sum of dz, sum of dz (x - mean)][C]; and dz itself, or a byte of its signs per pack, for the launch that makes dx.
///
/// @param y null without ReLU
/// @param dz where to store dz, or null
/// @param signs a byte for each pack, bit k set where y[k] > 0; null if dz is stored or there is no ReLU
template <typename T, int W>
__device__ inline void sums(float* partial, T* dz, unsigned char* signs, const T* dy, const T* x, const T* y, const float* saved_mean,
        Rows rows) {
    __shared__ alignas(16) float of_warp[2][WARPS][32 * W]; // 16: it is stored in packs
    unsigned c = first_channel<W>();
    unsigned step = blockDim.y;
    float sum[W] = {}, product[W] = {};
    if (c < rows.channels) {
        float mean[W];
        load(mean, saved_mean + blockIdx.z * rows.channels + c);
        Pack<T, W> ones; // stands for y where there is no ReLU: every dy passes
        for (unsigned& word : ones.word) {
            word = sizeof(T) == 4 ? 0x3f800000u : 0x3f803f80u; // in f16 they are 1.875
        }
        auto take = [&](unsigned long long at, Pack<T, W> g, Pack<T, W> v, Pack<T, W> out) {
            float d[W];
#pragma unroll
            for (int k = 0; k < W; k++) {
                d[k] = out[k] > 0 ? g[k] : 0.0f;
                sum[k] += d[k];
                product[k] += d[k] * (v[k] - mean[k]);
            }
            if (dz) {
                g.set(d);
                g.store(dz + at);
            } else if (signs) {
                unsigned positive = 0;
#pragma unroll
                for (int k = 0; k < W; k++) {
                    positive |= out[k] > 0 ? 1u << k : 0u;
                }
                signs[at / W] = (unsigned char) positive;
            }
        };
        unsigned p = rows.first() + threadIdx.y;
        unsigned end = rows.end();
        for (; p + (AHEAD - 1) * step < end; p += AHEAD * step) {
            unsigned long long at[AHEAD];
            Pack<T, W> g[AHEAD], v[AHEAD], out[AHEAD] = {ones, ones};
#pragma unroll
            for (int j = 0; j < AHEAD; j++) {
                at[j] = rows.row(p + j * step) * rows.channels + c;
                g[j].load(dy + at[j]);
                v[j].load(x + at[j]);
            }
            if (y) {
#pragma unroll
                for (int j = 0; j < AHEAD; j++) {
                    out[j].load(y + at[j]);
                }
            }
#pragma unroll
            for (int j = 0; j < AHEAD; j++) {
                take(at[j], g[j], v[j], out[j]);
            }
        }
        for (; p < end; p += step) {
            unsigned long long at = rows.row(p) * rows.channels + c;
            Pack<T, W> g, v, out = ones;
            g.load(dy + at);
            v.load(x + at);
            if (y) {
                out.load(y + at);
            }
            take(at, g, v, out);
        }
    }
    for (unsigned apart = blockDim.x; apart < 32; apart <<= 1) {
#pragma unroll
        for (int k = 0; k < W; k++) {
            sum[k] += __shfl_xor_sync(ALL_LANES, sum[k], apart);
            product[k] += __shfl_xor_sync(ALL_LANES, product[k], apart);
        }
    }
    unsigned t = thread_number();
    unsigned lane = t % 32;
    if (lane < blockDim.x) {
        store(&of_warp[0][t / 32][lane * W], sum);
        store(&of_warp[1][t / 32][lane * W], product);
    }
    __syncthreads();
    // From here a thread is a channel.
    unsigned channel = blockIdx.y * blockDim.x * W + t;
    if (t < blockDim.x * W && channel < rows.channels) {
        float s = 0, q = 0;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            s += of_warp[0][w][t];
            q += of_warp[1][w][t];
        }
        float* out = partial + ((unsigned long long) blockIdx.z * gridDim.x + blockIdx.x) * 2 * rows.channels + channel;
        out[0] = s;
        out[rows.channels] = q;
    }
}

/// Sums of each group and channel from those of its chunks, in fixed order: sums[group][sum of dz, sum of dz xhat][C].
extern "C" __global__ void __launch_bounds__(BLOCK) batch_norm_backward_combine(float* sums, const float* partial,
        const float* saved_inv_std, unsigned chunks, unsigned channels) {
    __shared__ float of_dz[WARPS][32], of_product[WARPS][32];
    unsigned lane = threadIdx.x, j = threadIdx.y;
    unsigned c = blockIdx.x * 32 + lane;
    float s = 0, q = 0;
    if (c < channels) {
        const float* in = partial + (unsigned long long) blockIdx.y * chunks * 2 * channels + c;
#pragma unroll 4
        for (unsigned i = j; i < chunks; i += WARPS) {
            s += in[(unsigned long long) i * 2 * channels];
            q += in[((unsigned long long) i * 2 + 1) * channels];
        }
    }
    of_dz[j][lane] = s;
    of_product[j][lane] = q;
    __syncthreads();
    if (j == 0 && c < channels) {
#pragma unroll
        for (int i = 1; i < WARPS; i++) {
            s += of_dz[i][lane];
            q += of_product[i][lane];
        }
        unsigned at = blockIdx.y * 2 * channels + c;
        sums[at] = s;
        sums[at + channels] = q * saved_inv_std[blockIdx.y * channels + c];
    }
}

/// dbeta and dgamma of the block's channels, a thread for each: sums over the groups, in order.
__device__ inline void parameter_gradients(float* dgamma, float* dbeta, const float* sums, bool accumulate, unsigned channel,
        unsigned channels) {
    float s = 0, q = 0;
#pragma unroll 4
    for (unsigned g = 0; g < gridDim.z; g++) {
        s += sums[g * 2 * channels + channel];
        q += sums[(g * 2 + 1) * channels + channel];
    }
    dbeta[channel] = accumulate ? dbeta[channel] + s : s;
    dgamma[channel] = accumulate ? dgamma[channel] + q : q;
}

/// dx = gamma invStd (dz - mean(dz) - xhat mean(dz xhat)), chunk by chunk from the end. The first block of each tile of channels also
/// writes dgamma and dbeta.
///
/// The channel's part is gathered into three numbers: dx = scale dz - slope x + shift, with scale = gamma invStd, slope = scale invStd
/// mean(dz xhat) and shift = slope mean - scale mean(dz). As in forward the rounded slope is the same in both terms; rounding shift
/// costs no more than the rounded mean does.
template <typename T, int W>
__device__ inline void gradient(T* dx, float* dgamma, float* dbeta, const T* dz, const unsigned char* signs, const T* x,
        const float* gamma, const float* saved_mean, const float* saved_inv_std, const float* sums, bool accumulate, Rows rows) {
    if (blockIdx.x == 0 && blockIdx.z == 0) {
        unsigned channel = blockIdx.y * blockDim.x * W + thread_number();
        if (thread_number() < blockDim.x * W && channel < rows.channels) {
            parameter_gradients(dgamma, dbeta, sums, accumulate, channel, rows.channels);
        }
    }
    unsigned c = first_channel<W>();
    if (c >= rows.channels) {
        return;
    }
    float scale[W], slope[W], shift[W];
    {
        float mean[W], inv_std[W], level[W];
        unsigned of_group = blockIdx.z * rows.channels + c;
        load(mean, saved_mean + of_group);
        load(inv_std, saved_inv_std + of_group);
        load(scale, gamma + c);
        load(level, sums + blockIdx.z * 2 * rows.channels + c);
        load(slope, sums + (blockIdx.z * 2 + 1) * rows.channels + c);
        float count = (float) rows.groupSize;
#pragma unroll
        for (int k = 0; k < W; k++) {
            scale[k] *= inv_std[k];
            slope[k] = scale[k] * inv_std[k] * (slope[k] / count);
            shift[k] = slope[k] * mean[k] - scale[k] * (level[k] / count);
        }
    }
    unsigned step = blockDim.y;
    unsigned first = rows.first() + threadIdx.y;
    unsigned end = rows.end();
    unsigned left = first < end ? (end - first + step - 1) / step : 0; // rows that this thread still has
    auto write = [&](unsigned long long at, Pack<T, W> d, Pack<T, W> v, unsigned positive) {
        float r[W];
#pragma unroll
        for (int k = 0; k < W; k++) {
            float z = positive >> k & 1 ? d[k] : 0.0f;
            r[k] = scale[k] * z + (shift[k] - slope[k] * v[k]);
        }
        v.set(r);
        v.store(dx + at);
    };
    for (; left >= AHEAD; left -= AHEAD) {
        unsigned long long at[AHEAD];
        Pack<T, W> d[AHEAD], v[AHEAD];
        unsigned positive[AHEAD];
#pragma unroll
        for (int j = 0; j < AHEAD; j++) {
            at[j] = rows.row(first + (left - 1 - j) * step) * rows.channels + c;
            d[j].load(dz + at[j]);
            v[j].load(x + at[j]);
            positive[j] = signs ? signs[at[j] / W] : 0xffu;
        }
#pragma unroll
        for (int j = 0; j < AHEAD; j++) {
            write(at[j], d[j], v[j], positive[j]);
        }
    }
    for (; left > 0; left--) {
        unsigned long long at = rows.row(first + (left - 1) * step) * rows.channels + c;
        Pack<T, W> d, v;
        d.load(dz + at);
        v.load(x + at);
        write(at, d, v, signs ? signs[at / W] : 0xffu);
    }
}

#define ROWS_PARAMETERS unsigned group_size, unsigned pixels, unsigned magic, unsigned shift, unsigned channels, unsigned per_chunk
#define ROWS Rows{group_size, pixels, magic, shift, channels, per_chunk}

#define ENTRIES(SUFFIX, T, W)                                                                                                        \
    extern "C" __global__ void __launch_bounds__(BLOCK, RESIDENT) batch_norm_backward_sums_##SUFFIX(float* partial, T* dz,                  \
            unsigned char* signs, const T* dy, const T* x, const T* y, const float* saved_mean, ROWS_PARAMETERS) {                 \
        sums<T, W>(partial, dz, signs, dy, x, y, saved_mean, ROWS);                                                                 \
    }                                                                                                                               \
    extern "C" __global__ void __launch_bounds__(BLOCK, RESIDENT) batch_norm_backward_gradient_##SUFFIX(T* dx, float* dgamma, float* dbeta, \
            const T* dz, const unsigned char* signs, const T* x, const float* gamma, const float* saved_mean,                      \
            const float* saved_inv_std, const float* sums, unsigned accumulate, ROWS_PARAMETERS) {                                 \
        gradient<T, W>(dx, dgamma, dbeta, dz, signs, x, gamma, saved_mean, saved_inv_std, sums, accumulate != 0, ROWS);              \
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

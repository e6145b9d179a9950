// variants: sm_70 sm_80
//
// Max pooling over windows, and the mean over a whole image; x N x H x W x C.
//
// Bytes per element, E = 4 (f32) or 2 (bf16, f16): max pool forward reads x (E; windows that overlap read it again from cache) and writes y and
//   its winner, E + 4 per output; backward reads dy and winners of the windows that cover a pixel (E + 4 per output; again from cache)
//   and writes dx, E. Average forward reads x once, E, and writes f32 per image and channel; backward writes dx once, E.
// Shared memory: none.
// Geometry: 256 threads, one for each pack of 4 (or 1) channels of an output pixel (max forward), an input pixel (max backward), an image
//   (average); grid.x over packs of a row of the map, then rows, in one count. Neighbouring threads have neighbouring channels.
// Assumptions: W = 4 needs C to be a multiple of 4 and addresses aligned to 16 (bf16: 8); number of packs < 2^31.
//
// Backward of the max gathers: each dx looks through the windows that cover it for those that it won, in fixed order. Scattering dy by
// the winners would read less, but two windows with one winner need atomics, whose order no one knows.
#include "common/pack.cuh"
#include "common/rows.cuh"

/// Image, window and step: the same for every thread.
struct Window {
    int h, w, p, q;             // input and output size
    int r, s, stride, pad;
    unsigned channels;
    unsigned images;
};

/// This thread's pack: image, pixel (row, column) of a map of `columns`, first channel. False if there is none.
template <int W>
__device__ inline bool locate(unsigned& n, int& row, int& column, unsigned& c, unsigned images, unsigned channels, int rows, int columns) {
    unsigned packs = channels / W;
    unsigned i = blockIdx.x * BLOCK + threadIdx.x;
    c = i % packs * W;
    i /= packs;
    column = (int) (i % columns);
    i /= columns;
    row = (int) (i % rows);
    n = i / rows;
    return n < images;
}

/// y = the largest in the window, clipped to the image; argmax = h W + w of the first such pixel; a NaN wins.
template <typename T, int W>
__device__ inline void max_forward(T* y, int* argmax, const T* x, Window g) {
    unsigned n, c;
    int p, q;
    if (!locate<W>(n, p, q, c, g.images, g.channels, g.p, g.q)) {
        return;
    }
    int top = max(0, p * g.stride - g.pad), bottom = min(g.h, p * g.stride - g.pad + g.r);
    int left = max(0, q * g.stride - g.pad), right = min(g.w, q * g.stride - g.pad + g.s);
    const T* image = x + (unsigned long long) n * g.h * g.w * g.channels + c;
    float largest[W];
    int winner[W];
#pragma unroll
    for (int k = 0; k < W; k++) {
        largest[k] = -__int_as_float(0x7f800000);
        winner[k] = top * g.w + left;
    }
    for (int h = top; h < bottom; h++) {
#pragma unroll W == 1 ? 1 : 4 // unrolled, single channels would spill registers on sm_80
        for (int w = left; w < right; w++) {
            Pack<T, W> v;
            v.load(image + (unsigned long long) (h * g.w + w) * g.channels);
#pragma unroll
            for (int k = 0; k < W; k++) {
                if (v[k] > largest[k] || v[k] != v[k]) {
                    largest[k] = v[k];
                    winner[k] = h * g.w + w;
                }
            }
        }
    }
    unsigned long long out = (((unsigned long long) n * g.p + p) * g.q + q) * g.channels + c;
    store(y + out, largest);
    float bits[W];
#pragma unroll
    for (int k = 0; k < W; k++) {
        bits[k] = __int_as_float(winner[k]);
    }
    store((float*) argmax + out, bits);
}

/// dx = sum of the dy of the windows that this pixel won, by rows and columns of windows.
template <typename T, int W>
__device__ inline void max_backward(T* dx, const T* dy, const int* argmax, Window g) {
    unsigned n, c;
    int h, w;
    if (!locate<W>(n, h, w, c, g.images, g.channels, g.h, g.w)) {
        return;
    }
    // Windows p with p stride - pad <= h < p stride - pad + r.
    int first_p = max(0, (h + g.pad - g.r + g.stride) / g.stride), last_p = min(g.p - 1, (h + g.pad) / g.stride);
    int first_q = max(0, (w + g.pad - g.s + g.stride) / g.stride), last_q = min(g.q - 1, (w + g.pad) / g.stride);
    float sum[W] = {};
    for (int p = first_p; p <= last_p; p++) {
        for (int q = first_q; q <= last_q; q++) {
            unsigned long long at = (((unsigned long long) n * g.p + p) * g.q + q) * g.channels + c;
            Pack<T, W> d;
            Pack<float, W> winner;
            d.load(dy + at);
            winner.load((const float*) argmax + at);
#pragma unroll
            for (int k = 0; k < W; k++) {
                sum[k] += (int) winner.word[k] == h * g.w + w ? d[k] : 0.0f;
            }
        }
    }
    store(dx + (((unsigned long long) n * g.h + h) * g.w + w) * g.channels + c, sum);
}

/// y[n,c] = mean over the pixels, added in order.
template <typename T, int W>
__device__ inline void average_forward(float* y, const T* x, unsigned images, unsigned pixels, unsigned channels) {
    unsigned packs = channels / W;
    unsigned i = blockIdx.x * BLOCK + threadIdx.x;
    unsigned n = i / packs, c = i % packs * W;
    if (n >= images) {
        return;
    }
    const T* image = x + (unsigned long long) n * pixels * channels + c;
    float sum[W] = {};
#pragma unroll 4
    for (unsigned p = 0; p < pixels; p++) {
        Pack<T, W> v;
        v.load(image + (unsigned long long) p * channels);
#pragma unroll
        for (int k = 0; k < W; k++) {
            sum[k] += v[k];
        }
    }
#pragma unroll
    for (int k = 0; k < W; k++) {
        sum[k] /= (float) pixels;
    }
    store(y + (unsigned long long) n * channels + c, sum);
}

/// dx[n,h,w,c] = dy[n,c] / (H W).
template <typename T, int W>
__device__ inline void average_backward(T* dx, const float* dy, unsigned images, unsigned pixels, unsigned channels) {
    unsigned packs = channels / W;
    unsigned i = blockIdx.x * BLOCK + threadIdx.x;
    unsigned n = i / packs, c = i % packs * W;
    if (n >= images) {
        return;
    }
    float d[W];
    load(d, dy + (unsigned long long) n * channels + c);
#pragma unroll
    for (int k = 0; k < W; k++) {
        d[k] /= (float) pixels;
    }
    Pack<T, W> v;
    v.set(d);
    T* image = dx + (unsigned long long) n * pixels * channels + c;
#pragma unroll 4
    for (unsigned p = 0; p < pixels; p++) {
        v.store(image + (unsigned long long) p * channels);
    }
}

#define WINDOW_PARAMETERS int h, int w, int p, int q, int r, int s, int stride, int pad, unsigned channels, unsigned images
#define WINDOW Window{h, w, p, q, r, s, stride, pad, channels, images}

#define ENTRIES(SUFFIX, T, W)                                                                                                        \
    extern "C" __global__ void __launch_bounds__(BLOCK) max_pool_forward_##SUFFIX(T* y, int* argmax, const T* x, WINDOW_PARAMETERS) {  \
        max_forward<T, W>(y, argmax, x, WINDOW);                                                                                    \
    }                                                                                                                               \
    extern "C" __global__ void __launch_bounds__(BLOCK) max_pool_backward_##SUFFIX(T* dx, const T* dy, const int* argmax,             \
            WINDOW_PARAMETERS) {                                                                                                   \
        max_backward<T, W>(dx, dy, argmax, WINDOW);                                                                                 \
    }                                                                                                                               \
    extern "C" __global__ void __launch_bounds__(BLOCK) average_pool_forward_##SUFFIX(float* y, const T* x, unsigned images,          \
            unsigned pixels, unsigned channels) {                                                                                  \
        average_forward<T, W>(y, x, images, pixels, channels);                                                                      \
    }                                                                                                                               \
    extern "C" __global__ void __launch_bounds__(BLOCK) average_pool_backward_##SUFFIX(T* dx, const float* dy, unsigned images,       \
            unsigned pixels, unsigned channels) {                                                                                  \
        average_backward<T, W>(dx, dy, images, pixels, channels);                                                                   \
    }

ENTRIES(f32, float, 1)
ENTRIES(f32x4, float, 4)
#if __CUDA_ARCH__ >= 800
ENTRIES(bf16, bf16, 1)
ENTRIES(bf16x4, bf16, 4)
#else
ENTRIES(f16, f16, 1) // for every device; nothing in them is better on newer ones
ENTRIES(f16x4, f16, 4)
#endif

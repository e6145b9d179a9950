// variants: sm_70 sm_80
//
// Elementwise operations: what every element needs is at its own index.
//
// Bytes per element: each operand once, 4 (f32) or 2 (bf16, f16); nothing less is possible. All of them are bound by memory.
// Shared memory: none.
// Geometry: blocks of 256 threads in x; a block takes one tile of consecutive elements, 2 packs of 16 bytes a thread
//   (2,048 elements where the widest operand is f32, 4,096 where all have two bytes), so grid = ceil(count / tile).
//   Two packs, because with one a thread waits for one load at a time: 2,048 threads x 16 bytes = 32 KiB in flight on a
//   multiprocessor, hardly more than the 25 KiB that 4.8 TB/s x 0.7 us / 132 multiprocessors asks for; with two it is 64 KiB.
// Assumptions: count < 2^31; addresses aligned to their element. A tile that is not whole, or whose operands are not all aligned
//   to 16, goes element by element, still in consecutive order: same bytes, more instructions.
//
// Slower, and left out: one element a thread (four times the instructions, 8 KiB in flight); a loop over the whole array by a
// fixed grid (its last round is uneven, and index arithmetic comes back in every round).
#include "common/loss_scale.cuh"
#include "common/pack.cuh"

constexpr int THREADS = 256;
constexpr int PACKS = 2;

template <typename A, typename B>
constexpr int WIDTH = sizeof(A) > sizeof(B) ? PACK<A> : PACK<B>;

/// y[i] = f(x[i], y[i]) over one tile; y is read only if READ_Y.
template <bool READ_Y, typename Y, typename X, typename F>
__device__ inline void map_one(Y* y, const X* x, unsigned count, F f) {
    constexpr int W = WIDTH<Y, X>;
    constexpr unsigned TILE = THREADS * PACKS * W;
    unsigned first = blockIdx.x * TILE;
    if (count - first >= TILE && aligned16(address(y) | address(x))) {
        float a[PACKS][W], b[PACKS][W];
#pragma unroll
        for (int j = 0; j < PACKS; j++) {
            unsigned i = first + (j * THREADS + threadIdx.x) * W;
            load(a[j], x + i);
            if (READ_Y) load(b[j], y + i);
        }
#pragma unroll
        for (int j = 0; j < PACKS; j++) {
            unsigned i = first + (j * THREADS + threadIdx.x) * W;
#pragma unroll
            for (int k = 0; k < W; k++) {
                a[j][k] = f(a[j][k], READ_Y ? b[j][k] : 0.0f);
            }
            store(y + i, a[j]);
        }
    } else {
        unsigned end = min(count, first + TILE);
        for (unsigned i = first + threadIdx.x; i < end; i += THREADS) {
            y[i] = from_float<Y>(f(to_float(x[i]), READ_Y ? to_float(y[i]) : 0.0f));
        }
    }
}

/// y[i] = f(a[i], b[i]) over one tile.
template <typename T, typename F>
__device__ inline void map_two(T* y, const T* a, const T* b, unsigned count, F f) {
    constexpr int W = PACK<T>;
    constexpr unsigned TILE = THREADS * PACKS * W;
    unsigned first = blockIdx.x * TILE;
    if (count - first >= TILE && aligned16(address(y) | address(a) | address(b))) {
        float va[PACKS][W], vb[PACKS][W];
#pragma unroll
        for (int j = 0; j < PACKS; j++) {
            unsigned i = first + (j * THREADS + threadIdx.x) * W;
            load(va[j], a + i);
            load(vb[j], b + i);
        }
#pragma unroll
        for (int j = 0; j < PACKS; j++) {
            unsigned i = first + (j * THREADS + threadIdx.x) * W;
#pragma unroll
            for (int k = 0; k < W; k++) {
                va[j][k] = f(va[j][k], vb[j][k]);
            }
            store(y + i, va[j]);
        }
    } else {
        unsigned end = min(count, first + TILE);
        for (unsigned i = first + threadIdx.x; i < end; i += THREADS) {
            y[i] = from_float<T>(f(to_float(a[i]), to_float(b[i])));
        }
    }
}

/// max(x, 0), where NaN stays NaN: PTX's max would return the 0.
struct Relu {
    __device__ float operator()(float x, float) const {
        return x <= 0.0f ? 0.0f : x;
    }
};

struct ReluGradient {
    __device__ float operator()(float dy, float y) const {
        return y > 0.0f ? dy : 0.0f;
    }
};

struct Same {
    __device__ float operator()(float x, float) const {
        return x;
    }
};

struct Sum {
    __device__ float operator()(float x, float y) const {
        return y + x;
    }
};

#define ELEMENTWISE extern "C" __global__ void __launch_bounds__(THREADS)

/// y = max(x, 0); y may be x.
ELEMENTWISE relu_forward_f32(float* y, const float* x, unsigned count) {
    map_one<false>(y, x, count, Relu());
}

/// dx = dy where y > 0, else 0; dx may be dy.
ELEMENTWISE relu_backward_f32(float* dx, const float* dy, const float* y, unsigned count) {
    map_two(dx, dy, y, count, ReluGradient());
}

/// flag = 1 if an element is NaN or infinite: its exponent bits are all set. One thread of a warp at most writes, and what it writes is
/// the same whoever comes first; the atomic makes that well defined.
ELEMENTWISE flag_non_finite_f32(int* flag, const float* x, unsigned count) {
    constexpr int W = PACK<float>;
    constexpr unsigned TILE = THREADS * PACKS * W;
    constexpr unsigned EXPONENT = 0x7f800000u;
    unsigned first = blockIdx.x * TILE;
    bool found = false;
    if (count - first >= TILE && aligned16(address(x))) {
        Pack<float, W> v[PACKS];
#pragma unroll
        for (int j = 0; j < PACKS; j++) {
            v[j].load(x + first + (j * THREADS + threadIdx.x) * W);
        }
#pragma unroll
        for (int j = 0; j < PACKS; j++) {
#pragma unroll
            for (int k = 0; k < W; k++) {
                found |= (__float_as_uint(v[j][k]) & EXPONENT) == EXPONENT;
            }
        }
    } else {
        unsigned end = min(count, first + TILE);
        for (unsigned i = first + threadIdx.x; i < end; i += THREADS) {
            found |= (__float_as_uint(x[i]) & EXPONENT) == EXPONENT;
        }
    }
    if (__any_sync(0xffffffffu, found) && threadIdx.x % 32 == 0) {
        atomicOr(flag, 1);
    }
}

/// x *= 2^(16 + exponent), which is exact but for underflow and overflow: the gradient with which a backward pass begins.
ELEMENTWISE scale_loss(float* x, const int* exponent, unsigned count) {
    float scale = loss_scale(*exponent);
    map_one<false>(x, x, count, [=](float v, float) { return v * scale; });
}

// Of reals of two bytes. convert_f32_*: dst = src, rounded to nearest even; convert_*_f32: exact; add_*_f32: dst += src, in f32, for
// gradients of the weights that cuDNN delivers narrow; fill_*: dst = value everywhere (f32 and I32 are the driver's memset of words).
#define OF_TWO_BYTES(T)                                                                                                          \
    ELEMENTWISE relu_forward_##T(T* y, const T* x, unsigned count) {                                                             \
        map_one<false>(y, x, count, Relu());                                                                                     \
    }                                                                                                                            \
    ELEMENTWISE relu_backward_##T(T* dx, const T* dy, const T* y, unsigned count) {                                              \
        map_two(dx, dy, y, count, ReluGradient());                                                                               \
    }                                                                                                                            \
    ELEMENTWISE convert_f32_##T(T* dst, const float* src, unsigned count) {                                                      \
        map_one<false>(dst, src, count, Same());                                                                                 \
    }                                                                                                                            \
    ELEMENTWISE convert_##T##_f32(float* dst, const T* src, unsigned count) {                                                    \
        map_one<false>(dst, src, count, Same());                                                                                 \
    }                                                                                                                            \
    ELEMENTWISE add_##T##_f32(float* dst, const T* src, unsigned count) {                                                        \
        map_one<true>(dst, src, count, Sum());                                                                                   \
    }                                                                                                                            \
    ELEMENTWISE fill_##T(T* dst, float value, unsigned count) {                                                                  \
        T v = from_float<T>(value);                                                                                              \
        unsigned first = blockIdx.x * THREADS * PACKS * PACK<T>;                                                                 \
        unsigned end = min(count, first + THREADS * PACKS * PACK<T>);                                                            \
        for (unsigned i = first + threadIdx.x; i < end; i += THREADS) {                                                          \
            dst[i] = v;                                                                                                          \
        }                                                                                                                        \
    }

#if __CUDA_ARCH__ >= 800
OF_TWO_BYTES(bf16)
#else
OF_TWO_BYTES(f16) // for every device; nothing in them is better on newer ones
#endif

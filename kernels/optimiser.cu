// variants: sm_70 sm_80
//
// Updates of flat arrays of parameters: SGD, Adam, the momentum update of the key encoder. Each writes, in the same pass, the copy of
// the weights in bf16 or f16 that convolutions read, where there is one. SGD and Adam divide gradients by the loss scale and leave all as
// it is where gradients are not finite, if they are given a scale and a flag; neither costs bytes.
//
// Bytes per parameter: SGD reads w dw v and writes w v, 20; Adam reads w dw m v and writes w m v, 28; momentum reads k q and writes k, 12;
//   each 2 more with a copy. Nothing less is possible for f32 states.
// Shared memory: none.
// Geometry: blocks of 256 threads, a tile of 2,048 consecutive parameters each (2 packs of 16 bytes a thread and array, 64 to 128 KiB
//   in flight on a multiprocessor), grid = ceil(count / 2048); adam_correct is one thread.
// Assumptions: count < 2^31. A tile that is not whole, or whose arrays are not aligned to 16, goes element by element.
//
// Slower, and left out: a kernel for weight decay, one for the velocity, one for the weights (48 bytes a parameter), and one for the
// copy (6 more).
#include "common/loss_scale.cuh"
#include "common/pack.cuh"

constexpr int THREADS = 256;
constexpr int PACKS = 2;
constexpr int W = PACK<float>;
constexpr unsigned TILE = THREADS * PACKS * W;

/// Type of a copy that is not there.
struct None {};

template <typename C>
constexpr bool COPY = true;

template <>
constexpr bool COPY<None> = false;

/// What a loss scale asks of an optimiser; both may be null.
struct Guard {
    const int* exponent;
    const int* non_finite;

    __device__ float factor() const {
        return exponent ? inverse_loss_scale(*exponent) : 1.0f;
    }

    __device__ bool skips() const {
        return non_finite && *non_finite != 0;
    }
};

/// One tile. `update` is called with the state of one parameter: READS numbers, of which the first WRITES come back changed; the first
/// is also written to the copy where C is not None.
template <int READS, int WRITES, typename C, typename F>
__device__ inline void update_tile(float* const (&array)[READS], C* copy, unsigned count, F update) {
    unsigned first = blockIdx.x * TILE;
    unsigned long long addresses = COPY<C> ? address(copy) << 1 : 0; // a copy's pack has 8 bytes
#pragma unroll
    for (int a = 0; a < READS; a++) {
        addresses |= address(array[a]);
    }
    if (count - first >= TILE && aligned16(addresses)) {
        float v[PACKS][READS][W];
#pragma unroll
        for (int j = 0; j < PACKS; j++) {
            unsigned i = first + (j * THREADS + threadIdx.x) * W;
#pragma unroll
            for (int a = 0; a < READS; a++) {
                load(v[j][a], array[a] + i);
            }
        }
#pragma unroll
        for (int j = 0; j < PACKS; j++) {
            unsigned i = first + (j * THREADS + threadIdx.x) * W;
#pragma unroll
            for (int k = 0; k < W; k++) {
                float state[READS];
#pragma unroll
                for (int a = 0; a < READS; a++) {
                    state[a] = v[j][a][k];
                }
                update(state);
#pragma unroll
                for (int a = 0; a < WRITES; a++) {
                    v[j][a][k] = state[a];
                }
            }
#pragma unroll
            for (int a = 0; a < WRITES; a++) {
                store(array[a] + i, v[j][a]);
            }
            if constexpr (COPY<C>) {
                store(copy + i, v[j][0]);
            }
        }
    } else {
        unsigned end = min(count, first + TILE);
        for (unsigned i = first + threadIdx.x; i < end; i += THREADS) {
            float state[READS];
#pragma unroll
            for (int a = 0; a < READS; a++) {
                state[a] = array[a][i];
            }
            update(state);
#pragma unroll
            for (int a = 0; a < WRITES; a++) {
                array[a][i] = state[a];
            }
            if constexpr (COPY<C>) {
                float one[1] = {state[0]};
                store(copy + i, one);
            }
        }
    }
}

/// g = dw / scale + decay w; v = momentum v + g; w = w - lr v. The learning rate lies in device memory, so that a captured graph stays
/// valid. Without a scale the factor is 1 and changes no bit; the product is kept apart from the sum for that.
template <typename C>
__device__ inline void sgd(float* w, float* v, const float* dw, C* copy, const float* learning_rate, float momentum, float decay,
        Guard guard, unsigned count) {
    if (guard.skips()) {
        return;
    }
    float lr = *learning_rate, factor = guard.factor();
    float* const arrays[3] = {w, v, const_cast<float*>(dw)};
    update_tile<3, 2>(arrays, copy, count, [=](float (&s)[3]) {
        float g = __fmul_rn(s[2], factor) + decay * s[0];
        s[1] = momentum * s[1] + g;
        s[0] -= lr * s[1];
    });
}

/// k = m k + (1 - m) q, as a sum of products: m = 0 copies q, and for m = 1 the other product is 0.
template <typename C>
__device__ inline void momentum_update(float* key, const float* query, C* copy, float m, float rest, unsigned count) {
    float* const arrays[2] = {key, const_cast<float*>(query)};
    update_tile<2, 1>(arrays, copy, count, [=](float (&s)[2]) { s[0] = m * s[0] + rest * s[1]; });
}

/// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w = w - stepSize m / (sqrt(v) / correction + eps), with g = dw / scale + decay w and the
/// two numbers of this step from adam_correct.
template <typename C>
__device__ inline void adam(float* w, float* m, float* v, const float* dw, C* copy, const float* corrections, float beta1, float rest1,
        float beta2, float rest2, float eps, float decay, Guard guard, unsigned count) {
    if (guard.skips()) {
        return;
    }
    float step_size = corrections[0], correction = corrections[1], factor = guard.factor();
    float* const arrays[4] = {w, m, v, const_cast<float*>(dw)};
    update_tile<4, 3>(arrays, copy, count, [=](float (&s)[4]) {
        float g = __fmul_rn(s[3], factor) + decay * s[0];
        s[1] = beta1 * s[1] + rest1 * g;
        s[2] = beta2 * s[2] + rest2 * (g * g);
        s[0] -= step_size * s[1] / (sqrtf(s[2]) / correction + eps);
    });
}

/// x^n by squaring; its relative error is below n 2^-53.
__device__ inline double power(double x, unsigned n) {
    double p = 1;
    for (; n > 0; n >>= 1) {
        if (n & 1) {
            p *= x;
        }
        x *= x;
    }
    return p;
}

/// step += 1; corrections = {lr / (1 - b1^step), sqrt(1 - b2^step)}. In f64, as 1 - 0.999 in f32 is off by 1e-5. A launch of its own, since
/// every block of the next one reads what is written here.
extern "C" __global__ void __launch_bounds__(1) adam_correct(float* corrections, int* step, const float* learning_rate, double beta1,
        double beta2, const int* non_finite) {
    if (Guard{nullptr, non_finite}.skips()) {
        return;
    }
    int t = *step + 1;
    corrections[0] = (float) ((double) *learning_rate / (1 - power(beta1, (unsigned) t)));
    corrections[1] = (float) sqrt(1 - power(beta2, (unsigned) t));
    *step = t;
}

/// Behind the optimiser: halves the loss scale if gradients were not finite, and forgets that they were; doubles it once `interval` steps
/// in a row were.
extern "C" __global__ void __launch_bounds__(1) adapt_loss_scale(int* exponent, int* finite_steps, int* non_finite, int interval) {
    int e = *exponent, steps = *finite_steps + 1;
    if (*non_finite != 0) {
        e--;
        steps = 0;
    } else if (steps >= interval) {
        e++;
        steps = 0;
    }
    *exponent = min(max(e, LEAST_EXPONENT - FIRST_EXPONENT), LARGEST_EXPONENT - FIRST_EXPONENT);
    *finite_steps = steps;
    *non_finite = 0;
}

#define UPDATE extern "C" __global__ void __launch_bounds__(THREADS)

UPDATE sgd_f32(float* w, float* v, const float* dw, const float* learning_rate, float momentum, float decay, const int* exponent,
        const int* non_finite, unsigned count) {
    sgd<None>(w, v, dw, nullptr, learning_rate, momentum, decay, {exponent, non_finite}, count);
}

UPDATE momentum_update_f32(float* key, const float* query, float m, float rest, unsigned count) {
    momentum_update<None>(key, query, nullptr, m, rest, count);
}

UPDATE adam_f32(float* w, float* m, float* v, const float* dw, const float* corrections, float beta1, float rest1, float beta2,
        float rest2, float eps, float decay, const int* exponent, const int* non_finite, unsigned count) {
    adam<None>(w, m, v, dw, nullptr, corrections, beta1, rest1, beta2, rest2, eps, decay, {exponent, non_finite}, count);
}

#define WITH_COPY(C)                                                                                                             \
    UPDATE sgd_copy_##C(float* w, float* v, const float* dw, C* copy, const float* learning_rate, float momentum, float decay,   \
            const int* exponent, const int* non_finite, unsigned count) {                                                        \
        sgd(w, v, dw, copy, learning_rate, momentum, decay, {exponent, non_finite}, count);                                      \
    }                                                                                                                            \
    UPDATE momentum_update_copy_##C(float* key, const float* query, C* copy, float m, float rest, unsigned count) {              \
        momentum_update(key, query, copy, m, rest, count);                                                                       \
    }                                                                                                                            \
    UPDATE adam_copy_##C(float* w, float* m, float* v, const float* dw, C* copy, const float* corrections, float beta1,          \
            float rest1, float beta2, float rest2, float eps, float decay, const int* exponent, const int* non_finite,           \
            unsigned count) {                                                                                                    \
        adam(w, m, v, dw, copy, corrections, beta1, rest1, beta2, rest2, eps, decay, {exponent, non_finite}, count);             \
    }

#if __CUDA_ARCH__ >= 800
WITH_COPY(bf16)
#else
WITH_COPY(f16) // for every device; nothing in them is better on newer ones
#endif

// variants: sm_70 sm_80
//
// Updates of flat arrays of parameters: SGD, Adam, the momentum update of the key encoder. Each writes, in the same pass, the copy of
// the weights in bf16 that convolutions read, where there is one.
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
#include "common/pack.cuh"

constexpr int THREADS = 256;
constexpr int PACKS = 2;
constexpr int W = PACK<float>;
constexpr unsigned TILE = THREADS * PACKS * W;

/// One tile. `update` is called with the state of one parameter: READS numbers, of which the first WRITES come back changed; the first
/// is also written as bf16 where there is a copy.
template <int READS, int WRITES, bool COPY, typename F>
__device__ inline void update_tile(float* const (&array)[READS], bf16* copy, unsigned count, F update) {
    unsigned first = blockIdx.x * TILE;
    unsigned long long addresses = COPY ? address(copy) << 1 : 0; // a copy's pack has 8 bytes
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
            if constexpr (COPY) {
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
            if constexpr (COPY) {
                float one[1] = {state[0]};
                store(copy + i, one);
            }
        }
    }
}

/// g = dw + decay w; v = momentum v + g; w = w - lr v. The learning rate lies in device memory, so that a captured graph stays valid.
template <bool COPY>
__device__ inline void sgd(float* w, float* v, const float* dw, bf16* copy, const float* learning_rate, float momentum, float decay,
        unsigned count) {
    float lr = *learning_rate;
    float* const arrays[3] = {w, v, const_cast<float*>(dw)};
    update_tile<3, 2, COPY>(arrays, copy, count, [=](float (&s)[3]) {
        float g = s[2] + decay * s[0];
        s[1] = momentum * s[1] + g;
        s[0] -= lr * s[1];
    });
}

/// k = m k + (1 - m) q, as a sum of products: m = 0 copies q, and for m = 1 the other product is 0.
template <bool COPY>
__device__ inline void momentum_update(float* key, const float* query, bf16* copy, float m, float rest, unsigned count) {
    float* const arrays[2] = {key, const_cast<float*>(query)};
    update_tile<2, 1, COPY>(arrays, copy, count, [=](float (&s)[2]) { s[0] = m * s[0] + rest * s[1]; });
}

/// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w = w - stepSize m / (sqrt(v) / correction + eps), with g = dw + decay w and the two
/// numbers of this step from adam_correct.
template <bool COPY>
__device__ inline void adam(float* w, float* m, float* v, const float* dw, bf16* copy, const float* corrections, float beta1, float rest1,
        float beta2, float rest2, float eps, float decay, unsigned count) {
    float step_size = corrections[0], correction = corrections[1];
    float* const arrays[4] = {w, m, v, const_cast<float*>(dw)};
    update_tile<4, 3, COPY>(arrays, copy, count, [=](float (&s)[4]) {
        float g = s[3] + decay * s[0];
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
        double beta2) {
    int t = *step + 1;
    corrections[0] = (float) ((double) *learning_rate / (1 - power(beta1, (unsigned) t)));
    corrections[1] = (float) sqrt(1 - power(beta2, (unsigned) t));
    *step = t;
}

#define UPDATE extern "C" __global__ void __launch_bounds__(THREADS)

UPDATE sgd_f32(float* w, float* v, const float* dw, const float* learning_rate, float momentum, float decay, unsigned count) {
    sgd<false>(w, v, dw, nullptr, learning_rate, momentum, decay, count);
}

UPDATE momentum_update_f32(float* key, const float* query, float m, float rest, unsigned count) {
    momentum_update<false>(key, query, nullptr, m, rest, count);
}

UPDATE adam_f32(float* w, float* m, float* v, const float* dw, const float* corrections, float beta1, float rest1, float beta2,
        float rest2, float eps, float decay, unsigned count) {
    adam<false>(w, m, v, dw, nullptr, corrections, beta1, rest1, beta2, rest2, eps, decay, count);
}

#if __CUDA_ARCH__ >= 800
UPDATE sgd_copy_bf16(float* w, float* v, const float* dw, bf16* copy, const float* learning_rate, float momentum, float decay,
        unsigned count) {
    sgd<true>(w, v, dw, copy, learning_rate, momentum, decay, count);
}

UPDATE momentum_update_copy_bf16(float* key, const float* query, bf16* copy, float m, float rest, unsigned count) {
    momentum_update<true>(key, query, copy, m, rest, count);
}

UPDATE adam_copy_bf16(float* w, float* m, float* v, const float* dw, bf16* copy, const float* corrections, float beta1, float rest1,
        float beta2, float rest2, float eps, float decay, unsigned count) {
    adam<true>(w, m, v, dw, copy, corrections, beta1, rest1, beta2, rest2, eps, decay, count);
}
#endif

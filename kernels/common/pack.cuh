// A pack: neighbouring elements that one thread moves by one instruction. A warp of 16-byte packs asks for 512 bytes at once,
// 16 whole sectors of 32 bytes; element by element it would need four (f32) or eight (bf16) times the instructions for the same
// bytes, and the load units would be busy before memory is.
#pragma once
#include "bf16.cuh"
#include "f16.cuh"

/// Elements in 16 bytes: 4 x f32, 8 x bf16 or f16.
template <typename T>
constexpr int PACK = 16 / sizeof(T);

/// True if all 16-byte packs from these addresses are aligned: or the addresses together before asking.
__device__ inline bool aligned16(unsigned long long addresses) {
    return (addresses & 15) == 0;
}

template <typename T>
__device__ inline unsigned long long address(const T* p) {
    return (unsigned long long) p;
}

/// W elements as they lie in memory, 2, 4, 8 or 16 bytes, and as f32 one at a time. While they wait in registers they take the room
/// that they take in memory: bf16 and f16 half that of f32. Addresses are aligned to the pack.
template <typename T, int W>
struct Pack {
    static constexpr int WORDS = (W * (int) sizeof(T) + 3) / 4;
    unsigned word[WORDS];

    __device__ void load(const T* p) {
        if constexpr (WORDS == 4) {
            uint4 q = *(const uint4*) p;
            word[0] = q.x, word[1] = q.y, word[2] = q.z, word[3] = q.w;
        } else if constexpr (WORDS == 2) {
            uint2 q = *(const uint2*) p;
            word[0] = q.x, word[1] = q.y;
        } else if constexpr (W * sizeof(T) == 4) {
            word[0] = *(const unsigned*) p;
        } else {
            static_assert(W * sizeof(T) == 2);
            word[0] = *(const unsigned short*) p;
        }
    }

    __device__ void store(T* p) const {
        if constexpr (WORDS == 4) {
            *(uint4*) p = make_uint4(word[0], word[1], word[2], word[3]);
        } else if constexpr (WORDS == 2) {
            *(uint2*) p = make_uint2(word[0], word[1]);
        } else if constexpr (W * sizeof(T) == 4) {
            *(unsigned*) p = word[0];
        } else {
            *(unsigned short*) p = (unsigned short) word[0];
        }
    }

    /// Element k; k must be known when compiled, or the words go to local memory.
    __device__ float operator[](int k) const {
        if constexpr (sizeof(T) == 4) {
            return __uint_as_float(word[k]);
        } else {
            return k % 2 == 0 ? low_half(T(), word[k / 2]) : high_half(T(), word[k / 2]);
        }
    }

    /// All elements, rounded where T has two bytes.
    __device__ void set(const float (&v)[W]) {
        if constexpr (sizeof(T) == 4) {
#pragma unroll
            for (int k = 0; k < W; k++) {
                word[k] = __float_as_uint(v[k]);
            }
        } else {
#pragma unroll
            for (int k = 0; k < W; k += 2) {
                word[k / 2] = pair_of(T(), v[k], W == 1 ? 0.0f : v[k + 1]);
            }
        }
    }
};

/// W f32 in packs of up to 16 bytes; p is aligned to that.
template <int W>
__device__ inline void load(float (&v)[W], const float* p) {
    constexpr int PART = W < 4 ? W : 4;
#pragma unroll
    for (int i = 0; i < W; i += PART) {
        Pack<float, PART> q;
        q.load(p + i);
#pragma unroll
        for (int k = 0; k < PART; k++) {
            v[i + k] = q[k];
        }
    }
}

template <typename T, int W>
__device__ inline void load(float (&v)[W], const T* p) {
    Pack<T, W> q;
    q.load(p);
#pragma unroll
    for (int k = 0; k < W; k++) {
        v[k] = q[k];
    }
}

template <int W>
__device__ inline void store(float* p, const float (&v)[W]) {
    constexpr int PART = W < 4 ? W : 4;
#pragma unroll
    for (int i = 0; i < W; i += PART) {
        Pack<float, PART> q;
        float part[PART];
#pragma unroll
        for (int k = 0; k < PART; k++) {
            part[k] = v[i + k];
        }
        q.set(part);
        q.store(p + i);
    }
}

template <typename T, int W>
__device__ inline void store(T* p, const float (&v)[W]) {
    Pack<T, W> q;
    q.set(v);
    q.store(p);
}

// A pack: neighbouring elements that one thread moves by one instruction. A warp of 16-byte packs asks for 512 bytes at once,
// 16 whole sectors of 32 bytes; element by element it would need four (f32) or eight (bf16) times the instructions for the same
// bytes, and the load units would be busy before memory is.
#pragma once
#include "bf16.cuh"

/// Elements in 16 bytes: 4 x f32, 8 x bf16.
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

/// W elements as f32. W times the size of T is 2, 4, 8 or 16 bytes (or 32, as two packs) and p is aligned to that (to 16).
template <int W>
__device__ inline void load(float (&v)[W], const float* p) {
    if constexpr (W % 4 == 0) {
#pragma unroll
        for (int i = 0; i < W; i += 4) {
            float4 q = *(const float4*) (p + i);
            v[i] = q.x, v[i + 1] = q.y, v[i + 2] = q.z, v[i + 3] = q.w;
        }
    } else if constexpr (W == 2) {
        float2 q = *(const float2*) p;
        v[0] = q.x, v[1] = q.y;
    } else {
        static_assert(W == 1);
        v[0] = *p;
    }
}

template <int W>
__device__ inline void load(float (&v)[W], const bf16* p) {
    if constexpr (W == 8) {
        uint4 q = *(const uint4*) p;
        v[0] = bf16_low(q.x), v[1] = bf16_high(q.x), v[2] = bf16_low(q.y), v[3] = bf16_high(q.y);
        v[4] = bf16_low(q.z), v[5] = bf16_high(q.z), v[6] = bf16_low(q.w), v[7] = bf16_high(q.w);
    } else if constexpr (W == 4) {
        uint2 q = *(const uint2*) p;
        v[0] = bf16_low(q.x), v[1] = bf16_high(q.x), v[2] = bf16_low(q.y), v[3] = bf16_high(q.y);
    } else if constexpr (W == 2) {
        unsigned q = *(const unsigned*) p;
        v[0] = bf16_low(q), v[1] = bf16_high(q);
    } else {
        static_assert(W == 1);
        v[0] = to_float(*p);
    }
}

/// Stores W f32, rounded where T is bf16; alignment as for load.
template <int W>
__device__ inline void store(float* p, const float (&v)[W]) {
    if constexpr (W % 4 == 0) {
#pragma unroll
        for (int i = 0; i < W; i += 4) {
            *(float4*) (p + i) = make_float4(v[i], v[i + 1], v[i + 2], v[i + 3]);
        }
    } else if constexpr (W == 2) {
        *(float2*) p = make_float2(v[0], v[1]);
    } else {
        static_assert(W == 1);
        *p = v[0];
    }
}

#if __CUDA_ARCH__ >= 800
template <int W>
__device__ inline void store(bf16* p, const float (&v)[W]) {
    if constexpr (W == 8) {
        *(uint4*) p = make_uint4(bf16_pair(v[0], v[1]), bf16_pair(v[2], v[3]), bf16_pair(v[4], v[5]), bf16_pair(v[6], v[7]));
    } else if constexpr (W == 4) {
        *(uint2*) p = make_uint2(bf16_pair(v[0], v[1]), bf16_pair(v[2], v[3]));
    } else if constexpr (W == 2) {
        *(unsigned*) p = bf16_pair(v[0], v[1]);
    } else {
        static_assert(W == 1);
        *p = from_float<bf16>(v[0]);
    }
}
#endif

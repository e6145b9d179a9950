// bf16: the upper half of an f32, as two bytes in memory. Computing is done in f32; only loads and stores convert.
//
// Own type and two conversions instead of cuda_bf16.h: the header has tens of thousands of lines, and the whole of what is
// needed is a shift and one instruction. Rounding is to nearest even, NaN stays NaN (PTX ISA, cvt.rn.bf16x2.f32, sm_80).
#pragma once

struct bf16 {
    unsigned short bits;
};

__device__ inline float bf16_low(unsigned pair) {
    return __uint_as_float(pair << 16);
}

__device__ inline float bf16_high(unsigned pair) {
    return __uint_as_float(pair & 0xffff0000u);
}

__device__ inline float to_float(float x) {
    return x;
}

__device__ inline float to_float(bf16 x) {
    return __uint_as_float((unsigned) x.bits << 16);
}

#if __CUDA_ARCH__ >= 800
/// Two f32 as a pair of bf16: `low` in the lower half, which comes first in memory.
__device__ inline unsigned bf16_pair(float low, float high) {
    unsigned pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}
#endif

/// As in f16.cuh; the first argument chooses the type.
__device__ inline float low_half(bf16, unsigned pair) {
    return bf16_low(pair);
}

__device__ inline float high_half(bf16, unsigned pair) {
    return bf16_high(pair);
}

#if __CUDA_ARCH__ >= 800
__device__ inline unsigned pair_of(bf16, float low, float high) {
    return bf16_pair(low, high);
}
#endif

/// f32 as T: itself, or rounded to bf16.
template <typename T>
__device__ T from_float(float x);

template <>
__device__ inline float from_float<float>(float x) {
    return x;
}

#if __CUDA_ARCH__ >= 800
template <>
__device__ inline bf16 from_float<bf16>(float x) {
    return bf16{(unsigned short) bf16_pair(x, 0.0f)};
}
#endif

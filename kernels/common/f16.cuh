// f16: IEEE binary16, as two bytes in memory; for devices before sm_80, which have no bf16. Computing is done in f32; only loads and
// stores convert, by one instruction each. Rounding is to nearest even, NaN stays NaN, from 65520 on a number becomes infinite.
#pragma once

struct f16 {
    unsigned short bits;
};

__device__ inline float to_float(f16 x) {
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
}

__device__ inline f16 to_f16(float x) {
    f16 y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
    return y;
}

template <>
__device__ inline f16 from_float<f16>(float x) {
    return to_f16(x);
}

/// The halves of a word that holds two neighbours, the first in memory lowest.
__device__ inline float low_half(f16, unsigned pair) {
    return to_float(f16{(unsigned short) pair});
}

__device__ inline float high_half(f16, unsigned pair) {
    return to_float(f16{(unsigned short) (pair >> 16)});
}

__device__ inline unsigned pair_of(f16, float low, float high) {
    return to_f16(low).bits | (unsigned) to_f16(high).bits << 16;
}

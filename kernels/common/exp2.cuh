// 2^x by the one instruction that the special function unit has for it: logits are scaled by log2(e) / T on the way, so that exp
// costs no multiplication of its own.
#pragma once

/// 2^x; error at most 2 units in the last place, results below 2^-126 are 0 (PTX ISA, ex2.approx.ftz.f32). 2^-inf is 0.
__device__ inline float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

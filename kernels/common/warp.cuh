// Sums and maxima over a warp, in one fixed order: the result depends on the values alone, and every lane has the same bits.
#pragma once

constexpr unsigned WHOLE_WARP = 0xffffffffu;

__device__ inline float warp_sum(float v) {
#pragma unroll
    for (int apart = 16; apart > 0; apart /= 2) {
        v += __shfl_xor_sync(WHOLE_WARP, v, apart);
    }
    return v;
}

__device__ inline int warp_sum(int v) {
#pragma unroll
    for (int apart = 16; apart > 0; apart /= 2) {
        v += __shfl_xor_sync(WHOLE_WARP, v, apart);
    }
    return v;
}

/// The larger one; NaN if there is one. PTX's max would drop it.
__device__ inline float larger(float a, float b) {
    return a > b || a != a ? a : b;
}

__device__ inline float warp_max(float v) {
#pragma unroll
    for (int apart = 16; apart > 0; apart /= 2) {
        v = larger(v, __shfl_xor_sync(WHOLE_WARP, v, apart));
    }
    return v;
}

// The loss scale of f16: gradients are multiplied by a power of two, so that few of them fall below 2^-24, the smallest f16 number,
// and the optimiser divides by it. In memory stands its exponent, less 16: memory that nobody has written means 65536, with which
// training begins (as torch.amp.GradScaler's).
#pragma once

constexpr int FIRST_EXPONENT = 16, LEAST_EXPONENT = -100, LARGEST_EXPONENT = 24;

__device__ inline float power_of_two(int exponent) {
    return __int_as_float((127 + exponent) << 23);
}

__device__ inline float loss_scale(int stored) {
    return power_of_two(FIRST_EXPONENT + stored);
}

__device__ inline float inverse_loss_scale(int stored) {
    return power_of_two(-FIRST_EXPONENT - stored);
}

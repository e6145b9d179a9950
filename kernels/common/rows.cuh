// How a block of 256 threads lies on a feature map [rows][C], N x H x W x C with N H W rows, that is read group by group.
//
// A block is TX x TY threads, TX a power of two up to 32 and TX TY = 256. Thread (tx, ty) has W neighbouring channels, one pack, from
// channel (blockIdx.y TX + tx) W on, and every TY-th row of its chunk: rows blockIdx.x R .. + R - 1 of group blockIdx.z. So a warp reads
// 32 / TX rows of TX packs: whole lines wherever a row's tile has them, and each thread keeps its channels from the first row to the last.
//
// Group g of G has the images g, g + G, ..: its row p is row p % HW of its image p / HW. Rows are counted per group, p < 2^31.
#pragma once
#include "pack.cuh"

constexpr int BLOCK = 256;
constexpr int WARPS = BLOCK / 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

/// p / d for p < 2^31: magic = ceil(2^(31 + l) / d), shift = l - 1 with l = ceil(log2 d); magic = 0 for d = 1. With e = magic d - 2^(31 + l) < d
/// the product is p / d + p e / (d 2^(31 + l)), and the second term is below 1 / d since p < 2^31 and e < d <= 2^l (Granlund and
/// Montgomery 1994, theorem 4.2). Division proper is a routine of twenty instructions, for every row.
__device__ inline unsigned divide(unsigned p, unsigned magic, unsigned shift) {
    return magic == 0 ? p : __umulhi(p, magic) >> shift;
}

/// Sizes of one launch, by value: the same for every thread.
struct Rows {
    unsigned groupSize; // L, rows of a group
    unsigned pixels;    // H W
    unsigned magic;     // of the division by pixels
    unsigned shift;
    unsigned channels;  // C
    unsigned perChunk;  // R

    /// Distance of the group's row p from the map's beginning, in rows.
    __device__ unsigned long long row(unsigned p) const {
        unsigned image = divide(p, magic, shift);
        return (unsigned long long) p + blockIdx.z * pixels + (unsigned long long) image * ((gridDim.z - 1) * pixels);
    }

    __device__ unsigned first() const {
        return blockIdx.x * perChunk;
    }

    __device__ unsigned end() const {
        return min(groupSize, blockIdx.x * perChunk + perChunk);
    }
};

/// This thread's first channel; beyond the last one the thread has no work, but takes part in shuffles and barriers.
template <int W>
__device__ inline unsigned first_channel() {
    return (blockIdx.y * blockDim.x + threadIdx.x) * W;
}

__device__ inline unsigned thread_number() {
    return threadIdx.y * blockDim.x + threadIdx.x;
}

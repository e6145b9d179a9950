// variants: sm_70
//
// Softmax cross-entropy of logits N x K against labels N, with its gradient: loss = mean of (logsumexp l - l[label]), dlogits = (softmax
// - onehot) / N, and the number of rows whose largest logit is the label's.
//
// Bytes per logit: 8, read and written once; the second and third reading of a row come from cache. Two launches: a launch of one block
//   that did all rows would be slower from some hundreds of rows on, and the last block to finish cannot be known without atomics.
// Shared memory: rows none, mean 2 KB.
// Geometry: rows give a row to each warp, 8 warps a block, grid = ceil(N / 8); mean is one block.
// Assumptions: none on alignment. A label outside 0 .. K - 1 gives NaN for the loss and its row, and no read outside the row.
#include "common/rows.cuh"
#include "common/warp.cuh"

/// The row's loss, whether it is won, and its gradient.
extern "C" __global__ void __launch_bounds__(BLOCK) cross_entropy_rows(float* row_loss, int* row_correct, float* dlogits,
        const float* logits, const int* labels, unsigned rows, unsigned classes) {
    unsigned n = blockIdx.x * WARPS + threadIdx.x / 32;
    unsigned lane = threadIdx.x % 32;
    if (n >= rows) {
        return; // all of the warp
    }
    const float* l = logits + (unsigned long long) n * classes;
    float* dl = dlogits + (unsigned long long) n * classes;
    int label = labels[n];
    bool valid = (unsigned) label < classes;
    // The largest, once as a number that NaN takes over, and once as the first index among equals, which NaN never wins unless it is
    // at 0: the order of comparisons of a plain loop.
    float largest = -INFINITY, best = -INFINITY;
    unsigned winner = 0xffffffffu;
    for (unsigned k = lane; k < classes; k += 32) {
        float v = l[k];
        largest = larger(v, largest);
        if (v > best || (v == best && k < winner)) {
            best = v;
            winner = k;
        }
    }
    largest = warp_max(largest);
#pragma unroll
    for (int apart = 16; apart > 0; apart /= 2) {
        float v = __shfl_xor_sync(WHOLE_WARP, best, apart);
        unsigned k = __shfl_xor_sync(WHOLE_WARP, winner, apart);
        if (v > best || (v == best && k < winner)) {
            best = v;
            winner = k;
        }
    }
    if (l[0] != l[0]) {
        winner = 0;
    }
    float sum = 0;
    for (unsigned k = lane; k < classes; k += 32) {
        sum += expf(l[k] - largest);
    }
    sum = warp_sum(sum);
    for (unsigned k = lane; k < classes; k += 32) {
        float p = expf(l[k] - largest) / sum;
        dl[k] = valid ? (p - (k == (unsigned) label ? 1.0f : 0.0f)) / (float) rows : NAN;
    }
    if (lane == 0) {
        row_loss[n] = valid ? logf(sum) - (l[label] - largest) : NAN;
        row_correct[n] = winner == (unsigned) label ? 1 : 0;
    }
}

/// loss = sum of row_loss / N, correct = sum of row_correct, in fixed order: thread t takes rows t, t + 256, ..; then a tree.
extern "C" __global__ void __launch_bounds__(BLOCK) cross_entropy_mean(float* loss, int* correct, const float* row_loss,
        const int* row_correct, unsigned rows) {
    __shared__ float losses[WARPS];
    __shared__ int hits[WARPS];
    float s = 0;
    int h = 0;
    for (unsigned n = threadIdx.x; n < rows; n += BLOCK) {
        s += row_loss[n];
        h += row_correct[n];
    }
    s = warp_sum(s);
    h = warp_sum(h);
    if (threadIdx.x % 32 == 0) {
        losses[threadIdx.x / 32] = s;
        hits[threadIdx.x / 32] = h;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
#pragma unroll
        for (int w = 1; w < WARPS; w++) {
            s += losses[w];
            h += hits[w];
        }
        *loss = s / (float) rows;
        *correct = h;
    }
}

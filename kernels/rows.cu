// variants: sm_70
//
// Operations on the rows of a matrix N x D, f32: L2 normalisation, softmax; and moving rows: gather by index, the ring of keys.
//
// Bytes per element: normalise forward 8, backward 12 (y, dy, dx), softmax 8; a row is read two or three times, all but the first from
//   cache. gather 8 (f32), 4 (bf16); enqueue 8. These matrices have tens of kilobytes: what they cost is the launch.
// Shared memory: none.
// Geometry: normalise and softmax give a row to each warp, 8 warps a block, grid = ceil(N / 8). gather and enqueue give 4 units of 16
//   (4, 2) bytes to each thread of 256, grid = ceil(units / 1024).
// Assumptions: W > 1 needs D to be a multiple of W and addresses aligned to 16; N < 2^31, number of units < 2^31.
//
// Slower, and left out: a thread for each row, which reads D apart from its neighbour (a sector of 32 bytes for each 4 of use).
#include "common/pack.cuh"
#include "common/rows.cuh"
#include "common/warp.cuh"

/// The row of this warp, and this lane.
__device__ inline unsigned row_of_warp() {
    return blockIdx.x * WARPS + threadIdx.x / 32;
}

#define LANE (threadIdx.x % 32)

/// y = x / norm, norm = max(|x|, 1e-12).
template <int W>
__device__ inline void normalize_forward(float* y, float* norm, const float* x, unsigned rows, unsigned d) {
    unsigned n = row_of_warp();
    if (n >= rows) {
        return; // all of the warp
    }
    const float* in = x + (unsigned long long) n * d;
    float squares = 0;
    for (unsigned i = LANE * W; i < d; i += 32 * W) {
        float v[W];
        load(v, in + i);
#pragma unroll
        for (int k = 0; k < W; k++) {
            squares += v[k] * v[k];
        }
    }
    float length = larger(sqrtf(warp_sum(squares)), 1e-12f);
    float* out = y + (unsigned long long) n * d;
    for (unsigned i = LANE * W; i < d; i += 32 * W) {
        float v[W];
        load(v, in + i);
#pragma unroll
        for (int k = 0; k < W; k++) {
            v[k] /= length;
        }
        store(out + i, v);
    }
    if (LANE == 0) {
        norm[n] = length;
    }
}

/// dx = (dy - y (y . dy)) / norm.
template <int W>
__device__ inline void normalize_backward(float* dx, const float* dy, const float* y, const float* norm, unsigned rows, unsigned d) {
    unsigned n = row_of_warp();
    if (n >= rows) {
        return;
    }
    unsigned long long row = (unsigned long long) n * d;
    float along = 0;
    for (unsigned i = LANE * W; i < d; i += 32 * W) {
        float a[W], b[W];
        load(a, y + row + i);
        load(b, dy + row + i);
#pragma unroll
        for (int k = 0; k < W; k++) {
            along += a[k] * b[k];
        }
    }
    along = warp_sum(along);
    float length = norm[n];
    for (unsigned i = LANE * W; i < d; i += 32 * W) {
        float a[W], b[W];
        load(a, y + row + i);
        load(b, dy + row + i);
#pragma unroll
        for (int k = 0; k < W; k++) {
            b[k] = (b[k] - a[k] * along) / length;
        }
        store(dx + row + i, b);
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) l2_normalize_forward_f32(float* y, float* norm, const float* x, unsigned rows,
        unsigned d) {
    normalize_forward<1>(y, norm, x, rows, d);
}

extern "C" __global__ void __launch_bounds__(BLOCK) l2_normalize_forward_f32x4(float* y, float* norm, const float* x, unsigned rows,
        unsigned d) {
    normalize_forward<4>(y, norm, x, rows, d);
}

extern "C" __global__ void __launch_bounds__(BLOCK) l2_normalize_backward_f32(float* dx, const float* dy, const float* y,
        const float* norm, unsigned rows, unsigned d) {
    normalize_backward<1>(dx, dy, y, norm, rows, d);
}

extern "C" __global__ void __launch_bounds__(BLOCK) l2_normalize_backward_f32x4(float* dx, const float* dy, const float* y,
        const float* norm, unsigned rows, unsigned d) {
    normalize_backward<4>(dx, dy, y, norm, rows, d);
}

/// p = exp(l - max) / sum of these. A NaN among the logits makes the whole row NaN.
extern "C" __global__ void __launch_bounds__(BLOCK) softmax_f32(float* p, const float* logits, unsigned rows, unsigned classes) {
    unsigned n = row_of_warp();
    if (n >= rows) {
        return;
    }
    const float* l = logits + (unsigned long long) n * classes;
    float largest = -INFINITY;
    for (unsigned k = LANE; k < classes; k += 32) {
        largest = larger(l[k], largest);
    }
    largest = warp_max(largest);
    float sum = 0;
    for (unsigned k = LANE; k < classes; k += 32) {
        sum += expf(l[k] - largest);
    }
    sum = warp_sum(sum);
    for (unsigned k = LANE; k < classes; k += 32) {
        p[(unsigned long long) n * classes + k] = expf(l[k] - largest) / sum;
    }
}

constexpr unsigned UNITS = 4; // a thread's, BLOCK apart

/// dst[i,:] = src[index[i],:], in units of `perRow` to a row. An index outside 0 .. srcRows - 1 gives a row of ones in every bit (NaN; -1
/// as I32), never a read outside src.
template <typename U>
__device__ inline void gather(U* dst, const U* src, const int* index, unsigned units, unsigned per_row, unsigned magic, unsigned shift,
        unsigned src_rows) {
    U v[UNITS];
    unsigned first = blockIdx.x * BLOCK * UNITS + threadIdx.x;
#pragma unroll
    for (unsigned j = 0; j < UNITS; j++) {
        unsigned i = first + j * BLOCK;
        if (i < units) {
            unsigned row = divide(i, magic, shift);
            unsigned from = (unsigned) index[row];
            if (from < src_rows) {
                v[j] = src[(unsigned long long) from * per_row + (i - row * per_row)];
            } else {
                memset(&v[j], 0xff, sizeof(U));
            }
        }
    }
#pragma unroll
    for (unsigned j = 0; j < UNITS; j++) {
        unsigned i = first + j * BLOCK;
        if (i < units) {
            dst[i] = v[j];
        }
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) gather_rows_16(uint4* dst, const uint4* src, const int* index, unsigned units,
        unsigned per_row, unsigned magic, unsigned shift, unsigned src_rows) {
    gather(dst, src, index, units, per_row, magic, shift, src_rows);
}

extern "C" __global__ void __launch_bounds__(BLOCK) gather_rows_4(unsigned* dst, const unsigned* src, const int* index, unsigned units,
        unsigned per_row, unsigned magic, unsigned shift, unsigned src_rows) {
    gather(dst, src, index, units, per_row, magic, shift, src_rows);
}

extern "C" __global__ void __launch_bounds__(BLOCK) gather_rows_2(unsigned short* dst, const unsigned short* src, const int* index,
        unsigned units, unsigned per_row, unsigned magic, unsigned shift, unsigned src_rows) {
    gather(dst, src, index, units, per_row, magic, shift, src_rows);
}

/// queue[(head + i) mod M,:] = keys[i,:]. Keys are one run of units and so is their place, but for at most one step back to row 0.
template <typename U>
__device__ inline void enqueue(U* queue, const int* head, const U* keys, unsigned units, unsigned per_row, unsigned queue_units) {
    unsigned long long start = (unsigned long long) (unsigned) *head * per_row;
    unsigned first = blockIdx.x * BLOCK * UNITS + threadIdx.x;
#pragma unroll
    for (unsigned j = 0; j < UNITS; j++) {
        unsigned i = first + j * BLOCK;
        if (i < units) {
            unsigned long long at = start + i;
            queue[at < queue_units ? at : at - queue_units] = keys[i];
        }
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) enqueue_16(uint4* queue, const int* head, const uint4* keys, unsigned units,
        unsigned per_row, unsigned queue_units) {
    enqueue(queue, head, keys, units, per_row, queue_units);
}

extern "C" __global__ void __launch_bounds__(BLOCK) enqueue_4(unsigned* queue, const int* head, const unsigned* keys, unsigned units,
        unsigned per_row, unsigned queue_units) {
    enqueue(queue, head, keys, units, per_row, queue_units);
}

/// head = (head + n) mod M, by one thread, in a launch of its own: every block of the one before reads head.
extern "C" __global__ void __launch_bounds__(1) enqueue_advance(int* head, unsigned n, unsigned m) {
    *head = (int) (((unsigned) *head + n) % m);
}

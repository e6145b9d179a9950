// variants: sm_70
//
// What advances from step to step without the host: the next row of a table (the order of the images, a permutation), an entry
// of a log (losses), a counter. Real and i32 alike: they are 32-bit words.
//
// Bytes: each word of the row read and written once; store and increment move one word. Such a launch takes as long as a launch
//   does, 1 to 2 us; in a graph of hundreds nothing is left of that.
// Shared memory: none.
// Geometry: select_row 256 threads a block, a thread a word; store and increment one thread.
// Assumptions: the index may have any value; it counts modulo the rows, so that no value reads or writes outside.

constexpr int THREADS = 256;

/// index mod rows, never negative.
__device__ inline int wrapped(int index, int rows) {
    int row = index % rows;
    return row < 0 ? row + rows : row;
}

/// dst = table[index mod rows]; rows of `words` words.
extern "C" __global__ void __launch_bounds__(THREADS) select_row(unsigned* dst, const unsigned* table, const int* index, int rows,
        unsigned words) {
    unsigned i = blockIdx.x * THREADS + threadIdx.x;
    if (i < words) {
        dst[i] = table[(unsigned long long) wrapped(*index, rows) * words + i];
    }
}

/// log[index mod length] = value.
extern "C" __global__ void __launch_bounds__(1) store(unsigned* log, const int* index, const unsigned* value, int length) {
    log[wrapped(*index, length)] = *value;
}

/// counter += 1.
extern "C" __global__ void __launch_bounds__(1) increment(int* counter) {
    *counter += 1;
}

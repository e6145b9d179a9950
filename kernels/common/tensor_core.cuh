// The instructions of the tensor cores and what feeds them, one inline function each (sm_80 and newer). Names and layouts as in the
// PTX ISA, "Matrix fragments for mma.m16n8k16 / m16n8k8" and "ldmatrix": with g = lane / 4 and t = lane % 4,
//   C  16 x 8   c[0], c[1] = C[g][2t], C[g][2t+1]; c[2], c[3] the same of row g + 8
//   A  bf16     a[0] = A[g][2t..2t+1], a[1] of row g + 8, a[2], a[3] the same of columns + 8
//      tf32     a[0] = A[g][t], a[1] of row g + 8, a[2], a[3] the same of column + 4
//   B  bf16     b[0] = B[2t..2t+1][g], b[1] of rows + 8
//      tf32     b[0] = B[t][g], b[1] of row + 4
#pragma once

/// Address in the window of shared memory.
__device__ inline unsigned shared_address(const void* p) {
    return (unsigned) __cvta_generic_to_shared(p);
}

/// Four matrices of 8 rows of 16 bytes. Lane l gives the address of row l % 8 of matrix l / 8 and gets, of each matrix, the 32-bit
/// word t of row g.
__device__ inline void load_matrices(unsigned (&r)[4], unsigned address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address)
                 : "memory");
}

/// The same of the transposed matrices of 8 x 8 two-byte elements: rows 2t and 2t + 1 of column g.
__device__ inline void load_matrices_transposed(unsigned (&r)[4], unsigned address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address)
                 : "memory");
}

/// C += A B; A 16 x 16, B 16 x 8 of bf16, products and sums in f32.
__device__ inline void multiply_bf16(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// C += A B; A 16 x 8, B 8 x 4 of tf32, sums in f32.
__device__ inline void multiply_tf32(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// An f32 rounded to the 10-bit mantissa of tf32, halves away from zero. The tensor core itself would cut bits off.
__device__ inline unsigned to_tf32(float x) {
    unsigned y;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
    return y;
}

/// Starts a copy of 16 bytes from global to shared memory, both aligned; only `bytes` (0 or 16) of them are read, the rest is zeros.
__device__ inline void copy_async_16(unsigned to, const void* from, int bytes) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(__cvta_generic_to_global(from)), "r"(bytes)
                 : "memory");
}

/// The same of 4 bytes.
__device__ inline void copy_async_4(unsigned to, const void* from, int bytes) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(__cvta_generic_to_global(from)), "r"(bytes) : "memory");
}

/// Closes a group of copies.
__device__ inline void copy_async_commit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/// Waits until at most PENDING of this thread's groups are under way.
template <int PENDING>
__device__ inline void copy_async_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

/* Stand-in of libcublas.so.N: products on the processor. FAKE_VERSION is its major version. */
#include "fake.h"

typedef struct { void *stream; void *workspace; size_t workspace_bytes; int math; int atomics; } handle;

int cublasCreate_v2(handle **h) { FAIL("cublasCreate_v2"); *h = calloc(1, sizeof **h); (*h)->atomics = -1; return 0; }
int cublasDestroy_v2(handle *h) { free(h); return 0; }
int cublasSetStream_v2(handle *h, void *s) { FAIL("cublasSetStream_v2"); h->stream = s; h->workspace = 0; return 0; }
int cublasSetWorkspace_v2(handle *h, void *p, size_t n) {
    FAIL("cublasSetWorkspace_v2");
    if ((uintptr_t) p % 256) return 7;
    h->workspace = p;
    h->workspace_bytes = n;
    return 0;
}
int cublasSetMathMode(handle *h, int mode) { FAIL("cublasSetMathMode"); h->math = mode; return 0; }
int cublasSetAtomicsMode(handle *h, int mode) { FAIL("cublasSetAtomicsMode"); h->atomics = mode; return 0; }
int cublasGetVersion_v2(handle *h, int *v) { FAIL("cublasGetVersion_v2"); *v = FAKE_VERSION * 10000 + 304; return 0; }
int cublasGetProperty(int kind, int *v) { *v = kind == 0 ? FAKE_VERSION : kind == 1 ? 3 : 4; return 0; }
const char *cublasGetStatusName(int s) { return s == 13 ? "CUBLAS_STATUS_EXECUTION_FAILED" : "CUBLAS_STATUS_OTHER"; }
const char *cublasGetStatusString(int s) { return "text of cuBLAS"; }

typedef struct {
    int ta, tb, m, n, k;
    float alpha;
    const void *a;
    int at, lda;
    const void *b;
    int bt, ldb;
    float beta;
    void *c;
    int ct, ldc, tf32;
} gemm;

static float element(const void *p, int type, long i, int rounded) {
    float v = type == 14 ? bf16_at(p, i) : ((const float *) p)[i]; /* CUDA_R_16BF, CUDA_R_32F */
    return rounded ? tf32(v) : v;
}

static int run(void *p) {
    gemm *g = p;
    for (int j = 0; j < g->n; j++)
        for (int i = 0; i < g->m; i++) {
            double sum = 0;
            for (int l = 0; l < g->k; l++)
                sum += (double) element(g->a, g->at, g->ta ? l + (long) i * g->lda : i + (long) l * g->lda, g->tf32)
                        * element(g->b, g->bt, g->tb ? j + (long) l * g->ldb : l + (long) j * g->ldb, g->tf32);
            long at = i + (long) j * g->ldc;
            float r = (float) (g->alpha * sum + (g->beta == 0 ? 0 : g->beta * element(g->c, g->ct, at, 0)));
            if (g->ct == 14) ((uint16_t *) g->c)[at] = to_bf16(r); else ((float *) g->c)[at] = r;
        }
    return 0;
}

int cublasGemmEx(handle *h, int ta, int tb, int m, int n, int k, const float *alpha, const void *a, int at, int lda,
        const void *b, int bt, int ldb, const float *beta, void *c, int ct, int ldc, int compute, int algorithm) {
    FAIL("cublasGemmEx");
    /* would allocate: not under capture */
    if (!h->workspace || h->workspace_bytes < 4 << 20) return 3;
    /* DISALLOW_REDUCED_PRECISION_REDUCTION */
    if (h->math != 16 || h->atomics != 0 || algorithm != -1) return 7;
    if (ta > 1 || tb > 1 || m < 1 || n < 1 || k < 1 || lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m) return 7;
    if (compute != 68 && compute != 77) return 15;                                          /* COMPUTE_32F, 32F_FAST_TF32 */
    if ((at != 0 && at != 14) || at != bt || (ct != 0 && ct != at)) return 15;
    gemm g = {ta, tb, m, n, k, *alpha, a, at, lda, b, bt, ldb, *beta, c, ct, ldc, compute == 77};
    return fake_enqueue(h->stream, run, &g, sizeof g);
}

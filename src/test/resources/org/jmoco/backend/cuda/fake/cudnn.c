/* Stand-in of libcudnn.so.9: convolutions as nested loops, with cuDNN 9's status codes. */
#include "fake.h"

enum { OK = 0, NOT_INITIALIZED = 1001, BAD_PARAM = 2000, NOT_SUPPORTED = 3000, EXECUTION_FAILED = 5000 };
enum { FLOAT = 0, HALF = 2, BF16 = 9, NHWC = 1, TENSOR_OP = 1, ALLOW_CONVERSION = 2, FMA = 3 };

typedef struct { void *stream; } handle;
typedef struct { int format, type, n, c, h, w; } tensor; /* a filter is k, c, r, s */
typedef struct { int ph, pw, sh, sw, dh, dw, mode, compute, math; } convolution;
typedef struct { int algo, status; float time; size_t memory; int determinism, math, reserved[3]; } offer;

static char message[256];

size_t cudnnGetVersion(void) { return 90501; }
const char *cudnnGetErrorString(int s) { return s == NOT_INITIALIZED ? "CUDNN_STATUS_NOT_INITIALIZED" : s == BAD_PARAM ? "CUDNN_STATUS_BAD_PARAM" : s == EXECUTION_FAILED ? "CUDNN_STATUS_EXECUTION_FAILED" : "CUDNN_STATUS_OTHER"; }
void cudnnGetLastErrorString(char *out, size_t n) { snprintf(out, n, "%s", message); }
static int wrong(const char *why) { snprintf(message, sizeof message, "%s", why); return BAD_PARAM; }

int cudnnCreate(handle **h) { FAIL("cudnnCreate"); *h = calloc(1, sizeof **h); return OK; }
int cudnnDestroy(handle *h) { free(h); return OK; }
int cudnnSetStream(handle *h, void *s) { FAIL("cudnnSetStream"); h->stream = s; return OK; }
int cudnnCreateTensorDescriptor(tensor **t) { FAIL("cudnnCreateTensorDescriptor"); *t = calloc(1, sizeof **t); return OK; }
int cudnnDestroyTensorDescriptor(tensor *t) { free(t); return OK; }
int cudnnCreateFilterDescriptor(tensor **t) { FAIL("cudnnCreateFilterDescriptor"); *t = calloc(1, sizeof **t); return OK; }
int cudnnDestroyFilterDescriptor(tensor *t) { free(t); return OK; }
int cudnnCreateConvolutionDescriptor(convolution **c) { FAIL("cudnnCreateConvolutionDescriptor"); *c = calloc(1, sizeof **c); return OK; }
int cudnnDestroyConvolutionDescriptor(convolution *c) { free(c); return OK; }
int cudnnSetTensor4dDescriptor(tensor *t, int format, int type, int n, int c, int h, int w) { FAIL("cudnnSetTensor4dDescriptor"); *t = (tensor) {format, type, n, c, h, w}; return OK; }
int cudnnSetFilter4dDescriptor(tensor *t, int type, int format, int k, int c, int r, int s) { FAIL("cudnnSetFilter4dDescriptor"); *t = (tensor) {format, type, k, c, r, s}; return OK; }
int cudnnSetConvolution2dDescriptor(convolution *c, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int compute) {
    FAIL("cudnnSetConvolution2dDescriptor");
    *c = (convolution) {ph, pw, sh, sw, dh, dw, mode, compute, 0};
    return OK;
}
int cudnnSetConvolutionMathType(convolution *c, int math) { FAIL("cudnnSetConvolutionMathType"); c->math = math; return OK; }

static int check(const tensor *x, const tensor *w, const tensor *y, const convolution *c) {
    if (x->format != NHWC || w->format != NHWC || y->format != NHWC) return wrong("every operand is to be NHWC");
    if (x->type != w->type || x->type != y->type || (x->type != FLOAT && x->type != BF16 && x->type != HALF)) return wrong("types");
    if (c->mode != 1 || c->compute != FLOAT || c->dh != 1 || c->dw != 1) return wrong("cross-correlation with f32 sums");
    if (c->math == ALLOW_CONVERSION || (x->type != FLOAT) != (c->math == TENSOR_OP)) return wrong("math type");
    if (x->c != w->c || y->c != w->n || x->n != y->n) return wrong("channels");
    if (y->h != (x->h + 2 * c->ph - w->h) / c->sh + 1 || y->w != (x->w + 2 * c->pw - w->w) / c->sw + 1) return wrong("height and width");
    return OK;
}

/* Three algorithms: one deterministic with workspace, one that is not, one that does not apply. */
static int offers(const char *call, int status, int asked, int *count, offer *o) {
    FAIL(call);
    if (status) return status;
    offer all[] = {{1, OK, 0.1f, 4096, 1, 0, {0}}, {0, OK, 0.2f, 0, 0, 0, {0}}, {1, OK, 0.3f, 4096, 1, 3, {0}}, {2, NOT_SUPPORTED, -1, 0, 0, 0, {0}}};
    *count = asked < 4 ? asked : 4;
    memcpy(o, all, *count * sizeof *o);
    return OK;
}
int cudnnGetConvolutionForwardAlgorithm_v7(handle *h, tensor *x, tensor *w, convolution *c, tensor *y, int n, int *count, offer *o) { return offers("cudnnGetConvolutionForwardAlgorithm_v7", check(x, w, y, c), n, count, o); }
int cudnnGetConvolutionBackwardDataAlgorithm_v7(handle *h, tensor *w, tensor *y, convolution *c, tensor *x, int n, int *count, offer *o) { return offers("cudnnGetConvolutionBackwardDataAlgorithm_v7", check(x, w, y, c), n, count, o); }
int cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle *h, tensor *x, tensor *y, convolution *c, tensor *w, int n, int *count, offer *o) { return offers("cudnnGetConvolutionBackwardFilterAlgorithm_v7", check(x, w, y, c), n, count, o); }

static int space(int status, int algo, size_t *n) { if (status) return status; *n = algo == 1 ? 4096 : 0; return algo < 2 ? OK : NOT_SUPPORTED; }
int cudnnGetConvolutionForwardWorkspaceSize(handle *h, tensor *x, tensor *w, convolution *c, tensor *y, int algo, size_t *n) { return space(check(x, w, y, c), algo, n); }
int cudnnGetConvolutionBackwardDataWorkspaceSize(handle *h, tensor *w, tensor *y, convolution *c, tensor *x, int algo, size_t *n) { return space(check(x, w, y, c), algo, n); }
int cudnnGetConvolutionBackwardFilterWorkspaceSize(handle *h, tensor *x, tensor *y, convolution *c, tensor *w, int algo, size_t *n) { return space(check(x, w, y, c), algo, n); }

typedef struct { int direction; tensor x, w, y; convolution c; const void *first, *second; void *out; float beta; void *space; size_t bytes; } problem;

static float get(const tensor *t, const void *p, long i, int rounded) { float v = t->type == BF16 ? bf16_at(p, i) : t->type == HALF ? from_half(((const uint16_t *) p)[i]) : ((const float *) p)[i]; return rounded ? tf32(v) : v; }
static long at(const tensor *t, int n, int h, int w, int c) { return (((long) n * t->h + h) * t->w + w) * t->c + c; }

static int run(void *a) {
    problem *p = a;
    const tensor *out = p->direction == 0 ? &p->y : p->direction == 1 ? &p->x : &p->w;
    int round = p->x.type == FLOAT && p->c.math != FMA; /* DEFAULT permits tf32 */
    long size = (long) out->n * out->c * out->h * out->w;
    double *sum = calloc(size, sizeof *sum);
    for (int n = 0; n < p->y.n; n++) for (int oh = 0; oh < p->y.h; oh++) for (int ow = 0; ow < p->y.w; ow++)
        for (int r = 0; r < p->w.h; r++) for (int s = 0; s < p->w.w; s++) {
            int h = oh * p->c.sh - p->c.ph + r, w = ow * p->c.sw - p->c.pw + s;
            if (h < 0 || h >= p->x.h || w < 0 || w >= p->x.w) continue;
            for (int k = 0; k < p->y.c; k++) for (int c = 0; c < p->x.c; c++) {
                long ix = at(&p->x, n, h, w, c), iw = at(&p->w, k, r, s, c), iy = at(&p->y, n, oh, ow, k);
                if (p->direction == 0) sum[iy] += (double) get(&p->x, p->first, ix, round) * get(&p->w, p->second, iw, round);
                if (p->direction == 1) sum[ix] += (double) get(&p->y, p->first, iy, round) * get(&p->w, p->second, iw, round);
                if (p->direction == 2) sum[iw] += (double) get(&p->x, p->first, ix, round) * get(&p->y, p->second, iy, round);
            }
        }
    for (long i = 0; i < size; i++) {
        float v = (float) (sum[i] + (p->beta == 0 ? 0 : p->beta * get(out, p->out, i, 0)));
        if (out->type == BF16) ((uint16_t *) p->out)[i] = to_bf16(v); else if (out->type == HALF) ((uint16_t *) p->out)[i] = to_half(v); else ((float *) p->out)[i] = v;
    }
    if (p->bytes) memset(p->space, 0x5a, p->bytes);
    free(sum);
    return 0;
}

static int convolve(const char *call, handle *h, int direction, const float *alpha, tensor *x, tensor *w, tensor *y, convolution *c, int algo, const void *first,
                    const void *second, void *ws, size_t bytes, const float *beta, void *out) {
    FAIL(call);
    int status = check(x, w, y, c);
    if (status) return status;
    if (*alpha != 1 || (*beta != 0 && *beta != 1)) return wrong("alpha and beta");
    if (algo > 1 || (algo == 1 && (bytes < 4096 || !ws))) return wrong("workspace is too small");
    problem p = {direction, *x, *w, *y, *c, first, second, out, *beta, ws, algo == 1 ? 4096 : 0};
    return fake_enqueue(h->stream, run, &p, sizeof p) ? EXECUTION_FAILED : OK;
}
int cudnnConvolutionForward(handle *h, float *alpha, tensor *x, void *px, tensor *w, void *pw, convolution *c, int algo, void *ws, size_t n, float *beta, tensor *y, void *py) { return convolve("cudnnConvolutionForward", h, 0, alpha, x, w, y, c, algo, px, pw, ws, n, beta, py); }
int cudnnConvolutionBackwardData(handle *h, float *alpha, tensor *w, void *pw, tensor *y, void *py, convolution *c, int algo, void *ws, size_t n, float *beta, tensor *x, void *px) { return convolve("cudnnConvolutionBackwardData", h, 1, alpha, x, w, y, c, algo, py, pw, ws, n, beta, px); }
int cudnnConvolutionBackwardFilter(handle *h, float *alpha, tensor *x, void *px, tensor *y, void *py, convolution *c, int algo, void *ws, size_t n, float *beta, tensor *w, void *pw) { return convolve("cudnnConvolutionBackwardFilter", h, 2, alpha, x, w, y, c, algo, px, py, ws, n, beta, pw); }

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
const char *cudnnGetErrorString(int s) {
    return s == NOT_INITIALIZED ? "CUDNN_STATUS_NOT_INITIALIZED" : s == BAD_PARAM ? "CUDNN_STATUS_BAD_PARAM"
            : s == EXECUTION_FAILED ? "CUDNN_STATUS_EXECUTION_FAILED" : "CUDNN_STATUS_OTHER";
}
void cudnnGetLastErrorString(char *out, size_t n) { snprintf(out, n, "%s", message); }
static int wrong(const char *why) { snprintf(message, sizeof message, "%s", why); return BAD_PARAM; }

int cudnnCreate(handle **h) { FAIL("cudnnCreate"); *h = calloc(1, sizeof **h); return OK; }
int cudnnDestroy(handle *h) { free(h); return OK; }
int cudnnSetStream(handle *h, void *s) { FAIL("cudnnSetStream"); h->stream = s; return OK; }
int cudnnCreateTensorDescriptor(tensor **t) { FAIL("cudnnCreateTensorDescriptor"); *t = calloc(1, sizeof **t); return OK; }
int cudnnDestroyTensorDescriptor(tensor *t) { free(t); return OK; }
int cudnnCreateFilterDescriptor(tensor **t) { FAIL("cudnnCreateFilterDescriptor"); *t = calloc(1, sizeof **t); return OK; }
int cudnnDestroyFilterDescriptor(tensor *t) { free(t); return OK; }
int cudnnCreateConvolutionDescriptor(convolution **c) {
    FAIL("cudnnCreateConvolutionDescriptor");
    *c = calloc(1, sizeof **c);
    return OK;
}
int cudnnDestroyConvolutionDescriptor(convolution *c) { free(c); return OK; }
int cudnnSetTensor4dDescriptor(tensor *t, int format, int type, int n, int c, int h, int w) {
    FAIL("cudnnSetTensor4dDescriptor");
    if ((double) n * c * h * w > INT32_MAX) return 3000; /* NOT_SUPPORTED: a tensor has at most 2 giga-elements */
    *t = (tensor) {format, type, n, c, h, w};
    return OK;
}
int cudnnSetFilter4dDescriptor(tensor *t, int type, int format, int k, int c, int r, int s) {
    FAIL("cudnnSetFilter4dDescriptor");
    *t = (tensor) {format, type, k, c, r, s};
    return OK;
}
int cudnnSetConvolution2dDescriptor(convolution *c, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int compute) {
    FAIL("cudnnSetConvolution2dDescriptor");
    *c = (convolution) {ph, pw, sh, sw, dh, dw, mode, compute, 0};
    return OK;
}
int cudnnSetConvolutionMathType(convolution *c, int math) { FAIL("cudnnSetConvolutionMathType"); c->math = math; return OK; }

static int check(const tensor *x, const tensor *w, const tensor *y, const convolution *c) {
    if (x->format != NHWC || w->format != NHWC || y->format != NHWC) return wrong("every operand is to be NHWC");
    if (x->type != w->type || x->type != y->type || (x->type != FLOAT && x->type != BF16 && x->type != HALF))
        return wrong("types");
    if (c->mode != 1 || c->compute != FLOAT || c->dh != 1 || c->dw != 1) return wrong("cross-correlation with f32 sums");
    if (c->math == ALLOW_CONVERSION || (x->type != FLOAT) != (c->math == TENSOR_OP)) return wrong("math type");
    if (x->c != w->c || y->c != w->n || x->n != y->n) return wrong("channels");
    if (y->h != (x->h + 2 * c->ph - w->h) / c->sh + 1 || y->w != (x->w + 2 * c->pw - w->w) / c->sw + 1)
        return wrong("height and width");
    return OK;
}

/* Three algorithms: one deterministic with workspace, one that is not, one that does not apply. */
static int offers(const char *call, int status, int asked, int *count, offer *o) {
    FAIL(call);
    if (status) return status;
    offer all[] = {{1, OK, 0.1f, 4096, 1, 0, {0}}, {0, OK, 0.2f, 0, 0, 0, {0}}, {1, OK, 0.3f, 4096, 1, 3, {0}},
            {2, NOT_SUPPORTED, -1, 0, 0, 0, {0}}};
    *count = asked < 4 ? asked : 4;
    memcpy(o, all, *count * sizeof *o);
    return OK;
}
int cudnnGetConvolutionForwardAlgorithm_v7(handle *h, tensor *x, tensor *w, convolution *c, tensor *y, int n, int *count,
        offer *o) {
    return offers("cudnnGetConvolutionForwardAlgorithm_v7", check(x, w, y, c), n, count, o);
}
int cudnnGetConvolutionBackwardDataAlgorithm_v7(handle *h, tensor *w, tensor *y, convolution *c, tensor *x, int n, int *count,
        offer *o) {
    return offers("cudnnGetConvolutionBackwardDataAlgorithm_v7", check(x, w, y, c), n, count, o);
}
int cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle *h, tensor *x, tensor *y, convolution *c, tensor *w, int n, int *count,
        offer *o) {
    return offers("cudnnGetConvolutionBackwardFilterAlgorithm_v7", check(x, w, y, c), n, count, o);
}

static int space(int status, int algo, size_t *n) {
    if (status) return status;
    *n = algo == 1 ? 4096 : 0;
    return algo < 2 ? OK : NOT_SUPPORTED;
}
int cudnnGetConvolutionForwardWorkspaceSize(handle *h, tensor *x, tensor *w, convolution *c, tensor *y, int algo, size_t *n) {
    return space(check(x, w, y, c), algo, n);
}
int cudnnGetConvolutionBackwardDataWorkspaceSize(handle *h, tensor *w, tensor *y, convolution *c, tensor *x, int algo,
        size_t *n) {
    return space(check(x, w, y, c), algo, n);
}
int cudnnGetConvolutionBackwardFilterWorkspaceSize(handle *h, tensor *x, tensor *y, convolution *c, tensor *w, int algo,
        size_t *n) {
    return space(check(x, w, y, c), algo, n);
}

typedef struct {
    int direction;
    tensor x, w, y;
    convolution c;
    const void *first, *second;
    void *out;
    float beta;
    void *space;
    size_t bytes;
} problem;

static float get(const tensor *t, const void *p, long i, int rounded) {
    float v = t->type == BF16 ? bf16_at(p, i) : t->type == HALF ? from_half(((const uint16_t *) p)[i]) : ((const float *) p)[i];
    return rounded ? tf32(v) : v;
}
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
        if (out->type == BF16) ((uint16_t *) p->out)[i] = to_bf16(v);
        else if (out->type == HALF) ((uint16_t *) p->out)[i] = to_half(v);
        else ((float *) p->out)[i] = v;
    }
    if (p->bytes) memset(p->space, 0x5a, p->bytes);
    free(sum);
    return 0;
}

static int convolve(const char *call, handle *h, int direction, const float *alpha, tensor *x, tensor *w, tensor *y,
        convolution *c, int algo, const void *first, const void *second, void *ws, size_t bytes, const float *beta, void *out) {
    FAIL(call);
    int status = check(x, w, y, c);
    if (status) return status;
    if (*alpha != 1 || (*beta != 0 && *beta != 1)) return wrong("alpha and beta");
    if (algo > 1 || (algo == 1 && (bytes < 4096 || !ws))) return wrong("workspace is too small");
    problem p = {direction, *x, *w, *y, *c, first, second, out, *beta, ws, algo == 1 ? 4096 : 0};
    return fake_enqueue(h->stream, run, &p, sizeof p) ? EXECUTION_FAILED : OK;
}
int cudnnConvolutionForward(handle *h, float *alpha, tensor *x, void *px, tensor *w, void *pw, convolution *c, int algo, void *ws,
        size_t n, float *beta, tensor *y, void *py) {
    return convolve("cudnnConvolutionForward", h, 0, alpha, x, w, y, c, algo, px, pw, ws, n, beta, py);
}
int cudnnConvolutionBackwardData(handle *h, float *alpha, tensor *w, void *pw, tensor *y, void *py, convolution *c, int algo,
        void *ws, size_t n, float *beta, tensor *x, void *px) {
    return convolve("cudnnConvolutionBackwardData", h, 1, alpha, x, w, y, c, algo, py, pw, ws, n, beta, px);
}
int cudnnConvolutionBackwardFilter(handle *h, float *alpha, tensor *x, void *px, tensor *y, void *py, convolution *c, int algo,
        void *ws, size_t n, float *beta, tensor *w, void *pw) {
    return convolve("cudnnConvolutionBackwardFilter", h, 2, alpha, x, w, y, c, algo, px, py, ws, n, beta, pw);
}

/* The graph interface: descriptors are bags of attributes; what is finished is complete and of the right types, and stays as it
   is. Numbers are those of cudnn_graph.h. */
enum { T_HANDLE = 0, T_DATA = 1, T_INT64 = 3, T_FLOAT = 4, T_VOID = 6, T_MODE = 7, T_HEUR = 8, T_KNOB = 9, T_NUMERICAL = 11,
        T_DESCRIPTOR = 15, T_BEHAVIOUR = 19 };
enum { CONVOLUTION = 1, ENGINE = 2, ENGINECFG = 3, HEURISTICS = 4, PLAN = 5, KNOB_CHOICE = 7, FORWARD = 10, BWD_FILTER = 11,
        BWD_DATA = 12, GRAPH = 15, PACK = 16, TENSOR = 17 };
enum { ENGINES = 8, MOST_ATTRIBUTES = 16, MOST_BYTES = 64 };

typedef struct { int name, type; long count; unsigned char data[MOST_BYTES]; } attribute;
typedef struct descriptor { int type, finished, used, engine; attribute attributes[MOST_ATTRIBUTES]; } descriptor;

/* Seven engines: one with knobs and workspace, one that is not deterministic, and one of each kind that jmoco leaves out. The
   notes are tensor core (0), inputs converted down (1), sums below f32 (2), not deterministic (4); behaviour 0 is a kernel
   compiled when the plan is made. No plan can be made of engine 15. Number 67, the eighth, stands for the many configurations for
   tensor cores that cuDNN 9 names before all others where operands are f32, and only there. */
static const struct { int number, note, compiled, knobs; int64_t bytes; } engines[ENGINES] = {
    {57, -1, 0, 2, 512}, {3, 4, 0, 0, 0}, {11, 0, 0, 0, 0}, {12, 1, 0, 0, 0}, {13, 2, 0, 0, 0}, {14, -1, 1, 0, 0},
    {15, -1, 0, 0, 0}, {67, 0, 0, 0, 131}};
enum { PLANLESS = 6, TENSOR_CORES = 7, MANY = 14 };

static int size_of(int type) {
    return type == T_DATA || type == T_MODE || type == T_HEUR || type == T_KNOB || type == T_NUMERICAL || type == T_BEHAVIOUR
            || type == T_FLOAT ? 4 : 8;
}

int cudnnBackendCreateDescriptor(int type, descriptor **d) {
    FAIL("cudnnBackendCreateDescriptor");
    *d = calloc(1, sizeof **d);
    (*d)->type = type;
    return OK;
}
int cudnnBackendDestroyDescriptor(descriptor *d) { free(d); return OK; }

static const attribute *find(const descriptor *d, int name, int type, long count) {
    for (int i = 0; i < d->used; i++)
        if (d->attributes[i].name == name)
            return d->attributes[i].type == type && d->attributes[i].count == count ? &d->attributes[i] : NULL;
    return NULL;
}
static int64_t integer(const descriptor *d, int name, long count, int i) {
    const attribute *a = find(d, name, T_INT64, count);
    int64_t v = INT64_MIN;
    if (a) memcpy(&v, a->data + 8 * i, 8);
    return v;
}
static int32_t enumerator(const descriptor *d, int name, int type) {
    const attribute *a = find(d, name, type, 1);
    int32_t v = -1;
    if (a) memcpy(&v, a->data, 4);
    return v;
}
static const descriptor *child(const descriptor *d, int name, int type) {
    const attribute *a = find(d, name, T_DESCRIPTOR, 1);
    const descriptor *c = NULL;
    if (a) memcpy(&c, a->data, sizeof c);
    return c && c->type == type && c->finished ? c : NULL;
}
static void *address(const descriptor *d, int name, long count, int i) {
    const attribute *a = find(d, name, T_VOID, count);
    void *p = (void *) -1;
    if (a) memcpy(&p, a->data + 8 * i, 8);
    return p;
}

int cudnnBackendSetAttribute(descriptor *d, int name, int type, int64_t count, const void *values) {
    FAIL("cudnnBackendSetAttribute");
    if (d->finished) return wrong("the descriptor is finished");
    if (d->used == MOST_ATTRIBUTES || count < 1 || count * size_of(type) > MOST_BYTES) return wrong("attribute");
    if (find(d, name, type, count)) return wrong("the attribute was set before");
    attribute *a = &d->attributes[d->used++];
    *a = (attribute) {name, type, count, {0}};
    memcpy(a->data, values, count * size_of(type));
    return OK;
}

/* Of N x C x H x W with channels side by side, as the descriptors of version 7. */
static int to_tensor(const descriptor *d, tensor *t) {
    if (!d) return wrong("an operand is missing");
    long n[4];
    for (int i = 0; i < 4; i++) n[i] = integer(d, 902, 4, i);
    *t = (tensor) {NHWC, enumerator(d, 901, T_DATA), n[0], n[1], n[2], n[3]};
    if (integer(d, 903, 4, 0) != n[1] * n[2] * n[3] || integer(d, 903, 4, 1) != 1 || integer(d, 903, 4, 2) != n[1] * n[3]
            || integer(d, 903, 4, 3) != n[1])
        return wrong("channels do not lie side by side");
    return integer(d, 900, 1, 0) == 16 ? OK : wrong("alignment");
}

static const struct { int type, x, w, y, convolution, alpha, beta; } operations[] = {{FORWARD, 704, 703, 705, 702, 700, 701},
        {BWD_DATA, 710, 709, 711, 708, 706, 707}, {BWD_FILTER, 716, 715, 717, 714, 712, 713}};

static int to_problem(const descriptor *operation, problem *p, int64_t ids[3]) {
    for (int i = 0; i < 3; i++) {
        if (operations[i].type != operation->type) continue;
        const descriptor *x = child(operation, operations[i].x, TENSOR), *w = child(operation, operations[i].w, TENSOR),
                *y = child(operation, operations[i].y, TENSOR);
        const descriptor *c = child(operation, operations[i].convolution, CONVOLUTION);
        const attribute *alpha = find(operation, operations[i].alpha, T_FLOAT, 1),
                *beta = find(operation, operations[i].beta, T_FLOAT, 1);
        float one;
        if (!c || !alpha || !beta) return wrong("the operation lacks something");
        memcpy(&one, alpha->data, 4);
        memcpy(&p->beta, beta->data, 4);
        if (one != 1) return wrong("alpha");
        int bad = to_tensor(x, &p->x);
        if (!bad) bad = to_tensor(w, &p->w);
        if (!bad) bad = to_tensor(y, &p->y);
        if (bad) return bad;
        ids[0] = integer(x, 906, 1, 0); ids[1] = integer(w, 906, 1, 0); ids[2] = integer(y, 906, 1, 0);
        if (integer(c, 106, 1, 0) != 2 || integer(c, 104, 2, 0) != integer(c, 105, 2, 0)
                || integer(c, 104, 2, 1) != integer(c, 105, 2, 1)) return wrong("paddings");
        p->direction = i;
        p->c = (convolution) {integer(c, 105, 2, 0), integer(c, 105, 2, 1), integer(c, 103, 2, 0), integer(c, 103, 2, 1),
                integer(c, 102, 2, 0), integer(c, 102, 2, 1), enumerator(c, 101, T_MODE), enumerator(c, 100, T_DATA),
                p->x.type == FLOAT ? FMA : TENSOR_OP};
        return check(&p->x, &p->w, &p->y, &p->c);
    }
    return wrong("no operation");
}

int cudnnBackendFinalize(descriptor *d) {
    FAIL("cudnnBackendFinalize");
    problem p;
    int64_t ids[3];
    int bad = OK;
    if (d->finished) bad = wrong("finished twice");
    else if (d->type >= FORWARD && d->type <= BWD_DATA) bad = to_problem(d, &p, ids);
    else if (d->type == TENSOR) { tensor t; bad = to_tensor(d, &t); }
    else if (d->type == GRAPH) {
        const attribute *ops = find(d, 801, T_DESCRIPTOR, 1);
        const descriptor *operation = NULL;
        if (ops) memcpy(&operation, ops->data, sizeof operation);
        if (!find(d, 800, T_HANDLE, 1) || !operation || !operation->finished) bad = wrong("the graph lacks handle or operation");
    } else if (d->type == HEURISTICS) {
        if (!child(d, 201, GRAPH) || enumerator(d, 200, T_HEUR) != 3) bad = wrong("the heuristics lack graph or mode");
    } else if (d->type == PLAN) {
        const descriptor *c = child(d, 401, ENGINECFG);
        if (!find(d, 400, T_HANDLE, 1) || !c) bad = wrong("the plan lacks handle or configuration");
        else if (c->engine == PLANLESS) { wrong("engine 15 is not for this device"); bad = NOT_SUPPORTED; }
    } else if (d->type == PACK) {
        if (integer(d, 1000, 3, 0) < 0 || address(d, 1001, 3, 0) == (void *) -1 || address(d, 1003, 1, 0) == (void *) -1)
            bad = wrong("the pack lacks operands");
    }
    d->finished = bad == OK;
    return bad;
}

/* Descriptors that are read are new ones of the caller's, written over. */
static void copy_to(const descriptor *from, void *values, int i, int engine) {
    descriptor *to;
    memcpy(&to, (char *) values + 8 * i, sizeof to);
    if (from) *to = *from;
    to->finished = 1;
    to->engine = engine;
}

int cudnnBackendGetAttribute(descriptor *d, int name, int type, int64_t asked, int64_t *count, void *values) {
    FAIL("cudnnBackendGetAttribute");
    if (!d->finished) return wrong("the descriptor is not finished");
    *count = 0;
    if (d->type == HEURISTICS && name == 202 && type == T_DESCRIPTOR) {
        const descriptor *graph = child(d, 201, GRAPH), *operation;
        problem p;
        int64_t ids[3];
        memcpy(&operation, find(graph, 801, T_DESCRIPTOR, 1)->data, sizeof operation);
        int many = to_problem(operation, &p, ids) == OK && p.x.type == FLOAT ? MANY : 0, all = many + ENGINES - 1;
        for (int i = 0; i < all && i < asked; i++) {
            int engine = i < many ? TENSOR_CORES : i - many;
            descriptor configuration = {ENGINECFG, 1, 1, engine, {{1300, T_DESCRIPTOR, 1, {0}}}};
            memcpy(configuration.attributes[0].data, &graph, sizeof graph);
            copy_to(&configuration, values, i, engine);
        }
        *count = all;
    } else if (d->type == ENGINECFG && name == 300 && type == T_DESCRIPTOR && asked == 1) {
        copy_to(NULL, values, 0, d->engine);
        *count = 1;
    } else if (d->type == ENGINECFG && name == 302 && type == T_DESCRIPTOR) {
        for (int i = 0; i < engines[d->engine].knobs && i < asked; i++) copy_to(NULL, values, i, i);
        *count = engines[d->engine].knobs;
    } else if (d->type == ENGINE && ((name == 1303 && type == T_NUMERICAL) || (name == 1305 && type == T_BEHAVIOUR))) {
        int32_t note = name == 1303 ? engines[d->engine].note : engines[d->engine].compiled - 1;
        if ((*count = note >= 0)) memcpy(values, &note, 4);
    } else if (d->type == ENGINE && name == 1301 && type == T_INT64) {
        int64_t number = engines[d->engine].number;
        memcpy(values, &number, 8);
        *count = 1;
    } else if (d->type == KNOB_CHOICE && name == 600 && type == T_KNOB) {
        int32_t knob = 2 + d->engine;
        memcpy(values, &knob, 4);
        *count = 1;
    } else if (d->type == KNOB_CHOICE && name == 601 && type == T_INT64) {
        int64_t value = 6 * d->engine;
        memcpy(values, &value, 8);
        *count = 1;
    } else if (d->type == PLAN && name == 402 && type == T_INT64) {
        memcpy(values, &engines[child(d, 401, ENGINECFG)->engine].bytes, 8);
        *count = 1;
    } else return wrong("attribute to get");
    return OK;
}

int cudnnBackendExecute(handle *h, descriptor *plan, descriptor *pack) {
    FAIL("cudnnBackendExecute");
    if (plan->type != PLAN || !plan->finished || pack->type != PACK || !pack->finished)
        return wrong("plan and pack are to be finished");
    if (memcmp(find(plan, 400, T_HANDLE, 1)->data, &h, sizeof h)) return wrong("the plan was made for another handle");
    const descriptor *configuration = child(plan, 401, ENGINECFG), *graph = child(configuration, 1300, GRAPH), *operation;
    memcpy(&operation, find(graph, 801, T_DESCRIPTOR, 1)->data, sizeof operation);
    problem p = {0};
    int64_t ids[3];
    void *operands[3] = {0};
    int bad = to_problem(operation, &p, ids);
    if (bad) return bad;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            if (integer(pack, 1000, 3, k) == ids[i]) operands[i] = address(pack, 1001, 3, k);
    p.bytes = engines[configuration->engine].bytes;
    p.space = address(pack, 1003, 1, 0);
    if (p.bytes && !p.space) return wrong("there is no workspace");
    p.out = operands[p.direction == 0 ? 2 : p.direction == 1 ? 0 : 1];
    p.first = operands[p.direction == 1 ? 2 : 0];
    p.second = operands[p.direction == 2 ? 2 : 1];
    if (p.x.type == FLOAT && engines[configuration->engine].note == 0) p.c.math = 0; /* tensor cores compute in tf32 */
    return fake_enqueue(h->stream, run, &p, sizeof p) ? EXECUTION_FAILED : OK;
}

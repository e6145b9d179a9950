/* Stand-in of libcuda.so.1: one device whose memory is the processor's. Work on a stream waits until somebody waits for it, so
   that a missing synchronisation shows as a wrong result. */
#include "fake.h"

enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_CONTEXT = 201,
       INVALID_PTX = 218, INVALID_HANDLE = 400, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, CAPTURE_UNJOINED = 904,
       CAPTURE_ISOLATION = 905 };

typedef struct work { fake_work run; void *arguments; struct work *next; } work;
typedef struct { work *first, *last; } list;
/* unjoined: has captured work that the origin of the capture does not wait for */
typedef struct stream { list queue; list *captured; int unjoined; struct stream *next; } stream;
typedef struct { char *ptx; } module;
typedef struct { char name[64]; int shared_static, shared_limit; } function;
typedef struct { double at; stream *of; list *captured; long recorded, done; } event;

static char failures[4096];
static int initialised, current, fault;
static char context;
static size_t used;
static double clock_millis;
static stream *streams;

void fake_fail(const char *list) { snprintf(failures, sizeof failures, "%s", list); }
void fake_heal(void) { failures[0] = 0; fault = 0; }
size_t fake_used(void) { return used; }

int fake_code(const char *call) {
    const char *at = failures[0] ? failures : getenv("FAKE_CUDA_FAIL") ? getenv("FAKE_CUDA_FAIL") : "";
    size_t n = strlen(call);
    for (; *at; at++)
        if ((at == failures || at[-1] == ',' || at == getenv("FAKE_CUDA_FAIL")) && !strncmp(at, call, n) && at[n] == ':')
            return atoi(at + n + 1);
    return 0;
}

static size_t memory(void) {
    return getenv("FAKE_CUDA_MEMORY") ? strtoull(getenv("FAKE_CUDA_MEMORY"), 0, 10) : (size_t) 256 << 20;
}

static void append(list *l, fake_work run, const void *arguments, size_t bytes) {
    work *w = malloc(sizeof *w);
    w->run = run;
    w->arguments = malloc(bytes + 1);
    memcpy(w->arguments, arguments, bytes);
    w->next = 0;
    if (l->last) l->last->next = w; else l->first = w;
    l->last = w;
}

static void run_first(stream *s) {
    work *w = s->queue.first;
    s->queue.first = w->next;
    if (!w->next) s->queue.last = 0;
    if (!fault) { int code = w->run(w->arguments); if (!fault) fault = code; }
    free(w->arguments);
    free(w);
}

static int drain(stream *s) {
    while (s->queue.first) run_first(s);
    return fault;
}

int fake_enqueue(void *st, fake_work run, const void *arguments, size_t bytes) {
    stream *s = st;
    if (!s) return INVALID_HANDLE;
    append(s->captured ? s->captured : &s->queue, run, arguments, bytes);
    s->unjoined = 1;
    return OK;
}

#define NEEDS_CONTEXT(call) do { FAIL(call); if (!current) return INVALID_CONTEXT; if (fault) return fault; } while (0)

int cuInit(unsigned flags) { FAIL("cuInit"); initialised = flags == 0; return OK; }
int cuDriverGetVersion(int *v) { *v = getenv("FAKE_CUDA_VERSION") ? atoi(getenv("FAKE_CUDA_VERSION")) : 13000; return OK; }
int cuDeviceGetCount(int *n) {
    FAIL("cuDeviceGetCount");
    *n = getenv("FAKE_CUDA_DEVICES") ? atoi(getenv("FAKE_CUDA_DEVICES")) : 1;
    return initialised ? OK : NOT_INITIALIZED;
}
int cuDeviceGet(int *d, int i) { FAIL("cuDeviceGet"); *d = i; return i == 0 ? OK : 101; }
int cuDeviceGetName(char *name, int n, int d) { snprintf(name, n, "Paper GPU"); return OK; }
int cuDeviceTotalMem_v2(size_t *n, int d) { *n = memory(); return OK; }

int cuDeviceGetAttribute(int *v, int attribute, int d) {
    switch (attribute) {
        case 16: *v = 7; return OK;                  /* MULTIPROCESSOR_COUNT */
        case 75: *v = getenv("FAKE_CUDA_MAJOR") ? atoi(getenv("FAKE_CUDA_MAJOR")) : 9; return OK;
        case 76: *v = 0; return OK;
        case 97: *v = 232448; return OK;             /* MAX_SHARED_MEMORY_PER_BLOCK_OPTIN */
        default: return INVALID_VALUE;
    }
}

int cuGetErrorName(int code, const char **text) {
    switch (code) {
        case OUT_OF_MEMORY: *text = "CUDA_ERROR_OUT_OF_MEMORY"; return OK;
        case NO_DEVICE: *text = "CUDA_ERROR_NO_DEVICE"; return OK;
        case INVALID_PTX: *text = "CUDA_ERROR_INVALID_PTX"; return OK;
        case CAPTURE_UNJOINED: *text = "CUDA_ERROR_STREAM_CAPTURE_UNJOINED"; return OK;
        case ILLEGAL_ADDRESS: *text = "CUDA_ERROR_ILLEGAL_ADDRESS"; return OK;
        case 999: *text = "CUDA_ERROR_UNKNOWN"; return OK;
        default: *text = "CUDA_ERROR_OTHER"; return OK;
    }
}
int cuGetErrorString(int code, const char **text) {
    *text = code == NO_DEVICE ? "no CUDA-capable device is detected" : "text of the driver";
    return OK;
}

int cuDevicePrimaryCtxRetain(void **c, int d) { FAIL("cuDevicePrimaryCtxRetain"); *c = &context; return OK; }
int cuDevicePrimaryCtxRelease_v2(int d) { current = 0; return OK; }
int cuCtxSetCurrent(void *c) { FAIL("cuCtxSetCurrent"); current = c == &context; return OK; }

int cuMemAlloc_v2(void **p, size_t n) {
    NEEDS_CONTEXT("cuMemAlloc_v2");
    if (used + n > memory()) return OUT_OF_MEMORY;
    size_t *block = aligned_alloc(256, 256 + (n + 255) / 256 * 256);
    block[0] = n;
    used += n;
    *p = (char *) block + 256;
    memset(*p, 0xcd, n); /* fresh device memory holds what was there before */
    return OK;
}
int cuMemFree_v2(void *p) {
    NEEDS_CONTEXT("cuMemFree_v2");
    size_t *block = (size_t *) ((char *) p - 256);
    used -= block[0];
    free(block);
    return OK;
}
int cuMemGetInfo_v2(size_t *available, size_t *total) {
    NEEDS_CONTEXT("cuMemGetInfo_v2");
    *available = memory() - used;
    *total = memory();
    return OK;
}

typedef struct { void *to; const void *from; size_t n; } copy_arguments;
static int run_copy(void *p) { copy_arguments *a = p; memcpy(a->to, a->from, a->n); return OK; }
static int copy(void *to, const void *from, size_t n, void *s) {
    copy_arguments a = {to, from, n};
    return fake_enqueue(s, run_copy, &a, sizeof a);
}
int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t n, void *s) {
    NEEDS_CONTEXT("cuMemcpyHtoDAsync_v2");
    return copy(to, from, n, s);
}
int cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t n, void *s) {
    NEEDS_CONTEXT("cuMemcpyDtoHAsync_v2");
    return copy(to, from, n, s);
}
int cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t n, void *s) {
    NEEDS_CONTEXT("cuMemcpyDtoDAsync_v2");
    return copy(to, from, n, s);
}

typedef struct { void *to; unsigned value; size_t n; int width; } set_arguments;
static int run_set(void *p) {
    set_arguments *a = p;
    for (size_t i = 0; i < a->n; i++)
        if (a->width == 1) ((unsigned char *) a->to)[i] = a->value; else ((unsigned *) a->to)[i] = a->value;
    return OK;
}
int cuMemsetD8Async(void *to, unsigned char v, size_t n, void *s) {
    NEEDS_CONTEXT("cuMemsetD8Async");
    set_arguments a = {to, v, n, 1};
    return fake_enqueue(s, run_set, &a, sizeof a);
}
int cuMemsetD32Async(void *to, unsigned v, size_t n, void *s) {
    NEEDS_CONTEXT("cuMemsetD32Async");
    set_arguments a = {to, v, n, 4};
    return fake_enqueue(s, run_set, &a, sizeof a);
}

int cuStreamCreate(void **s, unsigned flags) {
    NEEDS_CONTEXT("cuStreamCreate");
    if (flags != 1) return INVALID_VALUE; /* NON_BLOCKING */
    stream *x = calloc(1, sizeof(stream));
    x->next = streams;
    *s = streams = x;
    return OK;
}
int cuStreamDestroy_v2(void *s) {
    for (stream **at = &streams; *at; at = &(*at)->next)
        if (*at == s) { *at = ((stream *) s)->next; free(s); return OK; }
    return INVALID_HANDLE;
}
int cuStreamSynchronize(void *s) {
    NEEDS_CONTEXT("cuStreamSynchronize");
    if (!s) return OK;
    if (((stream *) s)->captured) return 900;
    return drain(s);
}

int cuEventCreate(void **e, unsigned flags) { NEEDS_CONTEXT("cuEventCreate"); *e = calloc(1, sizeof(event)); return OK; }
int cuEventDestroy_v2(void *e) { free(e); return OK; }
typedef struct { event *e; long number; } event_arguments;
static int run_event(void *p) { event_arguments *a = p; a->e->at = clock_millis; a->e->done = a->number; return OK; }
int cuEventRecord(event *e, stream *s) {
    NEEDS_CONTEXT("cuEventRecord");
    e->of = s;
    e->captured = s->captured;
    event_arguments a = {e, ++e->recorded};
    return fake_enqueue(s, run_event, &a, sizeof a);
}
int cuEventSynchronize(event *e) { NEEDS_CONTEXT("cuEventSynchronize"); return e->of ? drain(e->of) : OK; }

/* Other streams stand still until somebody waits for one: without this, what they were to do is not done. */
static int run_wait(void *p) {
    event_arguments *a = p;
    while (a->e->done < a->number && a->e->of->queue.first) run_first(a->e->of);
    return OK;
}
/* While a stream is captured, another one that waits for its event is captured too; the one list has an order that waits
   allow. */
int cuStreamWaitEvent(stream *s, event *e, unsigned flags) {
    NEEDS_CONTEXT("cuStreamWaitEvent");
    if (flags || !e->of) return INVALID_VALUE;
    if (e->captured && e->captured == e->of->captured) {
        if (s->captured && s->captured != e->captured) return CAPTURE_ISOLATION;
        if (!s->captured) s->unjoined = 1;
        else e->of->unjoined = 0;
        s->captured = e->captured;
        return OK;
    }
    if (s->captured) return CAPTURE_ISOLATION;
    event_arguments a = {e, e->recorded};
    return fake_enqueue(s, run_wait, &a, sizeof a);
}
int cuEventElapsedTime(float *ms, event *a, event *b) {
    NEEDS_CONTEXT("cuEventElapsedTime");
    *ms = (float) (b->at - a->at);
    return OK;
}

/* Options 5 and 6: where the compiler's errors go, and how many bytes there are. */
int cuModuleLoadDataEx(void **m, const char *ptx, unsigned n, int *options, void **values) {
    NEEDS_CONTEXT("cuModuleLoadDataEx");
    if (strstr(ptx, "SYNTAX ERROR")) {
        char *log = 0;
        size_t size = 0;
        for (unsigned i = 0; i < n; i++) {
            if (options[i] == 5) log = values[i];
            if (options[i] == 6) size = (size_t) values[i];
        }
        if (log) snprintf(log, size, "ptxas application ptx input, line 1; fatal : Parsing error near 'SYNTAX'");
        return INVALID_PTX;
    }
    module *x = malloc(sizeof *x);
    x->ptx = strdup(ptx);
    *m = x;
    return OK;
}
int cuModuleUnload(module *m) { free(m->ptx); free(m); return OK; }
int cuModuleGetFunction(void **f, module *m, const char *name) {
    NEEDS_CONTEXT("cuModuleGetFunction");
    char entry[128];
    snprintf(entry, sizeof entry, ".entry %s(", name);
    const char *body = strstr(m->ptx, entry);
    if (!body) return NOT_FOUND;
    function *x = calloc(1, sizeof *x);
    snprintf(x->name, sizeof x->name, "%s", name);
    const char *end = strstr(body, "ret;");
    for (const char *at = body; end && (at = strstr(at, ".shared")) && at < end; at++) x->shared_static += atoi(strchr(at, '[') + 1);
    *f = x;
    return OK;
}
int cuFuncGetAttribute(int *value, int attribute, function *f) {
    FAIL("cuFuncGetAttribute");
    if (attribute != 1) return INVALID_VALUE; /* SHARED_SIZE_BYTES, the static ones */
    *value = f->shared_static;
    return OK;
}
int cuFuncSetAttribute(function *f, int attribute, int value) {
    FAIL("cuFuncSetAttribute");
    if (attribute != 8 || value + f->shared_static > 232448) return INVALID_VALUE; /* MAX_DYNAMIC_SHARED_SIZE_BYTES */
    f->shared_limit = value;
    return OK;
}

/* ---- kernels ---- */
typedef struct { float *y; const float *x; float a; unsigned n; } axpy_arguments;
static int run_axpy(void *p) {
    axpy_arguments *k = p;
    for (unsigned i = 0; i < k->n; i++) k->y[i] += k->a * k->x[i];
    clock_millis += 0.25;
    return OK;
}
typedef struct { int *out; unsigned sizes[7]; } geometry_arguments;
static int run_geometry(void *p) { geometry_arguments *k = p; memcpy(k->out, k->sizes, sizeof k->sizes); return OK; }
typedef struct { double *out; int64_t l; int32_t i; float f; double d; } types_arguments;
static int run_types(void *p) {
    types_arguments *k = p;
    k->out[0] = (double) k->l;
    k->out[1] = k->i;
    k->out[2] = k->f;
    k->out[3] = k->d;
    return OK;
}
static int run_fault(void *p) { return ILLEGAL_ADDRESS; }

int cuLaunchKernel(function *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
        void *s, void **p, void **extra) {
    NEEDS_CONTEXT("cuLaunchKernel");
    if (shared + f->shared_static > 48 << 10 && shared > (unsigned) f->shared_limit) return INVALID_VALUE;
    if (!strcmp(f->name, "axpy")) {
        axpy_arguments a = {*(float **) p[0], *(const float **) p[1], *(float *) p[2], *(unsigned *) p[3]};
        return fake_enqueue(s, run_axpy, &a, sizeof a);
    }
    if (!strcmp(f->name, "geometry")) {
        geometry_arguments a = {*(int **) p[0], {gx, gy, gz, bx, by, bz, shared}};
        return fake_enqueue(s, run_geometry, &a, sizeof a);
    }
    if (!strcmp(f->name, "types")) {
        types_arguments a = {*(double **) p[0], *(int64_t *) p[1], *(int32_t *) p[2], *(float *) p[3], *(double *) p[4]};
        return fake_enqueue(s, run_types, &a, sizeof a);
    }
    if (!strcmp(f->name, "crowded")) return OK;
    if (!strcmp(f->name, "fault")) return fake_enqueue(s, run_fault, s, 0);
    return INVALID_HANDLE;
}

/* ---- graphs ---- */
int cuStreamBeginCapture_v2(stream *s, int mode) {
    NEEDS_CONTEXT("cuStreamBeginCapture_v2");
    if (s->captured) return INVALID_VALUE;
    s->captured = calloc(1, sizeof(list));
    return OK;
}
int cuStreamEndCapture(stream *s, void **graph) {
    list *l = s->captured;
    int unjoined = 0;
    s->captured = 0;
    for (stream *o = streams; l && o; o = o->next)
        if (o->captured == l) { o->captured = 0; unjoined |= o->unjoined; }
    *graph = unjoined ? 0 : l;
    FAIL("cuStreamEndCapture");
    return unjoined ? CAPTURE_UNJOINED : l ? OK : INVALID_VALUE;
}
typedef struct { list steps; } executable;
int cuGraphInstantiateWithFlags(void **e, list *graph, unsigned long long flags) {
    NEEDS_CONTEXT("cuGraphInstantiateWithFlags");
    executable *x = malloc(sizeof *x);
    x->steps = *graph;
    *e = x;
    return OK;
}
int cuGraphDestroy(list *graph) { free(graph); return OK; }
int cuGraphExecDestroy(executable *e) { free(e); return OK; }
typedef struct { executable *e; } graph_arguments;
static int run_graph(void *p) {
    for (work *w = ((graph_arguments *) p)->e->steps.first; w; w = w->next) {
        int code = w->run(w->arguments);
        if (code) return code;
    }
    return OK;
}
int cuGraphLaunch(executable *e, void *s) {
    NEEDS_CONTEXT("cuGraphLaunch");
    graph_arguments a = {e};
    return fake_enqueue(s, run_graph, &a, sizeof a);
}



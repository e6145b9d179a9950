/* What the stand-ins of NVIDIA's libraries share. They compute on the processor, with the real functions' names and arguments, so
   that the Java side and JCuda's native halves between can be tested without a GPU. Constants are NVIDIA's (cuda.h,
   cublas_api.h, cudnn_graph.h, cudnn_ops.h, cudnn_cnn.h). */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*fake_work)(void *arguments);

/* Appends work to the stream; it is carried out when somebody waits for the stream, or recorded while a graph is captured. */
int fake_enqueue(void *stream, fake_work work, const void *arguments, size_t bytes);

/* The code that a call is to return, as asked for by fake_fail("cuMemAlloc_v2:2,..."); 0 if it is to work. */
int fake_code(const char *call);

#define FAIL(call) do { int code_ = fake_code(call); if (code_) return code_; } while (0)

static inline float from_bits(uint32_t u) { float f; memcpy(&f, &u, 4); return f; }
static inline uint32_t to_bits(float f) { uint32_t u; memcpy(&u, &f, 4); return u; }
static inline float bf16_at(const void *p, long i) { return from_bits((uint32_t) ((const uint16_t *) p)[i] << 16); }

/* Zero and normal numbers of binary16, which all of the drills' are. */
static inline float from_half(uint16_t h) {
    return from_bits((uint32_t) (h & 0x8000) << 16 | ((h & 0x7fff) == 0 ? 0 : ((uint32_t) (h & 0x7fff) << 13) + (112u << 23)));
}
static inline uint16_t to_half(float f) { /* cut off */
    uint32_t b;
    memcpy(&b, &f, 4);
    return (uint16_t) (b >> 16 & 0x8000) | ((b & 0x7fffffff) == 0 ? 0 : (uint16_t) (((b & 0x7fffffff) - (112u << 23)) >> 13));
}
static inline uint16_t to_bf16(float f) { /* nearest, ties to even; finite values */
    uint32_t u = to_bits(f);
    return (uint16_t) ((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static inline float tf32(float f) { /* 10 bits of mantissa */
    uint32_t u = to_bits(f);
    return from_bits((u + 0xfff + (u >> 13 & 1)) & ~0x1fffu);
}

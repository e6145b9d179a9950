// variants: sm_70 sm_80
//
// Random views straight from the u8 images in device memory: crop, resize, flip, colour jitter, grey, blur, normalise.
// Formulas, roundings and the order of the draws are on docs/maths/views.md; every pixel and every draw is bit for bit that
// of org.jmoco.augment, which is that of torchvision on PIL images. So the arithmetic is 8-bit and fixed-point where
// Pillow's is, f32 and f64 where Pillow's is, and each floating-point operation is an intrinsic that rounds it alone.
//
// Bytes per view of S x S: 3 S^2 elements of output, 4 (f32) or 2 (bf16) bytes each, once; the pixels of the box once from
//   memory (and from L1 as often as triangles overlap: 2 to 3 times along a row).
// Shared memory: the view as 3 S^2 bytes; weights of both axes, 4 S (2 + taps) bytes each with taps = 2 ceil(in / S) + 1; a
//   strip of rows that are resized along x only, 3 S bytes a row, which later is scratch. ViewLayout.java chooses the rows of
//   a strip: all that a box can have where they fit into 48 KiB, else enough for few rows to be resized twice. 7 KiB for
//   32 x 32 from 32 x 32, 48 KiB for 64 x 64 from 171 x 171. Where the view would leave room for one block on a multiprocessor
//   or for none (224 x 224 takes 147 KiB of its own), *_outside keeps it in global memory, a part for each block: the same bytes go
//   back and forth through the L1 and L2 caches once for each adjustment, and four blocks hide that.
// Geometry: grid (N, views), one block of 256 threads a view: what a view needs between two steps stays in its block.
// Assumptions: box and view have fewer than 2^31 bytes; S < 2048; the strip holds the rows of one output row at least.
//
// Slower, and left out: a kernel for each operation (eight passes over memory instead of one); one thread for all draws of a
// view (13 blocks of random numbers one after the other, and 10 exponentials; here each of 13 threads makes one); one thread
// a pixel without the strip (each row would be resized along x again for every output row that it touches, 2 to 3 times).
// Loops over pixels are not unrolled: that takes 80 registers, and the block has other warps to go on with.
#include "common/exactmath.cuh"
#include "common/pack.cuh"
#include "common/philox.cuh"

constexpr int THREADS = 256;
constexpr int BLOCKS = 5; // on a multiprocessor: at most 48 registers a thread, the fewest without spilling on any target
constexpr int BLOCKS_OUTSIDE = 4; // 64-bit addresses take registers, and their 48 KiB of shared memory leave room for no more
constexpr int TRIES = 10; // for a box that fits
constexpr int WEIGHT_BITS = 22; // of the resampling's fixed point

enum Adjustment { BRIGHTNESS, CONTRAST, SATURATION, HUE };

/// What the host knows; probabilities as the number of 24-bit values below them, ranges as low and high - low.
struct Recipe {
    unsigned flip, jitter, grey, blur;
    unsigned adjustments; // bit a is set if adjustment a is made
    double brightness_low, brightness_span, contrast_low, contrast_span, saturation_low, saturation_span, hue_low, hue_span;
    double sigma_low, sigma_span, scale_low, scale_span;
    double ratio_log_low, ratio_log_span, ratio_low, ratio_high;
};

/// The random choices of one view.
struct Draw {
    bool flip, jitter, grey, blur;
    float factor[4]; // by adjustment
    unsigned order; // of the adjustments, four bits each, the first lowest
    int radius; // of the blur: pixels to each side that count fully
    unsigned inner, outer; // its weights, in units of 2^-24
    int4 box[TRIES]; // top, left, height, width; height 0 where a try does not fit
};

// ---- draws -----------------------------------------------------------------------------------------------------

__device__ inline double between(double low, double span, unsigned word) {
    return __dadd_rn(low, __dmul_rn(span, (word >> 8) * 0x1p-24));
}

__device__ inline float factor(double low, double span, unsigned word) {
    return __double2float_rn(between(low, span, word));
}

/// The n-th order of 0 1 2 3, lexicographically, four bits each.
__device__ inline unsigned permutation(unsigned n) {
    unsigned left = 0x3210, order = 0;
    unsigned of = 6;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        unsigned at = 4 * (n / of);
        n %= of;
        of = i == 0 ? 2 : 1;
        order |= (left >> at & 15) << 4 * i;
        left = (left & (1u << at) - 1) | left >> (at + 4) << at;
    }
    return order;
}

/// The extended box that three passes of imitate a Gaussian with. The mix of f32 and f64 is Pillow's.
__device__ inline void choose_blur(Draw& d, float sigma) {
    float variance = __fdiv_rn(__fmul_rn(sigma, sigma), 3.0f);
    float length = __double2float_rn(__dsqrt_rn(__dadd_rn(__dmul_rn(12.0, variance), 1.0)));
    float whole = __double2float_rn(floor(__dmul_rn(__dsub_rn(length, 1.0), 0.5)));
    float next = __fadd_rn(whole, 1.0f);
    float fraction = __fmul_rn(__fadd_rn(__fmul_rn(2.0f, whole), 1.0f),
            __fsub_rn(__fmul_rn(whole, next), __fmul_rn(3.0f, variance)));
    fraction = __fdiv_rn(fraction, __fmul_rn(6.0f, __fsub_rn(variance, __fmul_rn(next, next))));
    float extended = __fadd_rn(whole, fraction);
    d.radius = __float2int_rz(extended);
    int inner = __float2int_rz(__fdiv_rn(16777216.0f, __fadd_rn(__fmul_rn(extended, 2.0f), 1.0f)));
    d.inner = inner;
    d.outer = ((1 << 24) - (2 * d.radius + 1) * inner) / 2;
}

__device__ inline int4 try_box(const Recipe& r, uint4 word, int height, int width) {
    double area = __dmul_rn(__dmul_rn(height, width), between(r.scale_low, r.scale_span, word.x));
    double ratio = exact_exp(between(r.ratio_log_low, r.ratio_log_span, word.y));
    int w = __double2int_rn(__dsqrt_rn(__dmul_rn(area, ratio)));
    int h = __double2int_rn(__dsqrt_rn(__ddiv_rn(area, ratio)));
    if (w < 1 || w > width || h < 1 || h > height) {
        return make_int4(0, 0, 0, 0);
    }
    return make_int4(__umulhi(word.z, height - h + 1), __umulhi(word.w, width - w + 1), h, w);
}

/// Block 0 .. 12 of the stream, each by one thread.
__device__ inline void draw(Draw& d, const Recipe& r, unsigned image, unsigned epoch, unsigned purpose, unsigned seed_low,
        unsigned seed_high, int height, int width) {
#pragma unroll 1
    for (int block = threadIdx.x; block < 3 + TRIES; block += blockDim.x) {
        uint4 word = philox(make_uint4(block, image, epoch, purpose), seed_low, seed_high);
        if (block == 0) {
            d.flip = word.x >> 8 < r.flip;
            d.jitter = word.y >> 8 < r.jitter;
            d.grey = word.z >> 8 < r.grey;
            d.blur = word.w >> 8 < r.blur;
        } else if (block == 1) {
            d.factor[BRIGHTNESS] = factor(r.brightness_low, r.brightness_span, word.x);
            d.factor[CONTRAST] = factor(r.contrast_low, r.contrast_span, word.y);
            d.factor[SATURATION] = factor(r.saturation_low, r.saturation_span, word.z);
            d.factor[HUE] = factor(r.hue_low, r.hue_span, word.w);
        } else if (block == 2) {
            d.order = permutation(__umulhi(word.x, 24));
            choose_blur(d, factor(r.sigma_low, r.sigma_span, word.y));
        } else {
            d.box[block - 3] = try_box(r, word, height, width);
        }
    }
}

/// The first try that fits, else the largest central box whose ratio is allowed.
__device__ inline int4 chosen_box(const Draw& d, const Recipe& r, int height, int width) {
#pragma unroll 1
    for (int t = 0; t < TRIES; t++) {
        if (d.box[t].z > 0) {
            return d.box[t];
        }
    }
    int h = height, w = width;
    if (width < __dmul_rn(r.ratio_low, height)) {
        h = min(max(__double2int_rn(__ddiv_rn(width, r.ratio_low)), 1), height);
    } else if (width > __dmul_rn(r.ratio_high, height)) {
        w = min(max(__double2int_rn(__dmul_rn(height, r.ratio_high)), 1), width);
    }
    return make_int4((height - h) / 2, (width - w) / 2, h, w);
}

// ---- resize ----------------------------------------------------------------------------------------------------

/// Weights of one axis: output pixel o is the sum over t < count[o] of weight[o * taps + t] * input[first[o] + t].
struct Axis {
    int* first;
    int* count;
    int* weight;
    int taps;
};

/// Puts an axis at the beginning of `memory`. @return what follows it
__device__ inline int* place(Axis& a, int* memory, int size, int taps) {
    a = {memory, memory + size, memory + 2 * size, taps};
    return a.weight + size * taps;
}

__device__ inline double triangle(int i, double centre, double per_support) {
    return fmax(0.0, __dsub_rn(1.0, fabs(__dmul_rn(__dadd_rn(__dsub_rn(i, centre), 0.5), per_support))));
}

__device__ inline void make_weights(const Axis& a, int in, int size, int o) {
    double scale = __ddiv_rn(in, size);
    double support = fmax(scale, 1.0);
    double per_support = __drcp_rn(support);
    double centre = __dmul_rn(__dadd_rn(o, 0.5), scale);
    int from = max(__double2int_rz(__dadd_rn(__dsub_rn(centre, support), 0.5)), 0);
    int n = min(__double2int_rz(__dadd_rn(__dadd_rn(centre, support), 0.5)), in) - from;
    double sum = 0;
#pragma unroll 1
    for (int i = 0; i < n; i++) {
        sum = __dadd_rn(sum, triangle(from + i, centre, per_support));
    }
    int last = 0;
#pragma unroll 1
    for (int i = 0; i < n; i++) {
        double part = __ddiv_rn(triangle(from + i, centre, per_support), sum);
        int weight = __double2int_rz(__dadd_rn(0.5, __dmul_rn(part, 1 << WEIGHT_BITS)));
        a.weight[o * a.taps + i] = weight;
        last = weight == 0 ? last : i;
    }
    a.first[o] = from;
    a.count[o] = last + 1;
}

/// From `width` and `height` pixels to `size`, a thread for each output pixel of either axis. Sums run from the first pixel on:
/// order decides the last bit.
__device__ inline void make_weights(const Axis& x, const Axis& y, int width, int height, int size) {
#pragma unroll 1
    for (int o = threadIdx.x; o < 2 * size; o += blockDim.x) {
        bool along_x = o < size;
        Axis a = {along_x ? x.first : y.first, along_x ? x.count : y.count, along_x ? x.weight : y.weight,
                along_x ? x.taps : y.taps};
        make_weights(a, along_x ? width : height, size, along_x ? o : o - size);
    }
}

/// Rows of the strip: pixels resized along x, mirrored if flipped; strip is [row][channel][x].
__device__ inline void resize_rows(unsigned char* strip, const unsigned char* rows, int stride, int count, const Axis& x,
        int size, bool flip) {
#pragma unroll 1
    for (int i = threadIdx.x; i < count * size; i += blockDim.x) {
        int row = i / size, o = i - row * size;
        const unsigned char* pixel = rows + row * stride + 3 * x.first[o];
        const int* weight = x.weight + o * x.taps;
        int red = 1 << (WEIGHT_BITS - 1), green = red, blue = red;
#pragma unroll 1
        for (int t = 0; t < x.count[o]; t++, pixel += 3) {
            int w = weight[t];
            red += __ldg(pixel) * w;
            green += __ldg(pixel + 1) * w;
            blue += __ldg(pixel + 2) * w;
        }
        unsigned char* out = strip + 3 * row * size + (flip ? size - 1 - o : o);
        out[0] = red >> WEIGHT_BITS;
        out[size] = green >> WEIGHT_BITS;
        out[2 * size] = blue >> WEIGHT_BITS;
    }
}

/// Output rows from .. to - 1 out of the strip, whose first row is row `top` of the box; picture is [channel][y][x].
__device__ inline void resize_columns(unsigned char* picture, const unsigned char* strip, int top, const Axis& y, int size,
        int from, int to) {
#pragma unroll 1
    for (int i = threadIdx.x; i < (to - from) * size; i += blockDim.x) {
        int row = i / size, column = i - row * size, o = from + row;
        const unsigned char* pixel = strip + 3 * (y.first[o] - top) * size + column;
        const int* weight = y.weight + o * y.taps;
        int red = 1 << (WEIGHT_BITS - 1), green = red, blue = red;
#pragma unroll 1
        for (int t = 0; t < y.count[o]; t++, pixel += 3 * size) {
            int w = weight[t];
            red += pixel[0] * w;
            green += pixel[size] * w;
            blue += pixel[2 * size] * w;
        }
        unsigned char* out = picture + o * size + column;
        out[0] = red >> WEIGHT_BITS;
        out[size * size] = green >> WEIGHT_BITS;
        out[2 * size * size] = blue >> WEIGHT_BITS;
    }
}

/// Box to picture, strip by strip: as many output rows at a time as the strip has input rows for.
__device__ inline void resize(unsigned char* picture, unsigned char* strip, int strip_rows, const unsigned char* box, int stride,
        const Axis& x, const Axis& y, int size, bool flip) {
    int end = y.first[size - 1] + y.count[size - 1];
#pragma unroll 1
    for (int from = 0, to; from < size; from = to) {
        int top = y.first[from];
        if (end - top <= strip_rows) {
            to = size;
        } else {
#pragma unroll 1
            for (to = from + 1; to < size && y.first[to] + y.count[to] - top <= strip_rows; to++) {
            }
        }
        int bottom = y.first[to - 1] + y.count[to - 1];
        resize_rows(strip, box + (long long) top * stride, stride, bottom - top, x, size, flip);
        __syncthreads();
        resize_columns(picture, strip, top, y, size, from, to);
        __syncthreads();
    }
}

// ---- colour ----------------------------------------------------------------------------------------------------

struct Colour {
    int red, green, blue;
};

__device__ inline int luma(Colour c) {
    return (c.red * 19595 + c.green * 38470 + c.blue * 7471 + 0x8000) >> 16;
}

__device__ inline int blend(int from, int to, float factor) {
    float v = __fadd_rn(from, __fmul_rn(factor, to - from));
    return min(max(__float2int_rz(v), 0), 255);
}

/// i * 6 / 255 in whole and fraction: the fraction is that of r / 255 in f32, as the bits of r / 255 repeat every eight.
__device__ inline Colour to_rgb(int hue, int saturation, int value) {
    int sixth = hue * 6 / 255;
    float f = __fdiv_rn(hue * 6 - 255 * sixth, 255.0f);
    float s = __fdiv_rn(saturation, 255.0f);
    int p = __double2int_rz(__dadd_rn(__dmul_rn(value, __dsub_rn(1.0, s)), 0.5));
    int q = __double2int_rz(__dadd_rn(__dmul_rn(value, __dsub_rn(1.0, __fmul_rn(s, f))), 0.5));
    int t = __double2int_rz(__dadd_rn(__dmul_rn(value, __dsub_rn(1.0, __dmul_rn(s, __dsub_rn(1.0, f)))), 0.5));
    switch (sixth) {
        case 1: return {q, value, p};
        case 2: return {p, value, t};
        case 3: return {p, q, value};
        case 4: return {t, p, value};
        case 5: return {value, p, q};
        default: return {value, t, p}; // 0, and 6, which is 0 again
    }
}

/// Turns the hue by `shift` 256ths of the circle, through 8-bit hue and saturation. Quotients and results are f32, the rest f64.
__device__ inline Colour turn(Colour c, int shift) {
    int high = max(c.red, max(c.green, c.blue)), low = min(c.red, min(c.green, c.blue));
    if (high == low) {
        return c; // grey of any hue
    }
    int mid = c.red + c.green + c.blue - high - low;
    // Sixths of the circle are base +- (high - mid) / range, by which comparisons hold; red leads for 0 and 1, green for 4 and 6,
    // blue for 3 and 7; 2 and 5 cannot occur. Two tables in words: base + 1, four bits each, and where the sign is minus.
    int order = (c.red < c.green) << 2 | (c.red < c.blue) << 1 | (c.green < c.blue);
    int base = (int) (0x44426602u >> 4 * order & 15) - 1;
    float range = high - low;
    double part = __fdiv_rn(high - mid, range);
    double sixths = __double2float_rn(__dadd_rn(base, 0x4d >> order & 1 ? -part : part));
    double turns = __dadd_rn(__ddiv_rn(sixths, 6.0), 1.0); // 5/6 .. 11/6
    float hue = __double2float_rn(__dsub_rn(turns, __double2int_rz(turns)));
    int h = __double2int_rz(__dmul_rn(hue, 255.0));
    int s = __double2int_rz(__dmul_rn(__fdiv_rn(range, high), 255.0));
    return to_rgb(h + shift & 255, s, high);
}

/// The adjustments in their order, then grey. A thread owns every 256th pixel throughout, so only the mean of contrast needs the
/// block.
__device__ inline void recolour(unsigned char* picture, const Draw& d, const Recipe& r, int pixels, unsigned* luma_sum) {
    unsigned char* greens = picture + pixels;
    unsigned char* blues = greens + pixels;
    unsigned order = d.order | 4 << 16; // grey comes last, as adjustment 4
#pragma unroll 1
    for (int a = 0; a < 5; a++, order >>= 4) {
        int adjustment = order & 15;
        if (adjustment == 4 ? !d.grey : !d.jitter || !(r.adjustments >> adjustment & 1)) {
            continue;
        }
        float factor = adjustment == 4 ? 0 : d.factor[adjustment];
        int shift = __double2int_rz(__dmul_rn(factor, 255.0));
        int mean = 0;
        if (adjustment == CONTRAST) {
            unsigned sum = 0;
#pragma unroll 1
            for (int i = threadIdx.x; i < pixels; i += blockDim.x) {
                sum += luma({picture[i], greens[i], blues[i]});
            }
            atomicAdd(luma_sum, sum); // of integers: the order of the threads does not matter
            __syncthreads();
            mean = (2 * *luma_sum + pixels) / (2 * pixels); // trunc(sum / pixels + 1/2)
        }
#pragma unroll 1
        for (int i = threadIdx.x; i < pixels; i += blockDim.x) {
            Colour c = {picture[i], greens[i], blues[i]};
            if (adjustment == HUE) {
                c = turn(c, shift);
            } else {
                int from = adjustment == BRIGHTNESS ? 0 : adjustment == CONTRAST ? mean : luma(c);
                c = {blend(from, c.red, factor), blend(from, c.green, factor), blend(from, c.blue, factor)};
            }
            picture[i] = c.red, greens[i] = c.green, blues[i] = c.blue;
        }
    }
}

// ---- blur ------------------------------------------------------------------------------------------------------

/// One pass of the box along lines of `length` pixels; pixel k of line l is at l * across + k * along, on either side.
__device__ inline void blur_pass(unsigned char* out, int out_across, int out_along, const unsigned char* in, int in_across,
        int in_along, int lines, int length, bool rows, const Draw& d) {
    int inner = rows ? length : lines; // threads side by side take pixels side by side in memory
#pragma unroll 1
    for (int i = threadIdx.x; i < lines * length; i += blockDim.x) {
        int major = i / inner, minor = i - major * inner;
        int line = rows ? major : minor, at = rows ? minor : major;
        const unsigned char* pixel = in + line * in_across;
        unsigned sum = 0;
#pragma unroll 1
        for (int k = at - d.radius; k <= at + d.radius; k++) {
            sum += pixel[min(max(k, 0), length - 1) * in_along];
        }
        unsigned ends = pixel[max(at - d.radius - 1, 0) * in_along] + pixel[min(at + d.radius + 1, length - 1) * in_along];
        out[line * out_across + at * out_along] = (sum * d.inner + ends * d.outer + (1u << 23)) >> 24;
    }
    __syncthreads();
}

/// Three passes along the rows of all channels, then three along the columns of each, through scratch for some lines at a time:
/// picture to its first half, to its second half, to the picture.
__device__ inline void blur(unsigned char* picture, int size, unsigned char* scratch, int scratch_bytes, const Draw& d) {
    int most = scratch_bytes / (2 * size);
#pragma unroll 1
    for (int part = 0; part < 4; part++) {
        bool rows = part == 0;
        int lines = rows ? 3 * size : size;
        int across = rows ? size : 1, along = rows ? 1 : size;
#pragma unroll 1
        for (int done = 0; done < lines; done += most) {
            unsigned char* some = picture + (rows ? 0 : (part - 1) * size * size) + done * across;
            int n = min(most, lines - done);
            int scratch_along = rows ? 1 : n;
#pragma unroll 1
            for (int pass = 0; pass < 3; pass++) {
                bool to_picture = pass == 2, from_picture = pass == 0;
                unsigned char* out = to_picture ? some : scratch + pass * n * size;
                const unsigned char* in = from_picture ? some : scratch + (pass - 1) * n * size;
                blur_pass(out, across, to_picture ? along : scratch_along, in, across, from_picture ? along : scratch_along, n, size,
                        rows, d);
            }
        }
    }
}

// ---- out -------------------------------------------------------------------------------------------------------

/// (v / 255 - mean) / std for the 256 values of each channel.
__device__ inline void make_table(float* table, float3 mean, float3 std) {
#pragma unroll 1
    for (int i = threadIdx.x; i < 3 * 256; i += blockDim.x) {
        float m = i < 256 ? mean.x : i < 512 ? mean.y : mean.z, s = i < 256 ? std.x : i < 512 ? std.y : std.z;
        table[i] = __fdiv_rn(__fsub_rn(__fdiv_rn(i & 255, 255.0f), m), s);
    }
}

/// Elements of the view from the picture, W at a time.
template <int W, typename T>
__device__ inline void write(T* view, const unsigned char* picture, const float* table, int pixels) {
#pragma unroll 1
    for (int i = threadIdx.x * W; i < 3 * pixels; i += blockDim.x * W) {
        int pixel = i / 3, channel = i - 3 * pixel;
        float v[W];
#pragma unroll
        for (int k = 0; k < W; k++) {
            v[k] = table[256 * channel + picture[channel * pixels + pixel]];
            pixel += channel == 2;
            channel = channel == 2 ? 0 : channel + 1;
        }
        store(view + i, v);
    }
}

/// Where things are, and the stream of random numbers: purpose and output by blockIdx.y.
template <typename T>
struct Batch {
    T* view[2];
    unsigned purpose[2];
    const unsigned char* pixels;
    const int4* images; // low and high half of the offset in pixels, height, width
    const unsigned* chosen;
    const unsigned* epoch;
    unsigned image_count, seed_low, seed_high;
};

/// Sizes of the parts of shared memory: both axes, then the strip, which also serves as scratch, then the picture.
struct Layout {
    int size, taps_x, taps_y, strip_rows, strip_bytes;
};

///
/// @param pictures 3 S^2 bytes for each block, where OUTSIDE; else not looked at
template <typename T, bool OUTSIDE>
__device__ inline void random_view(unsigned char* pictures, const Batch<T>& b, const Layout& l, const Recipe& r, float3 mean, float3 std) {
    extern __shared__ int shared[];
    __shared__ Draw d;
    __shared__ unsigned luma_sum;
    int size = l.size, pixels = size * size;
    T* view = (blockIdx.y == 0 ? b.view[0] : b.view[1]) + (long long) blockIdx.x * 3 * pixels;
    unsigned index = b.chosen[blockIdx.x];
    if (index >= b.image_count) {
#pragma unroll 1
        for (int i = threadIdx.x; i < 3 * pixels; i += blockDim.x) {
            view[i] = from_float<T>(__int_as_float(0x7fffffff));
        }
        return;
    }
    int4 image = b.images[index];
    int height = image.z, width = image.w;
    Axis x, y;
    unsigned char* strip = (unsigned char*) place(y, place(x, shared, size, l.taps_x), size, l.taps_y);
    unsigned char* picture;
    if constexpr (OUTSIDE) {
        picture = pictures + 3ll * pixels * (blockIdx.y * gridDim.x + blockIdx.x);
    } else {
        picture = strip + l.strip_bytes;
    }

    if (threadIdx.x == 0) {
        luma_sum = 0;
    }
    draw(d, r, index, *b.epoch, blockIdx.y == 0 ? b.purpose[0] : b.purpose[1], b.seed_low, b.seed_high, height, width);
    __syncthreads();
    int4 box = chosen_box(d, r, height, width); // top, left, height, width
    make_weights(x, y, box.w, box.z, size);
    __syncthreads();
    const unsigned char* corner = b.pixels + ((unsigned long long) (unsigned) image.y << 32 | (unsigned) image.x)
            + 3ll * ((long long) box.x * width + box.y);
    resize(picture, strip, l.strip_rows, corner, 3 * width, x, y, size, d.flip);
    recolour(picture, d, r, pixels, &luma_sum);
    if (d.blur) {
        __syncthreads();
        blur(picture, size, strip, l.strip_bytes, d);
    }
    float* table = (float*) strip;
    make_table(table, mean, std);
    __syncthreads();
    if (3 * pixels % PACK<T> == 0 && aligned16(address(view))) {
        write<PACK<T>>(view, picture, table, pixels);
    } else {
        write<1>(view, picture, table, pixels);
    }
}

#define RANDOM_VIEWS(NAME, T, OUTSIDE)                                                                                         \
    extern "C" __global__ void __launch_bounds__(THREADS, OUTSIDE ? BLOCKS_OUTSIDE : BLOCKS)                                  \
    NAME(T* view1, T* view2, unsigned char* pictures, unsigned purpose1, unsigned purpose2, const unsigned char* pixels,       \
            const int4* images, const unsigned* chosen, const unsigned* epoch, unsigned image_count, unsigned seed_low,        \
            unsigned seed_high, int size, int taps_x, int taps_y, int strip_rows, int strip_bytes, unsigned flip,              \
            unsigned jitter, unsigned grey, unsigned blur, unsigned adjustments, double brightness_low, double brightness_span, \
            double contrast_low, double contrast_span, double saturation_low, double saturation_span, double hue_low,          \
            double hue_span, double sigma_low, double sigma_span, double scale_low, double scale_span, double ratio_log_low,   \
            double ratio_log_span, double ratio_low, double ratio_high, float mean_red, float mean_green, float mean_blue,     \
            float std_red, float std_green, float std_blue) {                                                                  \
        random_view<T, OUTSIDE>(pictures,                                                                                      \
                {{view1, view2}, {purpose1, purpose2}, pixels, images, chosen, epoch, image_count, seed_low, seed_high},       \
                {size, taps_x, taps_y, strip_rows, strip_bytes},                                                               \
                {flip, jitter, grey, blur, adjustments, brightness_low, brightness_span, contrast_low, contrast_span,          \
                        saturation_low, saturation_span, hue_low, hue_span, sigma_low, sigma_span, scale_low, scale_span,      \
                        ratio_log_low, ratio_log_span, ratio_low, ratio_high},                                                 \
                make_float3(mean_red, mean_green, mean_blue), make_float3(std_red, std_green, std_blue));                      \
    }

/// views[v][n] = a random view of image chosen[n], for v = blockIdx.y, n = blockIdx.x; outside of the set NaN.
#if __CUDA_ARCH__ >= 800
RANDOM_VIEWS(random_views_bf16, bf16, false)
RANDOM_VIEWS(random_views_bf16_outside, bf16, true)
#else
RANDOM_VIEWS(random_views_f32, float, false) // nothing in it is better on newer devices
RANDOM_VIEWS(random_views_f32_outside, float, true)
RANDOM_VIEWS(random_views_f16, f16, false)
RANDOM_VIEWS(random_views_f16_outside, f16, true)
#endif

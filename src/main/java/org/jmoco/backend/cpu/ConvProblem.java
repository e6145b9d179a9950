package org.jmoco.backend.cpu;

/**
 * The size of a two-dimensional convolution, y[n,p,q,k] = sum over r,s,c of w[k,r,s,c] x[n, p stride + r - pad,
 * q stride + s - pad, c] with zeros outside the image (a cross-correlation, as in PyTorch's conv2d).
 *
 * @param n images
 * @param h height of x
 * @param w width of x
 * @param c channels of x
 * @param k channels of y (filters)
 * @param r filter height
 * @param s filter width
 * @param stride step between windows, both axes
 * @param pad rows and columns of zeros on every side of x
 */
public record ConvProblem(int n, int h, int w, int c, int k, int r, int s, int stride, int pad) {
    /** @throws IllegalArgumentException when a size is not positive or no window fits into the padded image */
    public ConvProblem {
        if (n < 1 || h < 1 || w < 1 || c < 1 || k < 1 || r < 1 || s < 1 || stride < 1 || pad < 0) {
            throw new IllegalArgumentException("convolution " + text(n, h, w, c, k, r, s, stride, pad)
                    + ": every size must be at least 1 and the padding at least 0");
        }
        if (pad >= r || pad >= s) {
            throw new IllegalArgumentException("convolution " + text(n, h, w, c, k, r, s, stride, pad) + ": padding "
                    + pad + " must be smaller than the filter, or windows would see nothing but zeros");
        }
        if (h + 2L * pad < r || w + 2L * pad < s) {
            throw new IllegalArgumentException("convolution " + text(n, h, w, c, k, r, s, stride, pad)
                    + ": the filter is larger than the padded image; use a larger image or a smaller filter");
        }
    }

    /** P, the height of y. */
    public int outH() {
        return (h + 2 * pad - r) / stride + 1;
    }

    /** Q, the width of y. */
    public int outW() {
        return (w + 2 * pad - s) / stride + 1;
    }

    /** Elements of x, n h w c. */
    public long xSize() {
        return (long) n * h * w * c;
    }

    /** Elements of w, k r s c. */
    public long wSize() {
        return (long) k * r * s * c;
    }

    /** Elements of y, n P Q k. */
    public long ySize() {
        return (long) n * outH() * outW() * k;
    }

    /** Operations of the direct form, 2 n P Q k r s c, padding counted; the same for all three directions. */
    public double flops() {
        return 2.0 * ySize() * r * s * c;
    }

    /** The same problem for another number of images. */
    ConvProblem withImages(int images) {
        return new ConvProblem(images, h, w, c, k, r, s, stride, pad);
    }

    /** The problem string of tests, logs and benchmarks: {@code n128 h32 w32 c64 k64 r3 s3 st1 pd1}. */
    @Override
    public String toString() {
        return text(n, h, w, c, k, r, s, stride, pad);
    }

    private static String text(int n, int h, int w, int c, int k, int r, int s, int stride, int pad) {
        return "n" + n + " h" + h + " w" + w + " c" + c + " k" + k + " r" + r + " s" + s + " st" + stride + " pd" + pad;
    }
}

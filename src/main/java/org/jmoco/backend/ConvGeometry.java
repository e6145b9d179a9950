package org.jmoco.backend;

import org.jmoco.tensor.Shape;

/**
 * Sizes of a two-dimensional convolution or pooling: x N x H x W x C, w K x R x S x C, y N x P x Q x K, the same stride and
 * zero padding on both axes (less than the filter, so that each window meets the image), no dilation, no groups. P = (H + 2 pad -
 * R) / stride + 1 rounded down, Q likewise.
 *
 * <p>For pooling K = C.
 */
public record ConvGeometry(int n, int h, int w, int c, int k, int r, int s, int stride, int pad) {
    public ConvGeometry {
        if (n < 1 || h < 1 || w < 1 || c < 1 || k < 1 || r < 1 || s < 1 || stride < 1 || pad < 0) {
            throw new IllegalArgumentException("conv2d: sizes must be positive, is n" + n + " h" + h + " w" + w + " c" + c
                    + " k" + k + " r" + r + " s" + s + " st" + stride + " pd" + pad);
        }
        if (pad >= r || pad >= s) {
            throw new IllegalArgumentException("conv2d: padding " + pad + " must be smaller than the filter, which is " + r + "x"
                    + s + "; else windows would hold nothing but padding");
        }
        if (h + 2 * pad < r || w + 2 * pad < s) {
            throw new IllegalArgumentException("conv2d: a " + r + "x" + s + " filter does not fit an image of " + h + "x" + w
                    + " with padding " + pad + "; use larger images");
        }
    }

    /** Output height. */
    public int p() {
        return (h + 2 * pad - r) / stride + 1;
    }

    /** Output width. */
    public int q() {
        return (w + 2 * pad - s) / stride + 1;
    }

    public Shape x() {
        return Shape.of(n, h, w, c);
    }

    public Shape y() {
        return Shape.of(n, p(), q(), k);
    }

    public Shape filter() {
        return Shape.of(k, r, s, c);
    }

    /** Multiplications and additions of the direct method, padding counted as if it were data. */
    public long flops() {
        return 2L * n * p() * q() * k * r * s * c;
    }

    /** The problem string: {@code n128 h32 w32 c64 k64 r3 s3 st1 pd1}. */
    @Override
    public String toString() {
        return "n" + n + " h" + h + " w" + w + " c" + c + " k" + k + " r" + r + " s" + s + " st" + stride + " pd" + pad;
    }
}

package org.jmoco.backend.cpu;

/**
 * A tensor N x H x W x channels on one side of a tiled convolution.
 *
 * @param pad rows and columns by which the first tile begins before the image
 */
record WinogradSide(int images, int h, int w, int channels, int pad) {
    /** The convolution's x, or dx. */
    static WinogradSide input(ConvProblem p, int pad) {
        return new WinogradSide(p.n(), p.h(), p.w(), p.c(), pad);
    }

    /** The convolution's y, or dy. */
    static WinogradSide output(ConvProblem p, int pad) {
        return new WinogradSide(p.n(), p.outH(), p.outW(), p.k(), pad);
    }

    /** Bytes of a pixel. */
    long pixelBytes() {
        return 4L * channels;
    }
}

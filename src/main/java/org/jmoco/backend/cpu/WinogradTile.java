package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.WinogradFilter.transpose;

/**
 * A two-dimensional bilinear algorithm for a tile of a convolution, y = A^T [(G w G^T) . (B^T d B)] A, from one algorithm down
 * the columns and one across the rows. Winograd's minimal filtering F(m x n, 3 x 3) in the first place.
 *
 * @param down works on columns; the entries of its matrices are 0, +-1/2 or +-1
 * @param across works on rows
 */
record WinogradTile(WinogradFilter down, WinogradFilter across) {
    /** 16 products for 4 outputs, 2.25 times fewer than the direct sum. Small integers stay exact. */
    static final WinogradTile F2X2 = new WinogradTile(WinogradFilter.F2, WinogradFilter.F2);
    /** 24 products for 8 outputs, 3 times fewer than the direct sum; rounding errors twice those of F(2x2). Exact as well. */
    static final WinogradTile F2X4 = new WinogradTile(WinogradFilter.F2, WinogradFilter.F4);
    /** 3 x 3 at stride 2: 25 products for 4 outputs, 1.44 times fewer. Small integers stay exact. */
    static final WinogradTile STRIDE_2 = new WinogradTile(WinogradFilter.STRIDE_2, WinogradFilter.STRIDE_2);

    /** The gradient of {@link #STRIDE_2} with respect to x: 25 products for 16 of them. */
    static WinogradTile stride2Backward(boolean oddPadding) {
        WinogradFilter f = oddPadding ? WinogradFilter.STRIDE_2_BACKWARD_ODD : WinogradFilter.STRIDE_2_BACKWARD_EVEN;
        return new WinogradTile(f, f);
    }

    /** 1 x 1: the plain matrix product, on the pixels that the stride leaves. */
    static WinogradTile oneTap(int stride) {
        WinogradFilter f = WinogradFilter.oneTap(stride);
        return new WinogradTile(f, f);
    }

    static WinogradTile oneTapBackward(int stride) {
        WinogradFilter f = WinogradFilter.oneTapBackward(stride);
        return new WinogradTile(f, f);
    }

    /** One of the linear maps around the products: a matrix for columns and instructions for rows. */
    record Map(double[][] down, WinogradLine across) {
        int rowsIn() {
            return down[0].length;
        }

        int rowsOut() {
            return down.length;
        }
    }

    /** V = B^T d B. */
    Map input() {
        return new Map(down.bT(), across == WinogradFilter.F4 ? WinogradLine.INPUT_4 : WinogradLine.of(across.bT()));
    }

    /** y = A^T M A. */
    Map output() {
        return new Map(down.aT(), across == WinogradFilter.F4 ? WinogradLine.OUTPUT_4 : WinogradLine.of(across.aT()));
    }

    /** dM = A dy A^T. */
    Map outputGradient() {
        return new Map(transpose(down.aT()),
                across == WinogradFilter.F4 ? WinogradLine.GRADIENT_4 : WinogradLine.of(transpose(across.aT())));
    }

    /** U = G w G^T. */
    Map filter() {
        return new Map(down.g(), across == WinogradFilter.F4 ? WinogradLine.FILTER_4 : WinogradLine.of(across.g()));
    }

    /** dw = G^T dU G. */
    Map filterGradient() {
        return new Map(transpose(down.g()),
                across == WinogradFilter.F4 ? WinogradLine.FILTER_GRADIENT_4 : WinogradLine.of(transpose(across.g())));
    }

    /** Products per pair of channels, the elements of the transformed tile. */
    int frequencies() {
        return down.products() * across.products();
    }

    /** Taps of a filter. */
    int taps() {
        return down.taps() * across.taps();
    }

    /** Tiles of an image with {@code h} x {@code w} outputs. */
    int tiles(int h, int w) {
        return down.tiles(h) * across.tiles(w);
    }

    @Override
    public String toString() {
        return "F(" + down.outputs() + "x" + across.outputs() + "," + down.taps() + "x" + across.taps() + ")";
    }
}

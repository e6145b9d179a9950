package org.jmoco.backend.cpu;

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
    /** 36 products for 16 outputs, 4 times fewer than the direct sum: in f64 about as fast as F(2x2) in f32. Exact as well. */
    static final WinogradTile F4X4 = new WinogradTile(WinogradFilter.F4, WinogradFilter.F4);
    /** 100 products for 64 outputs, 5.76 times fewer than the direct sum; forward, in f64. */
    static final WinogradTile F8X8 = new WinogradTile(WinogradFilter.F8, WinogradFilter.F8);
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

    /** One of the linear maps around the products. */
    record Map(WinogradLine down, WinogradLine across) {
        /** The constants of both lines; they share registers, so if both have any they are the same. */
        void loadConstants(VectorAssembler a) {
            (down.constants().length > 0 ? down : across).loadConstants(a);
        }
    }

    /** V = B^T d B. */
    Map input() {
        return new Map(down.input(), across.input());
    }

    /** y = A^T M A. */
    Map output() {
        return new Map(down.output(), across.output());
    }

    /** dM = A dy A^T. */
    Map outputGradient() {
        return new Map(down.outputGradient(), across.outputGradient());
    }

    /** U = G w G^T. */
    Map filter() {
        return new Map(down.filter(), across.filter());
    }

    /** dw = G^T dU G. */
    Map filterGradient() {
        return new Map(down.filterGradient(), across.filterGradient());
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

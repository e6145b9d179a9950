package org.jmoco.backend.cpu;

/** How a convolution is computed. */
enum ConvMethod {
    /** oneDNN's direct kernels: any shape. */
    DIRECT(null),
    /** Winograd's F(2x2, 3x3). */
    WINOGRAD_2X2(WinogradTile.F2X2),
    /** Winograd's F(2x4, 3x3). */
    WINOGRAD_2X4(WinogradTile.F2X4);

    /** The tile of a Winograd method, null otherwise. */
    final WinogradTile tile;

    ConvMethod(WinogradTile tile) {
        this.tile = tile;
    }

    /**
     * The rule: Winograd for 3 x 3 filters of stride 1 with C and K multiples of 16, on x86-64 processors with AVX2;
     * oneDNN's direct kernels for everything else. Of the two tiles the one that needs fewer products, counted with what
     * hangs over the image's edge; F(2x2) where they are equal, being the more exact.
     */
    static ConvMethod of(ConvProblem p) {
        if (!WINOGRAD_2X2.supports(p)) {
            return DIRECT;
        }
        return products(p, WinogradTile.F2X4) < products(p, WinogradTile.F2X2) ? WINOGRAD_2X4 : WINOGRAD_2X2;
    }

    /** Whether the method can compute {@code p} on this machine. */
    boolean supports(ConvProblem p) {
        return tile == null || p.r() == 3 && p.s() == 3 && p.stride() == 1
                && p.c() % WinogradForward.FILTER_STEP == 0 && p.k() % WinogradForward.FILTER_STEP == 0
                && MachineCode.supported();
    }

    private static long products(ConvProblem p, WinogradTile tile) {
        return (long) tile.frequencies() * WinogradGrid.tiles(p.outH(), tile.outH())
                * WinogradGrid.tiles(p.outW(), tile.outW());
    }
}

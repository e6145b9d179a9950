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
     * oneDNN's direct kernels for everything else. F(2x4) would be a quarter faster, but its rounding errors are twice those
     * of F(2x2), which are below the direct kernels'; see docs/maths/convolution.md.
     */
    static ConvMethod of(ConvProblem p) {
        return WINOGRAD_2X2.supports(p) ? WINOGRAD_2X2 : DIRECT;
    }

    /** Whether the method can compute {@code p} on this machine. */
    boolean supports(ConvProblem p) {
        return tile == null || p.r() == 3 && p.s() == 3 && p.stride() == 1
                && p.c() % WinogradForward.FILTER_STEP == 0 && p.k() % WinogradForward.FILTER_STEP == 0
                && MachineCode.supported();
    }
}

package org.jmoco.backend.cpu;

/** How a convolution is computed. */
enum ConvMethod {
    /** oneDNN's direct kernels: any shape. */
    DIRECT,
    /** Winograd's F(2x2, 3x3), stride 1. */
    WINOGRAD_2X2,
    /** Winograd's F(2x4, 3x3), stride 1. */
    WINOGRAD_2X4,
    /** The same idea for 3 x 3 at stride 2. */
    WINOGRAD_STRIDE_2,
    /** 1 x 1 of any stride: a matrix product. */
    POINTWISE;

    /**
     * The rule. On x86-64 processors with AVX2 and with C and K multiples of 16: 3 x 3 of stride 1 and 2 by Winograd's
     * method, 1 x 1 as a matrix product. Everything else by oneDNN's direct kernels.
     *
     * <p>At stride 1 there are two tiles. F(2x4) needs a quarter fewer products, but twice the rounding error of F(2x2),
     * which in turn has less than the direct sum. Forward takes F(2x2): there a rounding error can push an activation
     * across the zero of its ReLU, which changes gradients by far more than itself. The gradients take what needs fewer
     * products, counted with what hangs over the image's edge. Figures: docs/maths/convolution.md.
     *
     * @param gradient whether this is backward data or backward weights
     */
    static ConvMethod of(ConvProblem p, boolean gradient) {
        if (WINOGRAD_2X2.supports(p)) {
            boolean fewer = products(WinogradTile.F2X4, p) < products(WinogradTile.F2X2, p);
            return gradient && fewer ? WINOGRAD_2X4 : WINOGRAD_2X2;
        }
        return WINOGRAD_STRIDE_2.supports(p) ? WINOGRAD_STRIDE_2 : POINTWISE.supports(p) ? POINTWISE : DIRECT;
    }

    private static int products(WinogradTile tile, ConvProblem p) {
        return tile.frequencies() * tile.tiles(p.outH(), p.outW());
    }

    /** Whether the method can compute {@code p} on this machine. */
    boolean supports(ConvProblem p) {
        boolean threeByThree = p.r() == 3 && p.s() == 3;
        boolean shape = switch (this) {
            case DIRECT -> true;
            case WINOGRAD_2X2, WINOGRAD_2X4 -> threeByThree && p.stride() == 1;
            case WINOGRAD_STRIDE_2 -> threeByThree && p.stride() == 2;
            case POINTWISE -> p.r() == 1 && p.s() == 1;
        };
        int step = WinogradForward.FILTER_STEP;
        return shape && (this == DIRECT || p.c() % step == 0 && p.k() % step == 0 && MachineCode.supported());
    }

    /** The tile for forward and backward weights. */
    private WinogradTile tile(ConvProblem p) {
        return switch (this) {
            case WINOGRAD_2X2 -> WinogradTile.F2X2;
            case WINOGRAD_2X4 -> WinogradTile.F2X4;
            case WINOGRAD_STRIDE_2 -> WinogradTile.STRIDE_2;
            case POINTWISE -> WinogradTile.oneTap(p.stride());
            case DIRECT -> throw new IllegalStateException("the direct kernels have no tiles");
        };
    }

    /** y from x and w. */
    ConvKernel forward(ConvProblem p, Workers workers) {
        if (this == DIRECT) {
            return new ConvDirect(p, ConvDirect.Direction.FORWARD, false, workers);
        }
        return new WinogradForward(tile(p), WinogradSide.input(p, p.pad()), WinogradSide.output(p, 0), false, false, workers);
    }

    /** dx, or dx +=, from dy and w. */
    ConvKernel backwardData(ConvProblem p, boolean accumulate, Workers workers) {
        return switch (this) {
            case DIRECT -> new ConvDirect(p, ConvDirect.Direction.BACKWARD_DATA, accumulate, workers);
            // The same convolution again, of dy with the filters rotated by half a turn.
            case WINOGRAD_2X2, WINOGRAD_2X4 -> new WinogradForward(tile(p), WinogradSide.output(p, 2 - p.pad()),
                    WinogradSide.input(p, 0), true, accumulate, workers);
            // Row 0 of dx sees the rows pad / 2 - 1 and pad / 2 of dy, or with odd padding only row (pad - 1) / 2.
            case WINOGRAD_STRIDE_2 -> new WinogradForward(WinogradTile.stride2Backward(p.pad() % 2 == 1),
                    WinogradSide.output(p, p.pad() % 2 == 1 ? 0 : 1 - p.pad() / 2), WinogradSide.input(p, 0), true,
                    accumulate, workers);
            case POINTWISE -> new WinogradForward(WinogradTile.oneTapBackward(p.stride()), WinogradSide.output(p, 0),
                    WinogradSide.input(p, 0), true, accumulate, workers);
        };
    }

    /** dw from x and dy. */
    ConvKernel backwardWeights(ConvProblem p, boolean accumulate, Workers workers) {
        if (this == DIRECT) {
            return new ConvDirect(p, ConvDirect.Direction.BACKWARD_WEIGHTS, accumulate, workers);
        }
        return new WinogradWeights(tile(p), WinogradSide.input(p, p.pad()), WinogradSide.output(p, 0), accumulate, workers);
    }
}

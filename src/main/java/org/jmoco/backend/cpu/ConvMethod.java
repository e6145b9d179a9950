package org.jmoco.backend.cpu;

import static org.jmoco.tensor.DType.F32;
import static org.jmoco.tensor.DType.F64;

/**
 * How a convolution is computed.
 *
 * <p>Forward calculates in f64 wherever that costs little, and rounds once: a rounding error there can push an activation across
 * the zero of its ReLU, which changes gradients by far more than itself. With F(4x4), which in f32 would be less exact than
 * the direct sum, the products in f64 take no longer than those of F(2x2) in f32. The gradients are not amplified so, and take
 * f32. Figures: docs/maths/convolution.md.
 */
enum ConvMethod {
    /** oneDNN's direct kernels: any shape. */
    DIRECT,
    /** Patches of the image as rows of a matrix, in f64; forward only, for few input channels. */
    PATCHES,
    /** Winograd's F(2x2, 3x3), stride 1. */
    WINOGRAD_2X2,
    /** Winograd's F(2x4, 3x3), stride 1. */
    WINOGRAD_2X4,
    /** Winograd's F(4x4, 3x3), stride 1. */
    WINOGRAD_4X4,
    /** Winograd's F(8x8, 3x3), stride 1, in f64: forward only. */
    WINOGRAD_8X8,
    /** The same idea for 3 x 3 at stride 2; f32 in all directions. */
    WINOGRAD_STRIDE_2,
    /** 1 x 1 of any stride: a matrix product. */
    POINTWISE;

    private static final ConvMethod[] STRIDE_1 = {WINOGRAD_2X2, WINOGRAD_2X4, WINOGRAD_4X4};
    /** Input channels of an image, up to which {@link #PATCHES} is taken. */
    private static final int FEW_CHANNELS = 4;
    /**
     * F(8x8) has nearly three times the frequencies of F(4x4), and so many more filters to transform, to write and to read for
     * each block of tiles: that counts as so many tiles. Layers of 32 x 32 and 16 x 16 gain at batch 128, those of 8 x 8 do not.
     */
    private static final int TILES_OF_FILTERS = 128;

    /**
     * The rule. On x86-64 processors with AVX2 and with C and K multiples of 16: 3 x 3 of stride 1 and 2 by Winograd's
     * method, 1 x 1 as a matrix product. At stride 1 the tile that needs the fewest products, counted with what hangs over
     * the image's edge; forward the largest tile only where there are many. Few input channels: patches, forward. Everything
     * else by oneDNN's direct kernels.
     *
     * @param gradient whether this is backward data or backward weights
     */
    static ConvMethod of(ConvProblem p, boolean gradient) {
        ConvMethod best = null;
        for (ConvMethod m : STRIDE_1) {
            if (m.supports(p, gradient) && (best == null || m.products(p, 0) <= best.products(p, 0))) {
                best = m;
            }
        }
        if (best != null && WINOGRAD_8X8.supports(p, gradient)
                && WINOGRAD_8X8.products(p, TILES_OF_FILTERS) < best.products(p, TILES_OF_FILTERS)) {
            best = WINOGRAD_8X8;
        }
        if (best != null) {
            return best;
        }
        for (ConvMethod m : new ConvMethod[] {WINOGRAD_STRIDE_2, POINTWISE}) {
            if (m.supports(p, gradient)) {
                return m;
            }
        }
        return p.c() <= FEW_CHANNELS && PATCHES.supports(p, gradient) ? PATCHES : DIRECT;
    }

    /** Products per pair of channels for the tiles of the batch and so many more. */
    private long products(ConvProblem p, int more) {
        WinogradTile tile = tile(p);
        return tile.frequencies() * ((long) p.n() * tile.tiles(p.outH(), p.outW()) + more);
    }

    /** Whether the method can compute {@code p} in this direction on this machine. */
    boolean supports(ConvProblem p, boolean gradient) {
        if (this == DIRECT) {
            return true;
        }
        int step = WinogradForward.FILTER_STEP;
        if (p.k() % step != 0 || !MachineCode.supported()) {
            return false;
        }
        boolean channels = p.c() % step == 0;
        boolean threeByThree = p.r() == 3 && p.s() == 3;
        return switch (this) {
            case DIRECT -> true;
            case PATCHES -> !gradient;
            case WINOGRAD_2X2, WINOGRAD_2X4, WINOGRAD_4X4 -> channels && threeByThree && p.stride() == 1;
            case WINOGRAD_8X8 -> !gradient && channels && threeByThree && p.stride() == 1;
            case WINOGRAD_STRIDE_2 -> channels && threeByThree && p.stride() == 2;
            case POINTWISE -> channels && p.r() == 1 && p.s() == 1;
        };
    }

    /** The tile for forward and backward weights. */
    private WinogradTile tile(ConvProblem p) {
        return switch (this) {
            case WINOGRAD_2X2 -> WinogradTile.F2X2;
            case WINOGRAD_2X4 -> WinogradTile.F2X4;
            case WINOGRAD_4X4 -> WinogradTile.F4X4;
            case WINOGRAD_8X8 -> WinogradTile.F8X8;
            case WINOGRAD_STRIDE_2 -> WinogradTile.STRIDE_2;
            case POINTWISE -> WinogradTile.oneTap(p.stride());
            case DIRECT, PATCHES -> throw new IllegalStateException(this + " has no tiles");
        };
    }

    /** y from x and w. */
    ConvKernel forward(ConvProblem p, Workers workers) {
        return forward(p, InstructionSet.widest(), workers);
    }

    ConvKernel forward(ConvProblem p, InstructionSet set, Workers workers) {
        return switch (this) {
            case DIRECT -> new ConvDirect(p, ConvDirect.Direction.FORWARD, false, workers);
            case PATCHES -> new PatchForward(p, set, workers);
            default -> new WinogradForward(tile(p), this == WINOGRAD_STRIDE_2 ? F32 : F64, WinogradSide.input(p, p.pad()),
                    WinogradSide.output(p, 0), false, false, set, workers);
        };
    }

    /** dx, or dx +=, from dy and w. */
    ConvKernel backwardData(ConvProblem p, boolean accumulate, Workers workers) {
        return backwardData(p, accumulate, InstructionSet.widest(), workers);
    }

    ConvKernel backwardData(ConvProblem p, boolean accumulate, InstructionSet set, Workers workers) {
        return switch (this) {
            case DIRECT -> new ConvDirect(p, ConvDirect.Direction.BACKWARD_DATA, accumulate, workers);
            // The same convolution again, of dy with the filters rotated by half a turn.
            case WINOGRAD_2X2, WINOGRAD_2X4, WINOGRAD_4X4 -> backward(tile(p), p, 2 - p.pad(), accumulate, set, workers);
            // Row 0 of dx sees the rows pad / 2 - 1 and pad / 2 of dy, or with odd padding only row (pad - 1) / 2.
            case WINOGRAD_STRIDE_2 -> backward(WinogradTile.stride2Backward(p.pad() % 2 == 1), p,
                    p.pad() % 2 == 1 ? 0 : 1 - p.pad() / 2, accumulate, set, workers);
            case POINTWISE -> backward(WinogradTile.oneTapBackward(p.stride()), p, 0, accumulate, set, workers);
            case PATCHES, WINOGRAD_8X8 -> throw new IllegalStateException(this + " is for forward");
        };
    }

    private static ConvKernel backward(WinogradTile tile, ConvProblem p, int pad, boolean accumulate, InstructionSet set,
            Workers workers) {
        return new WinogradForward(tile, F32, WinogradSide.output(p, pad), WinogradSide.input(p, 0), true, accumulate, set,
                workers);
    }

    /** dw from x and dy. */
    ConvKernel backwardWeights(ConvProblem p, boolean accumulate, Workers workers) {
        return backwardWeights(p, accumulate, InstructionSet.widest(), workers);
    }

    ConvKernel backwardWeights(ConvProblem p, boolean accumulate, InstructionSet set, Workers workers) {
        return this == DIRECT ? new ConvDirect(p, ConvDirect.Direction.BACKWARD_WEIGHTS, accumulate, workers)
                : new WinogradWeights(tile(p), WinogradSide.input(p, p.pad()), WinogradSide.output(p, 0), accumulate, set,
                        workers);
    }
}

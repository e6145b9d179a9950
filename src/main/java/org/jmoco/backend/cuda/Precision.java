package org.jmoco.backend.cuda;

import java.util.Locale;
import org.jmoco.tensor.Bf16;
import org.jmoco.tensor.DType;

/**
 * What a step computes in. Weights, gradients, statistics, features (N x D) and losses are f32 in every case; feature maps
 * (N x H x W x C) and the copies of the weights that convolutions read are of {@link #featureMaps()}.
 */
public enum Precision {
    /** f32 throughout. */
    F32(DType.F32, 0, 0),
    /** f32 in memory; products of convolutions and matrices are rounded to tf32 (10-bit mantissa) by the tensor cores. */
    TF32(DType.F32, 0x1p-10, 0x1p-11),
    /** bf16 feature maps, f32 sums; linear layers stay in f32, InfoNCE multiplies rows rounded to bf16. */
    BF16(DType.BF16, 0, Bf16.ROUNDOFF),
    /** f16 feature maps, f32 sums, scaled losses; linear layers and InfoNCE stay in f32. For devices that have no bf16. */
    F16(DType.F16, 0, 0);

    private final DType featureMaps;
    private final double productRoundoff;
    private final double contrastRoundoff;

    Precision(DType featureMaps, double productRoundoff, double contrastRoundoff) {
        this.featureMaps = featureMaps;
        this.productRoundoff = productRoundoff;
        this.contrastRoundoff = contrastRoundoff;
    }

    public DType featureMaps() {
        return featureMaps;
    }

    /** How linear layers and convolutions multiply f32 operands. */
    Precision products() {
        return this == TF32 ? TF32 : F32;
    }

    /** See {@link org.jmoco.backend.Backend#productRoundoff}. */
    double productRoundoff() {
        return productRoundoff;
    }

    /** See {@link org.jmoco.backend.Backend#contrastRoundoff}. */
    double contrastRoundoff() {
        return contrastRoundoff;
    }

    /** As {@code --precision} takes it: {@code bf16}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

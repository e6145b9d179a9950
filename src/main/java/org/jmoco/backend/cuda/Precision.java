package org.jmoco.backend.cuda;

import org.jmoco.tensor.DType;

/**
 * What a step computes in. Weights, gradients, statistics, features (N x D) and losses are f32 in every case; feature maps
 * (N x H x W x C) and the copies of the weights that convolutions read are of {@link #featureMaps()}.
 */
public enum Precision {
    /** f32 throughout. */
    F32(DType.F32),
    /** f32 in memory; products of convolutions and matrices are rounded to tf32 (10-bit mantissa) by the tensor cores. */
    TF32(DType.F32),
    /** bf16 feature maps, f32 sums. */
    BF16(DType.BF16);

    private final DType featureMaps;

    Precision(DType featureMaps) {
        this.featureMaps = featureMaps;
    }

    public DType featureMaps() {
        return featureMaps;
    }
}

package org.jmoco.backend;

import org.jmoco.tensor.Shape;

/**
 * Sizes and constants of a split batch norm: x N x H x W x C, sample n in group n mod G.
 *
 * @param splits G, the number of groups; divides N
 * @param eps added to the variance, 1e-5 by default
 * @param momentum weight of the new value in the running statistics, 0.1 by default (PyTorch's convention)
 */
public record BatchNormGeometry(int n, int h, int w, int c, int splits, double eps, double momentum) {
    public BatchNormGeometry {
        if (n < 1 || h < 1 || w < 1 || c < 1 || splits < 1) {
            throw new IllegalArgumentException("batch norm: sizes must be positive, is n" + n + " h" + h + " w" + w + " c" + c
                    + " g" + splits);
        }
        if (n % splits != 0) {
            throw new IllegalArgumentException("batch norm: batch " + n + " is not divisible by " + splits
                    + " splits; choose --batch as a multiple of --splits");
        }
    }

    /** Values that one group averages over for each channel: N/G x H x W. */
    public int groupSize() {
        return n / splits * h * w;
    }

    public Shape x() {
        return Shape.of(n, h, w, c);
    }

    /** Shape of a per-channel operand. */
    public Shape perChannel() {
        return Shape.of(c);
    }

    /** Shape of the saved statistics: G x C. */
    public Shape saved() {
        return Shape.of(splits, c);
    }

    @Override
    public String toString() {
        return "n" + n + " h" + h + " w" + w + " c" + c + " g" + splits;
    }
}
